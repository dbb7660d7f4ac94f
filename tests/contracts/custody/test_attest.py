"""What lands when a custodian speaks, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.chain import ask as ask_chain
from stockade.errors import Refused
from stockade.records import ZERO_ADDRESS, Kind, Pause, Position, SentenceKind
from tests.contracts.custody.refusals import REFUSALS
from tests.contracts.custody.support import MAX_96, START, Report, request_ref, said
from tests.contracts.support import Reason, error_data, movement, refuses
from tests.support import DAY, SHARE

TEN = 10 * SHARE


# ---------------------------------------------------------------- the four kinds


def test_attest__statement__records_the_position_and_moves_nothing(ledger, token, suite, actors, sentence, land):
    statement = sentence(shares_held=250 * SHARE)

    receipt = land(statement)

    assert receipt.events == [said(ledger, receipt, Report.ATTESTATION, statement.as_tuple(), START)]
    assert suite.position(token.address, 1) == Position(250 * SHARE, START, 2, statement.as_of)
    assert token.totalSupply() == 2 * START


@pytest.mark.parametrize("custodian", [1, 2])
def test_attest__deposit__mints_against_its_custodian(custodian, ledger, token, suite, actors, sentence, land):
    deposit = sentence(custodian=custodian, account=actors.carol.address, shares=7 * SHARE)
    digest = deposit.digest(suite.deployment.chain_id, ledger.address)
    other = suite.position(token.address, 3 - custodian)

    receipt = land(deposit)

    assert receipt.events == [
        said(ledger, receipt, Report.ATTESTATION, deposit.as_tuple(), 107 * SHARE),
        *movement(token, receipt, Kind.MINT, ledger, ZERO_ADDRESS, actors.carol, 7 * SHARE, digest),
    ]
    assert token.balanceOf(actors.carol) == 7 * SHARE
    assert token.totalSupply() == 207 * SHARE
    assert suite.position(token.address, custodian) == Position(107 * SHARE, 107 * SHARE, 2, deposit.as_of)
    assert suite.position(token.address, 3 - custodian) == other


def test_attest__deposit_of_a_fraction__mints_to_the_last_unit(token, suite, actors, sentence, land):
    """Nothing is rounded while a token is a share; less than a share may be held."""
    land(sentence(account=actors.carol.address, shares=1))

    assert token.balanceOf(actors.carol) == 1
    assert suite.position(token.address, 1).issued == START + 1


def test_attest__relayed_by_anyone__lands_under_the_relays_name(ledger, actors, sentence, signed):
    statement = sentence()

    receipt = ledger.attest(statement.as_tuple(), signed(statement), sender=actors.outsider)

    assert receipt.events == [said(ledger, receipt, Report.ATTESTATION, statement.as_tuple(), START)]


def test_attest_batch__all_four_kinds__land_in_order(ledger, token, suite, actors, sentence, answer, ask, land_batch):
    released, rejected = ask(actors.alice), ask(actors.alice, 5 * SHARE)
    statement = sentence()
    deposit = sentence(sequence=3, account=actors.carol.address, shares=SHARE)
    release = answer(released, SentenceKind.RELEASE, sequence=4, shares_held=91 * SHARE)
    reject = answer(rejected, SentenceKind.REJECT, sequence=5, shares_held=91 * SHARE)
    batch = [statement, deposit, release, reject]
    digests = [each.digest(suite.deployment.chain_id, ledger.address) for each in batch]

    receipt = land_batch(*batch)

    issued = (100 * SHARE, 101 * SHARE, 91 * SHARE, 91 * SHARE)
    lands = [
        said(ledger, receipt, Report.ATTESTATION, batch[place].as_tuple(), issued[place], step=place + 1)
        for place in range(4)
    ]
    assert receipt.events == [
        lands[0],
        lands[1],
        *movement(token, receipt, Kind.MINT, ledger, ZERO_ADDRESS, actors.carol, SHARE, digests[1], step=1),
        lands[2],
        *movement(token, receipt, Kind.BURN, ledger, ledger, ZERO_ADDRESS, TEN, digests[2], step=2),
        lands[3],
        *movement(
            token, receipt, Kind.GIVE_BACK, ledger, ledger, actors.alice, 5 * SHARE, request_ref(rejected), step=3
        ),
    ]
    assert suite.position(token.address, 1) == Position(91 * SHARE, 91 * SHARE, 5, reject.as_of)
    assert (token.balanceOf(actors.alice), token.balanceOf(ledger)) == (90 * SHARE, 0)


def test_attest_batch__last_one_refused__lands_none(ledger, token, actors, sentence, land_batch, refused):
    head = ledger.reportHead()
    batch = [
        sentence(account=actors.carol.address),
        sentence(custodian=2, shares_held=500 * SHARE),
        sentence(sequence=4),
    ]

    with refused(Reason.SEQUENCE, 4, 3):
        land_batch(*batch)
    assert ledger.reportHead() == head
    assert token.balanceOf(actors.carol) == 0


def test_attest_batch__out_of_order__refused(sentence, land_batch, refused):
    with refused(Reason.SEQUENCE, 3, 2):
        land_batch(sentence(sequence=3), sentence(sequence=2))


def test_attest_batch__two_mints_covered_one_by_one__refused_together(actors, sentence, land_batch, refused):
    """Each fits the room that the last position left; the second is judged after the first."""
    first = sentence(account=actors.carol.address, shares_held=200 * SHARE)
    second = sentence(account=actors.bob.address, shares_held=200 * SHARE, sequence=3)

    with refused(Reason.UNDER_RESERVED, 300 * SHARE, 200 * SHARE):
        land_batch(first, second)


@pytest.mark.parametrize(("sentences", "votes"), [(1, 0), (0, 1), (1, 2)])
def test_attest_batch__lengths_differ__refused(sentences, votes, ledger, sentence, signed, land_batch):
    statement = sentence()

    with refuses(ledger.CustodyLengthsDiffer, attestations=sentences, votes=votes):
        land_batch(*[statement] * sentences, votes=[signed(statement)] * votes)


def test_attest_batch__empty__does_nothing(ledger, land_batch):
    head = ledger.reportHead()

    assert land_batch().events == []
    assert ledger.reportHead() == head


# ---------------------------------------------------------------- refusals: one table, every door


def test_refusals__the_table__names_every_code_of_the_range():
    """114 and 115 belong to the holder's take-back (test_redemption.py)."""
    custody = {refusal.code for refusal in REFUSALS.values() if refusal.code >= Reason.CUSTODIAN_UNKNOWN}

    assert custody | {Reason.REQUEST_NOT_DUE, Reason.REQUEST_NOT_HOLDER} == set(range(100, 120))


@pytest.mark.parametrize("name", REFUSALS)
def test_attest__refused__the_same_from_view_batch_and_single(
    name, scene, suite, ledger, token, actors, sentence, signed
):
    """Views and the batch are asked as of the block in which the single call then reverts."""
    refusal = REFUSALS[name]
    attempt = refusal.build(scene)
    refused = attempt.sentence.as_tuple()
    votes = signed(attempt.sentence) if attempt.votes is None else attempt.votes
    good = sentence(custodian=1 if attempt.sentence.custodian == 2 else 2)
    calls = suite.ledger.functions

    assert ledger.restrictionOf(refused, votes, block_id="pending") == refusal.code
    of_votes = refusal.code >= Reason.TOO_FEW_SIGNATURES
    assert ledger.restrictionOf(refused, [], block_id="pending") == (0 if of_votes else refusal.code)

    error = getattr(ledger if attempt.error == "CustodyRefused" else token, attempt.error)
    batch = calls.attestBatch([good.as_tuple(), refused], [signed(good), votes])
    assert reverted(batch) == error_data(error, code=refusal.code, **attempt.values)
    with refuses(error, code=refusal.code, **attempt.values):
        ledger.attest(refused, votes, sender=actors.relay)


def reverted(call):
    """The revert data of a call as of the next block."""
    with pytest.raises(Refused) as refusal:
        ask_chain(lambda: call.call(block_identifier="pending"))
    return refusal.value.data


def test_restriction_of__a_good_sentence__none_with_and_without_votes(ledger, actors, sentence, answer, ask, signed):
    request = ask(actors.alice)
    for good in (
        sentence(),
        sentence(account=actors.carol.address),
        answer(request, SentenceKind.RELEASE),
        answer(request, SentenceKind.REJECT),
    ):
        assert ledger.restrictionOf(good.as_tuple(), []) == 0
        assert ledger.restrictionOf(good.as_tuple(), signed(good)) == 0


def test_attest__everything_wrong__reasons_come_in_the_documented_order(scene, ledger, actors, keys, sentence, signed):
    """Each cure shows the next reason."""
    last = scene.suite.position(scene.token.address, 1).as_of
    terms = ledger.termsOf(scene.token)
    scene.freeze(actors.carol)
    scene.decree("setTerms", scene.token, (100 * SHARE, 10, terms.redemptionPeriod))
    scene.decree("setCustodianOpen", 1, False)
    time = scene.at(last + 10 * DAY)
    bad = sentence(
        token=actors.stranger.address,
        custodian=9,
        account=actors.carol.address,
        shares=MAX_96 + 1,
        shares_held=100 * SHARE,
        sequence=7,
        as_of=time + 1,
        valid_until=time,
    )
    cures = [
        (Reason.TOKEN_UNKNOWN, {"token": scene.token.address}),
        (Reason.CUSTODIAN_UNKNOWN, {"custodian": 1}),
        (Reason.ATTESTATION_MALFORMED, {"shares": 101 * SHARE}),
        (Reason.SEQUENCE, {"sequence": 2}),
        (Reason.AS_OF_FUTURE, {"as_of": last - 1}),
        (Reason.AS_OF_BACKWARDS, {"as_of": last}),
        (Reason.ATTESTATION_EXPIRED, {"valid_until": time + 30 * DAY}),
        (Reason.CUSTODIAN_CLOSED, {}),
        (Reason.POSITION_STALE, {"as_of": last + 10 * DAY}),
        (Reason.OVER_DEPOSIT_CAP, {"shares": 100 * SHARE}),
        (Reason.UNDER_RESERVED, {"shares_held": 200 * SHARE}),
    ]
    stranger = signed(sentence(), keys.stranger)
    for reason, cure in cures:
        assert ledger.restrictionOf(bad.as_tuple(), stranger, block_id="pending") == reason
        bad = replace(bad, **cure)
        if reason is Reason.CUSTODIAN_CLOSED:
            scene.decree("setCustodianOpen", 1, True)
            scene.at(last + 20 * DAY)
            bad = replace(bad, as_of=last + 9 * DAY)

    assert ledger.restrictionOf(bad.as_tuple(), stranger, block_id="pending") == Reason.NOT_AN_ATTESTOR
    assert ledger.restrictionOf(bad.as_tuple(), signed(bad), block_id="pending") == Reason.RECEIVER_FROZEN


def test_attest__deposit_while_transfers_are_stopped__lands(token, actors, comply, sentence, land):
    """Neither a halt nor the pauses of other movements stop a mint."""
    comply("setHalt", token, True)
    token.pause(Pause.TRANSFER | Pause.BURN | Pause.FORCE, sender=actors.pauser)

    land(sentence(account=actors.carol.address))

    assert token.balanceOf(actors.carol) == 100 * SHARE


# ---------------------------------------------------------------- the law of the reserve


def test_attest__statement_below_issued__recorded_and_only_the_mint_is_shut(
    ledger, token, suite, actors, sentence, answer, ask, land, refused
):
    assert not ledger.isUnderReserved(token, 1)
    short = sentence(shares_held=START - 1)

    receipt = land(short)

    assert receipt.events == [said(ledger, receipt, Report.ATTESTATION, short.as_tuple(), START)]
    assert ledger.isUnderReserved(token, 1)
    assert not ledger.isUnderReserved(token, 2)
    with refused(Reason.UNDER_RESERVED, START + 1, START):
        land(sentence(account=actors.carol.address, shares=1))
    # Exits are open, and leave it as short as it was.
    land(answer(ask(actors.alice), SentenceKind.RELEASE))
    assert suite.position(token.address, 1).held == 90 * SHARE - 1
    assert ledger.isUnderReserved(token, 1)
    # The neighbour mints on.
    land(sentence(custodian=2, account=actors.carol.address))


def test_attest__under_reserved__cured_by_a_statement_then_mints(ledger, token, actors, sentence, land):
    land(sentence(shares_held=0))
    assert ledger.isUnderReserved(token, 1)

    land(sentence(shares_held=START))

    assert not ledger.isUnderReserved(token, 1)
    land(sentence(account=actors.carol.address, shares=SHARE))
    assert token.balanceOf(actors.carol) == SHARE


def test_attest__under_reserved__cured_by_a_deposit_that_covers_all(ledger, token, suite, actors, sentence, land):
    """The position in the sentence counts, not the last one."""
    land(sentence(shares_held=0))

    land(sentence(account=actors.carol.address, shares=SHARE, shares_held=101 * SHARE))

    assert not ledger.isUnderReserved(token, 1)
    assert suite.position(token.address, 1).issued == 101 * SHARE


def test_is_under_reserved__nothing_issued_nothing_held__no(ledger, token, keys, new_custodian, sentence, land):
    custodian = new_custodian((keys.attestor.address, 1))
    land(sentence(custodian=custodian, shares_held=0))

    assert not ledger.isUnderReserved(token, custodian)


@pytest.mark.parametrize("kind", [SentenceKind.RELEASE, SentenceKind.REJECT])
def test_attest__answer_that_leaves_it_under_reserved__lands(kind, ledger, token, actors, answer, ask, land):
    land(answer(ask(actors.alice), kind, shares_held=0))

    assert ledger.isUnderReserved(token, 1)


# ---------------------------------------------------------------- a closed custodian


@pytest.mark.parametrize("kind", [SentenceKind.STATEMENT, SentenceKind.RELEASE, SentenceKind.REJECT])
def test_attest__custodian_closed__still_states_and_answers(
    kind, ledger, token, suite, actors, decree, sentence, answer, ask, land
):
    decree("setCustodianOpen", 1, False)

    land(sentence() if kind is SentenceKind.STATEMENT else answer(ask(actors.alice), kind))

    assert suite.position(token.address, 1).sequence == 2


def test_attest__custodian_closed_and_opened_again__deposits(token, actors, decree, sentence, land, refused):
    decree("setCustodianOpen", 1, False)
    with refused(Reason.CUSTODIAN_CLOSED, 1, 0):
        land(sentence(account=actors.carol.address))

    decree("setCustodianOpen", 1, True)

    land(sentence(account=actors.carol.address))
    assert token.balanceOf(actors.carol) == 100 * SHARE
