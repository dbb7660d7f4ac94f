"""Movements that another executes: allowances, licensed platforms, pools."""

from __future__ import annotations

import pytest

from stockade.records import ZERO_ADDRESS, Basis, InvestorClass, Kind, Policy, Scope, Status
from tests.contracts.conftest import HOLDER
from tests.contracts.support import MAX_256, ORDER, SANCTIONS, Reason, movement, refuses
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")

EVERY_SCOPE = Scope(31)


@pytest.fixture
def allowed(token, actors):
    """Alice lets the platform move whatever it is told to."""
    token.approve(actors.platform, MAX_256, sender=actors.alice)


@pytest.fixture
def relax(token, actors):
    """Adds flags to the token's policy."""

    def add(flags: Policy) -> None:
        settings = token.control() >> 192
        token.setPolicy(settings >> 16 & 0xFFFF, settings >> 8 & 0xFF | flags, sender=actors.issuer)

    return add


# ---------------------------------------------------------------- allowances


def test_transfer_from__by_a_platform__moves_reports_and_uses_the_allowance(token, actors):
    token.approve(actors.platform, 5 * SHARE, sender=actors.alice)

    receipt = token.transferFrom(actors.alice, actors.bob, 3 * SHARE, sender=actors.platform)

    assert receipt.events == movement(
        token, receipt, Kind.TRANSFER, actors.platform, actors.alice, actors.bob, 3 * SHARE
    )
    assert token.allowance(actors.alice, actors.platform) == 2 * SHARE
    assert (token.balanceOf(actors.alice), token.balanceOf(actors.bob)) == (97 * SHARE, 103 * SHARE)
    assert token.balanceOf(actors.platform) == 100 * SHARE


def test_transfer_from__infinite_allowance__not_used_up(token, actors, allowed):
    token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)

    assert token.allowance(actors.alice, actors.platform) == MAX_256


def test_transfer_from__above_the_allowance__refused_before_anything_else(token, actors, given):
    given(actors.alice, frozen=True)
    token.approve(actors.platform, 5, sender=actors.alice)

    with refuses(token.ERC20InsufficientAllowance, spender=actors.platform, allowance=5, needed=6):
        token.transferFrom(actors.alice, actors.bob, 6, sender=actors.platform)


def test_transfer_from__refused__keeps_the_allowance(token, actors):
    token.approve(actors.platform, 200 * SHARE, sender=actors.alice)

    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=100 * SHARE, needed=101 * SHARE):
        token.transferFrom(actors.alice, actors.bob, 101 * SHARE, sender=actors.platform)

    assert token.allowance(actors.alice, actors.platform) == 200 * SHARE


def test_transfer_from__by_the_holder_itself__is_the_holders_own_transfer(token, actors, given):
    given(actors.alice, scopes=Scope.TRANSFER)
    given(actors.bob, scopes=Scope.HOLD)
    token.approve(actors.alice, SHARE, sender=actors.alice)

    receipt = token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.alice)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, actors.alice, actors.alice, actors.bob, SHARE)
    assert token.allowance(actors.alice, actors.alice) == 0


@pytest.mark.parametrize("amount", [0, 100 * SHARE])
def test_transfer_from__from_and_to_the_same__reports_and_changes_nothing(token, actors, allowed, amount):
    receipt = token.transferFrom(actors.alice, actors.alice, amount, sender=actors.platform)

    assert receipt.events == movement(
        token, receipt, Kind.TRANSFER, actors.platform, actors.alice, actors.alice, amount
    )
    assert token.balanceOf(actors.alice) == 100 * SHARE


@pytest.mark.parametrize("place", ["ledger", "token"])
def test_transfer_from__ledger_or_token__refused_even_for_nothing(stage, token, actors, place):
    reserved = getattr(stage, place)

    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_RESERVED, account=reserved, record=0):
        token.transferFrom(reserved, actors.bob, 0, sender=actors.platform)


# ---------------------------------------------------------------- the executor's licence


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": Scope.EXECUTE}, 0),
        ({"scopes": EVERY_SCOPE & ~Scope.EXECUTE}, Reason.EXECUTOR_SCOPE),
        ({"expires_at": 1}, Reason.EXECUTOR_EXPIRED),
        ({"status": Status.REVOKED}, Reason.EXECUTOR_REVOKED),
        ({"frozen": True}, Reason.EXECUTOR_FROZEN),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0)}, Reason.EXECUTOR_REVOKED),
        ({"status": Status.REVOKED, "expires_at": 1, "scopes": Scope(0), "frozen": True}, Reason.EXECUTOR_FROZEN),
    ],
)
@pytest.mark.parametrize("investor_class", [InvestorClass.PLATFORM, InvestorClass.BROKER_DEALER])
def test_transfer_from__by_executors_record__judged(token, actors, given, allowed, investor_class, changes, code):
    word = given(actors.platform, **{"scopes": EVERY_SCOPE, "investor_class": investor_class, **changes})

    if code:
        with refuses(token.ShareTokenCannotExecute, code=code, account=actors.platform, record=word):
            token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    else:
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    assert token.balanceOf(actors.bob) == (100 if code else 101) * SHARE


def test_transfer_from__by_a_stranger_with_an_allowance__refused(token, actors):
    token.approve(actors.stranger, SHARE, sender=actors.alice)

    with refuses(token.ShareTokenCannotExecute, code=Reason.EXECUTOR_UNKNOWN, account=actors.stranger, record=0):
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.stranger)


def test_transfer_from__licence_lost_and_regained__the_old_allowance_counts_again(token, actors, given, allowed):
    """Holders who want an allowance gone must take it back: the token does not forget it with the licence."""
    lost = given(actors.platform, scopes=HOLDER, investor_class=InvestorClass.PLATFORM)
    with refuses(token.ShareTokenCannotExecute, code=Reason.EXECUTOR_SCOPE, account=actors.platform, record=lost):
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    given(actors.platform, scopes=HOLDER | Scope.EXECUTE, investor_class=InvestorClass.PLATFORM)

    token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)

    assert token.balanceOf(actors.bob) == 101 * SHARE


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_transfer_from__around_the_licences_expiry__holds_strictly_before(token, actors, given, allowed, now, at, off):
    expiry = now() + 1000
    word = given(actors.platform, scopes=EVERY_SCOPE, investor_class=InvestorClass.PLATFORM, expires_at=expiry)
    at(expiry + off)

    if off < 0:
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    else:
        with refuses(token.ShareTokenCannotExecute, code=Reason.EXECUTOR_EXPIRED, account=actors.platform, record=word):
            token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)


def test_transfer_from__any_executor_allowed__only_the_parties_are_judged(token, actors, given, relax):
    relax(Policy.ANY_EXECUTOR)
    token.approve(actors.stranger, 3 * SHARE, sender=actors.alice)

    receipt = token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.stranger)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, actors.stranger, actors.alice, actors.bob, SHARE)
    word = given(actors.bob, scopes=EVERY_SCOPE & ~Scope.TRADE)
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_TRADE_SCOPE, account=actors.bob, record=word):
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.stranger)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": Scope(0)}, 0),
        ({"expires_at": 1}, 0),
        ({"status": Status.REVOKED}, Reason.EXECUTOR_REVOKED),
        ({"frozen": True}, Reason.EXECUTOR_FROZEN),
    ],
)
def test_transfer_from__any_executor_allowed__yet_none_that_is_frozen_or_revoked(
    token, actors, given, relax, allowed, changes, code
):
    relax(Policy.ANY_EXECUTOR)
    word = given(actors.platform, **changes)

    if code:
        with refuses(token.ShareTokenCannotExecute, code=code, account=actors.platform, record=word):
            token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    else:
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    assert token.balanceOf(actors.bob) == (100 if code else 101) * SHARE


# ---------------------------------------------------------------- TRADE, on both sides


def test_transfer_from__parties_may_trade_but_not_transfer__moves(token, actors, given, allowed):
    given(actors.alice, scopes=Scope.TRADE)
    given(actors.bob, scopes=Scope.HOLD | Scope.TRADE)

    token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)

    assert token.balanceOf(actors.bob) == 101 * SHARE


def test_transfer_from__sender_without_trade__refused(token, actors, given, allowed):
    word = given(actors.alice, scopes=EVERY_SCOPE & ~Scope.TRADE)

    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_TRADE_SCOPE, account=actors.alice, record=word):
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    token.transfer(actors.bob, SHARE, sender=actors.alice)


def test_transfer_from__receiver_without_trade__refused(token, actors, given, allowed):
    word = given(actors.bob, scopes=EVERY_SCOPE & ~Scope.TRADE)

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_TRADE_SCOPE, account=actors.bob, record=word):
        token.transferFrom(actors.alice, actors.bob, SHARE, sender=actors.platform)
    token.transfer(actors.bob, SHARE, sender=actors.alice)


@pytest.mark.parametrize("call", ["transfer", "batchTransfer"])
@pytest.mark.parametrize(
    ("platform", "bob", "error", "code"),
    [
        (Scope.TRADE | Scope.EXECUTE, Scope.HOLD | Scope.TRADE, None, 0),
        (EVERY_SCOPE & ~Scope.TRADE, EVERY_SCOPE, "ShareTokenCannotSend", Reason.SENDER_TRADE_SCOPE),
        (EVERY_SCOPE, EVERY_SCOPE & ~Scope.TRADE, "ShareTokenCannotReceive", Reason.RECEIVER_TRADE_SCOPE),
        (EVERY_SCOPE & ~Scope.EXECUTE, EVERY_SCOPE, "ShareTokenCannotExecute", Reason.EXECUTOR_SCOPE),
    ],
)
def test_transfer__from_a_platforms_own_wallet__counts_as_executed(
    token, actors, given, call, platform, bob, error, code
):
    words = {
        "ShareTokenCannotReceive": (actors.bob, given(actors.bob, scopes=bob)),
        "ShareTokenCannotSend": (
            actors.platform,
            given(actors.platform, scopes=platform, investor_class=InvestorClass.PLATFORM),
        ),
    }
    words["ShareTokenCannotExecute"] = words["ShareTokenCannotSend"]
    arguments = (actors.bob, SHARE) if call == "transfer" else ([actors.bob], [SHARE])

    if error:
        account, record = words[error]
        with refuses(getattr(token, error), code=code, account=account, record=record):
            getattr(token, call)(*arguments, sender=actors.platform)
    else:
        getattr(token, call)(*arguments, sender=actors.platform)
    assert token.balanceOf(actors.bob) == (100 if error else 101) * SHARE


# ---------------------------------------------------------------- pools, and LIQUIDITY on their other side


@pytest.fixture
def pool(token, actors, given):
    """A pool with ten shares of alice's; she may provide liquidity, bob may not."""
    given(actors.pool, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE & ~Scope.LIQUIDITY)
    given(actors.alice, scopes=HOLDER | Scope.LIQUIDITY)
    token.transfer(actors.pool, 10 * SHARE, sender=actors.alice)
    return actors.pool


def test_transfer__to_a_pool__asks_liquidity_of_the_sender(registry, token, actors, pool):
    assert token.balanceOf(pool) == 10 * SHARE
    with refuses(
        token.ShareTokenCannotSend,
        code=Reason.SENDER_LIQUIDITY_SCOPE,
        account=actors.bob,
        record=registry.recordOf(actors.bob),
    ):
        token.transfer(pool, SHARE, sender=actors.bob)


def test_transfer__from_a_pool__asks_liquidity_of_the_receiver(registry, token, actors, pool):
    receipt = token.transfer(actors.alice, SHARE, sender=pool)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, pool, pool, actors.alice, SHARE)
    with refuses(
        token.ShareTokenCannotReceive,
        code=Reason.RECEIVER_LIQUIDITY_SCOPE,
        account=actors.bob,
        record=registry.recordOf(actors.bob),
    ):
        token.transfer(actors.bob, SHARE, sender=pool)


def test_transfer__from_a_pool_that_may_not_execute__refused(token, actors, pool, given):
    word = given(pool, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE & ~Scope.EXECUTE)

    with refuses(token.ShareTokenCannotExecute, code=Reason.EXECUTOR_SCOPE, account=pool, record=word):
        token.transfer(actors.alice, SHARE, sender=pool)


def test_transfer__from_pool_to_pool__asks_liquidity_of_both(token, actors, pool, given):
    other = given(actors.carol, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE & ~Scope.LIQUIDITY)
    with refuses(
        token.ShareTokenCannotSend,
        code=Reason.SENDER_LIQUIDITY_SCOPE,
        account=pool,
        record=given(pool, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE & ~Scope.LIQUIDITY),
    ):
        token.transfer(actors.carol, SHARE, sender=pool)
    given(pool, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE)
    with refuses(
        token.ShareTokenCannotReceive,
        code=Reason.RECEIVER_LIQUIDITY_SCOPE,
        account=actors.carol,
        record=other,
    ):
        token.transfer(actors.carol, SHARE, sender=pool)
    given(actors.carol, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE)

    token.transfer(actors.carol, SHARE, sender=pool)

    assert token.balanceOf(actors.carol) == SHARE


def test_transfer_from__platform_moves_into_a_pool__asks_liquidity_of_the_owner(token, actors, pool, given):
    token.approve(actors.platform, 2 * SHARE, sender=actors.alice)
    token.transferFrom(actors.alice, pool, SHARE, sender=actors.platform)
    word = given(actors.alice, scopes=HOLDER)

    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_LIQUIDITY_SCOPE, account=actors.alice, record=word):
        token.transferFrom(actors.alice, pool, SHARE, sender=actors.platform)


def test_transfer_from__pool_pulls_from_its_participant__moves(token, actors, pool):
    token.approve(pool, SHARE, sender=actors.alice)

    receipt = token.transferFrom(actors.alice, pool, SHARE, sender=pool)

    assert receipt.events == movement(token, receipt, Kind.TRANSFER, pool, actors.alice, pool, SHARE)


def test_force__into_and_out_of_a_pool__asks_no_liquidity(token, actors, pool):
    """LIQUIDITY binds who trades, not who carries out an order."""
    for source, to in ((actors.bob, pool), (pool, actors.bob)):
        receipt = token.forcedTransferWithOrder(source, to, SHARE, Basis.SANCTIONS, ORDER, sender=actors.compliance)
        assert receipt.events == movement(token, receipt, Kind.FORCE, actors.compliance, source, to, SHARE, SANCTIONS)


def test_mint__to_a_pool__refused(token, ledger, actors, pool, registry, sentence, signed):
    draft = sentence(account=pool.address)

    with refuses(
        token.ShareTokenCannotReceive,
        code=Reason.RECEIVER_POOL_MINT,
        account=pool,
        record=registry.recordOf(pool),
    ):
        ledger.attest(draft.as_tuple(), signed(draft), sender=actors.relay)


# ---------------------------------------------------------------- the zero address


def test_transfer_from__to_the_zero_address__refused_as_in_openzeppelin(token, actors, allowed):
    with refuses(token.ERC20InvalidReceiver, receiver=ZERO_ADDRESS):
        token.transferFrom(actors.alice, ZERO_ADDRESS, 0, sender=actors.platform)


@pytest.mark.parametrize("amount", [0, 1])
def test_transfer_from__from_the_zero_address__refused_as_in_openzeppelin(token, actors, amount):
    """OpenZeppelin looks at the allowance first, and nobody holds one from the zero address."""
    error = (
        (token.ERC20InsufficientAllowance, {"spender": actors.platform, "allowance": 0, "needed": 1})
        if amount
        else (token.ERC20InvalidApprover, {"approver": ZERO_ADDRESS})
    )
    with refuses(error[0], **error[1]):
        token.transferFrom(ZERO_ADDRESS, actors.bob, amount, sender=actors.platform)
