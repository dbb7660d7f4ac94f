"""Merkle trees over hashes: OpenZeppelin's standard one, whose `MerkleProof` and merkle-tree (npm) check proofs of it.

Leaves are hashed twice by whoever makes them, so that no inner node can pass for a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eth_utils.crypto import keccak

from stockade.errors import InputError


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves of 32 bytes, whatever their order; at least one."""
    return _tree(sorted(leaves))[0]


def prove(leaves: Iterable[bytes], leaf: bytes) -> tuple[bytes, ...]:
    """The hashes that lead from one of the leaves to their root, its neighbour first. Raises InputError when it is not
    among them.
    """
    ascending = sorted(leaves)
    if leaf not in ascending:
        raise InputError("What is to be proved is not among the leaves of its tree: give those that the root is of.")
    tree = _tree(ascending)
    proof, node = [], len(tree) - 1 - ascending.index(leaf)
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
