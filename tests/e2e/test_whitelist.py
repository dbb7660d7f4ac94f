"""The whitelist's commands and its example on a devnet, as far as they only look."""

from __future__ import annotations

import re
import sys

import pytest

from stockade import whitelist
from tests.e2e.conftest import Devnet

UNKNOWN = "0x1D96F2f6BeF1202E4Ce1Ff6Dad0c2CB002861d3e"


def test_example__run_as_a_program__plans_the_whole_book(devnet: Devnet, tmp_path, monkeypatch):
    monkeypatch.setenv(whitelist.KEY_VARIABLE, whitelist.DEVELOPMENT_KEY.hex())
    path, url = tmp_path / "plan.jsonl", f"http://127.0.0.1:{devnet.port}"

    said = devnet.type(sys.executable, "examples/plan_a_book.py", url, str(devnet.deployment), str(path))

    plan = whitelist.load(path)
    assert said == f"{len(plan.rows)} to write, {plan.unchanged} unchanged, 0 refused at block {plan.block}\n"
    assert len(plan.rows) + plan.unchanged == 312


def test_plan__on_a_devnet__table_totals_and_a_file_that_loads(devnet: Devnet, tmp_path):
    path = tmp_path / "plan.jsonl"
    options = ["--registrar", "1", "--development-key", "--gas-price", "2"]

    said = devnet.run("whitelist", "plan", "examples/investors.csv", "--out", str(path), *options)

    rows = len(whitelist.load(path).rows) if path.exists() else 0
    assert re.search(rf"new wallets +│ +{rows} │", said)
    assert re.search(r"cost at 2 gwei, about │ \d+\.\d{6} ETH", said)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("plan", "examples/investors_bad.csv", "--registrar", "1"), 2, "22 faults. Nothing was sent"),
        (("plan", "examples/investors.csv", "--registrar", "9"), 2, "No account writes for registrar 9"),
        (("verify", "examples/investors.csv", "--registrar", "2"), 1, "312 wallets differ at block"),
        (("plan", "examples/investors.csv", "--sanctions", "README.md"), 2, "README.md, line "),
    ],
)
def test_command__what_is_wrong__one_sentence_and_its_status(devnet: Devnet, arguments, status, sentence):
    assert sentence in devnet.run("whitelist", *arguments, "--development-key", status=status)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("history", UNKNOWN), 0, f"{UNKNOWN} never had a record."),
        (("expiring", "--within", "soon"), 2, "'soon' is no time: write 30d for days or 12h for hours."),
        (("expiring", "--within", "1h"), 0, "0 wallets within 1h of "),
        (("check-proof", "README.md"), 2, "README.md is no proof of a row"),
        (("show", UNKNOWN), 0, "SENDER_UNKNOWN"),
    ],
)
def test_look__on_a_devnet__says_what_there_is(devnet: Devnet, arguments, status, sentence):
    assert sentence in devnet.run("whitelist", *arguments, status=status)
