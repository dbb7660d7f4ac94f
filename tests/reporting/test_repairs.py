"""Rejected records: corrected from the facts when they say more, once, and left to a person when they do not."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sqlalchemy import insert, select

from stockade.errors import InputError
from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier
from stockade.reporter.derive import Deriver
from stockade.reporter.destinations import Destination, set_destination
from stockade.reporter.lateness import ways
from stockade.reporter.parties import Parties
from stockade.reporter.repairs import Attempt, Rejection, open_rejections, repair
from stockade.store import tables
from stockade.suite import CONTRACTS
from stockade.wire.record import Record
from tests.reporting.following import PARTY_KEY
from tests.reporting.made import GATEWAY, REPORTER, listening
from tests.reporting.outbox import START, put_records, rows

# Any record of the life on the node.
SEQ = 5


# 1 January 2100: no record is made before the one before it, and those of the life are of today.
LATER = 4_102_444_800_000


class Mistaken(Deriver):
    """A version of Stockade that gives one record a body of no kind."""

    count = 0

    def derive(self, fact):
        self.count += 1
        derived = super().derive(fact)
        return derived | {"body": {"kind": "no kind"}} if self.count == SEQ else derived


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


def deriver_of(following, key=PARTY_KEY, kind=Deriver):
    deployment = following.suite.deployment
    return kind(Parties(key, deployment.chain_id, [deployment.addresses[name] for name in CONTRACTS]))


@pytest.fixture
def deriver(following):
    return deriver_of(following)


@pytest.fixture
def mistaken(following, monkeypatch):
    """The store after a life was followed by a version that errs about one record."""
    monkeypatch.setattr("tests.reporting.following.Deriver", Mistaken)
    following.run()
    return following.store


@pytest.fixture
def rejected(mistaken):
    """The same, after that record was rejected."""
    reject(mistaken, SEQ)
    return mistaken


def test_repair__the_facts_say_more__a_new_record_corrects_the_rejected_one(rejected, following, deriver):
    before, last = body(rejected, SEQ), following.records()[-1][0]
    assert rejections(rejected) == [Rejection("sec", SEQ, "SCHEMA", "/body", START, before["eventType"])]

    assert repair(rejected, deriver, SEQ, LATER) == Attempt(SEQ, last + 1)

    (seq, stream_seq, finality, action, reason, refers_to) = following.records()[-1]
    assert (seq, action, reason, refers_to) == (last + 1, "CORRECT", "SCHEMA", SEQ)
    found = body(rejected, last + 1)
    Record.read_json(json.dumps(found))
    same = ("eventKey", "eventTime", "stream", "block", "reporterId", "schema")
    assert {key: found[key] for key in same} == {key: before[key] for key in same}
    assert found["prevHash"] == body(rejected, last)["recordId"]
    assert (found["refRecordId"], found["recordedTime"]) == (before["recordId"], "2100-01-01T00:00:00.000Z")
    assert (found["stream"]["sequence"], found["finality"]) == (stream_seq, finality)
    assert found["body"] != before["body"]
    with rejected.read() as connection:
        told = ways(connection, "sec")
    assert (told[last].action, told[last].since, told[last].recorded) == ("CORRECT", LATER, LATER)
    assert told[SEQ - 1].since == 1000 * int(datetime.fromisoformat(before["eventTime"]).timestamp())
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


@pytest.mark.parametrize("operator", ["p_", "eip155:"], ids=["operator is a party", "operator stands in clear"])
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_repair__under_another_key_for_wallets__is_refused_for_it_would_rename_them(mistaken, following, operator):
    count = len(following.records())
    seq = next(seq for seq in range(1, count) if names_a_wallet(body(mistaken, seq), operator))
    reject(mistaken, seq)

    with pytest.raises(InputError) as refused:
        repair(mistaken, deriver_of(following, 32 * b"\x66"), seq, LATER)

    assert str(refused.value) == (
        "STOCKADE_PARTY_KEY is not the key under which the records of this store name wallets: give that one."
    )
    assert len(following.records()) == count


def names_a_wallet(said, operator):
    return said["operatorRef"].startswith(operator) and '"p_' in json.dumps(said["body"])


class Overtaken(Deriver):
    """Derives so slowly that others write meanwhile: it calls `meanwhile` once."""

    meanwhile = staticmethod(lambda: None)

    def derive(self, fact):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().derive(fact)


def test_repair__another_corrects_it_while_it_is_derived__is_corrected_once(rejected, following, deriver):
    slow = deriver_of(following, kind=Overtaken)
    last = following.records()[-1][0]
    slow.meanwhile = lambda: repair(rejected, deriver, SEQ, LATER)

    assert repair(rejected, slow, SEQ, LATER) == Attempt(SEQ, None, "it waits for no repair")
    assert [row[5] for row in following.records()[last:]] == [SEQ]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_repair__its_block_was_replaced__there_is_nothing_to_derive_it_from(store, following, deriver):
    put_records(store, 1)
    reject(store, 1, "LISTED_NOWHERE", "")

    assert repair(store, deriver, 1, START) == Attempt(
        1, None, "its block was replaced: there is nothing to derive it from"
    )
    (only,) = rejections(store)
    assert only.remedy.startswith("compare this field with the chain")


def test_correction__of_a_record_that_one_of_two_destinations_rejects__goes_to_both_in_the_same_numbers(
    rejected, following, deriver, receiver, courier
):
    last = following.records()[-1][0]
    courier.run(once=True)
    set_destination(rejected, Destination.given("dtc", receiver.url, GATEWAY.address))
    repair(rejected, deriver, SEQ, START)
    courier.run(once=True)

    assert receiver.heard[-1] == (last + 1, last + 1)
    assert list(receiver.held) == list(range(1, last + 2))


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_repair__the_real_gateway_rejected_it__takes_the_correction(mistaken, following, deriver, clock, tmp_path):
    last = following.records()[-1][0]
    with listening(f"sqlite:///{tmp_path}/gateway.db") as gateway, Line(gateway.url) as line:
        set_destination(mistaken, Destination.given("sec", gateway.url, GATEWAY.address))
        courier = Courier(mistaken, "sec", REPORTER, line, clock)
        courier.run(once=True)
        assert [(each.seq, each.code, each.field) for each in rejections(mistaken)] == [(SEQ, "SCHEMA", "/body")]

        assert repair(mistaken, deriver, SEQ, START) == Attempt(SEQ, last + 1)
        courier.run(once=True)

    stages = [row[1:] for row in rows(mistaken, tables.ack, "stage", "first", "last") if row[0] == "VALIDATED"]
    assert stages == [(1, SEQ - 1), (SEQ + 1, last), (last + 1, last + 1)]
    assert rejections(mistaken) == []
