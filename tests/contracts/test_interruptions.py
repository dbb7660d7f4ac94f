"""Interruptions (R15): relayed news, the heartbeat, and the one bit of each token that follows them."""

from __future__ import annotations

import pytest

from stockade.records import Control, Interruption, Kind, Phase, Role
from tests.contracts.support import NO_REF, entry, refuses, report
from tests.support import DAY

RULES, INTERRUPTION, VENUE, HEARTBEAT, VOTE = 3, 4, 5, 6, 7
PHASE, MARKET_HALT = 3, 11
NEWS = "(uint32,uint8,bytes8,uint40)"
HALT_DATA = ["address", "bool", "bytes32"]
XNAS, XNYS = b"XNAS", b"XNYS"
AGE = 300

T1, LUDP, MWC1 = (code.ljust(8, b"\0") for code in (b"T1", b"LUDP", b"MWC1"))
NO_CODE = bytes(8)
STALE = b"STALE".ljust(32, b"\0")

pytestmark = pytest.mark.usefixtures("house")


def halted(token) -> bool:
    return Control.unpack(token.control()).halted


def padded(code: bytes) -> bytes:
    return code.ljust(32, b"\0")


@pytest.fixture
def operator(actors):
    return actors.market_operator


@pytest.fixture
def beat(market_status, operator, now):
    """A heartbeat as of the latest block."""
    return lambda mic=XNAS: market_status.heartbeat(mic, now(), sender=operator)


@pytest.fixture
def tell(market_status, operator, now):
    """Relays the next news of a share: `tell(token, Interruption.ASSET_HALTED, T1)`."""

    def relay(token, interruption, code=NO_CODE, sender=None, **changes):
        last = market_status.stateOf(token).sequence
        state = (changes.get("sequence", last + 1), interruption, code, changes.get("as_of", now()))
        return market_status.relay(token, state, sender=sender or operator)

    return relay


@pytest.fixture
def tell_venue(market_status, operator, now):
    def relay(mic, interruption, code=NO_CODE, sender=None):
        state = (market_status.venueStateOf(mic).sequence + 1, interruption, code, now())
        return market_status.relayVenue(mic, state, sender=sender or operator)

    return relay


@pytest.fixture
def second(stage, chain, actors, market_status):
    """A second relay, and a quorum of two."""
    with_delay = [Role.MARKET_OPERATOR, actors.stranger, 0]
    data = stage.authority.grantRole.encode_input(*with_delay)
    stage.authority.schedule(stage.authority, data, 0, sender=actors.key_admin)
    chain.pending_timestamp += DAY
    stage.authority.grantRole(*with_delay, sender=actors.key_admin)
    market_status.setRules((2, AGE), sender=actors.issuer)
    return actors.stranger


# ---------------------------------------------------------------- rules


def test_set_rules__good__recorded_and_reported(market_status, actors):
    receipt = market_status.setRules((2, 60), sender=actors.issuer)

    assert receipt.events == [report(market_status, receipt, RULES, actors.issuer, ["(uint8,uint32)"], [(2, 60)])]
    assert tuple(market_status.rules()) == (2, 60)


@pytest.mark.parametrize("rules", [(0, 60), (1, 0)])
def test_set_rules__zero__refused(market_status, actors, rules):
    with refuses(market_status.MarketInvalidRules, rules=rules):
        market_status.setRules(rules, sender=actors.issuer)


# ---------------------------------------------------------------- heartbeat


def test_heartbeat__good__recorded_and_reported_and_fresh_for_its_age(market_status, actors, operator, now, at):
    moment = now()
    receipt = market_status.heartbeat(XNAS, moment, sender=operator)

    assert receipt.events == [
        report(market_status, receipt, HEARTBEAT, operator, ["bytes4", "uint40"], [XNAS, moment]),
    ]
    for off, fresh in ((-1, True), (0, False)):
        at(moment + AGE + off)
        assert tuple(market_status.heartbeatOf(XNAS, block_id="pending")) == (moment, fresh)
    assert tuple(market_status.heartbeatOf(XNYS)) == (0, False)


def test_heartbeat__again_backwards_future_or_of_no_market__refused(market_status, operator, now, at):
    moment = now()
    market_status.heartbeat(XNAS, moment, sender=operator)
    for as_of in (moment, moment - 1):
        with refuses(market_status.MarketHeartbeatInvalid, mic=XNAS, asOf=as_of, last=moment):
            market_status.heartbeat(XNAS, as_of, sender=operator)
    at(moment + 50)
    with refuses(market_status.MarketHeartbeatInvalid, mic=XNAS, asOf=moment + 51, last=moment):
        market_status.heartbeat(XNAS, moment + 51, sender=operator)
    with refuses(market_status.MarketHeartbeatInvalid, mic=bytes(4), asOf=moment, last=0):
        market_status.heartbeat(bytes(4), moment, sender=operator)


# ---------------------------------------------------------------- a share's news


def test_relay__halt_and_its_end__counted_reported_and_pushed(
    market_status, listings, token, operator, now, tell, beat
):
    before = token.control() >> 192
    moment = now()
    receipt = tell(token, Interruption.ASSET_HALTED, T1)

    state = (1, Interruption.ASSET_HALTED, T1, moment)
    assert receipt.events == [
        report(market_status, receipt, INTERRUPTION, operator, ["address", NEWS], [token, state]),
        report(listings, receipt, MARKET_HALT, market_status, HALT_DATA, [token, True, padded(T1)]),
        entry(token, receipt, Kind.CONTROL, listings, amount=before | 8),
    ]
    assert tuple(market_status.stateOf(token)) == state
    assert listings.listingOf(token).haltedByMarket
    beat()
    assert tuple(market_status.interruptionOf(token)) == (Interruption.ASSET_HALTED, T1)
    moment = now()

    receipt = tell(token, Interruption.NONE)

    state = (2, Interruption.NONE, NO_CODE, moment)
    assert receipt.events == [
        report(market_status, receipt, INTERRUPTION, operator, ["address", NEWS], [token, state]),
        report(listings, receipt, MARKET_HALT, market_status, HALT_DATA, [token, False, NO_REF]),
        entry(token, receipt, Kind.CONTROL, listings, amount=before),
    ]
    assert tuple(market_status.interruptionOf(token)) == (Interruption.NONE, NO_CODE)


def test_relay__price_constrained__recorded_and_halts_nothing(market_status, token, tell, beat):
    beat()

    tell(token, Interruption.PRICE_CONSTRAINED, LUDP)

    assert tuple(market_status.interruptionOf(token)) == (Interruption.PRICE_CONSTRAINED, LUDP)
    assert not halted(token)


@pytest.mark.parametrize("news", [Interruption.NONE, Interruption.PRICE_CONSTRAINED])
def test_relay__resuming_under_a_stale_heartbeat__refused(market_status, token, tell, beat, news, travel):
    code = NO_CODE if news is Interruption.NONE else LUDP
    tell(token, Interruption.ASSET_HALTED, T1)
    with refuses(market_status.MarketHeartbeatStale, mic=XNAS, heartbeat=0):
        tell(token, news, code)
    beat()
    last = market_status.heartbeatOf(XNAS).asOf
    travel(AGE)
    with refuses(market_status.MarketHeartbeatStale, mic=XNAS, heartbeat=last):
        tell(token, news, code)
    assert halted(token)
    beat()
    tell(token, news, code)
    assert not halted(token)


@pytest.mark.parametrize("given", [0, 1, 3, 2**32 - 1])
def test_relay__another_sequence_than_the_next__refused(market_status, token, tell, given):
    """Twice the same, an older one, or one too many: a relay that saw something else must look again."""
    tell(token, Interruption.ASSET_HALTED, T1)
    with refuses(market_status.MarketSequence, token=token, mic=XNAS, given=given, last=1):
        tell(token, Interruption.ASSET_HALTED, LUDP, sequence=given)
    tell(token, Interruption.ASSET_HALTED, LUDP, sequence=2)


@pytest.mark.parametrize(
    ("news", "code"),
    [
        (Interruption.UNKNOWN, T1),
        (Interruption.NONE, T1),
        (Interruption.ASSET_HALTED, NO_CODE),
        (Interruption.PRICE_CONSTRAINED, NO_CODE),
        (Interruption.VENUE_HALTED, MWC1),
    ],
)
def test_relay__news_that_says_nothing__refused(market_status, token, tell, beat, now, news, code):
    beat()
    state = (1, news, code, now())
    with refuses(market_status.MarketInvalidNews, token=token, mic=XNAS, state=state):
        tell(token, news, code)


def test_relay__from_the_future_or_older_than_the_last__refused(market_status, token, tell, now, at):
    moment = now()
    tell(token, Interruption.ASSET_HALTED, T1, as_of=moment)
    older = (2, Interruption.ASSET_HALTED, LUDP, moment - 1)
    with refuses(market_status.MarketInvalidNews, token=token, mic=XNAS, state=older):
        tell(token, Interruption.ASSET_HALTED, LUDP, as_of=moment - 1)
    at(moment + 10)
    future = (2, Interruption.ASSET_HALTED, LUDP, moment + 11)
    with refuses(market_status.MarketInvalidNews, token=token, mic=XNAS, state=future):
        tell(token, Interruption.ASSET_HALTED, LUDP, as_of=moment + 11)


def test_relay_or_sync__unknown_token__refused(market_status, actors, tell):
    with refuses(market_status.MarketUnknownToken, token=actors.stranger):
        tell(actors.stranger, Interruption.ASSET_HALTED, T1)
    with refuses(market_status.MarketUnknownToken, token=actors.stranger):
        market_status.sync([actors.stranger], sender=actors.stranger)


# ---------------------------------------------------------------- a market's news


def test_relay_venue__halt_and_its_end__every_token_of_the_market_follows(
    market_status, listings, token, launch, operator, now, tell_venue, beat
):
    elsewhere = launch("JPM")  # XNYS
    fellow = launch("MSFT")  # XNAS
    moment = now()
    receipt = tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1)

    state = (1, Interruption.VENUE_HALTED, MWC1, moment)
    first = report(market_status, receipt, VENUE, operator, ["bytes4", NEWS], [XNAS, state])
    assert receipt.events == [
        first,
        report(listings, receipt, MARKET_HALT, market_status, HALT_DATA, [token, True, padded(MWC1)]),
        entry(token, receipt, Kind.CONTROL, listings, amount=token.control() >> 192),
        report(listings, receipt, MARKET_HALT, market_status, HALT_DATA, [fellow, True, padded(MWC1)], step=2),
        entry(fellow, receipt, Kind.CONTROL, listings, amount=fellow.control() >> 192),
    ]
    assert [halted(each) for each in (token, fellow, elsewhere)] == [True, True, False]
    beat()
    assert tuple(market_status.interruptionOf(fellow)) == (Interruption.VENUE_HALTED, MWC1)

    tell_venue(XNAS, Interruption.NONE)

    assert [halted(each) for each in (token, fellow, elsewhere)] == [False, False, False]


def test_relay_venue__its_end__leaves_a_share_that_is_halted_itself(market_status, token, tell, tell_venue, beat):
    tell(token, Interruption.ASSET_HALTED, T1)
    tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1)
    beat()

    tell_venue(XNAS, Interruption.NONE)

    assert halted(token)
    assert tuple(market_status.interruptionOf(token)) == (Interruption.ASSET_HALTED, T1)


@pytest.mark.parametrize("news", [Interruption.UNKNOWN, Interruption.PRICE_CONSTRAINED, Interruption.ASSET_HALTED])
def test_relay_venue__what_no_market_is__refused(market_status, operator, now, news):
    state = (1, news, T1, now())
    with refuses(market_status.MarketInvalidNews, token="0x" + "00" * 20, mic=XNAS, state=state):
        market_status.relayVenue(XNAS, state, sender=operator)


def test_relay_venue__of_most_tokens__fits_one_transaction(launch, tell_venue, beat):
    """400 tokens may be listed; two cases give the line, for a halt and for its end (EIP-7825)."""
    launch("MSFT")
    two = tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1).gas_used
    beat()
    tell_venue(XNAS, Interruption.NONE)
    for ticker in ("NVDA", "AMZN"):
        launch(ticker)
    four = tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1).gas_used

    each = (four - two) / 2
    assert two + 398 * each < 16_777_216


def test_activate__market_halted_before_it_was_listed__halted_from_the_first_second(
    listings, actors, launch, tell_venue
):
    tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1)
    pending = launch("MSFT", activate=False)
    assert not halted(pending)

    receipt = listings.activate(pending, sender=actors.issuer)

    values = [pending, True, padded(MWC1)]
    assert receipt.events == [
        report(
            listings, receipt, PHASE, actors.issuer, ["address", "uint8", "bytes32"], [pending, Phase.ACTIVE, NO_REF]
        ),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192 & ~8),
        report(listings, receipt, MARKET_HALT, actors.issuer, HALT_DATA, values, step=2),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192, step=2),
    ]
    assert listings.listingOf(pending).haltedByMarket


def test_activate__halted_by_silence__stays_halted(listings, actors, launch, market_status):
    pending = launch("MSFT", activate=False)
    market_status.sync([pending], sender=actors.stranger)

    listings.activate(pending, sender=actors.issuer)

    assert halted(pending)


def test_activate__halted_by_news_already__told_once(listings, market_status, actors, launch, tell_venue):
    pending = launch("MSFT", activate=False)
    tell_venue(XNAS, Interruption.VENUE_HALTED, MWC1)

    receipt = listings.activate(pending, sender=actors.issuer)

    assert receipt.events == [
        report(
            listings, receipt, PHASE, actors.issuer, ["address", "uint8", "bytes32"], [pending, Phase.ACTIVE, NO_REF]
        ),
        entry(pending, receipt, Kind.CONTROL, listings, amount=pending.control() >> 192),
    ]
    assert halted(pending)


# ---------------------------------------------------------------- silence


def test_sync__heartbeat_stale__anyone_halts_and_a_fresh_one_lifts(market_status, listings, token, actors, beat, at):
    beat()
    market_status.sync([token], sender=actors.stranger)
    assert not halted(token)
    at(market_status.heartbeatOf(XNAS).asOf + AGE)

    receipt = market_status.sync([token], sender=actors.stranger)

    assert receipt.events == [
        report(listings, receipt, MARKET_HALT, market_status, HALT_DATA, [token, True, STALE]),
        entry(token, receipt, Kind.CONTROL, listings, amount=token.control() >> 192),
    ]
    assert tuple(market_status.interruptionOf(token)) == (Interruption.UNKNOWN, STALE[:8])
    assert market_status.sync([token], sender=actors.stranger).events == []
    beat()
    market_status.sync([token], sender=actors.stranger)
    assert not halted(token)


def test_sync__heartbeat_back_and_the_share_still_halted__stays_halted(
    market_status, token, actors, tell, beat, travel
):
    beat()
    tell(token, Interruption.ASSET_HALTED, T1)
    travel(2 * AGE)
    market_status.sync([token], sender=actors.stranger)
    beat()

    market_status.sync([token], sender=actors.stranger)

    assert halted(token)
    assert market_status.haltsNow(token)


def test_halt__by_hand_and_by_the_market__each_lifts_its_own(market_status, token, comply, tell, beat):
    beat()
    comply("setHalt", token, True)
    tell(token, Interruption.ASSET_HALTED, T1)
    comply("setHalt", token, False)
    assert halted(token)
    comply("setHalt", token, True)
    tell(token, Interruption.NONE)
    assert halted(token)
    comply("setHalt", token, False)
    assert not halted(token)


def test_set_market_halt__by_anyone_else__refused(listings, market_status, token, actors):
    for sender in (actors.market_operator, actors.compliance, actors.stranger):
        with refuses(listings.ListingWrongCaller, caller=sender, only=market_status):
            listings.setMarketHalt(token, True, NO_REF, sender=sender)


# ---------------------------------------------------------------- a quorum


def test_relay__quorum_of_two__one_starts_a_halt_and_two_end_it(market_status, token, operator, second, tell, now):
    tell(token, Interruption.ASSET_HALTED, T1, sender=second)
    assert halted(token)
    moment = now()
    receipt = market_status.heartbeat(XNAS, moment, sender=operator)
    assert [event.kind for event in receipt.events] == [VOTE]
    assert not market_status.heartbeatOf(XNAS).fresh
    receipt = market_status.heartbeat(XNAS, moment, sender=second)
    assert [event.kind for event in receipt.events] == [VOTE, HEARTBEAT]
    assert market_status.heartbeatOf(XNAS).fresh

    as_of = now()
    receipt = tell(token, Interruption.NONE, as_of=as_of)
    digest = receipt.events[0].data[:32]
    assert [event.kind for event in receipt.events] == [VOTE]
    assert halted(token)
    with refuses(market_status.MarketVotedAlready, relay=operator, digest=digest):
        tell(token, Interruption.NONE, as_of=as_of)
    tell(token, Interruption.NONE, as_of=as_of, sender=second)
    assert not halted(token)


def test_relay__quorum_of_two_that_tell_different_things__nothing_ends(
    market_status, token, operator, second, tell, now
):
    tell(token, Interruption.ASSET_HALTED, T1)
    moment = now()
    for sender in (operator, second):
        market_status.heartbeat(XNAS, moment, sender=sender)

    tell(token, Interruption.NONE, as_of=moment)
    tell(token, Interruption.NONE, as_of=moment + 1, sender=second)

    assert halted(token)


def test_relay__a_halt_between_two_votes__they_are_of_no_use(market_status, token, operator, second, tell, now):
    tell(token, Interruption.ASSET_HALTED, T1)
    moment = now()
    for sender in (operator, second):
        market_status.heartbeat(XNAS, moment, sender=sender)
    tell(token, Interruption.NONE, as_of=moment)
    tell(token, Interruption.ASSET_HALTED, LUDP, sender=second)

    with refuses(market_status.MarketSequence, token=token, mic=XNAS, given=2, last=2):
        tell(token, Interruption.NONE, as_of=moment, sequence=2, sender=second)
    assert halted(token)
