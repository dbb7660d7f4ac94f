"""The shares of a suite, their documents and the exemption they stand under: `ape run listing --help`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scripts import _listing_clocks, _listing_document, _listing_exemption, _listing_notice, _listing_profile
from scripts._listing_exemption import exemptions_table
from scripts._listing_shared import (
    act,
    classes,
    flags,
    hash_of,
    moment,
    profile_of,
    profile_option,
    text_option,
    time_of,
)
from stockade import listing
from stockade.ape import SuiteCommand, console, open_suite, signer_options, suite_option
from stockade.errors import InputError
from stockade.listing import Standing
from stockade.records import Backing, Phase, to_shares
from stockade.suite import Suite


@click.group()
def cli() -> None:
    """For the issuer: list shares, keep their documents, and record the exemption they stand under."""


cli.add_command(_listing_clocks.clocks)
cli.add_command(_listing_document.document)
cli.add_command(_listing_exemption.exemption)
cli.add_command(_listing_exemption.publish)
cli.add_command(_listing_notice.notice)
cli.add_command(_listing_profile.profile)


# ---------------------------------------------------------------- shares


@cli.command(cls=SuiteCommand)
@suite_option
def show(deployment: Path | None, provider: ProviderAPI) -> None:
    """Show every token: what it stands for, its phase, its supply against what custodians attest.

    \b
      ape run listing show --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    found = [listing.standing(suite, token) for token in suite.tokens()]
    if not found:
        console.print("The suite has no token yet: `ape run listing add --help`.")
        return
    _show_standings(suite, found)
    console.print(exemptions_table(listing.exemptions(suite)))


@cli.command(cls=SuiteCommand)
@click.argument("tickers", metavar="TICKER...", nargs=-1, required=True)
@click.option(
    "--file", type=click.Path(path_type=Path), required=True, help="Listings file; model: examples/listings.toml."
)
@click.option("--exemption", default=1, show_default=True, help="Number of the exemption the shares are listed under.")
@profile_option
@suite_option
@signer_options
def add(
    tickers: tuple[str, ...],
    file: Path,
    exemption: int,
    name: str | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Create the tokens of shares in a listings file (ISSUER).

    A token starts PENDING, under the classes and flags of the profile, and holds nothing yet. Steps follow: the issuer
    of the share is told (`notify`), its rights are verified (document RIGHTS), CUSTODY_ADMIN sets its custody terms,
    and it is activated.

    \b
      ape run listing add NVDA KO --file examples/listings.toml --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = profile_of(suite, name)
    listing.require_profile(suite, exemption, profile)
    known = listing.read_listings(file)
    for ticker in tickers:
        if ticker not in known:
            raise InputError(f"{file} has no {ticker!r}: it has {', '.join(known)}.")
    calls = {ticker: listing.list_call(suite, known[ticker], profile, exemption) for ticker in tickers}
    for call in calls.values():
        suite.dry_run(account.address, call)  # before the first is sent, so that all or none are refused
    for ticker, call in calls.items():
        share = known[ticker]
        what = f"List {share.name}, {share.security} ({share.isin}, {share.mic}), as {share.token_symbol}."
        if act(suite, call, account, yes, dry_run, what):
            console.print(f"  {share.token_symbol} is PENDING at {suite.token(share.token_symbol).address}.")
            _say_next(share.token_symbol, name or profile.id)


@cli.command(cls=SuiteCommand)
@click.argument("token")
@text_option
@suite_option
@signer_options
def notify(
    token: str,
    file: Path,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Record that the issuer of the share was told in writing of a third party's token (ISSUER).

    From then on it has its time to object (R8). Told again, the time begins anew; an objection stays.

    \b
      ape run listing notify NVDAs --file letter.pdf --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    contract = suite.token(token)
    digest = hash_of(file)
    call = listing.issuer_notice_call(suite, contract.address, digest)
    what = f"Record that the issuer of the share behind {token} was told: hash 0x{digest.hex()}."
    if act(suite, call, account, yes, dry_run, what):
        until = listing.standing(suite, contract).objection_until or 0
        console.print(f"  It may object until {moment(until)}; until then {escape(token)} stays PENDING.")


@cli.command(cls=SuiteCommand)
@click.argument("token")
@suite_option
@signer_options
def activate(
    token: str, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Make a PENDING token ACTIVE, under an exemption in force (ISSUER). TOKEN is a symbol or an address.

    Its rights must be verified (document RIGHTS, R9). A third party's token also waits until the issuer of the share
    was told and its time to object has passed (R8).

    \b
      ape run listing activate NVDAs --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    contract = suite.token(token)
    call = suite.listings.functions.activate(contract.address)
    done = act(suite, call, account, yes, dry_run, f"Activate {token}.")
    if done and not listing.standing(suite, contract).has_terms:
        console.print("  Nothing can be minted before CUSTODY_ADMIN has set its custody terms:")
        _say_next(token, suite.deployment.profile, activated=True)


@cli.command(cls=SuiteCommand)
@click.argument("token")
@profile_option
@suite_option
@signer_options
def policy(
    token: str,
    name: str | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Set who may receive a token, and its policy flags, to those of a profile (ISSUER).

    The profile must be the one that stands on chain with the token's exemption: amend the exemption first
    (`ape run listing exemption amend`), then its tokens.

    \b
      ape run listing policy AAPLs --profile my-rules.toml --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    contract = suite.token(token)
    profile = profile_of(suite, name)
    now = listing.standing(suite, contract)
    listing.require_profile(suite, now.exemption, profile)
    table = Table("", "now", profile.id, title=f"Policy of {now.symbol}")
    table.add_row("receivers", classes(now.control.allowed_classes), classes(profile.token.classes_mask))
    table.add_row("flags", flags(now.control.policy), flags(profile.token.policy))
    console.print(table)
    call = contract.functions.setPolicy(profile.token.classes_mask, int(profile.token.policy))
    act(suite, call, account, yes, dry_run, f"Set the policy of {now.symbol}.")


# ---------------------------------------------------------------- shared


def _say_next(symbol: str, profile: str, activated: bool = False) -> None:
    if not activated:
        console.print(f"  Next, ISSUER:         ape run listing notify {symbol} --file letter.pdf", soft_wrap=True)
        console.print(f"                        ape run listing document set {symbol} RIGHTS --file rights.pdf ...")
    console.print(f"  Next, CUSTODY_ADMIN:  ape run custody terms {symbol} --profile {profile}", soft_wrap=True)
    if not activated:
        console.print(f"  Then, ISSUER:         ape run listing activate {symbol}")


def _show_standings(suite: Suite, found: list[Standing]) -> None:
    now = time_of(suite)
    table = Table(title=f"Tokens of the suite on chain {suite.deployment.chain_id} (amounts in shares)")
    for column in ("token", "share", "phase", "supply", "attested"):
        table.add_column(column, justify="right" if column in ("supply", "attested") else "left", overflow="fold")
    for each in found:
        style = "green" if each.held >= each.issued else "bold red"
        table.add_row(
            Text.assemble((each.symbol, "bold"), f"\n{each.address}"),
            Text(f"{each.ticker} on {each.mic}\nISIN {each.isin}\nCUSIP {each.cusip}"),
            "\n".join([*_phase(each, now), f"exemption {each.exemption}"]),
            to_shares(each.issued),
            f"[{style}]{to_shares(each.held)}[/]" if each.has_terms else "[yellow]no terms[/]",
        )
    console.print(table)


def _phase(each: Standing, now: int) -> list[str]:
    """The phase that the token goes by, then what stands behind it or against it."""
    phase = each.control.phase
    words = [f"[green]{phase.name}[/]" if phase is Phase.ACTIVE else phase.name]
    stops = {
        f"its own phase is {each.own_phase.name}": each.own_phase is not phase,
        "suspended by the regulator": each.suspended_by_regulator,
        "lapsed": phase is not Phase.PENDING and each.control.active_until <= now,
        "halted by hand": each.halted_by_hand,
        "halted by the market": each.halted_by_market,
        f"paused: {flags(each.control.pauses)}": bool(each.control.pauses),
        **_objection(each, now),
    }
    return words + [f"[yellow]{stop}[/]" for stop, holds in stops.items() if holds]


def _objection(each: Standing, now: int) -> dict[str, bool]:
    """How far the issuer of the share is with a third party's token (R8)."""
    if each.objected_at:
        when = f"the issuer objected on {moment(each.objected_at)}"
        return {f"barred: {when}" if each.is_barred else f"{when}, too late to bar it": True}
    if each.backing is Backing.ISSUER_NATIVE or each.own_phase is not Phase.PENDING:
        return {}
    until = each.objection_until
    if until is None:
        return {"the issuer was not told yet": True}
    return {f"the issuer may object until {moment(until)}": now < until}
