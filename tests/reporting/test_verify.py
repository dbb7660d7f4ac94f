"""The reports of an eventful life rebuild exactly what the contracts say, and nothing else passes for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3RPCError

from stockade.errors import NetworkError, StockadeError
from stockade.records import AttestorKind, Kind, Phase, SentenceKind
from stockade.reporting import compare, read_streams, reading, verify
from stockade.reporting.entries import (
    AmountFrozen,
    Anchored,
    Attested,
    AttestorsSet,
    CustodianSet,
    DaysSet,
    DocumentSet,
    ExemptionSet,
    HaltSet,
    HeartbeatHeard,
    HoursSet,
    Interrupted,
    IssuerNotified,
    Listed,
    MarketHaltSet,
    Moved,
    NoticePublished,
    Objected,
    PhaseSet,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    RelayRulesSet,
    Requested,
    RequestRecovered,
    SettingsChanged,
    TakenBack,
    TermsAdded,
    TermsSet,
    VenueInterrupted,
)
from stockade.reporting.register import share_register
from stockade.reporting.streams import read_entries, read_stream, source_of
from stockade.suite import Suite
from tests.support import SHARE


@pytest.fixture
def through(node):
    """The suite through a node that alters what it answers: `through("eth_getLogs", lambda logs, _: logs[1:])`."""

    def suite(method, alter=lambda result, params: result, refuse=lambda params: None):
        def altered(asked, params, response):
            if asked != method or "result" not in response:
                return response
            return {**response, "result": alter(response["result"], params)}

        class Altering(HTTPProvider):
            def make_request(self, asked, params):
                if asked == method:
                    refuse(params)
                return altered(asked, params, super().make_request(asked, params))

            def make_batch_request(self, requests):
                responses = super().make_batch_request(requests)
                return [altered(*request, each) for request, each in zip(requests, responses, strict=True)]

        return Suite(Web3(Altering(node.suite.w3.provider.endpoint_uri)), node.suite.deployment)

    return suite


def of(result, name):
    (stream,) = (stream for stream in result.streams if stream.name == name)
    return stream


# ---------------------------------------------------------------- honest


def test_verify__after_everything_happened__all_matches(life):
    result = verify(life.suite)

    assert (result.contradictions, result.differences) == ((), ())
    assert [fault for stream in result.streams for fault in stream.faults] == []
    assert result.ok
    assert [stream.name for stream in result.streams] == [
        "registry",
        "ledger",
        "listings",
        "market",
        "authority",
        "AAPLs",
        "MSFTs",
        "AMZNs",
        "NVDAs",
    ]
    assert result.compared == {
        "record": 28,
        "registrar": 3,
        "offer": 6,  # of these, one is open
        "number of custodians": 1,
        "number of requests": 1,
        "custodian": 3,
        "attestor": 6,
        "position": 2,
        "terms": 2,
        "request": 6,
        "tokens": 1,
        "number of exemptions": 1,
        "exemption": 2,
        "exemption's terms": 4,
        "listing": 4,
        "phase": 4,
        "relay rules": 1,
        "hours": 1,
        "days": 2,
        "news": 1,
        "market's news": 1,
        "heartbeat": 1,
        "settled": 1,
        "role": 18,
        "function's role": 35,
        "acknowledged": 3,
        "anchor": 3,
        "last anchor": 1,
        "times scheduled": 12,
        "made or canceled": 12,
        "regulator's mark": 3,
        "names of documents": 4,
        "document": 4,
        "supply": 4,
        "settings": 4,
        "implementation": 4,
        "balance": 7,
        "frozen amount": 7,
        "recovery": 1,  # the other is held up
        "sum of balances = supply": 4,
        "sum of issued = supply": 4,
        "escrow = open requests": 4,
        "token follows its listing": 4,
        "custody movement = ledger entry": 14,
    }


def test_verify__an_older_block__matches_as_of_then(life):
    suite = life.suite
    block = life.steps[30].receipt["blockNumber"]

    result = verify(suite, block)

    assert (result.block, result.ok) == (block, True)
    assert of(result, "AAPLs").records < of(verify(suite), "AAPLs").records


def test_read_streams__in_small_chunks__the_same(life, monkeypatch):
    suite, block = life.suite, life.suite.w3.eth.block_number
    whole = read_streams(suite, block)
    monkeypatch.setattr(reading, "CHUNK", 7)
    told = []

    assert read_streams(suite, block, lambda *progress: told.append(progress)) == whole
    assert told[0] == ("reading blocks", 7, block - suite.deployment.block + 1)


def test_read_entries__more_than_one_answer_should_hold__in_short_runs_of_blocks_the_same(life, monkeypatch):
    suite, block = life.suite, life.suite.w3.eth.block_number
    registry = source_of(suite, "registry", block)
    monkeypatch.setattr(reading, "FIRST_CHUNK", 2)
    monkeypatch.setattr(reading, "MANY", 9)
    told = []

    entries = tuple(read_entries(suite, registry, block, lambda *progress: told.append(progress)))

    assert entries == read_stream(suite, registry, block).entries
    assert [told[0][1], told[-1][1]] == [2, block - suite.deployment.block + 1]


def test_read_streams__node_refuses_long_ranges__asks_for_half(life, through):
    def refuse(params):
        if int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 50:
            raise Web3RPCError("query returned more than 10000 results")

    assert verify(through("eth_getLogs", refuse=refuse)).ok


# ---------------------------------------------------------------- a node that lies


def touching(logs, address, change):
    """Applies a change to the logs of one contract, leaving the others."""
    theirs = [log for log in logs if is_of(log, address)]
    return [log for log in logs if not is_of(log, address)] + change(theirs)


def is_of(log, address):
    return log["address"].lower() == address.lower()


@pytest.mark.parametrize(
    ("change", "fault", "matches"),
    [
        (lambda logs: logs[:6] + logs[7:], "AAPLs 7: missing", False),
        (lambda logs: logs[:-1], "AAPLs 57: missing", False),
        (lambda logs: [*logs[:6], logs[7], logs[6], *logs[8:]], "AAPLs 7: out of order: delivered after 8", True),
        (lambda logs: [*logs[:7], *logs[6:]], "AAPLs 7: delivered twice", True),
    ],
)
def test_verify__node_alters_the_delivery__named(node, through, change, fault, matches):
    suite = through("eth_getLogs", lambda logs, _: touching(logs, node.life.token.address, change))

    result = verify(suite)

    assert list(map(str, of(result, "AAPLs").faults)) == [fault]
    assert of(result, "AAPLs").chain_matches is matches
    assert not result.ok


def test_verify__node_alters_an_amount__entry_named_and_balances_differ(node, through, streams):
    """A force of two shares told as three."""
    moves = [entry for entry in streams["AAPLs"].entries if isinstance(entry.content, Moved)]
    (entry,) = [entry for entry in moves if entry.content.target == node.life.keys.outsider.address]

    def three(logs):
        log = logs[entry.seq - 1]
        data = bytes(HexBytes(log["data"]))
        data = data[:96] + (3 * SHARE).to_bytes(32, "big") + data[128:]
        return [*logs[: entry.seq - 1], {**log, "data": HexBytes(data).to_0x_hex()}, *logs[entry.seq :]]

    result = verify(through("eth_getLogs", lambda logs, _: touching(logs, node.life.token.address, three)))

    assert list(map(str, of(result, "AAPLs").faults)) == [
        f"AAPLs {entry.seq}: altered: the contract's chain is another"
    ]
    assert {(each.subject, each.key.split()[0]) for each in result.differences} == {
        ("regulator's mark", "AAPLs"),
        ("balance", node.life.keys.carol.address),
        ("balance", node.life.keys.outsider.address),
    }
    assert not result.rebuilt_state_matches


def test_verify__node_hides_a_token__found_by_the_other_source(node, through):
    """Either the listing registry's list or the LISTING entry is enough to find its stream."""
    hidden, listings = node.life.third.address, node.suite.listings

    def unlisted(data, params):
        asked = params[0]["data"] == listings.functions.tokens()._encode_transaction_data()
        return without(data, hidden) if asked else data

    def unreported(logs, _):
        spoken = hidden[2:].lower()
        return [log for log in logs if not is_of(log, listings.address) or spoken not in HexBytes(log["data"]).hex()]

    first, second = verify(through("eth_call", unlisted)), verify(through("eth_getLogs", unreported))

    assert [each.subject for each in first.differences] == ["tokens"]
    assert of(first, "AMZNs").chain_matches
    assert [fault.problem for fault in of(second, "listings").faults] == ["missing"] * 4
    assert of(second, "AMZNs").records == 6


def without(data, hidden):
    """The answer of `tokens()` without one of them."""
    data = bytes(HexBytes(data))
    words = [data[at : at + 32] for at in range(0, len(data), 32)]
    words.remove(bytes(12) + bytes.fromhex(hidden[2:]))
    words[1] = (len(words) - 2).to_bytes(32, "big")
    return HexBytes(b"".join(words)).to_0x_hex()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_getLogs", None),
        ("eth_getLogs", [{}]),
        ("eth_getLogs", [None]),
        ("eth_getLogs", "logs"),
        ("eth_call", "0x"),
        ("eth_call", "0xff"),
        ("eth_call", None),
        ("eth_getBlockByNumber", {}),
    ],
)
def test_verify__node_answers_nonsense__one_sentence(through, method, answer):
    suite = through(method, lambda *_: answer)

    with pytest.raises(NetworkError):
        verify(suite)


def test_verify__block_replaced_while_reading__refuses_to_conclude(through):
    """A reorganisation: the second time, the block has another hash."""
    asked = []

    def reorganise(block, _):
        asked.append(block)
        return block if len(asked) == 1 else {**block, "hash": "0x" + "01" * 32}

    with pytest.raises(NetworkError, match="was replaced while it was read"):
        verify(through("eth_getBlockByNumber", reorganise))


def test_share_register__node_hides_an_entry__refuses_to_show_one(node, through):
    suite, block = node.suite, node.suite.w3.eth.block_number
    hiding = through("eth_getLogs", lambda logs, _: touching(logs, node.life.token.address, lambda theirs: theirs[:-1]))

    assert share_register(suite, node.life.token, block).supply == 990 * SHARE
    with pytest.raises(StockadeError, match=r"cannot be trusted \(AAPLs \d+: missing\): ask another node"):
        share_register(hiding, node.life.token, block)


# ---------------------------------------------------------------- entries that do not say what is so


def differing(node, streams, which, change):
    """What differs when the last entry of a kind (or the last that `which` holds true of) says something else."""
    holds = which if not isinstance(which, type) else lambda content: isinstance(content, which)
    entry = next(e for stream in streams for e in reversed(stream.entries) if holds(e.content))
    forged = replace(entry, content=change(entry.content))
    altered = [
        replace(stream, entries=tuple(forged if each is entry else each for each in stream.entries))
        for stream in streams
    ]
    result = compare(node.suite, altered, node.suite.w3.eth.block_number)
    return {(each.subject, each.rebuilt, each.found) for each in result.differences}


@pytest.mark.parametrize(
    ("kind", "change", "subjects"),
    [
        (RecordWritten, lambda c: replace(c, record=replace(c.record, investor_id=7)), {"record"}),
        (RecordOffered, lambda c: replace(c, to=7), {"offer"}),
        (RecordAssigned, lambda c: replace(c, record=replace(c.record, registrar=7)), {"record"}),
        (RegistrarSet, lambda c: replace(c, number=7), {"registrar"}),
        (CustodianSet, lambda c: replace(c, lei=bytes(20)), {"custodian"}),
        (CustodianSet, lambda c: replace(c, custodian=9), {"custodian", "number of custodians"}),
        (AttestorsSet, lambda c: replace(c, added=((c.added[0][0], AttestorKind.CONTRACT),)), {"attestor"}),
        (AttestorsSet, lambda c: replace(c, removed=()), {"attestor", "custodian"}),
        (AttestorsSet, lambda c: replace(c, threshold=1), {"custodian"}),
        (TermsSet, lambda c: replace(c, terms=c.terms._replace(deposit_cap=7)), {"terms"}),
        (Requested, lambda c: replace(c, request=c.request._replace(deadline=7)), {"request"}),
        (RequestRecovered, lambda c: replace(c, holder=c.holder[::-1]), {"request"}),
        (
            TakenBack,
            lambda c: replace(c, id=6),
            {"request", "escrow = open requests", "custody movement = ledger entry"},
        ),
        (TermsAdded, lambda c: replace(c, terms=c.terms._replace(profile=bytes(32))), {"exemption's terms"}),
        (NoticePublished, lambda c: replace(c, until=7), {"exemption"}),
        (IssuerNotified, lambda c: replace(c, until=7), {"listing"}),
        (Objected, lambda c: replace(c, received_at=7), {"listing"}),
        (MarketHaltSet, lambda c: replace(c, halted=False), {"listing", "token follows its listing"}),
        (HoursSet, lambda c: replace(c, hours=7), {"hours"}),
        (DaysSet, lambda c: replace(c, words=(7, 1)), {"days"}),
        (RelayRulesSet, lambda c: replace(c, rules=c.rules._replace(quorum=7)), {"relay rules"}),
        (Interrupted, lambda c: replace(c, news=c.news._replace(code=bytes(8))), {"news"}),
        (VenueInterrupted, lambda c: replace(c, news=c.news._replace(as_of=7)), {"market's news"}),
        (HeartbeatHeard, lambda c: replace(c, as_of=7), {"heartbeat"}),
        (
            ExemptionSet,
            lambda c: replace(c, exemption=9),
            {"exemption", "number of exemptions", "phase", "token follows its listing"},
        ),
        (Listed, lambda c: replace(c, instrument=c.instrument._replace(isin=bytes(12))), {"listing"}),
        (PhaseSet, lambda c: replace(c, phase=Phase.ACTIVE), {"listing", "phase", "token follows its listing"}),
        (HaltSet, lambda c: replace(c, halted=False), {"listing", "token follows its listing"}),
        (DocumentSet, lambda c: replace(c, uri=b"uri"), {"document", "names of documents"}),
        (Anchored, lambda c: replace(c, root=bytes(32)), {"anchor"}),
        (Anchored, lambda c: replace(c, day=c.day + 1), {"anchor", "last anchor"}),
        (AmountFrozen, lambda c: replace(c, amount=7), {"frozen amount"}),
        (SettingsChanged, lambda c: replace(c, settings=c.settings ^ 1 << 16), {"settings"}),
    ],
)
def test_compare__an_entry_says_something_else__that_subject_differs(node, node_streams, kind, change, subjects):
    found = differing(node, node_streams, kind, change)

    assert {subject for subject, _, _ in found} == subjects


def test_compare__a_recovery_by_another_order__differs(node, node_streams):
    """alice's: bob's was undone, and nothing follows from it."""

    def of_alice(content):
        return isinstance(content, Recovered) and content.lost == node.life.keys.alice.address

    found = differing(node, node_streams, of_alice, lambda content: replace(content, ref=bytes(32)))

    assert {subject for subject, _, _ in found} == {"recovery"}


def test_compare__a_deposit_for_another__its_digest_is_of_no_mint(node, node_streams):
    def deposit(content):
        return isinstance(content, Attested) and content.attestation.kind is SentenceKind.DEPOSIT

    def mislead(content):
        return replace(content, attestation=replace(content.attestation, account=node.life.keys.carol.address))

    found = differing(node, node_streams, deposit, mislead)

    assert {subject for subject, _, _ in found} == {"custody movement = ledger entry"}
    assert len(found) == 2


def test_compare__a_mint_of_more__supply_custody_and_balance_differ(node, node_streams):
    """What alice held went on to her replacement, all of it by amount, so the share too many stays with her."""

    def for_alice(content):
        return (
            isinstance(content, Moved) and content.target == node.life.keys.alice.address and content.kind is Kind.MINT
        )

    found = differing(node, node_streams, for_alice, lambda content: replace(content, amount=501 * SHARE))

    assert found == {
        ("balance", str(1 * SHARE), "0"),
        ("supply", str(991 * SHARE), str(990 * SHARE)),
        ("sum of issued = supply", str(990 * SHARE), str(991 * SHARE)),
        ("custody movement = ledger entry", f"1 x {501 * SHARE}", f"0 x {501 * SHARE}"),
        ("custody movement = ledger entry", f"0 x {500 * SHARE}", f"1 x {500 * SHARE}"),
    }
