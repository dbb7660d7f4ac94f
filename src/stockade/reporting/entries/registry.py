"""The investor registry's entries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_typing import ChecksumAddress

from stockade.records import InvestorRecord
from stockade.reporting.entries.entry import Content

RECORD_BITS = 168


class RegistryKind(IntEnum):
    BATCH = 1
    RECORD = 2
    FREEZE = 3
    UNFREEZE = 4
    RECOVERY = 5
    REGISTRAR = 6
    OFFER = 7
    ASSIGNMENT = 8


@dataclass(frozen=True)
class BatchWritten(Content):
    """Registry 1: the `rows` records that follow are of this batch."""

    registrar: int
    rows: int
    evidence_root: bytes


@dataclass(frozen=True, slots=True)
class RecordWritten(Content):
    """Registry 2."""

    wallet: ChecksumAddress
    record: InvestorRecord


@dataclass(frozen=True)
class FreezeChanged(Content):
    """Registry 3 and 4: the record after the freeze or its lifting."""

    wallet: ChecksumAddress
    record: InvestorRecord
    ref: bytes


@dataclass(frozen=True)
class Recovered(Content):
    """Registry 5: `record` is the lost wallet's."""

    lost: ChecksumAddress
    replacement: ChecksumAddress
    record: InvestorRecord
    ref: bytes


@dataclass(frozen=True)
class RegistrarSet(Content):
    """Registry 6; number zero takes the right away."""

    account: ChecksumAddress
    number: int


@dataclass(frozen=True)
class RecordOffered(Content):
    """Registry 7: which registrar may take the record over; zero for none."""

    wallet: ChecksumAddress
    to: int


@dataclass(frozen=True)
class RecordAssigned(Content):
    """Registry 8: the record, of another registrar now."""

    wallet: ChecksumAddress
    record: InvestorRecord
    ref: bytes
