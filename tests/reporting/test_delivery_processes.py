"""Workers as processes, killed between transmission and answer, several at once on one destination."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from random import Random

from eth_account import Account

from stockade.reporter.deliver import next_of
from stockade.store import tables
from tests.reporting.made import REPORTER
from tests.reporting.outbox import put_records, rows

RECORDS = 600
WORKERS = 3
KILLS = 3

WORKER = """
import sys
from stockade.keys import REPORTER_KEY, load_signer
from stockade.reporter import deliver
from stockade.reporter.answers import Line
from stockade.store import open_store

deliver.MOST_RECORDS = 40
with Line(sys.argv[2]) as line:
    deliver.Courier(open_store(sys.argv[1]), "sec", load_signer(REPORTER_KEY), line).run()
"""


class Workers:
    """`WORKERS` processes at one store and one receiver; those killed are started again."""

    def __init__(self, store_url: str, receiver_url: str) -> None:
        key = "0x" + REPORTER.account.key.hex().removeprefix("0x")
        assert Account.from_key(key).address == REPORTER.address
        self._command = [sys.executable, "-c", WORKER, store_url, receiver_url]
        self._environment = {**os.environ, "STOCKADE_REPORTER_KEY": key}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start()

    def start(self) -> None:
        while len(self.processes) < WORKERS:
            self.processes.append(subprocess.Popen(self._command, env=self._environment))

    def kill(self, some: int, chance: Random) -> None:
        for process in chance.sample(self.processes, some):
            process.send_signal(signal.SIGKILL)
            process.wait(30)
            self.processes.remove(process)


def test_workers__killed_between_transmission_and_answer__nothing_is_lost_or_out_of_order(store, receiver, courier):
    ids = put_records(store, RECORDS)
    address = store.engine.url.render_as_string(hide_password=False)
    chance, kills = Random(6), iter(sorted(Random(6).sample(range(1, 14), KILLS)))
    next_kill, unwritten = next(kills), []

    def arrived(submission):
        """What arrives was written down; now and then its sender, or another, dies before it is answered."""
        nonlocal next_kill
        span = (submission["first"], submission["last"])
        if span not in rows(store, tables.transmission, "first", "last"):
            unwritten.append(span)
        if len(receiver.heard) >= next_kill:
            next_kill = next(kills, RECORDS)
            workers.kill(chance.randint(1, WORKERS), chance)
            workers.start()

    receiver.arrived = arrived
    workers = Workers(address, receiver.url)
    try:
        receiver.wait_for(RECORDS)
    finally:
        workers.kill(WORKERS, chance)

    assert next_kill == RECORDS
    assert unwritten == []
    assert list(receiver.held.values()) == ids
    following = 1
    for first, last in receiver.heard:
        assert first <= following  # nothing is ever ahead of its turn
        assert first == following or (first, last) in receiver.heard  # and what comes again came as it was
        following = max(following, last + 1)
    courier.run(once=True)
    with store.read() as connection:
        assert next_of(connection, "sec") == RECORDS + 1
