"""A request, the custodian's answer to it, and the holder's take-back."""

from __future__ import annotations

import pytest

from stockade.records import ZERO_ADDRESS, Basis, Kind, Policy, Position, RequestStatus, SentenceKind, Status
from tests.contracts.custody.support import DELIVERY, MAX_96, START, Report, number, request_ref, said
from tests.contracts.support import ORDER, Reason, movement, poke_record, refuses
from tests.support import DAY, SHARE

TEN = 10 * SHARE


def status_of(ledger, request) -> RequestStatus:
    return RequestStatus(ledger.requestOf(request).status)


# ---------------------------------------------------------------- request


def test_request_redemption__by_a_holder__escrows_and_fixes_the_deadline(ledger, token, actors):
    receipt = ledger.requestRedemption(token, 1, TEN, DELIVERY, sender=actors.alice)

    deadline = receipt.timestamp + ledger.termsOf(token).redemptionPeriod
    request = (token.address, 1, deadline, RequestStatus.OPEN, actors.alice.address, TEN)

    assert receipt.events == [
        said(ledger, receipt, Report.REQUEST, 1, request, DELIVERY),
        *movement(token, receipt, Kind.ESCROW, ledger, actors.alice, ledger, TEN, request_ref(1)),
    ]
    assert tuple(ledger.requestOf(1)) == request
    assert ledger.requestCount() == 1
    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, TEN)
    assert token.totalSupply() == 2 * START
    assert Position.unpack(ledger.positionOf(token, 1)).issued == START


def test_request_redemption__terms_changed_later__the_deadline_stays(ledger, token, actors, ask, decree, now):
    first = ask(actors.alice)
    before = ledger.requestOf(first).deadline

    decree("setTerms", token, (SHARE, 2, 30 * DAY))

    assert ledger.requestOf(first).deadline == before
    assert ledger.requestOf(ask(actors.alice)).deadline == now() + 30 * DAY


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": Status.REVOKED}, id="revoked"),
        pytest.param({"expires_at": 1}, id="expired"),
        pytest.param({"scopes": 0}, id="without_scopes"),
    ],
)
def test_request_redemption__holder_no_longer_eligible__still_redeems(
    changes, ledger, token, actors, given, ask, answer, land, due
):
    """Who may no longer hold may leave, by release, rejection and take-back alike."""
    given(actors.alice, **changes)
    released, rejected, left = ask(actors.alice), ask(actors.alice), ask(actors.alice)

    land(answer(released, SentenceKind.RELEASE))
    land(answer(rejected, SentenceKind.REJECT))
    due(left)
    ledger.takeBack(left, sender=actors.alice)

    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, 0)


def test_request_redemption__holder_frozen__refused(ledger, token, registry, actors, freeze):
    freeze(actors.alice)

    record = registry.recordOf(actors.alice)
    with refuses(token.ShareTokenCannotSend, code=Reason.SENDER_FROZEN, account=actors.alice, record=record):
        ledger.requestRedemption(token, 1, TEN, DELIVERY, sender=actors.alice)


def test_request_redemption__record_gone__still_redeems(chain, registry, ledger, token, actors, ask, answer, land, due):
    """No function leads there, but a wallet without a record may leave if it holds."""
    poke_record(chain, registry, actors.alice, 0)
    released, rejected, left = ask(actors.alice), ask(actors.alice), ask(actors.alice)

    land(answer(released, SentenceKind.RELEASE))
    land(answer(rejected, SentenceKind.REJECT))
    due(left)
    ledger.takeBack(left, sender=actors.alice)

    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, 0)


def test_request_redemption__wallet_unknown__refused_for_its_balance_alone(ledger, token, actors):
    with refuses(token.ERC20InsufficientBalance, sender=actors.outsider, balance=0, needed=TEN):
        ledger.requestRedemption(token, 1, TEN, DELIVERY, sender=actors.outsider)


def test_request_redemption__more_than_the_balance__refused(ledger, token, actors):
    with refuses(token.ERC20InsufficientBalance, sender=actors.alice, balance=START, needed=START + SHARE):
        ledger.requestRedemption(token, 1, START + SHARE, DELIVERY, sender=actors.alice)
    assert ledger.requestCount() == 0


def test_request_redemption__partly_frozen__only_the_unfrozen_part(ledger, token, actors, ask):
    token.setFrozenTokensWithOrder(actors.alice, 60 * SHARE, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    with refuses(
        token.ERC7943InsufficientUnfrozenBalance,
        account=actors.alice,
        amount=41 * SHARE,
        unfrozen=40 * SHARE,
    ):
        ask(actors.alice, 41 * SHARE)

    ask(actors.alice, 40 * SHARE)
    assert token.balanceOf(ledger) == 40 * SHARE
    assert token.getFrozenTokens(actors.alice) == 60 * SHARE


@pytest.mark.parametrize(
    ("amount", "custodian", "code", "given", "wanted"),
    [
        pytest.param(0, 1, Reason.ZERO_AMOUNT, 0, 1, id="nothing"),
        pytest.param(1, 1, Reason.NOT_WHOLE_SHARES, 1, 0, id="one_unit"),
        pytest.param(TEN + 1, 1, Reason.NOT_WHOLE_SHARES, TEN + 1, TEN, id="one_unit_more"),
        pytest.param(TEN - 1, 1, Reason.NOT_WHOLE_SHARES, TEN - 1, TEN - SHARE, id="one_unit_less"),
        pytest.param(MAX_96, 1, Reason.NOT_WHOLE_SHARES, MAX_96, MAX_96 - MAX_96 % SHARE, id="the_largest_recordable"),
        pytest.param(MAX_96 + 1, 1, Reason.AMOUNT_TOO_LARGE, MAX_96 + 1, MAX_96, id="too_large"),
        pytest.param(2**256 - 1, 1, Reason.AMOUNT_TOO_LARGE, 2**256 - 1, MAX_96, id="largest"),
        pytest.param(TEN, 0, Reason.CUSTODIAN_UNKNOWN, 0, 2, id="custodian_zero"),
        pytest.param(TEN, 3, Reason.CUSTODIAN_UNKNOWN, 3, 2, id="custodian_beyond_the_last"),
    ],
)
def test_request_redemption__impossible__refused(
    amount, custodian, code, given, wanted, ledger, token, actors, refused
):
    with refused(code, given, wanted):
        ledger.requestRedemption(token, custodian, amount, DELIVERY, sender=actors.alice)


def test_request_redemption__token_without_terms__refused(ledger, actors, refused):
    with refused(Reason.TOKEN_UNKNOWN, number(actors.stranger), 0):
        ledger.requestRedemption(actors.stranger, 1, TEN, DELIVERY, sender=actors.alice)


def test_request_redemption__fractional_policy__any_amount_to_the_unit(suite, ledger, token, actors, ask, answer, land):
    control = suite.control(suite.token(token.address))
    token.setPolicy(control.allowed_classes, control.policy | Policy.FRACTIONAL_REDEMPTION, sender=actors.issuer)

    land(answer(ask(actors.alice, 1), SentenceKind.RELEASE))

    assert token.totalSupply() == 2 * START - 1
    assert suite.position(token.address, 1).held == START - 1


def test_request_redemption__several_holders_and_custodians__escrow_is_their_sum(
    ledger, token, actors, ask, answer, land
):
    first = ask(actors.alice, TEN, custodian=2)
    second = ask(actors.alice, 20 * SHARE)
    third = ask(actors.bob, 30 * SHARE)
    assert (first, second, third) == (1, 2, 3)
    assert token.balanceOf(ledger) == 60 * SHARE

    land(answer(second, SentenceKind.RELEASE))
    assert token.balanceOf(ledger) == 40 * SHARE
    land(answer(first, SentenceKind.REJECT))
    assert token.balanceOf(ledger) == 30 * SHARE
    assert status_of(ledger, third) == RequestStatus.OPEN
    assert (token.balanceOf(actors.alice), token.balanceOf(actors.bob)) == (80 * SHARE, 70 * SHARE)


# ---------------------------------------------------------------- the answer


def test_attest__release__burns_the_escrow_and_lowers_issued(ledger, token, suite, actors, ask, answer, land):
    release = answer(ask(actors.alice), SentenceKind.RELEASE)
    digest = release.digest(suite.deployment.chain_id, ledger.address)

    receipt = land(release)

    assert receipt.events == [
        said(ledger, receipt, Report.ATTESTATION, release.as_tuple(), START - TEN),
        *movement(token, receipt, Kind.BURN, ledger, ledger, ZERO_ADDRESS, TEN, digest),
    ]
    assert status_of(ledger, 1) == RequestStatus.RELEASED
    assert suite.position(token.address, 1) == Position(START - TEN, START - TEN, 2, release.as_of)
    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START - TEN, 0)
    assert token.totalSupply() == 2 * START - TEN


def test_attest__reject__gives_the_escrow_back(ledger, token, suite, actors, ask, answer, land):
    reject = answer(ask(actors.alice), SentenceKind.REJECT)

    receipt = land(reject)

    assert receipt.events == [
        said(ledger, receipt, Report.ATTESTATION, reject.as_tuple(), START),
        *movement(token, receipt, Kind.GIVE_BACK, ledger, ledger, actors.alice, TEN, request_ref(1)),
    ]
    assert status_of(ledger, 1) == RequestStatus.REJECTED
    assert suite.position(token.address, 1) == Position(START, START, 2, reject.as_of)
    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START, 0)
    assert token.totalSupply() == 2 * START


def test_attest__release_to_the_last_token_issued__lands(ledger, token, suite, actors, ask, answer, land):
    land(answer(ask(actors.alice, START), SentenceKind.RELEASE))

    assert suite.position(token.address, 1).issued == 0
    assert not ledger.isUnderReserved(token, 1)


def test_attest__release_above_issued__refused_then_rejected_and_asked_elsewhere(
    ledger, token, suite, actors, ask, answer, land, refused
):
    """Tokens are fungible: alice's hundred and one were issued by both; one custodian alone cannot release them."""
    token.transfer(actors.alice, SHARE, sender=actors.bob)
    request = ask(actors.alice, START + SHARE, custodian=2)
    with refused(Reason.ISSUED_TOO_LOW, START + SHARE, START):
        land(answer(request, SentenceKind.RELEASE))

    land(answer(request, SentenceKind.REJECT))
    land(answer(ask(actors.alice, START, custodian=2), SentenceKind.RELEASE))
    land(answer(ask(actors.alice, SHARE, custodian=1), SentenceKind.RELEASE))

    assert token.balanceOf(actors.alice) == 0
    assert suite.position(token.address, 1).issued == 99 * SHARE
    assert suite.position(token.address, 2).issued == 0


@pytest.mark.parametrize("kind", [SentenceKind.RELEASE, SentenceKind.REJECT])
@pytest.mark.parametrize("before", [SentenceKind.RELEASE, SentenceKind.REJECT])
def test_attest__answered_already__refused(before, kind, ledger, actors, ask, answer, land, refused):
    request = ask(actors.alice)
    land(answer(request, before))

    with refused(Reason.REQUEST_NOT_OPEN, request, status_of(ledger, request)):
        land(answer(request, kind))


@pytest.mark.parametrize(
    ("kind", "status"),
    [(SentenceKind.RELEASE, RequestStatus.RELEASED), (SentenceKind.REJECT, RequestStatus.REJECTED)],
)
def test_attest__answer_after_the_deadline__lands_while_nobody_took_back(
    kind, status, ledger, actors, ask, answer, land, due
):
    request = ask(actors.alice)
    due(request, 30 * DAY)

    land(answer(request, kind))

    assert status_of(ledger, request) == status


# ---------------------------------------------------------------- take-back


def test_take_back__after_the_deadline__returns_the_escrow(ledger, token, actors, ask, due):
    request = ask(actors.alice)
    due(request)

    receipt = ledger.takeBack(request, sender=actors.alice)

    assert receipt.events == [
        said(ledger, receipt, Report.TAKE_BACK, request),
        *movement(token, receipt, Kind.GIVE_BACK, ledger, ledger, actors.alice, TEN, request_ref(request)),
    ]
    assert status_of(ledger, request) == RequestStatus.TAKEN_BACK
    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (START, 0)
    assert Position.unpack(ledger.positionOf(token, 1)).issued == START


@pytest.mark.parametrize(("offset", "returns"), [(-1, False), (0, True), (1, True)])
def test_take_back__beside_the_deadline__from_that_second_on(offset, returns, ledger, actors, ask, due, refused):
    request = ask(actors.alice)
    time = due(request, offset)

    if returns:
        ledger.takeBack(request, sender=actors.alice)
    else:
        with refused(Reason.REQUEST_NOT_DUE, time, time + 1):
            ledger.takeBack(request, sender=actors.alice)


def test_take_back__by_another__refused(ledger, actors, ask, due, refused):
    request = ask(actors.alice)
    due(request)

    with refused(Reason.REQUEST_NOT_HOLDER, number(actors.bob), number(actors.alice)):
        ledger.takeBack(request, sender=actors.bob)


@pytest.mark.parametrize("request_id", [0, 2, 2**256 - 1])
def test_take_back__no_such_request__refused(request_id, ledger, actors, ask, refused):
    ask(actors.alice)

    with refused(Reason.REQUEST_NOT_OPEN, request_id, RequestStatus.NONE):
        ledger.takeBack(request_id, sender=actors.alice)


def test_take_back__twice__refused(ledger, token, actors, ask, due, refused):
    request, _ = ask(actors.alice), ask(actors.alice)
    due(request)
    ledger.takeBack(request, sender=actors.alice)

    with refused(Reason.REQUEST_NOT_OPEN, request, RequestStatus.TAKEN_BACK):
        ledger.takeBack(request, sender=actors.alice)
    assert token.balanceOf(ledger) == TEN


def test_take_back__then_release__fails_and_no_share_lives_twice(
    ledger, token, suite, actors, ask, answer, land, due, refused
):
    """The RELEASE was signed in time and is relayed too late."""
    request = ask(actors.alice)
    time = due(request)
    release = answer(request, SentenceKind.RELEASE, valid_until=time + DAY)
    ledger.takeBack(request, sender=actors.alice)

    with refused(Reason.REQUEST_NOT_OPEN, request, RequestStatus.TAKEN_BACK):
        land(release)
    assert suite.position(token.address, 1).issued == START
    assert token.totalSupply() == 2 * START
    assert token.balanceOf(actors.alice) == START


def test_take_back__after_release__fails_and_no_share_lives_twice(
    ledger, token, suite, actors, ask, answer, land, due, refused
):
    request = ask(actors.alice)
    due(request)
    land(answer(request, SentenceKind.RELEASE))

    with refused(Reason.REQUEST_NOT_OPEN, request, RequestStatus.RELEASED):
        ledger.takeBack(request, sender=actors.alice)
    assert suite.position(token.address, 1).issued == START - TEN
    assert token.totalSupply() == 2 * START - TEN
    assert token.balanceOf(actors.alice) == START - TEN
