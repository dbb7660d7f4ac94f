"""The committed gas figures are what the contracts cost: measured again on anvil, exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

SNAPSHOT = ROOT / "snapshots" / "gas.json"


def check(snapshot: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/gas.py", "--check", "--snapshot", str(snapshot)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_gas__committed_snapshot__is_what_is_measured() -> None:
    run = check(SNAPSHOT)

    assert run.returncode == 0, run.stdout + run.stderr


def test_gas__one_figure_off_by_one__stale(tmp_path: Path) -> None:
    figures = json.loads(SNAPSHOT.read_text())
    figures["transfer_existing"] += 1
    other = tmp_path / "gas.json"
    other.write_text(json.dumps(figures, indent=2) + "\n")

    run = check(other)

    assert (run.returncode, run.stderr) == (1, "gas.json is stale: run `make gas` and commit it.\n")
