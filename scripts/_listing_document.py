"""A token's documents: `ape run listing document --help`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.table import Column, Table
from rich.text import Text

from scripts._listing_shared import act, hash_of, moment, text_option, uri_option
from stockade import listing
from stockade.ape import SuiteCommand, console, open_suite, signer_options, suite_option
from stockade.listing import Document


@click.group()
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
    table = Table("name", "since", Column("uri and hash", overflow="fold"), title=Text(f"Documents of {token}"))
    for each, since in listing.documents(suite, suite.token(token).address):
        table.add_row(Text(each.name), moment(since), Text(f"{each.uri}\n0x{each.hash.hex()}"))
    console.print(table if table.row_count else Text(f"{token} has no documents."))


@document.command(name="set", cls=SuiteCommand)
@click.argument("token")
@click.argument("name")
@uri_option
@text_option
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

    The document RIGHTS tells how the token's rights were verified; no token becomes ACTIVE without it (R9).

    \b
      ape run listing document set AAPLs RIGHTS --uri https://example.org/rights.pdf --file rights.pdf
        --network ethereum:devnet --account TEST::4
    """
    suite = open_suite(provider, deployment)
    given = Document.given(name, uri, hash_of(file))
    call = listing.document_call(suite, suite.token(token).address, given)
    act(suite, call, account, yes, dry_run, f"Set document {name} of {token}: {uri}, hash 0x{given.hash.hex()}.")


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
    act(suite, call, account, yes, dry_run, f"Remove document {name} of {token}.")
