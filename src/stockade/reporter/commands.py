"""What `stockade-report` and `ape run report` share: following with a line a step, and what a comparison found."""

from __future__ import annotations

import click
from rich.text import Text

from stockade.reporter.compare import Comparison
from stockade.reporter.derive import Deriver
from stockade.reporter.follow import Follower, Step
from stockade.reporter.node import Node
from stockade.reporter.parties import Parties, party_key
from stockade.reporter.recorder import Recorder
from stockade.store import Store
from stockade.suite import CONTRACTS, Deployment
from stockade.terminal import console

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
