"""What the gateway says of records: signed, numbered 1, 2, 3 over all reporters, and kept as it was said."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from stockade.chain import Signer
from stockade.gateway import tables
from stockade.wire.canonical import canonical
from stockade.wire.envelope import ACK_SCHEMA, Stage
from stockade.wire.fields import milliseconds
from stockade.wire.signing import ack_digest, sign

# Of one answer: a thousand records, each received, valid or not, and linked.
MOST_ACKS = 4000

# Codes that say something of the order of records, and nothing of those held.
GAP = "GAP"
CONFLICT = "CONFLICT"

_of = tables.ack.c


def now() -> int:
    """Milliseconds UTC, by this machine's clock."""
    return time.time_ns() // 1_000_000


class Acks:
    """Writes acknowledgements within one transaction, whose writer must be the only one."""

    def __init__(self, connection: Connection, signer: Signer, gateway_id: str) -> None:
        self._connection, self._signer, self._gateway_id = connection, signer, gateway_id
        self._last: int = connection.execute(select(func.max(_of.ack_id))).scalar() or 0

    def write(
        self,
        reporter_id: str,
        stage: Stage,
        first: int,
        last: int,
        record_id: str | None,
        code: str | None = None,
        field: str | None = None,
        text: str | None = None,
    ) -> dict[str, Any]:
        """One acknowledgement of records `first` to `last`, the last of which has the id."""
        self._last += 1
        said = {
            "schema": ACK_SCHEMA,
            "ackId": self._last,
            "gatewayId": self._gateway_id,
            "reporterId": reporter_id,
            "stage": stage.value,
            "first": first,
            "last": last,
            "recordId": record_id,
            "code": code,
            "field": field,
            "text": text,
            "time": milliseconds(now()),
        }
        said["signature"] = sign(self._signer, ack_digest(said))
        row = {"ack_id": self._last, "reporter_id": reporter_id, "stage": stage.value, "first": first, "last": last}
        self._connection.execute(insert(tables.ack).values(**row, code=code, body=canonical(said)))
        return said

    def refuse(self, reporter_id: str, code: str, first: int, last: int, record_id: str | None) -> dict[str, Any]:
        """A rejection for the order of records. Said again, it is the same one: asking must not fill the database."""
        query = select(tables.ack).where(_of.reporter_id == reporter_id).order_by(_of.ack_id.desc()).limit(1)
        latest = self._connection.execute(query).first()
        if latest and (latest.code, latest.first, latest.last) == (code, first, last):
            return read(latest)
        return self.write(reporter_id, Stage.REJECTED, first, last, record_id, code, "/seq", _WHY[code])


_WHY = {GAP: "these records are missing", CONFLICT: "another record of this number is held"}


def about(connection: Connection, reporter_id: str, first: int, last: int) -> list[dict[str, Any]]:
    """Everything said of held records that touches these."""
    query = select(tables.ack).where(_of.reporter_id == reporter_id, _of.last >= first, _of.first <= last)
    query = query.where(_of.code.is_(None) | _of.code.not_in([GAP, CONFLICT]))
    # `+ 0`: by its order alone SQLite would go through all that was ever said to the reporter.
    return _read_all(connection.execute(query.order_by(_of.ack_id + 0).limit(MOST_ACKS)))


def after(connection: Connection, reporter_id: str, ack_id: int, limit: int) -> list[dict[str, Any]]:
    """What was said to a reporter after an acknowledgement, in order."""
    query = select(tables.ack).where(_of.reporter_id == reporter_id, _of.ack_id > ack_id)
    return _read_all(connection.execute(query.order_by(_of.ack_id).limit(limit)))


def _read_all(rows: Iterable[Row[Any]]) -> list[dict[str, Any]]:
    return [read(row) for row in rows]


def read(row: Row[Any]) -> dict[str, Any]:
    """An acknowledgement as it was said."""
    said: dict[str, Any] = json.loads(row.body)
    return said
