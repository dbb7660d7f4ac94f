"""Keep the chain's whitelist equal to a registrar's book: `ape run whitelist apply --help`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import click
from ape.api import ProviderAPI
from rich.table import Table
from rich.text import Text

from scripts import _whitelist_apply, _whitelist_look, _whitelist_offer
from scripts._whitelist_shared import (
    block_option,
    book_and_state,
    complete_option,
    development_key_option,
    faults_as_table,
    file_argument,
    ignore_option,
    key_for,
    registrar_option,
)
from stockade import whitelist
from stockade.ape import (
    FileCommand,
    SuiteCommand,
    console,
    open_suite,
    suite_option,
)
from stockade.errors import InputError, StockadeError
from stockade.whitelist import Book, Whitelist, tables


@click.group()
def cli() -> None:
    """For brokers, KYC firms and platforms: who may hold, and for how long.

    A book is a CSV or JSON Lines file with one row per wallet: docs/whitelist.md describes its columns,
    examples/investors.csv is one. `plan` says what it would change, `apply` does that, `verify` proves it was done.
    References to investors never reach the chain: it sees a keyed hash.
    """


@cli.command(cls=FileCommand)
@click.argument("file", type=click.Path(path_type=Path))
@ignore_option
def check(file: Path, ignore: tuple[str, ...]) -> None:
    """Check a book without a chain; every fault is shown at once, with its row, field and remedy.

    Ends with status 2 when there is one.

    \b
      ape run whitelist check examples/investors.csv
      ape run whitelist check examples/investors_bad.csv
    """
    with faults_as_table():
        book = whitelist.read_book(file, ignore=ignore)
    _show_book(book)


# ---------------------------------------------------------------- from the book to a plan


@cli.command(cls=SuiteCommand)
@file_argument
@complete_option
@click.option(
    "--out", type=click.Path(path_type=Path), default="plan.jsonl", show_default=True, help="The plan's file."
)
@click.option("--skip-refused", is_flag=True, help="Plan the other rows although some are refused.")
@click.option("--sanctions", type=click.Path(path_type=Path), help="A sanctions list: text, or OFAC's sdn.xml.")
@click.option("--sanctions-version", default="", help="The list's version, where the file does not say it.")
@click.option("--sanctions-date", type=click.DateTime(["%Y-%m-%d"]), help="The list's date, where it does not say it.")
@click.option("--freeze-out", type=click.Path(path_type=Path), default="freeze-request.json", show_default=True)
@click.option("--gas-price", type=float, help="In gwei, for the cost; by default the node's.")
@registrar_option
@ignore_option
@development_key_option
@suite_option
def plan(
    file: Path,
    complete: bool,
    out: Path,
    skip_refused: bool,
    sanctions: Path | None,
    sanctions_version: str,
    sanctions_date: datetime | None,
    freeze_out: Path,
    gas_price: float | None,
    registrar: int | None,
    ignore: tuple[str, ...],
    development_key: bool,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Say what a book would change on the chain, field by field, and write it as a file for `apply`.

    Nothing is signed or sent. Rows are refused that belong to another registrar, were declared lost, are on the
    sanctions list, or are a pool without a contract: then no plan is written and the command ends with status 2, unless
    --skip-refused leaves them out. A hit on the sanctions list also becomes a file for the compliance officer
    (`ape run compliance freeze-list`).

    \b
    On the local chain of `make devnet`:
      ape run whitelist plan examples/investors.csv --development-key --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    key = key_for(suite, development_key)
    listed = None
    if sanctions:
        day = sanctions_date.date() if sanctions_date else None
        listed = whitelist.read_sanctions(sanctions, sanctions_version, day)
    book, state, number = book_and_state(suite, file, ignore, None, registrar)
    with faults_as_table():
        found = whitelist.make_plan(suite, state, book, key, number, complete=complete, sanctions=listed)

    price = suite.w3.eth.gas_price if gas_price is None else int(gas_price * 10**9)
    if found.rows:
        _print_capped(tables.changes_table(found), len(found.rows))
    if found.refused:
        _print_capped(tables.refused_table(found.refused), len(found.refused))
    console.print(tables.plan_table(found, price))
    if request := whitelist.freeze_request(found):
        whitelist.save_request(request, freeze_out)
        hits = f"Hits of {request.sanctions}: {len(request.wallets):,}."
        console.print(Text(f"{hits} Give COMPLIANCE {freeze_out}.", "red"), soft_wrap=True)
    _warn_of_unnamed(state, book, number, complete)
    if found.refused and not skip_refused:
        raise InputError(
            f"Refused rows: {len(found.refused):,}, and no plan was written: take them out of the book, or leave them "
            "out with --skip-refused."
        )
    if not found.rows:
        console.print(f"Nothing to do: block {state.block} says what the book says.")
        return
    digest = whitelist.save(found, out)
    console.print(Text(f"Written to {out}, made against block {state.block}. SHA-256 0x{digest.hex()}"), soft_wrap=True)


@cli.command(cls=SuiteCommand)
@file_argument
@complete_option
@block_option
@registrar_option
@ignore_option
@development_key_option
@suite_option
def verify(
    file: Path,
    complete: bool,
    block: int | None,
    registrar: int | None,
    ignore: tuple[str, ...],
    development_key: bool,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Prove that chain and book are equal at one block, or show every difference (exit status 1).

    The whole registry is rebuilt from its reports, whose chain must be the contract's: no record can be hidden.

    \b
      ape run whitelist verify examples/investors.csv --development-key --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    key = key_for(suite, development_key)
    book, state, number = book_and_state(suite, file, ignore, block, registrar)
    with faults_as_table():
        found = whitelist.verify(state, book, key, number, complete=complete)
    _warn_of_unnamed(state, book, number, complete)
    where = f"block {state.block} (0x{state.block_hash.hex()})"
    if found:
        _print_capped(tables.differences_table(found), len(found))
        raise StockadeError(f"{len(found):,} wallets differ at {where}.")
    console.print(f"Equal: {len(book.rows):,} rows of the book stand as they should at {where}.", soft_wrap=True)


for each in (*_whitelist_apply.COMMANDS, *_whitelist_look.COMMANDS, *_whitelist_offer.COMMANDS):
    cli.add_command(each)


def _warn_of_unnamed(state: Whitelist, book: Book, registrar: int, complete: bool) -> None:
    if not complete and (left := len(whitelist.unnamed(state, book, registrar))):
        console.print(f"{left:,} ACTIVE wallets of registrar {registrar} are not in the book, and are left alone.")


def _print_capped(table: Table, count: int) -> None:
    console.print(table)
    if rest := tables.say_rest(count):
        console.print(rest)


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
