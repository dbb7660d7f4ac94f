"""The records made of facts, in the same transaction as the facts themselves.

A report is recorded when it is included (NEW: PROVISIONAL, or FINAL at once when its block is final already), again
when its block becomes final (CORRECT, FINALIZED), and again when its block is replaced (CANCEL, REORG). Each record
names the one before by its id, over all streams.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, func, select, text

from stockade.reporter.facts import insert_rows
from stockade.reporter.identity import keep_identity, require_identity
from stockade.reporter.node import Header
from stockade.reporter.tips import Fact
from stockade.store import tables
from stockade.wire.canonical import canonical
from stockade.wire.envelope import FINALIZED, NO_RECORD, RECORD_SCHEMA, REORG, Action, Finality
from stockade.wire.fields import milliseconds, second

# Records that are made, and held in memory, at once.
_MANY = 1_000


class Deriver(Protocol):
    """What a fact means as a record."""

    @property
    def key_print(self) -> str:
        """Of the key under which wallets are named."""

    def load(self, connection: Connection) -> None:
        """Reads from the facts what later ones are understood by: instruments, exemptions in force."""

    def expect(self, facts: Sequence[Fact]) -> None:
        """Says which facts come next."""

    def derive(self, fact: Fact) -> dict[str, Any]:
        """`eventType`, `instrument`, `profile`, `exemptionId`, `operatorRef` and `body` of the next fact."""


class Recorder:
    """Makes records for one reporter. `chain_id` as in CAIP-2."""

    def __init__(self, reporter_id: str, chain_id: int, deriver: Deriver) -> None:
        self._reporter_id = reporter_id
        self._chain = f"eip155:{chain_id}"
        self._deriver = deriver

    def load(self, connection: Connection) -> None:
        """To be called before anything else, and again whenever facts were taken back or not written.

        Raises InputError when the store's records are of another reporter, or name wallets under another key.
        """
        require_identity(connection, self._reporter_id, self._deriver.key_print)
        self._deriver.load(connection)

    def included(
        self, connection: Connection, facts: Sequence[Fact], headers: Mapping[int, Header], final: int | None, at: int
    ) -> None:
        """Records new facts; those of blocks up to `final` as FINAL. With the first, who records."""
        if facts:
            keep_identity(connection, self._reporter_id, self._deriver.key_print)
        self._deriver.expect(facts)
        append(connection, self._news(facts, headers, -1 if final is None else final, at), at)

    def finalized(self, connection: Connection, above: int | None, block: int, at: int) -> None:
        """Records that the blocks above `above` and up to `block` are final. To be called before their facts' block is
        marked so, and before `included`.
        """
        between = f"p.block > {-1 if above is None else above} AND p.block <= {block}"
        append(connection, _follow_ups(connection, between, Action.CORRECT, Finality.FINAL, FINALIZED, at), at)

    def reversed(self, connection: Connection, ancestor: int, at: int) -> None:
        """Records that the blocks above `ancestor` were replaced. To be called before their facts are taken back."""
        above = f"p.block > {ancestor}"
        append(connection, _follow_ups(connection, above, Action.CANCEL, Finality.REVERSED, REORG, at), at)

    def _news(
        self, facts: Iterable[Fact], headers: Mapping[int, Header], final: int, at: int
    ) -> Iterator[tuple[dict[str, Any], int | None]]:
        recorded = milliseconds(at)
        for fact in facts:
            header = headers[fact.entry.place.block]
            derived = self._deriver.derive(fact)
            said = {
                "schema": RECORD_SCHEMA,
                "reporterId": self._reporter_id,
                "recordedTime": recorded,
                "finality": (Finality.FINAL if header.number <= final else Finality.PROVISIONAL).value,
                "action": Action.NEW.value,
                "refRecordId": None,
                "reasonCode": None,
                **place_of(self._chain, fact, header),
                **derived,
            }
            yield said, None


def place_of(chain: str, fact: Fact, header: Header) -> dict[str, Any]:
    """Which entry a record is about: its `eventKey`, `eventTime`, `stream` and `block`. `chain` as in CAIP-2."""
    entry = fact.entry
    return {
        "eventKey": f"{chain}/{entry.transaction}/{entry.place.log}",
        "eventTime": second(fact.timestamp),
        "stream": {
            "address": f"{chain}:{fact.source.address.lower()}",
            "contract": fact.source.contract,
            "sequence": entry.seq,
            "kind": entry.kind,
            "chain": f"0x{fact.chain:040x}",
        },
        "block": {"number": header.number, "hash": "0x" + header.hash.hex()},
    }


def _follow_ups(
    connection: Connection, blocks: str, action: Action, finality: Finality, reason: str, at: int
) -> Iterator[tuple[dict[str, Any], int]]:
    """The provisional records of reports in these blocks, each as its latest version says it, with its end."""
    # CROSS JOIN, for SQLite would else look at every record there is, in the order of their numbers.
    asked = (
        "SELECT r.seq FROM report AS p CROSS JOIN record AS r "  # noqa: S608
        f"WHERE {blocks} AND r.source = p.source AND r.stream_seq = p.seq AND r.finality = 'PROVISIONAL' "
        "AND NOT EXISTS (SELECT 1 FROM record AS x WHERE x.refers_to = r.seq) ORDER BY r.seq"
    )
    waiting = connection.execute(text(asked)).scalars().all()
    it, recorded = tables.record.c, milliseconds(at)
    for start in range(0, len(waiting), _MANY):
        some = waiting[start : start + _MANY]
        rows = connection.execute(select(it.seq, it.body).where(it.seq.in_(some)))
        bodies = {row.seq: row.body for row in rows}
        for seq in some:
            said = json.loads(bodies[seq])
            said |= {"finality": finality.value, "action": action.value, "reasonCode": reason}
            said |= {"refRecordId": said.pop("recordId"), "recordedTime": recorded}
            yield said, seq


def append(connection: Connection, drafts: Iterable[tuple[dict[str, Any], int | None]], at: int) -> None:
    """Numbers, chains and stores records. A draft has everything but `seq`, `prevHash` and `recordId`; beside it stands
    the seq of the record it refers to. `at`: when they are recorded, milliseconds UTC.
    """
    seq, before = 0, b""
    rows: list[tuple[Any, ...]] = []
    for said, refers_to in drafts:
        if not seq:
            seq, before = _last(connection)
        seq += 1
        said |= {"seq": seq, "prevHash": "0x" + before.hex()}
        nameless = canonical(said)
        before = hashlib.sha256(nameless.encode()).digest()
        rows.append(record_row(said, _with_id(nameless, before), before, refers_to, at))
        if len(rows) == _MANY:
            insert_rows(connection, tables.record, rows)
            rows = []
    insert_rows(connection, tables.record, rows)


def _with_id(nameless: str, record_id: bytes) -> str:
    """The canonical text with `recordId` in its place, before `recordedTime`: encoding twice takes a tenth of all the
    time. No string holds a quote as it is, and what follows in the text has no such key.
    """
    place = nameless.rindex('"recordedTime":')
    return f'{nameless[:place]}"recordId":"0x{record_id.hex()}",{nameless[place:]}'


def hold(connection: Connection) -> None:
    """Whoever asks is the only one to append until its transaction ends; on SQLite every writer is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE record IN SHARE ROW EXCLUSIVE MODE"))


def never_back(connection: Connection, at: int) -> int:
    """`at`, or the last record's time where that is later: a clock that was put back must not make records of a day
    whose root may be anchored already. Milliseconds UTC.
    """
    hold(connection)
    return max(at, connection.execute(select(func.max(tables.record.c.recorded_at))).scalar() or 0)


def _last(connection: Connection) -> tuple[int, bytes]:
    """The last record's number and id, held."""
    hold(connection)
    it = tables.record.c
    row = connection.execute(select(it.seq, it.record_id).order_by(it.seq.desc()).limit(1)).one_or_none()
    return (row.seq, bytes.fromhex(row.record_id[2:])) if row else (0, bytes.fromhex(NO_RECORD[2:]))


def record_row(said: dict[str, Any], body: str, record_id: bytes, refers_to: int | None, at: int) -> tuple[Any, ...]:
    """A record as it is stored, in the order of the columns: its own words, but for `refers_to` and `recorded_at`."""
    stream, block = said["stream"], said["block"]
    return (
        said["seq"],
        record_id,
        bytes.fromhex(stream["address"].rsplit(":0x", 1)[1]),
        stream["sequence"],
        block["number"],
        bytes.fromhex(block["hash"][2:]),
        said["finality"],
        said["action"],
        said["reasonCode"],
        refers_to,
        said["eventType"],
        int(datetime.fromisoformat(said["eventTime"]).timestamp()),
        at,
        body,
    )
