"""A receiver of records that keeps a gateway's manners, and breaks them as it is told: a real HTTP server on loopback.

It says what it heard, in the order in which it heard it. What it checks itself is order alone.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stockade.chain import KeySigner
from stockade.wire.envelope import ACK_SCHEMA
from stockade.wire.signing import ack_digest, sign, signer_of, submission_digest
from tests.reporting.made import GATEWAY, OTHER, REPORTER

Acks = list[dict[str, Any]]


def signed(signer: KeySigner, ack: dict[str, Any]) -> dict[str, Any]:
    return ack | {"signature": sign(signer, ack_digest(ack))}


class Receiver:
    """`heard`: (first, last) of every submission, in order. `faults`: what befalls the next answers, one each.

    `arrived` is called with every submission before it is answered.
    """

    def __init__(self) -> None:
        self.held: dict[int, str] = {}
        self.heard: list[tuple[int, int]] = []
        self.asked: list[int] = []
        self.acks: Acks = []
        self.faults: deque[str] = deque()
        self.refused: dict[int, tuple[str, str | None]] = {}
        self.arrived: Callable[[dict[str, Any]], None] = lambda submission: None
        self.url = ""
        self.tokens: set[str | None] = set()
        self.over = threading.Event()
        self.changed = threading.Condition()

    @property
    def next(self) -> int:
        return len(self.held) + 1

    def ack(
        self, stage: str, first: int, last: int, code: str | None = None, field: str | None = None
    ) -> dict[str, Any]:
        """Another acknowledgement, signed and kept."""
        said = {
            "schema": ACK_SCHEMA,
            "ackId": len(self.acks) + 1,
            "gatewayId": "TEST-GATEWAY",
            "reporterId": "TEST",
            "stage": stage,
            "first": first,
            "last": last,
            "recordId": self.held.get(last),
            "code": code,
            "field": field,
            "text": None,
            "time": "2026-01-01T00:00:00.000Z",
        }
        self.acks.append(signed(GATEWAY, said))
        return self.acks[-1]

    def wait_for(self, count: int) -> None:
        """Until so many records are held and answered. Fails when that takes minutes."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.held) >= count, 180)

    def forget(self) -> None:
        """Its database is gone."""
        self.held, self.acks = {}, []

    def submitted(self, submission: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Takes a submission in. (Status, answer.)"""
        first, last, records = submission["first"], submission["last"], submission["records"]
        assert [record["seq"] for record in records] == list(range(first, last + 1))
        self.heard.append((first, last))
        if signer_of(submission_digest(submission), submission["signature"]) != REPORTER.address:
            return 401, {"detail": "unknown"}
        if first > self.next:
            return 409, {"acks": [self.ack("REJECTED", self.next, self.next, "GAP")], "next": self.next}
        for record in records:
            if self.held.setdefault(record["seq"], record["recordId"]) != record["recordId"]:
                at = record["seq"]
                return 409, {"acks": [self.ack("REJECTED", at, at, "CONFLICT", "/recordId")], "next": at}
        acks = [self.ack("RECEIVED", first, last)]
        acks += [self.ack("REJECTED", at, at, *self.refused[at]) for at in range(first, last + 1) if at in self.refused]
        return 200, {"acks": acks, "next": self.next}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        submission = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.receiver.tokens.add(self.headers["Authorization"])
        with self.receiver.changed:
            self.receiver.arrived(submission)
            fault = self.receiver.faults.popleft() if self.receiver.faults else ""
            if fault == "busy":
                return self._say(503, b"{}")
            status, said = self.receiver.submitted(submission)
            self.receiver.changed.notify_all()
        if fault == "silent":
            self.receiver.over.wait()
        if fault in ("hangs up", "silent"):
            self.close_connection = True
            return None
        if fault == "rubbish":
            return self._say(200, b"\x00<html>\xff")
        if fault == "too much":
            return self._say(200, b" " * 5_000_000)
        if fault == "our names":
            said["acks"] = [each | {"ack_id": each["ackId"]} for each in said["acks"]]
            for each in said["acks"]:
                del each["ackId"]
        if fault == "wrong key":
            said["acks"] = [signed(OTHER, each) for each in said["acks"]]
        if fault == "of another":
            said["acks"] = [signed(GATEWAY, each | {"recordId": "0x" + 64 * "e"}) for each in said["acks"]]
        if fault == "nothing said":
            said["acks"] = []
        if fault == "beyond":
            said["next"] += 1_000
        if fault == "twice":
            said["acks"] *= 2
        return self._say(status, json.dumps(said).encode())

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        after, limit = int(asked["after"][0]), int(asked["limit"][0])
        with self.receiver.changed:
            self.receiver.asked.append(after)
            found = [each for each in self.receiver.acks if each["ackId"] > after][:limit]
        self._say(200, json.dumps({"acks": found}).encode())

    def _say(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield receiver
        finally:
            receiver.over.set()
            server.shutdown()
            thread.join()
