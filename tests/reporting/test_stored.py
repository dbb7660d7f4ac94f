"""Entries read back from a store: in the order of the chain, and without reading every report there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from stockade.records import Kind
from stockade.reporter import context
from stockade.reporter.stored import entries, entries_in
from stockade.reporting.entries import Place, RegistryKind
from stockade.store import Store
from tests.reporting.records import parties_of

# The primary key (source, seq), and the other key (block, log).
BY_STREAM = "SEARCH report USING INDEX sqlite_autoindex_report_1 (source=?)"
BY_BLOCK = "SEARCH report USING INDEX sqlite_autoindex_report_2 (block=?)"


@contextmanager
def plans_of(store: Store) -> Iterator[set[str]]:
    """How SQLite goes through `report` in what is asked meanwhile, and what it sorts by itself."""
    asked, found = [], set()

    def keep(connection, cursor, statement, parameters, context, many):
        asked.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", keep)
    yield found
    event.remove(store.engine, "before_cursor_execute", keep)
    with store.read() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.update(row[3] for row in plan if "report" in row[3] or "B-TREE" in row[3])


@pytest.mark.parametrize("block", [None, 40])
def test_load__a_store_with_rows__goes_through_the_streams_it_needs_and_no_other(kept, block):
    before = None if block is None else Place(block, 0)
    with plans_of(kept.store) as plans, kept.store.read() as connection:
        context.load(connection, parties_of(kept.node.suite.deployment), before)

    assert plans == ({BY_STREAM} if block is None else {BY_STREAM, BY_BLOCK})


def test_entries__of_every_token__stand_in_the_order_of_the_chain(kept, node_streams):
    with kept.store.read() as connection:
        found = list(entries(connection, "ShareToken", Kind))
        half = found[len(found) // 2].place.block
        begun = list(entries(connection, "ShareToken", Kind, up_to=half))

    every = (entry for stream in node_streams if stream.source.contract == "ShareToken" for entry in stream.entries)
    assert [(entry.place, entry.seq) for entry in found] == sorted(
        (entry.place, entry.seq) for entry in every if entry.place.block <= kept.cursor
    )
    assert [entry.seq for entry in found].count(1) > 1  # of more than one token
    assert begun == [entry for entry in found if entry.place.block <= half]


def test_entries_in__a_block__are_those_of_it_alone(kept):
    with kept.store.read() as connection:
        every = list(entries(connection, "InvestorRegistry", [RegistryKind.RECORD]))
        block = every[len(every) // 2].place.block
        found = list(entries_in(connection, "InvestorRegistry", [RegistryKind.RECORD], block))

    assert found == [entry for entry in every if entry.place.block == block] != []
