"""A real Safe on the test chain, with its owners' keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3

from stockade.chain import KeySigner, Signer
from stockade.custody.safes import combine_owners, signable_safe_message
from tools.safe import deploy_safe


@dataclass(frozen=True)
class Safe:
    """`Safe.deploy(w3, keys.deployer, [keys.desk_a, keys.desk_b], 2)`."""

    address: ChecksumAddress
    owners: tuple[KeySigner, ...]
    threshold: int
    chain_id: int

    @classmethod
    def deploy(cls, w3: Web3, signer: Signer, owners: Sequence[KeySigner], threshold: int) -> Safe:
        address = deploy_safe(w3, signer, [owner.address for owner in owners], threshold)
        return cls(address, tuple(owners), threshold, w3.eth.chain_id)

    def sign(self, digest: bytes, *owners: KeySigner) -> bytes:
        """The Safe's ERC-1271 signature over a digest; by default just enough owners sign."""
        message = signable_safe_message(self.address, digest, self.chain_id)
        chosen = owners or self.owners[: self.threshold]
        return combine_owners((owner.address, owner.sign_message(message)) for owner in chosen)
