"""The only module that imports Ape: its accounts as signers, its provider as a web3 connection, and what every script
under `scripts/` shares on the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option
from ape.exceptions import ApeException, ProviderError
from eth_account.messages import SignableMessage
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from rich.console import Console
from web3 import Web3
from web3.types import TxParams

from stockade.errors import InputError, NetworkError, StockadeError
from stockade.suite import Deployment, Suite

DEPLOYMENTS = Path("deployments")

console = Console()

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class ApeSigner:
    """Any Ape account: a keyfile, a test account, a hardware wallet."""

    account: AccountAPI

    @property
    def address(self) -> ChecksumAddress:
        return to_checksum_address(self.account.address)

    def sign_transaction(self, transaction: TxParams) -> bytes:
        ecosystem = self.account.provider.network.ecosystem
        unsigned = ecosystem.create_transaction(**{"type": 2, **transaction})
        signed = self.account.sign_transaction(unsigned)
        if signed is None:
            raise InputError(f"Account {self.account.alias or self.address} did not sign: nothing was sent.")
        return bytes(signed.serialize_transaction())

    def sign_message(self, message: SignableMessage) -> bytes:
        signature = self.account.sign_message(message)
        if signature is None:
            raise InputError(f"Account {self.account.alias or self.address} did not sign: nothing was signed.")
        return bytes(signature.encode_rsv())


def connection(provider: ProviderAPI | None) -> Web3:
    """The web3 behind Ape's provider; there is none with `--network none`."""
    if provider is None:
        raise InputError("This command asks a chain: choose another --network than none.")
    w3 = getattr(provider, "web3", None)
    if not isinstance(w3, Web3):
        raise NetworkError(f"Ape's provider {provider.name!r} has no web3 connection: choose another --network.")
    return w3


def is_embedded(provider: ProviderAPI) -> bool:
    """Whether the chain lives inside this process, or was started by it, and ends with it: nothing deployed there is
    worth a file. (`process` is what ape-foundry's provider started; it is None when attached to a running node.)
    """
    return bool(provider.name == "test") or getattr(provider, "process", None) is not None


def open_suite(provider: ProviderAPI | None, deployment: Path | None = None) -> Suite:
    """The suite of a deployment file, by default the one of the connected chain."""
    w3 = connection(provider)
    return Suite(w3, Deployment.load(deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json"))


# ---------------------------------------------------------------- command line


class SuiteCommand(ConnectedProviderCommand):
    """A command on a connected chain that answers an error with one sentence and no traceback: exit status 2 for wrong
    input (nothing was sent), 1 for a refusal or a network that is not as expected.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StockadeError as error:
            raise Failure(error) from None
        except ProviderError as error:
            text = f"{error} Start a chain (`make devnet`), or choose another --network."
            raise Failure(NetworkError(text)) from None
        except ApeException as error:
            raise Failure(StockadeError(str(error))) from None


class Failure(click.ClickException):
    """Prints one sentence on standard error."""

    def __init__(self, error: StockadeError) -> None:
        super().__init__(str(error))
        self.exit_code = 2 if isinstance(error, InputError) else 1


def suite_option(command: Command) -> Command:
    """Adds `--deployment`, given to the command as `deployment` (pass it to `open_suite`)."""
    return click.option(
        "--deployment",
        type=click.Path(path_type=Path),
        help="Deployment file; by default deployments/<chain-id>.json.",
    )(command)


def signer_options(command: Command) -> Command:
    """Adds `--account` (given as `account`), `--yes` and `--dry-run` (as `yes`, `dry_run`) to a command that acts."""
    command = click.option("--yes", is_flag=True, help="Sign and send without asking.")(command)
    command = click.option("--dry-run", is_flag=True, help="Say what would happen; sign and send nothing.")(command)
    option: Callable[[Command], Command] = account_option()
    return option(command)


def signer(account: AccountAPI, yes: bool) -> ApeSigner:
    """The account as a signer; with `yes`, an unlocked keyfile signs without asking again (its passphrase comes from
    APE_ACCOUNTS_<alias>_PASSPHRASE)."""
    if yes and hasattr(account, "set_autosign"):
        account.set_autosign(True)
    return ApeSigner(account)
