"""Records of a suite's streams, without a store: what the recorder would make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from stockade.records import Kind
from stockade.reporter.derive import Deriver
from stockade.reporter.parties import Parties
from stockade.reporting.entries import Moved
from stockade.reporting.streams import Stream, chains_of
from stockade.suite import Deployment
from stockade.wire.canonical import record_id
from stockade.wire.envelope import NO_RECORD, RECORD_SCHEMA
from stockade.wire.fields import milliseconds, second

PARTY_KEY = bytes(range(32))
RECORDED = 1_800_000_000_123


def parties_of(deployment: Deployment) -> Parties:
    return Parties(PARTY_KEY, deployment.chain_id, [*deployment.addresses.values()])


def facts_of(streams: Iterable[Stream], chain_id: int) -> list[Any]:
    """Every entry of every stream, in the order of the chain."""
    found = []
    for stream in streams:
        chains, supply = chains_of(stream.source, chain_id, stream.entries)[1:], 0
        for entry, chain in zip(stream.entries, chains, strict=True):
            if isinstance(moved := entry.content, Moved):
                supply += {Kind.MINT: moved.amount, Kind.BURN: -moved.amount}.get(moved.kind, 0)
            fact = {"source": stream.source, "entry": entry, "operator": entry.operator, "timestamp": entry.timestamp}
            found.append(SimpleNamespace(**fact, supply=supply, chain=chain))
    return sorted(found, key=lambda fact: fact.entry.place)


def records_of(deriver: Deriver, facts: list[Any], chain_id: int, hashes: Mapping[int, str]) -> list[dict[str, Any]]:
    """Numbered, chained, all FINAL. `hashes`: of the blocks."""
    deriver.expect(facts)
    found: list[dict[str, Any]] = []
    for seq, fact in enumerate(facts, start=1):
        entry, caip = fact.entry, f"eip155:{chain_id}"
        record = {
            "schema": RECORD_SCHEMA,
            "reporterId": "TEST",
            "seq": seq,
            "prevHash": found[-1]["recordId"] if found else NO_RECORD,
            "eventKey": f"{caip}/{entry.transaction}/{entry.place.log}",
            "eventTime": second(fact.timestamp),
            "recordedTime": milliseconds(RECORDED),
            "finality": "FINAL",
            "action": "NEW",
            "refRecordId": None,
            "reasonCode": None,
            "stream": {
                "address": f"{caip}:{fact.source.address.lower()}",
                "contract": fact.source.contract,
                "sequence": entry.seq,
                "kind": entry.kind,
                "chain": f"0x{fact.chain:040x}",
            },
            "block": {"number": entry.place.block, "hash": hashes[entry.place.block]},
            **deriver.derive(fact),
        }
        found.append(record | {"recordId": record_id(record)})
    return found
