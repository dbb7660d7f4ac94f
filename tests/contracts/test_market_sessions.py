"""The contract's calendar against exchange_calendars, to the second: XNYS from 2024 to 2027, with the default profile's
extended hours. The words come from the library, as an operator writes them.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise

import exchange_calendars
import pytest

from stockade.market import calendar
from stockade.market.calendar import date_of, day_of
from stockade.records import Session
from tests.contracts.support import refuses
from tests.support import DAY

XNYS, XNAS = b"XNYS", b"XNAS"
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
BEFORE, AFTER = 330 * 60, 240 * 60
# Views cost gas too, and the embedded chain's block has 30 million.
AT_ONCE = 400

REGULAR, EXTENDED, CLOSED, UNKNOWN = Session.REGULAR, Session.EXTENDED, Session.CLOSED, Session.UNKNOWN


@cache
def sessions() -> list[tuple[int, int]]:
    """Opening and close of every session, straight from the library (seconds UTC)."""
    source = exchange_calendars.get_calendar("XNYS", start=str(FIRST), end=str(LAST))
    moments = (source.opens, source.closes)
    return [tuple(int(each.timestamp()) for each in pair) for pair in zip(*moments, strict=True)]


@cache
def changes() -> list[tuple[int, Session]]:
    """Every second at which the session changes, and to what: reckoned apart from words and minutes."""
    found = []
    for opens, closes in sessions():
        found += [(opens - BEFORE, EXTENDED), (opens, REGULAR), (closes, EXTENDED), (closes + AFTER, CLOSED)]
    assert all(one[0] < other[0] for one, other in pairwise(found))
    # The last extended hours end on a day of which nobody has said anything.
    return [*found[:-1], (found[-1][0], UNKNOWN)]


@pytest.fixture
def written(suite, keys):
    """The four years on chain, of both markets."""
    days = calendar.build("XNYS", FIRST, LAST)
    for mic in ("XNYS", "XNAS"):
        change = calendar.change_of(suite, mic, days, BEFORE // 60, AFTER // 60)
        for _, call in calendar.calls(suite, change):
            receipt = suite.send(keys.market_operator, call)
            assert receipt["gasUsed"] < 1_000_000


@pytest.fixture
def sessions_at(market_status):
    """What the contract says at many seconds, in batches."""

    def ask(moments: list[int], mic: bytes = XNYS) -> list[Session]:
        found = []
        for start in range(0, len(moments), AT_ONCE):
            found += market_status.sessionsAt(mic, moments[start : start + AT_ONCE])
        return [Session(each) for each in found]

    return ask


def second(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


@pytest.mark.usefixtures("written")
def test_sessions_at__every_change_of_four_years__to_the_second(sessions_at):
    assert len(changes()) == 4 * 1004
    moments, expected = [], []
    before = CLOSED
    for when, after in changes():
        moments += [when - 1, when]
        expected += [before, after]
        before = after

    found = sessions_at(moments)

    wrong = [
        (datetime.fromtimestamp(moment, UTC), told, should)
        for moment, told, should in zip(moments, found, expected, strict=True)
        if told != should
    ]
    assert wrong == []


@pytest.mark.usefixtures("written")
def test_transition_after__every_change_of_four_years__the_next_one(market_status):
    for place in random.Random(15).sample(range(len(changes()) - 1), 40):
        (start, _), (end, session) = changes()[place], changes()[place + 1]
        for moment in (start, end - 1):
            assert tuple(market_status.transitionAfter(XNYS, moment)) == (end, session)


NAMED = [
    # The day of mourning of 9 January 2025, and the evening before it.
    ("2025-01-09T00:59:59", EXTENDED, "2025-01-09T01:00:00", CLOSED),
    ("2025-01-09T15:00:00", CLOSED, "2025-01-10T09:00:00", EXTENDED),
    # Thanksgiving 2026, and the early close after it.
    ("2026-11-26T15:00:00", CLOSED, "2026-11-27T09:00:00", EXTENDED),
    ("2026-11-27T17:59:59", REGULAR, "2026-11-27T18:00:00", EXTENDED),
    ("2026-11-27T18:00:00", EXTENDED, "2026-11-27T22:00:00", CLOSED),
    ("2026-11-27T22:00:00", CLOSED, "2026-11-30T09:00:00", EXTENDED),
    # An early close in summer.
    ("2025-07-03T17:00:00", EXTENDED, "2025-07-03T21:00:00", CLOSED),
    # The Sunday on which daylight saving begins, and the one on which it ends.
    ("2027-03-14T12:00:00", CLOSED, "2027-03-15T08:00:00", EXTENDED),
    ("2027-03-12T14:29:59", EXTENDED, "2027-03-12T14:30:00", REGULAR),
    ("2027-03-15T13:30:00", REGULAR, "2027-03-15T20:00:00", EXTENDED),
    ("2026-11-01T12:00:00", CLOSED, "2026-11-02T09:00:00", EXTENDED),
    ("2026-10-30T13:30:00", REGULAR, "2026-10-30T20:00:00", EXTENDED),
    ("2026-11-02T13:30:00", EXTENDED, "2026-11-02T14:30:00", REGULAR),
]


@pytest.mark.usefixtures("written")
def test_session_at__holiday_early_close_and_daylight_saving__as_the_exchange_has_them(market_status):
    for moment, session, until, then in NAMED:
        assert market_status.sessionAt(XNYS, second(moment)) == session, moment
        assert tuple(market_status.transitionAfter(XNYS, second(moment))) == (second(until), then), moment


@pytest.mark.usefixtures("written")
def test_session_at__outside_the_calendar__unknown(market_status):
    assert market_status.sessionAt(XNYS, second("2023-12-31T12:00:00")) == UNKNOWN
    assert market_status.sessionAt(XNYS, second("2024-01-01T12:00:00")) == CLOSED
    assert market_status.sessionAt(XNYS, second("2027-12-31T15:00:00")) == REGULAR
    # The extended hours of the last day reach beyond its midnight.
    assert market_status.sessionAt(XNYS, second("2028-01-01T00:59:59")) == EXTENDED
    assert market_status.sessionAt(XNYS, second("2028-01-01T01:00:00")) == UNKNOWN
    assert market_status.sessionAt(b"XLON", second("2026-11-26T15:00:00")) == UNKNOWN


@pytest.mark.usefixtures("written")
def test_session_at__a_year_appended__the_years_before_stay(suite, keys, sessions_at):
    moments = [when for when, _ in changes()[-200:-1]]
    before = sessions_at(moments)
    days = calendar.build("XNYS", date(2028, 1, 1), date(2028, 12, 31))
    change = calendar.change_of(suite, "XNYS", days, BEFORE // 60, AFTER // 60)
    assert not change.hours_change
    for _, call in calendar.calls(suite, change):
        suite.send(keys.market_operator, call)

    assert sessions_at(moments) == before
    assert sessions_at([second("2028-01-03T14:30:00"), second("2028-12-25T15:00:00")]) == [REGULAR, CLOSED]
    whole = calendar.build("XNYS", FIRST, date(2028, 12, 31))
    assert calendar.change_of(suite, "XNYS", whole, BEFORE // 60, AFTER // 60).differences == []


@pytest.mark.usefixtures("written")
def test_business_days__random_pairs__as_many_sessions_as_the_library_has(market_status, token):
    """AAPL is listed on XNAS, which keeps the same days."""
    trading = {opens // DAY for opens, _ in sessions()}
    chance = random.Random(48)
    for _ in range(30):
        start = chance.randrange(day_of(FIRST) * DAY, day_of(LAST) * DAY)
        end = min(start + chance.randrange(90 * DAY), (day_of(LAST) + 1) * DAY - 1)
        expected = sum(day in trading for day in range(start // DAY + 1, end // DAY + 1))
        assert market_status.businessDays(token, start, end) == expected, (date_of(start // DAY), date_of(end // DAY))


# ---------------------------------------------------------------- hours of our own

REGULAR_HOURS = (14 * 60 + 30, 21 * 60)


def hours(before: int = 0, after: int = 0, first: tuple[int, int] = REGULAR_HOURS, **others: tuple[int, int]) -> int:
    """A word of hours; `last` is the eighth kind."""
    kinds = [first, *[(0, 0)] * 6, others.get("last", (0, 0))]
    return calendar.Hours(before, after, tuple(kinds)).pack()


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (hours(before=1_439), hours(before=1_440)),
        (hours(after=1_439), hours(after=1_440)),
        (hours(first=(0, 1_440)), hours(first=(0, 1_441))),
        (hours(first=(599, 600)), hours(first=(600, 600))),
        (hours(last=(599, 600)), hours(last=(601, 600))),
        (hours(last=(0, 1_440)), hours(last=(1, 1_441))),
        (hours(), hours() | 1 << 224),
    ],
    ids=[
        "begins too early",
        "ends too late",
        "closes tomorrow",
        "no time",
        "last kind",
        "last kind tomorrow",
        "a ninth",
    ],
)
def test_set_hours__beyond_a_day_or_closed_before_open__refused(market_status, actors, good, bad):
    with refuses(market_status.MarketInvalidHours, mic=XNYS, value=bad):
        market_status.setHours(XNYS, bad, sender=actors.market_operator)

    market_status.setHours(XNYS, good, sender=actors.market_operator)
    assert market_status.hoursOf(XNYS) == good


def test_session_at__extended_hours_from_the_day_before__hold_before_a_trading_day_alone(market_status, actors):
    """Twenty hours before and after: they hold on the closed days around one of trading, and nowhere else."""
    market_status.setHours(XNYS, hours(before=20 * 60, after=20 * 60), sender=actors.market_operator)
    trading = day_of(date(2026, 11, 25))
    word, place = divmod(trading, calendar.DAYS_IN_WORD)
    closed = sum(calendar.CLOSED << 4 * each for each in range(calendar.DAYS_IN_WORD) if each != place)
    market_status.setDays(XNYS, word, [closed | 2 << 4 * place], sender=actors.market_operator)

    changes = [
        ("2026-11-24T18:30:00", CLOSED, EXTENDED),
        ("2026-11-25T14:30:00", EXTENDED, REGULAR),
        ("2026-11-25T21:00:00", REGULAR, EXTENDED),
        ("2026-11-26T17:00:00", EXTENDED, CLOSED),
    ]
    for moment, before, after in changes:
        when = second(moment)
        assert (market_status.sessionAt(XNYS, when - 1), market_status.sessionAt(XNYS, when)) == (before, after)
        assert tuple(market_status.transitionAfter(XNYS, when - 1)) == (when, after)
