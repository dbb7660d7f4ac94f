"""Calendars: packed words, the days of exchange_calendars, and what a build changes."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.errors import InputError
from stockade.market.calendar import (
    CLOSED,
    Hours,
    build,
    compare,
    date_of,
    day_of,
    pack_days,
    remarkable,
    unpack_days,
    word_numbers,
)
from tests.support import ROOT

WINTER, SUMMER = (870, 1260), (810, 1200)
WINTER_SHORT, SUMMER_SHORT = (870, 1080), (810, 1020)
NOTHING = Hours(0, 0)

times = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])
minutes = st.integers(0, 1439)


@pytest.fixture(scope="module")
def years():
    """XNYS, 2024 to 2027."""
    return build("XNYS", date(2024, 1, 1), date(2027, 12, 31))


# ---------------------------------------------------------------- words


@given(minutes, minutes, st.lists(times, max_size=8, unique=True))
def test_hours__packed_and_unpacked__the_same(before, after, kinds):
    hours = Hours(before, after, tuple(kinds))

    assert Hours.unpack(hours.pack()) == hours
    assert hours.pack() < 1 << 224


@given(
    st.lists(times, min_size=1, max_size=8, unique=True),
    st.dictionaries(st.integers(0, 50_000), st.integers(0, 8), max_size=30),
)
def test_days__packed_and_unpacked__the_same(kinds, choices):
    hours = Hours(330, 240, tuple(kinds))
    days = {day: None if not choice else kinds[(choice - 1) % len(kinds)] for day, choice in choices.items()}

    assert unpack_days(hours, pack_days(hours, days, {})) == days


def test_hours__words_by_hand__as_the_contract_reads_them():
    hours = Hours(330, 240, (WINTER,))

    assert hours.pack() == 330 | 240 << 16 | 870 << 32 | 1260 << 44
    assert pack_days(hours, {65: WINTER, 66: None}, {}) == {1: 2 << 4 | 1 << 8}
    assert pack_days(hours, {65: None}, {1: 2 << 4 | 1 << 8}) == {1: CLOSED << 4 | 1 << 8}


def test_unpack__days_that_nobody_said_or_of_a_kind_that_is_none__left_out():
    word = 0 | CLOSED << 4 | 2 << 8 | 3 << 12 | 10 << 16 | 15 << 20

    assert unpack_days(Hours(0, 0, (WINTER,)), {0: word}) == {1: None, 2: WINTER}


# ---------------------------------------------------------------- the library's days


def test_build__four_years__every_day_is_there_and_four_kinds_of_them_trade(years):
    assert list(years) == list(range(day_of(date(2024, 1, 1)), day_of(date(2027, 12, 31)) + 1))
    assert {each for each in years.values() if each} == {WINTER, SUMMER, WINTER_SHORT, SUMMER_SHORT}


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2025, 1, 8), WINTER),
        (date(2025, 1, 9), None),  # the day of mourning, announced ten days before
        (date(2025, 1, 10), WINTER),
        (date(2026, 11, 26), None),
        (date(2026, 11, 27), WINTER_SHORT),
        (date(2026, 11, 28), None),
        (date(2025, 7, 3), SUMMER_SHORT),
        (date(2026, 3, 6), WINTER),
        (date(2026, 3, 8), None),
        (date(2026, 3, 9), SUMMER),
        (date(2026, 10, 30), SUMMER),
        (date(2026, 11, 2), WINTER),
    ],
)
def test_build__holiday_early_close_and_daylight_saving__as_the_exchange_has_them(years, day, hours):
    assert years[day_of(day)] == hours


@pytest.mark.parametrize("mic", ["XNAS", "ARCX"])
def test_build__another_market_of_the_same_hours__the_same(mic):
    span = (date(2026, 11, 20), date(2026, 11, 30))

    assert build(mic, *span) == build("XNYS", *span)


def test_build__closed_by_hand__closed_although_the_library_does_not_know():
    day = date(2026, 12, 9)

    assert build("XNYS", day, day) == {day_of(day): WINTER}
    assert build("XNYS", day, day, closed=[day]) == {day_of(day): None}


@pytest.mark.parametrize(
    ("mic", "first", "last", "closed", "says"),
    [
        ("xnys", date(2026, 1, 1), date(2026, 1, 2), (), "'xnys' is no market"),
        ("XQQQ", date(2026, 1, 1), date(2026, 1, 2), (), "knows no market XQQQ"),
        ("XHKG", date(2026, 1, 1), date(2026, 1, 20), (), "XHKG breaks its session at noon"),
        ("XASX", date(2026, 1, 1), date(2026, 1, 20), (), "XASX trades over midnight UTC"),
        ("XNYS", date(2026, 1, 2), date(2026, 1, 1), (), "is no range"),
        ("XNYS", date(2026, 1, 2), date(2126, 1, 1), (), "is no range"),
        ("XNYS", date(2026, 1, 2), date(2026, 1, 3), [date(2026, 1, 4)], "2026-01-04 lies outside"),
    ],
)
def test_build__what_the_contract_cannot_hold__one_sentence(mic, first, last, closed, says):
    with pytest.raises(InputError, match=says):
        build(mic, first, last, closed)


def test_import__the_market_room__without_pandas():
    code = "import sys, stockade.market.calendar; sys.exit('pandas' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0


# ---------------------------------------------------------------- what a build changes


def test_compare__nothing_on_chain__everything_is_written_and_every_day_differs(years):
    change = compare("XNYS", years, 330, 240, NOTHING, {})

    assert change.hours_change
    assert change.hours == Hours(330, 240, (SUMMER_SHORT, SUMMER, WINTER_SHORT, WINTER))
    assert list(change.words) == list(word_numbers(date(2024, 1, 1), date(2027, 12, 31)))
    assert len(change.differences) == len(years)
    assert unpack_days(change.hours, change.words) == years


def test_compare__the_same_on_chain__nothing(years):
    first = compare("XNYS", years, 330, 240, NOTHING, {})

    again = compare("XNYS", years, 330, 240, first.hours, first.words)

    assert (again.hours_change, again.words, again.differences) == (False, {}, [])


def test_compare__a_year_appended__words_at_the_border_merge_and_kinds_keep_their_numbers():
    # January alone knows two kinds of days, and the second is another than the whole year's would be.
    before = build("XNYS", date(2026, 1, 1), date(2026, 12, 31))
    hours = Hours(330, 240, (WINTER, SUMMER, WINTER_SHORT))
    old = compare("XNYS", before, 330, 240, hours, {})
    assert old.hours.kinds == (WINTER, SUMMER, WINTER_SHORT)

    after = build("XNYS", date(2027, 1, 1), date(2028, 12, 31))
    new = compare("XNYS", after, 330, 240, old.hours, old.words)

    assert new.hours.kinds == (WINTER, SUMMER, WINTER_SHORT, SUMMER_SHORT)
    border = day_of(date(2027, 1, 1)) // 64
    assert border in old.words
    assert border in new.words
    assert unpack_days(new.hours, {**old.words, **new.words}) == {**before, **after}
    assert {each.chain for each in new.differences} == {"unknown"}


def test_compare__one_day_closed_since__that_day_alone(years):
    first = compare("XNYS", years, 330, 240, NOTHING, {})
    day = date(2026, 12, 9)

    change = compare("XNYS", {**years, day_of(day): None}, 330, 240, first.hours, first.words)

    assert [(each.day, each.chain, each.build) for each in change.differences] == [
        (day, "14:30 to 21:00 UTC", "closed"),
    ]
    assert list(change.words) == [day_of(day) // 64]
    assert not change.hours_change


def test_compare__other_extended_hours__the_word_of_hours_alone(years):
    first = compare("XNYS", years, 330, 240, NOTHING, {})

    change = compare("XNYS", years, 0, 240, first.hours, first.words)

    assert (change.hours_change, change.words, change.differences) == (True, {}, [])


def test_compare__nine_kinds_of_days__refused():
    days = {day: (600 + day, 900) for day in range(9)}

    compare("XNYS", dict(list(days.items())[:8]), 0, 0, NOTHING, {})
    with pytest.raises(InputError, match="9 kinds"):
        compare("XNYS", days, 0, 0, NOTHING, {})


def test_remarkable__a_year__holidays_short_days_and_moved_hours_alone():
    found = dict(remarkable(build("XNYS", date(2025, 1, 1), date(2025, 12, 31))))

    assert found[date(2025, 1, 9)] == "closed"
    assert found[date(2025, 3, 10)] == "opens at 13:30 UTC instead of 14:30 (daylight saving)"
    assert found[date(2025, 11, 3)] == "opens at 14:30 UTC instead of 13:30 (daylight saving)"
    assert found[date(2025, 7, 3)] == "short day, closes at 17:00 UTC"
    closed = [day for day, says in found.items() if says == "closed"]
    assert len(closed) == 11
    assert len(found) == 16
    assert date_of(day_of(closed[0])) == closed[0]
