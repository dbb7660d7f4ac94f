"""Entries as the store has them, decoded again from the log that stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import Any, cast

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, Row, Select, select
from web3.types import LogReceipt

from stockade.reporting.decode import decode
from stockade.reporting.entries import Entry, Unreadable
from stockade.store import tables

_COLUMNS = tables.report.c

# Rows that are in memory at once.
AT_ONCE = 1_000


def log_of(row: Any) -> LogReceipt:
    """The log behind a row of `report`, as far as entries are made of it."""
    topics = bytes(row.topics)
    log: Any = {
        "address": row.source,
        "blockNumber": row.block,
        "logIndex": row.log,
        "topics": [topics[start : start + 32] for start in range(0, len(topics), 32)],
        "data": bytes(row.data),
        "transactionHash": bytes.fromhex(row.transaction[2:]),
    }
    return cast(LogReceipt, log)


def entry_of(contract: str, row: Row[Any]) -> Entry:
    """The entry of a row of `report`. Raises ValueError for one that the follower cannot have written."""
    entry = decode(contract, log_of(row))
    if isinstance(entry, Unreadable):
        raise ValueError(f"report {row.seq} of {row.source} in the store is no entry")
    return entry


def entries(connection: Connection, contract: str, kinds: Iterable[int], up_to: int | None = None) -> Iterator[Entry]:
    """The entries of these kinds of a contract (of every token, for ShareToken) in blocks up to `up_to`, in the order
    of the chain.

    Stream by stream, in the order of the primary key: a database that joins `source` instead reads every report.
    """
    wanted = select(tables.report).where(_COLUMNS.kind.in_([int(kind) for kind in kinds]))
    if up_to is not None:
        wanted = wanted.where(_COLUMNS.block <= up_to)
    streams = [
        _told(connection, contract, wanted.where(_COLUMNS.source == address).order_by(_COLUMNS.seq))
        for address in addresses_of(connection, contract)
    ]
    return merge(*streams, key=lambda entry: entry.place)


def entries_in(connection: Connection, contract: str, kinds: Iterable[int], block: int) -> Iterator[Entry]:
    """The same of one block alone."""
    wanted = select(tables.report).where(_COLUMNS.kind.in_([int(kind) for kind in kinds]))
    ours = wanted.where(_COLUMNS.source.in_(addresses_of(connection, contract)), _COLUMNS.block == block)
    return _told(connection, contract, ours.order_by(_COLUMNS.block, _COLUMNS.log))


def addresses_of(connection: Connection, contract: str) -> Sequence[ChecksumAddress]:
    """Where a contract stands: one address, or that of every token."""
    asked = select(tables.source.c.address).where(tables.source.c.contract == contract)
    return connection.execute(asked).scalars().all()


def _told(connection: Connection, contract: str, query: Select[Any]) -> Iterator[Entry]:
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield entry_of(contract, row)
