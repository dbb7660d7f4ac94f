"""Commands about records: what they look like, out of the store into a file, and who is behind a reference."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.text import Text
from sqlalchemy import select

from stockade.reporter.export import Wanted
from stockade.reporter.export import export as write_records
from stockade.reporter.options import deployment_option, store_of, store_option
from stockade.reporter.parties import Parties, party_key
from stockade.reporter.parties import resolve as find_account
from stockade.store import Store, tables
from stockade.suite import Deployment
from stockade.terminal import FileCommand, console
from stockade.whitelist.cells import parse_wallet
from stockade.wire.envelope import RECORD_SCHEMA
from stockade.wire.schema import published

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(cls=FileCommand)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write: .csv or .jsonl.")
@click.option("--cusip", help="Records about this share.")
@click.option("--wallet", help="Records that name this wallet: it is looked up under STOCKADE_PARTY_KEY.")
@click.option("--from", "first", type=_DAY, help="Events of this day and later (UTC).")
@click.option("--to", "last", type=_DAY, help="Events of this day and earlier (UTC).")
@click.option("--stream", help="Records of this stream: its name or address.")
@store_option
@deployment_option
def export(
    out: Path,
    cusip: str | None,
    wallet: str | None,
    first: datetime | None,
    last: datetime | None,
    stream: str | None,
    store: str | None,
    deployment: Path,
) -> None:
    """Write records to a file, in their order: all of them, or those that everything given is true of.

    JSON Lines has each as it was sent, byte for byte; CSV has columns. Amounts are exact, and no wallet is in either.

    \b
      stockade-report export --out aapl.csv --cusip 037833100 --from 2026-09-01 --deployment deployments/31337.json
    """
    found = Deployment.load(deployment)
    opened = store_of(store, found.chain_id)
    party = _party(opened, found, wallet) if wallet else None
    wanted = Wanted(cusip, party, stream, first.date() if first else None, last.date() if last else None)
    with opened.read() as connection:
        count = write_records(connection, wanted, out)
    console.print(Text(f"{count} records in {out}."))


def _party(store: Store, deployment: Deployment, wallet: str) -> str:
    """A wallet as records name it; the suite's contracts and its tokens are named in clear."""
    with store.read() as connection:
        sources = connection.execute(select(tables.source.c.address)).scalars().all()
    contracts = [*deployment.addresses.values(), *sources]
    return Parties(party_key(), deployment.chain_id, contracts).account(parse_wallet(wallet))


@click.command(cls=FileCommand)
@click.argument("party")
@click.option("--who", required=True, help="Who asks.")
@click.option("--reason", required=True, help="Why, as the log shall say it.")
@store_option
@deployment_option
def resolve(party: str, who: str, reason: str, store: str | None, deployment: Path) -> None:
    """Show the account behind a PARTY of a record. Who asked, when and why is written down before anything is shown.

    \b
      stockade-report resolve p_0123... --who "J. Doe, compliance" --reason "order 2026-17" --deployment FILE
    """
    found = Deployment.load(deployment)
    account = find_account(store_of(store, found.chain_id), party_key(), party, who, reason)
    console.print(account)


@click.command(cls=FileCommand)
@click.argument("name", default=RECORD_SCHEMA.removeprefix("stockade."))
def schema(name: str) -> None:
    """Print the JSON Schema of what is sent: record/1.0 (by default), submission/1.0 or ack/1.0.

    \b
      stockade-report schema record/1.0 > record.schema.json
    """
    click.echo(published(name), nl=False)


COMMANDS = (export, resolve, schema)
