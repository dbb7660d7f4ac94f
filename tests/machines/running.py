"""Running a machine: how many lives, and whether they were worth living."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture.engine import ConjectureRunner
from hypothesis.stateful import run_state_machine_as_test

from tests.machines.guards import guards
from tests.machines.laws import SuiteMachine
from tests.machines.scene import Scene

# The profile "ci" makes the same lives every time. STOCKADE_LIVES=7 makes seven times as many, STOCKADE_SEED=7 makes
# others. A life that fails is told as it was; STOCKADE_SHRINK=1 looks for a shorter one, for minutes.
TIMES = int(os.environ.get("STOCKADE_LIVES", "1"))
SEED = os.environ.get("STOCKADE_SEED")


def live(
    machine: type[SuiteMachine], scene: Scene, reasons: str, lives: int, steps: int, least: dict[str, int]
) -> None:
    """Runs the machine. `least`: how often each act must have been done, and each refusal been met. As chance may leave
    out what is rare, as many other lives follow, up to three times, until it was not.

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
        for more in range(4):
            lives_of = seed(f"{SEED} {more}")(machine) if SEED or more else machine
            run_state_machine_as_test(lives_of, settings=few)
            vacuous = _vacuous(scene, least)
            if not vacuous:
                break

    table: dict[str, dict[str, int]] = defaultdict(dict)
    for (function, ending), count in sorted(scene.play.seen.items()):
        table[function][ending] = count
    for function, endings in table.items():
        print(f"{function}: {endings}")
    assert not vacuous, f"too seldom: {vacuous}"


def _vacuous(scene: Scene, least: dict[str, int]) -> dict[str, str]:
    """What was done or met less often than it must."""
    found: Counter[str] = Counter()
    for (function, ending), count in scene.play.seen.items():
        found[function if ending == "done" else ending] += count
    return {name: f"{found[name]} of {wanted}" for name, wanted in least.items() if found[name] < wanted}
