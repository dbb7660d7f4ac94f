"""From a file to a book: every row checked, every fault found, none let through.

A book is CSV, or JSON Lines when its name ends in `.jsonl`: one object a row, every value a string, the same columns
and the same rules (`book.schema.json` says them for other programs). UTF-8, with or without a byte order mark at its
beginning; lines end in LF or CRLF; blank lines are skipped. In CSV the columns stand in any order, in the first line,
and cells may stand in quotes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from stockade.errors import InputError
from stockade.records import Status
from stockade.whitelist.cells import Fault, parse
from stockade.whitelist.forms import read_content
from stockade.whitelist.rows import Book, Faults, Row, RowError, RowErrors

COLUMNS = ("wallet", "investor_ref", "country", "class", "scopes", "expires_at", "status", "evidence")

# About 300,000 rows. A book is read whole; whatever is larger is refused before it is looked at.
MAX_BYTES = 64_000_000

# Column to field of `Row`, where a column's name is a Python keyword.
_FIELDS = {"class": "investor_class"}

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
    records = _json_lines(path, content, ignore) if lines else _csv(path, content, ignore)
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


# ---------------------------------------------------------------- the file


def _text(path: Path, content: bytes, kind: str) -> Iterator[str]:
    """The file's lines, each with its LF. Only LF ends a line, as in editors."""
    for number, line in enumerate(io.BytesIO(content), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{path}, row {number}: not UTF-8: save the file as {kind} in UTF-8.") from None
        yield text.removesuffix("\n") + "\n"


# ---------------------------------------------------------------- CSV


def _csv(path: Path, content: bytes, ignore: Collection[str]) -> Iterator[tuple[int, _Cells]]:
    """Each row with the line it starts on."""
    records = _records(path, content)
    columns = _header(path, next(records, None), ignore)
    wanted = f"give the {len(columns)} cells {','.join(columns)}"
    for line, cells in records:
        if isinstance(cells, RowError):
            yield line, [cells]
        elif len(cells) != len(columns):
            yield line, [RowError(line, "row", f"{len(cells)} cells", f"are not {len(columns)}", wanted)]
        else:
            yield line, {name: cell for name, cell in zip(columns, cells, strict=True) if name not in ignore}


def _records(path: Path, content: bytes) -> Iterator[tuple[int, list[str] | RowError]]:
    """Each record that is not empty; in place of one that is no CSV, its fault."""
    begun: list[str] = []

    def lines() -> Iterator[str]:
        for text in _text(path, content, "CSV"):
            begun.append(text)
            yield text

    reader = csv.reader(lines(), strict=True)
    while True:
        line = reader.line_num + 1
        begun.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _unreadable(line, begun[0].removesuffix("\n") if begun else "", str(error))
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


def _header(path: Path, first: tuple[int, list[str] | RowError] | None, ignore: Collection[str]) -> list[str]:
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
        if name not in COLUMNS and name not in ignore:
            errors.append(RowError(line, "header", name, "is no column", _unknown(wanted)))
        elif name in columns[:place]:
            errors.append(RowError(line, "header", name, "is there twice", "remove one of the two columns"))
    errors += [
        RowError(line, "header", name, "is missing", "add the column") for name in COLUMNS if name not in columns
    ]
    if errors:
        raise RowErrors(path, errors)
    return columns


def _unknown(wanted: str) -> str:
    return f"remove it, correct it or name it with --ignore-column; columns: {wanted}"


# ---------------------------------------------------------------- JSON Lines


def _json_lines(path: Path, content: bytes, ignore: Collection[str]) -> Iterator[tuple[int, _Cells]]:
    """Each line that is not blank."""
    for line, text in enumerate(_text(path, content, "JSON Lines"), start=1):
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
            errors.append(RowError(line, "row", name, "is no column", _unknown(",".join(COLUMNS))))
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
