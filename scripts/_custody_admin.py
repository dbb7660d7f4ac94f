"""Custodians, their attestors and a token's terms: what CUSTODY_ADMIN does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI, ProviderAPI
from web3.contract.contract import ContractFunction

from scripts._custody_shared import NUMBER, wrapping
from stockade import profiles
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.custody import admin, words
from stockade.records import to_shares
from stockade.suite import Suite


def act(build: Callable[..., tuple[str, ContractFunction]]) -> Callable[..., None]:
    """A command out of a function that says, in words and as a call, what CUSTODY_ADMIN is to do."""

    def run(
        provider: ProviderAPI, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, **arguments: Any
    ) -> None:
        suite = open_suite(provider, deployment)
        says, call = build(suite, **arguments)
        console.print(f"To do (CUSTODY_ADMIN): {says}.", soft_wrap=True)
        sends, follows = admin.rehearse(suite, suite.w3.to_checksum_address(account.address), call)
        console.print(follows, soft_wrap=True)
        if not sends:
            return
        if dry_run:
            console.print("Dry run: nothing was sent.")
            return
        if not yes:
            click.confirm("Do this?", abort=True)
        result = suite.perform(signer(account, yes), call)
        if isinstance(result, int):
            console.print(
                f"[yellow]Scheduled[/]. Run the same command again from {words.utc(result)} on, within a week; until "
                "then GUARDIAN may cancel it.",
                soft_wrap=True,
            )
        else:
            console.print(f"[green]Done[/]: transaction {result['transactionHash'].to_0x_hex()}.", soft_wrap=True)

    return suite_option(signer_options(wrapping(build, run)))


@click.command(cls=SuiteCommand)
@act
@click.option("--name", required=True, help="Its legal name, exactly; the hash of it stands on chain.")
@click.option("--lei", required=True, help="Its legal entity identifier (ISO 17442), 20 characters.")
@click.option("--attestor", "attestors", multiple=True, required=True, help="ADDRESS:key or ADDRESS:contract; repeat.")
@click.option("--threshold", type=click.IntRange(1, 255), required=True, help="How many attestors must sign.")
def add_custodian(
    suite: Suite, name: str, lei: str, attestors: tuple[str, ...], threshold: int
) -> tuple[str, ContractFunction]:
    """Add a custodian (CUSTODY_ADMIN, two days of delay). It is never removed, only closed to new deposits.

    \b
      ape run custody add-custodian --name "Third Example Bank (synthetic)" --lei 0000SYNTHETIC0000322
        --attestor 0xFABB0ac9d68B0B445fB7357272Ff202C5651694a:key --threshold 1
        --network ethereum:devnet --account TEST::7
    """
    call = admin.add_custodian(suite, name, lei, [admin.parse_attestor(each) for each in attestors], threshold)
    says = f"add custodian {name} (LEI {lei}), {threshold} of {len(attestors)} must sign: {', '.join(attestors)}"
    return says, call


@click.command(cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
@click.option("--add", multiple=True, help="ADDRESS:key, or ADDRESS:contract for a Safe; repeat.")
@click.option("--remove", multiple=True, help="ADDRESS; repeat.")
@click.option(
    "--threshold", type=click.IntRange(1, 255), help="How many must sign afterwards; default: as many as now."
)
def attestors(
    suite: Suite, custodian: int, add: tuple[str, ...], remove: tuple[str, ...], threshold: int | None
) -> tuple[str, ContractFunction]:
    """Change who signs for a custodian, in one step, removals first (CUSTODY_ADMIN, two days of delay).

    \b
      ape run custody attestors 2 --remove 0xcd3B766CCDd6AE721141F452C550Ca635964ce71
        --add 0x2546BcD3c84621e976D8185a91A922aE77ECEc30:key --network ethereum:devnet --account TEST::7
    """
    added = [admin.parse_attestor(each) for each in add]
    removed = [words.parse_address(each, "--remove") for each in remove]
    call = admin.change_attestors(suite, custodian, removed, added, threshold)
    steps = [*(f"remove {each}" for each in remove), *(f"add {each}" for each in add), f"threshold {call.args[3]}"]
    return f"custodian {custodian}: {', '.join(steps)}", call


@click.command("open", cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
def reopen(suite: Suite, custodian: int) -> tuple[str, ContractFunction]:
    """Let a closed custodian deposit again (CUSTODY_ADMIN, two days of delay).

    \b
      ape run custody open 1 --network ethereum:devnet --account TEST::7
    """
    return f"open custodian {custodian} to new deposits", admin.set_open(suite, custodian, True)


@click.command(cls=SuiteCommand)
@act
@click.argument("custodian", type=NUMBER)
def close(suite: Suite, custodian: int) -> tuple[str, ContractFunction]:
    """Close a custodian to new deposits; its answers to redemptions stay open (CUSTODY_ADMIN, two days of delay).

    In a hurry, PAUSER stops all minting at once: `ape run compliance pause TOKEN mint`.

    \b
      ape run custody close 1 --network ethereum:devnet --account TEST::7
    """
    return f"close custodian {custodian} to new deposits", admin.set_open(suite, custodian, False)


@click.command(cls=SuiteCommand)
@act
@click.argument("token")
@click.option("--profile", help=f"Take all three from a profile: {', '.join(profiles.SHIPPED)}, or a .toml file.")
@click.option("--cap", help="Most shares in one deposit; 0 means no mint.")
@click.option(
    "--max-age",
    type=click.IntRange(1, 366),
    help="Business days: a deposit lands while no more than these have begun since its position.",
)
@click.option("--period", help="How long a custodian has to answer a redemption, like 5d.")
def terms(
    suite: Suite, token: str, profile: str | None, cap: str | None, max_age: int | None, period: str | None
) -> tuple[str, ContractFunction]:
    """Set a token's custody terms (CUSTODY_ADMIN, two days of delay). What is not given stays as it is.

    \b
      ape run custody terms NVDAs --profile us-tsv --network ethereum:devnet --account TEST::7
      ape run custody terms AAPLs --cap 50000 --network ethereum:devnet --account TEST::7
    """
    wanted = profiles.load(profile).custody.terms if profile else (None, None, None)
    given = (
        words.parse_amount(cap, "--cap") if cap else None,
        max_age,
        words.parse_span(period, "--period") if period else None,
    )
    shares, age, wait = (old if new is None else new for old, new in zip(wanted, given, strict=True))
    call = admin.change_terms(suite, suite.token(token), shares, age, wait)
    after = call.args[1]
    says = (
        f"{token}: at most {to_shares(after[0])} shares a deposit, on positions at most {after[1]} business days old; "
        f"{after[2]} seconds to answer a redemption"
    )
    return says, call
