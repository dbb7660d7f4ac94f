"""What a gateway signed, against what it serves and what the chain says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from pydantic import ValidationError
from sqlalchemy import BigInteger, Column, Connection, Table, Text, func, insert, or_, select

from stockade.examine.records import Records, metadata, served
from stockade.examine.result import Examination, Finding, Tell
from stockade.examine.served import Gateway
from stockade.gateway import tables
from stockade.gateway.acks import CONFLICT, GAP
from stockade.gateway.intake import writing
from stockade.gateway.linking import UNLINKED
from stockade.gateway.searching import said as read
from stockade.store.opening import Store
from stockade.wire.canonical import canonical
from stockade.wire.envelope import Ack, Finality, Stage
from stockade.wire.signing import ack_digest, signer_of

# Acknowledgements that are in memory at once.
_PAGE = 500

# What was said to whom, as it was served.
given = Table(
    "given",
    metadata,
    Column("ack_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reporter_id", Text, nullable=False),
    Column("body", Text, nullable=False),
)

_of = given.c


class Acks:
    """`fetch` for every reporter, `fetch_rest` for every one then known, `number`, and `judge` reporter by reporter."""

    def __init__(self, gateway: Gateway, store: Store, result: Examination, tell: Tell) -> None:
        self._gateway, self._store, self._result, self._tell = gateway, store, result, tell
        self._last: dict[str, int] = {}
        self._fetched = 0

    def fetch(self, reporter: str) -> None:
        """What was said to a reporter so far."""
        self._fetch(reporter, None)

    def fetch_rest(self, reporters: Iterable[str]) -> None:
        """A live gateway has gone on meanwhile. What was given before the last that was fetched is fetched too, so that
        none is missing up to it; what came after is left."""
        with self._store.read() as connection:
            mark = connection.execute(select(func.max(_of.ack_id))).scalar() or 0
        for reporter in reporters:
            self._fetch(reporter, mark)

    def number(self) -> None:
        """They run 1, 2, 3 over all reporters."""
        with self._store.read() as connection:
            numbers = connection.execute(select(_of.ack_id).order_by(_of.ack_id)).yield_per(_PAGE).scalars()
            for before, number in pairwise(_from_0(numbers)):
                if number > before + 1:
                    run = f"acknowledgement {before + 1} is"
                    if number > before + 2:
                        run = f"acknowledgements {before + 1} to {number - 1} are"
                    self._result.find(Finding(f"{run} not served", field="/ackId"))

    def _fetch(self, reporter: str, mark: int | None) -> None:
        after = self._last.get(reporter, 0)
        for page in self._gateway.pages("acks", "acks", "ackId", after, reporter=reporter):
            page = [said for said in page if mark is None or said["ackId"] <= mark]
            if not page:
                return
            self._last[reporter] = page[-1]["ackId"]
            with writing(self._store) as connection:
                self._keep(connection, reporter, page)
            self._fetched += len(page)
            self._tell("fetching acknowledgements", self._fetched, 0)

    def _keep(self, connection: Connection, reporter: str, page: list[dict[str, Any]]) -> None:
        known = select(_of.ack_id).where(_of.ack_id.in_([said["ackId"] for said in page]))
        twice = set(connection.execute(known).scalars())
        for number in sorted(twice):
            self._result.find(Finding(f"acknowledgement {number} is given twice", reporter, field="/ackId"))
        rows = [
            {"ack_id": said["ackId"], "reporter_id": reporter, "body": canonical(said)}
            for said in page
            if said["ackId"] not in twice
        ]
        if rows:
            connection.execute(insert(given), rows)

    # ---------------------------------------------------------------- what they say

    def judge(self, records: Records, count: int) -> None:
        """Each is signed, and says what the records and the chain say; the first `count` records were all received and
        judged.
        """
        received = judged = 1
        with self._store.read() as connection:
            for said in self._given(connection, records.name):
                self._result.acks += 1
                ack = self._read(said, records.name)
                if ack is None or (ack.stage is Stage.REJECTED and ack.code in (GAP, CONFLICT)):
                    continue
                _Said(connection, self._result, records.name, ack).compare()
                if ack.stage is Stage.RECEIVED and ack.first <= received:
                    received = max(received, ack.last + 1)
                elif ack.stage is Stage.VALIDATED or (ack.stage is Stage.REJECTED and ack.code != UNLINKED):
                    judged = max(judged, ack.last + 1) if ack.first <= judged else judged
        for what, reached in (("received", received), ("judged", judged)):
            if reached <= count:
                problem = f"no acknowledgement says that the record was {what}"
                self._result.find(Finding(problem, records.name, reached))

    def _given(self, connection: Connection, reporter: str) -> Iterator[dict[str, Any]]:
        after = 0
        while True:
            query = select(_of.ack_id, _of.body).where(_of.reporter_id == reporter, _of.ack_id > after)
            rows = connection.execute(query.order_by(_of.ack_id).limit(_PAGE)).all()
            yield from (read(row.body) or {} for row in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].ack_id

    def _read(self, said: dict[str, Any], reporter: str) -> Ack | None:
        """An acknowledgement that is one, is the gateway's, and is of this reporter."""
        number = f"acknowledgement {said['ackId']}"
        try:
            ack = Ack.read({**said, "stage": Stage(said.get("stage", ""))})
        except (ValidationError, ValueError):
            self._result.find(Finding(f"{number} is none", reporter))
            return None
        if signer_of(ack_digest(said), ack.signature) != self._result.signer:
            self._result.find(Finding(f"{number} is not signed by the gateway", reporter, ack.first))
            return None
        if ack.gateway_id != self._result.gateway_id:
            self._result.find(Finding(f"{number} is another gateway's", reporter, ack.first, field="/gatewayId"))
        if ack.reporter_id != reporter:
            self._result.find(Finding(f"{number} is another reporter's", reporter, ack.first, field="/reporterId"))
            return None
        if (ack.code is None) == (ack.stage is Stage.REJECTED):
            problem = f"{number} rejects without a code, or has one and does not reject"
            self._result.find(Finding(problem, reporter, ack.first, field="/code"))
        return ack


class _Said:
    """One acknowledgement of held records."""

    def __init__(self, connection: Connection, result: Examination, reporter: str, ack: Ack) -> None:
        self._connection, self._result, self._reporter, self._ack = connection, result, reporter, ack

    def compare(self) -> None:
        it, ack = tables.record.c, self._ack
        query = select(it.record_id).where(it.reporter_id == self._reporter, it.seq == ack.last)
        if ack.first > ack.last:
            self._find(ack.first, "/first", "is of no records")
        elif self._connection.execute(query).scalar() != ack.record_id:
            self._find(ack.last, "/recordId", "is of another record, or of one that is not held")
        elif ack.stage is Stage.LINKED:
            self._linked()
        elif ack.stage is Stage.REJECTED and ack.code == UNLINKED:
            self._unlinked()
        elif ack.stage is not Stage.RECEIVED:
            self._judged()

    def _judged(self) -> None:
        """What the gateway serves beside the records."""
        it, ack = served.c, self._ack
        query = select(it.seq, it.stage, it.code, it.field).where(it.reporter_id == self._reporter)
        query = query.where(it.seq.between(ack.first, ack.last)).order_by(it.seq)
        other = (it.stage != ack.stage.value, it.code.is_distinct_from(ack.code), it.field.is_distinct_from(ack.field))
        for row in self._connection.execute(query.where(or_(*other))):
            for name in ("stage", "code", "field"):
                if getattr(row, name) != getattr(ack, name):
                    what = f"says {getattr(ack, name)}, and the record is served as {getattr(row, name)}"
                    self._find(row.seq, f"/{name}", what)
                    break

    def _linked(self) -> None:
        for row in self._compared():
            if row.finality != Finality.FINAL or row.stage == Stage.REJECTED:
                self._find(row.seq, "/stage", "says LINKED of a record that is not a valid FINAL one")
            elif row.agrees == 0:
                self._find(row.seq, row.field, "says LINKED, and the chain says another")

    def _unlinked(self) -> None:
        for row in self._compared():
            if row.agrees == 1:
                self._find(row.seq, "/code", "says UNLINKED, and the chain says the same as the record")
            elif row.agrees == 0 and row.field != self._ack.field:
                self._find(row.seq, "/field", f"says UNLINKED in {self._ack.field}, and it is in {row.field}")

    def _compared(self) -> Iterable[Any]:
        """The records of a run that are themselves, and how they compared with the chain, where they could be."""
        of, it, ack = tables.record.c, served.c, self._ack
        same = (it.reporter_id == of.reporter_id) & (it.seq == of.seq)
        joined = tables.record.join(served, same).outerjoin(tables.link, tables.link.c.record == of.id)
        columns = (of.seq, of.finality, it.stage, tables.link.c.agrees, tables.link.c.field)
        query = select(*columns).select_from(joined).where(of.reporter_id == self._reporter, it.itself)
        return self._connection.execute(query.where(of.seq.between(ack.first, ack.last)).order_by(of.seq))

    def _find(self, record: int, field: str | None, problem: str) -> None:
        self._result.find(Finding(f"acknowledgement {self._ack.ack_id} {problem}", self._reporter, record, field=field))


def _from_0(numbers: Iterable[int]) -> Iterator[int]:
    yield 0
    yield from numbers
