"""Documents of news for tests, on the day of the examples."""

from __future__ import annotations

import json
from datetime import datetime


def at(text: str) -> int:
    """Seconds of a time on the examples' day, UTC."""
    return int(datetime.fromisoformat(f"2026-11-25T{text}+00:00").timestamp())


def line(
    sequence: int, event: str = "heartbeat", moment: str = "15:00:00", market: str = "XNAS", **more: object
) -> str:
    document = {"sequence": sequence, "market": market, "at": f"2026-11-25T{moment}Z", "event": event, **more}
    return json.dumps(document) + "\n"
