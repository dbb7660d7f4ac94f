"""The stored facts against the chain, read anew from the suite's first block: every final row, byte for byte.

The chain is read as following reads it, and nothing of the store is believed. Records are never rebuilt, for they were
sent; whether they still are what was recorded, and whether each final report has its FINAL record, is looked at beside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, Table, text

from stockade.errors import NetworkError, StockadeError
from stockade.reporter.facts import REPORT_COLUMNS, address_bytes, load, report_rows
from stockade.reporter.node import Header, Node
from stockade.reporter.reading import Contradiction, Reader, Reading
from stockade.reporter.recorder import record_row
from stockade.reporter.tips import Fact, Tips, beginning, go_on
from stockade.reporting.reading import Progress, no_progress
from stockade.reporting.streams import REPORTING, Source
from stockade.store import Store, tables
from stockade.suite import CONTRACTS, Deployment
from stockade.wire.canonical import canonical, record_id
from stockade.wire.envelope import NO_RECORD
from stockade.wire.fields import milliseconds

_BODY, _REFERS_TO, _RECORDED_AT = (
    list(tables.record.columns.keys()).index(name) for name in ("body", "refers_to", "recorded_at")
)


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be: `what` it is, and what is wrong with it."""

    what: str
    problem: str

    def __str__(self) -> str:
        return f"{self.what}: {self.problem}"


@dataclass(frozen=True)
class Comparison:
    """Facts up to block `final`; `reports` and `records` looked at."""

    final: int
    reports: int
    records: int
    differences: tuple[Difference, ...]


def compare(store: Store, node: Node, deployment: Deployment, progress: Progress = no_progress) -> Comparison:
    """Compares everything final. Raises StockadeError when nothing is final yet, NetworkError when the node does not
    agree with itself.
    """
    with store.read() as connection:
        final = load(connection, deployment).final
    if final is None:
        raise StockadeError("Nothing in this store is final yet: let `stockade-report follow` go on first.")
    differences: list[Difference] = []
    sources: dict[ChecksumAddress, Source] = {}
    since: dict[ChecksumAddress, int] = {}
    reports = 0
    with store.read() as connection:  # one moment, whatever is followed meanwhile
        for reading, facts, tips in _chain(node, deployment, final):
            sources |= {address: tip.source for address, tip in tips.items()}
            since |= reading.since
            reports += len(facts)
            differences += _reports(connection, reading, facts, sources)
            differences += _blocks(connection, node, reading, facts)
            first = deployment.block
            progress("comparing blocks", reading.last.number - first + 1, final - first + 1)
        differences += _sources(connection, deployment, sources, since, final)
        records, wrong = _records(connection, final, sources)
    return Comparison(final, reports, records, (*differences, *wrong))


def _chain(node: Node, deployment: Deployment, final: int) -> Iterator[tuple[Reading, list[Fact], Tips]]:
    """The suite's whole stream up to a block, step by step."""
    own = [Source(name, CONTRACTS[name], deployment.addresses[name]) for name in REPORTING]  # type: ignore[arg-type]
    tips: Tips = {source.address: beginning(deployment.chain_id, source) for source in own}
    reader = Reader(node, deployment.addresses["listings"])  # type: ignore[arg-type]
    parent: Header | None = None
    first = deployment.block
    while first <= final:
        known = {address: tip.sequence for address, tip in tips.items()}
        for by_hash in (False, True):
            try:
                reading = reader.read(parent, first, final, known, by_hash)
                facts, after = go_on(tips, reading, deployment.chain_id)
                break
            except Contradiction as found:
                if by_hash:
                    raise NetworkError(f"The node contradicts itself ({found}): ask another node.") from None
        tips, parent, first = after, reading.last, reading.last.number + 1
        yield reading, facts, tips


# ---------------------------------------------------------------- facts


def _raw(connection: Connection, table: Table, where: str) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them, in the order of the table's columns."""
    found = connection.exec_driver_sql(f'SELECT {_names(table)} FROM "{table.name}" WHERE {where}')  # noqa: S608 (numbers only)
    return [tuple(row) for row in found]


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _between(column: str, reading: Reading) -> str:
    return f"{column} BETWEEN {reading.first} AND {reading.last.number}"


def _reports(
    connection: Connection, reading: Reading, facts: Sequence[Fact], sources: dict[ChecksumAddress, Source]
) -> Iterator[Difference]:
    dialect = connection.dialect.name
    stored = {row[:2]: row for row in _raw(connection, tables.report, _between("block", reading))}
    for row in report_rows(facts, dialect):
        name = f"{_name(row[0], sources)} {row[1]}"
        if (found := stored.pop(row[:2], None)) is None:
            yield Difference(name, f"the chain has it in block {row[2]}, the store has not")
        elif found != row:
            wrong = [column for column, mine, theirs in zip(REPORT_COLUMNS, found, row, strict=True) if mine != theirs]
            yield Difference(name, f"the store has another {', '.join(wrong)} than the chain")
    for row in stored.values():
        yield Difference(f"{_name(row[0], sources)} {row[1]}", f"the store has it in block {row[2]}, the chain has not")


def _blocks(connection: Connection, node: Node, reading: Reading, facts: Sequence[Fact]) -> Iterator[Difference]:
    stored = {row[0]: row for row in _raw(connection, tables.block, _between("number", reading))}
    headers = dict(reading.headers)
    if strangers := sorted(stored.keys() - headers.keys()):
        headers |= zip(strangers, node.headers(strangers), strict=True)
    for number in sorted({fact.entry.place.block for fact in facts} | stored.keys()):
        theirs = tuple(headers[number])[: len(tables.block.columns)]
        if (mine := stored.get(number)) is None:
            yield Difference(f"block {number}", "reports stand in it, and the store has not got it")
        elif mine != theirs:
            names = [it.name for it, a, b in zip(tables.block.columns, mine, theirs, strict=True) if a != b]
            yield Difference(f"block {number}", f"the store has another {', '.join(names)} than the chain")


def _sources(
    connection: Connection,
    deployment: Deployment,
    sources: dict[ChecksumAddress, Source],
    since: dict[ChecksumAddress, int],
    final: int,
) -> Iterator[Difference]:
    stored = {row[0]: row for row in _raw(connection, tables.source, f"since <= {final}")}
    for address, source in sources.items():
        row = (address_bytes(address), source.name, source.contract, since.get(address, deployment.block))
        if (found := stored.pop(row[0], None)) != row:
            fault = "the store has not got it" if found is None else "the store has it otherwise than the chain"
            yield Difference(f"source {source.name} at {address}", fault)
    for row in stored.values():
        yield Difference(f"source {row[1]} at 0x{row[0].hex()}", "the chain has no such source")


def _name(address: bytes, sources: dict[ChecksumAddress, Source]) -> str:
    names = {address_bytes(source.address): source.name for source in sources.values()}
    return names.get(address, f"0x{address.hex()}")


# ---------------------------------------------------------------- records


def _records(
    connection: Connection, final: int, sources: dict[ChecksumAddress, Source]
) -> tuple[int, list[Difference]]:
    """Whether records are numbered without a gap, chained and as they were made; and every final report has its own."""
    wrong: list[Difference] = []
    expected, before = 1, bytes.fromhex(NO_RECORD[2:])
    asked = text(f'SELECT {_names(tables.record)} FROM "record" ORDER BY seq')  # noqa: S608
    for row in connection.execute(asked, execution_options={"yield_per": 1_000}):
        if (seq := row[0]) != expected:
            missing = str(expected) if seq == expected + 1 else f"{expected}-{seq - 1}"
            wrong.append(Difference(f"record {missing}", "missing"))
        if problem := _of_record(tuple(row), before if seq == expected else None):
            wrong.append(Difference(f"record {seq}", problem))
        expected, before = seq + 1, bytes(row[1])
    lonely = (
        "SELECT p.source, p.seq FROM report AS p WHERE p.block <= :final AND NOT EXISTS (SELECT 1 FROM record AS r "
        "WHERE r.source = p.source AND r.stream_seq = p.seq AND r.finality = 'FINAL') ORDER BY p.block, p.log"
    )
    for address, seq in connection.execute(text(lonely), {"final": final}):
        wrong.append(Difference(f"{_name(bytes(address), sources)} {seq}", "it is final and has no FINAL record"))
    return expected - 1, wrong


def _of_record(row: tuple[Any, ...], before: bytes | None) -> str | None:
    """What is wrong with a record; `before` is the id of the one before, None where that is not known."""
    try:
        said = json.loads(row[_BODY])
        own_id = bytes.fromhex(record_id(said)[2:])
        same = record_row(said, canonical(said), own_id, row[_REFERS_TO], row[_RECORDED_AT])
        if (
            own_id.hex() != said["recordId"][2:]
            or same != row
            or said["recordedTime"] != milliseconds(row[_RECORDED_AT])
        ):
            return "it is not what was recorded: its columns, its body and its id do not agree"
        if before is not None and said["prevHash"] != f"0x{before.hex()}":
            return "it does not name the record before it"
    except (ValueError, KeyError, TypeError, IndexError):
        return "it cannot be read"
    return None
