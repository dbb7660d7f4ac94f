"""The copy in which contracts are broken on purpose (tools/sandbox.py), and the choice of mutants (tools/mutate.py)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import ROOT

CONTRACT = "contracts/ReasonText.sol"
MANIFEST = "src/stockade/manifest.json"
PATCH = """An explanation above the diff is passed over.
--- a/docs/mutants.md
+++ b/docs/mutants.md
@@ -1,3 +1,3 @@
-{title}
+# Another title
 {below}
--- /dev/null
+++ b/docs/new.md
@@ -0,0 +1 @@
+A new file.
"""


@pytest.fixture(scope="module")
def tools() -> Iterator[SimpleNamespace]:
    """The tools' modules, which import each other as programs do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        import mutants
        import mutate
        import sandbox

        yield SimpleNamespace(mutants=mutants, mutate=mutate, sandbox=sandbox)


@pytest.fixture(scope="module")
def copy(tools: SimpleNamespace) -> Iterator[Any]:
    with tools.sandbox.Sandbox.make("test") as box:
        yield box
    assert not box.folder.exists()


@pytest.fixture
def box(copy: Any) -> Iterator[Any]:
    yield copy
    copy.reset()


# --- the copy ---


def test_make__of_the_project__holds_its_own_files_and_package(box: Any) -> None:
    assert box.read(CONTRACT) == (ROOT / CONTRACT).read_text()
    assert json.loads(box.read(MANIFEST))["contracts"].keys() >= {"ShareToken", "ERC1967Proxy"}
    found = box.run(
        ["python", "-c", "import os, stockade; print(stockade.__file__, os.environ['APE_DATA_FOLDER'])"], 60
    )
    assert found.stdout.split() == [str(box.folder / "src/stockade/__init__.py"), str(box.folder / ".ape")]
    assert not (box.folder / ".ape" / "accounts").exists()


def test_build__by_change__names_what_the_chain_would_notice(box: Any, tools: SimpleNamespace) -> None:
    original = json.loads(box.read(MANIFEST))
    source = box.read(CONTRACT)
    box.write(CONTRACT, source + "// A comment.\n")
    assert box.build() == []
    box.write(CONTRACT, source.replace("return ", "return nothing ", 1))
    with pytest.raises(tools.sandbox.SandboxError, match=f"Error.*\n.*{CONTRACT}"):
        box.build()
    box.write(CONTRACT, source.replace("Transfers are paused.", "Transfers are stopped.", 1))
    assert box.build() == ["ReasonText"]

    broken = json.loads(box.read(MANIFEST))
    changed = {name for name, entry in broken["contracts"].items() if entry != original["contracts"][name]}
    assert changed == {"ReasonText"}
    assert broken["sources"] != original["sources"]
    box.reset()
    assert json.loads(box.read(MANIFEST)) == original
    assert box.read(CONTRACT) == source


def test_apply__a_patch__changes_the_copy_until_it_is_reset(box: Any, tmp_path: Path) -> None:
    title, *below = box.read("docs/mutants.md").splitlines()[:3]
    patch = tmp_path / "good.patch"
    patch.write_text(PATCH.format(title=title, below="\n ".join(below)))
    assert box.apply(patch) == ["docs/mutants.md", "docs/new.md"]
    assert box.read("docs/mutants.md").startswith("# Another title\n")
    assert box.read("docs/new.md") == "A new file.\n"
    box.reset()
    assert box.read("docs/mutants.md").startswith(title)
    assert not (box.folder / "docs" / "new.md").exists()
    assert (ROOT / "docs" / "mutants.md").read_text().startswith(title)


def test_apply__a_patch_that_does_not_fit__refused(box: Any, tools: SimpleNamespace, tmp_path: Path) -> None:
    patch = tmp_path / "bad.patch"
    patch.write_text(PATCH.format(title="# What nobody wrote", below="nor this\n nor that"))
    with pytest.raises(tools.sandbox.SandboxError, match=r"bad\.patch does not apply"):
        box.apply(patch)
    assert not (box.folder / "docs" / "new.md").exists()


def test_importers__of_a_changed_file__over_every_step(tools: SimpleNamespace) -> None:
    sources = {
        "contracts/types/A.sol": "",
        "contracts/token/B.sol": 'import {A} from "../types/A.sol";',
        "contracts/C.sol": 'import {\n    B\n} from "./token/B.sol";',
        "contracts/D.sol": 'import {X} from "@openzeppelin/contracts/X.sol";',
    }
    reached = tools.sandbox.importers({"contracts/types/A.sol"}, sources)
    assert reached == {"contracts/types/A.sol", "contracts/token/B.sol", "contracts/C.sol"}
    assert tools.sandbox.imported({"contracts/C.sol"}, sources) == {"contracts/types/A.sol", "contracts/token/B.sol"}
    assert tools.sandbox.imported({"contracts/D.sol"}, sources) == {"@openzeppelin/contracts/X.sol"}


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [
        (0, "3 passed in 1s", ("passed", "")),
        (1, "FAILED tests/a.py::test_x[1-2] - assert 1 == 2\n1 failed", ("failed", "tests/a.py::test_x[1-2]")),
        (1, "ERROR tests/a.py::test_x - RuntimeError\n1 error", ("broken", "tests/a.py::test_x")),
        (2, "ERROR tests/a.py - ImportError\n1 error", ("broken", "tests/a.py")),
        (4, "ERROR: file or directory not found: tests/b.py", ("broken", "")),
        (5, "no tests ran", ("broken", "")),
        (-9, "", ("broken", "")),
    ],
)
def test_judge_pytest__by_what_it_said__told_apart(
    tools: SimpleNamespace, code: int, output: str, expected: tuple[str, str]
) -> None:
    outcome, test, _ = tools.sandbox.judge_pytest(subprocess.CompletedProcess([], code, output, ""))
    assert (outcome, test) == expected


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [
        (0, "Ran 1 test suite in 2ms: 2 tests passed, 0 failed", ("passed", "")),
        (0, "No tests found in project!", ("broken", "")),
        (1, "[PASS] test_a() (gas: 1)\n[FAIL: panic: 0x01] testFuzz_b(uint256) (runs: 1)", ("failed", "testFuzz_b")),
        (1, "[FAIL: EvmError: Revert] setUp() (gas: 0)", ("broken", "setUp")),
        (1, "Error (7576): Undeclared identifier.", ("broken", "")),
    ],
)
def test_judge_forge__by_what_it_said__told_apart(
    tools: SimpleNamespace, code: int, output: str, expected: tuple[str, str]
) -> None:
    outcome, test, _ = tools.sandbox.judge_forge(subprocess.CompletedProcess([], code, output, ""))
    assert (outcome, test) == expected


# --- mutants ---

ORIGINAL = "a\n\n  if (x == y) z;\nb\n"


@pytest.mark.parametrize(
    ("operator", "mutated", "expected"),
    [
        ("BinaryOpMutation(`==` |==> `<`)", "  if (x < y) z;", "  if (x < y) z;"),
        ("BinaryOpMutation(`==` |==> `+`)", "  if (x + y) z;", None),
        ("UnaryOperatorMutation(`!` |==> `~`)", "  if (~x) z;", None),
        ("IfStatementMutation(`x\n== y` |==> `true`)", "  if (true) z;", "  if (true) z;"),
        ("AssignmentMutation(`x` |==> `x`)", "  if (x == y) z;", None),
    ],
)
def test_to_mutant__by_operator__only_what_can_compile(
    tools: SimpleNamespace, operator: str, mutated: str, expected: str | None
) -> None:
    text = f"a\n\n  /// {operator} of: `if`\n{mutated}\nb\n"
    mutant = tools.mutants.to_mutant("contracts/A.sol", ORIGINAL, text)
    assert (mutant.added if mutant else None) == ((expected,) if expected else None)
    if mutant:
        assert mutant.apply(ORIGINAL) == f"a\n\n{mutated}\nb\n"
        assert mutant.diff(ORIGINAL) == [" a", " ", "-  if (x == y) z;", f"+{mutated}", " b"]


def test_explain__by_diff__fits_one_place_or_is_complained_about(tools: SimpleNamespace) -> None:
    source = "first\nx;\nsecond\nx;\nthird\n"
    mutants = [tools.mutants.Mutant("contracts/A.sol", line, ("x;",), ("y;",), "BinaryOp") for line in (2, 4)]
    document = "# T\n\n## contracts/A.sol\n\n### Why\n\nA reason\nin two lines.\n\n```diff\n{diff}\n```\n"

    def explain(diff: str) -> tuple[dict[str, str], list[str]]:
        known = tools.mutants.read_explanations(document.format(diff=diff))
        reasons, complaints = tools.mutants.explain(mutants, {"contracts/A.sol": source}, known)
        return reasons, [complaint.split(":")[1] for complaint in complaints]

    assert explain(" first\n-x;\n+y;") == ({mutants[0].key: "A reason in two lines."}, [])
    assert explain("-x;\n+z;") == ({}, [" fits no mutant"])
    assert explain(" x;\n-x;\n+y;") == ({}, [" fits no mutant"])
    assert explain("-x;\n+y;")[1] == [" fits 2 mutants; give it lines of context"]


def test_read_explanations__without_a_reason__refused(tools: SimpleNamespace) -> None:
    with pytest.raises(tools.mutants.MutateError, match="without file or reason"):
        tools.mutants.read_explanations("## contracts/A.sol\n\n### Why\n\n```diff\n-x\n+y\n```\n")


# --- the sample ---


@pytest.mark.parametrize("jobs", [1, 3])
def test_hunt__with_any_number_of_jobs__samples_the_same(tools: SimpleNamespace, tmp_path: Path, jobs: int) -> None:
    """Every third mutant does not count; the sample is the first ten that do."""
    mutants = [tools.mutants.Mutant("contracts/A.sol", line, ("x",), ("y",), "BinaryOp") for line in range(100)]
    journal = tools.mutate.Journal(tmp_path / "journal.jsonl")
    for mutant in mutants:
        journal.add(tools.mutate.Finding(mutant.key, "invalid" if mutant.line % 3 == 2 else "killed"))
    hunt = tools.mutate.Hunt(mutants, 10, {}, journal, 1.0)
    threads = [threading.Thread(target=hunt.work, args=(None, lambda *_: None)) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mutant.line for mutant, _ in hunt.findings) == list(range(14))


def test_journal__cut_short_by_a_kill__forgets_only_its_last_line(tools: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = tools.mutate.Journal(path)
    for key in ("one", "two"):
        journal.add(tools.mutate.Finding(key, "killed", "tests/a.py::test_x", 1.5))
    path.write_text(path.read_text()[:-5])
    again = tools.mutate.Journal(path)
    again.add(tools.mutate.Finding("three", "survived"))
    assert list(tools.mutate.Journal(path).findings) == ["one", "three"]
    assert again.findings["one"] == journal.findings["one"]
