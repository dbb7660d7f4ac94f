"""How a life ends: every stream is replayed by the library, every view asked, and both say what the model says.

The rest of law 6: replay rebuilds every balance, record, setting, phase and position, from the first report on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from hexbytes import HexBytes

from stockade.records import Role
from stockade.reporting.entries import News
from stockade.reporting.rebuild import State, rebuild
from stockade.reporting.streams import Head, Source, follow
from stockade.suite import Suite
from tests.machines.play import Play
from tests.machines.world import Log

AFTER = 10**9  # Blocks of a life's logs: any that come after the stage's.


def logs_of_the_stage(suite: Suite, addresses: Sequence[str]) -> list[Any]:
    """What the embedded chain holds of the suite's contracts."""
    return list(suite.w3.eth.get_logs({"fromBlock": suite.deployment.block, "address": list(addresses)}))


def receipt(place: int, log: Log) -> dict[str, Any]:
    """A log as a node delivers it."""
    topics = [HexBytes(topic.to_bytes(32, "big")) for topic in log.topics]
    return {
        "address": log.address,
        "blockNumber": AFTER + place,
        "logIndex": 0,
        "topics": topics,
        "data": HexBytes(log.data),
        "transactionHash": HexBytes(bytes(32)),
    }


def replayed(play: Play, stage: list[Any]) -> State:
    """The suite rebuilt from all its reports; their numbers and chains hold."""
    told = stage + [receipt(place, log) for place, log in enumerate(play.logs)]
    streams = []
    for address in play.chains:
        source = Source(play.names[address], play.names[address], address)
        mine = [log for log in told if log["address"] == address and log["topics"][0] in play.topics]
        stream = follow(source, play.model.chain_id, mine, Head(*play.head(address)))
        assert not stream.faults, f"law 6: {stream.faults}"
        assert stream.chain_matches, "law 6: another chain"
        streams.append(stream)
    return rebuild(streams)


def compare_replay(play: Play, stage: list[Any]) -> None:
    """Law 6: replay rebuilds the state."""
    state, model = replayed(play, stage), play.model
    assert not state.contradictions, f"law 6: {state.contradictions}"
    for token, share in model.tokens.items():
        rebuilt = state.tokens[token]
        wanted = (filled(share.balances), filled(share.frozen), share.supply, share.settings)
        got = (filled(rebuilt.balances), filled(rebuilt.frozen), rebuilt.supply, rebuilt.settings)
        assert got == wanted, "law 6: a token"
        listing = state.listings.listings[token]
        said = (listing.phase, listing.halted_by_hand, listing.halted_by_market, listing.suspended_by_regulator)
        assert said == (share.own, share.by_hand, share.by_market, share.by_regulator), "law 6: a listing"
        notified = (listing.objection_until, listing.objected_at)
        assert notified == (share.objection_until, share.objected_at), "law 6: an objection"
    records = {wallet: record for wallet, record in model.records.items() if record.pack()}
    rebuilt_records = {wallet: record for wallet, record in state.registry.records.items() if record.pack()}
    assert rebuilt_records == records, "law 6: a record"
    assert filled(state.registry.registrars) == filled(model.registrars), "law 6: a registrar"
    assert filled(state.registry.offers) == filled(model.offers), "law 6: an offer"
    positions = {key: position for key, position in model.positions.items() if position.sequence}
    assert (state.ledger.positions, state.ledger.requests) == (positions, model.requests), "law 6: the ledger"
    assert state.ledger.terms == model.terms, "law 6: terms"
    exemptions = {
        number: (each.status, list(each.terms), each.notice_until, each.notice)
        for number, each in state.listings.exemptions.items()
    }
    assert exemptions == {number: astuple(each) for number, each in model.exemptions.items()}, "law 6: an exemption"
    documents = {
        key: (each.uri.decode(), each.hash, each.set_at) for key, each in state.listings.documents.items() if each
    }
    kept = {(token, name): each for token in model.tokens for name, each in model.tokens[token].documents.items()}
    assert documents == kept, "law 6: a document"
    market = state.market
    assert (market.rules, market.news, market.venues) == (model.rules, known(model.news), known(model.venues)), (
        "law 6: news"
    )
    assert filled(market.heartbeats) == filled(model.heartbeats), "law 6: a heartbeat"
    held = {key: (access.later, access.effect) for key, access in model.roles.items() if access.effect}
    told = {key: tuple(each) for key, each in state.authority.members.items() if each and key in held}
    assert told == held, "law 6: a role"
    assert {key for key, each in state.authority.members.items() if each} == set(model.roles), "law 6: roles"
    marks = {stream: mark for stream, mark in model.marks.items() if mark[0]}
    assert {stream: tuple(mark) for stream, mark in state.authority.marks.items()} == marks, "law 6: a mark"
    anchors = {day: (each.root, each.count, each.last_sequence) for day, each in state.authority.anchors.items()}
    assert anchors == model.anchors, "law 6: an anchor"


def filled(numbers: dict[Any, int]) -> dict[Any, int]:
    return {key: number for key, number in numbers.items() if number}


def known(news: dict[Any, News]) -> dict[Any, News]:
    return {key: each for key, each in news.items() if each.sequence}


def compare_clocks(play: Play) -> None:
    """What holds by now, whether or not anybody did anything."""
    model, view = play.model, play.world.view
    listings, market = ("ListingRegistry", model.listings), ("MarketStatus", model.market)
    for number in model.exemptions:
        assert view(*listings, "statusOf", number) == model.status_of(number), f"status of exemption {number}"
        assert view(*listings, "opensAt", number) == model.opens_at(number), f"opening of exemption {number}"
        terms = (model.version_at(number, model.time), model.terms_of(number))
        assert view(*listings, "termsOf", number) == terms, f"terms of exemption {number}"
    for token in model.tokens:
        assert view(*listings, "phaseOf", token) == model.phase_of(token), f"phase of {token}"
        assert view(*listings, "isBarred", token) == model.is_barred(token), f"objection to {token}"
        assert view(*market, "haltsNow", token) == model.halt_of(token)[0], f"market's halt of {token}"


def compare_views(play: Play) -> None:
    """What anybody is told of the state."""
    model, world = play.model, play.world
    compare_clocks(play)
    for token, share in model.tokens.items():
        for wallet in (*play.wallets, model.ledger):
            assert world.view("ShareToken", token, "balanceOf", wallet) == share.balances[wallet]
            assert world.view("ShareToken", token, "getFrozenTokens", wallet) == share.frozen[wallet]
        for (owner, spender), allowance in share.allowances.items():
            assert world.view("ShareToken", token, "allowance", owner, spender) == allowance
        assert world.view("ShareToken", token, "totalSupply") == share.supply
        assert world.view("ShareToken", token, "reportHead") == (model.reports[token], play.chains[token])
        assert share.told[0] == model.phase_of(token)
        interruption = world.view("MarketStatus", model.market, "interruptionOf", token)
        assert interruption == model.interruption_of(token)
        for number in model.custodians:
            position = model.positions[token, number]
            under = bool(position.issued) and position.issued > position.held
            assert world.view("CustodyLedger", model.ledger, "positionOf", token, number) == position.pack()
            assert world.view("CustodyLedger", model.ledger, "isUnderReserved", token, number) == under
    for number, custodian in model.custodians.items():
        shown = (custodian.lei, custodian.threshold, len(custodian.attestors), custodian.open, custodian.name_hash)
        assert world.view("CustodyLedger", model.ledger, "custodianOf", number) == shown
    assert world.view("CustodyLedger", model.ledger, "requestCount") == len(model.requests)
    for account, number in model.registrars.items():
        assert world.view("InvestorRegistry", model.registry, "registrarOf", account) == number
    for wallet, number in model.offers.items():
        assert world.view("InvestorRegistry", model.registry, "offeredTo", wallet) == number
    for role, account in [(role, account) for role in Role for account in {each for _, each in model.roles}]:
        assert world.view("SuiteAuthority", model.authority, "hasRole", role, account) == model.held(role, account)
    for stream, mark in model.marks.items():
        assert world.view("SuiteAuthority", model.authority, "acknowledged", stream) == mark
    for day, anchor in model.anchors.items():
        assert world.view("SuiteAuthority", model.authority, "anchorOf", day) == anchor
    assert world.view("SuiteAuthority", model.authority, "lastAnchor") == model.last_anchor
