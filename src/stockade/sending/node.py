"""The few questions that sending asks a node, each repeated while the node is silent, overloaded or answers nonsense.

Whatever a node answers, nothing but a Refused (a contract's no) or a NetworkError comes out of here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.types import BlockIdentifier, RPCEndpoint

from stockade import chain
from stockade.errors import NetworkError, Refused

T = TypeVar("T")

# Beyond what SQLite keeps in an integer, and beyond anything a chain says of gas, fees and heights.
_TOO_LARGE = 1 << 63


@dataclass(frozen=True)
class Head:
    """The latest block: its height, its base fee in wei, and its gas limit."""

    number: int
    base_fee: int
    gas_limit: int


@dataclass(frozen=True)
class Fees:
    """Of a type 2 transaction, in wei for a unit of gas: the most it pays in all, and the tip in it."""

    most: int
    tip: int


@dataclass(frozen=True)
class Receipt:
    """What became of a mined transaction; `price` in wei for a unit of gas."""

    succeeded: bool
    block: int
    block_hash: bytes
    gas_used: int
    price: int


class Node:
    """A node that is asked again: `tries` times, after `pause` seconds, then twice as many, up to half a minute."""

    def __init__(self, w3: Web3, pause: float, tries: int) -> None:
        self.w3 = w3
        self._pause = pause
        self._tries = tries

    def ask(self, question: Callable[[], T]) -> T:
        """The answer. Raises Refused at once, NetworkError when no try brought an answer that can be read."""
        for done in range(1, self._tries + 1):
            try:
                return chain.read(question)
            except NetworkError:
                if done == self._tries:
                    raise
                time.sleep(min(self._pause * 2 ** (done - 1), 30))
        raise AssertionError("unreachable")

    def head(self) -> Head:
        def question() -> Head:
            block = self.w3.eth.get_block("latest")
            return Head(*(_number(block[name]) for name in ("number", "baseFeePerGas", "gasLimit")))

        return self.ask(question)

    def count(self, account: ChecksumAddress, block: BlockIdentifier) -> int:
        """How many transactions of the account are in the chain up to a block: the nonce that comes next."""
        return self.ask(lambda: _number(self.w3.eth.get_transaction_count(account, block)))

    def fees(self) -> Fees:
        """What to offer now."""

        def question() -> Fees:
            asked = chain.fees(self.w3)
            return Fees(_number(asked["maxFeePerGas"]), _number(asked["maxPriorityFeePerGas"]))

        return self.ask(question)

    def is_known(self, hash: bytes) -> bool:
        """Whether the transaction waits or is mined."""
        return self.ask(lambda: self._plain("eth_getTransactionByHash", "0x" + hash.hex())) is not None

    def receipt(self, hash: bytes) -> Receipt | None:
        """None while the transaction is not in the chain."""

        def question() -> Receipt | None:
            found = self._plain("eth_getTransactionReceipt", "0x" + hash.hex())
            if found is None:
                return None
            names = ("blockNumber", "gasUsed", "effectiveGasPrice", "status")
            block, gas_used, price, status = (_number(found[name]) for name in names)
            return Receipt(status == 1, block, _hash(found["blockHash"]), gas_used, price)

        return self.ask(question)

    def is_canonical(self, block: int, block_hash: bytes) -> bool:
        """Whether this block is the chain's at its height."""

        def question() -> bool:
            found = self._plain("eth_getBlockByNumber", hex(block), False)
            return found is not None and _hash(found["hash"]) == block_hash

        return self.ask(question)

    def _plain(self, method: str, *parameters: Any) -> Any:
        """The answer without web3's formatting, which takes longer than the node for a batch's hundreds of logs."""
        return self.w3.manager.request_blocking(RPCEndpoint(method), list(parameters))

    def broadcast(self, raw: bytes) -> str:
        """Hands a signed transaction over, once. What the node said against it, in small letters; "" when nothing."""
        try:
            chain.read(lambda: self.w3.eth.send_raw_transaction(raw))
        except Refused as refused:  # a node that runs it first, like the embedded one
            return str(refused).lower()
        except NetworkError as error:
            return str(error).lower()
        return ""


def _number(value: Any) -> int:
    """A quantity, as web3 gives it or as the node wrote it."""
    number = int(value, 16) if isinstance(value, str) else int(value)
    if not 0 <= number < _TOO_LARGE:
        raise NetworkError(f"The node answered {number}, which no chain says: ask another node.")
    return number


def _hash(value: Any) -> bytes:
    found = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
    if len(found) != 32:
        raise NetworkError("The node gave a hash that has not 32 bytes: ask another node.")
    return found
