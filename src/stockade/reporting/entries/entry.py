"""One numbered entry of a stream, whatever it says, and the chain over entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from eth_abi.abi import encode as abi_encode
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

CHAIN_MASK = (1 << 160) - 1


class Content:
    """What one entry says; its subclasses name the stream and the kind."""


class Place(NamedTuple):
    """Where a log stands; ascending on one chain."""

    block: int
    log: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry of a stream.

    `content` is None when the kind is unknown here or the data is not what the kind says; the chain still covers it.
    `tail` is what the link hashes after the chain so far. The log of a RECORD has neither operator nor time: they are
    its batch's, zero until `streams.follow` has filled them in.
    """

    seq: int
    kind: int
    operator: ChecksumAddress
    timestamp: int
    content: Content | None
    place: Place
    transaction: str
    tail: bytes

    def link(self, chain: int) -> int:
        """The chain after this entry: chain' = uint160(keccak256(abi.encode(chain, ...tail)))."""
        return int.from_bytes(keccak(chain.to_bytes(32, "big") + self.tail), "big") & CHAIN_MASK


@dataclass(frozen=True)
class Unreadable:
    """A log that is no entry; `seq` when at least its number can be read."""

    seq: int | None
    place: Place | None


# Entries that contradict those before them: sequence number and problem.
Wrong = list[tuple[int, str]]


def start_of_chain(chain_id: int, address: str) -> int:
    """The chain before the first entry: uint160(keccak256(abi.encode(chainid, address)))."""
    return int.from_bytes(keccak(abi_encode(["uint256", "address"], [chain_id, address])), "big") & CHAIN_MASK
