"""The only module that imports Ape: its accounts as signers, its provider as a web3 connection, and what every script
under `scripts/` shares on the command line.
"""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import ConnectedProviderCommand, account_option
from ape.exceptions import ApeException, ProviderError
from ape_accounts.accounts import InvalidPasswordError
from eth_account.messages import SignableMessage
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.types import TxParams

from stockade.chain import NO_ANSWER, no_answer
from stockade.errors import InputError, NetworkError, StockadeError
from stockade.suite import Deployment, Suite

# For the scripts, which take all that a command needs from here.
from stockade.terminal import Failure
from stockade.terminal import FileCommand as FileCommand
from stockade.terminal import SafeConsole as SafeConsole
from stockade.terminal import console as console
from stockade.terminal import printable as printable

DEPLOYMENTS = Path("deployments")

# Of a file's permissions: those of its group and of others.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


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
        with _unlocking(self.account):
            signed = self.account.sign_transaction(unsigned)
        if signed is None:
            raise InputError(f"Account {self.account.alias or self.address} did not sign: nothing was sent.")
        return bytes(signed.serialize_transaction())

    def sign_message(self, message: SignableMessage) -> bytes:
        with _unlocking(self.account):
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


def node_address(provider: ProviderAPI | None) -> str:
    """The HTTP address of the node behind Ape's provider, for what runs on past Ape's own connection."""
    address = getattr(provider, "http_uri", None)
    if not isinstance(address, str):
        raise NetworkError("This command follows a node over HTTP, which this --network has not: choose another one.")
    return address


def is_embedded(provider: ProviderAPI) -> bool:
    """Whether the chain lives inside this process, or was started by it, and ends with it: nothing deployed there is
    worth a file. (`process` is what ape-foundry's provider started; it is None when attached to a running node.)
    """
    return bool(provider.name == "test") or getattr(provider, "process", None) is not None


def open_suite(provider: ProviderAPI | None, deployment: Path | None = None) -> Suite:
    """The suite of a deployment file, by default the one of the connected chain. A command that takes an account gets
    it only if its contracts are those of this version of Stockade.
    """
    w3 = connection(provider)
    suite = Suite(w3, Deployment.load(deployment or DEPLOYMENTS / f"{w3.eth.chain_id}.json"))
    context = click.get_current_context(silent=True)
    if context is not None and "account" in context.params:
        # The implementation is left to `Suite.send`, which knows whether the act is its upgrade.
        suite.require_known_code(upgrading=True)
    return suite


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
        except NO_ANSWER:
            raise Failure(no_answer()) from None
        except ApeException as error:
            raise Failure(StockadeError(str(error))) from None


def suite_option(command: Command) -> Command:
    """Adds `--deployment`, given to the command as `deployment` (pass it to `open_suite`)."""
    return click.option(
        "--deployment",
        type=click.Path(path_type=Path),
        help="Deployment file; by default deployments/<chain-id>.json.",
    )(command)


def signer_options(command: Command) -> Command:
    """Adds `--account` (given as `account`), `--yes` and `--dry-run` (as `yes`, `dry_run`) to a command that acts."""
    option: Callable[[Command], Command] = account_option()
    return option(acting_options(command))


def acting_options(command: Command) -> Command:
    """The same without `--account`, for a command that does not always sign."""
    command = click.option("--yes", is_flag=True, help="Sign and send without asking.")(command)
    return click.option("--dry-run", is_flag=True, help="Say what would happen; sign and send nothing.")(command)


def signer(account: AccountAPI, yes: bool) -> ApeSigner:
    """The account as a signer; with `yes`, an unlocked keyfile signs without asking again (its passphrase comes from
    APE_ACCOUNTS_<alias>_PASSPHRASE). Raises InputError for a keyfile that others can read, before it is unlocked.
    """
    _require_private(account)
    if yes and hasattr(account, "set_autosign"):
        with _unlocking(account):
            account.set_autosign(True)
    return ApeSigner(account)


def _require_private(account: AccountAPI) -> None:
    """Ape writes keyfiles as the umask has it, often readable by everybody. Test accounts and hardware wallets have no
    keyfile.
    """
    keyfile = getattr(account, "keyfile_path", None)
    if keyfile is not None and keyfile.stat().st_mode & _OTHERS:
        raise InputError(
            f"Keyfile {keyfile} is open to other users of this machine, and nothing was signed: "
            f"run `chmod 600 {shlex.quote(str(keyfile))}` first."
        )


@contextmanager
def _unlocking(account: AccountAPI) -> Iterator[None]:
    try:
        yield
    except InvalidPasswordError:
        raise InputError(
            f"The passphrase of account {account.alias} is wrong, and nothing was signed: type it again, or correct "
            f"APE_ACCOUNTS_{account.alias}_PASSPHRASE."
        ) from None
