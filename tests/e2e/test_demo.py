"""`make demo` is run as its user runs it."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

from tests.support import ROOT

# By us-tsv a holder's own transfer survives the lapse; each other reason is provoked once.
REASONS = {
    "EXECUTOR_UNKNOWN",
    "HALTED",
    "INSUFFICIENT_ALLOWANCE",
    "INSUFFICIENT_BALANCE",
    "INSUFFICIENT_UNFROZEN",
    "LAPSED",
    "PHASE_SUSPENDED",
    "RECEIVER_RESERVED",
    "RECEIVER_REVOKED",
    "RECEIVER_TRADE_SCOPE",
    "RECEIVER_UNKNOWN",
    "SENDER_FROZEN",
    "SENDER_TRANSFER_SCOPE",
}


def test_demo__on_a_chain_of_its_own__tells_the_story_and_adds_up(tmp_path: Path) -> None:
    command = ["ape", "run", "demo", "--folder", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    said = " ".join(run.stdout.split())
    assert "2 of 3 sign, a Safe and keys" in said
    for refusal in ("ListingObjectionPeriod", "ListingObjected", "MarketHeartbeatStale"):
        assert f": {refusal}" in said
    for act in ("KOs is barred for good", "AAPLs, MSFTs, JPMs are ACTIVE", "MSFTs is halted", "version 2 holds"):
        assert act in said
    figures = json.loads((tmp_path / "summary.json").read_text())
    assert figures["whitelisted"] == 312
    assert [token["symbol"] for token in figures["tokens"]] == ["AAPLs", "MSFTs", "JPMs"]
    for token in figures["tokens"]:
        assert Decimal(token["supply_shares"]) <= Decimal(token["attested_shares"])
        assert token["holders"] >= 3
    supply = sum(Decimal(token["supply_shares"]) for token in figures["tokens"])
    assert supply == Decimal(figures["minted_shares"]) - Decimal(figures["burned_shares"])
    assert set(figures["transfers"]["refused"]) == REASONS
    assert figures["redemptions"] == {"released": 3, "rejected": 1, "reclaimed": 1}
    assert [stream["gaps"] for stream in figures["streams"]] == [0] * 9
    assert all(stream["chain_matches"] for stream in figures["streams"])
    assert figures["rebuilt_state_matches"] is True
