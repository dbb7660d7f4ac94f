"""Where news comes from: a file of documents, a feed of the same, or the exchange's published file of halts.

Everything from a source is hostile. What cannot be read raises a StockadeError and counts as nothing: no resumption,
no heartbeat.
"""

from __future__ import annotations

import csv
import io
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
import urllib3

from stockade.errors import InputError, NetworkError
from stockade.market.news import VENUE_CODES, News, Picture, code_for_chain, picture_of, read_documents
from stockade.records import Interruption
from stockade.whitelist.forms import read_content

MAX_BYTES = 16_000_000
# How long a feed may take for one answer (seconds).
_PATIENCE = 20

_EASTERN = ZoneInfo("America/New_York")
# The markets that the exchange's file tells of. A ticker means one security on all of them.
HALT_FILE_MARKETS = ("XNYS", "XNAS", "ARCX", "XASE", "BATS")
_COLUMNS = (
    "Halt Date",
    "Halt Time",
    "Issue Symbol",
    "Issue Name",
    "Market",
    "Reason Codes",
    "Pause Threshold Price",
    "Resumption Date",
    "Resumption Quote Time",
    "Resumption Trade Time",
)
_CREATED = re.compile(r"File Creation Time: ?(\d{10}):?(\d{2})[|,\s]*$")


class Source(Protocol):
    """Something that tells news."""

    name: str

    def read(self) -> Picture:
        """All it tells now. Raises StockadeError when it cannot be read or contradicts itself."""
        ...


@dataclass(frozen=True)
class DocumentFile:
    """A JSON Lines file of documents, read anew each time."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> Picture:
        return picture_of(read_documents(read_content(self.path, MAX_BYTES), self.name), self.name)


class Feed:
    """The same documents at an address, fetched anew each time. Raises InputError for one that is not https (http is
    for this machine alone, where nobody stands between) or that carries a key.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise InputError("The feed's address cannot be read: give an address that begins with https://.") from None
        local = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
        if not host or not (parts.scheme == "https" or local):
            raise InputError("The feed's address must begin with https:// (or be this machine's own).")
        if parts.username or parts.password or parts.query:
            raise InputError("The feed's address holds a user, a key or a question: command lines are no place for it.")
        self._url = url
        self.name = f"the feed at {host}"

    def read(self) -> Picture:
        return picture_of(read_documents(self._fetch(), self.name), self.name)

    def _fetch(self) -> bytes:
        end = time.monotonic() + _PATIENCE
        content = bytearray()
        try:
            with requests.get(self._url, stream=True, timeout=_PATIENCE / 2, allow_redirects=False) as answer:
                if answer.status_code != 200:
                    raise NetworkError(f"{self.name} answered with status {answer.status_code}: nothing of it counts.")
                # `read1` gives what is there: a feed that drips is left after our patience, not its own.
                while piece := answer.raw.read1(65_536, decode_content=True):
                    content += piece
                    if len(content) > MAX_BYTES or time.monotonic() > end:
                        raise NetworkError(f"{self.name} answers too much or too slowly: nothing of it counts.")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise NetworkError(f"{self.name} does not answer ({type(error).__name__}): nothing of it counts.") from None
        return bytes(content)


@dataclass(frozen=True)
class HaltFile:
    """The file of trade halts that Nasdaq publishes for all listed stocks of the United States, downloaded by
    somebody else.

    Columns as published, divided by `|` or `,`; times are New York's. It is as old as its last line says (`File
    Creation Time:`), or else as the file itself: download it with its own time (`curl --remote-time`). A row is a
    halt until its resumption of trade has passed; a share without a row stays as it is.
    """

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> Picture:
        content = read_content(self.path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
        text = content.decode("utf-8", "replace")
        created = _CREATED.search(text)
        if created:
            text = text[: created.start()]
            as_of = _eastern(self.name, "its last line", created[1] + created[2], "%m%d%Y%H%M")
        else:
            as_of = self.path.stat().st_mtime
        rows = list(self._rows(text))
        shares: dict[tuple[str, str], News] = {}
        venues: dict[str, News] = {}
        # The latest halt of a share decides; of two at once the one that still holds.
        for row in sorted(rows, key=lambda row: (row.halted, row.resumed)):
            over = row.resumed <= as_of
            if row.code in VENUE_CODES:
                news = row.news(Interruption.VENUE_HALTED, over)
                venues.update(dict.fromkeys(HALT_FILE_MARKETS, news))
            else:
                news = row.news(Interruption.ASSET_HALTED, over)
                shares.update({(mic, row.symbol): news for mic in HALT_FILE_MARKETS})
        return Picture(dict.fromkeys(HALT_FILE_MARKETS, int(as_of)), shares, venues)

    def _rows(self, text: str) -> Iterator[_Row]:
        lines = text.splitlines()
        mark = "|" if lines and "|" in lines[0] else ","
        try:
            table = list(csv.reader(io.StringIO(text), delimiter=mark, strict=True))
        except csv.Error as error:
            raise InputError(f"{self.name} is no file of halts ({error}). Nothing of it counts.") from None
        if not table or tuple(cell.strip() for cell in table[0]) != _COLUMNS:
            raise InputError(f"{self.name} does not begin with the columns of a file of halts. Nothing of it counts.")
        for number, cells in enumerate(table[1:], start=2):
            if any(cell.strip() for cell in cells):
                yield self._row(f"row {number}", [cell.strip() for cell in cells])

    def _row(self, where: str, cells: list[str]) -> _Row:
        if len(cells) != len(_COLUMNS) or not cells[2]:
            raise InputError(f"{self.name}, {where}: not the columns of a halt. Nothing of it counts.")
        halted = _eastern(self.name, where, f"{cells[0]} {cells[1]}", "%m/%d/%Y %H:%M:%S")
        resumed = math.inf
        if cells[7] and cells[9]:
            resumed = _eastern(self.name, where, f"{cells[7]} {cells[9]}", "%m/%d/%Y %H:%M:%S")
        # A resumption that does not follow its halt is none.
        resumed = math.ceil(resumed) if halted < resumed < math.inf else math.inf
        # Class shares are written BRK.B, BRK/B or BRK B.
        return _Row(re.sub("[ /]", ".", cells[2]), code_for_chain(cells[5]), int(halted), resumed)


@dataclass(frozen=True)
class _Row:
    """A halt; `resumed` is infinite while no time is known."""

    symbol: str
    code: str
    halted: int
    resumed: float

    def news(self, interruption: Interruption, over: bool) -> News:
        return News(Interruption.NONE, "", int(self.resumed)) if over else News(interruption, self.code, self.halted)


def _eastern(name: str, where: str, text: str, form: str) -> float:
    """Seconds (UTC) of a time in New York, with its fraction if it has one."""
    found = re.fullmatch(r"([^.]*)(\.[0-9]{1,9})?", text, re.ASCII)
    try:
        if found is None:
            raise ValueError
        return datetime.strptime(found[1], form).replace(tzinfo=_EASTERN).timestamp() + float(found[2] or 0)
    except (ValueError, OverflowError):
        raise InputError(f"{name}, {where}: {text[:40]!a} is no time. Nothing of it counts.") from None
