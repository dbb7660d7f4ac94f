"""The exemption's clocks, to the second: a pure function over small facts. New York's days, with their holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from stockade.listing.business_days import business_days_after, new_york
from stockade.listing.clocks import (
    Ahead,
    Change,
    Deadline,
    ExemptionClock,
    Facts,
    IssuerClock,
    Obligation,
    State,
    is_overdue,
    obligations,
)
from stockade.records import ExemptionStatus
from tests.support import DAY

NEW_YORK = ZoneInfo("America/New_York")
PUBLISH = "publish a revised Notice: `ape run listing notice`, then `ape run listing publish`"


CALENDAR = new_york()


def at(text: str, zone: ZoneInfo = NEW_YORK) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


RECORDED = at("2026-09-20T12:00")
FIRST = at("2026-10-01T12:00")


def exemption(*notices: int, **changes: object) -> ExemptionClock:
    said = {
        "number": 1,
        "status": ExemptionStatus.ACTIVE,
        "recorded": RECORDED,
        "notices": (FIRST, *notices),
        "notice_until": FIRST + 30 * DAY,
        "valid_until": at("2031-09-17T00:00"),
        "in_use": True,
    }
    return ExemptionClock(**said | changes)


def due(now: int, *notices: int, source: str = "R6", **facts: object) -> list[Obligation]:
    """What one requirement asks of the exemption at a moment."""
    given = {"exemptions": (exemption(*notices),)} | facts
    return [each for each in obligations(Facts(now, 1, **given), CALENDAR) if each.source == source]


# ---------------------------------------------------------------- R5: the Notice


@pytest.mark.parametrize(("before", "state"), [(1, State.WAITING), (0, State.DONE)])
def test_notice__a_second_before_30_days_and_then__waits_and_is_done(before, state):
    (found,) = due(FIRST + 30 * DAY - before, source="R5")

    assert (found.state, found.begun, found.due) == (state, FIRST, FIRST + 30 * DAY)


def test_notice__none_recorded__open_without_a_date_and_last():
    never = exemption(notices=(), notice_until=0)

    *_, found = obligations(Facts(FIRST, exemptions=(never,)), CALENDAR)

    assert (found.source, found.state, found.begun, found.due) == ("R5", State.OPEN, RECORDED, None)
    assert due(FIRST, source="R5", exemptions=(exemption(notices=(), status=ExemptionStatus.REVOKED),)) == []


# ---------------------------------------------------------------- R8: the issuer's objection


@pytest.mark.parametrize(("before", "state"), [(1, State.WAITING), (0, State.DONE)])
def test_objection__a_second_before_its_end_and_then__waits_and_is_done(before, state):
    told = FIRST + DAY

    (found,) = due(told + 30 * DAY - before, source="R8", issuers=(IssuerClock("KOs", told, told + 30 * DAY, False),))

    assert (found.state, found.begun, found.due) == (state, told, told + 30 * DAY)


def test_objection__issuer_not_told_or_barred__open_without_a_date_and_done():
    fresh, barred = IssuerClock("KOs", 0, 0, False), IssuerClock("VZs", FIRST, FIRST + 30 * DAY, True)

    done, waiting = due(FIRST + 1, source="R8", issuers=(fresh, barred))

    assert (done.what, done.state) == ("time of the issuer of the share behind VZs to object: it did", State.DONE)
    assert (waiting.state, waiting.due) == (State.OPEN, None)
    assert waiting.remedy == "tell it, then `ape run listing notify KOs`"


# ---------------------------------------------------------------- R6: within five business days


@pytest.mark.parametrize(
    ("change", "last"),
    [
        # Over Thanksgiving: Friday is a business day though it closes early.
        ("2026-11-23T10:00", "2026-12-01"),
        ("2026-11-20T23:59:59", "2026-11-30"),  # still Friday in New York, Saturday in UTC
        ("2026-11-21T00:00", "2026-11-30"),  # a Saturday begins nothing of its own
        ("2026-11-25T12:00", "2026-12-03"),
        ("2026-12-24T12:00", "2027-01-04"),
        ("2027-03-12T12:00", "2027-03-19"),  # over the Sunday on which the clocks go forward
    ],
)
def test_change__five_business_days__late_from_the_first_second_after_the_last_day(change, last):
    changes = (Change(at(change), "KOs began to trade", prompt=True, exemption=1),)
    day = date.fromisoformat(last)
    end = at(f"{day + timedelta(days=1)}T00:00")

    (found,) = due(end - 1, changes=changes)
    (late,) = due(end, changes=changes)

    assert found == Obligation(
        "revised Notice of exemption 1: KOs began to trade", "R6", State.OPEN, at(change), end, PUBLISH, day
    )
    assert (late.state, is_overdue([late]), is_overdue([found])) == (State.OVERDUE, True, False)


def test_change__a_notice_follows__done_and_one_before_does_not_count():
    moment = at("2026-11-23T10:00")
    changes = (Change(moment, "KOs paused", prompt=True),)

    (done,) = due(moment + 40 * DAY, moment, changes=changes)
    (left,) = due(moment + 40 * DAY, moment - 1, changes=changes)

    assert (done.state, done.remedy) == (State.DONE, "")
    assert left.state is State.OVERDUE


def test_change__several_on_one_day__one_notice_serves_all_but_those_after_it():
    moment = at("2026-11-23T10:00")
    changes = tuple(Change(moment + each, f"T{each}s began to trade", prompt=True) for each in range(7))

    done, left = sorted(due(moment + DAY, moment + 5, changes=changes), key=lambda each: each.begun)

    assert (done.state, left.state) == (State.DONE, State.OPEN)
    assert done.what.endswith(
        "T0s began to trade, T1s began to trade, T2s began to trade, T3s began to trade, and 2 more"
    )
    assert left.what == "revised Notice of exemption 1: T6s began to trade"


def test_change__before_the_first_notice_or_of_another_exemption__asks_nothing():
    early = Change(FIRST - 1, "KOs began to trade", prompt=True)
    foreign = Change(FIRST + DAY, "exemption 2 suspended", prompt=True, exemption=2)

    assert due(FIRST + 90 * DAY, changes=(early, foreign)) == []


# ---------------------------------------------------------------- R6: with the quarter


@pytest.mark.parametrize(
    ("change", "end", "last"),
    [
        ("2026-10-02T10:00", "2026-12-31", "2027-01-30"),
        ("2026-12-31T23:59:59", "2026-12-31", "2027-01-30"),  # January already in UTC
        ("2027-01-01T00:00", "2027-03-31", "2027-04-30"),
        ("2027-06-30T12:00", "2027-06-30", "2027-07-30"),
        ("2028-07-01T12:00", "2028-09-30", "2028-10-30"),
    ],
)
def test_quarter__thirty_days_after_its_end__late_from_the_next_second(change, end, last):
    changes = (Change(at(change), "document of KOs", prompt=False),)
    day = date.fromisoformat(last)
    after = at(f"{day + timedelta(days=1)}T00:00")

    (found,) = due(after - 1, changes=changes)
    (late,) = due(after, changes=changes)

    assert found.what == f"revised Notice of exemption 1 for the quarter to {end}: document of KOs"
    assert (found.state, found.due, found.day) == (State.OPEN, after, day)
    assert late.state is State.OVERDUE


def test_quarter__a_notice_after_the_last_change__done_and_between_two_it_is_not():
    first, last = at("2026-10-02T10:00"), at("2026-12-01T10:00")
    changes = (Change(first, "a", prompt=False), Change(last, "b", prompt=False))

    assert [each.state for each in due(last + 1, last + 1, changes=changes)] == [State.DONE]
    assert [each.state for each in due(last + 1, first + 1, changes=changes)] == [State.OPEN]


# ---------------------------------------------------------------- R6: 20 days before a material change


def test_amendment_to_come__20_days_before__late_from_that_second_on():
    known, starts = FIRST + DAY, FIRST + 40 * DAY
    ahead = (Ahead(known, "terms 2 of exemption 1", starts, exemption=1),)

    (found,) = due(starts - 20 * DAY - 1, ahead=ahead)
    (late,) = due(starts - 20 * DAY, ahead=ahead)
    (done,) = due(starts, known, ahead=ahead)

    assert (found.state, found.due, late.state) == (State.OPEN, starts - 20 * DAY, State.OVERDUE)
    assert (done.state, done.due) == (State.DONE, starts - 20 * DAY)


def test_scheduled_act__without_a_notice__one_must_come_20_days_before_it_lapses():
    known = FIRST + DAY
    ahead = (Ahead(known, "upgrade", known + 20 * DAY, known + 27 * DAY),)

    (found,) = due(known + 7 * DAY - 1, ahead=ahead)
    (late,) = due(known + 7 * DAY, ahead=ahead)

    assert (found.state, found.due, late.state) == (State.OPEN, known + 7 * DAY, State.OVERDUE)
    assert found.remedy == f"{PUBLISH}, and make the change 20 days later; or cancel it"


def test_scheduled_act__with_a_notice__waits_20_days_from_it():
    known = FIRST + DAY
    ahead = (Ahead(known, "upgrade", known + 20 * DAY, known + 27 * DAY),)
    notice = known + 3 * DAY

    (waits,) = due(notice + 20 * DAY - 1, notice, ahead=ahead)
    (free,) = due(notice + 20 * DAY, notice, ahead=ahead)

    assert (waits.state, waits.due, waits.remedy) == (
        State.WAITING,
        notice + 20 * DAY,
        "do not make the change before",
    )
    assert free.state is State.DONE


def test_scheduled_act__before_the_first_notice__asks_nothing():
    """That Notice tells of it, and there was none to revise."""
    early, later = (Ahead(FIRST + each, "upgrade", FIRST + 20 * DAY, FIRST + 27 * DAY) for each in (0, 1))

    assert due(FIRST + 2, ahead=(early,)) == []
    assert [each.state for each in due(FIRST + 2, ahead=(later,))] == [State.OPEN]


def test_scheduled_act__made_without_a_notice__overdue_until_one_follows():
    known = FIRST + DAY
    ahead = (Ahead(known, "upgrade", known + 20 * DAY, known + 27 * DAY, made_at=known + 21 * DAY),)

    (late,) = due(known + 21 * DAY, ahead=ahead)
    (done,) = due(known + 21 * DAY, known + 21 * DAY, ahead=ahead)

    assert (late.state, late.due, late.remedy) == (State.OVERDUE, known + DAY, PUBLISH)
    assert done.state is State.DONE


# ---------------------------------------------------------------- ends


@pytest.mark.parametrize(
    ("after", "in_use", "state"),
    [(-1, True, State.WAITING), (0, True, State.OVERDUE), (0, False, State.DONE)],
)
def test_end__of_the_exemption__overdue_while_a_token_is_not_wound_down(after, in_use, state):
    end = exemption().valid_until

    (found,) = due(end + after, source="R1", exemptions=(exemption(in_use=in_use),))

    assert (found.state, found.due) == (state, end)


def test_deadline__open_until_its_second_and_overdue_from_it():
    deadline = Deadline("redemption 1", "R41", FIRST, FIRST + DAY, "answer it")

    assert [each.state for each in due(FIRST + DAY - 1, source="R41", deadlines=(deadline,))] == [State.OPEN]
    assert [each.state for each in due(FIRST + DAY, source="R41", deadlines=(deadline,))] == [State.OVERDUE]


def test_obligations__sorted_by_due_date__whatever_their_order():
    later, sooner = (Deadline(name, "R4", None, FIRST + each, "") for name, each in (("a", 9), ("b", 5)))

    found = obligations(Facts(FIRST, deadlines=(later, sooner), issuers=(IssuerClock("KOs", 0, 0, False),)), CALENDAR)

    assert [each.due for each in found] == [FIRST + 5, FIRST + 9, None]


def test_calendar__day_of_a_second__is_new_yorks():
    moment = int(datetime(2026, 11, 21, 4, 59, 59, tzinfo=UTC).timestamp())

    assert (CALENDAR.day_of(moment), CALENDAR.day_of(moment + 1)) == (date(2026, 11, 20), date(2026, 11, 21))
    assert CALENDAR.end_of(date(2026, 11, 20)) == moment + 1


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        ("2025-01-08", 1, "2025-01-10"),  # the day of mourning for President Carter
        ("2026-11-25", 1, "2026-11-27"),  # Thanksgiving; Friday closes early and counts
        ("2026-12-31", 1, "2027-01-04"),  # into another year
        ("2026-11-21", 0, "2026-11-21"),
    ],
)
def test_business_days__holidays_and_unscheduled_closures__are_passed_over(day, count, found):
    assert business_days_after(date.fromisoformat(day), count) == date.fromisoformat(found)
