"""What the custody ledger's entries say."""

from __future__ import annotations

from typing import Any

from stockade.records import ZERO_ADDRESS, SentenceKind
from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told, order
from stockade.reporting.entries import (
    Attested,
    AttestorsSet,
    CustodianSet,
    Entry,
    Requested,
    RequestForced,
    RequestRecovered,
    TakenBack,
    TermsSet,
)
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import hexed, plain, second, shares

_WHOLE = 10_000


def tell(context: Context, entry: Entry) -> Told | None:
    account = context.parties.account
    match entry.content:
        case Attested() as attested:
            return Told(EventType.POSITION, _position(context, attested), attested.attestation.token)
        case Requested(number, request, delivery_ref):
            said = _redemption(context, number) | {
                "answer_by": second(request.deadline),
                "delivery_ref": hexed(delivery_ref),
            }
            asked = b.LedgerRedemption(kind="ledger.REQUEST", action="REQUESTED", **said)
            return Told(EventType.REDEMPTION, asked, request.token)
        case TakenBack(number):
            back = b.LedgerRedemption(kind="ledger.TAKE_BACK", action="TAKEN_BACK", **_redemption(context, number))
            return _about_request(context, number, back)
        case RequestForced(number, receiver, ref):
            said = _redemption(context, number) | {"receiver": account(receiver)} | order(ref)
            return _about_request(context, number, b.LedgerRedemption(kind="ledger.FORCED", action="FORCED", **said))
        case RequestRecovered(number, holder, ref):
            said = _redemption(context, number) | {"party": account(holder)} | order(ref)
            recovered = b.LedgerRedemption(kind="ledger.REQUEST_RECOVERED", action="RECOVERED", **said)
            return _about_request(context, number, recovered)
        case CustodianSet(number, lei, name_hash, is_open):
            custodian = b.LedgerCustodian(
                kind="ledger.CUSTODIAN",
                custodian=number,
                custodian_id=plain(lei),
                name_hash=hexed(name_hash),
                open=is_open,
            )
            return Told(EventType.CUSTODIAN, custodian)
        case AttestorsSet(number, removed, added, threshold):
            attestors = b.LedgerAttestors(
                kind="ledger.ATTESTORS",
                custodian=number,
                custodian_id=context.custodians.get(number),
                removed=[account(each) for each in removed],
                added=[b.Attestor(account=account(each), signs_as=kind.name) for each, kind in added],
                threshold=threshold,
            )
            return Told(EventType.CUSTODIAN, attestors)
        case TermsSet(token, terms):
            custody = b.LedgerTerms(
                kind="ledger.TERMS",
                deposit_cap_shares=shares(terms.deposit_cap),
                max_position_age=terms.max_position_age,
                redemption_period=terms.redemption_period,
            )
            return Told(EventType.CUSTODIAN, custody, token)
    return None


def _position(context: Context, attested: Attested) -> b.LedgerAttestation:
    """One token is one share, so what is issued backs as many shares."""
    said, issued = attested.attestation, attested.issued
    answers = said.kind in (SentenceKind.RELEASE, SentenceKind.REJECT)
    fresh_until = context.fresh_until(said.token, said.as_of)
    return b.LedgerAttestation(
        kind="ledger.ATTESTATION",
        sentence=said.kind.name,
        custodian=said.custodian,
        custodian_id=context.custodians.get(said.custodian),
        sequence=said.sequence,
        as_of=second(said.as_of),
        shares_held=shares(said.shares_held),
        issued_shares=shares(issued),
        issued_raw_qty=str(issued),
        ratio_bps=str(said.shares_held * _WHOLE // issued) if issued else None,
        shares=shares(said.shares),
        party=None if said.account == ZERO_ADDRESS else context.parties.account(said.account),
        request_id=str(int.from_bytes(said.ref, "big")) if answers else None,
        evidence=hexed(said.evidence),
        land_by=second(said.valid_until),
        fresh_until=None if fresh_until is None else second(fresh_until),
    )


def _redemption(context: Context, number: int) -> dict[str, Any]:
    """The fields of `bodies.LedgerRedemption` that the open request says; without one, nothing but its number."""
    request = context.requests.get(number)
    return {
        "request_id": str(number),
        "party": request and context.parties.account(request.holder),
        "receiver": None,
        "custodian": request and request.custodian,
        "custodian_id": request and context.custodians.get(request.custodian),
        "shares": request and shares(request.amount),
        "raw_qty": request and str(request.amount),
        "answer_by": None,
        "delivery_ref": None,
        "legal_basis": None,
        "order_ref": None,
    }


def _about_request(context: Context, number: int, body: b.LedgerRedemption) -> Told:
    request = context.requests.get(number)
    return Told(EventType.REDEMPTION, body, request.token if request else None)
