"""To the second, to the unit, to the number: where a sentence stops landing."""

from __future__ import annotations

import pytest

from stockade.records import Position, SentenceKind, Status
from tests.contracts.custody.support import MAX_96, START
from tests.contracts.support import Reason, refuses
from tests.support import DAY, SHARE

# ---------------------------------------------------------------- time, to the second


@pytest.mark.parametrize(("offset", "lands"), [(-1, True), (0, True), (1, False)])
def test_attest__as_of_beside_the_block__lands_up_to_the_same_second(offset, lands, at, now, sentence, land, refused):
    time = at(now() + 100)
    statement = sentence(as_of=time + offset)

    if lands:
        land(statement)
    else:
        with refused(Reason.AS_OF_FUTURE, time + offset, time):
            land(statement)


@pytest.mark.parametrize(("offset", "lands"), [(-1, False), (0, True), (1, True)])
def test_attest__as_of_beside_the_last__never_goes_back(offset, lands, token, suite, at, now, sentence, land, refused):
    land(sentence())
    last = suite.position(token.address, 1).as_of
    at(now() + 100)
    statement = sentence(as_of=last + offset)

    if lands:
        land(statement)
        assert suite.position(token.address, 1).as_of == last + offset
    else:
        with refused(Reason.AS_OF_BACKWARDS, last - 1, last):
            land(statement)


@pytest.mark.parametrize(("offset", "lands"), [(-1, True), (0, False), (1, False)])
def test_attest__valid_until__lands_strictly_before(offset, lands, at, now, sentence, land, refused):
    end = now() + 100
    statement = sentence(valid_until=end)
    at(end + offset)

    if lands:
        land(statement)
    else:
        with refused(Reason.ATTESTATION_EXPIRED, end + offset, end):
            land(statement)


@pytest.mark.parametrize(("offset", "lands"), [(-1, True), (0, False), (1, False)])
def test_attest__deposit_on_an_old_position__lands_until_one_day_too_many_begins(
    offset, lands, ledger, token, suite, actors, at, sentence, land, refused
):
    """No calendar says otherwise, so every day (UTC) is a business day."""
    as_of = suite.position(token.address, 1).as_of
    most = ledger.termsOf(token).maxPositionAge
    at((as_of // DAY + most + 1) * DAY + offset)
    deposit = sentence(account=actors.carol.address, as_of=as_of)

    if lands:
        land(deposit)
    else:
        with refused(Reason.POSITION_STALE, most + 1, most):
            land(deposit)


@pytest.mark.parametrize(("closed", "days"), [((1, 3, 4), 2), ((1, 3), 3), ((), 5)])
def test_attest__deposit_over_a_long_weekend__counts_business_days_of_its_market(
    market_status, token, actors, at, now, sentence, land, decree, refused, closed, days
):
    """Five days pass; those that the market of the share (XNAS) is closed do not count, and unknown ones do."""
    decree("setTerms", token, (100 * SHARE, 2, 30 * DAY))
    first = now() // DAY + 2
    word = {}
    for off in closed:
        word[(first + off) // 64] = word.get((first + off) // 64, 0) | 1 << 4 * ((first + off) % 64)
    for number, value in word.items():
        market_status.setDays(b"XNAS", number, [value], sender=actors.market_operator)
    at((first + 5) * DAY)
    deposit = sentence(account=actors.carol.address, as_of=first * DAY)

    if days <= 2:
        land(deposit)
    else:
        with refused(Reason.POSITION_STALE, days, 2):
            land(deposit)


@pytest.mark.parametrize(("age", "lands"), [(366, True), (367, False)])
def test_attest__deposit_on_a_position_a_year_old__is_stale_whatever_the_calendar_says(
    market_status, token, actors, at, now, sentence, land, decree, refused, age, lands
):
    """A market that never opens: no business day passes."""
    decree("setTerms", token, (100 * SHARE, 2, 30 * DAY))
    first = now() // DAY + 1
    closed = [int("1" * 64, 16)] * 8
    market_status.setDays(b"XNAS", first // 64, closed, sender=actors.market_operator)
    at((first + age) * DAY)
    deposit = sentence(account=actors.carol.address, as_of=first * DAY)

    if lands:
        land(deposit)
    else:
        with refused(Reason.POSITION_STALE, age, 2):
            land(deposit)


def test_attest__deposit_under_other_terms__lands_while_younger_than_those_say(
    token, actors, decree, sentence, land, at, now, refused
):
    decree("setTerms", token, (100 * SHARE, 1, 30 * DAY))
    tomorrow = (now() // DAY + 1) * DAY
    at(tomorrow)
    with refused(Reason.POSITION_STALE, 2, 1):
        land(sentence(account=actors.carol.address, as_of=tomorrow - DAY - 1))

    land(sentence(account=actors.carol.address, as_of=tomorrow - DAY))


def test_attest__statement_on_an_old_position__lands(ledger, token, suite, at, sentence, land):
    """Age is a condition of minting alone."""
    as_of = suite.position(token.address, 1).as_of
    at(as_of + 2 * ledger.termsOf(token).maxPositionAge * DAY)

    land(sentence(as_of=as_of))


def test_attest__answer_on_an_old_position__lands(ledger, token, suite, actors, at, ask, answer, land):
    as_of = suite.position(token.address, 1).as_of
    request = ask(actors.alice)
    at(as_of + 2 * ledger.termsOf(token).maxPositionAge * DAY)

    land(answer(request, SentenceKind.RELEASE, as_of=as_of))


# ---------------------------------------------------------------- amounts, to the unit


def test_attest__deposit_at_the_cap__lands(ledger, token, actors, sentence, land):
    cap = ledger.termsOf(token).depositCap

    land(sentence(account=actors.carol.address, shares=cap))

    assert token.balanceOf(actors.carol) == cap


def test_attest__statement_at_the_largest_position__lands(token, suite, sentence, land):
    land(sentence(shares_held=MAX_96))

    assert suite.position(token.address, 1).held == MAX_96


def test_attest__deposit_up_to_the_largest_position__lands_and_no_unit_more(
    ledger, token, suite, actors, decree, sentence, land, refused
):
    decree("setTerms", token, (MAX_96, 2, DAY))
    land(sentence(account=actors.carol.address, shares=MAX_96 - START))

    assert suite.position(token.address, 1).issued == MAX_96
    assert suite.position(token.address, 1).held == MAX_96
    with refused(Reason.UNDER_RESERVED, MAX_96 + 1, MAX_96):
        land(sentence(account=actors.carol.address, shares=1, shares_held=MAX_96))


# ---------------------------------------------------------------- sequences


def test_attest__the_same_sentence_twice__refused(sentence, land, refused):
    """The guard is the number in the sentence, not the bytes of a signature."""
    statement = sentence()
    land(statement)

    with refused(Reason.SEQUENCE, 2, 3):
        land(statement)


def test_attest__an_older_sentence_after_a_newer__refused(sentence, land, refused):
    older, newer = sentence(), sentence(shares_held=300 * SHARE)
    land(newer)
    land(sentence())

    with refused(Reason.SEQUENCE, 2, 4):
        land(older)


def test_attest__a_new_custodians_first_sentence__is_number_one(
    token, suite, keys, new_custodian, sentence, land, refused
):
    custodian = new_custodian((keys.attestor.address, 1))
    for wrong in (0, 2):
        with refused(Reason.SEQUENCE, wrong, 1):
            land(sentence(custodian=custodian, sequence=wrong))

    land(sentence(custodian=custodian))

    assert suite.position(token.address, custodian).sequence == 1


def test_attest__two_custodians_in_any_order__each_keeps_its_own_sequence_and_time(
    token, suite, actors, at, now, sentence, land
):
    """Signed first, second; landed second, first. One's later position does not date the other's."""
    first = sentence(account=actors.carol.address, shares=SHARE)
    at(now() + 1000)
    second = sentence(custodian=2, account=actors.carol.address, shares=2 * SHARE)
    assert first.as_of < second.as_of

    land(second)
    land(first)

    assert suite.position(token.address, 1) == Position(101 * SHARE, 101 * SHARE, 2, first.as_of)
    assert suite.position(token.address, 2) == Position(102 * SHARE, 102 * SHARE, 2, second.as_of)
    assert token.balanceOf(actors.carol) == 3 * SHARE


def test_attest__recipient_frozen_meanwhile__replaced_by_a_statement_of_the_same_number(
    token, suite, registry, actors, freeze, unfreeze, sentence, land, refused
):
    deposit = sentence(account=actors.carol.address)
    freeze(actors.carol)
    record = registry.recordOf(actors.carol)
    assert record & 0xFF == Status.ACTIVE | 0x80
    with refuses(token.ShareTokenCannotReceive, code=Reason.RECEIVER_FROZEN, account=actors.carol, record=record):
        land(deposit)

    replacing = sentence(sequence=deposit.sequence, shares_held=deposit.shares_held)
    land(replacing)

    assert suite.position(token.address, 1) == Position(200 * SHARE, START, 2, replacing.as_of)
    unfreeze(actors.carol)
    with refused(Reason.SEQUENCE, 2, 3):
        land(deposit)
    land(sentence(account=actors.carol.address, shares_held=200 * SHARE))
    assert token.balanceOf(actors.carol) == 100 * SHARE
