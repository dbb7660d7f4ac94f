"""What falls due: `ape run listing clocks`."""

from __future__ import annotations

import json
from pathlib import Path

import click
from ape.api import ProviderAPI
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from stockade.ape import SuiteCommand, console, open_suite, suite_option
from stockade.custody.words import parse_moment, utc
from stockade.listing.business_days import new_york
from stockade.listing.clocks import Calendar, Facts, Obligation, State, is_overdue, obligations
from stockade.listing.facts import read_facts
from stockade.suite import Suite

_STYLES = {State.OVERDUE: "bold red", State.OPEN: "yellow", State.WAITING: "", State.DONE: "green"}


@click.command(cls=SuiteCommand)
@click.option("--at", metavar="MOMENT", help="Judge at a later moment, like 2027-01-31T05:00:00Z; by default now.")
@click.option("--all", "every", is_flag=True, help="What was done too.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@suite_option
def clocks(at: str | None, every: bool, as_json: bool, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show what falls due and when: Notices, objections, material changes, the quarter, licences, redemptions.

    Read from the report streams, which prove that no change is missing; business days are those of the New York Stock
    Exchange, in its own zone. Ends with status 1 when something is overdue. What no chain can show, such as e-mails to
    the SEC, is not here.

    \b
      ape run listing clocks --network ethereum:devnet
      ape run listing clocks --at 2027-01-31T05:00:00Z --json --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    facts = _read(suite, None if at is None else parse_moment(at, "--at"))
    calendar = new_york()
    found = obligations(facts, calendar)
    if as_json:
        click.echo(json.dumps(_as_json(suite, facts, found, calendar), indent=2))
    else:
        _show(facts, found, calendar, every)
    if is_overdue(found):
        click.get_current_context().exit(1)


def _read(suite: Suite, at: int | None) -> Facts:
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading the reports")
        return read_facts(
            suite,
            at,
            progress=lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )


def _show(facts: Facts, found: list[Obligation], calendar: Calendar, every: bool) -> None:
    shown = [each for each in found if every or each.state is not State.DONE]
    columns = ("state", "due", "source", Column("what", overflow="fold"), Column("remedy", overflow="fold"))
    table = Table(*columns, title=f"What falls due, as of {utc(facts.now)}")
    for each in shown:
        state = Text(each.state.value, _STYLES[each.state])
        table.add_row(state, Text(_due(each, calendar)), each.source, Text(each.what), Text(each.remedy))
    console.print(table if shown else f"Nothing falls due, as of {utc(facts.now)}.")
    if left := len(found) - len(shown):
        console.print(f"{left} done: --all shows them.")


def _due(each: Obligation, calendar: Calendar) -> str:
    if each.due is None:
        return "not begun"
    if each.day is not None:
        return f"through {each.day}\n{calendar.zone.key}"
    return utc(each.due)


def _as_json(suite: Suite, facts: Facts, found: list[Obligation], calendar: Calendar) -> dict[str, object]:
    return {
        "chain_id": suite.deployment.chain_id,
        "block": facts.block,
        "at": facts.now,
        "zone": calendar.zone.key,
        "overdue": sum(each.state is State.OVERDUE for each in found),
        "obligations": [
            {
                "what": each.what,
                "source": each.source,
                "state": each.state.value,
                "begun": each.begun,
                "due": each.due,
                "day": each.day and each.day.isoformat(),
                "remedy": each.remedy,
            }
            for each in found
        ],
    }
