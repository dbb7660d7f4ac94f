"""What an issuer looks at: who holds a token, and what stands behind it, at one block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from eth_typing import ChecksumAddress
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from stockade.records import InvestorRecord, Position
from stockade.reporting.reading import Progress, ask_many, no_progress, plain_contract, text
from stockade.reporting.replay.registry import replay_registry
from stockade.reporting.replay.token import replay_token
from stockade.reporting.streams import intact, read_stream, source_of
from stockade.suite import Suite


@dataclass(frozen=True)
class Holder:
    """A wallet that holds a token, with its record if it has one. Raw tokens."""

    wallet: ChecksumAddress
    balance: int
    frozen: int
    record: InvestorRecord | None


@dataclass(frozen=True)
class Register:
    """Who holds a token. `escrow`: in the ledger's name, for open redemptions."""

    symbol: str
    token: ChecksumAddress
    block: int
    holders: tuple[Holder, ...]
    escrow: int
    supply: int


@dataclass(frozen=True)
class CustodianPosition:
    """One custodian's position in a token; `lei` names the custodian."""

    custodian: int
    lei: str
    position: Position
    under_reserved: bool


@dataclass(frozen=True)
class TokenSupply:
    """A token's supply (raw tokens) against what its custodians hold."""

    symbol: str
    token: ChecksumAddress
    supply: int
    positions: tuple[CustodianPosition, ...]


def share_register(suite: Suite, token: Contract, block: int, progress: Progress = no_progress) -> Register:
    """The share register, rebuilt from the token's and the registry's reports: largest holding first.

    Raises StockadeError when one of the two streams is incomplete or altered: a register built on it would be wrong.
    """
    own = intact(read_stream(suite, source_of(suite, token.address, block), block, progress))
    registry = intact(read_stream(suite, source_of(suite, "registry", block), block, progress))
    records = replay_registry(registry.entries)[0].records
    state = replay_token(own.entries)
    holders = [
        Holder(wallet, balance, state.frozen.get(wallet, 0), records.get(wallet))
        for wallet, balance in state.balances.items()
        if balance and wallet != suite.ledger.address
    ]
    holders.sort(key=lambda holder: (-holder.balance, holder.wallet))
    escrow = state.balances.get(suite.ledger.address, 0)
    return Register(own.source.name, token.address, block, tuple(holders), escrow, state.supply)


def backing(suite: Suite, block: int) -> list[TokenSupply]:
    """Every token's supply against what custodians hold for it, as the contracts say."""

    def many(calls: list[ContractFunction]) -> list[Any]:
        return ask_many(suite.w3, [partial(call.call, block_identifier=block) for call in calls])

    ledger = suite.ledger.functions
    custodians = range(1, many([ledger.custodianCount()])[0] + 1)
    leis = [text(answer[0]) for answer in many([ledger.custodianOf(number) for number in custodians])]
    found = []
    for token in many([suite.listings.functions.tokens()])[0]:
        functions = plain_contract(suite.w3, "ShareToken", token).functions
        symbol, supply = many([functions.symbol(), functions.totalSupply()])
        words = many([ledger.positionOf(token, number) for number in custodians])
        short = many([ledger.isUnderReserved(token, number) for number in custodians])
        positions = [
            CustodianPosition(number, lei, Position.unpack(word), under)
            for number, lei, word, under in zip(custodians, leis, words, short, strict=True)
            if word
        ]
        found.append(TokenSupply(text(symbol), token, supply, tuple(positions)))
    return found
