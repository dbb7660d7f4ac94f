"""Records that a destination rejected, and the better ones that take their place.

A rejection is open until a record refers to the rejected one: a correction, or what became of its block. A correction
is derived again from the stored facts, as this version of Stockade understands them; one that would say the same is not
made, for it would be rejected again. Then a person has to look.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, exists, func, select

from stockade.reporter.derive import Deriver
from stockade.reporter.identity import require_key
from stockade.reporter.recorder import append, never_back
from stockade.reporter.stored import entry_of
from stockade.reporter.tips import Fact
from stockade.reporting.streams import Source
from stockade.store import Store, tables
from stockade.wire.envelope import Action, Finality
from stockade.wire.fields import milliseconds

_record, _report, _repair = tables.record.c, tables.report.c, tables.repair.c

# What a person can do about a code, beyond what every rejection asks.
_REMEDIES = {
    "SCHEMA": "take the version of Stockade that the destination's schema asks for",
    "REPORTER": "have the destination register this reporter under the name that its records bear",
    "UNKNOWN_TOKEN": "send the record that lists the token first: replay from it",
    "REFERENCE": "replay from the record that this one refers to",
    "STREAM_SEQUENCE": "replay from the first record of the stream",
}
_ANY_REMEDY = "compare this field with the chain (`stockade-report rebuild --compare`) and with the destination"


_NONE_WAITS = "it waits for no repair"
_REPLACED = "its block was replaced: there is nothing to derive it from"


class Rejection(NamedTuple):
    """An open one. `seq` is the rejected record's number, `opened_at` in milliseconds UTC."""

    destination: str
    seq: int
    code: str
    field: str
    opened_at: int
    event_type: str

    @property
    def remedy(self) -> str:
        return _REMEDIES.get(self.code, _ANY_REMEDY)


class Attempt(NamedTuple):
    """What came of trying to repair a record: the number of its correction, or why there is none."""

    seq: int
    correction: int | None
    why: str = ""


def open_rejections(connection: Connection, destination: str | None = None) -> list[Rejection]:
    """By the number of the record; of one destination, or of all."""
    asked = _open().order_by(_repair.seq, _repair.id)
    if destination is not None:
        asked = asked.where(_repair.destination == destination)
    return [Rejection(*row) for row in connection.execute(asked)]


def _open() -> Select[Any]:
    later = tables.record.alias()
    return (
        select(_repair.destination, _repair.seq, _repair.code, _repair.field, _repair.opened_at, _record.event_type)
        .join(tables.record, _record.seq == _repair.seq)
        .where(~exists().where(later.c.refers_to == _repair.seq))
    )


def repair(store: Store, deriver: Deriver, seq: int, at: int) -> Attempt:
    """Tries to correct a rejected record, and never twice. `at`: milliseconds UTC. Raises InputError when the deriver
    names wallets under another key.

    It is derived before the lock under which the follower writes is taken: who rejects a great many records must not
    hold the follower up. What it is derived from holds as long as its block is stored, and that is looked at again.
    """
    with store.read() as connection:
        if _code(connection, seq) is None:
            return Attempt(seq, None, _NONE_WAITS)
        rejected = connection.execute(select(tables.record).where(_record.seq == seq)).one()
        found = _fact_of(connection, rejected)
        if found is None:
            return Attempt(seq, None, _REPLACED)
        require_key(connection, deriver.key_print)
        said = json.loads(rejected.body)
        deriver.load(connection, found.entry.place)
    derived = deriver.derive(found)
    if derived.items() <= said.items():
        return Attempt(seq, None, "derived again, it says the same")
    with store.write() as connection:
        at = never_back(connection, at)
        code = _code(connection, seq)
        if code is None:
            return Attempt(seq, None, _NONE_WAITS)
        if _fact_of(connection, rejected) is None:
            return Attempt(seq, None, _REPLACED)
        said |= derived
        said |= {"action": Action.CORRECT.value, "reasonCode": code, "refRecordId": said.pop("recordId")}
        said |= {"finality": _finality(connection, rejected.block).value, "recordedTime": milliseconds(at)}
        append(connection, [(said, seq)], at)
        return Attempt(seq, connection.execute(select(func.max(_record.seq))).scalar())


def _code(connection: Connection, seq: int) -> str | None:
    """The code of the first open rejection of a record."""
    row = connection.execute(_open().where(_repair.seq == seq).order_by(_repair.id).limit(1)).one_or_none()
    return None if row is None else str(row.code)


def _fact_of(connection: Connection, rejected: Row[Any]) -> Fact | None:
    """The fact that a record is about, if its block still stands."""
    asked = (
        select(tables.report, tables.source.c.name, tables.source.c.contract)
        .join(tables.source, tables.source.c.address == _report.source)
        .join(tables.block, tables.block.c.number == _report.block)
        .where(_report.source == rejected.source, _report.seq == rejected.stream_seq)
        .where(tables.block.c.hash == rejected.block_hash)
    )
    row = connection.execute(asked).one_or_none()
    if row is None:
        return None
    source = Source(row.name, row.contract, row.source)
    who = (row.operator, row.timestamp, row.account, row.target, row.amount, row.supply)
    return Fact(source, entry_of(row.contract, row), *who, bytes(row.topics), bytes(row.data), int(row.chain, 16))


def _finality(connection: Connection, block: int) -> Finality:
    final: int | None = connection.execute(select(func.max(tables.finality.c.block))).scalar()
    return Finality.PROVISIONAL if final is None or block > final else Finality.FINAL
