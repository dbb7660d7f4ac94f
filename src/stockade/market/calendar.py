"""The sessions of an exchange as `MarketStatus` holds them: one word of kinds of days, and words of 64 days each.

exchange_calendars is the source: it keeps holidays, early closes, daylight saving and unscheduled closures. What a
session is at a second is the contract's to say (`sessionsAt`), and is deliberately absent here: this module packs,
unpacks and compares.

A day is counted from 1 January 1970 (UTC). Days are a mapping: the opening and the close in minutes of the UTC day,
None when the exchange is closed, no entry when nobody has said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from web3.contract.contract import ContractFunction

from stockade import chain
from stockade.errors import InputError
from stockade.suite import Suite

DAYS_IN_WORD = 64
CLOSED = 1
FIRST_KIND = 2
KINDS = 8

# The contract stores a word for about 22,000 gas; so many are far below a transaction's 16,777,216.
WORDS_AT_ONCE = 256
# How many years one build may hold: more is a slip of the keyboard.
_MOST_DAYS = 20 * 366
# The first and the last session are looked for with room around them: exchange_calendars refuses a range without any.
_ROOM = timedelta(days=15)

Times = tuple[int, int]
Days = Mapping[int, Times | None]


def day_of(value: date) -> int:
    """A date's number."""
    return value.toordinal() - date(1970, 1, 1).toordinal()


def date_of(day: int) -> date:
    """The date of a number."""
    return date(1970, 1, 1) + timedelta(days=day)


# ---------------------------------------------------------------- words


@dataclass(frozen=True)
class Hours:
    """The kinds of trading days of a market, in the order of their numbers (from 2), and its extended hours in
    minutes.
    """

    before: int
    after: int
    kinds: tuple[Times, ...] = ()

    def pack(self) -> int:
        """The word, as `contracts/types/Calendar.sol` reads it."""
        word = self.before | self.after << 16
        for place, (opens, closes) in enumerate(self.kinds):
            word |= (opens | closes << 12) << (32 + 24 * place)
        return word

    @classmethod
    def unpack(cls, word: int) -> Hours:
        """The hours in a word; kinds that were never set are left out at the end."""
        found = []
        for place in range(KINDS):
            bits = word >> (32 + 24 * place)
            found.append((bits & 0xFFF, bits >> 12 & 0xFFF))
        while found and found[-1] == (0, 0):
            found.pop()
        return cls(word & 0xFFFF, word >> 16 & 0xFFFF, tuple(found))

    def with_kinds(self, needed: Iterable[Times]) -> Hours:
        """With the kinds that are missing appended: those that stand keep their numbers. Raises InputError beyond
        eight.
        """
        kinds = [*self.kinds, *sorted(set(needed) - set(self.kinds))]
        if len(kinds) > KINDS:
            raise InputError(
                f"The days take {len(kinds)} kinds of opening and close, and a market has room for {KINDS}: "
                "build a shorter range."
            )
        return Hours(self.before, self.after, tuple(kinds))

    def times_of(self, number: int) -> Times | None:
        """Opening and close of a day with these four bits; None for one on which nothing opens."""
        place = number - FIRST_KIND
        return self.kinds[place] if 0 <= place < len(self.kinds) and self.kinds[place] != (0, 0) else None

    def number_of(self, times: Times | None) -> int:
        """The four bits of such a day."""
        return CLOSED if times is None else FIRST_KIND + self.kinds.index(times)


def unpack_days(hours: Hours, words: Mapping[int, int]) -> dict[int, Times | None]:
    """The days in some words, by the words' numbers."""
    days: dict[int, Times | None] = {}
    for number, word in words.items():
        for place in range(DAYS_IN_WORD):
            bits = word >> (4 * place) & 15
            times = hours.times_of(bits)
            if bits == CLOSED or times is not None:
                days[number * DAYS_IN_WORD + place] = times
    return days


def pack_days(hours: Hours, days: Days, words: Mapping[int, int]) -> dict[int, int]:
    """The words with these days written into them; every other day stays as it is."""
    packed = dict(words)
    for day, times in days.items():
        number, place = divmod(day, DAYS_IN_WORD)
        shift = 4 * place
        packed[number] = packed.get(number, 0) & ~(15 << shift) | hours.number_of(times) << shift
    return packed


def word_numbers(first: date, last: date) -> range:
    """The words that hold the days from one date to another."""
    return range(day_of(first) // DAYS_IN_WORD, day_of(last) // DAYS_IN_WORD + 1)


# ---------------------------------------------------------------- the library's days


def build(mic: str, first: date, last: date, closed: Iterable[date] = ()) -> dict[int, Times | None]:
    """Every day of a market from one date to another, both included, as exchange_calendars has them. `closed` are
    days on which the exchange stays shut although the library does not know it yet.

    Raises InputError for a market the library does not know, for hours that the contract cannot hold (a break at
    noon, a session over midnight UTC), and for a range that is none.
    """
    if not re.fullmatch("[A-Z0-9]{4}", mic):
        raise InputError(f"{mic!r} is no market: give the four characters of its ISO 10383 code, such as XNYS.")
    if not (date(1970, 2, 1) <= first <= last <= date(2999, 1, 1)) or (last - first).days > _MOST_DAYS:
        raise InputError(f"{first} to {last} is no range of at most twenty years: give the earlier date first.")
    source = _source(mic, first - _ROOM, last + _ROOM)
    if source.has_break:
        raise InputError(f"{mic} breaks its session at noon, which the contract's calendar cannot hold.")
    days: dict[int, Times | None] = dict.fromkeys(range(day_of(first), day_of(last) + 1))
    for session, opens, closes in zip(source.sessions, source.opens, source.closes, strict=True):
        day = day_of(session.date())
        if day in days:
            midnight = day * 86_400
            times = (int(opens.timestamp()) - midnight, int(closes.timestamp()) - midnight)
            if not 0 <= times[0] < times[1] <= 86_400 or times[0] % 60 or times[1] % 60:
                raise InputError(
                    f"{mic} trades over midnight UTC on {session.date()}: the contract's calendar cannot hold it."
                )
            days[day] = (times[0] // 60, times[1] // 60)
    for each in closed:
        if day_of(each) not in days:
            raise InputError(f"{each} lies outside {first} to {last}: leave it out, or build that day too.")
        days[day_of(each)] = None
    return days


def _source(mic: str, first: date, last: date) -> Any:
    """The library's calendar. Explicit dates: by default it ends a year ahead."""
    try:
        import exchange_calendars  # slow, and not installed with the library alone
    except ImportError:
        raise InputError("Calendars are built with exchange_calendars: `pip install stockade[market]`.") from None
    try:
        return exchange_calendars.get_calendar(mic, start=str(first), end=str(last))
    except exchange_calendars.errors.InvalidCalendarName:
        raise InputError(f"exchange_calendars knows no market {mic}: give the code of its listing market.") from None
    except ValueError as error:
        raise InputError(f"exchange_calendars has no sessions of {mic} from {first} to {last} ({error}).") from None


# ---------------------------------------------------------------- the chain's days


@dataclass(frozen=True)
class Change:
    """What a build would change on chain: the hours' word if it differs, the words of days that differ, and each day
    that does.
    """

    mic: str
    hours: Hours
    hours_change: bool
    words: dict[int, int]
    differences: list[Difference]


@dataclass(frozen=True)
class Difference:
    """A day, in words: as the chain has it, and as the build has it."""

    day: date
    chain: str
    build: str


def read_words(suite: Suite, mic: str, first: date, last: date) -> tuple[Hours, dict[int, int]]:
    """What stands on chain: a market's hours, and its words of days in a range."""
    functions, code = suite.market.functions, mic.encode("ascii")
    hours = Hours.unpack(chain.read(lambda: functions.hoursOf(code).call()))
    words = {}
    for number in word_numbers(first, last):
        words[number] = chain.read(functions.daysOf(code, number).call)
    return hours, words


def compare(mic: str, days: Days, before: int, after: int, hours: Hours, words: Mapping[int, int]) -> Change:
    """What has to be written for the chain to say these days, with extended hours of so many minutes; `hours` and
    `words` are what it says now. Raises InputError when there are too many kinds of days.
    """
    wanted = Hours(before, after, hours.kinds).with_kinds(times for times in days.values() if times is not None)
    packed = pack_days(wanted, days, words)
    changed = {number: word for number, word in sorted(packed.items()) if word != words.get(number, 0)}
    known = unpack_days(hours, words)
    differences = []
    for day, times in sorted(days.items()):
        if day not in known or known[day] != times:
            was = in_words(known[day]) if day in known else "unknown"
            differences.append(Difference(date_of(day), was, in_words(times)))
    return Change(mic, wanted, wanted != hours, changed, differences)


def change_of(suite: Suite, mic: str, days: Days, before: int, after: int) -> Change:
    """`compare` with what stands on chain."""
    hours, words = read_words(suite, mic, date_of(min(days)), date_of(max(days)))
    return compare(mic, days, before, after, hours, words)


def calls(suite: Suite, change: Change) -> Iterator[tuple[str, ContractFunction]]:
    """MARKET_OPERATOR's calls that make the change, with what each says: the kinds before the days that name them."""
    functions, code = suite.market.functions, change.mic.encode("ascii")
    if change.hours_change:
        yield f"the kinds of days of {change.mic}", functions.setHours(code, change.hours.pack())
    for run in _runs(list(change.words)):
        words = [change.words[number] for number in run]
        until = date_of((run[-1] + 1) * DAYS_IN_WORD - 1)
        says = f"{len(run)} words of days of {change.mic}, {date_of(run[0] * DAYS_IN_WORD)} to {until}"
        yield says, functions.setDays(code, run[0], words)


def _runs(numbers: list[int]) -> Iterator[list[int]]:
    """Numbers without a gap, as many as one call takes."""
    run: list[int] = []
    for number in numbers:
        if run and (number != run[-1] + 1 or len(run) == WORDS_AT_ONCE):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


# ---------------------------------------------------------------- for people


def in_words(times: Times | None) -> str:
    """A day's hours."""
    return "closed" if times is None else f"{clock(times[0])} to {clock(times[1])} UTC"


def clock(minutes: int) -> str:
    """Minutes of a day, as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def remarkable(days: Days) -> Iterator[tuple[date, str]]:
    """The days that are not as their weekday leads one to expect: closed on a weekday, open on a weekend, shorter
    than usual, or the first whose hours moved (daylight saving).
    """
    usual = max((closes - opens for times in days.values() if times for opens, closes in [times]), default=0)
    opened: int | None = None
    for day, times in sorted(days.items()):
        on = date_of(day)
        if times is None:
            if on.weekday() < 5:
                yield on, "closed"
            continue
        says = []
        if on.weekday() >= 5:
            says.append("open on a weekend")
        if times[1] - times[0] < usual:
            says.append(f"short day, closes at {clock(times[1])} UTC")
        if opened is not None and times[0] != opened:
            says.append(f"opens at {clock(times[0])} UTC instead of {clock(opened)} (daylight saving)")
        opened = times[0]
        if says:
            yield on, "; ".join(says)
