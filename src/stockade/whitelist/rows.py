"""A registrar's book in memory, and what can be wrong with a row of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress

from stockade.errors import InputError
from stockade.records import InvestorClass, InvestorRecord, Scope, Status
from stockade.whitelist.identity import investor_id

# The evidence of a row that came from an export: the chain knows only a batch's root.
UNKNOWN_EVIDENCE = b""

# Faults that are kept and shown of one file; the rest is counted.
MOST_FAULTS = 1_000

# Longer values are cut where they are shown, so that one broken cell does not hide the others.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One wallet of a book. `line` is its line in the file, `country` ISO 3166-1 numeric, `expires_at` seconds UTC;
    `evidence` has 32 bytes, or is UNKNOWN_EVIDENCE.
    """

    line: int
    wallet: ChecksumAddress
    investor_ref: str
    country: int
    investor_class: InvestorClass
    scopes: Scope
    expires_at: int
    status: Status
    evidence: bytes

    def record(self, registrar: int, key: bytes) -> InvestorRecord:
        """The record this row asks for, under a registrar's number and key. Never frozen: that is COMPLIANCE's."""
        return InvestorRecord(
            investor_id=investor_id(self.investor_ref, key),
            expires_at=self.expires_at,
            registrar=registrar,
            country=self.country,
            investor_class=self.investor_class,
            scopes=self.scopes,
            status=self.status,
        )


@dataclass(frozen=True)
class Book:
    """A file whose every row is good; each wallet stands in it once. `hash` is the SHA-256 of the file."""

    path: Path
    rows: tuple[Row, ...]
    hash: bytes = bytes(32)

    @property
    def investors(self) -> int:
        """How many different investors it names."""
        return len({row.investor_ref for row in self.rows})


@dataclass(frozen=True, slots=True)
class RowError:
    """One fault. `field` is the column, or "row" when the row as a whole is wrong; `fault` and `remedy` are clauses."""

    line: int
    field: str
    value: str
    fault: str
    remedy: str

    @property
    def shown(self) -> str:
        """The value with every character that is not printable ASCII written out: look-alikes, too, become visible."""
        text = ascii(self.value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."

    def sentence(self, path: Path) -> str:
        return f"{path}, row {self.line}, field {self.field}: {self.shown} {self.fault}: {self.remedy}."


class RowErrors(InputError):
    """Every fault of a file at once, one sentence a line. Nothing was sent. `count` is how many there are; `errors` are
    the first of them.
    """

    def __init__(self, path: Path, errors: Sequence[RowError], count: int = 0) -> None:
        self.path = path
        self.errors = tuple(errors[:MOST_FAULTS])
        self.count = max(count, len(errors))
        sentences = [error.sentence(path) for error in self.errors]
        if more := self.count - len(self.errors):
            sentences.append(f"{path}: {more:,} more faults are not shown.")
        super().__init__("\n".join(sentences))


class Faults:
    """Counts the faults of a file and keeps the first."""

    def __init__(self) -> None:
        self.kept: list[RowError] = []
        self.count = 0

    def add(self, errors: Sequence[RowError]) -> None:
        self.count += len(errors)
        self.kept += errors[: MOST_FAULTS - len(self.kept)]
