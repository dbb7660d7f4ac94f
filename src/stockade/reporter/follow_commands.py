"""`stockade-report follow` and `rebuild`, and what `ape run report` shares with them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from stockade.errors import InputError
from stockade.reporter.compare import Comparison, compare
from stockade.reporter.derive import Deriver
from stockade.reporter.follow import Follower, Step
from stockade.reporter.node import Node
from stockade.reporter.options import deployment_option, following_options, node_at, rpc_option, store_of, store_option
from stockade.reporter.parties import Parties, party_key
from stockade.reporter.recorder import Recorder
from stockade.store import Store
from stockade.suite import CONTRACTS, Deployment
from stockade.terminal import FileCommand, console

# Differences beyond this many are counted, not shown.
MOST = 40


def follow_suite(store: Store, node: Node, deployment: Deployment, reporter: str, once: bool, poll: int) -> None:
    """Follows until it is interrupted, or with `once` up to the head; asks for news every `poll` milliseconds.

    Raises InputError when STOCKADE_PARTY_KEY is not set, and what `Follower.run` raises.
    """
    contracts = [deployment.addresses[name] for name in CONTRACTS]
    parties = Parties(party_key(), deployment.chain_id, contracts)  # type: ignore[arg-type]
    recorder = Recorder(reporter, deployment.chain_id, Deriver(parties))
    follower = Follower(store, node, deployment, recorder)
    try:
        follower.run(once, poll / 1000, _say, _warn)
    except KeyboardInterrupt:
        console.print("Stopped; what was followed is stored.")


def _say(step: Step) -> None:
    final = "nothing final yet" if step.final is None else f"final up to {step.final}"
    if step.replaced:
        done = f"the chain replaced {step.replaced} blocks, {step.reports} reports taken back"
    else:
        done = f"{step.reports} reports"
    console.print(f"Block {step.block} of {step.head}: {done}; {final}.")


def _warn(words: str) -> None:
    console.print(Text(f"{words} Trying again.", "yellow"), soft_wrap=True)


def show_comparison(found: Comparison) -> None:
    """Says what differs; ends the command with status 1 if anything does."""
    for difference in found.differences[:MOST]:
        console.print(Text(str(difference), "red"), soft_wrap=True)
    if len(found.differences) > MOST:
        console.print(f"and {len(found.differences) - MOST} more.")
    looked_at = f"{found.reports} reports up to block {found.final}, {found.records} records"
    if found.differences:
        console.print(f"[red]The store is not what the chain says[/] ({looked_at}).")
        click.get_current_context().exit(1)
    console.print(f"[green]Identical[/]: {looked_at}.")


# ---------------------------------------------------------------- commands


@click.command(cls=FileCommand)
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


@click.command(cls=FileCommand)
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
