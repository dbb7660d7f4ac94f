"""The registrar's holder file: who is behind a wallet, and how many shares the registrar's own book gives it (R31).

CSV as `whitelist.csv_rows` says, one row a share and wallet. It is joined with the facts on this machine and never
stored: neither reference nor name nor address enters a database.

isin     the share, ISO 6166
wallet   with its EIP-55 checksum
holder   the registrar's number of the holder, or a reference: printable ASCII; one holder may have several wallets
name     of the holder, and
address  the postal one in one line: printable text, the same in every row of the holder
shares   in the wallet, above zero, with at most 18 decimals; without what waits in redemptions
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from stdnum import isin as isin_rules

from stockade.errors import InputError
from stockade.records import to_units
from stockade.whitelist.cells import Fault, check_text, parse
from stockade.whitelist.csv_rows import csv_rows
from stockade.whitelist.forms import read_content
from stockade.whitelist.rows import Faults, RowError, RowErrors

COLUMNS = ("isin", "wallet", "holder", "name", "address", "shares")

MAX_BYTES = 64_000_000

_MOST_CHARACTERS = {"holder": 64, "name": 200, "address": 300}
# 96 bits, the most that a custodian's position holds, are 11 digits of whole shares.
_SHARES = re.compile(r"[0-9]{1,11}(\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Holding:
    """One row. `shares` in 18-decimal units."""

    line: int
    isin: str
    wallet: ChecksumAddress
    holder: str
    name: str
    address: str
    shares: int


@dataclass(frozen=True)
class HolderFile:
    """A file whose every row is good; each wallet stands in it once a share. `hash`: SHA-256 of the file, 0x text."""

    path: Path
    rows: tuple[Holding, ...]
    hash: str

    def by_token(self, tokens: Mapping[str, ChecksumAddress]) -> dict[tuple[ChecksumAddress, ChecksumAddress], Holding]:
        """Its rows by token and wallet, given the token of each ISIN. Raises RowErrors for a share without a token."""
        faults = Faults()
        for row in self.rows:
            if row.isin not in tokens:
                remedy = "remove the row, or give the file of this suite"
                faults.add([RowError(row.line, "isin", row.isin, "has no token in this suite at that block", remedy)])
        if faults.count:
            raise RowErrors(self.path, faults.kept, faults.count)
        return {(tokens[row.isin], row.wallet): row for row in self.rows}


def read_holders(path: Path) -> HolderFile:
    """The holder file at a path. Raises RowErrors with every fault, InputError when there is no reading it at all."""
    content = read_content(path, MAX_BYTES)
    faults = Faults()
    rows: list[Holding] = []
    places: dict[tuple[str, str], int] = {}
    people: dict[str, Holding] = {}
    wallets: dict[ChecksumAddress, Holding] = {}
    for line, cells in csv_rows(path, content, COLUMNS, f"remove it or correct it; columns: {','.join(COLUMNS)}"):
        if isinstance(cells, list):
            faults.add(cells)
            continue
        found, wrong = _row(line, cells)
        if found is None:
            faults.add(wrong)
            continue
        if (before := places.setdefault((found.isin, found.wallet), line)) != line:
            fault = f"stands in row {before} already, with the same share"
            faults.add([RowError(line, "wallet", found.wallet, fault, "remove one of the two rows")])
        owner = wallets.setdefault(found.wallet, found)
        if owner.holder != found.holder:
            fault = f"belongs to another holder in row {owner.line}"
            faults.add(
                [RowError(line, "wallet", found.wallet, fault, "find out whose it is and correct the other row")]
            )
        known = people.setdefault(found.holder, found)
        for name in ("name", "address"):
            if getattr(known, name) != (value := getattr(found, name)):
                fault = f"is another than the same holder's in row {known.line}"
                faults.add([RowError(line, name, value, fault, "give one holder one name and one address")])
        rows.append(found)
    if faults.count:
        raise RowErrors(path, faults.kept, faults.count)
    if not rows:
        raise InputError(f"{path} has no rows: add one for each share and wallet.")
    return HolderFile(path, tuple(rows), "0x" + hashlib.sha256(content).hexdigest())


# ---------------------------------------------------------------- cells


def _row(line: int, cells: dict[str, str]) -> tuple[Holding | None, list[RowError]]:
    found: dict[str, Any] = {}
    wrong = []
    for name, text in cells.items():
        try:
            found[name] = _PARSERS[name](text)
        except Fault as fault:
            wrong.append(RowError(line, name, text, fault.fault, fault.remedy))
    return (None, wrong) if wrong else (Holding(line=line, **found), [])


def _isin(text: str) -> str:
    check_text(text)
    if not (len(text) == 12 and text == text.upper() and isin_rules.is_valid(text)):
        raise Fault("is no ISIN", "give its 12 characters, the last of which is the check digit")
    return text


def _holder(text: str) -> str:
    check_text(text)
    return _short(text, "holder")


def _printable(column: str) -> Callable[[str], str]:
    """Text of any script. What is invisible, or composed in another way than it seems, is refused."""

    def read(text: str) -> str:
        if not text:
            raise Fault("is empty", "fill it in")
        if text[0] in "=+-@":
            raise Fault("starts like a spreadsheet formula", f"remove the leading {text[0]}")
        if not text.isprintable():
            odd = next(char for char in text if not char.isprintable())
            raise Fault(f"contains U+{ord(odd):04X}, which is invisible", "type the cell anew")
        if text != text.strip():
            raise Fault("has spaces around it", "remove them")
        if not unicodedata.is_normalized("NFC", text):
            raise Fault("is not in Unicode's form NFC", "type the cell anew, or normalise the file")
        return _short(text, column)

    return read


def _short(text: str, column: str) -> str:
    if len(text) > (most := _MOST_CHARACTERS[column]):
        raise Fault(f"has more than {most} characters", "shorten it")
    return text


def _shares(text: str) -> int:
    check_text(text)
    if not _SHARES.fullmatch(text):
        raise Fault("is no number of shares", "write it like 100 or 12.5, with at most 18 decimals and no separators")
    if not (units := to_units(text)):
        raise Fault("is zero", "remove the row")
    return units


_PARSERS: dict[str, Callable[[str], Any]] = {
    "isin": _isin,
    "wallet": lambda text: parse("wallet", text),
    "holder": _holder,
    "name": _printable("name"),
    "address": _printable("address"),
    "shares": _shares,
}
