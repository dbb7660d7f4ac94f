"""The order of the checks is fixed, and it is the same by every path and in every view.

Each ladder brings its faults about from the last to the first. After each one, every path must report the fault that
has just come, since all later ones are there as well: so every pair of faults is ordered.
"""

from __future__ import annotations

import pytest

from stockade.records import ZERO_ADDRESS, Basis, InvestorClass, Kind, Pause, Scope, Status
from tests.contracts.support import ALL_CLASSES, MAX_128, MAX_256, ORDER, Reason, refuses, revert_of, terms
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")

EVERY_SCOPE = Scope(31)
POOL_CLASS = 1 << InvestorClass.POOL


@pytest.fixture
def faults(token, listings, actors, given, now, travel):
    """Brings about one fault after another; a record keeps the faults it has."""
    records = {}

    def spoil(wallet, **change):
        records.setdefault(wallet.address, {"scopes": EVERY_SCOPE}).update(change)
        frozen = records[wallet.address].pop("frozen", False)
        given(wallet, frozen=frozen, **records[wallet.address])

    def without(wallet, scope):
        spoil(wallet, scopes=records.get(wallet.address, {}).get("scopes", EVERY_SCOPE) & ~scope)

    def lapse():
        _, old = listings.termsOf(1)
        listings.amendExemption(1, terms(old.validFrom, now() + 10), sender=actors.issuer)
        travel(10)

    by_order = (Basis.REGULATOR_ORDER, ORDER)
    compliance = actors.compliance

    def bring(fault, wallet=None):
        acts = {
            "SUSPENDED": lambda: listings.suspend(token, *by_order, sender=compliance),
            "LAPSED": lapse,
            "HALTED": lambda: listings.setHalt(token, True, *by_order, sender=compliance),
            "PAUSED": lambda: token.pause(Pause.TRANSFER | Pause.MINT | Pause.FORCE, sender=actors.pauser),
            "PARTLY FROZEN": lambda: token.setFrozenTokens(wallet, MAX_128, sender=compliance),
            "CLASS": lambda: token.setPolicy(ALL_CLASSES & ~POOL_CLASS, 0, sender=actors.issuer),
            "FROZEN": lambda: spoil(wallet, frozen=True),
            "REVOKED": lambda: spoil(wallet, status=Status.REVOKED),
            "EXPIRED": lambda: spoil(wallet, expires_at=1),
            "POOL": lambda: spoil(wallet, investor_class=InvestorClass.POOL),
            "PLATFORM": lambda: spoil(wallet, investor_class=InvestorClass.PLATFORM),
            **{
                f"NO {scope.name}": lambda scope=scope: without(wallet, scope)
                for scope in (Scope.HOLD, Scope.TRANSFER, Scope.TRADE, Scope.LIQUIDITY, Scope.EXECUTE)
            },
        }
        acts[fault]()

    return bring


# A ladder: (reason, fault, whose), from the first check to the last. Amounts and addresses are not among the faults:
# the paths are asked with them.
PHASES = [
    ("PHASE_SUSPENDED", "SUSPENDED", None),
    ("LAPSED", "LAPSED", None),
    ("HALTED", "HALTED", None),
    ("TRANSFER_PAUSED", "PAUSED", None),
]
RECEIVER = [
    ("RECEIVER_FROZEN", "FROZEN", "bob"),
    ("RECEIVER_REVOKED", "REVOKED", "bob"),
    ("RECEIVER_EXPIRED", "EXPIRED", "bob"),
    ("RECEIVER_HOLD_SCOPE", "NO HOLD", "bob"),
]
OWN = [
    *PHASES,
    ("INSUFFICIENT_UNFROZEN", "PARTLY FROZEN", "alice"),
    ("SENDER_FROZEN", "FROZEN", "alice"),
    ("SENDER_REVOKED", "REVOKED", "alice"),
    ("SENDER_EXPIRED", "EXPIRED", "alice"),
    ("SENDER_TRANSFER_SCOPE", "NO TRANSFER", "alice"),
    *RECEIVER,
    ("RECEIVER_CLASS", "CLASS", None),
    ("SENDER_LIQUIDITY_SCOPE", "NO LIQUIDITY", "alice"),
]
EXECUTED = [
    *PHASES,
    ("INSUFFICIENT_UNFROZEN", "PARTLY FROZEN", "alice"),
    ("SENDER_FROZEN", "FROZEN", "alice"),
    ("SENDER_REVOKED", "REVOKED", "alice"),
    ("SENDER_EXPIRED", "EXPIRED", "alice"),
    ("SENDER_TRADE_SCOPE", "NO TRADE", "alice"),
    *RECEIVER,
    ("RECEIVER_TRADE_SCOPE", "NO TRADE", "bob"),
    ("EXECUTOR_FROZEN", "FROZEN", "platform"),
    ("EXECUTOR_REVOKED", "REVOKED", "platform"),
    ("EXECUTOR_EXPIRED", "EXPIRED", "platform"),
    ("EXECUTOR_SCOPE", "NO EXECUTE", "platform"),
    ("RECEIVER_CLASS", "CLASS", None),
    ("SENDER_LIQUIDITY_SCOPE", "NO LIQUIDITY", "alice"),
    ("RECEIVER_LIQUIDITY_SCOPE", "NO LIQUIDITY", "bob"),
]
OWN_OF_A_VENUE = [
    *PHASES,
    ("INSUFFICIENT_UNFROZEN", "PARTLY FROZEN", "alice"),
    ("SENDER_FROZEN", "FROZEN", "alice"),
    ("SENDER_REVOKED", "REVOKED", "alice"),
    ("SENDER_EXPIRED", "EXPIRED", "alice"),
    ("SENDER_TRADE_SCOPE", "NO TRADE", "alice"),
    *RECEIVER,
    ("RECEIVER_TRADE_SCOPE", "NO TRADE", "bob"),
    ("EXECUTOR_SCOPE", "NO EXECUTE", "alice"),
    ("RECEIVER_CLASS", "CLASS", None),
    ("SENDER_LIQUIDITY_SCOPE", "NO LIQUIDITY", "alice"),
]
FORCE = [
    ("FORCE_PAUSED", "PAUSED", None),
    *RECEIVER,
    ("RECEIVER_CLASS", "CLASS", None),
]
MINT = [
    ("PHASE_SUSPENDED", "SUSPENDED", None),
    ("LAPSED", "LAPSED", None),
    ("MINT_PAUSED", "PAUSED", None),
    *RECEIVER,
    ("RECEIVER_CLASS", "CLASS", None),
    ("RECEIVER_POOL_MINT", "POOL", "bob"),
]


@pytest.fixture
def climb(faults, actors, token):
    """Brings a ladder's faults about from the last to the first, and lets `check` look after each one."""

    def up(ladder, check):
        faults("POOL", actors.bob)
        token.setPolicy(ALL_CLASSES, 0, sender=actors.issuer)
        for reason, fault, whose in reversed(ladder):
            if (fault, whose) != ("POOL", "bob"):
                faults(fault, whose and getattr(actors, whose))
            check(Reason[reason])

    return up


@pytest.fixture
def code_of(stage):
    """The reason code behind what a call reverts with."""
    return lambda data: stage.reasons.codeOf(data)


def is_stop(reason) -> bool:
    """Whether the reason outranks a short balance; all others come after it."""
    return reason < Reason.SENDER_RESERVED


def addresses_first(token, paths, amount):
    """A zero receiver outranks every fault but a short allowance."""
    for path in paths:
        with refuses(token.ERC20InvalidReceiver, receiver=ZERO_ADDRESS):
            path(ZERO_ADDRESS, amount)


@pytest.mark.parametrize(("ladder", "venue"), [(OWN, False), (OWN_OF_A_VENUE, True)], ids=["own", "a venue's own"])
def test_transfer_or_batch__faults_from_last_to_first__each_outranks_the_later(
    token, actors, faults, climb, code_of, ladder, venue
):
    """Single, batch (alone, and behind a good row) and ERC-1404's view say the same."""
    alice, bob = actors.alice, actors.bob
    if venue:
        faults("PLATFORM", alice)

    def single(to, amount):
        token.transfer.call(to, amount, sender=alice)

    def batch(to, amount):
        token.batchTransfer.call([to], [amount], sender=alice)

    def check(reason):
        data = revert_of(lambda: single(bob, SHARE))
        assert code_of(data) == token.detectTransferRestriction(alice, bob, SHARE) == reason
        assert revert_of(lambda: batch(bob, SHARE)) == data
        if is_stop(reason):
            assert revert_of(lambda: single(bob, MAX_256)) == data
        else:
            with refuses(token.ERC20InsufficientBalance, sender=alice, balance=100 * SHARE, needed=MAX_256):
                single(bob, MAX_256)
            assert token.detectTransferRestriction(alice, bob, MAX_256) == Reason.INSUFFICIENT_BALANCE
        if reason.name.startswith("RECEIVER") and not venue:
            rows = ([actors.platform, bob], [0, SHARE])
            assert revert_of(lambda: token.batchTransfer.call(*rows, sender=alice)) == data

    climb(ladder, check)
    addresses_first(token, (single, batch), MAX_256)
    assert token.detectTransferRestriction(alice, ZERO_ADDRESS, MAX_256) == Reason.ZERO_RECEIVER


def test_transfer_from__faults_from_last_to_first__each_outranks_the_later(token, actors, faults, climb, code_of):
    alice, bob, platform = actors.alice, actors.bob, actors.platform
    faults("POOL", alice)
    faults("PLATFORM", platform)
    token.approve(platform, 200 * SHARE, sender=alice)

    def go(to, amount):
        token.transferFrom.call(alice, to, amount, sender=platform)

    def check(reason):
        data = revert_of(lambda: go(bob, SHARE))
        assert code_of(data) == token.detectTransferRestrictionFrom(platform, alice, bob, SHARE) == reason
        assert token.restrictionOf(Kind.TRANSFER, platform, alice, bob, SHARE) == reason
        if is_stop(reason):
            assert revert_of(lambda: go(bob, 101 * SHARE)) == data
        else:
            with refuses(token.ERC20InsufficientBalance, sender=alice, balance=100 * SHARE, needed=101 * SHARE):
                go(bob, 101 * SHARE)

    climb(EXECUTED, check)
    addresses_first(token, [go], 101 * SHARE)
    with refuses(token.ERC20InsufficientAllowance, spender=platform, allowance=200 * SHARE, needed=200 * SHARE + 1):
        go(ZERO_ADDRESS, 200 * SHARE + 1)
    asked = (platform, alice, ZERO_ADDRESS, 200 * SHARE)
    assert token.detectTransferRestrictionFrom(*asked) == Reason.ZERO_RECEIVER
    assert token.detectTransferRestrictionFrom(*asked[:3], 200 * SHARE + 1) == Reason.INSUFFICIENT_ALLOWANCE


def test_force__faults_from_last_to_first__each_outranks_the_later(token, actors, climb, code_of):
    alice, bob, compliance = actors.alice, actors.bob, actors.compliance

    def go(to, amount):
        token.forcedTransfer.call(alice, to, amount, sender=compliance)

    def check(reason):
        data = revert_of(lambda: go(bob, SHARE))
        assert code_of(data) == token.restrictionOf(Kind.FORCE, compliance, alice, bob, SHARE) == reason
        if is_stop(reason):
            assert revert_of(lambda: go(bob, MAX_256)) == data
        else:
            with refuses(token.ERC20InsufficientBalance, sender=alice, balance=100 * SHARE, needed=MAX_256):
                go(bob, MAX_256)

    climb(FORCE, check)
    addresses_first(token, [go], MAX_256)


def test_mint__faults_from_last_to_first__each_outranks_the_later(
    token, ledger, actors, climb, code_of, sentence, signed
):
    """The amounts that only the view can ask for are between the pause and the receiver."""
    bob = actors.bob
    deposit = sentence(account=bob.address, shares=SHARE)
    votes = signed(deposit)

    def view(amount, to=bob):
        return token.restrictionOf(Kind.MINT, ledger, ZERO_ADDRESS, to, amount)

    def check(reason):
        data = revert_of(lambda: ledger.attest.call(deposit.as_tuple(), votes, sender=actors.relay))
        assert code_of(data) == view(SHARE) == reason
        assert view(0) == (reason if is_stop(reason) else Reason.ZERO_AMOUNT)
        assert view(MAX_128 - 300 * SHARE + 1) == (reason if is_stop(reason) else Reason.AMOUNT_TOO_LARGE)
        assert view(MAX_128 - 300 * SHARE) == reason

    climb(MINT, check)
    assert view(0, to=ZERO_ADDRESS) == Reason.ZERO_RECEIVER


# ---------------------------------------------------------------- what stands outside the ladders


def test_move__reserved_party__outranks_its_record_and_stands_at_its_side(token, ledger, actors, given):
    given(ledger, frozen=True)
    alice, bob, platform = actors.alice, actors.bob, actors.platform
    assert token.restrictionOf(Kind.TRANSFER, platform, ledger, bob, 0) == Reason.SENDER_RESERVED
    assert token.restrictionOf(Kind.TRANSFER, alice, alice, ledger, 0) == Reason.RECEIVER_RESERVED
    assert token.restrictionOf(Kind.TRANSFER, platform, ledger, token, 0) == Reason.SENDER_RESERVED
    assert token.restrictionOf(Kind.TRANSFER, alice, alice, ledger, MAX_256) == Reason.INSUFFICIENT_BALANCE
    given(alice, frozen=True)

    assert token.restrictionOf(Kind.TRANSFER, alice, alice, ledger, 0) == Reason.SENDER_FROZEN


@pytest.mark.parametrize("kind", [0, 7, 8, 9, 255])
def test_move__no_such_movement__outranks_everything(token, actors, kind):
    assert token.restrictionOf(kind, actors.alice, ZERO_ADDRESS, ZERO_ADDRESS, MAX_256) == Reason.MOVEMENT_UNKNOWN


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("PENDING", Reason.PHASE_PENDING),
        ("WIND_DOWN", Reason.PHASE_WIND_DOWN),
        ("sender unknown", Reason.SENDER_UNKNOWN),
        ("receiver unknown", Reason.RECEIVER_UNKNOWN),
        ("receiver reserved", Reason.RECEIVER_RESERVED),
        ("receiver no provider", Reason.RECEIVER_LIQUIDITY_SCOPE),
        ("executor revoked", Reason.EXECUTOR_REVOKED),
        ("executor expired", Reason.EXECUTOR_EXPIRED),
        ("executor frozen", Reason.EXECUTOR_FROZEN),
    ],
)
def test_transfer_or_batch__reasons_outside_the_ladders__the_same_by_every_path(
    token, ledger, listings, actors, launch, given, code_of, case, code
):
    sender, to, share = actors.alice, actors.bob, token
    if case == "PENDING":
        share = launch("MSFT", activate=False)
    elif case == "WIND_DOWN":
        listings.windDown(token, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    elif case == "sender unknown":
        sender = actors.stranger
    elif case == "receiver unknown":
        to = actors.stranger
    elif case == "receiver reserved":
        to = ledger
    elif case == "receiver no provider":
        given(sender, investor_class=InvestorClass.POOL, scopes=EVERY_SCOPE)
    data = revert_of(lambda: share.transfer.call(to, 0, sender=sender)) if "executor" not in case else None

    if data is None:
        # A venue's own wallet is sender and executor at once, and judged as sender first: only a spender shows these.
        change = {"revoked": {"status": Status.REVOKED}, "expired": {"expires_at": 1}, "frozen": {"frozen": True}}
        given(actors.platform, scopes=EVERY_SCOPE, **change[case.split()[1]])
        data = revert_of(lambda: share.transferFrom.call(sender, to, 0, sender=actors.platform))
        assert share.detectTransferRestrictionFrom(actors.platform, sender, to, 0) == code
    else:
        assert revert_of(lambda: share.batchTransfer.call([to], [0], sender=sender)) == data
        assert share.detectTransferRestriction(sender, to, 0) == code
    assert code_of(data) == code


def test_reasons__of_transfers__all_met_above():
    """Every reason below 100 is on a ladder or among the cases outside; `elsewhere` are in test_stops, test_executor
    and custody.
    """
    ladders = {Reason[reason] for ladder in (OWN, EXECUTED, OWN_OF_A_VENUE, FORCE, MINT) for reason, _, _ in ladder}
    outside = {
        Reason.NONE,
        Reason.PHASE_PENDING,
        Reason.PHASE_WIND_DOWN,
        Reason.SENDER_RESERVED,
        Reason.SENDER_UNKNOWN,
        Reason.RECEIVER_RESERVED,
        Reason.RECEIVER_UNKNOWN,
        Reason.INSUFFICIENT_BALANCE,
        Reason.INSUFFICIENT_ALLOWANCE,
        Reason.ZERO_AMOUNT,
        Reason.AMOUNT_TOO_LARGE,
        Reason.ZERO_RECEIVER,
        Reason.MOVEMENT_UNKNOWN,
    }
    elsewhere = {
        Reason.BURN_PAUSED,
        Reason.EXECUTOR_UNKNOWN,
        Reason.ZERO_SENDER,
        Reason.NOT_WHOLE_SHARES,
    }
    assert ladders | outside | elsewhere == {reason for reason in Reason if reason < Reason.CUSTODIAN_UNKNOWN}
