"""The assurance runner believes only what tools wrote in this run, and says how to repeat what failed."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.support import ROOT


@cache
def tool(name: str) -> ModuleType:
    """A tool as a module. No fixture: one of a scope wider than a test would disturb Ape's isolation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        return import_module(name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where results go, instead of build/assurance/."""
    monkeypatch.setattr(tool("assure"), "FOLDER", tmp_path)
    return tmp_path


def job(command: str, **changes: Any) -> Any:
    """A job that runs a shell command and reads one row, good if found.json says so."""
    assure = tool("assure")

    def read():
        found = assure.read_json("found.json")
        yield assure.Row(1, "a law", "a method", "2", str(found["landed"]), 0.0, found["landed"] == 2)

    fields = {"name": "some", "command": ["sh", "-c", command], "read": read, "leaves": ("found.json",)}
    return assure.Job(**fields | changes)


# ---------------------------------------------------------------- one job


def test_run__all_is_as_it_should_be__rows_and_no_problem(folder):
    done = tool("assure").run(job(f"""echo '{{"landed": 2}}' > {folder}/found.json; echo fine"""), {})

    assert done.problems == []
    assert [row.successes for row in done.rows] == ["2"]
    assert (folder / "assure-some.log").read_text() == "fine\n"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("""echo '{"landed": 2}' > $OUT/found.json; exit 3""", "some: it ended with 3; "),
        ("""echo '{"landed": 1}' > $OUT/found.json""", "some: a law (a method): 1 of 2; "),
        ("""echo '{"landed"' > $OUT/found.json""", "some: its results cannot be read (JSONDecodeError("),
        ("""echo '{}' > $OUT/found.json""", "some: its results cannot be read (KeyError('landed')); "),
        ("true", "some: its results cannot be read (FileNotFoundError("),
    ],
    ids=["exit_status", "bad_row", "half_a_file", "another_file", "an_old_file"],
)
def test_run__something_is_wrong__is_said_with_command_and_log(folder, command, problem):
    """The last of them would be good, were the file that an earlier run left taken for this one's."""
    (folder / "found.json").write_text('{"landed": 2}')

    done = tool("assure").run(job(command, environment={"OUT": str(folder)}), {})

    (found,) = done.problems
    assert found.startswith(problem)
    assert f"repeat with `. tools/env.sh && OUT={folder} sh -c " in found
    assert found.endswith(f"its log is {folder}/assure-some.log")


def test_run__nothing_was_tried__is_a_problem(folder):
    done = tool("assure").run(job("true", read=lambda: iter(()), stdout="out.json"), {})

    assert [problem.split(";")[0] for problem in done.problems] == ["some: it tried nothing"]


# ---------------------------------------------------------------- reading forge


def result(kind: str, status: str = "Success", **numbers: int) -> dict[str, Any]:
    return {"status": status, "duration": "1m 2s 500ms", "kind": {kind: numbers}}


def forge(folder, **results: Any) -> list[Any]:
    """The rows of an output of forge; `invariant_law1_x=...`."""
    tests = {f"{name}()": found for name, found in results.items()}
    (folder / "forge.json").write_text(json.dumps({"tests/forge/Laws.t.sol:Laws": {"test_results": tests}}))
    return list(tool("assure").read_forge())


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """A project whose long profile asks for ten campaigns of four calls, and twenty fuzz runs."""
    assured = "[profile.assure]\ninvariant = {runs = 10, depth = 4}\nfuzz = {runs = 20}\n"
    (tmp_path / "foundry.toml").write_text(assured)
    monkeypatch.setattr(tool("assure"), "ROOT", tmp_path)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        (result("Invariant", runs=10, calls=40, reverts=3), True),
        (result("Invariant", runs=9, calls=40, reverts=0), False),
        (result("Invariant", runs=10, calls=39, reverts=0), False),
        (result("Invariant", runs=10, calls=40, reverts=40), False),
        (result("Invariant", "Failure", runs=10, calls=40, reverts=0), False),
    ],
    ids=["whole", "too_few_campaigns", "too_few_calls", "all_reverted", "failed"],
)
def test_read_forge__an_invariant__is_good_if_whole_and_successful(folder, profile, found, good):
    (row,) = forge(folder, invariant_law2_sumsAgree=found)

    assert (row.law, row.subject, row.seconds, row.good) == (2, "sums agree", 62.5, good)


@pytest.mark.parametrize(("runs", "good"), [(20, True), (19, False)])
def test_read_forge__a_fuzz_test__is_good_if_whole(folder, profile, runs, good):
    (row,) = forge(folder, testFuzz_multiplier__anyAmount__roundsDown=result("Fuzz", runs=runs))

    assert (row.law, row.subject, row.runs, row.good) == (0, "multiplier any amount rounds down", str(runs), good)


# ---------------------------------------------------------------- all laws


def test_missing_laws__one_left_out__is_named():
    assure = tool("assure")
    rows = [
        assure.Row(law, "", method, "", "", 0.0, True)
        for law in range(1, 9)
        for method in (assure.MACHINE, assure.INVARIANT)
        if (law, method) != (6, assure.MACHINE)
    ]

    assert assure.missing_laws(rows) == ["law 6 is tried by no Hypothesis machine"]
