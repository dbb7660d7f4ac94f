"""What the commands of `ape run listing` share: how they act, and how they say times and rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from ape.api import AccountAPI
from eth_utils.crypto import keccak
from rich.text import Text
from web3.contract.contract import ContractFunction

from stockade import profiles
from stockade.ape import console, signer
from stockade.errors import InputError
from stockade.profiles import Profile
from stockade.records import InvestorClass, Pause, Policy
from stockade.suite import Suite

profile_option = click.option(
    "--profile",
    "name",
    help=f"Rule profile: {', '.join(profiles.SHIPPED)}, or the path of a .toml file. By default the deployment's.",
)
uri_option = click.option("--uri", required=True, help="Where the text can be had.")
text_option = click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The text itself; the keccak256 of its bytes goes on chain.",
)


def act(suite: Suite, call: ContractFunction, account: AccountAPI, yes: bool, dry_run: bool, what: str) -> bool:
    """Asks the contract, says what would happen, asks the person, acts. Whether it was done."""
    suite.dry_run(account.address, call)
    console.print(Text(what), soft_wrap=True)
    if dry_run:
        console.print("  Dry run: it would be accepted; nothing was sent.")
        return False
    if not yes:
        click.confirm("Send it?", abort=True)
    receipt = suite.send(signer(account, yes), call)
    console.print(f"  Done in block {receipt['blockNumber']}: {receipt['transactionHash'].to_0x_hex()}", soft_wrap=True)
    return True


def hash_of(file: Path) -> bytes:
    """The keccak256 of a file. Raises InputError for an empty one."""
    content = file.read_bytes()
    if not content:
        raise InputError(f"{file} is empty: give the file that holds the text.")
    return keccak(content)


def profile_of(suite: Suite, name: str | None) -> Profile:
    """The profile of a name or file, by default the deployment's."""
    if name is None and suite.deployment.profile not in profiles.SHIPPED:
        raise InputError(f"The suite runs under profile {suite.deployment.profile}: give its file with --profile.")
    return profiles.load(name or suite.deployment.profile)


def time_of(suite: Suite) -> int:
    """The chain's clock, which is the one that counts."""
    return int(suite.w3.eth.get_block("latest")["timestamp"])


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def classes(mask: int) -> str:
    return ", ".join(each.name.lower() for each in InvestorClass if mask >> each & 1) or "nobody"


def flags(found: Policy | Pause) -> str:
    return ", ".join(member.name for member in type(found) if member in found) or "none"
