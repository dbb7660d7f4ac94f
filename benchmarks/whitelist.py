"""Admitting 10,000 investors, by us and the plain way, on one anvil that mines at once; and plans at full size.

    python benchmarks/whitelist.py               writes build/bench/whitelist.json
    python benchmarks/whitelist.py --no-plans    without the 100,000 rows of benchmarks/whitelist_plan.py

By us: from opening the book to the last receipt, journal included. The plain way: web3.py with its defaults, one
`setRecords` with a single row for each investor, each receipt waited for; on 500, and scaled.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3
from whitelist_plan import REGISTRAR, anvil, stage, write_book
from whitelist_plan import measure as measure_plans
from whitelist_plan import signer as signer_of

from stockade import whitelist
from stockade.chain import KeySigner
from stockade.suite import Suite
from stockade.whitelist import DEVELOPMENT_KEY, Book

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "bench" / "whitelist.json"
OURS, PLAIN = 10_000, 500

# What is aimed at: at least, or at most.
AIMS = {
    "speedup": (">=", 25),
    "gas_each": ("<=", 25_500),
    "plan_100k_s": ("<=", 20),
    "plan_100k_mb": ("<=", 400),
    "verify_100k_s": ("<=", 15),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-plans", action="store_true", help="measure only what is written")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    figures = measure()
    if not given.no_plans:
        figures |= measure_plans(100_000, given.out.parent / "whitelist_plan")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(show(figures))


def measure() -> dict[str, float]:
    """Both ways on one chain: `baseline_per_investor_s`, `ours_s`, `speedup`, `gas_each`."""
    with TemporaryDirectory() as folder, anvil() as url:
        path = Path(folder) / "book.csv"
        write_book(path, OURS + PLAIN)
        suite = stage(url)
        by = registrar(suite)
        lines = path.read_text(encoding="utf-8").splitlines()
        few, many = Path(folder) / "few.csv", Path(folder) / "many.csv"
        few.write_text("\n".join(lines[: PLAIN + 1]) + "\n", encoding="utf-8")
        many.write_text("\n".join([lines[0], *lines[PLAIN + 1 :]]) + "\n", encoding="utf-8")

        each = plainly(suite, by, whitelist.read_book(few)) / PLAIN
        started = time.perf_counter()
        result = by_us(suite, by, many, Path(folder) / "journal")
        ours = time.perf_counter() - started
    return {
        "baseline_per_investor_s": round(each, 5),
        "ours_s": round(ours, 2),
        "speedup": round(each * OURS / ours, 1),
        "gas_each": round(result.gas / result.written, 1),
    }


def registrar(suite: Suite) -> KeySigner:
    """The account of examples/suite.toml that writes for registrar 1."""
    accounts = map(signer_of, range(40))
    return next(each for each in accounts if suite.registry.functions.registrarOf(each.address).call() == REGISTRAR)


def by_us(suite: Suite, by: KeySigner, path: Path, journal: Path) -> whitelist.Result:
    book = whitelist.read_book(path)
    plan = whitelist.make_plan(suite, whitelist.read_whitelist(suite), book, DEVELOPMENT_KEY, REGISTRAR)
    result = whitelist.apply(suite, by, plan, journal)
    assert result.written == OURS
    return result


def plainly(suite: Suite, by: KeySigner, book: Book) -> float:
    """Seconds for the whole book, as web3.py's documentation shows how to send."""
    w3 = Web3(HTTPProvider(suite.w3.provider.endpoint_uri))  # type: ignore[attr-defined]
    registry = w3.eth.contract(address=suite.registry.address, abi=suite.registry.abi)
    words = [row.record(REGISTRAR, DEVELOPMENT_KEY).pack() for row in book.rows]
    started = time.perf_counter()
    for row, word in zip(book.rows, words, strict=True):
        call = registry.functions.setRecords([row.wallet], [word], row.evidence)
        nonce = w3.eth.get_transaction_count(by.address)
        transaction = call.build_transaction({"from": by.address, "nonce": nonce})
        sent = w3.eth.send_raw_transaction(by.sign_transaction(transaction))
        assert w3.eth.wait_for_transaction_receipt(sent)["status"] == 1
    return time.perf_counter() - started


def show(figures: dict[str, float]) -> int:
    """The figures beside what is aimed at. 1 when one misses its aim."""
    table = Table("figure", "measured", "aim", title="Whitelist", title_justify="left")
    missed = 0
    for name, value in figures.items():
        sign, aim = AIMS.get(name, ("", 0))
        good = not sign or (value >= aim if sign == ">=" else value <= aim)
        missed |= not good
        table.add_row(name, f"[{'default' if good else 'red'}]{value:,}[/]", f"{sign} {aim:,}" if sign else "")
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    main()
