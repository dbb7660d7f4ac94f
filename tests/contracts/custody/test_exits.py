"""The way out stays open: for every holder who is not frozen, in every state of token and custodian."""

from __future__ import annotations

import pytest

from stockade.records import ExemptionStatus, Pause, Position, RequestStatus, SentenceKind
from tests.contracts.custody.support import START
from tests.contracts.support import Reason, refuses
from tests.support import DAY, SHARE, YEAR

TEN = 10 * SHARE


# ---------------------------------------------------------------- frozen meanwhile


@pytest.mark.parametrize("kind", [SentenceKind.RELEASE, SentenceKind.REJECT])
def test_attest__holder_frozen_since_the_request__held_until_the_freeze_is_lifted(
    kind, ledger, token, registry, actors, freeze, unfreeze, ask, answer, land
):
    """The very sentence lands later; it had not used up its number."""
    request = ask(actors.alice)
    sentence = answer(request, kind)
    freeze(actors.alice)
    record = registry.recordOf(actors.alice)
    error, code = (
        (token.ShareTokenCannotSend, Reason.SENDER_FROZEN)
        if kind is SentenceKind.RELEASE
        else (token.ShareTokenCannotReceive, Reason.RECEIVER_FROZEN)
    )
    with refuses(error, code=code, account=actors.alice, record=record):
        land(sentence)
    assert ledger.requestOf(request).status == RequestStatus.OPEN
    assert token.balanceOf(ledger) == TEN

    unfreeze(actors.alice)
    land(sentence)

    assert token.balanceOf(ledger) == 0


def test_take_back__holder_frozen_since_the_request__held_until_the_freeze_is_lifted(
    ledger, token, registry, actors, freeze, unfreeze, ask, due
):
    request = ask(actors.alice)
    freeze(actors.alice)
    due(request)
    record = registry.recordOf(actors.alice)
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_FROZEN, account=actors.alice, record=record):
        ledger.takeBack(request, sender=actors.alice)

    unfreeze(actors.alice)
    ledger.takeBack(request, sender=actors.alice)

    assert token.balanceOf(actors.alice) == START


# ---------------------------------------------------------------- the exit stays open


def suspended(scene):
    scene.comply("suspend", scene.token)


def winding_down(scene):
    scene.comply("windDown", scene.token)


def exemption_suspended(scene):
    scene.comply("setExemptionStatus", 1, ExemptionStatus.SUSPENDED)


def exemption_revoked(scene):
    scene.comply("setExemptionStatus", 1, ExemptionStatus.REVOKED)


def lapsed(scene):
    scene.at(scene.suite.control(scene.suite.token(scene.token.address)).active_until + YEAR)


def halted(scene):
    scene.comply("setHalt", scene.token, True)


def paused_but_for_burn(scene):
    pauses = Pause.TRANSFER | Pause.MINT | Pause.FORCE
    scene.token.pause(pauses, sender=scene.actors.pauser)


def under_reserved(scene):
    scene.land(scene.sentence(shares_held=0))


def custodian_closed(scene):
    scene.decree("setCustodianOpen", 1, False)


def cap_of_zero(scene):
    scene.decree("setTerms", scene.token, (0, 2, DAY))


def strictest_policy(scene):
    """No class may receive any more, and everything stops transfers."""
    scene.token.setPolicy(0, 0, sender=scene.actors.issuer)
    halted(scene)


STATES = [
    suspended,
    winding_down,
    exemption_suspended,
    exemption_revoked,
    lapsed,
    halted,
    paused_but_for_burn,
    under_reserved,
    custodian_closed,
    cap_of_zero,
    strictest_policy,
]


@pytest.mark.parametrize("state", STATES)
def test_redemption__in_every_state__all_four_steps_are_open(
    state, scene, ledger, token, actors, ask, answer, land, due
):
    state(scene)
    released, rejected, left = ask(actors.alice), ask(actors.alice), ask(actors.alice)

    held = max(Position.unpack(ledger.positionOf(token, 1)).held - TEN, 0)
    land(answer(released, SentenceKind.RELEASE, shares_held=held))
    land(answer(rejected, SentenceKind.REJECT))
    due(left)
    ledger.takeBack(left, sender=actors.alice)

    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, 0)


@pytest.mark.parametrize("pauses", [Pause.BURN, Pause(15)])
def test_redemption__burn_paused__stops_the_release_alone(pauses, suite, ledger, token, actors, ask, answer, land, due):
    token.pause(pauses, sender=actors.pauser)
    released, rejected, left = ask(actors.alice), ask(actors.alice), ask(actors.alice)
    until = suite.control(suite.token(token.address)).active_until
    with refuses(
        token.ShareTokenStopped,
        code=Reason.BURN_PAUSED,
        phase=1,
        activeUntil=until,
        halted=False,
        pauses=pauses,
    ):
        land(answer(released, SentenceKind.RELEASE))

    land(answer(rejected, SentenceKind.REJECT))
    due(left)
    ledger.takeBack(left, sender=actors.alice)
    token.unpause(Pause.BURN, sender=actors.compliance)
    land(answer(released, SentenceKind.RELEASE))

    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, 0)
