"""`ape run whitelist apply`: a plan carried out, or written down for a Safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option, select_account
from eth_typing import ChecksumAddress
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from stockade import whitelist
from stockade.ape import SuiteCommand, acting_options, console, open_suite, printable, signer, suite_option
from stockade.custody.typed import write_json
from stockade.errors import StockadeError
from stockade.reporting.reading import Progress as Heard
from stockade.sending import Node, Settings
from stockade.suite import Suite
from stockade.whitelist import Plan, Result, tables
from stockade.whitelist.apply import check


@click.command(cls=SuiteCommand)
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--journal", type=click.Path(path_type=Path), help="By default the plan's name with .journal added.")
@click.option("--in-flight", type=click.IntRange(1, 16), default=4, show_default=True, help="Transactions at a time.")
@click.option("--max-fee", type=click.FloatRange(min=0, min_open=True), default=500, show_default=True, help="In gwei.")
@click.option("--patience", type=click.IntRange(1), default=4, show_default=True, help="Blocks before fees are raised.")
@click.option("--safe", help="The Safe that is the registrar: write its transactions beside the plan, send nothing.")
@suite_option
@account_option(prompt=False)
@acting_options
def apply(
    file: Path,
    journal: Path | None,
    in_flight: int,
    max_fee: float,
    patience: int,
    safe: str | None,
    deployment: Path | None,
    account: AccountAPI | None,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Carry out a plan. Takes the role REGISTRAR and the plan's registrar number.

    Every row is looked at once more before it is sent: one whose record moved since the plan is left out and named,
    and so is one that the registry refuses; the rest go on, and the command ends with status 1. What is signed stands
    in the journal before it is broadcast. Whatever breaks the run off, the same command goes on where it ended, and
    sends nothing twice.

    With --safe the batches become files for Safe's Transaction Builder, one for each transaction, and beside each the
    document that the owners sign. Execute them in order.

    \b
    On the local chain of `make devnet`, after `ape run whitelist plan`:
      ape run whitelist apply plan.jsonl --network ethereum:devnet --account TEST::6
    """
    suite = open_suite(provider, deployment)
    plan = whitelist.load(file)
    _show(suite, plan, file)
    if safe is not None:
        _write_for_safe(suite, whitelist.parse_wallet(safe), plan, file, dry_run)
        return
    settings = Settings(window=in_flight, patience=patience, fee_limit=int(max_fee * 10**9))
    place = journal or file.with_name(file.name + ".journal")
    by = account or select_account("Select the registrar's account")
    # Before the account is unlocked: whether it may.
    node = Node(suite.w3, settings.pause, settings.tries)
    check(suite, suite.w3.to_checksum_address(by.address), plan, node)
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return
    if not yes:
        click.confirm("Write these records?", abort=True)
    with _progress() as heard:
        result = whitelist.apply(suite, signer(by, yes), plan, place, settings=settings, progress=heard)
    console.print(_result(result))
    _end(result.refused)


COMMANDS = (apply,)


def _show(suite: Suite, plan: Plan, file: Path) -> None:
    console.print(tables.plan_table(plan, suite.w3.eth.gas_price))
    console.print(Text(f"{file}, made against block {plan.block}. SHA-256 0x{plan.digest.hex()}"), soft_wrap=True)


def _result(result: Result) -> Table:
    table = Table("what", Column("", justify="right"), title="Applied")
    table.add_row("written", f"{result.written:,}")
    table.add_row("stood already", f"{result.stood:,}")
    table.add_row("refused", Text(f"{len(result.refused):,}", "red" if result.refused else ""))
    table.add_row("transactions", f"{result.transactions:,}")
    table.add_row("gas", f"{result.gas:,}")
    table.add_row("gas for each row written", f"{result.gas // max(result.written, 1):,}")
    table.add_row("cost", f"{Decimal(result.cost) / 10**18:.6f} ETH")
    return table


def _end(refused: tuple[whitelist.RefusedRow, ...]) -> None:
    """Status 1 when a row was not written."""
    if not refused:
        return
    console.print(tables.refused_table(refused))
    if rest := tables.say_rest(len(refused)):
        console.print(rest)
    raise StockadeError(f"{len(refused):,} rows were not written; all others stand. Make a new plan for them.")


def _write_for_safe(suite: Suite, safe: ChecksumAddress, plan: Plan, file: Path, dry_run: bool) -> None:
    with _progress() as heard:
        prepared = whitelist.safe_batches(suite, safe, plan, progress=heard)
    now = int(suite.w3.eth.get_block("latest")["timestamp"])
    table = Table("file", "rows", "Safe's nonce", Column("digest to sign", no_wrap=True), title=Text(f"For {safe}"))
    for number, (transaction, rows) in enumerate(zip(prepared.transactions, prepared.rows, strict=True), start=1):
        name = f"{file.stem}-safe-{number:03d}"
        says = f"{rows} rows of the plan 0x{plan.digest.hex()}"
        if not dry_run:
            write_json(file.with_name(f"{name}.json"), transaction.builder_file(name, says, now))
            write_json(file.with_name(f"{name}.sign.json"), transaction.typed_data())
        table.add_row(Text(f"{name}.json"), str(rows), str(transaction.nonce), "0x" + transaction.digest.hex())
    console.print(table)
    console.print(f"{prepared.stood:,} rows stand already. " + ("Dry run: nothing was written." if dry_run else ""))
    _end(prepared.refused)


class _Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} rows/s")


@contextmanager
def _progress() -> Iterator[Heard]:
    """A bar with rate and time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)

        def heard(what: str, done: int, total: int) -> None:
            bar.update(task, description=printable(what), completed=done, total=total)

        yield heard
