"""Between the couriers and the gateway: an HTTP line that does to requests and answers what bad lines do."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mishap(Enum):
    """What happens to a request; None lets it pass."""

    LOST = auto()  # the gateway never saw it
    UNHEARD = auto()  # the gateway did it, and nobody hears
    TWICE = auto()  # the gateway gets it twice, and the second answer is heard
    BEFORE = auto()  # the answer to the request before comes instead
    HALF = auto()  # half of the answer
    NONSENSE = auto()  # 200 OK, and a page in HTML
    UNAVAILABLE = auto()  # 503
    REPLAY = auto()  # somebody says that the gateway asks for everything again


@dataclass
class Line:
    """`mishap` is asked for each request by its method."""

    port: int
    mishap: Callable[[str], Mishap | None] = lambda method: None
    url: str = ""
    before: tuple[int, bytes] = (503, b"")

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes] | None:
        """The gateway's answer; None when it is away."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@contextmanager
def line(port: int) -> Iterator[Line]:
    it = Line(port)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.close_connection = True
            mishap = it.mishap(self.command)
            if mishap is Mishap.LOST:
                return
            if mishap is Mishap.UNAVAILABLE:
                self.answer(503, b"later")
                return
            if mishap is Mishap.REPLAY:
                self.answer(409, json.dumps({"acks": [], "next": 1}).encode())
                return
            found = it.ask(self.command, self.path, body)
            if found and mishap is Mishap.TWICE:
                found = it.ask(self.command, self.path, body)
            if found is None or mishap is Mishap.UNHEARD:
                return
            it.before, earlier = found, it.before
            status, content = earlier if mishap is Mishap.BEFORE else found
            if mishap is Mishap.NONSENSE:
                content = b"<html>Welcome</html>"
            self.answer(status, content, len(content) // 2 if mishap is Mishap.HALF else None)

        do_POST = do_GET

        def answer(self, status: int, body: bytes, keep: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:keep])

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # a courier that was killed
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
