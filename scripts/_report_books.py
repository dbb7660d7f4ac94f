"""`ape run report reconcile`, `master`, `positions`, `quarterly`, `anchor` and `proof`: what `stockade-report` does, on
Ape's connection; days are anchored here alone, for ISSUER is an account of Ape's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI

from stockade.ape import SuiteCommand, open_suite, signer, signer_options, suite_option
from stockade.reporter import books
from stockade.reporter.options import block_option, holders_option, out_option, store_of, store_option


@click.command(cls=SuiteCommand)
@holders_option
@block_option
@store_option
@suite_option
def reconcile(
    holders: Path | None, block: int | None, store: str | None, deployment: Path | None, provider: ProviderAPI
) -> None:
    """Compare supply, ledger, custodians' positions, stored facts and the holder file, and keep what differs.

    Exit status 1 when anything differs but shares held without tokens.

    \b
      ape run report reconcile --holders holders.csv --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    books.reconcile_books(store_of(store, suite.deployment.chain_id), suite, holders, block)


@click.command(cls=SuiteCommand)
@holders_option
@block_option
@out_option
@store_option
@suite_option
def master(
    holders: Path | None,
    block: int | None,
    out: Path,
    store: str | None,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Write the master securityholder file as of a block, as CSV and JSON; names come from the holder file.

    \b
      ape run report master --holders holders.csv --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    books.write_master(store_of(store, suite.deployment.chain_id), holders, block, out)


@click.command(cls=SuiteCommand)
@block_option
@out_option
@store_option
@suite_option
def positions(block: int | None, out: Path, store: str | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Write the custodians' positions as of a block, as CSV and JSON.

    \b
      ape run report positions --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    books.write_positions(store_of(store, suite.deployment.chain_id), block, out)


@click.command(cls=SuiteCommand)
@click.argument("quarter")
@out_option
@store_option
@suite_option
def quarterly(quarter: str, out: Path, store: str | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Count a QUARTER like 2026Q3: participants, wallets, shares, volumes, outages, overrides.

    \b
      ape run report quarterly 2026Q3 --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    books.write_quarterly(store_of(store, suite.deployment.chain_id), quarter, out)


@click.command(cls=SuiteCommand)
@click.argument("day", required=False)
@store_option
@suite_option
@signer_options
def anchor(
    day: str | None,
    store: str | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """As ISSUER: anchor the roots of all days up to DAY (2026-09-30, by default the last that is over) that wait.

    Days without records are left out; none is anchored twice.

    \b
      ape run report anchor --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    by = None if dry_run else partial(signer, account, yes)
    books.anchor_days(store_of(store, suite.deployment.chain_id), suite, day, by, yes)


@click.command(cls=SuiteCommand)
@click.argument("record", required=False)
@click.option("--check", type=click.Path(path_type=Path), help="A proof to check, without any store.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("record-proof.json"), show_default=True)
@store_option
@suite_option
def proof(
    record: str | None,
    check: Path | None,
    out: Path,
    store: str | None,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Prove that RECORD (its number or id) was made on an anchored day, or check such a proof against the chain.

    \b
      ape run report proof 17 --network ethereum:devnet
      ape run report proof --check record-proof.json --network ethereum:devnet
    """
    books.one_of(record, check)
    suite = open_suite(provider, deployment)
    if check:
        books.check_record(suite, check)
    elif record:
        books.prove_record(store_of(store, suite.deployment.chain_id), suite, record, out)


COMMANDS = (reconcile, master, positions, quarterly, anchor, proof)
