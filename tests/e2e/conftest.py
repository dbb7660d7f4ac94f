"""The chain of `make devnet`, started once for all tests of this folder, and commands run against it as people do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stockade.deploy import deploy
from stockade.records import Role
from tests.e2e.applying import Place
from tests.e2e.faulty import Anvil, proxy
from tests.safe import Safe
from tests.support import ROOT

STARTED = "Every command explains itself"  # the last thing it says


@dataclass(frozen=True)
class Devnet:
    """A running `tools/devnet.py`; `said` is what it printed until it was ready."""

    process: subprocess.Popen[str]
    port: int
    deployment: Path
    said: str

    def run(self, *arguments: str, status: int = 0) -> str:
        """`ape run ...` against the chain: what it printed, after checking how it ended."""
        where = ["--network", "ethereum:devnet"]
        if "--deployment" not in arguments:
            where += ["--deployment", str(self.deployment)]
        return self.type("ape", "run", *arguments, *where, status=status)

    def type(self, *command: str, answer: str = "", status: int = 0) -> str:
        """A whole command, as typed in a second shell; `answer` is typed when it asks."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "STOCKADE_DEVNET_PORT": str(self.port), "COLUMNS": "200"},
            input=answer,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        assert "Traceback" not in said
        return said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int, deployment: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "tools/devnet.py", "--port", str(port), "--deployment", str(deployment)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read_until(process: subprocess.Popen[str], beginning: str) -> str:
    """What the process prints up to a line that begins so; fails when it ends before."""
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return "".join(lines)
    raise AssertionError(f"devnet ended with status {process.wait()}:\n{''.join(lines)}")


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Signals, and waits for the end: its status, and the rest of what it printed."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def discard(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts chains of a test's own; those that still run at its end are killed."""
    started: list[subprocess.Popen[str]] = []

    def one(port: int) -> subprocess.Popen[str]:
        started.append(start(port, tmp_path / "31337.json"))
        return started[-1]

    yield one
    for process in started:
        discard(process)


@pytest.fixture(scope="session")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    """One devnet for the session. At its end SIGTERM must leave nothing behind."""
    port = free_port()
    deployment = tmp_path_factory.mktemp("devnet") / "31337.json"
    process = start(port, deployment)
    try:
        yield Devnet(process, port, deployment, read_until(process, STARTED))
        status, said = end(process, signal.SIGTERM)
        assert status == 0, said
        assert "The chain has ended, its deployment file is removed." in said
        assert not deployment.exists()
    finally:
        discard(process)


@pytest.fixture(scope="session")
def suite_anvil(stage: Any, keys: SimpleNamespace) -> Iterator[tuple[Anvil, Any, Safe]]:
    """One anvil for the session, with the stage's suite on it, and a Safe that writes for registrar 1."""
    anvil = Anvil()
    safe = Safe.deploy(anvil.w3, keys.deployer, [keys.desk_a, keys.desk_b, keys.desk_c], 2)
    roles = {**stage.plan.roles, Role.REGISTRAR: (*stage.plan.roles[Role.REGISTRAR], safe.address)}
    registrars = {**stage.plan.registrars, safe.address: 1}
    yield anvil, deploy(anvil.w3, keys.deployer, replace(stage.plan, roles=roles, registrars=registrars)), safe
    anvil.kill()


@pytest.fixture
def place(suite_anvil: tuple[Anvil, Any, Safe], keys: SimpleNamespace, tmp_path: Path) -> Iterator[Place]:
    anvil, suite, safe = suite_anvil
    before = anvil.rpc("evm_snapshot")
    with proxy(anvil.url) as line:
        yield Place(anvil, line, suite, safe, keys, tmp_path)
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("anvil_dropAllTransactions")
    anvil.rpc("evm_revert", before)
