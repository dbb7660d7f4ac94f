"""One reporter's records, fetched and checked as a gateway would check them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, MetaData, Table, Text, insert, select

from stockade.errors import NetworkError
from stockade.examine.result import MOST, Examination, Finding, Tell
from stockade.examine.served import Gateway, is_number
from stockade.gateway import tables
from stockade.gateway.books import Books, columns_of
from stockade.gateway.checks import Fault, fault_in
from stockade.gateway.intake import keep, writing
from stockade.store.opening import Store
from stockade.wire.canonical import record_id
from stockade.wire.envelope import NO_RECORD

ALTERED = "the record is not what its id is of"

# Faults that follow from a record which is not there.
_FOLLOW = ("STREAM_SEQUENCE", "REFERENCE", "UNKNOWN_TOKEN")

metadata = MetaData()

# What the gateway said beside a record; `itself`: its id is of its body.
served = Table(
    "served",
    metadata,
    Column("reporter_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("itself", Boolean, nullable=False),
    Column("stage", Text, nullable=False),
    Column("code", Text),
    Column("field", Text),
)


@dataclass(frozen=True)
class Held:
    """A record as the gateway served it."""

    seq: int
    record_id: str
    record: dict[str, Any]
    stage: str
    code: str | None
    field: str | None

    @classmethod
    def read(cls, said: dict[str, Any], reporter: str) -> Held:
        """An item of the gateway's answer. Raises NetworkError for what is none."""
        seq, its_id, record = said.get("seq"), said.get("recordId"), said.get("record")
        stage, code, field = said.get("status"), said.get("code"), said.get("field")
        named = is_number(seq) and _is_hash(its_id) and said.get("reporterId") == reporter
        judged = stage in ("VALIDATED", "REJECTED") and all(it is None or isinstance(it, str) for it in (code, field))
        if not named or not judged:
            raise NetworkError("The gateway's answer to records holds what is no record.")
        return cls(int(seq or 0), str(its_id), record if isinstance(record, dict) else {}, str(stage), code, field)

    @property
    def itself(self) -> bool:
        """Whether its id is of its body."""
        it = self.record
        same = it.get("recordId") == self.record_id == record_id(it)
        return same and is_number(it.get("seq")) and it["seq"] == self.seq


class Records:
    """`fetch` may be called again, for what came since. `next`: the number behind the last that was fetched."""

    def __init__(
        self, gateway: Gateway, store: Store, result: Examination, name: str, proven: Collection[str], tell: Tell
    ) -> None:
        self._gateway, self._store, self._result, self.name, self._tell = gateway, store, result, name, tell
        self._proven = proven
        self.next, self._before, self._after = 1, NO_RECORD, 0
        self._holes = False
        self._left: dict[int, Finding] = {}

    def fetch(self) -> None:
        """Every record behind those that were fetched."""
        for page in self._gateway.pages("records", "records", "id", self._after, reporter=self.name):
            with writing(self._store) as connection:
                self._take(connection, [Held.read(said, self.name) for said in page])
            self._after = page[-1]["id"]
            self._result.records += len(page)
            self._tell("fetching records", self._result.records, 0)

    def left(self, told: Collection[tuple[str | None, int | None]]) -> None:
        """Finds the altered records of proven streams that were not told with their stream: (reporter, number)."""
        for seq, finding in self._left.items():
            if (self.name, seq) not in told:
                self._result.find(finding)

    def _find(self, problem: str, record: int, last: int | None = None, **where: Any) -> None:
        self._result.find(Finding(problem, self.name, record, last, **where))

    def _take(self, connection: Connection, page: list[Held]) -> None:
        it = tables.record.c
        query = select(it.record_id).where(it.reporter_id == self.name)
        ids = set(connection.execute(query.where(it.record_id.in_({held.record_id for held in page}))).scalars())
        taken = []
        for held in page:
            if held.seq < self.next:
                self._find("the record is out of its order", held.seq)
                continue
            if held.seq > self.next:
                self._holes = True
                last = held.seq - 1 if held.seq - 1 > self.next else None
                self._find("the record is not held" if last is None else "the records are not held", self.next, last)
            if held.record_id in ids:
                self._holes = True
                self._find("the record has another's id", held.seq)
            else:
                self._check(held, follows=held.seq == self.next)
                taken.append(held)
            ids.add(held.record_id)
            self.next, self._before = held.seq + 1, held.record_id
        if taken:
            self._keep(connection, taken)

    def _check(self, held: Held, follows: bool) -> None:
        """That the record is itself, and names the one before."""
        if held.itself:
            if follows and held.record.get("prevHash") != self._before:
                self._find("the record does not name the one before", held.seq, field="/prevHash")
            return
        self._holes = True
        columns = columns_of(held.record)
        if columns["stream"] in self._proven and (columns["stream_seq"] or 0) > 0 and len(self._left) < MOST:
            # Completeness tells it with its place and field.
            self._left[held.seq] = Finding(ALTERED, self.name, held.seq)
        else:
            self._find(ALTERED if held.record else "the record cannot be read", held.seq)

    def _keep(self, connection: Connection, page: list[Held]) -> None:
        numbers = iter(page)

        def judge(record: dict[str, Any], text: str) -> Fault | None:
            held = next(numbers)
            fault = fault_in(record, text, self.name, books)
            if not held.itself or (fault and self._holes and fault.code in _FOLLOW):
                return None  # told already: altered, or what it refers to is not there
            if fault and held.stage == "VALIDATED":
                problem = f"the gateway took the record for valid: {fault.code}, {fault.text}"
                self._find(problem, held.seq, field=fault.field)
            elif fault is None and held.stage == "REJECTED":
                self._find("the gateway rejected a valid record", held.seq)
            return fault

        books = Books(connection, self.name)
        keep(connection, books, self.name, [(held.seq, held.record_id, held.record) for held in page], 0, judge)
        said = ("seq", "itself", "stage", "code", "field")
        rows = [{"reporter_id": self.name} | {name: getattr(held, name) for name in said} for held in page]
        connection.execute(insert(served), rows)


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 66 and value.startswith("0x") and _is_hex(value[2:])


def _is_hex(value: str) -> bool:
    return all(char in "0123456789abcdef" for char in value)
