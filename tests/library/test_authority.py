"""The authority's tool: acts that wait, keys rotated, the regulator's marks, and a live suite against docs/roles.md."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace

import pytest
from ape_test.provider import LocalProvider
from click.testing import CliRunner

from stockade import authority, manifest
from stockade.authority import Difference, OperationState, StepState, acts, check, operations, read_table, standing
from stockade.authority.words import parse_call
from stockade.custody.words import utc
from stockade.deploy import DELAYS, OPERATIONAL, deploy_suite, function_roles
from stockade.errors import InputError, NetworkError, Refused
from stockade.records import ZERO_ADDRESS, Role
from stockade.reporting import streams
from stockade.suite import CONTRACTS
from tests.support import DAY, EXAMPLES, ROOT

DOCS = ROOT / "docs" / "roles.md"
WEEK = 7 * DAY
CONTRACTS_THAT_ASK = ("registry", "ledger", "listings", "market", "factory")


@pytest.fixture
def table():
    return read_table(DOCS)


@pytest.fixture
def profile(stage):
    return stage.plan.profile


def with_regulator(profile, may_suspend):
    """The profile with one value changed."""
    return profile.model_copy(update={"regulator": profile.regulator.model_copy(update={"may_suspend": may_suspend})})


@pytest.fixture
def close(suite):
    """CUSTODY_ADMIN's call that closes custodian 1; it waits two days."""
    return suite.ledger.functions.setCustodianOpen(1, False)


@pytest.fixture
def operation(suite):
    """An operation as it stands now, by number: `operation(1)`."""
    return lambda number: authority.find_operation(operations(suite), str(number))


@pytest.fixture
def done(suite, travel):
    """Schedules a call, waits as long as it takes, and executes it."""

    def do(signer, call):
        scheduled = authority.schedule(suite, signer, call)
        travel(suite.authority.functions.hasRole(_role_of(suite, scheduled), signer.address).call()[1])
        return authority.execute(suite, signer, scheduled)

    return do


def _role_of(suite, scheduled):
    return acts.required_role(suite, scheduled.target, scheduled.data)


def holders(suite, role):
    return [holder.account for holder in standing(suite).of(role)]


# ---------------------------------------------------------------- docs/roles.md


def test_docs__functions__are_those_of_the_contracts_that_change_something(table):
    written = {
        (kind, item["name"])
        for kind in CONTRACTS.values()
        for item in manifest.abi(kind)
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }

    assert {(row.contract, row.function) for row in table.functions} == written


@pytest.mark.parametrize("may_suspend", [True, False])
def test_docs__functions_that_ask_the_authority__are_the_roles_that_a_suite_is_deployed_with(
    table, profile, may_suspend
):
    profile = with_regulator(profile, may_suspend)
    kinds = {CONTRACTS[place]: place for place in CONTRACTS_THAT_ASK}
    deployed = {
        (place, function): role
        for place, roles in function_roles(profile).items()
        for role, functions in roles.items()
        for function in functions
    }

    # What is mapped to nobody is ADMIN's, which the table says of one function.
    told = {
        (kinds[row.contract], row.function): row.role
        for row in table.under(profile)
        if row.contract in kinds and row.role not in (None, Role.ADMIN)
    }

    assert told == deployed


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_docs__role__has_the_delay_and_the_granter_of_the_code(table, role):
    row = table.roles[role]

    assert row.delay == DELAYS.get(role, 0)
    assert row.granted_by is (Role.KEY_ADMIN if role in OPERATIONAL else Role.ADMIN)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "| PAUSER | none | KEY_ADMIN |",
            "| PAUSR | none | KEY_ADMIN |",
            r"line \d+: 'PAUSR' is no role: the roles are",
        ),
        ("| PAUSER | none |", "| PAUSER | soon |", r"line \d+: 'soon' is no delay: write none, or like 20 days"),
        ("| PAUSER | none |", "| ISSUER | none |", r"line \d+: ISSUER stands there twice: remove one"),
        (
            "| REGISTRAR | none | KEY_ADMIN | its own whitelist records |\n",
            "",
            r"line \d+: REGISTRAR has no row in the table of roles above: add it there first",
        ),
        (
            "| GUARDIAN | none | ADMIN | cancelling what is scheduled |\n",
            "",
            r": no row for GUARDIAN: add it to the table of roles",
        ),
        ("| PAUSER | none |", "PAUSER, none\n\n| x |", r"line \d+: no table begins so: write | contract | function"),
        ("`freeze` | COMPLIANCE", "`freeze` | COMPLAINTS", r"line \d+: 'COMPLAINTS' may call nothing: write a role, a"),
        ("`freeze` | COMPLIANCE", "freeze | COMPLIANCE", r"line \d+: 'freeze' is no function: write `name`"),
        (
            "`freeze` | COMPLIANCE | none",
            "`freeze` | COMPLIANCE | 2 days",
            r"contradicts the table of roles: write none",
        ),
        ("`mint` | `CustodyLedger` | -", "`mint` | `CustodyLedger` | none", r"contradicts the table of roles: write -"),
        ("`unfreeze` | COMP", "`freeze` | COMP", r"line \d+: InvestorRegistry.freeze stands there twice: remove one"),
        (
            "`unpause` (FORCE)",
            "`unpause`",
            r"line \d+: ShareToken.unpause stands there twice: remove one, or give both",
        ),
        (
            "| InvestorRegistry | `freeze` | COMPLIANCE | none | |",
            "| a | b |",
            r"line \d+: it has 2 cells: write contract |",
        ),
    ],
)
def test_read_table__one_mistake__is_named_with_file_line_and_remedy(tmp_path, old, new, sentence):
    content = DOCS.read_text(encoding="utf-8")
    assert content.count(old) >= 1
    (tmp_path / "roles.md").write_text(content.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(InputError, match=rf"roles\.md.*{sentence}"):
        read_table(tmp_path / "roles.md")


def test_read_table__no_file_or_no_functions__says_so(tmp_path):
    with pytest.raises(InputError, match=r"roles\.md cannot be read"):
        read_table(tmp_path / "roles.md")

    (tmp_path / "roles.md").write_text(DOCS.read_text(encoding="utf-8").partition("## Functions")[0], encoding="utf-8")
    with pytest.raises(InputError, match=r"no table with the columns contract, function, role, delay: add it"):
        read_table(tmp_path / "roles.md")


# ---------------------------------------------------------------- check


def test_check__suite_as_deployed__differs_in_nothing(suite, stage, table, profile):
    assert check(suite, table, profile) == []
    assert check(suite, table, profile, stage.plan) == []


def test_check__one_role_granted__is_as_the_table_says_but_not_as_the_plan(suite, stage, keys, table, profile, done):
    done(keys.key_admin, authority.grant(suite, Role.ISSUER, keys.stranger.address))

    assert check(suite, table, profile) == []
    assert check(suite, table, profile, stage.plan) == [
        Difference(f"ISSUER of {keys.stranger.address}", "not held, says the plan", "held")
    ]


def test_check__planned_holder_renounced__is_named_with_the_plan(suite, stage, keys, table, profile):
    suite.send(keys.pauser, suite.authority.functions.renounceRole(Role.PAUSER, keys.pauser.address))

    assert check(suite, table, profile, stage.plan) == [
        Difference(f"PAUSER of {keys.pauser.address}", "held, says the plan", "not held")
    ]


def test_check__one_function_mapped__is_named(suite, keys, table, profile, done):
    done(keys.admin, authority.map_function(suite, "ListingRegistry.setHalt", Role.MARKET_OPERATOR))

    assert check(suite, table, profile) == [Difference("ListingRegistry.setHalt", "COMPLIANCE", "MARKET_OPERATOR")]


def test_check__functions_mapped_that_the_table_gives_to_no_role__are_named(suite, keys, table, profile, token, done):
    functions = suite.authority.functions
    transfer = bytes.fromhex("a9059cbb")
    done(keys.admin, functions.setTargetFunctionRole(token.address, [transfer], Role.ISSUER))
    done(keys.admin, functions.setTargetFunctionRole(keys.stranger.address, [transfer], Role.ISSUER))

    assert check(suite, table, profile) == [
        Difference("AAPLs.transfer", "no role", "ISSUER"),
        Difference(f"{keys.stranger.address}.0xa9059cbb", "no role", "ISSUER"),
    ]


def test_check__a_role_for_the_deployer__is_named(suite, keys, table, profile, done):
    done(keys.admin, authority.grant(suite, Role.GUARDIAN, keys.deployer.address))

    assert check(suite, table, profile) == [
        Difference(f"GUARDIAN of {keys.deployer.address}", "no role for the deployer", "held by the deployer")
    ]


def test_check__profile_whose_regulator_may_not_suspend__wants_the_function_mapped_to_nobody(suite, table, profile):
    silent = with_regulator(profile, False)

    assert check(suite, table, silent) == [
        Difference("ListingRegistry.setRegulatorSuspension", "ADMIN", "REGULATOR"),
    ]


def test_check__not_handed_over__names_the_suite_and_every_role_of_the_deployer(suite, stage, keys, table, profile):
    fresh = deploy_suite(suite.w3, keys.deployer, stage.plan)

    found = {(each.subject, each.chain) for each in check(fresh, table, profile)}

    deployer = keys.deployer.address
    assert ("the suite", "still the deployer's") in found
    assert ("KEY_ADMIN", "granted by ADMIN") not in found  # as the table says
    assert ("ISSUER", "granted by ADMIN") in found
    assert (f"ADMIN of {deployer}", "a delay of none") in found
    for role in ("ADMIN", "ISSUER", "COMPLIANCE", "CUSTODY_ADMIN"):
        assert (f"{role} of {deployer}", "held by the deployer") in found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "`pause` | PAUSER",
            "`pause` | COMPLIANCE",
            ("AAPLs.pause, asked by the deployer", "ShareTokenMissingRole COMPLIANCE", "ShareTokenMissingRole PAUSER"),
        ),
        (
            "`unpause` (FORCE) | REGULATOR",
            "`unpause` (FORCE) | PAUSER",
            (
                "AAPLs.unpause (FORCE), asked by the deployer",
                "ShareTokenMissingRole PAUSER",
                "ShareTokenMissingRole REGULATOR",
            ),
        ),
        # Never mapped, and therefore ADMIN's.
        ("`attest` | anyone | -", "`attest` | COMPLIANCE | none", ("CustodyLedger.attest", "COMPLIANCE", "ADMIN")),
        (
            "`labelRole` | ADMIN | 20 days",
            "`labelRole` | KEY_ADMIN | 1 day",
            (
                "SuiteAuthority.labelRole, asked by the deployer",
                "AccessManagerUnauthorizedAccount KEY_ADMIN",
                "AccessManagerUnauthorizedAccount ADMIN",
            ),
        ),
        (
            "| ShareToken | `burn` | `CustodyLedger` | - | by a RELEASE |\n",
            "",
            ("ShareToken.burn", "no row", "a function that changes something"),
        ),
        (
            "| MARKET_OPERATOR | none | KEY_ADMIN |",
            "| MARKET_OPERATOR | none | ADMIN |",
            ("MARKET_OPERATOR", "granted by ADMIN", "granted by KEY_ADMIN"),
        ),
        (
            "| GUARDIAN | none |",
            "| GUARDIAN | 1 hour |",
            ("GUARDIAN of 0x", "a delay of 1 hour to 365 days", "a delay of none"),
        ),
    ],
)
def test_check__table_that_says_otherwise__is_contradicted_by_the_chain(suite, profile, tmp_path, old, new, expected):
    content = DOCS.read_text(encoding="utf-8")
    assert content.count(old) == 1
    (tmp_path / "roles.md").write_text(content.replace(old, new), encoding="utf-8")

    found = [
        (each.subject, each.table, each.chain) for each in check(suite, read_table(tmp_path / "roles.md"), profile)
    ]

    assert any(each[0].startswith(expected[0]) and each[1:] == expected[1:] for each in found)


def test_check__delay_on_a_role_that_need_not_wait__is_named(suite, keys, table, profile, done):
    """Tokens' functions would pass it no more, though the role is held."""
    done(keys.key_admin, authority.grant(suite, Role.COMPLIANCE, keys.compliance.address, DAY))

    assert check(suite, table, profile) == [
        Difference(f"COMPLIANCE of {keys.compliance.address}", "a delay of none", "a delay of 1 day")
    ]


def test_check__delay_that_will_fall_below_the_tables__is_named_before_it_falls(suite, keys, profile, tmp_path, done):
    content, account = DOCS.read_text(encoding="utf-8"), keys.stranger.address
    changed = content.replace("| MARKET_OPERATOR | none |", "| MARKET_OPERATOR | 2 days |")
    (tmp_path / "roles.md").write_text(changed, encoding="utf-8")
    for days in (3, 1):
        done(keys.key_admin, authority.grant(suite, Role.MARKET_OPERATOR, account, days * DAY))

    assert check(suite, read_table(tmp_path / "roles.md"), profile) == [
        Difference(f"MARKET_OPERATOR of {each}", "a delay of 2 days to 365 days", delay)
        for each, delay in ((keys.market_operator.address, "a delay of none"), (account, "a delay of 1 day, soon"))
    ]


@pytest.mark.parametrize(("old", "error"), [("mint", "ShareToken"), ("upgradeToAndCall", "ShareToken")])
def test_check__another_contract_named_as_caller__is_contradicted(suite, profile, tmp_path, old, error):
    content, obeyed = DOCS.read_text(encoding="utf-8"), {"mint": "ledger", "upgradeToAndCall": "factory"}[old]
    changed = re.sub(rf"`{old}` \| `\w+`", f"`{old}` | `ListingRegistry`", content)
    (tmp_path / "roles.md").write_text(changed, encoding="utf-8")

    assert check(suite, read_table(tmp_path / "roles.md"), profile) == [
        Difference(
            f"AAPLs.{old}, asked by the deployer",
            f"{error}WrongCaller {suite.listings.address}",
            f"{error}WrongCaller {getattr(suite, obeyed).address}",
        )
    ]


def test_check__function_that_there_is_not__is_named(suite, profile, table):
    row = replace(table.functions[0], function="pardon")

    with pytest.raises(InputError, match="The table names SuiteAuthority.pardon, which there is not: correct the row"):
        check(suite, replace(table, functions=(*table.functions, row)), profile)


def test_check__node_that_hides_a_report__is_found_out(suite, table, profile, monkeypatch):
    read = streams.read_logs

    def without_the_last(*arguments):
        return {address: logs[:-1] for address, logs in read(*arguments).items()}

    monkeypatch.setattr(streams, "read_logs", without_the_last)

    subject = "the authority's reports"
    (fault,) = [each.chain for each in check(suite, table, profile) if each.subject == subject]
    assert re.fullmatch(r"authority \d+: missing", fault)


def test_standing__reports_that_the_contract_contradicts__are_named(suite, keys, monkeypatch):
    told = standing(suite)
    replay = authority.standing.__globals__["replay_authority"]

    def otherwise(entries):
        state, wrong = replay(entries)
        state.members[Role.ISSUER, keys.issuer.address] = None
        state.functions[suite.registry.address, b"\x01\x02\x03\x04"] = Role.ISSUER
        return state, [*wrong, (7, "day 3 is anchored after day 3")]

    monkeypatch.setitem(authority.standing.__globals__, "replay_authority", otherwise)

    assert told.faults == ()
    assert standing(suite).faults == (
        "authority 7: day 3 is anchored after day 3",
        f"{keys.issuer.address} holds ISSUER, the authority's reports say otherwise",
        f"0x01020304 of {suite.registry.address} is ADMIN's, the authority's reports say ISSUER's",
    )


def test_profile_of__suite__is_the_one_that_it_was_deployed_with(suite, tmp_path):
    assert authority.profile_of(suite).id == "us-tsv"

    source = (ROOT / "src/stockade/profiles/us-tsv.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(source + "# A comment.\n", encoding="utf-8")
    assert authority.profile_of(suite, str(tmp_path / "mine.toml")) == authority.profile_of(suite)

    (tmp_path / "mine.toml").write_text(source.replace("heartbeat_seconds = 300", "heartbeat_seconds = 301"))
    with pytest.raises(
        InputError, match="deployed with profile us-tsv of hash 0x.*: give the file it was deployed with"
    ):
        authority.profile_of(suite, str(tmp_path / "mine.toml"))


# ---------------------------------------------------------------- who holds what


def test_standing__after_a_delay_is_lowered__tells_both_and_from_when(suite, keys, now, done):
    account = keys.stranger.address
    done(keys.key_admin, authority.grant(suite, Role.ISSUER, account, 3 * DAY))
    since = now()
    done(keys.key_admin, authority.grant(suite, Role.ISSUER, account, DAY))

    (found,) = [holder for holder in standing(suite).of(Role.ISSUER) if holder.account == account]

    assert found == authority.Holder(Role.ISSUER, account, 3 * DAY, since, DAY, now() + 2 * DAY)


# ---------------------------------------------------------------- schedule, execute, cancel


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


# ---------------------------------------------------------------- acts, and what is wrong with them


def test_grant__without_a_delay_given__has_the_least_of_the_role(suite, keys):
    for role in Role:
        call = authority.grant(suite, role, keys.stranger.address)
        assert tuple(call.args) == (role, keys.stranger.address, DELAYS.get(role, 0))


@pytest.mark.parametrize(
    ("role", "delay", "sentence"),
    [
        (Role.ADMIN, 20 * DAY - 1, "ADMIN is held with a delay between 20 days and 365 days, not 1727999 s: choose"),
        (Role.UPGRADER, 0, "UPGRADER is held with a delay between 20 days and 365 days, not none"),
        (Role.CUSTODY_ADMIN, DAY, "CUSTODY_ADMIN is held with a delay between 2 days and 365 days, not 1 day"),
        (Role.ISSUER, 366 * DAY, "ISSUER is held with a delay between none and 365 days, not 366 days"),
        (Role.PAUSER, 60, "PAUSER is held with no delay, not 1 minute"),
    ],
)
def test_grant__delay_out_of_bounds__is_named_as_the_authority_would(suite, keys, role, delay, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.grant(suite, role, keys.stranger.address, delay)


def test_grant_and_revoke__without_effect__are_named(suite, keys):
    with pytest.raises(InputError, match="the zero address belongs to nobody"):
        authority.grant(suite, Role.ISSUER, ZERO_ADDRESS)
    with pytest.raises(InputError, match="the authority itself never acts, so nobody would hold the role"):
        authority.grant(suite, Role.ADMIN, suite.authority.address)
    with pytest.raises(InputError, match=f"{keys.issuer.address} holds ISSUER with this delay already: nothing to do"):
        authority.grant(suite, Role.ISSUER, keys.issuer.address)
    with pytest.raises(InputError, match=f"{keys.stranger.address} does not hold ISSUER: nothing to do"):
        authority.revoke(suite, Role.ISSUER, keys.stranger.address)


def test_revoke__last_admin__is_refused_until_there_is_another(suite, keys, done):
    with pytest.raises(InputError, match="is the last ADMIN, which cannot be revoked: grant the role to another first"):
        authority.revoke(suite, Role.ADMIN, keys.admin.address)

    done(keys.admin, authority.grant(suite, Role.ADMIN, keys.stranger.address))
    done(keys.stranger, authority.revoke(suite, Role.ADMIN, keys.admin.address))

    assert holders(suite, Role.ADMIN) == [keys.stranger.address]


@pytest.mark.parametrize(
    ("function", "role", "sentence"),
    [
        ("CustodyLedger.setTerms", "COMPLIANCE", "CustodyLedger.setTerms is CUSTODY_ADMIN's for good"),
        ("SuiteFactory.upgrade", "COMPLIANCE", "SuiteFactory.upgrade is UPGRADER's for good"),
        ("SuiteAuthority.acknowledge", "COMPLIANCE", "SuiteAuthority.acknowledge: who may call it is fixed in code"),
        ("CustodyLedger.attest", "COMPLIANCE", "CustodyLedger.attest: who may call it is fixed in code"),
        ("AAPLs.pause", "COMPLIANCE", "AAPLs.pause: who may call it is fixed in code"),
        ("InvestorRegistry.freeze", "COMPLIANCE", "InvestorRegistry.freeze is COMPLIANCE's already: nothing to do"),
        ("InvestorRegistry.freeze", "UPGRADER", "freeze is COMPLIANCE's, and would be UPGRADER's for good"),
        ("InvestorRegistry.freeze", "ADMIN", "COMPLIANCE's: it can be given to another role, but not to none"),
        ("Registry.freeze", "ISSUER", "the suite has no contract 'Registry': write one of .*CustodyLedger"),
        (
            "InvestorRegistry",
            "ISSUER",
            "InvestorRegistry has no such function: write one of assignRecords, freeze, offerRecords, recover",
        ),
        (
            "InvestorRegistry.recordOf",
            "ISSUER",
            "InvestorRegistry has no such function: write one of assignRecords, freeze, offerRecords, recover",
        ),
    ],
)
def test_map_function__in_vain_or_refused__is_named(suite, function, role, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.map_function(suite, function, Role[role])


# ---------------------------------------------------------------- words


def test_call_function__lists_structs_roles_and_spans__are_read_and_said(suite, keys):
    one, two = keys.alice.address, keys.bob.address
    call = authority.call_function(suite, "CustodyLedger.setAttestors", ("2", f"[{one}]", f"[({two}, KEY)]", "1"))
    assert tuple(call.args) == (2, [one], [(two, 1)], 1)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    assert authority.describe(suite, call.address, data) == (
        f"CustodyLedger.setAttestors: custodian 2, removed [{one}], added [(account {two}, kind KEY)], threshold 1"
    )

    token = suite.tokens()[0].address
    call = authority.call_function(suite, "CustodyLedger.setTerms", ("AAPLs", "(1_000, 5d, 36h)"))
    assert tuple(call.args) == (token, (1000, 5 * DAY, 36 * 3_600))
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    assert authority.describe(suite, call.address, data) == (
        f"CustodyLedger.setTerms: token AAPLs ({token}), terms (depositCap 1000, maxPositionAge 5 days, "
        "redemptionPeriod 36 hours)"
    )

    for word, value in (("no", False), ("YES", True), ("true", True)):
        assert authority.call_function(suite, "CustodyLedger.setCustodianOpen", ("1", word)).args[1] is value
    code = "0x" + "11" * 32
    upgrade = authority.call_function(suite, "SuiteFactory.upgrade", (suite.ledger.address, code, "[]"))
    assert tuple(upgrade.args) == (suite.ledger.address, bytes.fromhex("11" * 32), [])
    document = authority.call_function(
        suite, "ListingRegistry.setDocument", ("AAPLs", "terms", "a, (b", "0x" + "12" * 32)
    )
    assert tuple(document.args) == (token, b"terms".ljust(32, b"\0"), "a, (b", b"\x12" * 32)
    data = bytes.fromhex(document._encode_transaction_data()[2:])
    said = authority.describe(suite, document.address, data)
    assert said.endswith(f"name terms, uri 'a, (b', documentHash 0x{'12' * 32}")
    status = authority.call_function(
        suite, "ListingRegistry.setExemptionStatus", ("1", "REVOKED", "COURT_ORDER", "0x" + "12" * 32)
    )
    assert tuple(status.args) == (1, 3, 1, b"\x12" * 32)
    label = authority.call_function(suite, "SuiteAuthority.labelRole", ("ISSUER", "the issuer"))
    assert tuple(label.args) == (Role.ISSUER, "the issuer")


def test_describe__acts_of_the_authority_and_unknown_calls__are_sentences(suite, keys, token):
    functions, account, unknown = suite.authority.functions, keys.stranger.address, b"\1\2\3\4"
    said = {
        "grant CUSTODY_ADMIN to {a} with a delay of 2 days": functions.grantRole(Role.CUSTODY_ADMIN, account, 2 * DAY),
        "revoke role 77 from {a}": functions.revokeRole(77, account),
        "map {a}.0x01020304 to ISSUER": functions.setTargetFunctionRole(account, [unknown], Role.ISSUER),
        "map InvestorRegistry.0x01020304 to ISSUER": functions.setTargetFunctionRole(
            suite.registry.address, [unknown], Role.ISSUER
        ),
        "SuiteAuthority.labelRole: roleId ISSUER, label 'x'": functions.labelRole(Role.ISSUER, "x"),
    }
    for sentence, call in said.items():
        data = bytes.fromhex(call._encode_transaction_data()[2:])
        assert authority.describe(suite, call.address, data) == sentence.replace("{a}", account)
    assert authority.describe(suite, account, unknown) == f"a call of {account}, which is not of this suite: 0x01020304"
    assert authority.describe(suite, token.address, unknown) == "a call of AAPLs that it does not have: 0x01020304"


@pytest.mark.parametrize(
    ("function", "arguments", "sentence"),
    [
        ("CustodyLedger.setCustodianOpen", ("1",), r"takes 2 arguments, not 1: custodian \(uint32\), open \(bool\)"),
        ("CustodyLedger.setCustodianOpen", ("1", "shut"), "open: 'shut' is neither yes nor no"),
        ("CustodyLedger.setCustodianOpen", ("-1", "no"), "custodian: '-1' does not fit uint32: write a whole number"),
        ("CustodyLedger.setCustodianOpen", (str(2**32), "no"), "custodian: '4294967296' does not fit uint32"),
        ("CustodyLedger.setCustodianOpen", ("\u0661", "no"), "does not fit uint32"),
        ("CustodyLedger.setTerms", ("MSFTs", "(1, 1d, 1d)"), "token: 'MSFTs' is not an address"),
        (
            "CustodyLedger.setTerms",
            ("AAPLs", "1, 1d, 1d"),
            r"terms: '1, 1d, 1d' is no list: write it between \( and \)",
        ),
        ("CustodyLedger.setTerms", ("AAPLs", "(1, 1d)"), r"has 2 parts: write \(depositCap, maxPositionAge, redempt"),
        ("CustodyLedger.setTerms", ("AAPLs", "(1, soon, 1d)"), "maxPositionAge: 'soon' is no span of time"),
        ("CustodyLedger.setAttestors", ("1", "[]", "[(0x12, KEY)]", "1"), "account: '0x12' is not an address"),
        (
            "CustodyLedger.setAttestors",
            ("1", "[]", "[(0x70997970c51812dc3a010c7d01b50e0d17dc79c8, KEY)]", "1"),
            "fails its EIP-55 checksum",
        ),
        (
            "CustodyLedger.setAttestors",
            ("1", "[]", "[(0x70997970C51812dc3A010C7d01b50e0d17dc79C8, SAFE)]", "1"),
            "kind: 'SAFE' is unknown: write KEY or CONTRACT",
        ),
        (
            "ListingRegistry.removeDocument",
            ("AAPLs", "0x12"),
            "name: '0x12' does not fit: write 32 bytes in hexadecimal",
        ),
        ("ListingRegistry.removeDocument", ("AAPLs", "x" * 33), "does not fit: write 32 bytes in hexadecimal"),
        ("SuiteAuthority.labelRole", ("BOSS", "x"), "roleId: 'BOSS' is no role: the roles are ADMIN, KEY_ADMIN"),
        (
            "SuiteAuthority.grantRole",
            ("ISSUER",),
            "has a command of its own: `ape run authority schedule grant --help`",
        ),
    ],
)
def test_call_function__one_mistake__is_named_with_its_remedy(suite, function, arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        authority.call_function(suite, function, arguments)


def test_parse_call__bytes_of_any_length__are_hexadecimal(suite, keys):
    caller = keys.alice.address
    call = parse_call(suite, "SuiteAuthority.cancel", (caller, "CustodyLedger", "0x0102"))
    assert tuple(call.args) == (caller, suite.ledger.address, b"\1\2")

    with pytest.raises(InputError, match=r"data: 'text' does not fit: write bytes in hexadecimal \(0x\.\.\.\)\."):
        parse_call(suite, "SuiteAuthority.cancel", (caller, "CustodyLedger", "text"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "none"),
        (1, "1 s"),
        (60, "1 minute"),
        (7_200, "2 hours"),
        (DAY, "1 day"),
        (20 * DAY, "20 days"),
        (61, "61 s"),
    ],
)
def test_span__seconds__is_said_in_the_largest_unit_that_divides_it(seconds, words):
    assert authority.span(seconds) == words


# ---------------------------------------------------------------- rotation


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


# ---------------------------------------------------------------- the regulator's marks


def test_marks_to_set__every_stream__are_accepted_and_then_there_is_no_news(suite, keys):
    assert [mark.acknowledged.sequence for mark in authority.marks(suite)] == [0] * 6

    news = authority.marks_to_set(suite)
    for mark in news:
        suite.send(keys.regulator, authority.acknowledgement(suite, mark))

    assert [mark.name for mark in news] == ["registry", "ledger", "listings", "market", "AAPLs", "authority"]
    assert authority.marks_to_set(suite) == []
    found = {mark.name: mark for mark in authority.marks(suite)}
    assert [found[name].behind for name in ("registry", "ledger", "listings", "market", "AAPLs")] == [0] * 5
    # The authority reports each acknowledgement itself.
    assert found["authority"].behind == len(news)
    for mark in news:
        assert found[mark.name].acknowledged == mark.head


def test_marks_to_set__one_stream_by_symbol__goes_on_from_the_last_mark(suite, keys, token):
    (first,) = authority.marks_to_set(suite, ["AAPLs"])
    suite.send(keys.regulator, authority.acknowledgement(suite, first))
    suite.send(keys.pauser, suite.token("AAPLs").functions.pause(1))

    (second,) = authority.marks_to_set(suite, ["AAPLs", "AAPLs"])

    assert (first.since, second.since) == (0, first.head.sequence)
    assert second.head.sequence == first.head.sequence + 1
    assert (second.name, second.address) == ("AAPLs", token.address)


def test_marks_to_set__unknown_stream__is_named(suite):
    with pytest.raises(InputError, match="has no token 'BRKs'"):
        authority.marks_to_set(suite, ["BRKs"])


def test_marks_to_set__node_that_hides_a_record__is_refused(suite, monkeypatch):
    read = streams.read_logs
    monkeypatch.setattr(
        streams, "read_logs", lambda *arguments: {at: logs[1:] for at, logs in read(*arguments).items()}
    )

    with pytest.raises(NetworkError, match="Stream ledger cannot be acknowledged: ledger 1: missing. Nothing was sent"):
        authority.marks_to_set(suite, ["ledger"])


def test_marks_to_set__earlier_mark_of_another_chain__is_refused(suite, keys):
    """The contract compares a chain only with its head's; here the tool does."""
    suite.send(keys.regulator, suite.authority.functions.acknowledge(suite.ledger.address, 1, 12345))

    with pytest.raises(NetworkError, match="Stream ledger was acknowledged up to record 1 with another chain"):
        authority.marks_to_set(suite, ["ledger"])


def test_judge__acknowledgement_by_a_stranger__says_who_may_grant_the_role(suite, keys, now):
    (mark,) = authority.marks_to_set(suite, ["ledger"])

    with pytest.raises(Refused) as refused:
        acts.judge(suite, keys.stranger.address, authority.acknowledgement(suite, mark))

    assert str(refused.value) == (
        f"{keys.stranger.address} does not hold REGULATOR, which this takes: ADMIN may grant it, scheduled now from "
        f"{utc(now() + 20 * DAY)} on (`ape run authority schedule grant --help`)."
    )


# ---------------------------------------------------------------- the script


@pytest.fixture
def cli():
    """scripts/authority.py, loaded as `ape run` loads it."""
    spec = importlib.util.spec_from_file_location("authority_script", ROOT / "scripts" / "authority.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cli


@pytest.fixture
def run(suite, cli, tmp_path, monkeypatch):
    """A command on the embedded chain: what it printed, after checking how it ended."""
    # Ape connects anew and disconnects at once, which makes it forget the snapshot that the test goes back to.
    monkeypatch.setattr(LocalProvider, "disconnect", lambda provider: None)
    suite.deployment.save(tmp_path / "1337.json")

    def command(*arguments, status=0, answer=None):
        where = ["--network", "ethereum:local:test", "--deployment", str(tmp_path / "1337.json")]
        result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, [*arguments, *where], input=answer)
        assert result.exit_code == status, result.output
        return result.output

    return command


def test_script__a_grant_from_schedule_to_check__in_the_words_of_each_command(suite, run, keys, travel, tmp_path):
    grant = ("schedule", "grant", "ISSUER", keys.stranger.address, "--account", "TEST::2")
    assert "it would be accepted; nothing was sent" in run(*grant, "--dry-run")
    assert "Nothing is scheduled." in run("show")
    run(*grant, answer="n\n", status=1)
    assert operations(suite) == []

    said = run(*grant, answer="y\n")
    assert f"To schedule: grant ISSUER to {keys.stranger.address} without delay. It waits 1 day." in said
    assert "ape run authority execute 1" in said
    shown = run("show")
    assert f"grant ISSUER to {keys.stranger.address} without delay" in shown
    assert "waits 20 days, since" in shown

    execute = ("execute", "1", "--account", "TEST::2", "--yes")
    assert "Error: Operation 1 can be executed from" in run(*execute, status=1)
    travel(DAY)
    assert "Dry run" in run(*execute, "--dry-run")
    assert "Done: transaction 0x" in run(*execute)
    assert "Nothing is scheduled." in run("show")
    assert "executed" in run("show", "--all")

    assert "Equal: 11 roles, 82 functions and 13 holders are as in docs/roles.md." in run("check")
    plan = tmp_path / "plan.toml"
    plan.write_text((EXAMPLES / "suite.toml").read_text().partition("[listings]")[0])
    said = run("check", "--plan", str(plan), status=1)
    assert f"ISSUER of {keys.stranger.address}" in said


def test_script__cancel_and_rotate_and_map__act_and_say_so(suite, run, keys, travel):
    old, new = keys.issuer.address, keys.stranger.address
    rotate = ("rotate", "issuer", old, new, "--account", "TEST::2", "--yes")
    assert run(*rotate, "--dry-run").count("to be scheduled") == 2
    assert "Run the same command again from" in run(*rotate)
    assert "Canceled: transaction 0x" in run("cancel", "2", "--account", "TEST::11", "--yes")
    travel(DAY)
    assert "Run the same command again from" in run(*rotate)
    assert sorted(holders(suite, Role.ISSUER)) == sorted([old, new])
    travel(DAY)
    run(*rotate)
    assert "Done: " in run(*rotate)
    assert holders(suite, Role.ISSUER) == [new]

    said = run("schedule", "map", "ListingRegistry.setHalt", "PAUSER", "--account", "TEST::1", "--yes")
    assert "map ListingRegistry.setHalt to PAUSER. It waits 20 days." in said
    run("schedule", "revoke", "PAUSER", keys.pauser.address, "--account", "TEST::2", "--yes")
    run("schedule", "call", "CustodyLedger.setCustodianOpen", "1", "no", "--account", "TEST::7", "--yes")
    assert run("show").count("waiting") == 3
    travel(20 * DAY)
    run("execute", "4", "--account", "TEST::1", "--yes")
    said = run("check", status=1)
    assert re.search(r"ListingRegistry.setHalt +│ COMPLIANCE +│ PAUSER", said)


def test_script__rotated_registrar__is_told_that_it_needs_its_number(run, keys, travel):
    rotate = ("rotate", "REGISTRAR", keys.registrar.address, keys.stranger.address, "--account", "TEST::2", "--yes")
    run(*rotate)
    travel(DAY)

    assert f"ape run compliance registrar {keys.stranger.address} NUMBER" in run(*rotate)


def test_script__acknowledge__reads_recomputes_and_marks(suite, run):
    acknowledge = ("acknowledge", "--account", "TEST::10", "--yes")

    assert "does not hold REGULATOR" in run("acknowledge", "--account", "TEST::11", "--yes", status=1)
    assert "Dry run" in run(*acknowledge, "--dry-run")
    assert run(*acknowledge).count("Acknowledged ") == 6
    assert "Nothing to acknowledge: every record is already." in run(*acknowledge)
    assert "Error: " in run("acknowledge", "BRKs", "--account", "TEST::10", status=2)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("schedule", "grant", "BOSS", "0x", "--account", "TEST::2"), 2, "'BOSS' is not one of 'ADMIN'"),
        (("schedule", "grant", "ISSUER", "0x12", "--account", "TEST::2"), 2, "ACCOUNT: '0x12' is not an address"),
        (("schedule", "revoke", "ISSUER", "0x12", "--account", "TEST::2"), 2, "ACCOUNT: '0x12' is not an address"),
        (("rotate", "ISSUER", "0x12", "0x13", "--account", "TEST::2"), 2, "OLD: '0x12' is not an address"),
        (("execute", "1", "--account", "TEST::2"), 2, "There is no operation '1', nothing was ever scheduled"),
        (("cancel", "1", "--account", "TEST::2"), 2, "There is no operation '1', nothing was ever scheduled"),
        (("check", "--plan", "nowhere.toml"), 2, "nowhere.toml does not exist"),
        (("check", "--profile", "open"), 2, "deployed with profile us-tsv of hash"),
    ],
)
def test_script__bad_input__one_sentence_and_its_status(run, arguments, status, sentence):
    said = run(*arguments, status=status)

    assert sentence in said
    assert "Traceback" not in said
