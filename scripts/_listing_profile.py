"""Rule profiles, their sources and their hash: `ape run listing profile --help`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click
from ape.api import ProviderAPI
from rich.table import Column, Table
from rich.text import Text

from stockade import listing, profiles
from stockade.ape import FileCommand, SuiteCommand, console, open_suite, suite_option
from stockade.errors import InputError, StockadeError
from stockade.profiles import Rule


class FileOrSuiteCommand(SuiteCommand):
    """A command that asks a chain only where `--network` names one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = any(arg == "--network" or arg.startswith("--network=") for arg in args)
        return super().parse_args(ctx, args if named else ["--network", "none", *args])


@click.group()
def profile() -> None:
    """What a regime asks, as parameters, each with its source. NAME is a profile that ships or a .toml file.

    The tag before a source says how it is known: docs/requirements.md explains it.
    """


@profile.command(cls=FileCommand)
@click.argument("name")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the canonical form; the SHA-256 of its bytes is the hash on chain."
)
def show(name: str, as_json: bool) -> None:
    """Show every value of a profile and where it comes from.

    \b
      ape run listing profile show us-tsv
      ape run listing profile show us-tsv --json | sha256sum
    """
    found = profiles.load(name)
    if as_json:
        click.echo(found.canonical, nl=False)
        return
    console.print(
        Text(f"Profile {found.id}: {found.title}\nSource: {found.source}\nHash: {found.hash}"), soft_wrap=True
    )
    table = Table(Column("key and value", min_width=38, overflow="fold"), "source", show_lines=True)
    for rule in found.values():
        if rule.source:
            table.add_row(Text.assemble((rule.key, "bold"), "\n", _value(rule)), Text(rule.source))
    console.print(table)


@profile.command(cls=FileOrSuiteCommand)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@suite_option
def check(names: tuple[str, ...], deployment: Path | None, provider: ProviderAPI | None) -> None:
    """Check profiles: every key there, every value possible, every source given.

    With --network, also whether the hash of each stands on chain with an exemption of the suite, now.
    Ends with status 2 when a profile is wrong, and 1 when its hash is not on chain.

    \b
      ape run listing profile check my-rules.toml
      ape run listing profile check us-tsv --network ethereum:devnet
    """
    suite = open_suite(provider, deployment) if provider else None
    faults, absent = [], []
    recorded = listing.exemptions(suite) if suite else []
    for name in names:
        try:
            found = profiles.load(name)
        except InputError as error:
            faults.append(str(error))
            continue
        count = sum(1 for rule in found.values() if rule.source)
        console.print(Text(f"{found.id}: {count} values, each with its source; hash {found.hash}"), soft_wrap=True)
        numbers = [str(each.number) for each in recorded if each.profile == found.hash]
        if numbers:
            console.print(f"  On chain with exemption {', '.join(numbers)}.")
        elif suite:
            absent.append(found.id)
    if faults:
        raise InputError(" ".join(faults))
    if absent:
        raise StockadeError(
            f"The hash of {', '.join(absent)} stands with no exemption of the suite: show those there are with "
            "`ape run listing exemption show`; record or amend one with `ape run listing exemption`."
        )


@profile.command(cls=FileCommand)
@click.argument("one")
@click.argument("other")
@click.pass_context
def diff(ctx: click.Context, one: str, other: str) -> None:
    """Show what two profiles say differently, with the sources. Ends with status 0 when they are equal, 1 when not.

    \b
      ape run listing profile diff us-tsv article-2026-05
    """
    before, after = profiles.load(one), profiles.load(other)
    changed = profiles.differences(before, after)
    if not changed:
        console.print(f"Equal, with the hash {before.hash}.", soft_wrap=True)
        return
    table = Table(Column("key", overflow="fold"), Column(Text(before.id)), Column(Text(after.id)), show_lines=True)
    for old, new in changed:
        table.add_row(Text(old.key), _sourced(old), _sourced(new))
    console.print(table)
    console.print(f"{len(changed)} of {len(list(before.values()))} differ, in value or source.")
    ctx.exit(1)


@profile.command(cls=FileCommand)
def schema() -> None:
    """Print the JSON Schema of a profile, for editors and other programs.

    \b
      ape run listing profile schema > src/stockade/profiles/profile.schema.json
    """
    click.echo(json.dumps(profiles.schema(), indent=2))


def _value(rule: Rule) -> Text:
    if isinstance(rule.value, datetime):
        return Text(f"{rule.value:%Y-%m-%d %H:%M:%S} UTC")
    if isinstance(rule.value, list):
        return Text(", ".join(rule.value))
    if isinstance(rule.value, bool):
        return Text(str(rule.value).lower())
    return Text(str(rule.value))


def _sourced(rule: Rule) -> Text:
    return Text.assemble(_value(rule), ("\n" + rule.source if rule.source else "", "dim"))
