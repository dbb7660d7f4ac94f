"""Lives of custodians and those who redeem: what is held, what is minted against it, and the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from stockade.records import (
    Attestation,
    AttestorKind,
    Basis,
    Pause,
    Phase,
    RequestStatus,
    SentenceKind,
    Status,
)
from stockade.reporting.entries import Terms
from tests.contracts.support import EVIDENCE, ORDER
from tests.machines.draws import (
    AMOUNTS,
    BASES,
    HOLDERS,
    INVESTORS,
    PARTIES,
    SELDOM,
    SHARES,
    TOKENS,
    WAITS,
    Draws,
    by,
    deed,
)
from tests.machines.model import MAX_96, Vote
from tests.machines.running import live
from tests.support import DAY, SHARE

CUSTODIANS = st.sampled_from((*(1, 2) * 8, 0, 3))
# What may be wrong with a sentence; mostly nothing.
FLAWS = st.sampled_from(
    (
        *[""] * 24,
        "sequence",
        "future",
        "backwards",
        "expired",
        "stale",
        "too much",
        "malformed",
        "kind",
        "no kind",
        "no kind at all",
        "account",
        "shares",
        "ref",
    )
)
# And with its votes.
QUORUMS = st.sampled_from(
    (*[""] * 12, "none", "one less", "a stranger", "twice", "unordered", "of another sentence", "all")
)


class Custody(Draws):
    # ---------------------------------------------------------------- custodians

    def flawed(self, sentence: Attestation, flaw: str) -> Attestation:
        model = self.model
        last = model.positions[sentence.token, sentence.custodian].as_of
        return replace(
            sentence,
            **{
                "": {},
                "sequence": {"sequence": sentence.sequence + 1},
                "future": {"as_of": model.time + 1},
                "backwards": {"as_of": last - 1 if last else 0},
                "expired": {"valid_until": model.time},
                "stale": {"as_of": max(last, model.time - 5 * DAY)},
                "too much": {"shares_held": MAX_96 + 1},
                "malformed": {"shares": 0 if sentence.shares else 1},
                "kind": {"kind": SentenceKind(5 - sentence.kind)},
                "no kind": {"kind": 5},
                "no kind at all": {"kind": 0},
                "account": {"account": self.cast.carol},
                "shares": {"shares": sentence.shares + 1},
                "ref": {"ref": b"\x07".rjust(32, b"\0")},
            }[flaw],
        )

    def voted(self, sentence: Attestation, quorum: str) -> list[Vote]:
        """Enough of the custodian's attestors as they are now, or not quite."""
        names, enough = self.scene.signers(sentence.custodian)
        chosen = {
            "none": [],
            "one less": names[: enough - 1],
            "a stranger": [*names[: enough - 1], "stranger"],
            "twice": names[:1] * max(enough, 2),
            "unordered": names[:enough][::-1],
            "all": names,
        }.get(quorum, names[:enough])
        other = replace(sentence, evidence=ORDER) if quorum == "of another sentence" else None
        return self.scene.votes(sentence, chosen, other)

    def say(self, sentence: Attestation, quorum: str) -> bool:
        """Relays it, after asking the ledger why it would be refused."""
        votes = self.voted(sentence, quorum)
        if not votes:
            # No votes means to the view that signatures are left out.
            return self.act("relay", self.model.ledger, "attest", sentence, votes)
        plain = [(vote.attestor, vote.signature) for vote in votes]
        view = ("CustodyLedger", self.model.ledger, "restrictionOf", sentence.as_tuple(), plain)
        asked = {"restrictionOf": self.play.world.view(*view)}
        return self.act("relay", self.model.ledger, "attest", sentence, votes, asked=asked)

    @deed(
        4,
        token=TOKENS,
        custodian=CUSTODIANS,
        holder=HOLDERS,
        shares=st.one_of(SHARES, SHARES, st.sampled_from((1, 10**6 * SHARE, 10**6 * SHARE + 1))),
        spare=st.sampled_from((0, 0, 0, 1, -1)),
        flaw=FLAWS,
        quorum=QUORUMS,
    )
    def deposit(self, token: str, custodian: int, holder: str, shares: int, spare: int, flaw: str, quorum: str) -> None:
        """Covered exactly, with a unit to spare, or a unit short."""
        at = self.token_of(token)
        held = self.model.positions[at, custodian].issued + shares + spare
        sentence = self.scene.deposit(at, custodian, self.address(holder), shares, shares_held=held)
        self.say(self.flawed(sentence, flaw), quorum)

    @deed(token=TOKENS, custodian=CUSTODIANS, share=st.integers(0, 300), flaw=FLAWS, quorum=QUORUMS)
    def statement(self, token: str, custodian: int, share: int, flaw: str, quorum: str) -> None:
        """The truth, even below what is issued."""
        at = self.token_of(token)
        held = self.model.positions[at, custodian].issued * share // 200
        self.say(self.flawed(self.scene.statement(at, custodian, held), flaw), quorum)

    @deed(
        3,
        place=st.integers(0, 9),
        kind=st.sampled_from((SentenceKind.RELEASE, SentenceKind.RELEASE, SentenceKind.REJECT)),
    )
    def answer(self, place: int, kind: SentenceKind) -> None:
        if number := self.pick(place):
            self.say(self.scene.answer(number, kind), "")

    @deed(
        place=st.integers(0, 9),
        kind=st.sampled_from((SentenceKind.RELEASE, SentenceKind.REJECT)),
        flaw=FLAWS,
        quorum=QUORUMS,
    )
    def answer_badly(self, place: int, kind: SentenceKind, flaw: str, quorum: str) -> None:
        """Any request, answered ones too."""
        if self.model.requests:
            number = place % len(self.model.requests) + 1
            self.say(self.flawed(self.scene.answer(number, kind), flaw), quorum)

    @deed(
        2,
        token=TOKENS,
        custodian=st.sampled_from((1, 2)),
        rows=st.lists(st.tuples(HOLDERS, SHARES, FLAWS, QUORUMS), min_size=1, max_size=3),
        short=SELDOM,
    )
    def batch(self, token: str, custodian: int, rows: list[tuple[str, int, str, str]], short: bool) -> None:
        """A custodian's deposits in order, all or none: exactly as if they were sent one by one."""
        at, ledger, sentences = self.token_of(token), self.model.ledger, []
        position = self.model.positions[at, custodian]
        held, sequence = max(position.held, position.issued), position.sequence
        for holder, shares, flaw, _ in rows:
            held, sequence = held + shares, sequence + 1
            sentence = self.scene.deposit(at, custodian, self.address(holder), shares, shares_held=held)
            sentences.append(self.flawed(replace(sentence, sequence=sequence), flaw))
        votes = [self.voted(each, quorum) for each, (*_, quorum) in zip(sentences, rows, strict=True)]
        if short:
            votes = votes[1:]
        else:
            pairs = zip(sentences, votes, strict=True)
            calls = [(self.play.call(self.cast.relay, ledger, "attest", *pair), self.model.time) for pair in pairs]
            self.singles = self.play.world.ask_in_turn(*calls)
        self.act("relay", ledger, "attestBatch", sentences, votes)

    # ---------------------------------------------------------------- holders

    @deed(4, token=TOKENS, custodian=CUSTODIANS, holder=HOLDERS, amount=AMOUNTS, unlisted=SELDOM)
    def request(self, token: str, custodian: int, holder: str, amount: Any, unlisted: bool) -> None:
        at = self.cast.stranger if unlisted else self.token_of(token)
        units = self.units(amount, self.token_of(token), self.address(holder))
        self.act(holder, self.model.ledger, "requestRedemption", at, custodian, units, EVIDENCE)

    @deed(2, place=st.integers(0, 9), when_due=st.sampled_from((True, True, False)), stranger=SELDOM)
    def take_back(self, place: int, when_due: bool, stranger: bool) -> None:
        if number := self.pick(place):
            request = self.model.requests[number]
            if when_due:
                self.play.wait(max(request.deadline - self.model.time, 0))
            who = self.cast.stranger if stranger else request.holder
            self.play.do(who, self.model.ledger, "takeBack", number)

    @deed(number=st.integers(0, 4), holder=HOLDERS)
    def take_back_any(self, number: int, holder: str) -> None:
        self.act(holder, self.model.ledger, "takeBack", number)

    @deed(token=TOKENS, sender=HOLDERS, to=HOLDERS, amount=AMOUNTS)
    def transfer(self, token: str, sender: str, to: str, amount: Any) -> None:
        at = self.token_of(token)
        units = self.units(amount, at, self.address(sender))
        self.act(sender, at, "transfer", self.address(to), units)

    def pick(self, place: int) -> int:
        """An open request, if there is one."""
        numbers = [each for each, request in self.model.requests.items() if request.status is RequestStatus.OPEN]
        return numbers[place % len(numbers)] if numbers else 0

    # ---------------------------------------------------------------- compliance

    @deed(sender=by("compliance"), place=st.integers(0, 9), to=PARTIES, basis=BASES)
    def force_redemption(self, sender: str, place: int, to: str, basis: Basis) -> None:
        number = self.pick(place) or 1
        self.act(sender, self.model.ledger, "forceRedemption", number, self.address(to, self.scene.us), basis, ORDER)

    @deed(sender=by("compliance"), lost=st.sampled_from(("alice", "alice", "bob")), really=st.booleans())
    def recover(self, sender: str, lost: str, really: bool) -> None:
        """Alice's other wallet takes over; nobody takes over from bob."""
        wallets = (self.address(lost), self.cast.treasury)
        if really:
            self.act(sender, self.model.registry, "recover", *wallets, Basis.LOST_WALLET, ORDER)
        open_ones = [each for each, request in self.model.requests.items() if request.holder == wallets[0]]
        self.act(sender, self.model.ledger, "recoverRequests", open_ones)
        self.act(sender, self.scene.us, "recoverBalance", wallets[0])

    @deed(2, wallet=HOLDERS, basis=BASES, contrary=SELDOM)
    def freeze_wallet(self, wallet: str, basis: Basis, contrary: bool) -> None:
        thaw = self.lift(self.model.records[self.address(wallet)].frozen, contrary)
        self.act(
            "compliance", self.model.registry, "unfreeze" if thaw else "freeze", self.address(wallet), basis, ORDER
        )

    @deed(token=TOKENS, account=st.sampled_from(("alice", "bob", "ledger")), amount=AMOUNTS)
    def freeze_part(self, token: str, account: str, amount: Any) -> None:
        at, owner = self.token_of(token), self.address(account)
        units = self.units(amount, at, owner)
        self.act("compliance", at, "setFrozenTokensWithOrder", owner, units, Basis.COURT_ORDER, ORDER)

    @deed(
        wallet=st.sampled_from(("alice", "bob", "carol", "outsider")),
        status=st.sampled_from((*[Status.ACTIVE] * 3, Status.REVOKED)),
    )
    def write(self, wallet: str, status: Status) -> None:
        row = (self.address(wallet), replace(self.scene.record(INVESTORS[wallet]), status=status))
        self.act("registrar", self.model.registry, "setRecords", [row], EVIDENCE)

    @deed(2, token=TOKENS, contrary=SELDOM, pause=st.sampled_from((1, 2, 4, 8)))
    def pause(self, token: str, contrary: bool, pause: int) -> None:
        lift = self.lift(self.model.tokens[self.token_of(token)].pauses & pause, contrary)
        who = "pauser" if not lift else "regulator" if pause == Pause.FORCE else "compliance"
        self.act(who, self.token_of(token), "unpause" if lift else "pause", pause)

    @deed(token=TOKENS, contrary=SELDOM)
    def suspend(self, token: str, contrary: bool) -> None:
        at = self.token_of(token)
        resume = self.lift(self.model.tokens[at].own is Phase.SUSPENDED, contrary)
        self.act("compliance", self.model.listings, "resume" if resume else "suspend", at, Basis.REGULATOR_ORDER, ORDER)

    @deed(token=TOKENS, classes=st.sampled_from((0x7FE, 0x7FE, 0x7FC)), policy=st.sampled_from((0, 8, 6, 15)))
    def set_policy(self, token: str, classes: int, policy: int) -> None:
        self.act("issuer", self.token_of(token), "setPolicy", classes, policy)

    # ---------------------------------------------------------------- the custody admin, who waits

    @deed(
        custodian=CUSTODIANS,
        open=st.booleans(),
        waits=st.sampled_from((True, True, True, False)),
        sender=by("custody_admin"),
    )
    def open_or_close(self, custodian: int, open: bool, waits: bool, sender: str) -> None:
        self.decree(sender, waits, "setCustodianOpen", custodian, open)

    @deed(
        token=TOKENS,
        cap=st.sampled_from((0, SHARE, 10**6 * SHARE, 10**6 * SHARE, MAX_96)),
        age=st.sampled_from((2, 2, 2, 1, 366, 367, 0)),
        period=st.sampled_from((5 * DAY, 5 * DAY, 5 * DAY, 180 * DAY, 180 * DAY + 1, 0)),
        waits=st.sampled_from((True, True, True, False)),
    )
    def set_terms(self, token: str, cap: int, age: int, period: int, waits: bool) -> None:
        self.decree("custody_admin", waits, "setTerms", self.token_of(token), Terms(cap, age, period))

    @deed(
        custodian=CUSTODIANS,
        removed=st.lists(st.sampled_from(("attestor", "desk_a", "desk_b", "desk_c", "relay")), max_size=2),
        added=st.lists(st.sampled_from(("attestor", "desk_a", "relay", "nobody")), max_size=2),
        threshold=st.sampled_from((1, 1, 1, 2, 2, 0, 3)),
        waits=st.sampled_from((True, True, True, False)),
    )
    def set_attestors(self, custodian: int, removed: list[str], added: list[str], threshold: int, waits: bool) -> None:
        newcomers = [(self.address(name), AttestorKind.KEY) for name in added]
        leavers = [self.address(name) for name in removed]
        self.decree("custody_admin", waits, "setAttestors", custodian, leavers, newcomers, threshold)

    def decree(self, sender: str, waits: bool, function: str, *arguments: Any) -> None:
        """Scheduled, and made in time or too early."""
        ledger = self.model.ledger
        data = self.play.data(ledger, function, *arguments)
        self.act(sender, self.model.authority, "schedule", ledger, data, 0)
        self.play.wait(2 * DAY if waits else 2 * DAY - 1)
        self.act(sender, ledger, function, *arguments)

    @deed(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.play.wait(seconds)


# A third of what the derandomised run does, or less: a change of the machine may shift lives, not empty them.
LEAST = {
    "attest": 80,
    "attestBatch": 2,
    "requestRedemption": 10,
    "takeBack": 12,
    "forceRedemption": 3,
    "recover": 3,
    "recoverRequests": 6,
    "recoverBalance": 3,
    "freeze": 15,
    "pause": 20,
    "suspend": 10,
    "setCustodianOpen": 3,
    "setTerms": 3,
    "setAttestors": 1,
    "UNDER_RESERVED": 5,
    "OVER_DEPOSIT_CAP": 5,
    "POSITION_STALE": 1,
    "SEQUENCE": 3,
    "AS_OF_FUTURE": 3,
    "AS_OF_BACKWARDS": 3,
    "ATTESTATION_EXPIRED": 3,
    "ATTESTATION_MALFORMED": 10,
    "TOO_FEW_SIGNATURES": 6,
    "NOT_AN_ATTESTOR": 3,
    "ATTESTORS_UNORDERED": 3,
    "SIGNATURE_INVALID": 2,
    "CUSTODIAN_CLOSED": 5,
    "REQUEST_NOT_OPEN": 20,
    "REQUEST_NOT_DUE": 3,
    "REQUEST_NOT_HOLDER": 5,
    "NOT_WHOLE_SHARES": 5,
    "SENDER_FROZEN": 8,
    "RECEIVER_FROZEN": 6,
    "MINT_PAUSED": 2,
    "BURN_PAUSED": 1,
    "AccessManagerNotReady": 6,
}


def test_custody__random_lives__as_the_model_says_and_within_the_laws(theatre, suite):
    live(Custody, theatre, suite.reason_text.address, lives=30, steps=50, least=LEAST)
