"""Acts by order on an open request: taken by force, or handed to a lost wallet's replacement."""

from __future__ import annotations

import pytest

from stockade.records import (
    ZERO_ADDRESS,
    Basis,
    InvestorClass,
    Kind,
    Pause,
    RequestStatus,
    Scope,
    SentenceKind,
    Status,
    order_ref,
)
from tests.contracts.custody.support import START, Report, number, said
from tests.contracts.support import ORDER, Reason, movement, refuses
from tests.support import SHARE

TEN = 10 * SHARE


# ---------------------------------------------------------------- by order


def test_force_redemption__by_compliance__moves_the_escrow_and_leaves_issued(ledger, token, suite, actors, freeze, ask):
    """Taken from a frozen holder, too."""
    request = ask(actors.alice)
    freeze(actors.alice)
    ref = order_ref(Basis.COURT_ORDER, ORDER)

    receipt = ledger.forceRedemption(request, actors.carol, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    assert receipt.events == [
        said(ledger, receipt, Report.FORCED, request, actors.carol, ref),
        *movement(token, receipt, Kind.FORCE, ledger, ledger, actors.carol, TEN, ref),
    ]
    assert ledger.requestOf(request).status == RequestStatus.FORCED
    assert (token.balanceOf(actors.carol), token.balanceOf(ledger)) == (TEN, 0)
    assert suite.position(token.address, 1).issued == START
    assert token.totalSupply() == 2 * START


def test_force_redemption__then_answered_or_taken_back__refused(ledger, actors, ask, answer, land, due, refused):
    request = ask(actors.alice)
    release = answer(request, SentenceKind.RELEASE)
    ledger.forceRedemption(request, actors.carol, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    not_open = (Reason.REQUEST_NOT_OPEN, request, RequestStatus.FORCED)

    with refused(*not_open):
        land(release)
    with refused(*not_open):
        ledger.forceRedemption(request, actors.carol, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    due(request)
    with refused(*not_open):
        ledger.takeBack(request, sender=actors.alice)


@pytest.mark.parametrize("answered", [SentenceKind.RELEASE, SentenceKind.REJECT])
def test_force_redemption__answered__refused(answered, ledger, actors, ask, answer, land, refused):
    request = ask(actors.alice)
    land(answer(request, answered))

    with refused(Reason.REQUEST_NOT_OPEN, request, ledger.requestOf(request).status):
        ledger.forceRedemption(request, actors.carol, Basis.COURT_ORDER, ORDER, sender=actors.compliance)


def test_force_redemption__receiver_not_eligible__refused(ledger, token, registry, actors, freeze, given, ask):
    request = ask(actors.alice)
    freeze(actors.bob)
    given(actors.carol, status=Status.REVOKED)
    for code, receiver in (
        (Reason.RECEIVER_UNKNOWN, actors.outsider),
        (Reason.RECEIVER_FROZEN, actors.bob),
        (Reason.RECEIVER_REVOKED, actors.carol),
        (Reason.RECEIVER_RESERVED, ledger),
        (Reason.RECEIVER_RESERVED, token),
    ):
        record = registry.recordOf(receiver)
        with refuses(token.ShareTokenCannotReceive, code=code, account=receiver.address, record=record):
            ledger.forceRedemption(request, receiver, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    with refuses(token.ERC20InvalidReceiver, receiver=ZERO_ADDRESS):
        ledger.forceRedemption(request, ZERO_ADDRESS, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    assert ledger.requestOf(request).status == RequestStatus.OPEN


def test_force_redemption__basis_unstated__refused(ledger, actors, ask):
    request = ask(actors.alice)

    with refuses(ledger.CustodyBasisUnstated):
        ledger.forceRedemption(request, actors.carol, Basis.UNSTATED, ORDER, sender=actors.compliance)


def test_force_redemption__force_paused__refused(suite, ledger, token, actors, ask):
    request = ask(actors.alice)
    token.pause(Pause.FORCE, sender=actors.pauser)

    until = suite.control(suite.token(token.address)).active_until
    with refuses(
        token.ShareTokenStopped,
        code=Reason.FORCE_PAUSED,
        phase=1,
        activeUntil=until,
        halted=False,
        pauses=Pause.FORCE,
    ):
        ledger.forceRedemption(request, actors.carol, Basis.COURT_ORDER, ORDER, sender=actors.compliance)


@pytest.mark.parametrize("caller", ["alice", "custody_admin", "issuer", "registrar", "attestor", "admin", "pauser"])
@pytest.mark.parametrize("act", ["forceRedemption", "recoverRequests"])
def test_acts_by_order__not_compliance__refused(act, caller, ledger, actors, ask):
    request = ask(actors.alice)
    arguments = {
        "forceRedemption": (request, actors.carol, Basis.COURT_ORDER, ORDER),
        "recoverRequests": ([request],),
    }
    sender = getattr(actors, caller)

    with refuses(ledger.AccessManagedUnauthorized, caller=sender):
        getattr(ledger, act)(*arguments[act], sender=sender)


@pytest.fixture
def lose(registry, actors, given):
    """Alice loses her wallet; carol's is the same investor's new one."""

    def recover() -> bytes:
        given(actors.carol, investor_id=1)
        registry.recover(actors.alice, actors.carol, Basis.LOST_WALLET, ORDER, sender=actors.compliance)
        return order_ref(Basis.LOST_WALLET, ORDER)

    return recover


def test_recover_requests__wallet_lost__the_replacement_holds_them(
    ledger, token, actors, lose, ask, answer, land, due, refused
):
    released, left = ask(actors.alice), ask(actors.alice)
    ref = lose()

    receipt = ledger.recoverRequests([released, left], sender=actors.compliance)

    assert receipt.events == [
        said(ledger, receipt, Report.REQUEST_RECOVERED, request, actors.carol, ref, step=step)
        for step, request in enumerate((released, left), start=1)
    ]
    assert ledger.requestOf(released).holder == ledger.requestOf(left).holder == actors.carol
    # What was signed for the lost wallet no longer matches.
    with refused(Reason.REQUEST_MISMATCH, TEN, TEN):
        land(answer(released, SentenceKind.RELEASE, account=actors.alice.address))
    land(answer(released, SentenceKind.RELEASE))
    due(left)
    with refused(Reason.REQUEST_NOT_HOLDER, number(actors.alice), number(actors.carol)):
        ledger.takeBack(left, sender=actors.alice)
    ledger.takeBack(left, sender=actors.carol)
    assert (token.balanceOf(actors.carol), token.balanceOf(ledger)) == (TEN, 0)


def test_recover_requests__wallet_not_lost__refused_whole(ledger, registry, actors, lose, ask):
    lost, kept = ask(actors.alice), ask(actors.bob)
    lose()

    record = registry.recordOf(actors.bob)
    with refuses(registry.RegistryNotRecoverable, lost=actors.bob, record=record):
        ledger.recoverRequests([lost, kept], sender=actors.compliance)
    assert ledger.requestOf(lost).holder == actors.alice


def test_recover_requests__one_named_twice__refused(ledger, registry, actors, lose, ask):
    """Carol, who holds it after the first, is not lost."""
    request = ask(actors.alice)
    lose()

    with refuses(registry.RegistryNotRecoverable, lost=actors.carol, record=registry.recordOf(actors.carol)):
        ledger.recoverRequests([request, request], sender=actors.compliance)


def test_recover_requests__some_closed_meanwhile__passes_them_over(ledger, actors, lose, ask, answer, land):
    """So the same call can be made again."""
    first, second, third = ask(actors.alice), ask(actors.alice), ask(actors.alice)
    land(answer(first, SentenceKind.REJECT))
    land(answer(third, SentenceKind.RELEASE))
    ref = lose()

    receipt = ledger.recoverRequests([first, second, third, 99], sender=actors.compliance)

    assert receipt.events == [said(ledger, receipt, Report.REQUEST_RECOVERED, second, actors.carol, ref)]
    assert ledger.requestOf(second).holder == actors.carol
    assert ledger.requestOf(first).holder == ledger.requestOf(third).holder == actors.alice


def without_hold(scene):
    scene.given(scene.actors.carol, investor_id=1, scopes=Scope.TRANSFER)


def of_a_class_not_admitted(scene):
    control = scene.suite.control(scene.suite.token(scene.token.address))
    classes = control.allowed_classes & ~(1 << InvestorClass.RETAIL)
    scene.token.setPolicy(classes, control.policy, sender=scene.actors.issuer)


def while_force_is_paused(scene):
    scene.token.pause(Pause.FORCE, sender=scene.actors.pauser)


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (without_hold, Reason.RECEIVER_HOLD_SCOPE),
        (of_a_class_not_admitted, Reason.RECEIVER_CLASS),
        (while_force_is_paused, Reason.FORCE_PAUSED),
    ],
)
def test_recover_requests__replacement_no_force_could_reach__refused(
    arrange, code, scene, ledger, actors, lose, ask, refused
):
    """It takes over an escrow that was not its own."""
    request = ask(actors.alice)
    lose()
    arrange(scene)

    with refused(code, request, number(actors.carol)):
        ledger.recoverRequests([request], sender=actors.compliance)
    assert ledger.requestOf(request).holder == actors.alice


def test_recover_requests__none__does_nothing(ledger, actors):
    assert ledger.recoverRequests([], sender=actors.compliance).events == []
