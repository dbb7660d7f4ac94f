"""From a registrar's own reference to the opaque number that stands on chain.

The number is a keyed hash: without the registrar's key nobody can test a guess at who an investor is, and two
registrars give one person two unrelated numbers. Whoever loses the key can no longer give an investor's next wallet the
same number, so keep it where you keep signing keys, and never change it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping

from stockade.errors import InputError

# A reference that is the number itself, as an export gives it: the chain knows no other.
NUMBERED = re.compile("#0x[0-9a-f]{16}")

KEY_VARIABLE = "STOCKADE_REGISTRAR_KEY"

# Public, hence worthless: for the demo, the tests and local chains, and only where it is named explicitly.
DEVELOPMENT_KEY = hashlib.sha256(b"stockade development registrar key").digest()


def registrar_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """The registrar's key from STOCKADE_REGISTRAR_KEY. Raises InputError when it is missing or not 32 bytes of hex."""
    text = environment.get(KEY_VARIABLE, "")
    if not text:
        raise InputError(
            f"{KEY_VARIABLE} is not set: put your registrar's 32-byte key into it, as 64 hex digits "
            "(make one with `openssl rand -hex 32`, once, and keep it)."
        )
    if not re.fullmatch("(0x)?[0-9a-fA-F]{64}", text):
        raise InputError(f"{KEY_VARIABLE} is not 64 hex digits (32 bytes): correct it. Its value is not shown here.")
    return bytes.fromhex(text.removeprefix("0x"))


def investor_id(reference: str, key: bytes) -> int:
    """The first 8 bytes of HMAC-SHA256, never zero, since zero is no investor. `#0x` and 16 hex digits are the number
    itself, whatever the key.

    64 bits: among 100,000 investors the chance that any two share a number is one in 3.7 billion.
    """
    if NUMBERED.fullmatch(reference):
        return int(reference[1:], 16)
    digest = hmac.digest(key, reference.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") or 1
