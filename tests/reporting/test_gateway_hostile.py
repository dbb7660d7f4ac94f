"""Whatever is sent to the gateway instead of a submission: refused in one sentence, or held and rejected."""

from __future__ import annotations

import json

import pytest

from stockade.gateway.reading import read_json
from tests.reporting.made import Maker, said, submission

JSON = {"Content-Type": "application/json"}


DEEP = b'{"records":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = {
    "nothing": (b"", "Expecting value"),
    "no JSON": (b"{", "Expecting property name"),
    "no UTF-8": (b'"\xff"', "'utf-8' codec can't decode"),
    "a list": (b"[]", "This is no submission: the whole"),
    "null": (b"null", "This is no submission: the whole"),
    "deep": (DEEP, "it is nested too deeply"),
    "rather deep": (b"[" * 40 + b"]" * 40, "it is nested too deeply"),
    "seventeen deep": (b"[" * 17 + b"]" * 17, "it is nested too deeply"),
    "many parts": (b"[" + b"[]," * (1 << 19) + b"[]]", "it has too many parts"),
    "many numbers": (b"[" + b"1," * (1 << 20) + b"1]", "it has too many parts"),
    "NaN": (b'{"first":NaN}', "NaN is no whole number"),
    "infinite": (b'{"first":1e999}', "1e999 is no whole number"),
    "a float": (b'{"first":1.0}', "1.0 is no whole number"),
    "huge": (b'{"first":' + b"9" * 5000 + b"}", "a number is not below 2**53"),
    "beyond exact": (b'{"first":9007199254740992}', "a number is not below 2**53"),
    "twice": (b'{"first":1,"first":2}', "'first' stands twice in one object"),
    "half a character": (b'{"reporterId":"\\ud800"}', "a text holds a null byte or half a character"),
    "a null byte": (b'{"reporterId":"\\u0000"}', "a text holds a null byte or half a character"),
    "a null byte in a name": (b'{"\\u0000":1}', "a text holds a null byte or half a character"),
}


@pytest.mark.parametrize(("content", "why"), HOSTILE.values(), ids=HOSTILE.keys())
def test_submit__hostile_content__is_refused_in_one_sentence(gateway, content, why):
    answer = gateway.client.post("/v1/submissions", content=content, headers=JSON)

    assert answer.status_code == 422
    assert list(answer.json()) == ["error"]
    assert why in answer.json()["error"]
    assert "Traceback" not in answer.text
    assert gateway.get("health")["status"] == "ok"


def test_submit__hostile_values_inside_a_signed_record__are_rejected(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    for change in (
        {"stream": []},
        {"stream": {"address": {"a": 1}, "sequence": "x", "kind": True}},
        {"body": None},
        {"instrument": {"token": 7}},
        {"refRecordId": "zz"},
        {"block": {"number": -1, "hash": None}},
    ):
        made.transfer(1, **change)

    acks = said(gateway.post(made.submission()).json())

    assert [ack[1:4] for ack in acks[1:]] == [("VALIDATED", 1, 1)] + [("REJECTED", seq, seq) for seq in range(2, 8)]
    assert {ack[5] for ack in acks[2:]} == {"SCHEMA"}


def test_submit__a_record_as_deep_as_is_taken__can_be_read_by_whoever_asks(gateway):
    made = Maker()
    made.listing()
    deep: list[object] = []
    for _ in range(12):
        deep = [deep]
    made.record(surplus=deep)
    assert gateway.post(made.submission()).status_code == 200

    read_json(gateway.client.get("/v1/records").content)  # as `stockade verify` does

    made.record(surplus=[deep])
    assert gateway.post(made.submission()).status_code == 422


def test_submit__more_than_is_read__is_refused(gateway):
    answer = gateway.client.post("/v1/submissions", content=b" " * (9 << 20), headers=JSON)
    assert answer.status_code == 413

    made = Maker()
    made.listing()
    one = made.made[0]
    many = submission([one]) | {"records": [one] * 1001, "last": 1001}
    assert gateway.post(many).status_code == 422


def test_submit__not_as_json__is_refused(gateway):
    made = Maker()
    made.listing()
    content = json.dumps(made.submission())

    answer = gateway.client.post("/v1/submissions", content=content, headers={"Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()) == (415, {"error": "A submission is application/json."})
