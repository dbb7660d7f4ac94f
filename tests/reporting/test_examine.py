"""What `stockade verify` says of a gateway that holds a whole life, and of one that was changed or lies."""

from __future__ import annotations

from stockade.wire.canonical import canonical, record_id
from tests.reporting.examined import findings, moved, tamper, verify
from tests.reporting.made import GATEWAY, REPORTER, Listening


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


def test_verify__a_signer_mistyped__is_not_the_gateways_fault(full, told):
    status, said = verify(full, told, "--signer", GATEWAY.address.lower())

    assert (status, "--signer: " in said, "fails its EIP-55 checksum" in said) == (2, True, True), said
    assert verify(full, told, "--signer", GATEWAY.address)[0] == 0


def test_verify__no_gateway_there__one_sentence(told, full):
    gone = Listening(full.store, "http://127.0.0.1:9", full.client)

    status, said = verify(gone, told)

    assert (status, said.strip()) == (1, "Error: No gateway answers at the given address (ConnectError).")
