"""Every way in which a sentence is refused: one entry each, used for the single call, the batch and the view.

A builder arranges the state and returns the sentence with the error's values. Where time matters it sets the next
block's, and the sentence refers to that second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from stockade.records import ZERO_ADDRESS, Attestation, InvestorClass, Pause, Phase, Scope, SentenceKind, Status
from tests.contracts.custody.support import MAX_96, number
from tests.contracts.support import Reason
from tests.support import DAY, SHARE

Votes = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Attempt:
    """A sentence to be refused. `values`: the error's arguments beside its code. No `votes`: signed as it should be."""

    sentence: Attestation
    values: dict[str, Any]
    votes: Votes | None = None
    error: str = "CustodyRefused"


@dataclass(frozen=True)
class Refusal:
    code: Reason
    build: Callable[[SimpleNamespace], Attempt] = field(repr=False)


REFUSALS: dict[str, Refusal] = {}


def refusal(code: Reason) -> Callable[[Callable[[SimpleNamespace], Attempt]], None]:
    """Enters a builder into the table, under its own name."""

    def enter(build: Callable[[SimpleNamespace], Attempt]) -> None:
        REFUSALS[build.__name__] = Refusal(code, build)

    return enter


def custody(sentence: Attestation, given: int, wanted: int, votes: Votes | None = None) -> Attempt:
    return Attempt(sentence, {"given": given, "wanted": wanted}, votes)


def deposit(scene: SimpleNamespace, **changes: Any) -> Attestation:
    """Custodian 1's next DEPOSIT, for carol unless told otherwise."""
    return scene.sentence(**{"account": scene.actors.carol.address, **changes})


# ---------------------------------------------------------------- who speaks of what


@refusal(Reason.TOKEN_UNKNOWN)
def token_without_listing(scene: SimpleNamespace) -> Attempt:
    stranger = scene.actors.stranger.address
    return custody(deposit(scene, token=stranger), number(stranger), 0)


@refusal(Reason.TOKEN_UNKNOWN)
def token_without_terms(scene: SimpleNamespace) -> Attempt:
    token = scene.launch("MSFT", ready=False, activate=False).address
    return custody(deposit(scene, token=token), number(token), 0)


@refusal(Reason.CUSTODIAN_UNKNOWN)
def custodian_zero(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, custodian=0), 0, 2)


@refusal(Reason.CUSTODIAN_UNKNOWN)
def custodian_beyond_the_last(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, custodian=3), 3, 2)


# ---------------------------------------------------------------- well-formed


def malformed(name: str, kind: int, **changes: Any) -> None:
    """Enters a sentence that is right but for the changes; an answer answers a request of alice's."""

    def build(scene: SimpleNamespace) -> Attempt:
        if kind in (SentenceKind.RELEASE, SentenceKind.REJECT):
            good = scene.answer(scene.ask(scene.actors.alice), kind)
        elif kind == SentenceKind.STATEMENT:
            good = scene.sentence()
        else:
            good = deposit(scene)
        return custody(replace(good, kind=kind, **changes), kind, 0)

    REFUSALS[f"malformed_{name}"] = Refusal(Reason.ATTESTATION_MALFORMED, build)


malformed("kind_zero", 0)
malformed("kind_five", 5)
malformed("kind_largest", 255)
malformed("statement_with_shares", SentenceKind.STATEMENT, shares=1)
malformed("statement_with_account", SentenceKind.STATEMENT, account="0x" + "00" * 19 + "01")
malformed("statement_with_ref", SentenceKind.STATEMENT, ref=b"\0" * 31 + b"\1")
malformed("statement_held_too_large", SentenceKind.STATEMENT, shares_held=MAX_96 + 1)
malformed("deposit_of_nothing", SentenceKind.DEPOSIT, shares=0)
malformed("deposit_for_nobody", SentenceKind.DEPOSIT, account=ZERO_ADDRESS)
malformed("deposit_shares_too_large", SentenceKind.DEPOSIT, shares=MAX_96 + 1)
malformed("deposit_held_too_large", SentenceKind.DEPOSIT, shares_held=MAX_96 + 1)
malformed("release_of_nothing", SentenceKind.RELEASE, shares=0)
malformed("release_for_nobody", SentenceKind.RELEASE, account=ZERO_ADDRESS)
malformed("reject_of_nothing", SentenceKind.REJECT, shares=0)
malformed("reject_for_nobody", SentenceKind.REJECT, account=ZERO_ADDRESS)


# ---------------------------------------------------------------- order and time


@refusal(Reason.SEQUENCE)
def sequence_skipped(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, sequence=3), 3, 2)


@refusal(Reason.SEQUENCE)
def sequence_repeated(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, sequence=1), 1, 2)


@refusal(Reason.SEQUENCE)
def sequence_zero(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, sequence=0), 0, 2)


@refusal(Reason.AS_OF_FUTURE)
def as_of_a_second_ahead(scene: SimpleNamespace) -> Attempt:
    time = scene.at(scene.now() + 100)
    return custody(deposit(scene, as_of=time + 1), time + 1, time)


@refusal(Reason.AS_OF_BACKWARDS)
def as_of_a_second_before_the_last(scene: SimpleNamespace) -> Attempt:
    last = scene.suite.position(scene.token.address, 1).as_of
    return custody(scene.sentence(as_of=last - 1), last - 1, last)


@refusal(Reason.ATTESTATION_EXPIRED)
def valid_until_now(scene: SimpleNamespace) -> Attempt:
    time = scene.at(scene.now() + 100)
    return custody(deposit(scene, valid_until=time), time, time)


# ---------------------------------------------------------------- DEPOSIT


@refusal(Reason.CUSTODIAN_CLOSED)
def custodian_closed(scene: SimpleNamespace) -> Attempt:
    scene.decree("setCustodianOpen", 1, False)
    return custody(deposit(scene), 1, 0)


@refusal(Reason.POSITION_STALE)
def position_a_day_older_than_allowed(scene: SimpleNamespace) -> Attempt:
    """No calendar says otherwise, so every day is a business day."""
    last = scene.suite.position(scene.token.address, 1).as_of
    most = scene.ledger.termsOf(scene.token).maxPositionAge
    scene.at((last // DAY + most + 1) * DAY)
    return custody(deposit(scene, as_of=last), most + 1, most)


@refusal(Reason.OVER_DEPOSIT_CAP)
def above_the_cap(scene: SimpleNamespace) -> Attempt:
    cap = scene.ledger.termsOf(scene.token).depositCap
    return custody(deposit(scene, shares=cap + 1), cap + 1, cap)


@refusal(Reason.OVER_DEPOSIT_CAP)
def cap_of_zero(scene: SimpleNamespace) -> Attempt:
    scene.decree("setTerms", scene.token, (0, 2, DAY))
    return custody(deposit(scene, shares=1), 1, 0)


@refusal(Reason.UNDER_RESERVED)
def one_unit_short_of_the_reserve(scene: SimpleNamespace) -> Attempt:
    return custody(deposit(scene, shares_held=200 * SHARE - 1), 200 * SHARE, 200 * SHARE - 1)


@refusal(Reason.UNDER_RESERVED)
def reserve_of_another_custodian(scene: SimpleNamespace) -> Attempt:
    """Custodian 2 may hold as much as it likes: custodian 1's mint asks custodian 1's shares."""
    scene.land(scene.sentence(custodian=2, shares_held=10_000 * SHARE))
    return custody(deposit(scene, shares_held=100 * SHARE), 200 * SHARE, 100 * SHARE)


# ---------------------------------------------------------------- RELEASE and REJECT


def unanswerable(name: str, code: Reason, build: Callable[[SimpleNamespace, SentenceKind], Attempt]) -> None:
    """Enters one refusal for each of the two answers."""
    for kind in (SentenceKind.RELEASE, SentenceKind.REJECT):
        REFUSALS[f"{kind.name.lower()}_{name}"] = Refusal(code, lambda scene, kind=kind: build(scene, kind))


def of_no_request(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
    answer = scene.answer(scene.ask(scene.actors.alice), kind, ref=b"\0" * 31 + b"\x09")
    return custody(answer, 9, 0)


def of_an_answered_request(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
    request = scene.ask(scene.actors.alice)
    scene.land(scene.answer(request, SentenceKind.REJECT))
    return custody(scene.answer(request, kind), request, 3)


def mismatch(**changes: Any) -> Callable[[SimpleNamespace, SentenceKind], Attempt]:
    def build(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
        answer = scene.answer(scene.ask(scene.actors.alice), kind, **changes)
        return custody(answer, answer.shares, 10 * SHARE)

    return build


def by_another_custodian(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
    request = scene.ask(scene.actors.alice, custodian=1)
    answer = scene.answer(request, kind, custodian=2, sequence=2)
    return custody(answer, 10 * SHARE, 10 * SHARE)


def for_another_holder(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
    answer = scene.answer(scene.ask(scene.actors.alice), kind, account=scene.actors.bob.address)
    return custody(answer, 10 * SHARE, 10 * SHARE)


def of_another_token(scene: SimpleNamespace, kind: SentenceKind) -> Attempt:
    token = scene.launch("MSFT", ready=False, activate=False).address
    scene.decree("setTerms", token, (SHARE, 2, DAY))
    answer = scene.answer(scene.ask(scene.actors.alice), kind, token=token, sequence=1)
    return custody(answer, 10 * SHARE, 10 * SHARE)


unanswerable("of_no_request", Reason.REQUEST_NOT_OPEN, of_no_request)
unanswerable("of_an_answered_request", Reason.REQUEST_NOT_OPEN, of_an_answered_request)
unanswerable("of_one_unit_more", Reason.REQUEST_MISMATCH, mismatch(shares=10 * SHARE + 1))
unanswerable("of_one_unit_less", Reason.REQUEST_MISMATCH, mismatch(shares=10 * SHARE - 1))
unanswerable("by_another_custodian", Reason.REQUEST_MISMATCH, by_another_custodian)
unanswerable("for_another_holder", Reason.REQUEST_MISMATCH, for_another_holder)
unanswerable("of_another_token", Reason.REQUEST_MISMATCH, of_another_token)


@refusal(Reason.ISSUED_TOO_LOW)
def release_above_issued(scene: SimpleNamespace) -> Attempt:
    """Tokens are fungible: alice may ask custodian 2 for more than was issued against it."""
    scene.token.transfer(scene.actors.alice, SHARE, sender=scene.actors.bob)
    request = scene.ask(scene.actors.alice, 101 * SHARE, custodian=2)
    return custody(scene.answer(request, SentenceKind.RELEASE), 101 * SHARE, 100 * SHARE)


# ---------------------------------------------------------------- signatures; test_signatures.py has the forms


@refusal(Reason.TOO_FEW_SIGNATURES)
def one_signature_of_two(scene: SimpleNamespace) -> Attempt:
    sentence = deposit(scene, custodian=2)
    return custody(sentence, 1, 2, scene.signed(sentence, scene.desks[0]))


@refusal(Reason.NOT_AN_ATTESTOR)
def signed_by_a_stranger(scene: SimpleNamespace) -> Attempt:
    sentence = deposit(scene)
    stranger = scene.keys.stranger
    return custody(sentence, number(stranger), 0, scene.signed(sentence, stranger))


@refusal(Reason.ATTESTORS_UNORDERED)
def signed_twice_by_one(scene: SimpleNamespace) -> Attempt:
    sentence = deposit(scene, custodian=2)
    desk = scene.desks[0]
    return custody(sentence, number(desk), number(desk), scene.signed(sentence, desk) * 2)


@refusal(Reason.SIGNATURE_INVALID)
def signed_before_it_was_changed(scene: SimpleNamespace) -> Attempt:
    sentence = deposit(scene)
    changed = replace(sentence, shares_held=sentence.shares_held + 1)
    return custody(changed, number(scene.keys.attestor), 0, scene.signed(sentence))


# ---------------------------------------------------------------- what the token demands


def stopped(scene: SimpleNamespace, sentence: Attestation, phase: Phase = Phase.ACTIVE, pauses: int = 0) -> Attempt:
    token = scene.suite.token(sentence.token)
    until = scene.suite.control(token).active_until
    values = {"phase": phase, "activeUntil": until, "halted": False, "pauses": pauses}
    return Attempt(sentence, values, error="ShareTokenStopped")


def unfit(scene: SimpleNamespace, account: Any) -> Attempt:
    """A DEPOSIT for an account that may not receive it."""
    values = {"account": account.address, "record": scene.registry.recordOf(account)}
    return Attempt(deposit(scene, account=account.address), values, error="ShareTokenCannotReceive")


@refusal(Reason.PHASE_PENDING)
def deposit_while_pending(scene: SimpleNamespace) -> Attempt:
    token = scene.launch("MSFT", ready=False, activate=False).address
    scene.decree("setTerms", token, (100 * SHARE, 2, DAY))
    return stopped(scene, deposit(scene, token=token), Phase.PENDING)


@refusal(Reason.PHASE_SUSPENDED)
def deposit_while_suspended(scene: SimpleNamespace) -> Attempt:
    scene.comply("suspend", scene.token)
    return stopped(scene, deposit(scene), Phase.SUSPENDED)


@refusal(Reason.PHASE_WIND_DOWN)
def deposit_while_winding_down(scene: SimpleNamespace) -> Attempt:
    scene.comply("windDown", scene.token)
    return stopped(scene, deposit(scene), Phase.WIND_DOWN)


@refusal(Reason.LAPSED)
def deposit_after_the_lapse(scene: SimpleNamespace) -> Attempt:
    scene.at(scene.suite.control(scene.suite.token(scene.token.address)).active_until)
    return stopped(scene, deposit(scene))


@refusal(Reason.MINT_PAUSED)
def deposit_while_mint_is_paused(scene: SimpleNamespace) -> Attempt:
    scene.token.pause(Pause.MINT, sender=scene.actors.pauser)
    return stopped(scene, deposit(scene), pauses=Pause.MINT)


@refusal(Reason.BURN_PAUSED)
def release_while_burn_is_paused(scene: SimpleNamespace) -> Attempt:
    request = scene.ask(scene.actors.alice)
    scene.token.pause(Pause.BURN, sender=scene.actors.pauser)
    return stopped(scene, scene.answer(request, SentenceKind.RELEASE), pauses=Pause.BURN)


@refusal(Reason.RECEIVER_RESERVED)
def deposit_for_the_ledger(scene: SimpleNamespace) -> Attempt:
    return unfit(scene, scene.ledger)


@refusal(Reason.RECEIVER_RESERVED)
def deposit_for_the_token(scene: SimpleNamespace) -> Attempt:
    return unfit(scene, scene.token)


@refusal(Reason.RECEIVER_UNKNOWN)
def deposit_for_an_unknown_wallet(scene: SimpleNamespace) -> Attempt:
    return unfit(scene, scene.actors.outsider)


@refusal(Reason.RECEIVER_FROZEN)
def deposit_for_a_frozen_wallet(scene: SimpleNamespace) -> Attempt:
    scene.freeze(scene.actors.carol)
    return unfit(scene, scene.actors.carol)


@refusal(Reason.RECEIVER_REVOKED)
def deposit_for_a_revoked_wallet(scene: SimpleNamespace) -> Attempt:
    scene.given(scene.actors.carol, status=Status.REVOKED)
    return unfit(scene, scene.actors.carol)


@refusal(Reason.RECEIVER_EXPIRED)
def deposit_for_a_wallet_expiring_now(scene: SimpleNamespace) -> Attempt:
    time = scene.now() + 1000
    scene.given(scene.actors.carol, expires_at=time)
    scene.at(time)
    return unfit(scene, scene.actors.carol)


@refusal(Reason.RECEIVER_HOLD_SCOPE)
def deposit_for_a_wallet_that_may_not_hold(scene: SimpleNamespace) -> Attempt:
    scene.given(scene.actors.carol, scopes=Scope.TRANSFER | Scope.TRADE)
    return unfit(scene, scene.actors.carol)


@refusal(Reason.RECEIVER_CLASS)
def deposit_for_a_class_that_is_not_admitted(scene: SimpleNamespace) -> Attempt:
    control = scene.suite.control(scene.suite.token(scene.token.address))
    without_retail = control.allowed_classes & ~(1 << InvestorClass.RETAIL)
    scene.token.setPolicy(without_retail, control.policy, sender=scene.actors.issuer)
    return unfit(scene, scene.actors.carol)


@refusal(Reason.RECEIVER_POOL_MINT)
def deposit_for_a_pool(scene: SimpleNamespace) -> Attempt:
    scene.given(scene.actors.carol, investor_class=InvestorClass.POOL, scopes=Scope(15))
    return unfit(scene, scene.actors.carol)


@refusal(Reason.SENDER_FROZEN)
def release_for_a_frozen_holder(scene: SimpleNamespace) -> Attempt:
    request = scene.ask(scene.actors.alice)
    scene.freeze(scene.actors.alice)
    values = {"account": scene.actors.alice.address, "record": scene.registry.recordOf(scene.actors.alice)}
    return Attempt(scene.answer(request, SentenceKind.RELEASE), values, error="ShareTokenCannotSend")


@refusal(Reason.RECEIVER_FROZEN)
def reject_for_a_frozen_holder(scene: SimpleNamespace) -> Attempt:
    request = scene.ask(scene.actors.alice)
    scene.freeze(scene.actors.alice)
    values = {"account": scene.actors.alice.address, "record": scene.registry.recordOf(scene.actors.alice)}
    return Attempt(scene.answer(request, SentenceKind.REJECT), values, error="ShareTokenCannotReceive")
