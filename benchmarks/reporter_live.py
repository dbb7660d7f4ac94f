"""The reporter as it is operated: its commands and a gateway as processes, and records that are acknowledged."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path

import reporter_chain
from eth_account import Account
from reporter_chain import HOLDER, RECORDS, Writer, request
from sqlalchemy import func, select
from web3 import HTTPProvider, Web3
from whitelist_plan import signer

from stockade.chain import KeySigner
from stockade.records import SHARE
from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier, next_of
from stockade.reporter.destinations import Destination, set_destination
from stockade.store import Store, open_store
from stockade.store.tables import ack, block, record
from stockade.suite import Deployment, Suite

REPORTER, GATEWAY = (KeySigner(Account.from_key("0x" + 32 * digits)) for digits in ("22", "11"))
SECRETS = {
    "STOCKADE_REPORTER_KEY": "0x" + 32 * "22",
    "STOCKADE_GATEWAY_KEY": "0x" + 32 * "11",
    "STOCKADE_PARTY_KEY": "33" * 32,
    "STOCKADE_REPORTER_ID": "BENCH",
}

DELIVERED = 20_000  # records, of those that were followed
BLOCKS, EACH = 60, 20  # one block a second, and reports in each


def deliver(address: str, folder: Path) -> float:
    """Records a second that one worker brings to a gateway, each acknowledged as received and validated."""
    store = open_store(address)
    with gateway(folder / "delivered.db") as url:
        set_destination(store, Destination.given("bench", url, GATEWAY.address))
        with store.read() as connection:
            last = min(DELIVERED, connection.execute(select(record.c.seq).order_by(record.c.seq.desc())).scalar() or 0)
        with Line(url) as line:
            courier = Courier(store, "bench", REPORTER, line)
            started = time.perf_counter()
            while upto(store) <= last:
                courier.step()
            return (upto(store) - 1) / (time.perf_counter() - started)


def upto(store: Store) -> int:
    with store.read() as connection:
        return next_of(connection, "bench")


def latency(folder: Path) -> list[float]:
    """Seconds from the instant when a block was there to the acknowledgement of each record of it."""
    place = folder / "live"
    place.mkdir()
    with reporter_chain.chain(place, 2_000) as bench, ExitStack() as stack:
        store_url = f"sqlite:///{place}/live.db"
        store = open_store(store_url)
        url = stack.enter_context(gateway(place / "gateway.db"))
        set_destination(store, Destination.given("bench", url, GATEWAY.address))
        where = ["--store", store_url, "--deployment", str(bench.deployment)]
        follow = ["stockade-report", "follow", *where, "--rpc", bench.url]
        stack.enter_context(running(follow, place / "follow.log"))
        stack.enter_context(running(["stockade-report", "deliver", *where, "--to", "bench"], place / "deliver.log"))
        suite = Suite(Web3(HTTPProvider(bench.url)), Deployment.load(bench.deployment))
        wait_for(store, bench.block)
        there = blocks(suite)
        wait_for(store, max(there))
        return waits(store, there)


def blocks(suite: Suite) -> dict[int, float]:
    """Mines one block a second, with transfers in it. When each was there, seconds UTC."""
    writer = Writer(suite)
    receivers = cycle(reporter_chain.wallets_of(RECORDS))
    holder, tokens = signer(HOLDER), cycle(suite.tokens())
    request(suite.w3, "evm_setAutomine", False)
    there: dict[int, float] = {}
    due = time.time()
    for number in range(suite.w3.eth.block_number + 1, suite.w3.eth.block_number + 1 + BLOCKS):
        for _ in range(EACH):
            writer.put(holder, next(tokens).functions.transfer(next(receivers), SHARE // 1_000), 200_000)
        due += 1
        time.sleep(max(0, due - time.time()))
        request(suite.w3, "evm_mine")
        there[number] = time.time()
    return there


def wait_for(store: Store, number: int) -> None:
    """Until the chain is followed up to this block, and every record made of it acknowledged."""
    last = select(func.max(record.c.seq))
    cursor = select(func.max(block.c.number))
    while True:
        with store.read() as connection:
            followed = (connection.execute(cursor).scalar() or 0) >= number
            if followed and next_of(connection, "bench") > (connection.execute(last).scalar() or 0):
                return
        time.sleep(0.2)


def waits(store: Store, there: dict[int, float]) -> list[float]:
    """For each record of a new report, from its block to the first acknowledgement that it is valid."""
    with store.read() as connection:
        first: dict[int, int] = {}
        it = ack.c
        asked = select(it.first, it.last, it.received_at).where(it.stage == "VALIDATED").order_by(it.received_at)
        for row in connection.execute(asked):
            for seq in range(row.first, row.last + 1):
                first.setdefault(seq, row.received_at)
        asked = select(record.c.seq, record.c.block).where(record.c.action == "NEW", record.c.block.in_(list(there)))
        found = [first[row.seq] / 1000 - there[row.block] for row in connection.execute(asked)]
    assert len(found) == BLOCKS * EACH, f"{len(found)} records of {BLOCKS * EACH} were acknowledged"
    return found


# ---------------------------------------------------------------- processes


@contextmanager
def gateway(database: Path) -> Iterator[str]:
    """A gateway's address, which knows our reporter."""
    where = ["--store", f"sqlite:///{database}"]
    add = ["stockade-gateway", "reporter", "add", "BENCH", REPORTER.address, *where]
    subprocess.run(add, check=True, env={**os.environ, **SECRETS}, stdout=subprocess.DEVNULL)
    serve = ["stockade-gateway", "serve", "--port", "0", *where]
    log = database.with_suffix(".log")
    with running(serve, log):
        while "listens on " not in (said := log.read_text()):
            time.sleep(0.05)
        yield said.split("listens on ")[1].split()[0]


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as out, subprocess.Popen(command, env={**os.environ, **SECRETS}, stdout=out, stderr=out) as it:
        try:
            yield
            assert it.poll() is None, f"{' '.join(command[:2])} ended: {log.read_text()}"
        finally:
            it.kill()
