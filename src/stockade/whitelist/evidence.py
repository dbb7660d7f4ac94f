"""One hash that joins a batch on chain to the registrar's files (R31), and proofs of single rows.

A batch carries the root of a Merkle tree over commitments to its rows. A commitment joins wallet, record and the hash
of the holder file's evidence, and is salted: what stands on chain lets nobody test a guess, and what proves one row
says nothing of another. Salts are keyed hashes of the row itself, so none is stored. The tree is OpenZeppelin's
standard one with leaf types (address, uint256, bytes32, bytes32); its `MerkleProof` and npm's merkle-tree check proofs
made from it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from stockade.errors import InputError

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


def evidence_root(commitments: Iterable[bytes]) -> bytes:
    """The root over a batch's commitments, whatever their order; at least one."""
    return _tree(sorted(commitments))[0]


def prove(commitments: Iterable[bytes], leaf: bytes) -> tuple[bytes, ...]:
    """The hashes that lead from one commitment of a batch to its root, the leaf's neighbour first. Raises InputError
    when it is not among them.
    """
    leaves = sorted(commitments)
    if leaf not in leaves:
        raise InputError("The row is not among the batch's commitments: give those that were applied with it.")
    tree = _tree(leaves)
    proof, node = [], len(tree) - 1 - leaves.index(leaf)
    while node:
        proof.append(tree[node - 1 if node % 2 == 0 else node + 1])
        node = (node - 1) // 2
    return tuple(proof)


def root_of(leaf: bytes, proof: Iterable[bytes]) -> bytes:
    """Where a proof leads."""
    for neighbour in proof:
        leaf = _node(leaf, neighbour)
    return leaf


def _tree(leaves: Sequence[bytes]) -> list[bytes]:
    """Ascending leaves fill the array from its end; node i's children are 2i + 1 and 2i + 2."""
    tree = [b""] * (len(leaves) - 1) + [*reversed(leaves)]
    for node in reversed(range(len(leaves) - 1)):
        tree[node] = _node(tree[2 * node + 1], tree[2 * node + 2])
    return tree


def _node(one: bytes, other: bytes) -> bytes:
    """keccak256 of two nodes, the smaller first."""
    return keccak(one + other if one < other else other + one)
