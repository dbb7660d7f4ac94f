"""Whatever a node does to a stream is found and named: the stream, the entry, what is wrong."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.records import ZERO_ADDRESS, Kind
from stockade.reporting import Fault
from stockade.reporting.entries import AmountFrozen, BatchWritten, Moved, RecordWritten, SettingsChanged, Upgraded
from stockade.reporting.streams import Head

STREAMS = ("registry", "ledger", "listings", "market", "AAPLs")


def altered(log, **changes):
    """A copy of a log with other fields."""
    return {**log, **changes}


def with_data(log, change):
    """A copy of a log whose data is changed as bytes."""
    return altered(log, data=HexBytes(change(bytes(log["data"]))))


def faults(stream):
    return list(map(str, stream.faults))


@pytest.mark.parametrize("name", STREAMS)
def test_follow__honest_logs__complete_and_chain_matches(deliveries, name):
    stream = deliveries[name].follow()

    assert stream.faults == ()
    assert (stream.gaps, stream.chain_matches) == (0, True)
    assert [entry.seq for entry in stream.entries] == list(range(1, stream.head.sequence + 1))


def test_follow__token__chain_is_the_formula_of_the_interface(deliveries):
    """Recomputed here from IShareToken's NatSpec, field by field."""
    delivery = deliveries["AAPLs"]
    chain = keccak(encode(["uint256", "address"], [delivery.chain_id, delivery.source.address]))[12:]
    for entry in delivery.follow().entries:
        content = entry.content
        match content:
            case Moved():
                source, target, amount, ref = content.source, content.target, content.amount, content.ref
            case AmountFrozen():
                source, target, amount, ref = content.account, ZERO_ADDRESS, content.amount, content.ref
            case SettingsChanged():
                source, target, amount, ref = ZERO_ADDRESS, ZERO_ADDRESS, content.settings, bytes(32)
            case Upgraded():
                source, target, amount, ref = ZERO_ADDRESS, content.implementation, 0, bytes(32)
        types = ["uint160", "uint32", "uint8", "address", "address", "address", "uint256", "bytes32", "uint40"]
        values = [entry.seq, entry.kind, entry.operator, source, target, amount, ref, entry.timestamp]
        chain = keccak(encode(types, [int.from_bytes(chain, "big"), *values]))[12:]

    assert int.from_bytes(chain, "big") == delivery.head.chain


def test_follow__records_of_a_batch__carry_its_operator_and_time(deliveries, keys):
    entries = deliveries["registry"].follow().entries
    (batch,) = [entry for entry in entries if isinstance(entry.content, BatchWritten) and entry.content.rows == 20]
    rows = entries[batch.seq : batch.seq + 20]

    assert all(isinstance(row.content, RecordWritten) for row in rows)
    assert {(row.operator, row.timestamp) for row in rows} == {(keys.registrar.address, batch.timestamp)}


# ---------------------------------------------------------------- missing


@pytest.mark.parametrize("name", STREAMS)
def test_follow__one_log_dropped__named_as_missing(deliveries, name):
    logs = deliveries[name].logs

    stream = deliveries[name].follow(logs[:4] + logs[5:])

    assert faults(stream) == [f"{name} 5: missing"]
    assert (stream.gaps, stream.chain_matches) == (1, False)


def test_follow__a_run_and_the_tail_cut__each_named(deliveries):
    delivery = deliveries["AAPLs"]
    last = delivery.head.sequence

    stream = delivery.follow(delivery.logs[:4] + delivery.logs[7:-2])

    assert faults(stream) == ["AAPLs 5-7: missing", f"AAPLs {last - 1}-{last}: missing"]
    assert (stream.gaps, stream.chain_matches) == (5, False)


def test_follow__nothing_delivered__all_missing(deliveries):
    stream = deliveries["ledger"].follow([])

    assert faults(stream) == [f"ledger 1-{stream.head.sequence}: missing"]
    assert stream.entries == ()


# ---------------------------------------------------------------- altered


@pytest.mark.parametrize("name", STREAMS)
def test_follow__a_byte_altered__traced_to_its_entry(deliveries, name):
    logs = list(deliveries[name].logs)
    # The last byte of the operator.
    place = next(
        i for i, log in enumerate(logs) if i > 8 and sum(x["blockNumber"] == log["blockNumber"] for x in logs) == 1
    )
    logs[place] = with_data(logs[place], lambda data: data[:31] + bytes([data[31] ^ 1]) + data[32:])

    stream = deliveries[name].follow(logs)

    assert faults(stream) == [f"{name} {place + 1}: altered: the contract's chain is another"]
    assert (stream.gaps, stream.chain_matches) == (0, False)


def test_follow__an_amount_altered__traced_to_its_entry(deliveries):
    delivery = deliveries["AAPLs"]
    entry = next(e for e in delivery.follow().entries if e.kind == Kind.TRANSFER)
    logs = list(delivery.logs)
    logs[entry.seq - 1] = with_data(logs[entry.seq - 1], lambda data: data[:96] + b"\x07" * 32 + data[128:])

    stream = delivery.follow(logs)

    assert faults(stream) == [f"AAPLs {entry.seq}: altered: the contract's chain is another"]
    assert stream.entries[entry.seq - 1].content.amount == int.from_bytes(b"\x07" * 32, "big")


def test_follow__one_of_many_in_a_block_altered__the_block_is_named(deliveries):
    delivery = deliveries["registry"]
    batch = next(e for e in delivery.follow().entries if isinstance(e.content, BatchWritten) and e.content.rows == 20)
    logs = list(delivery.logs)
    wallet = HexBytes(bytes(31) + b"\x01")
    logs[batch.seq + 3] = altered(logs[batch.seq + 3], topics=[logs[batch.seq + 3]["topics"][0], wallet])

    stream = delivery.follow(logs)

    block = batch.place.block
    assert faults(stream) == [f"registry {batch.seq}-{batch.seq + 20}: one of these, all of block {block}, was altered"]


def test_follow__altered_and_the_node_has_no_older_state__says_so(deliveries):
    delivery = deliveries["AAPLs"]
    logs = list(delivery.logs)
    logs[9] = with_data(logs[9], lambda data: data[:-1] + b"\xff")

    stream = delivery.follow(logs, head_at=lambda block: None)

    assert faults(stream) == [f"AAPLs 1-{len(logs)}: something here was altered; a node with older state can say what"]


def test_follow__two_numbers_exchanged__named(deliveries):
    delivery = deliveries["AAPLs"]
    logs = list(delivery.logs)
    fifth, sixth = logs[4]["topics"], logs[5]["topics"]
    logs[4] = altered(logs[4], topics=[fifth[0], sixth[1], fifth[2]])
    logs[5] = altered(logs[5], topics=[sixth[0], fifth[1], sixth[2]])

    stream = delivery.follow(logs)

    assert faults(stream)[0] == "AAPLs 5: out of order: delivered after 6"
    assert not stream.chain_matches


def test_follow__another_chain__start_differs_and_the_first_is_named(deliveries):
    delivery = deliveries["MSFTs"]

    stream = delivery.follow(head_at=delivery.head_at, head=delivery.head)
    elsewhere = type(delivery)(delivery.source, 1, delivery.logs, delivery.head, delivery.head_at).follow()

    assert stream.chain_matches
    assert faults(elsewhere) == [
        f"MSFTs 1-2: one of these, all of block {delivery.logs[0]['blockNumber']}, was altered"
    ]


# ---------------------------------------------------------------- delivered wrongly


@pytest.mark.parametrize("name", STREAMS)
def test_follow__reordered__named_though_the_chain_matches(deliveries, name):
    logs = list(deliveries[name].logs)
    logs[4], logs[5] = logs[5], logs[4]

    stream = deliveries[name].follow(logs)

    assert faults(stream) == [f"{name} 5: out of order: delivered after 6"]
    assert stream.chain_matches


def test_follow__place_on_the_chain_contradicts_the_number__named(deliveries):
    logs = list(deliveries["AAPLs"].logs)
    logs[4] = altered(logs[4], blockNumber=logs[-1]["blockNumber"] + 1)

    stream = deliveries["AAPLs"].follow(logs)

    assert faults(stream)[0] == "AAPLs 6: out of order: stands before 5 on the chain"


def test_follow__delivered_twice__named_once_counted_once(deliveries):
    delivery = deliveries["ledger"]

    stream = delivery.follow([*delivery.logs[:3], *delivery.logs[2:]])

    assert faults(stream) == ["ledger 3: delivered twice"]
    assert (len(stream.entries), stream.chain_matches) == (delivery.head.sequence, True)


def test_follow__two_different_entries_with_one_number__named(deliveries):
    delivery = deliveries["AAPLs"]
    forged = with_data(delivery.logs[2], lambda data: data[:-1] + bytes([data[-1] ^ 1]))

    stream = delivery.follow([*delivery.logs[:3], forged, *delivery.logs[3:]])

    assert faults(stream) == ["AAPLs 3: two different entries bear this number"]
    assert stream.chain_matches


def test_follow__beyond_the_head__never_reported(deliveries):
    delivery = deliveries["AAPLs"]
    last, beyond = delivery.head.sequence, HexBytes((10_000).to_bytes(32, "big"))
    topics = delivery.logs[-1]["topics"]

    stream = delivery.follow([*delivery.logs, altered(delivery.logs[-1], topics=[topics[0], beyond, topics[2]])])

    assert faults(stream) == [f"AAPLs 10000: never reported: the contract's last is {last}"]
    assert (len(stream.entries), stream.chain_matches) == (last, True)


# ---------------------------------------------------------------- not readable


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: altered(log, topics=[]),
        lambda log: altered(log, topics=[HexBytes(b"\x01" * 32), *log["topics"][1:]]),
        lambda log: altered(log, topics=log["topics"][:2]),
        lambda log: altered(log, data=HexBytes(b"")),
        lambda log: altered(log, data=HexBytes(b"\xff" * 320)),
        lambda log: altered(log, data=None),
        lambda log: altered(log, blockNumber="?"),
        lambda log: {"address": log["address"]},
    ],
)
@pytest.mark.parametrize("name", STREAMS)
def test_follow__a_log_spoilt__said_and_never_a_crash(deliveries, name, spoil):
    logs = list(deliveries[name].logs)
    logs[2] = spoil(logs[2])

    stream = deliveries[name].follow(logs)

    assert any("cannot be read as an entry" in fault for fault in faults(stream))
    assert not stream.chain_matches


@pytest.mark.parametrize("data", [b"", b"\x01" * 31, b"\xff" * 32])
def test_follow__the_log_of_a_record_spoilt__said_and_never_a_crash(deliveries, data):
    delivery = deliveries["registry"]
    row = next(entry.seq for entry in delivery.follow().entries if isinstance(entry.content, RecordWritten))
    logs = list(delivery.logs)
    logs[row - 1] = altered(logs[row - 1], data=HexBytes(data))

    stream = delivery.follow(logs)

    assert f"registry {row}: missing" in faults(stream)
    assert len(faults(stream)) == 2


def test_follow__kind_of_a_later_version__said_but_still_chained(deliveries):
    """An entry this version does not know is no gap: the chain covers it."""
    delivery = deliveries["MSFTs"]
    logs = list(delivery.logs[:1])
    logs[0] = altered(logs[0], topics=[*logs[0]["topics"][:2], HexBytes((99).to_bytes(32, "big"))])
    (entry,) = delivery.follow(logs, head=Head(1, 0)).entries
    chain = keccak(encode(["uint256", "address"], [delivery.chain_id, delivery.source.address]))[12:]

    stream = delivery.follow(logs, head=Head(1, entry.link(int.from_bytes(chain, "big"))))

    assert stream.chain_matches
    assert stream.faults == (Fault("MSFTs", "kind 99 is unknown or holds other data", 1),)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_follow__any_bit_of_any_log__found(deliveries, data):
    """No bit of what is reported can be altered unseen, and none makes it stumble."""
    name = data.draw(st.sampled_from(STREAMS))
    logs = [dict(log) for log in deliveries[name].logs]
    log = logs[data.draw(st.integers(0, len(logs) - 1))]
    parts = [*map(bytes, log["topics"]), bytes(log["data"])]
    part = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    value = int.from_bytes(parts[part], "big") ^ (1 << bit)
    parts[part] = value.to_bytes(len(parts[part]), "big")
    log["topics"], log["data"] = [HexBytes(topic) for topic in parts[:-1]], HexBytes(parts[-1])

    stream = deliveries[name].follow(logs)

    # Padding behind a `bytes` value is the only thing that says nothing.
    honest = deliveries[name].follow()
    assert stream.faults or stream.entries == honest.entries
