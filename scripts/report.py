"""What the suite reports, and whether it is all there: `ape run report --help`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from ape.api import ProviderAPI
from rich.progress import Progress as Bar
from rich.progress import TaskID
from rich.table import Column, Table
from rich.text import Text

from scripts import _report_books, _report_follow
from stockade.ape import SuiteCommand, console, open_suite, suite_option
from stockade.errors import InputError
from stockade.records import to_shares
from stockade.reporting import Fault, Verification, read_stream, verify
from stockade.reporting.reading import Progress
from stockade.reporting.register import Holder, Register, TokenSupply, backing, share_register
from stockade.reporting.streams import Stream, source_of
from stockade.reporting.tables import draw_supply, streams_table
from stockade.reporting.words import kind_name, sentence, utc
from stockade.suite import Suite
from stockade.whitelist.show import class_name, country_name

# Differences, faults and the like beyond this many are counted, not shown.
MOST = 40


@click.group()
def cli() -> None:
    """For regulator, issuer and auditor: read every record, and prove that none is missing or altered.

    Nothing here signs or sends but `anchor`. Every table is of one block: the latest, or the one given with --block
    (older blocks need a node that keeps their state).
    """


for command in _report_books.COMMANDS:
    cli.add_command(command)
cli.add_command(_report_follow.follow)
cli.add_command(_report_follow.rebuild)

block_option = click.option("--block", type=click.IntRange(min=0), help="Block number; by default the latest.")


# ---------------------------------------------------------------- verify


@cli.command("verify", cls=SuiteCommand)
@block_option
@suite_option
def verify_command(block: int | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Read every stream, check its numbers and its chain, rebuild the state from it and compare it with the contracts.

    Exit status 1 when anything is missing, altered or different.

    \b
      ape run report verify --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    with _progress() as progress:
        result = verify(suite, _number(suite, block), progress)
    console.print(f"Chain {suite.deployment.chain_id}, block {result.block} ({result.block_hash})", soft_wrap=True)
    console.print(streams_table(result))
    _show_compared(result)
    _show_faults([fault for stream in result.streams for fault in stream.faults])
    _show_differences(result)
    if not result.ok:
        console.print("[red]The reports are not complete and true as this node serves them.[/]")
        click.get_current_context().exit(1)
    console.print("[green]No record is missing or altered, and they rebuild what the contracts say.[/]")


def _show_compared(result: Verification) -> None:
    table = Table("subject", title="Rebuilt from the records, compared with the contracts")
    for name in ("compared", "different"):
        table.add_column(name, justify="right")
    for subject, count in result.compared.items():
        wrong = sum(difference.subject == subject for difference in result.differences)
        table.add_row(subject, str(count), Text(str(wrong), "red" if wrong else ""))
    console.print(table)


def _show_faults(faults: list[Fault]) -> None:
    for fault in faults[:MOST]:
        console.print(Text(str(fault), "red"), soft_wrap=True)
    _say_rest(len(faults))


def _show_differences(result: Verification) -> None:
    for each in result.contradictions[:MOST]:
        console.print(Text(f"{each.stream} {each.sequence}: {each.problem}", "red"), soft_wrap=True)
    _say_rest(len(result.contradictions))
    if result.differences:
        table = Table(title="Differences", show_lines=True)
        for name in ("subject", "of", "rebuilt", "found"):
            table.add_column(name, overflow="fold")
        for difference in result.differences[:MOST]:
            table.add_row(*map(Text, (difference.subject, difference.key, difference.rebuilt, difference.found)))
        console.print(table)
        _say_rest(len(result.differences))


def _say_rest(count: int) -> None:
    if count > MOST:
        console.print(f"and {count - MOST} more.")


# ---------------------------------------------------------------- one stream


@cli.command(cls=SuiteCommand)
@click.argument("name")
@click.option("--tail", type=click.IntRange(min=1), help="Only the last so many entries.")
@block_option
@suite_option
def stream(name: str, tail: int | None, block: int | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show the entries of one stream in words. NAME: registry, ledger, listings, or a token's symbol or address.

    Exit status 1 when the stream is incomplete or altered.

    \b
      ape run report stream AAPLs --tail 20 --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    number = _number(suite, block)
    with _progress() as progress:
        found = read_stream(suite, source_of(suite, name, number), number, progress)
    _show_entries(found, tail)
    _show_faults(list(found.faults))
    if found.faults or not found.chain_matches:
        click.get_current_context().exit(1)
    console.print(f"[green]Complete and unaltered[/]: {len(found.entries)} entries, no gap, the chain matches.")


def _show_entries(found: Stream, tail: int | None) -> None:
    table = Table(title=Text(f"{found.source.name} at {found.source.address}"))
    table.add_column("no.", justify="right")
    for name in ("time", "kind", "operator", "what"):
        table.add_column(name, overflow="fold")
    for entry in found.entries[-(tail or 0) :]:
        what = Text(sentence(entry))
        table.add_row(
            str(entry.seq), utc(entry.timestamp), kind_name(found.source.contract, entry), entry.operator, what
        )
    console.print(table)


# ---------------------------------------------------------------- holders


@cli.command(cls=SuiteCommand)
@click.argument("token")
@block_option
@suite_option
def holders(token: str, block: int | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show a token's share register, rebuilt from its records: who holds how much, and under which record.

    Investor numbers are opaque: the person behind one is known to the registrar, off chain.

    \b
      ape run report holders AAPLs --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    found = suite.token(token)
    with _progress() as progress:
        register = share_register(suite, found, _number(suite, block), progress)
    _show_register(register)


def _show_register(register: Register) -> None:
    title = f"{register.symbol} at {register.token}, block {register.block}"
    wallet = Column("wallet", overflow="fold")
    table = Table(wallet, "investor", "class", "country", "status", title=Text(title))
    for name in ("tokens", "of which frozen", "of supply"):
        table.add_column(name, justify="right")
    for holder in register.holders:
        part = f"{holder.balance / register.supply:.2%}" if register.supply else ""
        amounts = (to_shares(holder.balance), to_shares(min(holder.frozen, holder.balance)), part)
        table.add_row(holder.wallet, *_of_record(holder), *amounts)
    console.print(table)
    investors = {holder.record.investor_id for holder in register.holders if holder.record}
    console.print(
        f"{len(register.holders)} wallets of {len(investors)} investors; {to_shares(register.escrow)} tokens wait in "
        f"redemptions; supply {to_shares(register.supply)}."
    )


def _of_record(holder: Holder) -> tuple[str | Text, ...]:
    record = holder.record
    if record is None:
        return "", "", "", Text("no record", "yellow")
    status = Text("FROZEN", "red") if record.frozen else Text(record.status.name)
    investor = f"{record.investor_id:#018x}"
    return investor, class_name(record.investor_class), country_name(record.country), status


# ---------------------------------------------------------------- supply


@cli.command(cls=SuiteCommand)
@block_option
@suite_option
def supply(block: int | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show each token's supply against what each custodian holds; an under-reserved position in red.

    \b
      ape run report supply --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    found = backing(suite, _number(suite, block))
    if not found:
        console.print("The suite has no token yet: `ape run listing add --help`.")
        return
    table = Table("token", "custodian", "LEI", title="Supply against custody")
    for name in ("issued", "held", "as of"):
        table.add_column(name, justify="right")
    for token in found:
        table.add_row(Text(token.symbol), "all", "", to_shares(token.supply), to_shares(_held(token)), "")
        for each in token.positions:
            position, style = each.position, "red" if each.under_reserved else ""
            amounts = (to_shares(position.issued), to_shares(position.held), utc(position.as_of))
            table.add_row("", str(each.custodian), Text(each.lei), *amounts, style=style)
        table.add_section()
    console.print(table)
    draw_supply(console, found)


def _held(token: TokenSupply) -> int:
    return sum(each.position.held for each in token.positions)


# ---------------------------------------------------------------- shared


def _number(suite: Suite, block: int | None) -> int:
    latest = suite.w3.eth.block_number
    if block is not None and block > latest:
        raise InputError(f"--block {block}: the chain's latest block is {latest}: choose an earlier one.")
    if block is not None and block < suite.deployment.block:
        raise InputError(f"--block {block}: the suite begins with block {suite.deployment.block}: choose a later one.")
    return latest if block is None else block


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each thing that is done; none where nobody watches."""
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield show
