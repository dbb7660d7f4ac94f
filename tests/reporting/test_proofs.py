"""A head proven from a block's hash, against an anvil that can be made to lie."""

from __future__ import annotations

from typing import Any

import pytest
from web3 import HTTPProvider, Web3

from stockade.errors import NetworkError
from stockade.proofs import head_slot, header_at, prove_head
from stockade.reporting.streams import REPORTING, heads_of, source_of
from tests.reporting.node import Node


class Lying(HTTPProvider):
    """A node whose answers to one method are changed on the way."""

    def __init__(self, url: Any, method: str, change: Any) -> None:
        super().__init__(url)
        self.method, self.change = method, change

    def make_request(self, method: Any, params: Any) -> Any:
        answer = super().make_request(method, params)
        if method == self.method:
            self.change(answer["result"])
        return answer


def lying(node: Node, method: str, change: Any) -> Web3:
    return Web3(Lying(node.suite.w3.provider.endpoint_uri, method, change))


@pytest.mark.parametrize("back", [0, 40])
def test_prove_head__every_stream_now_and_earlier__is_what_the_contract_says(node, back):
    w3, number = node.suite.w3, node.suite.w3.eth.block_number - back
    sources = [source_of(node.suite, name, number) for name in (*REPORTING, node.life.token.address)]

    header = header_at(w3, number)

    assert header.hash == w3.eth.get_block(number)["hash"].to_0x_hex()
    assert [prove_head(w3, header, each.contract, each.address) for each in sources] == heads_of(
        node.suite, sources, number
    )


@pytest.mark.parametrize("tag", ["latest", "finalized"])
def test_header_at__a_tag_or_its_hash__is_one_block(node, tag):
    w3 = node.suite.w3

    header = header_at(w3, tag)

    assert header == header_at(w3, header.hash) == header_at(w3, header.number)
    assert header.timestamp == w3.eth.get_block(header.number)["timestamp"]


def test_prove_head__no_contract_there__is_empty(node):
    header = header_at(node.suite.w3, "latest")

    assert prove_head(node.suite.w3, header, "MarketStatus", "0x" + "77" * 20) == (0, 0)


@pytest.mark.parametrize("field", ["stateRoot", "timestamp", "parentHash", "requestsHash", "hash"])
def test_header_at__one_field_changed__is_refused(node, field):
    def change(block: dict[str, Any]) -> None:
        block[field] = block[field][:-1] + ("0" if block[field][-1] != "0" else "1")

    with pytest.raises(NetworkError, match="is not the one that its hash is of"):
        header_at(lying(node, "eth_getBlockByNumber", change), "latest")


@pytest.mark.parametrize("field", ["stateRoot", "gasUsed"])
def test_header_at__a_field_missing__is_refused(node, field):
    with pytest.raises(NetworkError, match="does not hold"):
        header_at(lying(node, "eth_getBlockByNumber", lambda block: block.pop(field)), "latest")


def test_header_at__another_block_than_asked_for__is_refused(node):
    other = node.rpc("eth_getBlockByNumber", hex(node.suite.w3.eth.block_number - 1), False)
    liar = lying(node, "eth_getBlockByNumber", lambda block: block.update(other))

    with pytest.raises(NetworkError, match="is not the one that its hash is of"):
        header_at(liar, node.suite.w3.eth.block_number)
    with pytest.raises(NetworkError, match="The node has no block 1000000"):
        header_at(node.suite.w3, 1_000_000)


def test_prove_head__the_word_changed_in_the_proof__is_refused(node):
    def change(answer: dict[str, Any]) -> None:
        last = answer["storageProof"][0]["proof"][-1]
        answer["storageProof"][0]["proof"][-1] = last[:-1] + ("0" if last[-1] != "0" else "1")

    header = header_at(node.suite.w3, "latest")

    with pytest.raises(NetworkError, match="does not hold"):
        prove_head(lying(node, "eth_getProof", change), header, "MarketStatus", node.suite.market.address)


def test_prove_head__the_word_beside_the_proof_changed__is_not_read(node):
    header, market = header_at(node.suite.w3, "latest"), node.suite.market.address
    liar = lying(node, "eth_getProof", lambda answer: answer["storageProof"][0].update(value="0x0"))

    assert prove_head(liar, header, "MarketStatus", market) == prove_head(node.suite.w3, header, "MarketStatus", market)


@pytest.mark.parametrize("part", ["accountProof", "storageProof"])
def test_prove_head__nodes_of_the_proof_left_out__is_refused(node, part):
    def change(answer: dict[str, Any]) -> None:
        proof = answer["accountProof"] if part == "accountProof" else answer["storageProof"][0]["proof"]
        proof.pop()

    header = header_at(node.suite.w3, "latest")

    with pytest.raises(NetworkError, match="does not hold"):
        prove_head(lying(node, "eth_getProof", change), header, "MarketStatus", node.suite.market.address)


def test_prove_head__the_proof_of_another_contract__is_refused(node):
    header = header_at(node.suite.w3, "latest")
    slot = "0x" + head_slot("ListingRegistry").to_bytes(32).hex()
    other = node.rpc("eth_getProof", node.suite.listings.address, [slot], hex(header.number))

    with pytest.raises(NetworkError, match="does not hold"):
        prove_head(
            lying(node, "eth_getProof", lambda answer: answer.update(other)),
            header,
            "MarketStatus",
            node.suite.market.address,
        )
