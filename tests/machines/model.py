"""The suite as plain Python: what every act changes, or with which error it is refused. Read it as the specification.

Six chapters, each a module: `roles` (who may act, and when), `registry` (who is known), `holdings` (who holds, and
what may move), `exemption` (what the clock says, and the life of listings), `market` (what interrupts trading), and
this one (custody and redemption), which is the whole. A method that takes a `Call` is the contract's function of that
name; its checks stand in the order in which they are made. Amounts are raw tokens and shares of 18 decimals, one for
one; times are seconds UTC. Written from the interfaces' prose and docs/, not from the contracts. Deliberately absent:
listing a share, the market's calendar and permit, which have tests of their own; the encoding is `world`'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from stockade.records import (
    SHARE,
    Attestation,
    AttestorKind,
    Basis,
    Kind,
    Policy,
    Position,
    RequestStatus,
    SentenceKind,
    order_ref,
)
from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.reporting.entries import LedgerKind, Request, Terms
from stockade.reporting.replay.custody import Custodian
from tests.contracts.support import NO_REF, Reason
from tests.machines.market import Market
from tests.machines.roles import Call, Refusal, need
from tests.support import DAY

MAX_96 = 2**96 - 1
# The most business days that a position may be old.
LONGEST_AGE = 366
NOTHING = Position(0, 0, 0, 0)
NO_REQUEST = Request(NOBODY, 0, 0, RequestStatus.NONE, NOBODY, 0)


def custody(condition: Any, code: Reason, given: Any, wanted: Any) -> None:
    """The ledger's own refusals; addresses count as numbers."""
    if not condition:
        given, wanted = (int(each, 16) if isinstance(each, str) else int(each) for each in (given, wanted))
        raise Refusal("CustodyRefused", code, given, wanted, code=code)


class Vote(NamedTuple):
    """`good`: the signature is the attestor's, over the sentence."""

    attestor: str
    signature: bytes
    good: bool


@dataclass(kw_only=True)
class Model(Market):
    chain_id: int
    codes: dict[str, bytes]
    custodians: dict[int, Custodian]
    terms: dict[str, Terms]
    positions: dict[tuple[str, int], Position] = field(default_factory=lambda: defaultdict(lambda: NOTHING))
    requests: dict[int, Request] = field(default_factory=dict)

    # ---------------------------------------------------------------- sentences

    def attest(self, call: Call, sentence: Attestation, votes: list[Vote]) -> None:
        """Anyone relays. What is signed becomes the position; then the token is minted, burned or given back."""
        token, number, holder = sentence.token, sentence.custodian, sentence.account
        issued, amount = self.judge_sentence(sentence)
        self.judge_votes(sentence, votes)
        self.positions[token, number] = Position(sentence.shares_held, issued, sentence.sequence, sentence.as_of)
        self.report(self.ledger, LedgerKind.ATTESTATION, call.sender, sentence.as_tuple(), issued)
        digest = sentence.digest(self.chain_id, self.ledger)
        if sentence.kind is SentenceKind.DEPOSIT:
            self.move(token, Kind.MINT, self.ledger, NOBODY, holder, amount, digest)
        if sentence.kind is SentenceKind.RELEASE:
            self.close(sentence.ref, RequestStatus.RELEASED)
            self.move(token, Kind.BURN, self.ledger, self.ledger, holder, amount, digest)
        if sentence.kind is SentenceKind.REJECT:
            self.close(sentence.ref, RequestStatus.REJECTED)
            self.move(token, Kind.GIVE_BACK, self.ledger, self.ledger, holder, amount, sentence.ref)

    def attest_batch(self, call: Call, sentences: list[Attestation], votes: list[list[Vote]]) -> None:
        need(len(sentences) == len(votes), "CustodyLengthsDiffer", len(sentences), len(votes))
        for sentence, given in zip(sentences, votes, strict=True):
            self.attest(call, sentence, given)

    def judge_sentence(self, a: Attestation) -> tuple[int, int]:
        """What is issued after it, and how many tokens it moves."""
        last, terms = self.positions[a.token, a.custodian], self.terms.get(a.token)
        custodian = self.custodians.get(a.custodian)
        custody(terms, Reason.TOKEN_UNKNOWN, a.token, 0)
        custody(custodian, Reason.CUSTODIAN_UNKNOWN, a.custodian, len(self.custodians))
        empty = a.shares == 0 and a.account == NOBODY and a.ref == NO_REF
        full = a.shares > 0 and a.account != NOBODY
        formed = a.kind in SentenceKind.__members__.values() and (empty if a.kind == SentenceKind.STATEMENT else full)
        custody(formed and max(a.shares_held, a.shares) <= MAX_96, Reason.ATTESTATION_MALFORMED, a.kind, 0)
        custody(a.sequence == last.sequence + 1, Reason.SEQUENCE, a.sequence, last.sequence + 1)
        custody(a.as_of <= self.time, Reason.AS_OF_FUTURE, a.as_of, self.time)
        custody(a.as_of >= last.as_of, Reason.AS_OF_BACKWARDS, a.as_of, last.as_of)
        custody(self.time < a.valid_until, Reason.ATTESTATION_EXPIRED, self.time, a.valid_until)
        if a.kind is SentenceKind.STATEMENT:
            return last.issued, 0
        if a.kind is SentenceKind.DEPOSIT:
            cap, most, _ = terms
            custody(custodian.open, Reason.CUSTODIAN_CLOSED, a.custodian, 0)
            age = self.time // DAY - a.as_of // DAY  # Without a calendar every day is a business day.
            custody(age <= most, Reason.POSITION_STALE, age, most)
            custody(a.shares <= cap, Reason.OVER_DEPOSIT_CAP, a.shares, cap)
            issued = last.issued + a.shares
            custody(issued <= a.shares_held, Reason.UNDER_RESERVED, issued, a.shares_held)
            return issued, a.shares
        request = self.requests.get(number := int.from_bytes(a.ref, "big"), NO_REQUEST)
        custody(request.status is RequestStatus.OPEN, Reason.REQUEST_NOT_OPEN, number, request.status)
        asked = (request.token, request.custodian, request.holder, request.amount)
        custody(asked == (a.token, a.custodian, a.account, a.shares), Reason.REQUEST_MISMATCH, a.shares, request.amount)
        if a.kind is SentenceKind.REJECT:
            return last.issued, request.amount
        custody(request.amount <= last.issued, Reason.ISSUED_TOO_LOW, request.amount, last.issued)
        return last.issued - request.amount, request.amount

    def judge_votes(self, sentence: Attestation, votes: list[Vote]) -> None:
        """At least the threshold, each an attestor's, ascending so that none counts twice, and every one good."""
        custodian, last = self.custodians[sentence.custodian], NOBODY
        custody(len(votes) >= custodian.threshold, Reason.TOO_FEW_SIGNATURES, len(votes), custodian.threshold)
        for place, vote in enumerate(votes):
            custody(custodian.attestors.get(vote.attestor), Reason.NOT_AN_ATTESTOR, vote.attestor, place)
            custody(int(vote.attestor, 16) > int(last, 16), Reason.ATTESTORS_UNORDERED, vote.attestor, last)
            custody(vote.good, Reason.SIGNATURE_INVALID, vote.attestor, place)
            last = vote.attestor

    # ---------------------------------------------------------------- redemption

    def request_redemption(self, call: Call, token: str, custodian: int, amount: int, delivery: bytes) -> None:
        """Open in every phase, lapse and pause: only what is frozen cannot be redeemed."""
        custody(token in self.terms, Reason.TOKEN_UNKNOWN, token, 0)
        custody(custodian in self.custodians, Reason.CUSTODIAN_UNKNOWN, custodian, len(self.custodians))
        custody(amount > 0, Reason.ZERO_AMOUNT, 0, 1)
        custody(amount <= MAX_96, Reason.AMOUNT_TOO_LARGE, amount, MAX_96)
        whole = amount % SHARE == 0 or Policy.FRACTIONAL_REDEMPTION in self.tokens[token].policy
        custody(whole, Reason.NOT_WHOLE_SHARES, amount, amount - amount % SHARE)
        number, deadline = len(self.requests) + 1, self.time + self.terms[token].redemption_period
        self.requests[number] = Request(token, custodian, deadline, RequestStatus.OPEN, call.sender, amount)
        self.report(self.ledger, LedgerKind.REQUEST, call.sender, number, self.requests[number], delivery)
        self.move(token, Kind.ESCROW, self.ledger, call.sender, self.ledger, amount, number.to_bytes(32, "big"))

    def take_back(self, call: Call, number: int) -> None:
        request = self.open_request(number)
        custody(call.sender == request.holder, Reason.REQUEST_NOT_HOLDER, call.sender, request.holder)
        custody(self.time >= request.deadline, Reason.REQUEST_NOT_DUE, self.time, request.deadline)
        ref = number.to_bytes(32, "big")
        self.close(ref, RequestStatus.TAKEN_BACK)
        self.report(self.ledger, LedgerKind.TAKE_BACK, call.sender, number)
        self.move(request.token, Kind.GIVE_BACK, self.ledger, self.ledger, request.holder, request.amount, ref)

    def force_redemption(self, call: Call, number: int, to: str, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        need(basis, "CustodyBasisUnstated")
        request, ref = self.open_request(number), order_ref(basis, order)
        self.close(number.to_bytes(32, "big"), RequestStatus.FORCED)
        self.report(self.ledger, LedgerKind.FORCED, call.sender, number, to, ref)
        self.move(request.token, Kind.FORCE, self.ledger, self.ledger, to, request.amount, ref)

    def recover_requests(self, call: Call, numbers: list[int]) -> None:
        """Requests that are open no more are passed over; the replacement must be one a force could reach."""
        self.restricted(call)
        for number in numbers:
            request = self.requests.get(number, NO_REQUEST)
            if request.status is not RequestStatus.OPEN:
                continue
            replacement, ref = self.recovery_of(request.holder)
            code = self.judge(request.token, Kind.FORCE, self.ledger, self.ledger, replacement, request.amount)
            custody(not code, code, number, replacement)
            self.requests[number] = request._replace(holder=replacement)
            self.report(self.ledger, LedgerKind.REQUEST_RECOVERED, call.sender, number, replacement, ref)

    def open_request(self, number: int) -> Request:
        request = self.requests.get(number, NO_REQUEST)
        custody(request.status is RequestStatus.OPEN, Reason.REQUEST_NOT_OPEN, number, request.status)
        return request

    def close(self, ref: bytes, status: RequestStatus) -> None:
        number = int.from_bytes(ref, "big")
        self.requests[number] = self.requests[number]._replace(status=status)

    # ---------------------------------------------------------------- custodians

    def set_custodian_open(self, call: Call, number: int, open: bool) -> None:
        self.restricted(call)
        need(number in self.custodians, "CustodyUnknownCustodian", number)
        need(self.custodians[number].open != open, "CustodyUnchanged")
        self.custodians[number] = custodian = replace(self.custodians[number], open=open)
        self.report(self.ledger, LedgerKind.CUSTODIAN, call.sender, number, custodian.lei, custodian.name_hash, open)

    def set_attestors(
        self, call: Call, number: int, removed: list[str], added: list[tuple[str, AttestorKind]], threshold: int
    ) -> None:
        """Removals first; then as many as the threshold must be left."""
        self.restricted(call)
        need(number in self.custodians, "CustodyUnknownCustodian", number)
        custodian, attestors = self.custodians[number], dict(self.custodians[number].attestors)
        need(removed or added or threshold != custodian.threshold, "CustodyUnchanged")
        for account in removed:
            need(account in attestors, "CustodyInvalidAttestors", account, len(attestors), threshold)
            del attestors[account]
        for account, kind in added:
            usable = account != NOBODY and kind is AttestorKind.KEY and account not in attestors
            need(usable, "CustodyInvalidAttestors", account, len(attestors), threshold)
            attestors[account] = kind
        need(0 < threshold <= len(attestors), "CustodyInvalidAttestors", NOBODY, len(attestors), threshold)
        self.custodians[number] = replace(custodian, attestors=attestors, threshold=threshold)
        self.report(self.ledger, LedgerKind.ATTESTORS, call.sender, number, removed, added, threshold)

    def set_terms(self, call: Call, token: str, terms: Terms) -> None:
        self.restricted(call)
        need(token in self.tokens, "CustodyTokenNotListed", token)
        sound = 0 < terms.max_position_age <= LONGEST_AGE and 0 < terms.redemption_period <= 180 * DAY
        need(sound, "CustodyInvalidTerms", terms)
        self.terms[token] = terms
        self.report(self.ledger, LedgerKind.TERMS, call.sender, token, terms)

    # ---------------------------------------------------------------- upgrades

    def upgrade(self, call: Call, implementation: str, code: bytes, tokens: list[str]) -> None:
        """All the given tokens or none, to the code that was named."""
        self.restricted(call)
        found = self.codes.get(implementation, bytes(32))
        need(found == code, "FactoryOtherCode", implementation, code, found)
        for token in tokens:
            need(token in self.tokens, "FactoryNotOurs", token)
            self.report(token, Kind.UPGRADE, call.target, NOBODY, implementation, 0, NO_REF)
            self.log(token, "Upgraded", implementation)
        self.log(call.target, "Upgraded", implementation, tokens)
