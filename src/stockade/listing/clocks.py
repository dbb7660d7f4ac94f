"""What falls due under an exemption, and when: a pure function over what was read (`stockade.listing.facts`).

A clock that contracts enforce is shown as they have it; the others are reckoned here, as R6 counts them: business days
of the exchange, calendar days, and quarters, all of the exchange's own zone. What was done is done, though late.

Deliberately absent, because no chain can show that they were done: the e-mails to the SEC that go with each Notice, and
changes that the chain does not know. Whether a custodian's position is stale, `ape run custody positions` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from stockade.records import ExemptionStatus

DAY = 86_400

# R6: the revised Notice after a change that counts, before a material one, and after a quarter for the rest.
_BUSINESS_DAYS_AFTER = 5
_BEFORE_MATERIAL = 20 * DAY
_DAYS_AFTER_QUARTER = 30

# Changes that one obligation names; more are counted.
_NAMED = 4

_PUBLISH = "publish a revised Notice: `ape run listing notice`, then `ape run listing publish`"


@dataclass(frozen=True)
class Calendar:
    """An exchange's business days. `business_days_after(day, n)` is the n-th one after a day, which itself is not
    counted; days are those of `zone`.
    """

    zone: ZoneInfo
    business_days_after: Callable[[date, int], date]

    def day_of(self, moment: int) -> date:
        """The day on which a second (UTC) lies."""
        return datetime.fromtimestamp(moment, self.zone).date()

    def end_of(self, day: date) -> int:
        """The first second (UTC) after a day."""
        return int(datetime.combine(day + timedelta(days=1), time(), self.zone).timestamp())


class State(Enum):
    """WAITING asks nothing of anybody until its time has come; OPEN asks for an act before it is due."""

    OVERDUE = "overdue"
    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True)
class Obligation:
    """One thing that falls due, by requirement. What is not done before second `due` (UTC) is late; None while nothing
    has begun its clock. `day`: the last day in time, where days are counted.
    """

    what: str
    source: str
    state: State
    begun: int | None
    due: int | None
    remedy: str
    day: date | None = None


# ---------------------------------------------------------------- what was read; times in seconds UTC


@dataclass(frozen=True)
class ExemptionClock:
    """`status` as decided, `notices` when each Notice was recorded, `in_use` while a token under it can still trade."""

    number: int
    status: ExemptionStatus
    recorded: int
    notices: tuple[int, ...]
    notice_until: int
    valid_until: int
    in_use: bool


@dataclass(frozen=True)
class IssuerClock:
    """A third party's PENDING token: when its issuer was told and until when it may object; zero for neither."""

    symbol: str
    told: int
    until: int
    barred: bool


@dataclass(frozen=True)
class Change:
    """What makes a Notice untrue. `prompt`: within business days, else with its quarter. Without an exemption it
    concerns all of them.
    """

    at: int
    what: str
    prompt: bool
    exemption: int | None = None


@dataclass(frozen=True)
class Ahead:
    """A material change to come. It may be made from `ready_at` on, before `lapses_at`; where that is None, it comes by
    itself. `made_at`: when it was made.
    """

    known_at: int
    what: str
    ready_at: int
    lapses_at: int | None = None
    made_at: int | None = None
    exemption: int | None = None


@dataclass(frozen=True)
class Deadline:
    """Something with a date of its own."""

    what: str
    source: str
    begun: int | None
    due: int
    remedy: str


@dataclass(frozen=True)
class Facts:
    """Everything the clocks run on, at the moment `now`; `block` is where it was read."""

    now: int
    block: int = 0
    exemptions: tuple[ExemptionClock, ...] = ()
    issuers: tuple[IssuerClock, ...] = ()
    changes: tuple[Change, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    deadlines: tuple[Deadline, ...] = ()


# ---------------------------------------------------------------- reckoning


def obligations(facts: Facts, calendar: Calendar) -> list[Obligation]:
    """Every obligation, the first to fall due first; those without a date last."""
    found: list[Obligation] = []
    for exemption in facts.exemptions:
        found += _public(exemption, facts.now)
        found += _end(exemption, facts.now)
        if exemption.notices:
            mine = [each for each in facts.changes if each.exemption in (None, exemption.number)]
            since = [each for each in mine if each.at > exemption.notices[0]]
            found += _prompt(exemption, [each for each in since if each.prompt], facts.now, calendar)
            found += _quarterly(exemption, [each for each in since if not each.prompt], facts.now, calendar)
            found += [
                _before(exemption, each, facts.now)
                for each in facts.ahead
                if each.exemption in (None, exemption.number) and each.known_at > exemption.notices[0]
            ]
    found += [_issuer(each, facts.now) for each in facts.issuers]
    for each in facts.deadlines:
        state = State.OPEN if facts.now < each.due else State.OVERDUE
        found.append(Obligation(each.what, each.source, state, each.begun, each.due, each.remedy))
    return sorted(found, key=lambda each: (each.due is None, each.due or 0, each.what))


def is_overdue(found: Iterable[Obligation]) -> bool:
    """Whether anything is late and not done."""
    return any(each.state is State.OVERDUE for each in found)


def _public(exemption: ExemptionClock, now: int) -> Iterator[Obligation]:
    """R5: nothing trades before the Notice has been public long enough."""
    what = f"Notice of exemption {exemption.number} public before anything trades"
    if not exemption.notices:
        if exemption.status is not ExemptionStatus.REVOKED:
            remedy = "publish the Notice: `ape run listing notice`, then `ape run listing publish`"
            yield Obligation(what, "R5", State.OPEN, exemption.recorded, None, remedy)
        return
    state = State.WAITING if now < exemption.notice_until else State.DONE
    remedy = "wait: no token can be activated before" if state is State.WAITING else ""
    yield Obligation(what, "R5", state, exemption.notices[0], exemption.notice_until, remedy)


def _end(exemption: ExemptionClock, now: int) -> Iterator[Obligation]:
    """R1: what stands under an exemption that ended is to be wound down, if it is not prolonged."""
    if exemption.status is ExemptionStatus.REVOKED:
        return
    if now < exemption.valid_until:
        state, remedy = State.WAITING, "amend it if it is prolonged (`ape run listing exemption amend`)"
    elif exemption.in_use:
        state, remedy = State.OVERDUE, "wind its tokens down (`ape run compliance wind-down`), or amend it"
    else:
        state, remedy = State.DONE, ""
    what = f"end of exemption {exemption.number}"
    yield Obligation(what, "R1", state, exemption.recorded, exemption.valid_until, remedy)


def _prompt(exemption: ExemptionClock, changes: list[Change], now: int, calendar: Calendar) -> Iterator[Obligation]:
    """R6: within five business days. One revised Notice serves all changes of a day."""
    groups: dict[tuple[date, int | None], list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda each: each.at):
        groups[calendar.day_of(change.at), _next(exemption, change.at)].append(change)
    for (day, done), some in groups.items():
        last = calendar.business_days_after(day, _BUSINESS_DAYS_AFTER)
        what = f"revised Notice of exemption {exemption.number}: {_named(some)}"
        yield _revised(what, some[0].at, done, calendar.end_of(last), last, now)


def _quarterly(exemption: ExemptionClock, changes: list[Change], now: int, calendar: Calendar) -> Iterator[Obligation]:
    """R6: whatever else changed, within 30 days of the quarter's end."""
    quarters: dict[date, list[Change]] = defaultdict(list)
    for change in sorted(changes, key=lambda each: each.at):
        quarters[_quarter_end(calendar.day_of(change.at))].append(change)
    for end, some in quarters.items():
        last = end + timedelta(days=_DAYS_AFTER_QUARTER)
        what = f"revised Notice of exemption {exemption.number} for the quarter to {end}: {_named(some)}"
        yield _revised(what, some[0].at, _next(exemption, some[-1].at), calendar.end_of(last), last, now)


def _revised(what: str, begun: int, done: int | None, due: int, last: date, now: int) -> Obligation:
    if done is not None:
        return Obligation(what, "R6", State.DONE, begun, due, "", last)
    state = State.OPEN if now < due else State.OVERDUE
    return Obligation(what, "R6", state, begun, due, _PUBLISH, last)


def _before(exemption: ExemptionClock, ahead: Ahead, now: int) -> Obligation:
    """R6: a revised Notice is public 20 days before a material change."""
    what = f"Notice of exemption {exemption.number} 20 days before: {ahead.what}"
    notice = _next(exemption, ahead.known_at)
    by_itself, done = ahead.lapses_at is None, ahead.made_at is not None
    if notice is None:
        limit = ahead.made_at if ahead.made_at is not None else ahead.lapses_at
        due = (ahead.ready_at if limit is None else limit) - _BEFORE_MATERIAL
        state = State.OPEN if now < due else State.OVERDUE
        remedy = _PUBLISH if by_itself or done else f"{_PUBLISH}, and make the change 20 days later; or cancel it"
        return Obligation(what, "R6", state, ahead.known_at, due, remedy)
    if by_itself or done:
        return Obligation(what, "R6", State.DONE, ahead.known_at, ahead.ready_at - _BEFORE_MATERIAL, "")
    earliest = max(ahead.ready_at, notice + _BEFORE_MATERIAL)
    if now < earliest:
        return Obligation(what, "R6", State.WAITING, ahead.known_at, earliest, "do not make the change before")
    return Obligation(what, "R6", State.DONE, ahead.known_at, earliest, "")


def _issuer(issuer: IssuerClock, now: int) -> Obligation:
    """R8: a third party's token waits until its issuer had its time to object."""
    what = f"time of the issuer of the share behind {issuer.symbol} to object"
    if issuer.barred:
        return Obligation(f"{what}: it did", "R8", State.DONE, issuer.told or None, issuer.until or None, "")
    if not issuer.told:
        return Obligation(what, "R8", State.OPEN, None, None, f"tell it, then `ape run listing notify {issuer.symbol}`")
    state = State.WAITING if now < issuer.until else State.DONE
    remedy = "wait, and record an objection (`ape run compliance object`)" if state is State.WAITING else ""
    return Obligation(what, "R8", state, issuer.told, issuer.until, remedy)


def _next(exemption: ExemptionClock, moment: int) -> int | None:
    """When the first Notice after a moment was recorded."""
    return next((notice for notice in exemption.notices if notice >= moment), None)


def _named(changes: list[Change]) -> str:
    words = list(dict.fromkeys(change.what for change in changes))
    rest = f", and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + rest


def _quarter_end(day: date) -> date:
    """The last day of the calendar quarter in which a day lies."""
    month = (day.month + 2) // 3 * 3
    return date(day.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
