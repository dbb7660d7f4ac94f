"""How old a difference is: runs are kept, and it is as old as the first of the unbroken row of runs that show it (R32).

A difference that grows or shrinks stays the same one; one that was gone and comes back is new. Runs without a holder
file say nothing of differences with it. A run at a block before the latest run's looks back: it is shown, not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from stockade.reporter.reconcile import Difference, Kind, Reconciliation, Subject
from stockade.store import tables

DAY_MS = 86_400_000

# Days: what is older must be reported (17Ad-11), and what was over-issued bought in (17Ad-10).
REPORTED_AFTER = 30
BUY_IN_WITHIN = 60

# Up to how many days a difference is old, and how that is called.
BUCKETS = ((1, "up to 1 day"), (7, "up to 7 days"), (REPORTED_AFTER, f"up to {REPORTED_AFTER} days"))
OLDEST = f"over {REPORTED_AFTER} days"


@dataclass(frozen=True)
class Aged:
    """A difference and since when it was seen. Times in milliseconds UTC, by the reporter's clock."""

    difference: Difference
    first_seen: int
    at: int

    @property
    def age(self) -> int:
        """Milliseconds; none where the clock was put back."""
        return max(self.at - self.first_seen, 0)

    @property
    def bucket(self) -> str:
        return next((name for most, name in BUCKETS if self.age <= most * DAY_MS), OLDEST)

    @property
    def to_report(self) -> bool:
        """Older than the rules leave unreported."""
        return self.bucket == OLDEST

    @property
    def buy_in_by(self) -> int | None:
        """When an over-issuance must be bought in; None for what is none."""
        if self.difference.subject.kind is not Kind.OVER_ISSUED:
            return None
        return self.first_seen + BUY_IN_WITHIN * DAY_MS


def keep(connection: Connection, found: Reconciliation, at: int) -> bool:
    """Stores a run and its differences. Whether it was kept: one that looks back is not."""
    runs = _runs(connection)
    if runs and runs[0].block > found.block:
        return False
    values = {"block": found.block, "block_hash": found.block_hash, "holders": found.holders, "at": at}
    result = connection.execute(insert(tables.run).values(**values))
    rows = [
        {
            "run": result.inserted_primary_key[0],  # type: ignore[index]
            "kind": each.subject.kind.value,
            "token": each.subject.token,
            "custodian": each.subject.custodian,
            "wallet": each.subject.wallet,
            "one": each.one,
            "other": each.other,
        }
        for each in found.differences
    ]
    if rows:
        connection.execute(insert(tables.difference), rows)
    return True


def ages(connection: Connection, found: Reconciliation, at: int) -> list[Aged]:
    """The differences of a run that was just made, oldest first, by the runs that are kept up to its block."""
    runs = [run for run in _runs(connection) if run.block <= found.block]
    since = {each.subject: at for each in found.differences}
    by_facts = _walk(connection, runs, {subject for subject in since if subject.kind is not Kind.BALANCE_HOLDERS})
    with_file = [run for run in runs if run.holders]
    by_file = _walk(connection, with_file, {subject for subject in since if subject.kind is Kind.BALANCE_HOLDERS})
    since |= by_facts | by_file
    aged = [Aged(each, since[each.subject], at) for each in found.differences]
    return sorted(aged, key=lambda each: (each.first_seen, each.difference.subject.kind.value))


def _walk(connection: Connection, runs: list[Row[Any]], standing: set[Subject]) -> dict[Subject, int]:
    """Back through the runs, from the latest, for as long as a difference stands in each."""
    since: dict[Subject, int] = {}
    for run in runs:
        it = tables.difference.c
        rows = connection.execute(select(it.kind, it.token, it.custodian, it.wallet).where(it.run == run.id))
        standing = standing & {Subject(Kind(row.kind), row.token, row.custodian, row.wallet) for row in rows}
        if not standing:
            break
        since |= dict.fromkeys(standing, run.at)
    return since


def _runs(connection: Connection) -> list[Row[Any]]:
    """Every run, the latest first."""
    return list(connection.execute(select(tables.run).order_by(tables.run.c.id.desc())))


def buckets(aged: list[Aged]) -> dict[str, int]:
    """How many differences are how old."""
    return {name: sum(each.bucket == name for each in aged) for name in (*(name for _, name in BUCKETS), OLDEST)}
