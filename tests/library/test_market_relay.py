"""The relay against the real contract: what it tells, in which order, and what it never does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from stockade.errors import InputError
from stockade.market import relay
from stockade.market.relay import Log, Report
from stockade.market.sources import DocumentFile
from stockade.market.state import read_state
from stockade.records import Control, Interruption, Role
from tests.support import DAY

AGE, GRID = 300, 60
HALTED, NONE = Interruption.ASSET_HALTED, Interruption.NONE
HALT, END = "AAPL on XNAS: ASSET_HALTED T1", "AAPL on XNAS: NONE"


class Newsroom:
    """A file of documents that a test writes, and the relay's step on it."""

    def __init__(self, path, suite, signer, now) -> None:
        self.path, self.suite, self.signer, self.now = path, suite, signer, now
        self.lines: list[str] = []

    def tell(self, event: str = "heartbeat", at: int | None = None, **more) -> None:
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {"sequence": len(self.lines) + 1, "market": "XNAS", "at": moment, "event": event, **more}
        self.lines.append(json.dumps(document) + "\n")
        self.save()

    def halt(self, code: str = "T1", at: int | None = None) -> None:
        self.tell("interrupt", at, symbol="AAPL", code=code)

    def resume(self, at: int | None = None) -> None:
        self.tell("resume", at, symbol="AAPL")

    def save(self) -> None:
        self.path.write_text("".join(self.lines))

    def step(self, signer=None) -> Report:
        return relay.step(self.suite, signer or self.signer, DocumentFile(self.path), self.now())


@pytest.fixture
def room(tmp_path, suite, keys, now):
    return Newsroom(tmp_path / "news.jsonl", suite, keys.market_operator, now)


@pytest.fixture
def is_halted(suite, token):
    return lambda: Control.unpack(token.control()).halted


@pytest.fixture
def told(suite, token):
    """Sequence, interruption and code of the share's last news."""
    return lambda: tuple(suite.market.functions.stateOf(token.address).call()[:3])


@pytest.fixture
def second_relay(stage, chain, actors, keys, suite):
    """A second MARKET_OPERATOR, and a quorum of two."""
    grant = [Role.MARKET_OPERATOR, actors.stranger, 0]
    stage.authority.schedule(
        stage.authority, stage.authority.grantRole.encode_input(*grant), 0, sender=actors.key_admin
    )
    chain.pending_timestamp += DAY
    stage.authority.grantRole(*grant, sender=actors.key_admin)
    stage.market.setRules((2, AGE), sender=actors.issuer)
    return keys.stranger


def said(report: Report) -> list[str]:
    """What was sent, heartbeats without their second."""
    return [says.partition(" as of ")[0] for says, _ in report.sent]


def clean(report: Report) -> bool:
    return not report.faults and not report.waits


# ---------------------------------------------------------------- the way it goes


def test_step__quiet_market__a_heartbeat_of_its_fifth_part_and_no_other_before_the_next(room, suite, now, travel):
    room.tell()
    moment = now()

    report = room.step()

    assert (said(report), clean(report)) == (["XNAS: heartbeat"], True)
    assert suite.market.functions.heartbeatOf(b"XNAS").call() == [moment // GRID * GRID, True]
    assert room.step().sent == []
    travel(GRID)
    assert room.step().sent == []  # the source said nothing since
    room.tell()
    assert said(room.step()) == ["XNAS: heartbeat"]


def test_step__halt_and_its_end__the_halt_before_the_heartbeat_and_the_end_after_it(room, is_halted, told, travel):
    room.tell()
    room.halt()

    report = room.step()

    assert (said(report), clean(report)) == ([HALT, "XNAS: heartbeat"], True)
    assert (is_halted(), told()) == (True, (1, HALTED, b"T1".ljust(8, b"\0")))
    travel(GRID)
    room.resume()
    report = room.step()
    assert (said(report), clean(report)) == (["XNAS: heartbeat", END], True)
    assert (is_halted(), told()) == (False, (2, NONE, bytes(8)))
    assert room.step().sent == []


def test_step__whole_market__halted_and_resumed(room, suite, is_halted, travel):
    room.tell("interrupt", code="MWC1")
    assert said(room.step()) == ["XNAS: VENUE_HALTED MWC1", "XNAS: heartbeat"]
    assert is_halted()
    travel(GRID)
    room.tell("resume", code="MWCQ")
    assert said(room.step()) == ["XNAS: heartbeat", "XNAS: NONE"]
    assert not is_halted()


def test_step__price_band__told_after_the_heartbeat_and_halts_nothing(room, is_halted, told, travel):
    room.tell("interrupt", symbol="AAPL", code="LIMIT")

    assert said(room.step()) == ["XNAS: heartbeat", "AAPL on XNAS: PRICE_CONSTRAINED LIMIT"]
    assert (is_halted(), told()[1]) == (False, Interruption.PRICE_CONSTRAINED)


def test_step__share_that_is_no_token_or_never_halted__nothing(room, told):
    room.tell("interrupt", symbol="MSFT", code="T1")
    room.tell("interrupt", market="XNYS", symbol="AAPL", code="T1")
    room.resume()

    assert said(room.step()) == ["XNAS: heartbeat"]
    assert told()[0] == 0


def test_step__another_code__told_although_it_is_halted_already(room, told):
    """A pause that becomes a halt keeps the time of its beginning, also when the chain believes it over."""
    room.halt("LUDP")
    room.step()
    room.halt("T12")

    assert said(room.step())[0] == "AAPL on XNAS: ASSET_HALTED T12"
    assert told()[0] == 2


def test_step__halt_that_began_before_the_chain_s_last_news__halts(room, is_halted, now, travel):
    begun = now()
    room.halt("LUDP", begun)
    room.step()
    travel(GRID)
    room.resume()
    room.step()
    assert not is_halted()
    # The exchange takes the resumption back: the same halt, under another code.
    room.lines.clear()
    room.halt("T12", begun)
    room.tell()

    report = room.step()

    assert ("AAPL on XNAS: ASSET_HALTED T12" in said(report), is_halted()) == (True, True)


# ---------------------------------------------------------------- crash, duplicate, reordered


class DyingSigner:
    """Dies, as by kill -9, before or after its nth signature reaches the node."""

    def __init__(self, signer, place: int) -> None:
        self._signer, self.left = signer, place

    @property
    def address(self):
        return self._signer.address

    def sign_transaction(self, transaction):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self._signer.sign_transaction(transaction)


@pytest.mark.parametrize("place", [1, 2])
def test_step__killed_before_any_of_its_calls__the_next_does_what_is_left(room, is_halted, told, place):
    room.halt()
    with pytest.raises(KeyboardInterrupt):
        room.step(DyingSigner(room.signer, place))

    report = room.step()

    assert said(report) == [HALT, "XNAS: heartbeat"][place - 1 :]
    assert (clean(report), is_halted(), told()[0]) == (True, True, 1)


def test_step__killed_after_its_call_was_sent__the_next_does_not_repeat_it(room, suite, told, monkeypatch):
    room.halt()
    real = suite.w3.eth.wait_for_transaction_receipt
    with monkeypatch.context() as patch:

        def die(*arguments, **options):
            real(*arguments, **options)
            raise KeyboardInterrupt

        patch.setattr(suite.w3.eth, "wait_for_transaction_receipt", die)
        with pytest.raises(KeyboardInterrupt):
            room.step()

    assert said(room.step()) == ["XNAS: heartbeat"]
    assert told()[0] == 1


def test_step__documents_reordered_and_doubled__as_in_order(room, told, travel):
    room.halt()
    room.step()
    travel(GRID)
    room.resume()
    room.path.write_text("".join([*reversed(room.lines), *room.lines]))

    assert said(room.step()) == ["XNAS: heartbeat", END]
    assert told()[:2] == (2, NONE)


def test_step__two_relays_of_one_source__the_second_finds_nothing_to_do(room, suite, second_relay, stage, actors):
    stage.market.setRules((1, AGE), sender=actors.issuer)
    room.halt()
    room.step()

    assert room.step(second_relay).sent == []


# ---------------------------------------------------------------- stale, silent, backwards, unreadable


@pytest.fixture
def halted_room(room, travel):
    """AAPL was halted and told so; since then the chain is one part of the heartbeat's age further."""
    room.tell()
    room.halt()
    room.step()
    travel(GRID)
    return room


def test_step__stale_source__neither_heartbeat_nor_end(halted_room, is_halted, now, travel):
    halted_room.resume()
    travel(AGE)
    report = halted_room.step()

    assert (report.sent, is_halted()) == ([], True)
    assert report.faults == [f"{halted_room.path} is stale for XNAS."]
    halted_room.tell()
    assert said(halted_room.step()) == ["XNAS: heartbeat", END]


def test_step__stale_source__a_new_halt_still_counts(room, is_halted, now, travel):
    room.tell()
    room.step()
    room.halt(at=now())
    travel(AGE)

    assert said(room.step()) == [HALT]
    assert is_halted()


@pytest.mark.parametrize("content", [None, "", "<html></html>\n", '{"sequence": 1}\n'])
def test_step__silent_or_unreadable_source__nothing_at_first_then_every_token_halts(
    room, suite, is_halted, travel, content
):
    room.tell()
    room.step()
    room.path.unlink() if content is None else room.path.write_text(content)
    assert (room.step().sent, is_halted()) == ([], False)

    travel(AGE)
    report = room.step()

    assert (said(report), is_halted(), len(report.faults)) == (["bits follow: AAPL halted"], True, 1)
    assert room.step().sent == []
    room.tell()
    assert said(room.step()) == ["XNAS: heartbeat", "bits follow: AAPL lifted"]
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


def test_step__source_that_went_backwards__old_halts_are_not_told_anew_and_nothing_ends(room, is_halted, now, travel):
    start = now()
    room.halt(at=start)
    room.step()
    travel(2 * GRID)
    room.resume()
    room.tell()
    room.step()
    assert not is_halted()

    room.lines = room.lines[:1]
    room.save()
    report = room.step()

    assert (report.sent, is_halted()) == ([], False)
    assert report.faults == [f"{room.path} is behind what the chain has heard of XNAS."]


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


def test_step__clock_a_little_ahead_of_the_chain__a_halt_does_not_wait(room, suite, token, now):
    moment = now()
    room.halt(at=moment + 20)

    assert said(room.step())[0] == HALT
    assert moment <= suite.market.functions.stateOf(token.address).call()[3] <= moment + 20


# ---------------------------------------------------------------- several relays, and refusals


def test_step__quorum_of_two__one_relay_halts_and_two_end(room, second_relay, is_halted, travel):
    room.halt()
    report = room.step()
    assert said(report) == [HALT, "XNAS: heartbeat"]
    assert report.waits == [(report.sent[1][0], "waits for the other relays")]
    assert is_halted()
    assert said(room.step(second_relay)) == ["XNAS: heartbeat"]

    travel(GRID)
    room.resume()
    assert said(room.step()) == ["XNAS: heartbeat"]
    assert said(room.step(second_relay)) == ["XNAS: heartbeat", END]
    assert is_halted()
    assert said(room.step()) == [END]
    assert not is_halted()


def test_step__account_without_the_role__a_fault_and_no_news_told(room, keys, told):
    """What anyone may do it does: nobody ever told a heartbeat, so the token halts."""
    room.halt()

    report = room.step(keys.stranger)

    assert (said(report), told()[0]) == (["bits follow: AAPL halted"], 0)
    assert [fault.partition(": Refused")[0] for fault in report.faults] == [HALT]
    assert "does not hold the role" in report.faults[0]


def test_require_right__operator_and_stranger__the_one_alone(suite, keys):
    relay.require_right(suite, keys.market_operator.address)

    with pytest.raises(InputError, match=f"Account {keys.stranger.address} may not relay"):
        relay.require_right(suite, keys.stranger.address)


def test_read_state__the_stage__shares_and_markets(room, suite, token):
    room.halt()
    room.step()

    state = read_state(suite)

    assert (state.quorum, state.heartbeat_age, list(state.venues)) == (1, AGE, ["XNAS"])
    (share,) = state.shares
    assert (share.token, share.mic, share.ticker) == (token.address, "XNAS", "AAPL")
    assert (share.halts, share.halted, share.halted_by_hand, share.told.code) == (True, True, False, "T1")


# ---------------------------------------------------------------- the log and the loop


def test_log__steps__a_line_for_what_is_new_after_what_stood_there(room, tmp_path):
    path = tmp_path / "relay.jsonl"
    path.write_text("an earlier line\n")
    log = Log(path)
    room.halt()

    for _ in range(3):
        log.write(room.step())
    room.path.unlink()
    for _ in range(2):
        log.write(room.step())

    first, halt, quiet, fault = path.read_text().splitlines()
    assert first == "an earlier line"
    assert json.loads(halt)["sent"][0][0] == HALT
    assert (json.loads(quiet)["sent"], json.loads(quiet)["faults"]) == ([], [])
    assert "cannot be read" in json.loads(fault)["faults"][0]


def test_log__cannot_be_written__one_sentence_before_anything_is_sent(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Log(tmp_path / "none" / "relay.jsonl")


def test_run__ctrl_c__ends_after_a_step_whose_log_is_written(room, suite, tmp_path):
    room.halt()
    seen = SimpleNamespace(steps=0)

    def show(report: Report) -> None:
        seen.steps += 1
        if seen.steps == 2:
            raise KeyboardInterrupt

    path = tmp_path / "relay.jsonl"
    with pytest.raises(KeyboardInterrupt):
        relay.run(suite, room.signer, DocumentFile(room.path), Log(path), 0, show)
    assert len(path.read_text().splitlines()) == 2
