"""`make demo` is run as its user runs it, on the embedded chain and on anvil with a Safe among the attestors."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("network", "quorum"),
    [("ethereum:local:test", "2 of 3 sign, keys"), ("ethereum:local:foundry", "2 of 3 sign, a Safe and keys")],
    ids=["embedded", "anvil"],
)
def test_demo__on_a_local_chain__tells_the_story_and_adds_up(tmp_path: Path, network: str, quorum: str) -> None:
    file = tmp_path / "summary.json"
    run = subprocess.run(
        ["ape", "run", "demo", "--network", network, "--summary", str(file)],
        cwd=ROOT,
        env=None,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    said = " ".join(run.stdout.split())
    assert quorum in said
    for refusal in ("ListingObjectionPeriod", "ListingObjected", "MarketHeartbeatStale"):
        assert f": {refusal}" in said
    for act in ("KOs is barred for good", "AAPLs, MSFTs, JPMs are ACTIVE", "MSFTs is halted", "version 2 holds"):
        assert act in said
    figures = json.loads(file.read_text())
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
