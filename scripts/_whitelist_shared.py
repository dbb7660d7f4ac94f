"""What the commands of `ape run whitelist` share: options, how faults are shown, what they read first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from stockade import whitelist
from stockade.ape import Failure, SafeConsole, console
from stockade.errors import InputError
from stockade.suite import Suite
from stockade.whitelist import Book, RowErrors, Whitelist

# Chains that live on the developer's own machine, where the public development key does no harm.
LOCAL_CHAINS = (1337, 31337)


file_argument = click.argument("file", type=click.Path(path_type=Path))
block_option = click.option("--block", type=click.IntRange(min=0), help="Block number; by default the latest.")
complete_option = click.option(
    "--complete",
    is_flag=True,
    help="The book names every wallet of this registrar: what is missing from it is to be revoked.",
)
registrar_option = click.option(
    "--registrar", type=click.IntRange(1, 0xFFFE), help="Your number; not needed where the suite has one registrar."
)
development_key_option = click.option(
    "--development-key",
    is_flag=True,
    help=f"Use the public development key instead of {whitelist.KEY_VARIABLE}; local chains only.",
)
ignore_option = click.option(
    "--ignore-column",
    "ignore",
    multiple=True,
    metavar="NAME",
    help="A column that is not ours and is passed over unread; may be repeated. Any other is refused.",
)


class RowFailure(Failure):
    """Shows every fault of a book as a table."""

    def __init__(self, errors: RowErrors) -> None:
        super().__init__(errors)
        self.errors = errors

    def show(self, file: IO[Any] | None = None) -> None:
        # Wide where nobody looks on, so that a log keeps each value in one piece.
        out = SafeConsole(file=file or sys.stderr, width=None if sys.stderr.isatty() else 240)
        table = Table("row", "field", "value", "fault", "remedy", title=Text(f"Faults in {self.errors.path}"))
        for error in self.errors.errors:
            cells = (str(error.line), error.field, error.shown, error.fault, error.remedy)
            table.add_row(*(Text(cell) for cell in cells))
        out.print(table)
        if more := self.errors.count - len(self.errors.errors):
            out.print(f"and {more:,} more.")
        out.print(f"{self.errors.count:,} faults. Nothing was sent: a book is applied whole or not at all.")


@contextmanager
def faults_as_table() -> Iterator[None]:
    try:
        yield
    except RowErrors as errors:
        raise RowFailure(errors) from None


def state_of(suite: Suite, block: int | None) -> Whitelist:
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading the registry's reports")
        return whitelist.read_whitelist(
            suite,
            "latest" if block is None else block,
            lambda _, done, total: bar.update(task, completed=done, total=total),
        )


def number_of(state: Whitelist, given: int | None) -> int:
    numbers = sorted({*state.registrars.values()})
    if given is None and len(numbers) != 1:
        known = ", ".join(map(str, numbers)) or "none"
        raise InputError(f"The suite's registrars are {known}: say with --registrar which one you are.")
    return numbers[0] if given is None else given


def book_and_state(
    suite: Suite, file: Path, ignore: tuple[str, ...], block: int | None, registrar: int | None
) -> tuple[Book, Whitelist, int]:
    """The book is read first: its faults need no chain but for the time."""
    with faults_as_table():
        book = whitelist.read_book(file, now=time_of(suite), ignore=ignore)
    state = state_of(suite, block)
    return book, state, number_of(state, registrar)


def time_of(suite: Suite) -> int:
    """The chain's clock, which is the one that counts."""
    return int(suite.w3.eth.get_block("latest")["timestamp"])


def key_for(suite: Suite, development: bool) -> bytes:
    if not development:
        return whitelist.registrar_key()
    if suite.deployment.chain_id not in LOCAL_CHAINS:
        raise InputError(
            f"The development key is public and this is chain {suite.deployment.chain_id}: set "
            f"{whitelist.KEY_VARIABLE} to your own."
        )
    return whitelist.DEVELOPMENT_KEY
