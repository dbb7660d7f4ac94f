"""What has to be told to the chain, and the process that tells it.

Every decision is made from the source's picture and the chain's own state, and each call is one that the contract
takes once (its sequence, its second, or a bit that already stands): so a relay that was killed, or runs twice, looks
again and does nothing a second time.

Silence never resumes anything: a source that fails, is stale, or is behind what the chain has heard gets no heartbeat
and ends no halt. What it says of halts still counts.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from web3.exceptions import Web3Exception

from stockade.chain import NO_ANSWER, Signer, no_answer
from stockade.errors import InputError, Refused, StockadeError
from stockade.market.news import News, Picture
from stockade.market.sources import Source
from stockade.market.state import MarketState, Told, Venue, read_state
from stockade.records import Interruption
from stockade.suite import Suite

_HALTS = (Interruption.ASSET_HALTED, Interruption.VENUE_HALTED)
# Halts that the token's bit is made to follow in one transaction; each costs about 60,000 gas.
_TOKENS_AT_ONCE = 100
# A heartbeat is told for every fifth part of its age: the relays of a quorum must tell the same second.
_PARTS = 5
# How far a source's clock may be ahead of ours, and ours of the chain's (seconds).
_AHEAD = 30
# A step ends when nothing is left to tell. More rounds than phases are needed only when others tell at the same time.
_ROUNDS = 6

# Refusals that mean that somebody told it first, or that the others of a quorum have not told it yet.
_WAITS = {
    "MarketVotedAlready": "waits for the other relays",
    "MarketSequence": "somebody told something first",
    "MarketHeartbeatInvalid": "somebody told it first",
    "MarketHeartbeatStale": "waits for a heartbeat that counts",
}


@dataclass(frozen=True)
class Call:
    """One call of `MarketStatus`, and what it says."""

    function: str
    arguments: tuple[Any, ...]
    says: str


# ---------------------------------------------------------------- deciding


def fault_of(picture: Picture, mic: str, state: MarketState, clock: int) -> str:
    """Why a source does not count for a market: no heartbeat and no end of a halt follows from it. Empty when it does.

    `clock` is this machine's (seconds UTC).
    """
    now = max(clock, state.now)
    as_of = picture.as_of.get(mic)
    if as_of is None:
        return f"tells nothing of {mic}"
    if as_of > now + _AHEAD:
        return f"tells of {mic} from the future"
    if as_of + state.heartbeat_age <= now:
        return f"is stale for {mic}"
    if as_of < state.venues[mic].heartbeat:
        return f"is behind what the chain has heard of {mic}"
    return ""


def decide(picture: Picture, state: MarketState, clock: int) -> list[Call]:
    """The news to tell now. In phases, for the chain is read again after each: of a market's halts, its heartbeat and
    the ends of its halts only the first that is due. Empty when the chain knows all of it.
    """
    calls: list[Call] = []
    # A chain that makes blocks on demand, as a devnet does, stands still between them: there our own clock counts.
    now = state.now if clock - state.now <= _AHEAD else clock
    for mic, venue in state.venues.items():
        counts = not fault_of(picture, mic, state, clock)
        halts, ends = _news(picture, mic, venue, state, now, counts)
        if halts:
            calls += halts
        elif counts and (beat := _heartbeat(picture.as_of[mic], mic, venue, now, state.heartbeat_age)):
            calls.append(beat)
        elif counts and venue.fresh:
            calls += ends
    return calls


def follow(state: MarketState) -> list[Call]:
    """What makes each token's bit follow news and heartbeat, whatever the source says: anyone may send it."""
    behind = [share for share in state.shares if share.halts != share.halted]
    calls = []
    for start in range(0, len(behind), _TOKENS_AT_ONCE):
        some = behind[start : start + _TOKENS_AT_ONCE]
        names = ", ".join(f"{share.ticker} {'halted' if share.halts else 'lifted'}" for share in some)
        calls.append(Call("sync", (tuple(share.token for share in some),), f"bits follow: {names}"))
    return calls


def _news(
    picture: Picture, mic: str, venue: Venue, state: MarketState, now: int, counts: bool
) -> tuple[list[Call], list[Call]]:
    """Halts that the chain does not know, and what else it does not know: ends of halts, and price bands."""
    halts: list[Call] = []
    ends: list[Call] = []
    subjects: list[tuple[str, Any, str, News | None, Told]] = [
        ("relayVenue", mic.encode("ascii"), mic, picture.venues.get(mic), venue.told)
    ]
    for share in state.shares:
        if share.mic == mic:
            news = picture.shares.get((mic, share.ticker))
            subjects.append(("relay", share.token, f"{share.ticker} on {mic}", news, share.told))
    for function, subject, what, news, told in subjects:
        if news is None or (news.interruption, news.code) == (told.interruption, told.code):
            continue
        if news.interruption in _HALTS:
            # A source that is stale or behind may tell a new halt, but not an old one anew.
            if counts or news.at > told.as_of:
                halts.append(_call(function, subject, what, news, told, state.now))
        elif told.as_of < news.at <= now and (told.sequence or news.interruption is not Interruption.NONE):
            ends.append(_call(function, subject, what, news, told, now))
    return halts, ends


def _call(function: str, subject: Any, what: str, news: News, told: Told, now: int) -> Call:
    # The contract takes no second that has not come, and none before the last news: a halt waits for neither.
    at = max(min(news.at, now), told.as_of)
    state = (told.sequence + 1, int(news.interruption), news.code.encode("ascii").ljust(8, b"\0"), at)
    words = f"{news.interruption.name} {news.code}".strip()
    return Call(function, (subject, state), f"{what}: {words}")


def _heartbeat(as_of: int, mic: str, venue: Venue, now: int, age: int) -> Call | None:
    """The heartbeat that is due, of a second that every relay of the source tells alike."""
    grid = max(1, age // _PARTS)
    at = min(as_of, now) // grid * grid
    if at <= venue.heartbeat:
        return None
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Call("heartbeat", (mic.encode("ascii"), at), f"{mic}: heartbeat as of {when}")


# ---------------------------------------------------------------- doing


@dataclass
class Report:
    """One step: what was seen, what was sent (with its transaction), what was refused or failed. Times in seconds
    UTC.
    """

    time: int
    block: int = 0
    as_of: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    waits: list[tuple[str, str]] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """What is worth a line of the log, without the time and what grows by itself."""
        return {key: value for key, value in asdict(self).items() if key not in ("time", "block", "as_of")}


def require_right(suite: Suite, account: str) -> None:
    """Raises InputError when the account may not relay, before it is unlocked."""
    address = to_checksum_address(account)
    selector = function_abi_to_4byte_selector(suite.market.functions.heartbeat.abi)
    allowed, _ = suite.authority.functions.canCall(address, suite.market.address, selector).call()
    if not allowed:
        raise InputError(
            f"Account {address} may not relay. It takes the role MARKET_OPERATOR without a delay: "
            "choose another --account."
        )


def step(suite: Suite, signer: Signer, source: Source, clock: int) -> Report:
    """Reads source and chain, and tells the chain what it does not know. Whatever fails stands in the report."""
    report = Report(clock)
    picture = Picture()
    try:
        picture = source.read()
    except StockadeError as error:
        report.faults.append(str(error))
    try:
        _tell(suite, signer, source.name, picture, report)
    except (StockadeError, Web3Exception) as error:
        report.faults.append(str(error))
    except NO_ANSWER:
        report.faults.append(str(no_answer()))
    return report


def _tell(suite: Suite, signer: Signer, name: str, picture: Picture, report: Report) -> None:
    refusals: set[Call] = set()
    for turn in range(_ROUNDS):
        state = read_state(suite)
        report.block = state.block
        if turn == 0:
            report.as_of = {mic: picture.as_of[mic] for mic in state.venues if mic in picture.as_of}
            if not report.faults:
                found = (fault_of(picture, mic, state, report.time) for mic in state.venues)
                report.faults += [f"{name} {fault}." for fault in found if fault]
        calls = [call for call in decide(picture, state, report.time) if call not in refusals]
        calls = calls or [call for call in follow(state) if call not in refusals]
        if not calls:
            return
        for call in calls:
            try:
                receipt = suite.send(signer, getattr(suite.market.functions, call.function)(*call.arguments))
                report.sent.append((call.says, receipt["transactionHash"].to_0x_hex()))
            except Refused as refused:
                refusals.add(call)
                if refused.error in _WAITS:
                    report.waits.append((call.says, _WAITS[refused.error]))
                else:
                    report.faults.append(f"{call.says}: {refused}")


# ---------------------------------------------------------------- running


class Log:
    """An append-only JSON Lines file: one line for each step that sent something or saw something else than the one
    before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, Any] | None = None
        try:
            with path.open("ab"):
                pass
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}. Choose another file with --log.") from None

    def write(self, report: Report) -> None:
        """Raises InputError when the disk does not take it: a relay that leaves no trace stops."""
        if not report.sent and report.told == self._last:
            return
        self._last = report.told
        line = json.dumps(asdict(report), ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            with self._path.open("ab") as file:
                file.write(line.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror}. The relay stops.") from None


def run(suite: Suite, signer: Signer, source: Source, log: Log, pause: float, show: Callable[[Report], None]) -> None:
    """Steps for ever, with a pause (seconds) between. Ends by KeyboardInterrupt alone, or when the log cannot be
    written.
    """
    while True:
        report = step(suite, signer, source, int(time.time()))
        log.write(report)
        show(report)
        time.sleep(pause)
