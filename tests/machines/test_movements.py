"""Lives of holders, platforms, registrars, enforcers and listings: who may move what, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from stockade.records import (
    LOST,
    ZERO_ADDRESS,
    Basis,
    ExemptionStatus,
    InvestorClass,
    InvestorRecord,
    Kind,
    Pause,
    Phase,
    Scope,
    Status,
)
from tests.contracts.support import ALL_CLASSES, EVIDENCE
from tests.contracts.support import terms as exemption_terms
from tests.machines.draws import (
    AMOUNTS,
    BASES,
    HOLDERS,
    INVESTORS,
    ORDERS,
    OWNERS,
    PARTIES,
    PAUSES,
    SELDOM,
    STATUSES,
    TOKENS,
    WAITS,
    Draws,
    by,
    deed,
)
from tests.machines.holdings import VENUES
from tests.machines.running import live
from tests.support import DAY

SCOPES = st.sampled_from((*[Scope(31)] * 3, Scope(7), Scope(23), Scope(5), Scope(1), Scope(6), Scope(15)))
CLASSES = st.sampled_from((*[1] * 6, 2, InvestorClass.PLATFORM, InvestorClass.POOL, 10))
FLAWS: tuple[dict[str, Any], ...] = (
    *[{}] * 9,
    {"investor_id": 0},
    {"country": 0},
    {"investor_class": 0},
    {"investor_class": 11},
    {"status": Status.NONE},
    {"frozen": True},
    {"scopes": 32},
    {"registrar": 2},
)


# Whose records change hands; alice's stays, so that most of a life goes on.
CHANGING = ("bob", "carol", "pool", "stranger", "outsider")
MOVED = st.lists(st.sampled_from(CHANGING), min_size=1, max_size=2)


class Movements(Draws):
    # ---------------------------------------------------------------- holders and platforms

    @deed(5, token=TOKENS, sender=HOLDERS, to=PARTIES, amount=AMOUNTS)
    def transfer(self, token: str, sender: str, to: str, amount: Any) -> None:
        at, source = self.token_of(token), self.address(sender)
        target, units = self.address(to, at), self.units(amount, at, source)
        asked = {
            "restrictionOf": self.ask(at, "restrictionOf", Kind.TRANSFER, source, source, target, units),
            "detectTransferRestriction": self.ask(at, "detectTransferRestriction", source, target, units),
        }
        self.act(sender, at, "transfer", target, units, asked=asked)

    @deed(
        4,
        token=TOKENS,
        spender=st.sampled_from((*["platform"] * 7, "pool", "bob", "stranger")),
        source=st.sampled_from((*("alice", "bob") * 8, "pool", "carol", "nobody", "token")),
        to=PARTIES,
        amount=AMOUNTS,
    )
    def transfer_from(self, token: str, spender: str, source: str, to: str, amount: Any) -> None:
        at = self.token_of(token)
        mover, owner, target = self.address(spender), self.address(source, at), self.address(to, at)
        units = self.units(amount, at, owner)
        asked = {
            "detectTransferRestrictionFrom": self.ask(at, "detectTransferRestrictionFrom", mover, owner, target, units)
        }
        self.act(spender, at, "transferFrom", owner, target, units, asked=asked)

    @deed(2, token=TOKENS, sender=HOLDERS, rows=st.lists(st.tuples(PARTIES, AMOUNTS), max_size=3), short=SELDOM)
    def batch_transfer(self, token: str, sender: str, rows: list[tuple[str, Any]], short: bool) -> None:
        at, source = self.token_of(token), self.address(sender)
        pairs = [(self.address(to, at), self.units(amount, at, source)) for to, amount in rows]
        receivers, amounts = [to for to, _ in pairs], [amount for _, amount in pairs]
        if short:
            receivers = receivers[1:]
        elif pairs:
            calls = ((self.play.call(source, at, "transfer", *pair), self.model.time) for pair in pairs)
            self.singles = self.play.world.ask_in_turn(*calls)
        self.act(sender, at, "batchTransfer", receivers, amounts)

    @deed(token=TOKENS, owner=HOLDERS, spender=PARTIES, amount=AMOUNTS)
    def approve(self, token: str, owner: str, spender: str, amount: Any) -> None:
        at = self.token_of(token)
        self.act(owner, at, "approve", self.address(spender, at), self.units(amount, at, self.address(owner)))

    # ---------------------------------------------------------------- enforcement

    @deed(
        3, token=TOKENS, sender=by("compliance"), source=OWNERS, to=PARTIES, amount=AMOUNTS, basis=BASES, order=ORDERS
    )
    def force(self, token: str, sender: str, source: str, to: str, amount: Any, basis: Basis, order: bytes) -> None:
        at = self.token_of(token)
        owner, target = self.address(source, at), self.address(to, at)
        units, officer = self.units(amount, at, owner), self.address(sender)
        asked = {}
        if sender == "compliance" and basis:
            asked = {"restrictionOf": self.ask(at, "restrictionOf", Kind.FORCE, officer, owner, target, units)}
        self.act(sender, at, "forcedTransferWithOrder", owner, target, units, basis, order, asked=asked)

    @deed(token=TOKENS, sender=by("compliance"), account=OWNERS, amount=AMOUNTS, basis=BASES, order=ORDERS)
    def freeze_part(self, token: str, sender: str, account: str, amount: Any, basis: Basis, order: bytes) -> None:
        at = self.token_of(token)
        owner = self.address(account, at)
        self.act(sender, at, "setFrozenTokensWithOrder", owner, self.units(amount, at, owner), basis, order)

    @deed(2, sender=by("compliance"), wallet=PARTIES, frozen=st.booleans(), contrary=SELDOM, basis=BASES, order=ORDERS)
    def freeze_wallet(self, sender: str, wallet: str, frozen: bool, contrary: bool, basis: Basis, order: bytes) -> None:
        """Half the time one that is frozen already, where there is one."""
        already = sorted(each for each, record in self.model.records.items() if record.frozen)
        at = already[0] if frozen and already else self.address(wallet, self.scene.us)
        thaw = self.lift(self.model.records[at].frozen, contrary)
        self.act(sender, self.model.registry, "unfreeze" if thaw else "freeze", at, basis, order)

    @deed(
        3,
        sender=by("compliance"),
        lost=st.sampled_from(("alice", "alice", "bob", "outsider")),
        replacement=st.sampled_from(("treasury", "treasury", "treasury", "alice", "carol")),
        basis=BASES,
        order=ORDERS,
        really=st.booleans(),
    )
    def recover(self, sender: str, lost: str, replacement: str, basis: Basis, order: bytes, really: bool) -> None:
        """Declared, and then carried over; a lost wallet never comes back, so it is not lost too often."""
        if really:
            wallets = (self.address(lost), self.address(replacement))
            self.act(sender, self.model.registry, "recover", *wallets, basis, order)
        self.act(sender, self.scene.us, "recoverBalance", self.address(lost))

    @deed(4, token=TOKENS, contrary=SELDOM, wrong=SELDOM, pauses=PAUSES)
    def pause(self, token: str, contrary: bool, wrong: bool, pauses: int) -> None:
        """PAUSER stops; COMPLIANCE, or REGULATOR for FORCE, lets go. Sometimes the wrong one tries."""
        lift = self.lift(self.model.tokens[self.token_of(token)].pauses & pauses, contrary)
        right = "pauser" if not lift else "regulator" if pauses & Pause.FORCE else "compliance"
        who = "issuer" if wrong else right
        self.act(who, self.token_of(token), "unpause" if lift else "pause", pauses)

    @deed(
        token=TOKENS,
        sender=by("issuer"),
        classes=st.sampled_from((*[ALL_CLASSES] * 4, ALL_CLASSES & ~2, 0, 1)),
        policy=st.integers(0, 16),
    )
    def set_policy(self, token: str, sender: str, classes: int, policy: int) -> None:
        self.act(sender, self.token_of(token), "setPolicy", classes, policy)

    # ---------------------------------------------------------------- registrars

    @deed(
        3,
        sender=st.sampled_from((*["registrar"] * 9, "second_registrar", "relay", "compliance")),
        wallets=st.lists(PARTIES, min_size=0, max_size=3, unique=True),
        scopes=SCOPES,
        investor_class=CLASSES,
        status=st.sampled_from((*[Status.ACTIVE] * 4, Status.REVOKED)),
        days=st.sampled_from((3650, 3650, 3650, 1, 0)),
        flaw=st.sampled_from(FLAWS),
    )
    def write(
        self,
        sender: str,
        wallets: list[str],
        scopes: Scope,
        investor_class: int,
        status: Status,
        days: int,
        flaw: dict[str, Any],
    ) -> None:
        registrar = 2 if sender == "second_registrar" else 1
        rows: list[tuple[str, InvestorRecord]] = []
        for place, name in enumerate(wallets):
            fields = {"registrar": registrar, "scopes": scopes, "investor_class": investor_class}
            # The last row of several has the flaw.
            wrong = {"status": status, **(flaw if place == len(wallets) - 1 else {})}
            good = self.scene.record(INVESTORS.get(name, 9), days, **fields)
            rows.append((self.address(name, self.scene.us), replace(good, **wrong)))
        self.act(sender, self.model.registry, "setRecords", rows, EVIDENCE)

    @deed(2, wallets=MOVED, contrary=SELDOM, to=st.sampled_from((*[None] * 5, 0, 1, 3, LOST)))
    def offer(self, wallets: list[str], contrary: bool, to: int | None) -> None:
        """By whose the first record is, mostly to the other one; or by the other."""
        at = [self.address(each) for each in wallets]
        second = self.model.records[at[0]].registrar == 2
        sender = "second_registrar" if second != contrary else "registrar"
        self.act(sender, self.model.registry, "offerRecords", at, 2 - second if to is None else to)

    @deed(2, wallet=st.sampled_from(CHANGING), contrary=SELDOM)
    def take_over(self, wallet: str, contrary: bool) -> None:
        """Of one that is offered, if there is one, by whom it is offered to or by the other."""
        wallet = next((each for each in CHANGING if self.model.offers[self.address(each)]), wallet)
        at = self.address(wallet)
        owner, offered = self.model.records[at].registrar, self.model.offers[at]
        sender = "second_registrar" if (offered == 2) != contrary else "registrar"
        number = self.model.registrars[self.address(sender)]
        rows = [(at, self.scene.record(INVESTORS[wallet], registrar=number))]
        if self.act(sender, self.model.registry, "setRecords", rows, EVIDENCE) and owner not in (0, number):
            self.play.seen["take over", "done"] += 1

    @deed(
        sender=by("compliance"), wallets=MOVED, to=st.sampled_from((2, 2, 2, 1, 1, 0, LOST)), basis=BASES, order=ORDERS
    )
    def assign(self, sender: str, wallets: list[str], to: int, basis: Basis, order: bytes) -> None:
        at = [self.address(each) for each in wallets]
        self.act(sender, self.model.registry, "assignRecords", at, to, basis, order)

    @deed(
        sender=by("compliance"),
        account=st.sampled_from(("relay", "relay", "second_registrar", "registrar", "nobody")),
        number=st.sampled_from((0, 1, 1, 2, LOST)),
    )
    def register(self, sender: str, account: str, number: int) -> None:
        self.act(sender, self.model.registry, "setRegistrar", self.address(account), number)

    # ---------------------------------------------------------------- listings

    @deed(2, token=TOKENS, sender=by("compliance"), contrary=SELDOM, basis=BASES, order=ORDERS)
    def suspend(self, token: str, sender: str, contrary: bool, basis: Basis, order: bytes) -> None:
        at = self.token_of(token)
        resume = self.lift(self.model.tokens[at].own is Phase.SUSPENDED, contrary)
        self.act(sender, self.model.listings, "resume" if resume else "suspend", at, basis, order)

    @deed(token=TOKENS, sender=by("issuer"))
    def activate_again(self, token: str, sender: str) -> None:
        self.act(sender, self.model.listings, "activate", self.token_of(token))

    @deed(3, token=TOKENS, sender=by("compliance"), basis=BASES, order=ORDERS, really=SELDOM)
    def wind_down(self, token: str, sender: str, basis: Basis, order: bytes, really: bool) -> None:
        """For good, so seldom by those who may."""
        who = sender if really else "issuer"
        self.act(who, self.model.listings, "windDown", self.token_of(token), basis, order)

    @deed(2, token=TOKENS, sender=by("compliance"), contrary=SELDOM, basis=BASES, order=ORDERS)
    def halt(self, token: str, sender: str, contrary: bool, basis: Basis, order: bytes) -> None:
        at = self.token_of(token)
        halted = not self.lift(self.model.tokens[at].by_hand, contrary)
        self.act(sender, self.model.listings, "setHalt", at, halted, basis, order)

    @deed(token=TOKENS, sender=by("regulator"), contrary=SELDOM, basis=BASES, order=ORDERS)
    def regulator_suspends(self, token: str, sender: str, contrary: bool, basis: Basis, order: bytes) -> None:
        at = self.token_of(token)
        suspended = not self.lift(self.model.tokens[at].by_regulator, contrary)
        self.act(sender, self.model.listings, "setRegulatorSuspension", at, suspended, basis, order)

    @deed(sender=by("compliance"), number=st.sampled_from((1, 1, 1, 2)), status=STATUSES, basis=BASES, order=ORDERS)
    def exemption_status(self, sender: str, number: int, status: int, basis: Basis, order: bytes) -> None:
        self.act(sender, self.model.listings, "setExemptionStatus", number, status, basis, order)

    @deed(sender=by("compliance"), basis=BASES, order=ORDERS, really=SELDOM)
    def revoke_exemption(self, sender: str, basis: Basis, order: bytes, really: bool) -> None:
        """For good, so seldom by those who may."""
        who = sender if really else "issuer"
        self.act(who, self.model.listings, "setExemptionStatus", 1, ExemptionStatus.REVOKED, basis, order)

    @deed(sender=by("issuer"), length=st.sampled_from((2**40, *[365 * DAY] * 3, 3 * DAY, DAY + 1, 0)))
    def amend(self, sender: str, length: int) -> None:
        """At once. Its end may be near, or beyond what a token can remember."""
        terms = exemption_terms(self.model.time - DAY, min(self.model.time + length, 2**40 - 1))
        self.act(sender, self.model.listings, "amendExemption", 1, terms)

    # ---------------------------------------------------------------- time, and questions

    @deed(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.play.wait(seconds)

    @deed(
        8,
        token=TOKENS,
        kind=st.sampled_from((*[Kind.TRANSFER] * 8, *Kind)),
        asker=HOLDERS,
        operator=PARTIES,
        source=OWNERS,
        party=PARTIES,
        amount=AMOUNTS,
    )
    def question(self, token: str, kind: Kind, asker: str, operator: str, source: str, party: str, amount: Any) -> None:
        """Law 7: views answer as the model judges, whoever is asked about."""
        at, model = self.token_of(token), self.model
        who, mover, owner, target = (self.address(name, at) for name in (asker, operator, source, party))
        if kind is Kind.MINT:
            owner = ZERO_ADDRESS
        units = self.units(amount, at, owner)
        code = model.judge(at, kind, mover, owner, target, units)
        self.play.seen["restrictionOf", code.name] += 1
        assert self.ask(at, "restrictionOf", kind, mover, owner, target, units) == code
        asking, share = model.records[who], model.tokens[at]
        executes = asking.investor_class in VENUES or Scope.EXECUTE in asking.scopes
        within = units if units <= share.balances[owner] else 0
        allowed = not model.judge(at, Kind.TRANSFER, who if executes else owner, owner, target, within)
        assert self.ask(at, "canTransfer", owner, target, units, sender=who) == allowed
        reserved = target in (model.ledger, at)
        record = model.records[target]
        receives = not model.unfit("RECEIVER", record, Scope.HOLD) and share.classes >> record.investor_class & 1
        sends = not all(model.unfit("SENDER", record, scope) for scope in (Scope.TRANSFER, Scope.TRADE))
        assert self.ask(at, "canReceive", target) == (bool(receives) and not reserved)
        assert self.ask(at, "canSend", target) == (sends and not reserved)

    def ask(self, token: str, view: str, *arguments: Any, sender: str | None = None) -> Any:
        return self.play.world.view("ShareToken", token, view, *arguments, sender=sender)


# A third of what the derandomised run does, or less: a change of the machine may shift lives, not empty them.
LEAST = {
    "transfer": 50,
    "transferFrom": 5,
    "batchTransfer": 7,
    "approve": 7,
    "forcedTransferWithOrder": 5,
    "setFrozenTokensWithOrder": 3,
    "recoverBalance": 1,
    "freeze": 8,
    "unfreeze": 1,
    "pause": 10,
    "unpause": 1,
    "setPolicy": 3,
    "setRecords": 12,
    "setRegistrar": 3,
    "offerRecords": 5,
    "take over": 1,
    "assignRecords": 1,
    "suspend": 10,
    "resume": 1,
    "setHalt": 12,
    "setRegulatorSuspension": 5,
    "setExemptionStatus": 2,
    "amendExemption": 2,
    "PHASE_SUSPENDED": 30,
    "PHASE_WIND_DOWN": 1,
    "HALTED": 10,
    "TRANSFER_PAUSED": 5,
    "FORCE_PAUSED": 1,
    "INSUFFICIENT_BALANCE": 30,
    "INSUFFICIENT_ALLOWANCE": 12,
    "SENDER_RESERVED": 1,
    "RECEIVER_RESERVED": 4,
    "RECEIVER_UNKNOWN": 3,
    "EXECUTOR_SCOPE": 1,
    "ZERO_SENDER": 2,
    "ZERO_RECEIVER": 8,
    "ShareTokenMissingRole": 10,
    "AccessManagedUnauthorized": 40,
    "RegistryRowInvalid": 4,
    "RegistryWrongRegistrar": 4,
}


def test_movements__random_lives__as_the_model_says_and_within_the_laws(theatre, suite):
    live(Movements, theatre, suite.reason_text.address, lives=30, steps=50, least=LEAST)
