"""What `stockade verify` says of a gateway that serves something else than it holds and signed, of one that goes on
receiving, and of answers that are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stockade.examine import served
from stockade.gateway.intake import register
from stockade.wire.canonical import canonical, record_id
from stockade.wire.signing import ack_digest, sign
from tests.reporting.between import between
from tests.reporting.examined import changed, findings, link, moved, node_of, post_all, tamper, verify
from tests.reporting.made import GATEWAY, OTHER, Listening, Maker, listening, submission
from tests.reporting.told import Told

ALTERED = "the record is not what its id is of"


@pytest.fixture(scope="module")
def whole(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A gateway that holds everything, linked; nobody changes it."""
    with listening(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'gateway.db'}") as found:
        post_all(found, told.records)
        link(found, told)
        yield found


def signed(ack: dict[str, Any]) -> dict[str, Any]:
    """What the gateway's own key signs."""
    said = {name: value for name, value in ack.items() if name != "signature"}
    return said | {"signature": sign(GATEWAY, ack_digest(said))}


def serving_otherwise(items: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Any:
    """Each item of an endpoint as it is changed; none for None."""

    def answer(path: str, asked: dict[str, str], said: Any) -> Any:
        if path == items:
            said[items] = [other for each in said[items] if (other := change(each)) is not None]
            return said
        return said

    return answer


# ---------------------------------------------------------------- records that are not themselves


def bodies(record: dict[str, Any]) -> dict[str, Any]:
    stream = record["stream"]
    foreign = stream["address"].rsplit(":", 1)[0] + ":0x" + 20 * "ee"
    return {
        "of no entry": {"stream": {"address": stream["address"]}, "text": "anything"},
        "of entry 0": record | {"stream": stream | {"sequence": 0}},
        "of an entry before": record | {"stream": stream | {"sequence": -3}},
        "of a foreign stream": record | {"stream": stream | {"address": foreign}},
        "final, of no entry": {"stream": {"address": stream["address"]}, "finality": "FINAL"},
        "final, of no block": record | {"block": None, "stream": stream | {"sequence": 900_000}},
        "of a number that is none": record | {"stream": stream | {"sequence": "1"}},
        "nothing": {},
        "null": None,
        "of its own entry": record | {"recordedTime": "2020-01-01T00:00:00.000Z"},
        "without its id": {name: value for name, value in record.items() if name != "recordId"},
    }


@pytest.mark.parametrize("name", bodies({"stream": {"address": "a:b:c"}}))
def test_verify__a_body_replaced_under_its_number_and_id__is_told_once(whole, told, name):
    place = next(at for at, each in enumerate(told.records) if each["action"] == "NEW" and each["finality"] != "FINAL")
    body = bodies(told.records[place])[name]

    def change(held: dict[str, Any]) -> dict[str, Any]:
        return held | {"record": body} if held["seq"] == place + 1 else held

    with between(whole.url, serving_otherwise("records", change)) as url:
        found = findings(url, told)

    problem = ALTERED if body else "the record cannot be read"
    assert [each[4] for each in found if each[0] == place + 1 and each[4] in (ALTERED, problem)] == [problem]


def test_verify__a_rejected_record_replaced__is_told(gateway, told):
    made = changed(told.records, 0, {"eventTime": "yesterday"})
    post_all(gateway, made)
    link(gateway, told)
    other = canonical({"stream": {"address": told.stream_of(made[0])}, "text": "anything"})
    tamper(gateway, "UPDATE record SET body = :body WHERE seq = 1", body=other)

    found = findings(gateway, told)

    assert [each for each in found if each[0] == 1] == [(1, None, None, None, ALTERED)]


def test_verify__a_record_rejected_for_its_reporters_name__is_held_as_it_came(gateway, told):
    made = changed(told.records, 0, {"reporterId": "OTHER"})
    post_all(gateway, made)
    link(gateway, told)

    found = findings(gateway, told)

    assert gateway.get("records", reporter="TEST", limit=1)["records"][0]["code"] == "REPORTER"
    assert [each for each in found if each[4] == ALTERED] == []


def test_verify__a_record_under_anothers_id__is_told(whole, told):
    ids = [record["recordId"] for record in told.records]

    def change(held: dict[str, Any]) -> dict[str, Any]:
        return held | {"recordId": ids[4]} if held["seq"] == 6 else held

    with between(whole.url, serving_otherwise("records", change)) as url:
        found = findings(url, told)

    assert (6, None, None, None, "the record has another's id") in found


# ---------------------------------------------------------------- what the gateway signed


def test_verify__rejected_to_the_reporter_and_served_as_valid__is_told_with_number_and_field(whole, told):
    def change(held: dict[str, Any]) -> dict[str, Any]:
        first = held["stage"] == "VALIDATED" and held["first"] == 1
        return signed(held | {"stage": "REJECTED", "code": "SCHEMA", "last": 1, "recordId": ids[0]}) if first else held

    ids = [record["recordId"] for record in told.records]
    with between(whole.url, serving_otherwise("acks", change)) as url:
        found = findings(url, told)

    said = "acknowledgement 2 says REJECTED, and the record is served as VALIDATED"
    assert (1, None, None, "/stage", said) in found


def test_verify__rejected_for_another_reason__is_told_with_number_and_field(gateway, told):
    post_all(gateway, changed(told.records, 0, {"eventTime": "yesterday"}))
    link(gateway, told)

    def change(held: dict[str, Any]) -> dict[str, Any]:
        return signed(held | {"code": "LEI"}) if held["code"] == "SCHEMA" else held

    with between(gateway.url, serving_otherwise("acks", change)) as url:
        found = findings(url, told)

    assert (1, None, None, "/code", "acknowledgement 2 says LEI, and the record is served as SCHEMA") in found
    assert [each for each in findings(gateway, told) if "acknowledgement" in each[4]] == []


@pytest.mark.parametrize(
    ("dropped", "said"),
    [((2,), "acknowledgement 2 is not served"), ((2, 3, 4), "acknowledgements 2 to 4 are not served")],
)
def test_verify__acknowledgements_dropped__are_told(whole, told, dropped, said):
    with between(whole.url, serving_otherwise("acks", lambda it: None if it["ackId"] in dropped else it)) as url:
        found = findings(url, told)

    assert (None, None, None, "/ackId", said) in found
    assert said in verify_without_json(whole, told, dropped)


def verify_without_json(whole: Listening, told: Told, dropped: tuple[int, ...]) -> str:
    with between(whole.url, serving_otherwise("acks", lambda it: None if it["ackId"] in dropped else it)) as url:
        return verify(url, told)[1]


LIES = {
    "another gateway's": ({"gatewayId": "NOBODY"}, "/gatewayId", "acknowledgement 1 is another gateway's"),
    "another reporter's": ({"reporterId": "OTHER"}, "/reporterId", "acknowledgement 1 is another reporter's"),
    "of another record": (
        {"recordId": "0x" + 64 * "e"},
        "/recordId",
        "acknowledgement 1 is of another record, or of one that is not held",
    ),
    "of no records": ({"first": 9, "last": 8}, "/first", "acknowledgement 1 is of no records"),
    "with a code": (
        {"code": "SCHEMA"},
        "/code",
        "acknowledgement 1 rejects without a code, or has one and does not reject",
    ),
}


@pytest.mark.parametrize(("lie", "field", "said"), LIES.values(), ids=LIES.keys())
def test_verify__an_acknowledgement_that_says_another__is_told_with_its_field(whole, told, lie, field, said):
    change = serving_otherwise("acks", lambda it: signed(it | lie) if it["ackId"] == 1 else it)
    with between(whole.url, change) as url:
        found = findings(url, told)

    assert [each[3] for each in found if each[4] == said] == [field]


def test_verify__linked_and_unlinked_against_the_chain__are_told(gateway, told):
    place = moved(told.records)
    lies = changed(told.records, place, {"body": told.records[place]["body"] | {"rawQty": "7"}})
    post_all(gateway, lies)
    link(gateway, told)
    before = findings(gateway, told)
    right = next(record for record in lies if record["finality"] == "FINAL")

    def change(held: dict[str, Any]) -> dict[str, Any]:
        if held["code"] == "UNLINKED":
            return signed(held | {"stage": "LINKED", "code": None, "field": None, "text": None})
        if held["stage"] == "LINKED" and held["first"] <= right["seq"] <= held["last"]:
            of = {"first": right["seq"], "last": right["seq"], "recordId": right["recordId"]}
            return signed(held | of | {"stage": "REJECTED", "code": "UNLINKED", "field": "/body"})
        return held

    with between(gateway.url, serving_otherwise("acks", change)) as url:
        found = findings(url, told)

    assert [each[4] for each in before] == ["the record is not what the chain says"]
    more = [(each[0], each[3], each[4].split(" ", 2)[2]) for each in found if each not in before]
    assert sorted(more) == sorted(
        [
            (place + 1, "/body/rawQty", "says LINKED, and the chain says another"),
            (right["seq"], "/code", "says UNLINKED, and the chain says the same as the record"),
        ]
    )


def test_verify__an_acknowledgement_for_two_reporters__is_told(whole, told):
    def change(path: str, asked: dict[str, str], said: Any) -> Any:
        if path == "reporters":
            return {"reporters": [*said["reporters"], {"reporterId": "OTHER"}]}
        if path == "acks" and asked["reporter"] == "OTHER":
            return {"acks": [] if int(asked["after"]) else [whole.get("acks", reporter="TEST")["acks"][0]]}
        return said

    with between(whole.url, change) as url:
        found = findings(url, told)

    assert (None, None, None, "/ackId", "acknowledgement 1 is given twice") in found


# ---------------------------------------------------------------- a live gateway


def test_verify__records_received_between_any_two_answers__are_no_fault(gateway, told):
    """With every answer the gateway takes another record, and another reporter joins."""
    records = list(told.records)
    post_all(gateway, records[: len(records) - 40])
    rest, other = records[len(records) - 40 :], Maker("OTHER")
    foreign = {"stream": {"address": "eip155:1:0x" + 20 * "aa"}}
    asked_for: list[str] = []

    def change(path: str, asked: dict[str, str], said: Any) -> Any:
        asked_for.append(path)
        if path in ("records", "acks") and rest:
            post_all(gateway, [rest.pop(0)])
        if path == "records" and not other.made:
            register(gateway.store, "OTHER", OTHER.address)
            other.record(**foreign)
            assert gateway.post(other.submission(signer=OTHER)).status_code == 200
        return said

    link(gateway, told)
    with between(gateway.url, change) as url:
        found = findings(url, told)

    assert asked_for.count("records") >= 3
    assert [each for each in found if "acknowledgement" in each[4]] == []
    assert [each for each in found if each[4] in (ALTERED, "the record is not held")] == []


def test_verify__records_acknowledged_and_then_withheld__are_told(whole, told):
    last = len(told.records)
    with between(whole.url, serving_otherwise("records", lambda it: it if it["seq"] < last else None)) as url:
        found = findings(url, told)

    assert {each[0] for each in found if "of one that is not held" in each[4]} == {last}


# ---------------------------------------------------------------- one reporter alone


def test_verify__of_one_reporter__judges_no_others_records(gateway, told):
    post_all(gateway, told.records)
    link(gateway, told)
    register(gateway.store, "OTHER", OTHER.address)
    part = told.records[0] | {"reporterId": "OTHER"}
    part |= {"recordId": record_id(part)}
    assert gateway.post(submission([part], "OTHER", OTHER)).status_code == 200

    status, said = verify(gateway, told, "--reporter", "TEST")

    assert (status, "OTHER" in said) == (0, False), said
    assert f"Complete: {len(told.records)} records" in said
    assert verify(gateway, told)[0] == 1


def test_verify__of_a_reporter_whom_nobody_knows__is_refused(whole, told):
    status, words = verify(whole, told, "--reporter", "NOBODY")

    assert (status, words.strip()) == (2, "Error: The gateway knows no reporter 'NOBODY': choose another --reporter.")


# ---------------------------------------------------------------- answers that are none


RECORD = {"id": 1, "seq": 1, "reporterId": "TEST", "recordId": "0x" + 64 * "0", "status": "VALIDATED"}
RECORD |= {"code": None, "field": None, "record": {}}
NO_LIST, NO_RECORD = "answer to records is no list", "answer to records holds what is no record"
MALFORMED: list[tuple[str, Any, str]] = [
    ("health", [], "answer to health is no object"),
    ("health", b"", "answer to health cannot be read"),
    ("health", b"\xff", "answer to health cannot be read"),
    ("health", b"[" * 100_000, "answer to health cannot be read"),
    ("health", {}, "does not say its gatewayId"),
    ("health", {"gatewayId": 5}, "does not say its gatewayId"),
    ("health", {"gatewayId": "G", "signer": ["0x"]}, "does not say its signer"),
    ("health", {"gatewayId": "G", "signer": "0x12"}, "signer is no account"),
    ("reporters", {}, "answer to reporters is no list"),
    ("reporters", {"reporters": 5}, "answer to reporters is no list"),
    ("reporters", {"reporters": {"TEST": 1}}, "answer to reporters is no list"),
    ("reporters", {"reporters": [5]}, "does not say its reporterId"),
    ("reporters", {"reporters": [{"reporterId": None}]}, "does not say its reporterId"),
    ("reporters", {"reporters": [{"reporterId": "T" * 101}]}, "does not say its reporterId"),
    ("reporters", {"reporters": [{"reporterId": "T"}, {"reporterId": "T"}]}, "names one twice"),
    ("records", {"records": None}, NO_LIST),
    ("records", {"records": {"a": 1}}, NO_LIST),
    ("records", {"records": [1]}, NO_LIST),
    ("records", {"records": [{}]}, "must ascend"),
    ("records", {"records": [RECORD | {"id": True}]}, "must ascend"),
    ("records", {"records": [RECORD | {"id": "1"}]}, "must ascend"),
    ("records", {"records": [RECORD | {"id": 0}]}, "must ascend"),
    ("records", {"records": [RECORD, RECORD]}, "must ascend"),
    ("records", {"records": [RECORD] * 501}, "longer than was asked for"),
    ("records", {"records": [RECORD | {"seq": True}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"seq": [1]}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"recordId": 1}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"recordId": "0x" + 64 * "G"}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"reporterId": "OTHER"}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"status": []}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"status": "GOOD"}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"code": {}}]}, NO_RECORD),
    ("records", {"records": [RECORD | {"field": 1}]}, NO_RECORD),
    ("records", b'{"records":[{"id":1.5}]}', "answer to records cannot be read"),
    ("acks", {"acks": 5}, "answer to acks is no list"),
    ("acks", {"acks": [{"ackId": None}]}, "must ascend"),
    ("acks", {"acks": [{"ackId": []}]}, "must ascend"),
]


@pytest.mark.parametrize(("path", "answer", "said"), MALFORMED, ids=[f"{it[0]}-{it[2]}" for it in MALFORMED])
def test_verify__an_answer_of_the_gateway_that_is_none__one_sentence(whole, told, path, answer, said):
    with between(whole.url, lambda asked, _, true: answer if asked == path else true) as url:
        status, words = verify(url, told)

    assert status == 1
    assert words.strip().startswith("Error: The gateway")
    assert ("\n" in words.strip(), said in words) == (False, True), words


@pytest.mark.parametrize(
    "ack",
    [{}, {"stage": []}, {"stage": {}}, {"stage": "RECEIVED", "signature": 5}, {"first": -1}, {"last": 2**53 - 1}],
    ids=str,
)
def test_verify__an_acknowledgement_that_is_none__is_told(whole, told, ack):
    def change(said: dict[str, Any]) -> dict[str, Any]:
        return {"ackId": 1} | ({**said, **ack} if ack else {}) if said["ackId"] == 1 else said

    with between(whole.url, serving_otherwise("acks", change)) as url:
        found = findings(url, told)

    assert any(each[4].startswith("acknowledgement 1 is n") for each in found), found


NODES: list[tuple[str, Any]] = [
    ("eth_chainId", "0xzz"),
    ("eth_chainId", None),
    ("eth_chainId", []),
    ("eth_chainId", "0x1"),
    ("eth_getBlockByNumber", None),
    ("eth_getBlockByNumber", 5),
    ("eth_getBlockByNumber", {"number": []}),
    ("eth_getProof", None),
    ("eth_getProof", {"accountProof": 5}),
    ("eth_getProof", {"accountProof": ["0x"], "storageProof": [{}]}),
    ("eth_getLogs", 5),
    ("eth_getLogs", [5]),
    ("eth_getLogs", [{"address": []}]),
    ("eth_getLogs", None),
]


@pytest.mark.parametrize(("method", "result"), NODES, ids=str)
def test_verify__an_answer_of_the_node_that_is_none__one_sentence(whole, told, method, result):
    def change(methods: str, _: dict[str, str], answer: Any) -> Any:
        if method not in methods:
            return answer
        if isinstance(answer, list):
            return [each | {"result": result} for each in answer]
        return answer | {"result": result}

    with between(node_of(told), change) as rpc:
        status, words = verify(whole, told, rpc=rpc)

    assert status in (1, 2)
    assert words.strip().startswith("Error: ")
    assert "\n" not in words.strip(), words


# ---------------------------------------------------------------- large answers


def test_verify__pages_that_are_too_large__are_asked_for_in_smaller_ones(whole, told, monkeypatch):
    monkeypatch.setattr(served, "_MOST_BYTES", 60_000)
    limits = set()

    def change(path: str, asked: dict[str, str], said: Any) -> Any:
        limits.add(asked.get("limit"))
        return said

    with between(whole.url, change) as url:
        assert findings(url, told) == []

    assert {"500", "250"} < limits


def test_verify__one_record_that_is_too_large__one_sentence(whole, told, monkeypatch):
    monkeypatch.setattr(served, "_MOST_BYTES", 500)

    status, words = verify(whole, told)

    assert (status, words.strip()) == (1, "Error: The gateway's answer to records does not end.")
