"""A Safe as sender: calls as files for Safe's own Transaction Builder, and as the documents that its owners sign.

Nothing is sent from here. One file is one transaction of the Safe: the builder would put several calls of one file into
one transaction, beyond what a transaction may use.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from eth_account.messages import SignableMessage, encode_typed_data
from eth_typing import ChecksumAddress
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3

from stockade import chain
from stockade.errors import InputError, Refused
from stockade.records import ZERO_ADDRESS

# The document of Safe 1.3.0 and later. Operation 0 is a call; no gas is refunded.
_FIELDS = (
    ("to", "address"),
    ("value", "uint256"),
    ("data", "bytes"),
    ("operation", "uint8"),
    ("safeTxGas", "uint256"),
    ("baseGas", "uint256"),
    ("gasPrice", "uint256"),
    ("gasToken", "address"),
    ("refundReceiver", "address"),
    ("nonce", "uint256"),
)


@dataclass(frozen=True)
class SafeTransaction:
    """One call that a Safe makes, under a nonce of the Safe's own."""

    safe: ChecksumAddress
    chain_id: int
    nonce: int
    to: ChecksumAddress
    data: bytes

    def typed_data(self) -> dict[str, Any]:
        """What the Safe's owners sign: typed data for eth_signTypedData_v4."""
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "SafeTx": [{"name": name, "type": kind} for name, kind in _FIELDS],
            },
            "primaryType": "SafeTx",
            "domain": {"chainId": self.chain_id, "verifyingContract": self.safe},
            "message": {
                **{name: ZERO_ADDRESS if kind == "address" else 0 for name, kind in _FIELDS},
                "to": self.to,
                "data": "0x" + self.data.hex(),
                "nonce": self.nonce,
            },
        }

    def message(self) -> SignableMessage:
        """The same as eth-account signs it."""
        return encode_typed_data(full_message=self.typed_data())

    @property
    def digest(self) -> bytes:
        """What wallets show as the Safe transaction's hash."""
        message = self.message()
        return keccak(b"\x19" + message.version + message.header + message.body)

    def builder_file(self, name: str, description: str, created_at: int) -> dict[str, Any]:
        """The content of a file that the Transaction Builder imports. `created_at` in seconds UTC."""
        content = {
            "version": "1.0",
            "chainId": str(self.chain_id),
            "createdAt": created_at * 1000,
            "meta": {
                "name": name,
                "description": description,
                "txBuilderVersion": "1.18.2",
                "createdFromSafeAddress": self.safe,
                "createdFromOwnerAddress": "",
            },
            "transactions": [
                {
                    "to": self.to,
                    "value": "0",
                    "data": "0x" + self.data.hex(),
                    "contractMethod": None,
                    "contractInputsValues": None,
                }
            ],
        }
        meta = {**content["meta"], "checksum": checksum(content)}  # type: ignore[dict-item]
        return {**content, "meta": meta}


def next_nonce(w3: Web3, safe: ChecksumAddress) -> int:
    """The nonce of the Safe's next transaction. Raises InputError when there stands no Safe whose documents we know."""
    domain = SafeTransaction(safe, w3.eth.chain_id, 0, safe, b"").message().header
    try:
        if _ask(w3, safe, "domainSeparator()") == domain:
            return int.from_bytes(_ask(w3, safe, "nonce()"), "big")
    except Refused:
        pass  # a contract, and no Safe
    raise InputError(f"{safe} is no Safe of version 1.3.0 or later on this chain: check --safe and the network.")


def _ask(w3: Web3, safe: ChecksumAddress, view: str) -> bytes:
    data = HexBytes(function_signature_to_4byte_selector(view))
    return bytes(chain.read(lambda: w3.eth.call({"to": safe, "data": data})))


def checksum(content: dict[str, Any]) -> str:
    """What the builder compares, to warn of a file that was changed: keccak256 of the content in its own notation, the
    name and the checksum aside.
    """
    meta = {key: value for key, value in content["meta"].items() if key != "checksum"}
    text = _notation({**content, "meta": {**meta, "name": None}})
    return "0x" + keccak(text=text).hex()


def _notation(value: Any) -> str:
    """An object is its sorted keys as a list, then every value followed by a comma; anything else is as in JSON."""
    if isinstance(value, list):
        return f"[{','.join(map(_notation, value))}]"
    if isinstance(value, dict):
        keys = sorted(value)
        return "{" + _plain(keys) + "".join(_notation(value[key]) + "," for key in keys) + "}"
    return _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
