"""What the database itself holds and refuses, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update

from stockade.errors import InputError, StockadeError
from stockade.reporter.destinations import Destination, set_destination, turn_at
from stockade.store import StoreError, open_store, tables

EDGES = [0, 1, 2**63 - 1, 2**63, 2**64, 2**128, 2**255, 2**256 - 1]
ZERO_HASH = "0x" + 64 * "0"
ACCOUNT = "0x" + 39 * "0" + "1"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """Two blocks with a report each, the first of them final, and a row in every table of submissions.

    No test changes it for good.
    """
    folder, sqlite = tmp_path_factory.mktemp("filled"), request.param == "sqlite"
    store = open_store(f"sqlite:///{folder}/store.db" if sqlite else request.getfixturevalue("postgres").database())
    with store.write() as connection:
        for name, table in tables.metadata.tables.items():
            if table in tables.FACTS or name == "finality":
                continue
            connection.execute(insert(table).values(sample(table)))
        connection.execute(insert(tables.source).values(address=ACCOUNT, name="one", contract="ShareToken", since=1))
        for number in (1, 2):
            connection.execute(
                insert(tables.block).values(number=number, hash=ZERO_HASH, parent=ZERO_HASH, timestamp=number)
            )
            connection.execute(insert(tables.report).values(report(number)))
        connection.execute(insert(tables.finality).values(block=1, at=1))
    yield store
    store.engine.dispose()


def report(number: int, **changes):
    row = {
        "source": ACCOUNT,
        "seq": number,
        "block": number,
        "log": 0,
        "transaction": ZERO_HASH,
        "kind": 1,
        "operator": ACCOUNT,
        "timestamp": number,
        "topics": b"",
        "data": b"",
        "chain": "0x" + 40 * "0",
    }
    return row | changes


def sample(table):
    """Any row that a table takes."""
    values = {}
    for column in table.columns:
        if column.nullable or column.name in ("id",):
            continue
        kind = column.type.python_type if type(column.type).__module__.startswith("sqlalchemy") else None
        given = {"Address": ACCOUNT, "Hash": ZERO_HASH, "Uint256": 1}.get(type(column.type).__name__)
        values[column.name] = given or (1 if kind is int else "x")
    return values | ({"id": 1} if table in (tables.suite, tables.identity) else {})


def refused(store, statement, why: str) -> None:
    with pytest.raises(StoreError, match=why), store.write() as connection:
        connection.execute(statement)


@contextmanager
def undone(store) -> Iterator[Connection]:
    """A transaction that is not kept."""
    with suppress(_NotKept), store.write() as connection:
        yield connection
        raise _NotKept


class _NotKept(Exception):
    pass


# ---------------------------------------------------------------- exact numbers


def test_uint256__every_edge__comes_back_exactly_and_in_order(filled):
    it = tables.report.c
    with undone(filled) as connection:
        for place, amount in enumerate(EDGES):
            connection.execute(insert(tables.report).values(report(3 + place, block=2, log=1 + place, amount=amount)))
        ascending = (
            connection.execute(select(it.amount).where(it.amount.is_not(None)).order_by(it.amount)).scalars().all()
        )
        beyond = connection.execute(select(it.amount).where(it.amount >= 2**64).order_by(it.amount)).scalars().all()

    assert ascending == EDGES
    assert beyond == EDGES[4:]


@pytest.mark.parametrize("wrong", [-1, 2**256])
def test_uint256__beyond_its_range__is_refused(filled, wrong):
    refused(filled, insert(tables.report).values(report(3, block=2, log=1, amount=wrong)), f"{wrong} is no uint256")


# ---------------------------------------------------------------- guards


@pytest.mark.parametrize("table", list(tables.APPEND_ONLY), ids=lambda table: table.name)
def test_guards__a_submission__neither_changed_nor_deleted(filled, table):
    column = list(table.columns)[-1]
    with filled.read() as connection:
        before = connection.execute(select(func.count()).select_from(table)).scalar()
        value = connection.execute(select(column)).scalars().first()

    refused(filled, update(table).values({column.name: value}), f"{table.name} only grows")
    refused(filled, delete(table), f"{table.name} only grows")

    with filled.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar() == before > 0


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (delete(tables.report).where(tables.report.c.block == 1), "this report is final"),
        (delete(tables.source), "this source is final"),
        (delete(tables.block).where(tables.block.c.number == 1), "this block is final"),
        (update(tables.report).values(kind=2), "a report never changes"),
        (update(tables.report).where(tables.report.c.block == 2).values(kind=2), "a report never changes"),
        (update(tables.source).values(name="two"), "a source never changes"),
        (update(tables.block).values(timestamp=7), "a block never changes"),
        (insert(tables.report).values(report(3, block=1, log=7)), "no report comes after its end"),
        (
            insert(tables.source).values(address=ZERO_HASH[:42], name="x", contract="x", since=1),
            "no source comes after its end",
        ),
    ],
)
def test_guards__a_final_fact__refused(filled, statement, why):
    refused(filled, statement, why)


def test_guards__a_provisional_fact__may_go_and_come_again(filled):
    with undone(filled) as connection:
        connection.execute(delete(tables.report).where(tables.report.c.block == 2))
        connection.execute(delete(tables.block).where(tables.block.c.number == 2))
        connection.execute(insert(tables.block).values(number=2, hash=ZERO_HASH, parent=ZERO_HASH, timestamp=2))
        connection.execute(insert(tables.report).values(report(2)))


# SQLite has no TRUNCATE.
@pytest.mark.parametrize("filled", ["postgresql"], indirect=True)
def test_guards__postgresql__no_table_is_emptied(filled):
    for table in (*tables.APPEND_ONLY, *tables.FACTS):
        refused(filled, text(f"TRUNCATE {table.name} CASCADE"), "is never emptied")


# ---------------------------------------------------------------- one moment


def test_read__a_row_is_committed_between_two_questions__is_not_seen(store):
    asked = select(func.count()).select_from(tables.destination)
    with store.read() as connection:
        assert connection.execute(asked).scalar() == 0
        with store.write() as other:
            other.execute(insert(tables.destination).values(sample(tables.destination)))
        assert connection.execute(asked).scalar() == 0
    with store.read() as connection:
        assert connection.execute(asked).scalar() == 1


# SQLite has no such transactions.
@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_read__something_writes__refused_and_the_next_may_write(store):
    row = insert(tables.destination).values(sample(tables.destination))
    with pytest.raises(StoreError, match="read-only transaction"), store.read() as connection:
        connection.execute(row)
    with store.write() as connection:
        connection.execute(row)


# ---------------------------------------------------------------- opening


def test_open_store__again__migrated_once_and_the_same(filled):
    again = open_store(filled.engine.url.render_as_string(hide_password=False))

    with again.read() as connection:
        assert connection.execute(select(tables.report.c.seq).order_by(tables.report.c.seq)).scalars().all() == [1, 2]
    again.engine.dispose()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:", ""])
def test_open_store__no_store__one_sentence(url):
    with pytest.raises(InputError, match="store"):
        open_store(url)


def test_open_store__a_database_that_is_away__one_sentence_without_the_password():
    with pytest.raises(StoreError, match="The database says: ") as found:
        open_store("postgresql://me:hunter2@127.0.0.1:9/x")

    assert "hunter2" not in str(found.value)


def test_open_store__its_folder_cannot_be_made__one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as refused:
        open_store(f"sqlite:///{tmp_path}/file/below/store.db")
    assert str(refused.value) == (
        f"The store's folder {tmp_path}/file/below cannot be made (Not a directory): give sqlite:///FILE in a folder "
        "that may be written."
    )


def test_open_store__of_a_newer_version__one_sentence(store):
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError) as refused:
        open_store(store.engine.url.render_as_string(hide_password=False))
    assert str(refused.value) == (
        "The store is of a newer version of Stockade than this one: take that version, or another store."
    )


# On PostgreSQL no file is locked.
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_lock__its_file_cannot_be_written__one_sentence(store):
    set_destination(store, Destination.given("sec", "https://a.example", ACCOUNT))
    for name, hold in (("x", lambda: store.alone("x")), ("to-sec", lambda: turn_at(store, "sec"))):
        file = store.file.with_name(f"store.db.{name}.lock")
        file.mkdir()
        with pytest.raises(StoreError) as refused, hold():
            pass
        assert str(refused.value) == (
            f"The file {file} cannot be locked (Is a directory): see that the store's folder may be written and "
            "has room."
        )


def test_alone__held_already__one_sentence_and_free_afterwards(store):
    with (
        store.alone("x"),
        pytest.raises(StockadeError, match=r"Another process holds this store \(x\)"),
        store.alone("x"),
    ):
        pass
    with store.alone("x"):
        pass
