"""What is accepted of a stream beyond what a real one holds: the contract's own word decides."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from stockade.records import Kind
from stockade.reporter.node import Header
from stockade.reporter.reading import Contradiction, Reading
from stockade.reporter.tips import beginning, go_on
from stockade.reporting.decode import STREAM_REPORTED, TOKEN_REPORTED, decode
from stockade.reporting.entries import start_of_chain
from stockade.reporting.streams import Head, Source

CHAIN_ID = 31337
ADDRESS, OPERATOR = (to_checksum_address(f"0x{digit * 20}") for digit in ("aa", "bb"))
HEADER = Header(7, b"\x07" * 32, b"\x06" * 32, 1_800_000_000)
LEDGER, TOKEN = Source("ledger", "CustodyLedger", ADDRESS), Source("AAPLs", "ShareToken", ADDRESS)
UNKNOWN = 99


def log(topic: bytes, kind: int, data: bytes) -> Any:
    topics = [topic, (1).to_bytes(32), int(kind).to_bytes(32)]
    place = {"blockNumber": HEADER.number, "blockHash": HEADER.hash, "logIndex": 0, "transactionHash": b"\x01" * 32}
    return {"address": ADDRESS, "topics": topics, "data": data, **place}


def of_unknown_kind(content: bytes = b"of a later version") -> Any:
    data = encode(["address", "uint40", "bytes"], [OPERATOR, HEADER.timestamp, content])
    return log(STREAM_REPORTED, UNKNOWN, data)


def burn(amount: int) -> Any:
    types = ["address", "address", "address", "uint256", "bytes32", "uint40"]
    values = [OPERATOR, OPERATOR, to_checksum_address(bytes(20)), amount, bytes(32), HEADER.timestamp]
    return log(TOKEN_REPORTED, Kind.BURN, encode(types, values))


def read(source: Source, served: Any, held: Any) -> Any:
    """What follows when a log is served, and the contract's storage is as after another."""
    head = Head(1, decode(source.contract, held).link(start_of_chain(CHAIN_ID, ADDRESS)))
    reading = Reading(7, HEADER, {7: HEADER}, [served], {ADDRESS: head}, (), {})
    return go_on({ADDRESS: beginning(CHAIN_ID, source)}, reading, CHAIN_ID)


def test_go_on__a_kind_that_is_unknown__is_a_fact_without_content():
    (fact,), tips = read(LEDGER, of_unknown_kind(), of_unknown_kind())

    assert (fact.entry.kind, fact.entry.content, fact.account, fact.target, fact.amount) == (99, None, None, None, None)
    assert (tips[ADDRESS].sequence, tips[ADDRESS].chain) == (1, fact.chain)


def test_go_on__a_kind_that_is_unknown_and_that_the_contract_did_not_report__contradiction():
    with pytest.raises(Contradiction, match="ledger: 1: up to here something is not what the contract reported"):
        read(LEDGER, of_unknown_kind(), of_unknown_kind(b"another"))


def test_go_on__more_burnt_than_there_is__contradiction():
    with pytest.raises(Contradiction, match="AAPLs: 1: no supply is -1 raw"):
        read(TOKEN, burn(1), burn(1))
    read(TOKEN, burn(0), burn(0))
