"""What a gateway holds, proven from outside: `stockade verify --gateway URL --rpc URL`.

Neither the gateway nor the node is believed. Every record is fetched and checked as a gateway would check it, every
entry of the suite's streams is read up to the latest final block and proven from that block's hash, and the two are
compared: every entry must be told once as a FINAL record, in the chain's words. It is all put into a database of its
own, which is thrown away; memory stays flat whatever the gateway holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from pydantic import ValidationError
from sqlalchemy import Connection, select
from web3 import Web3

from stockade.errors import NetworkError
from stockade.gateway import completeness, tables
from stockade.gateway.answers import Completeness, ProvenHead
from stockade.gateway.books import Books, columns_of
from stockade.gateway.chainside import ChainSide, proven_heads
from stockade.gateway.checks import Fault, fault_in
from stockade.gateway.intake import keep, open_gateway, writing
from stockade.gateway.linking import Linker
from stockade.gateway.reading import Unreadable, read_json
from stockade.store.opening import Store
from stockade.suite import Deployment
from stockade.wire.canonical import record_id
from stockade.wire.envelope import NO_RECORD, Ack, Stage
from stockade.wire.signing import ack_digest, signer_of

# Of one answer.
_PAGE = 500
_MOST_BYTES = 64 << 20

# Findings that are kept; more are counted.
MOST = 1000

# Faults that follow from a record which is not there.
_FOLLOW = ("STREAM_SEQUENCE", "REFERENCE", "UNKNOWN_TOKEN")

# Called with what is being done, how much of it is done, and of how much (0: nobody knows).
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """Something wrong. `record` is a reporter's number, up to `last_record` where it concerns a run; `stream` a CAIP-10
    account, `sequence` (to `last`) its entries, `field` a JSON pointer into the record."""

    problem: str
    reporter: str | None = None
    record: int | None = None
    last_record: int | None = None
    stream: str | None = None
    sequence: int | None = None
    last: int | None = None
    field: str | None = None


@dataclass(frozen=True)
class StreamExamined:
    """How a stream of the suite fared. `records`: entries that a FINAL record tells."""

    reporter: str | None
    stream: str
    contract: str
    records: int
    missing: int
    altered: int
    proven: ProvenHead | None
    complete: bool


@dataclass
class Examination:
    """The result, at one final block. `others`: streams of which records are held, and which are not this suite's."""

    gateway_id: str
    signer: str
    block: int = 0
    block_hash: str = ""
    records: int = 0
    acks: int = 0
    streams: list[StreamExamined] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    more: int = 0

    @property
    def complete(self) -> bool:
        return not self.findings and all(stream.complete for stream in self.streams)

    def find(self, finding: Finding) -> None:
        """Keeps a finding, or counts it."""
        if len(self.findings) < MOST:
            self.findings.append(finding)
        else:
            self.more += 1


class Gateway:
    """A gateway over HTTP. Raises NetworkError whenever it does not answer as one."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(60, connect=5))
        self._url = url.rstrip("/")

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, path: str, **params: str | int) -> dict[str, Any]:
        """The answer of an endpoint."""
        content = bytearray()
        try:
            with self._client.stream("GET", f"{self._url}/v1/{path}", params=params) as response:
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise NetworkError("The gateway's answer does not end.")
        except NetworkError:
            raise
        except Exception as error:  # httpx raises whatever a wrong answer makes it stumble over
            raise NetworkError(f"No gateway answers at the given address ({type(error).__name__}).") from None
        if response.status_code == 401:
            raise NetworkError("The gateway asks for a token: put it into STOCKADE_GATEWAY_TOKEN.")
        if response.status_code != 200:
            raise NetworkError(f"The gateway answered {path} with HTTP status {response.status_code}.")
        try:
            answer = read_json(bytes(content))
        except Unreadable as error:
            raise NetworkError(f"The gateway's answer to {path} cannot be read: {error}") from None
        return answer if isinstance(answer, dict) else {}

    def pages(self, path: str, items: str, cursor: str, **params: str | int) -> Iterator[list[dict[str, Any]]]:
        """Page after page of an endpoint, up to the one that is not full."""
        after = 0
        while True:
            page = self.ask(path, after=after, limit=_PAGE, **params).get(items)
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise NetworkError(f"The gateway's answer to {path} is no list.")
            if page:
                yield page
                last = page[-1].get(cursor)
                if not isinstance(last, int) or last <= after:
                    raise NetworkError(f"The gateway's answer to {path} does not go on.")
                after = last
            if len(page) < _PAGE:
                return


def examine(
    gateway: Gateway, w3: Web3, deployment: Deployment, signer: str | None = None, tell: Tell = lambda *_: None
) -> Examination:
    """Examines everything that a gateway holds of a suite. `signer`: whose acknowledgements they must be, by default
    the one that the gateway names. Raises StockadeError when it cannot be done; what is wrong is in the result.
    """
    health = gateway.ask("health")
    result = Examination(_text(health, "gatewayId"), signer or _text(health, "signer"))
    with TemporaryDirectory(prefix="stockade-verify-") as folder:
        store = open_gateway(f"sqlite:///{Path(folder) / 'examined.db'}")
        try:
            # The chain first: what is told later of later blocks is no fault.
            chain = ChainSide(store, w3, deployment, lambda block, last: tell("reading the chain", block, last))
            result.block = chain.advance()
            for reporter in gateway.ask("reporters").get("reporters") or []:
                name = _text(reporter, "reporterId")
                _Reporter(gateway, store, result, name, tell).fetch()
            Linker(store).link()
            _streams(store, result, tell)
        finally:
            store.engine.dispose()
    return result


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or len(value) > 100:
        raise NetworkError(f"The gateway does not say its {name}: is it one?")
    return value


class _Reporter:
    """One reporter's records and acknowledgements, fetched and checked."""

    def __init__(self, gateway: Gateway, store: Store, result: Examination, name: str, tell: Tell) -> None:
        self._gateway, self._store, self._result, self._name, self._tell = gateway, store, result, name, tell
        self._next, self._before = 1, NO_RECORD
        self._holes = False
        self._valid: dict[int, bool] = {}

    def fetch(self) -> None:
        for page in self._gateway.pages("records", "records", "id", reporter=self._name):
            with writing(self._store) as connection:
                self._take(connection, page)
            self._result.records += len(page)
            self._tell("fetching records", self._result.records, 0)
        self._acks()

    def _find(self, problem: str, record: int, last: int | None = None, **where: Any) -> None:
        self._result.find(Finding(problem, self._name, record, last, **where))

    def _take(self, connection: Connection, page: list[dict[str, Any]]) -> None:
        taken = []
        valid = {}
        for held in page:
            seq, its_id, record = held.get("seq"), held.get("recordId"), held.get("record")
            if not isinstance(seq, int) or held.get("reporterId") != self._name or not _is_hash(its_id):
                raise NetworkError("The gateway's answer to records holds what is no record.")
            if seq < self._next:
                self._find("the record is out of its order", seq)
                continue
            if seq > self._next:
                self._holes = True
                last = seq - 1 if seq - 1 > self._next else None
                self._find("the record is not held" if last is None else "the records are not held", self._next, last)
            follows = seq == self._next
            valid[seq] = held.get("status") == "VALIDATED"
            record = record if isinstance(record, dict) else {}
            self._check(seq, str(its_id), record, follows)
            self._next, self._before = seq + 1, str(its_id)
            taken.append((seq, str(its_id), record))
        if taken:
            books = Books(connection, self._name)
            self._keep(connection, books, taken, valid)

    def _check(self, seq: int, its_id: str, record: dict[str, Any], follows: bool) -> None:
        """What completeness does not ask: of records without a stream, and the order of all."""
        itself = record.get("recordId") == its_id == record_id(record) and record.get("seq") == seq
        if not itself and columns_of(record)["stream"] is None:
            self._holes = True
            self._find("the record is not what its id is of" if record else "the record cannot be read", seq)
        elif itself and follows and record.get("prevHash") != self._before:
            self._find("the record does not name the one before", seq, field="/prevHash")

    def _keep(self, connection: Connection, books: Books, taken: list[Any], valid: dict[int, bool]) -> None:
        numbers = iter(taken)

        def judge(record: dict[str, Any], text: str) -> Fault | None:
            seq, its_id, _ = next(numbers)
            fault = fault_in(record, text, self._name, books)
            if its_id != record_id(record) or (fault and self._holes and fault.code in _FOLLOW):
                return None  # told already: altered, or what it refers to is not there
            if fault and valid[seq]:
                self._find(f"the gateway took the record for valid: {fault.code}, {fault.text}", seq, field=fault.field)
            elif fault is None and not valid[seq]:
                self._find("the gateway rejected a valid record", seq)
            return fault

        keep(connection, books, self._name, taken, 0, judge)

    # ---------------------------------------------------------------- acknowledgements

    def _acks(self) -> None:
        """Each is signed, of this reporter's records, and every record was received and judged."""
        received = judged = 1
        for page in self._gateway.pages("acks", "acks", "ackId", reporter=self._name):
            with self._store.read() as connection:
                for said in page:
                    ack = self._ack(connection, said)
                    self._result.acks += 1
                    if ack is None or ack.code in ("GAP", "CONFLICT", "UNLINKED") or ack.stage is Stage.LINKED:
                        continue
                    if ack.stage is Stage.RECEIVED and ack.first <= received:
                        received = max(received, ack.last + 1)
                    elif ack.stage is not Stage.RECEIVED and ack.first <= judged:
                        judged = max(judged, ack.last + 1)
        for what, reached in (("received", received), ("judged", judged)):
            if reached < self._next:
                self._find(f"no acknowledgement says that the record was {what}", reached)

    def _ack(self, connection: Connection, said: dict[str, Any]) -> Ack | None:
        number = said.get("ackId")
        try:
            ack = Ack.model_validate({**said, "stage": Stage(said.get("stage", ""))})
        except (ValidationError, ValueError):
            self._result.find(Finding(f"acknowledgement {number} is none", self._name))
            return None
        if signer_of(ack_digest(said), ack.signature) != self._result.signer:
            self._find(f"acknowledgement {number} is not signed by the gateway", ack.first)
            return None
        it = tables.record.c
        query = select(it.record_id).where(it.reporter_id == self._name, it.seq == ack.last)
        if ack.code not in ("GAP", "CONFLICT") and connection.execute(query).scalar() != ack.record_id:
            self._find(f"acknowledgement {number} is of another record, or of one that is not held", ack.last)
        return ack


# ---------------------------------------------------------------- streams


def _streams(store: Store, result: Examination, tell: Tell) -> None:
    with store.read() as connection:
        proven = proven_heads(connection)
        it = tables.record.c
        held = connection.execute(select(it.stream).where(it.stream.is_not(None)).distinct()).scalars()
        result.others = sorted({str(stream) for stream in held} - set(proven))
        for place, (stream, head) in enumerate(proven.items(), start=1):
            result.block_hash = head.block_hash
            for found in completeness.of_stream(connection, stream):
                _report(result, found, head.contract)
            tell("comparing", place, len(proven))


def _report(result: Examination, found: Completeness, contract: str) -> None:
    numbers = (found.records, found.missing, found.altered, found.proven, found.complete)
    result.streams.append(StreamExamined(found.reporter_id, found.stream, contract, *numbers))
    for each in found.findings:
        result.find(
            Finding(
                each.problem,
                found.reporter_id,
                each.seq,
                None,
                found.stream,
                each.sequence,
                each.last,
                each.field,
            )
        )


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 66 and value.startswith("0x") and _is_hex(value[2:])


def _is_hex(value: str) -> bool:
    return all(char in "0123456789abcdef" for char in value)
