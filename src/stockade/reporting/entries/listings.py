"""The listing registry's entries: exemptions, listings, documents, halts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Backing, ExemptionStatus, Phase
from stockade.reporting.entries.entry import Content


class ListingsKind(IntEnum):
    EXEMPTION = 1
    LISTING = 2
    PHASE = 3
    HALT = 4
    DOCUMENT = 5
    REGULATOR_SUSPENSION = 6
    TERMS = 7
    NOTICE = 8
    ISSUER_NOTICE = 9
    OBJECTION = 10
    MARKET_HALT = 11


class ExemptionTerms(NamedTuple):
    """One version of what an exemption says. Times in seconds UTC, periods in seconds."""

    document: bytes
    profile: bytes
    valid_from: int
    valid_until: int
    effective_from: int
    notice_period: int
    objection_period: int


class Instrument(NamedTuple):
    """The listed share: ASCII, zero padded."""

    isin: bytes
    cusip: bytes
    mic: bytes
    backing: Backing
    ticker: bytes


@dataclass(frozen=True)
class ExemptionSet(Content):
    """Listings 1: what was decided about the exemption."""

    exemption: int
    status: ExemptionStatus
    ref: bytes


@dataclass(frozen=True)
class Listed(Content):
    """Listings 2: a new token, PENDING."""

    token: ChecksumAddress
    instrument: Instrument
    exemption: int


@dataclass(frozen=True)
class PhaseSet(Content):
    """Listings 3: the listing's own phase."""

    token: ChecksumAddress
    phase: Phase
    ref: bytes


@dataclass(frozen=True)
class HaltSet(Content):
    """Listings 4: by hand."""

    token: ChecksumAddress
    halted: bool
    ref: bytes


@dataclass(frozen=True)
class DocumentSet(Content):
    """Listings 5; an empty `uri` (bytes as on chain, UTF-8 by custom) and hash removes it."""

    token: ChecksumAddress
    name: bytes
    uri: bytes
    hash: bytes


@dataclass(frozen=True)
class RegulatorSuspension(Content):
    """Listings 6."""

    token: ChecksumAddress
    suspended: bool
    ref: bytes


@dataclass(frozen=True)
class TermsAdded(Content):
    """Listings 7: an exemption's next version."""

    exemption: int
    version: int
    terms: ExemptionTerms


@dataclass(frozen=True)
class NoticePublished(Content):
    """Listings 8: the venue's Notice; `until` when the first one's period ends (seconds UTC)."""

    exemption: int
    hash: bytes
    uri: bytes
    until: int


@dataclass(frozen=True)
class IssuerNotified(Content):
    """Listings 9: the issuer of the share may object up to `until` (seconds UTC)."""

    token: ChecksumAddress
    hash: bytes
    until: int


@dataclass(frozen=True)
class Objected(Content):
    """Listings 10: the issuer of the share objected; received at a second UTC."""

    token: ChecksumAddress
    hash: bytes
    received_at: int


@dataclass(frozen=True)
class MarketHaltSet(Content):
    """Listings 11: by MarketStatus, under the exchange's code."""

    token: ChecksumAddress
    halted: bool
    code: bytes
