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
    hours: Annotated[f.Uint, Field(description="the word of hours (IMarketStatus, setHours), in decimal digits")]


class MarketDays(Wire):
    """What kind each day is: the contract's words of 64 days, from `firstDay` on."""

    kind: Literal["market.DAYS"]
    mic: f.Mic
    first_word: Annotated[f.Small, Field(description="the number of the first word")]
    first_day: f.Day
    words: Annotated[
        list[f.Uint], Field(description="words of 64 days, four bits a day (IMarketStatus, setDays), in decimal digits")
    ]


class MarketRules(Wire):
    """How many relays tell the end of a halt, and how long a heartbeat is fresh."""

    kind: Literal["market.RULES"]
    quorum: Annotated[f.Small, Field(description="how many relays must tell the same")]
    heartbeat_age: Annotated[f.Seconds, Field(description="how long a heartbeat is fresh, seconds")]


class MarketNews(Wire):
    """News of a share or of a whole market, relayed and counted."""

    kind: Literal["market.INTERRUPTION", "market.VENUE"]
    state: f.InterruptionName
    source: Literal["RELAY"]
    mic: f.Mic | None
    code: f.Code
    source_time: Annotated[f.Second, Field(description="when the source said so")]
    received_time: Annotated[f.Second, Field(description="the time of the block that took it in")]
    latency_ms: Annotated[int, Field(gt=-(2**53), lt=2**53, description="received less source, milliseconds")]
    relay_seq: Annotated[f.Small, Field(description="counts the news of this share or market")]


class MarketHeartbeat(Wire):
    """Every halt told up to a second was relayed."""

    kind: Literal["market.HEARTBEAT"]
    mic: f.Mic
    as_of: Annotated[f.Second, Field(description="every halt told up to this second was relayed")]


class MarketVote(Wire):
    """One relay more told the same."""

    kind: Literal["market.VOTE"]
    digest: Annotated[f.Bytes32, Field(description="what was told, as a hash")]
    votes: Annotated[f.Uint, Field(description="how many told it")]
