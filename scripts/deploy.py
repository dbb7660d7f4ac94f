"""Deploy a suite, and look at one: `ape run deploy suite --help`."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table

import stockade
from stockade import deploy
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
from stockade.deploy import Plan
from stockade.errors import InputError, StockadeError
from stockade.plan import read_plan
from stockade.records import Role
from stockade.suite import CONTRACTS, Deployment, Suite


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
    _require_fresh_manifest()
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
    _show_addresses(done)
    console.print("Embedded chain: it ends now, nothing was recorded." if embedded else f"Recorded in {path}.")


def _carry_out(w3: deploy.Web3, by: deploy.Signer, plan: Plan) -> Suite:
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


def _require_fresh_manifest() -> None:
    """In a checkout, what is deployed is what contracts/ says; a wheel has no sources and nothing to compare."""
    tool = Path(stockade.__file__).resolve().parents[2] / "tools" / "manifest.py"
    if not tool.is_file():
        return
    run = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False)
    if run.returncode:
        raise InputError(run.stderr.strip())


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
