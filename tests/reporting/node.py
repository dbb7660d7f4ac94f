"""An anvil on which the eventful life was lived: a real node, over HTTP, whose storage can be tampered with."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from web3 import HTTPProvider, Web3

from stockade import opening
from stockade.deploy import deploy
from stockade.listing import read_listings
from stockade.suite import Suite
from tests.reporting.life import Life
from tests.support import EXAMPLES, ROOT


@dataclass(frozen=True)
class Node:
    """An anvil on which the eventful life was lived, with the deployment's file."""

    life: Life
    port: int
    deployment: Path

    @property
    def suite(self) -> Suite:
        return self.life.suite

    def rpc(self, method: str, *params: Any) -> Any:
        return self.suite.w3.provider.make_request(method, list(params))["result"]

    def tamper(self, address: str, slot: int, value: int) -> None:
        self.rpc("anvil_setStorageAt", address, "0x" + slot.to_bytes(32).hex(), "0x" + value.to_bytes(32).hex())

    def run(self, *arguments: str, status: int = 0) -> str:
        """`ape run report ...`: what it printed, after checking how it ended."""
        command = ["ape", "run", "report", *arguments, "--network", "ethereum:devnet"]
        environment = {**os.environ, "STOCKADE_DEVNET_PORT": str(self.port), "COLUMNS": "250"}
        command += ["--deployment", str(self.deployment)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr


def live(port: int, stage: Any, keys: SimpleNamespace, deployment: Path) -> Node:
    w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
    end = time.monotonic() + 60
    while not w3.is_connected():
        assert time.monotonic() < end, "anvil does not answer"

    def travel(seconds: int) -> None:
        w3.provider.make_request("evm_increaseTime", [seconds])
        w3.provider.make_request("evm_mine", [])

    share = read_listings(EXAMPLES / "listings.toml")["AAPL"]
    suite = deploy(w3, keys.deployer, replace(stage.plan, shares=(share,)))
    tokens = [token.address for token in suite.tokens()]
    opening.begin(suite, keys.issuer, tokens, opening.Papers.synthetic())
    travel(stage.plan.profile.clocks.notice_seconds)
    opening.activate(suite, keys.issuer, tokens)
    suite.deployment.save(deployment)
    return Node(Life(suite, share.token_symbol, keys, travel).live(), port, deployment)
