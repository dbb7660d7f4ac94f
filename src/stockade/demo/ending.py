"""Third chapter: holders redeem, a position falls short, the order is revised and at last ends."""

from __future__ import annotations

from eth_utils.crypto import keccak

from stockade.demo.stage import (
    ALICE,
    ATTESTOR,
    BOB,
    CAROL,
    FIRST,
    ISSUER,
    PLATFORM,
    SECOND,
    Row,
    Stage,
)
from stockade.deploy import DAY
from stockade.errors import StockadeError
from stockade.records import SHARE, SentenceKind


def redeem(stage: Stage) -> None:
    """One request released, one rejected, one taken back after the deadline."""
    token = stage.tokens[0]
    released = stage.request(token, ALICE, FIRST, 30)
    stage.answer(SentenceKind.RELEASE, released, FIRST, [ATTESTOR], leaves=30)
    rejected = stage.request(token, BOB, FIRST, 20)
    stage.answer(SentenceKind.REJECT, rejected, FIRST, [ATTESTOR], leaves=0)
    waiting = stage.request(token, CAROL, SECOND, 100)
    early = stage.attempt(CAROL, stage.suite.ledger.functions.takeBack(waiting))
    stage.travel(stage.suite.ledger.functions.termsOf(token.address).call()[2])
    stage.suite.send(stage.who(CAROL), stage.suite.ledger.functions.takeBack(waiting))
    stage.tally.reclaimed += 1
    rows = [
        (f"request {released}", "alice's 30 shares: released, burned, delivered"),
        (f"request {rejected}", "bob's 20 shares: rejected, the tokens are his again"),
        (f"request {waiting}", f"carol's 100 shares: no answer. She takes them back at once: {early}"),
        (f"request {waiting}", "after the deadline she takes them back"),
    ]
    stage.tell("Holders redeem", "The tokens burn before the shares leave, and come back when nobody answers.", rows)


def fall_short(stage: Stage) -> None:
    """A position below what was issued, told truthfully, and its cure."""
    token = stage.tokens[1]
    held = stage.held(token, FIRST)
    stage.attest(stage.next(token, FIRST, held - 10 * SHARE), [ATTESTOR])
    if not stage.suite.ledger.functions.isUnderReserved(token.address, FIRST).call():
        raise StockadeError("A position ten shares short is not reported as under-reserved.")
    rows: list[Row] = [
        (stage.symbol(token), f"custodian {FIRST} states 10 shares less than were issued: under-reserved")
    ]
    more = stage.next_deposit(token, FIRST, ALICE, 5, held=held - 5 * SHARE)
    rows.append(("refused", f"a deposit of 5 on top: {stage.try_attest(more, [ATTESTOR])}"))
    leaving = stage.request(token, BOB, FIRST, 5)
    rows.append((f"request {leaving}", "the exit stays open: bob asks for 5 of his shares"))
    stage.attest(stage.next(token, FIRST, held), [ATTESTOR])
    stage.answer(SentenceKind.RELEASE, leaving, FIRST, [ATTESTOR], leaves=5)
    rows.append(("cured", "the shares are back, the position covers what was issued, bob's 5 are released"))
    stage.tell("A position falls short", "Bad news lands and shuts the mint; it never shuts the exit.", rows)


def amend(stage: Stage) -> None:
    """The order is revised: new terms from a day on, the old ones stay readable (A5)."""
    functions = stage.suite.listings.functions
    _, old = functions.termsOf(1).call()
    day = stage.now() + 10 * DAY
    revised = (keccak(text="synthetic revision of the order"), *old[1:4], day, *old[5:])
    stage.suite.send(stage.who(ISSUER), functions.amendExemption(1, revised))
    before = functions.termsOf(1).call()[0]
    stage.travel(10 * DAY)
    after, _ = functions.termsOf(1).call()
    kept = functions.termsAt(1, 1).call()
    if (before, after, tuple(kept)) != (1, 2, tuple(old)):
        raise StockadeError("The revised terms do not hold from their day on.")
    rows = [
        ("revision", "recorded ten days before it takes effect; until then version 1 holds"),
        ("ten days later", f"version {after} holds, without any transaction; version 1 can still be read"),
    ]
    stage.tell("The order is revised", "Every version keeps its text's hash, its profile and its dates.", rows)


def lapse(stage: Stage) -> None:
    """The exemption ends: what stops, and what does not."""
    token, functions = stage.tokens[0], stage.tokens[0].functions
    _, terms = stage.suite.listings.functions.termsOf(1).call()
    revised = (*terms[:3], stage.now() + 3_600, 0, *terms[5:])
    stage.suite.send(stage.who(ISSUER), stage.suite.listings.functions.amendExemption(1, revised))
    stage.travel(3_600)
    deposit = stage.next_deposit(token, FIRST, ALICE, 10)
    trade = functions.transferFrom(stage.at(ALICE), stage.at(CAROL), SHARE)
    rows = [
        ("lapse", "the order was revised to end within the hour; the hour has passed, without any transaction"),
        ("mint", f"refused: {stage.try_attest(deposit, [ATTESTOR])}"),
        stage.no(PLATFORM, trade, "the platform's trade"),
        stage.moved(ALICE, functions.transfer(stage.at(BOB), SHARE), "under us-tsv a holder's own transfer goes on"),
    ]
    leaving = stage.request(token, ALICE, FIRST, 12)
    stage.answer(SentenceKind.RELEASE, leaving, FIRST, [ATTESTOR], leaves=12)
    rows.append((f"request {leaving}", "redemption works: alice's 12 shares are released"))
    stage.tell("The exemption lapses", "Relief ends by the clock. Holders are never locked in.", rows)
