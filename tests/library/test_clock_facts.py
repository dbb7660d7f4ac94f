"""What the clocks run on, read from a suite on the embedded chain: each act becomes the obligation that it begins."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from stockade import compliance, profiles
from stockade.authority import schedule
from stockade.compliance import Order
from stockade.errors import InputError, StockadeError
from stockade.listing import (
    amendment_call,
    issuer_notice_call,
    list_share,
    notice_call,
    read_listings,
)
from stockade.listing.clocks import Ahead, Calendar, Deadline, State, obligations
from stockade.listing.facts import read_facts
from stockade.records import Basis, InvestorClass, Pause, Role, Scope
from tests.support import DAY, EXAMPLES, SHARE

ORDER = Order(Basis.COURT_ORDER, b"\xee" * 32)
# Nobody rests here: what is read is tested, not which days count.
CALENDAR = Calendar(ZoneInfo("UTC"), lambda day, count: day.fromordinal(day.toordinal() + count))


@pytest.fixture
def prompt(suite):
    """The prompt changes since the stage was set."""
    before = len([each for each in read_facts(suite).changes if each.prompt])
    return lambda: [(each.at, each.what) for each in read_facts(suite).changes if each.prompt][before:]


def test_facts__of_the_stage__one_exemption_in_use_whose_first_listing_began(suite):
    facts = read_facts(suite)

    (exemption,) = facts.exemptions
    (began,) = [each for each in facts.changes if each.what == "AAPLs began to trade"]
    assert (exemption.number, len(exemption.notices), exemption.in_use) == (1, 1, True)
    assert exemption.notice_until == exemption.notices[0] + 30 * DAY
    assert exemption.valid_until == profiles.load("us-tsv").period[1]
    assert (began.prompt, began.exemption) == (True, 1)
    assert began.at > exemption.notices[0]
    assert (facts.issuers, facts.ahead, facts.deadlines) == ((), (), ())
    assert facts.now == suite.w3.eth.get_block(facts.block)["timestamp"]


def test_prompt__suspended_resumed_paused_objected_and_ended__each_told_once(suite, token, keys, now, prompt):
    share, done = suite.token(token.address), []

    def do(what, act, signer=keys.compliance):
        compliance.carry_out(suite, signer, act)
        done.append((now(), what))

    do("AAPLs suspended", compliance.suspend(suite, share, ORDER))
    do("AAPLs resumed", compliance.resume(suite, share, ORDER))
    compliance.carry_out(suite, keys.pauser, *compliance.pause(suite, [share], Pause.MINT))
    do("AAPLs objected to by the issuer of the share", compliance.record_objection(suite, share, b"\x01" * 32, now()))
    compliance.carry_out(suite, keys.compliance, compliance.halt(suite, share, ORDER))
    do("AAPLs ended", compliance.wind_down(suite, share, ORDER))
    told = prompt()
    (pause,) = compliance.pause(suite, [share], Pause.TRANSFER)
    do("AAPLs paused", pause, keys.pauser)
    (unpause,) = compliance.unpause(suite, [share], Pause.TRANSFER)
    do("AAPLs resumed", unpause)

    assert told == done[:4]
    assert prompt() == done
    assert not read_facts(suite).exemptions[0].in_use


def test_notice__published_again__the_change_before_it_is_done(suite, keys):
    def begun():
        found = obligations(read_facts(suite), CALENDAR)
        return [each.state for each in found if each.what.endswith(": AAPLs began to trade")]

    assert begun() == [State.OPEN]
    suite.send(keys.issuer, notice_call(suite, 1, b"\x09" * 32, "https://example.org/notice-2"))
    assert begun() == [State.DONE]


def test_issuers__token_listed_then_told__waits_for_its_issuer(suite, keys, now):
    share = read_listings(EXAMPLES / "listings.toml")["KO"]
    at = list_share(suite, keys.issuer, share, profiles.load("us-tsv"))
    (fresh,) = read_facts(suite).issuers
    suite.send(keys.issuer, issuer_notice_call(suite, at, b"\x03" * 32))

    (told,) = read_facts(suite).issuers

    assert (fresh.symbol, fresh.told, fresh.until) == ("KOs", 0, 0)
    assert (told.told, told.until, told.barred) == (now(), now() + 30 * DAY, False)


def test_amendment__to_come_is_ahead_and_at_once_is_prompt(suite, keys, now, prompt):
    starts = now() + 40 * DAY
    suite.send(keys.issuer, amendment_call(suite, 1, profiles.load("article-2026-05"), starts))
    known = now()
    assert prompt() == []
    suite.send(keys.issuer, amendment_call(suite, 1, profiles.load("us-tsv")))

    assert read_facts(suite).ahead == (Ahead(known, "terms 2 of exemption 1", starts, exemption=1),)
    assert prompt() == [(now(), "terms 3 at once")]


def test_scheduled__by_admin_but_not_by_custody_admin__is_ahead(suite, keys, now):
    grant = suite.authority.functions.grantRole(Role.REGULATOR, keys.stranger.address, 0)
    schedule(suite, keys.admin, grant)
    known = now()
    schedule(suite, keys.custody_admin, suite.ledger.functions.setCustodianOpen(1, False))

    (found,) = read_facts(suite).ahead

    assert (found.known_at, found.ready_at, found.lapses_at) == (known, known + 20 * DAY, known + 27 * DAY)
    assert (found.made_at, found.what) == (
        None,
        f"operation 1, grant REGULATOR to {keys.stranger.address} without delay",
    )


def test_scheduled__executed_and_another_canceled__made_and_gone(suite, keys, now, travel):
    grants = [suite.authority.functions.grantRole(Role.REGULATOR, each.address, 0) for each in (keys.bob, keys.carol)]
    first, second = (schedule(suite, keys.admin, grant) for grant in grants)
    suite.send(keys.admin, suite.authority.functions.cancel(second.caller, second.target, second.data))
    travel(21 * DAY)
    suite.send(keys.admin, grants[0])

    (found,) = read_facts(suite).ahead

    assert (found.known_at, found.made_at) == (first.scheduled_at, now())


def test_deadlines__licence_of_a_platform_within_30_days__not_before_and_not_a_retail_record(suite, keys, admit, now):
    end = now() + 30 * DAY + 100
    licence = {"investor_class": InvestorClass.PLATFORM, "scopes": Scope.EXECUTE, "expires_at": end}
    admit(keys.platform, **licence)
    admit(keys.alice, expires_at=end)

    assert read_facts(suite, at=end - 30 * DAY - 1).deadlines == ()
    (found,) = read_facts(suite, at=end - 30 * DAY).deadlines
    assert (found.what, found.due) == (f"licence of platform {keys.platform.address}", end)
    assert read_facts(suite, at=end).deadlines == ()


def test_deadlines__open_redemption__is_due_when_the_custodian_must_have_answered(suite, token, keys, holding, now):
    holding(keys.alice)
    call = suite.ledger.functions.requestRedemption(token.address, 1, 10 * SHARE, b"\x04" * 32)
    suite.send(keys.alice, call)

    (found,) = read_facts(suite).deadlines

    period = profiles.load("us-tsv").custody.redemption_deadline_seconds
    assert found == Deadline(
        "redemption 1 of AAPLs, answered by custodian 1",
        "custody terms",
        now(),
        now() + period,
        "the custodian answers it (`ape run custody build release`), or the holder takes back",
    )


def test_read_facts__moment_before_the_block__refused(suite, now):
    with pytest.raises(InputError, match=r"^--at: second \d+ lies before block \d+ .*: give a later moment"):
        read_facts(suite, at=now() - 1)
    assert read_facts(suite, at=now()).now == now()


def test_read_facts__node_leaves_out_a_log__refused(suite, monkeypatch):
    """Nobody is told that nothing falls due while a change is kept from them."""
    whole = suite.w3.eth.get_logs
    monkeypatch.setattr(suite.w3.eth, "get_logs", lambda question: whole(question)[:-1])

    with pytest.raises(StockadeError, match="The reports served by this node cannot be trusted"):
        read_facts(suite)
