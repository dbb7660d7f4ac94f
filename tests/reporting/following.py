"""A store of a test's own, and a follower into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from web3 import HTTPProvider, Web3

from stockade.reporter.follow import Follower, Step
from stockade.reporter.node import Node
from stockade.reporter.recorder import Recorder
from stockade.reporter.tips import Fact
from stockade.store import Store, tables
from stockade.suite import Suite


class PlainDeriver:
    """Says of a fact no more than that it is one: what records say of an event has tests of its own."""

    def load(self, connection: Any) -> None:
        pass

    def expect(self, facts: Any) -> None:
        pass

    def derive(self, fact: Fact) -> dict[str, Any]:
        plain = {"instrument": None, "profile": None, "exemptionId": None, "operatorRef": "p_" + 32 * "0", "body": {}}
        return {"eventType": "AUTHORITY", **plain}


@dataclass
class Following:
    """One store, one suite, and the node's address as the follower has it. `said` and `warned`: what `run` told."""

    store: Store
    suite: Suite
    url: str
    said: list[Step] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def follower(self, timeout: float = 10) -> Follower:
        w3 = Web3(HTTPProvider(self.url, {"timeout": timeout}, exception_retry_configuration=None))
        deployment = self.suite.deployment
        recorder = Recorder("TEST", deployment.chain_id, PlainDeriver())
        return Follower(self.store, Node(w3), deployment, recorder)

    def run(self, pause: Callable[[float], None] = lambda seconds: None) -> None:
        """Up to the head, once."""
        self.follower().run(True, 0, self.said.append, self.warned.append, pause)

    def rows(self, table: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]

    def records(self) -> list[tuple[Any, ...]]:
        """(seq, stream's seq, finality, action, reason, refers to) of every record."""
        it = tables.record.c
        asked = select(it.seq, it.stream_seq, it.finality, it.action, it.reason_code, it.refers_to).order_by(it.seq)
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(asked)]
