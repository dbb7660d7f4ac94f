"""A whole life, followed and delivered to a gateway that reads the chain itself; and what `stockade verify` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from web3 import HTTPProvider, Web3

from stockade.cli import main
from stockade.gateway.chainside import ChainSide
from stockade.gateway.linking import Linker
from stockade.wire.canonical import canonical, record_id
from tests.reporting.made import GATEWAY, REPORTER, Listening, listening, submission
from tests.reporting.told import Told


def post_all(gateway: Listening, records: list[dict[str, Any]]) -> None:
    for start in range(0, len(records), 200):
        assert gateway.post(submission(records[start : start + 200])).status_code == 200


def link(gateway: Listening, told: Told) -> None:
    suite = told.node.suite
    ChainSide(gateway.store, Web3(HTTPProvider(suite.w3.provider.endpoint_uri)), suite.deployment).advance()
    Linker(gateway.store, GATEWAY, "TEST-GATEWAY").link()


def changed(records: list[dict[str, Any]], place: int, change: dict[str, Any]) -> list[dict[str, Any]]:
    """The records as a reporter would have made them that says something else in one of them."""
    found: list[dict[str, Any]] = []
    ids = {record["recordId"]: record["seq"] - 1 for record in records}
    for number, record in enumerate(records):
        made = {**record, **(change if number == place else {})}
        made["prevHash"] = found[-1]["recordId"] if found else made["prevHash"]
        if made["refRecordId"] in ids:
            made["refRecordId"] = found[ids[made["refRecordId"]]]["recordId"]
        found.append(made | {"recordId": record_id(made)})
    return found


def verify(gateway: Listening, told: Told, *more: str) -> tuple[int, str]:
    url = told.node.suite.w3.provider.endpoint_uri
    arguments = ["verify", "--gateway", gateway.url, "--rpc", url, "--deployment", str(told.node.deployment), *more]
    done = CliRunner().invoke(main, arguments, env={"COLUMNS": "250"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def findings(gateway: Listening, told: Told) -> list[tuple[Any, ...]]:
    """(record, stream, sequence, field, problem) of everything that `stockade verify` finds."""
    status, said = verify(gateway, told, "--json")
    result = json.loads(said[said.index("{") :])
    assert (status == 0) == result["complete"] == (not result["findings"])
    names = ("record", "stream", "sequence", "field", "problem")
    return [tuple(each[name] for name in names) for each in result["findings"]]


def tamper(gateway: Listening, statement: str, **values: Any) -> None:
    """As somebody does who holds the database: the guards go first."""
    with gateway.store.engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(text(statement), values)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Listening]:
    with listening(f"sqlite:///{tmp_path / 'gateway.db'}") as found:
        yield found


@pytest.fixture
def full(gateway: Listening, told: Told) -> Listening:
    """A gateway that holds everything, linked."""
    post_all(gateway, told.records)
    link(gateway, told)
    return gateway


def linked(gateway: Listening) -> list[tuple[Any, ...]]:
    acks = gateway.get("acks", reporter="TEST")["acks"]
    said = [ack for ack in acks if ack["stage"] == "LINKED" or ack["code"] == "UNLINKED"]
    return [(ack["stage"], ack["first"], ack["last"], ack["recordId"], ack["field"]) for ack in said]


# ---------------------------------------------------------------- linking


def test_link__a_whole_life__every_final_record_is_linked_once(full, told):
    finals = [record["seq"] for record in told.records if record["finality"] == "FINAL"]
    ids = {record["seq"]: record["recordId"] for record in told.records}

    acks = linked(full)
    link(full, told)  # as after a restart

    assert {ack[0] for ack in acks} == {"LINKED"}
    assert [seq for _, first, last, _, _ in acks for seq in range(first, last + 1)] == finals
    assert [ack[3] for ack in acks] == [ids[ack[2]] for ack in acks]
    assert linked(full) == acks
    assert len(finals) < len(told.records)  # some were PROVISIONAL first


def test_completeness__a_whole_life__every_stream_is_complete_and_proven(full, told):
    streams = {told.stream_of(record) for record in told.records}
    assert len(streams) >= 9

    for stream in streams:
        (result,) = full.get("completeness", stream=stream)["results"]
        last = max(record["stream"]["sequence"] for record in told.records if told.stream_of(record) == stream)
        assert (result["complete"], result["records"], result["missing"], result["altered"]) == (True, last, 0, 0)
        assert (result["proven"]["sequence"], result["findings"]) == (last, [])


def test_completeness__a_column_changed_beside_the_record__is_altered(full, told):
    place = moved(told.records)
    tamper(full, "UPDATE record SET finality = 'PROVISIONAL' WHERE seq = :seq", seq=place + 1)

    (result,) = full.get("completeness", stream=told.stream_of(told.records[place]))["results"]

    assert (result["complete"], result["missing"], result["altered"]) == (False, 1, 1)
    assert [(each["seq"], each["problem"]) for each in result["findings"]] == [
        (place + 1, "the record is not what its id is of"),
        (place + 1, "no valid FINAL record of this entry is held"),
    ]


def test_completeness__without_a_chain__proves_nothing(gateway, told):
    post_all(gateway, told.records)

    (result,) = gateway.get("completeness", stream=told.stream_of(told.records[0]))["results"]

    assert (result["complete"], result["proven"], result["findings"]) == (False, None, [])


def moved(records: list[dict[str, Any]]) -> int:
    """Where the first transfer is among the records."""
    return next(place for place, record in enumerate(records) if record["body"]["kind"] == "token.TRANSFER")


def test_link__a_record_that_says_another_amount__is_rejected_with_its_field(gateway, told):
    place = moved(told.records)
    body = told.records[place]["body"] | {"rawQty": "7"}
    lies = changed(told.records, place, {"body": body})
    post_all(gateway, lies)

    link(gateway, told)

    wrong = [ack for ack in linked(gateway) if ack[0] == "REJECTED"]
    assert wrong == [("REJECTED", place + 1, place + 1, lies[place]["recordId"], "/body/rawQty")]
    record = lies[place]
    (result,) = gateway.get("completeness", stream=told.stream_of(record))["results"]
    assert (result["complete"], result["altered"], result["missing"]) == (False, 1, 0)
    assert result["findings"] == [
        {
            "seq": place + 1,
            "sequence": record["stream"]["sequence"],
            "last": None,
            "field": "/body/rawQty",
            "problem": "the record is not what the chain says",
        }
    ]


def test_link__another_party_than_the_chains__is_rejected_with_its_field(gateway, told):
    place = [at for at, record in enumerate(told.records) if record["body"]["kind"] == "token.TRANSFER"][-1]
    body = told.records[place]["body"]
    lies = changed(told.records, place, {"body": body | {"to": body["from"], "from": body["to"]}})
    post_all(gateway, lies)

    link(gateway, told)

    assert [ack[1:] for ack in linked(gateway) if ack[0] == "REJECTED"] == [
        (place + 1, place + 1, lies[place]["recordId"], "/body/from")
    ]


def test_link__a_correction_of_what_the_chain_contradicts__is_linked(gateway, told):
    place = moved(told.records)
    right = told.records[place]
    lies = changed(told.records, place, {"body": right["body"] | {"rawQty": "7"}})
    repair = lies[place] | {"seq": len(lies) + 1, "prevHash": lies[-1]["recordId"], "body": right["body"]}
    repair |= {"action": "CORRECT", "refRecordId": lies[place]["recordId"], "reasonCode": "UNLINKED"}
    repair |= {"recordId": record_id(repair)}
    post_all(gateway, lies)
    link(gateway, told)
    post_all(gateway, [repair])

    link(gateway, told)

    assert linked(gateway)[-1] == ("LINKED", len(lies) + 1, len(lies) + 1, repair["recordId"], None)
    assert gateway.get("completeness", stream=told.stream_of(right))["results"][0]["complete"]


# ---------------------------------------------------------------- from outside


def test_verify__a_whole_life__says_complete_and_ends_0(full, told):
    status, said = verify(full, told)

    assert status == 0, said
    assert f"Complete: {len(told.records)} records" in said
    assert "incomplete" not in said
    for name in (
        "SuiteAuthority",
        "InvestorRegistry",
        "CustodyLedger",
        "ListingRegistry",
        "MarketStatus",
        "ShareToken",
    ):
        assert name in said


def test_verify__one_byte_of_the_database_changed__names_the_record_and_its_field(full, told):
    place = moved(told.records)
    record = told.records[place]
    body = canonical(record)
    at = body.index('"rawQty":"') + len('"rawQty":"')
    other = body[:at] + ("1" if body[at] != "1" else "2") + body[at + 1 :]
    tamper(full, "UPDATE record SET body = :body WHERE seq = :seq", body=other, seq=place + 1)

    found = findings(full, told)

    sequence = record["stream"]["sequence"]
    assert found == [
        (place + 1, told.stream_of(record), sequence, "/body/rawQty", "the record is not what its id is of")
    ]
    status, said = verify(full, told)
    assert status == 1
    assert f"TEST, record {place + 1}, stream {told.stream_of(record)} {sequence}, field /body/rawQty: " in said


def test_verify__a_byte_that_makes_it_no_json__names_the_record(full, told):
    tamper(full, "UPDATE record SET body = '?' || substr(body, 2) WHERE seq = 3")

    found = findings(full, told)

    record = told.records[2]
    assert found == [
        (3, None, None, None, "the record cannot be read"),
        (None, told.stream_of(record), record["stream"]["sequence"], None, "no record of this entry is held"),
    ]


def test_verify__one_record_dropped__names_it_and_its_place(full, told):
    place = moved(told.records)
    tamper(full, "DELETE FROM record WHERE seq = :seq", seq=place + 1)

    found = findings(full, told)

    record = told.records[place]
    assert (place + 1, None, None, None, "the record is not held") in found
    where = (told.stream_of(record), record["stream"]["sequence"])
    assert (None, *where, None, "no record of this entry is held") in found
    assert len(found) == 2 or found


def test_verify__the_last_records_dropped__names_the_entries(full, told):
    last = told.records[-1]
    tamper(full, "DELETE FROM record WHERE seq = :seq", seq=last["seq"])

    found = findings(full, told)

    place = (told.stream_of(last), last["stream"]["sequence"])
    before = next(record["seq"] for record in told.records if record["recordId"] == last["refRecordId"])
    assert (before, *place, None, "no valid FINAL record of this entry is held") in found


def test_verify__a_record_and_its_id_changed__is_found_by_the_chain_and_the_next_record(full, told):
    place = moved(told.records)
    other = told.records[place] | {"body": told.records[place]["body"] | {"rawQty": "7"}}
    other |= {"recordId": record_id(other)}
    values = {"body": canonical(other), "id": bytes.fromhex(other["recordId"][2:]), "seq": place + 1}
    tamper(full, "UPDATE record SET body = :body, record_id = :id WHERE seq = :seq", **values)

    found = findings(full, told)

    record = told.records[place]
    where = (told.stream_of(record), record["stream"]["sequence"])
    assert (place + 2, None, None, "/prevHash", "the record does not name the one before") in found
    assert (place + 1, *where, "/body/rawQty", "the record is not what the chain says") in found


def test_verify__an_acknowledgement_of_another_key__is_found(full, told):
    status, said = verify(full, told, "--signer", REPORTER.address)

    assert status == 1
    assert "acknowledgement 1 is not signed by the gateway" in said


def test_verify__no_gateway_there__one_sentence(told, full):
    gone = Listening(full.store, "http://127.0.0.1:9", full.client)

    status, said = verify(gone, told)

    assert (status, said.strip()) == (1, "Error: No gateway answers at the given address (ConnectError).")
