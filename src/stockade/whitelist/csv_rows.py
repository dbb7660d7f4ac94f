"""Strict CSV: UTF-8, with or without a byte order mark; lines end in LF or CRLF; blank lines are skipped; the first
line names the columns, in any order; cells may stand in quotes. Nothing is put right on the way.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from stockade.errors import InputError
from stockade.whitelist.rows import RowError, RowErrors


def text_lines(path: Path, content: bytes, kind: str) -> Iterator[str]:
    """The file's lines, each with its LF. Only LF ends a line, as in editors. Raises InputError."""
    for number, line in enumerate(io.BytesIO(content), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{path}, row {number}: not UTF-8: save the file as {kind} in UTF-8.") from None
        yield text.removesuffix("\n") + "\n"


def csv_rows(
    path: Path, content: bytes, wanted: Sequence[str], unknown: str, ignore: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, str] | list[RowError]]]:
    """Each row by column, with the line it starts on; in place of one that is none, its faults. `unknown`: what to do
    about a column that is neither wanted nor ignored. Raises InputError where the header is wrong.
    """
    records = _records(path, content)
    columns = _header(path, next(records, None), wanted, unknown, ignore)
    remedy = f"give the {len(columns)} cells {','.join(columns)}"
    for line, cells in records:
        if isinstance(cells, RowError):
            yield line, [cells]
        elif len(cells) != len(columns):
            yield line, [RowError(line, "row", f"{len(cells)} cells", f"are not {len(columns)}", remedy)]
        else:
            yield line, {name: cell for name, cell in zip(columns, cells, strict=True) if name not in ignore}


def _records(path: Path, content: bytes) -> Iterator[tuple[int, list[str] | RowError]]:
    """Each record that is not empty; in place of one that is no CSV, its fault."""
    begun: list[str] = []

    def lines() -> Iterator[str]:
        for text in text_lines(path, content, "CSV"):
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


def _header(
    path: Path,
    first: tuple[int, list[str] | RowError] | None,
    wanted: Sequence[str],
    unknown: str,
    ignore: Collection[str],
) -> list[str]:
    """The columns in the file's order."""
    named = ",".join(wanted)
    if first is None:
        raise InputError(f"{path} is empty: its first line must name the columns {named}.")
    line, columns = first
    if isinstance(columns, RowError):
        raise InputError(f"{path}, row {line}: the header {columns.fault}: write {named}.")
    if any("\0" in name for name in columns):
        raise InputError(f"{path}, row {line}: holds NUL, so it is UTF-16 or no text: save the file as CSV in UTF-8.")
    if len(columns) == 1 and ";" in columns[0]:
        raise InputError(f"{path}, row {line}: cells are separated by semicolons: save the file with commas.")

    errors = []
    for place, name in enumerate(columns):
        if name not in wanted and name not in ignore:
            errors.append(RowError(line, "header", name, "is no column", unknown))
        elif name in columns[:place]:
            errors.append(RowError(line, "header", name, "is there twice", "remove one of the two columns"))
    errors += [RowError(line, "header", name, "is missing", "add the column") for name in wanted if name not in columns]
    if errors:
        raise RowErrors(path, errors)
    return columns
