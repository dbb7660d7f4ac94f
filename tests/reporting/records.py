"""A life on the embedded chain, followed into a store: what the follower does with what a node serves over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stockade.reporter import facts as kept
from stockade.reporter.derive import Deriver
from stockade.reporter.node import Header
from stockade.reporter.parties import Parties
from stockade.reporter.reading import Reading
from stockade.reporter.recorder import Recorder
from stockade.reporter.tips import Fact, beginning, go_on
from stockade.reporting.reading import read_logs
from stockade.reporting.streams import Source, heads_of
from stockade.store import Store, open_store, tables
from stockade.suite import Deployment, Suite
from tests.reporting.life import Life

PARTY_KEY = bytes(range(32))
RECORDED = 1_800_000_000_123


def parties_of(deployment: Deployment) -> Parties:
    return Parties(PARTY_KEY, deployment.chain_id, [*deployment.addresses.values()])


def facts_of(suite: Suite, sources: list[Source]) -> tuple[list[Fact], dict[int, Header]]:
    """Every report so far, in the order of the chain, and the headers of their blocks."""
    w3, chain_id = suite.w3, suite.deployment.chain_id
    end = w3.eth.block_number
    delivered = read_logs(w3, [source.address for source in sources], suite.deployment.block, end)
    logs = sorted(
        (log for of in delivered.values() for log in of), key=lambda log: (log["blockNumber"], log["logIndex"])
    )
    headers = {}
    for number in sorted({log["blockNumber"] for log in logs} | {end}):
        block = w3.eth.get_block(number)
        headers[number] = Header(number, bytes(block["hash"]), bytes(block["parentHash"]), block["timestamp"])
    heads = dict(zip((source.address for source in sources), heads_of(suite, sources, end), strict=True))
    reading = Reading(0, headers[end], headers, logs, heads, (), {})
    facts, _ = go_on({source.address: beginning(chain_id, source) for source in sources}, reading, chain_id)
    return facts, headers


def follow_life(life: Life, sources: list[Source], path: Path) -> Store:
    """A store with the facts and the records of a life, all final."""
    store, deployment = open_store(f"sqlite:///{path}"), life.suite.deployment
    facts, headers = facts_of(life.suite, sources)
    recorder = Recorder("TEST", deployment.chain_id, Deriver(parties_of(deployment)))
    with store.write() as connection:
        since = [(source, deployment.block) for source in sources]
        kept.add(connection, deployment, headers.values(), since, facts)
        recorder.included(connection, facts, headers, life.suite.w3.eth.block_number, RECORDED)
    return store


def records_in(store: Store) -> list[dict[str, Any]]:
    """Every record, as it would be sent."""
    with store.read() as connection:
        bodies = connection.execute(select(tables.record.c.body).order_by(tables.record.c.seq)).scalars()
        return [json.loads(body) for body in bodies]
