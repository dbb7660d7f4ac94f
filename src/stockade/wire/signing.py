"""Who sent a submission, and who acknowledged it: EIP-191 signatures over a digest of 32 bytes.

Records are chained, so the id of the last one, with the one before the first, stands for all between.
"""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from stockade.chain import Signer
from stockade.wire.canonical import digest


def submission_digest(submission: dict[str, Any]) -> str:
    """The digest of a submission as sent: everything in it but the signature, its records by the first's `prevHash` and
    the last's `recordId`. Raises KeyError or TypeError where these are missing."""
    said = {key: value for key, value in submission.items() if key not in ("records", "signature")}
    records = submission["records"]
    return digest(said | {"prevHash": records[0]["prevHash"], "recordId": records[-1]["recordId"]})


def ack_digest(ack: dict[str, Any]) -> str:
    """The digest of an acknowledgement as sent: everything in it but the signature."""
    return digest({key: value for key, value in ack.items() if key != "signature"})


def sign(signer: Signer, hash_: str) -> str:
    """A signature over a digest, 65 bytes as 0x text."""
    return "0x" + signer.sign_message(_message(hash_)).hex()


def signer_of(hash_: str, signature: str) -> ChecksumAddress | None:
    """Who signed a digest; None for what is no signature."""
    try:
        return to_checksum_address(Account.recover_message(_message(hash_), signature=bytes.fromhex(signature[2:])))
    except Exception:  # eth-account raises whatever 65 wrong bytes make its libraries raise
        return None


def _message(hash_: str) -> SignableMessage:
    return encode_defunct(primitive=bytes.fromhex(hash_[2:]))
