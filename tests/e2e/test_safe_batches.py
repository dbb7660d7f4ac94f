"""A plan written down for a Safe, executed by a real one."""

from __future__ import annotations

import pytest

from stockade import whitelist
from stockade.chain import TRANSACTION_GAS_LIMIT
from stockade.custody.safes import combine_owners
from stockade.errors import InputError
from stockade.sending.safe import SafeTransaction, checksum
from tests.e2e.applying import REGISTRAR, record, wallet
from tools.safe import artifact


def test_safe_batches__executed_by_their_files__the_planned_state(place):
    plan, safe = place.plan(*range(10)), place.safe
    place.write(REGISTRAR, [wallet(3)], [record(3, country=756)])
    place.write(REGISTRAR, [wallet(4)], [plan.rows[4].after])

    prepared = whitelist.safe_batches(place.suite, safe.address, plan, most_rows=4)

    assert (prepared.rows, prepared.stood, [row.wallet for row in prepared.refused]) == ((4, 4), 1, [wallet(3)])
    contract = place.suite.w3.eth.contract(address=safe.address, abi=artifact("Safe")["abi"])
    for transaction in prepared.transactions:
        file = transaction.builder_file("name", "what", 1_800_000_000)
        (call,) = file["transactions"]
        document = transaction.typed_data()
        assert call["to"] == place.suite.registry.address
        fields = [document["message"][name["name"]] for name in document["types"]["SafeTx"]]
        assert contract.functions.getTransactionHash(*fields).call() == transaction.digest
        signatures = combine_owners(
            (owner.address, owner.sign_message(transaction.message())) for owner in safe.owners[:2]
        )
        execute = contract.functions.execTransaction(call["to"], 0, call["data"], *fields[3:9], signatures)
        place.suite.send(place.keys.relay, execute)
    assert contract.functions.nonce().call() == prepared.transactions[-1].nonce + 1

    again = whitelist.safe_batches(place.suite, safe.address, plan)

    assert (again.transactions, again.stood) == ((), 9)
    assert place.written() == {row.wallet: 1 for row in plan.rows}


def test_safe_batches__largest__executed_below_the_transactions_limit(place):
    plan, safe = place.plan(*range(650)), place.safe

    first, _ = whitelist.safe_batches(place.suite, safe.address, plan).transactions

    signatures = combine_owners((owner.address, owner.sign_message(first.message())) for owner in safe.owners[:2])
    contract = place.suite.w3.eth.contract(address=safe.address, abi=artifact("Safe")["abi"])
    zero = "0x" + "0" * 40
    execute = contract.functions.execTransaction(first.to, 0, first.data, 0, 0, 0, 0, zero, zero, signatures)
    receipt = place.suite.send(place.keys.relay, execute)
    assert 14_000_000 < receipt["gasUsed"] < TRANSACTION_GAS_LIMIT


@pytest.mark.parametrize("who", ["registry", "stranger"])
def test_safe_batches__no_safe__refused(place, who):
    address = place.suite.registry.address if who == "registry" else place.keys.stranger.address

    with pytest.raises(InputError, match=f"^{address} is no Safe of version 1.3.0 or later"):
        whitelist.safe_batches(place.suite, address, place.plan(0))


def test_builder_file__checksum__as_the_builder_computes_it():
    transaction = SafeTransaction(wallet(0), 1, 0, wallet(1), b"\x01")
    file = transaction.builder_file("one name", "what", 1_800_000_000)

    assert file["meta"]["checksum"] == checksum(file)
    assert checksum({**file, "meta": {**file["meta"], "name": "another name"}}) == checksum(file)
    assert checksum({**file, "createdAt": 0}) != checksum(file)
