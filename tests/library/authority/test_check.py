"""A live suite against docs/roles.md and its plan, and who holds what."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from stockade import authority
from stockade.authority import Difference, check, read_table, standing
from stockade.deploy import deploy_suite
from stockade.errors import InputError
from stockade.records import Role
from stockade.reporting import streams
from tests.library.authority.views import with_regulator
from tests.support import DAY, ROOT

DOCS = ROOT / "docs" / "roles.md"


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


def test_standing__after_a_delay_is_lowered__tells_both_and_from_when(suite, keys, now, done):
    account = keys.stranger.address
    done(keys.key_admin, authority.grant(suite, Role.ISSUER, account, 3 * DAY))
    since = now()
    done(keys.key_admin, authority.grant(suite, Role.ISSUER, account, DAY))

    (found,) = [holder for holder in standing(suite).of(Role.ISSUER) if holder.account == account]

    assert found == authority.Holder(Role.ISSUER, account, 3 * DAY, since, DAY, now() + 2 * DAY)
