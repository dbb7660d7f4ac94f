"""What is held of one reporter, as its next records are checked against it: loaded for a batch of them, and kept up as
they are taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from stockade.gateway import tables
from stockade.wire.envelope import Action, Finality

LISTING = "listings.LISTING"

_ID = re.compile("0x[0-9a-f]{64}")

_of = tables.record.c


class Share(NamedTuple):
    """What a LISTING record says of a token's share."""

    isin: str | None
    cusip: str | None
    mic: str | None


@dataclass(frozen=True)
class Held:
    """A record as others refer to it. `valid`: it was not rejected."""

    seq: int
    root: int
    stream: str | None
    stream_seq: int | None
    block: int | None
    finality: str | None
    action: str | None
    valid: bool


_HELD = (_of.seq, _of.root, _of.stream, _of.stream_seq, _of.block, _of.finality, _of.action, _of.code)


class Books:
    """`Books(connection, reporter)`, `load` for some records, then `take` each in turn."""

    def __init__(self, connection: Connection, reporter_id: str) -> None:
        self._connection, self._reporter = connection, reporter_id
        self._by_id: dict[str, Held] = {}
        self._told: dict[tuple[str, int], list[Held]] = {}
        self._final: set[int] = set()
        self._cancelled: set[int] = set()
        self._shares: dict[str, tuple[int, Share] | None] = {}

    def last(self) -> tuple[int, str | None]:
        """The highest number held, and its record's id; 0 and None before the first."""
        query = select(_of.seq, _of.record_id).where(_of.reporter_id == self._reporter)
        found = self._connection.execute(query.order_by(_of.seq.desc()).limit(1)).first()
        return (found.seq, found.record_id) if found else (0, None)

    def load(self, records: Sequence[dict[str, Any]]) -> None:
        """Reads what these records refer to; afterwards nothing is asked of the database but tokens."""
        self._by_id, self._told = {}, {}
        named = [columns_of(record) for record in records]
        self._load_ids({each["refers_to"] for each in named if each["refers_to"]})
        places: dict[str, set[int]] = {}
        for each in named:
            if each["stream"] and each["stream_seq"]:
                places.setdefault(each["stream"], set()).update((1, each["stream_seq"], each["stream_seq"] - 1))
        for stream, numbers in places.items():
            self._load_places(stream, numbers)

    def target(self, record_id: str) -> Held | None:
        """The record of an id."""
        return self._by_id.get(record_id)

    def live(self, stream: str, sequence: int) -> Held | None:
        """The first NEW record of a stream's number that was not cancelled. One that was rejected counts: it can be
        corrected, and until it is cancelled the entry would be told twice.
        """
        told = self._told.get((stream, sequence), [])
        return next((held for held in told if held.root not in self._cancelled), None)

    def is_final(self, root: int) -> bool:
        """Whether a valid FINAL record goes back to this one."""
        return root in self._final

    def is_cancelled(self, root: int) -> bool:
        """Whether a valid record cancels it."""
        return root in self._cancelled

    def share(self, token: str) -> Share | None:
        """What the token's LISTING record says, if one is held that is valid and was not cancelled."""
        if token not in self._shares:
            self._shares[token] = self._read_share(token)
        found = self._shares[token]
        return found[1] if found and found[0] not in self._cancelled else None

    def take(self, seq: int, record_id: str, columns: dict[str, Any], valid: bool) -> int:
        """Takes the record in, and answers which NEW record it goes back to: itself where it refers to none."""
        target = self._by_id.get(columns["refers_to"]) if columns["refers_to"] else None
        root = target.root if target else seq
        stream, number = columns["stream"], columns["stream_seq"]
        held = Held(seq, root, stream, number, columns["block"], columns["finality"], columns["action"], valid)
        self._by_id[record_id] = held
        self._note(held)
        if held.action == Action.NEW and stream and number:
            self._told.setdefault((stream, number), []).append(held)
        if valid and columns["kind"] == LISTING and held.action != Action.CANCEL and columns["token"]:
            self._shares[columns["token"]] = (root, Share(columns["isin"], columns["cusip"], columns["mic"]))
        return root

    # ---------------------------------------------------------------- from the database

    def _note(self, held: Held) -> None:
        if held.valid and held.finality == Finality.FINAL:
            self._final.add(held.root)
        if held.valid and held.action == Action.CANCEL:
            self._cancelled.add(held.root)

    def _load_ids(self, ids: Iterable[str]) -> None:
        query = select(_of.record_id, *_HELD).where(_of.reporter_id == self._reporter, _of.record_id.in_(list(ids)))
        for row in self._connection.execute(query):
            self._by_id[row.record_id] = _held(row)
        self._load_roots({held.root for held in self._by_id.values()})

    def _load_roots(self, roots: Iterable[int]) -> None:
        query = select(*_HELD).where(_of.reporter_id == self._reporter, _of.root.in_(list(roots)))
        for row in self._connection.execute(query):
            self._note(_held(row))

    def _load_places(self, stream: str, numbers: Iterable[int]) -> None:
        query = select(*_HELD).where(_of.reporter_id == self._reporter, _of.stream == stream)
        query = query.where(_of.stream_seq.in_(list(numbers)), _of.action.in_([Action.NEW, Action.CANCEL]))
        # Sorted here: asked to, SQLite would go through all of the reporter's records in their order.
        for held in sorted(map(_held, self._connection.execute(query)), key=lambda held: held.seq):
            self._note(held)
            if held.action == Action.NEW and held.stream_seq is not None:
                self._told.setdefault((stream, held.stream_seq), []).append(held)

    def _read_share(self, token: str) -> tuple[int, Share] | None:
        cancels = tables.record.alias()
        cancelled = select(cancels.c.id).where(
            cancels.c.reporter_id == self._reporter,
            cancels.c.root == _of.root,
            cancels.c.action == Action.CANCEL,
            cancels.c.code.is_(None),
        )
        query = select(_of.root, _of.isin, _of.cusip, _of.mic).where(
            _of.reporter_id == self._reporter,
            _of.token == token,
            _of.kind == LISTING,
            _of.code.is_(None),
            ~cancelled.exists(),
        )
        row = self._connection.execute(query.order_by(_of.seq.desc()).limit(1)).first()
        return (row.root, Share(row.isin, row.cusip, row.mic)) if row else None


def next_id(connection: Connection) -> int:
    """The next number of the records' own, over all reporters."""
    return 1 + (connection.execute(select(func.max(_of.id))).scalar() or 0)


def _held(row: Any) -> Held:
    valid = row.code is None
    return Held(row.seq, row.root, row.stream, row.stream_seq, row.block, row.finality, row.action, valid)


def columns_of(record: dict[str, Any]) -> dict[str, Any]:
    """What the record's columns repeat; None where a record that is not valid does not say it."""
    return {
        "stream": _said(record, str, "stream", "address"),
        "stream_seq": _said(record, int, "stream", "sequence"),
        "block": _said(record, int, "block", "number"),
        "finality": _said(record, str, "finality"),
        "action": _said(record, str, "action"),
        "event_type": _said(record, str, "eventType"),
        "event_time": _said(record, str, "eventTime"),
        "kind": _said(record, str, "body", "kind"),
        "token": _said(record, str, "instrument", "token"),
        "isin": _said(record, str, "instrument", "isin"),
        "cusip": _said(record, str, "instrument", "cusip"),
        "mic": _said(record, str, "instrument", "mic"),
        "refers_to": named if (named := _said(record, str, "refRecordId")) and _ID.fullmatch(named) else None,
    }


def _said(record: Any, kind: type, *path: str) -> Any:
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    fits = isinstance(record, kind) and not isinstance(record, bool)
    return record if fits and (kind is not str or len(record) <= 200) else None
