"""`stockade-report`: the reporter's commands, without Ape. Each group of them is a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from web3 import HTTPProvider, Web3

from stockade.errors import InputError
from stockade.reporter.commands import follow_suite, show_comparison
from stockade.reporter.compare import compare
from stockade.reporter.node import Node
from stockade.store import Store, open_store
from stockade.suite import Deployment
from stockade.terminal import FileCommand

Command = TypeVar("Command", bound=Callable[..., Any])

# Seconds that one answer of the node may take.
_TIMEOUT = 30


@click.group()
def cli() -> None:
    """Follow a suite's reports, send their records to whoever must have them, and look at what became of them.

    \b
    Addresses and secrets are better in the environment than on a command line:
      STOCKADE_RPC          the node's address                  (--rpc)
      STOCKADE_STORE        the store's, sqlite:/// or postgresql://   (--store)
      STOCKADE_REPORTER_ID  who reports, as records name it     (--reporter)
      STOCKADE_PARTY_KEY    the secret key under which wallets are named
    """


def store_option(command: Command) -> Command:
    """Adds `--store`, given to the command as `store` (pass it to `store_of`)."""
    return click.option(
        "--store",
        envvar="STOCKADE_STORE",
        help="Database: sqlite:///FILE or postgresql://...; by default build/report/<chain-id>.db.",
    )(command)


def deployment_option(command: Command) -> Command:
    """Adds `--deployment`, given to the command as `deployment`, a path."""
    return click.option(
        "--deployment", type=click.Path(path_type=Path), required=True, help="Deployment file of the suite."
    )(command)


def rpc_option(command: Command) -> Command:
    """Adds `--rpc`, given to the command as `rpc` (pass it to `node_at`)."""
    return click.option("--rpc", envvar="STOCKADE_RPC", required=True, help="The node's address, http(s)://...")(
        command
    )


def following_options(command: Command) -> Command:
    """Adds `--reporter`, `--once` and `--poll`, for whoever calls `follow_suite`."""
    for option in (
        click.option("--poll", type=click.IntRange(min=10), default=200, show_default=True, help="Milliseconds."),
        click.option("--once", is_flag=True, help="End at the chain's head instead of waiting for more."),
        click.option(
            "--reporter", envvar="STOCKADE_REPORTER_ID", default="reporter", show_default=True, help="Who reports."
        ),
    ):
        command = option(command)
    return command


def store_of(store: str | None, chain_id: int) -> Store:
    """The store at the address given, or the chain's own."""
    return open_store(store or f"sqlite:///build/report/{chain_id}.db")


def node_at(rpc: str) -> Node:
    """The node at an address. Whoever follows repeats questions; web3 does not do it a second time."""
    if not rpc.startswith(("http://", "https://")):
        raise InputError("--rpc is no address of a node: give http://... or https://...")
    return Node(Web3(HTTPProvider(rpc, {"timeout": _TIMEOUT}, exception_retry_configuration=None)))


@cli.command(cls=FileCommand)
@rpc_option
@store_option
@deployment_option
@following_options
def follow(rpc: str, store: str | None, deployment: Path, reporter: str, once: bool, poll: int) -> None:
    """Write every report of the suite into the store, and the record made of it, as they are mined.

    What is not final yet is provisional, and taken back when the chain replaces it. Ends with status 1 at an incident:
    what the node serves cannot be true, and nothing of it was written. It may be killed at any time.

    \b
      stockade-report follow --rpc http://127.0.0.1:8545 --deployment deployments/31337.json
    """
    found = Deployment.load(deployment)
    follow_suite(store_of(store, found.chain_id), node_at(rpc), found, reporter, once, poll)


@cli.command(cls=FileCommand)
@click.option("--compare", "comparing", is_flag=True, help="Compare with the store, and write nothing.")
@rpc_option
@store_option
@deployment_option
def rebuild(comparing: bool, rpc: str, store: str | None, deployment: Path) -> None:
    """Rebuild the facts from the chain and compare them with the store, byte for byte, as far as they are final.

    Exit status 1 when anything differs.

    \b
      stockade-report rebuild --compare --rpc http://127.0.0.1:8545 --deployment deployments/31337.json
    """
    require_comparing(comparing)
    found = Deployment.load(deployment)
    show_comparison(compare(store_of(store, found.chain_id), node_at(rpc), found))


def require_comparing(comparing: bool) -> None:
    """Facts are compared, and never written over."""
    if not comparing:
        raise InputError(
            "Final facts are never written over: give --compare to look whether they are the chain's, or follow into a "
            "new --store to have them anew."
        )
