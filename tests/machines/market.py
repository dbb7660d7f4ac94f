"""The model's fifth chapter: what interrupts trading, as relays tell it (`MarketStatus`).

A halt counts from the first relay that tells it. Its end, and a heartbeat, count once a quorum told the same. Silence
never resumes anything. The calendar is absent: no life has one, and a day that no calendar knows is a business day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS as NOBODY
from stockade.records import Interruption
from stockade.reporting.entries import MarketKind, News, RelayRules
from tests.machines.exemption import Listings
from tests.machines.roles import Call, need
from tests.machines.world import NEWS

NO_CODE = bytes(8)
STALE = b"STALE".ljust(8, b"\0")
NO_NEWS = News(0, Interruption.UNKNOWN, NO_CODE, 0)


@dataclass(kw_only=True)
class Market(Listings):
    """`news`, `venues`: the last news of a share, and of a market. `heartbeats`: the second (UTC) up to which all halts
    of a market have been told. `votes`: who told what the quorum has not.
    """

    rules: RelayRules
    news: dict[str, News] = field(default_factory=lambda: defaultdict(lambda: NO_NEWS))
    venues: dict[bytes, News] = field(default_factory=lambda: defaultdict(lambda: NO_NEWS))
    heartbeats: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    votes: dict[bytes, list[str]] = field(default_factory=lambda: defaultdict(list))

    # ---------------------------------------------------------------- what holds

    def is_fresh(self, mic: bytes) -> bool:
        return bool(self.heartbeats[mic]) and self.time < self.heartbeats[mic] + self.rules.heartbeat_age

    def interruption_of(self, token: str) -> tuple[Interruption, bytes]:
        """The worse of what is known of the share and of its market; what was never told is NONE."""
        own, venue = self.news[token], self.venues[self.tokens[token].mic]
        if not self.is_fresh(self.tokens[token].mic):
            return Interruption.UNKNOWN, STALE
        if venue.interruption is Interruption.VENUE_HALTED:
            return venue.interruption, venue.code
        return (own.interruption, own.code) if own.sequence else (Interruption.NONE, NO_CODE)

    def halted_by_news(self, token: str) -> tuple[bool, bytes]:
        """Under any heartbeat."""
        own, venue = self.news[token], self.venues[self.tokens[token].mic]
        if venue.interruption is Interruption.VENUE_HALTED:
            return True, venue.code
        return (True, own.code) if own.interruption is Interruption.ASSET_HALTED else (False, NO_CODE)

    def halt_of(self, token: str) -> tuple[bool, bytes]:
        """Under a stale heartbeat everything is halted."""
        halted, code = self.halted_by_news(token)
        return (halted, code) if halted or self.is_fresh(self.tokens[token].mic) else (True, STALE)

    def follow(self, token: str) -> None:
        self.set_market_halt(Call(self.market, self.listings, b""), token, *self.halt_of(token))

    # ---------------------------------------------------------------- acts

    def activate(self, call: Call, token: str) -> None:
        """As a listing, but not past a halt of which there was news before."""
        super().activate(call, token)
        halted, code = self.halted_by_news(token)
        if halted:
            self.change_market_halt(call.sender, token, halted, code)

    def set_rules(self, call: Call, rules: RelayRules) -> None:
        self.restricted(call)
        need(rules.quorum and rules.heartbeat_age, "MarketInvalidRules", rules)
        self.rules = rules
        self.report(self.market, MarketKind.RULES, call.sender, rules)

    def relay(self, call: Call, token: str, news: News) -> None:
        self.restricted(call)
        need(token in self.tokens, "MarketUnknownToken", token)
        mic = self.tokens[token].mic
        need(news.interruption is not Interruption.VENUE_HALTED, "MarketInvalidNews", token, mic, news)
        halts = news.interruption is Interruption.ASSET_HALTED
        self.check_news(token, mic, news, self.news[token])
        if halts or self.resumes(call, mic, keccak(encode(["address", NEWS], [token, news]))):
            self.news[token] = news
            self.report(self.market, MarketKind.INTERRUPTION, call.sender, token, news)
            self.follow(token)

    def relay_venue(self, call: Call, mic: bytes, news: News) -> None:
        """Every token of the market follows in the same transaction."""
        self.restricted(call)
        halts = news.interruption is Interruption.VENUE_HALTED
        need(halts or news.interruption is Interruption.NONE, "MarketInvalidNews", NOBODY, mic, news)
        self.check_news(NOBODY, mic, news, self.venues[mic])
        if halts or self.resumes(call, mic, keccak(encode(["bytes4", NEWS], [mic, news]))):
            self.venues[mic] = news
            self.report(self.market, MarketKind.VENUE, call.sender, mic, news)
            for token, share in self.tokens.items():
                if share.mic == mic:
                    self.follow(token)

    def heartbeat(self, call: Call, mic: bytes, as_of: int) -> None:
        """Every halt that the source told up to this second has been relayed."""
        self.restricted(call)
        last = self.heartbeats[mic]
        need(mic != bytes(4) and last < as_of <= self.time, "MarketHeartbeatInvalid", mic, as_of, last)
        if self.agreed(call, keccak(encode(["bytes4", "uint40"], [mic, as_of]))):
            self.heartbeats[mic] = as_of
            self.report(self.market, MarketKind.HEARTBEAT, call.sender, mic, as_of)

    def sync(self, call: Call, tokens: list[str]) -> None:
        """By anybody: the halt bits become what the news and the heartbeat say by now."""
        for token in tokens:
            need(token in self.tokens, "MarketUnknownToken", token)
            self.follow(token)

    # ---------------------------------------------------------------- what counts

    def check_news(self, token: str, mic: bytes, news: News, last: News) -> None:
        """The next in its sequence, with a code unless nothing interrupts, neither future nor older than the last."""
        need(news.sequence == last.sequence + 1, "MarketSequence", token, mic, news.sequence, last.sequence)
        known = news.interruption is not Interruption.UNKNOWN and mic != bytes(4)
        coded = (news.interruption is Interruption.NONE) == (news.code == NO_CODE)
        dated = last.as_of <= news.as_of <= self.time
        need(known and coded and dated, "MarketInvalidNews", token, mic, news)

    def resumes(self, call: Call, mic: bytes, digest: bytes) -> bool:
        """What halts nothing asks for a fresh heartbeat, and for the quorum."""
        need(self.is_fresh(mic), "MarketHeartbeatStale", mic, self.heartbeats[mic])
        return self.agreed(call, digest)

    def agreed(self, call: Call, digest: bytes) -> bool:
        """Whether the quorum told the same, the caller included. Where one is enough nobody votes."""
        if self.rules.quorum == 1:
            return True
        need(call.sender not in self.votes[digest], "MarketVotedAlready", call.sender, digest)
        self.votes[digest].append(call.sender)
        self.report(self.market, MarketKind.VOTE, call.sender, digest, len(self.votes[digest]))
        return len(self.votes[digest]) >= self.rules.quorum
