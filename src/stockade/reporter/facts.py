"""What a step writes to the store and takes back from it. Every function works inside the caller's one transaction.

Rows are handed to the driver as tuples, past SQLAlchemy's types, which would take longer than the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, select

from stockade.errors import InputError
from stockade.reporter.node import Header
from stockade.reporter.tips import Fact, Tip, Tips, beginning
from stockade.reporting.streams import REPORTING, Head, Source
from stockade.store import tables
from stockade.suite import CONTRACTS, Deployment

REPORT_COLUMNS = tuple(tables.report.columns.keys())


@dataclass(frozen=True)
class Stored:
    """Where the store stands. `cursor`: the last block read; `final`: the highest final block, None before there is
    one; `unknown`: sources that are not yet in the store.
    """

    cursor: Header | None
    final: int | None
    tips: Tips
    unknown: tuple[Source, ...]


def load(connection: Connection, deployment: Deployment) -> Stored:
    """Where the store stands. Raises InputError when it is another suite's."""
    told = (deployment.chain_id, deployment.addresses["authority"].lower(), deployment.block)
    row = connection.execute(select(tables.suite)).one_or_none()
    if row and (row.chain_id, row.authority.lower(), row.first_block) != told:
        raise InputError(
            f"The store is of another suite (chain {row.chain_id}, authority {row.authority}): give each suite a store "
            "of its own."
        )
    known = {row.address: Source(row.name, row.contract, row.address) for row in connection.execute(sources())}
    own = [Source(name, CONTRACTS[name], deployment.addresses[name]) for name in REPORTING]  # type: ignore[arg-type]
    unknown = tuple(source for source in own if source.address not in known)
    every = [*known.values(), *unknown]
    last = {
        address: (head, supply)
        for address, head, supply in (_last(connection, source) for source in known.values())
        if head
    }
    tips: Tips = {}
    for source in every:
        tip = beginning(deployment.chain_id, source)
        head, supply = last.get(source.address, (Head(0, tip.chain), tip.supply))
        tips[source.address] = Tip(source, head.sequence, head.chain, supply)
    cursor = headers(connection, 1)
    final = connection.execute(select(func.max(tables.finality.c.block))).scalar()
    return Stored(cursor[0] if cursor else None, final, tips, unknown)


def sources() -> Any:
    """Every source, in the order in which they are followed."""
    return select(tables.source).order_by(tables.source.c.since, tables.source.c.address)


def _last(connection: Connection, source: Source) -> tuple[str, Head | None, int | None]:
    it = tables.report.c
    asked = select(it.seq, it.chain, it.supply).where(it.source == source.address).order_by(it.seq.desc()).limit(1)
    row = connection.execute(asked).one_or_none()
    return (source.address, Head(row.seq, int(row.chain, 16)), row.supply) if row else (source.address, None, None)


def headers(connection: Connection, most: int | None = None, since: int = 0) -> list[Header]:
    """The stored blocks from height `since` on, the highest first."""
    it = tables.block.c
    asked = select(it.number, it.hash, it.parent, it.timestamp).where(it.number >= since).order_by(it.number.desc())
    return [
        Header(row.number, bytes.fromhex(row.hash[2:]), bytes.fromhex(row.parent[2:]), row.timestamp)
        for row in connection.execute(asked.limit(most))
    ]


# ---------------------------------------------------------------- writing


def add(
    connection: Connection,
    deployment: Deployment,
    blocks: Iterable[Header],
    sources: Iterable[tuple[Source, int]],
    facts: Sequence[Fact],
) -> None:
    """New blocks, sources (with the block from which they are followed) and reports."""
    if connection.execute(select(tables.suite.c.id)).one_or_none() is None:
        authority = deployment.addresses["authority"]
        values = {"id": 1, "chain_id": deployment.chain_id, "authority": authority, "first_block": deployment.block}
        connection.execute(insert(tables.suite).values(values))
    insert_rows(connection, tables.block, [(it.number, it.hash, it.parent, it.timestamp) for it in blocks])
    known = [(address_bytes(it.address), it.name, it.contract, since) for it, since in sources]
    insert_rows(connection, tables.source, known)
    insert_rows(connection, tables.report, report_rows(facts, connection.dialect.name))


def report_rows(facts: Iterable[Fact], dialect: str) -> list[tuple[Any, ...]]:
    """Facts as the driver takes and gives them, in the order of `REPORT_COLUMNS`."""
    number = _uint256(dialect)
    found = []
    for source, entry, operator, timestamp, account, target, amount, supply, topics, data, chain in facts:
        found.append(
            (
                address_bytes(source.address),
                entry.seq,
                entry.place.block,
                entry.place.log,
                bytes.fromhex(entry.transaction[2:]),
                entry.kind,
                address_bytes(operator),
                timestamp,
                account and address_bytes(account),
                target and address_bytes(target),
                None if amount is None else number(amount),
                None if supply is None else number(supply),
                topics,
                data,
                chain.to_bytes(20, "big"),
            )
        )
    return found


def _uint256(dialect: str) -> Callable[[int], Any]:
    return Decimal if dialect == "postgresql" else lambda value: value.to_bytes(32, "big")


def address_bytes(address: str) -> bytes:
    """An address as it is stored."""
    return bytes.fromhex(address[2:])


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows in the order of the table's columns, as the driver takes them."""
    if not rows:
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(table.columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608


def take_back(connection: Connection, ancestor: int) -> int:
    """Everything above a block that the chain still has: how many reports went. What is final the database refuses to
    give.
    """
    reports = connection.execute(delete(tables.report).where(tables.report.c.block > ancestor)).rowcount
    connection.execute(delete(tables.source).where(tables.source.c.since > ancestor))
    connection.execute(delete(tables.block).where(tables.block.c.number > ancestor))
    return reports


def make_final(connection: Connection, before: int | None, block: int, at: int) -> None:
    """Everything up to a block is final from now on; final blocks without reports go, but for the last of them."""
    connection.execute(insert(tables.finality).values(block=block, at=at))
    it, stands = tables.block.c, exists().where(tables.report.c.block == tables.block.c.number)
    connection.execute(delete(tables.block).where(it.number >= (before or 0), it.number < block, ~stands))
