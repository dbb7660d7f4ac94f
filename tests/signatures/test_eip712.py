"""The same hashes everywhere: the deployed contracts, eth-account (this library) and ethers (most wallets)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from stockade.custody.documents import Document
from stockade.custody.typed import parse_field
from stockade.records import ATTESTATION_FIELDS, Attestation
from tests.contracts.support import error_data
from tests.signatures.conftest import HERE, KEY, by_ethers
from tests.signatures.forms import parts, recovered
from tests.signatures.values import COUNT, attestations, digest_of, permit_document, permits

RECORDED = json.loads((HERE / "golden.json").read_text())
GOLDEN = [golden | {"types": RECORDED["types"][golden["primaryType"]]} for golden in RECORDED["vectors"]]
# OpenZeppelin's ERC-7201 place of the nonces of permits.
NONCES = 0x5AB42CED628888259C08AC98DB1EB0CF702FC1501344311D8B100CD1BFE4BB00


def set_nonces(chain: Any, token: str, nonces: dict[str, int]) -> None:
    """Writes permit nonces into the token's storage on the embedded chain; no other way leads to the high ones."""
    backend = chain.provider.evm_backend.chain
    state = backend.get_vm().state
    for owner, nonce in nonces.items():
        place = keccak(encode(["address", "uint256"], [owner, NONCES]))
        state.set_storage(to_canonical_address(token), int.from_bytes(place, "big"), nonce)
    state.lock_changes()
    state.persist()
    backend.header = backend.header.copy(state_root=state.state_root)
    chain.mine()


# ---------------------------------------------------------------- a thousand of each


def test_attestation__a_thousand_at_random__hashed_alike_by_ledger_eth_account_and_ethers(
    suite, ask, record_property: Callable[[str, object], None]
):
    said = attestations()
    place = (suite.deployment.chain_id, suite.ledger.address)

    theirs = by_ethers([Document(each, *place).typed_data() for each in said])
    messages = [each.message(*place) for each in said]
    onchain = ask(suite.ledger.address, [suite.ledger.encode_abi("digestOf", [each.as_tuple()]) for each in said])

    assert [each.digest(*place) for each in said] == onchain == [each.digest for each in theirs]
    assert [message.header for message in messages] == [each.domain for each in theirs]
    assert [message.body for message in messages] == [each.struct for each in theirs]
    assert [bytes(KEY.sign_message(message).signature) for message in messages] == [each.signature for each in theirs]
    assert len(set(onchain)) == COUNT
    record_property("attestations", len(onchain))


def test_permit__a_thousand_at_random__hashed_alike_by_token_eth_account_and_ethers(
    suite, token, chain, ask, record_property: Callable[[str, object], None]
):
    """The token names the signer it recovers. Any signature will do: whom it recovers tells what it is over."""
    drawn = permits()
    contract = suite.token(token.address)
    place = (token.name(), suite.deployment.chain_id, token.address)
    documents = [permit_document(*place, each) for each in drawn]
    set_nonces(chain, token.address, {each["owner"]: each["nonce"] for each in drawn})
    some = bytes(KEY.unsafe_sign_hash(keccak(text="something else")).signature)

    theirs = by_ethers(documents)
    ours = [digest_of(encode_typed_data(full_message=each)) for each in documents]
    fields = ("owner", "spender", "value", "deadline")
    calls = [contract.encode_abi("permit", [*(each[name] for name in fields), *parts(some)]) for each in drawn]
    onchain = ask(token.address, calls)

    assert ours == [each.digest for each in theirs]
    found = [recovered(some, digest) for digest in ours]
    assert onchain == [
        error_data(token.ERC2612InvalidSigner, signer=who, owner=each["owner"])
        for who, each in zip(found, drawn, strict=True)
    ]
    assert len(set(found)) == COUNT
    record_property("permits", len(onchain))


# ---------------------------------------------------------------- domains


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("A" * 31, id="31_bytes"),
        pytest.param("A" * 32, id="32_bytes"),
        pytest.param("A very long name of a share class " * 8, id="272_bytes"),
        pytest.param('Quotes "and" \\ backslashes', id="quotes"),
        pytest.param("Société Générale 株式 \N{CHART WITH UPWARDS TREND}", id="unicode"),
    ],
)
def test_domain__of_a_token_of_any_name__separated_alike(name, suite, sibling):
    contract = sibling(name)
    permit = permits()[0]

    asked = permit_document(name, suite.deployment.chain_id, contract.address, permit)
    (theirs,) = by_ethers([asked])

    separator = contract.functions.DOMAIN_SEPARATOR().call()
    assert separator == encode_typed_data(full_message=asked).header == theirs.domain
    parts = (b"\x0f", name, "1", suite.deployment.chain_id, contract.address, bytes(32), [])
    assert tuple(contract.functions.eip712Domain().call()) == parts


def test_domain__of_the_ledger__says_what_the_library_signs(suite, ledger):
    domain = Attestation.typed_data(attestations()[0], suite.deployment.chain_id, ledger.address)["domain"]

    found = suite.ledger.functions.eip712Domain().call()
    assert tuple(found) == (b"\x0f", *domain.values(), bytes(32), [])


# ---------------------------------------------------------------- golden vectors


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_golden__a_recorded_document__still_hashes_as_recorded(golden):
    """A change of these hashes breaks every signature that is under way, and every wallet that shows the text."""
    expected = golden["expected"]
    typed = {part: golden[part] for part in ("types", "primaryType", "domain", "message")}
    message = encode_typed_data(full_message=typed)
    (theirs,) = by_ethers([typed])

    found = {
        "domain": message.header,
        "struct": message.body,
        "digest": digest_of(message),
        "signature": bytes(KEY.sign_message(message).signature),
    }
    assert {name: "0x" + value.hex() for name, value in found.items()} == expected
    assert {name: "0x" + value.hex() for name, value in vars(theirs).items()} == expected


def test_golden__each_attestation__has_the_recorded_struct_hash_on_the_ledger(suite, ask):
    """The golden domain is another chain's; the struct hash is the same in every domain."""
    of_attestations = [golden for golden in GOLDEN if golden["primaryType"] == "Attestation"]
    said = [sentence(golden["message"]) for golden in of_attestations]
    place = (suite.deployment.chain_id, suite.ledger.address)
    separator = said[0].message(*place).header

    onchain = ask(suite.ledger.address, [suite.ledger.encode_abi("digestOf", [each.as_tuple()]) for each in said])

    structs = [bytes.fromhex(golden["expected"]["struct"][2:]) for golden in of_attestations]
    assert onchain == [keccak(b"\x19\x01" + separator + struct) for struct in structs]
    assert len(onchain) == 6


def sentence(message: dict[str, Any]) -> Attestation:
    """An attestation out of a JSON document's message."""
    return Attestation(*(parse_field(kind, message[name], name) for name, kind in ATTESTATION_FIELDS))
