"""Prove the checks of tests/forge/symbolic with halmos; writes build/assurance/proofs.json; ends with 0 if all is well.

All is well when every check is proven on every path (a timeout, a path that the solver gave up, a loop cut short and
a check that nothing passes are failures); every check named `check_refuted_...`, wrong on purpose, is refuted with a
valid counterexample, and every kind of proof has one; and the access proofs name every function of every deployed
contract that is not a view, as the compiler's ABI lists them. A contract of checks says in its documentation what
kind of proof it is (`@custom:kind`) and whose functions its checks are about (`@custom:access`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from stockade.suite import CONTRACTS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "assurance"
SOURCES = "tests/forge/symbolic"
OUT = "build/assurance/proofs-out"
LOG = FOLDER / "proofs.log"
WRONG = "refuted_"

# What forge builds, and where: apart from other builds, the deployed contracts and the checks.
FORGE = {
    "FOUNDRY_SRC": "contracts",
    "FOUNDRY_TEST": SOURCES,
    "FOUNDRY_OUT": OUT,
    "FOUNDRY_CACHE_PATH": f"{OUT}/cache",
}
# yices comes from PyPI; halmos finds it on the PATH and fetches nothing. A branch that is undecided after a millisecond
# is explored as if it could be reached; the last question of each path has two minutes, on a busy machine.
HALMOS = ["--solver", "yices", "--solver-threads", "1", "--solver-timeout-assertion", "2m", "--early-exit"]
OUTCOMES = {0: "proven", 1: "refuted", 2: "timed out", 3: "stuck", 4: "nothing passes", 5: "error"}

# Views and pure functions cannot write: the compiler refuses what would.
READ_ONLY = ("view", "pure")


@dataclass(frozen=True)
class Check:
    """One check as its source has it. `names` are the members that its body mentions."""

    kind: str
    subject: str | None  # the deployed contract that the contract of checks is about
    contract: str
    name: str
    names: frozenset[str]

    @property
    def wrong(self) -> bool:
        return self.name.startswith(f"check_{WRONG}")

    @property
    def parts(self) -> list[str]:
        """What is called, under which condition, with which outcome."""
        return self.name.removeprefix("check_").removeprefix(WRONG).split("__")

    @property
    def statement(self) -> str:
        return ": ".join(in_words(part) for part in self.parts[1:])


@dataclass(frozen=True)
class Proof:
    """What halmos made of a check. `paths` are those it went, `passing` those that came to the end of the check."""

    kind: str
    contract: str
    name: str
    statement: str
    expected: str
    result: str
    paths: int
    passing: int
    seconds: float
    ok: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", metavar="REGEX", help="only checks whose name matches; writes no proofs.json")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    run(["forge", "build", "--offline", "--ast"], "The proofs do not compile")
    checks = list(read_checks())
    problems = [*lacking_wrong(checks), *lacking_functions(checks)]
    if options.match:
        checks = [check for check in checks if re.search(options.match, check.name)]
    proofs = prove(checks)
    problems += [f"{proof.contract}.{proof.name}: {proof.result}" for proof in proofs if not proof.ok]
    seconds = round(time.monotonic() - began, 1)
    show(proofs, problems, seconds)
    if not options.match:
        found = {"proofs": [asdict(proof) for proof in proofs], "problems": problems, "seconds": seconds}
        (FOLDER / "proofs.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if problems or not proofs else 0)


# ---------------------------------------------------------------- what there is to prove


def read_checks() -> Iterator[Check]:
    """Every check of every contract in the sources, from the compiler's syntax trees."""
    for source in sorted((ROOT / SOURCES).glob("*.t.sol")):
        artifacts = sorted((ROOT / OUT / source.name).glob("*.json"))
        tree = json.loads(artifacts[0].read_text(encoding="utf-8"))["ast"]
        for contract in nodes(tree, "ContractDefinition"):
            functions = [each for each in nodes(contract, "FunctionDefinition") if each["name"].startswith("check_")]
            text = (contract.get("documentation") or {}).get("text", "")
            for function in functions:
                names = frozenset(each["memberName"] for each in nodes(function["body"], "MemberAccess"))
                kind, subject = tag(text, "kind"), tag(text, "access")
                if kind is None:
                    sys.exit(f"{source.name}: {contract['name']} does not say which kind of proof it is.")
                yield Check(kind, subject, contract["name"], function["name"], names)


def nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, list):
        for each in tree:
            yield from nodes(each, kind)
    elif isinstance(tree, dict):
        if tree.get("nodeType") == kind:
            yield tree
        for each in tree.values():
            yield from nodes(each, kind)


def tag(documentation: str, name: str) -> str | None:
    found = re.search(rf"@custom:{name} (.+)", documentation)
    return found[1].strip() if found else None


def lacking_wrong(checks: Sequence[Check]) -> Iterator[str]:
    """Kinds of proof without one that is wrong on purpose: nothing would show that they can fail."""
    for kind in sorted({check.kind for check in checks} - {check.kind for check in checks if check.wrong}):
        yield f"{kind}: no proof that is wrong on purpose"


def lacking_functions(checks: Sequence[Check]) -> Iterator[str]:
    """Functions that no access proof is about, and access proofs that are about no function."""
    for contract in CONTRACTS.values():
        artifact = json.loads((ROOT / OUT / f"{contract}.sol" / f"{contract}.json").read_text(encoding="utf-8"))
        functions = [each for each in artifact["abi"] if each["type"] in ("function", "fallback", "receive")]
        every = [each.get("name", each["type"]) for each in functions]
        writing = [each.get("name", each["type"]) for each in functions if each["stateMutability"] not in READ_ONLY]
        # A name stands for a selector as long as no two functions that write share it.
        yield from (f"{contract}.{name}: two functions of the name" for name in set(writing) if writing.count(name) > 1)
        mine = [check for check in checks if check.subject == contract and not check.wrong]
        proven = {check.parts[0] for check in mine if check.parts[0] in check.names}
        yield from (f"{contract}.{name}: no access proof" for name in sorted(set(writing) - proven))
        for check in mine:
            if check.parts[0] not in every or check.parts[0] not in check.names:
                yield f"{check.contract}.{check.name}: calls no function {check.parts[0]} of {contract}"


# ---------------------------------------------------------------- proving it


def prove(checks: Sequence[Check]) -> list[Proof]:
    """One run of halmos over them all."""
    if not checks:
        return []
    answers = FOLDER / "halmos.json"
    answers.unlink(missing_ok=True)
    contracts = "|".join(sorted({check.contract for check in checks}))
    tests = "|".join(sorted({check.name for check in checks}))
    command = [sys.executable, "tools/run_halmos.py", *HALMOS, "--no-status", "--forge-build-out", OUT]
    command += ["--match-contract", f"^({contracts})$", "--match-test", f"^({tests})\\(", "--json-output", str(answers)]
    run(command, "halmos failed", ends=(0, 1), total=len(checks))
    if not answers.exists():
        sys.exit(f"halmos gave no answer; see {LOG}.")
    results = {
        (path.rpartition(":")[2], result["name"].partition("(")[0]): result
        for path, found in json.loads(answers.read_text(encoding="utf-8"))["test_results"].items()
        for result in found
    }
    return [judge(check, results.get((check.contract, check.name))) for check in checks]


def judge(check: Check, result: dict[str, Any] | None) -> Proof:
    expected = "refuted" if check.wrong else "proven"
    if result is None:
        outcome, paths, passing, seconds = "not run", 0, 0, 0.0
    else:
        outcome = OUTCOMES[result["exitcode"]]
        paths, passing, _ = result["num_paths"] or (0, 0, 0)
        seconds = result["time"][0] if result["time"] else 0.0
        if result["num_bounded_loops"]:
            outcome = "loop cut short"
        if outcome == "refuted" and not any(each["is_valid"] for each in result["models"]):
            outcome = "counterexample not valid"
    return Proof(
        kind=check.kind,
        contract=check.contract,
        name=check.name,
        statement=check.statement,
        expected=expected,
        result=outcome,
        paths=paths,
        passing=passing,
        seconds=round(seconds, 2),
        ok=outcome == expected,
    )


def run(command: Sequence[str], failure: str, ends: Sequence[int] = (0,), total: int = 0) -> None:
    """Runs a program of the project with its output in the log, counting halmos's answers as they come.

    Ends this one unless it ends as it may; halmos ends with 1 after a counterexample.
    """
    done = 0
    with Console(stderr=True).status(command[0]) as status, LOG.open("w", encoding="utf-8") as log:
        environment = os.environ | FORGE | {"NO_COLOR": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:  # type: ignore[call-overload]
            for line in process.stdout:
                log.write(line)
                if answer := re.search(r"\[\w+\].* (check_\w+)", line):
                    done += 1
                    status.update(f"{done} of {total}: {answer[1]}")
    if process.returncode not in ends:
        tail = "".join(LOG.read_text(encoding="utf-8").splitlines(keepends=True)[-40:])
        sys.exit(f"{tail}\n{failure} ({process.returncode}); see {LOG}.")


# ---------------------------------------------------------------- saying it


def show(proofs: Sequence[Proof], problems: Sequence[str], seconds: float) -> None:
    table = Table(title="Symbolic proofs", title_justify="left")
    table.add_column("proof", no_wrap=True)
    table.add_column("property")
    table.add_column("paths", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("result", no_wrap=True)
    kind = ""
    for proof in proofs:
        if proof.kind != kind:
            kind = proof.kind
            table.add_section()
            table.add_row(f"[bold]{kind}[/]", end_section=True)
        subject = proof.name.removeprefix("check_").removeprefix(WRONG).partition("__")[0]
        wrong = " (wrong on purpose)" if proof.expected == "refuted" else ""
        result = f"[green]{proof.result}[/]" if proof.ok else f"[red]{proof.result}[/]"
        table.add_row(subject, proof.statement + wrong, f"{proof.paths:,}", f"{proof.seconds:.1f}", result)
    console = Console()
    console.print(table)
    good = sum(proof.ok for proof in proofs)
    paths = sum(proof.paths for proof in proofs)
    console.print(f"{good} of {len(proofs)} as expected, {paths:,} paths, {seconds:.0f} seconds; log: {LOG}")
    for problem in problems:
        console.print(f"[red]{problem}[/]", highlight=False)


def in_words(name: str) -> str:
    """`callerNotTheLedger` as it is read."""
    return re.sub(r"(?<=[A-Za-z0-9])[A-Z]", lambda letter: " " + letter[0].lower(), name).lower()


if __name__ == "__main__":
    main()
