"""A store of a test's own, and a follower into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import select
from web3 import HTTPProvider, Web3

from stockade.records import InvestorClass, InvestorRecord, Scope, Status
from stockade.reporter.derive import Deriver
from stockade.reporter.follow import Follower, Step
from stockade.reporter.node import Node as Asked
from stockade.reporter.parties import Parties
from stockade.reporter.recorder import Recorder
from stockade.store import Store, open_store, tables
from stockade.suite import CONTRACTS, Deployment, Suite
from tests.reporting.node import Node
from tests.support import YEAR

PARTY_KEY = b"\x55" * 32


@dataclass
class Following:
    """One store, one suite, and the node's address as the follower has it. `said` and `warned`: what `run` told."""

    store: Store
    suite: Suite
    url: str
    timeout: float = 10
    reporter: str = "TEST"
    key: bytes = PARTY_KEY
    said: list[Step] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def follower(self, deployment: Deployment | None = None) -> Follower:
        deployment = deployment or self.suite.deployment
        parties = Parties(self.key, deployment.chain_id, [deployment.addresses[name] for name in CONTRACTS])
        recorder = Recorder(self.reporter, deployment.chain_id, Deriver(parties))
        return Follower(self.store, asking(self), deployment, recorder)

    def run(self, deployment: Deployment | None = None, pause: Callable[[float], None] = lambda seconds: None) -> None:
        """Up to the head, once."""
        self.follower(deployment).run(True, 0, self.said.append, self.warned.append, pause)

    def rows(self, table: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]

    def records(self) -> list[tuple[Any, ...]]:
        """(seq, stream's seq, finality, action, reason, refers to) of every record."""
        it = tables.record.c
        asked = select(it.seq, it.stream_seq, it.finality, it.action, it.reason_code, it.refers_to).order_by(it.seq)
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(asked)]

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Sources and reports, and the blocks that reports stand in."""
        reports = self.rows(tables.report)
        stand_in = {row[2] for row in reports}
        blocks = [row for row in self.rows(tables.block) if row[0] in stand_in]
        return {"source": self.rows(tables.source), "report": reports, "block": blocks}

    def incidents(self) -> list[tuple[Any, ...]]:
        """(subject, problem, block, whether it is over) of every incident."""
        over = {row[0] for row in self.rows(tables.incident_end)}
        return [(*row[1:4], row[0] in over) for row in self.rows(tables.incident)]

    def afresh(self, folder: Path) -> Following:
        """Another store, in which the same suite was followed from the beginning."""
        other = Following(open_store(f"sqlite:///{folder}/afresh.db"), self.suite, self.suite.w3.provider.endpoint_uri)
        other.run()
        return other


def asking(following: Following) -> Asked:
    """The node as a follower asks it."""
    provider = HTTPProvider(following.url, {"timeout": following.timeout}, exception_retry_configuration=None)
    return Asked(Web3(provider))


def write_records(node: Node, count: int, first: int = 1) -> None:
    """So many blocks, each with a batch of one record: two reports."""
    suite, end = node.suite, node.suite.w3.eth.get_block("latest")["timestamp"] + YEAR
    for number in range(first, first + count):
        record = InvestorRecord(number, end, 1, 840, InvestorClass.RETAIL, Scope.HOLD, Status.ACTIVE)
        wallet = to_checksum_address(f"0x{0xBEEF0000 + number:040x}")
        suite.send(node.life.keys.registrar, suite.registry.functions.setRecords([wallet], [record.pack()], bytes(32)))
