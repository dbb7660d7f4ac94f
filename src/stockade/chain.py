"""Talking to a chain: who signs, what is sent, and what a refusal means.

One way to send for every tool: ask first (`eth_call`), so that a refusal costs nothing and is said in words; then sign,
send and wait. Works with any web3 provider, Ape's embedded chain included.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_account.messages import SignableMessage
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from requests.exceptions import RequestException
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import (
    CannotHandleRequest,
    ContractCustomError,
    ContractLogicError,
    Web3Exception,
    Web3RPCError,
)
from web3.types import TxParams, TxReceipt, Wei

from stockade import manifest
from stockade.errors import NetworkError, Refused, StockadeError

T = TypeVar("T")

# What to do about refusals that are no movement's and therefore have no text in `ReasonText`.
_HINTS = {
    "AccessManagedUnauthorized": "this account does not hold the role that may do this (docs/roles.md)",
    "AccessManagerUnauthorizedAccount": "this account does not hold the role that may do this (docs/roles.md)",
    "ShareTokenMissingRole": "this account does not hold the role, or holds it with a delay (docs/roles.md)",
    "AccessManagerNotScheduled": "the role waits before it acts; schedule the call first",
    "AccessManagerNotReady": "the call is scheduled, and its time has not come",
    "AccessManagerAlreadyScheduled": "the call is scheduled already",
    "ListingDuplicateIsin": "this share has a token already",
    "ListingRightsUnverified": "set the document RIGHTS first, which says how the token's rights were verified (R9)",
    "ListingObjectionPeriod": "tell the issuer of the share first (`ape run listing notify`); then it may object (R8)",
    "ListingObjected": "the issuer of the share objected in time, which bars the token for good (R8)",
    "ListingExemptionNotInForce": "`ape run listing exemption show` says why, and when it opens (seconds UTC)",
    "ListingInvalidTerms": "terms begin before those they follow end, and take back nothing that has begun",
}

# How web3 says that the connection broke, by itself and behind Ape.
NO_ANSWER = (RequestException, CannotHandleRequest)

# EIP-7825: no transaction may ask for more.
TRANSACTION_GAS_LIMIT = 16_777_216


class Signer(Protocol):
    """Who signs: an eth-account key (`KeySigner`) or an Ape account (`stockade.ape.ApeSigner`)."""

    @property
    def address(self) -> ChecksumAddress: ...

    def sign_transaction(self, transaction: TxParams) -> bytes:
        """The raw signed transaction."""
        ...

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        ...


@dataclass(frozen=True)
class KeySigner:
    """A key in memory. Keys come from keystores or the environment, never from a file of this repository."""

    account: LocalAccount

    @property
    def address(self) -> ChecksumAddress:
        return self.account.address

    def sign_transaction(self, transaction: TxParams) -> bytes:
        return bytes(self.account.sign_transaction(transaction).raw_transaction)  # type: ignore[arg-type]

    def sign_message(self, message: SignableMessage) -> bytes:
        return bytes(self.account.sign_message(message).signature)


def connect(url: str) -> Web3:
    """A web3 connection. Raises NetworkError when nothing answers at `url`."""
    w3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 60}))
    if not w3.is_connected():
        raise NetworkError(f"No node answers at {origin(url)}: start one (`make devnet`) or give another address.")
    return w3


def origin(url: str) -> str:
    """Scheme, host and port of a node's address: user, path and query may hold a key, and are shown nowhere."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        return "the address given"
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def transact(
    w3: Web3, signer: Signer, call: ContractFunction, value: int = 0, chain_id: int | None = None
) -> TxReceipt:
    """Asks, signs, sends and waits. Raises Refused with the contract's reason, before anything is sent if it can."""
    transaction: TxParams = {"to": call.address, "data": HexBytes(call._encode_transaction_data()), "value": value}  # type: ignore[typeddict-item]
    return send(w3, signer, transaction, chain_id)


def send(w3: Web3, signer: Signer, transaction: TxParams, chain_id: int | None = None) -> TxReceipt:
    """Like `transact`, for a raw transaction; without `to` it creates a contract.

    Signed for `chain_id`, by default the chain that the node says it is: a node that changes its answer cannot make a
    suite's user sign for another chain.
    """
    filled: TxParams = {**transaction, "from": signer.address}
    gas = ask(lambda: w3.eth.estimate_gas(filled))
    fee = fees(w3)
    filled |= {
        "chainId": w3.eth.chain_id if chain_id is None else chain_id,
        "nonce": w3.eth.get_transaction_count(signer.address),
        "gas": min(gas * 5 // 4, TRANSACTION_GAS_LIMIT),
        **fee,
    }
    unsigned: TxParams = {key: value for key, value in filled.items() if key != "from"}  # type: ignore[assignment]
    sent = ask(lambda: w3.eth.send_raw_transaction(signer.sign_transaction(unsigned)))
    receipt = w3.eth.wait_for_transaction_receipt(sent, timeout=300)
    if receipt["status"] != 1:
        raise Refused(f"Transaction {sent.to_0x_hex()} was mined and reverted.", error="")
    return receipt


def ask(question: Callable[[], T]) -> T:
    """Runs a read or an estimate, and turns a revert into Refused."""
    try:
        return question()
    except Exception as error:
        if (data := revert_data(error)) is not None:
            raise refusal(data) from error
        if isinstance(error, NO_ANSWER):
            raise no_answer() from error
        if isinstance(error, Web3Exception):
            raise NetworkError(f"The node answered: {error}.") from error
        raise


def read(question: Callable[[], T]) -> T:
    """Like `ask`, for a node that may be hostile: whatever it answers, nothing but a StockadeError comes out."""
    try:
        return ask(question)
    except StockadeError:
        raise
    except Exception as error:  # web3 raises whatever a wrong answer makes it stumble over
        raise NetworkError(f"The node's answer cannot be read ({error}): ask another node.") from error


def no_answer() -> NetworkError:
    """Says nothing of what web3 says: the node's address, which may hold a key, and the request."""
    return NetworkError("The node does not answer any more: see whether the last act was done before you repeat it.")


def revert_data(error: BaseException) -> bytes | None:
    """The revert data behind an exception of web3 or of the embedded chain; None when it is no revert."""
    if isinstance(error, ContractCustomError | ContractLogicError):
        data = error.data
        return bytes(HexBytes(data)) if isinstance(data, str) and data.startswith("0x") else b""
    if isinstance(error, Web3RPCError) and error.rpc_response is not None:
        body = error.rpc_response.get("error")
        found = body.get("data") if isinstance(body, dict) else None
        return bytes(HexBytes(found)) if isinstance(found, str) and found.startswith("0x") else None
    if type(error).__name__ == "TransactionFailed":  # eth-tester's, not installed with the library
        return _embedded_revert(str(error))
    cause = error.__context__
    if isinstance(error, OverflowError) and type(cause).__name__ == "TransactionFailed":
        # web3 reads the data as a string before it hands it on, and some errors' arguments make an impossible length.
        return _embedded_revert(str(cause))
    return None


def _embedded_revert(text: str) -> bytes:
    """eth-tester puts the data's Python repr behind a prefix."""
    literal = text.removeprefix("execution reverted: ")
    if not literal.startswith(("b'", 'b"')):
        return b""
    value = ast.literal_eval(literal)
    return value if isinstance(value, bytes) else b""


def decode_error(data: bytes) -> tuple[str, dict[str, Any]]:
    """A custom error's name and arguments, as the suite's contracts declare it; ("", {}) when none of them does."""
    declared = manifest.declared_errors().get(data[:4])
    if declared is None:
        return "", {}
    types = [_abi_type(item) for item in declared["inputs"]]
    try:
        values = abi_decode(types, data[4:])
    except DecodingError:
        return declared["name"], {}
    names = (item["name"] for item in declared["inputs"])
    shown = [
        to_checksum_address(value) if kind == "address" else value for kind, value in zip(types, values, strict=True)
    ]
    return declared["name"], dict(zip(names, shown, strict=True))


def _abi_type(item: dict[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_abi_type(part) for part in item["components"])
    return f"({inner}){item['type'].removeprefix('tuple')}"


def refusal(data: bytes, code: int = 0, reason: str = "", text: str = "") -> Refused:
    """A Refused that says what the contract said. `Suite.explain` adds code, reason and text."""
    name, values = decode_error(data)
    if not name:
        name = f"an unknown error (0x{data[:4].hex()})" if data else "no reason"
    shown = ", ".join(f"{key}={_show(value)}" for key, value in values.items())
    detail = f"{name}({shown})" if values else name
    plain = f"Refused: {detail}: {_HINTS[name]}." if name in _HINTS else f"Refused: {detail}."
    message = f"{text} [{reason} {code}, {detail}]" if reason else plain
    return Refused(message, error=name, code=code, reason=reason, data=data)


def _show(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def require_code(w3: Web3, address: str, what: str) -> ChecksumAddress:
    """The address, if a contract stands there. Raises NetworkError."""
    checked = to_checksum_address(address)
    if not w3.eth.get_code(checked):
        raise NetworkError(
            f"No contract stands at {checked} ({what}) on chain {w3.eth.chain_id}: "
            "check the network, or the address in the deployment file."
        )
    return checked


def fees(w3: Web3) -> TxParams:
    """Fees of a type 2 transaction: twice the base fee, and the node's tip."""
    base = w3.eth.get_block("latest").get("baseFeePerGas")
    if base is None:
        raise StockadeError("This chain has no base fee (EIP-1559), which Stockade's transactions need.")
    tip = w3.eth.max_priority_fee
    return {"maxFeePerGas": Wei(2 * base + tip), "maxPriorityFeePerGas": tip}
