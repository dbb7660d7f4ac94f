"""The custody ledger's entries: sentences, requests, custodians, terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Attestation, AttestorKind, RequestStatus
from stockade.reporting.entries.entry import Content


class LedgerKind(IntEnum):
    ATTESTATION = 1
    REQUEST = 2
    TAKE_BACK = 3
    FORCED = 4
    REQUEST_RECOVERED = 5
    CUSTODIAN = 6
    ATTESTORS = 7
    TERMS = 8


class Request(NamedTuple):
    """A redemption. `deadline` in seconds UTC, `amount` in raw tokens."""

    token: ChecksumAddress
    custodian: int
    deadline: int
    status: RequestStatus
    holder: ChecksumAddress
    amount: int


class Terms(NamedTuple):
    """A token's custody terms: shares (18 decimals), business days, seconds."""

    deposit_cap: int
    max_position_age: int
    redemption_period: int


@dataclass(frozen=True)
class Attested(Content):
    """Ledger 1. `issued` in raw tokens, after the sentence."""

    attestation: Attestation
    issued: int


@dataclass(frozen=True)
class Requested(Content):
    """Ledger 2."""

    id: int
    request: Request
    delivery_ref: bytes


@dataclass(frozen=True)
class TakenBack(Content):
    """Ledger 3."""

    id: int


@dataclass(frozen=True)
class RequestForced(Content):
    """Ledger 4."""

    id: int
    receiver: ChecksumAddress
    ref: bytes


@dataclass(frozen=True)
class RequestRecovered(Content):
    """Ledger 5: the request's holder from now on."""

    id: int
    holder: ChecksumAddress
    ref: bytes


@dataclass(frozen=True)
class CustodianSet(Content):
    """Ledger 6."""

    custodian: int
    lei: bytes
    name_hash: bytes
    open: bool


@dataclass(frozen=True)
class AttestorsSet(Content):
    """Ledger 7: a change, removals first."""

    custodian: int
    removed: tuple[ChecksumAddress, ...]
    added: tuple[tuple[ChecksumAddress, AttestorKind], ...]
    threshold: int


@dataclass(frozen=True)
class TermsSet(Content):
    """Ledger 8."""

    token: ChecksumAddress
    terms: Terms
