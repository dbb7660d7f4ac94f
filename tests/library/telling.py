"""Documents of news for tests, and a relay that reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from stockade.market import relay
from stockade.market.relay import Report
from stockade.market.sources import DocumentFile

# What relays of AAPL's halt and its end are called in a report.
HALT, END = "AAPL on XNAS: ASSET_HALTED T1", "AAPL on XNAS: NONE"
# The heartbeat's age in the profile, and the part of it that a heartbeat is told for (seconds).
AGE, GRID = 300, 60


def at(text: str) -> int:
    """Seconds of a time on the examples' day, UTC."""
    return int(datetime.fromisoformat(f"2026-11-25T{text}+00:00").timestamp())


def line(
    sequence: int, event: str = "heartbeat", moment: str = "15:00:00", market: str = "XNAS", **more: object
) -> str:
    document = {"sequence": sequence, "market": market, "at": f"2026-11-25T{moment}Z", "event": event, **more}
    return json.dumps(document) + "\n"


class Newsroom:
    """A file of documents that a test writes, and the relay's step on it."""

    def __init__(self, path, suite, signer, now) -> None:
        self.path, self.suite, self.signer, self.now = path, suite, signer, now
        self.lines: list[str] = []

    def tell(self, event: str = "heartbeat", at: int | None = None, **more) -> None:
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {"sequence": len(self.lines) + 1, "market": "XNAS", "at": moment, "event": event, **more}
        self.lines.append(json.dumps(document) + "\n")
        self.save()

    def halt(self, code: str = "T1", at: int | None = None) -> None:
        self.tell("interrupt", at, symbol="AAPL", code=code)

    def resume(self, at: int | None = None) -> None:
        self.tell("resume", at, symbol="AAPL")

    def save(self) -> None:
        self.path.write_text("".join(self.lines))

    def step(self, signer=None) -> Report:
        return relay.step(self.suite, signer or self.signer, DocumentFile(self.path), self.now())


def said(report: Report) -> list[str]:
    """What was sent, heartbeats without their second."""
    return [says.partition(" as of ")[0] for says, _ in report.sent]
