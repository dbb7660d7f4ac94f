"""The investor registry, from its entries alone: records, recoveries, registrars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from eth_typing import ChecksumAddress

from stockade.records import InvestorRecord
from stockade.reporting.entries import (
    BatchWritten,
    Entry,
    FreezeChanged,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    Wrong,
)


@dataclass(frozen=True)
class Recovery:
    """Who takes over from a lost wallet, and by which order."""

    replacement: ChecksumAddress
    ref: bytes


@dataclass
class RegistryState:
    """By wallet and account. A registrar that lost its right keeps number 0, as does an offer that ended."""

    records: dict[ChecksumAddress, InvestorRecord] = field(default_factory=dict)
    registrars: dict[ChecksumAddress, int] = field(default_factory=dict)
    offers: dict[ChecksumAddress, int] = field(default_factory=dict)
    recoveries: dict[ChecksumAddress, Recovery] = field(default_factory=dict)


def replay_registry(entries: Iterable[Entry]) -> tuple[RegistryState, Wrong]:
    """Records, registrars, offers and recoveries. A record that changes is reported whole, an offer ends with whatever
    gives the record to another registrar.
    """
    state, wrong = RegistryState(), []
    batch, open_rows, last = BatchWritten(0, 0, b""), 0, 0
    for entry in entries:
        last = entry.seq
        if open_rows and not isinstance(entry.content, RecordWritten):
            wrong.append((entry.seq, f"{open_rows} rows of the batch before it are missing"))
            open_rows = 0
        match entry.content:
            case BatchWritten() as batch:
                open_rows = batch.rows
            case RecordWritten(wallet, record):
                if not open_rows or record.registrar != batch.registrar:
                    wrong.append((entry.seq, f"the record of {wallet} belongs to no batch of its registrar"))
                owner = state.records[wallet].registrar if wallet in state.records else 0
                if owner not in (0, record.registrar):
                    if state.offers.get(wallet) != record.registrar:
                        wrong.append((entry.seq, f"the record of {wallet} was not offered to {record.registrar}"))
                    state.offers[wallet] = 0
                state.records[wallet] = record
                open_rows = max(open_rows - 1, 0)
            case FreezeChanged(wallet, record):
                state.records[wallet] = record
            case Recovered(lost, replacement, record, ref):
                state.records[lost] = record
                state.offers[lost] = 0
                state.recoveries[lost] = Recovery(replacement, ref)
            case RegistrarSet(account, number):
                state.registrars[account] = number
            case RecordOffered(wallet, to):
                state.offers[wallet] = to
            case RecordAssigned(wallet, record):
                state.records[wallet] = record
                state.offers[wallet] = 0
    if open_rows:
        wrong.append((last, f"{open_rows} rows of the last batch are missing"))
    return state, wrong
