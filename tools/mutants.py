"""The mutants of the contracts: where they come from, what they look like, and which are known to be equivalent."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sysconfig
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import Sandbox

FOLDERS = ("authority", "custody", "listing", "market", "registry", "report", "token", "types")
CONTEXT = 3  # lines of a diff around the change

# Gambit puts a note, which may be several lines long, above the line that it changed.
NOTE = re.compile(r"^[ \t]*/// (\w+)Mutation\(`(.*?)` \|==> `(.*?)`\) of: `[^\n]*`\n", re.MULTILINE | re.DOTALL)
# Operators of one kind take and give the same types; those of another kind in their place never compile.
LOGIC, EQUALITY, ORDER = {"&&", "||", "!"}, {"==", "!="}, {"<", ">", "<=", ">="}


class MutateError(Exception):
    """Something the reader of the message can put right."""


@dataclass(frozen=True)
class Mutant:
    """A contract's file in which the lines `removed`, the first of them number `line`, are replaced by `added`."""

    file: str
    line: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    operator: str

    @property
    def key(self) -> str:
        return hashlib.sha256(repr((self.file, self.line, self.removed, self.added)).encode()).hexdigest()[:16]

    def apply(self, original: str) -> str:
        lines = original.splitlines()
        lines[self.line - 1 : self.line - 1 + len(self.removed)] = self.added
        return "\n".join(lines) + "\n"

    def diff(self, original: str) -> list[str]:
        lines, end = original.splitlines(), self.line - 1 + len(self.removed)
        before, after = lines[max(0, self.line - 1 - CONTEXT) : self.line - 1], lines[end : end + CONTEXT]
        marked = ((" ", before), ("-", self.removed), ("+", self.added), (" ", after))
        return [f"{mark}{line}" for mark, group in marked for line in group]


@dataclass(frozen=True)
class Explanation:
    """One diff of docs/mutants.md with the reason that stands above it."""

    file: str
    reason: str
    diff: tuple[str, ...]

    def fits(self, mutant: Mutant, diff: list[str]) -> bool:
        """The same change, and around it as many lines of context as the explanation gives."""
        if mutant.file != self.file:
            return False
        ours, theirs = [bare(line) for line in self.diff], [bare(line) for line in diff]
        whole = changes(ours) == changes(theirs)
        return whole and any(theirs[at : at + len(ours)] == ours for at in range(len(theirs) - len(ours) + 1))


def bare(line: str) -> str:
    return line[:1] + line[1:].strip()


def changes(diff: Iterable[str]) -> list[str]:
    return [line for line in diff if line[:1] in ("-", "+")]


# --- the mutants there are ---


def find_gambit() -> str:
    installed = Path(sysconfig.get_path("purelib"), "certora_bins", "gambit")
    found = str(installed) if os.access(installed, os.X_OK) else shutil.which("gambit")
    if not found:
        raise MutateError("gambit was not found: run `make setup` (certora-cli brings it, on x86-64 Linux and macOS).")
    return found


def all_mutants(box: Sandbox, kept: Path, jobs: int) -> list[Mutant]:
    """Every mutant of the contracts, without those whose types cannot fit, in a fixed order; `kept` for later runs."""
    if not kept.exists():
        gambit = find_gambit()
        files = [path for folder in FOLDERS for path in sorted(box.folder.glob(f"contracts/{folder}/*.sol"))]
        names = [path.relative_to(box.folder).as_posix() for path in files]
        with ThreadPoolExecutor(jobs) as pool:
            lists = pool.map(lambda name: mutants_of(box, gambit, name), names)
            found = dict.fromkeys(mutant for mutants in lists for mutant in mutants)
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".draft")
        draft.write_text(json.dumps([asdict(mutant) for mutant in found]))
        draft.replace(kept)
    read = json.loads(kept.read_text())
    return [Mutant(**each | {name: tuple(each[name]) for name in ("removed", "added")}) for each in read]


def mutants_of(box: Sandbox, gambit: str, name: str) -> list[Mutant]:
    original = box.read(name)
    with tempfile.TemporaryDirectory() as folder:
        options = ["--solc", "tools/solc/solc-v0.8.37", "--solc_base_path", "node_modules", "--skip_validate"]
        done = box.run([gambit, "mutate", "-f", name, *options, "-o", folder], 300)
        if done.returncode != 0:
            raise MutateError(f"gambit failed on {name}: {(done.stderr or done.stdout).strip()[-500:]}")
        listed = json.loads(Path(folder, "gambit_results.json").read_text())
        texts = [Path(folder, each["name"]).read_text() for each in sorted(listed, key=lambda each: int(each["id"]))]
    return [mutant for text in texts if (mutant := to_mutant(name, original, text))]


def to_mutant(name: str, original: str, mutated: str) -> Mutant | None:
    """None when nothing is changed, or when an operator stands where its type cannot."""
    note = NOTE.search(mutated)
    if not note:
        raise MutateError(f"gambit's note is missing from a mutant of {name}; this tool reads those of certora-cli 8.")
    operator, before, after = note.groups()
    if operator in {"BinaryOp", "UnaryOperator"} and not may_replace(before, after):
        return None
    old, new = original.splitlines(), (mutated[: note.start()] + mutated[note.end() :]).splitlines()
    start = same_lines(old, new)
    tail = same_lines(old[start:][::-1], new[start:][::-1])
    removed, added = old[start : len(old) - tail], new[start : len(new) - tail]
    return Mutant(name, start + 1, tuple(removed), tuple(added), operator) if removed or added else None


def same_lines(old: list[str], new: list[str]) -> int:
    """How many lines the two begin with in common."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (ours, theirs) in pairs if ours != theirs), min(len(old), len(new)))


def may_replace(before: str, after: str) -> bool:
    def kind(operator: str) -> str:
        if operator in LOGIC:
            return "logic"
        return "equality" if operator in EQUALITY else "order" if operator in ORDER else "number"

    pair = {kind(before), kind(after)}
    return len(pair) == 1 or pair in ({"equality", "logic"}, {"equality", "order"})


# --- the mutants that are explained ---


def read_explanations(text: str) -> list[Explanation]:
    """From docs/mutants.md: below `## FILE` and `### TITLE` a reason, then the fenced diffs to which it applies."""
    found: list[Explanation] = []
    file, reason = "", ""
    for part in re.split(r"^(#{2,3} [^\n]*|```diff\n.*?^```)$", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("## "):
            file, reason = part[3:].strip().strip("`"), ""
        elif part.startswith("### "):
            reason = ""
        elif not part.startswith("```diff"):
            reason = " ".join(part.split()) or reason
        elif not file or not reason:
            raise MutateError(f"docs/mutants.md: a diff without file or reason above it:\n{part}")
        else:
            lines = part.splitlines()[1:-1]
            found.append(Explanation(file, reason, tuple(line for line in lines if line.strip())))
    return found


def explain(
    mutants: list[Mutant], sources: dict[str, str], known: list[Explanation]
) -> tuple[dict[str, str], list[str]]:
    """Reasons by mutant's key; and complaints, about explanations that fit no mutant there is, or several."""
    reasons: dict[str, str] = {}
    complaints = []
    for each in known:
        fitting = [m for m in mutants if m.file == each.file and each.fits(m, tidy(m.diff(sources[m.file])))]
        reasons |= {mutant.key: each.reason for mutant in fitting}
        if len(fitting) != 1:
            count = "no mutant" if not fitting else f"{len(fitting)} mutants; give it lines of context"
            complaints.append(f"{each.file}: fits {count}:\n" + "\n".join(each.diff))
    return reasons, complaints


def tidy(diff: list[str]) -> list[str]:
    return [line for line in diff if line.strip()]
