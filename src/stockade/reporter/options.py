"""Options that commands of `stockade-report` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError
from web3 import HTTPProvider, Web3

from stockade.errors import InputError
from stockade.reporter.node import Node
from stockade.store import Store, open_store
from stockade.wire.envelope import ReporterId

Command = TypeVar("Command", bound=Callable[..., Any])

_REPORTER_ID = TypeAdapter[str](ReporterId)

# Seconds that one answer of the node may take.
_TIMEOUT = 30


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


def block_option(command: Command) -> Command:
    """Adds `--block`, given to the command as `block`."""
    return click.option("--block", type=click.IntRange(min=0), help="Block number; by default the last final one.")(
        command
    )


def holders_option(command: Command) -> Command:
    """Adds `--holders`, given to the command as `holders`, a path."""
    return click.option(
        "--holders", type=click.Path(path_type=Path), help="The registrar's holder file (docs/reconciliation.md)."
    )(command)


def out_option(command: Command) -> Command:
    """Adds `--out`, given to the command as `out`, the folder of what is written."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("build/report"),
        show_default=True,
        help="Folder for the files, which only their owner can read.",
    )(command)


def store_of(store: str | None, chain_id: int) -> Store:
    """The store at the address given, or the chain's own."""
    return open_store(store or f"sqlite:///build/report/{chain_id}.db")


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
            "--reporter",
            envvar="STOCKADE_REPORTER_ID",
            default="reporter",
            show_default=True,
            callback=_reporter_id,
            help="Who reports: the same as long as a store lives.",
        ),
    ):
        command = option(command)
    return command


def _reporter_id(_: click.Context, __: click.Parameter, given: str) -> str:
    try:
        return _REPORTER_ID.validate_python(given)
    except ValidationError:
        raise click.BadParameter(
            f"{given!r} names no reporter: take 1 to 64 letters, digits, dots, hyphens and underscores, the first a "
            "letter or a digit."
        ) from None


def node_at(rpc: str) -> Node:
    """The node at an address. Whoever follows repeats questions; web3 does not do it a second time."""
    if not rpc.startswith(("http://", "https://")):
        raise InputError("--rpc is no address of a node: give http://... or https://...")
    return Node(Web3(HTTPProvider(rpc, {"timeout": _TIMEOUT}, exception_retry_configuration=None)))
