"""Storms by seed: a short one in every run, the long ones and every seed that ever failed in `make assure`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.storm.aftermath import require_whole
from tests.storm.storm import Storm

SEEDS = Path(__file__).with_name("seeds.txt")
SHORT, LONG = 6, 50
SEED = int(os.environ.get("STOCKADE_STORM_SEED", "1"))

Property = Callable[[str, Any], None]


def kept() -> list[tuple[int, int]]:
    """(seed, kills) of the storms that failed once."""
    lines = (line.split("#")[0].split() for line in SEEDS.read_text().splitlines())
    return [(int(words[0]), int(words[1])) for words in lines if words]


def weather(seed: int, kills: int, folder: Path, store: str, workers: int, record_property: Property) -> None:
    """One storm. What fails is kept, and what happened is printed."""
    storm = Storm(seed, folder, store, workers)
    try:
        with storm.raging():
            storm.rage(kills)
            storm.calm()
            records, reversals = require_whole(storm)
    except Exception:
        if (seed, kills) not in kept():
            with suppress(OSError), SEEDS.open("a") as file:
                file.write(f"{seed} {kills}\n")
        raise
    finally:
        print(f"seed {seed}: {dict(storm.happened)}, chain {dict(storm.chain.happened)}")
    killed = sum(number for what, number in storm.happened.items() if what.endswith("killed"))
    assert killed >= kills
    replaced = storm.chain.happened["replace"] + storm.chain.happened["fall_back"]
    told = {"kills": killed, "reorganisations": replaced, "records": records, "reversals": reversals}
    for name, number in told.items():
        record_property(name, number)


def test_storm__short__nothing_lost(tmp_path: Path, record_property: Property) -> None:
    weather(1, SHORT, tmp_path, f"sqlite:///{tmp_path}/store.db", 1, record_property)


@pytest.mark.long
@pytest.mark.parametrize(("seed", "kills"), [(SEED, LONG), *kept()])
def test_storm__on_sqlite__nothing_lost(seed: int, kills: int, tmp_path: Path, record_property: Property) -> None:
    weather(seed, kills, tmp_path, f"sqlite:///{tmp_path}/store.db", 1, record_property)


@pytest.mark.long
def test_storm__on_postgres_with_two_workers__nothing_lost(
    tmp_path: Path, storm_store: str, record_property: Property
) -> None:
    weather(SEED, LONG, tmp_path, storm_store, 2, record_property)
