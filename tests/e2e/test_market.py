"""`ape run market` as people type it: hours of any day, and a relay that is killed, started again and stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from web3 import Web3
from web3.types import RPCEndpoint

from stockade.market.state import MarketState, read_state
from stockade.suite import Deployment, Suite
from tests.e2e.conftest import Devnet, discard
from tests.support import ROOT

OPERATOR = ("--account", "TEST::8", "--yes")


@pytest.fixture
def state(devnet: Devnet) -> Callable[[], MarketState]:
    w3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{devnet.port}"))
    suite = Suite(w3, Deployment.load(devnet.deployment))
    return lambda: read_state(suite)


class Relay:
    """A relay in the background, on a file of documents."""

    def __init__(self, devnet: Devnet, folder: Path) -> None:
        self.devnet, self.folder = devnet, folder
        self.file, self.log = folder / "news.jsonl", folder / "relay.jsonl"
        self.process: subprocess.Popen[str]

    def tell(self, event: str, **more: str) -> None:
        number = len(self.file.read_text().splitlines()) + 1 if self.file.exists() else 1
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self.file.open("a") as file:
            file.write(json.dumps({"sequence": number, "market": "XNYS", "at": at, "event": event, **more}) + "\n")

    def mine(self) -> None:
        """A block, as a chain in use makes them all the time: this one makes them on demand."""
        Web3(Web3.HTTPProvider(f"http://127.0.0.1:{self.devnet.port}")).provider.make_request(
            RPCEndpoint("evm_mine"), []
        )

    @property
    def command(self) -> list[str]:
        where = ["--network", "ethereum:devnet", "--deployment", str(self.devnet.deployment)]
        return ["market", "relay", "--file", str(self.file), "--log", str(self.log), *OPERATOR, *where]

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["ape", "run", *self.command, "--every", "1"],
            cwd=ROOT,
            env={**os.environ, "STOCKADE_DEVNET_PORT": str(self.devnet.port), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def wait_for(self, text: str) -> None:
        assert self.process.stdout is not None
        # It says a line at every look: what has not come after a hundred does not come.
        for line in islice(self.process.stdout, 100):
            if text in line:
                return
        self.process.kill()
        raise AssertionError(f"The relay ended with status {self.process.wait()}.")


@pytest.fixture
def relay(devnet: Devnet, tmp_path: Path) -> Iterator[Relay]:
    running = Relay(devnet, tmp_path)
    yield running
    if hasattr(running, "process"):
        discard(running.process)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        # A holiday, an early close, the Sunday on which the clocks change.
        ("2026-11-26T15:00Z", r"XNYS\W+CLOSED\W+EXTENDED from Fri 2026-11-27 09:00 UTC"),
        ("2026-11-27T17:59:59Z", r"XNYS\W+REGULAR\W+EXTENDED from Fri 2026-11-27 18:00 UTC"),
        ("2027-03-14T12:00+00:00", r"XNYS\W+CLOSED\W+EXTENDED from Mon 2027-03-15 08:00 UTC"),
        ("1999-01-01T12:00Z", r"No calendar on chain for that day: XNAS, XNYS"),
    ],
)
def test_status__of_any_day__as_the_exchange_has_it(devnet, moment, said):
    assert re.search(said, devnet.run("market", "status", "--at", moment))


@pytest.mark.parametrize("moment", ["2026-11-26T15:00", "tomorrow", "1969-12-31T00:00Z", "2026-11-26"])
def test_status__no_time_with_a_zone__one_sentence_and_status_2(devnet, moment):
    assert "write 2026-11-26T15:00Z" in devnet.run("market", "status", "--at", moment, status=2)


def test_calendar__next_years__compared_written_once_and_then_the_same(devnet):
    span = ("--mic", "XNYS", "--years", "2030-2031")

    shown = devnet.run("market", "calendar", *span)
    assert re.search(r"2030-07-04\W+Thu\W+closed", shown)
    assert "the chain does not know 730 days" in shown
    assert "Nothing was sent" in shown
    devnet.run("market", "calendar", *span, "--apply", *OPERATOR)
    assert "The chain says the same." in devnet.run("market", "calendar", *span)
    closed = devnet.run(
        "market", "calendar", "--mic", "XNYS", "--from", "2030-03-05", "--to", "2030-03-05", "--closed", "2030-03-05"
    )
    assert re.search(r"2030-03-05\W+14:30 to 21:00 UTC\W+closed", closed)


def test_relay__killed_started_again_and_stopped__every_news_once(relay, state):
    def share():
        return next(each for each in state().shares if each.ticker == "JPM")

    relay.tell("interrupt", symbol="JPM", code="T1")
    relay.start()
    relay.wait_for("; JPM on XNYS: ASSET_HALTED T1")
    relay.process.kill()
    discard(relay.process)
    assert (share().told.sequence, share().halted) == (1, True)

    relay.start()
    relay.wait_for(" block ")
    assert share().told.sequence == 1
    relay.tell("resume", symbol="JPM")
    relay.mine()
    # Sent, that is: a look before that block was refused, for the news was of a second that had not come on chain.
    relay.wait_for("; JPM on XNYS: NONE")
    relay.process.send_signal(signal.SIGINT)
    said, _ = relay.process.communicate(timeout=60)

    assert (relay.process.returncode, "Stopped." in said, "Traceback" in said) == (0, True, False)
    assert (share().told.sequence, share().halted) == (2, False)
    sent = [says for line in relay.log.read_text().splitlines() for says, _ in json.loads(line)["sent"]]
    assert [says for says in sent if "JPM on" in says] == ["JPM on XNYS: ASSET_HALTED T1", "JPM on XNYS: NONE"]


def test_relay__once__status_1_and_the_fault_when_the_source_is_none(relay, devnet, tmp_path):
    said = devnet.run(
        "market", "relay", "--file", str(tmp_path / "none"), "--log", str(relay.log), "--once", *OPERATOR, status=1
    )
    assert "none cannot be read" in said
    assert "Name one source" in devnet.run("market", "relay", *OPERATOR, status=2)
