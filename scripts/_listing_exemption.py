"""The exemption a suite relies on, its terms and its Notice: `ape run listing exemption --help`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table
from rich.text import Text

from scripts._listing_shared import (
    act,
    hash_of,
    moment,
    profile_of,
    profile_option,
    text_option,
    time_of,
    uri_option,
)
from stockade import listing
from stockade.ape import SuiteCommand, console, open_suite, signer_options, suite_option
from stockade.authority import span
from stockade.custody.words import parse_moment
from stockade.errors import InputError
from stockade.listing import Exemption
from stockade.profiles import Profile
from stockade.reporting.entries import ExemptionTerms
from stockade.suite import Suite

number_argument = click.argument("number", type=click.IntRange(min=1))


@click.group()
def exemption() -> None:
    """The order or rule the suite relies on. It records reliance, and claims nobody's approval."""


@exemption.command(name="show", cls=SuiteCommand)
@suite_option
def show_exemptions(deployment: Path | None, provider: ProviderAPI) -> None:
    """Show every exemption as it stands now.

    \b
      ape run listing exemption show --network ethereum:devnet
    """
    console.print(exemptions_table(listing.exemptions(open_suite(provider, deployment))))


@exemption.command(cls=SuiteCommand)
@number_argument
@suite_option
def versions(number: int, deployment: Path | None, provider: ProviderAPI) -> None:
    """Show every version of an exemption's terms, those to come too; none is ever lost.

    \b
      ape run listing exemption versions 1 --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    found = listing.exemption_of(suite, number)
    columns = ["version", "from", "holds", "Notice", "objection"]
    table = Table(*columns, Column("document and profile (hashes)", overflow="fold"), title=f"Exemption {number}")
    for version, terms in enumerate(listing.terms_of(suite, found), start=1):
        row = _said(terms)
        name = f"[bold]{version}, now[/]" if version == found.version else str(version)
        period = f"{row['valid from']}\nuntil {row['valid until']}"
        hashes = f"{row['document']}\n{row['profile']}"
        table.add_row(name, row["effective from"], period, row["Notice period"], row["objection period"], hashes)
    console.print(table)


@exemption.command(name="add", cls=SuiteCommand)
@profile_option
@suite_option
@signer_options
def add_exemption(
    name: str | None, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Record an exemption with the document, dates, clocks and hash of a profile (ISSUER). It is PENDING until its
    Notice has been public long enough (`ape run listing publish`).

    \b
      ape run listing exemption add --profile article-2026-05 --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = profile_of(suite, name)
    call = listing.exemption_call(suite, profile)
    if act(suite, call, account, yes, dry_run, f"Record an exemption: {_describe(profile)}"):
        console.print(f"  It is number {suite.listings.functions.exemptionCount().call()}.")


@exemption.command(name="amend", cls=SuiteCommand)
@number_argument
@profile_option
@click.option("--effective", metavar="MOMENT", help="From when on it holds, like 2027-01-31T05:00:00Z; by default now.")
@suite_option
@signer_options
def amend_exemption(
    number: int,
    name: str | None,
    effective: str | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Record that exemption NUMBER was revised, as a profile says it now (ISSUER): shown beside what holds before it.

    Its tokens lapse by the new date at once; their receivers and flags follow by `ape run listing policy`. Earlier
    versions stay readable (`versions`).

    \b
      ape run listing exemption amend 1 --profile my-rules.toml --effective 2027-01-31T05:00:00Z
        --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = profile_of(suite, name)
    starts = _effective(suite, effective)
    found = listing.exemption_of(suite, number)
    call = listing.amendment_call(suite, number, profile, starts)
    document, digest, *numbers = profile.terms(starts)
    new = ExemptionTerms(bytes.fromhex(document[2:]), bytes.fromhex(digest[2:]), *numbers)
    console.print(_comparison(number, found.version, found.terms, new))
    if found.version < found.versions:
        console.print(f"  Version {found.versions} is still to come: `ape run listing exemption versions {number}`.")
    act(suite, call, account, yes, dry_run, f"Amend exemption {number}: {_describe(profile)}")


@click.command(cls=SuiteCommand)
@click.option("--exemption", "number", type=click.IntRange(min=1), default=1, show_default=True, help="Its number.")
@uri_option
@text_option
@suite_option
@signer_options
def publish(
    number: int,
    uri: str,
    file: Path,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Record the venue's public Notice, or its revision, by its hash (ISSUER).

    The first one begins the period in which it is public and nothing trades (R5). Put the file where --uri says, byte
    for byte, and keep every version there (R6). `ape run listing notice` writes one.

    \b
      ape run listing publish --file notice.md --uri https://example.org/notice.md
        --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    digest = hash_of(file)
    found = listing.exemption_of(suite, number)
    which = "the first Notice" if found.notice is None else "a revised Notice"
    call = listing.notice_call(suite, number, digest, uri)
    what = f"Record {which} of exemption {number}: {uri}, hash 0x{digest.hex()}."
    if act(suite, call, account, yes, dry_run, what) and found.notice is None:
        until = listing.exemption_of(suite, number).notice_until or 0
        console.print(f"  Nothing trades under it before {moment(until)}.")


# ---------------------------------------------------------------- shared


def exemptions_table(found: list[Exemption]) -> Table:
    """What `ape run listing show` shows too."""
    table = Table(
        "number", "status", "holds", Column("document and profile (hashes)", overflow="fold"), title="Exemptions"
    )
    for each in found:
        terms = each.terms
        period = f"{moment(terms.valid_from)}\nuntil {moment(terms.valid_until)}"
        hashes = f"0x{terms.document.hex()}\n{each.profile}"
        table.add_row(str(each.number), _status(each), period, hashes)
    return table


def _status(each: Exemption) -> str:
    lines = [each.status.name]
    if each.opens_at is None:
        lines.append("no Notice yet")
    elif each.status.name == "PENDING":
        lines.append(f"opens {moment(each.opens_at)}")
    if each.versions > 1:
        lines.append(f"terms {each.version} of {each.versions}")
    return "\n".join(lines)


def _effective(suite: Suite, text: str | None) -> int:
    if text is None:
        return 0
    starts = parse_moment(text, "--effective")
    if starts <= time_of(suite):
        raise InputError(f"--effective: {text} has passed: leave it out, and the terms hold at once.")
    return starts


def _comparison(number: int, version: int, old: ExemptionTerms, new: ExemptionTerms) -> Table:
    table = Table("", Column(f"version {version}, now", overflow="fold"), Column("amended", overflow="fold"))
    table.title = f"Terms of exemption {number}"
    before, after = _said(old), _said(new)
    for name, value in after.items():
        table.add_row(name, Text(before[name]), Text(value, "bold" if value != before[name] else ""))
    return table


def _said(terms: ExemptionTerms) -> dict[str, str]:
    return {
        "document": "0x" + terms.document.hex(),
        "profile": "0x" + terms.profile.hex(),
        "valid from": moment(terms.valid_from),
        "valid until": moment(terms.valid_until),
        "effective from": moment(terms.effective_from) if terms.effective_from else "at once",
        "Notice period": span(terms.notice_period),
        "objection period": span(terms.objection_period),
    }


def _describe(profile: Profile) -> str:
    start, end = profile.period
    return f"{profile.title}, {moment(start)} until {moment(end)} (profile {profile.id}, {profile.hash})."
