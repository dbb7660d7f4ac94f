"""ISSUER's policy of a token: which classes may receive, and the flags."""

from __future__ import annotations

import pytest

from stockade.records import Basis, InvestorClass, Kind, Policy, Scope
from tests.contracts.support import ALL_CLASSES, NO_REF, ORDER, Reason, entry, refuses
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")


@pytest.fixture
def allow(token, actors):
    """ISSUER sets the allowed classes, by mask."""
    return lambda classes, policy=0: token.setPolicy(classes, policy, sender=actors.issuer)


@pytest.mark.parametrize(("classes", "policy"), [(0, 0), (ALL_CLASSES, 15), (1 << 1, 0), (1 << 10, 8)])
def test_set_policy__known_classes_and_flags__set_and_reported(token, actors, classes, policy):
    before = token.control() >> 192

    receipt = token.setPolicy(classes, policy, sender=actors.issuer)

    settings = before & ~(0xFFFFFF << 8) | classes << 16 | policy << 8
    assert receipt.events == [entry(token, receipt, Kind.CONTROL, actors.issuer, amount=settings)]
    assert token.control() >> 192 == settings


@pytest.mark.parametrize(
    ("classes", "policy"),
    [(1 << bit, 0) for bit in (0, 11, 12, 13, 14, 15)] + [(0, 1 << bit) for bit in (4, 5, 6, 7)] + [(0xFFFF, 0xFF)],
)
def test_set_policy__unknown_class_or_flag__refused(token, allow, classes, policy):
    before = token.control()

    with refuses(token.ShareTokenInvalidPolicy, allowedClasses=classes, policy=policy):
        allow(classes, policy)
    assert token.control() == before


def test_set_policy__nothing_changes__refused(token, allow):
    allow(ALL_CLASSES, Policy.ANY_EXECUTOR)

    with refuses(token.ShareTokenUnchanged):
        allow(ALL_CLASSES, Policy.ANY_EXECUTOR)
    allow(ALL_CLASSES, Policy(0))


@pytest.mark.parametrize("investor_class", InvestorClass)
def test_transfer__by_the_receivers_class__only_what_the_mask_holds(token, actors, given, allow, investor_class):
    """Allowed classes bind the receiver alone: alice sends although her own class may not receive."""
    given(actors.alice, investor_class=InvestorClass(investor_class % 8 + 1), scopes=Scope(31))
    word = given(actors.bob, investor_class=investor_class)
    allow(ALL_CLASSES & ~(1 << investor_class))
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_CLASS, account=actors.bob, record=word):
        token.transfer(actors.bob, SHARE, sender=actors.alice)
    assert not token.canReceive(actors.bob)

    allow(1 << investor_class)
    token.transfer(actors.bob, SHARE, sender=actors.alice)

    assert token.balanceOf(actors.bob) == 101 * SHARE
    assert token.canReceive(actors.bob)


def test_receive__class_not_allowed__refused_on_every_path(token, ledger, actors, registry, allow, sentence, signed):
    token.approve(actors.platform, SHARE, sender=actors.alice)
    ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=actors.alice)
    deposit = sentence(account=actors.bob.address)
    allow(ALL_CLASSES & ~(1 << InvestorClass.RETAIL))
    compliance = actors.compliance

    for path in (
        lambda: token.batchTransfer([actors.bob], [SHARE], sender=actors.alice),
        lambda: token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform),
        lambda: token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=compliance),
        lambda: ledger.forceRedemption(1, actors.bob, Basis.COURT_ORDER, ORDER, sender=compliance),
        lambda: ledger.attest(deposit.as_tuple(), signed(deposit), sender=actors.relay),
    ):
        with refuses(
            token.ShareTokenCannotReceive,
            code=Reason.RECEIVER_CLASS,
            account=actors.bob,
            record=registry.recordOf(actors.bob),
        ):
            path()


def test_redeem__class_no_longer_allowed__the_exit_stays_open(token, ledger, actors, allow, travel):
    allow(1 << InvestorClass.QIB)

    ledger.requestRedemption(token, 1, 3 * SHARE, NO_REF, sender=actors.alice)
    travel(ledger.termsOf(token).redemptionPeriod)
    ledger.takeBack(1, sender=actors.alice)

    assert token.balanceOf(actors.alice) == 100 * SHARE
