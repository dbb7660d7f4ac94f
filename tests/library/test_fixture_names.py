"""Fixtures of one name have one scope, over all folders: Ape knows them by name alone, and isolates tests by it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent


def test_fixtures__of_one_name__have_one_scope():
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for file in sorted(TESTS.rglob("*.py")):
        if file.is_relative_to(TESTS / "e2e"):  # a process of its own
            continue
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            for decorator in getattr(function, "decorator_list", []):
                if (words := ast.unparse(decorator)).startswith("pytest.fixture"):
                    found[function.name][words.removeprefix("pytest.fixture")] = str(file.relative_to(TESTS))  # type: ignore[attr-defined]

    assert found
    assert {name: scopes for name, scopes in found.items() if len(scopes) > 1} == {}
