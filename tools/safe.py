"""Deploy a real Safe on a local chain: the bytecode that npm's @safe-global/safe-smart-account ships, behind its proxy.

For the demo and the tests. On a public chain, use Safe's own deployments.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.logs import DISCARD

from stockade import chain
from stockade.chain import Signer
from stockade.records import ZERO_ADDRESS

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "node_modules/@safe-global/safe-smart-account/build/artifacts/contracts"


def deploy_safe(w3: Web3, signer: Signer, owners: Sequence[ChecksumAddress], threshold: int) -> ChecksumAddress:
    """Singleton, fallback handler (which answers ERC-1271), factory, and the Safe itself: four transactions."""
    singleton = _create(w3, signer, "Safe")
    handler = _create(w3, signer, "handler/CompatibilityFallbackHandler")
    factory = w3.eth.contract(
        address=_create(w3, signer, "proxies/SafeProxyFactory"), abi=artifact("proxies/SafeProxyFactory")["abi"]
    )
    setup = w3.eth.contract(abi=artifact("Safe")["abi"]).encode_abi(
        "setup", [list(owners), threshold, ZERO_ADDRESS, b"", handler, ZERO_ADDRESS, 0, ZERO_ADDRESS]
    )
    receipt = chain.transact(w3, signer, factory.functions.createProxyWithNonce(singleton, setup, 0))
    (created,) = factory.events.ProxyCreation().process_receipt(receipt, errors=DISCARD)
    address: ChecksumAddress = created["args"]["proxy"]
    return address


@cache
def artifact(name: str) -> dict[str, Any]:
    """ABI and bytecode as npm ships them, e.g. "handler/CompatibilityFallbackHandler"."""
    path = ARTIFACTS / f"{name}.sol" / f"{name.split('/')[-1]}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _create(w3: Web3, signer: Signer, name: str) -> ChecksumAddress:
    address = chain.send(w3, signer, {"data": artifact(name)["bytecode"]})["contractAddress"]
    if address is None:
        raise RuntimeError(f"{name} was not created")
    return address
