"""Records out of the store, as CSV or JSON Lines: by share, wallet, day or stream; in their order, in little memory.

A line of JSON is the record as it was sent, byte for byte. A row of CSV has the same in columns, and its body as JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

from eth_utils.address import is_checksum_address
from sqlalchemy import Connection, Select, select
from stdnum import cusip as cusip_number
from stdnum.exceptions import ValidationError

from stockade.errors import InputError
from stockade.reporter.stored import AT_ONCE
from stockade.store import tables
from stockade.wire.canonical import canonical

# The columns of a row, each by its way into the record. `body` is JSON.
COLUMNS: dict[str, tuple[str, ...]] = {
    "seq": ("seq",),
    "recordId": ("recordId",),
    "eventType": ("eventType",),
    "eventTime": ("eventTime",),
    "recordedTime": ("recordedTime",),
    "finality": ("finality",),
    "action": ("action",),
    "refRecordId": ("refRecordId",),
    "reasonCode": ("reasonCode",),
    "eventKey": ("eventKey",),
    "stream": ("stream", "address"),
    "contract": ("stream", "contract"),
    "sequence": ("stream", "sequence"),
    "kind": ("body", "kind"),
    "block": ("block", "number"),
    "blockHash": ("block", "hash"),
    "token": ("instrument", "token"),
    "symbol": ("instrument", "symbol"),
    "isin": ("instrument", "isin"),
    "cusip": ("instrument", "cusip"),
    "mic": ("instrument", "mic"),
    "profile": ("profile",),
    "exemptionId": ("exemptionId",),
    "operatorRef": ("operatorRef",),
    "from": ("body", "from"),
    "to": ("body", "to"),
    "party": ("body", "party"),
    "shares": ("body", "shares"),
    "rawQty": ("body", "rawQty"),
    "reporterId": ("reporterId",),
    "prevHash": ("prevHash",),
    "schema": ("schema",),
    "body": ("body",),
}

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Wanted:
    """Which records: all of these that are given. `party`: a reference, or a contract of the suite (CAIP-10); `first`
    and `last`: days (UTC) of the event, both included; `stream`: a source's name or address.
    """

    cusip: str | None = None
    party: str | None = None
    stream: str | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.cusip is not None:
            try:
                cusip_number.validate(self.cusip)
            except ValidationError as error:
                raise InputError(f"--cusip {self.cusip!r}: {error} Look it up and correct it.") from None
        if self.first and self.last and self.last < self.first:
            raise InputError(f"--to {self.last} is before --from {self.first}: exchange them.")

    @property
    def fragments(self) -> list[str]:
        """What stands in the text of every record wanted, and in that of no other: quotes in a text are escaped."""
        share = [f'"instrument":{{"cusip":"{self.cusip}",'] if self.cusip else []
        return share + ([f'"{self.party}"'] if self.party else [])


def export(connection: Connection, wanted: Wanted, path: Path) -> int:
    """Writes the records to a file, .csv or .jsonl, and says how many there are. Raises InputError; a file that stood
    there is replaced when all is written, and not before.
    """
    write = {".csv": _csv, ".jsonl": _json_lines}.get(path.suffix)
    if write is None:
        raise InputError(f"{path}: the name says neither .csv nor .jsonl: end it with one of them.")
    bodies = _bodies(connection, wanted)
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # CSV ends its lines with CR LF (RFC 4180), JSON Lines with LF, whatever the system's are.
            with draft.open("w", encoding="utf-8", newline="") as file:
                count = write(file, bodies)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): give another --out.") from error
    return count


def _bodies(connection: Connection, wanted: Wanted) -> Iterator[str]:
    query = _query(connection, wanted)
    for body in connection.execute(query, execution_options={"yield_per": AT_ONCE}).scalars():
        # The database's LIKE may not tell A from a.
        if all(fragment in body for fragment in wanted.fragments):
            yield body


def _query(connection: Connection, wanted: Wanted) -> Select[str]:
    it = tables.record.c
    query = select(it.body).order_by(it.seq)
    for fragment in wanted.fragments:
        query = query.where(it.body.contains(fragment, autoescape=True))
    if wanted.first:
        query = query.where(it.event_time >= _begin(wanted.first))
    if wanted.last:
        query = query.where(it.event_time < _begin(wanted.last) + 86_400)
    if wanted.stream:
        query = query.where(it.source == _source(connection, wanted.stream))
    return query


def _source(connection: Connection, name: str) -> str:
    known = connection.execute(select(tables.source).order_by(tables.source.c.since)).all()
    named = [str(row.address) for row in known if row.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise InputError(f"--stream {name!r} is what {len(named)} contracts are called: give the address of one.")
    if is_checksum_address(name):
        return name
    names = ", ".join(row.name for row in known) or "none yet"
    raise InputError(f"--stream {name!r} is unknown: give one of {names}, or an address.")


def _begin(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


# ---------------------------------------------------------------- forms


def _json_lines(file: IO[str], bodies: Iterator[str]) -> int:
    count = 0
    for body in bodies:
        file.write(body + "\n")
        count += 1
    return count


def _csv(file: IO[str], bodies: Iterator[str]) -> int:
    rows = csv.writer(file, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    count = 0
    for body in bodies:
        record = json.loads(body)
        rows.writerow([_cell(_at(record, way)) for way in COLUMNS.values()])
        count += 1
    return count


def _at(record: dict[str, Any], way: tuple[str, ...]) -> Any:
    found: Any = record
    for key in way:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _cell(value: Any) -> str:
    """A value as text: nothing for null, JSON for what has parts; an apostrophe before what looks like a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else canonical(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
