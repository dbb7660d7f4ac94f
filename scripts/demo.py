"""The whole life of three listed shares in one command: `ape run demo`, or `make demo`."""

from __future__ import annotations

import json
from pathlib import Path

import ape
import click
from ape.api import ProviderAPI
from eth_typing import ChecksumAddress
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stockade.ape import ApeSigner, SuiteCommand, connection, console
from stockade.chain import Signer
from stockade.demo.stage import DEPLOYER, DESK_A, DESK_D, Row
from stockade.demo.story import Story
from stockade.errors import NetworkError, StockadeError
from stockade.plan import read_plan
from stockade.reporting.register import backing
from stockade.reporting.tables import draw_supply, streams_table
from tools.safe import deploy_safe

ROOT = Path(__file__).resolve().parent.parent
LOCAL_CHAINS = (1337, 31337)


@click.command(cls=SuiteCommand)
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("build/demo/summary.json"),
    show_default=True,
    help="Where the figures are written.",
)
def cli(summary: Path, provider: ProviderAPI) -> None:
    """Show listed shares become permissioned tokens: issued, moved, refused, corrected, redeemed, reported.

    Deploys a whole suite on a chain of its own that ends with the command, and plays every person with a development
    account. Takes no account and touches no other chain. By default on the embedded chain; on anvil a Safe is among the
    attestors of the second custodian:

    \b
      ape run demo
      ape run demo --network ethereum:local:foundry
    """
    w3 = connection(provider)
    if w3.eth.chain_id not in LOCAL_CHAINS or provider.network.name != "local":
        raise NetworkError("The demo plays with a local chain of its own: leave --network out, or use a local one.")
    accounts = ape.accounts.test_accounts
    signers: dict[int, Signer] = {}

    def who(index: int) -> Signer:
        return signers.setdefault(index, ApeSigner(accounts[index]))

    def travel(seconds: int) -> None:
        ape.chain.pending_timestamp += seconds
        ape.chain.mine()

    safe: ChecksumAddress | None = None
    if provider.name != "test":
        safe = deploy_safe(w3, who(DEPLOYER), [who(DESK_A).address, who(DESK_D).address], 2)

    story = Story(w3, who, _tell, travel, ROOT / "examples")
    result = story.run(read_plan(ROOT / "examples" / "suite.toml"), safe)

    _heading("Everything reported, nothing missing", "The state rebuilt from the reports alone, against the contracts.")
    console.print(streams_table(result))
    compared = sum(result.compared.values())
    console.print(f"{compared} values rebuilt and compared with the contracts: {len(result.differences)} differ.")
    draw_supply(console, backing(story.suite, result.block))
    figures = story.summary(result)
    summary.parent.mkdir(parents=True, exist_ok=True)
    summary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    console.print(f"Figures: {summary}")
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
