"""Static analysis of contracts/: slither, the shape of the standards, and OpenZeppelin's rules for upgrades.

Every finding of slither of high or medium impact, and every finding of upgrades-core, must be explained in
tools/static.toml; an explanation that excuses nothing any more is an error as well. Lower findings of slither are
counted, not judged. Writes build/assurance/static.json; ends with 0 only if there is nothing to say.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector
from slither.solc_parsing.expressions import find_variable
from slither.tools.erc_conformance.erc.ercs import generic_erc_checks
from slither.utils.erc import ERCS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "assurance"
OUT = FOLDER / "static-out"
EXPLANATIONS = ROOT / "tools" / "static.toml"
CONFIG = ROOT / "slither.config.json"

PROXIED = "ShareToken"  # the one contract behind proxies
STANDARDS = ("ERC20", "ERC165", "ERC2612")
JUDGED = ("High", "Medium")

# What an explanation excuses. slither: detector, contract, function. upgrades-core: file, message.
Place = tuple[str, ...]


@dataclass
class Report:
    """What was looked at, how much was found, and what is wrong, by tool."""

    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, tool: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[tool] = round(time.monotonic() - began, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    report = Report()
    compile_contracts()
    explained = tomllib.loads(EXPLANATIONS.read_text())
    with report.timed("slither"):
        analysed = analyse()
        check_findings(report, analysed, explained["slither"])
    with report.timed("standards"):
        check_shapes(report, analysed)
    with report.timed("upgrades-core"):
        check_upgrades(report, explained["upgrades"])

    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "static.json").write_text(json.dumps(vars(report), indent=2) + "\n")
    show(report)
    sys.exit(1 if any(report.problems.values()) else 0)


def compile_contracts() -> None:
    """forge's build info, which all three read; in a folder of its own, so that no other build is disturbed."""
    shutil.rmtree(OUT, ignore_errors=True)  # else the build info of earlier sources would be analysed as well
    places = ["--out", str(OUT), "--cache-path", str(OUT / "cache")]
    command = ["forge", "build", "--offline", "--force", "--build-info", *places, "--skip", "tests/**"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        sys.exit(f"{built.stdout}{built.stderr}\ncontracts/ does not compile.")


# ---------------------------------------------------------------- slither


def analyse() -> Slither:
    """The contracts as slither sees them, with every detector registered."""
    logging.disable(logging.CRITICAL)  # slither tells its progress as warnings
    mend_aliases()
    filtered = json.loads(CONFIG.read_text())["filter_paths"].split(",")
    analysed = Slither(str(ROOT), foundry_ignore_compile=True, foundry_out_directory=str(OUT), filter_paths=filtered)
    for detector in vars(all_detectors).values():
        if inspect.isclass(detector) and issubclass(detector, AbstractDetector):
            analysed.register_detector(detector)
    return analysed


def mend_aliases() -> None:
    """slither 0.11.6 follows `import {Role as Roles}` to the name Role, and then finds a struct Role of a base contract
    first (slither's issue 1758 is akin). Remove this when `slither .` no longer fails without it.
    """
    original = find_variable._find_in_contract

    def find(name: str, contract: Any, declarer: Any, *rest: Any) -> Any:
        scope = declarer.file_scope if declarer else None
        if scope and name in scope.renaming.values() and name in scope.contracts:
            return scope.contracts[name]
        return original(name, contract, declarer, *rest)

    find_variable._find_in_contract = find


def check_findings(report: Report, analysed: Slither, explained: list[dict[str, Any]]) -> None:
    """Findings that must be explained against those that are; an explanation excuses one in each function it names."""
    findings = [finding for results in analysed.run_detectors() for finding in results]
    judged = [
        (place_of(finding), f"{finding['impact']}: {' '.join(finding['description'].split())}")
        for finding in findings
        if finding["impact"] in JUDGED
    ]
    excused = [(row["detector"], row["contract"], function) for row in explained for function in row["functions"]]
    report.problems["slither"] += compare(judged, excused)
    report.numbers["slither"] = {
        "detectors": len(analysed.detectors),
        "contracts": len(analysed.contracts),
        "high and medium": len(judged),
        "explained": len(excused),
        "lower": len(findings) - len(judged),
    }


def compare(found: Sequence[tuple[Place, str]], excused: Sequence[Place]) -> Iterator[str]:
    """Whatever is found and not excused, and whatever is excused and not found, is a problem."""
    left = Counter(excused)
    for place, text in found:
        if left[place] > 0:
            left[place] -= 1
        else:
            yield f"not explained in {EXPLANATIONS.name}: {', '.join(place)}: {text}"
    yield from (f"stale in {EXPLANATIONS.name}: {', '.join(place)}" for place in sorted(left.elements()))


def place_of(finding: dict[str, Any]) -> Place:
    """Where a finding is: its first element, and what that stands in."""
    names = {"contract": "", "function": ""}
    part = finding["elements"][0] if finding["elements"] else None
    while part is not None:
        if part["type"] in names:
            names[part["type"]] = part["name"]
        part = part.get("type_specific_fields", {}).get("parent")
    return finding["check"], names["contract"], names["function"]


# ---------------------------------------------------------------- shapes and upgrades


def check_shapes(report: Report, analysed: Slither) -> None:
    """Every function and event of the standards is there, with the right types, mutability and events."""
    (token,) = analysed.get_contract_from_name(PROXIED)
    wrong: dict[str, list[Any]] = defaultdict(list)
    for standard in STANDARDS:
        functions, events = ERCS[standard]
        generic_erc_checks(token, functions, events, wrong)
    entries = sum(len(part) for standard in STANDARDS for part in ERCS[standard])
    report.numbers["standards"] = {"functions and events": entries, "wrong": len(list(texts(wrong)))}
    report.problems["standards"] += texts(wrong)


def texts(wrong: dict[str, list[Any]]) -> Iterator[str]:
    return (f"{PROXIED}: {entry['description'].strip()}" for entries in wrong.values() for entry in entries)


def check_upgrades(report: Report, explained: list[dict[str, Any]]) -> None:
    """OpenZeppelin's validation of what stands behind proxies: storage, constructors, initializers, self-destruct.
    Layouts of old and new are compared when an upgrade is prepared.
    """
    command = ["openzeppelin-upgrades-core", "validate", str(OUT / "build-info"), "--contract", PROXIED]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [
        ((file, text), "upgrades-core") for file, text in re.findall(r"^ *(\S+\.sol):\d+: (.+)$", answer.stdout, re.M)
    ]
    excused = [(row["file"], message) for row in explained for message in row["messages"]]
    report.problems["upgrades-core"] += compare(found, excused)
    report.numbers["upgrades-core"] = {
        "findings": len(found),
        "explained": len(excused),
    }
    if (answer.returncode == 0) != (not found):
        report.problems["upgrades-core"].append(
            f"{' '.join(command)} was not understood: {answer.stdout}{answer.stderr}"
        )


def show(report: Report) -> None:
    table = Table("tool", "looked at and found", title="Static analysis")
    for tool, numbers in report.numbers.items():
        table.add_row(tool, ", ".join(f"{number} {what}" for what, number in numbers.items()))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    for problem in chain.from_iterable(report.problems.values()):
        console.print(problem, style="red", markup=False, highlight=False)


if __name__ == "__main__":
    main()
