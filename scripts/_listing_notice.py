"""The public Notice: `ape run listing notice`."""

from __future__ import annotations

from pathlib import Path

import click
from ape.api import ProviderAPI
from eth_utils.crypto import keccak
from rich.progress import Progress as Bar
from rich.text import Text

from stockade.ape import SuiteCommand, console, open_suite, suite_option
from stockade.listing import notice as notices
from stockade.whitelist.forms import write_content


@click.command(cls=SuiteCommand)
@click.option("--exemption", type=click.IntRange(min=1), default=1, show_default=True, help="Its number.")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
@click.option("--answers", type=click.Path(path_type=Path), help="Your own answers; model: examples/notice.toml.")
@click.option("--block", type=click.IntRange(min=0), help="Block number; by default the latest.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The Notice's file; by default it is printed.")
@suite_option
def notice(
    exemption: int,
    form: str,
    answers: Path | None,
    block: int | None,
    out: Path | None,
    deployment: Path | None,
    provider: ProviderAPI,
) -> None:
    """Build the public Notice of thirty items (R7), and say how complete it is.

    What the chain can answer is answered from live state, with contract, address and block; your own answers come from
    a file; the rest is marked blank, with a hint of what belongs there. It is a draft until you have read it.

    \b
      ape run listing notice -o notice.md --network ethereum:devnet
      ape run listing notice --answers examples/notice.toml --format json --network ethereum:devnet
    """
    given = notices.read_answers(answers) if answers else None
    suite = open_suite(provider, deployment)
    with Bar(console=console, transient=True, disable=not console.is_terminal or out is None) as bar:
        task = bar.add_task("reading the reports")
        found = notices.build(
            suite,
            exemption,
            given,
            block,
            lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    content = notices.to_json(found) if form == "json" else notices.to_markdown(found)
    if out is None:
        click.echo(content, nl=False)
        return
    write_content(out, content)
    console.print(Text(f"Written to {out}: {notices.say_counts(found)}"), soft_wrap=True)
    console.print(f"keccak256 0x{keccak(content).hex()}", soft_wrap=True)
    console.print(Text(f"Next, ISSUER:  ape run listing publish --file {out} --uri ..."), soft_wrap=True)
