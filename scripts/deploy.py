"""Deploy a suite, and look at one: `ape run deploy suite --help`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.markup import escape
from rich.table import Column, Table
from web3 import Web3

import stockade
from stockade import authority, deploy, inspection
from stockade.ape import (
    DEPLOYMENTS,
    SuiteCommand,
    connection,
    console,
    is_embedded,
    signer,
    signer_options,
    suite_option,
)
from stockade.chain import Signer
from stockade.deploy import Plan
from stockade.errors import InputError, NetworkError, StockadeError
from stockade.plan import read_plan
from stockade.records import Role
from stockade.suite import CONTRACTS, Deployment, Suite
from stockade.upgrade import (
    Upgrade,
    check_implementation,
    check_outcome,
    is_executed,
    layout_problems,
    outdated,
    prepare,
    recorded,
)

TABLE = Path(__file__).parent.parent / "docs" / "roles.md"


@click.group()
def cli() -> None:
    """For the issuer: put a suite on a chain, and see what stands there."""


@cli.command(cls=SuiteCommand)
@click.option(
    "--plan",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="What the suite starts with: roles, registrars, custodians, shares. Model: examples/suite.toml.",
)
@click.option("--replace", is_flag=True, help="Record the new suite even where the file records one that still stands.")
@suite_option
@signer_options
def suite(
    file: Path,
    replace: bool,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Deploy a suite from a plan: contracts, roles, registrars, custodians, the first shares.

    Shows the whole plan and what it may cost, and asks before it acts. The account that deploys needs money for it and
    may hold no role: it hands everything over to the roles of the plan and ends with nothing, which is checked. Then it
    writes deployments/<chain-id>.json, from which every other command finds the suite. A deployment that stops on the
    way records nothing: what it left behind is used by nobody, deploy again.

    \b
    On the local chain of `make devnet` (which has done it already):
      ape run deploy suite --plan examples/suite.toml --network ethereum:devnet --account TEST::0
    A rehearsal on a chain that ends with the command and records nothing:
      ape run deploy suite --plan examples/suite.toml --network ethereum:local:test --account TEST::0
    """
    # In a checkout, what is deployed is what contracts/ says.
    _tool("manifest.py", "--check")
    plan = read_plan(file)
    w3 = connection(provider)
    embedded = is_embedded(provider)
    path = deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json"
    if not embedded:
        deploy.check_file(w3, path, replace)
    deploy.check(w3, account.address, plan)

    _show_plan(plan)
    console.print(
        f"Deployer [bold]{account.address}[/] on chain {w3.eth.chain_id} ({provider.network_choice}), at most "
        f"{plan.gas:,} gas, {deploy.in_ether(deploy.cost(w3, plan))} at the present fee. It ends with no role."
    )
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return
    if not yes:
        click.confirm("Deploy this suite?", abort=True)

    done = _carry_out(w3, signer(account, yes), plan)
    if not embedded:
        done.deployment.save(path)
        _record_layout(path)
    _show_addresses(done)
    console.print("Embedded chain: it ends now, nothing was recorded." if embedded else f"Recorded in {path}.")


def _carry_out(w3: Web3, by: Signer, plan: Plan) -> Suite:
    taken = 0

    def progress(step: str) -> None:
        nonlocal taken
        taken += 1
        console.print(f"  [dim]{taken:>2}/{plan.steps}[/] {step}")

    try:
        return deploy.deploy(w3, by, plan, progress)
    except StockadeError:
        if taken:
            console.print("The deployment stopped here and records nothing. Put the cause right, then deploy again.")
        raise


@cli.command(cls=SuiteCommand)
@suite_option
def show(deployment: Path | None, provider: ProviderAPI) -> None:
    """Show a recorded suite: addresses, whether their code is still what was deployed, profile, first block.

    Ends with status 1 when something else stands there.

    \b
      ape run deploy show --network ethereum:devnet
    """
    w3 = connection(provider)
    found = Deployment.load(deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json")
    states = deploy.code_states(w3, found) if w3.eth.chain_id == found.chain_id else {}
    table = Table("contract", "address", "code", title=f"Suite on chain {found.chain_id}, from block {found.block}")
    for name, kind in CONTRACTS.items():
        state = states.get(name, "?")
        style = "green" if state == "as deployed" else "bold red"
        table.add_row(kind, found.addresses[name], f"[{style}]{state}[/]")
    console.print(table)
    console.print(f"Deployer {found.deployer}, profile {found.profile} ({found.profile_hash}).")
    # Says in one sentence what is wrong, if anything is.
    Suite(w3, found)


def _tool(name: str, *arguments: str) -> bool:
    """Runs a tool of the checkout; False in a wheel, which has no sources and nothing to compare."""
    tool = Path(stockade.__file__).resolve().parents[2] / "tools" / name
    if not tool.is_file():
        return False
    run = subprocess.run([sys.executable, str(tool), *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        raise InputError(run.stderr.strip())
    return True


def _record_layout(path: Path) -> None:
    """Where the tokens of a deployment keep what they store, beside its file: what an upgrade is compared with."""
    _tool("layout.py", "--snapshot", str(path.with_suffix(".layout.json")))


@cli.command(cls=SuiteCommand)
@click.option("--table", type=click.Path(path_type=Path), default=TABLE, help="The table of roles.")
@click.option("--profile", help="The rule profile's file, where it does not ship with Stockade.")
@click.option("--plan", type=click.Path(path_type=Path), help="Also whether just this plan's accounts hold each role.")
@suite_option
def verify(table: Path, profile: str | None, plan: Path | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Compare what runs with what this checkout compiles to: every contract's code, byte for byte, the immutables in
    it, the proxies' implementations, the wiring, and the roles. Compiles anew; ends with status 1 when anything
    differs, such as a token that an upgrade left on an earlier implementation.

    \b
      ape run deploy verify --plan examples/suite.toml --network ethereum:devnet
    """
    planned = read_plan(plan) if plan else None
    w3 = connection(provider)
    found = Deployment.load(deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json")
    rebuilt = _tool("manifest.py", "--force")
    console.print("Compiled contracts/ anew." if rebuilt else "Compared with the contracts that ship in this package.")
    if (chain_id := w3.eth.chain_id) != found.chain_id:
        raise NetworkError(f"The node is chain {chain_id}, the suite was deployed on {found.chain_id}.")

    checks = inspection.inspect(w3, found)
    grid = Table("contract", "address", "code", "immutables, wiring", title=f"Suite on chain {chain_id}")
    for (contract, address), group in groupby(checks, key=lambda check: (check.contract, check.address)):
        mine = list(group)
        code = [check for check in mine if check.what == "code"]
        others = [check for check in mine if check.what != "code"]
        grid.add_row(contract, address, _verdict(code), _verdict(others))
    console.print(grid)
    wrong = [check for check in checks if not check.ok]
    rows = [(f"{check.contract} {check.address}: {check.what}", check.expected, check.found) for check in wrong]
    if all(check.ok for check in checks if check.what == "code"):
        suite = Suite(w3, found)
        differences = authority.check(suite, authority.read_table(table), authority.profile_of(suite, profile), planned)
        rows += [(each.subject, each.table, each.chain) for each in differences]
    else:
        console.print("Roles were not compared: other code could say anything.")
    if not rows:
        against = table.name + (f" and {plan}" if plan else "")
        console.print(f"[green]Equal[/]: {len(checks)} checks of code and wiring, and the roles of {against}.")
        return
    differing = Table("what", "must be", "is", title="Differences")
    for row in rows:
        differing.add_row(*(escape(cell) for cell in row))
    console.print(differing)
    raise StockadeError(f"{len(rows)} differences: do not trust this suite before each is explained.")


def _verdict(checks: list[inspection.Check]) -> str:
    wrong = sum(not check.ok for check in checks)
    if not checks:
        return "[dim]none[/]"
    notes = ", ".join(check.note for check in checks if check.note)
    return f"[bold red]{wrong} differ[/]" if wrong else f"[green]equal[/]{notes and f', {notes}'}"


@cli.command(cls=SuiteCommand)
@click.option("--token", "names", multiple=True, help="Symbol or address; by default every token of the suite.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="Storage layout of what runs; by default <deployment>.layout.json, which `deploy suite` wrote.",
)
@suite_option
@signer_options
def upgrade(
    names: tuple[str, ...],
    reference: Path | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Move tokens to the token code of this checkout, a step at a time: run it again for the next step.

    First it compares where the old and the new code keep what they store, creates the new implementation, and
    schedules. UPGRADER's 20 days later, it executes, and verifies that every token is called as before and that the
    reports still rebuild everything. GUARDIAN may cancel in between (`ape run authority cancel`).

    An account without UPGRADER prepares only, and is shown the calls that UPGRADER, a multisig perhaps, has to make.
    Once that has executed the second, run it again: it verifies and records what was done.

    Tokens that run this code already are left out. Those that --token left out of an upgrade follow in another, to the
    same implementation.

    \b
      ape run deploy upgrade --network ethereum:devnet --account TEST::3
    """
    _tool("manifest.py", "--check")
    w3 = connection(provider)
    path = deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json"
    suite = Suite(w3, Deployment.load(path))
    journal = path.with_suffix(".upgrade.json")
    layout = reference or path.with_suffix(".layout.json")
    _check_layout(layout)
    if journal.exists():
        planned = Upgrade.load(journal)
        for address, before in planned.tokens.items():
            console.print(f"Prepared: {escape(before.symbol)} {address}")
        if names and {suite.token(name).address for name in names} != set(planned.tokens):
            raise InputError(f"{journal} prepares other tokens: run it without --token, or remove the file.")
    else:
        chosen = [suite.token(name) for name in names] or suite.tokens()
        moving = outdated(suite, [token.address for token in chosen])
        console.print(f"The layout follows {layout}. {len(moving)} of {len(chosen)} tokens would move:")
        for token in chosen:
            note = "" if token.address in moving else ": runs this code already, left out"
            console.print(f"  {escape(token.functions.symbol().call())} {token.address}{note}", soft_wrap=True)
        if dry_run:
            console.print("Dry run: nothing was sent.")
            return
        if not yes:
            click.confirm("Prepare this upgrade?", abort=True)
        planned = prepare(suite, signer(account, yes), moving)
        planned.save(journal)
        console.print(f"Prepared at {planned.implementation}, recorded in {journal}.")
    check_implementation(suite, planned)
    executed = is_executed(suite, planned)
    if executed and dry_run:
        console.print("Dry run: it is executed already; nothing was recorded.")
    elif executed or _carry_on(suite, planned, account, yes, dry_run):
        _record(suite, planned, path)


def _check_layout(reference: Path) -> None:
    """Refuses code that would read what tokens store as something else."""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "layout.json"
        if not _tool("layout.py", "--snapshot", str(new)):
            raise InputError("An upgrade is made from a checkout, which has the sources of the new code.")
        compiled = json.loads(new.read_text(encoding="utf-8"))["ShareToken"]
    try:
        deployed = json.loads(reference.read_text(encoding="utf-8"))["ShareToken"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{reference} cannot be read as a storage layout ({error}): give snapshots/storage-layout.json of the "
            "version that runs, by --reference."
        ) from None
    if problems := layout_problems(deployed, compiled):
        raise InputError(
            f"The new code would misread what tokens store: {'; '.join(problems)}. New fields belong behind the old."
        )


def _carry_on(suite: Suite, planned: Upgrade, account: AccountAPI, yes: bool, dry_run: bool) -> bool:
    """The next step that the account may make; whether that was the last."""
    call = planned.call(suite)
    if Role.UPGRADER not in deploy.roles_of(suite, account.address):
        authority_call = suite.authority.functions.schedule(call.address, call._encode_transaction_data(), 0)
        console.print(f"{account.address} is no UPGRADER: it has to send these two calls, the second once it is due.")
        for step in (authority_call, call):
            console.print(f"  to {step.address} data {step._encode_transaction_data()}", soft_wrap=True)
        console.print("Run this again when both are done: it verifies and records them.")
        return False
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return False
    if not yes:
        click.confirm(f"Schedule, or execute if it is due, the move to {planned.implementation}?", abort=True)
    done = suite.perform(signer(account, yes), call)
    if isinstance(done, int):
        due = datetime.fromtimestamp(done, UTC)
        console.print(f"Scheduled: run it again from [bold]{due:%Y-%m-%d %H:%M:%S} UTC[/], within a week.")
        return False
    return True


def _record(suite: Suite, planned: Upgrade, path: Path) -> None:
    """Of an executed upgrade. What runs is recorded whatever it did; the journal stays until all is found right."""
    moved = recorded(suite, planned)
    moved.save(path)
    _record_layout(path)
    check_outcome(Suite(suite.w3, moved), planned)
    path.with_suffix(".upgrade.json").unlink()
    console.print(
        f"Upgraded {len(planned.tokens)} of {len(suite.tokens())} tokens to {planned.implementation}: named as before, "
        f"and the reports rebuild their state. Recorded in {path}.",
        soft_wrap=True,
    )


def _show_plan(plan: Plan) -> None:
    profile = plan.profile
    until = datetime.fromtimestamp(profile.period[1], UTC)
    console.print(f"Profile [bold]{profile.id}[/]: {profile.title}, until {until:%Y-%m-%d}.")
    console.print(f"Its hash {profile.hash} goes on chain.", soft_wrap=True)

    roles = Table("role", "held by", "waits", title="Roles")
    for role in Role:
        accounts = "\n".join(plan.roles.get(role, ())) or "[yellow]nobody[/]"
        roles.add_row(role.name, accounts, _wait(deploy.DELAYS.get(role, 0)))
    console.print(roles)

    registrars = Table("number", "registrar", "account", title="Registrars")
    for account, number in plan.registrars.items():
        registrars.add_row(str(number), plan.registrar_names.get(account, ""), account)
    console.print(registrars)

    custodians = Table("number", "custodian", Column("attestors", min_width=48), title="Custodians")
    for number, custodian in enumerate(plan.custodians, start=1):
        attestors = "\n".join(f"{account} ({kind})" for account, kind in custodian.attestors)
        quorum = f"{custodian.threshold} of {len(custodian.attestors)} sign"
        custodians.add_row(str(number), f"{custodian.name}\n{custodian.lei}", f"{quorum}\n{attestors}")
    console.print(custodians)

    shares = Table("ticker", "name", "ISIN", "market", "token", "documents", title="Shares")
    for share in plan.shares:
        count = sum(ticker == share.ticker for ticker, _ in plan.documents)
        shares.add_row(share.ticker, share.name, share.isin, share.mic, share.token_symbol, str(count))
    console.print(shares)


def _show_addresses(done: Suite) -> None:
    table = Table("contract", Column("address", min_width=42), title="Deployed")
    for name, kind in CONTRACTS.items():
        table.add_row(f"{kind} (code)" if name == "implementation" else kind, done.deployment.addresses[name])
    for token in done.tokens():
        table.add_row(token.functions.symbol().call(), token.address)
    console.print(table)


def _wait(seconds: int) -> str:
    days = seconds // deploy.DAY
    return f"{days} day{'s' if days > 1 else ''}" if days else "no"
