"""What must be true after a storm, whatever happened in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
from sqlalchemy import select

from stockade.reporting.streams import intact, read_streams
from stockade.store import Store, open_store, tables
from stockade.wire.canonical import canonical
from tests.storm.storm import Storm


def require_whole(storm: Storm) -> tuple[int, int]:
    """Facts are the chain, records follow from the facts, and the gateway holds them all as they are. How many records
    there are, and how many of them say that a report was taken back.
    """
    store = open_store(storm.store)
    require_facts(storm, store)
    bodies = require_records(store)
    require_held(storm, store, bodies)
    assert "Identical" in storm.compared()
    assert "Complete:" in storm.verified()
    store.engine.dispose()
    return len(bodies), sum(json.loads(body)["finality"] == "REVERSED" for body in bodies)


def require_facts(storm: Storm, store: Store) -> None:
    """Every stream is stored up to the chain's head, in its words; nothing waits and nothing was found wrong."""
    suite, head = storm.chain.suite, storm.chain.w3.eth.block_number
    streams = [intact(stream) for stream in read_streams(suite, head)]
    told = {stream.source.address: [(e.seq, e.place, e.transaction) for e in stream.entries] for stream in streams}
    it = tables.report.c
    kept: dict[str, list[object]] = {address: [] for address in told}
    with store.read() as connection:
        asked = select(it.source, it.seq, it.block, it.log, it.transaction).order_by(it.source, it.seq)
        for row in connection.execute(asked):
            kept[row.source].append((row.seq, (row.block, row.log), row.transaction))
        assert kept == told
        assert connection.execute(select(tables.incident)).all() == []
        assert connection.execute(select(tables.repair)).all() == []


def require_records(store: Store) -> list[str]:
    """Numbered and chained from 1 on; each inclusion of a report told once, and each ended once: as FINAL with the
    report that stands, else as REVERSED. Their bodies, in order.
    """
    it, fact = tables.record.c, tables.report.c
    with store.read() as connection:
        rows = connection.execute(select(tables.record).order_by(it.seq)).all()
        standing = {tuple(row) for row in connection.execute(select(fact.source, fact.seq, fact.block))}
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    said = [json.loads(row.body) for row in rows]
    ids = ["0x" + 64 * "0", *(each["recordId"] for each in said)]
    assert [each["prevHash"] for each in said] == ids[:-1]

    ended = {row.refers_to: row for row in rows if row.refers_to is not None}
    assert len(ended) == sum(row.refers_to is not None for row in rows)
    final: list[tuple[str, int, int]] = []
    for row in rows:
        place = (row.source, row.stream_seq, row.block)
        if row.finality == "FINAL":
            final.append(place)
        elif row.finality == "PROVISIONAL":
            end = ended[row.seq]
            assert (end.source, end.stream_seq, end.block, end.block_hash) == (*place, row.block_hash)
            assert end.finality in ("FINAL", "REVERSED")
            assert json.loads(end.body)["refRecordId"] == ids[row.seq]
        else:
            assert row.finality == "REVERSED"
            assert row.refers_to is not None
    assert sorted(final) == sorted(standing)
    return [row.body for row in rows]


def require_held(storm: Storm, store: Store, bodies: list[str]) -> None:
    """The gateway holds the same records, byte for byte and each once, and signed for every one of them."""
    assert [canonical(record) for record in held(storm)] == bodies
    it = tables.ack.c
    with store.read() as connection:
        acks = connection.execute(select(it.first, it.last).where(it.stage == "VALIDATED")).all()
    assert {number for ack in acks for number in range(ack.first, ack.last + 1)} == set(range(1, len(bodies) + 1))


def held(storm: Storm) -> Iterator[object]:
    """The gateway's records, page by page."""
    after = 0
    with httpx.Client(base_url=storm.gateway_url) as client:
        while after is not None:
            page = client.get("/v1/records", params={"after": after, "limit": 1000}).raise_for_status().json()
            yield from (each["record"] for each in page["records"])
            after = page["next"]
