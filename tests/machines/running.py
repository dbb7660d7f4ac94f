"""Running a machine: how many lives, and whether they were worth living."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture.engine import ConjectureRunner
from hypothesis.stateful import run_state_machine_as_test

from tests.machines.guards import guards
from tests.machines.laws import SuiteMachine
from tests.machines.scene import Scene

# The profile "ci" makes the same lives every time. A longer run makes more of them: STOCKADE_LIVES=10. Another seed
# makes others: STOCKADE_SEED=7. A life that fails is told as it was; STOCKADE_SHRINK=1 looks for a shorter one.
TIMES = int(os.environ.get("STOCKADE_LIVES", "1"))
SEED = os.environ.get("STOCKADE_SEED")


def live(
    machine: type[SuiteMachine], scene: Scene, reasons: str, lives: int, steps: int, least: dict[str, Any]
) -> None:
    """Runs the machine. `least`: how often each act must have been done, and each refusal met, in one run of `lives`.

    Prints how acts ended (`pytest -rP`), so that a threshold can be judged.
    """
    machine.scene, machine.guards, machine.reasons = scene, guards(scene), reasons
    scene.play.seen.clear()
    few = settings(
        max_examples=lives * TIMES,
        stateful_step_count=steps,
        deadline=None,
        phases=list(Phase) if os.environ.get("STOCKADE_SHRINK") else [Phase.generate],
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    with pytest.MonkeyPatch.context() as patch:
        # Six of seven lives would be copies of another with a few steps repeated, which finds nothing here.
        patch.setattr(ConjectureRunner, "generate_mutations_from", lambda runner, data: None)
        run_state_machine_as_test(seed(int(SEED))(machine) if SEED else machine, settings=few)

    done: dict[str, int] = defaultdict(int)
    endings: dict[str, int] = defaultdict(int)
    for (function, ending), count in scene.play.seen.items():
        endings[ending] += count
        done[function] += count if ending == "done" else 0
    for function in sorted({name for name, _ in scene.play.seen}):
        ends = {end: count for (name, end), count in sorted(scene.play.seen.items()) if name == function}
        print(f"{function}: {ends}")
    vacuous = {
        name: (done[name] or endings[name], least[name])
        for name in least
        if max(done[name], endings[name]) < least[name]
    }
    assert not vacuous, f"too seldom (found, wanted): {vacuous}"
