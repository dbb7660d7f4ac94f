"""Planning and verifying at full size: a book of 100,000 rows against 100,000 records on anvil, over HTTP.

    python benchmarks/whitelist_plan.py              writes build/bench/whitelist_plan.json
    python benchmarks/whitelist_plan.py --rows 1000  a quick look

Each measurement is a process of its own, from reading the book to the result, so that its peak memory is its alone.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from eth_account import Account
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from stockade import whitelist
from stockade.chain import KeySigner
from stockade.deploy import deploy
from stockade.plan import read_plan
from stockade.suite import Deployment, Suite

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench" / "whitelist_plan.json"
MNEMONIC = "test test test test test test test test test test test junk"
REGISTRAR = 1
BATCH = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    figures = measure(given.rows, given.out.parent / "whitelist_plan")
    given.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


def measure(rows: int, folder: Path) -> dict[str, float]:
    """`plan_100k_s`, `plan_100k_mb` (peak resident) and `verify_100k_s`; the names hold for any number of rows.

    The book that is planned asks for a renewal of every tenth record; the one that is verified is equal to the chain.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book, changed, deployment = folder / "book.csv", folder / "changed.csv", folder / "deployment.json"
    write_book(book, rows)
    write_book(changed, rows, renewed=10)
    with anvil() as url:
        suite = stage(url)
        suite.deployment.save(deployment)
        populate(suite, book)
        planned = child("plan", url, deployment, changed)
        verified = child("verify", url, deployment, book)
    return {"plan_100k_s": planned["s"], "plan_100k_mb": planned["mb"], "verify_100k_s": verified["s"]}


# ---------------------------------------------------------------- the chain and the books


@contextmanager
def anvil(start: int | None = None) -> Iterator[str]:
    """A fresh chain's address; it ends with the block. Its clock begins at `start` (seconds UTC), or now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["anvil", "--silent", "--hardfork", "prague", "--port", str(port), "--accounts", "60"]
    command += [] if start is None else ["--timestamp", str(start)]
    with subprocess.Popen([*command, "--gas-limit", "60000000"]) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            while not Web3(HTTPProvider(url)).is_connected():
                assert process.poll() is None, "anvil ended"
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def stage(url: str) -> Suite:
    """The suite of examples/suite.toml."""
    return deploy(Web3(HTTPProvider(url)), signer(0), read_plan(ROOT / "examples" / "suite.toml"))


@cache
def signer(index: int) -> KeySigner:
    Account.enable_unaudited_hdwallet_features()
    return KeySigner(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"))


def write_book(path: Path, rows: int, renewed: int = 0) -> None:
    """Synthetic investors; every `renewed`th is eligible for a year longer."""
    countries, classes = ("US", "CH", "DEU", "SG", "BRA"), ("retail", "accredited", "qib")
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(whitelist.COLUMNS)
        for row in range(rows):
            seed = hashlib.sha256(b"synthetic %d" % row).hexdigest()
            year = 2061 if renewed and row % renewed == 0 else 2060
            until = f"{year}-{row % 12 + 1:02d}-{row % 28 + 1:02d}T{row % 24:02d}:00:00Z"
            kind, country = classes[row % 3], countries[row % 5]
            out.writerow(
                [
                    to_checksum_address("0x" + seed[:40]),
                    f"SYNTHETIC-{row:07d}",
                    country,
                    kind,
                    "HOLD|TRANSFER|TRADE",
                    until,
                    "ACTIVE",
                    "0x" + seed,
                ]
            )


def populate(suite: Suite, book: Path) -> None:
    """Writes the book's records, batch by batch."""
    rows = whitelist.read_book(book).rows
    by = next(each for each in map(signer, range(40)) if suite.registry.functions.registrarOf(each.address).call() == 1)
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        words = [row.record(REGISTRAR, whitelist.DEVELOPMENT_KEY).pack() for row in some]
        suite.send(by, suite.registry.functions.setRecords([row.wallet for row in some], words, b"\x01" * 32))


# ---------------------------------------------------------------- one measurement, in a process of its own


def child(what: str, url: str, deployment: Path, book: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", what, url, str(deployment), str(book)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def run(what: str, url: str, deployment: str, path: str) -> None:
    """Seconds from opening the book to the result, and the peak of resident memory in megabytes."""
    started = time.perf_counter()
    suite = Suite(Web3(HTTPProvider(url)), Deployment.load(Path(deployment)))
    book = whitelist.read_book(Path(path))
    key = whitelist.DEVELOPMENT_KEY
    state = whitelist.read_whitelist(suite)
    if what == "plan":
        plan = whitelist.make_plan(suite, state, book, key, REGISTRAR, complete=True)
        whitelist.save(plan, Path(path).with_suffix(".plan.jsonl"))
        assert len(plan.rows) == -(-len(book.rows) // 10)
        assert plan.unchanged == len(book.rows) - len(plan.rows)
    else:
        assert not whitelist.verify(state, book, key, REGISTRAR, complete=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"s": round(seconds, 2), "mb": round(peak, 1)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run(*sys.argv[2:])
    else:
        main()
