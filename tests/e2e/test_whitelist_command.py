"""The registrar's day, typed: plan, apply, a kill or two, verify, and a plan with nothing to do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from stockade.chain import KeySigner
from stockade.records import InvestorRecord, Status
from stockade.suite import Deployment, Suite
from tests.conftest import key_of
from tests.e2e.applying import REGISTRAR
from tests.e2e.faulty import Fault, proxy
from tests.safe import Safe
from tests.support import ROOT

HEADER = "wallet,investor_ref,country,class,scopes,expires_at,status,evidence"
KEY = ("--registrar", "1", "--development-key")


def book_of(name: str, rows: int) -> str:
    """Wallets of this test's own."""
    lines = [HEADER]
    for number in range(rows):
        seed = keccak(text=f"{name} {number}")
        wallet = Web3.to_checksum_address(seed[:20])
        lines.append(f"{wallet},{name}-{number},US,retail,HOLD|TRANSFER,2060-01-01,ACTIVE,0x{seed.hex()}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def devnet_suite(devnet):
    return Suite(Web3(HTTPProvider(f"http://127.0.0.1:{devnet.port}")), Deployment.load(devnet.deployment))


def test_whitelist_apply__the_command_killed_twice__verify_finds_book_and_chain_equal(devnet, tmp_path):
    book, plan = tmp_path / "book.csv", tmp_path / "plan.jsonl"
    book.write_text(book_of("killed", 1_500))
    assert "Written to" in devnet.run("whitelist", "plan", str(book), *KEY, "--out", str(plan))
    apply = ("whitelist", "apply", str(plan), "--account", "TEST::6", "--yes")

    with proxy(f"http://127.0.0.1:{devnet.port}") as line:
        environment = {**os.environ, "STOCKADE_DEVNET_PORT": line.url.rsplit(":", 1)[1]}
        command = ["ape", "run", *apply, "--network", "ethereum:devnet", "--deployment", str(devnet.deployment)]
        for request, fault in ((8, Fault.CUT_BEFORE), (22, Fault.CUT_AFTER)):
            with line.killing(request, fault) as doomed:
                process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
                doomed.append(process)
                said, _ = process.communicate(timeout=120)
            assert process.returncode == -signal.SIGKILL, said
    said = devnet.run(*apply)

    assert re.search(r"written +│ +1,500 │", said)
    assert re.search(r"transactions +│ +3 │", said)
    assert "Equal: 1,500 rows" in devnet.run("whitelist", "verify", str(book), *KEY)
    assert "Nothing to do" in devnet.run("whitelist", "plan", str(book), *KEY, "--out", str(tmp_path / "again.jsonl"))


def test_whitelist_apply__a_row_moved__named_the_rest_written_and_status_1(devnet, devnet_suite, tmp_path):
    book, plan = tmp_path / "book.csv", tmp_path / "plan.jsonl"
    book.write_text(book_of("moved", 3))
    devnet.run("whitelist", "plan", str(book), *KEY, "--out", str(plan))
    planned = [json.loads(line) for line in plan.read_text().splitlines()[1:4]]
    other = replace(InvestorRecord.unpack(int(planned[1]["after"], 16)), status=Status.REVOKED)
    call = devnet_suite.registry.functions.setRecords([planned[1]["wallet"]], [other.pack()], b"\x11" * 32)
    devnet_suite.send(REGISTRAR, call)

    said = devnet.run("whitelist", "apply", str(plan), "--account", "TEST::6", "--yes", status=1)

    assert re.search(r"written +│ +2 │", said)
    assert re.search(rf"3 +│ {planned[1]['wallet']} │ moved since block \d+: new, United States", said)
    assert "1 rows were not written; all others stand. Make a new plan for them." in said


def test_whitelist_apply__for_a_safe_without_a_number__refused_and_no_file_written(devnet, devnet_suite, tmp_path):
    book, plan = tmp_path / "book.csv", tmp_path / "plan.jsonl"
    book.write_text(book_of("safe", 1))
    devnet.run("whitelist", "plan", str(book), *KEY, "--out", str(plan))
    owner = KeySigner(key_of(30))
    safe = Safe.deploy(devnet_suite.w3, owner, [owner], 1).address

    said = devnet.run("whitelist", "apply", str(plan), "--safe", safe, status=2)

    assert f"Account {safe} writes for no registrar" in said
    assert list(tmp_path.glob("plan-safe-*")) == []
