"""What the market status reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class MarketHours(Wire):
    """The kinds of days of a market: the contract's word."""

    kind: Literal["market.HOURS"]
    mic: f.Mic
    hours: f.Uint


class MarketDays(Wire):
    """What kind each day is: the contract's words of 64 days, from `firstDay` on."""

    kind: Literal["market.DAYS"]
    mic: f.Mic
    first_word: f.Small
    first_day: f.Day
    words: list[f.Uint]


class MarketRules(Wire):
    """How many relays tell the end of a halt, and how long a heartbeat is fresh."""

    kind: Literal["market.RULES"]
    quorum: f.Small
    heartbeat_age: f.Seconds


class MarketNews(Wire):
    """News of a share or of a whole market, relayed and counted."""

    kind: Literal["market.INTERRUPTION", "market.VENUE"]
    state: f.InterruptionName
    source: Literal["RELAY"]
    mic: f.Mic | None
    code: f.Code
    source_time: f.Second
    received_time: f.Second
    latency_ms: Annotated[int, Field(gt=-(2**53), lt=2**53, description="received less source, milliseconds")]
    relay_seq: f.Small


class MarketHeartbeat(Wire):
    """Every halt told up to a second was relayed."""

    kind: Literal["market.HEARTBEAT"]
    mic: f.Mic
    as_of: f.Second


class MarketVote(Wire):
    """One relay more told the same."""

    kind: Literal["market.VOTE"]
    digest: f.Bytes32
    votes: f.Uint
