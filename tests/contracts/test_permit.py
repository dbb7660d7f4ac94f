"""Permits (ERC-2612): they set an allowance for anyone who signs, once, on this token and chain alone."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

from stockade.records import Basis, Kind
from tests.contracts.support import MAX_256, ORDER, movement, refuses
from tests.support import SHARE

pytestmark = pytest.mark.usefixtures("market")

ORDER_OF_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TYPES = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


@pytest.fixture
def message(token, chain):
    """A permit to sign; fields of the domain and of the message may be overridden."""

    def build(owner, spender, value=5 * SHARE, nonce=0, deadline=MAX_256, **domain) -> SignableMessage:
        separator = {
            "name": token.name(),
            "version": "1",
            "chainId": chain.provider.web3.eth.chain_id,
            "verifyingContract": token.address,
            **domain,
        }
        values = {
            "owner": owner.address,
            "spender": spender.address,
            "value": value,
            "nonce": nonce,
            "deadline": deadline,
        }
        return encode_typed_data(separator, TYPES, values)

    return build


def signature(signer, message) -> tuple[int, bytes, bytes]:
    raw = signer.sign_message(message)
    return raw[64], raw[:32], raw[32:64]


def test_permit__signed__sets_the_allowance_and_uses_the_nonce(token, actors, keys, message):
    vrs = signature(keys.alice, message(actors.alice, actors.platform))

    receipt = token.permit(actors.alice, actors.platform, 5 * SHARE, MAX_256, *vrs, sender=actors.stranger)

    assert receipt.events == [token.Approval(actors.alice, actors.platform, 5 * SHARE)]
    assert token.allowance(actors.alice, actors.platform) == 5 * SHARE
    assert token.nonces(actors.alice) == 1


def test_permit__landed_by_another_first__the_platform_moves_all_the_same(token, actors, keys, message):
    """Whoever front-runs a permit only does what it asks."""
    vrs = signature(keys.alice, message(actors.alice, actors.platform))
    arguments = (actors.alice, actors.platform, 5 * SHARE, MAX_256, *vrs)
    token.permit(*arguments, sender=actors.stranger)
    again = Account._recover_hash(_digest(message(actors.alice, actors.platform, nonce=1)), vrs)

    with refuses(token.ERC2612InvalidSigner, signer=again, owner=actors.alice):
        token.permit(*arguments, sender=actors.platform)
    receipt = token.transferFrom(actors.alice, actors.bob, 5 * SHARE, sender=actors.platform)

    assert receipt.events == movement(
        token, receipt, Kind.TRANSFER, actors.platform, actors.alice, actors.bob, 5 * SHARE
    )


@pytest.mark.parametrize("frozen", [False, True], ids=["unknown", "frozen"])
def test_permit__by_whoever_may_not_send__sets_the_allowance(token, registry, actors, keys, message, frozen):
    """The movement is judged, not the allowance."""
    if frozen:
        registry.freeze(actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    vrs = signature(keys.carol, message(actors.carol, actors.platform))

    receipt = token.permit(actors.carol, actors.platform, 5 * SHARE, MAX_256, *vrs, sender=actors.relay)

    assert receipt.events == [token.Approval(actors.carol, actors.platform, 5 * SHARE)]
    code = 22 if frozen else 21
    with refuses(token.ShareTokenCannotSend, code=code, account=actors.carol, record=0x80 if frozen else 0):
        token.transferFrom(actors.carol, actors.bob, 0, sender=actors.platform)


@pytest.mark.parametrize(
    "wrong",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"name": "Another Share"},
        {"version": "2"},
        {"nonce": 1},
        {"value": 5 * SHARE + 1},
        {"deadline": MAX_256 - 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_permit__signed_for_something_else__refused(token, actors, keys, message, wrong):
    vrs = signature(keys.alice, message(actors.alice, actors.platform, **wrong))
    found = Account._recover_hash(_digest(message(actors.alice, actors.platform)), vrs)

    with refuses(token.ERC2612InvalidSigner, signer=found, owner=actors.alice):
        token.permit(actors.alice, actors.platform, 5 * SHARE, MAX_256, *vrs, sender=actors.platform)
    assert token.nonces(actors.alice) == 0


def test_permit__signed_by_another__refused(token, actors, keys, message):
    vrs = signature(keys.bob, message(actors.alice, actors.platform))

    with refuses(token.ERC2612InvalidSigner, signer=actors.bob, owner=actors.alice):
        token.permit(actors.alice, actors.platform, 5 * SHARE, MAX_256, *vrs, sender=actors.platform)


def test_permit__signature_mirrored_to_high_s__refused(token, actors, keys, message):
    v, r, s = signature(keys.alice, message(actors.alice, actors.platform))
    mirrored = (ORDER_OF_N - int.from_bytes(s, "big")).to_bytes(32, "big")

    with refuses(token.ECDSAInvalidSignatureS, s=mirrored):
        token.permit(actors.alice, actors.platform, 5 * SHARE, MAX_256, 55 - v, r, mirrored, sender=actors.platform)


@pytest.mark.parametrize("off", [0, 1])
def test_permit__around_the_deadline__holds_up_to_it(token, actors, keys, message, now, at, off):
    """ERC-2612 includes the deadline itself, unlike every time limit of ours."""
    deadline = now() + 1000
    vrs = signature(keys.alice, message(actors.alice, actors.platform, deadline=deadline))
    at(deadline + off)

    if off:
        with refuses(token.ERC2612ExpiredSignature, deadline=deadline):
            token.permit(actors.alice, actors.platform, 5 * SHARE, deadline, *vrs, sender=actors.platform)
    else:
        token.permit(actors.alice, actors.platform, 5 * SHARE, deadline, *vrs, sender=actors.platform)
        assert token.allowance(actors.alice, actors.platform) == 5 * SHARE


def _digest(message: SignableMessage) -> bytes:
    return keccak(b"\x19" + message.version + message.header + message.body)
