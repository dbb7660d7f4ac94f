"""The regulator's marks: what it acknowledged on chain."""

from __future__ import annotations

import pytest

from stockade import authority
from stockade.authority import acts
from stockade.custody.words import utc
from stockade.errors import InputError, NetworkError, Refused
from stockade.reporting import streams
from tests.support import DAY


def test_marks_to_set__every_stream__are_accepted_and_then_there_is_no_news(suite, keys):
    assert [mark.acknowledged.sequence for mark in authority.marks(suite)] == [0] * 6

    news = authority.marks_to_set(suite)
    for mark in news:
        suite.send(keys.regulator, authority.acknowledgement(suite, mark))

    assert [mark.name for mark in news] == ["registry", "ledger", "listings", "market", "AAPLs", "authority"]
    assert authority.marks_to_set(suite) == []
    found = {mark.name: mark for mark in authority.marks(suite)}
    assert [found[name].behind for name in ("registry", "ledger", "listings", "market", "AAPLs")] == [0] * 5
    # The authority reports each acknowledgement itself.
    assert found["authority"].behind == len(news)
    for mark in news:
        assert found[mark.name].acknowledged == mark.head


def test_marks_to_set__one_stream_by_symbol__goes_on_from_the_last_mark(suite, keys, token):
    (first,) = authority.marks_to_set(suite, ["AAPLs"])
    suite.send(keys.regulator, authority.acknowledgement(suite, first))
    suite.send(keys.pauser, suite.token("AAPLs").functions.pause(1))

    (second,) = authority.marks_to_set(suite, ["AAPLs", "AAPLs"])

    assert (first.since, second.since) == (0, first.head.sequence)
    assert second.head.sequence == first.head.sequence + 1
    assert (second.name, second.address) == ("AAPLs", token.address)


def test_marks_to_set__unknown_stream__is_named(suite):
    with pytest.raises(InputError, match="has no token 'BRKs'"):
        authority.marks_to_set(suite, ["BRKs"])


def test_marks_to_set__node_that_hides_a_record__is_refused(suite, monkeypatch):
    read = streams.read_logs
    monkeypatch.setattr(
        streams, "read_logs", lambda *arguments: {at: logs[1:] for at, logs in read(*arguments).items()}
    )

    with pytest.raises(NetworkError, match="Stream ledger cannot be acknowledged: ledger 1: missing. Nothing was sent"):
        authority.marks_to_set(suite, ["ledger"])


def test_marks_to_set__earlier_mark_of_another_chain__is_refused(suite, keys):
    """The contract compares a chain only with its head's; here the tool does."""
    suite.send(keys.regulator, suite.authority.functions.acknowledge(suite.ledger.address, 1, 12345))

    with pytest.raises(NetworkError, match="Stream ledger was acknowledged up to record 1 with another chain"):
        authority.marks_to_set(suite, ["ledger"])


def test_judge__acknowledgement_by_a_stranger__says_who_may_grant_the_role(suite, keys, now):
    (mark,) = authority.marks_to_set(suite, ["ledger"])

    with pytest.raises(Refused) as refused:
        acts.judge(suite, keys.stranger.address, authority.acknowledgement(suite, mark))

    assert str(refused.value) == (
        f"{keys.stranger.address} does not hold REGULATOR, which this takes: ADMIN may grant it, scheduled now from "
        f"{utc(now() + 20 * DAY)} on (`ape run authority schedule grant --help`)."
    )
