"""Commands about delivery: where records go, how far they are, which are late, and which were rejected."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.table import Column, Table
from rich.text import Text

from stockade import profiles
from stockade.errors import InputError
from stockade.keys import REPORTER_KEY, load_signer
from stockade.profiles import Profile
from stockade.reporter import standing
from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier, SystemClock
from stockade.reporter.derive import Deriver
from stockade.reporter.destinations import Destination, destinations, named, set_destination
from stockade.reporter.incidents import open_incidents
from stockade.reporter.lateness import Late, Lateness, judge, ways
from stockade.reporter.options import deployment_option, store_of, store_option
from stockade.reporter.parties import KEY, Parties, party_key
from stockade.reporter.repairs import open_rejections
from stockade.reporter.repairs import repair as repair_record
from stockade.reporting.words import utc
from stockade.store import Store
from stockade.suite import CONTRACTS, Deployment
from stockade.terminal import FileCommand, console

TOKEN = "STOCKADE_GATEWAY_TOKEN"  # noqa: S105 - the variable's name

# Late records beyond this many are counted, not shown.
MOST = 40

to_option = click.option("--to", "name", required=True, metavar="NAME", help="The destination.")
keystore_option = click.option(
    "--keystore", type=click.Path(path_type=Path), help=f"The key that signs submissions, instead of {REPORTER_KEY}."
)


def _opened(store: str | None, deployment: Path) -> tuple[Store, Deployment]:
    found = Deployment.load(deployment)
    return store_of(store, found.chain_id), found


# ---------------------------------------------------------------- destinations


@click.group()
def destination() -> None:
    """Where records go. The signer is the account whose acknowledgements count: its operator names it."""


@destination.command(cls=FileCommand)
@click.argument("name")
@click.argument("url")
@click.argument("signer")
@click.option("--yes", is_flag=True, help="Change a destination without asking.")
@store_option
@deployment_option
def add(name: str, url: str, signer: str, yes: bool, store: str | None, deployment: Path) -> None:
    """Add a destination, or change the one of that name; how far it is with the records stays as it is.

    \b
      stockade-report destination add sec https://gateway.example 0x... --deployment deployments/31337.json
    """
    given, (opened, _) = Destination.given(name, url, signer), _opened(store, deployment)
    with opened.read() as connection:
        before = next((each for each in destinations(connection) if each.name == name), None)
    if before and before != given and not yes:
        console.print(Text(f"{name} is {before.url}, signer {before.signer}."), soft_wrap=True)
        click.confirm("Change it?", abort=True)
    set_destination(opened, given)
    console.print(Text(f"{name}: {given.url}, signer {given.signer}."), soft_wrap=True)


@destination.command("list", cls=FileCommand)
@store_option
@deployment_option
def list_destinations(store: str | None, deployment: Path) -> None:
    """Show every destination."""
    opened, _ = _opened(store, deployment)
    table = Table("name", Column("address", overflow="fold"), Column("signer", overflow="fold"))
    with opened.read() as connection:
        for each in destinations(connection):
            table.add_row(*map(Text, (each.name, each.url, each.signer)))
    console.print(table)


# ---------------------------------------------------------------- sending


@click.command(cls=FileCommand)
@to_option
@click.option("--once", is_flag=True, help="End when all that is there is answered.")
@keystore_option
@store_option
@deployment_option
def deliver(name: str, once: bool, keystore: Path | None, store: str | None, deployment: Path) -> None:
    """Send records to a destination as they come, in their order, and read its acknowledgements.

    Several may run for one destination; one of them sends at a time. It may be killed at any time. A record that is
    rejected is corrected at once if the facts now say more (with STOCKADE_PARTY_KEY set, as for `follow`). What the
    destination asks for beyond loopback is read from STOCKADE_GATEWAY_TOKEN.

    \b
      stockade-report deliver --to sec --deployment deployments/31337.json
    """
    opened, suite = _opened(store, deployment)
    signer = load_signer(REPORTER_KEY, keystore)

    def repair_now(numbers: list[int]) -> None:
        console.print(f"Rejected: {', '.join(map(str, numbers))} (`stockade-report repairs`).", soft_wrap=True)
        if os.environ.get(KEY):
            for number in numbers:
                _repair(opened, suite, number)

    with opened.read() as connection:
        url = named(connection, name).url
    with Line(url, _token()) as line:
        try:
            Courier(opened, name, signer, line).run(once, _say, repair_now)
        except KeyboardInterrupt:
            console.print("Stopped; what was sent and answered is stored.")


@click.command(cls=FileCommand)
@click.argument("first", type=click.IntRange(min=1))
@to_option
@keystore_option
@store_option
@deployment_option
def replay(first: int, name: str, keystore: Path | None, store: str | None, deployment: Path) -> None:
    """Send again, from record FIRST on, what a destination had already. It keeps one of each.

    \b
      stockade-report replay 1 --to sec --deployment deployments/31337.json
    """
    opened, _ = _opened(store, deployment)
    signer = load_signer(REPORTER_KEY, keystore)
    with opened.read() as connection:
        url = named(connection, name).url
    with Line(url, _token()) as line:
        count = Courier(opened, name, signer, line).replay(first)
    console.print(f"{count} records sent again and acknowledged.")


def _say(problem: str) -> None:
    console.print(Text(f"{problem} Trying again.", "yellow") if problem else "Delivering.", soft_wrap=True)


def _token() -> str:
    token = os.environ.get(TOKEN, "")
    if not token.isascii() or not token.isprintable():
        raise InputError(f"{TOKEN} holds more than a token: give the one that the gateway's operator gave you.")
    return token


# ---------------------------------------------------------------- looking


@click.command(cls=FileCommand)
@store_option
@deployment_option
def status(store: str | None, deployment: Path) -> None:
    """Show where every destination and every stream stands, the regulator's marks on chain, and what is wrong.

    Ends with status 1 while an incident is open.
    """
    opened, _ = _opened(store, deployment)
    with opened.read() as connection:
        everywhere = destinations(connection)
        for each in everywhere:
            console.print(_destination_table(each, standing.of_destination(connection, each.name)))
            console.print(_stream_table(standing.of_streams(connection, each.name)))
        if not everywhere:
            console.print(_stream_table(standing.of_streams(connection, "")))
        incidents, rejected = open_incidents(connection), open_rejections(connection)
    for incident in incidents:
        what = f"Incident {utc(incident['opened_at'] // 1000)}, {incident['subject']}: {incident['problem']}"
        console.print(Text(what, "red"), soft_wrap=True)
    console.print(f"{len(incidents)} incidents are open, {len(rejected)} records wait for a repair.")
    if incidents:
        click.get_current_context().exit(1)


def _destination_table(to: Destination, found: standing.DestinationStanding) -> Table:
    table = Table(title=Text(f"{to.name}: {to.url}"))
    for name in ("records", "expects", "RECEIVED", "VALIDATED", "LINKED", "last answer"):
        table.add_column(name, justify="right")
    answered = "none yet"
    if found.answered_at is not None:
        answered = f"{found.status or 'none'}, {utc(found.answered_at // 1000)}"
    table.add_row(*map(str, found[:5]), answered)
    return table


def _stream_table(streams: list[standing.StreamStanding]) -> Table:
    table = Table("stream", title="Streams, by their own numbers")
    for name in ("reported", "recorded", "RECEIVED", "VALIDATED", "LINKED", "regulator's mark"):
        table.add_column(name, justify="right")
    for each in streams:
        mark = Text(str(each.marked)) if each.agrees else Text(f"{each.marked}, another chain", "red")
        table.add_row(Text(each.name), *map(str, each[1:6]), Text("none") if each.agrees is None else mark)
    return table


@click.command(cls=FileCommand)
@to_option
@click.option("--profile", help="The rule profile with the deadline; by default the suite's.")
@store_option
@deployment_option
def late(name: str, profile: str | None, store: str | None, deployment: Path) -> None:
    """Show how long records take from event to acknowledgement, and which are late by the profile's deadline.

    Those that wait for an acknowledgement come first. Ends with status 1 while one of them is late.

    \b
      stockade-report late --to sec --deployment deployments/31337.json
    """
    opened, suite = _opened(store, deployment)
    rules = _profile(suite, profile)
    with opened.read() as connection:
        named(connection, name)
        found = judge(ways(connection, name), rules.reporting.deadline_seconds, SystemClock().now())
    console.print(_steps_table(found, f"To {name}; late after {found.deadline} s (profile {rules.id})"))
    if found.late:
        console.print(_late_table(found.late))
    waiting = sum(each.waiting for each in found.late)
    console.print(f"{len(found.late)} late, {waiting} of them not acknowledged; {found.waiting} wait for RECEIVED.")
    if waiting:
        click.get_current_context().exit(1)


def _profile(suite: Deployment, given: str | None) -> Profile:
    if given:
        return profiles.load(given)
    if suite.profile in profiles.SHIPPED:
        shipped = profiles.load(suite.profile)
        if shipped.hash == suite.profile_hash:
            return shipped
    raise InputError(
        f"Profile {suite.profile} as it was deployed ({suite.profile_hash}) does not ship with this version: give its "
        "file with --profile."
    )


def _steps_table(found: Lateness, title: str) -> Table:
    table = Table("step", title=Text(title))
    for name in ("records", "half", "99 of 100", "worst"):
        table.add_column(name, justify="right")
    for step, taken in found.steps.items():
        times = ("", "", "") if taken is None else map(_seconds, taken[1:])
        table.add_row(step, str(taken.number if taken else 0), *times)
    return table


def _late_table(found: list[Late]) -> Table:
    table = Table("record", "what", "since", "RECEIVED", Column("late by", justify="right"), title="Late")
    for each in found[:MOST]:
        received = Text("waits", "red") if each.waiting else Text(_moment(each.way.received))
        what = f"{each.way.action} {each.way.event_type}"
        table.add_row(str(each.way.seq), what, _moment(each.way.since), received, _seconds(each.by))
    if len(found) > MOST:
        table.caption = f"and {len(found) - MOST} more"
    return table


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:,.3f} s"


def _moment(milliseconds: int) -> str:
    return utc(milliseconds // 1000)


# ---------------------------------------------------------------- repairs


@click.command(cls=FileCommand)
@store_option
@deployment_option
def repairs(store: str | None, deployment: Path) -> None:
    """Show the rejected records that nothing has taken the place of: by whom, why, in which field, and what helps."""
    opened, _ = _opened(store, deployment)
    with opened.read() as connection:
        found = open_rejections(connection)
    table = Table("record", "what", "by", "code", Column("field", overflow="fold"), "since", "remedy")
    for each in found:
        row = (str(each.seq), each.event_type, each.destination, each.code, each.field or "the whole record")
        table.add_row(*map(Text, row), _moment(each.opened_at), f"{each.remedy}; then `repair {each.seq}`")
    if found:
        console.print(table)
    console.print(f"{len(found)} wait for a repair.")


@click.command(cls=FileCommand)
@click.argument("seq", type=click.IntRange(min=1))
@store_option
@deployment_option
def repair(seq: int, store: str | None, deployment: Path) -> None:
    """Derive record SEQ again, which was rejected, and correct it with a new record if that says anything else.

    Ends with status 1 when it stays as it is. The wallets' references need STOCKADE_PARTY_KEY, as for `follow`.
    """
    opened, suite = _opened(store, deployment)
    if not _repair(opened, suite, seq):
        click.get_current_context().exit(1)


def _repair(store: Store, suite: Deployment, seq: int) -> bool:
    contracts = [suite.addresses[name] for name in CONTRACTS]
    deriver = Deriver(Parties(party_key(), suite.chain_id, contracts))  # type: ignore[arg-type]
    done = repair_record(store, deriver, seq, SystemClock().now())
    if done.correction is None:
        console.print(Text(f"Record {seq} stays as it is: {done.why}.", "yellow"), soft_wrap=True)
        return False
    console.print(f"Record {seq} is corrected by record {done.correction}.")
    return True


COMMANDS = (destination, deliver, replay, status, late, repairs, repair)
