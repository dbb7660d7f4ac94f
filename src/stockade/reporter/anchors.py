"""The day's root: a Merkle tree over the ids of all records made in a UTC day, which the issuer anchors on the chain.

Records only grow, so the set of a day that is over is fixed; what was anchored once proves for good that a record was
made that day and is unaltered. Leaves are OpenZeppelin's standard ones of type (bytes32): keccak256 of keccak256 of the
record's id. Days are counted from 1970-01-01 UTC, by `recordedTime`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from eth_utils.crypto import keccak
from sqlalchemy import Connection, select
from web3.types import TxReceipt

from stockade import chain, merkle
from stockade.chain import Signer
from stockade.errors import InputError, NetworkError, StockadeError
from stockade.store import tables
from stockade.suite import Suite
from stockade.wire import fields
from stockade.wire.canonical import record_id

DAY_MS = 86_400_000

_FIRST = date(1970, 1, 1).toordinal()

# How long a day must be over: a step that was being written at midnight has ended.
SETTLING_MS = 600_000


@dataclass(frozen=True)
class DayRoot:
    """What is anchored of a day: the root over its records, their count, and the reporter's number of the last one."""

    day: int
    root: bytes
    count: int
    last_sequence: int

    @property
    def words(self) -> str:
        return f"{day_name(self.day)}: {self.count} records up to {self.last_sequence}, root 0x{self.root.hex()}"


def day_name(day: int) -> str:
    """A day as people write it; the calendar's last one for any beyond it, for a node says what it likes."""
    return fields.day(day)


def day_of(name: str) -> int:
    """The day of a date like 2026-09-30. Raises InputError."""
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", name):
            raise ValueError
        day = date.fromisoformat(name).toordinal() - _FIRST
        if day < 1:
            raise ValueError
    except ValueError:
        raise InputError(f"{name!r} is no day: write it like 2026-09-30 (UTC).") from None
    return day


def leaf_of(identity: str) -> bytes:
    """A record's leaf, by its id (0x text)."""
    return keccak(keccak(bytes.fromhex(identity[2:])))


def last_day(now: int) -> int:
    """The last day that may be anchored at a moment (milliseconds UTC)."""
    return (now - SETTLING_MS) // DAY_MS - 1


# ---------------------------------------------------------------- from the store


def day_roots(connection: Connection, after: int, through: int) -> Iterator[DayRoot]:
    """Every day of the records after a number, in order and up to a day. Raises StockadeError for a record that is not
    the one of its id, or a day that comes back after a later one.
    """
    before = -1
    for day, rows in groupby(_records(connection, after, through), key=lambda row: row.recorded_at // DAY_MS):
        if day < before:
            raise StockadeError(
                f"Records of {day_name(day)} follow those of {day_name(before)}: the reporter's clock was put back, "
                "and days cannot be anchored in order."
            )
        leaves, last = [], 0
        for row in rows:
            leaves.append(leaf_of(_intact(row)))
            last = row.seq
        yield DayRoot(day, merkle.root(leaves), len(leaves), last)
        before = day


def _records(connection: Connection, after: int, through: int) -> Iterator[Any]:
    """In their order, without a gap."""
    it, expected = tables.record.c, after + 1
    asked = select(it.seq, it.record_id, it.recorded_at, it.body).where(it.seq > after).order_by(it.seq)
    for row in connection.execute(asked, execution_options={"yield_per": 1_000}):
        if row.recorded_at // DAY_MS > through:
            return
        if row.seq != expected:
            raise StockadeError(f"Record {expected} is not in the store: nothing is anchored over a gap.")
        expected += 1
        yield row


def _intact(row: Any) -> str:
    """The id of a stored record, if it is that of what is stored."""
    try:
        said = json.loads(row.body)
        same = record_id(said) == said["recordId"] == row.record_id and said["seq"] == row.seq
        moment = datetime.fromisoformat(said["recordedTime"])
        same = same and round(moment.timestamp() * 1000) == row.recorded_at
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise StockadeError(f"Record {row.seq} in the store is not the one that its id is of: it was altered.")
    return str(row.record_id)


# ---------------------------------------------------------------- to the chain


def anchored(suite: Suite, day: int) -> DayRoot:
    """What the chain says of a day; no root and no records for one that was not anchored."""
    root, count, last = chain.read(lambda: suite.authority.functions.anchorOf(day).call())
    return DayRoot(day, bytes(root), count, last)


def waiting(connection: Connection, suite: Suite, through: int, now: int) -> list[DayRoot]:
    """The days with records, after the last anchored one and up to a day, that are to be anchored in this order; days
    without records are left out.

    Raises InputError for a day that is not over, or another suite's store; StockadeError when what is anchored already
    is not what the store has.
    """
    if through > last_day(now):
        raise InputError(
            f"{day_name(through)} is not over, or was not for ten minutes: anchor days up to {day_name(last_day(now))}."
        )
    require_suite(connection, suite)
    last, sequence = chain.read(lambda: suite.authority.functions.lastAnchor().call())
    on_chain = anchored(suite, last)
    days = list(day_roots(connection, sequence - on_chain.count, max(through, last)))
    if on_chain.count:
        require_same(on_chain, days.pop(0) if days else None)
    return [each for each in days if each.day <= through]


def require_same(on_chain: DayRoot, own: DayRoot | None) -> None:
    """Raises StockadeError unless the store has what was anchored."""
    if own != on_chain:
        raise StockadeError(
            f"The chain has {on_chain.words}, and the store has {own.words if own else 'no such records'}: it is not "
            "the one that was anchored, or was altered."
        )


def send(suite: Suite, signer: Signer, day: DayRoot) -> TxReceipt:
    """Anchors a day, as ISSUER. Raises Refused, as for a day that is anchored already."""
    call = suite.authority.functions.anchor(day.day, day.root, day.count, day.last_sequence)
    receipt = suite.send(signer, call)
    if anchored(suite, day.day) != day:
        raise NetworkError(f"The chain does not say what was anchored for {day_name(day.day)}: ask another node.")
    return receipt


def require_suite(connection: Connection, suite: Suite) -> None:
    """Raises InputError unless the store is the suite's."""
    row = connection.execute(select(tables.suite)).one_or_none()
    if row is None:
        raise InputError("The store is empty: let `stockade-report follow` fill it first.")
    if (row.chain_id, row.authority) != (suite.deployment.chain_id, suite.authority.address):
        raise InputError(
            f"The store is of another suite (chain {row.chain_id}, authority {row.authority}): choose its deployment "
            "with --deployment."
        )
