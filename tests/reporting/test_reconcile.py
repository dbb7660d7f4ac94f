"""Five sides at one block: a difference planted on each is named exactly, with both amounts."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade import manifest
from stockade.errors import InputError, NetworkError, StockadeError
from stockade.records import SHARE, Position, to_shares
from stockade.reporter.holders import read_holders
from stockade.reporter.reconcile import Difference, Kind, Subject, reconcile
from stockade.whitelist import RowErrors
from tests.reporting.kept import Kept
from tests.reporting.test_over_http import slot_of_balance


@pytest.fixture
def planted(kept: Kept):
    """The node may be tampered with, and is put back afterwards."""
    kept.catch_up()
    snapshot = kept.node.rpc("evm_snapshot")
    yield kept
    kept.node.rpc("evm_revert", snapshot)


def reconciled(kept: Kept, holders: bool = True, **changes):
    file = read_holders(kept.holder_file(**changes)) if holders else None
    return reconcile(kept.node.suite, kept.facts(kept.cursor), file)


def harmful(found) -> list[Difference]:
    return [each for each in found.differences if each.subject.kind is not Kind.SURPLUS]


def slot_of_supply() -> int:
    """The second member of `stockade.storage.PackedBalances`."""
    root = int.from_bytes(keccak(text="stockade.storage.PackedBalances")) - 1
    return (int.from_bytes(keccak(encode(["uint256"], [root]))) & ~0xFF) + 1


def slot_of_position(token: str, custodian: int) -> int:
    layout = manifest.contract("CustodyLedger")["storageLayout"]["storage"]
    (slot,) = (int(variable["slot"]) for variable in layout if variable["label"] == "_positions")
    inner = keccak(encode(["address", "uint256"], [token, slot]))
    return int.from_bytes(keccak(encode(["uint256", "bytes32"], [custodian, inner])))


# ---------------------------------------------------------------- nothing planted


def test_reconcile__all_sides_agree__only_the_shares_held_beyond_differ(kept):
    found = reconciled(kept)

    token = kept.node.life.token.address
    position = kept.node.suite.position(token, 1)
    assert found.differences == (Difference(Subject(Kind.SURPLUS, token, 1), position.issued, position.held),)
    assert position.held > position.issued
    assert (found.ok, found.final, found.over_issued) == (True, False, ())
    assert found.block_hash == kept.node.suite.w3.eth.get_block(found.block)["hash"].to_0x_hex()


def test_reconcile__without_a_holder_file__compares_the_other_four(kept):
    with_file, without = reconciled(kept), reconciled(kept, holders=False)

    assert (without.holders, without.ok) == (None, True)
    assert with_file.holders == read_holders(kept.folder / "holders.csv").hash
    assert with_file.compared > without.compared


# ---------------------------------------------------------------- one side each


def test_reconcile__supply_on_chain_altered__against_ledger_and_facts(planted):
    token = planted.node.life.token
    supply = token.functions.totalSupply().call()
    planted.node.tamper(token.address, slot_of_supply(), supply + SHARE)

    found = reconciled(planted)

    assert harmful(found) == [
        Difference(Subject(Kind.SUPPLY_ISSUED, token.address), supply + SHARE, supply),
        Difference(Subject(Kind.SUPPLY_FACTS, token.address), supply + SHARE, supply),
    ]
    assert not found.ok


def test_reconcile__issued_on_the_ledger_altered__against_supply_and_facts(planted):
    token, position = planted.node.life.token, planted.node.suite.position(planted.node.life.token.address, 1)
    word = Position(position.held, position.issued - SHARE, position.sequence, position.as_of).pack()
    planted.node.tamper(planted.node.suite.ledger.address, slot_of_position(token.address, 1), word)

    supply = token.functions.totalSupply().call()
    assert harmful(reconciled(planted)) == [
        Difference(Subject(Kind.SUPPLY_ISSUED, token.address), supply, supply - SHARE),
        Difference(Subject(Kind.ISSUED_FACTS, token.address, 1), position.issued - SHARE, position.issued),
    ]


def test_reconcile__held_below_issued__over_issuance_of_custodian_and_token(planted):
    token, position = planted.node.life.token, planted.node.suite.position(planted.node.life.token.address, 1)
    word = Position(5 * SHARE, position.issued, position.sequence, position.as_of).pack()
    planted.node.tamper(planted.node.suite.ledger.address, slot_of_position(token.address, 1), word)

    found = reconciled(planted)

    supply, other = token.functions.totalSupply().call(), planted.node.suite.position(token.address, 2).held
    assert found.over_issued == (
        Difference(Subject(Kind.OVER_ISSUED, token.address), supply, 5 * SHARE + other),
        Difference(Subject(Kind.OVER_ISSUED, token.address, 1), position.issued, 5 * SHARE),
    )
    assert harmful(found) == [
        *found.over_issued,
        Difference(Subject(Kind.HELD_FACTS, token.address, 1), 5 * SHARE, position.held),
    ]


def test_reconcile__a_balance_on_chain_altered__against_the_facts(planted):
    token, holder = planted.node.life.token, planted.node.life.keys.carol.address
    balance = token.functions.balanceOf(holder).call()
    planted.node.tamper(token.address, slot_of_balance(holder), balance + 1)

    assert harmful(reconciled(planted)) == [
        Difference(Subject(Kind.BALANCE_FACTS, token.address, None, holder), balance + 1, balance)
    ]


def test_reconcile__a_stored_report_altered__names_the_entry_and_compares_nothing(kept):
    source = bytes.fromhex(kept.node.life.token.address[2:])
    kept.tamper(
        (
            "UPDATE report SET data = CAST(substr(data, 1, 127) || x'ff' || substr(data, 129) AS BLOB)"
            " WHERE source = ? AND seq = 7",
            (source,),
        )
    )

    with pytest.raises(StockadeError) as caught:
        reconciled(kept, holders=False)

    assert "AAPLs 7: altered" in str(caught.value)


def test_reconcile__the_last_stored_report_dropped__against_the_chain(kept):
    token, source = kept.node.life.token, bytes.fromhex(kept.node.suite.ledger.address[2:])
    before = kept.node.suite.position(token.address, 1)
    last = max(e.seq for e in kept.facts().stream("CustodyLedger").entries if e.kind == 1)
    kept.tamper(("DELETE FROM report WHERE source = ? AND seq >= ?", (source, last)))

    found = reconciled(kept)

    earlier = kept.facts().state.ledger.positions[token.address, 1]
    assert harmful(found) == [
        Difference(Subject(kind, token.address, 1), now, told)
        for kind, now, told in (
            (Kind.ISSUED_FACTS, before.issued, earlier.issued),
            (Kind.HELD_FACTS, before.held, earlier.held),
        )
        if now != told
    ]


@pytest.mark.parametrize("said", ["12.5", None])
def test_reconcile__the_holder_file_says_another_balance_or_none__that_wallet(kept, said):
    facts, token, holder = kept.facts(), kept.node.life.token, kept.node.life.keys.carol.address
    balance = facts.state.tokens[token.address].balances[holder]

    found = reconciled(kept, changes={(facts.isin(token.address), holder): said})

    subject = Subject(Kind.BALANCE_HOLDERS, token.address, None, holder)
    assert harmful(found) == [Difference(subject, balance, 125 * SHARE // 10 if said else 0)]


def test_reconcile__the_holder_file_names_a_wallet_that_holds_nothing__that_wallet(kept):
    facts, token = kept.facts(), kept.node.life.token
    stranger = kept.node.life.keys.guardian.address

    found = reconciled(kept, changes={(facts.isin(token.address), stranger): "3"})

    subject = Subject(Kind.BALANCE_HOLDERS, token.address, None, stranger)
    assert harmful(found) == [Difference(subject, 0, 3 * SHARE)]


# ---------------------------------------------------------------- what cannot be compared


def test_reconcile__the_holder_file_names_an_unknown_share__refused(kept):
    file = kept.holder_file({("US4592001014", kept.node.life.keys.guardian.address): "1"})

    with pytest.raises(RowErrors, match="'US4592001014' has no token in this suite at that block"):
        reconcile(kept.node.suite, kept.facts(), read_holders(file))


def test_reconcile__the_facts_of_another_suite__refused(kept):
    kept.tamper(("UPDATE suite SET authority = ?", (bytes(20),)))

    with pytest.raises(InputError, match="The store is of another suite"):
        reconciled(kept, holders=False)


def test_reconcile__the_chain_has_another_block__refused(kept):
    kept.tamper(("UPDATE block SET hash = zeroblob(32) WHERE number = ?", (kept.facts(kept.cursor).stored,)))

    with pytest.raises(NetworkError, match="in the store: follow once more"):
        reconciled(kept, holders=False)


@pytest.mark.parametrize("block", [0, 10**6])
def test_facts_at__a_block_beyond_the_store__refused(kept, block):
    with pytest.raises(InputError, match=f"--block {block}: the store holds"):
        kept.facts(block)


def test_facts_at__an_earlier_block__the_state_as_it_was(kept):
    token = kept.node.life.token
    minted = next(e for e in kept.facts().tokens[token.address].entries if e.kind == 2)

    facts = kept.facts(minted.place.block)

    assert facts.state.tokens[token.address].supply == minted.content.amount
    assert (facts.block, facts.stored, facts.final) == (minted.place.block, minted.place.block, True)
    assert to_shares(minted.content.amount) == "500"
