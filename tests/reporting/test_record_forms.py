"""Any entry becomes a record that its schema allows, exactly, and one value has one text. No chain is needed."""

from __future__ import annotations

import json
from decimal import Context as Digits
from decimal import Decimal
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stockade.records import InvestorRecord, Kind, Scope, Status
from stockade.reporter.derive import Deriver
from stockade.reporter.parties import Parties
from stockade.reporter.tips import Fact
from stockade.reporting import decode as decoding
from stockade.reporting.decode import STREAM_REPORTED, TOKEN_REPORTED, decode
from stockade.reporting.entries import AmountFrozen, Content, DocumentSet, Entry, Moved, Place, RecordWritten
from stockade.reporting.streams import Source
from stockade.wire.canonical import canonical, record_id
from stockade.wire.envelope import NO_RECORD, RECORD_SCHEMA, EventType
from stockade.wire.fields import basis, classes, day, flags, milliseconds, second
from stockade.wire.record import Record, kind_name
from tests.reporting.records import PARTY_KEY

ADDRESS = "0x" + "aB" * 20
OTHER = "0x" + "0000000000000000000000000000000000000007"[:40]
HASH = "0x" + 32 * "ab"


def fact_of(contract: str, entry: Entry, supply: int | None = None) -> Fact:
    source = Source("it", contract, "0x" + "11" * 20)
    return Fact(source, entry, entry.operator, entry.timestamp, None, None, None, supply, b"", b"", 5)


def entry_of(kind: int, content: Content | None, **changes: Any) -> Entry:
    given_ = {"operator": ADDRESS, "timestamp": 1_790_000_000, "transaction": HASH, "tail": b"tail"}
    return Entry(seq=3, kind=kind, content=content, place=Place(7, 1), **given_ | changes)


def record_of(contract: str, entry: Entry, supply: int | None = None) -> dict[str, Any]:
    """The record of one entry alone: nothing was learnt before."""
    fact = fact_of(contract, entry, supply)
    record = {
        "schema": RECORD_SCHEMA,
        "reporterId": "TEST",
        "seq": 1,
        "prevHash": NO_RECORD,
        "eventKey": f"eip155:31337/{HASH}/1",
        "eventTime": second(entry.timestamp),
        "recordedTime": milliseconds(1_790_000_000_123),
        "finality": "PROVISIONAL",
        "action": "NEW",
        "refRecordId": None,
        "reasonCode": None,
        "stream": {
            "address": f"eip155:31337:{fact.source.address}",
            "contract": contract,
            "sequence": entry.seq,
            "kind": entry.kind,
            "chain": f"0x{fact.chain:040x}",
        },
        "block": {"number": entry.place.block, "hash": HASH},
        **Deriver(Parties(PARTY_KEY, 31337)).derive(fact),
    }
    record["recordId"] = record_id(record)
    assert Record.read_json(canonical(record)).to_json() == record
    return record


def moved(amount: int = 5 * 10**17, **changes: Any) -> Entry:
    return entry_of(Kind.TRANSFER, Moved(Kind.TRANSFER, ADDRESS, OTHER, amount, bytes(32)), **changes)


# ---------------------------------------------------------------- exactness


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_amounts__any_uint256__exact_in_raw_and_in_shares(amount, supply):
    mint = entry_of(Kind.MINT, Moved(Kind.MINT, OTHER, ADDRESS, amount, bytes(32)))
    body = record_of("ShareToken", mint, supply)["body"]

    for shares, raw, units in (("shares", "rawQty", amount), ("supplyShares", "supplyRawQty", supply)):
        assert int(body[raw]) == units
        assert Decimal(body[shares]).scaleb(18, Digits(prec=100)) == units
        assert "." not in body[shares] or body[shares][-1] not in "0."


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_texts__any_bytes__have_one_form(uri, name):
    document = DocumentSet(ADDRESS, name, uri, b"\1" * 32)
    record = record_of("ListingRegistry", entry_of(5, document))

    assert json.loads(canonical(record).encode()) == record
    assert "\0" not in canonical(record)


@given(st.text())
def test_texts__any_text__stands_as_it_was(text):
    document = DocumentSet(ADDRESS, b"name", text.encode("utf-8", "surrogatepass"), b"\1" * 32)
    said = record_of("ListingRegistry", entry_of(5, document))["body"]["uri"]

    assert said == text if not any("\ud800" <= char <= "\udfff" for char in text) else said.isascii() or said


def values(kind: str) -> st.SearchStrategy[Any]:
    """Values of an ABI type; small numbers more often, for they are the names."""
    if kind.endswith("[]"):
        return st.lists(values(kind[:-2]), max_size=3)
    if kind.startswith("("):
        return st.tuples(*map(values, kind[1:-1].split(",")))
    if kind.startswith("uint"):
        return st.integers(0, 5) | st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind == "bytes":
        return st.binary(max_size=70)
    if kind.startswith("bytes"):
        size = int(kind[5:])
        return st.binary(max_size=size).map(lambda found: found.ljust(size, b"\0"))
    return st.booleans() if kind == "bool" else st.binary(min_size=20, max_size=20).map(lambda at: "0x" + at.hex())


KINDS = [(contract, int(kind)) for contract, layouts in decoding._LAYOUTS.items() for kind in layouts]


@pytest.mark.parametrize(("contract", "kind"), KINDS, ids=lambda it: str(it))
@settings(max_examples=10)
@given(data=st.data())
def test_derive__any_log_of_a_kind__is_a_record_of_that_kind(contract, kind, data):
    types, _ = decoding._LAYOUTS[contract][kind]
    change = abi_encode(types, [data.draw(values(each)) for each in types])
    topics = [STREAM_REPORTED, (3).to_bytes(32, "big"), kind.to_bytes(32, "big")]
    body = abi_encode(["address", "uint40", "bytes"], [ADDRESS, 1_790_000_000, change])
    log = {"blockNumber": 7, "logIndex": 1, "topics": topics, "data": body, "transactionHash": b"\1" * 32}
    entry = decode(contract, log)
    said = record_of(contract, entry)["body"]["kind"]

    assert said == (kind_name(contract, kind) if entry.content else "unreadable")


@given(st.integers(0, 12), st.integers(0, 2**256 - 1), st.binary(min_size=32, max_size=32))
def test_derive__any_log_of_a_token__is_a_record(kind, amount, ref):
    data = abi_encode(
        ["address", "address", "address", "uint256", "bytes32", "uint40"],
        [ADDRESS, ADDRESS, OTHER, amount, ref, 1_790_000_000],
    )
    topics = [TOKEN_REPORTED, (3).to_bytes(32, "big"), kind.to_bytes(32, "big")]
    log = {"blockNumber": 7, "logIndex": 1, "topics": topics, "data": data, "transactionHash": b"\1" * 32}

    record_of("ShareToken", decode("ShareToken", log), 0)


@given(st.integers(0, 2**168 - 1))
def test_derive__any_word_of_a_record__is_a_record(word):
    try:
        written = RecordWritten(ADDRESS, InvestorRecord.unpack(word))
    except ValueError:
        written = None  # a status that does not exist
    record_of("InvestorRegistry", entry_of(2, written))


# ---------------------------------------------------------------- what cannot be said


def test_derive__unknown_kind__is_told_by_its_hash():
    record = record_of("SuiteAuthority", entry_of(99, None, tail=b"whatever it was"))

    assert record["eventType"] == EventType.AUTHORITY
    assert record["body"] == {"kind": "unreadable", "contentHash": "0x" + keccak(b"whatever it was").hex()}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "9999-12-31T23:59:59Z"),
        (2**40 - 1, "9999-12-31T23:59:59Z"),
    ],
)
def test_second__to_the_calendars_end_and_beyond(seconds, text):
    assert second(seconds) == text


def test_names__of_numbers_that_have_none__by_family_and_number():
    assert basis(b"\x09" + bytes(31)) == "BASIS_9"
    assert classes(1 << 1 | 1 << 12) == ["RETAIL", "CLASS_12"]
    assert flags(Scope, 1 | 1 << 9, "SCOPE") == ["HOLD", "SCOPE_9"]
    assert day(2**32 - 1) == "9999-12-31"


def test_participant__without_a_record__says_no_class_and_no_end():
    nothing = InvestorRecord(0, 0, 0, 0, 0, Scope(0), Status.NONE)
    body = record_of("InvestorRegistry", entry_of(2, RecordWritten(ADDRESS, nothing)))["body"]

    assert (body["status"], body["investorClass"], body["expiresAt"]) == ("NONE", None, None)


@pytest.mark.parametrize(("amount", "event"), [(1, "FREEZE"), (0, "UNFREEZE")])
def test_freeze__of_nothing__is_an_unfreeze(amount, event):
    frozen = record_of("ShareToken", entry_of(Kind.FREEZE, AmountFrozen(ADDRESS, amount, bytes(32))), 0)

    assert (frozen["eventType"], frozen["body"]["legalBasis"], frozen["body"]["orderRef"]) == (event, "UNSTATED", None)


@pytest.mark.parametrize(("operator", "reason"), [(ADDRESS, "OWN"), (OTHER, "PLATFORM")])
def test_transfer__by_another__is_a_platforms(operator, reason):
    assert record_of("ShareToken", moved(operator=operator), 0)["body"]["reason"] == reason


# ---------------------------------------------------------------- one text, one id


def test_record_id__of_a_record__is_this_one():
    """Pinned: whoever changes the form of records needs another version of the schema."""
    assert record_of("ShareToken", moved(), 0)["recordId"] == PINNED


@settings(max_examples=20)
@given(st.randoms())
def test_canonical__keys_in_any_order__one_text(chance):
    record = record_of("ShareToken", moved(), 0)

    assert canonical(_shuffled(record, chance)) == canonical(record)
    assert canonical(json.loads(canonical(record))) == canonical(record)


def _shuffled(value: Any, chance: Any) -> Any:
    if not isinstance(value, dict):
        return value
    keys = list(value)
    chance.shuffle(keys)
    return {key: _shuffled(value[key], chance) for key in keys}


def test_record_id__any_field_changed__another_id():
    record = record_of("ShareToken", moved(), 0)
    ids = [record["recordId"]]
    for way in _ways(record):
        other = json.loads(canonical(record))
        inner = other
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = "another"
        ids.append(record_id(other))

    assert len(ids) == 31
    assert len(set(ids)) == len(ids)


def _ways(value: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The way to every field but the record's own id."""
    found = []
    for key, each in value.items():
        if isinstance(each, dict):
            found += _ways(each, (*before, key))
        elif key != "recordId":
            found.append((*before, key))
    return found


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"eventType": "MINT"}, "body token.TRANSFER is no MINT"),
        ({"stream": {"kind": 2}}, "body token.TRANSFER is not what kind 2 of ShareToken says"),
        ({"stream": {"contract": "CustodyLedger"}}, "body token.TRANSFER is not what kind 1 of CustodyLedger says"),
        ({"action": "CORRECT"}, "only a record that corrects or cancels another refers to it and says why"),
        ({"refRecordId": HASH}, "only a record that corrects or cancels another refers to it and says why"),
        ({"reasonCode": "REORG"}, "only a record that corrects or cancels another refers to it and says why"),
        ({"finality": "REVERSED"}, "a record is reversed exactly when it cancels another"),
        (
            {"action": "CANCEL", "refRecordId": HASH, "reasonCode": "REORG"},
            "a record is reversed exactly when it cancels another",
        ),
        ({"body": {"rawQty": str(2**256)}}, "more than 256 bits"),
        ({"body": {"rawQty": "007"}}, "String should match pattern"),
        ({"body": {"shares": "0.50"}}, "String should match pattern"),
        ({"body": {"shares": 0.5}}, "Input should be a valid string"),
        ({"body": {"wallet": ADDRESS}}, "Extra inputs are not permitted"),
        ({"body": {"to": ADDRESS}}, "String should match pattern"),
        ({"seq": 2**53}, "Input should be less than 9007199254740992"),
        ({"eventTime": "2026-09-20T00:00:00+02:00"}, "String should match pattern"),
    ],
)
def test_record__not_as_agreed__is_refused(changes, says):
    record = record_of("ShareToken", moved(), 0)
    for key, value in changes.items():
        record[key] = record[key] | value if isinstance(value, dict) else value

    with pytest.raises(ValidationError, match=says):
        Record.read_json(canonical(record))


def test_record__cancelled__refers_and_says_why():
    record = record_of("ShareToken", moved(), 0)
    record |= {"action": "CANCEL", "finality": "REVERSED", "refRecordId": HASH, "reasonCode": "REORG"}

    assert Record.read_json(canonical(record)).ref_record_id == HASH


PINNED = "0x9323f55abd5e4188b68e74ed506aa50ede54d750866a15d814f8172a4cca69c9"
