"""One cell of a book: text in, value out, or what is wrong with it and what to do about it.

Every cell is printable ASCII without surrounding spaces: an invisible or look-alike character in a reference would make
one person two investors. Nothing is put right on the way: what is not as it should be is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import pycountry
from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address

from stockade.errors import InputError
from stockade.records import ZERO_ADDRESS, InvestorClass, Scope, Status
from stockade.whitelist.identity import NUMBERED
from stockade.whitelist.rows import UNKNOWN_EVIDENCE
from stockade.whitelist.show import LAST_SECOND

# Different texts of countries, classes, scopes and times whose meaning is remembered while a book is read.
_REMEMBERED = 20_000

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
_HASH = re.compile("0x[0-9a-fA-F]{64}")

# 123456789012 as a spreadsheet saves it: 1.23457E+11, like every other number that begins so.
_SHORTENED = re.compile(r"\d+(\.\d+)?[eE][+-]\d+")


class Fault(Exception):
    """What is wrong with a cell, and what to do about it."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.remedy = remedy


def parse(column: str, text: str) -> Any:
    """The value of a cell. Raises Fault."""
    check_text(text)
    return _PARSERS[column](text)


def check_text(text: str) -> None:
    """What holds for every cell. Raises Fault."""
    if not text:
        raise Fault("is empty", "fill it in")
    if text[0] in "=+-@":
        raise Fault("starts like a spreadsheet formula", f"remove the leading {text[0]}")
    if not (text.isascii() and text.isprintable()):
        odd = next(char for char in text if not (char.isascii() and char.isprintable()))
        raise Fault(
            f"contains U+{ord(odd):04X}, which is invisible or not ASCII",
            "type the cell anew, in printable ASCII characters",
        )
    if text != text.strip():
        raise Fault("has spaces around it", "remove them")


def parse_wallet(text: str) -> ChecksumAddress:
    """An address with its EIP-55 checksum. Raises InputError.

    The right checksum is not offered in return: it would make a mistyped address look good.
    """
    try:
        return _wallet(text)
    except Fault as fault:
        raise InputError(f"{text!r} {fault.fault}: {fault.remedy}.") from None


def _wallet(text: str) -> ChecksumAddress:
    if not _ADDRESS.fullmatch(text):
        raise Fault("is not an address", "give 0x and 40 hex digits")
    if text == ZERO_ADDRESS:
        raise Fault("is the zero address, which nobody owns", "give the investor's wallet")
    if not is_checksum_address(text):
        raise Fault("fails its EIP-55 checksum", "copy the address again from its source, upper and lower case kept")
    return ChecksumAddress(text)  # type: ignore[arg-type]


def _reference(text: str) -> str:
    if _SHORTENED.fullmatch(text):
        raise Fault("is a number that a spreadsheet cut short", "export the column as text, with every digit")
    if text[0] == "#" and not (NUMBERED.fullmatch(text) and int(text[1:], 16)):
        raise Fault("is no investor's number as an export gives it", "give # and 0x and 16 hex digits, or a reference")
    return text


def _country(text: str) -> int:
    number = _countries().get(text)
    if number is None:
        raise Fault("is no ISO 3166-1 country", "give its two or three capital letters, like US or USA")
    return number


@cache
def _countries() -> dict[str, int]:
    codes = {}
    for country in pycountry.countries:
        codes[country.alpha_2] = codes[country.alpha_3] = int(country.numeric)
    return codes


@lru_cache(_REMEMBERED)
def _class(text: str) -> InvestorClass:
    names = {member.name.lower(): member for member in InvestorClass}
    if text not in names:
        raise Fault("is no investor class", f"use one of {', '.join(names)}")
    return names[text]


@lru_cache(_REMEMBERED)
def _scopes(text: str) -> Scope:
    scopes = Scope(0)
    for name in text.split("|"):
        if name not in Scope.__members__:
            raise Fault(
                f"holds no scope {name!r}" if name else "holds an empty scope",
                f"join any of {', '.join(Scope.__members__)} by |",
            )
        scopes |= Scope[name]
    return scopes


@lru_cache(_REMEMBERED)
def _moment(text: str) -> int:
    """Seconds UTC. A date is the start of that day in UTC, so the last eligible day is the one before; a fraction of a
    second is dropped."""
    remedy = "write 2029-06-30T00:00:00Z (RFC 3339 with its time zone), or 2029-06-30 for the start of that day in UTC"
    if not (_MOMENT.fullmatch(text) or _DATE.fullmatch(text)):
        raise Fault("is no RFC 3339 time with a time zone", remedy)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("is no date or time of the calendar", remedy) from None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if seconds <= 0:
        raise Fault("lies before 1970, where no record reaches", remedy)
    if seconds > LAST_SECOND:
        raise Fault("lies after the year 9999 in UTC", remedy)
    return seconds


def _status(text: str) -> Status:
    if text == "FROZEN":
        raise Fault(
            "does not come from a book",
            "write ACTIVE or REVOKED; COMPLIANCE freezes a wallet with `ape run compliance freeze`",
        )
    if text not in ("ACTIVE", "REVOKED"):
        raise Fault("is no status", "write ACTIVE or REVOKED")
    return Status[text]


def _evidence(text: str) -> bytes:
    if text == "unknown":
        return UNKNOWN_EVIDENCE
    if not _HASH.fullmatch(text):
        raise Fault("is no 32-byte hash", "give 0x and 64 hex digits")
    if not int(text, 16):
        raise Fault("is zero, which is the hash of nothing", "give the hash of the holder's file")
    return bytes.fromhex(text[2:])


_PARSERS: dict[str, Callable[[str], Any]] = {
    "wallet": _wallet,
    "investor_ref": _reference,
    "country": _country,
    "class": _class,
    "scopes": _scopes,
    "expires_at": _moment,
    "status": _status,
    "evidence": _evidence,
}
