"""A node's address may hold a key: of it people see no more than scheme, host and port."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stockade import chain
from stockade.errors import NetworkError
from stockade.suite import Suite


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://node.example/v2/SECRET?key=SECRET#SECRET", "https://node.example"),
        ("https://SECRET:SECRET@node.example:8545/SECRET", "https://node.example:8545"),
        ("http://[::1]:9/SECRET", "http://[::1]:9"),
        ("https://node.example:SECRET/", "the address given"),
        ("SECRET", "the address given"),
        ("https://[SECRET", "the address given"),
    ],
)
def test_origin__of_an_address__holds_no_key(url, shown):
    assert chain.origin(url) == shown


def test_connect__nothing_answers__names_the_node_without_its_key():
    with pytest.raises(NetworkError) as refused:
        chain.connect("http://127.0.0.1:9/v2/SECRET")
    assert str(refused.value) == (
        "No node answers at http://127.0.0.1:9: start one (`make devnet`) or give another address."
    )


class _Tired(BaseHTTPRequestHandler):
    """A node that says which it is, and then wants another key."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = asked["method"] == "web3_clientVersion"
        content = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "x"}).encode() if known else b""
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def tired() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Tired) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v2/SECRET"
        server.shutdown()


def test_read__the_node_wants_another_key__one_sentence_without_its_address(tired, suite):
    with pytest.raises(NetworkError, match=r"^The node does not answer any more") as refused:
        chain.read(lambda: Suite(chain.connect(tired), suite.deployment))
    assert "SECRET" not in str(refused.value)
