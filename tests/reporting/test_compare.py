"""Comparing a store with the chain: identical, or exactly what is not. The guards are taken away to do the damage."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from stockade.errors import StockadeError
from stockade.reporter.cli import cli
from stockade.reporter.compare import compare
from stockade.store import open_store, tables
from stockade.store.types import Uint256
from tests.reporting.following import PARTY_KEY, Following, asking


def differences(following: Following) -> list[str]:
    return [str(each) for each in compare(following.store, asking(following), following.suite.deployment).differences]


@pytest.fixture
def following(node, followed, tmp_path):
    """The node as it was followed once, into a store of the test's own."""
    copy = tmp_path / "copy.db"
    shutil.copy(followed, copy)
    return Following(open_store(f"sqlite:///{copy}"), node.suite, f"http://127.0.0.1:{node.port}")


@pytest.fixture
def damaged(following):
    """Runs one statement on the followed store without its guards, and says what a comparison then finds."""

    def damage(statement: str, **values) -> list[str]:
        with following.store.write() as connection:
            for table in (*tables.FACTS, *tables.APPEND_ONLY):
                for act in ("update", "delete", "insert"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_{act}"))
            assert connection.execute(text(statement), values).rowcount == 1
        return differences(following)

    return damage


def test_compare__as_followed__identical(node, node_streams, store):
    following = Following(store, node.suite, f"http://127.0.0.1:{node.port}")
    following.run()

    found = compare(following.store, asking(following), following.suite.deployment)

    final = following.rows(tables.finality)[-1][0]
    reports = sum(entry.place.block <= final for stream in node_streams for entry in stream.entries)
    assert (found.final, found.reports, found.differences) == (final, reports, ())
    assert found.records == len(following.records())


def test_compare__nothing_is_final__one_sentence(node, tmp_path):
    following = Following(open_store(f"sqlite:///{tmp_path}/empty.db"), node.suite, f"http://127.0.0.1:{node.port}")
    with pytest.raises(StockadeError, match="Nothing in this store is final yet"):
        differences(following)


@pytest.mark.parametrize("column", ["data", "topics", "chain", "transaction", "operator"])
def test_compare__one_byte_of_a_report_is_changed__that_report_and_column(following, damaged, column):
    ledger = bytes.fromhex(following.suite.ledger.address[2:])
    of_it = "source = :ledger AND seq = 2"
    with following.store.read() as connection:
        value = connection.execute(text(f'SELECT "{column}" FROM report WHERE {of_it}'), {"ledger": ledger})  # noqa: S608
        changed = bytearray(value.scalar_one())
    changed[-1] ^= 1

    found = damaged(f'UPDATE report SET "{column}" = :value WHERE {of_it}', value=bytes(changed), ledger=ledger)  # noqa: S608

    assert found == [f"ledger 2: the store has another {column} than the chain"]


def test_compare__an_amount_is_changed_by_one__that_report(following, damaged, node):
    token = node.life.token.address
    seq, amount = next((row[1], row[10]) for row in following.rows(tables.report) if row[0] == token and row[5] == 2)
    value = Uint256().process_bind_param(amount + 1, following.store.engine.dialect)

    found = damaged(
        "UPDATE report SET amount = :value WHERE source = :token AND seq = :seq",
        value=value,
        token=bytes.fromhex(token[2:]),
        seq=seq,
    )

    assert found == [f"AAPLs {seq}: the store has another amount than the chain"]


def test_compare__a_report_is_dropped__that_report(following, damaged):
    ledger = bytes.fromhex(following.suite.ledger.address[2:])
    (block,) = [row[2] for row in following.rows(tables.report) if row[:2] == (following.suite.ledger.address, 3)]

    found = damaged("DELETE FROM report WHERE source = :ledger AND seq = 3", ledger=ledger)

    assert found == [f"ledger 3: the chain has it in block {block}, the store has not"]


def test_compare__a_block_is_changed__that_block(following, damaged):
    final = following.rows(tables.finality)[-1][0]

    assert damaged("UPDATE block SET timestamp = timestamp + 1 WHERE number = :final", final=final) == [
        f"block {final}: the store has another timestamp than the chain"
    ]


def test_compare__a_source_is_renamed__that_source(following, damaged):
    address = following.suite.market.address

    assert damaged("UPDATE source SET name = 'markt' WHERE name = 'market'") == [
        f"source market at {address}: the store has it otherwise than the chain"
    ]


def test_compare__a_record_is_dropped__missing_and_its_report_has_none(following, damaged):
    report = next(row for row in sorted(following.rows(tables.report), key=lambda row: row[2:4]))
    name = {row[0]: row[1] for row in following.rows(tables.source)}[report[0]]

    assert damaged("DELETE FROM record WHERE seq = 1") == [
        "record 1: missing",
        f"{name} {report[1]}: it is final and has no FINAL record",
    ]


@pytest.mark.parametrize(
    "change",
    ["body = replace(body, '\"NEW\"', '\"BEW\"')", "event_time = event_time + 1", "finality = 'REVERSED'"],
)
def test_compare__a_record_is_changed__that_record(following, damaged, change):
    found = damaged(f"UPDATE record SET {change} WHERE seq = 7")  # noqa: S608

    assert found[0] == "record 7: it is not what was recorded: its columns, its body and its id do not agree"


# ---------------------------------------------------------------- the commands


def test_report_follow_and_rebuild__on_apes_connection__identical(node, tmp_path, monkeypatch):
    monkeypatch.setenv("STOCKADE_PARTY_KEY", PARTY_KEY.hex())
    store = ["--store", f"sqlite:///{tmp_path}/ape.db"]

    assert "; final up to " in node.run("follow", "--once", *store)
    assert "Identical: " in node.run("rebuild", "--compare", *store)
    assert "Final facts are never written over" in node.run("rebuild", *store, status=2)


def test_stockade_report_rebuild__a_report_is_dropped__names_it_and_ends_1(node, following, damaged):
    damaged("DELETE FROM report WHERE seq = 3 AND source = :it", it=bytes.fromhex(node.suite.ledger.address[2:]))
    where = ["--rpc", following.url, "--deployment", str(node.deployment)]
    where += ["--store", following.store.engine.url.render_as_string()]

    found = CliRunner().invoke(cli, ["rebuild", "--compare", *where])

    assert found.exit_code == 1
    assert "ledger 3: the chain has it in block" in found.output
    assert "The store is not what the chain says" in found.output


@pytest.mark.parametrize("rpc", ["127.0.0.1:8545", "ws://127.0.0.1:8545", "file:///etc/passwd"])
def test_stockade_report_follow__no_address_of_a_node__ends_2(node, tmp_path, monkeypatch, rpc):
    monkeypatch.setenv("STOCKADE_PARTY_KEY", PARTY_KEY.hex())
    where = ["--deployment", str(node.deployment), "--store", f"sqlite:///{tmp_path}/a.db"]

    found = CliRunner().invoke(cli, ["follow", "--once", "--rpc", rpc, *where])

    assert (found.exit_code, found.output) == (
        2,
        "Error: --rpc is no address of a node: give http://... or https://...\n",
    )


def test_stockade_report_follow__no_party_key__ends_2(node, tmp_path, monkeypatch):
    monkeypatch.delenv("STOCKADE_PARTY_KEY", raising=False)
    where = ["--deployment", str(node.deployment), "--store", f"sqlite:///{tmp_path}/a.db"]

    found = CliRunner().invoke(cli, ["follow", "--once", "--rpc", f"http://127.0.0.1:{node.port}", *where])

    assert found.exit_code == 2
    assert "STOCKADE_PARTY_KEY is not set" in found.output
