"""Delivery to the real gateway: a whole life is received and valid, and asked for again."""

from __future__ import annotations

import json
import shutil

import httpx
import pytest
from sqlalchemy import func, select

from stockade.errors import StockadeError
from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier
from stockade.reporter.destinations import Destination, set_destination
from stockade.reporter.recorder import append
from stockade.reporter.standing import DestinationStanding, of_destination
from stockade.store import open_store, tables
from stockade.wire.fields import milliseconds
from tests.reporting.made import GATEWAY, REPORTER, listening
from tests.reporting.outbox import START, rows


@pytest.fixture
def lived(recorded, tmp_path):
    """A copy of the store with every record of a life."""
    with recorded.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(recorded.file, tmp_path / "lived.db")
    found = open_store(f"sqlite:///{tmp_path}/lived.db")
    yield found
    found.engine.dispose()


def deliver(store, url, clock):
    set_destination(store, Destination.given("sec", url, GATEWAY.address))
    with Line(url) as line:
        Courier(store, "sec", REPORTER, line, clock).run(once=True)


def count(store):
    with store.read() as connection:
        return connection.execute(select(func.max(tables.record.c.seq))).scalar_one()


def stands(store):
    with store.read() as connection:
        return of_destination(connection, "sec")


def test_deliver__a_whole_life__is_received_and_valid_to_the_last_record(lived, clock, tmp_path):
    last = count(lived)
    with listening(f"sqlite:///{tmp_path}/gateway.db") as gateway:
        deliver(lived, gateway.url, clock)
        held = gateway.get("next", reporter="TEST")

    assert stands(lived) == DestinationStanding(last, last + 1, last, last, 0, 200, START)
    assert held["next"] == last + 1
    assert rows(lived, tables.repair, "seq") == []


def test_deliver__the_gateway_lost_its_database__has_everything_again(lived, clock, tmp_path):
    last = count(lived)
    with listening(f"sqlite:///{tmp_path}/first.db") as gateway:
        deliver(lived, gateway.url, clock)
    with lived.write() as connection:  # one more, so that there is something to say
        _repeat_last(connection)
    with listening(f"sqlite:///{tmp_path}/second.db") as gateway:
        deliver(lived, gateway.url, clock)
        held = gateway.get("next", reporter="TEST")

    assert held["next"] == last + 2
    assert [row for row in rows(lived, tables.answer, "status", "next") if row[0] == 409] == [(409, 1)]


def test_deliver__the_gateway_asks_for_a_token__is_taken_with_it_and_stops_without(lived, clock, tmp_path):
    with listening(f"sqlite:///{tmp_path}/gateway.db", token="s" * 32) as gateway:
        with pytest.raises(StockadeError, match="correct STOCKADE_GATEWAY_TOKEN"):
            deliver(lived, gateway.url, clock)
        with Line(gateway.url, "s" * 32) as line:
            Courier(lived, "sec", REPORTER, line, clock).run(once=True)
        assert httpx.get(f"{gateway.url}/v1/next", params={"reporter": "TEST"}).status_code == 401

    assert stands(lived).received == count(lived)


def _repeat_last(connection):
    """Cancels the last record, as if its block were replaced."""
    it = tables.record.c
    row = connection.execute(select(it.seq, it.body).order_by(it.seq.desc()).limit(1)).one()
    said = json.loads(row.body)
    said |= {"action": "CANCEL", "finality": "REVERSED", "reasonCode": "REORG", "refRecordId": said.pop("recordId")}
    append(connection, [(said | {"recordedTime": milliseconds(START)}, row.seq)], START)
