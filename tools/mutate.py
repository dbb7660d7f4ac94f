"""Break the contracts at random, one small change at a time, and see whether a test notices (`make mutate`).

Gambit (certora-cli, PyPI) writes every mutant it can think of; a seed shuffles them, and each in turn is built in a
copy of the project (tools/sandbox.py) until `--sample` of them compile to other code. Each must then fail a test: first
the tests nearest to the changed contract, then Foundry's invariants, then all others. Left out of the score: mutants
that compile to the same code, and those that docs/mutants.md explains. A survivor needs a test or an explanation.

Verdicts are journalled in build/mutate/: a run that was stopped goes on where it was; any change of contracts, tests or
library begins another journal. The result stands in build/assurance/mutants.json. Exit status 0: the score is 90 % or
more and every explanation fits. `--survivors` tries only those of the last result again, after a test was written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mutants import Mutant, MutateError, all_mutants, explain, read_explanations
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from sandbox import ROOT, Outcome, Sandbox, SandboxError, Verdict

LEAST = 0.90
JOURNALS = ROOT / "build" / "mutate"
RESULT = ROOT / "build" / "assurance" / "mutants.json"

# The tests nearest to a contract, most telling first; the longest beginning of its path counts. Those that do not exist
# are passed over.
CUSTODY = ("attest", "redemption", "signatures", "bounds", "orders", "admin", "exits", "wallets", "laws")
TOKEN = ("transfer", "status_table", "freeze_force", "executor", "stops", "order", "views", "policy", "permit")
NEAR = {
    "authority": ("test_authority*", "test_anchors", "test_roles", "test_factory"),
    "custody": tuple(f"custody/test_{name}" for name in CUSTODY),
    "listing": ("test_listings", "test_exemptions", "test_listing_life", "test_policy", "test_stops"),
    "market": ("test_market_sessions", "test_interruptions"),
    "registry": ("test_registry", "test_recovery", "test_status_table"),
    "report": ("test_transfer", "test_registry", "../reporting/test_streams"),
    "token": tuple(f"test_{name}" for name in TOKEN),
    "types": tuple(f"test_{name}" for name in TOKEN),
    "types/Calendar": ("test_market_sessions",),
    "types/Attestation": tuple(f"custody/test_{name}" for name in CUSTODY),
    "types/InvestorRecord": ("test_registry", "test_status_table", "test_recovery", "test_executor"),
    "types/PositionWord": tuple(f"custody/test_{name}" for name in CUSTODY),
    "types/Role": ("test_authority*", "test_roles"),
}
# In the order of the whole suite: Ape's isolation of the session's fixtures depends on it.
EVERYTHING = ("tests/contracts", "tests/machines", "tests/reporting")
# Few runs: what the nearest tests let pass needs an unusual state rather than many tries.
INVARIANTS = ("--match-path", "tests/forge/*.t.sol")
FEW_RUNS = {"FOUNDRY_FUZZ_RUNS": "64", "FOUNDRY_INVARIANT_RUNS": "4"}

# A mutant's fate. `same`: compiles to the same code; `equivalent`: explained in docs/mutants.md.
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"
EQUIVALENT, SAME, INVALID = "equivalent", "same", "invalid"
SAMPLED = (KILLED, TIMED_OUT, SURVIVED, EQUIVALENT)

Step = tuple[str, tuple[str, ...]]  # a tool, `pytest` or `forge`, and its arguments


@dataclass(frozen=True)
class Finding:
    key: str
    fate: str
    test: str = ""
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=200, help="how many mutants that compile to other code (200)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (2)")
    parser.add_argument("--budget", type=float, help="begin no further mutant after so many seconds")
    parser.add_argument("--only", default="", help="only contracts whose path contains this, such as custody/")
    parser.add_argument("--survivors", action="store_true", help="only those of the last result; writes no result")
    options = parser.parse_args()
    try:
        sys.exit(0 if run(options, Console()) else 1)
    except (MutateError, SandboxError) as error:
        sys.exit(str(error))


def run(options: argparse.Namespace, console: Console) -> bool:
    with ExitStack() as stack:
        box = stack.enter_context(Sandbox.make("mutate"))
        state = state_of(box)
        console.print("Asking gambit for mutants ...")
        mutants = all_mutants(box, JOURNALS / f"{state}.json", options.jobs)
        sources = {name: box.read(name) for name in {mutant.file for mutant in mutants}}
        reasons, complaints = explain(mutants, sources, read_explanations(box.read("docs/mutants.md")))
        random.Random(options.seed).shuffle(mutants)  # noqa: S311 - a sample, not a secret
        mutants = [mutant for mutant in mutants if options.only in mutant.file]
        sample = options.sample
        if options.survivors:
            wanted = {each["key"] for each in json.loads(RESULT.read_text())["survivors"]}
            mutants = [mutant for mutant in mutants if mutant.key in wanted]
            sample = len(mutants)

        journal = Journal(JOURNALS / f"{state}.jsonl")
        limit = 4 * unchanged(box, journal, console) + 120
        hunt = Hunt(mutants, sample, reasons, journal, limit)
        boxes = [box, *(stack.enter_context(box.twin()) for _ in range(options.jobs - 1))]
        chase(hunt, boxes, options.budget, console)

    result = summary(hunt, sources, complaints)
    result |= {"seed": options.seed, "sample": sample, "only": options.only, "possible": len(mutants)}
    show(result, hunt, console)
    if not options.survivors:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n")
    return bool(result["score"] and result["score"] >= LEAST and not complaints)


def state_of(box: Sandbox) -> str:
    """A hash of every file that a verdict may depend on."""
    digest = hashlib.sha256()
    own = {"docs/mutants.md", "tools/mutants.py", "tools/mutate.py"}
    for path in sorted(box.folder.rglob("*")):
        name = path.relative_to(box.folder).as_posix()
        if path.is_file() and path.suffix != ".pyc" and not name.startswith((".ape/", "tmp/")) and name not in own:
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


# --- one mutant against the tests ---


def steps(box: Sandbox, file: str) -> list[Step]:
    """What to run against a mutant of this file, the quick ones first."""
    path = file.removeprefix("contracts/").removesuffix(".sol")
    home = box.folder / "tests" / "contracts"
    patterns = NEAR[max((key for key in NEAR if path.startswith(key)), key=len)]
    near = [os.path.relpath(found, box.folder) for name in patterns for found in sorted(home.glob(f"{name}.py"))]
    rest = [name for name in EVERYTHING if (box.folder / name).is_dir()]
    forge = [("forge", INVARIANTS)] if any((box.folder / "tests" / "forge").glob("*.t.sol")) else []
    ignored = [f"--ignore={name}" for name in near]
    return [("pytest", tuple(near)), *forge, ("pytest", (*ignored, *rest))]


def take_steps(box: Sandbox, plan: list[Step], limit: float) -> Verdict:
    """The first verdict that names a failing test or ran out of time, else one that passed. A run that broke without
    naming a test kills nothing.
    """
    start = time.monotonic()
    for tool, arguments in plan:
        if tool == "forge":
            verdict = box.forge(*arguments, timeout=limit, env=FEW_RUNS)
        else:
            verdict = box.pytest(*arguments, timeout=limit)
        if verdict.test or verdict.outcome is Outcome.TIMED_OUT:
            return Verdict(verdict.outcome, verdict.test, verdict.message, time.monotonic() - start)
    return Verdict(Outcome.PASSED, seconds=time.monotonic() - start)


def unchanged(box: Sandbox, journal: Journal, console: Console) -> float:
    """The seconds that the tests take on the unchanged contracts, where every step must pass."""
    known = journal.findings.get("unchanged")
    if known:
        return known.seconds
    console.print("Running the tests on the unchanged contracts ...")
    start = time.monotonic()
    for tool, arguments in dict.fromkeys(steps(box, "contracts/types/Basis.sol")):
        verdict = box.forge(*arguments, env=FEW_RUNS) if tool == "forge" else box.pytest(*arguments)
        if verdict.outcome is not Outcome.PASSED:
            raise MutateError(f"The unchanged contracts must pass: {tool} {verdict.test}: {verdict.message}")
    journal.add(Finding("unchanged", "passed", seconds=round(time.monotonic() - start, 1)))
    return time.monotonic() - start


class Journal:
    """Findings on one state of the project, a JSON line each, on disk before the next mutant begins."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # a line that a kill cut short goes
        path.write_text(whole)
        read = [Finding(**json.loads(line)) for line in whole.splitlines()]
        self.findings = {finding.key: finding for finding in read}
        self._path = path

    def add(self, finding: Finding) -> None:
        self.findings[finding.key] = finding
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(finding)) + "\n")
            file.flush()
            os.fsync(file.fileno())


class Hunt:
    """Takes mutants in order until `sample` of them count; each job has a thread and a sandbox."""

    def __init__(
        self, mutants: list[Mutant], sample: int, reasons: dict[str, str], journal: Journal, limit: float
    ) -> None:
        self.mutants, self.sample, self.reasons, self.journal, self.limit = mutants, sample, reasons, journal, limit
        self.findings: list[tuple[Mutant, Finding]] = []
        self.ended = False
        self._begun = self._undecided = self._counted = 0
        self._change = threading.Condition()

    def take(self) -> Mutant | None:
        """The next mutant, as soon as it is sure to be needed: so the sample is the same with any number of jobs."""
        with self._change:
            while not self.ended and self._counted < self.sample <= self._counted + self._undecided:
                self._change.wait()
            if self.ended or self._counted >= self.sample or self._begun == len(self.mutants):
                return None
            self._undecided += 1
            self._begun += 1
            return self.mutants[self._begun - 1]

    def decide(self, counts: bool) -> None:
        """Says whether a mutant that was taken belongs to the sample."""
        with self._change:
            self._undecided -= 1
            self._counted += counts
            self._change.notify_all()

    def end(self) -> None:
        with self._change:
            self.ended = True
            self._change.notify_all()

    def work(self, box: Sandbox, tell: Callable[[Mutant, Finding], None]) -> None:
        try:
            self._work(box, tell)
        finally:
            self.end()  # after an error, so that no other job waits for this one

    def _work(self, box: Sandbox, tell: Callable[[Mutant, Finding], None]) -> None:
        while mutant := self.take():
            if mutant.key in self.reasons:
                finding = Finding(mutant.key, EQUIVALENT)
                self.decide(True)
            elif known := self.journal.findings.get(mutant.key):
                finding = known
                self.decide(known.fate in SAMPLED)
            else:
                finding = self.judge(box, mutant)
            with self._change:
                if mutant.key not in self.journal.findings and finding.fate != EQUIVALENT:
                    self.journal.add(finding)
                self.findings.append((mutant, finding))
                tell(mutant, finding)

    def judge(self, box: Sandbox, mutant: Mutant) -> Finding:
        box.write(mutant.file, mutant.apply(box.read(mutant.file)))
        try:
            fate = "" if box.build() else SAME
        except SandboxError:
            fate = INVALID
        self.decide(not fate)
        verdict = Verdict(Outcome.PASSED)
        if not fate:
            verdict = take_steps(box, steps(box, mutant.file), self.limit)
            fate = {Outcome.PASSED: SURVIVED, Outcome.TIMED_OUT: TIMED_OUT}.get(verdict.outcome, KILLED)
        box.reset()
        return Finding(mutant.key, fate, verdict.test, round(verdict.seconds, 1))


def chase(hunt: Hunt, boxes: list[Sandbox], budget: float | None, console: Console) -> None:
    """Runs the jobs to the end of the sample, of the budget, or up to Ctrl-C."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    timer = threading.Timer(budget or threading.TIMEOUT_MAX, hunt.end)
    timer.daemon = True
    timer.start()
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(len(boxes)) as pool:
        bar = progress.add_task("mutants", total=hunt.sample)

        def tell(mutant: Mutant, finding: Finding) -> None:
            fates = Counter(each.fate for _, each in hunt.findings)
            counted = sum(fates[fate] for fate in SAMPLED)
            description = f"{fates[KILLED] + fates[TIMED_OUT]} killed, {fates[SURVIVED]} survived"
            progress.update(bar, completed=counted, description=description)
            if finding.fate == SURVIVED:
                progress.console.print(f"survived: {mutant.file}:{mutant.line}", highlight=False)

        jobs = [pool.submit(hunt.work, box, tell) for box in boxes]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            hunt.end()
            for box in boxes:
                box.stop()
            raise
        finally:
            timer.cancel()


# --- the result ---


def summary(hunt: Hunt, sources: dict[str, str], complaints: list[str]) -> dict[str, Any]:
    fates = Counter(finding.fate for _, finding in hunt.findings)
    killed = fates[KILLED] + fates[TIMED_OUT]
    scored = killed + fates[SURVIVED]
    survivors = [
        {"key": mutant.key, "file": mutant.file, "line": mutant.line, "operator": mutant.operator}
        | {"diff": mutant.diff(sources[mutant.file])}
        for mutant, finding in hunt.findings
        if finding.fate == SURVIVED
    ]
    return {
        "score": round(killed / scored, 4) if scored else None,
        "complete": scored + fates[EQUIVALENT] >= hunt.sample,
        "fates": dict(fates),
        "survivors": sorted(survivors, key=lambda each: (each["file"], each["line"], each["key"])),
        "complaints": complaints,
        "killers": dict(Counter(finding.test.split("[")[0] for _, finding in hunt.findings if finding.test)),
    }


def show(result: dict[str, Any], hunt: Hunt, console: Console) -> None:
    for survivor in result["survivors"]:
        console.print(f"\nsurvived: {survivor['file']}:{survivor['line']} ({survivor['operator']})", highlight=False)
        console.print(Syntax("\n".join(survivor["diff"]), "diff", background_color="default"))
    for complaint in result["complaints"]:
        console.print(f"\ndocs/mutants.md: {complaint}", highlight=False, markup=False)

    fates = (KILLED, TIMED_OUT, SURVIVED, EQUIVALENT, SAME, INVALID)
    table = Table("contract", *fates, title=f"Mutants, seed {result['seed']}")
    rows = Counter((mutant.file, finding.fate) for mutant, finding in hunt.findings)
    for file in sorted({file for file, _ in rows}):
        table.add_row(file.removeprefix("contracts/"), *(str(rows[file, fate] or "") for fate in fates))
    table.add_section()
    table.add_row("all", *(str(result["fates"].get(fate, 0)) for fate in fates))
    console.print(table)
    score = "no mutant was tried" if result["score"] is None else f"{result['score']:.1%} of the others killed"
    counted = sum(result["fates"].get(fate, 0) for fate in SAMPLED)
    console.print(f"{counted} of {result['sample']} tried; {score}; at least {LEAST:.0%} is asked.", highlight=False)


if __name__ == "__main__":
    main()
