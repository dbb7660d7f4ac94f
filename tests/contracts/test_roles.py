"""Who may call what: the holder of a function's role passes, and nobody else; contracts obey contracts alone.

Roles come from the table the suite is deployed with (`stockade.deploy.FUNCTIONS`), and for tokens from `TOKEN` below.
`unpause`, whose role depends on the pause, is in test_stops.
"""

from __future__ import annotations

from functools import partial

import pytest
from ape.contracts import ContractInstance
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from stockade import manifest, profiles
from stockade.deploy import DELAYS, function_roles
from stockade.records import Role
from tests.contracts.support import (
    ALL_CLASSES,
    EVIDENCE,
    NO_REF,
    ORDER,
    RIGHTS,
    carry_out,
    error_data,
    refuses,
    revert_of,
    terms,
)
from tests.support import DAY, SHARE

TOKEN = {
    Role.COMPLIANCE: (
        "forcedTransfer",
        "forcedTransferWithOrder",
        "setFrozenTokens",
        "setFrozenTokensWithOrder",
        "recoverBalance",
    ),
    Role.ISSUER: ("setPolicy",),
    Role.PAUSER: ("pause",),
}
BY_ROLE = {"token": TOKEN, **function_roles(profiles.load("us-tsv"))}
GUARDED = [(place, name, role) for place, roles in BY_ROLE.items() for role, names in roles.items() for name in names]

# Functions that obey one contract of the suite alone: (where, which, arguments, whom).
OBEYING = [
    ("token", "mint", lambda at: (at.actors.alice, 1, NO_REF), "ledger"),
    ("token", "burn", lambda at: (at.actors.alice, 1, NO_REF), "ledger"),
    ("token", "escrow", lambda at: (at.actors.alice, 1, NO_REF), "ledger"),
    ("token", "giveBack", lambda at: (at.actors.alice, 1, NO_REF), "ledger"),
    ("token", "forceEscrow", lambda at: (at.actors.alice, 1, NO_REF), "ledger"),
    ("token", "setListing", lambda at: (1, False, 1), "listings"),
    ("listings", "setMarketHalt", lambda at: (at.stage.token, True, NO_REF), "market"),
    ("token", "upgradeToAndCall", lambda at: (at.stage.factory.implementation(), b""), "factory"),
    ("factory", "createToken", lambda at: ("A", "B", ALL_CLASSES, 0), "listings"),
]
KINDS = {
    "token": "ShareToken",
    "registry": "InvestorRegistry",
    "ledger": "CustodyLedger",
    "listings": "ListingRegistry",
    "market": "MarketStatus",
    "factory": "SuiteFactory",
}
# `setAuthority` is open and does nothing: it is `pure` and reverts.
OPEN = {
    "token": {"transfer", "transferFrom", "batchTransfer", "approve", "permit", "initialize", "unpause"},
    "registry": set(),
    "ledger": {"attest", "attestBatch", "requestRedemption", "takeBack"},
    "listings": set(),
    "market": {"sync"},
    "factory": set(),
}

# Everyone with a name, the holders of every role among them.
CALLERS = [*(role.name.lower() for role in Role), "deployer", "attestor", "alice", "stranger"]


class Scene:
    """A suite in which every function of the table succeeds for whoever may call it, and the arguments to do so."""

    def __init__(self, stage, actors, pending, suspended):
        self.stage, self.actors = stage, actors
        self.pending, self.suspended = pending, suspended

    def contract(self, place: str) -> ContractInstance:
        return getattr(self.stage, place)

    def arguments(self, name: str, shares) -> tuple:
        """Valid arguments of each guarded function."""
        who, token, order = self.actors, self.stage.token, (1, ORDER)
        msft = shares["MSFT"]
        implementation = self.stage.factory.implementation()
        return {
            "setRecords": ([], [], EVIDENCE),
            "offerRecords": ([who.alice], 2),
            "assignRecords": ([who.alice], 2, *order),
            "freeze": (who.stranger, *order),
            "unfreeze": (who.outsider, *order),
            "setRegistrar": (who.stranger, 7),
            "recover": (who.carol, who.treasury, *order),
            "addCustodian": (b"0000SYNTHETIC0000322", EVIDENCE, [(who.stranger, 1)], 1),
            "setCustodianOpen": (2, False),
            "setAttestors": (1, [], [(who.stranger, 1)], 1),
            "setTerms": (token, (1, 1, 1)),
            "forceRedemption": (1, who.bob, *order),
            "recoverRequests": ([],),
            "addExemption": (terms(5, 2**33),),
            "amendExemption": (1, terms(5, 2**33)),
            "publishNotice": (1, EVIDENCE, "ipfs://x"),
            "recordIssuerNotice": (self.pending, EVIDENCE),
            "recordObjection": (self.pending, EVIDENCE, 1),
            "setRules": ((1, 1),),
            "setHours": (b"XNAS", 0),
            "setDays": (b"XNAS", 0, [0]),
            "relay": (token, (1, 3, b"T1" + bytes(6), 1)),
            "relayVenue": (b"XNAS", (1, 4, b"MWC1" + bytes(4), 1)),
            "heartbeat": (b"XNAS", 1),
            "list": (1, msft.instrument(), msft.token_name, msft.token_symbol, ALL_CLASSES, 0),
            "activate": (self.pending,),
            "setDocument": (token, EVIDENCE, "ipfs://x", EVIDENCE),
            "removeDocument": (token, ORDER),
            "suspend": (token, *order),
            "resume": (self.suspended, *order),
            "windDown": (token, *order),
            "setHalt": (token, True, *order),
            "setExemptionStatus": (1, 2, *order),
            "setRegulatorSuspension": (token, True, *order),
            "upgrade": (implementation, keccak(token.provider.get_code(implementation)), [token]),
            "forcedTransfer": (who.alice, who.bob, SHARE),
            "forcedTransferWithOrder": (who.alice, who.bob, SHARE, *order),
            "setFrozenTokens": (who.alice, SHARE),
            "setFrozenTokensWithOrder": (who.alice, SHARE, *order),
            "recoverBalance": (who.pool,),
            "setPolicy": (2, 0),
            "pause": (1,),
        }[name]


@pytest.fixture(scope="module")
def setting(market, house, actors, shares, chain):
    stage, compliance = house, actors.compliance
    word = stage.registry.recordOf(actors.alice) & ~(0xFFFFFFFFFFFFFFFF << 104) | 9 << 104
    wallets = [actors.carol, actors.pool, actors.treasury]
    stage.registry.setRecords(wallets, [word] * 3, NO_REF, sender=actors.registrar)
    stage.registry.recover(actors.pool, actors.treasury, 1, ORDER, sender=compliance)
    stage.registry.freeze(actors.outsider, 1, ORDER, sender=compliance)
    stage.ledger.requestRedemption(stage.token, 1, SHARE, NO_REF, sender=actors.alice)
    stage.listings.setDocument(stage.token, ORDER, "ipfs://x", EVIDENCE, sender=actors.issuer)
    for ticker in ("NVDA", "JPM"):
        names = (shares[ticker].token_name, shares[ticker].token_symbol)
        stage.listings.list(1, shares[ticker].instrument(), *names, ALL_CLASSES, 0, sender=actors.issuer)
    _, pending, suspended = stage.listings.tokens()
    for token in (pending, suspended):
        stage.listings.setDocument(token, RIGHTS, "ipfs://rights", EVIDENCE, sender=actors.issuer)
        stage.listings.recordIssuerNotice(token, EVIDENCE, sender=actors.issuer)
    chain.pending_timestamp += 30 * DAY
    stage.listings.activate(suspended, sender=actors.issuer)
    stage.listings.suspend(suspended, 1, ORDER, sender=compliance)
    chain.mine()
    return Scene(stage, actors, pending, suspended)


# ---------------------------------------------------------------- every function has its place


@pytest.mark.parametrize("place", OPEN)
def test_function__that_writes__is_guarded_or_open_on_purpose(place):
    writing = {
        item["name"]
        for item in manifest.abi(KINDS[place])
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }
    guarded = {name for where, name, _ in GUARDED if where == place}
    obeying = {name for where, name, _, _ in OBEYING if where == place}

    assert writing == guarded | obeying | OPEN[place]
    assert not guarded & obeying
    assert not (guarded | obeying) & OPEN[place]


@pytest.mark.parametrize(("place", "name", "role"), [each for each in GUARDED if each[0] != "token"])
def test_function__restricted__mapped_to_its_role(stage, place, name, role):
    contract = getattr(stage, place)
    (method,) = (item for item in manifest.abi(KINDS[place]) if item.get("name") == name)

    selector = function_abi_to_4byte_selector(method)
    assert stage.authority.getTargetFunctionRole(contract, selector) == role


# ---------------------------------------------------------------- who passes, who does not


@pytest.mark.parametrize(("place", "name", "role"), GUARDED)
def test_call__guarded_function__the_roles_holder_alone_passes(setting, shares, place, name, role):
    contract, arguments = setting.contract(place), setting.arguments(name, shares)
    function = getattr(contract, name)
    holder = role.name.lower()

    for caller in CALLERS:
        account = getattr(setting.actors, caller)
        if caller == holder and role not in DELAYS:
            function.call(*arguments, sender=account)
            continue
        if place == "token":
            expected = error_data(contract.ShareTokenMissingRole, caller=account, role=role)
        elif caller == holder:
            data = function.encode_input(*arguments)
            operation = setting.stage.authority.hashOperation(account, contract, data)
            expected = error_data(setting.stage.authority.AccessManagerNotScheduled, operationId=operation)
        else:
            expected = error_data(contract.AccessManagedUnauthorized, caller=account)
        assert revert_of(partial(function.call, *arguments, sender=account)) == expected, caller


@pytest.mark.parametrize("off", [-1, 0])
@pytest.mark.parametrize(("place", "name", "role"), [each for each in GUARDED if each[2] in DELAYS])
def test_call__role_with_a_delay__only_once_it_has_run_out(setting, shares, now, at, place, name, role, off):
    contract, authority = setting.contract(place), setting.stage.authority
    account = getattr(setting.actors, role.name.lower())
    data = getattr(contract, name).encode_input(*setting.arguments(name, shares))
    authority.schedule(contract, data, 0, sender=account)
    at(now() + DELAYS[role] + off)

    if off < 0:
        operation = authority.hashOperation(account, contract, data)
        with refuses(authority.AccessManagerNotReady, operationId=operation):
            carry_out(contract, data, account)
    else:
        carry_out(contract, data, account)


# ---------------------------------------------------------------- contracts obey contracts


@pytest.mark.parametrize(("place", "name", "arguments", "master"), OBEYING, ids=[name for _, name, _, _ in OBEYING])
def test_call__obeying_function__nobody_passes(setting, place, name, arguments, master):
    contract, only = setting.contract(place), setting.contract(master)
    prefix = {"token": "ShareToken", "factory": "Factory", "listings": "Listing"}[place]
    error = getattr(contract, f"{prefix}WrongCaller")

    for caller in CALLERS:
        account = getattr(setting.actors, caller)
        with refuses(error, caller=account, only=only):
            getattr(contract, name).call(*arguments(setting), sender=account)


def test_mint__by_admin_through_the_authority__opens_no_mint(setting, travel):
    """No role, no mapping and no delay makes the authority the ledger."""
    authority, token, admin = setting.stage.authority, setting.stage.token, setting.actors.admin
    data = token.mint.encode_input(admin, SHARE, NO_REF)
    authority.schedule(token, data, 0, sender=admin)
    travel(20 * DAY)

    with refuses(authority.AuthorityFixed, selector=authority.execute.encode_input(token, data)[:4]):
        authority.execute(token, data, sender=admin)
    with refuses(token.ShareTokenWrongCaller, caller=admin, only=setting.stage.ledger):
        carry_out(token, data, admin)


# ---------------------------------------------------------------- roles themselves


def test_roles__after_the_hand_over__held_by_whom_the_plan_names_alone(stage, actors):
    """Who holds a role beyond its own would have passed above."""
    for role in Role:
        holder = getattr(actors, role.name.lower())
        assert tuple(stage.authority.hasRole(role, holder)) == (True, DELAYS.get(role, 0))
        assert tuple(stage.authority.hasRole(role, actors.deployer)) == (False, 0)


def test_token_function__role_held_with_a_delay__refused_by_every_way(setting, now, at):
    """A delay can only be served through the authority, which is not the holder."""
    authority, token, actors = setting.stage.authority, setting.stage.token, setting.actors
    grant = authority.grantRole.encode_input(Role.COMPLIANCE, actors.stranger, 3600)
    authority.schedule(authority, grant, 0, sender=actors.key_admin)
    at(now() + DELAYS[Role.KEY_ADMIN])
    carry_out(authority, grant, actors.key_admin)
    assert tuple(authority.hasRole(Role.COMPLIANCE, actors.stranger)) == (True, 3600)

    with refuses(token.ShareTokenMissingRole, caller=actors.stranger, role=Role.COMPLIANCE):
        token.setFrozenTokens(actors.alice, 1, sender=actors.stranger)
    data = token.setFrozenTokens.encode_input(actors.alice, 1)
    with refuses(
        authority.AccessManagerUnauthorizedCall,
        caller=actors.stranger,
        target=token,
        selector=data[:4],
    ):
        authority.schedule(token, data, 0, sender=actors.stranger)
