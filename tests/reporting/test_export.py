"""Records out of a store, and accounts behind their references."""

from __future__ import annotations

import csv
import json
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from eth_utils.address import to_checksum_address
from sqlalchemy import delete, insert, select

from stockade.errors import InputError
from stockade.reporter.export import COLUMNS, Wanted, export
from stockade.reporter.parties import KEY, Parties, party_key, resolve
from stockade.reporter.record_commands import export as export_command
from stockade.reporter.record_commands import resolve as resolve_command
from stockade.reporter.record_commands import schema as schema_command
from stockade.store import open_store, tables
from stockade.wire.canonical import canonical
from stockade.wire.schema import published
from tests.reporting.records import PARTY_KEY, records_in


def written(store: Any, path: Path, **wanted: Any) -> list[dict[str, Any]]:
    with store.read() as connection:
        count = export(connection, Wanted(**wanted), path)
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == count
    return [json.loads(line) for line in lines]


@pytest.fixture
def all_of_them(recorded) -> list[dict[str, Any]]:
    return records_in(recorded)


# ---------------------------------------------------------------- choosing


def test_export__everything__byte_for_byte_in_order(recorded, all_of_them, tmp_path):
    path = tmp_path / "all.jsonl"

    assert written(recorded, path) == all_of_them
    assert path.read_bytes() == "".join(canonical(each) + "\n" for each in all_of_them).encode()
    assert not list(tmp_path.glob(".*"))


def test_export__by_cusip__records_of_that_share_alone(recorded, all_of_them, tmp_path):
    found = written(recorded, tmp_path / "aapl.jsonl", cusip="037833100")

    assert found == [each for each in all_of_them if (each["instrument"] or {}).get("cusip") == "037833100"]
    assert {each["instrument"]["symbol"] for each in found} == {"AAPL"}


def test_export__by_party__records_that_name_it_anywhere(recorded, all_of_them, keys, life, tmp_path):
    party = Parties(PARTY_KEY, life.suite.deployment.chain_id).reference(keys.bob.address)
    found = written(recorded, tmp_path / "bob.jsonl", party=party)

    assert found == [each for each in all_of_them if party in canonical(each)]
    assert {"TRANSFER", "MINT", "FORCED_TRANSFER", "PARTICIPANT", "FREEZE"} <= {each["eventType"] for each in found}


def test_export__by_day__both_days_included(recorded, all_of_them, tmp_path):
    days = sorted({each["eventTime"][:10] for each in all_of_them})
    first, last = date.fromisoformat(days[1]), date.fromisoformat(days[-2])
    found = written(recorded, tmp_path / "days.jsonl", first=first, last=last)

    assert found == [each for each in all_of_them if days[1] <= each["eventTime"][:10] <= days[-2]]
    assert 0 < len(found) < len(all_of_them)


@pytest.mark.parametrize("by", ["name", "address"])
def test_export__by_stream__that_one_alone(recorded, all_of_them, life, tmp_path, by):
    stream = "ledger" if by == "name" else life.suite.ledger.address
    found = written(recorded, tmp_path / "ledger.jsonl", stream=stream)

    assert found == [each for each in all_of_them if each["stream"]["contract"] == "CustodyLedger"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"cusip": "037833101"}, "--cusip '037833101': The number's checksum or check digit is invalid. Look it up"),
        ({"first": date(2026, 2, 2), "last": date(2026, 2, 1)}, "--to 2026-02-01 is before --from 2026-02-02"),
        ({"stream": "custody"}, "--stream 'custody' is unknown: give one of "),
    ],
)
def test_export__wrong_choice__says_so_and_writes_nothing(recorded, tmp_path, wanted, says):
    with pytest.raises(InputError, match=says):
        written(recorded, tmp_path / "out.jsonl", **wanted)
    assert not list(tmp_path.iterdir())


def test_export__a_name_that_two_contracts_bear__asks_for_the_address(recorded, life, tmp_path):
    other = to_checksum_address("0x" + "77" * 20)
    with recorded.write() as connection:
        connection.execute(
            insert(tables.source).values(address=other, name="ledger", contract="ShareToken", since=10**9)
        )
    try:
        with pytest.raises(
            InputError, match="--stream 'ledger' is what 2 contracts are called: give the address of one"
        ):
            written(recorded, tmp_path / "out.jsonl", stream="ledger")
        assert written(recorded, tmp_path / "out.jsonl", stream=life.suite.ledger.address)
    finally:
        with recorded.write() as connection:
            connection.execute(delete(tables.source).where(tables.source.c.address == other))


def test_export__neither_form__is_refused(recorded, tmp_path):
    with pytest.raises(InputError, match=r"out.txt: the name says neither .csv nor .jsonl"):
        written(recorded, tmp_path / "out.txt")


def test_export__cannot_be_written__keeps_what_stood_there(recorded, tmp_path):
    (tmp_path / "file").write_text("old")

    with pytest.raises(InputError, match="cannot be written"):
        written(recorded, tmp_path / "file" / "out.csv")
    assert (tmp_path / "file").read_text() == "old"


# ---------------------------------------------------------------- CSV


def test_csv__every_record__exact_in_columns(recorded, all_of_them, tmp_path):
    with recorded.read() as connection:
        export(connection, Wanted(), tmp_path / "all.csv")
    content = (tmp_path / "all.csv").read_bytes()
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert content.count(b"\r\n") == content.count(b"\n") == len(all_of_them) + 1
    assert list(rows[0]) == list(COLUMNS)
    for row, record in zip(rows, all_of_them, strict=True):
        assert json.loads(row["body"]) == record["body"]
        assert (row["recordId"], row["seq"]) == (record["recordId"], str(record["seq"]))
        assert row["rawQty"] == record["body"].get("rawQty", "")
        assert row["cusip"] == (record["instrument"] or {}).get("cusip", "")


@pytest.mark.parametrize("symbol", ['=HYPERLINK("http://x")', "+1", "-1", "@x", "\tx", "\rx"])
def test_csv__what_looks_like_a_formula__is_text(all_of_them, tmp_path, symbol):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    last = next(each for each in reversed(all_of_them) if each["instrument"])
    record = last | {"instrument": last["instrument"] | {"symbol": symbol}, "seq": 1}
    keep(store, [record])
    with store.read() as connection:
        export(connection, Wanted(), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)

    assert row["symbol"] == "'" + symbol


def keep(store: Any, records: list[dict[str, Any]]) -> None:
    rows = [
        {
            "seq": record["seq"],
            "record_id": f"0x{record['seq']:064x}",
            "source": "0x" + "11" * 20,
            "stream_seq": record["seq"],
            "block": 1,
            "block_hash": "0x" + 64 * "1",
            "finality": "FINAL",
            "action": "NEW",
            "event_type": "LISTING",
            "event_time": 0,
            "recorded_at": 0,
            "body": canonical(record),
        }
        for record in records
    ]
    with store.write() as connection:
        connection.execute(insert(tables.record), rows)


def test_export__many_records__in_little_memory(all_of_them, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/many.db")
    keep(store, [all_of_them[-1] | {"seq": seq} for seq in range(1, 20_001)])
    tracemalloc.start()
    with store.read() as connection:
        count = export(connection, Wanted(), tmp_path / "many.jsonl")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 20_000
    assert (tmp_path / "many.jsonl").stat().st_size > 20_000_000
    assert peak < 8_000_000


# ---------------------------------------------------------------- resolving


def asked(store: Any) -> list[tuple[Any, ...]]:
    it = tables.resolution.c
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(select(it.party, it.who, it.reason, it.asked_at))]


def test_resolve__every_actor__found_and_written_down(recorded, life, keys):
    own = Parties(PARTY_KEY, life.suite.deployment.chain_id)
    before = len(asked(recorded))
    # A desk that only attests, the admin, and holders.
    for who in (keys.desk_b, keys.admin, keys.alice, keys.treasury, keys.outsider, keys.regulator):
        party = own.reference(who.address)
        assert resolve(recorded, PARTY_KEY, party, "J. Doe", "order 7", 1_234) == who.address
        assert asked(recorded)[-1] == (party, "J. Doe", "order 7", 1_234)
    assert len(asked(recorded)) == before + 6


def test_resolve__unknown_party__is_written_down_all_the_same(recorded):
    party = "p_" + 32 * "0"

    with pytest.raises(InputError, match=f"No account in this store has the reference {party}"):
        resolve(recorded, PARTY_KEY, party, "J. Doe", "order 7", 99)
    assert asked(recorded)[-1] == (party, "J. Doe", "order 7", 99)


def test_resolve__another_key__finds_nobody(recorded, life, keys):
    party = Parties(PARTY_KEY, life.suite.deployment.chain_id).reference(keys.alice.address)

    with pytest.raises(InputError, match="No account in this store"):
        resolve(recorded, b"x" * 32, party, "J. Doe", "order 7")


@pytest.mark.parametrize(
    ("party", "who", "reason", "says"),
    [
        ("0x" + 40 * "0", "me", "why", "The party is no reference"),
        ("p_" + 32 * "0", " ", "why", "without saying who asks"),
        ("p_" + 32 * "0", "me", "", "without saying why"),
    ],
)
def test_resolve__not_asked_properly__is_neither_answered_nor_written(recorded, party, who, reason, says):
    before = asked(recorded)

    with pytest.raises(InputError, match=says):
        resolve(recorded, PARTY_KEY, party, who, reason)
    assert asked(recorded) == before


def test_reference__other_chain_or_key__another_one(keys):
    alice = keys.alice.address
    references = {Parties(key, chain).reference(alice) for key in (b"a" * 32, b"b" * 32) for chain in (1, 2)}

    assert len(references) == 4
    assert PARTY_KEY.hex() not in repr(Parties(PARTY_KEY, 1))


@pytest.mark.parametrize("value", ["", "0x", "ab" * 31, "ab" * 32 + "c", "zz" * 32])
def test_party_key__missing_or_short__says_so_and_never_shows_it(monkeypatch, value):
    monkeypatch.setenv(KEY, value)

    with pytest.raises(InputError) as caught:
        party_key()
    assert str(caught.value).startswith(f"{KEY} ")
    assert len(value) < 4 or value not in str(caught.value)


def test_party_key__long_enough__is_taken(monkeypatch):
    monkeypatch.setenv(KEY, "0x" + "ab" * 32)

    assert party_key() == b"\xab" * 32


# ---------------------------------------------------------------- commands


@pytest.fixture
def run(recorded, life, tmp_path, monkeypatch):
    life.suite.deployment.save(tmp_path / "suite.json")
    monkeypatch.setenv("STOCKADE_STORE", str(recorded.engine.url))
    monkeypatch.setenv(KEY, PARTY_KEY.hex())

    def run_(command: Any, *words: str) -> Any:
        return CliRunner().invoke(command, [*words, "--deployment", str(tmp_path / "suite.json")])

    return run_


def test_export_command__by_wallet__says_how_many(run, recorded, life, keys, tmp_path):
    out = tmp_path / "alice.jsonl"
    done = run(export_command, "--out", str(out), "--wallet", keys.alice.address)
    party = Parties(PARTY_KEY, life.suite.deployment.chain_id).reference(keys.alice.address)

    assert done.exit_code == 0, done.output
    assert out.read_text().count("\n") == len(written(recorded, tmp_path / "other.jsonl", party=party)) > 10
    assert keys.alice.address[2:].lower() not in out.read_text().lower()


def test_export_command__contract__is_looked_up_in_clear(run, life, tmp_path):
    done = run(export_command, "--out", str(tmp_path / "ledger.jsonl"), "--wallet", life.suite.ledger.address)

    assert done.exit_code == 0, done.output
    assert '"token.ESCROW"' in (tmp_path / "ledger.jsonl").read_text()


def test_export_command__mistyped_wallet__ends_with_one_sentence(run, tmp_path):
    done = run(export_command, "--out", str(tmp_path / "x.csv"), "--wallet", "0x123")

    assert done.exit_code == 2
    assert done.output.startswith("Error: ")
    assert not (tmp_path / "x.csv").exists()


def test_resolve_command__with_reason__shows_the_account(run, life, keys):
    party = Parties(PARTY_KEY, life.suite.deployment.chain_id).reference(keys.carol.address)
    done = run(resolve_command, party, "--who", "J. Doe", "--reason", "order 9")

    assert done.exit_code == 0, done.output
    assert done.output.strip() == keys.carol.address


def test_schema_command__prints_what_is_published():
    done = CliRunner().invoke(schema_command, ["ack/1.0"])

    assert (done.exit_code, done.output) == (0, published("ack/1.0"))


def test_schema_command__unknown__names_those_there_are():
    done = CliRunner().invoke(schema_command, ["trade/1.0"])

    assert done.exit_code == 2
    assert "give record/1.0, submission/1.0, ack/1.0" in done.output
