"""`ape run` commands under watch: what they say, start, write and send is kept, to be searched for secrets.

A command takes two seconds to import Ape and web3, and there are hundreds of runs: so a process that has imported them
is forked for each of them (`python -m tests.e2e.watched`). What a run starts and which files it opens for writing comes
from Python's audit events: unlike a look at /proc now and then, they miss nothing, however short it lived. A look at
/proc is taken as well, while a command waits for the node to take its transaction.
"""

from __future__ import annotations

import atexit
import base64
import gc
import itertools
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SENDS = "eth_sendRawTransaction"

# ---------------------------------------------------------------- the secrets


@dataclass
class Secrets:
    """What must be seen nowhere. `find` knows each in every usual spelling, and any 12 characters of one."""

    patterns: dict[bytes, str] = field(default_factory=dict)

    def add_bytes(self, name: str, secret: bytes) -> None:
        """A key."""
        spelled = (secret.hex(), base64.b64encode(secret).decode(), str(int.from_bytes(secret, "big")))
        for text in spelled:
            self.add_text(name, text)
        self.patterns[bytes(secret)] = name
        self.patterns[repr(bytes(secret)).encode()] = name

    def add_text(self, name: str, secret: str) -> None:
        """A passphrase, or what stands in a keyfile. Cut into pieces, since tables fold what is long."""
        pieces = [secret[start : start + 12] for start in range(0, len(secret) - 11, 12)]
        for piece in pieces:
            self.patterns[piece.lower().encode()] = name

    def add_keyfile(self, name: str, path: Path) -> None:
        """All that is in it but the address."""
        crypto = {key.lower(): value for key, value in json.loads(path.read_text()).items()}["crypto"]
        parts = (crypto["ciphertext"], crypto["mac"], crypto["cipherparams"]["iv"], crypto["kdfparams"]["salt"])
        for part in parts:
            self.add_text(name, part)

    def find(self, data: bytes) -> set[str]:
        """The names of the secrets in it, whatever its letters' case."""
        lowered = data.lower()
        return {name for pattern, name in self.patterns.items() if pattern in lowered or pattern in data}


# ---------------------------------------------------------------- the node


class Node:
    """Stands between commands and chain: keeps what it is asked, and can hold or lose what is sent."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.bodies: list[bytes] = []
        self.sent = 0
        self.loses = ""
        self.holding = False
        self.held = threading.Event()
        self.released = threading.Event()
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer waits 40 ms

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                node.bodies.append(body)
                answer = node.answer(body)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, body: bytes) -> bytes | None:
        """None: the connection breaks."""
        if self.loses and self.loses.encode() in body:
            return None
        if SENDS.encode() in body:
            if self.holding:
                self.held.set()
                self.released.wait(60)
                return None
            self.sent += 1
        request = urllib.request.Request(self.chain, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return bytes(answer.read())

    def ask(self, method: str, *parameters: Any) -> Any:
        """Asks the chain itself."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self.chain, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)["result"]

    @contextmanager
    def losing(self, method: str) -> Iterator[None]:
        """The connection breaks at every request for the method."""
        self.loses = method
        try:
            yield
        finally:
            self.loses = ""

    @contextmanager
    def holding_on(self) -> Iterator[None]:
        """What is sent is neither taken nor refused; `held` says when it is here."""
        self.held.clear()
        self.released.clear()
        self.holding = True
        try:
            yield
        finally:
            self.holding = False
            self.released.set()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


# ---------------------------------------------------------------- the commands


@dataclass(frozen=True)
class Run:
    """One command that has ended. `started`: the arguments of each process it started; `wrote`: the files it opened."""

    status: int
    said: str
    started: tuple[str, ...]
    wrote: tuple[Path, ...]


@dataclass(frozen=True)
class Running:
    """A command on its way: its process number, the driver that forked it, and where it is watched."""

    process: int
    driver: subprocess.Popen[str]
    trace: Path


class Watch:
    """Runs commands in a working folder, one at a time for each driver, and searches all that comes of them."""

    def __init__(self, folder: Path, environment: dict[str, str], secrets: Secrets, drivers: int = 2) -> None:
        self.folder = folder
        self.secrets = secrets
        self.traces = folder.parent / "traces"
        self.traces.mkdir()
        self.count = itertools.count()
        command = [sys.executable, "-m", "tests.e2e.watched"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.drivers = [subprocess.Popen(command, cwd=folder, env=environment, **pipes) for _ in range(drivers)]
        self.free: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        for driver in self.drivers:
            self.free.put(driver)

    def start(self, *command: str, **environment: str) -> Running:
        """Starts `ape run ...`."""
        # A driver that died with its command is not given back: then this fails instead of waiting for ever.
        driver, trace = self.free.get(timeout=600), self.traces / str(next(self.count))
        order = {"arguments": ["ape", "run", *command], "environment": environment, "trace": str(trace)}
        assert driver.stdin is not None
        driver.stdin.write(json.dumps(order) + "\n")
        driver.stdin.flush()
        return Running(int(_reply(driver)), driver, trace)

    def end(self, running: Running) -> Run:
        """Waits for the end of the command."""
        status = os.waitstatus_to_exitcode(int(_reply(running.driver)))
        self.free.put(running.driver)
        events = [json.loads(line) for line in running.trace.with_suffix(".events").read_text().splitlines()]
        return Run(
            status,
            running.trace.with_suffix(".said").read_text(errors="surrogateescape"),
            tuple(event["started"] for event in events if "started" in event),
            tuple(Path(event["wrote"]) for event in events if "wrote" in event),
        )

    def run(self, *command: str, **environment: str) -> Run:
        return self.end(self.start(*command, **environment))

    def leaks(self, run: Run) -> dict[str, set[str]]:
        """Where secrets are seen in a run: place to the secrets' names. Empty is good."""
        places = {"said": run.said.encode(errors="surrogateescape"), "argv": "\n".join(run.started).encode()}
        places |= {f"file {path}": path.read_bytes() for path in run.wrote if path.is_file()}
        return {place: found for place, data in places.items() if (found := self.secrets.find(data))}

    def leaks_in_files(self, keyfiles: Iterable[Path]) -> dict[str, set[str]]:
        """The same for every file under the working folder but the keyfiles."""
        spared = set(keyfiles)
        files = (path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        found = {f"file {path}": self.secrets.find(path.read_bytes()) for path in files if path not in spared}
        return {place: names for place, names in found.items() if names}

    def leaks_in_processes(self, process: int) -> set[str]:
        """Secrets in the arguments of a running process and its children."""
        listed = [process, *_descendants(process)]
        return self.secrets.find(b"\n".join(Path(f"/proc/{each}/cmdline").read_bytes() for each in listed))

    def close(self) -> None:
        for driver in self.drivers:
            driver.communicate(timeout=60)


def _reply(driver: subprocess.Popen[str]) -> str:
    assert driver.stdout is not None
    line = driver.stdout.readline()
    assert line, "the driver has ended"
    return line


def _descendants(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [each for child in map(int, children) for each in (child, *_descendants(child))]


# ---------------------------------------------------------------- the driver


def drive() -> None:
    """Reads orders, one a line, and forks for each; answers with its process number, then with its wait status."""
    import ape_test.provider  # noqa: F401
    from ape._cli import cli

    import stockade.ape
    import stockade.demo.story  # noqa: F401

    cli.get_command(None, "run")
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(order)
            _end_as(lambda: cli(prog_name="ape"))
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(status, flush=True)


def _end_as(command: Callable[[], Any]) -> None:
    """Runs the command and ends as Python does after it, but for clearing up its modules, which takes longer than most
    commands.
    """
    status: Any = 0
    try:
        command()
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


def _become(order: dict[str, Any]) -> None:
    """Makes this process one that was started to run the command, with its own output and under watch."""
    said = os.open(order["trace"] + ".said", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = order["arguments"]
    os.environ.update(order["environment"])
    time.tzset()
    events = os.open(order["trace"] + ".events", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def note(**event: str) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"):
            note(started=re.sub(r"\s+", " ", repr(arguments[:2])))
        elif event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            note(wrote=os.path.abspath(os.fsdecode(arguments[0])))
        elif event == "os.rename":
            note(wrote=os.path.abspath(os.fsdecode(arguments[1])))
        elif event == "sqlite3.connect":
            note(wrote=os.path.abspath(os.fsdecode(arguments[0])))

    sys.addaudithook(hook)


if __name__ == "__main__":
    drive()
