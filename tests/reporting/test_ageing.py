"""Differences age from run to run, by a clock that is given; on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.errors import StockadeError
from stockade.reporter.ageing import BUCKETS, DAY_MS, OLDEST, ages, buckets, keep
from stockade.reporter.reconcile import Difference, Kind, Reconciliation, Subject
from stockade.store import tables

TOKEN, WALLET = "0x" + "11" * 20, "0x" + "22" * 20
NOW = 1_800_000_000_000
OVER = Difference(Subject(Kind.OVER_ISSUED, TOKEN, 1), 10, 9)
SURPLUS = Difference(Subject(Kind.SURPLUS, TOKEN, 2), 1, 2)
BOOK = Difference(Subject(Kind.BALANCE_HOLDERS, TOKEN, None, WALLET), 5, 4)


@pytest.fixture
def run(store):
    """One run: `run(days, *differences)` days after the first; answers what it found by kind, in days."""

    def make(days: float, *differences: Difference, holders: str | None = "0x" + "33" * 32, block: int | None = None):
        at = NOW + int(days * DAY_MS)
        block = int(days * 100) if block is None else block
        found = Reconciliation(block, "0x" + "44" * 32, True, holders, (), 9, differences)
        with store.write() as connection:
            kept = keep(connection, found, at)
            return kept, {each.difference.subject.kind: each.age / DAY_MS for each in ages(connection, found, at)}

    return make


def test_ages__in_the_first_run__are_none(run):
    assert run(0, OVER, BOOK) == (True, {Kind.OVER_ISSUED: 0, Kind.BALANCE_HOLDERS: 0})


def test_ages__seen_in_every_run__since_the_first_whatever_the_amount(run):
    run(0, OVER)
    run(3, replace(OVER, other=2), SURPLUS)

    assert run(10, OVER, SURPLUS)[1] == {Kind.OVER_ISSUED: 10, Kind.SURPLUS: 7}


def test_ages__gone_and_back__since_it_came_back(run):
    run(0, OVER, SURPLUS)
    run(5, SURPLUS)
    run(6, OVER, SURPLUS)

    assert run(8, OVER, SURPLUS)[1] == {Kind.OVER_ISSUED: 2, Kind.SURPLUS: 8}


def test_ages__another_custodian_or_wallet__is_another_difference(run):
    run(0, OVER, BOOK)

    other = replace(OVER, subject=replace(OVER.subject, custodian=2))
    another = replace(BOOK, subject=replace(BOOK.subject, wallet="0x" + "55" * 20))
    assert run(4, other, another)[1] == {Kind.OVER_ISSUED: 0, Kind.BALANCE_HOLDERS: 0}


def test_ages__a_run_without_a_holder_file_between__does_not_end_what_needs_one(run):
    run(0, BOOK, OVER)
    run(1, OVER, holders=None)

    assert run(2, BOOK, OVER)[1] == {Kind.BALANCE_HOLDERS: 2, Kind.OVER_ISSUED: 2}


def test_keep__a_run_that_looks_back__is_shown_and_not_kept(run):
    run(1, OVER, block=50)
    run(2, block=60)

    assert run(3, OVER, block=55) == (False, {Kind.OVER_ISSUED: 2})
    assert run(4, OVER, block=60) == (True, {Kind.OVER_ISSUED: 0})


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (0, "up to 1 day"),
        (DAY_MS, "up to 1 day"),
        (DAY_MS + 1, "up to 7 days"),
        (7 * DAY_MS, "up to 7 days"),
        (30 * DAY_MS, "up to 30 days"),
        (30 * DAY_MS + 1, "over 30 days"),
    ],
)
def test_bucket__by_the_millisecond__and_flagged_beyond_thirty_days(store, age, bucket):
    found = Reconciliation(1, "0x" + "44" * 32, True, None, (), 1, (OVER,))
    with store.write() as connection:
        keep(connection, found, NOW)
        (aged,) = ages(connection, found, NOW + age)

    assert (aged.bucket, aged.to_report, aged.buy_in_by) == (bucket, age > 30 * DAY_MS, NOW + 60 * DAY_MS)
    assert buckets([aged]) == {name: int(name == bucket) for name in [*(name for _, name in BUCKETS), OLDEST]}


def test_buy_in__of_what_is_no_over_issuance__is_none(store):
    found = Reconciliation(1, "0x" + "44" * 32, True, None, (), 1, (SURPLUS,))
    with store.write() as connection:
        (aged,) = ages(connection, found, NOW)

    assert (aged.buy_in_by, aged.first_seen) == (None, NOW)


@pytest.mark.parametrize("table", [tables.run, tables.difference])
def test_runs__in_the_database__only_grow(store, run, table):
    run(0, OVER)

    for statement in (table.update().values(id=7), table.delete()):
        with pytest.raises(StockadeError, match=f"{table.name} only grows"), store.write() as connection:
            connection.execute(statement)
