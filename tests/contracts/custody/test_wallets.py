"""Attestors that are contracts: real Safes, wallets that misbehave, and accounts that carry code for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from stockade import chain as stockade_chain
from stockade.records import ZERO_ADDRESS, AttestorKind
from tests.contracts.custody.support import number
from tests.contracts.support import Reason, refuses
from tests.safe import Safe
from tests.support import SHARE

# ---------------------------------------------------------------- wallets: Safes


@pytest.fixture
def safe(suite, keys, desks) -> Safe:
    """Two of the three desks, as owners of a real Safe."""
    return Safe.deploy(suite.w3, keys.deployer, desks, 2)


def test_attest__signed_by_a_safe__lands(token, suite, ledger, actors, safe, new_custodian, sentence, say):
    custodian = new_custodian((safe.address, AttestorKind.CONTRACT))
    deposit = sentence(custodian=custodian, account=actors.carol.address)
    digest = deposit.digest(suite.deployment.chain_id, ledger.address)

    say(deposit, [(safe.address, safe.sign(digest))])

    assert token.balanceOf(actors.carol) == 100 * SHARE
    assert suite.position(token.address, custodian).issued == 100 * SHARE


def test_attest__signed_by_a_safe_and_a_key__lands(token, suite, ledger, keys, safe, new_custodian, sentence, say):
    custodian = new_custodian(
        (safe.address, AttestorKind.CONTRACT), (keys.relay.address, AttestorKind.KEY), threshold=2
    )
    good = sentence(custodian=custodian, shares_held=SHARE)
    message = good.message(suite.deployment.chain_id, ledger.address)
    digest = good.digest(suite.deployment.chain_id, ledger.address)
    votes = [(safe.address, safe.sign(digest)), (keys.relay.address, keys.relay.sign_message(message))]

    say(good, sorted(votes, key=lambda vote: number(vote[0])))

    assert suite.position(token.address, custodian).held == SHARE


@pytest.mark.parametrize(
    "disfigure",
    [
        pytest.param(lambda safe, digest: safe.sign(digest, safe.owners[0]), id="one_owner_of_two"),
        pytest.param(lambda safe, digest: safe.sign(digest)[:65] * 2, id="one_owner_twice"),
        pytest.param(lambda safe, digest: safe.sign(keccak(digest)), id="another_digest"),
        pytest.param(lambda safe, digest: b"", id="no_message_was_approved_on_chain"),
        pytest.param(lambda safe, digest: replace(safe, address="0x" + "11" * 20).sign(digest), id="for_another_safe"),
    ],
)
def test_attest__signed_by_a_safe_wrongly__refused(
    disfigure, suite, ledger, safe, new_custodian, sentence, say, refused
):
    custodian = new_custodian((safe.address, AttestorKind.CONTRACT))
    good = sentence(custodian=custodian)
    digest = good.digest(suite.deployment.chain_id, ledger.address)

    with refused(Reason.SIGNATURE_INVALID, number(safe.address), 0):
        say(good, [(safe.address, disfigure(safe, digest))])


# ---------------------------------------------------------------- wallets: contracts that misbehave

MAGIC = bytes.fromhex("1626ba7e")


def answering(word: bytes, length: int = 32) -> bytes:
    """Runtime code that answers any call with the first bytes of a word."""
    return b"\x7f" + word.ljust(32, b"\0") + b"\x5f\x52\x60" + bytes([length]) + b"\x5f\xf3"


def deploy_code(suite, signer, runtime: bytes) -> str:
    """Creates a contract whose code is just `runtime`."""
    # PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    creation = b"\x61" + len(runtime).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3")
    receipt = stockade_chain.send(suite.w3, signer, {"data": creation + runtime})
    return receipt["contractAddress"]


def test_attest__wallet_that_answers_the_magic_value__lands(token, suite, keys, new_custodian, sentence, say):
    """The yardstick for those below: it signs whatever it is asked."""
    wallet = deploy_code(suite, keys.deployer, answering(MAGIC))
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    say(sentence(custodian=custodian, shares_held=SHARE), [(wallet, b"")])

    assert suite.position(token.address, custodian).held == SHARE


@pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(answering(b"\xff" * 4), id="wrong_magic_value"),
        pytest.param(answering(bytes(31) + b"\1"), id="true"),
        pytest.param(answering(bytes(28) + MAGIC), id="magic_value_at_the_wrong_end"),
        pytest.param(answering(MAGIC, 31), id="31_bytes"),
        pytest.param(answering(MAGIC, 4), id="4_bytes"),
        pytest.param(answering(b"", 0), id="nothing"),
        pytest.param(bytes.fromhex("5f5ffd"), id="reverts"),
        pytest.param(answering(MAGIC)[:-1] + b"\xfd", id="reverts_with_the_magic_value"),
        pytest.param(b"\xfe", id="burns_its_gas"),
        pytest.param(bytes.fromhex("60015f55") + answering(MAGIC), id="writes_storage_first"),
    ],
)
def test_attest__wallet_that_misbehaves__refused(runtime, suite, keys, new_custodian, sentence, say, refused):
    wallet = deploy_code(suite, keys.deployer, runtime)
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    with refused(Reason.SIGNATURE_INVALID, number(wallet), 0):
        say(sentence(custodian=custodian), [(wallet, b"")])


def test_add_custodian__account_without_code_as_contract__refused(ledger, keys, new_custodian):
    with refuses(ledger.CustodyInvalidAttestors, account=keys.outsider.address, attestors=0, threshold=1):
        new_custodian((keys.outsider.address, AttestorKind.CONTRACT))


def test_add_custodian__the_zero_address_as_key__refused(ledger, new_custodian):
    """Recovery answers zero for what nobody signed."""
    with refuses(ledger.CustodyInvalidAttestors, account=ZERO_ADDRESS, attestors=0, threshold=1):
        new_custodian((ZERO_ADDRESS, AttestorKind.KEY))


# ---------------------------------------------------------------- keys whose account carries code (EIP-7702)


@pytest.fixture
def delegate(suite, keys) -> Callable[..., None]:
    """Gives a key's account the code of another, by a signed delegation (EIP-7702)."""

    def write(owner, code_of: str) -> None:
        w3 = suite.w3
        place = {"chainId": w3.eth.chain_id, "address": code_of, "nonce": w3.eth.get_transaction_count(owner.address)}
        transaction = {
            "type": 4,
            "chainId": w3.eth.chain_id,
            "nonce": w3.eth.get_transaction_count(keys.relay.address),
            "to": keys.relay.address,
            "gas": 100_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "authorizationList": [owner.account.sign_authorization(place)],
        }
        w3.eth.send_raw_transaction(keys.relay.sign_transaction(transaction))

    return write


def test_attest__key_whose_account_carries_code__its_signature_alone_counts(
    token, suite, keys, delegate, sentence, signed, say, refused
):
    delegate(keys.attestor, deploy_code(suite, keys.deployer, answering(MAGIC)))
    assert suite.w3.eth.get_code(keys.attestor.address)[:3] == b"\xef\x01\x00"
    statement = sentence(shares_held=500 * SHARE)

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(statement, [(keys.attestor.address, b"")])

    say(statement, signed(statement))
    assert suite.position(token.address, 1).held == 500 * SHARE


def test_attest__contract_that_lost_its_code__refused(
    token, suite, keys, delegate, new_custodian, sentence, say, refused
):
    """A delegated account may be an ERC-1271 attestor; without code it answers nothing, and its key does not count."""
    delegate(keys.outsider, deploy_code(suite, keys.deployer, answering(MAGIC)))
    custodian = new_custodian((keys.outsider.address, AttestorKind.CONTRACT))
    say(sentence(custodian=custodian, shares_held=SHARE), [(keys.outsider.address, b"")])

    delegate(keys.outsider, ZERO_ADDRESS)

    statement = sentence(custodian=custodian, shares_held=2 * SHARE)
    signature = keys.outsider.sign_message(statement.message(suite.deployment.chain_id, suite.ledger.address))
    for answer in (b"", signature):
        with refused(Reason.SIGNATURE_INVALID, number(keys.outsider), 0):
            say(statement, [(keys.outsider.address, answer)])
    assert suite.position(token.address, custodian).held == SHARE
