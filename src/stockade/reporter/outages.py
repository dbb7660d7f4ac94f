"""When a token could not be used as intended, and when the reporter stood still: from, to, and why.

What a token does is in its settings, which every halt, suspension and pause is pushed into; why is in the report of the
listing registry that stands in the same transaction. A lapse needs no transaction: the settings say when it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, select

from stockade.records import Control, Pause, Phase
from stockade.reporter.as_of import Facts
from stockade.reporting.entries import Entry, ExemptionSet, SettingsChanged
from stockade.reporting.words import sentence, utc
from stockade.store import tables


@dataclass(frozen=True)
class Outage:
    """`kind`: HALT, SUSPENDED, LAPSED, PAUSE and what is paused, or INCIDENT of the reporter. `ended` is empty while it
    goes on; `seconds` are those within the time asked about. `cause`: the report that began it, in words.
    """

    kind: str
    subject: str
    began: str
    ended: str
    seconds: int
    cause: str


@dataclass(frozen=True)
class _Span:
    """Settings in force from one moment to the next (seconds UTC); `end` None for those in force now."""

    start: int
    end: int | None
    control: Control
    transaction: str


_KINDS: dict[str, Callable[[Control], bool]] = {
    "HALT": lambda control: control.halted,
    "SUSPENDED": lambda control: control.phase is Phase.SUSPENDED,
    **{f"PAUSE {flag.name}": lambda control, flag=flag: flag in control.pauses for flag in Pause},  # type: ignore[misc]
}


def outages(connection: Connection, facts: Facts, start: int, end: int) -> Iterator[Outage]:
    """Every outage that reaches into a time (seconds UTC), by token and then by kind; the reporter's own last."""
    causes = _causes(facts)
    for token in facts.tokens:
        spans = list(_spans(facts, token))
        for kind, applies in _KINDS.items():
            for on, group in groupby(spans, key=lambda span, applies=applies: applies(span.control)):  # type: ignore[misc]
                run = list(group)
                if on:
                    done = run[0].transaction
                    cause = causes.get((done, token)) or causes.get((done, None))
                    yield from _clipped(kind, facts.symbol(token), run[0].start, run[-1].end, (start, end), cause)
        for span in spans:
            if (lapse := _lapse(span)) is not None:
                yield from _clipped("LAPSED", facts.symbol(token), lapse, span.end, (start, end), None)
    yield from _incidents(connection, start, end)


def _causes(facts: Facts) -> dict[tuple[str, ChecksumAddress | None], Entry]:
    """The last report of the listing registry about each token in each transaction; about none, that of an exemption,
    which every token under it follows.
    """
    found: dict[tuple[str, ChecksumAddress | None], Entry] = {}
    for entry in facts.stream("ListingRegistry").entries:
        token = getattr(entry.content, "token", None)
        if token or isinstance(entry.content, ExemptionSet):
            found[entry.transaction, token] = entry
    return found


def _spans(facts: Facts, token: ChecksumAddress) -> Iterator[_Span]:
    told = [entry for entry in facts.tokens[token].entries if isinstance(entry.content, SettingsChanged)]
    for entry, after in pairwise([*told, None]):
        if entry and isinstance(entry.content, SettingsChanged):
            yield _Span(entry.timestamp, after.timestamp if after else None, entry.content.control, entry.transaction)


def _lapse(span: _Span) -> int | None:
    """When the token lapses under these settings, if it does before they change."""
    until = span.control.active_until
    if span.control.phase is not Phase.ACTIVE or not until or (span.end is not None and until >= span.end):
        return None
    return max(until, span.start)


def _clipped(
    kind: str, subject: str, began: int, ended: int | None, asked: tuple[int, int], cause: Entry | None
) -> Iterator[Outage]:
    start, end = asked
    last = end if ended is None else min(ended, end)
    if began < end and (ended is None or ended > start):
        seconds = last - max(began, start)
        over = utc(ended) if ended is not None else ""
        yield Outage(kind, subject, utc(began), over, seconds, sentence(cause) if cause else "")


def _incidents(connection: Connection, start: int, end: int) -> Iterator[Outage]:
    it, over = tables.incident.c, tables.incident_end.c
    asked = select(it.subject, it.problem, it.opened_at, over.ended_at).order_by(it.id)
    for row in connection.execute(asked.outerjoin(tables.incident_end, over.incident == it.id)):
        ended = None if row.ended_at is None else row.ended_at // 1000
        for outage in _clipped("INCIDENT", row.subject, row.opened_at // 1000, ended, (start, end), None):
            yield Outage(outage.kind, outage.subject, outage.began, outage.ended, outage.seconds, row.problem)
