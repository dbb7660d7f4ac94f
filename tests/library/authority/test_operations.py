"""Acts that wait: scheduled, executed in their time, cancelled, expired."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.authority import OperationState, operations
from stockade.custody.words import utc
from stockade.errors import InputError, NetworkError, Refused
from stockade.records import Role
from stockade.reporting import streams
from tests.support import DAY

WEEK = 7 * DAY


def test_schedule__role_with_delay__is_an_operation_and_executes_as_its_caller(
    suite, keys, close, now, travel, operation
):
    scheduled = authority.schedule(suite, keys.custody_admin, close)

    assert scheduled == operation(1) == operation("0x" + scheduled.id.hex())
    assert (scheduled.caller, scheduled.target) == (keys.custody_admin.address, suite.ledger.address)
    assert scheduled.state is OperationState.WAITING
    assert (scheduled.ready_at, scheduled.expires_at) == (now() + 2 * DAY, now() + 2 * DAY + WEEK)

    travel(2 * DAY)
    assert operation(1).state is OperationState.READY
    receipt = authority.execute(suite, keys.custody_admin, operation(1))

    assert (receipt["from"], receipt["to"]) == (keys.custody_admin.address, suite.ledger.address)
    assert not suite.ledger.functions.custodianOf(1).call()[3]
    assert operation(1).state is OperationState.EXECUTED


def test_execute__too_early__says_from_when_until_when(suite, keys, close, travel):
    scheduled = authority.schedule(suite, keys.custody_admin, close)
    travel(2 * DAY - 60)

    with pytest.raises(Refused) as refused:
        authority.execute(suite, keys.custody_admin, scheduled)

    assert refused.value.error == "AccessManagerNotReady"
    assert str(refused.value) == (
        f"Operation 1 can be executed from {utc(scheduled.ready_at)} on, and before {utc(scheduled.expires_at)}."
    )


def test_operations__at_the_second_of_its_time__is_ready_and_the_one_before_waits(
    suite, keys, close, chain, now, operation
):
    scheduled = authority.schedule(suite, keys.custody_admin, close)

    for second, state in ((-1, OperationState.WAITING), (0, OperationState.READY)):
        chain.pending_timestamp = scheduled.ready_at + second
        chain.mine()
        assert now() == scheduled.ready_at + second
        assert operation(1).state is state


def test_execute__in_its_last_second__is_done(suite, keys, close, chain, now):
    scheduled = authority.schedule(suite, keys.custody_admin, close)

    chain.pending_timestamp = scheduled.expires_at - 1
    authority.execute(suite, keys.custody_admin, scheduled)

    assert now() == scheduled.expires_at - 1
    assert not suite.ledger.functions.custodianOf(1).call()[3]


def test_execute__a_second_later__has_expired_and_says_when_it_could_be_done(suite, keys, close, chain, now, operation):
    scheduled = authority.schedule(suite, keys.custody_admin, close)

    chain.pending_timestamp = scheduled.expires_at
    chain.mine()
    with pytest.raises(Refused) as refused:
        authority.execute(suite, keys.custody_admin, operation(1))

    assert refused.value.error == "AccessManagerExpired"
    assert str(refused.value) == (
        f"Operation 1 expired at {utc(scheduled.expires_at)}: scheduled again now, it can be executed from "
        f"{utc(now() + 2 * DAY)} on."
    )


@pytest.mark.parametrize("who", ["guardian", "custody_admin"])
def test_cancel__by_guardian_or_caller__is_over_and_says_when_it_could_be_done(
    suite, keys, close, now, travel, operation, who
):
    scheduled = authority.schedule(suite, keys.custody_admin, close)

    authority.cancel(suite, getattr(keys, who), scheduled)
    travel(2 * DAY)

    assert operation(1).state is OperationState.CANCELED
    for act in (authority.execute, authority.cancel):
        with pytest.raises(Refused) as refused:
            act(suite, keys.custody_admin, operation(1))
        assert str(refused.value) == (
            f"Operation 1 was canceled: scheduled again now, it can be executed from {utc(now() + 2 * DAY)} on."
        )


@pytest.mark.parametrize("who", ["stranger", "admin", "key_admin"])
def test_cancel__by_another__says_who_may(suite, keys, close, who):
    scheduled = authority.schedule(suite, keys.custody_admin, close)
    sender = getattr(keys, who)

    with pytest.raises(Refused) as refused:
        authority.cancel(suite, sender, scheduled)

    assert refused.value.error == "AccessManagerUnauthorizedCancel"
    assert str(refused.value) == (
        f"{sender.address} may not cancel operation 1: that is for {keys.custody_admin.address}, who scheduled it, and "
        "for GUARDIAN."
    )


def test_cancel__guardian_its_own_removal__cannot_and_who_scheduled_it_can(suite, keys, operation):
    call = authority.revoke(suite, Role.GUARDIAN, keys.guardian.address)
    scheduled = authority.schedule(suite, keys.admin, call)

    with pytest.raises(Refused, match="who scheduled it, alone; GUARDIAN cannot keep itself in office"):
        authority.cancel(suite, keys.guardian, scheduled)
    authority.cancel(suite, keys.admin, scheduled)

    assert operation(1).state is OperationState.CANCELED


def test_schedule__again__names_the_operation_and_after_its_end_has_another_number(
    suite, keys, close, travel, operation
):
    first = authority.schedule(suite, keys.custody_admin, close)
    with pytest.raises(Refused, match=f"scheduled already: operation 1 can be executed from {utc(first.ready_at)} on"):
        authority.schedule(suite, keys.custody_admin, close)

    authority.cancel(suite, keys.custody_admin, first)
    second = authority.schedule(suite, keys.custody_admin, close)

    assert (second.number, second.id, second.nonce) == (2, first.id, 2)
    assert operation("0x" + first.id.hex()).number == 2
    assert [each.state for each in operations(suite)] == [OperationState.CANCELED, OperationState.WAITING]


def test_schedule__without_the_role__says_who_may_grant_it_and_from_when(suite, keys, close, now):
    with pytest.raises(Refused) as refused:
        authority.schedule(suite, keys.stranger, close)

    assert refused.value.error == "AccessManagerUnauthorizedCall"
    assert str(refused.value) == (
        f"{keys.stranger.address} does not hold CUSTODY_ADMIN, which this takes: KEY_ADMIN may grant it, scheduled now "
        f"from {utc(now() + DAY)} on (`ape run authority schedule grant --help`)."
    )
    assert operations(suite) == []


def test_execute__role_lost_meanwhile__says_which_and_that_it_cannot_be_scheduled_again(
    suite, keys, close, travel, operation
):
    authority.schedule(suite, keys.custody_admin, close)
    renounce = suite.authority.functions.renounceRole(Role.CUSTODY_ADMIN, keys.custody_admin.address)
    suite.send(keys.custody_admin, renounce)
    travel(2 * DAY)

    with pytest.raises(
        Refused, match="does not hold CUSTODY_ADMIN, which this takes: KEY_ADMIN may grant it"
    ) as refused:
        authority.execute(suite, keys.custody_admin, operation(1))
    assert refused.value.error == "AccessManagedUnauthorized"

    travel(WEEK)
    with pytest.raises(Refused, match=r"expired at .*: 0x\w+ no longer holds CUSTODY_ADMIN, so it cannot be scheduled"):
        authority.execute(suite, keys.custody_admin, operation(1))


def test_execute__another_account__is_told_whose_it_is(suite, keys, close, travel):
    scheduled = authority.schedule(suite, keys.custody_admin, close)
    travel(2 * DAY)

    with pytest.raises(InputError, match=f"Operation 1 was scheduled by {keys.custody_admin.address}, and only that"):
        authority.execute(suite, keys.guardian, scheduled)


def test_execute__act_that_the_contract_refuses__says_what_the_contract_says(suite, keys, close, travel, done):
    first = authority.schedule(suite, keys.custody_admin, close)
    done(keys.custody_admin, suite.ledger.functions.setTerms(suite.tokens()[0].address, (1, 1, 1)))
    authority.execute(suite, keys.custody_admin, first)
    again = authority.schedule(suite, keys.custody_admin, close)
    travel(2 * DAY)

    with pytest.raises(Refused) as refused:
        authority.execute(suite, keys.custody_admin, again)

    assert refused.value.error.startswith("Custody")


@pytest.mark.parametrize("which", ["2", "0", "one", "0x" + "11" * 32])
def test_find_operation__unknown__says_what_there_is(suite, keys, close, which):
    with pytest.raises(InputError, match="nothing was ever scheduled"):
        authority.find_operation(operations(suite), which)

    authority.schedule(suite, keys.custody_admin, close)
    with pytest.raises(
        InputError, match=rf"There is no operation '{which}', there are 1 to 1: `ape run authority show"
    ):
        authority.find_operation(operations(suite), which)


@pytest.mark.parametrize("hidden", ["schedule", "end"])
def test_operations__node_that_hides_something__is_found_out(suite, keys, close, travel, monkeypatch, hidden):
    """GUARDIAN cannot cancel what it is not shown, and must not take for done what waits."""
    scheduled = authority.schedule(suite, keys.custody_admin, close)
    if hidden == "end":
        travel(2 * DAY)
        authority.execute(suite, keys.custody_admin, scheduled)
    last = suite.authority.functions.reportHead().call()[0]
    read = streams.read_logs
    monkeypatch.setattr(
        streams, "read_logs", lambda *arguments: {at: logs[:-1] for at, logs in read(*arguments).items()}
    )

    with pytest.raises(NetworkError, match=rf"does not tell all that was scheduled \(authority {last}: missing\)"):
        operations(suite)


@pytest.mark.parametrize(
    ("who", "build", "sentence"),
    [
        (
            "compliance",
            lambda s, k: s.registry.functions.freeze(k.alice.address, 1, b"\1" * 32),
            "holds COMPLIANCE without",
        ),
        (
            "pauser",
            lambda s, k: s.tokens()[0].functions.pause(1),
            "ShareToken.pause never waits, so there is nothing to",
        ),
        ("admin", lambda s, k: s.authority.functions.multicall([b"\1\2\3\4"]), "SuiteAuthority.multicall never waits"),
        (
            "admin",
            lambda s, k: s.authority.functions.setTargetClosed(k.alice.address, True),
            "setTargetClosed never waits",
        ),
    ],
)
def test_schedule__what_never_waits__is_refused_before_the_chain_is_asked(suite, keys, who, build, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.schedule(suite, getattr(keys, who), build(suite, keys))
