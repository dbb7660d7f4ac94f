"""Try to break every law at length: `make assure`, under 40 minutes on two cores.

Five jobs, two at a time: the Hypothesis machines, Foundry's invariants and fuzz tests, the symbolic proofs, static
analysis, and the signature tests. Every number in the table is read from what the tools themselves wrote. Writes
build/assurance/assure.json; ends with 0 only if every job succeeded, no run was shorter than configured, and each of
the eight laws was tried by machines and by invariants.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.live import Live
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "assurance"
LAWS = set(range(1, 9))
MACHINE, INVARIANT = "Hypothesis machine", "Foundry invariant"
# The law that a kind of proof is about, by its first word.
PROVES = {"conservation": 2, "access": 8}


@dataclass(frozen=True)
class Row:
    """One line of the table. `law` is a number of ARCHITECTURE's list, or zero."""

    law: int
    subject: str
    method: str
    runs: str
    successes: str
    seconds: float
    good: bool


@dataclass(frozen=True)
class Job:
    """A command, the files it leaves in build/assurance/, and how to read them. `stdout` is the file that takes its
    standard output, when that is a result; all else goes to its log.
    """

    name: str
    command: list[str]
    read: Callable[[], Iterator[Row]]
    leaves: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    stdout: str = ""

    @property
    def log(self) -> Path:
        return FOLDER / f"assure-{self.name}.log"

    @property
    def repeat(self) -> str:
        """What to type to run it alone."""
        words = [f"{name}={value}" for name, value in self.environment.items()] + self.command
        return f". tools/env.sh && {shlex.join(words)}"


@dataclass(frozen=True)
class Done:
    job: Job
    rows: list[Row]
    problems: list[str]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--only", choices=sorted(JOBS), action="append", help="this job alone; may be repeated")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    chosen = [JOBS[name] for name in JOBS if not options.only or name in options.only]

    began = time.monotonic()
    done = run_all(chosen, options.jobs, console)
    seconds = time.monotonic() - began
    rows = sorted((row for each in done for row in each.rows), key=lambda row: (row.law or 99, row.method, row.subject))
    problems = [problem for each in done for problem in each.problems]
    if not options.only:
        problems += missing_laws(rows)

    content = {"rows": [asdict(row) for row in rows], "problems": problems, "seconds": round(seconds)}
    (FOLDER / "assure.json").write_text(json.dumps(content, indent=2) + "\n")
    show(console, rows, problems, seconds)
    sys.exit(1 if problems else 0)


# ---------------------------------------------------------------- running


def run_all(jobs: list[Job], at_a_time: int, console: Console) -> list[Done]:
    """Runs the jobs in order, so many at a time, and shows what each is at."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    started: dict[str, float] = {}
    done: list[Done] = []
    with ThreadPoolExecutor(at_a_time) as pool, Live(console=console, refresh_per_second=2) as live:
        left: set[Future[Done]] = {pool.submit(run, job, started) for job in jobs}
        while left:
            finished, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
            for each in (future.result() for future in finished):
                done.append(each)
                verdict = "failed" if each.problems else "ok"
                live.console.print(f"{each.job.name}: {verdict} after {clock(each.seconds)}")
            live.update(progress(jobs, started, {each.job.name for each in done}))
    return done


def run(job: Job, started: dict[str, float]) -> Done:
    """Runs one job to its end and reads what it wrote; nothing of an earlier run can be taken for this one's."""
    for name in filter(None, (*job.leaves, job.stdout)):
        (FOLDER / name).unlink(missing_ok=True)
    started[job.name] = time.monotonic()
    environment = {**os.environ, **job.environment}
    with (
        job.log.open("w") as log,
        (FOLDER / job.stdout).open("w") if job.stdout else nullcontext(log) as out,
    ):
        code = subprocess.run(job.command, cwd=ROOT, env=environment, stdout=out, stderr=log, check=False).returncode
    seconds = time.monotonic() - started[job.name]
    try:
        rows = list(job.read())
        wrong = [f"{row.subject} ({row.method}): {row.successes} of {row.runs}" for row in rows if not row.good]
        wrong += [] if rows else ["it tried nothing"]
    except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
        rows, wrong = [], [f"its results cannot be read ({error!r})"]
    if code != 0:
        wrong.insert(0, f"it ended with {code}")
    hint = f"repeat with `{job.repeat}`, its log is {job.log}"
    return Done(job, rows, [f"{job.name}: {what}; {hint}" for what in wrong], seconds)


def progress(jobs: list[Job], started: dict[str, float], done: set[str]) -> Table:
    """The jobs that are running, for how long, and the last line each has printed."""
    table = Table.grid(padding=(0, 2))
    for job in jobs:
        if job.name in done:
            continue
        if job.name not in started:
            table.add_row(job.name, "waits", "")
            continue
        lines = job.log.read_text(errors="replace").splitlines() if job.log.exists() else []
        table.add_row(job.name, clock(time.monotonic() - started[job.name]), lines[-1][:80] if lines else "")
    return table


def missing_laws(rows: list[Row]) -> list[str]:
    """Laws that no machine or no invariant tried."""
    tried: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        tried[row.method].add(row.law)
    return [
        f"law {law} is tried by no {method}" for method in (MACHINE, INVARIANT) for law in sorted(LAWS - tried[method])
    ]


# ---------------------------------------------------------------- reading what the tools wrote


def read_json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def read_forge() -> Iterator[Row]:
    """`forge test --json`: each invariant's campaigns and calls, each fuzz test's runs, against foundry.toml."""
    profile = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["assure"]
    for contract in read_json("forge.json").values():
        for name, result in contract["test_results"].items():
            ((kind, numbers),) = result["kind"].items()
            sound, seconds = result["status"] == "Success", duration(result["duration"])
            if kind == "Invariant":
                runs, calls = numbers["runs"], numbers["calls"]
                wanted, depth = profile["invariant"]["runs"], profile["invariant"]["depth"]
                whole = runs >= wanted and calls >= wanted * depth and calls > numbers["reverts"]
                landed = f"{calls - numbers['reverts']:,} of {calls:,} calls"
                yield Row(*titled(name), INVARIANT, f"{runs:,} x {depth}", landed, seconds, sound and whole)
            elif kind == "Fuzz":
                runs = numbers["runs"]
                good = sound and runs >= profile.get("fuzz", {}).get("runs", 256)  # forge's own number
                yield Row(*titled(name), "Foundry fuzz test", f"{runs:,}", f"{runs:,}", seconds, good)
            else:
                yield Row(*titled(name), "Foundry test", "1", str(int(sound)), seconds, sound)


def read_machines() -> Iterator[Row]:
    """pytest's JUnit file: what each machine printed of how its acts ended. Each law is asked after each of them."""
    cases = [case for cases in by_module("machines.xml").values() for case in cases]
    ended: Counter[str] = Counter()
    for case in cases:
        for line in case.findtext("system-out", "").splitlines():
            if ends := re.match(r"^\w+: (\{.*\})$", line):
                ended.update(ast.literal_eval(ends[1]))
    tried, done = ended.total(), ended["done"]
    good = bool(cases) and all(passed(case) for case in cases) and done > 0
    seconds = sum(float(case.get("time", 0)) for case in cases)
    source = (ROOT / "tests" / "machines" / "laws.py").read_text()
    for name in re.findall(r"@invariant\(\)\n    def (law_\d_\w+)\(", source):
        law, subject = titled(name)
        yield Row(law, subject, MACHINE, f"{tried:,} acts", f"{done:,} done, others refused as foretold", seconds, good)


def read_proofs() -> Iterator[Row]:
    """tools/prove.py's own numbers, a row for each kind of property."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for proof in read_json("proofs.json")["proofs"]:
        groups[proof["kind"]].append(proof)
    for kind, proofs in groups.items():
        paths, seconds = sum(proof["paths"] for proof in proofs), sum(proof["seconds"] for proof in proofs)
        sound = Counter(proof["result"] for proof in proofs if proof["ok"])
        found = f"{sound['proven']} proven, {sound['refuted']} wrong on purpose refuted, of {len(proofs)}"
        law = PROVES.get(kind.split()[0], 0)
        yield Row(law, kind, "symbolic proof", f"{paths:,} paths", found, seconds, sound.total() == len(proofs))


def read_static() -> Iterator[Row]:
    """tools/static.py's own numbers."""
    report = read_json("static.json")
    for tool, numbers in report["numbers"].items():
        looked, *found = [f"{number} {what}" for what, number in numbers.items()]
        seconds, good = report["seconds"][tool], not report["problems"].get(tool)
        yield Row(0, f"static analysis: {tool}", "static", looked, ", ".join(found), seconds, good)


def read_signatures() -> Iterator[Row]:
    """pytest's JUnit file: tests by module, and what each counted for itself."""
    for module, cases in by_module("signatures.xml").items():
        sound = [case for case in cases if passed(case)]
        seconds, good = sum(float(case.get("time", 0)) for case in cases), len(sound) == len(cases)
        yield Row(0, SUBJECTS[module], "pytest", f"{len(cases)} tests", f"{len(sound)}", seconds, good)
        for counted in (each for case in cases for each in case.iter("property")):
            what, number = counted.get("name"), int(counted.get("value", 0))
            subject = f"EIP-712 {what} hashed alike by contract, eth-account and ethers"
            yield Row(0, subject, "random values", f"{number:,}", f"{number:,}", seconds, good and number > 0)


def read_keys() -> Iterator[Row]:
    """pytest's JUnit file of the long tests with canary keys."""
    for module, cases in by_module("keys.xml").items():
        sound = [case for case in cases if passed(case)]
        seconds = sum(float(case.get("time", 0)) for case in cases)
        yield Row(0, SUBJECTS[module], "pytest", f"{len(cases)} tests", f"{len(sound)}", seconds, sound == cases)


def read_storm() -> Iterator[Row]:
    """pytest's JUnit file: each storm, and what it counted."""
    for case in (case for cases in by_module("storm.xml").values() for case in cases):
        words = case.get("name", "").removeprefix("test_storm__").replace("__nothing_lost", "").replace("_", " ")
        counted = {each.get("name", ""): int(each.get("value", 0)) for each in case.iter("property")}
        good = passed(case) and counted.get("kills", 0) > 0
        tried = f"{counted.get('kills', 0)} kills, {counted.get('reorganisations', 0)} reorgs"
        ends = f"{counted.get('records', 0):,} records whole, {counted.get('reversals', 0):,} reversed"
        yield Row(0, f"no record is lost in a storm {words}", "storm", tried, ends, float(case.get("time", 0)), good)


SUBJECTS = {
    "test_keys": "canary keys are seen nowhere, whatever happens to a command",
    "test_eip712": "EIP-712 hashes, domains and golden vectors",
    "test_forms": "malleable, misshapen and replayed signatures are refused",
    "test_signatures": "quorums: whose votes count",
    "test_wallets": "ERC-1271 wallets that misbehave",
}


def by_module(name: str) -> dict[str, list[ElementTree.Element]]:
    """The test cases of a JUnit file by their module's last name."""
    modules: dict[str, list[ElementTree.Element]] = defaultdict(list)
    for case in ElementTree.parse(FOLDER / name).iter("testcase"):  # noqa: S314 - pytest's own file
        modules[case.get("classname", "").split(".")[-1]].append(case)
    return modules


def passed(case: ElementTree.Element) -> bool:
    return not any(part.tag in {"failure", "error", "skipped"} for part in case)


def titled(name: str) -> tuple[int, str]:
    """Law and words of a name: invariant_law2_sumsAgree() and law_2_sums_agree are both (2, "sums agree")."""
    words = re.sub(r"^(invariant|testFuzz|test)_", "", name.split("(")[0])
    found = re.match(r"^law_?(\d+)_(.+)$", words)
    law, words = (int(found[1]), found[2]) if found else (0, words)
    return law, re.sub(r"(?<=[a-z])(?=[A-Z])|_+", " ", words).lower()


def duration(text: str) -> float:
    """Seconds in forge's "1m 2s 3ms 4µs"."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)\s*(h|ms|m|s|µs|ns)", text))


# ---------------------------------------------------------------- showing


def show(console: Console, rows: list[Row], problems: list[str], seconds: float) -> None:
    table = Table(title="Assurance", caption=f"{clock(seconds)} in all")
    for name in ("law", "property", "method", "runs or bounds", "successes", "time", "result"):
        table.add_column(name, justify="right" if name in {"runs or bounds", "time"} else "left")
    for row in rows:
        result = "[green]holds[/]" if row.good else "[red]FAILED[/]"
        law = str(row.law) if row.law else ""
        table.add_row(law, row.subject, row.method, row.runs, row.successes, clock(row.seconds), result)
    console.print(table)
    for problem in problems:
        console.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)


def clock(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


def pytest(name: str, *tests: str) -> list[str]:
    """Tests, with a JUnit file that keeps what they print."""
    junit = [f"--junitxml={FOLDER / name}.xml", "-o", "junit_logging=system-out", "-o", "junit_family=xunit1"]
    return ["pytest", "-p", "no:cacheprovider", *junit, *tests]


FORGE = ["forge", "test", "--offline", "--json", "--match-path", "tests/forge/*"]
FORGE_PLACES = ["--out", str(FOLDER / "forge-out"), "--cache-path", str(FOLDER / "forge-cache")]
CUSTODY = "tests/contracts/custody"
JOBS = {
    job.name: job
    for job in (
        Job("invariants", FORGE + FORGE_PLACES, read_forge, (), {"FOUNDRY_PROFILE": "assure"}, stdout="forge.json"),
        Job(
            "machines", pytest("machines", "tests/machines"), read_machines, ("machines.xml",), {"STOCKADE_LIVES": "5"}
        ),
        Job("proofs", ["python", "tools/prove.py"], read_proofs, ("proofs.json",)),
        Job(
            "signatures",
            pytest("signatures", "tests/signatures", f"{CUSTODY}/test_signatures.py", f"{CUSTODY}/test_wallets.py"),
            read_signatures,
            ("signatures.xml",),
        ),
        Job("keys", pytest("keys", "-m", "long", "tests/e2e/test_keys.py"), read_keys, ("keys.xml",)),
        Job("storm", pytest("storm", "-m", "long", "tests/storm"), read_storm, ("storm.xml",)),
        Job("static", ["python", "tools/static.py"], read_static, ("static.json",)),
    )
}


if __name__ == "__main__":
    main()
