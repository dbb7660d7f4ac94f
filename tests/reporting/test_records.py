"""Records made of a whole life: each kind as it was written down once, whole by its schema, and nobody named in any."""

from __future__ import annotations

from typing import Any

import pytest

from stockade.reporter.derive import Deriver
from stockade.wire.canonical import canonical
from stockade.wire.record import EVENTS, Record
from tests.reporting.records import facts_of, parties_of, records_of


@pytest.fixture(scope="module")
def records(life, streams) -> list[dict[str, Any]]:
    deployment = life.suite.deployment
    facts = facts_of(streams.values(), deployment.chain_id)
    w3 = life.suite.w3
    hashes = {fact.entry.place.block: "" for fact in facts}
    hashes = {number: "0x" + bytes(w3.eth.get_block(number)["hash"]).hex() for number in hashes}
    return records_of(Deriver(parties_of(deployment)), facts, deployment.chain_id, hashes)


def test_records__whole_life__every_kind_is_there_and_whole(records):
    for record in records:
        Record.model_validate_json(canonical(record))
    assert {record["body"]["kind"] for record in records} == set(EVENTS) - {"authority.ANCHORED"}
