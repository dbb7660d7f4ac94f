"""The listing registry, from its entries alone: exemptions, listings, documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from eth_typing import ChecksumAddress

from stockade.records import ExemptionStatus, Phase
from stockade.reporting.entries import (
    DocumentSet,
    Entry,
    ExemptionSet,
    ExemptionTerms,
    HaltSet,
    Instrument,
    IssuerNotified,
    Listed,
    MarketHaltSet,
    NoticePublished,
    Objected,
    PhaseSet,
    RegulatorSuspension,
    TermsAdded,
    Wrong,
)


@dataclass(frozen=True)
class Exemption:
    """What was decided, and every version of its terms. `notice_until` in seconds UTC, zero without a Notice."""

    status: ExemptionStatus
    terms: tuple[ExemptionTerms, ...] = ()
    notice_until: int = 0
    notice: bytes = bytes(32)


@dataclass(frozen=True)
class Listing:
    """A token's listing; `phase` is its own, before anything outranks it. Times in seconds UTC, zero for none."""

    instrument: Instrument
    exemption: int
    phase: Phase = Phase.PENDING
    halted_by_hand: bool = False
    halted_by_market: bool = False
    suspended_by_regulator: bool = False
    objection_until: int = 0
    objected_at: int = 0

    @property
    def halted(self) -> bool:
        return self.halted_by_hand or self.halted_by_market

    @property
    def barred(self) -> bool:
        """Whether the issuer of the share objected in time."""
        return bool(self.objected_at) and (not self.objection_until or self.objected_at <= self.objection_until)


@dataclass(frozen=True)
class Document:
    """`set_at` in seconds UTC."""

    uri: bytes
    hash: bytes
    set_at: int


@dataclass
class ListingsState:
    """Listings in order of listing; documents by token and name, None for a removed one."""

    exemptions: dict[int, Exemption] = field(default_factory=dict)
    listings: dict[ChecksumAddress, Listing] = field(default_factory=dict)
    documents: dict[tuple[ChecksumAddress, bytes], Document | None] = field(default_factory=dict)

    def phase_of(self, token: ChecksumAddress) -> Phase:
        """The listing's own phase, outranked by an objection, the regulator's suspension, its exemption's status."""
        listing = self.listings[token]
        exemption = self.exemptions.get(listing.exemption)
        if exemption and exemption.status is ExemptionStatus.REVOKED:
            return Phase.WIND_DOWN
        suspended = listing.suspended_by_regulator or listing.barred
        suspended = suspended or bool(exemption and exemption.status is ExemptionStatus.SUSPENDED)
        return Phase.SUSPENDED if suspended and listing.phase is Phase.ACTIVE else listing.phase


def replay_listings(entries: Sequence[Entry]) -> tuple[ListingsState, Wrong]:
    """Exemptions, listings with their own phase and halts, documents."""
    state, wrong = ListingsState(), []
    for entry in entries:
        match entry.content:
            case ExemptionSet(number, status):
                known = state.exemptions.get(number, Exemption(status))
                state.exemptions[number] = replace(known, status=status)
            case TermsAdded(number) | NoticePublished(number) if number not in state.exemptions:
                wrong.append((entry.seq, f"exemption {number} is unknown"))
            case TermsAdded(number, version, terms):
                known = state.exemptions[number]
                if version != len(known.terms) + 1:
                    wrong.append((entry.seq, f"version {version} of exemption {number} follows {len(known.terms)}"))
                state.exemptions[number] = replace(known, terms=(*known.terms, terms))
            case NoticePublished(number, digest, _, until):
                state.exemptions[number] = replace(state.exemptions[number], notice=digest, notice_until=until)
            case Listed(token, instrument, exemption):
                state.listings[token] = Listing(instrument, exemption)
            case (
                PhaseSet(token)
                | HaltSet(token)
                | MarketHaltSet(token)
                | RegulatorSuspension(token)
                | IssuerNotified(token)
                | Objected(token)
                | DocumentSet(token)
            ) if token not in state.listings:
                wrong.append((entry.seq, f"token {token} is not listed"))
            case PhaseSet(token, phase):
                state.listings[token] = replace(state.listings[token], phase=phase)
            case HaltSet(token, halted):
                state.listings[token] = replace(state.listings[token], halted_by_hand=halted)
            case MarketHaltSet(token, halted):
                state.listings[token] = replace(state.listings[token], halted_by_market=halted)
            case IssuerNotified(token, _, until):
                state.listings[token] = replace(state.listings[token], objection_until=until)
            case Objected(token, _, received):
                first = min(received, state.listings[token].objected_at or received)
                state.listings[token] = replace(state.listings[token], objected_at=first)
            case RegulatorSuspension(token, suspended):
                state.listings[token] = replace(state.listings[token], suspended_by_regulator=suspended)
            case DocumentSet(token, name, uri, digest):
                removed = not uri and not any(digest)
                state.documents[token, name] = None if removed else Document(uri, digest, entry.timestamp)
    return state, wrong
