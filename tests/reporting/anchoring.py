"""A store that holds nothing but records, made on days that are long over."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from eth_utils.crypto import keccak
from sqlalchemy import insert

from stockade import merkle
from stockade.reporter.anchors import DAY_MS, DayRoot, send, waiting
from stockade.reporter.membership import Proof, make_proof
from stockade.store import Store, tables
from stockade.suite import Suite
from stockade.wire.canonical import canonical, record_id

ZERO = "0x" + "00" * 32


class Anchoring:
    """Records by the day they were made: `first` is the first of them, in days since 1970."""

    def __init__(self, store: Store, suite: Suite, first: int) -> None:
        self.store, self.suite, self.first = store, suite, first
        self.seq, self.ids = 0, dict[int, str]()
        values = {"id": 1, "chain_id": suite.deployment.chain_id, "authority": suite.authority.address}
        with store.write() as connection:
            connection.execute(insert(tables.suite).values(**values, first_block=suite.deployment.block))

    @property
    def now(self) -> int:
        return (self.first + 5) * DAY_MS

    def record(self, day: int, *offsets: int) -> None:
        for offset in offsets:
            self.seq += 1
            at = (self.first + day) * DAY_MS + offset
            moment = datetime.fromtimestamp(at // 1000, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{at % 1000:03}Z")
            said = {"seq": self.seq, "recordedTime": moment, "body": {"text": f"Zoë {self.seq}"}}
            said["recordId"] = self.ids[self.seq] = record_id(said)
            row = {
                "seq": self.seq,
                "record_id": said["recordId"],
                "source": self.suite.authority.address,
                "stream_seq": self.seq,
                "block": 1,
                "block_hash": ZERO,
                "finality": "FINAL",
                "action": "NEW",
                "event_type": "AUTHORITY",
                "event_time": 0,
                "recorded_at": at,
                "body": canonical(said),
            }
            with self.store.write() as connection:
                connection.execute(insert(tables.record).values(**row))

    def waiting(self, day: int = 3, now: int | None = None) -> list[DayRoot]:
        with self.store.read() as connection:
            return waiting(connection, self.suite, self.first + day, now or self.now)

    def anchor(self, keys: SimpleNamespace, day: int = 3) -> list[DayRoot]:
        days = self.waiting(day)
        for each in days:
            send(self.suite, keys.issuer, each)
        return days

    def proof(self, which: object) -> Proof:
        with self.store.read() as connection:
            return make_proof(connection, self.suite, str(which))

    def root(self, *numbers: int) -> bytes:
        return merkle.root(keccak(keccak(bytes.fromhex(self.ids[number][2:]))) for number in numbers)

    def alter(self, statement: str, *values: object) -> None:
        with self.store.write() as connection:
            for act in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS record_{act}")
            connection.exec_driver_sql(statement, values)
