"""A node's whole life as a reporter tells it, up to its end: PROVISIONAL first where that was to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from web3 import HTTPProvider, Web3

from stockade.reporter.derive import Deriver
from stockade.reporter.follow import Follower
from stockade.reporter.node import Node as NodeClient
from stockade.reporter.recorder import Recorder
from stockade.store import open_store
from tests.reporting.following import write_records
from tests.reporting.node import Node
from tests.reporting.records import parties_of


@dataclass
class Told:
    """A node on which everything is final, and the records that a reporter made of it: the last reports have a
    PROVISIONAL record and a FINAL one.
    """

    node: Node
    records: list[dict[str, Any]]

    def stream_of(self, record: dict[str, Any]) -> str:
        return str(record["stream"]["address"])


@contextmanager
def telling(node: Node, folder: Path) -> Iterator[Told]:
    """The node's life so far, and two blocks more, told; the node is put back afterwards."""
    snapshot = node.rpc("evm_snapshot")
    node.rpc("anvil_mine", hex(70))
    url = node.suite.w3.provider.endpoint_uri
    store = open_store(f"sqlite:///{folder}/store.db")
    deployment = node.suite.deployment
    recorder = Recorder("TEST", deployment.chain_id, Deriver(parties_of(deployment)))
    follower = Follower(store, NodeClient(Web3(HTTPProvider(url))), deployment, recorder)
    follower.run(True, 0, lambda step: None, lambda words: None)
    write_records(node, 2)
    follower.run(True, 0, lambda step: None, lambda words: None)
    node.rpc("anvil_mine", hex(70))
    follower.run(True, 0, lambda step: None, lambda words: None)
    with store.read() as connection:
        bodies = connection.execute(text("SELECT body FROM record ORDER BY seq")).scalars().all()
    store.engine.dispose()
    yield Told(node, [json.loads(body) for body in bodies])
    node.rpc("evm_revert", snapshot)
