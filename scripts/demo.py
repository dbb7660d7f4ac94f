"""The whole life of three listed shares in one command: `ape run demo`, or `make demo`."""

from __future__ import annotations

import json
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from stockade.chain import NO_ANSWER, KeySigner, no_answer
from stockade.demo.pipe import DESTINATION, Pipe, report
from stockade.demo.processes import Processes
from stockade.demo.stage import DEPLOYER, DESK_A, DESK_D, Stage
from stockade.demo.story import play, rebuilt, summary
from stockade.deploy import DAY
from stockade.errors import StockadeError
from stockade.plan import read_plan
from stockade.terminal import FileCommand, console
from tools.anvil import anvil, end_on_sigterm, key
from tools.safe import deploy_safe

ROOT = Path(__file__).resolve().parent.parent

# The story takes 46 days of the chain's clock; they end today.
PAST = 50 * DAY


@click.command(cls=FileCommand)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/demo"),
    show_default=True,
    help="Where summary.json, databases and logs are written; what an earlier demo left there is replaced.",
)
@click.option("--stay", is_flag=True, help="Keep chain, reporter and gateway alive at the end, until Ctrl-C.")
def cli(folder: Path, stay: bool) -> None:
    """Show listed shares become permissioned tokens: issued, moved, refused, corrected, redeemed, reported.

    Starts a chain of its own (anvil, on a free port), deploys a whole suite there, plays every person with a
    development account, reports every record to a gateway as a regulator would run it, and ends all of them. Takes no
    account and touches no other chain.
    """
    end_on_sigterm()
    _clear(folder)
    try:
        with anvil(int(time.time()) - PAST) as chain, Processes(folder) as processes:
            stage = Stage(chain.w3, lambda index: KeySigner(key(index)), console, ROOT / "examples")
            safe = deploy_safe(stage.w3, stage.who(DEPLOYER), [stage.at(DESK_A), stage.at(DESK_D)], 2)
            play(stage, read_plan(ROOT / "examples" / "suite.toml"), safe)
            stage.catch_up()
            pipe = Pipe(stage, chain.url, folder, processes)
            reported = report(pipe)
            result = rebuilt(stage)
            file = folder / "summary.json"
            file.write_text(json.dumps(summary(stage, result, reported), indent=2) + "\n", encoding="utf-8")
            if not result.ok:
                raise StockadeError("The reports do not match the contracts; what differs stands above.")
            console.print(_next(folder, pipe, stay), soft_wrap=True, highlight=False)
            if stay:
                _wait()
    except NO_ANSWER:
        raise no_answer() from None


def _clear(folder: Path) -> None:
    """Removes what an earlier demo wrote, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in ("reporter.db*", "gateway.db*", "*.log", "deployment.json", "proof.json", "summary.json"):
        for file in folder.glob(pattern):
            file.unlink()


def _next(folder: Path, pipe: Pipe, stay: bool) -> str:
    """What a reader can look at afterwards."""
    place, suite = shlex.quote(str(folder)), f"--deployment {shlex.quote(str(pipe.deployment))}"
    if stay:
        lives = "Chain, reporter and gateway live until Ctrl-C."
        more = f"""\
  stockade verify --gateway {pipe.gateway} --rpc {pipe.rpc} {suite}
  stockade-report rebuild --compare --rpc {pipe.rpc} {suite}
"""
    else:
        lives = "Chain and gateway have ended, their databases stay (`make demo ARGS=--stay` keeps all of them alive)."
        more = ""
    return f"""
Figures: {place}/summary.json. {lives} In a second shell, from this folder:

  . tools/env.sh && export STOCKADE_STORE={shlex.quote(pipe.database)}
  stockade-report status {suite}
  stockade-report late --to {DESTINATION} {suite}
  stockade-report export --cusip 037833100 --out {place}/apple.csv {suite}
{more}"""


def _wait() -> None:
    with suppress(KeyboardInterrupt):
        signal.pause()
