"""Exemptions: what the issuer relies on, and how its end reaches every token under it."""

from __future__ import annotations

import pytest

from stockade.records import Basis, Control, ExemptionStatus, Kind, Phase
from tests.contracts.support import MAX_32, NO_REF, SANCTIONS, entry, refuses, report
from tests.support import DAY, YEAR

EXEMPTION = 1
EXEMPTION_DATA = ["uint32", "(bytes32,bytes32,uint40,uint40,uint8)", "bytes32"]
TEXT, PROFILE = b"\x77" * 32, b"\x88" * 32

pytestmark = pytest.mark.usefixtures("house")


def control(token) -> Control:
    return Control.unpack(token.control())


def test_add_exemption__good__numbered_recorded_and_reported(listings, actors, now):
    value = (TEXT, PROFILE, now() + DAY, now() + YEAR)

    receipt = listings.addExemption(*value, sender=actors.issuer)

    active = (*value, ExemptionStatus.ACTIVE)
    assert receipt.events == [report(listings, receipt, EXEMPTION, actors.issuer, EXEMPTION_DATA, [2, active, NO_REF])]
    assert listings.exemptionCount() == 2
    assert tuple(listings.exemptionOf(2)) == active


INVALID = {
    "no document": (NO_REF, PROFILE, 1, 2),
    "no profile": (TEXT, NO_REF, 1, 2),
    "no time": (TEXT, PROFILE, 2, 2),
    "ends before it begins": (TEXT, PROFILE, 3, 2),
}


@pytest.mark.parametrize("case", INVALID)
def test_add_or_amend_exemption__invalid__refused(listings, actors, case):
    value = (*INVALID[case], ExemptionStatus.ACTIVE)

    with refuses(listings.ListingInvalidExemption, exemption=value):
        listings.addExemption(*INVALID[case], sender=actors.issuer)
    with refuses(listings.ListingInvalidExemption, exemption=value):
        listings.amendExemption(1, *INVALID[case], sender=actors.issuer)
    assert listings.exemptionCount() == 1


def test_amend_exemption__listed_tokens__learn_its_end_at_once(listings, token, launch, actors, now):
    pending = launch("MSFT", activate=False)
    end = now() + 3 * DAY
    before = token.control() >> 192

    receipt = listings.amendExemption(1, TEXT, PROFILE, 5, end, sender=actors.issuer)

    value = (TEXT, PROFILE, 5, end, ExemptionStatus.ACTIVE)
    settings = before & MAX_32 | end << 32
    assert receipt.events == [
        report(listings, receipt, EXEMPTION, actors.issuer, EXEMPTION_DATA, [1, value, NO_REF]),
        entry(token, receipt, Kind.CONTROL, listings, amount=settings),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192),
    ]
    assert token.control() >> 192 == settings
    assert control(pending).active_until == end


def test_amend_exemption__of_others__leaves_a_token_alone(listings, token, actors, now):
    listings.addExemption(TEXT, PROFILE, 5, now() + YEAR, sender=actors.issuer)
    before = token.control()

    listings.amendExemption(2, TEXT, PROFILE, 5, now() + 9, sender=actors.issuer)

    assert token.control() == before


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_amend_exemption__once_it_has_begun__cannot_begin_later(listings, actors, now, at, off):
    """Its tokens are told its end only: they would go on before the new beginning."""
    start = now() + 1000
    listings.addExemption(TEXT, PROFILE, start, start + DAY, sender=actors.issuer)
    at(start + off)
    later = (TEXT, PROFILE, start + 2, start + DAY)

    if off < 0:
        listings.amendExemption(2, *later, sender=actors.issuer)
        assert listings.exemptionOf(2).validFrom == start + 2
    else:
        with refuses(listings.ListingInvalidExemption, exemption=(*later, ExemptionStatus.ACTIVE)):
            listings.amendExemption(2, *later, sender=actors.issuer)


@pytest.mark.parametrize("begun", [True, False])
def test_amend_exemption__begun_or_not__may_begin_now(listings, actors, now, at, begun):
    moment = now() + 1000
    start = moment - 1 if begun else moment + DAY
    listings.addExemption(TEXT, PROFILE, start, moment + YEAR, sender=actors.issuer)
    at(moment)

    listings.amendExemption(2, TEXT, PROFILE, moment, moment + YEAR, sender=actors.issuer)

    assert listings.exemptionOf(2).validFrom == moment


@pytest.mark.parametrize("end", [MAX_32, MAX_32 + 1, MAX_32 + 6, 2**40 - 1])
def test_amend_exemption__end_beyond_32_bits__counts_as_the_largest(listings, token, actors, end):
    listings.amendExemption(1, TEXT, PROFILE, 5, end, sender=actors.issuer)

    assert control(token).active_until == MAX_32


@pytest.mark.parametrize("status", [ExemptionStatus.ACTIVE, ExemptionStatus.SUSPENDED])
def test_amend_exemption__any_status_but_revoked__keeps_it(listings, actors, comply, status):
    if status is not ExemptionStatus.ACTIVE:
        comply("setExemptionStatus", 1, status)

    listings.amendExemption(1, TEXT, PROFILE, 5, 6, sender=actors.issuer)

    assert tuple(listings.exemptionOf(1)) == (TEXT, PROFILE, 5, 6, status)


def test_exemption__revoked__final(listings, actors, comply):
    comply("setExemptionStatus", 1, ExemptionStatus.REVOKED)

    refused = {"exemption": 1}
    with refuses(listings.ListingExemptionRevoked, **refused):
        listings.amendExemption(1, TEXT, PROFILE, 5, 6, sender=actors.issuer)
    for status in ExemptionStatus:
        with refuses(listings.ListingExemptionRevoked, **refused):
            comply("setExemptionStatus", 1, status)


def test_exemption__unknown__refused(listings, actors, comply):
    for number in (0, 2, MAX_32):
        with refuses(listings.ListingUnknownExemption, exemption=number):
            listings.amendExemption(number, TEXT, PROFILE, 5, 6, sender=actors.issuer)
        with refuses(listings.ListingUnknownExemption, exemption=number):
            comply("setExemptionStatus", number, ExemptionStatus.SUSPENDED)


def test_set_exemption_status__each_step__reported_and_its_tokens_follow(listings, token, actors, comply):
    old = listings.exemptionOf(1)
    for status, phase in (
        (ExemptionStatus.SUSPENDED, Phase.SUSPENDED),
        (ExemptionStatus.ACTIVE, Phase.ACTIVE),
        (ExemptionStatus.REVOKED, Phase.WIND_DOWN),
    ):
        receipt = comply("setExemptionStatus", 1, status)

        value = (old.document, old.profile, old.validFrom, old.validUntil, status)
        assert receipt.events == [
            report(listings, receipt, EXEMPTION, actors.compliance, EXEMPTION_DATA, [1, value, SANCTIONS]),
            entry(token, receipt, Kind.CONTROL, listings, amount=token.control() >> 192),
        ]
        assert control(token).phase == listings.phaseOf(token) == phase


@pytest.mark.parametrize("status", [ExemptionStatus.NONE, ExemptionStatus.ACTIVE])
def test_set_exemption_status__to_none_or_to_what_it_is__refused(listings, comply, status):
    with refuses(listings.ListingInvalidExemption, exemption=tuple(listings.exemptionOf(1))):
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
