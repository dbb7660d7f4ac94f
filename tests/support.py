"""Constants and small things that tests share."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

SHARE = 10**18
YEAR = 365 * 86_400
DAY = 86_400
