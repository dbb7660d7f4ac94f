"""How long records took, by the ranges that were sent and acknowledged, and which are late."""

from __future__ import annotations

from random import Random

import pytest

from stockade.reporter.lateness import Late, Spread, Way, first_times, judge, spread, ways
from stockade.reporter.ranges import Ranges
from tests.reporting.outbox import START, put_records

LIMIT = 600


def way(seq: int, since: int, received: int, action: str = "NEW") -> Way:
    """Recorded a second after its clock began, sent a second later."""
    return Way(seq, "TRANSFER", action, since, since + 1000, since + 2000, received, 0)


def test_first_times__ranges_overlap__each_number_has_the_first_that_holds_it():
    assert list(first_times(6, [(1, 3, 100), (2, 5, 200), (5, 9, 300)])) == [0, 100, 100, 100, 200, 200, 300]


def test_first_times__numbers_beyond_ours__are_left_out():
    assert list(first_times(1, [(0, 10**6, 100)])) == [0, 100]
    assert list(first_times(2, [])) == [0, 0, 0]


@pytest.mark.parametrize("seed", range(20))
def test_ranges__any_of_them__hold_each_number_once_and_say_which_are_new(seed):
    chance, ranges, numbers = Random(seed), Ranges(), set()
    for _ in range(60):
        first = chance.randint(1, 80)
        last = first + chance.randint(-1, 20)
        new = ranges.add(first, last)
        told = [number for begin, end in new for number in range(begin, end + 1)]
        assert told == sorted(set(range(first, last + 1)) - numbers)
        assert all(begin <= end for begin, end in new)
        numbers.update(told)


def test_first_times__everything_is_acknowledged_over_and_over__each_number_is_told_once():
    whole = 200_000

    times = first_times(whole, ((1, whole, 100 + place) for place in range(20_000)))

    assert set(times[1:]) == {100}


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([], None),
        ([7], Spread(1, 7, 7, 7)),
        ([2, 1], Spread(2, 1, 2, 2)),
        (range(1, 101), Spread(100, 50, 99, 100)),
        (range(1, 201), Spread(200, 100, 198, 200)),
    ],
)
def test_spread__of_times__is_by_nearest_rank(times, found):
    assert spread(times) == found


def test_judge__received_at_the_deadline_and_a_millisecond_later__only_the_second_is_late():
    deadline = START + 1000 * LIMIT
    found = judge([way(1, START, deadline), way(2, START, deadline + 1)], LIMIT, START)

    assert found.late == [Late(way(2, START, deadline + 1), 1, False)]
    assert found.waiting == 0


def test_judge__nobody_received_them__waiting_comes_first_and_the_longest_before_the_others():
    now = START + 2000 * LIMIT
    was_late = way(1, START - 3000 * LIMIT, START - 1000)
    shorter, longer, in_time = way(2, START + 1000, 0), way(3, START, 0), way(4, now, 0)

    found = judge([was_late, shorter, longer, in_time], LIMIT, now)

    assert found.late == [
        Late(longer, 1000 * LIMIT, True),
        Late(shorter, 1000 * LIMIT - 1000, True),
        Late(was_late, 2000 * LIMIT - 1000, False),
    ]
    assert found.waiting == 3
    assert found.steps == {
        "event to recorded": Spread(4, 1000, 1000, 1000),
        "recorded to sent": Spread(4, 1000, 1000, 1000),
        "sent to RECEIVED": Spread(1, 3000 * LIMIT - 3000, 3000 * LIMIT - 3000, 3000 * LIMIT - 3000),
        "in all, to RECEIVED": Spread(1, 3000 * LIMIT - 1000, 3000 * LIMIT - 1000, 3000 * LIMIT - 1000),
        "RECEIVED to LINKED": None,
    }


def test_judge__a_record_that_confirms_another__is_no_news_of_an_event_but_may_be_late():
    confirmed = way(2, START, START + 1000 * LIMIT + 5, "CORRECT")

    found = judge([way(1, START, START + 3000), confirmed], LIMIT, START)

    assert found.late == [Late(confirmed, 5, False)]
    assert found.steps["event to recorded"] == Spread(1, 1000, 1000, 1000)
    assert found.steps["in all, to RECEIVED"] == Spread(2, 3000, 1000 * LIMIT + 5, 1000 * LIMIT + 5)


def test_ways__sent_acknowledged_and_linked__are_told_from_the_store(store, receiver, courier, clock):
    put_records(store, 3)
    clock.at = START + 10_000
    courier.run(once=True)
    clock.at = START + 20_000
    receiver.ack("LINKED", 2, 2)
    courier.run(once=True)
    courier.replay(1)

    with store.read() as connection:
        found = ways(connection, "sec")

    assert found == [
        Way(1, "TRANSFER", "NEW", START + 1000, START + 1000, START + 10_000, START + 10_000, 0),
        Way(2, "TRANSFER", "NEW", START + 2000, START + 2000, START + 10_000, START + 10_000, START + 20_000),
        Way(3, "TRANSFER", "NEW", START + 3000, START + 3000, START + 10_000, START + 10_000, 0),
    ]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_ways__to_another_destination__nothing_was_sent(store, courier):
    put_records(store, 1)
    courier.run(once=True)

    with store.read() as connection:
        assert ways(connection, "dtc") == [Way(1, "TRANSFER", "NEW", START + 1000, START + 1000, 0, 0, 0)]
