"""A lost wallet: declared by COMPLIANCE on the registry, carried over token by token and request by request.

Carol is investor 4, holds ten shares, and loses her wallet; outsider is her new one.
"""

from __future__ import annotations

import pytest

from stockade.records import Basis, Kind, Pause, Scope, Status, order_ref
from tests.contracts.support import (
    MAX_128,
    NO_REF,
    ORDER,
    Reason,
    entry,
    error_data,
    movement,
    refuses,
    report,
    revert_of,
)
from tests.support import SHARE

RECOVERY, REQUEST_RECOVERED = 5, 5
LOST = order_ref(Basis.LOST_WALLET, ORDER)
# The registrar number of a lost wallet.
NO_REGISTRAR = 0xFFFF


@pytest.fixture(scope="module")
def carol_has_two_wallets(market, house, actors, chain):
    word = house.registry.recordOf(actors.alice) & ~(0xFFFFFFFFFFFFFFFF << 104) | 4 << 104
    house.registry.setRecords([actors.carol, actors.outsider], [word, word], NO_REF, sender=actors.registrar)
    house.token.transfer(actors.carol, 10 * SHARE, sender=actors.alice)
    chain.mine()


pytestmark = pytest.mark.usefixtures("carol_has_two_wallets")


@pytest.fixture
def lose(registry, actors):
    """COMPLIANCE declares carol's wallet lost."""

    def declare(lost=actors.carol, replacement=actors.outsider, basis=Basis.LOST_WALLET):
        return registry.recover(lost, replacement, basis, ORDER, sender=actors.compliance)

    return declare


# ---------------------------------------------------------------- declared


def test_recover__fit_replacement__revokes_the_lost_wallet_and_reports(registry, actors, lose):
    before = registry.recordOf(actors.carol)

    receipt = lose()

    revoked = before & ~(0xFFFF << 48 | 0xFF) | NO_REGISTRAR << 48 | Status.REVOKED
    assert receipt.events == [
        report(
            registry,
            receipt,
            RECOVERY,
            actors.compliance,
            ["address", "address", "uint256", "bytes32"],
            [actors.carol, actors.outsider, revoked, LOST],
        )
    ]
    assert registry.recordOf(actors.carol) == revoked
    assert tuple(registry.recoveryOf(actors.carol)) == (actors.outsider.address, LOST)


@pytest.mark.parametrize("changes", [{"expires_at": 1}, {"status": Status.REVOKED}, {"scopes": Scope(0)}])
def test_recover__lost_wallet_expired_revoked_or_without_scopes__declared(registry, actors, given, lose, changes):
    given(actors.carol, investor_id=4, **changes)

    lose()

    assert registry.recoveryOf(actors.carol).replacement == actors.outsider


@pytest.mark.parametrize("case", ["frozen", "unknown", "itself"])
def test_recover__lost_wallet_unfit__refused(registry, actors, given, lose, case):
    lost = {"frozen": actors.carol, "unknown": actors.stranger, "itself": actors.outsider}[case]
    if case == "frozen":
        given(actors.carol, investor_id=4, frozen=True)

    with refuses(registry.RegistryNotRecoverable, lost=lost, record=registry.recordOf(lost)):
        lose(lost=lost)


UNFIT = {
    "of an earlier investor": {"investor_id": 3},
    "of a later investor": {"investor_id": 5},
    "expired": {"expires_at": 1},
    "revoked": {"status": Status.REVOKED},
    "frozen": {"frozen": True},
    "unknown": None,
}


@pytest.mark.parametrize("case", UNFIT)
def test_recover__replacement_unfit__refused(registry, actors, given, lose, case):
    replacement = actors.stranger if UNFIT[case] is None else actors.outsider
    word = 0 if UNFIT[case] is None else given(replacement, **{"investor_id": 4, **UNFIT[case]})

    with refuses(registry.RegistryReplacementUnfit, replacement=replacement, record=word):
        lose(replacement=replacement)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_recover__around_the_replacements_expiry__holds_strictly_before(registry, actors, given, lose, now, at, off):
    expiry = now() + 1000
    word = given(actors.outsider, investor_id=4, expires_at=expiry)
    at(expiry + off)

    if off < 0:
        lose()
    else:
        with refuses(registry.RegistryReplacementUnfit, replacement=actors.outsider, record=word):
            lose()


def test_recover__again__names_another_replacement(registry, actors, given, lose):
    lose()
    given(actors.stranger, investor_id=4)

    lose(replacement=actors.stranger)

    assert registry.recoveryOf(actors.carol).replacement == actors.stranger


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.REVOKED])
def test_set_records__of_a_lost_wallet__refused_to_every_registrar(registry, actors, lose, record, status):
    """No routine batch brings a lost wallet back, nor a wallet that replaced it and was lost in turn."""
    lose()
    after = registry.recordOf(actors.carol)

    for sender, number in ((actors.registrar, 1), (actors.second_registrar, 2)):
        row = record(registrar=number, status=status).pack()
        with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.carol, owner=NO_REGISTRAR, registrar=number):
            registry.setRecords([actors.carol], [row], NO_REF, sender=sender)
    with refuses(registry.RegistryReservedNumber, number=NO_REGISTRAR):
        registry.setRegistrar(actors.registrar, NO_REGISTRAR, sender=actors.compliance)
    assert registry.recordOf(actors.carol) == after


def test_recover__basis_unstated__refused(registry, lose):
    with refuses(registry.RegistryBasisUnstated):
        lose(basis=Basis.UNSTATED)


# ---------------------------------------------------------------- balances


def test_recover_balance__declared__moves_it_as_force(token, actors, lose):
    lose()

    receipt = token.recoverBalance(actors.carol, sender=actors.compliance)

    assert receipt.events == movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.carol, actors.outsider, 10 * SHARE, LOST
    )
    assert token.balanceOf(actors.carol) == 0
    assert token.balanceOf(actors.outsider) == 10 * SHARE


@pytest.mark.parametrize("frozen", [3 * SHARE, 50 * SHARE], ids=["within the balance", "above the balance"])
@pytest.mark.parametrize("already", [0, 2 * SHARE])
def test_recover_balance__partly_frozen__the_frozen_amount_moves_along(token, actors, lose, frozen, already):
    token.setFrozenTokens(actors.carol, frozen, sender=actors.compliance)
    token.setFrozenTokens(actors.outsider, already, sender=actors.compliance)
    lose()

    receipt = token.recoverBalance(actors.carol, sender=actors.compliance)

    compliance = actors.compliance
    assert receipt.events == [
        token.Frozen(actors.carol, 0),
        entry(token, receipt, Kind.FREEZE, compliance, actors.carol, ref=LOST),
        *movement(token, receipt, Kind.FORCE, compliance, actors.carol, actors.outsider, 10 * SHARE, LOST, step=2),
        token.Frozen(actors.outsider, already + frozen),
        entry(token, receipt, Kind.FREEZE, compliance, actors.outsider, amount=already + frozen, ref=LOST, step=3),
    ]
    assert (token.balanceOf(actors.carol), token.getFrozenTokens(actors.carol)) == (0, 0)
    assert token.balanceOf(actors.outsider) == 10 * SHARE
    assert token.getFrozenTokens(actors.outsider) == already + frozen


def test_recover_balance__frozen_amounts_beyond_128_bits__frozen_as_far_as_can_be(token, actors, lose):
    token.setFrozenTokens(actors.carol, MAX_128, sender=actors.compliance)
    token.setFrozenTokens(actors.outsider, 1, sender=actors.compliance)
    lose()

    token.recoverBalance(actors.carol, sender=actors.compliance)

    assert token.getFrozenTokens(actors.outsider) == MAX_128
    assert token.balanceOf(actors.outsider) == 10 * SHARE


def test_recover_balance__again__moves_what_has_arrived_since(token, ledger, actors, lose, travel):
    ledger.requestRedemption(token, 1, 4 * SHARE, NO_REF, sender=actors.carol)
    lose()
    token.recoverBalance(actors.carol, sender=actors.compliance)
    travel(ledger.termsOf(token).redemptionPeriod)
    ledger.takeBack(1, sender=actors.carol)

    receipt = token.recoverBalance(actors.carol, sender=actors.compliance)

    assert receipt.events == movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.carol, actors.outsider, 4 * SHARE, LOST
    )
    assert token.balanceOf(actors.outsider) == 10 * SHARE


def test_recover_balance__nothing_there__reports_and_changes_nothing(token, actors, lose):
    lose()
    token.recoverBalance(actors.carol, sender=actors.compliance)

    receipt = token.recoverBalance(actors.carol, sender=actors.compliance)

    assert receipt.events == movement(
        token, receipt, Kind.FORCE, actors.compliance, actors.carol, actors.outsider, 0, LOST
    )


def test_recover_balance__of_every_token__each_in_a_call_of_its_own(token, actors, launch, lose):
    other = launch("MSFT")
    other.setFrozenTokens(actors.carol, 5, sender=actors.compliance)
    lose()

    token.recoverBalance(actors.carol, sender=actors.compliance)
    other.recoverBalance(actors.carol, sender=actors.compliance)

    assert token.balanceOf(actors.outsider) == 10 * SHARE
    assert (other.getFrozenTokens(actors.carol), other.getFrozenTokens(actors.outsider)) == (0, 5)


def test_recover_balance__never_declared__refused(token, registry, actors, given):
    word = given(actors.carol, investor_id=4, status=Status.REVOKED)

    with refuses(registry.RegistryNotRecoverable, lost=actors.carol, record=word):
        token.recoverBalance(actors.carol, sender=actors.compliance)


def test_recover_balance__lost_wallet_frozen_since__refused_until_it_is_lifted(token, registry, actors, lose):
    lose()
    registry.freeze(actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    with refuses(registry.RegistryNotRecoverable, lost=actors.carol, record=registry.recordOf(actors.carol)):
        token.recoverBalance(actors.carol, sender=actors.compliance)
    registry.unfreeze(actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    token.recoverBalance(actors.carol, sender=actors.compliance)
    assert token.balanceOf(actors.outsider) == 10 * SHARE


@pytest.mark.parametrize("case", [case for case in UNFIT if case != "unknown"])
def test_recover_balance__replacement_changed_since__refused(token, registry, actors, given, lose, case):
    lose()
    word = given(actors.outsider, **{"investor_id": 4, **UNFIT[case]})

    with refuses(registry.RegistryReplacementUnfit, replacement=actors.outsider, record=word):
        token.recoverBalance(actors.carol, sender=actors.compliance)


def test_recover_balance__replacement_may_not_hold__refused_as_a_force_would_be(token, actors, given, lose):
    word = given(actors.outsider, investor_id=4, scopes=Scope.TRANSFER)
    lose()

    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_HOLD_SCOPE, account=actors.outsider, record=word):
        token.recoverBalance(actors.carol, sender=actors.compliance)


def test_recover_balance__force_paused__refused(token, actors, lose):
    lose()
    token.pause(Pause.FORCE, sender=actors.pauser)

    control = token.control() >> 192
    with refuses(
        token.ShareTokenStopped,
        code=Reason.FORCE_PAUSED,
        phase=control & 7,
        activeUntil=control >> 32,
        halted=False,
        pauses=Pause.FORCE,
    ):
        token.recoverBalance(actors.carol, sender=actors.compliance)


@pytest.mark.parametrize("place", ["ledger", "token"])
def test_recover_balance__ledger_or_token_as_source_or_receiver__refused(stage, token, actors, given, lose, place):
    """A registrar may have written a record for them by mistake: their balance still belongs to others."""
    reserved = getattr(stage, place)
    word = given(reserved, investor_id=4)
    lose(replacement=reserved)
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_RESERVED, account=reserved, record=word):
        token.recoverBalance(actors.carol, sender=actors.compliance)
    lose(lost=reserved)

    # A force does not ask for the source's record, so the error may leave it out; it must not show another's.
    own = stage.registry.recordOf(reserved)
    assert revert_of(lambda: token.recoverBalance(reserved, sender=actors.compliance)) in [
        error_data(token.ShareTokenCannotSend, code=Reason.SENDER_RESERVED, account=reserved, record=record)
        for record in (0, own)
    ]


# ---------------------------------------------------------------- open requests


def test_recover_requests__declared__change_holder_and_report(token, ledger, actors, lose):
    ledger.requestRedemption(token, 1, 4 * SHARE, NO_REF, sender=actors.carol)
    ledger.requestRedemption(token, 1, 5 * SHARE, NO_REF, sender=actors.carol)
    lose()

    receipt = ledger.recoverRequests([1, 2], sender=actors.compliance)

    types = ["uint256", "address", "bytes32"]
    assert receipt.events == [
        report(
            ledger,
            receipt,
            REQUEST_RECOVERED,
            actors.compliance,
            types,
            [number, actors.outsider, LOST],
            step=number,
        )
        for number in (1, 2)
    ]
    assert ledger.requestOf(1).holder == ledger.requestOf(2).holder == actors.outsider
    assert token.balanceOf(ledger) == 9 * SHARE


def test_recover_requests__some_open_no_more__passed_over(token, ledger, actors, lose, travel):
    """So that a call with many can be repeated."""
    for _ in range(2):
        ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.carol)
    lose()
    travel(ledger.termsOf(token).redemptionPeriod)
    ledger.takeBack(1, sender=actors.carol)

    receipt = ledger.recoverRequests([1, 2, 3], sender=actors.compliance)

    types, values = ["uint256", "address", "bytes32"], [2, actors.outsider, LOST]
    assert receipt.events == [report(ledger, receipt, REQUEST_RECOVERED, actors.compliance, types, values)]
    assert (ledger.requestOf(1).holder, ledger.requestOf(2).holder) == (actors.carol, actors.outsider)


@pytest.mark.parametrize("case", ["force paused", "may not hold"])
def test_recover_requests__no_force_could_reach_the_replacement__refused(token, ledger, actors, given, lose, case):
    ledger.requestRedemption(token, 1, 2 * SHARE, NO_REF, sender=actors.carol)
    lose()
    if case == "force paused":
        token.pause(Pause.FORCE, sender=actors.pauser)
    else:
        given(actors.outsider, investor_id=4, scopes=Scope.TRANSFER)

    code = Reason.FORCE_PAUSED if case == "force paused" else Reason.RECEIVER_HOLD_SCOPE
    with refuses(ledger.CustodyRefused, code=code, given=1, wanted=int(actors.outsider.address, 16)):
        ledger.recoverRequests([1], sender=actors.compliance)
    assert ledger.requestOf(1).holder == actors.carol


def test_recover_requests__holder_not_lost__refused(token, ledger, registry, actors, lose):
    ledger.requestRedemption(token, 1, 4 * SHARE, NO_REF, sender=actors.alice)
    lose()

    with refuses(registry.RegistryNotRecoverable, lost=actors.alice, record=registry.recordOf(actors.alice)):
        ledger.recoverRequests([1], sender=actors.compliance)


def test_recovery_of__never_declared__refused(registry, actors):
    for wallet in (actors.carol, actors.stranger):
        with refuses(registry.RegistryNotRecoverable, lost=wallet, record=registry.recordOf(wallet)):
            registry.recoveryOf(wallet)
