"""The gateway as a process: who may reach it, and what SIGKILL does to it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from stockade.gateway.cli import main
from stockade.keys import GATEWAY_KEY, GATEWAY_TOKEN
from tests.reporting.made import GATEWAY, REPORTER, Maker, listening, submission
from tests.reporting.told import Told

KEY = "0x" + 32 * "11"
SECRET = "a-token-of-twenty-or-more"


def run(*arguments: str, **environment: str | None) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments, env={GATEWAY_KEY: KEY, GATEWAY_TOKEN: None, **environment})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output.strip()


# ---------------------------------------------------------------- who may reach it


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_serve__beyond_loopback_without_a_token__is_refused_in_one_sentence(tmp_path, host):
    status, said = run("serve", "--host", host, "--store", f"sqlite:///{tmp_path}/g.db")

    assert (status, said) == (
        2,
        f"Error: {host} is not loopback: put a token into STOCKADE_GATEWAY_TOKEN, which everybody must then give.",
    )
    assert not (tmp_path / "g.db").exists()


@pytest.mark.parametrize("secret", ["short", "two words of a long token", "ä" * 30, "\x01" * 30])
def test_serve__a_token_that_is_none__is_refused_without_saying_it(tmp_path, secret):
    status, said = run("serve", "--store", f"sqlite:///{tmp_path}/g.db", **{GATEWAY_TOKEN: secret})

    assert (status, said) == (
        2,
        "Error: STOCKADE_GATEWAY_TOKEN is no token: give at least 20 visible ASCII characters.",
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--rpc", "http://127.0.0.1:9"], "Linking needs both: give --rpc and --deployment, or neither."),
        (["--id", "no id"], "'no id' is no id: give 1 to 64 letters"),
        (["--store", "mysql://x"], "The store is no address of a database"),
    ],
)
def test_serve__wrong_options__are_refused_in_one_sentence(tmp_path, arguments, why):
    status, said = run("serve", "--store", f"sqlite:///{tmp_path}/g.db", *arguments)

    assert status == 2
    assert said.startswith(f"Error: {why}")
    assert "\n" not in said


def test_reporter_add__an_account__is_known_and_listed(tmp_path):
    store = ["--store", f"sqlite:///{tmp_path}/g.db"]

    assert run("reporter", "add", "TEST", REPORTER.address, *store) == (0, f"TEST is known by {REPORTER.address}.")
    assert run("reporter", "add", "TEST", "0x12", *store)[0] == 2
    assert run("reporter", "add", "T T", REPORTER.address, *store)[0] == 2
    assert REPORTER.address in run("reporter", "list", *store, COLUMNS="120")[1]


def test_every_endpoint__with_a_token__asks_for_it(tmp_path):
    with listening(f"sqlite:///{tmp_path}/g.db", SECRET) as gateway:
        made = Maker()
        made.listing()
        assert gateway.post(made.submission()).status_code == 200
        paths = ["health", "next?reporter=TEST", "records", "streams", "schema", "reporters", "acks?reporter=TEST"]
        assert [gateway.client.get(f"/v1/{path}").status_code for path in paths] == [200] * len(paths)

        for header in (
            {},
            {"Authorization": SECRET},
            {"Authorization": f"Bearer {SECRET}x"},
            {"Authorization": "Bearer"},
        ):
            with httpx.Client(base_url=gateway.url, headers=header) as stranger:
                answers = [stranger.get(f"/v1/{path}") for path in paths]
                answers.append(stranger.post("/v1/submissions", json=made.submission()))
                assert {answer.status_code for answer in answers} == {401}
                assert answers[0].json() == {"error": "This gateway asks for its bearer token."}
                assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_any_request__to_a_broken_database__is_answered_in_one_sentence(tmp_path):
    with listening(f"sqlite:///{tmp_path}/g.db") as gateway:
        with gateway.store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE ack")
        made = Maker()
        made.listing()

        answer = gateway.post(made.submission())

        assert (answer.status_code, answer.json()) == (
            503,
            {"error": "The gateway's database does not answer: try again later."},
        )
        assert gateway.get("records")["records"] == []


# ---------------------------------------------------------------- killed


class Process:
    """`stockade-gateway serve` on a port of its own."""

    def __init__(self, *arguments: str) -> None:
        command = ["stockade-gateway", "serve", "--port", "0", "--id", "TEST-GATEWAY", *arguments]
        environment = {**os.environ, GATEWAY_KEY: KEY, "COLUMNS": "200"}
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said.startswith(f"Gateway TEST-GATEWAY ({GATEWAY.address}) listens on http://127.0.0.1:"), said
        self.client = httpx.Client(base_url=said.split()[-1], timeout=60)

    def post(self, records: list[dict[str, Any]]) -> int:
        return self.client.post("/v1/submissions", json=submission(records)).status_code

    def acks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self._page(found[-1]["ackId"] if found else 0):
            found += page
        return found

    def _page(self, after: int) -> list[dict[str, Any]]:
        answer = self.client.get("/v1/acks", params={"reporter": "TEST", "after": after})
        return list(answer.json()["acks"])

    def until(self, true: Callable[[], bool]) -> None:
        """Asks until it is so; a test's own time is the limit."""
        for _ in range(20_000):
            if true():
                return
        raise AssertionError(self.client.get("/v1/health").text)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self) -> int:
        self.client.close()
        self._process.communicate(timeout=60)
        return self._process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []
    run("reporter", "add", "TEST", REPORTER.address, "--store", f"sqlite:///{tmp_path}/g.db")

    def one(*arguments: str) -> Process:
        started.append(Process("--store", f"sqlite:///{tmp_path}/g.db", *arguments))
        return started[-1]

    yield one
    for process in started:
        process.kill()


def test_gateway__killed_while_it_takes_and_links__has_said_everything_once(start: Callable[..., Process], told: Told):
    arguments = ["--rpc", told.node.suite.w3.provider.endpoint_uri, "--deployment", str(told.node.deployment)]
    arguments += ["--poll", "50"]
    half = len(told.records) // 2
    finals = {record["seq"] for record in told.records if record["finality"] == "FINAL"}

    first = start(*arguments)
    assert first.post(told.records[:half]) == 200
    first.kill()  # while it reads the chain
    second = start(*arguments)
    assert second.post(told.records[half : half + 1]) == 200
    second.until(lambda: any(ack["stage"] == "LINKED" for ack in second.acks()))
    second.kill()  # while it links, or just after
    third = start(*arguments)
    assert third.post(told.records[:half]) == 200  # as one sends again who heard nothing
    assert third.post(told.records[half:]) == 200

    def linked() -> Counter[int]:
        said = [ack for ack in third.acks() if ack["stage"] == "LINKED"]
        return Counter(seq for ack in said for seq in range(ack["first"], ack["last"] + 1))

    third.until(lambda: set(linked()) >= finals)
    assert linked() == Counter(finals)
    acks = third.acks()
    assert [ack["ackId"] for ack in acks] == list(range(1, len(acks) + 1))
    assert {ack["stage"] for ack in acks} == {"RECEIVED", "VALIDATED", "LINKED"}
    assert third.client.get("/v1/health").json()["trouble"] is None
    assert third.stop() == 0
