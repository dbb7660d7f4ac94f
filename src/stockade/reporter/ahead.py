"""Reading the next step while this one is written: in a backfill, node and database are waited for at the same time.

What was read ahead is used only for the very question that it was asked; else it is thrown away and asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.reporter.node import Header
from stockade.reporter.reading import Reader, Reading


class Question(NamedTuple):
    """Which step is to be read: what `Reader.read` is asked, but for the limit, which only grows."""

    parent: Header | None
    first: int
    known: Mapping[ChecksumAddress, int]
    by_hash: bool


class Ahead:
    """A reader with a thread of its own, which ends with the process: nothing that it reads is ever waited for when the
    process is told to stop. Whatever it raised is raised where its reading would have been used.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._asked: tuple[Question, Future[Reading]] | None = None
        self._tasks: SimpleQueue[tuple[Question, int, Future[Reading]]] = SimpleQueue()
        self._thread: Thread | None = None

    def begin(self, question: Question, limit: int) -> None:
        """Begins to read a step that will be asked for next."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="read ahead", daemon=True)
            self._thread.start()
        self._asked = (question, Future())
        self._tasks.put((question, limit, self._asked[1]))

    def read(self, question: Question, limit: int) -> Reading:
        """The step, read ahead or now. Raises like `Reader.read`."""
        asked, self._asked = self._asked, None
        if asked:
            # Waited for even when it is of no use: the reader and its node are asked one thing at a time.
            failed = asked[1].exception()
            if asked[0] == question and (failed or asked[1].result().last.number <= limit):
                return asked[1].result()
        return self._reader.read(question.parent, question.first, limit, question.known, question.by_hash)

    def _work(self) -> None:
        while True:
            question, limit, future = self._tasks.get()
            try:
                it = question
                future.set_result(self._reader.read(it.parent, it.first, limit, it.known, it.by_hash))
            except Exception as error:
                future.set_exception(error)
