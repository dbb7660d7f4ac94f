"""One hash that joins a batch on chain to the registrar's files.

A batch carries the root of a Merkle tree over its rows, so that years later one row and its evidence hash can be proved
to have been part of it. Evidence hashes themselves stay off chain. The tree is OpenZeppelin's standard one, leaf types
(address, bytes32); its `MerkleProof` and npm's merkle-tree check proofs made from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from eth_abi.abi import encode
from eth_utils.crypto import keccak


def evidence_root(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """The root over (wallet, evidence) pairs, whatever their order; at least one.

    leaf = keccak256(keccak256(abi.encode(wallet, evidence))): hashed twice, so that no inner node can pass for a leaf.
    Leaves are sorted; node = keccak256 of its two children, the smaller first; node i's children are 2i + 1 and 2i + 2.
    """
    leaves = sorted(keccak(keccak(encode(["address", "bytes32"], entry))) for entry in entries)
    tree = [b""] * (len(leaves) - 1) + leaves[::-1]
    for node in reversed(range(len(leaves) - 1)):
        tree[node] = keccak(b"".join(sorted(tree[2 * node + 1 : 2 * node + 3])))
    return tree[0]
