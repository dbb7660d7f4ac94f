"""The market, from its entries alone: hours, days, news, heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_typing import ChecksumAddress

from stockade.reporting.entries import (
    DaysSet,
    Entry,
    HeartbeatHeard,
    HoursSet,
    Interrupted,
    News,
    RelayRules,
    RelayRulesSet,
    VenueInterrupted,
    Wrong,
)
from stockade.reporting.reading import text


@dataclass
class MarketState:
    """Hours and days by market (MIC as four bytes), news by share and by market, the last heartbeat of each market."""

    hours: dict[bytes, int] = field(default_factory=dict)
    days: dict[tuple[bytes, int], int] = field(default_factory=dict)
    rules: RelayRules = field(default_factory=lambda: RelayRules(0, 0))
    news: dict[ChecksumAddress, News] = field(default_factory=dict)
    venues: dict[bytes, News] = field(default_factory=dict)
    heartbeats: dict[bytes, int] = field(default_factory=dict)


def replay_market(entries: Sequence[Entry]) -> tuple[MarketState, Wrong]:
    """Calendars, rules, news and heartbeats. Votes change nothing by themselves."""
    state, wrong = MarketState(), []
    for entry in entries:
        match entry.content:
            case HoursSet(mic, hours):
                state.hours[mic] = hours
            case DaysSet(mic, first, words):
                state.days |= {(mic, first + place): word for place, word in enumerate(words)}
            case RelayRulesSet(rules):
                state.rules = rules
            case Interrupted(token, news):
                if problem := _news_problem(state.news.get(token), news, token):
                    wrong.append((entry.seq, problem))
                state.news[token] = news
            case VenueInterrupted(mic, news):
                if problem := _news_problem(state.venues.get(mic), news, f"market {text(mic)}"):
                    wrong.append((entry.seq, problem))
                state.venues[mic] = news
            case HeartbeatHeard(mic, as_of):
                state.heartbeats[mic] = as_of
    return state, wrong


def _news_problem(last: News | None, news: News, subject: str) -> str:
    before = last.sequence if last else 0
    return "" if news.sequence == before + 1 else f"news {news.sequence} of {subject} follows {before}"
