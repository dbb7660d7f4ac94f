"""A copy of the project in which contracts and code may be broken on purpose; used by tools/mutate.py and tools/zoo.py.

    with Sandbox.make("zoo") as box:            # copy; compiles only what differs from the original's manifest
        box.apply(Path("tests/zoo/01.patch"))   # or box.write("contracts/token/ShareToken.sol", text)
        changed = box.build()                   # names of the contracts that are others now; SandboxError if it fails
        verdict = box.pytest("tests/contracts/test_transfer.py::test_x", "tests/reporting")
        box.reset()                             # as it was made; then the next change

The copy holds what git tracks or would track. `.venv` and `node_modules` are links; `out`, `cache`, `.ape`, the
manifest and temporary files are its own, and so is the package: `stockade` is imported from the copy, not from the
editable install. Accounts are not copied. Copies live in build/sandbox/; one that a killed run left behind goes by
`make clean`.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import manifest

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = "src/stockade/manifest.json"
# The hash of the sources at the end of each contract's code: it changes with every comment.
SOURCE_HASH = re.compile("64697066735822[0-9a-f]{68}")
IMPORT = re.compile(r"^import\b[^;]*?[\"']([^\"']+)[\"']\s*;", re.MULTILINE)


class SandboxError(Exception):
    """The change cannot be made or does not compile."""


class Stopped(Exception):
    """Somebody called `stop`."""


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"  # a test ran and failed
    BROKEN = "broken"  # no test failed, yet the run did: a fixture, an import, the collection, the compiler
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Verdict:
    """What one run of tests said. `test` is the first that failed (or could not be set up), `message` why."""

    outcome: Outcome
    test: str = ""
    message: str = ""
    seconds: float = 0.0


Judge = Callable[[subprocess.CompletedProcess[str]], tuple[Outcome, str, str]]


class Sandbox:
    """See the module's text. One at a time may be used by one thread; several at once live side by side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._originals: dict[str, bytes | None] = {}
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._sources = self._read_sources()
        self._manifest: dict[str, Any] = {"contracts": {}}

    @classmethod
    def make(cls, name: str, origin: Path = ROOT) -> Sandbox:
        """A fresh copy of `origin`, with its manifest up to date."""
        home = ROOT / "build" / "sandbox"
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home))
        copy_project(origin, folder)
        box = cls(folder)
        box._make_manifest(origin / MANIFEST)
        return box

    def twin(self) -> Sandbox:
        """Another copy, of this one as it stands."""
        folder = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}-", dir=self.folder.parent))
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        box = Sandbox(folder)
        box._make_manifest(folder / MANIFEST)
        return box

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- changes ---

    def write(self, name: str, text: str) -> None:
        """Gives a file another content; `name` is relative to the project's root."""
        self._keep(name)
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def apply(self, patch: Path) -> list[str]:
        """Applies a unified diff (as `git apply` reads it) and returns the files that it touches."""
        patch = patch.resolve()
        touched = [line.split("\t")[2] for line in self._git_apply("--numstat", patch).splitlines()]
        if not touched:
            raise SandboxError(f"{patch.name} changes nothing")
        for name in touched:
            self._keep(name)
        self._git_apply("--whitespace=nowarn", patch)
        return touched

    def reset(self) -> None:
        """Takes back every change since the copy was made."""
        for name, content in self._originals.items():
            if content is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                (self.folder / name).write_bytes(content)
            self._forget_bytecode(name)
        self._originals.clear()
        self._write_manifest(self._manifest)

    def _git_apply(self, option: str, patch: Path) -> str:
        # Without the ceiling git would find the original's repository around the copy, and skip every file.
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(self.folder.parent)}
        command = ["git", "apply", option, str(patch)]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(f"{patch.name} does not apply: {done.stderr.strip()}")
        return done.stdout

    def _keep(self, name: str) -> None:
        path = self.folder / name
        self._originals.setdefault(name, path.read_bytes() if path.exists() else None)
        self._forget_bytecode(name)

    def _forget_bytecode(self, name: str) -> None:
        """Python recognises a stale .pyc by size and whole seconds only."""
        path = self.folder / name
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            stale.unlink()

    # --- the compiled contracts ---

    def build(self) -> list[str]:
        """Brings the manifest up to contracts/, compiling only what depends on a changed file.

        Returns the contracts whose ABI, code (but for the hash of their source) or storage layout differs from the
        unchanged copy's; none means that the change cannot be seen on a chain. Warnings count for nothing here.
        """
        sources = self._read_sources()
        before = self._manifest["contracts"]
        after = self._compile(sources, before, self._sources)
        self._write_manifest({**self._manifest, "contracts": after, "sources": manifest.fingerprint(sources)})
        names = before.keys() | after.keys()
        return sorted(name for name in names if essence(before.get(name)) != essence(after.get(name)))

    def _make_manifest(self, known: Path) -> None:
        """From the original's manifest when that is up to date, else from nothing."""
        digest = manifest.fingerprint(self._sources)
        found = json.loads(known.read_text()) if known.exists() else {}
        if found.get("sources") == digest:
            self._manifest = found
        else:
            compiler = {"name": "solc", "version": manifest.VERSION, "settings": manifest.SETTINGS}
            contracts = self._compile(self._sources, {}, {})
            self._manifest = {"compiler": compiler, "contracts": contracts, "sources": digest}
        self._write_manifest(self._manifest)

    def _read_sources(self) -> dict[str, str]:
        contracts = self.folder / "contracts"
        files = sorted(p for p in contracts.rglob("*.sol") if not manifest.is_left_out(p.relative_to(contracts)))
        return {path.relative_to(self.folder).as_posix(): path.read_text() for path in files}

    def _compile(self, sources: dict[str, str], known: dict[str, Any], known_sources: dict[str, str]) -> dict[str, Any]:
        """The manifest's entries for the sources, where those of `known_sources` are already `known`."""
        changed = {name for name, text in sources.items() if known_sources.get(name) != text}
        changed |= known_sources.keys() - sources.keys()
        affected = importers(changed, sources)
        kept = {name: entry for name, entry in known.items() if entry["source"] not in affected | changed}
        if not affected:
            return kept
        wanted = [*sorted(affected), *([] if known else manifest.DEPLOYED_AS_IS)]
        # The names of immutables stand where they are declared; asking for more files would compile those as well.
        declaring = [name for name in imported(affected, sources) if "immutable" in self._text_of(name, sources)]
        outputs: dict[str, dict[str, list[str]]] = {name: {"": manifest.FILE_OUTPUTS} for name in declaring}
        outputs |= {name: {"": manifest.FILE_OUTPUTS, "*": manifest.OUTPUTS} for name in wanted}
        task = {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": {**manifest.SETTINGS, "outputSelection": outputs},
        }
        command = ["tools/solc/solc-v" + manifest.VERSION, "--standard-json", "--base-path", "node_modules"]
        done = self.run(command, 600, json.dumps(task))
        if done.returncode != 0:
            raise SandboxError(f"the compiler did not run: {done.stderr.strip()}")
        output = json.loads(done.stdout)
        errors = [each["formattedMessage"] for each in output.get("errors", []) if each["severity"] == "error"]
        if errors:
            raise SandboxError("\n".join(errors).rstrip())
        output["sources"] = {name: entry for name, entry in output["sources"].items() if "ast" in entry}
        output["contracts"] = {name: entry for name, entry in output["contracts"].items() if name in wanted}
        return kept | manifest.select(output)

    def _text_of(self, name: str, sources: dict[str, str]) -> str:
        return sources[name] if name in sources else self.read(f"node_modules/{name}")

    def _write_manifest(self, content: dict[str, Any]) -> None:
        (self.folder / MANIFEST).write_text(json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n")

    # --- tests ---

    def pytest(self, *tests: str, options: Sequence[str] = (), timeout: float = 1200) -> Verdict:
        """Runs tests (files, folders or file::test), in the given order, up to the first failure."""
        quiet = ["-x", "-q", "-rfE", "--tb=line", "--no-header", "-p", "no:cacheprovider"]
        wide = {"COLUMNS": "240"}  # room for the message in the summary
        return self._judge(["pytest", *quiet, *options, *tests], timeout, judge_pytest, wide)

    def forge(self, *options: str, timeout: float = 1200, env: Mapping[str, str] | None = None) -> Verdict:
        """Runs `forge test` with these options (such as `--match-path`) on one thread, up to the first failure."""
        return self._judge(["forge", "test", "--threads", "1", "--fail-fast", *options], timeout, judge_forge, env)

    def _judge(self, command: list[str], timeout: float, judge: Judge, env: Mapping[str, str] | None = None) -> Verdict:
        start = time.monotonic()
        try:
            done = self.run(command, timeout, env=env)
        except subprocess.TimeoutExpired:
            return Verdict(Outcome.TIMED_OUT, "", f"no end after {timeout:.0f} s", time.monotonic() - start)
        outcome, test, message = judge(done)
        return Verdict(outcome, test, message, time.monotonic() - start)

    def run(
        self, command: list[str], timeout: float, text: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy, with tools/env.sh; on a time-out ends it with all that it started."""
        environment = {name: value for name, value in os.environ.items() if name != "APE_DATA_FOLDER"}
        environment |= {"PYTHONPATH": str(self.folder / "src"), "TMPDIR": str(self.folder / "tmp"), **(env or {})}
        with subprocess.Popen(
            ["sh", "-c", '. tools/env.sh && exec "$@"', "sh", *command],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                if self._stopped:
                    raise Stopped
                output, errors = process.communicate(text, timeout)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if self._stopped:
            raise Stopped
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def stop(self) -> None:
        """Ends what runs in the copy, from another thread; there `Stopped` is raised, now and at every later run."""
        self._stopped = True
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)


def copy_project(origin: Path, folder: Path) -> None:
    """What git tracks or would track, links to what setup installed, and Ape's unpacked dependencies."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=origin, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if not (origin / name).is_file():  # deleted, but not yet committed
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin / name, folder / name)
    for name in (".venv", "node_modules"):
        (folder / name).symlink_to((origin / name).resolve())
    if (origin / ".ape" / "packages").is_dir():
        shutil.copytree(origin / ".ape" / "packages", folder / ".ape" / "packages")
    (folder / "tmp").mkdir()


def imports_of(name: str, text: str) -> set[str]:
    """The names of the sources that this one imports, libraries' among them."""
    home = posixpath.dirname(name)
    found = IMPORT.findall(text)
    return {posixpath.normpath(posixpath.join(home, each)) if each.startswith(".") else each for each in found}


def importers(changed: Iterable[str], sources: dict[str, str]) -> set[str]:
    """Those of the sources that are among `changed` or import one of them, over however many steps."""
    reached, imports = set(changed), {name: imports_of(name, text) for name, text in sources.items()}
    while more := {name for name, targets in imports.items() if name not in reached and targets & reached}:
        reached |= more
    return reached & sources.keys()


def imported(names: Iterable[str], sources: dict[str, str]) -> set[str]:
    """What these sources import over however many steps; of libraries only what our own sources name."""
    reached: set[str] = set()
    new = set(names)
    while new := {target for name in new for target in imports_of(name, sources.get(name, ""))} - reached:
        reached |= new
    return reached


def essence(entry: dict[str, Any] | None) -> str:
    """A contract as the chain sees it."""
    return SOURCE_HASH.sub("", json.dumps(entry, sort_keys=True))


def judge_pytest(done: subprocess.CompletedProcess[str]) -> tuple[Outcome, str, str]:
    if done.returncode == 0:
        return Outcome.PASSED, "", ""
    found = re.search(r"^(FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - (.*))?$", done.stdout, re.MULTILINE)
    if not found:
        return Outcome.BROKEN, "", last_line(done.stderr or done.stdout)
    kind, test, message = found.groups(default="")
    failed = kind == "FAILED" and done.returncode == 1
    return Outcome.FAILED if failed else Outcome.BROKEN, test, message


def judge_forge(done: subprocess.CompletedProcess[str]) -> tuple[Outcome, str, str]:
    if done.returncode == 0:
        ran = re.search(r"\b[1-9]\d* tests? passed", done.stdout)  # forge is content when nothing matches
        return (Outcome.PASSED, "", "") if ran else (Outcome.BROKEN, "", "no test matches")
    found = re.search(r"^\[FAIL(?:[:.] ?(.*?))?\] (\w+)\(", done.stdout, re.MULTILINE)
    if not found:
        return Outcome.BROKEN, "", last_line(done.stderr or done.stdout)
    message, test = found.groups(default="")
    return Outcome.BROKEN if test == "setUp" else Outcome.FAILED, test, message


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
