"""What people type and read beside share counts: addresses, references, evidence, moments and spans of time.

Every failure is an InputError that names the field and the remedy.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak

from stockade.errors import InputError
from stockade.records import to_units

_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_SPAN = re.compile(r"(\d+)([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_address(text: object, field: str) -> ChecksumAddress:
    """An address with its checksum (EIP-55), which is what catches a mistyped character."""
    if not isinstance(text, str) or re.fullmatch(r"0x[0-9a-fA-F]{40}", text) is None:
        raise InputError(f"{field}: {text!r} is not an address: it is 0x and 40 hexadecimal digits.")
    if not is_checksum_address(text):
        # The right checksum is not offered: it would make a mistyped address look good.
        raise InputError(
            f"{field}: {text} fails its EIP-55 checksum: copy the address again from its source, upper and lower case "
            "kept."
        )
    return to_checksum_address(text)


def parse_word(text: object, field: str) -> bytes:
    """32 bytes in hexadecimal."""
    if not isinstance(text, str) or _WORD.fullmatch(text) is None:
        raise InputError(f"{field}: {text!r} is not 32 bytes: it is 0x and 64 hexadecimal digits.")
    return bytes.fromhex(text[2:])


def parse_reference(text: str, field: str) -> bytes:
    """A reference of at most 32 printable ASCII characters, padded with zeros: it stays readable; or 32 bytes."""
    if text.startswith("0x"):
        return parse_word(text, field)
    if not text or not text.isascii() or not text.isprintable() or len(text) > 32:
        raise InputError(
            f"{field}: {text!r} does not fit: use 1 to 32 printable ASCII characters, or 0x and 64 hexadecimal digits."
        )
    return text.encode().ljust(32, b"\0")


def show_reference(word: bytes) -> str:
    """A reference as it was typed; hexadecimal when it is no text."""
    text = word.rstrip(b"\0")
    if text and all(32 <= byte < 127 for byte in text):
        return text.decode()
    return "0x" + word.hex()


def parse_evidence(text: str, field: str) -> bytes:
    """The keccak256 of a file, or 32 bytes as given."""
    if _WORD.fullmatch(text):
        return bytes.fromhex(text[2:])
    try:
        content = Path(text).read_bytes()
    except OSError as error:
        raise InputError(
            f"{field}: {text} cannot be read ({error.strerror}): give a file, or its keccak256 as 0x and 64 digits."
        ) from None
    if not content:
        raise InputError(f"{field}: {text} is empty: give the file that shows what is said.")
    return keccak(content)


def parse_amount(text: str, field: str) -> int:
    """A number of shares as 18-decimal units, within the 96 bits that a position takes."""
    try:
        units = to_units(text)
    except InputError as error:
        raise InputError(f"{field}: {error}") from None
    if units >= 1 << 96:
        raise InputError(f"{field}: {text} shares are more than can be recorded: correct the number.")
    return units


def parse_moment(text: str, field: str) -> int:
    """A moment as seconds UTC: `2026-11-22T16:00:00Z`, with its zone, or the number of seconds itself."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(f"{field}: {text!r} is no moment with a zone: write it like 2026-11-22T16:00:00Z.")
    return int(moment.timestamp())


def parse_span(text: str, field: str) -> int:
    """A span of time as seconds: `90s`, `30m`, `36h`, `5d`, or plain seconds."""
    match = _SPAN.fullmatch(text)
    if match is None or not int(match[1]):
        raise InputError(f"{field}: {text!r} is no span of time: write it like 90s, 30m, 36h or 5d.")
    return int(match[1]) * _SECONDS[match[2]]


def utc(seconds: int) -> str:
    """Seconds UTC as RFC 3339."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError):  # beyond the year 9999
        return f"second {seconds}"
