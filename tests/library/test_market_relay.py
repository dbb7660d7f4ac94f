"""The relay against the real contract: what it tells, in which order, and what it never does."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from stockade.errors import InputError
from stockade.market import relay
from stockade.market.relay import Log, Report
from stockade.market.sources import DocumentFile
from stockade.market.state import read_state
from stockade.records import Interruption, Role
from tests.library.telling import AGE, END, GRID, HALT, said
from tests.support import DAY

HALTED, NONE = Interruption.ASSET_HALTED, Interruption.NONE


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


def clean(report: Report) -> bool:
    return not report.faults and not report.waits


# ---------------------------------------------------------------- the way it goes


def test_step__quiet_market__a_heartbeat_of_its_fifth_part_and_no_other_before_the_next(newsroom, suite, now, travel):
    newsroom.tell()
    moment = now()

    report = newsroom.step()

    assert (said(report), clean(report)) == (["XNAS: heartbeat"], True)
    assert suite.market.functions.heartbeatOf(b"XNAS").call() == [moment // GRID * GRID, True]
    assert newsroom.step().sent == []
    travel(GRID)
    assert newsroom.step().sent == []  # the source said nothing since
    newsroom.tell()
    assert said(newsroom.step()) == ["XNAS: heartbeat"]


def test_step__halt_and_its_end__the_halt_before_the_heartbeat_the_end_after(newsroom, is_halted, news_told, travel):
    newsroom.tell()
    newsroom.halt()

    report = newsroom.step()

    assert (said(report), clean(report)) == ([HALT, "XNAS: heartbeat"], True)
    assert (is_halted(), news_told()) == (True, (1, HALTED, b"T1".ljust(8, b"\0")))
    travel(GRID)
    newsroom.resume()
    report = newsroom.step()
    assert (said(report), clean(report)) == (["XNAS: heartbeat", END], True)
    assert (is_halted(), news_told()) == (False, (2, NONE, bytes(8)))
    assert newsroom.step().sent == []


def test_step__whole_market__halted_and_resumed(newsroom, suite, is_halted, travel):
    newsroom.tell("interrupt", code="MWC1")
    assert said(newsroom.step()) == ["XNAS: VENUE_HALTED MWC1", "XNAS: heartbeat"]
    assert is_halted()
    travel(GRID)
    newsroom.tell("resume", code="MWCQ")
    assert said(newsroom.step()) == ["XNAS: heartbeat", "XNAS: NONE"]
    assert not is_halted()


def test_step__price_band__told_after_the_heartbeat_and_halts_nothing(newsroom, is_halted, news_told, travel):
    newsroom.tell("interrupt", symbol="AAPL", code="LIMIT")

    assert said(newsroom.step()) == ["XNAS: heartbeat", "AAPL on XNAS: PRICE_CONSTRAINED LIMIT"]
    assert (is_halted(), news_told()[1]) == (False, Interruption.PRICE_CONSTRAINED)


def test_step__share_that_is_no_token_or_never_halted__nothing(newsroom, news_told):
    newsroom.tell("interrupt", symbol="MSFT", code="T1")
    newsroom.tell("interrupt", market="XNYS", symbol="AAPL", code="T1")
    newsroom.resume()

    assert said(newsroom.step()) == ["XNAS: heartbeat"]
    assert news_told()[0] == 0


def test_step__another_code__told_although_it_is_halted_already(newsroom, news_told):
    """A pause that becomes a halt keeps the time of its beginning, also when the chain believes it over."""
    newsroom.halt("LUDP")
    newsroom.step()
    newsroom.halt("T12")

    assert said(newsroom.step())[0] == "AAPL on XNAS: ASSET_HALTED T12"
    assert news_told()[0] == 2


def test_step__halt_that_began_before_the_chain_s_last_news__halts(newsroom, is_halted, now, travel):
    begun = now()
    newsroom.halt("LUDP", begun)
    newsroom.step()
    travel(GRID)
    newsroom.resume()
    newsroom.step()
    assert not is_halted()
    # The exchange takes the resumption back: the same halt, under another code.
    newsroom.lines.clear()
    newsroom.halt("T12", begun)
    newsroom.tell()

    report = newsroom.step()

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
def test_step__killed_before_any_of_its_calls__the_next_does_what_is_left(newsroom, is_halted, news_told, place):
    newsroom.halt()
    with pytest.raises(KeyboardInterrupt):
        newsroom.step(DyingSigner(newsroom.signer, place))

    report = newsroom.step()

    assert said(report) == [HALT, "XNAS: heartbeat"][place - 1 :]
    assert (clean(report), is_halted(), news_told()[0]) == (True, True, 1)


def test_step__killed_after_its_call_was_sent__the_next_does_not_repeat_it(newsroom, suite, news_told, monkeypatch):
    newsroom.halt()
    real = suite.w3.eth.wait_for_transaction_receipt
    with monkeypatch.context() as patch:

        def die(*arguments, **options):
            real(*arguments, **options)
            raise KeyboardInterrupt

        patch.setattr(suite.w3.eth, "wait_for_transaction_receipt", die)
        with pytest.raises(KeyboardInterrupt):
            newsroom.step()

    assert said(newsroom.step()) == ["XNAS: heartbeat"]
    assert news_told()[0] == 1


def test_step__documents_reordered_and_doubled__as_in_order(newsroom, news_told, travel):
    newsroom.halt()
    newsroom.step()
    travel(GRID)
    newsroom.resume()
    newsroom.path.write_text("".join([*reversed(newsroom.lines), *newsroom.lines]))

    assert said(newsroom.step()) == ["XNAS: heartbeat", END]
    assert news_told()[:2] == (2, NONE)


def test_step__two_relays_of_one_source__the_second_finds_nothing_to_do(newsroom, suite, second_relay, stage, actors):
    stage.market.setRules((1, AGE), sender=actors.issuer)
    newsroom.halt()
    newsroom.step()

    assert newsroom.step(second_relay).sent == []


# ---------------------------------------------------------------- several relays, and refusals


def test_step__quorum_of_two__one_relay_halts_and_two_end(newsroom, second_relay, is_halted, travel):
    newsroom.halt()
    report = newsroom.step()
    assert said(report) == [HALT, "XNAS: heartbeat"]
    assert report.waits == [(report.sent[1][0], "waits for the other relays")]
    assert is_halted()
    assert said(newsroom.step(second_relay)) == ["XNAS: heartbeat"]

    travel(GRID)
    newsroom.resume()
    assert said(newsroom.step()) == ["XNAS: heartbeat"]
    assert said(newsroom.step(second_relay)) == ["XNAS: heartbeat", END]
    assert is_halted()
    assert said(newsroom.step()) == [END]
    assert not is_halted()


def test_step__account_without_the_role__a_fault_and_no_news_told(newsroom, keys, news_told):
    """What anyone may do it does: nobody ever told a heartbeat, so the token halts."""
    newsroom.halt()

    report = newsroom.step(keys.stranger)

    assert (said(report), news_told()[0]) == (["bits follow: AAPL halted"], 0)
    assert [fault.partition(": Refused")[0] for fault in report.faults] == [HALT]
    assert "does not hold the role" in report.faults[0]


def test_require_right__operator_and_stranger__the_one_alone(suite, keys):
    relay.require_right(suite, keys.market_operator.address)

    with pytest.raises(InputError, match=f"Account {keys.stranger.address} may not relay"):
        relay.require_right(suite, keys.stranger.address)


def test_read_state__the_stage__shares_and_markets(newsroom, suite, token):
    newsroom.halt()
    newsroom.step()

    state = read_state(suite)

    assert (state.quorum, state.heartbeat_age, list(state.venues)) == (1, AGE, ["XNAS"])
    (share,) = state.shares
    assert (share.token, share.mic, share.ticker) == (token.address, "XNAS", "AAPL")
    assert (share.halts, share.halted, share.halted_by_hand, share.told.code) == (True, True, False, "T1")


# ---------------------------------------------------------------- the log and the loop


def test_log__steps__a_line_for_what_is_new_after_what_stood_there(newsroom, tmp_path):
    path = tmp_path / "relay.jsonl"
    path.write_text("an earlier line\n")
    log = Log(path)
    newsroom.halt()

    for _ in range(3):
        log.write(newsroom.step())
    newsroom.path.unlink()
    for _ in range(2):
        log.write(newsroom.step())

    first, halt, quiet, fault = path.read_text().splitlines()
    assert first == "an earlier line"
    assert json.loads(halt)["sent"][0][0] == HALT
    assert (json.loads(quiet)["sent"], json.loads(quiet)["faults"]) == ([], [])
    assert "cannot be read" in json.loads(fault)["faults"][0]


def test_log__cannot_be_written__one_sentence_before_anything_is_sent(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Log(tmp_path / "none" / "relay.jsonl")


def test_run__ctrl_c__ends_after_a_step_whose_log_is_written(newsroom, suite, tmp_path):
    newsroom.halt()
    seen = SimpleNamespace(steps=0)

    def show(report: Report) -> None:
        seen.steps += 1
        if seen.steps == 2:
            raise KeyboardInterrupt

    path = tmp_path / "relay.jsonl"
    with pytest.raises(KeyboardInterrupt):
        relay.run(suite, newsroom.signer, DocumentFile(newsroom.path), Log(path), 0, show)
    assert len(path.read_text().splitlines()) == 2
