"""Reading the next step while this one is written: in a backfill, node and database are waited for at the same time.

What was read ahead is used only for the very question that it was asked; else it is thrown away and asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.reporter.node import Header
from stockade.reporter.reading import Reading
from stockade.reporter.tips import Fact, Tip, Tips


class Question(NamedTuple):
    """Which step is to be read: after which block, from which number on, from which ends of the streams, and how."""

    parent: Header | None
    first: int
    tips: Mapping[ChecksumAddress, Tip]
    by_hash: bool


class Taken(NamedTuple):
    """What was read and checked, the facts in it, and where the streams then stand."""

    reading: Reading
    facts: list[Fact]
    tips: Tips


Read = Callable[[Question, int], Taken]


class Ahead:
    """A way of reading steps, up to a limit (the highest block), with a thread of its own. The thread ends with the
    process: nothing that it reads is waited for when the process is told to stop. Whatever it raised is raised where
    its reading would have been used.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._asked: tuple[Question, Future[Taken]] | None = None
        self._tasks: SimpleQueue[tuple[Question, int, Future[Taken]]] = SimpleQueue()
        self._thread: Thread | None = None

    def begin(self, question: Question, limit: int) -> None:
        """Begins to read a step that will be asked for next."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="read ahead", daemon=True)
            self._thread.start()
        self._asked = (question, Future())
        self._tasks.put((question, limit, self._asked[1]))

    def read(self, question: Question, limit: int) -> Taken:
        """The step, read ahead or now."""
        asked, self._asked = self._asked, None
        if asked:
            # Waited for even when it is of no use: the node is asked one thing at a time.
            failed = asked[1].exception()
            if asked[0] == question and (failed or asked[1].result().reading.last.number <= limit):
                return asked[1].result()
        return self._read(question, limit)

    def _work(self) -> None:
        while True:
            question, limit, future = self._tasks.get()
            try:
                future.set_result(self._read(question, limit))
            except Exception as error:
                future.set_exception(error)
