"""`ape run whitelist offer`: records that another registrar may take over."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI

from stockade import whitelist
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option


@click.command(cls=SuiteCommand)
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
    every = len(made.wallets) + made.unchanged
    says = f"{len(made.wallets)} of {every} wallets of {suite.registrar(made.registrar)} are to be {what}."
    console.print(says, markup=False)
    if dry_run:
        console.print("Dry run: nothing was sent.")
        return
    if not made.calls:
        return
    if not yes:
        click.confirm("Do this?", abort=True)
    gas = whitelist.send_offer(suite, signer(account, yes), made)
    console.print(f"Done in {len(made.calls)} transactions, {gas:,} gas.")


COMMANDS = (offer,)
