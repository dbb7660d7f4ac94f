"""Who stands between `stockade verify` and a real gateway or node, and changes what it answers: an HTTP server on
loopback.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

# Given what is asked (an endpoint's name and its query, or a node's methods) and the true answer: what is answered,
# bytes as they are.
Change = Callable[[str, dict[str, str], Any], Any]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behind: str
    change: Change

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        answer = httpx.get(f"{self.behind}{self.path}", timeout=60)
        assert answer.status_code == 200, answer.text
        self._say(asked.path.removeprefix("/v1/"), dict(parse_qsl(asked.query)), answer.json())

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        said = json.loads(content)
        methods = [each["method"] for each in said] if isinstance(said, list) else [said["method"]]
        answer = httpx.post(self.behind, content=content, headers={"Content-Type": "application/json"}, timeout=60)
        self._say(" ".join(methods), {}, answer.json())

    def _say(self, path: str, asked: dict[str, str], answer: Any) -> None:
        said = type(self).change(path, asked, answer)
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def between(behind: str, change: Change) -> Iterator[str]:
    """An address at which `behind` answers, changed."""
    handler = type("Handler", (_Handler,), {"behind": behind, "change": staticmethod(change)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
