"""What wallets, platforms and lenders ask: ERC-165, 7943, 1404, 8056, 2612, 5267."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS, Basis, InvestorClass, Kind, Pause, Policy, Scope, Status
from tests.contracts.support import ALL_CLASSES, MAX_128, MAX_256, NO_REF, ORDER, Reason
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")

EVERY_SCOPE = Scope(31)


# ---------------------------------------------------------------- ERC-165

INTERFACES = {
    "ERC-165": "01ffc9a7",
    "ERC-20": "36372b07",
    "ERC-20 metadata": "a219a025",
    "ERC-2612": "9d8ff7da",
    "ERC-5267": "84b0196e",
    "ERC-7943": "3edbb4c4",
    "ERC-8056": "a60bf13d",
    "ERC-8056 scheduled": "4bd27648",
    "ERC-8056 conversion": "57854fc3",
    "ERC-8056 balances": "d890fd71",
}


@pytest.mark.parametrize("standard", INTERFACES)
def test_supports_interface__of_a_standard__true(token, standard):
    assert token.supportsInterface(bytes.fromhex(INTERFACES[standard]))


def test_supports_interface__of_erc1404__the_xor_of_its_functions(token):
    signatures = (
        "detectTransferRestriction(address,address,uint256)",
        "detectTransferRestrictionFrom(address,address,address,uint256)",
        "messageForTransferRestriction(uint8)",
    )
    number = 0
    for signature in signatures:
        number ^= int.from_bytes(keccak(text=signature)[:4], "big")
    assert token.supportsInterface(number.to_bytes(4, "big"))


@pytest.mark.parametrize("number", ["ffffffff", "00000000", "80ac58cd"])
def test_supports_interface__of_anything_else__false(token, number):
    assert not token.supportsInterface(bytes.fromhex(number))


# ---------------------------------------------------------------- ERC-20: what writes return


def test_writes__that_go_well__return_true(token, actors):
    token.approve(actors.platform, SHARE, sender=actors.alice)
    alice, bob, compliance = actors.alice, actors.bob, actors.compliance
    assert token.transfer.call(bob, 1, sender=alice) is True
    assert token.transferFrom.call(alice, bob, 1, sender=actors.platform) is True
    assert token.batchTransfer.call([bob], [1], sender=alice) is True
    assert token.approve.call(bob, 1, sender=alice) is True
    assert token.forcedTransfer.call(alice, bob, 1, sender=compliance) is True
    assert token.forcedTransferWithOrder.call(alice, bob, 1, Basis.SANCTIONS, ORDER, sender=compliance) is True
    assert token.setFrozenTokens.call(alice, 1, sender=compliance) is True
    assert token.setFrozenTokensWithOrder.call(alice, 1, Basis.SANCTIONS, ORDER, sender=compliance) is True


# ---------------------------------------------------------------- ERC-7943: the account alone


@pytest.mark.parametrize(
    ("changes", "send", "receive"),
    [
        ({"scopes": EVERY_SCOPE}, True, True),
        ({"scopes": Scope.HOLD}, False, True),
        ({"scopes": Scope.TRANSFER}, True, False),
        ({"scopes": Scope.TRADE}, True, False),
        ({"scopes": Scope.LIQUIDITY | Scope.EXECUTE}, False, False),
        ({"scopes": EVERY_SCOPE, "expires_at": 1}, False, False),
        ({"scopes": EVERY_SCOPE, "status": Status.REVOKED}, False, False),
        ({"scopes": EVERY_SCOPE, "frozen": True}, False, False),
        ({"scopes": EVERY_SCOPE, "investor_class": InvestorClass.QIB}, True, False),
    ],
)
def test_can_send_or_receive__by_record__looks_at_the_account_alone(token, actors, given, changes, send, receive):
    """Neither a pause nor a halt nor a frozen balance matters to them."""
    token.setPolicy(ALL_CLASSES & ~(1 << InvestorClass.QIB), 0, sender=actors.issuer)
    token.pause(Pause(15), sender=actors.pauser)
    token.setFrozenTokens(actors.carol, MAX_128, sender=actors.compliance)
    given(actors.carol, **changes)

    assert token.canSend(actors.carol) is send
    assert token.canReceive(actors.carol) is receive


def test_can_send_or_receive__unknown_zero_or_reserved__no(token, ledger, actors, given):
    for reserved in (token, ledger):
        given(reserved, scopes=EVERY_SCOPE)
    for account in (actors.stranger, ZERO_ADDRESS, token, ledger):
        assert not token.canSend(account)
        assert not token.canReceive(account)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_can__around_an_expiry__true_strictly_before(token, actors, given, now, at, off):
    expiry = now() + 1000
    given(actors.alice, expires_at=expiry)
    at(expiry + off)

    pending = {"block_id": "pending"}
    assert token.canSend(actors.alice, **pending) is (off < 0)
    assert token.canReceive(actors.alice, **pending) is (off < 0)
    assert token.canTransfer(actors.alice, actors.bob, 1, **pending) is (off < 0)
    code = 0 if off < 0 else Reason.SENDER_EXPIRED
    assert token.detectTransferRestriction(actors.alice, actors.bob, 1, **pending) == code


def test_get_frozen_tokens__above_the_balance__as_it_was_set(token, actors):
    assert token.getFrozenTokens(actors.alice) == 0
    token.setFrozenTokens(actors.alice, 150 * SHARE, sender=actors.compliance)

    assert token.getFrozenTokens(actors.alice) == 150 * SHARE


# ---------------------------------------------------------------- ERC-7943: canTransfer


@pytest.mark.parametrize(
    ("amount", "frozen", "may"),
    [
        (100, 0, True),
        (101, 0, True),
        (100, 1, False),
        (99, 1, True),
        (101, 1, True),
        (1, 150, False),
        (0, 150, True),
    ],
)
def test_can_transfer__by_amount__false_for_what_is_frozen_never_for_what_is_missing(
    token, actors, amount, frozen, may
):
    """In shares; alice holds a hundred."""
    token.setFrozenTokens(actors.alice, frozen * SHARE, sender=actors.compliance)

    assert token.canTransfer(actors.alice, actors.bob, amount * SHARE) is may


def test_can_transfer__above_every_balance__still_asks_the_rest(token, actors):
    assert token.canTransfer(actors.alice, actors.bob, MAX_256)
    assert not token.canTransfer(actors.alice, actors.stranger, MAX_256)


@pytest.mark.parametrize("stop", ["pause", "wind down", "strict halt", "halt of trading"])
def test_can_transfer__stopped__false_as_far_as_the_stop_goes(token, listings, actors, stop):
    flags = Policy.HALT_STOPS_TRADING_ONLY if stop == "halt of trading" else Policy(0)
    token.setPolicy(ALL_CLASSES, flags, sender=actors.issuer)
    if stop == "pause":
        token.pause(Pause.TRANSFER, sender=actors.pauser)
    elif stop == "wind down":
        listings.windDown(token, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    else:
        listings.setHalt(token, True, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    own = stop == "halt of trading"
    assert token.canTransfer(actors.alice, actors.bob, 1) is own
    assert token.canTransfer(actors.alice, actors.bob, 1, sender=actors.alice) is own
    assert not token.canTransfer(actors.alice, actors.bob, 1, sender=actors.platform)


@pytest.mark.parametrize(
    ("asking", "changes", "may"),
    [
        ("alice", {}, True),
        ("stranger", {}, True),
        ("bob", {"scopes": EVERY_SCOPE & ~Scope.EXECUTE}, True),
        ("platform", {"investor_class": InvestorClass.PLATFORM, "scopes": EVERY_SCOPE}, False),
        ("pool", {"investor_class": InvestorClass.POOL, "scopes": EVERY_SCOPE}, False),
        ("platform", {"investor_class": InvestorClass.PLATFORM, "scopes": Scope(0)}, False),
        ("platform", {"investor_class": InvestorClass.BROKER_DEALER, "scopes": EVERY_SCOPE}, False),
    ],
)
def test_can_transfer__asked_by_an_executor__answers_for_a_movement_it_executes(
    token, actors, given, asking, changes, may
):
    """Alice may transfer but not trade, so whoever would execute for her must hear no."""
    account = getattr(actors, asking)
    if changes:
        given(account, **changes)
    given(actors.alice, scopes=Scope.HOLD | Scope.TRANSFER)

    assert token.canTransfer(actors.alice, actors.bob, SHARE, sender=account) is may


def test_can_transfer__asked_by_an_executor__true_only_while_it_is_licensed(token, actors, given):
    given(actors.alice, scopes=Scope.TRADE)
    asked = (actors.alice, actors.bob, SHARE)

    assert token.canTransfer(*asked, sender=actors.platform)
    assert not token.canTransfer(*asked, sender=actors.alice)
    given(actors.platform, investor_class=InvestorClass.PLATFORM, scopes=EVERY_SCOPE & ~Scope.EXECUTE)
    assert not token.canTransfer(*asked, sender=actors.platform)


def test_can_transfer__of_a_venues_own_tokens__whoever_asks(token, actors, given):
    given(actors.platform, investor_class=InvestorClass.PLATFORM, scopes=EVERY_SCOPE & ~Scope.EXECUTE)

    for asking in (actors.platform, actors.alice, actors.stranger):
        assert not token.canTransfer(actors.platform, actors.bob, SHARE, sender=asking)


# ---------------------------------------------------------------- ERC-1404


def test_detect_transfer_restriction__by_a_spender__includes_the_allowance(token, actors):
    asked = (actors.platform, actors.alice, actors.bob)
    assert token.detectTransferRestrictionFrom(*asked, SHARE) == Reason.INSUFFICIENT_ALLOWANCE
    assert token.detectTransferRestrictionFrom(*asked, 0) == 0
    token.approve(actors.platform, SHARE, sender=actors.alice)

    assert token.detectTransferRestrictionFrom(*asked, SHARE) == 0
    assert token.detectTransferRestrictionFrom(*asked, SHARE + 1) == Reason.INSUFFICIENT_ALLOWANCE
    assert token.detectTransferRestriction(actors.alice, actors.bob, SHARE + 1) == 0


def test_detect_transfer_restriction__of_short_amounts__balance_included(token, actors):
    token.setFrozenTokens(actors.alice, SHARE, sender=actors.compliance)

    for amount, code in ((99, 0), (100, Reason.INSUFFICIENT_UNFROZEN), (101, Reason.INSUFFICIENT_BALANCE)):
        assert token.detectTransferRestriction(actors.alice, actors.bob, amount * SHARE) == code


# ---------------------------------------------------------------- ERC-8056


def test_scaled_amounts__before_any_corporate_action__one_to_one(token, actors):
    assert token.uiMultiplier() == token.newUIMultiplier() == 10**18
    assert token.effectiveAt() == 0
    for amount in (0, 1, 10**18 + 1, MAX_128):
        for convert in (token.toUIAmount, token.fromUIAmount, token.toShares, token.toTokens):
            assert convert(amount) == amount
    assert token.balanceOfUI(actors.alice) == token.balanceOf(actors.alice) == 100 * SHARE
    assert token.totalSupplyUI() == token.totalSupply() == 300 * SHARE


# ---------------------------------------------------------------- ERC-2612, ERC-5267


def test_domain__of_a_token__names_it_its_chain_and_its_address(token, chain, launch):
    chain_id = chain.provider.web3.eth.chain_id
    kind = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    for share in (token, launch("MSFT", activate=False)):
        domain = share.eip712Domain()
        assert tuple(domain) == (b"\x0f", share.name(), "1", chain_id, share.address, NO_REF, [])
        types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
        values = [kind, keccak(text=share.name()), keccak(text="1"), chain_id, share.address]
        assert share.DOMAIN_SEPARATOR() == keccak(encode(types, values))


# ---------------------------------------------------------------- none of them reverts


@pytest.mark.parametrize("amount", [0, MAX_256])
def test_views__with_the_nastiest_arguments__answer(token, ledger, actors, amount):
    nasty = (ZERO_ADDRESS, "0x" + "ff" * 20, token.address, ledger.address, actors.alice.address)
    for one in nasty:
        for view in (token.canSend, token.canReceive, token.getFrozenTokens, token.balanceOf, token.balanceOfUI):
            assert view(one) in (True, False, 0, 100 * SHARE)
        for other in nasty[:3]:
            token.canTransfer(one, other, amount)
            token.detectTransferRestriction(one, other, amount)
            token.detectTransferRestrictionFrom(other, one, other, amount)
    for kind in (*Kind, 0, 255):
        token.restrictionOf(kind, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, amount)
        token.restrictionOf(kind, ledger, ledger, ledger, amount)
