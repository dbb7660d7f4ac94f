"""The tree that proofs of rows and of records are made from."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from stockade import merkle
from stockade.errors import InputError

HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20, unique=True)


def test_root__any_order__the_root_of_the_standard_tree():
    """By hand, for three leaves a <= b <= c: node 1 of the array is (a, b), node 0 is (node 1, c)."""
    a, b, c = leaves = sorted(keccak(bytes([index])) for index in range(3))
    inner = keccak(a + b)

    root = merkle.root(leaves)

    assert root == keccak(min(inner, c) + max(inner, c)) == merkle.root(reversed(leaves))
    assert merkle.root([a]) == a
    assert merkle.prove(leaves, a) == (b, c)
    assert merkle.prove(leaves, c) == (inner,)


@given(HASHES, st.data())
def test_prove__any_leaf_of_any_tree__leads_to_the_root_and_another_does_not(leaves, data):
    leaf = data.draw(st.sampled_from(leaves))

    proof = merkle.prove(leaves, leaf)

    assert merkle.root_of(leaf, proof) == merkle.root(leaves)
    assert merkle.root_of(keccak(leaf), proof) != merkle.root(leaves)


def test_prove__no_leaf_of_the_tree__refused():
    with pytest.raises(InputError, match="not among the leaves"):
        merkle.prove([b"\1" * 32], b"\2" * 32)
