"""`stockade`: what anybody can run, without Ape."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from stockade import chain
from stockade.custody.words import parse_address
from stockade.examine import Examination, Finding, Gateway, examine
from stockade.keys import GATEWAY_TOKEN
from stockade.suite import Deployment
from stockade.terminal import FileCommand, SafeConsole, console

# Findings that are shown.
_SHOWN = 40


@click.group()
def main() -> None:
    """Stockade's commands for those who check."""


@main.command(cls=FileCommand)
@click.option("--gateway", "url", required=True, help="The gateway's address, http://...")
@click.option("--rpc", required=True, help="A node of your own choice.")
@click.option("--deployment", type=click.Path(path_type=Path), help="By default deployments/<chain-id>.json.")
@click.option("--signer", help="The account whose acknowledgements they must be; by default the one the gateway names.")
@click.option("--reporter", help="Judge this reporter's records alone; by default everyone's.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
@click.pass_context
def verify(
    context: click.Context,
    url: str,
    rpc: str,
    deployment: Path | None,
    signer: str | None,
    reporter: str | None,
    as_json: bool,
) -> None:
    """Prove from outside that a gateway holds every record of a suite, unaltered.

    Ends with status 1 when it does not, and names what is wrong. STOCKADE_GATEWAY_TOKEN is sent where it is set.
    """
    account = parse_address(signer, "--signer") if signer else None
    w3 = chain.connect(rpc)
    file = deployment or Path("deployments") / f"{chain.read(lambda: w3.eth.chain_id)}.json"
    known = Deployment.load(file)
    with Gateway(url, os.environ.get(GATEWAY_TOKEN, "")) as gateway, _progress() as progress:
        tasks: dict[str, object] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total or None)
            progress.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]

        result = examine(gateway, w3, known, account, tell, reporter)
    if as_json:
        print(json.dumps(asdict(result) | {"complete": result.complete}, default=lambda it: it.model_dump(), indent=2))
    else:
        show(result)
    context.exit(0 if result.complete else 1)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=SafeConsole(file=sys.stderr), transient=True)


def show(result: Examination) -> None:
    """What an examination found: a table, the findings, and a verdict."""
    table = Table("stream", "reporter", "entries", "told", "missing", "altered", "proven head", "")
    for each in result.streams:
        head = each.proven
        table.add_row(
            Text(f"{each.contract} {each.stream.rsplit(':', 1)[-1]}"),
            Text(each.reporter or "nobody"),
            str(head.sequence) if head else "",
            str(each.records),
            str(each.missing),
            str(each.altered),
            f"{head.sequence} {head.chain[:10]}…" if head else "none",
            Text("complete", "green") if each.complete else Text("incomplete", "red"),
        )
    console.print(table)
    for finding in result.findings[:_SHOWN]:
        console.print(Text(_sentence(finding), "red"), soft_wrap=True)
    hidden = len(result.findings) - _SHOWN + result.more
    if hidden > 0:
        console.print(f"and {hidden} more (--json lists {len(result.findings)}).")
    for stream in result.others:
        console.print(
            Text(f"{stream} is no stream of this suite; its records were not compared with a chain.", "yellow")
        )
    what = f"{result.records} records and {result.acks} acknowledgements of {result.gateway_id} ({result.signer})"
    where = f"block {result.block} ({result.block_hash})"
    verdict = Text("Complete", "green") if result.complete else Text("Not complete", "red")
    console.print(Text.assemble(verdict, f": {what}, against {where}."), soft_wrap=True)


def _sentence(finding: Finding) -> str:
    """Where, and what is wrong there."""
    where = [finding.reporter or ""]
    if finding.record is not None:
        where.append(f"record {_run(finding.record, finding.last_record)}")
    if finding.stream:
        at = "" if finding.sequence is None else f" {_run(finding.sequence, finding.last)}"
        where.append(f"stream {finding.stream}{at}")
    if finding.field is not None:
        where.append(f"field {finding.field or '/'}")
    parts = [", ".join(part for part in where if part), finding.problem]
    return f"{': '.join(part for part in parts if part)}."


def _run(first: int, last: int | None) -> str:
    return str(first) if last is None else f"{first}-{last}"
