"""Looking at the chain: the commands of `ape run whitelist` that take no book, and proofs of single rows of one."""

from __future__ import annotations

import re
from pathlib import Path

import click
from ape.api import ProviderAPI
from rich.table import Table
from rich.text import Text

from scripts._whitelist_shared import (
    block_option,
    development_key_option,
    faults_as_table,
    file_argument,
    ignore_option,
    key_for,
    number_of,
    registrar_option,
    state_of,
    time_of,
)
from stockade import whitelist
from stockade.ape import SuiteCommand, console, open_suite, suite_option
from stockade.errors import InputError, StockadeError
from stockade.records import InvestorRecord
from stockade.whitelist import tables


@click.command(cls=SuiteCommand)
@click.argument("wallet")
@suite_option
def show(wallet: str, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show a wallet's record in words, and what it may do with each token: yes, or the token's own reason why not.

    \b
      ape run whitelist show 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    address = whitelist.parse_wallet(wallet)
    record = Table(show_header=False)
    record.add_row("wallet", address)
    for name, value in whitelist.describe(suite.record(address), time_of(suite)).items():
        record.add_row(name, value)
    if offered := suite.registry.functions.offeredTo(address).call():
        record.add_row("offered to", Text(suite.registrar(offered)))
    console.print(record)

    console.print(tables.holdings_table(whitelist.holdings(suite, address)))


@click.command(cls=SuiteCommand)
@file_argument
@block_option
@registrar_option
@suite_option
def export(
    file: Path, block: int | None, registrar: int | None, deployment: Path | None, provider: ProviderAPI
) -> None:
    """Write a registrar's records as a book, from which there is nothing to plan.

    The chain knows no references and no evidence: `investor_ref` is the number that stands there, `evidence` says
    unknown.

    \b
      ape run whitelist export records.csv --registrar 1 --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    state = state_of(suite, block)
    done = whitelist.export(state, number_of(state, registrar), file)
    console.print(Text(f"{done.rows:,} records of block {state.block} written to {file}."), soft_wrap=True)
    if done.left_out:
        raise StockadeError(
            f"{len(done.left_out)} records hold what no book can say, and were left out: {', '.join(done.left_out)}."
        )


@click.command(cls=SuiteCommand)
@click.option("--within", default="30d", show_default=True, help="A number of days (30d) or hours (12h).")
@block_option
@click.option("--registrar", type=click.IntRange(1, 0xFFFE), help="Only this registrar's; by default all.")
@suite_option
def expiring(
    within: str, block: int | None, registrar: int | None, deployment: Path | None, provider: ProviderAPI
) -> None:
    """List the wallets whose eligibility ends soon, the first to end first."""
    parts = re.fullmatch(r"(\d{1,6})([dh])", within)
    if not parts:
        raise InputError(f"{within!a} is no time: write 30d for days or 12h for hours.")
    state = state_of(open_suite(provider, deployment), block)
    seconds = int(parts[1]) * (86_400 if parts[2] == "d" else 3_600)
    found = whitelist.expiring(state.records, state.time, seconds, registrar)
    console.print(tables.expiring_table(found))
    console.print(f"{len(found):,} wallets within {within} of {whitelist.in_words(state.time)}.")


@click.command(cls=SuiteCommand)
@click.argument("wallet")
@suite_option
def history(wallet: str, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show every record a wallet ever had, from the registry's reports.

    \b
      ape run whitelist history 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f --network ethereum:devnet
    """
    address = whitelist.parse_wallet(wallet)
    events = whitelist.history(open_suite(provider, deployment), address)
    if not events:
        console.print(f"{address} never had a record.")
        return
    console.print(tables.events_table(address, events))


# ---------------------------------------------------------------- evidence of single rows


@click.command(cls=SuiteCommand)
@file_argument
@click.argument("wallet")
@click.option(
    "--out", type=click.Path(path_type=Path), default="proof.json", show_default=True, help="The proof's file."
)
@click.option(
    "--plan", type=click.Path(path_type=Path), help="The plan that was applied, where the book has changed since."
)
@ignore_option
@development_key_option
@suite_option
def evidence(
    file: Path,
    wallet: str,
    out: Path,
    plan: Path | None,
    ignore: tuple[str, ...],
    development_key: bool,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Prove one row of the holder file to somebody else, without showing them any other.

    The proof needs the book as it was applied. Where rows of the same batch have left it since, or have new evidence,
    give the plan that was applied, which has their commitments.

    \b
      ape run whitelist evidence examples/investors.csv 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f
        --development-key --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    key, address = key_for(suite, development_key), whitelist.parse_wallet(wallet)
    with faults_as_table():
        # A row that has expired since can still be proved.
        book = whitelist.read_book(file, now=0, ignore=ignore)
    proof = whitelist.make_proof(suite, book, key, address, whitelist.load(plan) if plan else None)
    whitelist.save_proof(proof, out)
    console.print(Text(f"Written to {out}: anybody can check it with `ape run whitelist check-proof {out}`."))


@click.command("check-proof", cls=SuiteCommand)
@file_argument
@suite_option
def check_proof(file: Path, deployment: Path | None, provider: ProviderAPI) -> None:
    """Check a proof of one row against the chain; takes no key. Exit status 1 when it does not hold."""
    suite = open_suite(provider, deployment)
    proof = whitelist.read_proof(file)
    batch = whitelist.check_proof(suite, proof)
    record = InvestorRecord.unpack(proof.record)
    console.print(
        f"The proof holds: {proof.wallet} and evidence 0x{proof.evidence.hex()} are part of the batch that "
        f"{batch.operator} wrote for registrar {record.registrar} at {whitelist.in_words(batch.timestamp)} "
        f"(report {batch.seq}, transaction {batch.transaction}).",
        soft_wrap=True,
    )


COMMANDS = (show, export, expiring, history, evidence, check_proof)
