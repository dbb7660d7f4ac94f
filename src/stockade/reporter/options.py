"""Options that commands of `stockade-report` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stockade.store import Store, open_store

Command = TypeVar("Command", bound=Callable[..., Any])


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


def store_of(store: str | None, chain_id: int) -> Store:
    """The store at the address given, or the chain's own."""
    return open_store(store or f"sqlite:///build/report/{chain_id}.db")
