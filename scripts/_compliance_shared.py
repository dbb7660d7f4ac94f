"""What the commands of `ape run compliance` share: acts are shown, rehearsed, confirmed and done in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Table
from web3.types import TxReceipt

from stockade import compliance
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.compliance import Act, Outcome
from stockade.errors import Refused
from stockade.records import Basis
from stockade.suite import Suite
from stockade.whitelist import in_words


def command(
    build: Callable[..., list[Act]], carry_out: Callable[..., None] | None = None, name: str | None = None
) -> click.Command:
    """A command out of a function that takes the suite and the arguments and says what is to be done."""
    do = carry_out or _carry_out

    def run(
        provider: ProviderAPI, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, **arguments: Any
    ) -> None:
        suite = open_suite(provider, deployment)
        if "basis" in arguments:
            arguments["order"] = compliance.read_order(arguments.pop("basis"), arguments["order"])
        acts = build(suite, **arguments)
        if not acts:
            console.print("Nothing to do: it stands like that already.")
            return
        console.print(to_do(acts))
        do(suite, acts, account, yes, dry_run)

    update_wrapper(run, build)
    del run.__wrapped__  # type: ignore[attr-defined]  # Ape looks for `provider` in the function it calls.
    return click.command(name, cls=SuiteCommand)(suite_option(signer_options(run)))


def act(build: Callable[..., list[Act]]) -> click.Command:
    """An act without an order."""
    return command(build)


def act_by_order(build: Callable[..., list[Act]], carry_out: Callable[..., None] | None = None) -> click.Command:
    """An act that takes `--basis` and `--order`, given to the function as one `order`."""
    build = click.option(
        "--order",
        required=True,
        help="The order: its file, whose keccak256 is recorded, or that hash (0x, 64 hex digits).",
    )(build)
    build = click.option(
        "--basis",
        required=True,
        type=click.Choice([basis.name for basis in Basis if basis]),
        help="The legal ground; reports carry it in the first byte of the order's hash.",
    )(build)
    return command(build, carry_out)


# ---------------------------------------------------------------- doing


def _carry_out(suite: Suite, acts: list[Act], account: AccountAPI, yes: bool, dry_run: bool) -> None:
    """Rehearses all acts, then does them, one after the other."""
    sender = suite.w3.to_checksum_address(account.address)
    for each in acts:
        compliance.rehearse(suite, sender, each)
    if not may_go_on(yes, dry_run):
        return
    by = signer(account, yes)
    for each in acts:
        report(Outcome(each, compliance.carry_out(suite, by, each)))


def to_do(acts: list[Act], states: list[str] | None = None) -> Table:
    """What is to be done, or with states how far it is."""
    table = Table("step", "by" if states is None else "state", title="To do" if states is None else "Progress")
    table.add_column("what", overflow="fold")
    for step, each in enumerate(acts):
        table.add_row(str(step + 1), each.role.name if states is None else states[step], each.says)
    return table


def state_of(result: TxReceipt | int | Refused) -> str:
    if isinstance(result, Refused):
        return f"[red]refused[/]: {result.reason or result.error}"
    return f"[yellow]from {in_words(result)}[/]" if isinstance(result, int) else "[green]done[/]"


def may_go_on(yes: bool, dry_run: bool) -> bool:
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return False
    if not yes:
        click.confirm("Do this?", abort=True)
    return True


def report(outcome: Outcome) -> None:
    result = outcome.result
    if isinstance(result, Refused):
        console.print(f"[red]Refused[/]: {outcome.act.says}.", result, soft_wrap=True)
    elif isinstance(result, int):
        console.print(
            f"[yellow]Scheduled[/]: {outcome.act.says}. Run the same command again from {in_words(result)} on; until "
            "then GUARDIAN may cancel it.",
            soft_wrap=True,
        )
    else:
        console.print(
            f"[green]Done[/]: {outcome.act.says}. Transaction {result['transactionHash'].to_0x_hex()}, block "
            f"{result['blockNumber']}, {result['gasUsed']:,} gas.",
            soft_wrap=True,
        )
