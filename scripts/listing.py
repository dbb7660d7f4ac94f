"""The shares of a suite, their documents and the exemption they stand under: `ape run listing --help`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from eth_utils.crypto import keccak
from rich.table import Column, Table
from web3.contract.contract import ContractFunction

from stockade import listing, profiles
from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.errors import InputError
from stockade.listing import Document, Exemption, Standing
from stockade.profiles import Profile
from stockade.records import InvestorClass, Pause, Phase, Policy, to_shares
from stockade.suite import Suite

profile_option = click.option(
    "--profile",
    "name",
    help=f"Rule profile: {', '.join(profiles.SHIPPED)}, or the path of a .toml file. By default the deployment's.",
)


@click.group()
def cli() -> None:
    """For the issuer: list shares, keep their documents, and record the exemption they stand under."""


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
    _show_exemptions(listing.exemptions(suite))


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

    A token starts PENDING, under the classes and flags of the profile, and holds nothing yet. Two steps follow:
    CUSTODY_ADMIN sets its custody terms, the issuer activates it.

    \b
      ape run listing add NVDA KO --file examples/listings.toml --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = _profile(suite, name)
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
        if _act(suite, call, account, yes, dry_run, what):
            console.print(f"  {share.token_symbol} is PENDING at {suite.token(share.token_symbol).address}.")
            _say_next(share.token_symbol, name or profile.id)


@cli.command(cls=SuiteCommand)
@click.argument("token")
@suite_option
@signer_options
def activate(
    token: str, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Make a PENDING token ACTIVE, under an exemption in force (ISSUER). TOKEN is a symbol or an address.

    \b
      ape run listing activate NVDAs --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    contract = suite.token(token)
    call = suite.listings.functions.activate(contract.address)
    done = _act(suite, call, account, yes, dry_run, f"Activate {token}.")
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
    profile = _profile(suite, name)
    now = listing.standing(suite, contract)
    listing.require_profile(suite, now.exemption, profile)
    table = Table("", "now", profile.id, title=f"Policy of {now.symbol}")
    table.add_row("receivers", _classes(now.control.allowed_classes), _classes(profile.token.classes_mask))
    table.add_row("flags", _flags(now.control.policy), _flags(profile.token.policy))
    console.print(table)
    call = contract.functions.setPolicy(profile.token.classes_mask, int(profile.token.policy))
    _act(suite, call, account, yes, dry_run, f"Set the policy of {now.symbol}.")


# ---------------------------------------------------------------- documents


@cli.group()
def document() -> None:
    """A token's documents: name, where the text can be had, and the hash that proves it (ERC-1643)."""


@document.command(name="list", cls=SuiteCommand)
@click.argument("token")
@suite_option
def list_documents(token: str, deployment: Path | None, provider: ProviderAPI) -> None:
    """List a token's documents.

    \b
      ape run listing document list AAPLs --network ethereum:devnet
    """
    suite = open_suite(provider, deployment)
    table = Table("name", "since", Column("uri and hash", overflow="fold"), title=f"Documents of {token}")
    for each, since in listing.documents(suite, suite.token(token).address):
        table.add_row(each.name, _moment(since), f"{each.uri}\n0x{each.hash.hex()}")
    console.print(table if table.row_count else f"{token} has no documents.")


@document.command(name="set", cls=SuiteCommand)
@click.argument("token")
@click.argument("name")
@click.option("--uri", required=True, help="Where the text can be had.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The document itself; the keccak256 of its bytes goes on chain.",
)
@suite_option
@signer_options
def set_document(
    token: str,
    name: str,
    uri: str,
    file: Path,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Set or replace a document of a token (ISSUER). NAME is at most 32 characters.

    \b
      ape run listing document set AAPLs terms --uri https://example.org/terms.pdf --file terms.pdf \\
        --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    given = Document.given(name, uri, keccak(file.read_bytes()))
    call = listing.document_call(suite, suite.token(token).address, given)
    _act(suite, call, account, yes, dry_run, f"Set document {name} of {token}: {uri}, hash 0x{given.hash.hex()}.")


@document.command(name="remove", cls=SuiteCommand)
@click.argument("token")
@click.argument("name")
@suite_option
@signer_options
def remove_document(
    token: str, name: str, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Remove a document of a token (ISSUER). That it was there stays in the report stream.

    \b
      ape run listing document remove AAPLs terms --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    call = suite.listings.functions.removeDocument(suite.token(token).address, listing.document_key(name))
    _act(suite, call, account, yes, dry_run, f"Remove document {name} of {token}.")


# ---------------------------------------------------------------- exemption


@cli.group()
def exemption() -> None:
    """The order or rule the suite relies on. It records reliance, and claims nobody's approval."""


@exemption.command(name="show", cls=SuiteCommand)
@suite_option
def show_exemptions(deployment: Path | None, provider: ProviderAPI) -> None:
    """Show every exemption.

    \b
      ape run listing exemption show --network ethereum:devnet
    """
    _show_exemptions(listing.exemptions(open_suite(provider, deployment)))


@exemption.command(name="add", cls=SuiteCommand)
@profile_option
@suite_option
@signer_options
def add_exemption(
    name: str | None, deployment: Path | None, account: AccountAPI, yes: bool, dry_run: bool, provider: ProviderAPI
) -> None:
    """Record an exemption with the document, dates and hash of a profile (ISSUER).

    \b
      ape run listing exemption add --profile article-2026-05 --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = _profile(suite, name)
    call = suite.listings.functions.addExemption(profile.document, profile.hash, *profile.period)
    if _act(suite, call, account, yes, dry_run, f"Record an exemption: {_describe(profile)}"):
        console.print(f"  It is number {suite.listings.functions.exemptionCount().call()}.")


@exemption.command(name="amend", cls=SuiteCommand)
@click.argument("number", type=int)
@profile_option
@suite_option
@signer_options
def amend_exemption(
    number: int,
    name: str | None,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Record that exemption NUMBER was revised, as a profile says it now (ISSUER). Its tokens lapse by the new date at
    once; their receivers and flags follow by `ape run listing policy`.

    \b
      ape run listing exemption amend 1 --profile my-rules.toml --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    profile = _profile(suite, name)
    _show_exemptions([listing.exemption_of(suite, number)])
    call = suite.listings.functions.amendExemption(number, profile.document, profile.hash, *profile.period)
    _act(suite, call, account, yes, dry_run, f"Amend exemption {number}: {_describe(profile)}")


# ---------------------------------------------------------------- shared


def _act(suite: Suite, call: ContractFunction, account: AccountAPI, yes: bool, dry_run: bool, what: str) -> bool:
    """Asks the contract, says what would happen, asks the person, acts. Whether it was done."""
    suite.dry_run(account.address, call)
    console.print(what, soft_wrap=True)
    if dry_run:
        console.print("  Dry run: it would be accepted; nothing was sent.")
        return False
    if not yes:
        click.confirm("Send it?", abort=True)
    receipt = suite.send(signer(account, yes), call)
    console.print(f"  Done in block {receipt['blockNumber']}: {receipt['transactionHash'].to_0x_hex()}", soft_wrap=True)
    return True


def _profile(suite: Suite, name: str | None) -> Profile:
    if name is None and suite.deployment.profile not in profiles.SHIPPED:
        raise InputError(f"The suite runs under profile {suite.deployment.profile}: give its file with --profile.")
    return profiles.load(name or suite.deployment.profile)


def _say_next(symbol: str, profile: str, activated: bool = False) -> None:
    console.print(f"  Next, CUSTODY_ADMIN:  ape run custody terms {symbol} --profile {profile}", soft_wrap=True)
    if not activated:
        console.print(f"  Then, ISSUER:         ape run listing activate {symbol}")


def _show_standings(suite: Suite, found: list[Standing]) -> None:
    now = suite.w3.eth.get_block("latest")["timestamp"]
    table = Table(title=f"Tokens of the suite on chain {suite.deployment.chain_id} (amounts in shares)")
    for column in ("token", "share", "phase", "supply", "attested"):
        table.add_column(column, justify="right" if column in ("supply", "attested") else "left", overflow="fold")
    for each in found:
        style = "green" if each.held >= each.issued else "bold red"
        table.add_row(
            f"[bold]{each.symbol}[/]\n{each.address}",
            f"{each.ticker} on {each.mic}\nISIN {each.isin}\nCUSIP {each.cusip}",
            "\n".join([*_phase(each, now), f"exemption {each.exemption}"]),
            to_shares(each.issued),
            f"[{style}]{to_shares(each.held)}[/]" if each.has_terms else "[yellow]no terms[/]",
        )
    console.print(table)


def _phase(each: Standing, now: int) -> list[str]:
    words = [f"[green]{each.control.phase.name}[/]" if each.control.phase is Phase.ACTIVE else each.control.phase.name]
    if each.control.phase is not Phase.PENDING and each.control.active_until <= now:
        words.append("[yellow]lapsed[/]")
    if each.control.halted:
        words.append("[yellow]halted[/]")
    if each.control.pauses:
        words.append(f"[yellow]paused: {_flags(each.control.pauses)}[/]")
    return words


def _show_exemptions(found: list[Exemption]) -> None:
    table = Table(
        "number", "status", "holds", Column("document and profile (hashes)", overflow="fold"), title="Exemptions"
    )
    for each in found:
        period = f"{_moment(each.valid_from)}\nuntil {_moment(each.valid_until)}"
        table.add_row(str(each.number), each.status.name, period, f"{each.document}\n{each.profile}")
    console.print(table)


def _describe(profile: Profile) -> str:
    start, end = profile.period
    return f"{profile.title}, {_moment(start)} until {_moment(end)} (profile {profile.id}, {profile.hash})."


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _classes(mask: int) -> str:
    return ", ".join(each.name.lower() for each in InvestorClass if mask >> each & 1) or "nobody"


def _flags(flags: Policy | Pause) -> str:
    return ", ".join(member.name for member in type(flags) if member in flags) or "none"
