"""A holder's own transfers, single and in batches."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS, Control, InvestorClass, Kind, Scope, Status
from tests.contracts.support import MAX_128, MAX_256, NO_REF, Reason, movement, refuses
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")


# ---------------------------------------------------------------- what moves


def test_transfer__both_admitted__moves_and_reports_once(token, actors):
    receipt = token.transfer(actors.bob, 3 * SHARE, sender=actors.alice)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, actors.alice, actors.alice, actors.bob, 3 * SHARE)
    assert token.balanceOf(actors.alice) == 97 * SHARE
    assert token.balanceOf(actors.bob) == 103 * SHARE
    assert token.totalSupply() == 300 * SHARE


def test_transfer__made__links_the_report_chain_as_documented(token, actors):
    receipt = token.transfer(actors.bob, 7, sender=actors.alice)

    before = Control.unpack(token.control(block_id=receipt.block_number - 1))
    after = Control.unpack(token.control())
    types = ["uint160", "uint32", "uint8", "address", "address", "address", "uint256", "bytes32", "uint40"]
    alice, bob = actors.alice.address, actors.bob.address
    values = [before.chain, before.sequence + 1, Kind.TRANSFER, alice, alice, bob, 7, NO_REF, receipt.timestamp]
    assert after.chain == int.from_bytes(keccak(encode(types, values))[12:], "big")
    assert after.sequence == before.sequence + 1


def test_transfer__whole_balance__moves(token, actors):
    token.transfer(actors.bob, 100 * SHARE, sender=actors.alice)

    assert token.balanceOf(actors.alice) == 0
    assert token.balanceOf(actors.bob) == 200 * SHARE


@pytest.mark.parametrize("amount", [100 * SHARE + 1, MAX_128 + 1, MAX_256])
def test_transfer__above_balance__refused(token, actors, amount):
    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=100 * SHARE, needed=amount):
        token.transfer(actors.bob, amount, sender=actors.alice)


def test_transfer__zero_amount__runs_reports_and_changes_nothing(token, actors):
    receipt = token.transfer(actors.bob, 0, sender=actors.alice)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, actors.alice, actors.alice, actors.bob, 0)
    assert token.balanceOf(actors.alice) == token.balanceOf(actors.bob) == 100 * SHARE


@pytest.mark.parametrize("amount", [0, 1, 100 * SHARE])
def test_transfer__to_oneself__reports_and_changes_nothing(token, actors, amount):
    token.setFrozenTokens(actors.alice, 0 if amount else 70 * SHARE, sender=actors.compliance)

    receipt = token.transfer(actors.alice, amount, sender=actors.alice)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, actors.alice, actors.alice, actors.alice, amount)
    assert token.balanceOf(actors.alice) == 100 * SHARE
    assert token.getFrozenTokens(actors.alice) == (0 if amount else 70 * SHARE)
    assert token.totalSupply() == 300 * SHARE


def test_transfer__to_oneself_above_balance__refused(token, actors):
    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=100 * SHARE, needed=100 * SHARE + 1):
        token.transfer(actors.alice, 100 * SHARE + 1, sender=actors.alice)


def test_transfer__to_oneself_without_hold__refused(token, actors, given):
    word = given(actors.alice, scopes=Scope.TRANSFER)

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_HOLD_SCOPE, account=actors.alice, record=word):
        token.transfer(actors.alice, 0, sender=actors.alice)


# ---------------------------------------------------------------- partly frozen


@pytest.mark.parametrize(
    ("frozen", "unfrozen"),
    [(30 * SHARE, 70 * SHARE), (100 * SHARE, 0), (101 * SHARE, 0), (MAX_128, 0)],
    ids=["part", "all", "above the balance", "everything ever"],
)
def test_transfer__partly_frozen__only_the_unfrozen_part_moves(token, actors, frozen, unfrozen):
    token.setFrozenTokens(actors.alice, frozen, sender=actors.compliance)

    with refuses(
        token.ERC7943InsufficientUnfrozenBalance, account=actors.alice, amount=unfrozen + 1, unfrozen=unfrozen
    ):
        token.transfer(actors.bob, unfrozen + 1, sender=actors.alice)
    token.transfer(actors.bob, unfrozen, sender=actors.alice)

    assert token.balanceOf(actors.alice) == 100 * SHARE - unfrozen
    assert token.getFrozenTokens(actors.alice) == frozen


def test_transfer__to_oneself_above_unfrozen__refused(token, actors):
    token.setFrozenTokens(actors.alice, 30 * SHARE, sender=actors.compliance)

    with refuses(
        token.ERC7943InsufficientUnfrozenBalance,
        account=actors.alice,
        amount=70 * SHARE + 1,
        unfrozen=70 * SHARE,
    ):
        token.transfer(actors.alice, 70 * SHARE + 1, sender=actors.alice)


def test_transfer__to_a_wallet_frozen_above_its_balance__stays_frozen_there(token, actors):
    token.setFrozenTokens(actors.bob, 150 * SHARE, sender=actors.compliance)

    token.transfer(actors.bob, 60 * SHARE, sender=actors.alice)

    with refuses(token.ERC7943InsufficientUnfrozenBalance, account=actors.bob, amount=11 * SHARE, unfrozen=10 * SHARE):
        token.transfer(actors.alice, 11 * SHARE, sender=actors.bob)
    assert token.getFrozenTokens(actors.bob) == 150 * SHARE


# ---------------------------------------------------------------- who sends, who receives


def test_transfer__receiver_unknown__refused_with_its_record(token, actors):
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_UNKNOWN, account=actors.outsider, record=0):
        token.transfer(actors.outsider, SHARE, sender=actors.alice)


def test_transfer__sender_unknown__refused_even_for_nothing(token, actors):
    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_UNKNOWN, account=actors.outsider, record=0):
        token.transfer(actors.bob, 0, sender=actors.outsider)


def test_transfer__to_the_zero_address__refused_as_in_openzeppelin(token, actors):
    with refuses(token.ERC20InvalidReceiver, receiver=ZERO_ADDRESS):
        token.transfer(ZERO_ADDRESS, 0, sender=actors.alice)


@pytest.mark.parametrize("place", ["ledger", "token"])
@pytest.mark.parametrize("admitted", [False, True], ids=["without record", "with a record"])
def test_transfer__to_ledger_or_token__refused(stage, token, actors, given, place, admitted):
    reserved = getattr(stage, place)
    word = given(reserved, investor_class=InvestorClass.TREASURY) if admitted else 0

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_RESERVED, account=reserved, record=word):
        token.transfer(reserved, 0, sender=actors.alice)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": Scope.TRANSFER}, 0),
        ({"scopes": Scope(31) & ~Scope.TRANSFER}, Reason.SENDER_TRANSFER_SCOPE),
        ({"scopes": Scope(0)}, Reason.SENDER_TRANSFER_SCOPE),
        ({"expires_at": 1}, Reason.SENDER_EXPIRED),
        ({"expires_at": 0}, Reason.SENDER_EXPIRED),
        ({"status": Status.REVOKED}, Reason.SENDER_REVOKED),
        ({"frozen": True}, Reason.SENDER_FROZEN),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0)}, Reason.SENDER_REVOKED),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0), "frozen": True}, Reason.SENDER_FROZEN),
    ],
)
def test_transfer__by_senders_record__judged(token, actors, given, changes, code):
    word = given(actors.alice, **changes)

    if code:
        with refuses(token.ShareTokenCannotSend, code=code, account=actors.alice, record=word):
            token.transfer(actors.bob, SHARE, sender=actors.alice)
    else:
        token.transfer(actors.bob, SHARE, sender=actors.alice)
    assert token.balanceOf(actors.bob) == (100 if code else 101) * SHARE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": Scope.HOLD}, 0),
        ({"scopes": Scope(31) & ~Scope.HOLD}, Reason.RECEIVER_HOLD_SCOPE),
        ({"expires_at": 1}, Reason.RECEIVER_EXPIRED),
        ({"expires_at": 0}, Reason.RECEIVER_EXPIRED),
        ({"status": Status.REVOKED}, Reason.RECEIVER_REVOKED),
        ({"frozen": True}, Reason.RECEIVER_FROZEN),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0)}, Reason.RECEIVER_REVOKED),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0), "frozen": True}, Reason.RECEIVER_FROZEN),
    ],
)
def test_transfer__by_receivers_record__judged(token, actors, given, changes, code):
    word = given(actors.bob, **changes)

    if code:
        with refuses(token.ShareTokenCannotReceive, code=code, account=actors.bob, record=word):
            token.transfer(actors.bob, SHARE, sender=actors.alice)
    else:
        token.transfer(actors.bob, SHARE, sender=actors.alice)
    assert token.balanceOf(actors.bob) == (100 if code else 101) * SHARE


def test_transfer__frozen_without_a_record__refused_as_frozen(registry, token, actors):
    registry.freeze(actors.outsider, 1, NO_REF, sender=actors.compliance)

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_FROZEN, account=actors.outsider, record=0x80):
        token.transfer(actors.outsider, 0, sender=actors.alice)
    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_FROZEN, account=actors.outsider, record=0x80):
        token.transfer(actors.alice, 0, sender=actors.outsider)


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("side", ["sender", "receiver"])
def test_transfer__around_the_expiry__holds_strictly_before(token, actors, given, now, at, side, off):
    expiry = now() + 1000
    wallet = actors.alice if side == "sender" else actors.bob
    word = given(wallet, expires_at=expiry)
    at(expiry + off)

    if off < 0:
        assert token.transfer(actors.bob, SHARE, sender=actors.alice).timestamp == expiry + off
    elif side == "sender":
        with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_EXPIRED, account=wallet, record=word):
            token.transfer(actors.bob, SHARE, sender=actors.alice)
    else:
        with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_EXPIRED, account=wallet, record=word):
            token.transfer(actors.bob, SHARE, sender=actors.alice)


def test_transfer__another_wallet_of_the_same_investor__judged_by_its_own_record(token, actors, given):
    """The investor number joins wallets for their owner and for recovery; it admits nothing."""
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_UNKNOWN, account=actors.carol, record=0):
        token.transfer(actors.carol, SHARE, sender=actors.alice)
    given(actors.carol, investor_id=1)

    token.transfer(actors.carol, SHARE, sender=actors.alice)

    assert token.balanceOf(actors.carol) == SHARE


# ---------------------------------------------------------------- batches


def test_batch_transfer__several_rows__each_as_if_sent_alone(token, actors):
    rows = [(actors.bob, 5), (actors.platform, 0), (actors.bob, 6), (actors.alice, 7)]

    receipt = token.batchTransfer(*zip(*rows, strict=True), sender=actors.alice)

    expected = []
    for step, (to, amount) in enumerate(rows, start=1):
        expected += movement(token, receipt, Kind.TRANSFER, actors.alice, actors.alice, to, amount, step=step)
    assert receipt.events == expected
    assert token.balanceOf(actors.alice) == 100 * SHARE - 11
    assert token.balanceOf(actors.bob) == 100 * SHARE + 11


def test_batch_transfer__no_rows__does_nothing(token, actors):
    assert token.batchTransfer([], [], sender=actors.alice).events == []


def test_batch_transfer__one_bad_row__moves_nothing(token, actors):
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_UNKNOWN, account=actors.outsider, record=0):
        token.batchTransfer([actors.bob, actors.outsider], [SHARE, SHARE], sender=actors.alice)

    assert token.balanceOf(actors.bob) == 100 * SHARE


def test_batch_transfer__rows_together_above_balance__refused_at_the_row_that_exceeds(token, actors):
    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=40 * SHARE, needed=41 * SHARE):
        token.batchTransfer([actors.bob, actors.bob], [60 * SHARE, 41 * SHARE], sender=actors.alice)


def test_batch_transfer__rows_together_above_unfrozen__refused_at_the_row_that_exceeds(token, actors):
    token.setFrozenTokens(actors.alice, 30 * SHARE, sender=actors.compliance)

    with refuses(
        token.ERC7943InsufficientUnfrozenBalance, account=actors.alice, amount=11 * SHARE, unfrozen=10 * SHARE
    ):
        token.batchTransfer([actors.bob, actors.bob], [60 * SHARE, 11 * SHARE], sender=actors.alice)


@pytest.mark.parametrize(("receivers", "amounts"), [(2, 1), (1, 2), (0, 1)])
def test_batch_transfer__lengths_differ__refused(token, actors, receivers, amounts):
    with refuses(token.ShareTokenLengthsDiffer, receivers=receivers, amounts=amounts):
        token.batchTransfer([actors.bob] * receivers, [1] * amounts, sender=actors.alice)


# ---------------------------------------------------------------- allowances alone


@pytest.mark.parametrize("status", ["unknown", "revoked", "frozen"])
def test_approve__by_anyone__sets_an_allowance_and_reports_nothing(token, actors, given, status):
    """An allowance moves nothing; the movement is judged."""
    if status != "unknown":
        given(actors.carol, status=Status.REVOKED, frozen=status == "frozen")

    receipt = token.approve(actors.stranger, MAX_256, sender=actors.carol)

    assert receipt.events == [token.Approval(actors.carol, actors.stranger, MAX_256)]
    assert token.allowance(actors.carol, actors.stranger) == MAX_256


def test_approve__for_the_zero_address__refused(token, actors):
    with refuses(token.ERC20InvalidSpender, spender=ZERO_ADDRESS):
        token.approve(ZERO_ADDRESS, 1, sender=actors.alice)
