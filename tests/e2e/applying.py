"""A plan of any size, a chain to carry it out on, and processes that do."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from stockade import whitelist
from stockade.chain import KeySigner
from stockade.records import FROZEN_BIT, InvestorClass, InvestorRecord, Scope, Status
from stockade.sending import Settings
from stockade.suite import Deployment, Suite
from stockade.whitelist import Plan, PlannedRow, Result
from stockade.whitelist.plan import kind_of
from tests.conftest import key_of
from tests.e2e.faulty import Anvil, Proxy
from tests.safe import Safe

QUICK = Settings(pause=0.005, tries=12, patience=3)
REGISTRAR = KeySigner(key_of(6))
EXPIRES = 1_900_000_000

# Processes forked off one that has imported everything already: each is a real one, and starts at once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.e2e.applying"])

RECORD_SET = "0x" + keccak(text="RecordSet(address,uint256)").hex()


def wallet(number: int) -> str:
    return Web3.to_checksum_address(keccak(text=f"wallet {number}")[:20])


def record(number: int, **changes: Any) -> int:
    fields = {
        "investor_id": number + 1,
        "expires_at": EXPIRES,
        "registrar": 1,
        "country": 840,
        "investor_class": InvestorClass.RETAIL,
        "scopes": Scope.HOLD | Scope.TRANSFER,
        "status": Status.ACTIVE,
    }
    return InvestorRecord(**{**fields, **changes}).pack()


@dataclass
class Place:
    """A chain with a suite, a proxy before it, and everybody's keys."""

    anvil: Anvil
    line: Proxy
    suite: Suite
    safe: Safe
    keys: SimpleNamespace
    folder: Path

    @property
    def deployment(self) -> Path:
        path = self.folder / "deployment.json"
        self.suite.deployment.save(path)
        return path

    def through(self, timeout: float = 5) -> Suite:
        """The suite as seen through the proxy."""
        return Suite(self.line.w3(timeout), self.suite.deployment)

    def plan(self, *numbers: int, before: int = 0, **changes: Any) -> Plan:
        """Rows that make these wallets' records good ones with such changes; by default they have none yet."""
        rows = tuple(
            PlannedRow(
                number + 2,
                wallet(number),
                kind_of(before, after := record(number, **changes)),
                before,
                after,
                keccak(after.to_bytes(32, "big")),
            )
            for number in numbers
        )
        head = self.suite.w3.eth.get_block("latest")
        return Plan(
            chain_id=self.suite.deployment.chain_id,
            registry=self.suite.registry.address,
            registrar=1,
            block=head["number"],
            block_hash=bytes(head["hash"]),
            file_hash=bytes(32),
            complete=False,
            sanctions="",
            unchanged=0,
            rows=rows,
        )

    def apply(self, plan: Plan, timeout: float = 5, **options: Any) -> Result:
        """By the library, through the proxy."""
        options = {"settings": QUICK, "most_rows": 4, **options}
        return whitelist.apply(self.through(timeout), REGISTRAR, plan, self.folder / "journal", **options)

    def start(self, plan: Path, most_rows: int = 4) -> BaseProcess:
        """By a process of its own, through the proxy. It leaves its result in the file `result`."""
        given = (self.line.url, self.deployment, plan, self.folder, most_rows)
        process = PROCESSES.Process(target=carry_out, args=given, daemon=True)
        process.start()
        return process

    def written(self) -> Counter[str]:
        """How often each wallet's record was reported."""
        logs = self.suite.w3.eth.get_logs(
            {"address": self.suite.registry.address, "fromBlock": 0, "topics": [RECORD_SET]}
        )
        return Counter(Web3.to_checksum_address(bytes(log["topics"][1])[12:]) for log in logs)

    def records(self, plan: Plan) -> list[int]:
        """What stands on chain for the plan's rows, freezes aside."""
        return [self.suite.record(row.wallet).pack() & ~FROZEN_BIT for row in plan.rows]

    def write(self, signer: KeySigner, wallets: Sequence[str], words: Sequence[int]) -> None:
        """Past the plan."""
        self.suite.send(signer, self.suite.registry.functions.setRecords(list(wallets), list(words), b"\x11" * 32))


def carry_out(url: str, deployment: Path, plan: Path, folder: Path, most_rows: int) -> None:
    """What the process does."""
    suite = Suite(Web3(HTTPProvider(url, exception_retry_configuration=None)), Deployment.load(deployment))
    journal = folder / "journal"
    result = whitelist.apply(suite, REGISTRAR, whitelist.load(plan), journal, settings=QUICK, most_rows=most_rows)
    said = f"written {result.written}, stood {result.stood}, refused {len(result.refused)}"
    (folder / "result").write_text(said)
