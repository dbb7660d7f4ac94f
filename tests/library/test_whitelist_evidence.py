"""Commitments, their tree, and proofs of single rows that anybody can check against the chain (R31)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade import merkle, whitelist
from stockade.errors import InputError, StockadeError
from stockade.records import Basis, Status
from stockade.whitelist.evidence import NO_EVIDENCE
from tests.library.books import KEY, book, wallet_number, word

# ---------------------------------------------------------------- commitments


def test_commit__a_row__the_double_hash_of_wallet_record_evidence_and_keyed_salt():
    wallet, record, evidence = wallet_number(1), 7 << 104, b"\x22" * 32
    packed = bytes.fromhex(wallet[2:]) + encode(["uint256", "bytes32"], [record, evidence])
    salt = hmac.digest(KEY, b"\0stockade evidence salt\0" + packed, hashlib.sha256)
    values = [wallet, record, evidence, salt]

    leaf = whitelist.commit(wallet, record, evidence, KEY)

    assert leaf == keccak(keccak(encode(["address", "uint256", "bytes32", "bytes32"], values)))
    assert leaf == whitelist.commitment(wallet, record, evidence, whitelist.salt_of(wallet, record, evidence, KEY))
    others = [
        whitelist.commit(wallet_number(2), record, evidence, KEY),
        whitelist.commit(wallet, record + 1, evidence, KEY),
        whitelist.commit(wallet, record, b"\x23" * 32, KEY),
        whitelist.commit(wallet, record, evidence, b"k" * 32),
    ]
    assert len({leaf, *others}) == 5


# ---------------------------------------------------------------- a row on chain


@pytest.fixture
def rows(plan_of, write_plan, book_row):
    """Five rows, written in one batch."""
    found = [book_row(index) for index in range(5)]
    write_plan(plan_of(*found))
    return found


def test_proof__every_row_of_a_batch__holds_without_the_key_and_names_its_batch(suite, keys, rows, tmp_path):
    path = tmp_path / "proof.json"
    head = suite.registry.functions.reportHead().call()[0]

    for each in rows:
        proof = whitelist.make_proof(suite, book(*rows), KEY, each.wallet)
        whitelist.save_proof(proof, path)
        batch = whitelist.check_proof(suite, whitelist.read_proof(path))

        assert whitelist.read_proof(path) == proof
        assert (proof.wallet, proof.record, proof.evidence) == (each.wallet, word(each), each.evidence)
        assert (batch.seq, batch.operator) == (head - 5, keys.registrar.address) == (proof.batch, batch.operator)
        assert KEY.hex() not in path.read_text()
        assert not any(other.evidence.hex() in path.read_text() for other in rows if other is not each)


def test_proof__written_under_a_freeze__the_record_without_it(suite, keys, plan_of, write_plan, book_row):
    suite.send(keys.compliance, suite.registry.functions.freeze(book_row(0).wallet, Basis.SANCTIONS, b"\x44" * 32))
    write_plan(plan_of(book_row(0)))

    proof = whitelist.make_proof(suite, book(book_row(0)), KEY, book_row(0).wallet)

    assert proof.record == word(book_row(0))
    assert whitelist.check_proof(suite, proof).seq == proof.batch


def test_proof__revoked_by_a_complete_book__proved_without_evidence(suite, plan_of, write_plan, book_row, rows):
    write_plan(plan_of(*rows[1:], complete=True))

    proof = whitelist.make_proof(suite, book(*rows[1:]), KEY, rows[0].wallet)

    assert (proof.evidence, proof.record) == (NO_EVIDENCE, word(replace(rows[0], status=Status.REVOKED)))
    whitelist.check_proof(suite, proof)


def test_proof__other_rows_gone_from_the_book__refused_unless_the_plan_is_given(suite, plan_of, write_plan, book_row):
    rows = [book_row(index) for index in range(5)]
    plan = plan_of(*rows)
    write_plan(plan)
    left = book(*rows[:2])

    with pytest.raises(InputError, match=r"do not give its root: 3 of them are not in book\.csv, or evidence or key"):
        whitelist.make_proof(suite, left, KEY, rows[0].wallet)
    with pytest.raises(InputError, match="do not give its root"):
        whitelist.make_proof(suite, left, KEY, rows[0].wallet, replace(plan, rows=plan.rows[:4]))
    proof = whitelist.make_proof(suite, left, KEY, rows[0].wallet, plan)

    assert whitelist.check_proof(suite, proof).seq == proof.batch


@pytest.mark.parametrize("change", [{"evidence": b"\x99" * 32}, {"wallet": wallet_number(99)}])
def test_proof__book_of_another_evidence_or_without_the_wallet__refused(suite, rows, change):
    other = book(replace(rows[0], **change), *rows[1:])

    with pytest.raises(InputError, match="do not give its root"):
        whitelist.make_proof(suite, other, KEY, rows[0].wallet)


def test_proof__wallet_that_was_never_written__refused(suite, keys, rows):
    with pytest.raises(InputError, match="has no record that a registrar wrote"):
        whitelist.make_proof(suite, book(*rows), KEY, keys.stranger.address)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"evidence": b"\x99" * 32}, "do not lead to its root"),
        ({"salt": bytes(32)}, "do not lead to its root"),
        ({"record": 1}, "do not lead to its root"),
        ({"wallet": wallet_number(3)}, "do not lead to its root"),
        ({"proof": ()}, "do not lead to its root"),
        ({"batch": 1}, "no such batch with this root"),
        ({"transaction": "0x" + "00" * 32}, "no such batch with this root"),
        ({"chain_id": 1}, "choose the --network it was made on"),
    ],
)
def test_check_proof__anything_changed__does_not_hold(suite, rows, change, why):
    proof = whitelist.make_proof(suite, book(*rows), KEY, rows[0].wallet)

    with pytest.raises(StockadeError, match=why):
        whitelist.check_proof(suite, replace(proof, **change))


def test_check_proof__invented_tree__no_batch_on_chain_has_its_root(suite, rows):
    proof = whitelist.make_proof(suite, book(*rows), KEY, rows[0].wallet)
    record = word(rows[0]) | 4 << 8
    leaf = whitelist.commitment(proof.wallet, record, proof.evidence, proof.salt)
    forged = replace(proof, record=record, root=merkle.root_of(leaf, proof.proof))

    with pytest.raises(StockadeError, match="no such batch with this root"):
        whitelist.check_proof(suite, forged)


def test_check_proof__root_over_a_record_that_was_not_written__does_not_hold(suite, keys, book_row):
    """A registrar that commits to one record and writes another."""
    said, done = book_row(0), replace(book_row(0), country=756)
    root = whitelist.commit(said.wallet, word(said), said.evidence, KEY)
    suite.send(keys.registrar, suite.registry.functions.setRecords([said.wallet], [word(done)], root))
    seq = suite.registry.functions.reportHead().call()[0] - 1
    block = suite.w3.eth.get_block("latest")
    proof = whitelist.Proof(
        chain_id=suite.deployment.chain_id,
        registry=suite.registry.address,
        batch=seq,
        block=block["number"],
        transaction=block["transactions"][0].to_0x_hex(),
        wallet=said.wallet,
        record=word(said),
        evidence=said.evidence,
        salt=whitelist.salt_of(said.wallet, word(said), said.evidence, KEY),
        proof=(),
        root=root,
    )

    with pytest.raises(StockadeError, match="the batch on chain wrote another record"):
        whitelist.check_proof(suite, proof)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: "",
        lambda content: "[]",
        lambda content: json.dumps(content | {"key": "0x00"}),
        lambda content: json.dumps({name: value for name, value in content.items() if name != "salt"}),
        lambda content: json.dumps(content | {"salt": content["salt"][:-1]}),
        lambda content: json.dumps(content | {"batch": "1"}),
        lambda content: json.dumps(content | {"proof": ["0x" + "00" * 32] * 33}),
        lambda content: json.dumps(content | {"wallet": content["wallet"].lower()}),
    ],
)
def test_read_proof__hostile_file__one_sentence(suite, rows, tmp_path, change):
    path: Path = tmp_path / "proof.json"
    whitelist.save_proof(whitelist.make_proof(suite, book(*rows), KEY, rows[0].wallet), path)
    path.write_text(change(json.loads(path.read_text())))

    with pytest.raises(InputError, match=r"proof\.json is no proof of a row \(.*\): ask for another\.$"):
        whitelist.read_proof(path)
