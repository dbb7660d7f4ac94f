"""The whole life of three listed shares in one command: `ape run demo`, or `make demo`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stockade.chain import NO_ANSWER, KeySigner, no_answer
from stockade.demo.stage import DEPLOYER, DESK_A, DESK_D, Row, Stage
from stockade.demo.story import play, summary
from stockade.deploy import DAY
from stockade.errors import StockadeError
from stockade.plan import read_plan
from stockade.reporting.register import backing
from stockade.reporting.tables import draw_supply, streams_table
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
    help="Where summary.json is written.",
)
def cli(folder: Path) -> None:
    """Show listed shares become permissioned tokens: issued, moved, refused, corrected, redeemed, reported.

    Starts a chain of its own (anvil, on a free port), deploys a whole suite there, plays every person with a
    development account, and ends the chain. Takes no account and touches no other chain.
    """
    end_on_sigterm()
    try:
        with anvil(int(time.time()) - PAST) as chain:
            stage = Stage(chain.w3, lambda index: KeySigner(key(index)), _tell, ROOT / "examples")
            _show(stage, folder)
    except NO_ANSWER:
        raise no_answer() from None


def _show(stage: Stage, folder: Path) -> None:
    safe = deploy_safe(stage.w3, stage.who(DEPLOYER), [stage.at(DESK_A), stage.at(DESK_D)], 2)
    result = play(stage, read_plan(ROOT / "examples" / "suite.toml"), safe)

    _heading("Everything reported, nothing missing", "The state rebuilt from the reports alone, against the contracts.")
    console.print(streams_table(result))
    compared = sum(result.compared.values())
    console.print(f"{compared} values rebuilt and compared with the contracts: {len(result.differences)} differ.")
    draw_supply(console, backing(stage.suite, result.block))
    file = folder / "summary.json"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(summary(stage, result), indent=2) + "\n", encoding="utf-8")
    console.print(f"Figures: {file}")
    if not result.ok:
        raise StockadeError(
            "The reports do not match the contracts: run `ape run report verify` on a devnet for details."
        )


def _tell(title: str, explanation: str, rows: list[Row]) -> None:
    _heading(title, explanation)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for label, words in rows:
        style = {"refused": "red", "moved": "green"}.get(label, "bold")
        table.add_row(Text(label, style), Text(words))
    console.print(table)


def _heading(title: str, explanation: str) -> None:
    console.print()
    console.print(Panel(Text(explanation, "dim"), title=f"[bold]{title}[/]", title_align="left", border_style="blue"))
