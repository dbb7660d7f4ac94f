"""From event to acknowledgement: when each record was made, sent and acknowledged, and whether that was in time.

The clock of a record that reports an event begins with its block. One that confirms, corrects or cancels another tells
nothing new of the event: its clock begins when it was recorded, for only then was there a reason for it. Both end with
the destination's first RECEIVED.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from sqlalchemy import Connection, select

from stockade.reporter.ranges import Ranges
from stockade.store.tables import ack, record, transmission
from stockade.wire.envelope import Action, Stage


class Way(NamedTuple):
    """One record's way: milliseconds UTC, 0 for what has not happened. `since` is when its clock began."""

    seq: int
    event_type: str
    action: str
    since: int
    recorded: int
    sent: int
    received: int
    linked: int


class Spread(NamedTuple):
    """How long something took, in milliseconds: of so many, half, 99 of 100, and the worst."""

    number: int
    p50: int
    p99: int
    worst: int


class Late(NamedTuple):
    """A record that is late, or was, by so many milliseconds. `waiting`: it is not received yet."""

    way: Way
    by: int
    waiting: bool


@dataclass(frozen=True)
class Lateness:
    """Of one destination. `steps`: by name, None where nothing took that step; `late`: those still waiting first, the
    worst of each before the others; `waiting`: records that are not received, late or not.
    """

    deadline: int
    steps: dict[str, Spread | None]
    late: list[Late]
    waiting: int


def ways(connection: Connection, destination: str) -> list[Way]:
    """Every record's way to a destination, by number."""
    it = record.c
    asked = select(it.seq, it.event_type, it.action, it.event_time, it.recorded_at).order_by(it.seq)
    rows = connection.execute(asked).all()
    sent = select(transmission.c.first, transmission.c.last, transmission.c.sent_at)
    sent = sent.where(transmission.c.destination == destination).order_by(transmission.c.id)
    stages = [
        first_times(len(rows), [(row[0], row[1], row[2]) for row in connection.execute(sent)]),
        *(_acknowledged(connection, destination, stage, len(rows)) for stage in (Stage.RECEIVED, Stage.LINKED)),
    ]
    return [
        Way(
            row.seq,
            row.event_type,
            row.action,
            1000 * row.event_time if row.action == Action.NEW else row.recorded_at,
            row.recorded_at,
            *(times[row.seq] for times in stages),
        )
        for row in rows
    ]


def _acknowledged(connection: Connection, destination: str, stage: Stage, count: int) -> Sequence[int]:
    asked = select(ack.c.first, ack.c.last, ack.c.received_at)
    asked = asked.where(ack.c.destination == destination, ack.c.stage == stage).order_by(ack.c.id)
    return first_times(count, [(row[0], row[1], row[2]) for row in connection.execute(asked)])


def first_times(count: int, ranges: Iterable[tuple[int, int, int]]) -> Sequence[int]:
    """For each number from 1 to `count` the time of the first range (first, last, time) that holds it; 0 where none
    does. The ranges stand in order of time.
    """
    times, told = array("q", bytes(8 * (count + 1))), Ranges()
    for first, last, at in ranges:
        for begin, end in told.add(max(1, first), min(last, count)):
            times[begin : end + 1] = array("q", [at]) * (end + 1 - begin)
    return times


def judge(found: Sequence[Way], deadline: int, now: int) -> Lateness:
    """What these ways come to; `deadline` in seconds, `now` in milliseconds UTC."""
    limit = 1000 * deadline
    late = []
    for way in found:
        took = (way.received or now) - way.since
        if took > limit:
            late.append(Late(way, took - limit, not way.received))
    late.sort(key=lambda each: (not each.waiting, -each.by, each.way.seq))
    steps = {
        "event to recorded": spread(way.recorded - way.since for way in found if way.action == Action.NEW),
        "recorded to sent": spread(way.sent - way.recorded for way in found if way.sent),
        "sent to RECEIVED": spread(way.received - way.sent for way in found if way.received and way.sent),
        "in all, to RECEIVED": spread(way.received - way.since for way in found if way.received),
        "RECEIVED to LINKED": spread(way.linked - way.received for way in found if way.linked and way.received),
    }
    return Lateness(deadline, steps, late, sum(not way.received for way in found))


def spread(times: Iterable[int]) -> Spread | None:
    """By nearest rank; None of nothing."""
    ordered = sorted(times)
    if not ordered:
        return None
    count = len(ordered)
    return Spread(count, ordered[ceil(count * 0.5) - 1], ordered[ceil(count * 0.99) - 1], ordered[-1])
