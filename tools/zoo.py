"""Prove that the tests notice known bugs: plant each of tests/zoo/*.patch in a copy and require a failing test.

A patch plants one bug in our own code. Lines before the diff say what it is and who must notice:

    Class: 15 transfer to oneself inflates      a row of tests/zoo/index.toml, which also says why some have no patch
    Case: where this has happened
    Bug: what the patch does
    Test: tests/contracts/test_transfer.py::test_x      one line for each; as narrow as it goes

First the named tests must pass in an unchanged copy. Then every patch must apply, compile and make one of its tests
fail: a fixture that breaks, an import error or a time-out does not count. Results: build/assurance/zoo.json.
"""

from __future__ import annotations

import argparse
import json
import queue
import re
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sandbox import ROOT, Outcome, Sandbox, SandboxError, Verdict

ZOO = ROOT / "tests" / "zoo"
TARGET = ROOT / "build" / "assurance" / "zoo.json"
FIELD = re.compile(r"^(Class|Case|Bug|Test): (.+)$", re.MULTILINE)
# Seconds for the tests of one patch; they take about ten.
PATIENCE = 300


class ZooError(Exception):
    """The zoo itself is not in order."""


class Fate(StrEnum):
    KILLED = "killed"
    SURVIVED = "survived"
    UNTESTED = "untested"  # a fixture, an import or a time-out, and no test failed
    INVALID = "invalid"  # does not apply or does not compile


@dataclass(frozen=True)
class Row:
    """A class of failure. `absent`: why there is no patch, or what its patches leave out."""

    number: int
    title: str
    absent: str

    @property
    def name(self) -> str:
        return f"{self.number} {self.title}"


@dataclass(frozen=True)
class Bug:
    """A patch and what its first lines say."""

    path: Path
    row: str
    case: str
    what: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Result:
    """What became of one bug. `test` is the first that failed."""

    patch: str
    row: str
    what: str
    fate: Fate
    test: str
    message: str
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only the patches whose name begins like this (`17`, `17-record`)")
    parser.add_argument("--jobs", type=int, default=2, help="copies used side by side (default: 2)")
    parser.add_argument("--list", action="store_true", help="show the index and run nothing")
    options = parser.parse_args()
    # Where nobody looks on, in a log, nothing need be cut short.
    console = Console(width=None if sys.stdout.isatty() else 180)
    try:
        rows, bugs = read_rows(), read_bugs()
        chosen = [bug for bug in bugs if not options.names or bug.name.startswith(tuple(options.names))]
        if not chosen:
            raise ZooError(f"No patch in {ZOO.relative_to(ROOT)} begins with {' or '.join(options.names)}.")
        if options.list:
            show_index(console, rows, bugs)
            return
        start = time.monotonic()
        results, unchanged = run(console, chosen, max(1, options.jobs))
    except (SandboxError, ZooError) as error:
        sys.exit(str(error))
    seconds = time.monotonic() - start
    show_results(console, results, seconds)
    if not options.names:
        show_absent(console, rows, bugs)
        write(rows, bugs, results, unchanged, seconds)
    if unchanged.outcome is not Outcome.PASSED:
        sys.exit(f"Without any bug {unchanged.test or 'pytest'} is {unchanged.outcome}: {unchanged.message}")
    if any(result.fate is not Fate.KILLED for result in results):
        sys.exit(1)


# ---------------------------------------------------------------- reading


def read_rows(path: Path = ZOO / "index.toml") -> list[Row]:
    """The index, in order. Raises ZooError."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [Row(entry["number"], entry["class"], entry.get("absent", "")) for entry in content["row"]]
    if [row.number for row in rows] != list(range(1, len(rows) + 1)):
        raise ZooError(f"{path.name}: its rows must be numbered 1, 2, 3 and so on.")
    return rows


def read_bugs(folder: Path = ZOO) -> list[Bug]:
    """Every patch, by name. Raises ZooError for one whose first lines do not say everything."""
    return [read_bug(path) for path in sorted(folder.glob("*.patch"))]


def read_bug(path: Path) -> Bug:
    head = path.read_text(encoding="utf-8").partition("\n--- ")[0]
    fields: dict[str, list[str]] = {"Class": [], "Case": [], "Bug": [], "Test": []}
    for name, value in FIELD.findall(head):
        fields[name].append(value)
    once = all(len(fields[name]) == 1 for name in ("Class", "Case", "Bug"))
    if not once or not fields["Test"] or fields["Class"][0].split()[0] != path.name[:2].lstrip("0"):
        raise ZooError(f"{path.name}: its first lines must give Class (numbered like the file), Case, Bug and Test.")
    return Bug(path, fields["Class"][0], fields["Case"][0], fields["Bug"][0], tuple(fields["Test"]))


# ---------------------------------------------------------------- running


def run(console: Console, bugs: list[Bug], jobs: int) -> tuple[list[Result], Verdict]:
    """What became of each bug, in the given order, and what all the named tests say without any bug."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=console))
        task = progress.add_task("copying the project", total=None)
        boxes: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        for _ in range(min(jobs, len(bugs))):
            boxes.put(stack.enter_context(Sandbox.make("zoo")))

        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        stack.callback(pool.shutdown, cancel_futures=True)
        unchanged = pool.submit(run_unchanged, boxes, sorted({test for bug in bugs for test in bug.tests}))
        futures = [pool.submit(plant, boxes, bug) for bug in bugs]
        progress.update(task, description="planting", total=len(bugs))
        for future in as_completed(futures):
            result = future.result()
            progress.advance(task)
            if result.fate is not Fate.KILLED:
                text = f"[red]{result.patch}: {result.fate}[/] {escape(result.message)}"
                progress.console.print(text, highlight=False)
        progress.update(task, description="done")
        return [future.result() for future in futures], unchanged.result()


def run_unchanged(boxes: queue.SimpleQueue[Sandbox], tests: list[str]) -> Verdict:
    box = boxes.get()
    try:
        return box.pytest(*tests)
    finally:
        boxes.put(box)


def plant(boxes: queue.SimpleQueue[Sandbox], bug: Bug) -> Result:
    box = boxes.get()
    start = time.monotonic()
    try:
        fate, verdict = judge(box, bug)
    finally:
        box.reset()
        boxes.put(box)
    return Result(bug.name, bug.row, bug.what, fate, verdict.test, verdict.message, round(time.monotonic() - start, 1))


def judge(box: Sandbox, bug: Bug) -> tuple[Fate, Verdict]:
    try:
        box.apply(bug.path)
        box.build()
    except SandboxError as error:
        return Fate.INVALID, Verdict(Outcome.BROKEN, message=str(error))
    verdict = box.pytest(*bug.tests, timeout=PATIENCE)
    fates = {Outcome.FAILED: Fate.KILLED, Outcome.PASSED: Fate.SURVIVED}
    return fates.get(verdict.outcome, Fate.UNTESTED), verdict


# ---------------------------------------------------------------- showing


def show_results(console: Console, results: list[Result], seconds: float) -> None:
    table = Table("patch", "class", title="Bug zoo", title_justify="left")
    table.add_column("killed by", overflow="fold")
    table.add_column("s", justify="right")
    for result in results:
        by = escape(result.test.removeprefix("tests/")) if result.fate is Fate.KILLED else f"[red]{result.fate}[/]"
        table.add_row(result.patch, result.row.partition(" ")[2], by, f"{result.seconds:.0f}")
    console.print(table)
    killed = sum(result.fate is Fate.KILLED for result in results)
    console.print(f"{killed} of {len(results)} bugs killed in {seconds / 60:.1f} minutes.", highlight=False)


def show_absent(console: Console, rows: list[Row], bugs: list[Bug]) -> None:
    planted = {bug.row for bug in bugs}
    table = Table("class", "what has no patch, and why", title="Not, or not whole", title_justify="left")
    for row in rows:
        if row.absent:
            table.add_row(row.name, row.absent if row.name not in planted else f"[dim]{row.absent}[/]")
    console.print(table)


def show_index(console: Console, rows: list[Row], bugs: list[Bug]) -> None:
    table = Table("class", "bugs", "tests")
    for row in rows:
        mine = [bug for bug in bugs if bug.row == row.name]
        for bug in mine:
            table.add_row(row.name, bug.what, "\n".join(bug.tests))
        if row.absent:
            table.add_row(row.name, f"[dim]{row.absent}[/]", "")
    console.print(table)


def write(rows: list[Row], bugs: list[Bug], results: list[Result], unchanged: Verdict, seconds: float) -> None:
    planted = {bug.row for bug in bugs}
    killed = sum(result.fate is Fate.KILLED for result in results)
    content = {
        "bugs": len(results),
        "killed": killed,
        "unchanged": unchanged.outcome,
        "seconds": round(seconds),
        "classes": len(rows),
        "absent": {row.name: row.absent for row in rows if row.name not in planted},
        "results": [asdict(result) for result in results],
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
