"""`make demo` is run as its user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from stockade.suite import Deployment
from tests.support import ROOT

# By us-tsv a holder's own transfer survives the lapse; each other reason is provoked once, a halt twice.
REFUSED = {
    "EXECUTOR_UNKNOWN": 1,
    "HALTED": 2,
    "INSUFFICIENT_ALLOWANCE": 1,
    "INSUFFICIENT_BALANCE": 1,
    "INSUFFICIENT_UNFROZEN": 1,
    "LAPSED": 1,
    "PHASE_SUSPENDED": 1,
    "RECEIVER_RESERVED": 1,
    "RECEIVER_REVOKED": 1,
    "RECEIVER_TRADE_SCOPE": 1,
    "RECEIVER_UNKNOWN": 1,
    "SENDER_FROZEN": 1,
    "SENDER_TRANSFER_SCOPE": 1,
}
# Of each stream: its contract and the number of its entries.
STREAMS = [
    ("InvestorRegistry", 316),
    ("CustodyLedger", 28),
    ("ListingRegistry", 29),
    ("MarketStatus", 5),
    ("SuiteAuthority", 65),
    ("ShareToken", 35),
    ("ShareToken", 11),
    ("ShareToken", 7),
    ("ShareToken", 4),
]
SAID = (
    "2 of 3 sign, a Safe and keys",
    ": ListingObjectionPeriod",
    ": ListingObjected",
    ": MarketHeartbeatStale",
    "KOs is barred for good",
    "AAPLs, MSFTs, JPMs are ACTIVE",
    "MSFTs is halted",
    "version 2 holds",
    "488 records of everything above",
    "0 more records",
    "1 record REVERSED",
    "the regulator acknowledges 9 streams",
    "53 pairs compared",
    "Identical: 500 reports",
    "918, 918 of them acknowledged; 0 gaps",
    "Complete: 918 records",
    "values rebuilt and compared: 0 differ",
)


def command(folder: Path) -> list[str]:
    return ["ape", "run", "demo", "--folder", str(folder)]


def test_demo__on_a_chain_of_its_own__tells_the_story_and_adds_up(tmp_path: Path) -> None:
    run = subprocess.run(command(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    said = " ".join(run.stdout.split())
    assert [words for words in SAID if words not in said] == []
    addresses = Deployment.load(tmp_path / "deployment.json").addresses
    figures = json.loads((tmp_path / "summary.json").read_text())
    streams = figures.pop("streams")
    assert figures == {
        "whitelisted": 312,
        "tokens": [
            _token("AAPLs", "US0378331005", "1608", 8),
            _token("MSFTs", "US5949181045", "1645", 3),
            _token("JPMs", "US46625H1005", "1650", 3),
        ],
        "minted_shares": "4950",
        "burned_shares": "47",
        "transfers": {"accepted": 13, "refused": REFUSED},
        "redemptions": {"released": 3, "rejected": 1, "reclaimed": 1},
        "rebuilt_state_matches": True,
        "records": 918,
        "acked": 918,
        "gaps": 0,
        "verified": True,
    }
    assert [(stream["contract"], stream["records"]) for stream in streams] == STREAMS
    assert {(stream["gaps"], stream["chain_matches"]) for stream in streams} == {(0, True)}
    assert {stream["address"] for stream in streams[:5]} < set(addresses.values())
    assert _alive(tmp_path) == []


def _token(symbol: str, isin: str, shares: str, holders: int) -> dict[str, str | int]:
    return {
        "symbol": symbol,
        "isin": isin,
        "supply_shares": shares,
        "attested_shares": shares,
        "holders": holders,
    }


def test_demo__interrupted__ends_its_chain_and_says_no_traceback(tmp_path: Path) -> None:
    run = subprocess.Popen(command(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.stdout is not None
    said = ""
    while "The issuer deploys a suite" not in said:
        said += (line := run.stdout.readline())
        assert line, said
    (chain,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()

    run.send_signal(signal.SIGINT)
    rest, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "Traceback" not in rest
    assert not Path(f"/proc/{chain}").exists()


def _alive(folder: Path) -> list[str]:
    """The commands of processes that know the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:  # ended meanwhile
            continue
        if str(folder) in words and int(process.parent.name) != os.getpid():
            found.append(words)
    return found
