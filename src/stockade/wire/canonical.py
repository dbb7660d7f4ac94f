"""One form of JSON for one value, so that a hash of it means the value: keys sorted, no spaces, UTF-8, no floats.

For what records hold (text, whole numbers below 2**53, booleans, null, lists and objects) this is RFC 8785.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """The value's one text. Raises ValueError for what is not JSON."""
    return _encoder.encode(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical text in UTF-8, as 0x text."""
    return "0x" + hashlib.sha256(canonical(value).encode()).hexdigest()


def record_id(record: dict[str, Any]) -> str:
    """A record's id: the digest of it without its id."""
    return digest({key: value for key, value in record.items() if key != "recordId"})
