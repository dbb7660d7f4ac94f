"""What the market status's entries say."""

from __future__ import annotations

from typing import Any

from stockade.market.calendar import DAYS_IN_WORD
from stockade.records import Interruption
from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told
from stockade.reporting.entries import (
    DaysSet,
    Entry,
    HeartbeatHeard,
    HoursSet,
    Interrupted,
    News,
    RelayRulesSet,
    VenueInterrupted,
    Voted,
)
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import day, hexed, plain, second

# News under which trading goes on. UNKNOWN is none of them, for it must not pass for a resumption.
_TRADING = (Interruption.NONE, Interruption.PRICE_CONSTRAINED)


def tell(context: Context, entry: Entry) -> Told | None:
    match entry.content:
        case HoursSet(mic, hours):
            return Told(EventType.MARKET, b.MarketHours(kind="market.HOURS", mic=plain(mic), hours=str(hours)))
        case DaysSet(mic, first, words):
            days = b.MarketDays(
                kind="market.DAYS",
                mic=plain(mic),
                first_word=first,
                first_day=day(first * DAYS_IN_WORD),
                words=[str(word) for word in words],
            )
            return Told(EventType.MARKET, days)
        case RelayRulesSet(rules):
            relays = b.MarketRules(kind="market.RULES", quorum=rules.quorum, heartbeat_age=rules.heartbeat_age)
            return Told(EventType.MARKET, relays)
        case Interrupted(token, news):
            share = context.shares.get(token)
            market = plain(share.mic) if share else None
            body = b.MarketNews(kind="market.INTERRUPTION", mic=market, **_news(news, entry.timestamp))
            return Told(_event(news), body, token)
        case VenueInterrupted(mic, news):
            venue = b.MarketNews(kind="market.VENUE", mic=plain(mic), **_news(news, entry.timestamp))
            return Told(_event(news), venue)
        case HeartbeatHeard(mic, as_of):
            heard = b.MarketHeartbeat(kind="market.HEARTBEAT", mic=plain(mic), as_of=second(as_of))
            return Told(EventType.MARKET, heard)
        case Voted(digest, votes):
            return Told(EventType.MARKET, b.MarketVote(kind="market.VOTE", digest=hexed(digest), votes=str(votes)))
    return None


def _news(news: News, received: int) -> dict[str, Any]:
    """The fields of `bodies.MarketNews`. The chain counts seconds, so the latency is whole seconds."""
    return {
        "state": news.interruption.name,
        "source": "RELAY",
        "code": plain(news.code),
        "source_time": second(news.as_of),
        "received_time": second(received),
        "latency_ms": (received - news.as_of) * 1000,
        "relay_seq": news.sequence,
    }


def _event(news: News) -> EventType:
    return EventType.RESUME if news.interruption in _TRADING else EventType.HALT
