"""A whole life, followed and delivered to a gateway that reads the chain itself."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from web3 import HTTPProvider, Web3

from stockade.errors import StockadeError
from stockade.gateway import tables
from stockade.gateway.chainside import ChainSide
from stockade.gateway.linking import Linker, Linking
from stockade.wire.canonical import record_id
from tests.reporting.examined import changed, link, moved, post_all, tamper
from tests.reporting.made import GATEWAY, Listening


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


def test_link__a_stored_record_of_no_entry_or_no_block__is_passed_by(full, told):
    stream = told.stream_of(told.records[0])
    row = {"reporter_id": "TEST", "root": 1, "record_id": "0x" + 64 * "e", "stream": stream, "finality": "FINAL"}
    with full.store.engine.begin() as connection:
        for number, place in ((900_001, {}), (900_002, {"stream_seq": 900_000, "record_id": "0x" + 64 * "d"})):
            more = {"id": number, "seq": number, "body": "{}", "received_at": 0}
            connection.execute(insert(tables.record).values(**{**row, **more, **place}))
    before = linked(full)

    link(full, told)

    assert linked(full) == before


def test_advance__entries_dropped_by_another_process_meanwhile__proves_nothing_and_reads_them_again(gateway, told):
    suite, dropped = told.node.suite, []
    post_all(gateway, told.records)

    def drop(block: int, last: int) -> None:
        if block == last and not dropped:
            with gateway.store.write() as connection:
                dropped.append(connection.execute(delete(tables.entry)).rowcount)

    chain = ChainSide(gateway.store, Web3(HTTPProvider(suite.w3.provider.endpoint_uri)), suite.deployment, drop)
    with pytest.raises(StockadeError, match="another process reads the chain into this database"):
        chain.advance()
    with gateway.store.read() as connection:
        assert connection.execute(select(tables.proof)).all() == []

    chain.advance()
    Linker(gateway.store, GATEWAY, "TEST-GATEWAY").link()

    assert dropped[0] > 0
    assert {ack[0] for ack in linked(gateway)} == {"LINKED"}


def test_linking__while_another_process_links__waits_and_goes_on_after_it(gateway, told):
    suite = told.node.suite
    chain = ChainSide(gateway.store, Web3(HTTPProvider(suite.w3.provider.endpoint_uri)), suite.deployment)
    linking = Linking(gateway.store, chain, Linker(gateway.store, GATEWAY, "TEST-GATEWAY"), 0.01)
    try:
        with gateway.store.alone("linking"):
            linking.start()
            while linking.standing() == (None, None):
                pass
            assert linking.standing() == (
                None,
                "Another process holds this store (linking): let it end first.",
            )
        while linking.standing()[0] is None:
            pass
    finally:
        linking.stop()
    assert linking.standing()[1] is None
    with gateway.store.alone("linking"):
        pass  # free again
