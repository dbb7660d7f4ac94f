"""From a CSV file to a book: every row checked, every fault found, none let through.

Every cell is printable ASCII without surrounding spaces: an invisible or look-alike character in a reference would make
one person two investors. Besides: UTF-8, with or without a byte order mark at its beginning; lines end in LF or CRLF;
blank lines are skipped; cells may stand in quotes; columns in any order. Nothing else is put right on the way: what is
not as it should be is refused.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pycountry
from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address

from stockade.errors import InputError
from stockade.records import ZERO_ADDRESS, InvestorClass, Scope, Status
from stockade.whitelist.rows import Book, Row, RowError, RowErrors
from stockade.whitelist.show import LAST_SECOND

COLUMNS = ("wallet", "investor_ref", "country", "class", "scopes", "expires_at", "status", "evidence")

# Column to field of `Row`, where a column's name is a Python keyword.
_FIELDS = {"class": "investor_class"}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

# 123456789012 as a spreadsheet saves it: 1.23457E+11, like every other number that begins so.
_SHORTENED = re.compile(r"\d+(\.\d+)?[eE][+-]\d+")


class _Fault(Exception):
    """What is wrong with a cell, and what to do about it."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.remedy = remedy


def read_book(path: Path, now: int | None = None) -> Book:
    """The book in a CSV file, its columns in any order.

    `now` (seconds UTC, by default this machine's clock) is when ACTIVE rows must not have expired. Raises RowErrors
    with every fault of the file, InputError when there is no reading it at all.
    """
    records = _records(path)
    columns = _header(path, next(records, None))
    errors: list[RowError] = []
    rows: list[Row] = []
    seen: dict[str, tuple[int, str]] = {}

    moment = int(time.time()) if now is None else now
    for line, cells in records:
        if isinstance(cells, RowError):
            errors.append(cells)
        elif len(cells) != len(columns):
            shown = f"{len(cells)} cells"
            wanted = f"give the {len(columns)} cells {','.join(columns)}"
            errors.append(RowError(line, "row", shown, f"are not {len(columns)}", wanted))
        else:
            named = dict(zip(columns, cells, strict=True))
            found, faults = _row(line, named, moment)
            faults += _repetition(line, named, found, seen)
            errors += faults
            if not faults:
                rows.append(Row(line=line, **found))

    if errors:
        raise RowErrors(path, errors)
    if not rows:
        raise InputError(f"{path} has a header and no rows: add one row per wallet.")
    return Book(path, tuple(rows))


# ---------------------------------------------------------------- the file


def _records(path: Path) -> Iterator[tuple[int, list[str] | RowError]]:
    """Each record with the line it starts on; in place of one that is no CSV, its fault."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check the path.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, row {line}: not UTF-8: save the file as CSV in UTF-8.") from None

    # Only LF ends a line, as in editors: a carriage return in any other place than before it is a fault.
    lines = text.split("\n")
    reader = csv.reader((line + "\n" for line in lines), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _unreadable(line, lines[line - 1], str(error))
        else:
            if cells:
                yield line, cells


def _unreadable(line: int, text: str, said: str) -> RowError:
    """The fault behind what the parser said of a record that begins with this line."""
    if said.startswith("new-line character"):
        remedy = "save the file with line ends LF or CRLF"
        return RowError(line, "row", text, "holds a carriage return that ends no line", remedy)
    if said.startswith("field larger"):
        fault = f"holds a cell of more than {csv.field_size_limit():,} characters"
        return RowError(line, "row", text, fault, "shorten the cell, or close the quote that it begins with")
    return RowError(line, "row", "", f"cannot be read ({said})", "correct the quotes around its cells")


def _header(path: Path, first: tuple[int, list[str] | RowError] | None) -> list[str]:
    """The columns in the file's order."""
    wanted = ",".join(COLUMNS)
    if first is None:
        raise InputError(f"{path} is empty: its first line must name the columns {wanted}.")
    line, columns = first
    if isinstance(columns, RowError):
        raise InputError(f"{path}, row {line}: the header {columns.fault}: write {wanted}.")
    if any("\0" in name for name in columns):
        raise InputError(f"{path}, row {line}: holds NUL, so it is UTF-16 or no text: save the file as CSV in UTF-8.")
    if len(columns) == 1 and ";" in columns[0]:
        raise InputError(f"{path}, row {line}: cells are separated by semicolons: save the file with commas.")

    errors = []
    for place, name in enumerate(columns):
        if name not in COLUMNS:
            errors.append(RowError(line, "header", name, "is no column", f"remove it or correct it; columns: {wanted}"))
        elif name in columns[:place]:
            errors.append(RowError(line, "header", name, "is there twice", "remove one of the two columns"))
    errors += [
        RowError(line, "header", name, "is missing", "add the column") for name in COLUMNS if name not in columns
    ]
    if errors:
        raise RowErrors(path, errors)
    return columns


# ---------------------------------------------------------------- a row


def _row(line: int, cells: dict[str, str], now: int) -> tuple[dict[str, Any], list[RowError]]:
    """The fields that could be read, and the faults of the others."""
    found: dict[str, Any] = {}
    faults = []
    for name, text in cells.items():
        try:
            _check_text(text)
            found[_FIELDS.get(name, name)] = _PARSERS[name](text)
        except _Fault as fault:
            faults.append(RowError(line, name, text, fault.fault, fault.remedy))

    if found.get("status") is Status.ACTIVE and found.get("expires_at", now + 1) <= now:
        remedy = "give the date until which it is eligible, or status REVOKED"
        faults.append(RowError(line, "expires_at", cells["expires_at"], "is past for an ACTIVE wallet", remedy))
    return found, faults


def _repetition(
    line: int, cells: dict[str, str], found: dict[str, Any], seen: dict[str, tuple[int, str]]
) -> list[RowError]:
    """A wallet that stands on an earlier line, even on one with other faults."""
    wallet = found.get("wallet")
    if wallet is None:
        return []
    reference = cells["investor_ref"]
    if wallet not in seen:
        seen[wallet] = (line, reference)
        return []
    before, owner = seen[wallet]
    if owner == reference:
        return [RowError(line, "wallet", wallet, f"stands in row {before} already", "remove one of the two rows")]
    fault = f"belongs to another investor in row {before}"
    return [RowError(line, "wallet", wallet, fault, "find out whose it is and remove the other row")]


def _check_text(text: str) -> None:
    """What holds for every cell."""
    if not text:
        raise _Fault("is empty", "fill it in")
    if text[0] in "=+-@":
        raise _Fault("starts like a spreadsheet formula", f"remove the leading {text[0]}")
    if odd := next((char for char in text if not (char.isascii() and char.isprintable())), None):
        raise _Fault(
            f"contains U+{ord(odd):04X}, which is invisible or not ASCII",
            "type the cell anew, in printable ASCII characters",
        )
    if text != text.strip():
        raise _Fault("has spaces around it", "remove them")


def parse_wallet(text: str) -> ChecksumAddress:
    """An address with its EIP-55 checksum. Raises InputError.

    The right checksum is not offered in return: it would make a mistyped address look good.
    """
    try:
        return _wallet(text)
    except _Fault as fault:
        raise InputError(f"{text!r} {fault.fault}: {fault.remedy}.") from None


def _wallet(text: str) -> ChecksumAddress:
    if not re.fullmatch("0x[0-9a-fA-F]{40}", text):
        raise _Fault("is not an address", "give 0x and 40 hex digits")
    if text == ZERO_ADDRESS:
        raise _Fault("is the zero address, which nobody owns", "give the investor's wallet")
    if not is_checksum_address(text):
        raise _Fault("fails its EIP-55 checksum", "copy the address again from its source, upper and lower case kept")
    return ChecksumAddress(text)  # type: ignore[arg-type]


def _reference(text: str) -> str:
    if _SHORTENED.fullmatch(text):
        raise _Fault("is a number that a spreadsheet cut short", "export the column as text, with every digit")
    return text


def _country(text: str) -> int:
    number = _countries().get(text)
    if number is None:
        raise _Fault("is no ISO 3166-1 country", "give its two or three capital letters, like US or USA")
    return number


@cache
def _countries() -> dict[str, int]:
    codes = {}
    for country in pycountry.countries:
        codes[country.alpha_2] = codes[country.alpha_3] = int(country.numeric)
    return codes


def _class(text: str) -> InvestorClass:
    names = {member.name.lower(): member for member in InvestorClass}
    if text not in names:
        raise _Fault("is no investor class", f"use one of {', '.join(names)}")
    return names[text]


def _scopes(text: str) -> Scope:
    scopes = Scope(0)
    for name in text.split("|"):
        if name not in Scope.__members__:
            raise _Fault(
                f"holds no scope {name!r}" if name else "holds an empty scope",
                f"join any of {', '.join(Scope.__members__)} by |",
            )
        scopes |= Scope[name]
    return scopes


def _moment(text: str) -> int:
    """Seconds UTC. A date is the start of that day in UTC, so the last eligible day is the one before; a fraction of a
    second is dropped."""
    remedy = "write 2029-06-30T00:00:00Z (RFC 3339 with its time zone), or 2029-06-30 for the start of that day in UTC"
    if not (_MOMENT.fullmatch(text) or _DATE.fullmatch(text)):
        raise _Fault("is no RFC 3339 time with a time zone", remedy)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Fault("is no date or time of the calendar", remedy) from None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if seconds <= 0:
        raise _Fault("lies before 1970, where no record reaches", remedy)
    if seconds > LAST_SECOND:
        raise _Fault("lies after the year 9999 in UTC", remedy)
    return seconds


def _status(text: str) -> Status:
    if text == "FROZEN":
        raise _Fault(
            "does not come from a book",
            "write ACTIVE or REVOKED; COMPLIANCE freezes a wallet with `ape run compliance freeze`",
        )
    if text not in ("ACTIVE", "REVOKED"):
        raise _Fault("is no status", "write ACTIVE or REVOKED")
    return Status[text]


def _evidence(text: str) -> bytes:
    if not re.fullmatch("0x[0-9a-fA-F]{64}", text):
        raise _Fault("is no 32-byte hash", "give 0x and 64 hex digits")
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
