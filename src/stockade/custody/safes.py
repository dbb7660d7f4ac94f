"""A Safe as attestor. It answers ERC-1271 for a digest when enough of its owners signed the digest *as a Safe message*:
another EIP-712 document, bound to that Safe and its chain. Owners sign it apart, like everything here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eth_account.messages import SignableMessage, encode_typed_data
from eth_typing import ChecksumAddress

from stockade.custody.typed import SIGNATURE_BYTES
from stockade.errors import InputError


def safe_message(safe: ChecksumAddress, digest: bytes, chain_id: int) -> dict[str, Any]:
    """What the owners of `safe` sign so that it stands for `digest`: typed data for eth_signTypedData_v4.

    The layout of Safe 1.3.0 and later, whose domain names the chain.
    """
    if len(digest) != 32:
        raise InputError(f"A digest has 32 bytes, this has {len(digest)}: give the digest of the attestation.")
    return {
        "types": {
            "EIP712Domain": [
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "SafeMessage": [{"name": "message", "type": "bytes"}],
        },
        "primaryType": "SafeMessage",
        "domain": {"chainId": chain_id, "verifyingContract": safe},
        "message": {"message": "0x" + digest.hex()},
    }


def signable_safe_message(safe: ChecksumAddress, digest: bytes, chain_id: int) -> SignableMessage:
    """The same as eth-account signs it."""
    return encode_typed_data(full_message=safe_message(safe, digest, chain_id))


def combine_owners(signatures: Iterable[tuple[ChecksumAddress, bytes]]) -> bytes:
    """The Safe's signature out of its owners' (address, 65 bytes), each owner once, ascending by address.

    Owners that are contracts themselves are deliberately absent: their signatures have another layout.
    """
    seen: dict[int, bytes] = {}
    for owner, signature in signatures:
        if len(signature) != SIGNATURE_BYTES:
            raise InputError(f"The signature of owner {owner} has {len(signature)} bytes instead of 65: sign again.")
        if (place := int(owner, 16)) in seen:
            raise InputError(f"Owner {owner} signed twice: give each owner's signature once.")
        seen[place] = signature
    if not seen:
        raise InputError("No owner's signature was given: a Safe needs as many as its threshold.")
    return b"".join(seen[place] for place in sorted(seen))
