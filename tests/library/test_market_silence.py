"""Nothing resumes on silence: sources that are stale, gone, unreadable, behind or ahead, against the real contract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.market import relay
from stockade.market.sources import DocumentFile
from stockade.market.state import read_state
from tests.library.telling import AGE, END, GRID, HALT, said


@pytest.fixture
def halted_room(newsroom, travel):
    """AAPL was halted and told so; since then the chain is one part of the heartbeat's age further."""
    newsroom.tell()
    newsroom.halt()
    newsroom.step()
    travel(GRID)
    return newsroom


def test_step__stale_source__neither_heartbeat_nor_end(halted_room, is_halted, now, travel):
    halted_room.resume()
    travel(AGE)
    report = halted_room.step()

    assert (report.sent, is_halted()) == ([], True)
    assert report.faults == [f"{halted_room.path} is stale for XNAS."]
    halted_room.tell()
    assert said(halted_room.step()) == ["XNAS: heartbeat", END]


def test_step__stale_source__a_new_halt_still_counts(newsroom, is_halted, now, travel):
    newsroom.tell()
    newsroom.step()
    newsroom.halt(at=now())
    travel(AGE)

    assert said(newsroom.step()) == [HALT]
    assert is_halted()


@pytest.mark.parametrize("content", [None, "", "<html></html>\n", '{"sequence": 1}\n'])
def test_step__silent_or_unreadable_source__nothing_at_first_then_every_token_halts(
    newsroom, suite, is_halted, travel, content
):
    newsroom.tell()
    newsroom.step()
    newsroom.path.unlink() if content is None else newsroom.path.write_text(content)
    assert (newsroom.step().sent, is_halted()) == ([], False)

    travel(AGE)
    report = newsroom.step()

    assert (said(report), is_halted(), len(report.faults)) == (["bits follow: AAPL halted"], True, 1)
    assert newsroom.step().sent == []
    newsroom.tell()
    assert said(newsroom.step()) == ["XNAS: heartbeat", "bits follow: AAPL lifted"]
    assert not is_halted()


def test_step__silent_source__a_halt_stays(halted_room, is_halted, travel):
    halted_room.path.unlink()
    travel(AGE)

    assert (halted_room.step().sent, is_halted()) == ([], True)


def test_step__contradictory_source__its_end_of_a_halt_does_not_count(halted_room, is_halted):
    halted_room.resume()
    halted_room.tell(sequence=3)
    report = halted_room.step()

    assert (report.sent, is_halted()) == ([], True)
    assert report.faults == [f"{halted_room.path} holds two documents of number 3. Nothing of it counts."]


def test_step__source_that_went_backwards__no_old_halt_anew_and_nothing_ends(newsroom, is_halted, now, travel):
    start = now()
    newsroom.halt(at=start)
    newsroom.step()
    travel(2 * GRID)
    newsroom.resume()
    newsroom.tell()
    newsroom.step()
    assert not is_halted()

    newsroom.lines = newsroom.lines[:1]
    newsroom.save()
    report = newsroom.step()

    assert (report.sent, is_halted()) == ([], False)
    assert report.faults == [f"{newsroom.path} is behind what the chain has heard of XNAS."]


def test_step__end_that_is_older_than_the_halt__no_end(halted_room, is_halted, now):
    halted_room.lines = []
    halted_room.resume(at=now() - 2 * GRID)
    halted_room.tell()

    assert said(halted_room.step()) == ["XNAS: heartbeat"]
    assert is_halted()


def test_step__source_from_the_future__neither_heartbeat_nor_end(halted_room, is_halted, now):
    halted_room.resume()
    halted_room.tell(at=now() + 31)
    report = halted_room.step()

    assert (report.sent, is_halted()) == ([], True)
    assert report.faults == [f"{halted_room.path} tells of XNAS from the future."]


def test_step__clock_a_little_ahead_of_the_chain__a_halt_does_not_wait(newsroom, suite, token, now):
    moment = now()
    newsroom.halt(at=moment + 20)

    assert said(newsroom.step())[0] == HALT
    assert moment <= suite.market.functions.stateOf(token.address).call()[3] <= moment + 20


def test_decide__chain_that_makes_blocks_on_demand__our_own_clock_counts_after_half_a_minute(halted_room, suite, now):
    halted_room.resume(at=now() + 29)
    halted_room.tell(at=now() + 29)
    picture = DocumentFile(halted_room.path).read()
    state = read_state(suite)

    heard = replace(state, venues={"XNAS": replace(state.venues["XNAS"], heartbeat=state.now + 29)})
    assert relay.decide(picture, heard, state.now + 30) == []
    assert [call.says for call in relay.decide(picture, heard, state.now + 31)] == [END]
