"""Lives of exemptions and of the listings under them: dates, notices, objections, suspensions, and both halts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant

from stockade.records import Basis, Control, ExemptionStatus, Interruption, Phase
from stockade.reporting.entries import ExemptionTerms, News, RelayRules
from tests.contracts.support import EVIDENCE, NO_REF, ORDER, RIGHTS
from tests.contracts.support import terms as exemption_terms
from tests.machines.draws import BASES, SELDOM, Draws, by, deed
from tests.machines.ending import compare_clocks
from tests.machines.exemption import MAX_40
from tests.machines.market import NO_CODE
from tests.machines.running import live
from tests.support import DAY, SHARE

SHARES = st.sampled_from(("us", "strict", "third", "third", "native", "native"))
EXEMPTIONS = st.sampled_from((1, 1, 1, 2, 2, 2, 3, 9))
MICS = st.sampled_from((*[b"XNAS"] * 5, b"XNYS", b"XNYS", bytes(4)))
# One of these is no relay.
RELAYS = st.sampled_from((*["market_operator"] * 5, *["relay"] * 4, "issuer"))
CODES = st.sampled_from((b"T1", b"LUDP", b"MWC1", b"H10")).map(lambda code: code.ljust(8, b"\0"))
DECISIONS = st.sampled_from((*[ExemptionStatus.SUSPENDED] * 6, *ExemptionStatus))
HASHES = st.sampled_from((*[EVIDENCE] * 9, NO_REF))
# A second before an edge, at it, after it.
SIDES = st.sampled_from((-1, 0, 0, 1))
# What terms may say that cannot be; mostly nothing.
FLAWS: tuple[dict[str, Any], ...] = (
    *[{}] * 12,
    {"document": NO_REF},
    {"profile": NO_REF},
    {"notice_period": 0},
    {"objection_period": 0},
)
# And what is wrong with news.
LIES = st.sampled_from((*[""] * 14, "sequence", "older", "future", "uncoded", "unknown", "of the other kind"))
# Nobody waits longer than this for an edge: beyond it lie ends that would end the life as well.
PATIENCE = 100 * DAY


class ListingLife(Draws):
    def __init__(self) -> None:
        super().__init__()
        self.told: Any = None

    @invariant()
    def everybody_is_told_what_the_clock_says(self) -> None:
        """After every step that did something or took time."""
        now = (self.model.time, dict(self.model.reports))
        if now != self.told:
            self.told = now
            compare_clocks(self.play)

    @invariant()
    def law_4_nothing_trades_without_an_exemption_in_force(self) -> None:
        """Whatever a token was told, and whenever: as long as it lets trade, its exemption is ACTIVE by the clock."""
        for token, share in self.model.tokens.items():
            control = Control.unpack(self.play.state[token, "control"])
            if control.phase is Phase.ACTIVE and self.model.time < control.active_until:
                status = self.play.world.view("ListingRegistry", self.model.listings, "statusOf", share.exemption)
                assert status == ExemptionStatus.ACTIVE, f"law 4: trades under {ExemptionStatus(status).name}"

    # ---------------------------------------------------------------- time

    def edges(self) -> list[int]:
        """The seconds at which something changes by the clock alone, those to come, the next first."""
        model, found = self.model, set()
        for exemption in model.exemptions.values():
            found.add(exemption.notice_until)
            for terms in exemption.versions:
                found |= {terms.valid_from, terms.valid_until, terms.effective_from}
        found |= {share.objection_until for share in model.tokens.values()}
        found |= {as_of + model.rules.heartbeat_age for as_of in model.heartbeats.values()}
        return sorted(edge for edge in found if model.time < edge < model.time + PATIENCE)

    @deed(9, place=st.integers(0, 3), side=SIDES)
    def wait_for_an_edge(self, place: int, side: int) -> None:
        if edges := self.edges():
            self.play.wait(max(edges[min(place, len(edges) - 1)] + side - self.model.time, 0))
            self.play.seen["an edge", ("before", "at", "after")[side + 1]] += 1

    @deed(seconds=st.sampled_from((1, 60, 3_600, DAY)))
    def wait(self, seconds: int) -> None:
        self.play.wait(seconds)

    # ---------------------------------------------------------------- exemptions

    def terms(self, number: int, since: int, starts: str, days: int, flaw: dict[str, Any]) -> ExemptionTerms:
        """From `since` on, for so many days; they begin before that, at once, then, or only later."""
        model = self.model
        moment = max(since, model.time)
        start = {"before": model.time - DAY, "now": model.time, "then": moment, "later": moment + 5 * DAY}[starts]
        return exemption_terms(start, min(moment + days * DAY, MAX_40), since)._replace(**flaw)

    @deed(
        sender=by("issuer"),
        since=st.sampled_from((0, 0, 0, 0, 1)),
        starts=st.sampled_from(("before", "now", "later")),
        days=st.sampled_from((400, 60, 20, 0)),
        flaw=st.sampled_from(FLAWS),
    )
    def add(self, sender: str, since: int, starts: str, days: int, flaw: dict[str, Any]) -> None:
        """At most four, because each is asked for its clocks at every step."""
        if len(self.model.exemptions) < 4:
            terms = self.terms(0, since * (self.model.time + 1), starts, days, flaw)
            self.act(sender, self.model.listings, "addExemption", terms)

    @deed(
        5,
        sender=by("issuer"),
        number=EXEMPTIONS,
        since=st.sampled_from(("now", "now", "past", "soon", "soon", "later", "end", "after the end")),
        starts=st.sampled_from(("before", "before", "before", "now", "then", "then", "later")),
        days=st.sampled_from((400, 400, 60, 20, 20, 1, 0, 2**24)),
        flaw=st.sampled_from(FLAWS),
    )
    def amend(self, sender: str, number: int, since: str, starts: str, days: int, flaw: dict[str, Any]) -> None:
        """Now, or from a day on; terms to come are withdrawn by those that come before them; and after a lapse."""
        model = self.model
        end = model.terms_of(number).valid_until if number in model.exemptions else model.time
        moments = {"now": 0, "past": model.time - DAY, "soon": model.time + 5 * DAY, "later": model.time + 15 * DAY}
        moment = {**moments, "end": end, "after the end": end + 1}[since]
        terms = self.terms(number, moment, starts, days, flaw)
        if self.act(sender, model.listings, "amendExemption", number, terms):
            kind = "withdrawn" if terms.effective_from < model.exemptions[number].versions[-2].effective_from else since
            self.play.seen["terms amended", f"amended {kind}"] += 1

    @deed(2, number=st.sampled_from((1, 2)), side=SIDES, since=st.sampled_from((0, 0, 0, 1)))
    def amend_at_its_end(self, number: int, side: int, since: int) -> None:
        """Cut short, traded under to the end, and renewed: at once, or a second later, which after it is refused."""
        listings, now = self.model.listings, self.model.time
        if self.act("issuer", listings, "amendExemption", number, exemption_terms(now - DAY, now + DAY)):
            self.play.wait(DAY + side)
            self.trade("us", 1)
            now = self.model.time
            terms = exemption_terms(now - DAY, now + 400 * DAY, now + since)
            if self.act("issuer", listings, "amendExemption", number, terms) and side >= 0:
                self.play.seen["terms amended", "amended after a lapse"] += 1

    @deed(2, sender=by("issuer"), number=EXEMPTIONS, digest=HASHES, uri=st.sampled_from((*["ipfs://n"] * 6, "")))
    def publish(self, sender: str, number: int, digest: bytes, uri: str) -> None:
        self.act(sender, self.model.listings, "publishNotice", number, digest, uri)

    @deed(3, sender=by("compliance"), number=EXEMPTIONS, status=DECISIONS, basis=BASES, really=SELDOM)
    def decide(self, sender: str, number: int, status: ExemptionStatus, basis: Basis, really: bool) -> None:
        """What stands is restored more often than not, and revoked seldom: that is for good."""
        known = self.model.exemptions.get(number)
        if known and known.decided is ExemptionStatus.SUSPENDED:
            status = ExemptionStatus.ACTIVE
        who = "issuer" if status is ExemptionStatus.REVOKED and not really else sender
        self.act(who, self.model.listings, "setExemptionStatus", number, status, basis, ORDER)

    # ---------------------------------------------------------------- listings

    @deed(3, token=SHARES, sender=by("issuer"), digest=HASHES)
    def notify(self, token: str, sender: str, digest: bytes) -> None:
        self.act(sender, self.model.listings, "recordIssuerNotice", self.token_of(token), digest)

    @deed(
        3,
        sender=by("compliance"),
        token=SHARES,
        received=st.sampled_from(("now", "now", "in time", "in time", "late", "first", "future", "never")),
        digest=HASHES,
    )
    def object_to(self, sender: str, token: str, received: str, digest: bytes) -> None:
        at = self.token_of(token)
        until, now = self.model.tokens[at].objection_until, self.model.time
        moment = {"now": now, "in time": until, "late": until + 1, "first": 1, "future": now + 1, "never": 0}[received]
        self.act(sender, self.model.listings, "recordObjection", at, digest, moment)

    @deed(2, sender=by("issuer"), token=SHARES, digest=HASHES, name=st.sampled_from((RIGHTS, RIGHTS, ORDER)))
    def document(self, sender: str, token: str, digest: bytes, name: bytes) -> None:
        self.act(sender, self.model.listings, "setDocument", self.token_of(token), name, "ipfs://d", digest)

    @deed(sender=by("issuer"), token=SHARES, name=st.sampled_from((RIGHTS, ORDER)))
    def remove_document(self, sender: str, token: str, name: bytes) -> None:
        self.act(sender, self.model.listings, "removeDocument", self.token_of(token), name)

    @deed(4, sender=by("issuer"), token=SHARES)
    def activate(self, sender: str, token: str) -> None:
        """Mostly one that was not yet."""
        pending = [at for at, share in self.model.tokens.items() if share.own is Phase.PENDING]
        at = self.token_of(token)
        self.act(sender, self.model.listings, "activate", pending[-1] if pending and at == self.scene.us else at)

    @deed(3, sender=by("issuer"), side=SIDES, objected=st.sampled_from((*[False] * 9, True)))
    def prepare_and_activate(self, sender: str, side: int, objected: bool) -> None:
        """The whole way of a token that waits, to the second at which it may, unless the issuer objects."""
        pending = [at for at, share in self.model.tokens.items() if share.own is Phase.PENDING]
        if pending:
            at = pending[0]
            share, listings = self.model.tokens[at], self.model.listings
            self.act("issuer", listings, "setDocument", at, RIGHTS, "ipfs://rights", EVIDENCE)
            self.act("issuer", listings, "recordIssuerNotice", at, EVIDENCE)
            if not self.model.exemptions[share.exemption].notice_until:
                self.act("issuer", listings, "publishNotice", share.exemption, EVIDENCE, "ipfs://notice")
            if objected:
                self.act("compliance", listings, "recordObjection", at, EVIDENCE, self.model.time)
            opens = max(self.model.tokens[at].objection_until, self.model.opens_at(share.exemption))
            self.play.wait(max(min(opens - self.model.time, PATIENCE) + side, 0))
            self.act(sender, listings, "activate", at)

    @deed(5, token=SHARES, sender=by("compliance"), back=st.booleans(), contrary=SELDOM, basis=BASES)
    def suspend(self, token: str, sender: str, back: bool, contrary: bool, basis: Basis) -> None:
        """Half the time one that is suspended already, where there is one."""
        suspended = [at for at, share in self.model.tokens.items() if share.own is Phase.SUSPENDED]
        at = suspended[0] if back and suspended else self.token_of(token)
        resume = self.lift(self.model.tokens[at].own is Phase.SUSPENDED, contrary)
        self.act(sender, self.model.listings, "resume" if resume else "suspend", at, basis, ORDER)

    @deed(token=SHARES, sender=by("compliance"), basis=BASES, really=SELDOM)
    def wind_down(self, token: str, sender: str, basis: Basis, really: bool) -> None:
        """For good, so seldom by those who may."""
        self.act(sender if really else "issuer", self.model.listings, "windDown", self.token_of(token), basis, ORDER)

    @deed(2, token=SHARES, sender=by("regulator"), contrary=SELDOM, basis=BASES)
    def regulator_suspends(self, token: str, sender: str, contrary: bool, basis: Basis) -> None:
        at = self.token_of(token)
        suspended = not self.lift(self.model.tokens[at].by_regulator, contrary)
        self.act(sender, self.model.listings, "setRegulatorSuspension", at, suspended, basis, ORDER)

    # ---------------------------------------------------------------- halts

    @deed(2, token=SHARES, sender=by("compliance"), contrary=SELDOM, basis=BASES)
    def halt(self, token: str, sender: str, contrary: bool, basis: Basis) -> None:
        at = self.token_of(token)
        halted = not self.lift(self.model.tokens[at].by_hand, contrary)
        self.act(sender, self.model.listings, "setHalt", at, halted, basis, ORDER)

    def said(self, last: News, wanted: Interruption, code: bytes, lie: str) -> News:
        now = self.model.time
        true = News(last.sequence + 1, wanted, code if wanted is not Interruption.NONE else NO_CODE, now)
        other = {Interruption.ASSET_HALTED: Interruption.VENUE_HALTED}.get(wanted, Interruption.ASSET_HALTED)
        return true._replace(
            **{
                "": {},
                "sequence": {"sequence": last.sequence},
                "older": {"as_of": last.as_of - 1 if last.as_of else now + 2},
                "future": {"as_of": now + 1},
                "uncoded": {"code": NO_CODE if true.code != NO_CODE else code},
                "unknown": {"interruption": Interruption.UNKNOWN, "code": code},
                "of the other kind": {"interruption": other, "code": code},
            }[lie]
        )

    @deed(
        5,
        token=SHARES,
        sender=RELAYS,
        calm=st.booleans(),
        constrained=st.sampled_from((False, False, False, True)),
        code=CODES,
        lie=LIES,
        beat=st.booleans(),
    )
    def relay(self, token: str, sender: str, calm: bool, constrained: bool, code: bytes, lie: str, beat: bool) -> None:
        at = self.token_of(token)
        wanted = Interruption.NONE if calm else Interruption.ASSET_HALTED
        self.refresh(self.model.tokens[at].mic, beat)
        news = self.said(self.model.news[at], Interruption.PRICE_CONSTRAINED if constrained else wanted, code, lie)
        self.told_by_all(sender, "relay", at, news)

    @deed(4, mic=MICS, sender=RELAYS, calm=st.booleans(), code=CODES, lie=LIES, beat=st.booleans())
    def relay_venue(self, mic: bytes, sender: str, calm: bool, code: bytes, lie: str, beat: bool) -> None:
        wanted = Interruption.NONE if calm else Interruption.VENUE_HALTED
        self.refresh(mic, beat)
        self.told_by_all(sender, "relayVenue", mic, self.said(self.model.venues[mic], wanted, code, lie))

    def refresh(self, mic: bytes, beat: bool) -> None:
        """As many heartbeats as count, before what asks for a fresh one."""
        if beat and not self.model.is_fresh(mic):
            for sender in ("market_operator", "relay")[: self.model.rules.quorum]:
                self.act(sender, self.model.market, "heartbeat", mic, self.model.time)

    @deed(4, mic=MICS, sender=RELAYS, age=st.sampled_from((0, 0, 0, 0, 30, -1, 300)))
    def heartbeat(self, mic: bytes, sender: str, age: int) -> None:
        self.told_by_all(sender, "heartbeat", mic, self.model.time - age)

    def told_by_all(self, sender: str, function: str, *told: Any) -> None:
        """By one; where the quorum asks for two, now and then by the other as well, or once more by the same."""
        self.act(sender, self.model.market, function, *told)
        turn = self.turns % 4
        if self.model.rules.quorum > 1 and turn:
            self.play.seen["a quorum", "a second vote"] += 1
            other = "relay" if sender == "market_operator" else "market_operator"
            self.act(sender if turn == 1 else other, self.model.market, function, *told)

    @deed(4, tokens=st.lists(SHARES, min_size=1, max_size=3), sender=st.sampled_from(("alice", "stranger")), off=SELDOM)
    def sync(self, tokens: list[str], sender: str, off: bool) -> None:
        at = [self.cast.stranger if off else self.token_of(each) for each in tokens]
        self.act(sender, self.model.market, "sync", at)

    @deed(
        sender=by("issuer"),
        quorum=st.sampled_from((2, 2, 2, 2, 1, 0)),
        age=st.sampled_from((300, 300, 300, 3_600, 0)),
    )
    def set_rules(self, sender: str, quorum: int, age: int) -> None:
        self.act(sender, self.model.market, "setRules", RelayRules(quorum, age))

    @deed(token=SHARES, sender=st.sampled_from(("market_operator", "compliance")), halted=st.booleans())
    def halt_past_the_market(self, token: str, sender: str, halted: bool) -> None:
        self.act(sender, self.model.listings, "setMarketHalt", self.token_of(token), halted, ORDER)

    # ---------------------------------------------------------------- what it is all about

    @deed(4, token=st.sampled_from(("us", "strict")), amount=st.integers(0, 2))
    def transfer(self, token: str, amount: int) -> None:
        self.act("alice", self.token_of(token), "transfer", self.cast.treasury, amount * SHARE)

    @deed(4, token=st.sampled_from(("us", "strict")), amount=st.integers(0, 2))
    def trade(self, token: str, amount: int) -> None:
        to = self.cast.treasury
        self.act("platform", self.token_of(token), "transferFrom", self.cast.alice, to, amount * SHARE)


# A third of what the derandomised run does, or less: a change of the machine may shift lives, not empty them.
LEAST: dict[str, int] = {
    "activate": 3,
    "addExemption": 1,
    "amendExemption": 15,
    "amended after a lapse": 3,
    "amended withdrawn": 1,
    "at": 8,
    "before": 30,
    "after": 3,
    "publishNotice": 2,
    "recordIssuerNotice": 12,
    "recordObjection": 3,
    "setDocument": 12,
    "setHalt": 3,
    "setRegulatorSuspension": 3,
    "setExemptionStatus": 1,
    "suspend": 1,
    "relay": 5,
    "relayVenue": 5,
    "heartbeat": 12,
    "sync": 12,
    "a second vote": 1,
    "transferFrom": 8,
    "ListingExemptionNotInForce": 1,
    "ListingInvalidTerms": 6,
    "ListingObjected": 1,
    "ListingObjectionPeriod": 1,
    "ListingRightsUnverified": 5,
    "ListingInvalidObjection": 1,
    "ListingWrongCaller": 3,
    "MarketHeartbeatInvalid": 3,
    "MarketHeartbeatStale": 4,
    "MarketInvalidNews": 6,
    "MarketSequence": 1,
    "HALTED": 5,
    "LAPSED": 2,
    "PHASE_SUSPENDED": 4,
}


def test_listing_life__random_lives__as_the_model_says_and_within_the_laws(waiting_theatre, suite):
    live(ListingLife, waiting_theatre, suite.reason_text.address, lives=20, steps=50, least=LEAST)
