"""docs/roles.md, which the tool reads: as the contracts are, and with one mistake."""

from __future__ import annotations

import pytest

from stockade import manifest
from stockade.authority import read_table
from stockade.deploy import DELAYS, OPERATIONAL, function_roles
from stockade.errors import InputError
from stockade.records import Role
from stockade.suite import CONTRACTS
from tests.library.authority.views import with_regulator
from tests.support import ROOT

DOCS = ROOT / "docs" / "roles.md"
CONTRACTS_THAT_ASK = ("registry", "ledger", "listings", "market", "factory")


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
