"""`ape run report follow` and `rebuild`: what `stockade-report` does, on Ape's connection."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import ProviderAPI

from stockade.ape import SuiteCommand, node_address, open_suite, suite_option
from stockade.reporter.compare import compare
from stockade.reporter.follow_commands import follow_suite, require_comparing, show_comparison
from stockade.reporter.options import following_options, node_at, store_of, store_option


@click.command(cls=SuiteCommand)
@store_option
@following_options
@suite_option
def follow(
    store: str | None, reporter: str, once: bool, poll: int, deployment: Path | None, provider: ProviderAPI
) -> None:
    """Write every report into a database, and the record made of it, as they are mined (`stockade-report follow`).

    \b
      ape run report follow --once --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    chain_id = suite.deployment.chain_id
    follow_suite(store_of(store, chain_id), node_at(node_address(provider)), suite.deployment, reporter, once, poll)


@click.command(cls=SuiteCommand)
@click.option("--compare", "comparing", is_flag=True, help="Compare with the store, and write nothing.")
@store_option
@suite_option
def rebuild(comparing: bool, store: str | None, deployment: Path | None, provider: ProviderAPI) -> None:
    """Compare what the database holds with the chain, byte for byte, as far as it is final.

    \b
      ape run report rebuild --compare --network ethereum:devnet
    """
    require_comparing(comparing)
    suite = open_suite(provider, deployment)
    show_comparison(
        compare(store_of(store, suite.deployment.chain_id), node_at(node_address(provider)), suite.deployment)
    )
