"""A store with records in it that no chain knows, and a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, insert, select

from stockade.store import Store, tables
from stockade.wire.canonical import canonical, record_id
from stockade.wire.envelope import NO_RECORD

START = 1_767_225_600_000
"""1 January 2026, in milliseconds UTC."""


class StillClock:
    """Shows START until somebody moves it; waiting moves it."""

    def __init__(self) -> None:
        self.at = START
        self.waits: list[float] = []

    def now(self) -> int:
        return self.at

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += int(1000 * seconds)


def put_records(store: Store, count: int, size: int = 0) -> list[str]:
    """That many more records, each of at least so many bytes. The ids of all there are."""
    with store.write() as connection:
        ids = list(connection.execute(select(tables.record.c.record_id).order_by(tables.record.c.seq)).scalars())
        made = []
        for seq in range(len(ids) + 1, len(ids) + count + 1):
            made.append(_record(seq, ids[-1] if ids else NO_RECORD, size))
            ids.append(made[-1]["record_id"])
        connection.execute(insert(tables.record), made)
    return ids


def _record(seq: int, before: str, size: int) -> dict[str, Any]:
    said: dict[str, Any] = {"reporterId": "TEST", "seq": seq, "prevHash": before, "body": {"text": size * "x"}}
    said["recordId"] = record_id(said)
    return {
        "seq": seq,
        "record_id": said["recordId"],
        "source": "0x" + 40 * "1",
        "stream_seq": seq,
        "block": seq,
        "block_hash": "0x" + f"{seq:064x}",
        "finality": "PROVISIONAL",
        "action": "NEW",
        "event_type": "TRANSFER",
        "event_time": START // 1000 + seq,
        "recorded_at": START + 1000 * seq,
        "body": canonical(said),
    }


def rows(store: Store, table: Table, *names: str) -> list[tuple[Any, ...]]:
    """These columns of a whole table, in the order of its key."""
    columns: Iterable[Any] = [table.c[name] for name in names]
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*table.primary_key.columns))]
