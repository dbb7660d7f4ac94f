"""The life of a listing (R8, R9): proposed, the issuer told, active or objected to, under an exemption in force."""

from __future__ import annotations

import pytest

from stockade.records import Backing, Control, ExemptionStatus, Kind, Phase
from tests.conftest import instance
from tests.contracts.support import (
    ALL_CLASSES,
    EVIDENCE,
    NO_REF,
    RIGHTS,
    TEXT,
    entry,
    refuses,
    report,
    terms,
)
from tests.support import DAY, YEAR

PHASE, ISSUER_NOTICE, OBJECTION = 3, 9, 10
PERIOD = 30 * DAY

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
def proposed(launch):
    """Just listed: nobody was told, nothing verified."""
    return launch("MSFT", ready=False, activate=False)


@pytest.fixture
def verified(listings, actors, proposed):
    """Its rights are verified; the issuer of the share was not told."""
    listings.setDocument(proposed, RIGHTS, "ipfs://rights", TEXT, sender=actors.issuer)
    return proposed


@pytest.fixture
def notified(listings, actors, verified):
    """The issuer of the share was told just now."""
    listings.recordIssuerNotice(verified, EVIDENCE, sender=actors.issuer)
    return verified


@pytest.fixture
def activate(listings, actors):
    return lambda token: listings.activate(token, sender=actors.issuer)


@pytest.fixture
def object_(listings, actors):
    """COMPLIANCE records that the issuer of the share objected."""
    return lambda token, moment: listings.recordObjection(token, EVIDENCE, moment, sender=actors.compliance)


# ---------------------------------------------------------------- the issuer's period (R8)


def test_record_issuer_notice__pending__reported_and_its_period_begins(listings, actors, verified):
    receipt = listings.recordIssuerNotice(verified, EVIDENCE, sender=actors.issuer)

    until = receipt.timestamp + PERIOD
    values = [verified, EVIDENCE, until]
    assert receipt.events == [
        report(listings, receipt, ISSUER_NOTICE, actors.issuer, ["address", "bytes32", "uint40"], values)
    ]
    assert listings.listingOf(verified).objectionUntil == until


def test_record_issuer_notice__empty_unknown_or_active__refused(listings, actors, proposed, token):
    with refuses(listings.ListingEmptyDocument, name=NO_REF):
        listings.recordIssuerNotice(proposed, NO_REF, sender=actors.issuer)
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        listings.recordIssuerNotice(actors.stranger, EVIDENCE, sender=actors.issuer)
    with refuses(listings.ListingWrongPhase, token=token, phase=Phase.ACTIVE):
        listings.recordIssuerNotice(token, EVIDENCE, sender=actors.issuer)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_activate__around_the_end_of_the_period__only_from_that_second(listings, notified, activate, at, off):
    until = listings.listingOf(notified).objectionUntil
    at(until + off)

    if off < 0:
        with refuses(listings.ListingObjectionPeriod, token=notified, until=until):
            activate(notified)
    else:
        activate(notified)
        assert listings.phaseOf(notified) == Phase.ACTIVE


def test_activate__issuer_never_told__refused(listings, verified, activate, travel):
    travel(YEAR // 2)
    with refuses(listings.ListingObjectionPeriod, token=verified, until=0):
        activate(verified)


def test_record_issuer_notice__again__begins_the_period_anew(listings, actors, notified, activate, at):
    first = listings.listingOf(notified).objectionUntil
    at(first - 1)
    receipt = listings.recordIssuerNotice(notified, TEXT, sender=actors.issuer)

    at(first)
    with refuses(listings.ListingObjectionPeriod, token=notified, until=receipt.timestamp + PERIOD):
        activate(notified)


def test_activate__issuer_native__needs_no_notice(listings, actors, shares, activate):
    share = shares["MSFT"]
    fields = list(share.instrument())
    fields[3] = Backing.ISSUER_NATIVE
    listings.list(1, tuple(fields), "A", "B", ALL_CLASSES, 0, sender=actors.issuer)
    token = instance("ShareToken", listings.tokens()[-1])
    listings.setDocument(token, RIGHTS, "ipfs://rights", TEXT, sender=actors.issuer)

    activate(token)

    assert listings.phaseOf(token) == Phase.ACTIVE
    with refuses(listings.ListingBackingRefused, backing=Backing.ISSUER_NATIVE):
        listings.recordObjection(token, EVIDENCE, 1, sender=actors.compliance)


# ---------------------------------------------------------------- objections


def test_record_objection__pending__reported_and_pushes_nothing(listings, actors, notified, now):
    word, moment = notified.control() >> 192, now()

    receipt = listings.recordObjection(notified, EVIDENCE, moment, sender=actors.compliance)

    values = [notified, EVIDENCE, moment]
    assert receipt.events[0] == report(
        listings, receipt, OBJECTION, actors.compliance, ["address", "bytes32", "uint40"], values
    )
    assert (listings.listingOf(notified).objectedAt, listings.isBarred(notified)) == (moment, True)
    assert Control.unpack(notified.control()).phase == Phase.PENDING
    assert word & 0xFFFF == notified.control() >> 192 & 0xFFFF


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_record_objection__around_the_end_of_the_period__bars_up_to_that_second(
    listings, notified, activate, object_, at, travel, off
):
    until = listings.listingOf(notified).objectionUntil
    at(until + off)
    object_(notified, until + off)
    travel(DAY)

    if off <= 0:
        with refuses(listings.ListingObjected, token=notified, objectedAt=until + off):
            activate(notified)
        assert listings.isBarred(notified)
    else:
        activate(notified)
        assert not listings.isBarred(notified)


def test_record_objection__received_in_time_and_recorded_late__bars(listings, notified, activate, object_, at):
    until = listings.listingOf(notified).objectionUntil
    at(until + 10 * DAY)
    object_(notified, until)

    with refuses(listings.ListingObjected, token=notified, objectedAt=until):
        activate(notified)


@pytest.mark.parametrize("in_time", [True, False])
def test_record_objection__active_already__suspends_when_it_came_in_time(
    listings, actors, notified, activate, object_, comply, at, in_time
):
    until = listings.listingOf(notified).objectionUntil
    at(until)
    activate(notified)
    at(until + DAY)

    receipt = object_(notified, until if in_time else until + 1)

    told_token = [entry(notified, receipt, Kind.CONTROL, listings, amount=notified.control() >> 192)] if in_time else []
    assert receipt.events[1:] == told_token
    phase = Phase.SUSPENDED if in_time else Phase.ACTIVE
    assert Control.unpack(notified.control()).phase == listings.phaseOf(notified) == phase
    if in_time:
        comply("suspend", notified)
        with refuses(listings.ListingObjected, token=notified, objectedAt=until):
            comply("resume", notified)


def test_record_objection__several__the_earliest_counts(listings, notified, object_, now, travel):
    moment = now()
    travel(DAY)
    for received in (moment + 100, moment, moment + 50):
        object_(notified, received)
    assert listings.listingOf(notified).objectedAt == moment


def test_record_issuer_notice__after_an_objection__does_not_clear_it(
    listings, actors, notified, activate, object_, now, travel
):
    moment = now()
    object_(notified, moment)

    listings.recordIssuerNotice(notified, TEXT, sender=actors.issuer)
    travel(PERIOD + DAY)

    with refuses(listings.ListingObjected, token=notified, objectedAt=moment):
        activate(notified)


def test_record_objection__before_any_notice__bars(listings, actors, verified, object_, now, activate, travel):
    moment = now()
    object_(verified, moment)
    assert listings.isBarred(verified)

    listings.recordIssuerNotice(verified, TEXT, sender=actors.issuer)
    travel(PERIOD)
    with refuses(listings.ListingObjected, token=verified, objectedAt=moment):
        activate(verified)


def test_record_objection__empty_unknown_or_of_no_time__refused(listings, actors, notified, object_, now, at):
    with refuses(listings.ListingEmptyDocument, name=NO_REF):
        listings.recordObjection(notified, NO_REF, 1, sender=actors.compliance)
    with refuses(listings.ListingUnknownToken, token=actors.stranger):
        object_(actors.stranger, 1)
    moment = now() + 10
    for later, received in enumerate((0, moment + 2)):
        at(moment + later)
        with refuses(listings.ListingInvalidObjection, token=notified, receivedAt=received):
            object_(notified, received)
    at(moment + 10)
    object_(notified, moment + 10)


# ---------------------------------------------------------------- verified rights (R9)


def test_activate__rights_not_verified__refused(listings, actors, proposed, activate, travel):
    listings.recordIssuerNotice(proposed, EVIDENCE, sender=actors.issuer)
    travel(PERIOD)

    with refuses(listings.ListingRightsUnverified, token=proposed):
        activate(proposed)
    listings.setDocument(proposed, RIGHTS, "ipfs://rights", TEXT, sender=actors.issuer)
    activate(proposed)


def test_remove_document__verified_rights__only_before_it_is_active(listings, actors, token, verified):
    with refuses(listings.ListingRightsUnverified, token=token):
        listings.removeDocument(token, RIGHTS, sender=actors.issuer)
    listings.removeDocument(verified, RIGHTS, sender=actors.issuer)
    assert listings.getAllDocuments(verified) == []
    # Verified again, the newer text takes the older one's place.
    listings.setDocument(token, RIGHTS, "ipfs://again", TEXT, sender=actors.issuer)
    assert listings.getDocument(token, RIGHTS)[0] == "ipfs://again"


# ---------------------------------------------------------------- an exemption in force


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize(
    ("step", "edge"),
    [("activate", "notice"), ("activate", "start"), ("activate", "end"), ("resume", "end")],
)
def test_activate_or_resume__around_the_exemptions_edges__only_in_force(
    listings, actors, shares, comply, now, at, activate, edge, off, step
):
    """A listing that was active once has seen its exemption begin."""
    start = now() + 40 * DAY if edge == "start" else 5
    end = now() + 50 * DAY if edge == "end" else now() + YEAR
    share = shares["MSFT"]
    listings.addExemption(terms(start, end), sender=actors.issuer)
    listings.list(2, share.instrument(), "A", "B", ALL_CLASSES, 0, sender=actors.issuer)
    token = instance("ShareToken", listings.tokens()[-1])
    listings.setDocument(token, RIGHTS, "ipfs://rights", TEXT, sender=actors.issuer)
    listings.recordIssuerNotice(token, EVIDENCE, sender=actors.issuer)
    listings.publishNotice(2, TEXT, "ipfs://notice", sender=actors.issuer)
    noticed = listings.exemptionOf(2).noticeUntil
    if step == "resume":
        at(noticed)
        activate(token)
        comply("suspend", token)
    moment = {"notice": noticed, "start": start, "end": end}[edge] + off
    at(moment)

    def go():
        return activate(token) if step == "activate" else comply("resume", token)

    opens = max(noticed, start)
    if opens <= moment < end:
        go()
        assert listings.phaseOf(token) == Phase.ACTIVE
    else:
        status = ExemptionStatus.EXPIRED if moment >= end else ExemptionStatus.PENDING
        refused = {"exemption": 2, "status": status, "opensAt": opens, "validUntil": end}
        with refuses(listings.ListingExemptionNotInForce, **refused):
            go()


@pytest.mark.parametrize("status", [ExemptionStatus.SUSPENDED, ExemptionStatus.REVOKED])
def test_activate__exemption_not_active__refused(listings, launch, activate, comply, status):
    pending = launch("MSFT", activate=False)
    comply("setExemptionStatus", 1, status)

    until = listings.termsOf(1)[1].validUntil
    refused = {"exemption": 1, "status": status, "opensAt": listings.opensAt(1), "validUntil": until}
    with refuses(listings.ListingExemptionNotInForce, **refused):
        activate(pending)
