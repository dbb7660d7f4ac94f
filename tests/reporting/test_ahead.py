"""Reading ahead on a real node: the same readings, each asked once, and none used that was not asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from stockade.reporter import reading
from stockade.reporter.ahead import Ahead, Question
from stockade.reporter.node import Away, Header
from stockade.reporter.reading import Reader, Reading
from tests.reporting.following import Following, asking
from tests.reporting.node import Node

STEP = 20  # blocks


@dataclass
class Watched:
    """A reader, and which steps it read: where each began, and whether that was ahead."""

    reader: Reader
    read_at: list[tuple[int, bool]] = field(default_factory=list)

    def read(self, parent: Header | None, first: int, *others: object) -> Reading:
        self.read_at.append((first, threading.current_thread() is not threading.main_thread()))
        return self.reader.read(parent, first, *others)


@pytest.fixture
def watched(following: Following, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(reading, "CHUNK", STEP)
    return Watched(Reader(asking(following), following.suite.deployment.addresses["listings"]))


@pytest.fixture
def ahead(watched: Watched) -> Iterator[Ahead]:
    yield Ahead(watched)
    assert watched.read_at


def question(node: Node, first: int) -> Question:
    """A step in which nothing is known before."""
    deployment = node.suite.deployment
    known = {deployment.addresses[name]: 0 for name in ("registry", "ledger", "listings", "market", "authority")}
    return Question(None, first, known, False)


def test_run__a_backfill_in_many_steps__all_but_the_first_read_ahead_and_each_once(
    following, restored, watched, tmp_path, monkeypatch
):
    restored.rpc("anvil_mine", hex(64))
    follower = following.follower()
    monkeypatch.setattr(follower, "_reader", Ahead(watched))

    follower.run(True, 0, following.said.append, following.warned.append)

    starts = [first for first, _ in watched.read_at]
    assert starts == sorted(set(starts))
    final = following.said[-1].final
    assert [ahead for _, ahead in watched.read_at] == [starts[0] < first <= final for first in starts]
    assert len([first for first in starts if first <= final]) > 3
    assert following.facts() == following.afresh(tmp_path).facts()


def test_read__what_was_begun__read_ahead(ahead, watched, node):
    asked = question(node, node.suite.deployment.block)
    ahead.begin(asked, asked.first + STEP)

    found = ahead.read(asked, asked.first + 2 * STEP)

    assert watched.read_at == [(asked.first, True)]
    assert found == watched.reader.read(None, asked.first, found.last.number, asked.known, False)


def test_read__another_question_than_was_begun__asked_anew(ahead, watched, node):
    asked = question(node, node.suite.deployment.block)
    ahead.begin(asked, asked.first + STEP)

    ahead.read(asked._replace(known=asked.known | {node.suite.tokens()[0].address: 0}), asked.first)

    assert watched.read_at == [(asked.first, True), (asked.first, False)]


def test_read__no_longer_so_far__asked_anew(ahead, watched, node):
    asked = question(node, node.suite.deployment.block)
    ahead.begin(asked, asked.first + 1)

    found = ahead.read(asked, asked.first)

    assert found.last.number == asked.first
    assert watched.read_at == [(asked.first, True), (asked.first, False)]


def test_read__it_failed_ahead__raised_for_the_same_question_alone(ahead, watched, node):
    gone = question(node, node.suite.w3.eth.block_number + 1_000)
    ahead.begin(gone, gone.first)
    with pytest.raises(Away, match="The node has no block"):
        ahead.read(gone, gone.first)

    ahead.begin(gone, gone.first)
    asked = question(node, node.suite.deployment.block)
    assert ahead.read(asked, asked.first).last.number == asked.first

    assert watched.read_at == [(gone.first, True), (gone.first, True), (asked.first, False)]
