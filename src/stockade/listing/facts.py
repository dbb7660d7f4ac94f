"""What the clocks run on, read at one block from the report streams, each proved complete: no change is hidden."""

from __future__ import annotations

from collections.abc import Iterator

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.authority import OperationState, describe, replay_operations, required_role
from stockade.authority.words import names
from stockade.errors import InputError
from stockade.listing.clocks import Ahead, Change, Deadline, ExemptionClock, Facts, IssuerClock
from stockade.listing.reports import Reports, read_reports
from stockade.records import Backing, ExemptionStatus, InvestorClass, Pause, Phase, RequestStatus, Role, Scope
from stockade.reporting.entries import (
    AttestorsSet,
    CustodianSet,
    DocumentSet,
    Entry,
    ExemptionSet,
    FunctionMapped,
    IssuerNotified,
    Listed,
    NoticePublished,
    Objected,
    PhaseSet,
    RegistrarSet,
    RegulatorSuspension,
    RelayRulesSet,
    Requested,
    RoleSet,
    SettingsChanged,
    TermsAdded,
    TermsSet,
)
from stockade.reporting.reading import Progress, no_progress
from stockade.suite import Suite
from stockade.whitelist import class_name, expiring

# Licences that end within this time are shown (seconds).
_SOON = 30 * 86_400

_LICENSED = (InvestorClass.PLATFORM, InvestorClass.POOL)

# The roles whose acts change a suite materially; the authority makes them wait as long as R6 does.
_MATERIAL = (Role.ADMIN, Role.UPGRADER)

_DECIDED = {
    ExemptionStatus.ACTIVE: "restored",
    ExemptionStatus.SUSPENDED: "suspended",
    ExemptionStatus.REVOKED: "revoked",
}
_ENTERED = {Phase.SUSPENDED: "suspended", Phase.WIND_DOWN: "ended"}


def read_facts(suite: Suite, at: int | None = None, progress: Progress = no_progress) -> Facts:
    """What stands at the latest block, judged at a moment (seconds UTC), by default the block's.

    Raises InputError for a moment before the block's, and like `read_reports`.
    """
    reports = read_reports(suite, progress=progress)
    now = reports.time if at is None else at
    if now < reports.time:
        raise InputError(
            f"--at: second {now} lies before block {reports.block} (second {reports.time}): give a later moment."
        )
    return Facts(
        now=now,
        block=reports.block,
        exemptions=tuple(_exemptions(reports)),
        issuers=tuple(_issuers(reports)),
        changes=(*_prompt(reports), *_rest(reports)),
        ahead=(*_amendments(reports), *_scheduled(suite, reports, now)),
        deadlines=(*_licences(suite, reports, now), *_redemptions(reports)),
    )


# ---------------------------------------------------------------- exemptions and issuers


def _exemptions(reports: Reports) -> Iterator[ExemptionClock]:
    for number, exemption in reports.state.listings.exemptions.items():
        notices = [
            entry.timestamp
            for entry in reports.listings
            if isinstance(entry.content, NoticePublished) and entry.content.exemption == number
        ]
        under = [token for token, listing in reports.state.listings.listings.items() if listing.exemption == number]
        yield ExemptionClock(
            number=number,
            status=exemption.status,
            recorded=_recorded(reports, number),
            notices=tuple(notices),
            notice_until=exemption.notice_until,
            # The latest terms say it, even before they hold: what they follow does not end before (IListingRegistry).
            valid_until=exemption.terms[-1].valid_until,
            in_use=any(reports.state.listings.phase_of(token) is not Phase.WIND_DOWN for token in under),
        )


def _recorded(reports: Reports, number: int) -> int:
    told = (entry for entry in reports.listings if isinstance(entry.content, ExemptionSet))
    return next(entry.timestamp for entry in told if entry.content.exemption == number)  # type: ignore[union-attr]


def _issuers(reports: Reports) -> Iterator[IssuerClock]:
    told = {
        entry.content.token: entry.timestamp for entry in reports.listings if isinstance(entry.content, IssuerNotified)
    }
    for token, listing in reports.state.listings.listings.items():
        waits = reports.state.listings.phase_of(token) is Phase.PENDING
        if waits and listing.instrument.backing is Backing.ENTITLEMENT:
            yield IssuerClock(reports.symbol(token), told.get(token, 0), listing.objection_until, listing.barred)


# ---------------------------------------------------------------- changes


def _prompt(reports: Reports) -> Iterator[Change]:
    """What R6 gives five business days: a listing starts, stops, pauses or resumes, its issuer objects; and terms that
    hold at once. A halt is the exchange's and not the venue's: participants are told at once (R15).
    """
    phases: dict[ChecksumAddress, Phase] = {}
    for entry in reports.listings:
        match entry.content:
            case PhaseSet(token, phase):
                before = phases.get(token, Phase.PENDING)
                phases[token] = phase
                began = "began to trade" if before is Phase.PENDING else "resumed"
                yield _of(reports, entry, token, _ENTERED.get(phase, began))
            case Objected(token):
                yield _of(reports, entry, token, "objected to by the issuer of the share")
            case RegulatorSuspension(token, suspended):
                what = "suspended by the regulator" if suspended else "resumed by the regulator"
                yield _of(reports, entry, token, what)
            case ExemptionSet(exemption, status):
                what = f"exemption {exemption} {_DECIDED.get(status, status.name)}"
                yield Change(entry.timestamp, what, prompt=True, exemption=exemption)
            case TermsAdded(exemption, version, terms) if terms.effective_from <= entry.timestamp:
                yield Change(entry.timestamp, f"terms {version} at once", prompt=True, exemption=exemption)
    for token, stream in reports.tokens.items():
        paused = False
        for entry in stream.entries:
            if isinstance(entry.content, SettingsChanged):
                stops = bool(entry.content.control.pauses & Pause.TRANSFER)
                if stops != paused:
                    yield _of(reports, entry, token, "paused" if stops else "resumed")
                paused = stops


def _rest(reports: Reports) -> Iterator[Change]:
    """Whatever else the chain reports of how the suite is run, with its quarter."""
    for entry in (*reports.listings, *reports.ledger, *reports.registry, *reports.market, *reports.authority):
        match entry.content:
            case Listed(token):
                yield _of(reports, entry, token, "listed", prompt=False)
            case DocumentSet(token):
                yield _of(reports, entry, token, "documents", prompt=False)
            case TermsSet(token):
                yield _of(reports, entry, token, "custody terms", prompt=False)
            case CustodianSet() | AttestorsSet():
                yield Change(entry.timestamp, "custodians and their attestors", prompt=False)
            case RegistrarSet():
                yield Change(entry.timestamp, "registrars", prompt=False)
            case RelayRulesSet():
                yield Change(entry.timestamp, "rules for relayed halts", prompt=False)
            case RoleSet() | FunctionMapped():
                yield Change(entry.timestamp, "roles", prompt=False)
    for token, stream in reports.tokens.items():
        before: tuple[int, int] | None = None
        for entry in stream.entries:
            if isinstance(entry.content, SettingsChanged):
                now = (int(entry.content.control.policy), entry.content.control.allowed_classes)
                if before is not None and now != before:
                    yield _of(reports, entry, token, "policy", prompt=False)
                before = now


def _of(reports: Reports, entry: Entry, token: ChecksumAddress, what: str, prompt: bool = True) -> Change:
    exemption = reports.state.listings.listings[token].exemption
    return Change(entry.timestamp, f"{reports.symbol(token)} {what}", prompt, exemption)


def _amendments(reports: Reports) -> Iterator[Ahead]:
    """Terms that were recorded before they hold."""
    for entry in reports.listings:
        match entry.content:
            case TermsAdded(exemption, version, terms) if terms.effective_from > entry.timestamp:
                what = f"terms {version} of exemption {exemption}"
                yield Ahead(entry.timestamp, what, terms.effective_from, exemption=exemption)


def _scheduled(suite: Suite, reports: Reports, now: int) -> Iterator[Ahead]:
    """Acts of ADMIN and UPGRADER that wait or were made; not those that were cancelled or lapsed."""
    lifetime = chain.read(lambda: suite.authority.functions.expiration().call(block_identifier=reports.block))
    known = names(suite)
    for each in replay_operations(reports.authority, lifetime, now):
        if each.state in (OperationState.CANCELED, OperationState.EXPIRED):
            continue
        if required_role(suite, each.target, each.data) in _MATERIAL:
            words = describe(suite, each.target, each.data, known)
            what = f"operation {each.number}, {words if len(words) <= 100 else words[:99] + '…'}"
            yield Ahead(each.scheduled_at, what, each.ready_at, each.expires_at, each.ended_at)


# ---------------------------------------------------------------- deadlines


def _licences(suite: Suite, reports: Reports, now: int) -> Iterator[Deadline]:
    """Platforms and pools whose licence to move shares for others ends soon."""
    for wallet, record in expiring(reports.state.registry.records, now, _SOON):
        if record.investor_class in _LICENSED and Scope.EXECUTE in record.scopes:
            what = f"licence of {class_name(record.investor_class)} {wallet}"
            remedy = f"{suite.registrar(record.registrar)} renews it (`ape run whitelist apply`), or it ends"
            yield Deadline(what, "R4", None, record.expires_at, remedy)


def _redemptions(reports: Reports) -> Iterator[Deadline]:
    begun = {entry.content.id: entry.timestamp for entry in reports.ledger if isinstance(entry.content, Requested)}
    for number, request in reports.state.ledger.requests.items():
        if request.status is RequestStatus.OPEN:
            what = f"redemption {number} of {reports.symbol(request.token)}, answered by custodian {request.custodian}"
            remedy = "the custodian answers it (`ape run custody build release`), or the holder takes back"
            yield Deadline(what, "custody terms", begun.get(number), request.deadline, remedy)
