"""What every command shares, with Ape or without: a console that shows only our own styles, and one sentence for an
error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from stockade.errors import InputError, StockadeError


def printable(text: str) -> str:
    """The text with everything but line ends that a terminal would obey, hide or reorder written as an escape."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


class SafeConsole(Console):
    """Whatever a file or a contract says, only our own styles reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


console = SafeConsole()


class FileCommand(click.Command):
    """A command that needs no chain, with the same answer to an error."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StockadeError as error:
            raise Failure(error) from None


class Failure(click.ClickException):
    """Prints one sentence on standard error."""

    def __init__(self, error: StockadeError) -> None:
        super().__init__(printable(str(error)))
        self.exit_code = 2 if isinstance(error, InputError) else 1
