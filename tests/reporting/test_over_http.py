"""Against a real node over HTTP: questions in batches, a chain whose storage was tampered with, the command line."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from stockade import manifest
from stockade.errors import NetworkError
from stockade.reporter.node import Node
from stockade.reporting import verify
from stockade.reporting.streams import Head
from stockade.suite import Suite
from tests.support import SHARE


def slot_of_record(wallet: str) -> int:
    layout = manifest.contract("InvestorRegistry")["storageLayout"]["storage"]
    (slot,) = (int(variable["slot"]) for variable in layout if variable["label"] == "_records")
    return int.from_bytes(keccak(encode(["address", "uint256"], [wallet, slot])))


def slot_of_balance(account: str) -> int:
    """ERC-7201's place of `stockade.storage.PackedBalances`, whose first member maps balances."""
    root = int.from_bytes(keccak(text="stockade.storage.PackedBalances")) - 1
    place = int.from_bytes(keccak(encode(["uint256"], [root]))) & ~0xFF
    return int.from_bytes(keccak(encode(["address", "uint256"], [account, place])))


# ---------------------------------------------------------------- the node, as a follower asks it


def test_heads__more_contracts_than_one_call_takes__each_in_its_place(node):
    suite, nobody = node.suite, node.life.keys.outsider.address
    asked = [suite.ledger.address, nobody, suite.registry.address] * 217
    block = suite.w3.eth.get_block("latest")

    found = Node(suite.w3).heads(asked, bytes(block["hash"]))

    one, other = (Head(*each.functions.reportHead().call()) for each in (suite.ledger, suite.registry))
    assert found == [one, None, other] * 217


def test_heads__no_contract_asked__none(node):
    block = node.suite.w3.eth.get_block("latest")

    assert Node(node.suite.w3).heads([], bytes(block["hash"])) == []


# ---------------------------------------------------------------- the library


def test_verify__over_http__matches_in_few_requests(node):
    class Counting(HTTPProvider):
        requests = 0

        def make_request(self, method, params):
            self.requests += method != "eth_chainId"  # web3 asks it beside others
            return super().make_request(method, params)

        def make_batch_request(self, requests):
            self.requests += 1
            return super().make_batch_request(requests)

    counting = Counting(node.suite.w3.provider.endpoint_uri)
    suite = Suite(Web3(counting), node.suite.deployment)
    counting.requests = 0

    assert verify(suite).ok
    assert counting.requests < 12


def test_verify__a_record_tampered_with__that_record_differs(restored):
    wallet = restored.life.keys.outsider.address
    word = restored.suite.registry.functions.recordOf(wallet).call()
    restored.tamper(restored.suite.registry.address, slot_of_record(wallet), word | 0x80)

    result = verify(restored.suite)

    assert result.streams_match
    assert [(each.subject, each.key) for each in result.differences] == [("record", wallet)]
    assert ("frozen=False" in result.differences[0].rebuilt, "frozen=True" in result.differences[0].found) == (
        True,
        True,
    )


def test_verify__a_balance_tampered_with__that_balance_differs(restored):
    holder, token = restored.life.keys.carol.address, restored.life.token
    balance = token.functions.balanceOf(holder).call()
    restored.tamper(token.address, slot_of_balance(holder), balance + SHARE)

    result = verify(restored.suite)

    assert [(each.subject, each.rebuilt, each.found) for each in result.differences] == [
        ("balance", str(balance), str(balance + SHARE))
    ]
    assert not result.ok


def test_verify__node_is_gone__one_sentence(stage, node):
    suite = Suite(node.suite.w3, node.suite.deployment)
    suite.w3 = Web3(HTTPProvider("http://127.0.0.1:9", exception_retry_configuration=None))

    with pytest.raises(NetworkError):
        verify(suite)


# ---------------------------------------------------------------- the command line


def test_report_verify__all_in_order__says_so_and_ends_0(node):
    said = node.run("verify")

    assert "No record is missing or altered, and they rebuild what the contracts say." in said
    for name in ("registry", "ledger", "listings", "AAPLs", "MSFTs", "AMZNs", "NVDAs"):
        assert name in said


def test_report_verify__storage_tampered_with__names_it_and_ends_1(restored):
    holder = restored.life.keys.carol.address
    restored.tamper(restored.life.token.address, slot_of_balance(holder), 1)

    said = restored.run("verify", status=1)

    assert f"{holder} of {restored.life.token.address}" in said
    assert "The reports are not complete and true" in said


def test_report_stream__tail__last_entries_in_words(node):
    said = node.run("stream", "ledger", "--tail", "2")

    assert "custodian 1, LEI 0000SYNTHETIC0000128: closed to mint" in said
    assert "at most 1000 shares a deposit" in said
    assert "REQUEST " not in said
    assert "Complete and unaltered" in said


def test_report_stream__unknown_name__ends_2(node):
    assert "The suite has no token 'nobody'" in node.run("stream", "nobody", status=2)


def test_report_holders__of_a_token__the_share_register(node):
    said = node.run("holders", "AAPLs")

    assert node.life.keys.treasury.address in said
    assert "15 tokens wait in redemptions; supply 990." in said


def test_report_supply__a_position_below_what_is_issued__marked(restored):
    restored.life.attest(restored.life.sentence(shares_held=0))

    said = restored.run("supply")

    assert "under-reserved" in said
    assert said.count("under-reserved") == 1


def test_report_supply__a_block_to_come__ends_2(node):
    assert "choose an earlier one" in node.run("supply", "--block", "99999999", status=2)
