"""Deployment: who holds what at the end, what may be called by whom, and what stops it before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak
from web3 import Web3

from stockade import deploy, listing
from stockade.deploy import DELAYS, OPERATIONAL, Custodian, function_roles
from stockade.errors import InputError, NetworkError, Refused
from stockade.listing import Document
from stockade.plan import read_plan
from stockade.records import ZERO_ADDRESS, Phase, Role
from tests.support import DAY, EXAMPLES

NOTICE = Document("terms", "https://example.org/terms.pdf", b"\x12" * 32)


@pytest.fixture
def plan():
    return read_plan(EXAMPLES / "suite.toml")


def zero(kind: dict[str, Any]) -> Any:
    """The zero value of an ABI type."""
    name = kind["type"]
    if name.endswith("[]"):
        return []
    if name == "tuple":
        return tuple(zero(part) for part in kind["components"])
    if name.startswith("bytes"):
        return bytes(int(name[5:] or 0))
    return {"address": ZERO_ADDRESS, "string": "", "bool": False}.get(name, 0)


def writing(contract) -> list[dict[str, Any]]:
    """The functions of a contract that may change something."""
    return [
        item for item in contract.abi if item["type"] == "function" and item["stateMutability"] not in ("view", "pure")
    ]


# ---------------------------------------------------------------- who holds what


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name)
def test_hand_over__every_role__is_the_plans_with_its_delay_and_not_the_deployers(stage, keys, role):
    functions = stage.suite.authority.functions

    assert functions.hasRole(role, keys.deployer.address).call() == [False, 0]
    assert stage.plan.roles[role]
    for account in stage.plan.roles[role]:
        assert functions.hasRole(role, account).call() == [True, DELAYS.get(role, 0)]


def test_hand_over__deployer__holds_nothing_and_may_grant_nothing(suite, keys):
    assert deploy.roles_of(suite, keys.deployer.address) == []
    assert deploy.roles_of(suite, keys.issuer.address) == [Role.ISSUER]

    with pytest.raises(Refused) as refused:
        suite.send(keys.deployer, suite.authority.functions.grantRole(Role.ISSUER, keys.deployer.address, 0))

    assert refused.value.error == "AccessManagerUnauthorizedAccount"


def test_hand_over__role_admins_and_guardians__are_as_the_table_says(suite):
    functions = suite.authority.functions

    for role in Role:
        if role is Role.ADMIN:
            continue
        keeper = Role.KEY_ADMIN if role in OPERATIONAL else Role.ADMIN
        assert functions.getRoleAdmin(role).call() == keeper
        assert functions.getRoleGuardian(role).call() == Role.GUARDIAN


# ---------------------------------------------------------------- who may call what


@pytest.mark.parametrize("name", ["registry", "ledger", "listings", "factory"])
def test_functions__restricted_by_a_contract__are_exactly_those_mapped(suite, keys, plan, name):
    """A stranger calls everything that may change something: what the authority refuses is what must be mapped."""
    contract = getattr(suite, name)
    restricted = set()
    for item in writing(contract):
        call = contract.get_function_by_name(item["name"])(*(zero(kind) for kind in item["inputs"]))
        try:
            suite.dry_run(keys.stranger.address, call)
        except Refused as refused:
            if refused.error == "AccessManagedUnauthorized":
                restricted.add(item["name"])

    assert restricted == {each for names in function_roles(plan.profile)[name].values() for each in names}


def test_functions__every_mapped_one__asks_for_its_role_on_chain(suite, plan):
    functions = suite.authority.functions

    for name, roles in function_roles(plan.profile).items():
        contract = getattr(suite, name)
        mapped = {each: role for role, names in roles.items() for each in names}
        for item in writing(contract):
            selector = function_abi_to_4byte_selector(item)
            expected = mapped.get(item["name"], Role.ADMIN)  # zero, what OpenZeppelin answers for unmapped functions
            assert functions.getTargetFunctionRole(contract.address, selector).call() == expected, item["name"]


def test_functions__other_contracts__restrict_nothing(suite, plan):
    """The token checks roles itself, and the implementation behind it holds nothing."""
    assert writing(suite.reason_text) == []
    assert set(function_roles(plan.profile)) == {"registry", "ledger", "listings", "market", "factory"}


# ---------------------------------------------------------------- delays


def delayed(suite, keys) -> dict[str, tuple[Any, Any, int]]:
    """Acts whose roles wait, by name: who, what, how long."""
    authority, stranger = suite.authority, keys.stranger.address
    freeze = function_abi_to_4byte_selector(suite.registry.functions.freeze.abi)
    target = (suite.registry.address, [freeze], Role.PAUSER)
    implementation = suite.deployment.addresses["implementation"]
    return {
        "admin_grants_admin": (keys.admin, authority.functions.grantRole(Role.ADMIN, stranger, 20 * DAY), 20 * DAY),
        "admin_grants_key_admin": (keys.admin, authority.functions.grantRole(Role.KEY_ADMIN, stranger, DAY), 20 * DAY),
        "admin_maps_functions": (keys.admin, authority.functions.setTargetFunctionRole(*target), 20 * DAY),
        "key_admin_grants_issuer": (keys.key_admin, authority.functions.grantRole(Role.ISSUER, stranger, 0), DAY),
        "upgrader_upgrades": (
            keys.upgrader,
            suite.factory.functions.upgrade(implementation, keccak(suite.w3.eth.get_code(implementation)), []),
            20 * DAY,
        ),
        "custody_admin_sets_terms": (
            keys.custody_admin,
            suite.ledger.functions.setTerms(suite.token("AAPLs").address, (1, 1, 1)),
            2 * DAY,
        ),
    }


@pytest.mark.parametrize(
    "act",
    [
        "admin_grants_admin",
        "admin_grants_key_admin",
        "admin_maps_functions",
        "key_admin_grants_issuer",
        "upgrader_upgrades",
        "custody_admin_sets_terms",
    ],
)
def test_delay__of_a_role__is_waited_out_to_the_second(suite, keys, now, chain, act):
    by, call, delay = delayed(suite, keys)[act]
    with pytest.raises(Refused) as refused:
        suite.send(by, call)
    assert refused.value.error == "AccessManagerNotScheduled"

    due = suite.perform(by, call)
    assert due == now() + delay

    chain.mine(timestamp=due - 2)
    with pytest.raises(Refused) as refused:
        suite.send(by, call)
    assert refused.value.error == "AccessManagerNotReady"

    chain.mine(timestamp=due)
    assert suite.send(by, call)["status"] == 1


@pytest.mark.parametrize("role", [Role.UPGRADER, Role.GUARDIAN, Role.REGULATOR, Role.KEY_ADMIN], ids=lambda r: r.name)
def test_key_admin__role_that_is_not_operational__cannot_be_granted(suite, keys, role):
    with pytest.raises(Refused) as refused:
        suite.perform(keys.key_admin, suite.authority.functions.grantRole(role, keys.stranger.address, 0))

    assert refused.value.error == "AccessManagerUnauthorizedAccount"


# ---------------------------------------------------------------- the whole plan


def test_deploy__example_plan__lists_hands_over_and_stays_within_its_estimates(chain, keys, plan):
    w3 = chain.provider.web3
    plan = replace(plan, documents=(("MSFT", NOTICE),))
    steps: list[str] = []
    before = w3.eth.get_block_number()

    suite = deploy.deploy(w3, keys.deployer, plan, steps.append)

    found = [listing.standing(suite, token) for token in suite.tokens()]
    assert [each.ticker for each in found] == ["AAPL", "MSFT", "JPM"]
    for each in found:
        assert (each.control.phase, each.has_terms) == (Phase.PENDING, True)
        assert suite.ledger.functions.termsOf(each.address).call() == plan.profile.custody.terms
    assert [bool(listing.documents(suite, each.address)) for each in found] == [False, True, False]
    assert listing.documents(suite, found[1].address)[0][0] == NOTICE
    assert deploy.roles_of(suite, keys.deployer.address) == []
    assert suite.registry.functions.registrarOf(keys.registrar.address).call() == 1
    assert suite.ledger.functions.custodianCount().call() == 2
    assert len(steps) == plan.steps

    used = sum(w3.eth.get_block(number)["gasUsed"] for number in range(before + 1, w3.eth.get_block_number() + 1))
    assert 0.8 * plan.gas < used <= plan.gas
    assert {deploy.code_states(w3, suite.deployment)[name] for name in suite.deployment.addresses} == {"as deployed"}


def test_deploy__another_transaction_between__stops_and_says_so(chain, keys, plan):
    w3 = chain.provider.web3

    def disturb(step: str) -> None:
        if step == "deploying CustodyLedger":
            deploy.chain.send(w3, keys.deployer, {"to": keys.stranger.address, "value": 1})

    with pytest.raises(NetworkError, match="another transaction of the deployer came between"):
        deploy.deploy(w3, keys.deployer, plan, disturb)


# ---------------------------------------------------------------- before anything is sent


@pytest.fixture
def refused(chain, keys, plan):
    """What `check` says about the example plan with some fields changed; that nothing was sent is checked too."""

    def ask(deployer=keys.deployer, kind=InputError, **changes) -> str:
        w3 = chain.provider.web3
        block = w3.eth.get_block_number()
        with pytest.raises(kind) as error:
            deploy.deploy(w3, deployer, replace(plan, **changes))
        assert w3.eth.get_block_number() == block
        return str(error.value)

    return ask


def test_check__example_plan__passes(chain, keys, plan):
    deploy.check(chain.provider.web3, keys.deployer.address, plan)


def test_check__no_admin__refused(refused, plan):
    roles = {role: accounts for role, accounts in plan.roles.items() if role is not Role.ADMIN}

    assert refused(roles=roles).startswith("The suite plan names 0 accounts for ADMIN: name one, the multisig")


def test_check__deployer_named_in_a_role__refused(refused, keys, plan):
    said = refused(deployer=keys.pauser)

    assert said == (f"The deployer {keys.pauser.address} may hold no role, but the plan names it PAUSER: name another.")


def test_check__chain_not_of_the_plan__refused(refused):
    said = refused(kind=NetworkError, chain_ids=(1, 10))

    assert said.startswith("The node is chain 1337, the plan is for 1, 10: choose another --network")


def test_check__contract_attestor_without_code__refused(refused, keys, plan):
    custodian = Custodian("Ours", plan.custodians[0].lei, 1, ((keys.stranger.address, "contract"),))

    said = refused(kind=NetworkError, custodians=(custodian,))

    assert said.startswith(f"No contract stands at {keys.stranger.address} (attestor of Ours, kind contract)")


def test_check__profile_over__refused_with_the_dates(refused, plan):
    over = plan.profile.model_copy(update={"valid_until": plan.profile.valid_until.replace(year=2026)})

    said = refused(profile=over)

    assert said.startswith("Profile us-tsv ended 2026-09-17 00:00 UTC, and the chain's clock says 20")
    assert said.endswith(": choose another.")


def test_check__profile_not_in_force_yet__passes(chain, keys, plan):
    """Its shares stay PENDING: nothing trades before the exemption has begun."""
    early = plan.profile.model_copy(update={"valid_from": plan.profile.valid_until.replace(year=2030)})

    deploy.check(chain.provider.web3, keys.deployer.address, replace(plan, profile=early))


def test_check__deployer_without_money__refused_with_the_amount(chain, refused, keys, plan):
    w3 = chain.provider.web3
    rest = w3.eth.get_balance(keys.stranger.address) - Web3.to_wei(1, "gwei") * 30_000
    deploy.chain.send(w3, keys.stranger, {"to": keys.relay.address, "value": rest})

    said = refused(deployer=keys.stranger, kind=NetworkError)

    assert said.startswith(f"The deployer {keys.stranger.address} has 0.0000")
    assert f"and may need {deploy.in_ether(deploy.cost(w3, plan))} ({plan.gas:,} gas): send it more first." in said


# ---------------------------------------------------------------- the file


def test_check_file__suite_still_stands__refused_unless_told(suite, tmp_path):
    suite.deployment.save(path := tmp_path / "1337.json")

    with pytest.raises(InputError, match=r"1337\.json records a suite that stands on this chain: .* give --replace"):
        deploy.check_file(suite.w3, path, replace=False)
    deploy.check_file(suite.w3, path, replace=True)


def test_check_file__nothing_stands_there_any_more__passes(suite, keys, tmp_path):
    gone = dict.fromkeys(suite.deployment.addresses, keys.stranger.address)
    replace(suite.deployment, addresses=gone).save(path := tmp_path / "1337.json")

    deploy.check_file(suite.w3, path, replace=False)
    deploy.check_file(suite.w3, tmp_path / "none.json", replace=False)


def test_check_file__unreadable_record__refused_unless_told(suite, tmp_path):
    (path := tmp_path / "1337.json").write_text("{")

    with pytest.raises(InputError, match=r"1337\.json cannot be read as a deployment"):
        deploy.check_file(suite.w3, path, replace=False)
    deploy.check_file(suite.w3, path, replace=True)


def test_code_states__other_code_and_none__are_told_apart(suite, keys):
    moved = suite.deployment.addresses | {"ledger": suite.registry.address, "factory": keys.stranger.address}

    states = deploy.code_states(suite.w3, replace(suite.deployment, addresses=moved))

    assert (states["ledger"], states["factory"], states["registry"]) == ("other code", "no code", "as deployed")
