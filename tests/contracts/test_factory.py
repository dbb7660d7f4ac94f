"""The factory: it alone creates and upgrades tokens, after UPGRADER's twenty days."""

from __future__ import annotations

import pytest
from ape.contracts import ContractContainer
from eth_utils.crypto import keccak
from ethpm_types import ContractType

from stockade import manifest
from stockade.records import Kind
from tests.conftest import instance
from tests.contracts.support import ALL_CLASSES, carry_out, entry, refuses, report
from tests.support import DAY, SHARE

pytestmark = pytest.mark.usefixtures("market")

WIRING = ("authority", "registry", "ledger", "listings", "factory", "reasonText")


@pytest.fixture
def implement(token, actors):
    """Deploys a token implementation, wired to this suite unless told otherwise: `implement(ledger=...)`."""
    entry = manifest.contract("ShareToken")
    code = {"abi": entry["abi"], "deploymentBytecode": {"bytecode": "0x" + entry["bytecode"].removeprefix("0x")}}
    share_token = ContractContainer(ContractType.model_validate({"contractName": "ShareToken", **code}))

    def create(**changes):
        wiring = {name: getattr(token.wiring(), name) for name in WIRING} | changes
        return actors.stranger.deploy(share_token, tuple(wiring.values()))

    return create


@pytest.fixture
def schedule(stage, actors):
    """UPGRADER schedules an upgrade; what executes it."""

    def upgrade(implementation, tokens, code=None):
        data = upgrading(stage, implementation, tokens, code)
        stage.authority.schedule(stage.factory, data, 0, sender=actors.upgrader)
        return lambda: carry_out(stage.factory, data, actors.upgrader)

    return upgrade


def code_hash(stage, address) -> bytes:
    return keccak(stage.authority.provider.get_code(getattr(address, "address", address)))


def upgrading(stage, implementation, tokens, code=None) -> bytes:
    """The call, naming the code that stands there unless told otherwise."""
    return stage.factory.upgrade.encode_input(implementation, code or code_hash(stage, implementation), tokens)


def operation(stage, actors, data: bytes) -> bytes:
    return stage.authority.hashOperation(actors.upgrader, stage.factory, data)


# ---------------------------------------------------------------- upgrade


def test_upgrade__after_twenty_days__moves_the_tokens_and_keeps_their_state(
    stage, token, actors, launch, implement, schedule, travel
):
    other = launch("MSFT")
    token.approve(actors.bob, 5, sender=actors.alice)
    token.setFrozenTokens(actors.alice, 7, sender=actors.compliance)
    before = (token.control() >> 192, other.control() >> 192)
    new = implement()
    execute = schedule(new, [token, other])
    travel(20 * DAY)

    receipt = execute()

    data = upgrading(stage, new, [token, other])
    assert receipt.events == [
        stage.authority.OperationExecuted(operationId=operation(stage, actors, data), nonce=1),
        report(stage.authority, receipt, 7, stage.factory, ["bytes32", "uint32"], [operation(stage, actors, data), 1]),
        entry(token, receipt, Kind.UPGRADE, stage.factory, to=new),
        token.Upgraded(new),
        entry(other, receipt, Kind.UPGRADE, stage.factory, to=new),
        other.Upgraded(new),
        stage.factory.Upgraded(implementation=new, tokens=[token.address, other.address]),
    ]
    assert stage.factory.implementation() == token.implementation() == other.implementation() == new
    assert (token.control() >> 192, other.control() >> 192) == before
    assert token.balanceOf(actors.alice) == 100 * SHARE
    assert (token.getFrozenTokens(actors.alice), token.allowance(actors.alice, actors.bob)) == (7, 5)
    assert (token.name(), token.totalSupply()) == ("Apple Inc. Share Token", 300 * SHARE)
    token.transfer(actors.bob, SHARE, sender=actors.alice)


def test_upgrade__of_no_token__new_ones_are_created_on_it(stage, launch, implement, schedule, travel, token):
    new = implement()
    execute = schedule(new, [])
    travel(20 * DAY)
    execute()

    assert stage.factory.implementation() == new
    assert launch("MSFT", activate=False).implementation() == new
    assert token.implementation() == stage.suite.deployment.addresses["implementation"]


@pytest.mark.parametrize("off", [-1, 0])
def test_upgrade__around_the_delay__not_before(stage, actors, token, schedule, now, at, off):
    current = stage.factory.implementation()
    execute = schedule(current, [token])
    at(now() + 20 * DAY + off)

    if off < 0:
        data = upgrading(stage, current, [token])
        with refuses(stage.authority.AccessManagerNotReady, operationId=operation(stage, actors, data)):
            execute()
    else:
        execute()


def test_upgrade__cancelled_by_the_guardian__never_executes(stage, actors, token, schedule, travel):
    current = stage.factory.implementation()
    execute = schedule(current, [token])
    data = upgrading(stage, current, [token])
    stage.authority.cancel(actors.upgrader, stage.factory, data, sender=actors.guardian)
    travel(20 * DAY)

    with refuses(stage.authority.AccessManagerNotScheduled, operationId=operation(stage, actors, data)):
        execute()


def test_upgrade__implementation_wired_to_others__refused(stage, token, actors, implement, schedule, travel):
    foreign = [implement(**{name: actors.stranger.address}) for name in WIRING]
    executions = [schedule(new, [token]) for new in foreign]
    travel(20 * DAY)

    for new, execute in zip(foreign, executions, strict=True):
        with refuses(stage.factory.FactoryForeignImplementation, implementation=new):
            execute()


def test_upgrade__implementation_without_code__refused(stage, token, actors, schedule, travel):
    execute = schedule(actors.stranger, [token])
    travel(20 * DAY)

    with refuses(stage.factory.FactoryForeignImplementation, implementation=actors.stranger):
        execute()
    assert stage.factory.implementation() == stage.suite.deployment.addresses["implementation"]


def test_upgrade__other_code_than_was_named__refused(stage, token, actors, implement, schedule, travel):
    """What waits for twenty days is code, whatever comes to stand at the address."""
    new = implement()
    named, there = code_hash(stage, stage.authority), code_hash(stage, new)
    executions = [schedule(new, [token], named), schedule(new, [token], bytes(31) + b"\1")]
    travel(20 * DAY)

    for code, execute in zip((named, bytes(31) + b"\1"), executions, strict=True):
        with refuses(stage.factory.FactoryOtherCode, implementation=new, codeHash=code, found=there):
            execute()
    assert stage.factory.implementation() == stage.suite.deployment.addresses["implementation"]


def test_upgrade__to_a_key_that_lends_other_code__refused(stage, keys, actors, delegate, schedule, travel):
    """EIP-7702: its key could lend another's code the next day, and no hash would tell."""
    delegate(keys.outsider, stage.factory.implementation())
    new = keys.outsider.address
    assert stage.authority.provider.get_code(new)[:3] == b"\xef\x01\x00"
    execute = schedule(new, [])
    travel(20 * DAY)

    with refuses(stage.factory.FactoryForeignImplementation, implementation=new):
        execute()


def test_upgrade__one_token_not_of_the_suite__upgrades_none(stage, token, actors, implement, schedule, travel):
    new = implement()
    foreign = new.address
    execute = schedule(new, [token, foreign])
    travel(20 * DAY)

    with refuses(stage.factory.FactoryNotOurs, token=foreign):
        execute()
    assert stage.factory.implementation() == stage.suite.deployment.addresses["implementation"]


def test_upgrade_token__past_the_factory__refused(stage, token, actors, implement):
    new = implement()
    for caller in (actors.upgrader, actors.admin, actors.deployer, actors.stranger):
        with refuses(token.ShareTokenWrongCaller, caller=caller, only=stage.factory):
            token.upgradeToAndCall(new, b"", sender=caller)


# ---------------------------------------------------------------- creation


def test_create_token__by_anyone_but_the_listing_registry__refused(stage, actors):
    for caller in (actors.issuer, actors.admin, actors.upgrader, actors.stranger):
        with refuses(stage.factory.FactoryWrongCaller, caller=caller, only=stage.listings):
            stage.factory.createToken("A", "B", ALL_CLASSES, 0, sender=caller)


def test_initialize__a_second_time__refused(token, actors):
    with refuses(token.InvalidInitialization):
        token.initialize("Mine", "MINE", ALL_CLASSES, 0, sender=actors.stranger)
    assert token.name() == "Apple Inc. Share Token"


def test_implementation__itself__cannot_be_initialised_or_upgraded(stage, actors, token):
    bare = instance("ShareToken", stage.factory.implementation())

    with refuses(bare.InvalidInitialization):
        bare.initialize("Mine", "MINE", ALL_CLASSES, 0, sender=actors.stranger)
    with refuses(bare.UUPSUnauthorizedCallContext):
        bare.upgradeToAndCall(bare, b"", sender=actors.stranger)
    assert bare.wiring() == token.wiring()


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    "name",
    [
        "SuiteAuthority",
        "ReasonText",
        "InvestorRegistry",
        "CustodyLedger",
        "ListingRegistry",
        "ShareToken",
        "SuiteFactory",
    ],
)
def test_contract__each__fits_the_size_limits(name):
    """24,576 bytes of code (EIP-170), 49,152 of creation code (EIP-3860)."""
    entry = manifest.contract(name)
    assert len(entry["deployedBytecode"]) // 2 <= 24_576
    assert len(entry["bytecode"]) // 2 <= 49_152
