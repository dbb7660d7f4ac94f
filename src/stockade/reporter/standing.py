"""Where every stream stands: in the store, among the records, at a destination, and with the regulator."""

from __future__ import annotations

from typing import NamedTuple

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, func, select

from stockade.reporter.deliver import next_of
from stockade.reporter.lateness import first_times
from stockade.reporter.stored import entries
from stockade.reporting.entries import AuthorityKind
from stockade.reporting.replay.authority import replay_authority
from stockade.store.tables import ack, answer, record, report, source
from stockade.wire.envelope import Stage

STAGES = (Stage.RECEIVED, Stage.VALIDATED, Stage.LINKED)


class StreamStanding(NamedTuple):
    """A stream's last entry, the last that has a record, the highest with a record that the destination acknowledged
    (received, validated, linked), and the mark that the regulator set on chain; 0 for none. `agrees`: whether that
    mark's chain is the stored one's; None without a mark.
    """

    name: str
    reported: int
    recorded: int
    received: int
    validated: int
    linked: int
    marked: int
    agrees: bool | None


class DestinationStanding(NamedTuple):
    """`records`: how many there are; `following` is what the destination expects next; highest numbers acknowledged, 0
    for none; the HTTP status of the last answer and its time (milliseconds UTC), None before the first.
    """

    records: int
    following: int
    received: int
    validated: int
    linked: int
    status: int | None
    answered_at: int | None


def of_destination(connection: Connection, name: str) -> DestinationStanding:
    """Where a destination stands with the records."""
    last = select(answer.c.status, answer.c.received_at).where(answer.c.destination == name)
    latest = connection.execute(last.order_by(answer.c.id.desc()).limit(1)).one_or_none()
    highest = select(ack.c.stage, func.max(ack.c.last)).where(ack.c.destination == name).group_by(ack.c.stage)
    stages = {row[0]: int(row[1]) for row in connection.execute(highest)}
    count = connection.execute(select(func.max(record.c.seq))).scalar() or 0
    numbers = (stages.get(Stage.RECEIVED, 0), stages.get(Stage.VALIDATED, 0), stages.get(Stage.LINKED, 0))
    answered = (latest.status, latest.received_at) if latest else (None, None)
    return DestinationStanding(count, next_of(connection, name), *numbers, *answered)


def of_streams(connection: Connection, destination: str) -> list[StreamStanding]:
    """Every stream's, the suite's own contracts first, then tokens in the order in which they came."""
    sources = connection.execute(select(source).order_by(source.c.since, source.c.name)).all()
    reported = _highest(connection, select(report.c.source, func.max(report.c.seq)).group_by(report.c.source))
    recorded = _highest(connection, select(record.c.source, func.max(record.c.stream_seq)).group_by(record.c.source))
    acknowledged = _acknowledged(connection, destination)
    state, _ = replay_authority(entries(connection, "SuiteAuthority", [AuthorityKind.ACKNOWLEDGED]))
    found = []
    for row in sources:
        at = row.address
        received, validated, linked = (stage.get(at, 0) for stage in acknowledged)
        mark, agrees = state.marks.get(at), None
        if mark is not None:
            held = select(report.c.chain).where(report.c.source == at, report.c.seq == mark.sequence)
            agrees = connection.execute(held).scalar() == f"0x{mark.chain:040x}"
        numbers = (reported.get(at, 0), recorded.get(at, 0), received, validated, linked)
        found.append(StreamStanding(row.name, *numbers, mark.sequence if mark else 0, agrees))
    return found


def _highest(connection: Connection, asked: object) -> dict[ChecksumAddress, int]:
    return {row[0]: row[1] for row in connection.execute(asked)}  # type: ignore[call-overload]


def _acknowledged(connection: Connection, destination: str) -> list[dict[ChecksumAddress, int]]:
    """For each stage, the highest entry of each stream that has a record acknowledged so."""
    rows = connection.execute(select(record.c.seq, record.c.source, record.c.stream_seq)).all()
    found = []
    for stage in STAGES:
        ranges = select(ack.c.first, ack.c.last, ack.c.received_at)
        ranges = ranges.where(ack.c.destination == destination, ack.c.stage == stage)
        times = first_times(len(rows), [(row[0], row[1], row[2]) for row in connection.execute(ranges)])
        highest: dict[ChecksumAddress, int] = {}
        for seq, at, number in rows:
            if times[seq] and number > highest.get(at, 0):
                highest[at] = number
        found.append(highest)
    return found
