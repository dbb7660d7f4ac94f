"""The follower on a real node: what it stores is what the chain says, whatever the chain does meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade import profiles
from stockade.errors import InputError, StockadeError
from stockade.listing import list_call, read_listings
from stockade.reporter import incidents
from stockade.reporter.follow import Step
from stockade.reporter.node import Away
from stockade.store import tables
from tests.reporting.following import write_records
from tests.support import EXAMPLES

RECORDED_AT = list(tables.record.columns.keys()).index("recorded_at")
# How many blocks anvil calls not yet final.
UNSETTLED = 64

EXEMPTION = 1


def head(node) -> int:
    return node.suite.w3.eth.block_number


# ---------------------------------------------------------------- backfill and live


def test_run__a_whole_life__every_report_once_and_the_chains_are_the_contracts(following, node, node_streams):
    following.run()

    stored = {(row[0], row[1]): row for row in following.rows(tables.report)}
    assert set(stored) == {(each.source.address, entry.seq) for each in node_streams for entry in each.entries}
    for stream in node_streams:
        assert int(stored[stream.source.address, stream.head.sequence][14], 16) == stream.head.chain
        for entry in stream.entries:
            row = stored[stream.source.address, entry.seq]
            assert row[2:8] == (*entry.place, entry.transaction, entry.kind, entry.operator, entry.timestamp)
        if stream.source.contract == "ShareToken":
            supply = node.suite.token(stream.source.address).functions.totalSupply().call()
            assert stored[stream.source.address, stream.head.sequence][11] == supply
    assert following.incidents() == []


def test_run__a_whole_life__one_record_a_report_in_the_order_of_the_chain(following, restored):
    write_records(restored, 2)

    following.run()

    by_place = sorted(following.rows(tables.report), key=lambda row: row[2:4])
    final = following.rows(tables.finality)[-1][0]
    assert final == head(restored) - UNSETTLED
    finality = ["FINAL" if row[2] <= final else "PROVISIONAL" for row in by_place]
    assert following.records() == [
        (place, row[1], state, "NEW", None, None)
        for place, (row, state) in enumerate(zip(by_place, finality, strict=True), start=1)
    ]
    assert {"FINAL", "PROVISIONAL"} == set(finality)


def test_run__nothing_new__nothing_is_written(following):
    following.run()
    before, steps = following.records(), len(following.said)

    following.run()

    assert following.records() == before
    assert len(following.said) == steps


def test_run__blocks_become_final__their_records_are_confirmed_once(following, restored):
    write_records(restored, 2)
    following.run()
    waiting = [row[0] for row in following.records() if row[2] == "PROVISIONAL"]
    restored.rpc("anvil_mine", hex(UNSETTLED))

    following.run()
    following.run()

    confirmed = following.records()[-len(waiting) :]
    assert [row[2:] for row in confirmed] == [("FINAL", "CORRECT", "FINALIZED", seq) for seq in waiting]
    assert following.rows(tables.finality)[-1][0] == head(restored) - UNSETTLED


def test_run__our_clock_was_put_back__no_record_is_earlier_than_one_before(following, restored, monkeypatch):
    write_records(restored, 2)
    following.run()
    last = following.rows(tables.record)[-1][RECORDED_AT]
    restored.rpc("anvil_mine", hex(UNSETTLED))
    monkeypatch.setattr(incidents, "now", lambda: last - 86_400_000)

    following.run()

    later = [row[RECORDED_AT] for row in following.rows(tables.record)]
    assert later == sorted(later)
    assert later[-1] == last


def test_run__final_blocks__only_those_with_reports_stay(following, restored):
    restored.rpc("anvil_mine", hex(3 * UNSETTLED))

    following.run()

    final = head(restored) - UNSETTLED
    with_reports = {row[2] for row in following.rows(tables.report)}
    kept = [row[0] for row in following.rows(tables.block)]
    assert set(kept) == with_reports | set(range(final, head(restored) + 1))


def test_run__a_token_is_listed_later__followed_from_that_block(following, restored):
    following.run()
    suite, share = restored.suite, read_listings(EXAMPLES / "listings.toml")["TSLA"]
    suite.send(restored.life.keys.issuer, list_call(suite, share, profiles.load("us-tsv"), EXEMPTION))
    token = suite.token(share.token_symbol).address

    following.run()

    assert (token, share.token_symbol, "ShareToken", head(restored)) in following.rows(tables.source)
    assert [row[1] for row in following.rows(tables.report) if row[0] == token] == [1, 2]


# ---------------------------------------------------------------- reorganisations


# anvil keeps the state of so many blocks and no more: the databases do not differ between the shortest and the longest.
@pytest.mark.parametrize(
    ("store", "depth"),
    [*(("sqlite", depth) for depth in range(1, 9)), ("postgresql", 1), ("postgresql", 8)],
    indirect=["store"],
)
def test_run__blocks_are_replaced__facts_are_the_chains_and_records_are_reversed(following, restored, tmp_path, depth):
    following.run()
    before = len(following.records())
    write_records(restored, depth)
    following.run()
    restored.rpc("anvil_reorg", depth, [])
    write_records(restored, 2, first=90)

    following.run()

    assert following.facts() == following.afresh(tmp_path).facts()
    new = [row for row in following.records()[before:] if row[4] != "FINALIZED"]  # of blocks long before
    taken_back = [row[0] for row in new[: 2 * depth]]
    assert [row[2:] for row in new] == [
        *[("PROVISIONAL", "NEW", None, None)] * (2 * depth),
        *[("REVERSED", "CANCEL", "REORG", seq) for seq in taken_back],
        *[("PROVISIONAL", "NEW", None, None)] * 4,
    ]
    assert Step(head(restored) - 2 - depth, 2 * depth, depth, head(restored) - 2 - UNSETTLED, head(restored)) in (
        following.said
    )
    assert following.incidents() == []


def test_run__the_block_of_a_listing_is_replaced__its_token_is_gone_too(following, restored, tmp_path):
    suite, share = restored.suite, read_listings(EXAMPLES / "listings.toml")["TSLA"]
    suite.send(restored.life.keys.issuer, list_call(suite, share, profiles.load("us-tsv"), EXEMPTION))
    following.run()
    restored.rpc("anvil_reorg", 1, [])
    restored.rpc("anvil_mine", hex(1))

    following.run()

    assert share.token_symbol not in [row[1] for row in following.rows(tables.source)]
    assert following.facts() == following.afresh(tmp_path).facts()


def test_run__the_chain_is_shorter_than_before__waits_and_says_so(following, restored):
    write_records(restored, 1)
    following.run()
    facts = following.facts()
    restored.rpc("anvil_rollback", 1)

    with pytest.raises(Away, match=f"The node ends at block {head(restored)} and block {head(restored) + 1} is stored"):
        following.run()

    assert following.facts() == facts
    assert following.incidents() == []


def test_run__a_final_block_is_replaced__incident_once_and_nothing_is_taken_back(following, restored):
    before = restored.rpc("evm_snapshot")
    restored.rpc("anvil_mine", hex(UNSETTLED + 5))
    following.run()
    facts, records = following.facts(), following.records()
    final = following.rows(tables.finality)[-1][0]
    restored.rpc("evm_revert", before)
    restored.rpc("anvil_mine", hex(UNSETTLED + 8), hex(2))

    for _ in range(2):
        with pytest.raises(
            StockadeError, match=f"Incident at block {final}, follow/final blocks: block {final} was final"
        ):
            following.run()

    assert (following.facts(), following.records()) == (facts, records)
    problem = f"block {final} was final and is another now"
    assert following.incidents() == [("follow/final blocks", problem, final, False)]


# ---------------------------------------------------------------- one at a time


def test_run__another_process_follows__one_sentence(following):
    with following.store.alone("follow"), pytest.raises(StockadeError, match="Another process holds this store"):
        following.run()


def test_run__the_store_is_of_another_suite__one_sentence(following):
    following.run()
    deployment = following.suite.deployment
    other = replace(deployment, addresses=deployment.addresses | {"authority": deployment.addresses["ledger"]})

    with pytest.raises(
        InputError, match=f"The store is of another suite \\(chain 31337, authority {deployment.addresses['authority']}"
    ):
        following.run(other)
