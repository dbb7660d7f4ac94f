"""What the chain says of hours and interruptions now, read at one block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from stockade import chain
from stockade.listing.documents import ascii_text
from stockade.records import Interruption, Session
from stockade.suite import Suite


@dataclass(frozen=True)
class Told:
    """The last news that counted: of a share, or of a market. `as_of` in seconds UTC."""

    sequence: int
    interruption: Interruption
    code: str
    as_of: int


@dataclass(frozen=True)
class Share:
    """A token and the share it stands for. `interruption` and `code`: what holds now, UNKNOWN under a stale
    heartbeat; `halts`: whether the market halts it now; `halted`: whether its bit says so yet.
    """

    token: ChecksumAddress
    mic: str
    ticker: str
    told: Told
    interruption: Interruption
    code: str
    halts: bool
    halted: bool
    halted_by_hand: bool


@dataclass(frozen=True)
class Venue:
    """A market that a token is listed on. `heartbeat` in seconds UTC."""

    told: Told
    heartbeat: int
    fresh: bool


@dataclass(frozen=True)
class MarketState:
    """Everything that a relay decides by. `now`: the block's time, and `heartbeat_age` in seconds."""

    block: int
    now: int
    quorum: int
    heartbeat_age: int
    shares: tuple[Share, ...]
    venues: Mapping[str, Venue]


@dataclass(frozen=True)
class Hours:
    """A market's session at a second (UTC), and the next change; `until` is zero when none is known."""

    session: Session
    until: int
    then: Session


def read_state(suite: Suite) -> MarketState:
    """The state at the latest block. Raises NetworkError for a node that does not answer, or not sensibly."""
    return chain.read(lambda: _read(suite))


def read_hours(suite: Suite, mic: str, moment: int) -> Hours:
    """What the calendar on chain says. Raises NetworkError like `read_state`."""
    functions, code = suite.market.functions, mic.encode("ascii")

    def ask() -> Hours:
        session = functions.sessionAt(code, moment).call()
        until, then = functions.transitionAfter(code, moment).call()
        return Hours(Session(session), until, Session(then))

    return chain.read(ask)


def _read(suite: Suite) -> MarketState:
    block = suite.w3.eth.get_block("latest")
    at = block["number"]
    market, listings = suite.market.functions, suite.listings.functions
    quorum, age = market.rules().call(block_identifier=at)
    shares = []
    for address in listings.tokens().call(block_identifier=at):
        instrument, _, _, by_hand, by_market, *_ = listings.listingOf(address).call(block_identifier=at)
        _, _, mic, _, ticker = instrument
        told = _told(market.stateOf(address).call(block_identifier=at))
        interruption, code = market.interruptionOf(address).call(block_identifier=at)
        shares.append(
            Share(
                token=to_checksum_address(address),
                mic=ascii_text(mic),
                ticker=ascii_text(ticker),
                told=told,
                interruption=Interruption(interruption),
                code=ascii_text(code),
                halts=market.haltsNow(address).call(block_identifier=at),
                halted=by_market,
                halted_by_hand=by_hand,
            )
        )
    venues = {}
    for mic in sorted({share.mic for share in shares}):
        code = mic.encode("ascii")
        heartbeat, fresh = market.heartbeatOf(code).call(block_identifier=at)
        told = _told(market.venueStateOf(code).call(block_identifier=at))
        venues[mic] = Venue(told, heartbeat, fresh)
    return MarketState(at, block["timestamp"], quorum, age, tuple(shares), venues)


def _told(state: tuple[int, int, bytes, int]) -> Told:
    sequence, interruption, code, as_of = state
    return Told(sequence, Interruption(interruption), ascii_text(code), as_of)
