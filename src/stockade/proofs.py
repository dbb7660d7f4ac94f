"""A stream's head, proven from a block's hash: nothing that a node says in between has to be believed.

    header = header_at(w3, "finalized")
    head = prove_head(w3, header, "ShareToken", address)

The header's hash is computed from its fields, so they are the block's; its state root leads to the account, the
account's storage root to the slot (Ethereum's Merkle Patricia tries, EIP-1186). Whether the hash itself is on the chain
is the one thing left to ask, of a second node or anybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

import rlp
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from trie import HexaryTrie
from web3 import Web3
from web3.types import RPCEndpoint

from stockade import manifest
from stockade.chain import NO_ANSWER, no_answer
from stockade.errors import NetworkError, StockadeError
from stockade.reporting.entries import CHAIN_MASK
from stockade.reporting.streams import Head

T = TypeVar("T")

# A header's fields in the order of its RLP; from `baseFeePerGas` on, each came with a later fork and is there if they
# before it are (EIP-1559, 4895, 4844, 4788, 7685).
_FIELDS = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)
_REQUIRED = _FIELDS.index("baseFeePerGas")
_NUMBERS = {
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "baseFeePerGas",
    "blobGasUsed",
    "excessBlobGas",
}
# nonce, balance, storage root, code hash.
_STORAGE_ROOT = 2
_SEQUENCE_MASK = (1 << 32) - 1


@dataclass(frozen=True)
class Header:
    """A block as its own hash vouches for it. `timestamp` in seconds UTC."""

    number: int
    hash: str
    timestamp: int
    state_root: bytes


def header_at(w3: Web3, block: int | str | Literal["latest", "finalized"]) -> Header:
    """A block's header, by number, by hash (0x and 64 digits) or by tag. Raises NetworkError when there is none, or
    when its fields are not those that its hash is of.
    """
    by_hash = isinstance(block, str) and block.startswith("0x")
    method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
    answer = _ask(w3, method, [hex(block) if isinstance(block, int) else block, False])
    if answer is None:
        raise NetworkError(f"The node has no block {block}.")
    computed, header = _read(lambda: (_hash_of(answer), _header(answer)))
    found = header.number if isinstance(block, int) else computed if by_hash else block
    if computed != header.hash or found != block:
        raise NetworkError(f"The node's block {header.number} is not the one that its hash is of: ask another node.")
    return header


def prove_head(w3: Web3, header: Header, contract: str, address: ChecksumAddress) -> Head:
    """The head that a contract of the suite holds at the end of a block. Raises NetworkError when the node has no proof
    of it, or one that does not lead there from the block's hash.
    """
    slot = head_slot(contract).to_bytes(32, "big")
    answer = _ask(w3, "eth_getProof", [address, ["0x" + slot.hex()], hex(header.number)])
    word = _read(lambda: _stored(header.state_root, address, slot, answer))
    return Head(word >> 160 & _SEQUENCE_MASK, word & CHAIN_MASK)


@cache
def head_slot(contract: str) -> int:
    """Where a contract keeps its head, sequence 32 | chain 160: a token in its control word, the first of ERC-7201's
    namespace `stockade.storage.ReportLog`; every other in `_head`, whose place the compiler has written down.
    """
    if contract == "ShareToken":
        root = int.from_bytes(keccak(text="stockade.storage.ReportLog"), "big") - 1
        return int.from_bytes(keccak(root.to_bytes(32, "big")), "big") & ~0xFF
    for variable in manifest.contract(contract)["storageLayout"]["storage"]:
        if variable["label"] == "_head":
            return int(variable["slot"])
    raise StockadeError(f"{contract} keeps no head: it reports nothing.")


# ---------------------------------------------------------------- from JSON-RPC


def _ask(w3: Web3, method: str, params: list[Any]) -> Any:
    """Past web3's formatters: the proof is over what was said, byte for byte."""
    try:
        answer = w3.provider.make_request(RPCEndpoint(method), params)
    except NO_ANSWER:
        raise no_answer() from None
    except Exception as error:  # web3 raises whatever a wrong answer makes it stumble over
        raise NetworkError(f"The node's answer cannot be read ({type(error).__name__}): ask another node.") from None
    if not isinstance(answer, dict) or "result" not in answer:
        raise NetworkError(f"The node refuses {method}: ask one that serves proofs of this block.")
    return answer["result"]


def _read(read: Callable[[], T]) -> T:
    """Whatever a false answer makes the libraries stumble over, nothing but a NetworkError comes out."""
    try:
        return read()
    except Exception as error:
        raise NetworkError(
            f"The node's proof does not hold ({type(error).__name__}): ask another node, or again if the chain was "
            "being reorganised."
        ) from None


def _bytes(value: str) -> bytes:
    if not value.startswith("0x"):
        raise ValueError(value)
    return bytes.fromhex(value[2:])


def _hash_of(block: dict[str, Any]) -> str:
    present = [field for field in _FIELDS if block.get(field) is not None]
    if present != list(_FIELDS[: max(len(present), _REQUIRED)]):
        raise ValueError("fields are missing")
    items = [_minimal(int(block[field], 16)) if field in _NUMBERS else _bytes(block[field]) for field in present]
    return "0x" + keccak(rlp.encode(items)).hex()


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _header(block: dict[str, Any]) -> Header:
    root = _bytes(block["stateRoot"])
    return Header(int(block["number"], 16), block["hash"], int(block["timestamp"], 16), root)


def _stored(state_root: bytes, address: ChecksumAddress, slot: bytes, answer: dict[str, Any]) -> int:
    account = _value(state_root, bytes.fromhex(address[2:]), answer["accountProof"])
    if not account:
        return 0
    (proof,) = answer["storageProof"]
    value = _value(rlp.decode(account)[_STORAGE_ROOT], slot, proof["proof"])
    return int.from_bytes(rlp.decode(value), "big") if value else 0


def _value(root: bytes, key: bytes, proof: list[str]) -> bytes:
    """What stands at a key; nothing where the proof shows that nothing does. A wrong proof raises anything."""
    return bytes(HexaryTrie.get_from_proof(root, keccak(key), [rlp.decode(_bytes(node)) for node in proof]))
