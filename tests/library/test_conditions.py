"""docs/conditions.md cannot rot: every requirement is there, and every file, symbol and test it names exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT

NUMBERS = [f"R{number}" for number in range(1, 43)] + [f"A{number}" for number in range(1, 15)]
CITING = ("README.md", "contracts", "docs", "examples", "scripts", "src", "tools")
SOLIDITY = r"\b(?:function|contract|library|interface|struct|enum|error|event|constant)\s+{}\b"


def states_of_requirements() -> dict[str, str]:
    """The state of each number, as docs/requirements.md says it."""
    parts = re.split(r"(?m)^### ([RA]\d+) .*$", (ROOT / "docs" / "requirements.md").read_text())[1:]
    return {
        number: re.findall(r"(?m)^- \*\*(\w+)\*\*: ", text)[0]
        for number, text in zip(parts[::2], parts[1::2], strict=True)
    }


def conditions() -> list[tuple[str, str, str]]:
    """Number, state and text of each entry of docs/conditions.md, those of its table too."""
    text = (ROOT / "docs" / "conditions.md").read_text()
    parts = re.split(r"(?m)^### ([RA]\d+) (\w+)$|^## No code$", text)[1:]
    entries = [tuple(parts[i : i + 3]) for i in range(0, len(parts), 3) if parts[i]]
    return entries + [(*row, "") for row in re.findall(r"(?m)^\| ([RA]\d+) \| (\w+) \| .+ \|$", text)]


def named(text: str, kind: str) -> Iterator[tuple[str, list[str]]]:
    """Each path of an entry's code or test line, with the names that follow it."""
    for line in re.findall(rf"(?ms)^- {kind}: (.+?)(?=^- |^$|\Z)", text):
        for place in line.split(";"):
            path, *names = re.findall(r"`([^`]+)`", place)
            yield path, names


ENTRIES = conditions()
WITH_CODE = [entry for entry in ENTRIES if entry[1] in ("built", "part")]


@cache
def defined(path: Path) -> set[str]:
    """What a Python file defines at any depth."""
    tree = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in tree if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_conditions__numbers__all_of_both_documents_once_and_in_the_same_state():
    states = states_of_requirements()

    assert list(states) == NUMBERS
    assert sorted(number for number, *_ in ENTRIES) == sorted(NUMBERS)
    assert {number: state for number, state, _ in ENTRIES} == states
    assert set(states.values()) <= {"built", "part", "later", "duty"}


@pytest.mark.parametrize(("number", "state", "text"), WITH_CODE, ids=[entry[0] for entry in WITH_CODE])
def test_conditions__with_code__every_file_symbol_and_test_exists(number, state, text):
    code, tests = list(named(text, "code")), list(named(text, "test"))

    assert code
    assert tests
    for path, names in code:
        assert (ROOT / path).is_file(), path
        for name in names:
            if path.endswith(".sol"):
                assert re.search(SOLIDITY.format(name), (ROOT / path).read_text()), f"{path} has no {name}"
            else:
                assert name in defined(ROOT / path), f"{path} has no {name}"
    for path, names in tests:
        assert names, f"{path}: no test named"
        for name in names:
            assert name.startswith("test_")
            assert name in defined(ROOT / path), f"{path} has no {name}"


def test_conditions__without_code__names_no_file():
    assert not [number for number, state, text in ENTRIES if state in ("later", "duty") and "`" in text]


def test_numbers__cited_anywhere__stand_in_the_requirements():
    cited = {}
    for place in CITING:
        top = ROOT / place
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.suffix in (".md", ".py", ".sol", ".toml") and ".cache" not in path.parts:
                for number in re.findall(r"\b[RA]\d{1,2}\b", path.read_text()):
                    cited.setdefault(number, path)

    assert {"R1", "R8", "R15", "A5"} <= cited.keys()
    assert {number: path for number, path in cited.items() if number not in NUMBERS} == {}
