"""The authority that nobody captures: what is fixed, what waits, who cancels, and that every change is reported."""

from __future__ import annotations

import pytest
from ape.contracts import ContractContainer
from ethpm_types import ContractType

from stockade import manifest
from stockade.deploy import DELAYS, OPERATIONAL, selectors
from stockade.records import ZERO_ADDRESS, Basis, Phase, Role
from tests.contracts.support import ORDER, SANCTIONS, carry_out, refuses, report
from tests.support import DAY

ROLE, FUNCTION, SETTLED, ACKNOWLEDGED, SCHEDULED, CANCELED, EXECUTED = range(1, 8)
ROLE_DATA = ["uint64", "address", "bool", "uint32", "uint48"]
SUSPENSION, PHASE = 6, 3
MOST = 365 * DAY


@pytest.fixture
def fresh(actors):
    """An authority that its deployer, the stranger, has not settled."""
    entry = manifest.contract("SuiteAuthority")
    code = {"abi": entry["abi"], "deploymentBytecode": {"bytecode": "0x" + entry["bytecode"].removeprefix("0x")}}
    kind = ContractType.model_validate({"contractName": "SuiteAuthority", **code})
    return actors.stranger.deploy(ContractContainer(kind))


@pytest.fixture
def authority(house):
    return house.authority


@pytest.fixture
def announce(authority):
    """Schedules a call of the authority and returns what was scheduled."""

    def schedule(sender, function, *arguments, target=authority):
        data = getattr(target, function).encode_input(*arguments)
        authority.schedule(target, data, 0, sender=sender)
        return data

    return schedule


@pytest.fixture
def decree(authority, announce, travel):
    """Schedules a call of the authority and makes it `days` later."""

    def execute(sender, function, *arguments, days=20):
        data = announce(sender, function, *arguments)
        travel(days * DAY)
        return carry_out(authority, data, sender)

    return execute


def selector(authority, function, *arguments) -> bytes:
    return getattr(authority, function).encode_input(*arguments)[:4]


def reported(authority, receipt, kind, operator, types, values, step=1):
    return report(authority, receipt, kind, operator, types, values, step)


# ---------------------------------------------------------------- settling


def test_settle__by_the_deployer__hands_all_over_and_reports_it(fresh, actors):
    deployer, admin = actors.stranger, actors.alice
    for role in (Role.ISSUER, Role.CUSTODY_ADMIN):
        fresh.grantRole(role, deployer, 0, sender=deployer)
    fresh.grantRole(Role.UPGRADER, actors.bob, 20 * DAY, sender=deployer)

    receipt = fresh.settle(admin, sender=deployer)

    lost = [Role.ADMIN, Role.ISSUER, Role.CUSTODY_ADMIN]
    expected = [
        fresh.RoleGranted(roleId=0, account=admin, delay=20 * DAY, since=receipt.timestamp, newMember=True),
        reported(fresh, receipt, ROLE, deployer, ROLE_DATA, [0, admin, True, 20 * DAY, receipt.timestamp]),
    ]
    for step, role in enumerate(lost, start=2):
        gone = [role, deployer, False, 0, receipt.timestamp]
        expected.append(fresh.RoleRevoked(roleId=role, account=deployer))
        expected.append(reported(fresh, receipt, ROLE, deployer, ROLE_DATA, gone, step))
    assert receipt.events == [*expected, reported(fresh, receipt, SETTLED, deployer, ["address"], [admin], 5)]
    assert fresh.settled()
    assert [tuple(fresh.hasRole(role, deployer)) for role in Role] == [(False, 0)] * len(Role)
    assert tuple(fresh.hasRole(Role.ADMIN, admin)) == (True, 20 * DAY)
    assert tuple(fresh.hasRole(Role.UPGRADER, actors.bob)) == (True, 20 * DAY)


def test_settle__twice__refused(fresh, actors):
    fresh.settle(actors.alice, sender=actors.stranger)

    with refuses(fresh.AuthorityCannotSettle, caller=actors.stranger):
        fresh.settle(actors.alice, sender=actors.stranger)


@pytest.mark.parametrize("caller", ["alice", "admin", "issuer"])
def test_settle__by_another__refused(fresh, actors, caller):
    fresh.grantRole(Role.ADMIN, actors.admin, 20 * DAY, sender=actors.stranger)

    with refuses(fresh.AuthorityCannotSettle, caller=getattr(actors, caller)):
        fresh.settle(actors.alice, sender=getattr(actors, caller))
    assert not fresh.settled()


def test_settle__to_the_deployer_or_to_nobody__refused(fresh, actors):
    with refuses(fresh.AuthorityInvalidAdmin, admin=actors.stranger):
        fresh.settle(actors.stranger, sender=actors.stranger)
    with refuses(fresh.AuthorityInvalidAccount, role=Role.ADMIN, account=ZERO_ADDRESS):
        fresh.settle(ZERO_ADDRESS, sender=actors.stranger)
    with refuses(fresh.AuthorityInvalidAccount, role=Role.ADMIN, account=fresh):
        fresh.settle(fresh, sender=actors.stranger)


def test_deployer__settled__is_exempt_from_no_delay(fresh, actors, travel):
    fresh.grantRole(Role.KEY_ADMIN, actors.bob, DAY, sender=actors.stranger)
    fresh.settle(actors.alice, sender=actors.stranger)
    data = fresh.grantRole.encode_input(Role.CUSTODY_ADMIN, actors.stranger, 0)
    fresh.schedule(fresh, data, 0, sender=actors.bob)
    travel(DAY)

    bounds = {"role": Role.CUSTODY_ADMIN, "delay": 0, "least": 2 * DAY, "most": MOST}
    with refuses(fresh.AuthorityDelayOutOfBounds, **bounds):
        carry_out(fresh, data, actors.bob)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_role_admin_and_guardian__before_and_after_settling__are_the_tables(fresh, actors, role):
    assert fresh.getRoleAdmin(role) == Role.ADMIN
    fresh.settle(actors.alice, sender=actors.stranger)

    assert fresh.getRoleAdmin(role) == (Role.KEY_ADMIN if role in OPERATIONAL else Role.ADMIN)
    assert fresh.getRoleGuardian(role) == Role.GUARDIAN


# ---------------------------------------------------------------- delays


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_grant__delay_outside_the_roles_bounds__refused_even_before_settling(fresh, actors, role):
    least, most = DELAYS.get(role, 0), 0 if role is Role.PAUSER else MOST
    for delay in {least - 1, most + 1} - {-1}:
        with refuses(fresh.AuthorityDelayOutOfBounds, role=role, delay=delay, least=least, most=most):
            fresh.grantRole(role, actors.alice, delay, sender=actors.stranger)

    for delay in (least, most):
        fresh.grantRole(role, actors.alice, delay, sender=actors.stranger)
    assert fresh.hasRole(role, actors.alice).isMember


def test_grant__lower_delay__holds_only_after_the_difference(authority, actors, decree):
    raised = decree(actors.key_admin, "grantRole", Role.CUSTODY_ADMIN, actors.custody_admin, 5 * DAY, days=1)
    receipt = decree(actors.key_admin, "grantRole", Role.CUSTODY_ADMIN, actors.custody_admin, 2 * DAY, days=1)

    account, since = actors.custody_admin, receipt.timestamp + 3 * DAY
    # EXECUTED comes first.
    assert raised.decode_logs(authority.Reported)[1:] == [
        reported(
            authority,
            raised,
            ROLE,
            actors.key_admin,
            ROLE_DATA,
            [Role.CUSTODY_ADMIN, account, True, 5 * DAY, raised.timestamp],
            2,
        )
    ]
    values = [Role.CUSTODY_ADMIN, account, True, 2 * DAY, since]
    assert receipt.decode_logs(authority.Reported)[1:] == [
        reported(authority, receipt, ROLE, actors.key_admin, ROLE_DATA, values, 2)
    ]
    assert tuple(authority.getAccess(Role.CUSTODY_ADMIN, account))[1:] == (5 * DAY, 2 * DAY, since)


@pytest.mark.parametrize("role", [11, 2**64 - 1], ids=["unknown", "PUBLIC"])
def test_grant__role_that_is_not_in_the_table__refused(fresh, authority, actors, announce, travel, role):
    with refuses(fresh.AuthorityUnknownRole, role=role):
        fresh.grantRole(role, actors.alice, 0, sender=actors.stranger)
    data = announce(actors.admin, "grantRole", role, actors.alice, 0)
    travel(20 * DAY)
    with refuses(authority.AuthorityUnknownRole, role=role):
        carry_out(authority, data, actors.admin)


def test_grant__to_who_can_never_act__refused(fresh, authority, actors, announce, travel):
    for account in (ZERO_ADDRESS, fresh):
        with refuses(fresh.AuthorityInvalidAccount, role=Role.ADMIN, account=account):
            fresh.grantRole(Role.ADMIN, account, 20 * DAY, sender=actors.stranger)
    data = announce(actors.admin, "grantRole", Role.ADMIN, authority, 20 * DAY)
    travel(20 * DAY)
    with refuses(authority.AuthorityInvalidAccount, role=Role.ADMIN, account=authority):
        carry_out(authority, data, actors.admin)


# ---------------------------------------------------------------- the last ADMIN


def test_admin__the_last_one__neither_leaves_nor_is_removed(authority, actors, announce, travel):
    data = announce(actors.admin, "revokeRole", Role.ADMIN, actors.admin)
    travel(20 * DAY)

    with refuses(authority.AuthorityLastAdmin, account=actors.admin):
        carry_out(authority, data, actors.admin)
    with refuses(authority.AuthorityLastAdmin, account=actors.admin):
        authority.renounceRole(Role.ADMIN, actors.admin, sender=actors.admin)
    assert authority.hasRole(Role.ADMIN, actors.admin).isMember


def test_admin__granted_twice__counts_once(authority, actors, decree):
    decree(actors.admin, "grantRole", Role.ADMIN, actors.admin, 30 * DAY)

    with refuses(authority.AuthorityLastAdmin, account=actors.admin):
        authority.renounceRole(Role.ADMIN, actors.admin, sender=actors.admin)


def test_admin__beside_another__leaves_and_the_other_stays(authority, actors, decree):
    decree(actors.admin, "grantRole", Role.ADMIN, actors.alice, 20 * DAY)
    receipt = authority.renounceRole(Role.ADMIN, actors.admin, sender=actors.admin)

    gone = [Role.ADMIN, actors.admin, False, 0, receipt.timestamp]
    assert receipt.events == [
        authority.RoleRevoked(roleId=0, account=actors.admin),
        reported(authority, receipt, ROLE, actors.admin, ROLE_DATA, gone),
    ]
    with refuses(authority.AuthorityLastAdmin, account=actors.alice):
        authority.renounceRole(Role.ADMIN, actors.alice, sender=actors.alice)


def test_revoke__of_who_does_not_hold_it__changes_and_reports_nothing(authority, actors):
    receipt = authority.renounceRole(Role.ADMIN, actors.stranger, sender=actors.stranger)

    assert receipt.events == []


# ---------------------------------------------------------------- what is fixed

FIXED = {
    "setRoleAdmin": lambda at: (Role.ISSUER, Role.ADMIN),
    "setRoleGuardian": lambda at: (Role.ISSUER, Role.ADMIN),
    "setGrantDelay": lambda at: (Role.ISSUER, DAY),
    "setTargetAdminDelay": lambda at: (at.ledger, DAY),
    "setTargetClosed": lambda at: (at.ledger, True),
}


@pytest.mark.parametrize("function", FIXED)
def test_fixed__by_admin_when_due__refused(house, authority, actors, announce, travel, function):
    arguments = FIXED[function](house)
    data = announce(actors.admin, function, *arguments)
    travel(20 * DAY)

    with refuses(authority.AuthorityFixed, selector=selector(authority, function, *arguments)):
        carry_out(authority, data, actors.admin)


@pytest.mark.parametrize("function", FIXED)
def test_fixed__before_settling__refused(house, fresh, actors, function):
    arguments = FIXED[function](house)

    with refuses(fresh.AuthorityFixed, selector=selector(fresh, function, *arguments)):
        getattr(fresh, function)(*arguments, sender=actors.stranger)


def test_execute_and_update_authority__by_anyone__refused(house, authority, actors):
    """Who acts, acts himself: no report names the authority as operator."""
    pause = house.token.pause.encode_input(1)
    for caller in (actors.pauser, actors.admin, actors.stranger):
        with refuses(authority.AuthorityFixed, selector=selector(authority, "execute", house.token, pause)):
            authority.execute(house.token, pause, sender=caller)
        with refuses(authority.AuthorityFixed, selector=selector(authority, "updateAuthority", house.ledger, caller)):
            authority.updateAuthority(house.ledger, caller, sender=caller)


def test_multicall__scheduled_as_one__carries_no_act_that_was_not(authority, actors, announce, travel):
    grant = authority.grantRole.encode_input(Role.UPGRADER, actors.admin, 20 * DAY)
    data = announce(actors.admin, "multicall", [grant])
    travel(20 * DAY)

    operation = authority.hashOperation(actors.admin, authority, grant)
    with refuses(authority.AccessManagerNotScheduled, operationId=operation):
        carry_out(authority, data, actors.admin)


# ---------------------------------------------------------------- functions


@pytest.mark.parametrize(
    ("place", "function", "role"),
    [("factory", "upgrade", Role.UPGRADER), ("ledger", "setAttestors", Role.CUSTODY_ADMIN)],
)
def test_map__function_whose_role_waits__refused_for_every_role(
    house, authority, actors, announce, travel, place, function, role
):
    target = getattr(house, place)
    (chosen,) = selectors(getattr(house.suite, place), (function,))
    calls = [announce(actors.admin, "setTargetFunctionRole", target, [chosen], other) for other in Role]
    travel(20 * DAY)

    for data in calls:
        with refuses(authority.AuthorityFunctionFixed, target=target, selector=chosen, role=role):
            carry_out(authority, data, actors.admin)
    assert authority.getTargetFunctionRole(target, chosen) == role


@pytest.mark.parametrize("function", ["acknowledge", "anchor", "grantRole", "cancel"])
def test_map__the_authoritys_own__refused(authority, house, actors, announce, travel, function):
    (chosen,) = selectors(house.suite.authority, (function,))
    data = announce(actors.admin, "setTargetFunctionRole", authority, [chosen], Role.PAUSER)
    travel(20 * DAY)

    present = {"acknowledge": Role.REGULATOR, "anchor": Role.ISSUER}.get(function, Role.ADMIN)
    arguments = {"target": authority, "selector": chosen, "role": present}
    with refuses(authority.AuthorityFunctionFixed, **arguments):
        carry_out(authority, data, actors.admin)


@pytest.mark.parametrize("role", [11, 2**64 - 1], ids=["unknown", "PUBLIC"])
def test_map__to_a_role_that_is_not_in_the_table__refused(house, authority, actors, announce, travel, role):
    data = announce(
        actors.admin, "setTargetFunctionRole", house.registry, selectors(house.suite.registry, ("freeze",)), role
    )
    travel(20 * DAY)

    with refuses(authority.AuthorityUnknownRole, role=role):
        carry_out(authority, data, actors.admin)


def test_map__another_function__reported_one_by_one(house, authority, actors, decree):
    chosen = selectors(house.suite.registry, ("freeze", "unfreeze"))

    receipt = decree(actors.admin, "setTargetFunctionRole", house.registry, chosen, Role.REGULATOR)

    types = ["address", "bytes4", "uint64"]
    values = [[house.registry, each, Role.REGULATOR] for each in chosen]
    assert receipt.decode_logs(authority.Reported)[1:] == [
        reported(authority, receipt, FUNCTION, actors.admin, types, each, step)
        for step, each in enumerate(values, start=2)
    ]
    assert [authority.getTargetFunctionRole(house.registry, each) for each in chosen] == [Role.REGULATOR] * 2


@pytest.mark.parametrize("role", [Role.UPGRADER, Role.CUSTODY_ADMIN])
def test_map__to_a_role_that_keeps_it__only_a_function_of_no_role(
    house, fresh, authority, actors, announce, decree, travel, role
):
    (freeze,) = selectors(house.suite.registry, ("freeze",))
    data = announce(actors.admin, "setTargetFunctionRole", house.registry, [freeze], role)
    travel(20 * DAY)

    arguments = {"target": house.registry, "selector": freeze, "role": Role.COMPLIANCE}
    with refuses(authority.AuthorityFunctionFixed, **arguments):
        carry_out(authority, data, actors.admin)
    # Nor in two steps: nothing is taken from its role without another.
    data = announce(actors.admin, "setTargetFunctionRole", house.registry, [freeze], Role.ADMIN)
    travel(20 * DAY)
    with refuses(authority.AuthorityFunctionFixed, **arguments):
        carry_out(authority, data, actors.admin)
    decree(actors.admin, "setTargetFunctionRole", actors.alice, [freeze], role)
    assert authority.getTargetFunctionRole(actors.alice, freeze) == role
    for each in (Role.COMPLIANCE, Role.ADMIN, Role.COMPLIANCE, role):
        fresh.setTargetFunctionRole(house.registry, [freeze], each, sender=actors.stranger)


# ---------------------------------------------------------------- who cancels


def scheduled(house, actors):
    """What can wait, by whom."""
    authority, terms = house.authority, (house.token, (1, 1, 1))
    upgrade = house.factory.upgrade.encode_input(house.factory.implementation(), ORDER, [])
    chosen = selectors(house.suite.registry, ("freeze",))
    grant, revoke = authority.grantRole.encode_input, authority.revokeRole.encode_input
    return {
        "ADMIN grants ADMIN": (actors.admin, authority, grant(Role.ADMIN, actors.bob, 20 * DAY)),
        "ADMIN grants GUARDIAN": (actors.admin, authority, grant(Role.GUARDIAN, actors.bob, 0)),
        "ADMIN removes UPGRADER": (actors.admin, authority, revoke(Role.UPGRADER, actors.upgrader)),
        "ADMIN maps": (
            actors.admin,
            authority,
            authority.setTargetFunctionRole.encode_input(house.registry, chosen, Role.PAUSER),
        ),
        "KEY_ADMIN grants": (actors.key_admin, authority, grant(Role.ISSUER, actors.bob, 0)),
        "KEY_ADMIN revokes": (actors.key_admin, authority, revoke(Role.COMPLIANCE, actors.compliance)),
        "UPGRADER upgrades": (actors.upgrader, house.factory, upgrade),
        "CUSTODY_ADMIN sets": (actors.custody_admin, house.ledger, house.ledger.setTerms.encode_input(*terms)),
    }


ACTS = [
    "ADMIN grants ADMIN",
    "ADMIN grants GUARDIAN",
    "ADMIN removes UPGRADER",
    "ADMIN maps",
    "KEY_ADMIN grants",
    "KEY_ADMIN revokes",
    "UPGRADER upgrades",
    "CUSTODY_ADMIN sets",
]


@pytest.mark.parametrize("act", ACTS)
def test_cancel__by_the_guardian__never_happens(house, authority, actors, travel, act):
    by, target, data = scheduled(house, actors)[act]
    authority.schedule(target, data, 0, sender=by)
    operation = authority.hashOperation(by, target, data)

    receipt = authority.cancel(by, target, data, sender=actors.guardian)

    assert receipt.events == [
        authority.OperationCanceled(operationId=operation, nonce=1),
        reported(authority, receipt, CANCELED, actors.guardian, ["bytes32", "uint32"], [operation, 1]),
    ]
    travel(20 * DAY)
    with refuses(authority.AccessManagerNotScheduled, operationId=operation):
        carry_out(target, data, by)


OTHERS = [role.name.lower() for role in Role if role is not Role.GUARDIAN] + ["deployer", "stranger"]


@pytest.mark.parametrize("caller", OTHERS)
@pytest.mark.parametrize("act", ACTS)
def test_cancel__by_another__refused(house, authority, actors, act, caller):
    by, target, data = scheduled(house, actors)[act]
    authority.schedule(target, data, 0, sender=by)
    if by == getattr(actors, caller):
        authority.cancel(by, target, data, sender=by)
        return

    arguments = {"msgsender": getattr(actors, caller), "caller": by, "target": target, "selector": data[:4]}
    with refuses(authority.AccessManagerUnauthorizedCancel, **arguments):
        authority.cancel(by, target, data, sender=getattr(actors, caller))


@pytest.mark.parametrize("tail", [b"", bytes(32)], ids=["plain", "with bytes after it"])
def test_cancel__of_the_guardians_own_removal__refused(authority, actors, travel, tail):
    data = authority.revokeRole.encode_input(Role.GUARDIAN, actors.guardian) + tail
    authority.schedule(authority, data, 0, sender=actors.admin)

    arguments = {"msgsender": actors.guardian, "caller": actors.admin, "target": authority, "selector": data[:4]}
    with refuses(authority.AccessManagerUnauthorizedCancel, **arguments):
        authority.cancel(actors.admin, authority, data, sender=actors.guardian)
    travel(20 * DAY)
    carry_out(authority, data, actors.admin)
    assert not authority.hasRole(Role.GUARDIAN, actors.guardian).isMember


def test_cancel__of_the_guardians_removal__only_by_the_admin_who_scheduled_it(authority, actors, announce, decree):
    decree(actors.admin, "grantRole", Role.ADMIN, actors.bob, 20 * DAY)
    data = announce(actors.admin, "revokeRole", Role.GUARDIAN, actors.guardian)

    arguments = {"msgsender": actors.bob, "caller": actors.admin, "target": authority, "selector": data[:4]}
    with refuses(authority.AccessManagerUnauthorizedCancel, **arguments):
        authority.cancel(actors.admin, authority, data, sender=actors.bob)
    authority.cancel(actors.admin, authority, data, sender=actors.admin)
    assert authority.getSchedule(authority.hashOperation(actors.admin, authority, data)) == 0


def test_cancel__of_its_own_removal_by_an_admin__refused(authority, actors, announce, decree, travel):
    decree(actors.admin, "grantRole", Role.ADMIN, actors.bob, 20 * DAY)
    data = announce(actors.bob, "revokeRole", Role.ADMIN, actors.admin)

    arguments = {"msgsender": actors.admin, "caller": actors.bob, "target": authority, "selector": data[:4]}
    with refuses(authority.AccessManagerUnauthorizedCancel, **arguments):
        authority.cancel(actors.bob, authority, data, sender=actors.admin)
    travel(20 * DAY)
    carry_out(authority, data, actors.bob)
    assert not authority.hasRole(Role.ADMIN, actors.admin).isMember


# ---------------------------------------------------------------- what is scheduled


@pytest.mark.parametrize("later", [0, 21 * DAY])
def test_schedule__as_soon_as_may_be_or_later__reported_whole(authority, actors, later):
    data = authority.grantRole.encode_input(Role.GUARDIAN, actors.bob, 0)
    operation = authority.hashOperation(actors.admin, authority, data)
    when = later and authority.provider.get_block("pending").timestamp + later

    receipt = authority.schedule(authority, data, when, sender=actors.admin)

    ready = when or receipt.timestamp + 20 * DAY
    types = ["bytes32", "uint32", "uint48", "address", "bytes"]
    assert receipt.events == [
        authority.OperationScheduled(
            operationId=operation, nonce=1, schedule=ready, caller=actors.admin, target=authority, data=data
        ),
        reported(authority, receipt, SCHEDULED, actors.admin, types, [operation, 1, ready, authority, data]),
    ]
    assert authority.getSchedule(operation) == ready


@pytest.mark.parametrize("off", [0, 1])
def test_schedule__around_a_year__not_beyond(authority, actors, now, at, off):
    data = authority.grantRole.encode_input(Role.GUARDIAN, actors.bob, 0)
    moment = now() + DAY
    at(moment)
    when = moment + MOST + off

    if off:
        with refuses(authority.AuthorityTooLate, when=when, latest=moment + MOST):
            authority.schedule(authority, data, when, sender=actors.admin)
    else:
        authority.schedule(authority, data, when, sender=actors.admin)
        assert authority.getSchedule(authority.hashOperation(actors.admin, authority, data)) == when


@pytest.mark.parametrize("longer", [0, 1])
def test_schedule__around_what_can_be_cancelled__no_longer(authority, actors, longer):
    data = authority.grantRole.encode_input(Role.GUARDIAN, actors.bob, 0)
    data += bytes(65_536 + longer - len(data))

    if longer:
        with refuses(authority.AuthorityTooLong, length=65_537, most=65_536):
            authority.schedule(authority, data, 0, sender=actors.admin)
    else:
        authority.schedule(authority, data, 0, sender=actors.admin)
        authority.cancel(actors.admin, authority, data, sender=actors.guardian)


def test_schedule__before_settling__refused(fresh, actors):
    """What the deployer lends with a short delay must not outlast the settling."""
    fresh.grantRole(Role.ISSUER, actors.bob, 1, sender=actors.stranger)
    fresh.setTargetFunctionRole(actors.alice, [b"\1\2\3\4"], Role.ISSUER, sender=actors.stranger)

    with refuses(fresh.AuthorityNotSettled):
        fresh.schedule(actors.alice, b"\1\2\3\4", 0, sender=actors.bob)
    fresh.settle(actors.admin, sender=actors.stranger)
    fresh.schedule(actors.alice, b"\1\2\3\4", 0, sender=actors.bob)


def test_schedule__carried_out__reported_by_who_did_it(authority, actors, announce, decree, travel):
    """By the authority's own functions; of another contract's, the operator is that contract (test_factory)."""
    data = announce(actors.key_admin, "revokeRole", Role.ISSUER, actors.bob)
    travel(DAY)

    receipt = carry_out(authority, data, actors.key_admin)

    operation = authority.hashOperation(actors.key_admin, authority, data)
    assert receipt.events == [
        authority.OperationExecuted(operationId=operation, nonce=1),
        reported(authority, receipt, EXECUTED, actors.key_admin, ["bytes32", "uint32"], [operation, 1]),
    ]


def test_schedule__by_who_may_not__refused_and_reports_nothing(authority, actors):
    data = authority.grantRole.encode_input(Role.GUARDIAN, actors.bob, 0)
    head = authority.reportHead()

    arguments = {"caller": actors.stranger, "target": authority, "selector": data[:4]}
    with refuses(authority.AccessManagerUnauthorizedCall, **arguments):
        authority.schedule(authority, data, 0, sender=actors.stranger)
    assert authority.reportHead() == head


# ---------------------------------------------------------------- acknowledgements


@pytest.fixture
def acknowledge(authority, actors):
    return lambda stream, seq, chain, by=actors.regulator: authority.acknowledge(stream, seq, chain, sender=by)


@pytest.mark.parametrize("name", ["token", "registry", "ledger", "listings", "authority"])
def test_acknowledge__up_to_the_head__kept_and_reported(house, market, authority, actors, acknowledge, name):
    stream = getattr(house, name)
    seq, chain = stream.reportHead()

    receipt = acknowledge(stream, seq, chain)

    types = ["address", "uint32", "uint160"]
    assert receipt.events == [reported(authority, receipt, ACKNOWLEDGED, actors.regulator, types, [stream, seq, chain])]
    assert tuple(authority.acknowledged(stream)) == (seq, chain)


def test_acknowledge__not_above_the_mark__refused(house, market, authority, acknowledge):
    acknowledge(house.token, 2, 77)

    for seq in (0, 1, 2):
        with refuses(authority.AuthorityMarkNotHigher, stream=house.token, seq=seq, mark=2):
            acknowledge(house.token, seq, 77)
    acknowledge(house.token, 3, 78)
    assert tuple(authority.acknowledged(house.token)) == (3, 78)


@pytest.mark.parametrize(("ahead", "altered"), [(1, 0), (0, 1), (1, 1)])
def test_acknowledge__what_the_stream_does_not_say__refused(house, market, authority, acknowledge, ahead, altered):
    head, chain = house.token.reportHead()
    said = {"stream": house.token, "seq": head + ahead, "chain": chain ^ altered}

    with refuses(authority.AuthorityMarkWrong, **said, headSeq=head, headChain=chain):
        acknowledge(*said.values())


@pytest.mark.parametrize("caller", [role.name.lower() for role in Role if role is not Role.REGULATOR] + ["deployer"])
def test_acknowledge__by_another__refused(house, market, authority, actors, acknowledge, caller):
    account = getattr(actors, caller)

    with refuses(authority.AccessManagerUnauthorizedAccount, msgsender=account, roleId=Role.REGULATOR):
        acknowledge(house.token, 1, 1, by=account)


def test_report_head__of_a_token__is_its_control_words(house, market):
    word = house.token.control()

    assert tuple(house.token.reportHead()) == (word >> 160 & 0xFFFFFFFF, word & (1 << 160) - 1)


# ---------------------------------------------------------------- the regulator's suspension


@pytest.fixture
def suspend(house, actors):
    """REGULATOR suspends, or lifts."""
    return lambda token, suspended, basis=Basis.SANCTIONS: house.listings.setRegulatorSuspension(
        token, suspended, basis, ORDER, sender=actors.regulator
    )


def test_regulator_suspension__of_an_active_token__lifted_by_the_regulator_alone(house, market, actors, suspend):
    token, listings = house.token, house.listings
    before = token.control() >> 192

    for suspended in (True, False):
        receipt = suspend(token, suspended)

        types = ["address", "bool", "bytes32"]
        own, follows = receipt.decode_logs(listings.Reported), receipt.decode_logs(token.Reported)
        assert own == [report(listings, receipt, SUSPENSION, actors.regulator, types, [token, suspended, SANCTIONS])]
        settings = before & ~7 | (Phase.SUSPENDED if suspended else Phase.ACTIVE)
        assert [each.amount for each in follows] == [settings]
        assert (token.control() >> 192, listings.phaseOf(token)) == (settings, settings & 7)
        assert listings.listingOf(token).suspendedByRegulator is suspended
        if suspended:
            with refuses(listings.ListingWrongPhase, token=token, phase=Phase.ACTIVE):
                listings.resume(token, 1, ORDER, sender=actors.compliance)


def test_regulator_suspension__outlasts_compliances__and_yields_to_wind_down(house, market, actors, suspend):
    token, listings = house.token, house.listings
    suspend(token, True)
    listings.suspend(token, 1, ORDER, sender=actors.compliance)
    listings.resume(token, 1, ORDER, sender=actors.compliance)
    assert listings.phaseOf(token) == Phase.SUSPENDED

    listings.windDown(token, 1, ORDER, sender=actors.compliance)
    assert listings.phaseOf(token) == Phase.WIND_DOWN
    suspend(token, False)
    assert token.control() >> 192 & 7 == Phase.WIND_DOWN


def test_regulator_suspension__unchanged_or_unfounded__refused(house, market, actors, suspend):
    listings = house.listings
    with refuses(listings.ListingUnchanged, token=house.token):
        suspend(house.token, False)
    suspend(house.token, True)
    with refuses(listings.ListingUnchanged, token=house.token):
        suspend(house.token, True)
    with refuses(listings.ListingBasisUnstated):
        suspend(house.token, False, basis=0)
    with refuses(listings.ListingUnknownToken, token=actors.alice):
        suspend(actors.alice, True)
