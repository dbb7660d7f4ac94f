"""The market's entries: hours, days, news, heartbeats."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Interruption
from stockade.reporting.entries.entry import Content


class MarketKind(IntEnum):
    HOURS = 1
    DAYS = 2
    RULES = 3
    INTERRUPTION = 4
    VENUE = 5
    HEARTBEAT = 6
    VOTE = 7


class RelayRules(NamedTuple):
    """How many relays must tell the end of a halt, and how old a heartbeat may be (seconds)."""

    quorum: int
    heartbeat_age: int


class News(NamedTuple):
    """What was relayed of a share or a market; `as_of` in seconds UTC."""

    sequence: int
    interruption: Interruption
    code: bytes
    as_of: int


@dataclass(frozen=True)
class HoursSet(Content):
    """Market 1: the kinds of days of a market, packed."""

    mic: bytes
    hours: int


@dataclass(frozen=True)
class DaysSet(Content):
    """Market 2: words of 64 days each, from `first` on."""

    mic: bytes
    first: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class RelayRulesSet(Content):
    """Market 3."""

    rules: RelayRules


@dataclass(frozen=True)
class Interrupted(Content):
    """Market 4: news of a share, counted."""

    token: ChecksumAddress
    news: News


@dataclass(frozen=True)
class VenueInterrupted(Content):
    """Market 5: news of a whole market, counted."""

    mic: bytes
    news: News


@dataclass(frozen=True)
class HeartbeatHeard(Content):
    """Market 6: every halt told up to `as_of` (seconds UTC) was relayed."""

    mic: bytes
    as_of: int


@dataclass(frozen=True)
class Voted(Content):
    """Market 7: one relay more tells the same, not yet or just enough of them."""

    digest: bytes
    votes: int
