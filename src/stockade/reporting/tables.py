"""What people look at: streams as a table, supply drawn against reserve."""

from __future__ import annotations

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from stockade.reporting.register import TokenSupply
from stockade.reporting.verify import Verification

BAR = 60


def streams_table(result: Verification) -> Table:
    """One row a stream: how many records, what is missing, whether the chain matches."""
    table = Table("stream", "contract", Column("address", overflow="fold"), title="Streams")
    for name in ("records", "gaps"):
        table.add_column(name, justify="right")
    table.add_column("chain")
    for stream in result.streams:
        chain = Text("matches", "green") if stream.chain_matches else Text("differs", "red")
        gaps = Text(str(stream.gaps), "red" if stream.gaps else "")
        table.add_row(Text(stream.name), stream.contract, stream.address, str(stream.records), gaps, chain)
    return table


def draw_supply(console: Console, found: list[TokenSupply]) -> None:
    """One bar a position: issued and held in green, issued and not held in red, held beyond that dim."""
    width = max(len(token.symbol) for token in found)
    most = max((max(p.position.issued, p.position.held) for t in found for p in t.positions), default=0) or 1
    for token in found:
        for each in token.positions:
            issued, held = (round(amount / most * BAR) for amount in (each.position.issued, each.position.held))
            line = Text(f"{token.symbol:<{width}} {each.custodian:>3} ")
            line.append("█" * min(issued, held), "green")
            line.append("▒" * max(issued - held, 0), "red")
            line.append("░" * max(held - issued, 0), "dim")
            if each.under_reserved:
                line.append(" under-reserved", "red")
            console.print(line)
    console.print("█ issued and held   ░ held, not issued   ▒ issued, not held")
