"""One eventful life for all tests of this folder, and its streams as read once."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from web3.types import LogReceipt

from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier
from stockade.reporter.destinations import Destination, set_destination
from stockade.reporting import Source, Stream, follow, read_streams
from stockade.reporting.reading import read_logs
from stockade.reporting.streams import Head, HeadAt, heads_of, source_of
from stockade.store import Store, open_store
from tests.reporting.examined import link, post_all
from tests.reporting.following import Following
from tests.reporting.kept import Kept, copy, follow_whole
from tests.reporting.life import Life
from tests.reporting.made import GATEWAY, REPORTER, Listening, listening
from tests.reporting.node import Node, live
from tests.reporting.outbox import StillClock
from tests.reporting.postgres import Postgres, postgres_server
from tests.reporting.receiver import Receiver, receiving
from tests.reporting.records import follow_life
from tests.reporting.told import Told, telling


@pytest.fixture(scope="package")
def life(stage: Any, keys: SimpleNamespace, chain: Any) -> Life:
    """The session's suite after everything has happened to it once."""

    def travel(seconds: int) -> None:
        chain.pending_timestamp += seconds
        chain.mine()

    return Life(stage.suite, stage.token.address, keys, travel).live()


@dataclass(frozen=True)
class Delivery:
    """One contract's logs as the honest node delivers them, and what the contract says: `follow` takes it from here."""

    source: Source
    chain_id: int
    logs: list[LogReceipt]
    head: Head
    head_at: HeadAt

    def follow(self, logs: list[Any] | None = None, **changes: Any) -> Stream:
        """The stream in these logs instead."""
        given = {"head": self.head, "head_at": self.head_at, **changes}
        return follow(self.source, self.chain_id, self.logs if logs is None else logs, **given)


@pytest.fixture(scope="package")
def deliveries(life: Life) -> dict[str, Delivery]:
    """By name of stream; AAPLs is the token everything happened to."""
    suite, block = life.suite, life.suite.w3.eth.block_number
    found = {}
    for name in ("registry", "ledger", "listings", "market", "AAPLs", "MSFTs"):
        source = source_of(suite, name, block)
        logs = read_logs(suite.w3, [source.address], suite.deployment.block, block)[source.address]
        heads = {number: heads_of(suite, [source], number)[0] for number in {log["blockNumber"] for log in logs}}
        (head,) = heads_of(suite, [source], block)
        found[name] = Delivery(source, suite.deployment.chain_id, logs, head, heads.get)
    return found


@pytest.fixture(scope="package")
def streams(life: Life) -> dict[str, Stream]:
    """Every stream of that life by name, at the latest block."""
    return {stream.source.name: stream for stream in read_streams(life.suite, life.suite.w3.eth.block_number)}


@pytest.fixture(scope="package")
def recorded(life: Life, streams: dict[str, Stream], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the facts and the records of that life."""
    path = tmp_path_factory.mktemp("recorded") / "life.db"
    return follow_life(life, [stream.source for stream in streams.values()], path)


@pytest.fixture(scope="package")
def node(stage: Any, keys: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The same life on an anvil of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--hardfork", "prague", "--accounts", "60", "--port", str(port), "--chain-id", "31337", "--silent"]
    # Of so many blocks it keeps the state: beyond, anvil goes back to an empty one when it replaces blocks.
    options += ["--prune-history", "100000"]
    process = subprocess.Popen(["anvil", *options])
    try:
        yield live(port, stage, keys, tmp_path_factory.mktemp("deployments") / "31337.json")
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def restored(node: Node) -> Iterator[Node]:
    """The node, put back afterwards."""
    snapshot = node.rpc("evm_snapshot")
    yield node
    node.rpc("evm_revert", snapshot)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; see tests/reporting/postgres.py."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each database in turn."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/store.db" if sqlite else request.getfixturevalue("postgres").database()
    found = open_store(url)
    yield found
    found.engine.dispose()


@pytest.fixture(scope="package")
def followed(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file into which the node was followed; to be copied."""
    path = tmp_path_factory.mktemp("followed") / "followed.db"
    store = open_store(f"sqlite:///{path}")
    Following(store, node.suite, f"http://127.0.0.1:{node.port}").run()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.engine.dispose()
    return path


@pytest.fixture
def following(node: Node, store: Store) -> Following:
    """A follower of the node into that store."""
    return Following(store, node.suite, f"http://127.0.0.1:{node.port}")


@pytest.fixture(scope="package")
def node_streams(node: Node) -> list[Stream]:
    """Every stream of that node at its latest block."""
    return read_streams(node.suite, node.suite.w3.eth.block_number)


@pytest.fixture(scope="package")
def whole_store(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with everything that happened on that node."""
    return follow_whole(node, tmp_path_factory.mktemp("store") / "whole.db")


@pytest.fixture
def kept(node: Node, whole_store: Path, tmp_path: Path) -> Iterator[Kept]:
    """A copy of that store, of the test's own."""
    yield (found := copy(node, whole_store, tmp_path))
    found.store.engine.dispose()


@pytest.fixture(scope="module")
def told(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The node's life told to the end, as records; a module's tests share it."""
    with telling(node, tmp_path_factory.mktemp("told")) as found:
        yield found


# ---------------------------------------------------------------- delivery


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A destination's gateway on loopback."""
    with receiving() as found:
        yield found


@pytest.fixture
def clock() -> StillClock:
    """A clock that only moves when somebody waits."""
    return StillClock()


@pytest.fixture
def courier(store: Store, receiver: Receiver, clock: StillClock) -> Iterator[Courier]:
    """A worker that brings the store's records to the receiver, under the name `sec`."""
    set_destination(store, Destination.given("sec", receiver.url, GATEWAY.address))
    with Line(receiver.url) as line:
        yield Courier(store, "sec", REPORTER, line, clock, seed=1)


# ---------------------------------------------------------------- the gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Listening]:
    """A gateway that holds nothing yet, on SQLite and loopback."""
    with listening(f"sqlite:///{tmp_path / 'gateway.db'}") as found:
        yield found


@pytest.fixture
def full(gateway: Listening, told: Told) -> Listening:
    """A gateway that holds everything, linked."""
    post_all(gateway, told.records)
    link(gateway, told)
    return gateway
