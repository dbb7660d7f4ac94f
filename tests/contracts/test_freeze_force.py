"""COMPLIANCE's partial freezes and forced movements. (Freezing a whole wallet: test_registry.)"""

from __future__ import annotations

import pytest

from stockade.records import ZERO_ADDRESS, Basis, InvestorClass, Kind, Scope, Status, order_ref
from tests.contracts.support import MAX_128, MAX_256, NO_REF, ORDER, SANCTIONS, Reason, entry, movement, refuses
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")


# ---------------------------------------------------------------- partial freeze


@pytest.mark.parametrize(
    "amount", [0, 1, 100 * SHARE, 101 * SHARE, MAX_128], ids=["none", "some", "all", "more", "everything ever"]
)
def test_freeze_tokens__any_amount__sets_it_and_reports(token, actors, amount):
    token.setFrozenTokens(actors.alice, 7, sender=actors.compliance)

    receipt = token.setFrozenTokensWithOrder(actors.alice, amount, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    assert receipt.events == [
        token.Frozen(actors.alice, amount),
        entry(token, receipt, Kind.FREEZE, actors.compliance, actors.alice, amount=amount, ref=SANCTIONS),
    ]
    assert token.getFrozenTokens(actors.alice) == amount
    assert token.balanceOf(actors.alice) == 100 * SHARE


def test_freeze_tokens__without_an_order__reported_as_unstated(token, actors):
    receipt = token.setFrozenTokens(actors.alice, 5, sender=actors.compliance)

    assert receipt.events == [
        token.Frozen(actors.alice, 5),
        entry(token, receipt, Kind.FREEZE, actors.compliance, actors.alice, amount=5),
    ]


@pytest.mark.parametrize("amount", [MAX_128 + 1, MAX_256])
def test_freeze_tokens__above_128_bits__refused(token, actors, amount):
    token.setFrozenTokens(actors.alice, 7, sender=actors.compliance)

    for act in (
        lambda: token.setFrozenTokens(actors.alice, amount, sender=actors.compliance),
        lambda: token.setFrozenTokensWithOrder(actors.alice, amount, 1, ORDER, sender=actors.compliance),
    ):
        with refuses(token.ShareTokenAmountTooLarge, amount=amount):
            act()
    assert (token.getFrozenTokens(actors.alice), token.balanceOf(actors.alice)) == (7, 100 * SHARE)


def test_freeze_tokens__of_a_wallet_that_holds_nothing__catches_what_arrives(token, actors, given):
    token.setFrozenTokens(actors.carol, 10 * SHARE, sender=actors.compliance)
    given(actors.carol)

    token.transfer(actors.carol, 12 * SHARE, sender=actors.alice)

    with refuses(
        token.ERC7943InsufficientUnfrozenBalance, account=actors.carol, amount=2 * SHARE + 1, unfrozen=2 * SHARE
    ):
        token.transfer(actors.alice, 2 * SHARE + 1, sender=actors.carol)
    token.transfer(actors.alice, 2 * SHARE, sender=actors.carol)


def test_freeze_tokens__held_by_the_holder__bars_redemption_of_them_alone(token, ledger, actors):
    token.setFrozenTokens(actors.alice, 99 * SHARE, sender=actors.compliance)

    with refuses(token.ERC7943InsufficientUnfrozenBalance, account=actors.alice, amount=2 * SHARE, unfrozen=SHARE):
        ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.alice)
    ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=actors.alice)

    assert token.balanceOf(actors.alice) == 99 * SHARE


def test_freeze_tokens__of_the_ledger__closes_no_exit(token, ledger, actors, travel):
    """What is in escrow belongs to its holders; a freeze of the ledger's balance binds nobody."""
    for _ in range(2):
        ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=actors.alice)
    token.setFrozenTokens(ledger, MAX_128, sender=actors.compliance)
    travel(ledger.termsOf(token).redemptionPeriod)

    ledger.takeBack(1, sender=actors.alice)
    assert token.getFrozenTokens(ledger) == MAX_128
    ledger.forceRedemption(2, actors.bob, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    assert token.balanceOf(ledger) == 0
    assert token.balanceOf(actors.alice) == 99 * SHARE
    assert token.balanceOf(actors.bob) == 101 * SHARE


# ---------------------------------------------------------------- forced transfer


@pytest.mark.parametrize(
    ("frozen", "amount", "left"),
    [
        (0, 100, None),
        (40, 60, None),
        (40, 61, 39),
        (40, 100, 0),
        (100, 30, 70),
        (150, 10, 140),
        (150, 100, 50),
        (150, 0, None),
    ],
)
def test_force__from_partly_frozen__lowers_frozen_by_what_it_takes_of_it(token, actors, frozen, amount, left):
    """ERC-7943: `Frozen` stands before `Transfer`. In shares."""
    token.setFrozenTokens(actors.alice, frozen * SHARE, sender=actors.compliance)

    receipt = token.forcedTransferWithOrder(
        actors.alice, actors.bob, amount * SHARE, Basis.SANCTIONS, ORDER, sender=actors.compliance
    )

    thawed = [] if left is None else [token.Frozen(actors.alice, left * SHARE)]
    assert receipt.events == thawed + movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.bob, amount * SHARE, SANCTIONS
    )
    assert token.balanceOf(actors.alice) == (100 - amount) * SHARE
    assert token.balanceOf(actors.bob) == (100 + amount) * SHARE
    assert token.getFrozenTokens(actors.alice) == (frozen if left is None else left) * SHARE


def test_force__to_a_partly_frozen_wallet__leaves_its_frozen_amount(token, actors):
    token.setFrozenTokens(actors.bob, 150 * SHARE, sender=actors.compliance)

    token.forcedTransfer(actors.alice, actors.bob, 10 * SHARE, sender=actors.compliance)

    assert token.getFrozenTokens(actors.bob) == 150 * SHARE
    assert token.balanceOf(actors.bob) == 110 * SHARE


def test_force__without_an_order__reported_as_unstated(token, actors):
    receipt = token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=actors.compliance)

    assert receipt.events == movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.bob, SHARE, NO_REF
    )


@pytest.mark.parametrize("basis", [1, 6, 255])
def test_force__any_stated_basis__replaces_the_orders_first_byte(token, actors, basis):
    order = bytes(range(200, 232))

    receipt = token.forcedTransferWithOrder(actors.alice, actors.bob, SHARE, basis, order, sender=actors.compliance)

    assert receipt.events == movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.bob, SHARE, order_ref(basis, order)
    )


def test_force_or_freeze_with_order__basis_unstated__refused(token, actors):
    with refuses(token.ShareTokenBasisUnstated):
        token.forcedTransferWithOrder(actors.alice, actors.bob, 1, 0, ORDER, sender=actors.compliance)
    with refuses(token.ShareTokenBasisUnstated):
        token.setFrozenTokensWithOrder(actors.alice, 1, 0, ORDER, sender=actors.compliance)


@pytest.mark.parametrize("amount", [0, 1, 100 * SHARE])
def test_force__from_and_to_the_same__reports_and_changes_nothing(token, actors, amount):
    token.setFrozenTokens(actors.alice, 70 * SHARE, sender=actors.compliance)

    receipt = token.forcedTransfer(actors.alice, actors.alice, amount, sender=actors.compliance)

    assert receipt.events == movement(token, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.alice, amount)
    assert token.balanceOf(actors.alice) == 100 * SHARE
    assert token.getFrozenTokens(actors.alice) == 70 * SHARE


def test_force__from_and_to_the_same_frozen_wallet__refused(token, actors, given):
    word = given(actors.alice, frozen=True)

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_FROZEN, account=actors.alice, record=word):
        token.forcedTransfer(actors.alice, actors.alice, 0, sender=actors.compliance)


def test_force__above_balance__refused(token, actors):
    token.setFrozenTokens(actors.alice, MAX_128, sender=actors.compliance)

    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=100 * SHARE, needed=100 * SHARE + 1):
        token.forcedTransfer(actors.alice, actors.bob, 100 * SHARE + 1, sender=actors.compliance)


def test_force__from_or_to_the_zero_address__refused(token, actors):
    with refuses(token.ERC20InvalidSender, sender=ZERO_ADDRESS):
        token.forcedTransfer(ZERO_ADDRESS, actors.bob, 0, sender=actors.compliance)
    with refuses(token.ERC20InvalidReceiver, receiver=ZERO_ADDRESS):
        token.forcedTransfer(actors.alice, ZERO_ADDRESS, 0, sender=actors.compliance)


@pytest.mark.parametrize("place", ["ledger", "token"])
def test_force__from_or_to_ledger_or_token__refused(stage, token, ledger, actors, given, place):
    """What is in escrow is forced by its request, through the ledger."""
    ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=actors.alice)
    reserved = getattr(stage, place)
    held = SHARE if place == "ledger" else 0

    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_RESERVED, account=reserved, record=0):
        token.forcedTransfer(reserved, actors.bob, held, sender=actors.compliance)
    word = given(reserved, investor_class=InvestorClass.TREASURY)
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_RESERVED, account=reserved, record=word):
        token.forcedTransfer(actors.alice, reserved, 0, sender=actors.compliance)


@pytest.mark.parametrize("place", ["ledger", "token"])
def test_force_redemption__to_ledger_or_token__refused(stage, token, ledger, actors, place):
    ledger.requestRedemption(token, 1, SHARE, NO_REF, sender=actors.alice)
    reserved = getattr(stage, place)

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_RESERVED, account=reserved, record=0):
        ledger.forceRedemption(1, reserved, Basis.COURT_ORDER, ORDER, sender=actors.compliance)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": Scope.HOLD}, 0),
        ({"scopes": Scope(31) & ~Scope.HOLD}, Reason.RECEIVER_HOLD_SCOPE),
        ({"expires_at": 1}, Reason.RECEIVER_EXPIRED),
        ({"status": Status.REVOKED}, Reason.RECEIVER_REVOKED),
        ({"frozen": True}, Reason.RECEIVER_FROZEN),
        ({"investor_class": InvestorClass.ACCREDITED}, Reason.RECEIVER_CLASS),
    ],
)
def test_force__by_receivers_record__must_be_able_to_receive(token, actors, given, changes, code):
    token.setPolicy(1 << InvestorClass.RETAIL, 0, sender=actors.issuer)
    word = given(actors.bob, **changes)

    if code:
        assert not token.canReceive(actors.bob)
        with refuses(token.ShareTokenCannotReceive, code=code, account=actors.bob, record=word):
            token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=actors.compliance)
    else:
        assert token.canReceive(actors.bob)
        token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=actors.compliance)
    assert token.balanceOf(actors.bob) == (100 if code else 101) * SHARE


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_force__around_the_receivers_expiry__holds_strictly_before(token, actors, given, now, at, off):
    expiry = now() + 1000
    word = given(actors.bob, expires_at=expiry)
    at(expiry + off)

    if off < 0:
        token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=actors.compliance)
    else:
        with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_EXPIRED, account=actors.bob, record=word):
            token.forcedTransfer(actors.alice, actors.bob, SHARE, sender=actors.compliance)


def test_force__from_a_wallet_that_may_do_nothing__takes_all_the_same(token, listings, actors, given):
    """A seizure is not blocked by the very block: wallet frozen, revoked, expired; token paused, halted, wound down."""
    given(actors.alice, status=Status.REVOKED, expires_at=1, scopes=Scope(0), frozen=True)
    token.setFrozenTokens(actors.alice, MAX_128, sender=actors.compliance)
    token.pause(7, sender=actors.pauser)
    listings.setHalt(token, True, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    listings.windDown(token, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    receipt = token.forcedTransferWithOrder(
        actors.alice, actors.bob, 100 * SHARE, Basis.SANCTIONS, ORDER, sender=actors.compliance
    )

    assert receipt.events == [
        token.Frozen(actors.alice, MAX_128 - 100 * SHARE),
        *movement(token, receipt, Kind.FORCE, actors.compliance, actors.alice, actors.bob, 100 * SHARE, SANCTIONS),
    ]
