"""A node of a test's own, and a JSON-RPC proxy before it that does what bad networks and worse nodes do.

The proxy's faults are chosen for each request by a function of the test's, from a seed or by count.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint


class Fault(Enum):
    """What happens to a request; None lets it pass."""

    CUT_BEFORE = auto()  # the connection closes, and the node never saw it
    CUT_AFTER = auto()  # the node did it, and nobody hears
    SILENT = auto()  # the node did it, and the answer does not come
    HALF = auto()  # half of the answer
    NONSENSE = auto()  # 200 OK, and a page in HTML
    ERROR = auto()  # a JSON-RPC error
    TOO_MANY = auto()  # 429
    UNAVAILABLE = auto()  # 503


# (number of the request, counted from 0; its method) -> what happens to it
Faults = Callable[[int, str], Fault | None]


def no_faults(number: int, method: str) -> None:
    return None


def seeded(seed: int, share: float) -> Faults:
    """Any fault, for that share of all requests."""
    draw = random.Random(seed)
    return lambda number, method: draw.choice(list(Fault)) if draw.random() < share else None


@dataclass
class Proxy:
    """Between a client and the node at `target`; `faults` may be changed at any time."""

    target: str
    faults: Faults = no_faults
    methods: list[str] = field(default_factory=list)
    happened: list[Fault] = field(default_factory=list)
    url: str = ""
    cut: Callable[[], Any] = lambda: None  # done before a connection is closed
    lie: Callable[[Any, Any], Any] | None = None  # (what was asked, what the node answers) -> what is answered instead

    def decide(self, method: str) -> Fault | None:
        fault = self.faults(len(self.methods), method)
        self.methods.append(method)
        if fault:
            self.happened.append(fault)
        return fault

    @contextmanager
    def killing(self, request: int, fault: Fault) -> Iterator[list[Any]]:
        """Kills the processes put into the list at a request, counted from the first with which one looks at its
        account: before the node sees it (CUT_BEFORE), or when the node has done it (CUT_AFTER).
        """
        counted: list[str] = []
        doomed: list[Any] = []

        def faults(number: int, method: str) -> Fault | None:
            if counted or method == "eth_getTransactionCount":
                counted.append(method)
            return fault if len(counted) == request + 1 else None

        self.faults, self.cut = faults, lambda: [process.kill() for process in doomed]
        yield doomed
        self.faults, self.cut = no_faults, lambda: None

    def w3(self, timeout: float = 5) -> Web3:
        """A client that does not repeat anything by itself."""
        return Web3(HTTPProvider(self.url, {"timeout": timeout}, exception_retry_configuration=None))


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    it = Proxy(target)
    deciding = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = json.loads(body)
            with deciding:
                fault = it.decide(asked["method"] if isinstance(asked, dict) else "batch")
            if fault is Fault.CUT_BEFORE:
                it.cut()
                self.close_connection = True
                return
            if fault in (Fault.TOO_MANY, Fault.UNAVAILABLE):
                self.answer(b"slow down", 429 if fault is Fault.TOO_MANY else 503)
                return
            if fault is Fault.ERROR:
                error = {"code": -32603, "message": "internal error"}
                self.answer(json.dumps({"jsonrpc": "2.0", "id": 1, "error": error}).encode())
                return
            try:
                request = urllib.request.Request(it.target, body, {"Content-Type": "application/json"})  # noqa: S310
                with urllib.request.urlopen(request, timeout=30) as said:  # noqa: S310
                    answer = said.read()
            except (urllib.error.URLError, OSError):  # the node is gone
                self.close_connection = True
                return
            if it.lie:
                answer = json.dumps(it.lie(asked, json.loads(answer))).encode()
            if fault is Fault.CUT_AFTER:
                it.cut()
                self.close_connection = True
            elif fault is Fault.SILENT:
                self.connection.recv(1)  # until the client gives up
                self.close_connection = True
            elif fault is Fault.HALF:
                self.answer(answer, keep=len(answer) // 2)
            elif fault is Fault.NONSENSE:
                self.answer(b"<html>Welcome</html>")
            else:
                self.answer(answer)

        def answer(self, body: bytes, status: int = 200, keep: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:keep])
            self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # a client that was killed
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda request, client: None  # type: ignore[method-assign]
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Anvil:
    """A node that can be killed and started again with the state that was saved last; its mempool is then gone.

    `options` are anvil's own, beside those that all tests need.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self._state = ""
        self._port = 0
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        options = ["--port", str(self._port), "--hardfork", "prague", "--chain-id", "31337", "--accounts", "40"]
        options += self._options
        process = subprocess.Popen(["anvil", *options], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:  # ready once it says so
            if line.startswith("Listening on"):
                self._port = int(line.rsplit(":", 1)[1])
                break
        # Whatever it prints later must not fill the pipe.
        self._reader = threading.Thread(target=process.stdout.read)
        self._reader.start()
        return process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def w3(self) -> Web3:
        return Web3(HTTPProvider(self.url))

    def rpc(self, method: str, *parameters: Any) -> Any:
        answer = self.w3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "result" in answer, answer
        return answer["result"]

    def save(self) -> None:
        self._state = self.rpc("anvil_dumpState")

    def restart(self) -> None:
        self.kill()
        self._process = self._started()
        self.rpc("anvil_loadState", self._state)

    def kill(self) -> None:
        with self._process as process:
            process.kill()
            self._reader.join()
