"""One account in another's place, in two runs."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.authority import StepState, operations
from stockade.errors import InputError, Refused
from stockade.records import ZERO_ADDRESS, Role
from tests.library.authority.views import holders
from tests.support import DAY

WEEK = 7 * DAY


@pytest.fixture
def turn(suite, keys):
    """KEY_ADMIN's rotation of COMPLIANCE to the stranger: the states of grant and revocation after another run."""

    def run():
        steps = authority.rotate(suite, keys.key_admin, Role.COMPLIANCE, keys.compliance.address, keys.stranger.address)
        return [step.state for step in steps]

    return run


WAITING, READY, DONE = StepState.WAITING, StepState.READY, StepState.DONE


def test_rotate__twice__schedules_both_then_executes_both_and_a_third_run_does_nothing(suite, keys, turn, travel):
    assert turn() == [WAITING, WAITING]
    assert turn() == [WAITING, WAITING]
    assert len(operations(suite)) == 2
    assert holders(suite, Role.COMPLIANCE) == [keys.compliance.address]

    travel(DAY)
    assert turn() == [DONE, DONE]

    assert holders(suite, Role.COMPLIANCE) == [keys.stranger.address]
    block = suite.w3.eth.block_number
    assert turn() == [DONE, DONE]
    assert suite.w3.eth.block_number == block


def test_rotate__second_run__grants_before_it_revokes(suite, keys, turn, travel):
    turn()
    travel(DAY)
    turn()

    block = suite.w3.eth.block_number
    account = keys.stranger.address
    held = [
        [
            suite.authority.functions.hasRole(Role.COMPLIANCE, each).call(block_identifier=at)[0]
            for at in (block - 2, block - 1, block)
        ]
        for each in (keys.compliance.address, account)
    ]
    assert held == [[True, True, False], [False, True, True]]


def test_rotate__grant_cancelled_by_the_guardian__does_not_revoke(suite, keys, turn, travel, operation):
    turn()
    authority.cancel(suite, keys.guardian, operation(1))
    travel(DAY)

    assert turn() == [WAITING, READY]
    assert holders(suite, Role.COMPLIANCE) == [keys.compliance.address]

    travel(DAY)
    assert turn() == [DONE, DONE]
    assert holders(suite, Role.COMPLIANCE) == [keys.stranger.address]


def test_rotate__interrupted_after_the_grant__goes_on_with_the_revocation(suite, keys, turn, travel, operation):
    turn()
    travel(DAY)
    authority.execute(suite, keys.key_admin, operation(1))

    assert turn() == [DONE, DONE]
    assert holders(suite, Role.COMPLIANCE) == [keys.stranger.address]


def test_rotate__both_expired__schedules_both_anew(suite, turn, travel):
    turn()
    travel(DAY + WEEK)

    assert turn() == [WAITING, WAITING]
    assert len(operations(suite)) == 4


def test_rotate__admin_by_itself__is_gone_at_the_end(suite, keys, travel):
    def run():
        steps = authority.rotate(suite, keys.admin, Role.ADMIN, keys.admin.address, keys.stranger.address)
        return [step.state for step in steps]

    assert run() == [WAITING, WAITING]
    travel(20 * DAY)
    assert run() == [DONE, DONE]

    assert holders(suite, Role.ADMIN) == [keys.stranger.address]
    assert suite.authority.functions.hasRole(Role.ADMIN, keys.stranger.address).call() == [True, 20 * DAY]


def test_rotate__holder_with_a_longer_delay__hands_it_on(suite, keys, done):
    old, new = keys.outsider.address, keys.stranger.address
    done(keys.key_admin, authority.grant(suite, Role.CUSTODY_ADMIN, old, 5 * DAY))

    granting, _ = authority.rotation(suite, keys.key_admin.address, Role.CUSTODY_ADMIN, old, new)

    assert tuple(granting.call.args) == (Role.CUSTODY_ADMIN, new, 5 * DAY)


def test_rotation__impossible__is_named(suite, keys):
    sender, old, new = keys.key_admin.address, keys.issuer.address, keys.stranger.address

    with pytest.raises(InputError, match="cannot take its own place: give two accounts"):
        authority.rotation(suite, sender, Role.ISSUER, old, old)
    with pytest.raises(InputError, match=f"{new} does not hold ISSUER, so nobody can take its place"):
        authority.rotation(suite, sender, Role.ISSUER, new, keys.alice.address)
    with pytest.raises(InputError, match="the zero address belongs to nobody"):
        authority.rotation(suite, sender, Role.ISSUER, old, ZERO_ADDRESS)
    with pytest.raises(Refused, match="does not hold KEY_ADMIN, which this takes: ADMIN may grant it"):
        authority.rotation(suite, keys.issuer.address, Role.ISSUER, old, new)
