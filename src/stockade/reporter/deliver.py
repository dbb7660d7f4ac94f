"""The way of records to a destination: at least once, in strict order, written down before it is sent.

Where delivery stands is in no field of its own: it is what the latest believable answer of the destination said it
expects next, and never beyond what it signed as received. So a worker that was killed, and any other worker, goes on
from there, and what was sent in between is sent again; ids make that harmless. A destination that lost its database
asks for the first record, and gets it.

Nothing here sleeps but `run`: a step says how long to wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from random import Random
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Insert, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from stockade.chain import Signer
from stockade.errors import StockadeError
from stockade.reporter.answers import CONFLICT, GAP, PAGE, Answer, Line, Reply, is_refusal, read_reply, taken
from stockade.reporter.destinations import Turn, turn_at
from stockade.reporter.ranges import Ranges
from stockade.reporter.repairs import open_rejections
from stockade.store import Store, StoreError
from stockade.store.tables import ack, ack_read, answer, record, repair, transmission
from stockade.wire.canonical import canonical
from stockade.wire.envelope import SUBMISSION_SCHEMA, Ack, Stage
from stockade.wire.fields import milliseconds
from stockade.wire.signing import sign, submission_digest

# Of one submission, whichever comes first. The bytes are those of the records.
MOST_RECORDS = 500
MOST_BYTES = 1_000_000

# Seconds: between two looks at an outbox that is empty or another worker's, between two questions for
# acknowledgements, and after a first failure, which every further one doubles up to the last.
IDLE = 0.1
LISTEN = 1.0
PATIENCE = 0.25
MOST_PATIENCE = 60.0


class Clock(Protocol):
    """`now` in milliseconds UTC, `wait` in seconds."""

    def now(self) -> int: ...

    def wait(self, seconds: float) -> None: ...


class SystemClock:
    """This machine's."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class Outcome(Enum):
    """HEARD: acknowledgements were read. REPLAY: the destination asks for earlier records. FAILED: no answer, or none
    that can be believed. STOPPED: a person must look first.
    """

    SENT = "sent"
    HEARD = "heard"
    IDLE = "idle"
    BUSY = "busy"
    REPLAY = "replay"
    FAILED = "failed"
    STOPPED = "stopped"


class Step(NamedTuple):
    """What one turn came to, and the seconds to wait before the next. `problem` is a sentence."""

    outcome: Outcome
    wait: float
    problem: str = ""


class _Waiting(NamedTuple):
    """A record to be sent."""

    seq: int
    record_id: str
    body: str


class Courier:
    """A worker that brings one store's records to one destination. There may be several: one of them has the turn.

    `seed` is of the jitter alone. Every method raises StockadeError where going on would be wrong.
    """

    def __init__(
        self, store: Store, name: str, signer: Signer, line: Line, clock: Clock | None = None, seed: int | None = None
    ) -> None:
        self._store = store
        self._name = name
        self._signer = signer
        self._line = line
        self._clock = clock or SystemClock()
        self._jitter = Random(seed)  # noqa: S311 - spreads retries, guards nothing
        self._failures = 0
        self._listen_at = self._clock.now() + int(1000 * LISTEN)
        self._heard = False  # every acknowledgement since the last submission
        self._refused: list[int] = []  # and not told of yet
        self._owes_turn = False  # a page was read, and records go first now
        self._deaf = 0  # questions for acknowledgements in a row that were not answered

    def run(
        self,
        once: bool = False,
        tell: Callable[[str], None] = lambda problem: None,
        refused: Callable[[list[int]], None] = lambda numbers: None,
    ) -> None:
        """Delivers until it is stopped; with `once`, until all that is there is answered and every acknowledgement was
        read. Raises StockadeError.

        `tell` hears each problem once. `refused` hears the numbers of rejected records: at first of all that still wait
        for a repair, then of each new one; and the same again after it raised StoreError.
        """
        told = ""
        self._heard = False
        self._refused = []
        looked = False
        while True:
            try:
                if not looked:
                    self._refused, looked = self._waiting_for_repair(), True
                    self._tell_refused(refused)
                step = self.step()
                self._tell_refused(refused)
            except StoreError as error:  # full, or started anew: nothing of the turn was written
                self._failures += 1
                step = Step(Outcome.FAILED, self._patience(self._failures), str(error))
            if once and step.outcome is Outcome.FAILED:
                raise StockadeError(step.problem)
            if once and step.outcome is Outcome.IDLE:
                if self._heard:
                    return
                self._listen_at = 0
                continue
            if step.outcome is not Outcome.BUSY and step.problem != told:
                told = step.problem
                tell(told)
            self._clock.wait(step.wait)

    def _waiting_for_repair(self) -> list[int]:
        with self._store.read() as connection:
            return list(dict.fromkeys(each.seq for each in open_rejections(connection, self._name)))

    def _tell_refused(self, refused: Callable[[list[int]], None]) -> None:
        if self._refused:
            refused(list(self._refused))
            self._refused = []

    def step(self) -> Step:
        """One turn: sends what is next, or, when it is time, asks for acknowledgements. After a page of them records go
        first: a destination that always has another page does not keep us from sending.
        """
        with turn_at(self._store, self._name) as turn:
            if turn is None:
                return Step(Outcome.BUSY, IDLE)
            self._require_address(turn)
            due = self._clock.now() >= self._listen_at
            if due and not self._owes_turn:
                return self._listen(turn)
            self._owes_turn = False
            with self._store.read() as connection:
                records = _outbox(connection, next_of(connection, self._name))
            if due and not records:
                return self._listen(turn)
            step = self._submit(turn, records) if records else Step(Outcome.IDLE, IDLE)
        if step.outcome is Outcome.STOPPED:  # what was answered is stored by now
            raise StockadeError(step.problem)
        return step

    def replay(self, first: int) -> int:
        """Sends again from a record on what the destination has had already. How many records that were."""
        with self._store.read() as connection:
            end = next_of(connection, self._name)
        at = first
        while at < end:
            with turn_at(self._store, self._name) as turn:
                if turn is None:
                    raise StockadeError(f"Another worker delivers to {self._name}: stop it first.")
                self._require_address(turn)
                with self._store.read() as connection:
                    records = [row for row in _outbox(connection, at) if row.seq < end]
                step = self._submit(turn, records)
            if step.outcome is not Outcome.SENT:
                raise StockadeError(step.problem)
            at = records[-1].seq + 1
        return max(0, end - first)

    def _require_address(self, turn: Turn) -> None:
        """The token on the line is for the address that it was opened to: nothing goes to another one with it."""
        if turn.destination.url != self._line.url:
            raise StockadeError(
                f"{self._name} is at {turn.destination.url} now, and was at {self._line.url} when this began: start it "
                "again, with the STOCKADE_GATEWAY_TOKEN of that gateway."
            )

    # ---------------------------------------------------------------- sending

    def _submit(self, turn: Turn, records: list[_Waiting]) -> Step:
        first, last = records[0].seq, records[-1].seq
        ends = [json.loads(records[0].body), json.loads(records[-1].body)]
        said = {
            "schema": SUBMISSION_SCHEMA,
            "reporterId": ends[0]["reporterId"],
            "first": first,
            "last": last,
            "sentTime": milliseconds(self._clock.now()),
        }
        digest = submission_digest({**said, "records": ends})
        head = canonical({**said, "signature": sign(self._signer, digest)})
        content = f'{head[:-1]},"records":[{",".join(row.body for row in records)}]}}'.encode()

        values = {"destination": self._name, "first": first, "last": last, "digest": digest}
        with self._store.write() as connection:
            number = _added(connection, insert(transmission).values(**values, sent_at=self._clock.now()))
        found = self._line.submit(content)

        ids = {row.seq: row.record_id for row in records}
        reply, problem = self._read(turn, found, said["reporterId"], ids)
        following = min(reply.next or first, taken(first, reply.acks)) if reply else None
        with turn.write() as connection:
            now = self._clock.now()
            values = {"transmission": number, "destination": self._name, "status": found.status}
            connection.execute(insert(answer).values(**values, next=following, received_at=now))
            if reply:
                self._keep(connection, reply.acks, now)
            if following is not None and following < first and _read_up_to(connection, self._name):
                connection.execute(insert(ack_read).values(destination=self._name, last=0, read_at=now))
        if found.status == 401:
            problem = (
                f"{self._name} knows neither this reporter nor its key: have {self._signer.address} registered there "
                "for it, or correct STOCKADE_GATEWAY_TOKEN."
            )
            return Step(Outcome.STOPPED, 0, problem)
        for each in reply.acks if reply else ():
            if each.code == CONFLICT:
                problem = (
                    f"{self._name} holds another record under number {each.first}: this store or that one was restored "
                    "from an older copy; find out which before anything is sent again."
                )
                return Step(Outcome.STOPPED, 0, problem)
        return self._progress(first, following, problem)

    def _progress(self, first: int, following: int | None, problem: str) -> Step:
        if following is not None and following > first:
            self._failures = 0
            self._heard = False
            return Step(Outcome.SENT, 0)
        self._failures += 1
        wait = self._patience(self._failures)
        if following is not None and following < first:
            return Step(Outcome.REPLAY, wait, f"{self._name} asks for records from {following} on again.")
        return Step(Outcome.FAILED, wait, f"{self._name}: {problem or 'the answer acknowledges nothing'}.")

    def _patience(self, failures: int) -> float:
        longest = min(MOST_PATIENCE, PATIENCE * 2.0 ** min(failures - 1, 16))
        return longest * (1 + self._jitter.random()) / 2

    # ---------------------------------------------------------------- listening

    def _listen(self, turn: Turn) -> Step:
        """Reads a page of acknowledgements: LINKED and later rejections come with no answer."""
        with self._store.read() as connection:
            body = connection.execute(select(record.c.body).order_by(record.c.seq).limit(1)).scalar()
            after = _read_up_to(connection, self._name)
        if body is None:
            return self._heard_up_to_now()
        found = self._line.acks(reporter := json.loads(body)["reporterId"], after)
        reply, problem = self._read(turn, found, reporter, {})
        if reply and any(each.ack_id <= after for each in reply.acks):
            reply, problem = None, "the acknowledgements are not those that were asked for"
        now = self._clock.now()
        if reply is None:
            self._deaf += 1
            wait = max(LISTEN, self._patience(self._deaf))
            self._listen_at = now + int(1000 * wait)
            return Step(Outcome.FAILED, IDLE, f"{self._name}: {problem}.")
        if reply.acks:
            with turn.write() as connection:
                self._keep(connection, reply.acks, now)
                last = max(each.ack_id for each in reply.acks)
                connection.execute(insert(ack_read).values(destination=self._name, last=last, read_at=now))
            if len(reply.acks) >= PAGE:
                self._owes_turn = True
                return Step(Outcome.HEARD, 0)
        return self._heard_up_to_now()

    def _heard_up_to_now(self) -> Step:
        self._deaf = 0
        self._heard = True
        self._listen_at = self._clock.now() + int(1000 * LISTEN)
        return Step(Outcome.HEARD, 0)

    # ---------------------------------------------------------------- shared

    def _read(self, turn: Turn, found: Answer, reporter: str, known: dict[int, str]) -> tuple[Reply | None, str]:
        def ids(numbers: Iterable[int]) -> dict[int, str]:
            wanted = [number for number in numbers if number not in known]
            if not wanted:
                return known
            with self._store.read() as connection:
                rows = connection.execute(select(record.c.seq, record.c.record_id).where(record.c.seq.in_(wanted)))
                return known | {row.seq: row.record_id for row in rows}

        try:
            return read_reply(found, turn.destination, reporter, ids), ""
        except StockadeError as error:
            return None, str(error)

    def _keep(self, connection: Connection, acks: Sequence[Ack], now: int) -> None:
        """Stores acknowledgements that say anything new of our records, and opens a repair for every rejected one.

        What was said of each of its records before is not stored again: so no destination can make us store more than a
        few for each record, however much it signs.
        """
        add = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        end = connection.execute(select(func.max(record.c.seq))).scalar() or 0
        said: dict[tuple[str, ...], Ranges] = {}
        for each in acks:
            says = _says(each)
            if says not in said:
                said[says] = _said(connection, self._name, [one for one in acks if _says(one) == says])
            if not said[says].add(each.first, min(each.last, end + 1)):
                continue
            place = {"destination": self._name, "first": each.first, "last": each.last}
            what = {"ack_id": each.ack_id, "stage": each.stage, "code": each.code, "field": each.field}
            row = add(ack).values(**place, **what, body=canonical(each.to_json()), received_at=now)
            connection.execute(row.on_conflict_do_nothing())
            if is_refusal(each):
                asked = {"code": each.code, "field": each.field or "", "opened_at": now}
                row = add(repair).values(destination=self._name, seq=each.last, **asked)
                if connection.execute(row.on_conflict_do_nothing()).rowcount:
                    self._refused.append(each.last)


def _says(said: Ack) -> tuple[str, ...]:
    """What an acknowledgement says of its records: the stage, and of their order each thing by itself."""
    of_order = said.stage is Stage.REJECTED and said.code in (GAP, CONFLICT)
    return (said.stage, str(said.code)) if of_order else (said.stage,)


def _said(connection: Connection, name: str, alike: Sequence[Ack]) -> Ranges:
    """The records of which the same is stored already, as far as these acknowledgements reach."""
    it, (stage, *code) = ack.c, _says(alike[0])
    asked = select(it.first, it.last).where(it.destination == name, it.stage == stage)
    asked = asked.where(it.last >= min(each.first for each in alike), it.first <= max(each.last for each in alike))
    if stage == Stage.REJECTED:
        asked = asked.where(it.code == code[0] if code else it.code.not_in((GAP, CONFLICT)))
    return Ranges((row.first, row.last) for row in connection.execute(asked.order_by(it.last)))


def next_of(connection: Connection, name: str) -> int:
    """The record that a destination expects next."""
    question = select(answer.c.next).where(answer.c.destination == name, answer.c.next.is_not(None))
    return connection.execute(question.order_by(answer.c.id.desc()).limit(1)).scalar() or 1


def _outbox(connection: Connection, first: int) -> list[_Waiting]:
    """What one submission takes from a record on."""
    question = select(record.c.seq, record.c.record_id, record.c.body).where(record.c.seq >= first)
    waiting: list[_Waiting] = []
    size = 0
    for row in connection.execute(question.order_by(record.c.seq).limit(MOST_RECORDS)):
        size += len(row.body.encode())
        if waiting and size > MOST_BYTES:
            break
        waiting.append(_Waiting(*row))
    return waiting


def _added(connection: Connection, row: Insert) -> int:
    key = connection.execute(row).inserted_primary_key
    return int(key[0]) if key else 0


def _read_up_to(connection: Connection, name: str) -> int:
    question = select(ack_read.c.last).where(ack_read.c.destination == name)
    return connection.execute(question.order_by(ack_read.c.id.desc()).limit(1)).scalar() or 0
