"""Rejected records: corrected from the facts when they say more, once, and left to a person when they do not."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select

from stockade.reporter.derive import Deriver
from stockade.reporter.destinations import Destination, set_destination
from stockade.reporter.repairs import Attempt, Rejection, open_rejections, repair
from stockade.store import tables
from stockade.wire.record import Record
from tests.reporting.outbox import START, put_records
from tests.reporting.receiver import GATEWAY
from tests.reporting.records import parties_of

# Of the life on the node: any report but the first, whose record the plain deriver left empty.
SEQ = 5


def reject(store, seq, code="SCHEMA", field="/body", destination="sec"):
    row = {"destination": destination, "seq": seq, "code": code, "field": field, "opened_at": START}
    with store.write() as connection:
        connection.execute(insert(tables.repair).values(**row))


def rejections(store):
    with store.read() as connection:
        return open_rejections(connection)


def body(store, seq):
    with store.read() as connection:
        return json.loads(connection.execute(select(tables.record.c.body).where(tables.record.c.seq == seq)).scalar())


@pytest.fixture
def deriver(following):
    return Deriver(parties_of(following.suite.deployment))


@pytest.fixture
def rejected(following):
    """The store after a life was followed by somebody whose records say nothing, one of them rejected."""
    following.run()
    reject(following.store, SEQ)
    return following.store


def test_repair__the_facts_say_more__a_new_record_corrects_the_rejected_one(rejected, following, deriver):
    before, last = body(rejected, SEQ), following.records()[-1][0]
    assert rejections(rejected) == [Rejection("sec", SEQ, "SCHEMA", "/body", START, "AUTHORITY")]

    assert repair(rejected, deriver, SEQ, START) == Attempt(SEQ, last + 1)

    (seq, stream_seq, finality, action, reason, refers_to) = following.records()[-1]
    assert (seq, action, reason, refers_to) == (last + 1, "CORRECT", "SCHEMA", SEQ)
    found = body(rejected, last + 1)
    Record.model_validate_json(json.dumps(found))
    same = ("eventKey", "eventTime", "stream", "block", "reporterId", "schema")
    assert {key: found[key] for key in same} == {key: before[key] for key in same}
    assert found["prevHash"] == body(rejected, last)["recordId"]
    assert (found["refRecordId"], found["recordedTime"]) == (before["recordId"], "2026-01-01T00:00:00.000Z")
    assert (found["stream"]["sequence"], found["finality"]) == (stream_seq, finality)
    assert found["body"] != before["body"]
    assert rejections(rejected) == []


def test_repair__it_was_corrected__is_not_corrected_again(rejected, following, deriver):
    repair(rejected, deriver, SEQ, START)
    reject(rejected, SEQ, "INSTRUMENT", "/instrument", "dtc")
    count = len(following.records())

    assert repair(rejected, deriver, SEQ, START) == Attempt(SEQ, None, "it waits for no repair")
    assert (len(following.records()), rejections(rejected)) == (count, [])


def test_repair__the_correction_is_rejected_too__stays_open_for_it_says_the_same(rejected, following, deriver):
    correction = repair(rejected, deriver, SEQ, START).correction
    reject(rejected, correction)
    count = len(following.records())

    assert repair(rejected, deriver, correction, START) == Attempt(correction, None, "derived again, it says the same")
    assert len(following.records()) == count
    assert [(each.seq, each.remedy) for each in rejections(rejected)] == [
        (correction, "take the version of Stockade that the destination's schema asks for")
    ]


def test_repair__nobody_rejected_it__does_nothing(rejected, following, deriver):
    count = len(following.records())
    assert repair(rejected, deriver, SEQ + 1, START) == Attempt(SEQ + 1, None, "it waits for no repair")
    assert len(following.records()) == count


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_repair__its_block_was_replaced__there_is_nothing_to_derive_it_from(store, following, deriver):
    put_records(store, 1)
    reject(store, 1, "LISTED_NOWHERE", "")

    assert repair(store, deriver, 1, START) == Attempt(
        1, None, "its block was replaced: there is nothing to derive it from"
    )
    (only,) = rejections(store)
    assert only.remedy.startswith("compare this field with the chain")


def test_correction__of_two_destinations_one_rejects__goes_to_both_in_the_same_numbers(
    rejected, following, deriver, receiver, courier
):
    last = following.records()[-1][0]
    courier.run(once=True)
    set_destination(rejected, Destination.given("dtc", receiver.url, GATEWAY.address))
    repair(rejected, deriver, SEQ, START)
    courier.run(once=True)

    assert receiver.heard[-1] == (last + 1, last + 1)
    assert list(receiver.held) == list(range(1, last + 2))
