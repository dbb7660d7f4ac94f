"""Who may do what, what is scheduled, and whether that is as published: `ape run authority --help`."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text
from web3.contract.contract import ContractFunction

from stockade import authority
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.authority import Holder, Operation, OperationState, Step, StepState
from stockade.authority.acts import (
    FIXED_ROLES,
    check_cancellable,
    check_executable,
    check_schedulable,
    judge,
)
from stockade.authority.operations import OPEN
from stockade.authority.words import names, parse_delay
from stockade.custody.words import parse_address, utc
from stockade.plan import read_plan
from stockade.records import Role
from stockade.suite import Suite

TABLE = Path(__file__).parent.parent / "docs" / "roles.md"
ROLE = click.Choice([role.name for role in Role], case_sensitive=False)


@click.group()
def cli() -> None:
    """For ADMIN, KEY_ADMIN, UPGRADER, CUSTODY_ADMIN, GUARDIAN and REGULATOR: acts that wait, keys, and marks.

    Who may do what stands in docs/roles.md. An act of a role that waits is scheduled, and executed by the same account
    once it is ready, within a week; until then GUARDIAN may cancel it:

    \b
      ape run authority schedule grant ISSUER 0x... --network ethereum:devnet --account TEST::2
      ape run authority show --network ethereum:devnet                           says its number, and from when
      ape run authority execute 1 --network ethereum:devnet --account TEST::2
    """


# ---------------------------------------------------------------- looking


@cli.command(cls=SuiteCommand)
@click.option("--all", "every", is_flag=True, help="Also what was executed, canceled, or has expired.")
@suite_option
def show(every: bool, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show who holds what, what is scheduled, and what the regulator has acknowledged.

    \b
      ape run authority show --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    console.print(_holders(suite))
    scheduled = [each for each in authority.operations(suite) if every or each.state in OPEN]
    console.print(_operations(suite, scheduled) if scheduled else "Nothing is scheduled.")
    console.print(_marks(suite))


def _holders(suite: Suite) -> Table:
    found = authority.standing(suite)
    title = "Roles" if found.settled else "Roles: the suite is NOT SETTLED, it is still its deployer's"
    table = Table("role", Column("held by", overflow="fold"), "granted by", title=title)
    for role in Role:
        granter = Role(suite.authority.functions.getRoleAdmin(role).call()).name
        holders = "\n".join(map(_holder, found.of(role))) or "[yellow]nobody[/]"
        table.add_row(role.name, holders, granter)
    for fault in found.faults:
        table.add_row("[red]FAULT[/]", Text(fault, "red"))
    return table


def _holder(each: Holder) -> str:
    waits = f"waits {authority.span(each.delay)}" if each.delay else "at once"
    change = f"\n  [yellow]{authority.span(each.next_delay)} from {utc(each.effect)} on[/]" if each.effect else ""
    return f"{each.account}\n  {waits}, since {utc(each.since)}{change}"


def _operations(suite: Suite, scheduled: list[Operation]) -> Table:
    known = names(suite)
    columns = (
        Column("no.", justify="right"),
        Column("what, by whom, id", overflow="fold"),
        Column("ready at, ends at", no_wrap=True),
    )
    table = Table(*columns, title="Scheduled")
    for each in scheduled:
        style = {OperationState.READY: "green", OperationState.WAITING: "yellow"}.get(each.state, "")
        said = authority.describe(suite, each.target, each.data, known)
        when = Text(each.state.value, style).append(f"\n{utc(each.ready_at)}\n{utc(each.expires_at)}", "")
        table.add_row(str(each.number), Text(f"{said}\n{each.caller}\n0x{each.id.hex()}"), when)
    return table


def _marks(suite: Suite) -> Table:
    figures = [Column(name, justify="right") for name in ("records", "acknowledged", "behind")]
    table = Table("stream", *figures, title="Acknowledged by the regulator")
    for each in authority.marks(suite):
        behind = Text(str(each.behind), "yellow" if each.behind else "green")
        if not each.behind and each.head != each.acknowledged:
            behind = Text("another chain", "red")
        table.add_row(Text(each.name), str(each.head.sequence), str(each.acknowledged.sequence), behind)
    return table


# ---------------------------------------------------------------- acts that wait


@cli.group()
def schedule() -> None:
    """Schedule an act; the same account executes it once it is ready (`execute`)."""


def scheduled(build: Callable[..., ContractFunction]) -> Callable[..., None]:
    """A command out of a function that builds, from the suite and its arguments, the call to be scheduled."""

    def run(
        provider: ProviderAPI, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, **arguments: Any
    ) -> None:
        suite = open_suite(provider, deployment)
        call = build(suite, **arguments)
        waits = check_schedulable(suite, _address(account), call)
        console.print(f"To schedule: {_say(suite, call)}. It waits {authority.span(waits)}.", soft_wrap=True)
        if _agreed(yes, dry_run, "Schedule it?"):
            operation = authority.schedule(suite, signer(account, yes), call)
            console.print(
                f"[yellow]Scheduled[/] as operation {operation.number}; GUARDIAN may cancel it. Execute it from "
                f"{utc(operation.ready_at)} on and before {utc(operation.expires_at)}: "
                f"ape run authority execute {operation.number}",
                soft_wrap=True,
            )

    update_wrapper(run, build)
    del run.__wrapped__  # type: ignore[attr-defined]  # Ape looks for `provider` in the function it calls.
    return suite_option(signer_options(run))


@schedule.command(cls=SuiteCommand)
@scheduled
@click.argument("role", type=ROLE)
@click.argument("holder", metavar="ACCOUNT")
@click.option("--delay", help="How long its acts wait, like 2d; by default the least that the role may have.")
def grant(suite: Suite, role: str, holder: str, delay: str | None) -> ContractFunction:
    """Grant ROLE to ACCOUNT, or change the delay with which it holds it (KEY_ADMIN or ADMIN, see docs/roles.md).

    \b
      ape run authority schedule grant ISSUER 0xbDA5747bFD65F08deb54cb465eB87D40e51B197E
        --network ethereum:devnet --account TEST::2
    """
    waits = parse_delay(delay, "--delay") if delay is not None else None
    return authority.grant(suite, Role[role], parse_address(holder, "ACCOUNT"), waits)


@schedule.command(cls=SuiteCommand)
@scheduled
@click.argument("role", type=ROLE)
@click.argument("holder", metavar="ACCOUNT")
def revoke(suite: Suite, role: str, holder: str) -> ContractFunction:
    """Take ROLE from ACCOUNT (KEY_ADMIN or ADMIN, see docs/roles.md).

    \b
      ape run authority schedule revoke ISSUER 0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65
        --network ethereum:devnet --account TEST::2
    """
    return authority.revoke(suite, Role[role], parse_address(holder, "ACCOUNT"))


@schedule.command("map", cls=SuiteCommand)
@scheduled
@click.argument("function", metavar="CONTRACT.FUNCTION")
@click.argument("role", type=ROLE)
def map_(suite: Suite, function: str, role: str) -> ContractFunction:
    """Give a function to ROLE (ADMIN). What UPGRADER or CUSTODY_ADMIN may call can never be mapped again.

    From then on the suite is another than docs/roles.md says, and `check` names it.

    \b
      ape run authority schedule map ListingRegistry.setHalt MARKET_OPERATOR
        --network ethereum:devnet --account TEST::1
    """
    if Role[role] in FIXED_ROLES:
        console.print(f"[yellow]For good:[/] a function of {role} can never be mapped again.")
    return authority.map_function(suite, function, Role[role])


@schedule.command("call", cls=SuiteCommand)
@scheduled
@click.argument("function", metavar="CONTRACT.FUNCTION")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1)
def call_(suite: Suite, function: str, arguments: tuple[str, ...]) -> ContractFunction:
    """Any call that waits, in words: contracts by name, tokens by symbol, lists in [ ], structs in ( ), spans like 5d.

    \b
      ape run authority schedule call CustodyLedger.setCustodianOpen 1 no --network ethereum:devnet --account TEST::7
      ape run authority schedule call CustodyLedger.setTerms AAPLs "(1000000000000000000000, 2, 5d)"
        --network ethereum:devnet --account TEST::7
    """
    return authority.call_function(suite, function, arguments)


@cli.command(cls=SuiteCommand)
@click.argument("operation")
@suite_option
@signer_options
def execute(
    operation: str, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Do what was scheduled: OPERATION is its number in `show`, or its id. Only the account that scheduled it can.

    \b
      ape run authority execute 1 --network ethereum:devnet --account TEST::2
    """
    suite = open_suite(provider, deployment)
    known = authority.find_operation(authority.operations(suite), operation)
    check_executable(suite, _address(account), known)
    console.print(f"To do, operation {known.number}: {_say(suite, known)}.", soft_wrap=True)
    if _agreed(yes, dry_run, "Do this?"):
        receipt = authority.execute(suite, signer(account, yes), known)
        console.print(f"[green]Done[/]: transaction {receipt['transactionHash'].to_0x_hex()}.", soft_wrap=True)


@cli.command(cls=SuiteCommand)
@click.argument("operation")
@suite_option
@signer_options
def cancel(
    operation: str, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Cancel what is scheduled: one's own, or anybody's as GUARDIAN. OPERATION is its number in `show`, or its id.

    \b
      ape run authority cancel 1 --network ethereum:devnet --account TEST::11
    """
    suite = open_suite(provider, deployment)
    known = authority.find_operation(authority.operations(suite), operation)
    check_cancellable(suite, _address(account), known)
    said = f"To cancel, operation {known.number} of {known.caller}: {_say(suite, known)}."
    console.print(said, soft_wrap=True)
    if _agreed(yes, dry_run, "Cancel it?"):
        receipt = authority.cancel(suite, signer(account, yes), known)
        console.print(f"[green]Canceled[/]: transaction {receipt['transactionHash'].to_0x_hex()}.", soft_wrap=True)


@cli.command(cls=SuiteCommand)
@click.argument("role", type=ROLE)
@click.argument("old")
@click.argument("new")
@suite_option
@signer_options
def rotate(
    role: str,
    old: str,
    new: str,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Put account NEW in the place of OLD in ROLE, never a moment without a holder (KEY_ADMIN or ADMIN).

    Run it twice: it schedules both the grant and the revocation; once they are ready the same command executes them,
    the grant first. Run again after an interruption, it does what is left.

    \b
      ape run authority rotate ISSUER 0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65
        0xbDA5747bFD65F08deb54cb465eB87D40e51B197E --network ethereum:devnet --account TEST::2
    """
    suite = open_suite(provider, deployment)
    accounts = parse_address(old, "OLD"), parse_address(new, "NEW")
    steps = authority.rotation(suite, _address(account), Role[role], *accounts)
    console.print(_steps(suite, steps, "To do"))
    if all(step.state is StepState.DONE for step in steps):
        console.print(f"[green]Done[/]: {new} holds {role}, {old} does not.", soft_wrap=True)
        return
    if not _agreed(yes, dry_run, "Do what can be done now?"):
        return
    steps = authority.rotate(suite, signer(account, yes), Role[role], *accounts)
    console.print(_steps(suite, steps, "Now"))
    waiting = [step.operation.ready_at for step in steps if step.operation]
    if waiting:
        console.print(f"Run the same command again from {utc(max(waiting))} on, within a week.", soft_wrap=True)
    elif role == Role.REGISTRAR.name:
        console.print(
            f"{new} can write nothing before COMPLIANCE gives it the firm's number: "
            f"ape run compliance registrar {new} NUMBER",
            soft_wrap=True,
        )


def _steps(suite: Suite, steps: tuple[Step, Step], title: str) -> Table:
    table = Table(Column("step", overflow="fold"), "state", "operation", "ready at", title=title)
    for step in steps:
        operation = step.operation
        numbers = (str(operation.number), utc(operation.ready_at)) if operation else ("", "")
        table.add_row(_say(suite, step.call), step.state.value, *numbers)
    return table


# ---------------------------------------------------------------- the regulator


@cli.command(cls=SuiteCommand)
@click.argument("streams", metavar="[STREAM]...", nargs=-1)
@suite_option
@signer_options
def acknowledge(
    streams: tuple[str, ...],
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Record on chain that streams were received up to their last record (REGULATOR).

    STREAM is registry, ledger, listings, authority, or a token's symbol; by default all. Each is read whole and its
    chain recomputed: a stream with a missing or an altered record is refused.

    \b
      ape run authority acknowledge --network ethereum:devnet --account TEST::10
    """
    suite = open_suite(provider, deployment)
    news = authority.marks_to_set(suite, streams)
    if not news:
        console.print("Nothing to acknowledge: every record is already.")
        return
    for mark in news:
        judge(suite, _address(account), authority.acknowledgement(suite, mark))
    figures = [Column(name, justify="right") for name in ("acknowledged", "up to record")]
    table = Table("stream", *figures, Column("chain, recomputed", overflow="fold"), title="To acknowledge")
    for mark in news:
        table.add_row(Text(mark.name), str(mark.since), str(mark.head.sequence), f"{mark.head.chain:#042x}")
    console.print(table)
    if _agreed(yes, dry_run, "Acknowledge them?"):
        by = signer(account, yes)
        for mark in news:
            receipt = suite.send(by, authority.acknowledgement(suite, mark))
            where = f"transaction {receipt['transactionHash'].to_0x_hex()}"
            console.print(f"[green]Acknowledged[/] {mark.name} up to {mark.head.sequence}: {where}.", soft_wrap=True)


# ---------------------------------------------------------------- checking


@cli.command(cls=SuiteCommand)
@click.option(
    "--plan",
    type=click.Path(path_type=Path),
    help="Also whether exactly the accounts of this suite plan hold each role.",
)
@click.option("--profile", help="The file of the profile it was deployed with, if that does not ship.")
@suite_option
def check(plan: Path | None, profile: str | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Compare the live suite with docs/roles.md, in full. Status 1 when anything differs.

    \b
      ape run authority check --plan examples/suite.toml --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    published = authority.read_table(TABLE)
    planned = read_plan(plan) if plan else None
    rules = authority.profile_of(suite, profile)
    found = authority.check(suite, published, rules, planned)
    if found:
        table = Table(*(Column(name, overflow="fold") for name in ("what", "should be", "is")), title="Differences")
        for each in found:
            table.add_row(Text(each.subject), Text(each.table), Text(each.chain, "red"))
        console.print(table)
        click.get_current_context().exit(1)
    against = "docs/roles.md" + (f" and {plan}" if plan else "")
    console.print(
        f"[green]Equal[/]: {len(published.roles)} roles, {len(published.under(rules))} functions and "
        f"{len(authority.standing(suite).holders)} holders are as in {against}.",
        soft_wrap=True,
    )


# ---------------------------------------------------------------- shared


def _address(account: AccountAPI) -> ChecksumAddress:
    return to_checksum_address(str(account.address))


def _say(suite: Suite, act: ContractFunction | Operation) -> str:
    """In words; brackets in what somebody scheduled are text, not styles of ours."""
    if isinstance(act, Operation):
        return escape(authority.describe(suite, act.target, act.data))
    return escape(authority.describe(suite, act.address, bytes.fromhex(act._encode_transaction_data()[2:])))


def _agreed(yes: bool, dry_run: bool, question: str) -> bool:
    """Whether to send: not in a dry run, which says so, and otherwise once the person agrees."""
    if dry_run:
        console.print("Dry run: it would be accepted; nothing was sent.")
        return False
    return yes or click.confirm(question, abort=True)
