"""What is held, for those who ask: records by what they say, streams, reporters."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from stockade.gateway import tables
from stockade.gateway.answers import HeldRecord, RecordPage, Reporter, StreamHeld
from stockade.gateway.books import Books
from stockade.gateway.intake import signer_for
from stockade.wire.fields import milliseconds

_of = tables.record.c


def find(
    connection: Connection,
    *,
    reporter: str | None = None,
    stream: str | None = None,
    since: int | None = None,
    until: int | None = None,
    cusip: str | None = None,
    party: str | None = None,
    day: date | None = None,
    event_type: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> RecordPage:
    """A page of the records that fit all of it. `since` and `until` are numbers of a stream, `day` is the event's."""
    query = select(tables.record).where(_of.id > after)
    equal = {_of.reporter_id: reporter, _of.stream: stream, _of.cusip: cusip, _of.event_type: event_type}
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(_of.stream_seq >= since)
    if until is not None:
        query = query.where(_of.stream_seq <= until)
    if day is not None:
        query = query.where(_of.event_time >= day.isoformat())
        if day < date.max:
            query = query.where(_of.event_time < (day + timedelta(days=1)).isoformat())
    if party is not None:
        query = query.join(tables.mention, tables.mention.c.record == _of.id).where(tables.mention.c.party == party)
    rows = connection.execute(query.order_by(_of.id).limit(limit + 1)).all()
    more = rows[limit - 1].id if len(rows) > limit else None
    return RecordPage(records=[held(row) for row in rows[:limit]], next=more)


def one(connection: Connection, record_id: str) -> HeldRecord | None:
    """The record of an id."""
    row = connection.execute(select(tables.record).where(_of.record_id == record_id).limit(1)).first()
    return held(row) if row else None


def held(row: Row[Any]) -> HeldRecord:
    """A row as it is shown."""
    return HeldRecord(
        id=row.id,
        reporter_id=row.reporter_id,
        seq=row.seq,
        record_id=row.record_id,
        received_time=milliseconds(row.received_at),
        status="REJECTED" if row.code else "VALIDATED",
        code=row.code,
        field=row.field,
        record=said(row.body),
    )


def said(body: str) -> dict[str, Any] | None:
    """A stored record; None for what is none any more."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def reporters(connection: Connection) -> list[Reporter]:
    """Everyone known here."""
    names = connection.execute(select(tables.reporter.c.reporter_id).distinct()).scalars()
    found = []
    for name in sorted(names):
        following = Books(connection, name).last()[0] + 1
        found.append(Reporter(reporter_id=name, signer=signer_for(connection, name) or "", next=following))
    return found


def streams(connection: Connection) -> list[StreamHeld]:
    """Every stream of which records are held."""
    query = select(_of.reporter_id, _of.stream, func.count(), func.max(_of.stream_seq)).where(_of.stream.is_not(None))
    rows = connection.execute(query.group_by(_of.reporter_id, _of.stream).order_by(_of.reporter_id, _of.stream))
    return [StreamHeld(reporter_id=row[0], stream=row[1], records=row[2], last=row[3] or 0) for row in rows]


def count(connection: Connection) -> int:
    """How many records are held."""
    return connection.execute(select(func.count()).select_from(tables.record)).scalar() or 0
