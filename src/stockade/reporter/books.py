"""What `stockade-report` and `ape run report` share of reconciling, files, the quarter, anchors and proofs: doing it,
and saying what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Column, Table
from rich.text import Text

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.records import to_shares
from stockade.reporter.ageing import Aged, ages, buckets, keep
from stockade.reporter.anchors import DayRoot, day_name, day_of, last_day, send, waiting
from stockade.reporter.as_of import Facts, facts_at
from stockade.reporter.files import master, positions
from stockade.reporter.holders import read_holders
from stockade.reporter.incidents import now
from stockade.reporter.membership import check_proof, make_proof, read_proof, save_proof
from stockade.reporter.outputs import Document, camel, json_text, write_both, write_private
from stockade.reporter.quarterly import Quarter, Quarterly, quarterly
from stockade.reporter.reconcile import SIDES, Kind, Reconciliation, reconcile
from stockade.reporting.tables import draw_supply
from stockade.reporting.words import utc
from stockade.store import Store
from stockade.suite import Suite
from stockade.terminal import console

# Differences and lines beyond this many are counted, not shown.
MOST = 40


# ---------------------------------------------------------------- reconcile


def reconcile_books(store: Store, suite: Suite, holders: Path | None, block: int | None) -> None:
    """Compares all sides, keeps the run, shows what differs and how old it is; ends the command with status 1 when
    anything differs but shares that are held without tokens.
    """
    file = read_holders(holders) if holders else None
    with store.read() as connection:
        facts = facts_at(connection, block)
    found, at = reconcile(suite, facts, file), now()
    with store.write() as connection:
        kept = keep(connection, found, at)
        aged = ages(connection, found, at)
    console.print(f"Block {found.block} ({found.block_hash}): {found.compared} pairs compared.", soft_wrap=True)
    if found.supplies:
        draw_supply(console, list(found.supplies))
    if aged:
        console.print(_differences_table(aged, facts))
        if len(aged) > MOST:
            console.print(f"and {len(aged) - MOST} more.")
        console.print(", ".join(f"{name}: {count}" for name, count in buckets(aged).items()))
    if not kept:
        console.print("This run looks back behind the latest one: it was not kept, and ages are those of that time.")
    _judge(found)


def _differences_table(aged: list[Aged], facts: Facts) -> Table:
    table = Table(title="Differences", show_lines=True)
    for name in ("difference", "token", "of", "one side", "other side", "seen since", "age", "to do"):
        table.add_column(name, overflow="fold", justify="right" if name.endswith("side") else "left")
    for each in aged[:MOST]:
        subject, style = each.difference.subject, _style(each)
        of = f"custodian {subject.custodian}" if subject.custodian is not None else subject.wallet or "the token"
        sides = zip(SIDES[subject.kind], (each.difference.one, each.difference.other), strict=True)
        table.add_row(
            Text(subject.kind.value),
            Text(facts.symbol(subject.token)),
            Text(of),
            *(Text(f"{to_shares(amount)}\n{name}") for name, amount in sides),
            utc(each.first_seen // 1000),
            each.bucket,
            _to_do(each),
            style=style,
        )
    return table


def _style(each: Aged) -> str:
    if each.difference.subject.kind is Kind.SURPLUS and not each.to_report:
        return "dim"
    return "red" if each.to_report or each.buy_in_by else "yellow"


def _to_do(each: Aged) -> str:
    buy_in = f"buy in by {utc(each.buy_in_by // 1000)}" if each.buy_in_by else ""
    return "\n".join(part for part in (buy_in, "report it" if each.to_report else "") if part)


def _judge(found: Reconciliation) -> None:
    if found.ok:
        console.print("[green]All sides agree[/]; shares held without tokens, if any, are shown above.")
        return
    if found.over_issued:
        console.print("[red]OVER-ISSUANCE: more is issued than custodians hold.[/]")
    console.print("[red]The sides do not agree.[/]")
    click.get_current_context().exit(1)


# ---------------------------------------------------------------- files


def write_master(store: Store, holders: Path | None, block: int | None, out: Path) -> None:
    """Writes the master securityholder file."""
    file = read_holders(holders) if holders else None
    with store.read() as connection:
        facts = facts_at(connection, block)
        document = master(connection, facts, file)
    _write(document, facts, out, "master")
    if document.unnamed:
        console.print(f"[yellow]{document.unnamed} lines have no name[/]: a wallet address does not replace it (R31).")


def write_positions(store: Store, block: int | None, out: Path) -> None:
    """Writes the custodian position file."""
    with store.read() as connection:
        facts = facts_at(connection, block)
        document = positions(connection, facts)
    _write(document, facts, out, "positions")


def _write(document: Document, facts: Facts, out: Path, name: str) -> None:
    paths = write_both(document, out, f"{name}-{facts.chain_id}-{facts.block}")
    state = "final" if facts.final else "not final yet"
    console.print(Text(f"{len(document.lines)} lines as of block {facts.block} ({state}):"))
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


# ---------------------------------------------------------------- quarter


def write_quarterly(store: Store, name: str, out: Path) -> None:
    """Writes the quarterly report, and shows it."""
    quarter = Quarter.parse(name)
    with store.read() as connection:
        found = quarterly(connection, quarter)
    body = {"stockade": "quarterly report 1", **found.facts.position}
    rest = ("chains", "participants", "wallets", "tokens", "outages", "overrides")
    body |= {key: getattr(found, key) for key in ("quarter", "start", "end", "complete", "until")}
    body |= camel({key: _plain(getattr(found, key)) for key in rest})
    path = out / f"quarterly-{found.facts.chain_id}-{found.quarter}.json"
    write_private(path, json_text(body))
    _show_quarterly(found)
    console.print(Text(f"Written to {path}."), soft_wrap=True)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str) else asdict(value)  # type: ignore[call-overload]


def _show_quarterly(found: Quarterly) -> None:
    span = f"{found.start} to {found.end}" if found.complete else f"{found.start} to {found.until}, and it goes on"
    table = Table("token", title=Text(f"{found.quarter}: {span}"))
    for name in ("supply", "wallets", "in redemptions", "held", "transfers", "tokenized", "detokenized", "forced"):
        table.add_column(name, justify="right")
    for line in found.tokens:
        volumes = (line.transfers, line.tokenized, line.detokenized, line.forced)
        shown = (f"{volume.shares} ({volume.count})" for volume in volumes)
        amounts = (line.supply, str(line.wallets), line.in_redemptions, line.held_by_custodians)
        table.add_row(Text(line.symbol), *amounts, *shown)
    console.print(table)
    wallets, people = found.wallets, found.participants
    console.print(
        f"{wallets.active} wallets active, {wallets.revoked} revoked, {wallets.frozen} frozen, of {people.investors} "
        f"investors; {len(people.registrars)} registrars, {len(people.custodians)} custodians, {people.platforms} "
        f"platform wallets; {', '.join(found.chains)}."
    )
    outages = Table("outage", "of", "began", "ended", Column("seconds", justify="right"), "cause", title="Outages")
    for outage in found.outages[:MOST]:
        texts = (outage.kind, outage.subject, outage.began, outage.ended, str(outage.seconds), outage.cause)
        outages.add_row(*map(Text, texts))
    if found.outages:
        console.print(outages)
    overrides = Table("override", "when", "account", "shares", "basis", "order", title="Overrides")
    for override in found.overrides[:MOST]:
        texts = (override.kind, override.time, override.account, override.shares, override.basis, override.order)
        overrides.add_row(*map(Text, texts))
    if found.overrides:
        console.print(overrides)
    if (more := max(len(found.outages) - MOST, 0) + max(len(found.overrides) - MOST, 0)) > 0:
        console.print(f"{more} more lines are in the file.")


# ---------------------------------------------------------------- anchors and proofs


def anchor_days(store: Store, suite: Suite, day: str | None, unlock: Callable[[], Signer] | None, yes: bool) -> None:
    """Anchors every day that waits, up to a day (by default the last that is over) and in order; without a signer to
    unlock, says which they are.
    """
    at = now()
    through = day_of(day) if day else last_day(at)
    with store.read() as connection:
        days = waiting(connection, suite, through, at)
    if not days:
        console.print(f"Nothing waits to be anchored up to {day_name(through)}.")
        return
    for each in days:
        console.print(Text(each.words), soft_wrap=True)
    if unlock is None:
        console.print("Nothing was sent.")
        return
    if not yes:
        click.confirm(f"Anchor {len(days)} days?", abort=True)
    signer = unlock()
    for each in days:
        _anchor(suite, signer, each)


def _anchor(suite: Suite, signer: Signer, day: DayRoot) -> None:
    receipt = send(suite, signer, day)
    console.print(f"  {day_name(day.day)} anchored in block {receipt['blockNumber']}.")


def prove_record(store: Store, suite: Suite, which: str, out: Path) -> None:
    """Writes the proof that a record was made on an anchored day."""
    with store.read() as connection:
        proof = make_proof(connection, suite, which)
    save_proof(proof, out)
    console.print(Text(f"Record {proof.record['seq']} was made on {proof.day}: {out} proves it."), soft_wrap=True)


def check_record(suite: Suite, path: Path) -> None:
    """Checks such a proof against the chain; ends with an error where it does not hold."""
    proof = read_proof(path)
    day = check_proof(suite, proof)
    console.print(
        Text(f"The proof holds: record {proof.record['seq']} is one of the records anchored for {day.words}.", "green"),
        soft_wrap=True,
    )


def one_of(record: str | None, check: Path | None) -> None:
    """Raises InputError unless a proof is either to be made or to be checked."""
    if (record is None) == (check is None):
        raise InputError("Name a record to prove, or a proof to check with --check FILE: one of the two.")
