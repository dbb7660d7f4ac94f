"""Reading ahead on a real node: the same readings, each asked once, and none used that was not asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from stockade.reporter import reading
from stockade.reporter.ahead import Ahead, Question, Taken
from stockade.reporter.follow import Follower
from stockade.reporter.node import Away
from tests.reporting.following import Following

STEP = 20  # blocks


@dataclass
class Watched:
    """A follower's way of reading, and which steps it read: where each began, and whether that was ahead."""

    follower: Follower
    read_at: list[tuple[int, bool]] = field(default_factory=list)

    def read(self, question: Question, limit: int) -> Taken:
        self.read_at.append((question.first, threading.current_thread() is not threading.main_thread()))
        return self.follower._read(question, limit)


@pytest.fixture
def watched(following: Following, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(reading, "CHUNK", STEP)
    return Watched(following.follower())


@pytest.fixture
def ahead(watched: Watched) -> Iterator[Ahead]:
    yield Ahead(watched.read)
    assert watched.read_at


@pytest.fixture
def step(watched: Watched) -> Question:
    """The first one: nothing is known before."""
    return Question(None, watched.follower._deployment.block, watched.follower._load().tips, False)


def test_run__a_backfill_in_many_steps__all_but_the_first_read_ahead_and_each_once(
    following, restored, watched, tmp_path, monkeypatch
):
    restored.rpc("anvil_mine", hex(64))
    monkeypatch.setattr(watched.follower, "_ahead", Ahead(watched.read))

    watched.follower.run(True, 0, following.said.append, following.warned.append)

    starts = [first for first, _ in watched.read_at]
    assert starts == sorted(set(starts))
    final = following.said[-1].final
    assert [ahead for _, ahead in watched.read_at] == [starts[0] < first <= final for first in starts]
    assert len([first for first in starts if first <= final]) > 3
    assert following.facts() == following.afresh(tmp_path).facts()


def test_read__what_was_begun__read_ahead(ahead, watched, step):
    ahead.begin(step, step.first + STEP)

    found = ahead.read(step, step.first + 2 * STEP)

    assert watched.read_at == [(step.first, True)]
    assert found == watched.follower._read(step, found.reading.last.number)


def test_read__another_question_than_was_begun__asked_anew(ahead, watched, step):
    ahead.begin(step, step.first + STEP)

    ahead.read(step._replace(by_hash=True), step.first + STEP)

    assert watched.read_at == [(step.first, True), (step.first, False)]


def test_read__no_longer_so_far__asked_anew(ahead, watched, step):
    ahead.begin(step, step.first + 1)

    found = ahead.read(step, step.first)

    assert found.reading.last.number == step.first
    assert watched.read_at == [(step.first, True), (step.first, False)]


def test_read__it_failed_ahead__raised_for_the_same_question_alone(ahead, watched, node, step):
    gone = step._replace(first=node.suite.w3.eth.block_number + 1_000)
    ahead.begin(gone, gone.first)
    with pytest.raises(Away, match="The node has no block"):
        ahead.read(gone, gone.first)

    ahead.begin(gone, gone.first)
    assert ahead.read(step, step.first).reading.last.number == step.first

    assert watched.read_at == [(gone.first, True), (gone.first, True), (step.first, False)]
