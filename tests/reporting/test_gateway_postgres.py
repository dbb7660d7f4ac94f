"""The gateway over PostgreSQL: what depends on the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, insert, update
from web3 import HTTPProvider, Web3

from stockade.errors import StockadeError
from stockade.gateway import tables
from stockade.gateway.chainside import ChainSide
from stockade.gateway.intake import open_gateway
from stockade.gateway.linking import Linker
from tests.reporting.made import GATEWAY, Maker, listening, submission


@pytest.fixture
def gateway(request):
    with listening(request.getfixturevalue("postgres").database()) as found:
        yield found


def test_submit__by_many_at_once__each_record_is_stored_once(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    for sequence in range(1, 60):
        made.transfer(sequence)

    with ThreadPoolExecutor(4) as posters:
        answers = list(posters.map(lambda _: gateway.post(made.submission()), range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert [record["record"] for record in gateway.get("records", limit=100)["records"]] == made.made
    assert [ack["ackId"] for ack in gateway.get("acks", reporter="TEST")["acks"]] == [1, 2]


def test_link__a_whole_life__is_linked_and_complete(gateway, told):
    suite = told.node.suite
    for start in range(0, len(told.records), 200):
        assert gateway.post(submission(told.records[start : start + 200])).status_code == 200

    for _ in range(2):  # the second as after a restart
        ChainSide(gateway.store, Web3(HTTPProvider(suite.w3.provider.endpoint_uri)), suite.deployment).advance()
        Linker(gateway.store, GATEWAY, "TEST-GATEWAY").link()

    acks = gateway.get("acks", reporter="TEST")["acks"]
    linked = [seq for ack in acks if ack["stage"] == "LINKED" for seq in range(ack["first"], ack["last"] + 1)]
    assert linked == [record["seq"] for record in told.records if record["finality"] == "FINAL"]
    for stream in {record["stream"]["address"] for record in told.records}:
        assert gateway.get("completeness", stream=stream)["results"][0]["complete"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_database__whoever_asks__changes_and_deletes_nothing(database, tmp_path, request):
    url = f"sqlite:///{tmp_path}/g.db"
    store = open_gateway(url if database == "sqlite" else request.getfixturevalue("postgres").database())
    row = {"block": 1, "contract": "x", "sequence": 1, "chain": "0x"}
    entry = {"stream": "s", "seq": 1, "block": 1, "expected": "{}"}
    with store.write() as connection:
        connection.execute(insert(tables.reporter).values(reporter_id="T", signer="0x" + 40 * "0", added_at=0))
        connection.execute(insert(tables.entry).values(**entry))
        connection.execute(delete(tables.entry))  # not proven yet
        connection.execute(insert(tables.entry).values(**entry))
        connection.execute(insert(tables.proof).values(stream="s", **row))

    for statement, why in (
        (update(tables.reporter).values(reporter_id="U"), "reporter only grows"),
        (delete(tables.reporter), "reporter only grows"),
        (delete(tables.proof), "proof only grows"),
        (update(tables.entry).values(expected="[]"), "an entry never changes"),
        (delete(tables.entry), "this entry is proven"),
        (insert(tables.entry).values(**entry | {"seq": 0}), "no entry comes after its proof"),
    ):
        with pytest.raises(StockadeError, match=why), store.write() as connection:
            connection.execute(statement)
    store.engine.dispose()
