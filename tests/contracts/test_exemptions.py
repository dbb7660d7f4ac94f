"""Exemptions: what the issuer relies on, in versions, and how its end reaches every token under it."""

from __future__ import annotations

import pytest

from stockade.records import Basis, Control, ExemptionStatus, Kind, Phase
from tests.contracts.support import MAX_32, NO_REF, PROFILE, SANCTIONS, TEXT, entry, refuses, report, terms
from tests.support import DAY, YEAR

EXEMPTION, TERMS, NOTICE = 1, 7, 8
EXEMPTION_DATA = ["uint32", "uint8", "bytes32"]
TERMS_DATA = ["uint32", "uint32", "(bytes32,bytes32,uint40,uint40,uint40,uint32,uint32)"]
NOTICE_DATA = ["uint32", "bytes32", "string", "uint40"]
NEVER = 2**40 - 1

pytestmark = pytest.mark.usefixtures("house")


def control(token) -> Control:
    return Control.unpack(token.control())


@pytest.fixture
def add(listings, actors):
    """Adds an exemption; its Notice is public, unless told otherwise. Answers its number."""

    def put(value, notice=True):
        listings.addExemption(value, sender=actors.issuer)
        number = listings.exemptionCount()
        if notice:
            listings.publishNotice(number, TEXT, "ipfs://notice", sender=actors.issuer)
        return number

    return put


# ---------------------------------------------------------------- adding


def test_add_exemption__good__numbered_recorded_and_reported(listings, actors, now):
    value = terms(now() + DAY, now() + YEAR)

    receipt = listings.addExemption(value, sender=actors.issuer)

    held = value._replace(effective_from=receipt.timestamp)
    assert receipt.events == [
        report(listings, receipt, EXEMPTION, actors.issuer, EXEMPTION_DATA, [2, ExemptionStatus.ACTIVE, NO_REF]),
        report(listings, receipt, TERMS, actors.issuer, TERMS_DATA, [2, 1, tuple(held)], step=2),
    ]
    assert listings.exemptionCount() == 2
    assert tuple(listings.exemptionOf(2)) == (ExemptionStatus.ACTIVE, 1, 0, NO_REF)
    version, found = listings.termsOf(2)
    assert (version, tuple(found)) == (1, tuple(held)) == (1, tuple(listings.termsAt(2, 1)))
    assert listings.statusOf(2) == ExemptionStatus.PENDING
    assert listings.opensAt(2) == NEVER


INVALID = {
    "no document": {"document": NO_REF},
    "no profile": {"profile": NO_REF},
    "no time": {"valid_from": 2, "valid_until": 2},
    "ends before it begins": {"valid_from": 3, "valid_until": 2},
    "over already": {"valid_from": 1, "valid_until": 2},
    "no notice period": {"notice_period": 0},
    "no period to object": {"objection_period": 0},
}


@pytest.mark.parametrize("case", INVALID)
@pytest.mark.parametrize("function", ["addExemption", "amendExemption"])
def test_add_or_amend_exemption__invalid__refused(listings, actors, now, at, case, function):
    value = terms(5, now() + YEAR, **INVALID[case])
    moment = now() + 10
    at(moment)

    with refuses(listings.ListingInvalidTerms, terms=tuple(value._replace(effective_from=moment))):
        if function == "addExemption":
            listings.addExemption(value, sender=actors.issuer)
        else:
            listings.amendExemption(1, value, sender=actors.issuer)
    assert (listings.exemptionCount(), listings.exemptionOf(1).versions) == (1, 1)


def test_add_exemption__terms_for_later__refused(listings, actors, now):
    value = terms(5, now() + YEAR, since=now() + DAY)

    with refuses(listings.ListingInvalidTerms, terms=tuple(value)):
        listings.addExemption(value, sender=actors.issuer)


# ---------------------------------------------------------------- the clock of the Notice (R5)


def test_publish_notice__first__begins_the_period_and_a_revision_does_not(listings, actors, now, add, travel):
    number = add(terms(5, now() + YEAR), notice=False)

    receipt = listings.publishNotice(number, TEXT, "ipfs://notice", sender=actors.issuer)

    until = receipt.timestamp + 30 * DAY
    values = [number, TEXT, "ipfs://notice", until]
    assert receipt.events == [report(listings, receipt, NOTICE, actors.issuer, NOTICE_DATA, values)]
    assert tuple(listings.exemptionOf(number))[2:] == (until, TEXT)
    travel(DAY)
    receipt = listings.publishNotice(number, PROFILE, "ipfs://revised", sender=actors.issuer)
    values = [number, PROFILE, "ipfs://revised", until]
    assert receipt.events == [report(listings, receipt, NOTICE, actors.issuer, NOTICE_DATA, values)]
    assert tuple(listings.exemptionOf(number))[2:] == (until, PROFILE)


@pytest.mark.parametrize(("digest", "uri"), [(NO_REF, "ipfs://notice"), (TEXT, "")])
def test_publish_notice__empty_or_of_no_exemption__refused(listings, actors, digest, uri):
    with refuses(listings.ListingEmptyDocument, name=digest):
        listings.publishNotice(1, digest, uri, sender=actors.issuer)
    with refuses(listings.ListingUnknownExemption, exemption=2):
        listings.publishNotice(2, TEXT, "ipfs://notice", sender=actors.issuer)


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("edge", ["notice", "start", "end"])
def test_status__around_each_edge__to_the_second(listings, now, at, add, edge, off):
    start = now() + 40 * DAY if edge == "start" else 5
    end = now() + 50 * DAY if edge == "end" else now() + YEAR
    number = add(terms(start, end))
    noticed = listings.exemptionOf(number).noticeUntil
    opens = max(noticed, start)
    moment = {"notice": noticed, "start": start, "end": end}[edge] + off
    at(moment)

    expected = ExemptionStatus.ACTIVE
    if moment >= end:
        expected = ExemptionStatus.EXPIRED
    elif moment < opens:
        expected = ExemptionStatus.PENDING
    assert listings.statusOf(number, block_id="pending") == expected
    assert listings.opensAt(number) == opens


@pytest.mark.parametrize("decided", [ExemptionStatus.SUSPENDED, ExemptionStatus.REVOKED])
def test_status__decided_and_expired_too__what_was_decided_stands(listings, now, add, comply, decided, travel):
    number = add(terms(5, now() + DAY))
    comply("setExemptionStatus", number, decided)
    travel(2 * DAY)

    assert listings.statusOf(number) == decided
    assert listings.statusOf(number + 1) == ExemptionStatus.NONE


# ---------------------------------------------------------------- amending


def test_amend_exemption__at_once__listed_tokens_learn_its_end(listings, token, launch, actors, now):
    pending = launch("MSFT", ready=False, activate=False)
    end = now() + 3 * DAY
    before = token.control() >> 192

    receipt = listings.amendExemption(1, terms(5, end), sender=actors.issuer)

    value = terms(5, end, since=receipt.timestamp)
    settings = before & MAX_32 | end << 32
    assert receipt.events == [
        report(listings, receipt, TERMS, actors.issuer, TERMS_DATA, [1, 2, tuple(value)]),
        entry(token, receipt, Kind.CONTROL, listings, amount=settings),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192),
    ]
    assert token.control() >> 192 == settings
    assert control(pending).active_until == end
    version, found = listings.termsOf(1)
    assert (version, tuple(found)) == (2, tuple(value))


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_amend_exemption__for_a_day_to_come__old_terms_hold_until_then(listings, token, actors, now, at, off):
    day, end = now() + 20 * DAY, now() + 90 * DAY
    old = listings.termsAt(1, 1)
    listings.amendExemption(1, terms(5, end, since=day), sender=actors.issuer)
    at(day + off)

    version, found = listings.termsOf(1, block_id="pending")

    assert (version, found.profile) == ((1, old.profile) if off < 0 else (2, PROFILE))
    assert tuple(listings.termsAt(1, 1)) == tuple(old)
    assert control(token).active_until == end


def test_amend_exemption__newer_terms_that_begin_earlier__withdraw_those_to_come(listings, token, actors, now, at):
    day, end = now() + 20 * DAY, now() + 90 * DAY
    listings.amendExemption(1, terms(5, end, since=day), sender=actors.issuer)
    listings.amendExemption(1, terms(5, end + DAY, since=day - DAY), sender=actors.issuer)
    for moment, version in ((day - DAY - 1, 1), (day - DAY, 3), (day, 3), (day + DAY, 3)):
        at(moment)
        assert listings.termsOf(1, block_id="pending")[0] == version
    assert control(token).active_until == end + DAY


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_amend_exemption__new_terms_after_the_old_ones_end__refused(listings, actors, now, add, off):
    """Between the two it would lapse, and open again without anybody."""
    end = now() + 10 * DAY
    number = add(terms(5, end))
    value = terms(5, end + YEAR, since=end + off)

    if off <= 0:
        listings.amendExemption(number, value, sender=actors.issuer)
        assert listings.exemptionOf(number).versions == 2
    else:
        with refuses(listings.ListingInvalidTerms, terms=tuple(value)):
            listings.amendExemption(number, value, sender=actors.issuer)


def test_amend_exemption__after_a_lapse__opens_again_at_once(listings, actors, now, add, travel):
    number = add(terms(5, now() + 40 * DAY))
    travel(41 * DAY)
    assert listings.statusOf(number) == ExemptionStatus.EXPIRED

    listings.amendExemption(number, terms(5, now() + YEAR), sender=actors.issuer)

    assert listings.statusOf(number) == ExemptionStatus.ACTIVE


def test_amend_exemption__of_others__leaves_a_token_alone(listings, token, actors, now, add):
    number = add(terms(5, now() + YEAR))
    before = token.control()

    listings.amendExemption(number, terms(5, now() + DAY), sender=actors.issuer)

    assert token.control() == before


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_amend_exemption__once_it_has_begun__cannot_begin_later(listings, actors, now, at, add, off):
    """Its tokens are told its end only: they would go on before the new beginning."""
    start = now() + 1000
    number = add(terms(start, start + DAY))
    at(start + off)
    later = terms(start + 2, start + DAY)

    if off < 0:
        listings.amendExemption(number, later, sender=actors.issuer)
        assert listings.termsOf(number)[1].validFrom == start + 2
    else:
        with refuses(listings.ListingInvalidTerms, terms=tuple(later)):
            listings.amendExemption(number, later, sender=actors.issuer)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_amend_exemption__for_a_day_to_come__what_has_begun_by_then_has_begun(listings, actors, now, add, off):
    """It begins before the new terms hold: they cannot take that back, not even before it happens."""
    start = now() + 1000
    number = add(terms(start, start + YEAR))
    later = terms(start + DAY, start + YEAR, since=start + off)

    if off < 0:
        listings.amendExemption(number, later, sender=actors.issuer)
        assert listings.exemptionOf(number).versions == 2
    else:
        with refuses(listings.ListingInvalidTerms, terms=tuple(later)):
            listings.amendExemption(number, later, sender=actors.issuer)


@pytest.mark.parametrize("begun", [True, False])
def test_amend_exemption__begun_or_not__may_begin_now(listings, actors, now, at, add, begun):
    moment = now() + 1000
    start = moment - 1 if begun else moment + DAY
    number = add(terms(start, moment + YEAR))
    at(moment)

    listings.amendExemption(number, terms(moment, moment + YEAR), sender=actors.issuer)

    assert listings.termsOf(number)[1].validFrom == moment


@pytest.mark.parametrize("end", [MAX_32, MAX_32 + 1, MAX_32 + 6, 2**40 - 1])
def test_amend_exemption__end_beyond_32_bits__counts_as_the_largest(listings, token, actors, end):
    listings.amendExemption(1, terms(5, end), sender=actors.issuer)

    assert control(token).active_until == MAX_32


@pytest.mark.parametrize("status", [ExemptionStatus.ACTIVE, ExemptionStatus.SUSPENDED])
def test_amend_exemption__any_status_but_revoked__keeps_it(listings, actors, comply, status, now):
    if status is not ExemptionStatus.ACTIVE:
        comply("setExemptionStatus", 1, status)

    listings.amendExemption(1, terms(5, now() + YEAR), sender=actors.issuer)

    assert tuple(listings.exemptionOf(1))[:2] == (status, 2)


def test_exemption__revoked__final(listings, actors, comply, now):
    comply("setExemptionStatus", 1, ExemptionStatus.REVOKED)

    refused = {"exemption": 1}
    with refuses(listings.ListingExemptionRevoked, **refused):
        listings.amendExemption(1, terms(5, now() + YEAR), sender=actors.issuer)
    for status in ExemptionStatus:
        with refuses(listings.ListingExemptionRevoked, **refused):
            comply("setExemptionStatus", 1, status)


def test_exemption__unknown__refused(listings, actors, comply, now):
    for number in (0, 2, MAX_32):
        with refuses(listings.ListingUnknownExemption, exemption=number):
            listings.amendExemption(number, terms(5, now() + YEAR), sender=actors.issuer)
        with refuses(listings.ListingUnknownExemption, exemption=number):
            comply("setExemptionStatus", number, ExemptionStatus.SUSPENDED)


# ---------------------------------------------------------------- status, and how it reaches the tokens


def test_set_exemption_status__each_step__reported_and_its_tokens_follow(listings, token, actors, comply):
    for status, phase in (
        (ExemptionStatus.SUSPENDED, Phase.SUSPENDED),
        (ExemptionStatus.ACTIVE, Phase.ACTIVE),
        (ExemptionStatus.REVOKED, Phase.WIND_DOWN),
    ):
        receipt = comply("setExemptionStatus", 1, status)

        assert receipt.events == [
            report(listings, receipt, EXEMPTION, actors.compliance, EXEMPTION_DATA, [1, status, SANCTIONS]),
            entry(token, receipt, Kind.CONTROL, listings, amount=token.control() >> 192),
        ]
        assert control(token).phase == listings.phaseOf(token) == phase
        assert listings.exemptionOf(1).status == listings.statusOf(1) == status


@pytest.mark.parametrize(
    "status",
    [ExemptionStatus.NONE, ExemptionStatus.ACTIVE, ExemptionStatus.PENDING, ExemptionStatus.EXPIRED],
)
def test_set_exemption_status__what_nobody_decides_or_what_it_is__refused(listings, comply, status):
    with refuses(listings.ListingInvalidStatus, exemption=1, status=status):
        comply("setExemptionStatus", 1, status)


# Under a suspended exemption only an ACTIVE listing is held back; a revoked one ends them all.
@pytest.mark.parametrize(
    ("status", "phases"),
    [
        (ExemptionStatus.SUSPENDED, {"PENDING": 0, "ACTIVE": 2, "SUSPENDED": 2, "WIND_DOWN": 3}),
        (ExemptionStatus.REVOKED, {"PENDING": 3, "ACTIVE": 3, "SUSPENDED": 3, "WIND_DOWN": 3}),
    ],
)
@pytest.mark.parametrize("own", Phase)
def test_set_exemption_status__by_the_listings_own_phase__outranks_it(launch, listings, comply, status, phases, own):
    token = launch("MSFT", activate=own is not Phase.PENDING)
    if own is Phase.SUSPENDED:
        comply("suspend", token)
    if own is Phase.WIND_DOWN:
        comply("windDown", token)

    comply("setExemptionStatus", 1, status)

    assert control(token).phase == listings.phaseOf(token) == phases[own.name]
    assert listings.listingOf(token).phase == own
    if status is ExemptionStatus.SUSPENDED:
        comply("setExemptionStatus", 1, ExemptionStatus.ACTIVE)
        assert control(token).phase == own


def test_set_exemption_status__of_most_tokens__fits_one_transaction(listings, launch, comply):
    """400 tokens may be listed, and each costs the same, so two cases give the line. EIP-7825 sets the limit."""
    launch("MSFT")
    two = comply("setExemptionStatus", 1, ExemptionStatus.SUSPENDED).gas_used
    comply("setExemptionStatus", 1, ExemptionStatus.ACTIVE)
    for ticker in ("NVDA", "JPM"):
        launch(ticker)
    four = comply("setExemptionStatus", 1, ExemptionStatus.SUSPENDED).gas_used

    each = (four - two) / 2
    assert two + 398 * each < 16_777_216


def test_set_exemption_status__basis_unstated__refused(listings, comply):
    with refuses(listings.ListingBasisUnstated):
        comply("setExemptionStatus", 1, ExemptionStatus.SUSPENDED, basis=Basis.UNSTATED)
