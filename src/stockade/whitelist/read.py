"""From a file to a book: every row checked, every fault found, none let through.

A book is CSV, or JSON Lines when its name ends in `.jsonl`: one object a row, every value a string, the same columns
and the same rules (`book.schema.json` says them for other programs). UTF-8, with or without a byte order mark at its
beginning; lines end in LF or CRLF; blank lines are skipped. In CSV the columns stand in any order, in the first line,
and cells may stand in quotes.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from stockade.errors import InputError
from stockade.records import Status
from stockade.whitelist.cells import Fault, parse
from stockade.whitelist.csv_rows import csv_rows, text_lines
from stockade.whitelist.forms import read_content
from stockade.whitelist.rows import Book, Faults, Row, RowError, RowErrors

COLUMNS = ("wallet", "investor_ref", "country", "class", "scopes", "expires_at", "status", "evidence")

# About 300,000 rows. A book is read whole; whatever is larger is refused before it is looked at.
MAX_BYTES = 64_000_000

# Column to field of `Row`, where a column's name is a Python keyword.
_FIELDS = {"class": "investor_class"}

_UNKNOWN_COLUMN = f"remove it, correct it or name it with --ignore-column; columns: {','.join(COLUMNS)}"

# A row by column, or what is wrong with it as a whole.
_Cells = dict[str, str] | list[RowError]


def read_book(path: Path, now: int | None = None, ignore: Collection[str] = ()) -> Book:
    """The book in a file. Columns named in `ignore` are passed over unread; no others may be in it.

    `now` (seconds UTC, by default this machine's clock) is when ACTIVE rows must not have expired. Raises RowErrors
    with every fault of the file, InputError when there is no reading it at all or it is larger than `MAX_BYTES`.
    """
    if known := sorted(set(ignore) & set(COLUMNS)):
        raise InputError(f"Column {', '.join(known)} cannot be ignored: every row needs it.")
    content = read_content(path, MAX_BYTES)
    lines = path.suffix.lower() == ".jsonl"
    records = _json_lines(path, content, ignore) if lines else csv_rows(path, content, COLUMNS, _UNKNOWN_COLUMN, ignore)
    moment = int(time.time()) if now is None else now
    faults, rows = Faults(), []
    seen: dict[str, tuple[int, str]] = {}
    for line, cells in records:
        if isinstance(cells, list):
            faults.add(cells)
            continue
        found, wrong = _row(line, cells, moment)
        wrong += _repetition(line, cells, found, seen)
        faults.add(wrong)
        if not faults.count:
            rows.append(Row(line=line, **found))

    if faults.count:
        raise RowErrors(path, faults.kept, faults.count)
    if not rows:
        raise InputError(f"{path} has no rows: add one for each wallet.")
    return Book(path, tuple(rows), hashlib.sha256(content).digest())


# ---------------------------------------------------------------- JSON Lines


def _json_lines(path: Path, content: bytes, ignore: Collection[str]) -> Iterator[tuple[int, _Cells]]:
    """Each line that is not blank."""
    for line, text in enumerate(text_lines(path, content, "JSON Lines"), start=1):
        if not text.isspace():
            yield line, _object(line, text.removesuffix("\n").removesuffix("\r"), ignore)


def _object(line: int, text: str, ignore: Collection[str]) -> _Cells:
    if len(text) > (most := csv.field_size_limit()):
        return [RowError(line, "row", text, f"holds more than {most:,} characters", "shorten the line")]
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return [RowError(line, "row", text, "is no JSON object", "write one object on one line")]
    if not isinstance(pairs, _Pairs):
        return [RowError(line, "row", text, "is no JSON object", "write one object on one line")]

    cells: dict[str, str] = {}
    errors = []
    for name, value in pairs:
        if name in ignore:
            continue
        if name not in COLUMNS:
            errors.append(RowError(line, "row", name, "is no column", _UNKNOWN_COLUMN))
        elif name in cells:
            errors.append(RowError(line, name, str(value), "is there twice", "remove one of the two"))
        elif not isinstance(value, str):
            errors.append(RowError(line, name, repr(value), "is no text", "write it in double quotes"))
        else:
            cells[name] = value
    given = {name for name, _ in pairs}
    errors += [RowError(line, name, "", "is missing", "add it") for name in COLUMNS if name not in given]
    return errors or cells


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, with what is repeated in it."""


# ---------------------------------------------------------------- a row


def _row(line: int, cells: dict[str, str], now: int) -> tuple[dict[str, Any], list[RowError]]:
    """The fields that could be read, and the faults of the others."""
    found: dict[str, Any] = {}
    faults = []
    for name, text in cells.items():
        try:
            found[_FIELDS.get(name, name)] = parse(name, text)
        except Fault as fault:
            faults.append(RowError(line, name, text, fault.fault, fault.remedy))

    expired = found.get("status") is Status.ACTIVE and found.get("expires_at", now + 1) <= now
    # Without evidence a row can only say what stands on chain already: it may say that a record has expired.
    if expired and found.get("evidence", True):
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
