"""The chapter of listings and markets: what an exemption says and when, the life of a listing, halts and their news.

`time` alone makes terms hold, opens and ends an exemption, and lets a heartbeat grow stale.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.records import Basis, ExemptionStatus, Interruption, Kind, Phase, order_ref
from stockade.reporting.entries import ExemptionTerms, ListingsKind, MarketKind, News, RelayRules
from stockade.reporting.rebuild import Exemption
from tests.contracts.support import NO_REF
from tests.machines.holdings import Holdings, Token
from tests.machines.roles import Call, need

NEVER = 2**40 - 1
NO_NEWS = News(0, Interruption.UNKNOWN, bytes(8), 0)
STALE = b"STALE".ljust(32, b"\0")


@dataclass(kw_only=True)
class Listings(Holdings):
    listings: str
    market: str
    mic: bytes
    exemptions: dict[int, Exemption]
    rules: RelayRules
    news: dict[str, News] = field(default_factory=dict)
    venue: News = NO_NEWS
    heartbeat_at: int = 0

    # ---------------------------------------------------------------- the exemption

    def version_at(self, number: int, moment: int) -> int:
        """The latest terms whose day has come."""
        terms = self.exemptions[number].terms
        return next((v for v in range(len(terms), 1, -1) if terms[v - 1].effective_from <= moment), 1)

    def terms_now(self, number: int) -> ExemptionTerms:
        return self.exemptions[number].terms[self.version_at(number, self.time) - 1]

    def opens_at(self, number: int) -> int:
        """Its first second, and its Notice public for long enough."""
        noticed = self.exemptions[number].notice_until
        return max(noticed, self.terms_now(number).valid_from) if noticed else NEVER

    def status_of(self, number: int) -> ExemptionStatus:
        decided = self.exemptions[number].status
        if decided is not ExemptionStatus.ACTIVE:
            return decided
        if self.time >= self.terms_now(number).valid_until:
            return ExemptionStatus.EXPIRED
        return ExemptionStatus.PENDING if self.time < self.opens_at(number) else ExemptionStatus.ACTIVE

    def amend_exemption(self, call: Call, number: int, terms: ExemptionTerms) -> None:
        """What has begun has begun; and new terms begin before those they follow end, or at once."""
        self.restricted(call)
        self.known(number)
        starts = max(terms.effective_from, self.time)
        before = self.exemptions[number].terms[self.version_at(number, starts) - 1]
        begins = terms.valid_from <= starts or before.valid_from > starts
        seamless = starts <= before.valid_until or terms.effective_from <= self.time
        need(begins and seamless, "ListingInvalidTerms", terms)
        terms = terms._replace(effective_from=starts)
        dated = terms.valid_from < terms.valid_until and starts < terms.valid_until
        named = terms.document != NO_REF and terms.profile != NO_REF
        need(dated and named and terms.notice_period and terms.objection_period, "ListingInvalidTerms", terms)
        present = self.exemptions[number]
        self.exemptions[number] = replace(present, terms=(*present.terms, terms))
        self.report(self.listings, ListingsKind.TERMS, call.sender, number, len(present.terms) + 1, terms)
        self.tell_all(number)

    def publish_notice(self, call: Call, number: int, digest: bytes, uri: str) -> None:
        """The first one begins the period, for good."""
        self.restricted(call)
        need(number in self.exemptions, "ListingUnknownExemption", number)
        need(digest != NO_REF and uri, "ListingEmptyDocument", digest)
        present = self.exemptions[number]
        until = present.notice_until or self.time + self.terms_now(number).notice_period
        self.exemptions[number] = replace(present, notice_until=until, notice=digest)
        self.report(self.listings, ListingsKind.NOTICE, call.sender, number, digest, uri, until)

    def set_exemption_status(
        self, call: Call, number: int, status: ExemptionStatus, basis: Basis, order: bytes
    ) -> None:
        """REVOKED is final; what the clock says nobody decides."""
        self.restricted(call)
        present = self.known(number).status
        decided = status in (ExemptionStatus.ACTIVE, ExemptionStatus.SUSPENDED, ExemptionStatus.REVOKED)
        need(decided and status != present, "ListingInvalidStatus", number, status)
        ref = self.order(basis, order)
        self.exemptions[number] = replace(self.exemptions[number], status=ExemptionStatus(status))
        self.report(self.listings, ListingsKind.EXEMPTION, call.sender, number, status, ref)
        self.tell_all(number)

    def known(self, number: int) -> Exemption:
        need(number in self.exemptions, "ListingUnknownExemption", number)
        need(self.exemptions[number].status is not ExemptionStatus.REVOKED, "ListingExemptionRevoked", number)
        return self.exemptions[number]

    # ---------------------------------------------------------------- what a token is told

    def barred(self, token: str) -> bool:
        """The issuer of the share objected in time."""
        share = self.tokens[token]
        return bool(share.objected_at) and (not share.objection_until or share.objected_at <= share.objection_until)

    def phase_of(self, token: str) -> Phase:
        """The listing's own phase, outranked by an objection, the regulator and the exemption."""
        share, status = self.tokens[token], self.exemptions[self.tokens[token].exemption].status
        if status is ExemptionStatus.REVOKED:
            return Phase.WIND_DOWN
        held = status is ExemptionStatus.SUSPENDED or share.by_regulator or self.barred(token)
        return Phase.SUSPENDED if held and share.own is Phase.ACTIVE else share.own

    def tell(self, token: str) -> None:
        """The token learns at once; it reports what changed for it. Its end is that of the latest terms."""
        share = self.tokens[token]
        until = min(self.exemptions[share.exemption].terms[-1].valid_until, 2**32 - 1)
        if share.told != (told := (self.phase_of(token), share.by_hand or share.by_market, until)):
            share.told = told
            self.report(token, Kind.CONTROL, self.listings, NOBODY, NOBODY, share.settings, NO_REF)

    def tell_all(self, number: int) -> None:
        """In the same transaction."""
        for token, share in self.tokens.items():
            if share.exemption == number:
                self.tell(token)

    # ---------------------------------------------------------------- the life of a listing

    def record_issuer_notice(self, call: Call, token: str, digest: bytes) -> None:
        """Told again, the period begins anew."""
        self.restricted(call)
        share = self.listed(token)
        need(share.own is Phase.PENDING, "ListingWrongPhase", token, share.own)
        need(digest != NO_REF, "ListingEmptyDocument", digest)
        share.objection_until = self.time + self.terms_now(share.exemption).objection_period
        self.report(self.listings, ListingsKind.ISSUER_NOTICE, call.sender, token, digest, share.objection_until)

    def record_objection(self, call: Call, token: str, digest: bytes, received: int) -> None:
        """The earliest counts, whenever it is recorded."""
        self.restricted(call)
        share = self.listed(token)
        need(digest != NO_REF, "ListingEmptyDocument", digest)
        need(0 < received <= self.time, "ListingInvalidObjection", token, received)
        share.objected_at = min(received, share.objected_at or received)
        self.report(self.listings, ListingsKind.OBJECTION, call.sender, token, digest, received)
        self.tell(token)

    def activate(self, call: Call, token: str) -> None:
        """Rights are verified in every life; the issuer's period must have passed."""
        self.restricted(call)
        until = self.listed(token).objection_until
        need(until and self.time >= until, "ListingObjectionPeriod", token, until)
        self.enter(call, token, Phase.PENDING, Phase.ACTIVE, NO_REF)
        if (code := self.halting_news(token)) and not self.tokens[token].by_market:
            self.set_market_halt(token, code, call.sender)

    def suspend(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        self.enter(call, token, Phase.ACTIVE, Phase.SUSPENDED, self.order(basis, order))

    def resume(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        self.enter(call, token, Phase.SUSPENDED, Phase.ACTIVE, self.order(basis, order))

    def wind_down(self, call: Call, token: str, basis: Basis, order: bytes) -> None:
        """From any other phase, for good."""
        self.restricted(call)
        present = self.listed(token).own
        need(present is not Phase.WIND_DOWN, "ListingWrongPhase", token, present)
        self.enter(call, token, present, Phase.WIND_DOWN, self.order(basis, order))

    def enter(self, call: Call, token: str, before: Phase, after: Phase, ref: bytes) -> None:
        """To become ACTIVE, or be so again, asks that nobody objected, and for an exemption in force."""
        share = self.listed(token)
        need(share.own is before, "ListingWrongPhase", token, share.own)
        if after is Phase.ACTIVE:
            need(not self.barred(token), "ListingObjected", token, share.objected_at)
            number, status = share.exemption, self.status_of(share.exemption)
            shown = (number, status, self.opens_at(number), self.terms_now(number).valid_until)
            need(status is ExemptionStatus.ACTIVE, "ListingExemptionNotInForce", *shown)
        share.own = after
        self.report(self.listings, ListingsKind.PHASE, call.sender, token, after, ref)
        self.tell(token)

    def set_halt(self, call: Call, token: str, halted: bool, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        need(self.listed(token).by_hand != halted, "ListingUnchanged", token)
        self.tokens[token].by_hand = halted
        self.report(self.listings, ListingsKind.HALT, call.sender, token, halted, self.order(basis, order))
        self.tell(token)

    def set_regulator_suspension(self, call: Call, token: str, suspended: bool, basis: Basis, order: bytes) -> None:
        self.restricted(call)
        need(self.listed(token).by_regulator != suspended, "ListingUnchanged", token)
        self.tokens[token].by_regulator = suspended
        ref = self.order(basis, order)
        self.report(self.listings, ListingsKind.REGULATOR_SUSPENSION, call.sender, token, suspended, ref)
        self.tell(token)

    def listed(self, token: str) -> Token:
        need(token in self.tokens, "ListingUnknownToken", token)
        return self.tokens[token]

    @staticmethod
    def order(basis: Basis, order: bytes) -> bytes:
        need(basis, "ListingBasisUnstated")
        return order_ref(basis, order)

    # ---------------------------------------------------------------- the market

    def fresh(self) -> bool:
        return bool(self.heartbeat_at) and self.time < self.heartbeat_at + self.rules.heartbeat_age

    def relay(self, call: Call, token: str, state: News) -> None:
        """A halt counts at once; anything else under a fresh heartbeat, and from the quorum."""
        self.restricted(call)
        need(token in self.tokens, "MarketUnknownToken", token)
        last = self.news.get(token, NO_NEWS)
        need(state.interruption != Interruption.VENUE_HALTED, "MarketInvalidNews", token, self.mic, state)
        self.judge_news(token, state, last)
        if state.interruption != Interruption.ASSET_HALTED and not self.agreed(call, (token, state)):
            return
        self.news[token] = state
        self.report(self.market, MarketKind.INTERRUPTION, call.sender, token, state)
        self.follow(token)

    def relay_venue(self, call: Call, mic: bytes, state: News) -> None:
        """Every token of the market follows in the same transaction."""
        self.restricted(call)
        ends = state.interruption == Interruption.NONE
        need(ends or state.interruption == Interruption.VENUE_HALTED, "MarketInvalidNews", NOBODY, mic, state)
        self.judge_news(NOBODY, state, self.venue)
        if ends and not self.agreed(call, (mic, state)):
            return
        self.venue = state
        self.report(self.market, MarketKind.VENUE, call.sender, mic, state)
        for token in self.tokens:
            self.follow(token)

    def judge_news(self, token: str, state: News, last: News) -> None:
        need(state.sequence == last.sequence + 1, "MarketSequence", token, self.mic, state.sequence, last.sequence)
        coded = (state.interruption == Interruption.NONE) == (state.code == bytes(8))
        sound = state.interruption != Interruption.UNKNOWN and coded and last.as_of <= state.as_of <= self.time
        need(sound, "MarketInvalidNews", token, self.mic, state)
        halts = state.interruption in (Interruption.ASSET_HALTED, Interruption.VENUE_HALTED)
        need(halts or self.fresh(), "MarketHeartbeatStale", self.mic, self.heartbeat_at)

    def heartbeat(self, call: Call, mic: bytes, as_of: int) -> None:
        self.restricted(call)
        need(self.heartbeat_at < as_of <= self.time, "MarketHeartbeatInvalid", mic, as_of, self.heartbeat_at)
        if self.agreed(call, (mic, as_of)):
            self.heartbeat_at = as_of
            self.report(self.market, MarketKind.HEARTBEAT, call.sender, mic, as_of)

    def agreed(self, call: Call, what: Any) -> bool:
        """One relay is the quorum in these lives; votes have tests of their own."""
        return self.rules.quorum == 1

    def sync(self, call: Call, tokens: list[str]) -> None:
        """Anyone; silence halts, and never resumes."""
        for token in tokens:
            need(token in self.tokens, "MarketUnknownToken", token)
            self.follow(token)

    def halting_news(self, token: str) -> bytes:
        """The code of the last news, if it is a halt: of the market, or of the share."""
        if self.venue.interruption == Interruption.VENUE_HALTED:
            return self.venue.code
        own = self.news.get(token, NO_NEWS)
        return own.code if own.interruption == Interruption.ASSET_HALTED else b""

    def set_market_halt(self, token: str, code: bytes, by: str) -> None:
        self.tokens[token].by_market = bool(code)
        self.report(self.listings, ListingsKind.MARKET_HALT, by, token, bool(code), code.ljust(32, b"\0"))
        self.tell(token)

    def follow(self, token: str) -> None:
        code = self.halting_news(token) or (b"" if self.fresh() else STALE)
        if self.tokens[token].by_market != bool(code):
            self.set_market_halt(token, code, self.market)
