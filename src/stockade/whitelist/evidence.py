"""One hash that joins a batch on chain to the registrar's files (R31), and proofs of single rows.

A batch carries the root of a Merkle tree over commitments to its rows. A commitment joins wallet, record and the hash
of the holder file's evidence, and is salted: what stands on chain lets nobody test a guess, and what proves one row
says nothing of another. Salts are keyed hashes of the row itself, so none is stored. The tree is `stockade.merkle`'s,
with leaf types (address, uint256, bytes32, bytes32).
"""

from __future__ import annotations

import hashlib
import hmac

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

# What a row commits to that a complete book no longer names, or that has no evidence known.
NO_EVIDENCE = bytes(32)

# Keeps salts apart from investor numbers, which are made with the same key: no reference holds a zero byte.
_SALT = b"\0stockade evidence salt\0"


def salt_of(wallet: ChecksumAddress, record: int, evidence: bytes, key: bytes) -> bytes:
    """The row's salt: HMAC-SHA256 under the registrar's key over wallet (20 bytes), record (32) and evidence (32)."""
    return hmac.digest(key, _SALT + bytes.fromhex(wallet[2:]) + record.to_bytes(32, "big") + evidence, hashlib.sha256)


def commitment(wallet: ChecksumAddress, record: int, evidence: bytes, salt: bytes) -> bytes:
    """A row's leaf: keccak256(keccak256(abi.encode(wallet, record, evidence, salt))), `record` packed and without the
    freeze. Hashed twice, so that no inner node can pass for a leaf.
    """
    row = bytes(12) + bytes.fromhex(wallet[2:]) + record.to_bytes(32, "big") + evidence + salt
    return keccak(keccak(row))


def commit(wallet: ChecksumAddress, record: int, evidence: bytes, key: bytes) -> bytes:
    """The commitment to a row, with its own salt; empty evidence is NO_EVIDENCE."""
    evidence = evidence or NO_EVIDENCE
    return commitment(wallet, record, evidence, salt_of(wallet, record, evidence, key))
