"""Entries as the store has them, decoded again from the log that stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from sqlalchemy import Connection, Row, select
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


def entries(
    connection: Connection, contract: str, kinds: Iterable[int], since: int = 0, up_to: int | None = None
) -> Iterator[Entry]:
    """The entries of these kinds of a contract (of every token, for ShareToken) in blocks `since` to `up_to`, in the
    order of the chain.
    """
    query = (
        select(tables.report)
        .join(tables.source, tables.source.c.address == _COLUMNS.source)
        .where(tables.source.c.contract == contract, _COLUMNS.kind.in_([int(kind) for kind in kinds]))
        .where(_COLUMNS.block >= since)
        .order_by(_COLUMNS.block, _COLUMNS.log)
    )
    if up_to is not None:
        query = query.where(_COLUMNS.block <= up_to)
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield entry_of(contract, row)
