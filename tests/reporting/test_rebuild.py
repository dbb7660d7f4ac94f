"""What entries mean, replayed without a chain; and what cannot be is said, not raised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.records import ZERO_ADDRESS, ExemptionStatus, Kind, Phase, RequestStatus, Role
from stockade.reporting import rebuild
from stockade.reporting.crosscheck import crosscheck
from stockade.reporting.entries import (
    AmountFrozen,
    Anchored,
    Attested,
    BatchWritten,
    CustodianSet,
    Entry,
    ExemptionSet,
    Interrupted,
    Listed,
    Moved,
    Place,
    RecordOffered,
    RecordWritten,
    Requested,
    TermsAdded,
    VenueInterrupted,
)
from stockade.reporting.rebuild import Contradiction
from stockade.reporting.replay.authority import replay_authority
from stockade.reporting.replay.listings import Exemption, Listing, ListingsState
from stockade.reporting.replay.token import replay_token
from stockade.reporting.words import kind_name, sentence
from tests.reporting.life import BOOK
from tests.support import DAY, SHARE

ALICE, BOB, LEDGER = "0xA", "0xB", "0xL"


def entries(*contents):
    return [
        Entry(number, 0, ZERO_ADDRESS, 0, content, Place(number, 0), "", b"")
        for number, content in enumerate(contents, start=1)
    ]


def moved(kind, source, target, amount):
    return Moved(kind, source, target, amount, bytes(32))


# ---------------------------------------------------------------- movements


def test_replay_token__mint_and_burn__supply_follows():
    state = replay_token(
        entries(
            moved(Kind.MINT, ZERO_ADDRESS, ALICE, 100),
            moved(Kind.ESCROW, ALICE, LEDGER, 40),
            moved(Kind.BURN, LEDGER, ZERO_ADDRESS, 30),
            moved(Kind.GIVE_BACK, LEDGER, ALICE, 10),
        )
    )

    assert state.supply == 70
    assert state.balances == {ALICE: 70, LEDGER: 0}


@pytest.mark.parametrize(
    ("frozen", "forced", "left_frozen"),
    [
        (0, 100, 0),
        (30, 70, 30),  # just the unfrozen part
        (30, 71, 29),
        (30, 100, 0),
        (150, 40, 110),  # frozen beyond the balance: nothing was free
    ],
)
def test_replay_token__force__takes_the_unfrozen_part_first(frozen, forced, left_frozen):
    state = replay_token(
        entries(
            moved(Kind.MINT, ZERO_ADDRESS, ALICE, 100),
            AmountFrozen(ALICE, frozen, bytes(32)),
            moved(Kind.FORCE, ALICE, BOB, forced),
        )
    )

    assert (state.balances[ALICE], state.balances[BOB]) == (100 - forced, forced)
    assert state.frozen[ALICE] == left_frozen


@pytest.mark.parametrize("kind", [Kind.TRANSFER, Kind.FORCE])
def test_replay_token__to_oneself__changes_nothing(kind):
    state = replay_token(
        entries(
            moved(Kind.MINT, ZERO_ADDRESS, ALICE, 100),
            AmountFrozen(ALICE, 90, bytes(32)),
            moved(kind, ALICE, ALICE, 50),
        )
    )

    assert (state.balances[ALICE], state.frozen[ALICE]) == (100, 90)


@pytest.mark.parametrize(
    ("status", "own", "shown"),
    [
        (ExemptionStatus.ACTIVE, Phase.ACTIVE, Phase.ACTIVE),
        (ExemptionStatus.SUSPENDED, Phase.ACTIVE, Phase.SUSPENDED),
        (ExemptionStatus.SUSPENDED, Phase.PENDING, Phase.PENDING),
        (ExemptionStatus.SUSPENDED, Phase.WIND_DOWN, Phase.WIND_DOWN),
        (ExemptionStatus.REVOKED, Phase.PENDING, Phase.WIND_DOWN),
        (ExemptionStatus.REVOKED, Phase.ACTIVE, Phase.WIND_DOWN),
    ],
)
def test_phase_of__exemption__outranks_the_listings_own(status, own, shown):
    listing = Listing(instrument=None, exemption=1, phase=own)
    state = ListingsState(exemptions={1: Exemption(status)}, listings={ALICE: listing})

    assert state.phase_of(ALICE) is shown


@pytest.mark.parametrize(
    ("until", "objected", "shown"),
    [(100, 0, Phase.ACTIVE), (100, 100, Phase.SUSPENDED), (100, 101, Phase.ACTIVE), (0, 7, Phase.SUSPENDED)],
)
def test_phase_of__objection__outranks_an_active_listing_when_it_came_in_time(until, objected, shown):
    listing = Listing(None, 1, phase=Phase.ACTIVE, objection_until=until, objected_at=objected)
    state = ListingsState(exemptions={1: Exemption(ExemptionStatus.ACTIVE)}, listings={ALICE: listing})

    assert state.phase_of(ALICE) is shown


# ---------------------------------------------------------------- anchors


def anchored(day, count, last):
    return Anchored(day, bytes([count]) * 32, count, last)


def test_replay_authority__anchored_days__the_last_one_is_known():
    told = [anchored(10, 3, 3), anchored(11, 0, 3), anchored(20, 2, 5)]

    state, wrong = replay_authority(entries(*told))

    assert (state.anchors, state.last_anchor, wrong) == ({each.day: each for each in told}, told[-1], [])


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (anchored(10, 2, 5), "day 10 is anchored after day 10"),
        (anchored(9, 2, 5), "day 9 is anchored after day 10"),
        (anchored(11, 2, 6), "day 11 has 2 records up to 6, but those before it end with 3"),
        (anchored(11, 0, 2), "day 11 has 0 records up to 2, but those before it end with 3"),
    ],
)
def test_replay_authority__anchor_that_does_not_follow__contradicts(second, problem):
    state, wrong = replay_authority(entries(anchored(10, 3, 3), second))

    assert (state.last_anchor, wrong) == (second, [(2, problem)])


@pytest.mark.parametrize(("day", "shown"), [(20_454, "2026-01-01"), (2**32 - 1, "day 4294967295")])
def test_sentence__anchor__names_the_day_even_beyond_the_calendar(day, shown):
    (entry,) = entries(anchored(day, 1, 4))

    assert sentence(entry) == f"{shown}: 1 records up to the reporter's 4, root 0x{'01' * 32}"


# ---------------------------------------------------------------- a whole life


def test_rebuild__eventful_life__sums_by_hand(life, streams):
    """The story's own arithmetic, so that chain and replay are not wrong together."""
    state = rebuild(streams.values())
    token, keys = state.tokens[life.token.address], life.keys

    assert token.supply == (500 + 300 + 200 - 10) * SHARE
    assert token.balances[life.suite.ledger.address] == 15 * SHARE
    assert token.frozen[keys.alice.address] == 0
    assert token.frozen[keys.treasury.address] == 41 * SHARE
    assert token.frozen[keys.outsider.address] == 1_000 * SHARE
    assert [request.status for request in state.ledger.requests.values()] == [
        RequestStatus.RELEASED,
        RequestStatus.REJECTED,
        RequestStatus.TAKEN_BACK,
        RequestStatus.FORCED,
        RequestStatus.REJECTED,
        RequestStatus.OPEN,
    ]
    assert state.ledger.requests[5].holder == keys.treasury.address
    assert [state.listings.phase_of(at) for at in state.listings.listings] == [
        Phase.SUSPENDED,
        Phase.WIND_DOWN,
        Phase.WIND_DOWN,
        Phase.PENDING,
    ]
    first = state.listings.listings[life.token.address]
    assert (first.phase, first.suspended_by_regulator, first.halted_by_market) == (Phase.ACTIVE, True, True)
    assert state.listings.listings[life.second.address].barred
    assert [len(state.listings.exemptions[number].terms) for number in (1, 2)] == [3, 1]
    assert state.market.news[life.token.address].sequence == 3
    assert (state.market.rules, list(state.market.venues)) == ((2, 600), [b"XNAS"])
    authority = state.authority
    assert authority.settled
    assert list(authority.holders(Role.ADMIN)) == [keys.admin.address, keys.relay.address]
    assert [held.delay for held in authority.holders(Role.ADMIN).values()] == [20 * DAY, 30 * DAY]
    assert (authority.holders(Role.COMPLIANCE), len(authority.holders(Role.PAUSER))) == ({}, 1)
    assert [held.delay for held in authority.holders(Role.CUSTODY_ADMIN).values()] == [2 * DAY]
    assert list(authority.marks) == [life.token.address, life.suite.registry.address, life.suite.authority.address]
    assert [(each.count, each.last_sequence) for each in authority.anchors.values()] == [(7, 7), (0, 7), (3, 10)]


def test_sentence__every_entry_of_the_life__has_words(streams):
    said = [sentence(entry) for stream in streams.values() for entry in stream.entries]

    assert "unknown to this version, or not what its kind says" not in said
    assert len({kind_name("ShareToken", entry) for entry in streams["AAPLs"].entries}) == len(Kind)


# ---------------------------------------------------------------- what cannot be


def without(streams, name, dropped):
    """The streams without those entries of one of them."""
    return [
        replace(stream, entries=tuple(entry for entry in stream.entries if not dropped(entry.content)))
        if stream.source.name == name
        else stream
        for stream in streams.values()
    ]


@pytest.mark.parametrize(
    ("name", "dropped", "problems"),
    [
        ("ledger", lambda c: isinstance(c, Requested) and c.id == 3, ["request 3 is not open"]),
        (
            "ledger",
            lambda c: isinstance(c, CustodianSet) and c.custodian == 3,
            ["custodian 3 is unknown"],
        ),
        (
            "ledger",
            lambda c: isinstance(c, Attested) and (c.attestation.custodian, c.attestation.sequence) == (1, 3),
            ["sentence 4 of custodian 1 follows its sentence 2"],
        ),
        (
            "registry",
            lambda c: isinstance(c, RecordWritten) and c.record.investor_id == 305,
            ["1 rows of the batch before it are missing"],
        ),
        (
            "listings",
            lambda c: isinstance(c, TermsAdded) and (c.exemption, c.version) == (1, 2),
            ["version 3 of exemption 1 follows 1"],
        ),
        (
            "listings",
            lambda c: isinstance(c, ExemptionSet) and c.exemption == 2,
            ["exemption 2 is unknown"] * 2,
        ),
        (
            "market",
            lambda c: isinstance(c, Interrupted) and c.news.sequence == 2,
            ["news 3 of {token} follows 1"],
        ),
        (
            "market",
            lambda c: isinstance(c, VenueInterrupted) and c.news.sequence == 1,
            ["news 2 of market XNAS follows 0"],
        ),
        (
            "registry",
            lambda c: isinstance(c, RecordOffered) and (c.wallet, c.to) == (BOOK[10], 2),
            [f"the record of {BOOK[10]} was not offered to 2"],
        ),
    ],
)
def test_rebuild__an_entry_left_out__what_follows_contradicts(life, streams, name, dropped, problems):
    state = rebuild(without(streams, name, dropped))

    problems = [problem.format(token=life.token.address) for problem in problems]
    assert [(each.stream, each.problem) for each in state.contradictions] == [(name, problem) for problem in problems]


def test_rebuild__records_without_their_batch__said_row_by_row(streams):
    state = rebuild(without(streams, "registry", lambda c: isinstance(c, BatchWritten) and c.rows == 2))

    assert len(state.contradictions) == 4
    assert all("belongs to no batch of its registrar" in each.problem for each in state.contradictions)


def test_rebuild__listing_left_out__its_phases_contradict(life, streams):
    token = life.second.address

    state = rebuild(without(streams, "listings", lambda c: isinstance(c, Listed) and c.token == token))

    assert state.contradictions[0] == Contradiction(
        "listings", state.contradictions[0].sequence, f"token {token} is not listed"
    )


def test_crosscheck__custody_movement_the_ledger_does_not_tell__named(life, streams):
    """The token burns, the ledger says nothing of a RELEASE."""
    altered = without(streams, "ledger", lambda c: isinstance(c, Attested) and c.attestation.kind == 3)

    checks = list(crosscheck(rebuild(altered), altered, life.suite.deployment.chain_id))

    assert {check.subject for check in checks if check.rebuilt != check.found} == {
        "escrow = open requests",
        "custody movement = ledger entry",
    }
