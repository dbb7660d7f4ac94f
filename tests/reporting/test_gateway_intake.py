"""What the gateway takes, refuses and rejects: over HTTP, with whole answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stockade.gateway.intake import register
from stockade.wire.canonical import canonical, record_id
from tests.reporting.made import CHAIN, INSTRUMENT, OTHER, Maker, listening, placed, said


@pytest.fixture
def maker() -> Maker:
    """A LISTING and two transfers, the first of them final."""
    made = Maker()
    made.listing(finality="FINAL")
    first = made.transfer(1)
    made.transfer(2)
    made.final(first)
    return made


def held(gateway: Any) -> list[int]:
    return [record["seq"] for record in gateway.get("records")["records"]]


# ---------------------------------------------------------------- taken


def test_submit__valid_records__are_received_and_validated(gateway, maker):
    answer = gateway.post(maker.submission())

    last = maker.made[-1]["recordId"]
    assert answer.status_code == 200
    assert said(answer.json()) == [
        (1, "RECEIVED", 1, 4, last, None, None),
        (2, "VALIDATED", 1, 4, last, None, None),
    ]
    assert answer.json()["next"] == 5
    assert [record["record"] for record in gateway.get("records")["records"]] == maker.made
    assert gateway.get("next", reporter="TEST") == {"reporterId": "TEST", "next": 5}


def test_submit__the_same_again__is_acknowledged_as_before_and_stored_once(gateway, maker):
    first = gateway.post(maker.submission()).json()

    again = gateway.post(maker.submission())

    assert (again.status_code, again.json()) == (200, first)
    assert held(gateway) == [1, 2, 3, 4]
    assert gateway.get("acks", reporter="TEST")["acks"] == first["acks"]


def test_submit__held_ones_and_new_ones__stores_the_new_alone(gateway, maker):
    gateway.post(maker.submission(1, 3))

    answer = gateway.post(maker.submission(2, 4)).json()

    ids = [record["recordId"] for record in maker.made]
    assert said(answer) == [
        (1, "RECEIVED", 1, 3, ids[2], None, None),
        (2, "VALIDATED", 1, 3, ids[2], None, None),
        (3, "RECEIVED", 4, 4, ids[3], None, None),
        (4, "VALIDATED", 4, 4, ids[3], None, None),
    ]
    assert (answer["next"], held(gateway)) == (5, [1, 2, 3, 4])


def test_submit__by_two_at_once__each_record_is_stored_once(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    for sequence in range(1, 60):
        made.transfer(sequence)

    with ThreadPoolExecutor(4) as posters:
        answers = list(posters.map(lambda _: gateway.post(made.submission()), range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert {canonical(answer.json()) for answer in answers} == {canonical(answers[0].json())}
    assert held(gateway) == list(range(1, 61))
    assert len(gateway.get("acks", reporter="TEST")["acks"]) == 2


# ---------------------------------------------------------------- refused for their order


def test_submit__after_a_gap__is_refused_and_asked_for_what_is_missing(gateway, maker):
    gateway.post(maker.submission(1, 1))

    answer = gateway.post(maker.submission(4, 4))

    assert answer.status_code == 409
    assert said(answer.json()) == [(3, "REJECTED", 2, 3, None, "GAP", "/seq")]
    assert (answer.json()["next"], held(gateway)) == (2, [1])
    assert gateway.post(maker.submission(4, 4)).json() == answer.json()  # not said anew
    assert gateway.post(maker.submission(2)).json()["next"] == 5


def test_submit__to_a_lost_database__is_asked_to_begin_anew(tmp_path, maker):
    with listening(f"sqlite:///{tmp_path / 'first.db'}") as gateway:
        gateway.post(maker.submission(1, 3))

    with listening(f"sqlite:///{tmp_path / 'second.db'}") as gateway:
        answer = gateway.post(maker.submission(4))
        assert (answer.status_code, answer.json()["next"]) == (409, 1)
        assert said(answer.json()) == [(1, "REJECTED", 1, 3, None, "GAP", "/seq")]
        assert gateway.post(maker.submission()).json()["next"] == 5


def test_submit__another_record_under_a_held_number__is_a_conflict(gateway, maker):
    gateway.post(maker.submission())
    other = Maker()
    other.listing(finality="FINAL")
    other.transfer(1, raw=5)

    answer = gateway.post(other.submission())

    assert answer.status_code == 409
    assert said(answer.json()) == [(3, "REJECTED", 2, 2, maker.made[1]["recordId"], "CONFLICT", "/seq")]
    assert answer.json()["next"] == 5
    assert [record["record"] for record in gateway.get("records")["records"]] == maker.made


def test_submit__a_new_record_after_another_history__is_a_conflict(gateway, maker):
    gateway.post(maker.submission(1, 3))
    other = Maker()
    other.listing(finality="FINAL")
    other.transfer(1, raw=5)
    other.transfer(2)
    other.transfer(3)

    answer = gateway.post(other.submission(4))

    assert answer.status_code == 409
    assert said(answer.json()) == [(3, "REJECTED", 3, 3, maker.made[2]["recordId"], "CONFLICT", "/seq")]
    assert held(gateway) == [1, 2, 3]


def test_submit__a_first_record_that_names_one_before__is_refused_and_nothing_is_said(gateway):
    made = Maker()
    made.listing(prevHash="0x" + 64 * "e")

    answer = gateway.post(made.submission())

    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "This is no submission: /records/0/prevHash names a record before the first."},
    )
    assert (held(gateway), gateway.get("acks", reporter="TEST")["acks"]) == ([], [])


# ---------------------------------------------------------------- refused as no submission of the reporter's


def test_submit__signed_by_another__is_refused(gateway, maker):
    answer = gateway.post(maker.submission(signer=OTHER))

    assert answer.status_code == 401
    assert answer.json()["error"].startswith("No reporter TEST with this signature is known here")
    assert held(gateway) == []


def test_submit__by_an_unknown_reporter__is_refused(gateway):
    made = Maker("STRANGER")
    made.listing()

    assert gateway.post(made.submission()).status_code == 401
    assert held(gateway) == []


@pytest.mark.parametrize("name", ["first", "last", "sentTime", "reporterId"])
def test_submit__changed_after_it_was_signed__is_refused(gateway, maker, name):
    changed = {"first": 2, "last": 3, "sentTime": "2026-07-01T12:00:03.000Z", "reporterId": "OTHER"}

    answer = gateway.post(maker.submission() | {name: changed[name]})

    assert answer.status_code == (422 if name in ("first", "last") else 401)
    assert held(gateway) == []


def test_submit__a_record_changed_after_it_was_signed__is_refused(gateway, maker):
    sent = maker.submission()
    sent["records"][1]["body"]["rawQty"] = "7"

    answer = gateway.post(sent)

    assert answer.status_code == 422
    assert answer.json() == {"error": "This is no submission: /records/1/recordId is not the hash of the record."}
    assert held(gateway) == []


def test_submit__a_record_changed_with_its_id__is_refused(gateway, maker):
    sent = maker.submission()
    record = sent["records"][1]
    record["body"]["rawQty"] = "7"
    record["recordId"] = record_id(record)

    answer = gateway.post(sent)

    assert answer.status_code == 422
    assert answer.json() == {"error": "This is no submission: /records/2/prevHash is not the record before."}


# ---------------------------------------------------------------- held and rejected

REJECTED: list[tuple[str, str, dict[str, Any]]] = [
    ("SCHEMA", "/surplus", {"surplus": 1}),
    ("SCHEMA", "/event_type", {"event_type": "TRANSFER"}),
    ("SCHEMA", "/eventTime", {"eventTime": "2026-07-01 12:00"}),
    ("SCHEMA", "/finality", {"finality": "MAYBE"}),
    ("SCHEMA", "/body/rawQty", {"body": {"kind": "token.TRANSFER", "rawQty": "-1"}}),
    ("SCHEMA", "/body", {"body": {"kind": "token.NOTHING"}}),
    ("SCHEMA", "", {"eventType": "MINT"}),
    ("SCHEMA", "", {"reasonCode": "FINALIZED"}),
    ("REPORTER", "/reporterId", {"reporterId": "OTHER"}),
    ("CHAIN_ID", "/eventKey", {"eventKey": f"eip155:1/0x{11:064x}/1"}),
    ("CHAIN_ID", "/instrument/token", {"instrument": INSTRUMENT | {"token": "eip155:1/erc20:0x" + 20 * "bb"}}),
    ("STREAM_SEQUENCE", "/stream/sequence", placed("0x" + 20 * "bb", "ShareToken", 3, 1, 11)),
    ("STREAM_SEQUENCE", "/stream/sequence", placed("0x" + 20 * "bb", "ShareToken", 1, 1, 11)),
    (
        "REFERENCE",
        "/refRecordId",
        {"action": "CORRECT", "finality": "FINAL", "refRecordId": "0x" + 64 * "e", "reasonCode": "FINALIZED"},
    ),
    ("ISIN", "/instrument/isin", {"instrument": INSTRUMENT | {"isin": "US0378331006"}}),
    ("ISIN", "/instrument/isin", {"instrument": INSTRUMENT | {"isin": None}}),
    ("CUSIP", "/instrument/cusip", {"instrument": INSTRUMENT | {"cusip": "037833101"}}),
    ("INSTRUMENT", "/instrument/isin", {"instrument": INSTRUMENT | {"isin": "US5949181045"}}),
    ("INSTRUMENT", "/instrument/mic", {"instrument": INSTRUMENT | {"mic": "XNYS"}}),
    ("UNKNOWN_TOKEN", "/instrument/token", {"instrument": INSTRUMENT | {"token": f"{CHAIN}/erc20:0x{20 * 'cc'}"}}),
]


@pytest.mark.parametrize(("code", "field", "change"), REJECTED)
def test_submit__one_record_not_valid__is_held_and_rejected_alone(gateway, code, field, change):
    made = Maker()
    made.listing(finality="FINAL")
    made.transfer(1)
    if "body" in change and "rawQty" in change["body"]:
        change = {"body": made.made[1]["body"] | change["body"]}
    wrong = made.transfer(2, **change)
    made.listing(2, at=12, instrument=INSTRUMENT)

    answer = gateway.post(made.submission())

    ids = [record["recordId"] for record in made.made]
    assert answer.status_code == 200
    assert said(answer.json()) == [
        (1, "RECEIVED", 1, 4, ids[3], None, None),
        (2, "VALIDATED", 1, 2, ids[1], None, None),
        (3, "REJECTED", 3, 3, ids[2], code, field),
        (4, "VALIDATED", 4, 4, ids[3], None, None),
    ]
    assert answer.json()["next"] == 5
    kept = gateway.get(f"records/{ids[2]}")
    assert (kept["status"], kept["code"], kept["field"], kept["record"]) == ("REJECTED", code, field, wrong)


@pytest.mark.parametrize(("part", "name", "ours"), [(None, "eventType", "event_type"), ("body", "rawQty", "raw_qty")])
def test_submit__a_record_in_names_that_are_not_published__is_rejected(gateway, part, name, ours):
    made = Maker()
    made.listing(finality="FINAL")
    made.transfer(1)
    record = made.made[1]
    where = record[part] if part else record
    where[ours] = where.pop(name)
    record["recordId"] = record_id(record)

    answer = gateway.post(made.submission())

    field = f"/{part}/{name}" if part else f"/{name}"
    assert said(answer.json())[2:] == [(3, "REJECTED", 2, 2, record["recordId"], "SCHEMA", field)]


def test_submit__a_submission_in_names_that_are_not_published__is_none(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    sent = made.submission()
    sent["sent_time"] = sent.pop("sentTime")

    answer = gateway.post(sent)

    assert answer.status_code == 422
    assert answer.json() == {"error": "This is no submission: /sentTime: Field required."}


def test_submit__a_correction_of_a_rejected_record__is_validated(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    wrong = made.transfer(1, instrument=INSTRUMENT | {"isin": "US0378331006"})
    made.about(wrong, "CORRECT", "PROVISIONAL", "ISIN", instrument=INSTRUMENT)
    made.transfer(2)

    answer = gateway.post(made.submission()).json()

    assert [ack[1:4] for ack in said(answer)[1:]] == [("VALIDATED", 1, 1), ("REJECTED", 2, 2), ("VALIDATED", 3, 4)]


def test_submit__a_reversed_number_reported_again__is_validated_and_once_only(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    first, second = made.transfer(1), made.transfer(2)
    made.reversed(first)
    made.reversed(second)
    again = made.transfer(1, at=12)
    made.final(again)
    answer = gateway.post(made.submission()).json()
    assert [ack[1:4] for ack in said(answer)[1:]] == [("VALIDATED", 1, 7)]

    made.transfer(1, at=13)
    assert said(gateway.post(made.submission(8)).json())[1][5:] == ("STREAM_SEQUENCE", "/stream/sequence")


def test_submit__a_rejected_duplicate_reversed__the_number_is_still_taken(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    made.transfer(1)
    made.reversed(made.transfer(1, at=12))
    made.transfer(2)
    made.transfer(1, at=13)

    acks = said(gateway.post(made.submission()).json())

    assert [ack[1:4] + ack[5:6] for ack in acks[1:]] == [
        ("VALIDATED", 1, 2, None),
        ("REJECTED", 3, 3, "STREAM_SEQUENCE"),
        ("VALIDATED", 4, 5, None),
        ("REJECTED", 6, 6, "STREAM_SEQUENCE"),
    ]


def test_submit__a_reversed_number_with_a_rejected_duplicate__is_free_once_both_are_reversed(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    first, second = made.transfer(1), made.transfer(1, at=12)
    made.reversed(first)
    gateway.post(made.submission())

    made.transfer(1, at=13)
    made.reversed(second)
    made.transfer(1, at=14)
    early = made.made[4]
    acks = said(gateway.post(made.submission(5)).json())

    assert [ack[1:4] + ack[5:6] for ack in acks[1:]] == [
        ("REJECTED", 5, 5, "STREAM_SEQUENCE"),
        ("VALIDATED", 6, 6, None),
        ("REJECTED", 7, 7, "STREAM_SEQUENCE"),
    ]

    made.reversed(early)
    made.reversed(made.made[6])
    made.transfer(1, at=15)
    assert [ack[1:4] for ack in said(gateway.post(made.submission(8)).json())[1:]] == [("VALIDATED", 8, 10)]


def test_submit__what_was_ended_is_ended_again__is_rejected(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    first, second = made.transfer(1), made.transfer(2)
    final = made.final(first)
    made.reversed(second)
    gateway.post(made.submission())

    for ended in (first, second):
        made.final(ended)
        made.reversed(ended)
    made.reversed(final)

    acks = said(gateway.post(made.submission(6)).json())

    assert [ack[1:3] + ack[5:] for ack in acks[1:]] == [
        ("REJECTED", seq, "REFERENCE", "/refRecordId") for seq in range(6, 11)
    ]


def test_submit__a_record_that_ends_one_of_another_entry__is_rejected(gateway, maker):
    wrong = maker.about(
        maker.made[2], "CORRECT", "FINAL", "FINALIZED", **placed("0x" + 20 * "bb", "ShareToken", 1, 1, 11)
    )

    acks = said(gateway.post(maker.submission()).json())

    assert acks[2] == (3, "REJECTED", 5, 5, wrong["recordId"], "REFERENCE", "/stream/sequence")


def test_submit__a_token_that_reports_before_its_listing_does__is_believed_in_that_block(gateway):
    made = Maker()
    made.transfer(1, at=10)
    made.transfer(2, at=10)
    made.listing(at=10)
    made.transfer(3, at=11)
    assert [ack[1:4] for ack in said(gateway.post(made.submission()).json())[1:]] == [("VALIDATED", 1, 4)]


def test_submit__a_token_never_listed__is_rejected_from_the_next_block_on(gateway):
    made = Maker()
    made.transfer(1, at=10)
    made.transfer(2, at=11)
    assert said(gateway.post(made.submission()).json())[2][5:] == ("UNKNOWN_TOKEN", "/instrument/token")


def test_completeness__a_record_that_claims_a_number_far_ahead__is_answered_at_once(gateway):
    made = Maker()
    made.listing(finality="FINAL")
    made.transfer(1, finality="FINAL")
    made.transfer(2**53 - 1)
    gateway.post(made.submission())

    (result,) = gateway.get("completeness", stream=f"{CHAIN}:0x{20 * 'bb'}")["results"]

    assert (result["missing"], result["findings"]) == (
        2**53 - 3,
        [
            {
                "seq": None,
                "sequence": 2,
                "last": 2**53 - 2,
                "field": None,
                "problem": "no record of this entry is held",
            }
        ],
    )


def test_completeness__a_stream_that_another_only_names__is_judged_of_its_reporter_alone(gateway):
    register(gateway.store, "OTHER", OTHER.address)
    made, other = Maker(), Maker("OTHER")
    made.listing(finality="FINAL")
    made.transfer(1, finality="FINAL")
    other.transfer(7)
    gateway.post(made.submission())
    assert [ack["stage"] for ack in gateway.post(other.submission(signer=OTHER)).json()["acks"]] == [
        "RECEIVED",
        "REJECTED",
    ]

    def judged(**asked: str) -> list[str]:
        results = gateway.get("completeness", stream=f"{CHAIN}:0x{20 * 'bb'}", **asked)["results"]
        return [result["reporterId"] for result in results]

    assert judged() == ["TEST"]
    assert judged(reporter="TEST") == ["TEST"]
    assert judged(reporter="OTHER") == ["OTHER"]
