"""Whether every entry of a stream is here once as a FINAL record and says what the chain says.

Asked anew of the bodies as they are stored, not of what was found when they came: a database that was changed since is
found out. `stockade verify` asks the same of what it fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from stockade.gateway import tables
from stockade.gateway.answers import Completeness, FindingSaid, ProvenHead
from stockade.gateway.books import columns_of
from stockade.gateway.chainside import proven_head
from stockade.gateway.checks import OTHERS
from stockade.gateway.comparing import Pairs
from stockade.gateway.linking import first_difference
from stockade.gateway.searching import said
from stockade.wire.canonical import record_id
from stockade.wire.envelope import Action, Finality

# Findings that are listed; more are counted.
MOST = 1000

# Entries that are in memory at once.
_PAGE = 500

_of = tables.record.c


@dataclass
class _Tally:
    records: int = 0
    missing: int = 0
    altered: int = 0
    findings: list[FindingSaid] = field(default_factory=list)
    more: bool = False

    def miss(self, sequence: int, seq: int | None, problem: str, last: int | None = None) -> None:
        """An entry, or a run of them up to `last`, without a record; runs that meet are one finding."""
        end = last or sequence
        self.missing += end - sequence + 1
        before = self.findings[-1] if self.findings else None
        before_end = (before.last or before.sequence or 0) if before and before.seq is None else 0
        if seq is None and before and before.problem == problem and before_end + 1 == sequence:
            self.findings[-1] = before.model_copy(update={"last": end})
            return
        self.add(seq, sequence, None, problem, end if end > sequence else None)

    def alter(self, seq: int, sequence: int, where: str | None, problem: str) -> None:
        self.altered += 1
        self.add(seq, sequence, where, problem)

    def add(self, seq: int | None, sequence: int, where: str | None, problem: str, last: int | None = None) -> None:
        if len(self.findings) == MOST:
            self.more = True
            return
        self.findings.append(FindingSaid(seq=seq, sequence=sequence, last=last, field=where, problem=problem))


def of_stream(connection: Connection, stream: str, reporter: str | None = None) -> list[Completeness]:
    """One result for each reporter that reported of the stream; one without a reporter where none did. Whose records
    were all rejected did not: anybody may name a stream. A reporter that is asked for is judged whatever it sent.
    """
    if reporter is not None:
        return [_of_reporter(connection, stream, reporter)]
    query = select(_of.reporter_id).where(_of.stream == stream).distinct()
    names = sorted(connection.execute(query).scalars())
    reporters: list[str | None] = [name for name in names if _has_valid(connection, stream, name)]
    return [_of_reporter(connection, stream, name) for name in reporters or [None]]


def _has_valid(connection: Connection, stream: str, reporter: str) -> bool:
    query = select(_of.id).where(*_where(stream, reporter), _of.code.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def _of_reporter(connection: Connection, stream: str, reporter: str | None) -> Completeness:
    head, tally = proven_head(connection, stream), _Tally()
    last = head.sequence if head else 0
    pairs = Pairs(connection, reporter or "")
    for first in range(1, last + 1, _PAGE):
        up_to = min(first + _PAGE - 1, last)
        rows = _rows(connection, stream, reporter, first, up_to)
        expected = _expected(connection, stream, first, up_to)
        pairs.load([*expected.values(), *(row.body for some in rows.values() for row in some)])
        for sequence in range(first, up_to + 1):
            _check(tally, sequence, rows.get(sequence, []), expected.get(sequence), head, pairs)
    # Beyond the head only by what is held: a record may claim any number.
    while found := _numbers(connection, stream, reporter, last):
        rows = _rows(connection, stream, reporter, found[0], found[-1])
        for sequence in found:
            if sequence > last + 1:
                tally.miss(last + 1, None, "no record of this entry is held", sequence - 1)
            _check(tally, sequence, rows.get(sequence, []), None, head, pairs)
            last = sequence
    proven = None
    if head:
        proven = ProvenHead(block=head.block, block_hash=head.block_hash, sequence=head.sequence, chain=head.chain)
    return Completeness(
        reporter_id=reporter,
        stream=stream,
        records=tally.records,
        missing=tally.missing,
        altered=tally.altered,
        proven=proven,
        complete=head is not None and not tally.findings,
        findings=tally.findings,
        more=tally.more,
    )


def _check(tally: _Tally, sequence: int, rows: Sequence[Any], expected: str | None, head: Any, pairs: Pairs) -> None:
    """One number of the stream: its records, and what the last FINAL one must say."""
    bad = {row.seq for row in rows if not is_itself(row)}
    cancelled = {row.root for row in rows if row.action == Action.CANCEL and row.code is None}
    live = [row for row in rows if row.action == Action.NEW and row.root not in cancelled]
    final = [row for row in rows if row.root not in cancelled and row.finality == Finality.FINAL and row.code is None]
    for row in rows:
        if row.seq in bad and (not final or row is not final[-1]):
            tally.alter(row.seq, sequence, None, "the record is not what its id is of")
    if len(live) > 1:
        tally.add(live[-1].seq, sequence, None, "the entry is told twice")
    is_proven = head is not None and sequence <= head.sequence
    if not final:
        if is_proven and not live:
            tally.miss(sequence, None, "no record of this entry is held")
        elif is_proven:
            tally.miss(sequence, live[-1].seq, "no valid FINAL record of this entry is held")
        return
    tally.records += 1
    told = final[-1]
    if not live:
        tally.add(None, sequence, None, f"the NEW record that record {told.seq} goes back to is not held")
    if is_proven:
        where = first_difference(expected, told.body, pairs)
        pairs.settle(where is None)
    else:
        never = head is not None and told.block is not None and told.block <= head.block
        where = "/stream/sequence" if never else None
    if told.seq in bad:
        tally.alter(told.seq, sequence, where, "the record is not what its id is of")
    elif where is not None:
        tally.alter(told.seq, sequence, where, "the record is not what the chain says")


def is_itself(row: Any) -> bool:
    """Whether a stored record is what its id is of, and its columns say what it says: but for its reporter where it was
    rejected because it bears another's name.
    """
    record = said(row.body)
    if record is None or record.get("recordId") != row.record_id or record_id(record) != row.record_id:
        return False
    columns = columns_of(record)
    if record.get("reporterId") != row.reporter_id and row.code != OTHERS:
        return False
    mine = (row.seq, row.stream, row.stream_seq, row.finality, row.action)
    return mine == (record.get("seq"), *(columns[name] for name in ("stream", "stream_seq", "finality", "action")))


def _where(stream: str, reporter: str | None) -> Iterator[Any]:
    yield _of.stream == stream
    yield _of.reporter_id == (reporter or "")


def _numbers(connection: Connection, stream: str, reporter: str | None, after: int) -> list[int]:
    query = select(_of.stream_seq).where(*_where(stream, reporter), _of.stream_seq > after).distinct()
    return [int(number) for number in connection.execute(query.order_by(_of.stream_seq).limit(_PAGE)).scalars()]


def _rows(connection: Connection, stream: str, reporter: str | None, first: int, last: int) -> dict[int, list[Any]]:
    query = select(tables.record).where(*_where(stream, reporter), _of.stream_seq.between(first, last))
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query.order_by(_of.seq)):
        found.setdefault(row.stream_seq, []).append(row)
    return found


def _expected(connection: Connection, stream: str, first: int, last: int) -> dict[int, str]:
    it = tables.entry.c
    query = select(it.seq, it.expected).where(it.stream == stream, it.seq.between(first, last))
    return {row.seq: row.expected for row in connection.execute(query)}
