"""`ape run market relay`: a long-running process that tells the chain what the exchange says."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import click
from ape.api import AccountAPI, ProviderAPI
from rich.text import Text

from stockade.ape import SuiteCommand, console, open_suite, signer, signer_options, suite_option
from stockade.errors import InputError, StockadeError
from stockade.market import relay as relaying
from stockade.market.relay import Log, Report
from stockade.market.sources import DocumentFile, Feed, HaltFile, Source
from stockade.market.state import read_state


@click.command(cls=SuiteCommand)
@click.option("--file", type=click.Path(path_type=Path), help="A file of documents; model: examples/news.jsonl.")
@click.option("--url", help="The same documents at an address that begins with https://.")
@click.option("--halt-file", type=click.Path(path_type=Path), help="Nasdaq's file of halts; model: examples/halts.txt.")
@click.option("--every", type=click.FloatRange(1, 3600), default=10, show_default=True, help="Seconds between looks.")
@click.option("--log", type=click.Path(path_type=Path), default="relay.jsonl", show_default=True, help="What was done.")
@click.option("--once", is_flag=True, help="One look, for a scheduler: status 1 when anything is wrong.")
@suite_option
@signer_options
def relay(
    file: Path | None,
    url: str | None,
    halt_file: Path | None,
    every: float,
    log: Path,
    once: bool,
    deployment: Path | None,
    account: AccountAPI,
    yes: bool,
    dry_run: bool,
    provider: ProviderAPI,
) -> None:
    """Tell the chain of halts and their ends, and keep the heartbeat (MARKET_OPERATOR). Ends at Ctrl-C.

    Every decision is made from the source and the chain: started again, it goes on where it was, and tells nothing
    twice. A source that is silent, stale, unreadable or behind resumes nothing; once the heartbeat is stale, every
    token of the market is halted.

    \b
      ape run market relay --file news.jsonl --network ethereum:devnet --account TEST::8
      ape run market relay --halt-file tradehalts.txt --once --yes --network ethereum:devnet --account TEST::8
    """
    suite = open_suite(provider, deployment)
    source = _source(file, url, halt_file)
    relaying.require_right(suite, account.address)
    if dry_run:
        state = read_state(suite)
        calls = [*relaying.decide(source.read(), state, int(time.time())), *relaying.follow(state)]
        for call in calls:
            console.print(Text(call.says), soft_wrap=True)
        console.print(f"Dry run: {len(calls)} calls come next; nothing was sent.")
        return
    if not yes:
        click.confirm(f"Relay from {source.name} until Ctrl-C, without asking again?", abort=True)
    book, by = Log(log), signer(account, yes=True)
    if once:
        report = relaying.step(suite, by, source, int(time.time()))
        book.write(report)
        _show(report)
        if report.faults:
            raise StockadeError(report.faults[-1])
        return
    # Ape ends with status 130 at Ctrl-C; here it is how the command is meant to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        relaying.run(suite, by, source, book, every, _show)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on; without it the heartbeat becomes stale and the tokens halt.")


def _source(file: Path | None, url: str | None, halt_file: Path | None) -> Source:
    given: list[Source] = []
    if file is not None:
        given.append(DocumentFile(file))
    if url is not None:
        given.append(Feed(url))
    if halt_file is not None:
        given.append(HaltFile(halt_file))
    if len(given) != 1:
        raise InputError("Name one source: --file, --url or --halt-file.")
    return given[0]


def _show(report: Report) -> None:
    """A step in one line, and a line for whatever is wrong."""
    heard = ", ".join(f"{mic} as of {_clock(at)}" for mic, at in report.as_of.items()) or "nothing heard"
    line = Text(f"{_clock(report.time)} block {report.block}: {heard}")
    for says, _ in report.sent:
        line.append(f"; {says}", "green")
    for says, why in report.waits:
        line.append(f"; {says} {why}", "yellow")
    console.print(line, soft_wrap=True)
    for fault in report.faults:
        console.print(Text(f"  {fault}", "red"), soft_wrap=True)


def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
