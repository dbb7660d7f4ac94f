"""What the listing registry's entries say."""

from __future__ import annotations

from typing import Literal

from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told, order
from stockade.reporting.entries import (
    DocumentSet,
    Entry,
    ExemptionSet,
    HaltSet,
    IssuerNotified,
    Listed,
    MarketHaltSet,
    NoticePublished,
    Objected,
    PhaseSet,
    RegulatorSuspension,
    TermsAdded,
)
from stockade.reporting.reading import text
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import hexed, plain, second


def tell(context: Context, entry: Entry) -> Told | None:
    match entry.content:
        case ExemptionSet(exemption, status, ref):
            decided = b.ListingsExemption(kind="listings.EXEMPTION", status=status.name, **order(ref))
            return Told(EventType.EXEMPTION, decided, exemption=exemption)
        case TermsAdded(exemption, version, terms):
            terms_added = b.ListingsTerms(
                kind="listings.TERMS",
                version=version,
                document_hash=hexed(terms.document),
                profile_hash=hexed(terms.profile),
                valid_from=second(terms.valid_from),
                valid_until=second(terms.valid_until),
                effective_from=second(terms.effective_from),
                notice_period=terms.notice_period,
                objection_period=terms.objection_period,
            )
            return Told(EventType.EXEMPTION, terms_added, exemption=exemption)
        case NoticePublished(exemption, digest, uri, until):
            notice = b.ListingsNotice(
                kind="listings.NOTICE", document_hash=hexed(digest), uri=text(uri), period_until=second(until)
            )
            return Told(EventType.EXEMPTION, notice, exemption=exemption)
        case Listed(token, instrument):
            listing = b.ListingsListing(
                kind="listings.LISTING",
                ticker=plain(instrument.ticker),
                isin=plain(instrument.isin),
                cusip=plain(instrument.cusip),
                mic=plain(instrument.mic),
                backing=instrument.backing.name,
            )
            return Told(EventType.LISTING, listing, token)
        case PhaseSet(token, phase, ref):
            return Told(
                EventType.LISTING, b.ListingsPhase(kind="listings.PHASE", phase=phase.name, **order(ref)), token
            )
        case HaltSet(token, halted, ref):
            halt = b.ListingsHalt(
                kind="listings.HALT",
                state=_state(halted),
                source="COMPLIANCE",
                received_time=second(entry.timestamp),
                **order(ref),
            )
            return Told(_halt(halted), halt, token)
        case MarketHaltSet(token, halted, code):
            market_halt = b.ListingsMarketHalt(
                kind="listings.MARKET_HALT",
                state=_state(halted),
                source="MARKET",
                code=plain(code),
                received_time=second(entry.timestamp),
            )
            return Told(_halt(halted), market_halt, token)
        case DocumentSet(token, name, uri, digest):
            there = bool(uri) or any(digest)
            document = b.ListingsDocument(
                kind="listings.DOCUMENT",
                name=plain(name),
                uri=text(uri) if there else None,
                document_hash=hexed(digest) if there else None,
            )
            return Told(EventType.LISTING, document, token)
        case RegulatorSuspension(token, suspended, ref):
            suspension = b.ListingsSuspension(kind="listings.REGULATOR_SUSPENSION", suspended=suspended, **order(ref))
            return Told(EventType.LISTING, suspension, token)
        case IssuerNotified(token, digest, until):
            notified = b.ListingsIssuerNotice(
                kind="listings.ISSUER_NOTICE", document_hash=hexed(digest), may_object_until=second(until)
            )
            return Told(EventType.LISTING, notified, token)
        case Objected(token, digest, received):
            objection = b.ListingsObjection(
                kind="listings.OBJECTION", document_hash=hexed(digest), received_time=second(received)
            )
            return Told(EventType.LISTING, objection, token)
    return None


def _state(halted: bool) -> Literal["HALTED", "RESUMED"]:
    return "HALTED" if halted else "RESUMED"


def _halt(halted: bool) -> EventType:
    return EventType.HALT if halted else EventType.RESUME
