"""The quarterly report that DTC's pilot asks for (R27), counted from the stored facts alone: participants, wallets,
shares, volumes, outages, chains, and every override with its legal ground.

Values in money are deliberately absent: no price enters the suite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from stockade.errors import InputError
from stockade.records import InvestorClass, Kind, RequestStatus, Status, to_shares
from stockade.reporter.as_of import Facts, facts_at
from stockade.reporter.outages import Outage, outages
from stockade.reporter.overrides import Override, overrides
from stockade.reporting.entries import Moved
from stockade.reporting.reading import text
from stockade.reporting.words import utc
from stockade.store import tables


@dataclass(frozen=True)
class Quarter:
    """A quarter of a calendar year in UTC, from `start` up to but not including `end` (seconds UTC)."""

    name: str
    start: int
    end: int

    @classmethod
    def parse(cls, name: str) -> Quarter:
        """The quarter of a name like 2026Q3. Raises InputError."""
        found = re.fullmatch("((?:19|20|21)[0-9]{2})Q([1-4])", name)
        if not found:
            raise InputError(f"{name!r} is no quarter: write it like 2026Q3.")
        year, first = int(found[1]), 3 * int(found[2]) - 2
        after = (year + 1, 1) if first == 10 else (year, first + 3)
        return cls(name, *(int(datetime(*month, 1, tzinfo=UTC).timestamp()) for month in ((year, first), after)))


@dataclass(frozen=True)
class Participants:
    """Who takes part at the quarter's end: firms that keep records, custodians that are open, platforms by their
    wallets, and the investors behind the wallets whose record is ACTIVE.
    """

    registrars: tuple[int, ...]
    custodians: tuple[str, ...]
    platforms: int
    investors: int


@dataclass(frozen=True)
class Wallets:
    """Wallets with a record at the quarter's end; a frozen one counts as frozen alone."""

    active: int
    revoked: int
    frozen: int


@dataclass(frozen=True)
class Volume:
    """How often, and how many shares."""

    count: int
    shares: str


@dataclass(frozen=True)
class TokenLine:
    """One token: how it stood at the quarter's end, and what moved in it. `tokenized` are mints, `detokenized` burns,
    `requested` and `returned` what went into redemptions and came back out of them.
    """

    symbol: str
    isin: str
    token: str
    supply: str
    wallets: int
    in_redemptions: str
    held_by_custodians: str
    transfers: Volume
    tokenized: Volume
    detokenized: Volume
    requested: Volume
    returned: Volume
    forced: Volume


@dataclass(frozen=True)
class Quarterly:
    """The report. `complete`: the store's final blocks reach beyond the quarter; else it is up to `until` only."""

    quarter: str
    start: str
    end: str
    complete: bool
    until: str
    facts: Facts
    chains: tuple[str, ...]
    participants: Participants
    wallets: Wallets
    tokens: tuple[TokenLine, ...]
    outages: tuple[Outage, ...]
    overrides: tuple[Override, ...]


def quarterly(connection: Connection, quarter: Quarter) -> Quarterly:
    """The report on a quarter, as far as the store's final blocks reach. Raises InputError when they do not reach into
    it, or the suite began after it.
    """
    block, reached = _last_block(connection, quarter)
    facts = facts_at(connection, block)
    until = min(quarter.end, reached + 1)  # what happened in the last block counts
    return Quarterly(
        quarter=quarter.name,
        start=utc(quarter.start),
        end=utc(quarter.end),
        complete=reached >= quarter.end,
        until=utc(until),
        facts=facts,
        chains=(f"eip155:{facts.chain_id}",),
        participants=_participants(facts),
        wallets=_wallets(facts),
        tokens=tuple(_tokens(facts, quarter)),
        outages=tuple(outages(connection, facts, quarter.start, until)),
        overrides=tuple(overrides(facts, quarter.start, quarter.end)),
    )


def _last_block(connection: Connection, quarter: Quarter) -> tuple[int, int]:
    """The last final block before the quarter's end, and the time of the last final block there is."""
    it = tables.block.c
    mark = connection.execute(select(func.max(tables.finality.c.block))).scalar()
    asked = select(it.number, it.timestamp).where(it.number <= (-1 if mark is None else mark))
    last = connection.execute(asked.order_by(it.number.desc()).limit(1)).one_or_none()
    if last is None or last.timestamp < quarter.start:
        reach = f"reach {utc(last.timestamp)}" if last else "are none"
        raise InputError(f"{quarter.name} has not begun in the store, whose final blocks {reach}: follow first.")
    before = connection.execute(
        asked.where(it.timestamp < quarter.end).order_by(it.number.desc()).limit(1)
    ).one_or_none()
    if before is None:
        raise InputError(f"{quarter.name} was over when the suite began: choose a later one.")
    return before.number, last.timestamp


# ---------------------------------------------------------------- counts


def _participants(facts: Facts) -> Participants:
    state = facts.state
    active = [it for it in state.registry.records.values() if it.status is Status.ACTIVE]
    return Participants(
        registrars=tuple(sorted({number for number in state.registry.registrars.values() if number})),
        custodians=tuple(text(it.lei) for _, it in sorted(state.ledger.custodians.items()) if it.open),
        platforms=sum(it.investor_class is InvestorClass.PLATFORM for it in active),
        investors=len({it.investor_id for it in active}),
    )


def _wallets(facts: Facts) -> Wallets:
    records = facts.state.registry.records.values()
    free = [it.status for it in records if not it.frozen]
    return Wallets(free.count(Status.ACTIVE), free.count(Status.REVOKED), sum(it.frozen for it in records))


def _tokens(facts: Facts, quarter: Quarter) -> Iterator[TokenLine]:
    for token, stream in facts.tokens.items():
        state, requests = facts.state.tokens[token], facts.state.ledger.requests.values()
        moves = [
            entry.content
            for entry in stream.entries
            if isinstance(entry.content, Moved) and quarter.start <= entry.timestamp < quarter.end
        ]
        waiting = sum(it.amount for it in requests if it.token == token and it.status is RequestStatus.OPEN)
        held = sum(it.held for (of, _), it in facts.state.ledger.positions.items() if of == token)
        yield TokenLine(
            symbol=facts.symbol(token),
            isin=facts.isin(token),
            token=token,
            supply=to_shares(state.supply),
            wallets=sum(1 for wallet, balance in state.balances.items() if balance and wallet != facts.ledger),
            in_redemptions=to_shares(waiting),
            held_by_custodians=to_shares(held),
            transfers=_volume(moves, Kind.TRANSFER),
            tokenized=_volume(moves, Kind.MINT),
            detokenized=_volume(moves, Kind.BURN),
            requested=_volume(moves, Kind.ESCROW),
            returned=_volume(moves, Kind.GIVE_BACK),
            forced=_volume(moves, Kind.FORCE),
        )


def _volume(moves: list[Moved], kind: Kind) -> Volume:
    amounts = [moved.amount for moved in moves if moved.kind is kind]
    return Volume(len(amounts), to_shares(sum(amounts)))
