"""A submission, taken as a whole or not at all, in one transaction of the only writer.

What is held already is acknowledged again, as it was before. A gap, or another record under a number that is held, is
refused and nothing of the submission is stored. A record that is not valid is stored and rejected: its number is taken,
and a later record corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, insert, select, text

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.gateway import acks, tables
from stockade.gateway.acks import CONFLICT, GAP, Acks
from stockade.gateway.books import Books, columns_of, next_id
from stockade.gateway.checks import Fault, fault_in
from stockade.gateway.reading import Unreadable
from stockade.store.opening import Store, key_of, open_database
from stockade.wire.canonical import canonical
from stockade.wire.canonical import record_id as id_of
from stockade.wire.envelope import NO_RECORD, Stage, Submission
from stockade.wire.signing import signer_of, submission_digest

_PARTY = re.compile(r"p_[0-9a-f]{32}")


def open_gateway(url: str) -> Store:
    """Opens a gateway's database, migrated. Raises InputError or StockadeError."""
    return open_database(url, "stockade.gateway.migrations")


@contextmanager
def writing(store: Store) -> Iterator[Connection]:
    """One transaction of the only writer, whatever the database."""
    with store.write() as connection:
        if not store.file:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key_of("gateway")})
        yield connection


def register(store: Store, reporter_id: str, signer: ChecksumAddress) -> None:
    """From now on, a reporter's submissions are those signed by this account."""
    with writing(store) as connection:
        row = {"reporter_id": reporter_id, "signer": signer, "added_at": acks.now()}
        connection.execute(insert(tables.reporter).values(**row))


def signer_for(connection: Connection, reporter_id: str) -> ChecksumAddress | None:
    """Whose signature a reporter's submissions bear; None for an unknown reporter."""
    it = tables.reporter.c
    query = select(it.signer).where(it.reporter_id == reporter_id).order_by(it.id.desc()).limit(1)
    return connection.execute(query).scalar()


@dataclass(frozen=True)
class Answer:
    """`status` 200: taken; 409: refused for its order; `following` is the number that is expected next."""

    status: int
    acks: list[dict[str, Any]]
    following: int


class Unknown(InputError):
    """The submission is not signed by a reporter that is known here."""


class Intake:
    """Takes submissions into a store, and acknowledges them under the gateway's name and key."""

    def __init__(self, store: Store, signer: Signer, gateway_id: str) -> None:
        self._store, self._signer, self._gateway_id = store, signer, gateway_id

    def accept(self, submission: Submission) -> Answer:
        """Takes it, or refuses it for its order. Raises Unreadable when its records are not chained, Unknown when it is
        not signed by its reporter, StockadeError when the database fails.
        """
        records = submission.records
        _require_chained(records)
        digest = submission_digest(submission.to_json())
        with self._store.read() as connection:
            signer = signer_for(connection, submission.reporter_id)
        if signer is None or signer_of(digest, submission.signature) != signer:
            raise Unknown(
                f"No reporter {submission.reporter_id} with this signature is known here: have the gateway's operator "
                "register its account."
            )
        with writing(self._store) as connection:
            return self._take(connection, submission)

    def _take(self, connection: Connection, submission: Submission) -> Answer:
        reporter, first, last = submission.reporter_id, submission.first, submission.last
        books, said = Books(connection, reporter), Acks(connection, self._signer, self._gateway_id)
        held, held_id = books.last()
        if first > held + 1:
            nack = said.refuse(reporter, GAP, held + 1, first - 1, None)
            return Answer(409, [nack], held + 1)
        for number, known in _ids(connection, reporter, first, min(last, held)):
            if submission.records[number - first]["recordId"] != known:
                return Answer(409, [said.refuse(reporter, CONFLICT, number, number, known)], held + 1)
        new = submission.records[max(0, held + 1 - first) :]
        if new:
            if held_id is None and new[0]["prevHash"] != NO_RECORD:
                raise Unreadable("This is no submission: /records/0/prevHash names a record before the first.")
            if held_id is not None and new[0]["prevHash"] != held_id:
                return Answer(409, [said.refuse(reporter, CONFLICT, held, held, held_id)], held + 1)
            self._store_new(connection, books, said, submission, new)
        return Answer(200, acks.about(connection, reporter, first, last), max(held, last) + 1)

    def _store_new(
        self, connection: Connection, books: Books, said: Acks, submission: Submission, new: list[dict[str, Any]]
    ) -> None:
        reporter, received = submission.reporter_id, acks.now()
        evidence = {
            "reporter_id": reporter,
            "first": submission.first,
            "last": submission.last,
            "sent_time": submission.sent_time,
            "prev_hash": submission.records[0]["prevHash"],
            "record_id": submission.records[-1]["recordId"],
            "signature": submission.signature,
            "received_at": received,
        }
        connection.execute(insert(tables.submission).values(**evidence))
        faults = keep(
            connection,
            books,
            reporter,
            [(record["seq"], record["recordId"], record) for record in new],
            received,
            lambda record, text: fault_in(record, text, reporter, books),
        )
        said.write(reporter, Stage.RECEIVED, new[0]["seq"], new[-1]["seq"], new[-1]["recordId"])
        for run in _runs(new, faults):
            if (fault := faults.get(run[0]["seq"])) is None:
                said.write(reporter, Stage.VALIDATED, run[0]["seq"], run[-1]["seq"], run[-1]["recordId"])
            else:
                seq = run[0]["seq"]
                said.write(reporter, Stage.REJECTED, seq, seq, run[0]["recordId"], *fault)


def keep(
    connection: Connection,
    books: Books,
    reporter_id: str,
    records: Sequence[tuple[int, str, dict[str, Any]]],
    received: int,
    judge: Callable[[dict[str, Any], str], Fault | None],
) -> dict[int, Fault]:
    """Stores records, ascending, each after its number and its id, and what `judge` says of them (given the record and
    its canonical text); the faults by number.
    """
    books.load([record for _, _, record in records])
    faults: dict[int, Fault] = {}
    rows, mentions = [], []
    for place, (seq, record_id, record) in enumerate(records, start=next_id(connection)):
        body, columns = canonical(record), columns_of(record)
        if (fault := judge(record, body)) is not None:
            faults[seq] = fault
        root = books.take(seq, record_id, columns, valid=fault is None)
        del columns["refers_to"]
        row = {"id": place, "reporter_id": reporter_id, "seq": seq, "record_id": record_id, "root": root}
        row |= {"code": fault and fault.code, "field": fault and fault.field, "body": body, "received_at": received}
        rows.append(row | columns)
        mentions += [{"party": party, "record": place} for party in sorted(set(_PARTY.findall(body)))]
    connection.execute(insert(tables.record), rows)
    if mentions:
        connection.execute(insert(tables.mention), mentions)
    return faults


def _require_chained(records: Sequence[dict[str, Any]]) -> None:
    """Each id is that of its record, and each record names the one before."""
    before = None
    for place, record in enumerate(records):
        if record.get("recordId") != id_of(record):
            raise Unreadable(f"This is no submission: /records/{place}/recordId is not the hash of the record.")
        if not re.fullmatch("0x[0-9a-f]{64}", str(record.get("prevHash"))):
            raise Unreadable(f"This is no submission: /records/{place}/prevHash is no hash.")
        if before is not None and record["prevHash"] != before:
            raise Unreadable(f"This is no submission: /records/{place}/prevHash is not the record before.")
        before = record["recordId"]


def _ids(connection: Connection, reporter_id: str, first: int, last: int) -> list[tuple[int, str]]:
    it = tables.record.c
    query = select(it.seq, it.record_id).where(it.reporter_id == reporter_id, it.seq.between(first, last))
    return [(row.seq, row.record_id) for row in connection.execute(query.order_by(it.seq))]


def _runs(records: Sequence[dict[str, Any]], faults: dict[int, Fault]) -> Iterator[list[dict[str, Any]]]:
    """Valid records in a row together, each other one by itself."""
    run: list[dict[str, Any]] = []
    for record in records:
        if record["seq"] not in faults:
            run.append(record)
            continue
        if run:
            yield run
        yield [record]
        run = []
    if run:
        yield run
