"""From the chain to the acknowledged record: how long the reporter takes, against reading and decoding alone.

    python benchmarks/reporter.py                    writes build/bench/reporter.json
    python benchmarks/reporter.py --reports 20000    a quick look

One chain of 200,000 reports (benchmarks/reporter_chain.py). Each measurement is a process of its own: the floor, the
whole range followed into SQLite and into PostgreSQL, and delivery of the first records to a gateway, a process too.
Then a second, small chain with a block each second, on which the commands run as they are operated.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import reporter_chain
from reporter_chain import REPORTS, Bench
from reporter_live import deliver, latency
from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3

from stockade.reporter.derive import Deriver
from stockade.reporter.follow import Follower
from stockade.reporter.node import Node
from stockade.reporter.parties import Parties
from stockade.reporter.recorder import Recorder
from stockade.store import open_store
from stockade.suite import CONTRACTS, Deployment
from tests.reporting.postgres import postgres_server

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench" / "reporter.json"

# What is aimed at: at least, or at most.
AIMS = {
    "ratio_sqlite": ("<=", 2.5),
    "ratio_postgres": ("<=", 3),
    "records_per_s_sqlite": (">=", 5_000),
    "peak_mb": ("<=", 300),
    "ack_p99_s": ("<=", 1),
}

# How often the quick ones are measured; the best counts, for whatever disturbs a run only makes it longer.
RUNS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=REPORTS)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    figures = measure(given.reports)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(show(figures))


def measure(reports: int) -> dict[str, float]:
    """Seconds, megabytes, and records a second; `reports` is how many there were."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with reporter_chain.chain(folder, reports) as bench:
            print(f"{bench.reports} reports in {bench.block} blocks, made in {bench.seconds:.0f} s", flush=True)
            figures = streams(bench, folder)
        figures["deliver_per_s"] = round(deliver(f"sqlite:///{folder}/{RUNS - 1}.db", folder), 1)
        waits = latency(folder)
    figures["ack_p50_s"] = round(statistics.median(waits), 3)
    figures["ack_p99_s"] = round(statistics.quantiles(waits, n=100)[98], 3)
    return figures


def streams(bench: Bench, folder: Path) -> dict[str, float]:
    """The whole range: read and decoded alone, followed into SQLite, followed into PostgreSQL."""
    floor = best(lambda run: child("floor", bench, str(bench.reports)))
    sqlite = best(lambda run: child("follow", bench, f"sqlite:///{folder}/{run}.db"))
    with postgres_server() as server:
        postgres = best(lambda run: child("follow", bench, server.database()))
    return {
        "reports": bench.reports,
        "floor_s": floor["s"],
        "sqlite_s": sqlite["s"],
        "postgres_s": postgres["s"],
        "ratio_sqlite": round(sqlite["s"] / floor["s"], 2),
        "ratio_postgres": round(postgres["s"] / floor["s"], 2),
        "records_per_s_sqlite": round(bench.reports / sqlite["s"]),
        "peak_mb": round(max(sqlite["mb"], postgres["mb"]), 1),
    }


def best(run: Callable[[int], dict[str, float]]) -> dict[str, float]:
    return min((run(number) for number in range(RUNS)), key=lambda figures: figures["s"])


# ---------------------------------------------------------------- one measurement, in a process of its own


def child(what: str, bench: Bench, *arguments: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", what, bench.url, str(bench.deployment), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    print(what, answer, flush=True)
    return answer


def follow(url: str, deployment: Path, address: str) -> dict[str, float]:
    """Seconds and peak memory of following the whole range into an empty store, from opening it on."""
    found = Deployment.load(deployment)
    started = time.perf_counter()
    store = open_store(address)
    parties = Parties(b"\x33" * 32, found.chain_id, [found.addresses[name] for name in CONTRACTS])  # type: ignore[misc]
    node = Node(Web3(HTTPProvider(url, {"timeout": 60}, exception_retry_configuration=None)))
    follower = Follower(store, node, found, Recorder("BENCH", found.chain_id, Deriver(parties)))
    follower.run(True, 0, lambda step: None, print)
    return {"s": round(time.perf_counter() - started, 2), "mb": reporter_chain.peak()}


def show(figures: dict[str, float]) -> int:
    """The figures beside what is aimed at. 1 when one misses its aim."""
    table = Table("figure", "measured", "aim", title="Reporter", title_justify="left")
    missed = 0
    for name, value in figures.items():
        sign, aim = AIMS.get(name, ("", 0))
        good = not sign or (value >= aim if sign == ">=" else value <= aim)
        missed |= not good
        table.add_row(name, f"[{'default' if good else 'red'}]{value:,}[/]", f"{sign} {aim:,}" if sign else "")
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "floor"]:
        print(json.dumps(reporter_chain.floor(sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))))
    elif sys.argv[1:3] == ["--child", "follow"]:
        print(json.dumps(follow(sys.argv[3], Path(sys.argv[4]), sys.argv[5])))
    else:
        main()
