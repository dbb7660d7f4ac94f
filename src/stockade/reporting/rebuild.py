"""The state of a suite, rebuilt from its reports alone: no chain is asked, only entries are replayed.

It reads as a specification of what each entry means. Rules are absent on purpose: whether a movement was allowed was
the contracts' to judge. What cannot be, such as an answer to a request nobody made, becomes a `Contradiction`, never
an exception: the entries may come from a node that lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from eth_typing import ChecksumAddress

from stockade.reporting.replay.authority import AuthorityState, replay_authority
from stockade.reporting.replay.custody import LedgerState, replay_ledger
from stockade.reporting.replay.listings import ListingsState, replay_listings
from stockade.reporting.replay.market import MarketState, replay_market
from stockade.reporting.replay.registry import RegistryState, replay_registry
from stockade.reporting.replay.token import TokenState, replay_token
from stockade.reporting.streams import Stream


@dataclass(frozen=True)
class Contradiction:
    """An entry that cannot follow those before it."""

    stream: str
    sequence: int
    problem: str


@dataclass
class State:
    """Everything the reports say."""

    registry: RegistryState = field(default_factory=RegistryState)
    ledger: LedgerState = field(default_factory=LedgerState)
    listings: ListingsState = field(default_factory=ListingsState)
    market: MarketState = field(default_factory=MarketState)
    authority: AuthorityState = field(default_factory=AuthorityState)
    tokens: dict[ChecksumAddress, TokenState] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)


def rebuild(streams: Iterable[Stream]) -> State:
    """Replays every stream. Each says all about its own contract, so their order does not matter."""
    state = State()
    for stream in streams:
        entries = stream.entries
        match stream.source.contract:
            case "InvestorRegistry":
                state.registry, wrong = replay_registry(entries)
            case "CustodyLedger":
                state.ledger, wrong = replay_ledger(entries)
            case "ListingRegistry":
                state.listings, wrong = replay_listings(entries)
            case "MarketStatus":
                state.market, wrong = replay_market(entries)
            case "SuiteAuthority":
                state.authority, wrong = replay_authority(entries)
            case _:
                state.tokens[stream.source.address], wrong = replay_token(entries), []
        state.contradictions += [Contradiction(stream.source.name, *each) for each in wrong]
    return state
