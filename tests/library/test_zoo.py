"""The bug zoo in order: patches still apply, the index is whole, and the tests named are there. `make zoo` runs it."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest

from tests.support import ROOT


@cache
def zoo() -> ModuleType:
    """tools/zoo.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        return import_module("zoo")


def test_patches__applied_to_the_code_as_it_is__fit():
    # In a copy without a repository of its own, git would find the one around it and skip every file.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)}
    refused = []
    for bug in zoo().read_bugs():
        command = ["git", "apply", "--check", "--verbose", str(bug.path)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 or "Skipped" in done.stderr:
            refused.append((bug.name, done.stderr))

    assert refused == []


def test_index__every_class__has_a_patch_or_a_reason():
    planted = {bug.row for bug in zoo().read_bugs()}
    rows = zoo().read_rows()

    assert planted <= {row.name for row in rows}
    assert [row.name for row in rows if row.name not in planted and not row.absent] == []


def test_patches__tests_that_must_notice__exist():
    missing = []
    for bug in zoo().read_bugs():
        for test in bug.tests:
            file, _, function = test.partition("::")
            path, name = ROOT / file, function.partition("[")[0]
            if not path.is_file() or not re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE):
                missing.append((bug.name, test))

    assert missing == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Class: 7 a\nCase: b\nBug: c\n\n--- a/x\n", "01-bad.patch: its first lines must give Class"),
        ("Class: 1 a\nCase: b\nBug: c\nTest: d\nBug: e\n\n--- a/x\n", "01-bad.patch: its first lines must give Class"),
        ("Class: 1 a\nCase: b\nBug: c\n\n--- a/x\nTest: d\n", "01-bad.patch: its first lines must give Class"),
    ],
    ids=["another number", "two bugs", "a test in the diff alone"],
)
def test_read_bug__first_lines_not_whole__refused(tmp_path, text, problem):
    (path := tmp_path / "01-bad.patch").write_text(text)

    with pytest.raises(zoo().ZooError, match=f"^{problem}"):
        zoo().read_bug(path)
