"""Commands about the books as a whole: compared, written to files, counted, anchored and proved."""

from __future__ import annotations

from pathlib import Path

import click

from stockade import chain
from stockade.reporter import books
from stockade.reporter.options import (
    block_option,
    deployment_option,
    holders_option,
    out_option,
    rpc_option,
    store_of,
    store_option,
)
from stockade.store import Store
from stockade.suite import Deployment, Suite
from stockade.terminal import FileCommand


def _open(rpc: str, deployment: Path) -> Suite:
    found = Deployment.load(deployment)
    return chain.read(lambda: Suite(chain.connect(rpc), found))


def _store(store: str | None, deployment: Path) -> Store:
    return store_of(store, Deployment.load(deployment).chain_id)


@click.command(cls=FileCommand)
@holders_option
@block_option
@rpc_option
@store_option
@deployment_option
def reconcile(holders: Path | None, block: int | None, rpc: str, store: str | None, deployment: Path) -> None:
    """Compare supply, ledger, custodians' positions, stored facts and the holder file, and keep what differs.

    Exit status 1 when anything differs but shares held without tokens.

    \b
      stockade-report reconcile --holders holders.csv --rpc http://127.0.0.1:8545 --deployment FILE
    """
    books.reconcile_books(_store(store, deployment), _open(rpc, deployment), holders, block)


@click.command(cls=FileCommand)
@holders_option
@block_option
@out_option
@store_option
@deployment_option
def master(holders: Path | None, block: int | None, out: Path, store: str | None, deployment: Path) -> None:
    """Write the master securityholder file as of a block, as CSV and JSON; names come from the holder file.

    \b
      stockade-report master --holders holders.csv --deployment FILE
    """
    books.write_master(_store(store, deployment), holders, block, out)


@click.command(cls=FileCommand)
@block_option
@out_option
@store_option
@deployment_option
def positions(block: int | None, out: Path, store: str | None, deployment: Path) -> None:
    """Write the custodians' positions as of a block, as CSV and JSON.

    \b
      stockade-report positions --block 1234 --deployment FILE
    """
    books.write_positions(_store(store, deployment), block, out)


@click.command(cls=FileCommand)
@click.argument("quarter")
@out_option
@store_option
@deployment_option
def quarterly(quarter: str, out: Path, store: str | None, deployment: Path) -> None:
    """Count a QUARTER like 2026Q3: participants, wallets, shares, volumes, outages, overrides.

    \b
      stockade-report quarterly 2026Q3 --deployment FILE
    """
    books.write_quarterly(_store(store, deployment), quarter, out)


@click.command(cls=FileCommand)
@click.argument("day", required=False)
@rpc_option
@store_option
@deployment_option
def anchor(day: str | None, rpc: str, store: str | None, deployment: Path) -> None:
    """Show the days up to DAY (2026-09-30, by default the last that is over) that wait to be anchored, and their roots.

    ISSUER anchors them: `ape run report anchor --account NAME`.

    \b
      stockade-report anchor --rpc http://127.0.0.1:8545 --deployment FILE
    """
    books.anchor_days(_store(store, deployment), _open(rpc, deployment), day, None, False)


@click.command(cls=FileCommand)
@click.argument("record", required=False)
@click.option("--check", type=click.Path(path_type=Path), help="A proof to check, without any store.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("record-proof.json"),
    show_default=True,
    help="Where to write the proof.",
)
@rpc_option
@store_option
@deployment_option
def proof(record: str | None, check: Path | None, out: Path, rpc: str, store: str | None, deployment: Path) -> None:
    """Prove that RECORD (its number or id) was made on an anchored day, or check such a proof against the chain.

    \b
      stockade-report proof 17 --rpc http://127.0.0.1:8545 --deployment FILE
      stockade-report proof --check record-proof.json --rpc http://127.0.0.1:8545 --deployment FILE
    """
    books.one_of(record, check)
    suite = _open(rpc, deployment)
    if check:
        books.check_record(suite, check)
    elif record:
        books.prove_record(_store(store, deployment), suite, record, out)


COMMANDS = (reconcile, master, positions, quarterly, anchor, proof)
