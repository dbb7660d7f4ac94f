"""Five sides at one block, compared: the supply on the chain, what the ledger there says is issued and held, the state
that the stored facts rebuild, and the registrar's holder file (R32).

A sixth would be what custodians' own books say; their signed positions stand for it. Amounts are 18-decimal units: a
raw token is a share as long as no multiplier is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.errors import InputError, NetworkError
from stockade.records import Position
from stockade.reporter.as_of import Facts
from stockade.reporter.holders import HolderFile
from stockade.reporting.reading import Progress, ask_many, no_progress, plain_contract
from stockade.reporting.register import CustodianPosition, TokenSupply, backing
from stockade.reporting.replay.token import TokenState
from stockade.suite import Suite


class Kind(StrEnum):
    """What does not agree. Only SURPLUS harms nobody: shares are held for which there are no tokens."""

    OVER_ISSUED = "OVER_ISSUED"
    SURPLUS = "SURPLUS"
    SUPPLY_ISSUED = "SUPPLY_ISSUED"
    SUPPLY_FACTS = "SUPPLY_FACTS"
    ISSUED_FACTS = "ISSUED_FACTS"
    HELD_FACTS = "HELD_FACTS"
    BALANCE_FACTS = "BALANCE_FACTS"
    BALANCE_HOLDERS = "BALANCE_HOLDERS"


# The two sides of each, in the order of a difference's amounts.
SIDES = {
    Kind.OVER_ISSUED: ("issued", "held"),
    Kind.SURPLUS: ("issued", "held"),
    Kind.SUPPLY_ISSUED: ("supply on chain", "issued on the ledger"),
    Kind.SUPPLY_FACTS: ("supply on chain", "supply by the facts"),
    Kind.ISSUED_FACTS: ("issued on the ledger", "issued by the facts"),
    Kind.HELD_FACTS: ("held by the ledger", "held by the facts"),
    Kind.BALANCE_FACTS: ("balance on chain", "balance by the facts"),
    Kind.BALANCE_HOLDERS: ("balance by the facts", "holder file"),
}


@dataclass(frozen=True, order=True)
class Subject:
    """What a difference is about: a token as a whole, one custodian's position in it, or one wallet's balance."""

    kind: Kind
    token: ChecksumAddress
    custodian: int | None = None
    wallet: ChecksumAddress | None = None


@dataclass(frozen=True)
class Difference:
    """Two sides that are not equal, in the order of `SIDES`."""

    subject: Subject
    one: int
    other: int


@dataclass(frozen=True)
class Reconciliation:
    """All sides at a block. `compared`: how many pairs; `supplies`: what the chain says, for people to look at."""

    block: int
    block_hash: str
    final: bool
    holders: str | None
    supplies: tuple[TokenSupply, ...]
    compared: int
    differences: tuple[Difference, ...]

    @property
    def over_issued(self) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.subject.kind is Kind.OVER_ISSUED)

    @property
    def ok(self) -> bool:
        """Nothing differs but what harms nobody."""
        return all(each.subject.kind is Kind.SURPLUS for each in self.differences)


def reconcile(
    suite: Suite, facts: Facts, holders: HolderFile | None = None, progress: Progress = no_progress
) -> Reconciliation:
    """Compares every side at the facts' block. Raises InputError when the facts are of another suite, or the holder
    file names other shares; NetworkError when the node fails, holds no state of that block or has another chain.
    """
    if (facts.chain_id, facts.authority) != (suite.deployment.chain_id, suite.authority.address):
        raise InputError(
            f"The store is of another suite (chain {facts.chain_id}, authority {facts.authority}): choose its "
            "deployment with --deployment."
        )
    block_hash = _same_chain(suite, facts)
    supplies = tuple(backing(suite, facts.block))
    pairs = [*_of_supplies(facts, supplies), *_of_balances(suite, facts, progress)]
    if holders:
        pairs += _of_holders(facts, holders)
    if _same_chain(suite, facts) != block_hash:
        raise NetworkError(f"Block {facts.block} was replaced while it was read (a reorganisation): run it again.")
    return Reconciliation(
        block=facts.block,
        block_hash=block_hash,
        final=facts.final,
        holders=holders.hash if holders else None,
        supplies=supplies,
        compared=len(pairs),
        differences=tuple(pair for pair in pairs if _differs(pair)),
    )


def _differs(pair: Difference) -> bool:
    match pair.subject.kind:
        case Kind.OVER_ISSUED:
            return pair.one > pair.other
        case Kind.SURPLUS:
            return pair.one < pair.other
        case _:
            return pair.one != pair.other


def _same_chain(suite: Suite, facts: Facts) -> str:
    """The block's hash, where the node has the blocks that are stored."""

    def hash_of(number: int) -> str:
        return str(chain.read(lambda: suite.w3.eth.get_block(number)["hash"].to_0x_hex()))

    if (found := hash_of(facts.stored)) != facts.hash:
        raise NetworkError(
            f"Block {facts.stored} is {found} at the node and {facts.hash} in the store: follow once more, or ask "
            "another node."
        )
    return hash_of(facts.block)


# ---------------------------------------------------------------- pairs


def _of_supplies(facts: Facts, supplies: tuple[TokenSupply, ...]) -> Iterator[Difference]:
    """Every token that either side knows."""
    on_chain = {each.token: each for each in supplies}
    for token in dict.fromkeys([*on_chain, *facts.state.tokens]):
        found = on_chain.get(token) or TokenSupply(facts.symbol(token), token, 0, ())
        rebuilt = facts.state.tokens.get(token, TokenState())
        issued = sum(each.position.issued for each in found.positions)
        held = sum(each.position.held for each in found.positions)
        yield Difference(Subject(Kind.SUPPLY_ISSUED, token), found.supply, issued)
        yield Difference(Subject(Kind.SUPPLY_FACTS, token), found.supply, rebuilt.supply)
        yield Difference(Subject(Kind.OVER_ISSUED, token), found.supply, held)
        yield from _of_positions(facts, token, found.positions)


def _of_positions(
    facts: Facts, token: ChecksumAddress, positions: tuple[CustodianPosition, ...]
) -> Iterator[Difference]:
    none = Position(0, 0, 0, 0)
    own = {each.custodian: each.position for each in positions}
    told = {number: position for (of, number), position in facts.state.ledger.positions.items() if of == token}
    for number in sorted({*own, *told}):
        position, rebuilt = own.get(number, none), told.get(number, none)
        yield Difference(Subject(Kind.OVER_ISSUED, token, number), position.issued, position.held)
        yield Difference(Subject(Kind.SURPLUS, token, number), position.issued, position.held)
        yield Difference(Subject(Kind.ISSUED_FACTS, token, number), position.issued, rebuilt.issued)
        yield Difference(Subject(Kind.HELD_FACTS, token, number), position.held, rebuilt.held)


def _of_balances(suite: Suite, facts: Facts, progress: Progress) -> Iterator[Difference]:
    subjects: list[tuple[Subject, int]] = []
    questions: list[Any] = []
    for token, state in facts.state.tokens.items():
        functions = plain_contract(suite.w3, "ShareToken", token).functions
        for wallet, balance in state.balances.items():
            subjects.append((Subject(Kind.BALANCE_FACTS, token, None, wallet), balance))
            questions.append(partial(functions.balanceOf(wallet).call, block_identifier=facts.block))
    answers = ask_many(suite.w3, questions, progress)
    for (subject, balance), answer in zip(subjects, answers, strict=True):
        yield Difference(subject, answer, balance)


def _of_holders(facts: Facts, holders: HolderFile) -> Iterator[Difference]:
    """Every wallet that holds or is said to; the ledger's own balance, which waits in redemptions, is nobody's row."""
    rows = holders.by_token(facts.by_isin)
    known = {
        (token, wallet): balance
        for token, state in facts.state.tokens.items()
        for wallet, balance in state.balances.items()
        if balance and wallet != facts.ledger
    }
    for token, wallet in sorted({*known, *rows}):
        said = rows[token, wallet].shares if (token, wallet) in rows else 0
        yield Difference(Subject(Kind.BALANCE_HOLDERS, token, None, wallet), known.get((token, wallet), 0), said)
