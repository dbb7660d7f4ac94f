"""Keep the chain's whitelist equal to a registrar's book: `ape run whitelist apply --help`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from ape.api import AccountAPI, ProviderAPI
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from stockade import whitelist
from stockade.ape import (
    Failure,
    SafeConsole,
    SuiteCommand,
    console,
    open_suite,
    signer,
    signer_options,
    suite_option,
)
from stockade.errors import InputError, StockadeError
from stockade.suite import Suite
from stockade.whitelist import Book, RowErrors, Update

# Chains that live on the developer's own machine, where the public development key does no harm.
LOCAL_CHAINS = (1337, 31337)


class FileCommand(click.Command):
    """A command that needs no chain, with the error handling of the others."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StockadeError as error:
            raise Failure(error) from None


class RowFailure(Failure):
    """Shows every fault of a book as a table."""

    def __init__(self, errors: RowErrors) -> None:
        super().__init__(errors)
        self.errors = errors

    def show(self, file: IO[Any] | None = None) -> None:
        # Wide where nobody looks on, so that a log keeps each value in one piece.
        out = SafeConsole(file=file or sys.stderr, width=None if sys.stderr.isatty() else 240)
        table = Table("row", "field", "value", "fault", "remedy", title=Text(f"Faults in {self.errors.path}"))
        for error in self.errors.errors:
            cells = (str(error.line), error.field, error.shown, error.fault, error.remedy)
            table.add_row(*(Text(cell) for cell in cells))
        out.print(table)
        out.print(f"{len(self.errors.errors)} faults. Nothing was sent: a book is applied whole or not at all.")


@contextmanager
def faults_as_table() -> Iterator[None]:
    try:
        yield
    except RowErrors as errors:
        raise RowFailure(errors) from None


@click.group()
def cli() -> None:
    """For brokers, KYC firms and platforms: who may hold, and for how long.

    A book is a CSV file with one row per wallet: examples/README.md describes its columns, examples/investors.csv is
    one.
    References to investors never reach the chain: it sees a keyed hash.
    """


@cli.command(cls=FileCommand)
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a book without a chain; every fault is shown at once, with its row, field and remedy.

    Ends with status 2 when there is one.

    \b
      ape run whitelist check examples/investors.csv
      ape run whitelist check examples/investors_bad.csv
    """
    with faults_as_table():
        book = whitelist.read_book(file)
    _show_book(book)


@cli.command(cls=SuiteCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--batch-size",
    type=click.IntRange(1, whitelist.MAX_BATCH_SIZE),
    default=whitelist.BATCH_SIZE,
    show_default=True,
    help="Rows in one transaction.",
)
@click.option(
    "--development-key",
    is_flag=True,
    help=f"Use the public development key instead of {whitelist.KEY_VARIABLE}; local chains only.",
)
@suite_option
@signer_options
def apply(
    file: Path,
    batch_size: int,
    development_key: bool,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Make the chain's records those of a book. Takes the role REGISTRAR and a registrar's number.

    The book is checked, compared with the chain and tried as a whole; nothing is sent if anything stands against it.
    Records that are right already are left alone, so applying a book twice does nothing, and a run that broke off is
    continued by running it again. Wallets that are not in the book are left alone: to take one off, give it a row with
    status REVOKED.

    STOCKADE_REGISTRAR_KEY holds your 32-byte key (64 hex digits) that turns references into numbers: always the same,
    since one investor's wallets belong together by it.

    \b
    On the local chain of `make devnet`:
      ape run whitelist apply examples/investors.csv --development-key --network ethereum:devnet --account TEST::6
    What would change, without sending anything:
      ape run whitelist apply book.csv --dry-run --network ethereum:mainnet --account registrar
    """
    suite = open_suite(provider, deployment)
    key = _key(suite, development_key)
    with faults_as_table():
        book = whitelist.read_book(file, now=_now(suite))
        update = whitelist.prepare(suite, suite.w3.to_checksum_address(account.address), book, key, batch_size)

    if dry_run:
        _show_changes(update)
    _show_update(update)
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return
    if not update.batches:
        return
    if not yes:
        click.confirm("Write these records?", abort=True)
    with Progress(console=console) as bar:
        task = bar.add_task("writing records", total=len(update.changes))
        done = whitelist.apply(suite, signer(account, yes), update, lambda batch: bar.advance(task, len(batch.changes)))
    console.print(
        f"Written: [bold]{done.written}[/] records in {done.batches} transactions, {done.gas:,} gas "
        f"({done.gas // done.written:,} each). Unchanged: {done.unchanged}."
    )


@cli.command(cls=SuiteCommand)
@click.argument("wallets", nargs=-1, required=True, metavar="WALLET... | FILE")
@click.option(
    "--to", type=click.IntRange(min=0), required=True, metavar="NUMBER", help="The other's number; 0 withdraws."
)
@suite_option
@signer_options
def offer(
    wallets: tuple[str, ...],
    to: int,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Let another registrar take over records of yours, or withdraw that. Takes REGISTRAR and a registrar's number.

    The other takes a record over by applying a book that has the wallet: until then the record stays yours, and you may
    still write it. What ends an offer otherwise is recovery of the wallet and an assignment by COMPLIANCE. A FILE names
    one wallet on each line.

    \b
      ape run whitelist offer 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f --to 2 --network ethereum:devnet
        --account TEST::6
      ape run whitelist offer leaving.txt --to 2 --dry-run --network ethereum:mainnet --account registrar
    """
    suite = open_suite(provider, deployment)
    sender = suite.w3.to_checksum_address(account.address)
    made = whitelist.prepare_offer(suite, sender, whitelist.read_wallets(wallets), to)
    what = f"offered to {suite.registrar(to)}" if to else "offered to nobody any more"
    console.print(
        f"{suite.registrar(made.registrar)}: {len(made.wallets)} wallets would be {what}, {made.unchanged} are. "
        f"Transactions: {len(made.calls)}.",
        markup=False,
    )
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return
    if not made.calls:
        return
    if not yes:
        click.confirm("Do this?", abort=True)
    gas = whitelist.send_offer(suite, signer(account, yes), made)
    console.print(f"Done: {len(made.wallets)} wallets are {what}, {gas:,} gas.", markup=False)


@cli.command(cls=SuiteCommand)
@click.argument("wallet")
@suite_option
def show(wallet: str, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show a wallet's record in words, and what each token says of it.

    \b
      ape run whitelist show 0x09DB0a93B389bEF724429898f539AEB7ac2Dd55f --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    address = whitelist.parse_wallet(wallet)
    record = Table(show_header=False)
    record.add_row("wallet", address)
    for name, value in whitelist.describe(suite.record(address), _now(suite)).items():
        record.add_row(name, value)
    if offered := suite.registry.functions.offeredTo(address).call():
        record.add_row("offered to", Text(suite.registrar(offered)))
    console.print(record)

    tokens = Table("token", "may send", "may receive", "shares", "of these frozen", title="Tokens")
    for holding in whitelist.holdings(suite, address):
        may = ("yes" if able else "no" for able in (holding.can_send, holding.can_receive))
        tokens.add_row(Text(holding.symbol), *may, holding.balance, holding.frozen)
    console.print(tokens)


def _now(suite: Suite) -> int:
    """The chain's clock, which is the one that counts."""
    return int(suite.w3.eth.get_block("latest")["timestamp"])


def _key(suite: Suite, development: bool) -> bytes:
    if not development:
        return whitelist.registrar_key()
    if suite.deployment.chain_id not in LOCAL_CHAINS:
        raise InputError(
            f"The development key is public and this is chain {suite.deployment.chain_id}: set "
            f"{whitelist.KEY_VARIABLE} to your own."
        )
    return whitelist.DEVELOPMENT_KEY


def _show_book(book: Book) -> None:
    table = Table("class", "wallets", "investors", "countries", "first expiry", title=Text(str(book.path)))
    for kind, count in Counter(row.investor_class for row in book.rows).most_common():
        rows = [row for row in book.rows if row.investor_class is kind]
        table.add_row(
            whitelist.class_name(kind),
            str(count),
            str(len({row.investor_ref for row in rows})),
            str(len({row.country for row in rows})),
            whitelist.in_words(min(row.expires_at for row in rows)),
        )
    console.print(table)
    statuses = Counter(row.status.name for row in book.rows)
    words = ", ".join(f"{count} {name}" for name, count in statuses.most_common())
    console.print(f"{len(book.rows)} wallets of {book.investors} investors: {words}. Every row is good.")


def _show_changes(update: Update) -> None:
    table = Table("row", title="Changes")
    table.add_column("wallet", no_wrap=True)
    table.add_column("what would change")
    for change in update.changes:
        says = ", ".join(whitelist.differences(change.before, change.after))
        note = " (frozen: it lands beneath the freeze)" if change.before.frozen else ""
        table.add_row(str(change.row.line), change.row.wallet, says + note)
    console.print(table)


def _show_update(update: Update) -> None:
    if not update.batches:
        console.print(f"Registrar {update.registrar}: nothing to write, {update.unchanged} records stand already.")
        return
    new = sum(not change.before.status for change in update.changes)
    gas = sum(batch.gas for batch in update.batches)
    console.print(
        f"Registrar {update.registrar}: [bold]{new}[/] new, [bold]{len(update.changes) - new}[/] changed, "
        f"{update.unchanged} unchanged; {len(update.batches)} transactions, about {gas:,} gas."
    )
