"""Moving tokens to new code: prepared, checked against what is stored, scheduled, and after the delay executed.

Only the factory upgrades, and only UPGRADER asks it to, after 20 days (R6). What is about to happen stands in a file
beside the deployment from the moment its implementation is created, so that whoever executes executes just that.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.contract.contract import ContractFunction

from stockade import chain, inspection, manifest
from stockade.chain import Signer
from stockade.errors import InputError, StockadeError
from stockade.records import Control
from stockade.suite import Deployment, Suite, contract_at


@dataclass(frozen=True)
class Upgrade:
    """Which tokens move to which implementation."""

    implementation: ChecksumAddress
    tokens: tuple[ChecksumAddress, ...]

    @classmethod
    def load(cls, path: Path) -> Upgrade:
        """Reads the file that `save` wrote. Raises InputError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            tokens = tuple(to_checksum_address(token) for token in content["tokens"])
            return cls(to_checksum_address(content["implementation"]), tokens)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read as an upgrade ({error}): remove it and prepare again.") from None

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    def call(self, suite: Suite) -> ContractFunction:
        """What UPGRADER schedules and later makes."""
        code = Web3.keccak(suite.w3.eth.get_code(self.implementation))
        return suite.factory.functions.upgrade(self.implementation, code, self.tokens)


# ---------------------------------------------------------------- prepare


def layout_problems(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What of the stored fields of a token would be read as something else; none when new fields only follow old ones.

    Layouts are those of `snapshots/storage-layout.json`: plain fields, ERC-7201 namespaces, and the structs in them.
    """
    problems = _moved("the contract", old["fields"], new["fields"])
    for name, before in old["namespaces"].items():
        after = new["namespaces"].get(name)
        if after is None or after["slot"] != before["slot"]:
            problems.append(f"namespace {name} is gone")
        else:
            problems += _moved(f"namespace {name}", before["fields"], after["fields"])
    for name, fields in old["structs"].items():
        # A longer struct inside an array or before another field would move what follows it.
        if new["structs"].get(name, fields) != fields:
            problems.append(f"{name} has changed")
    return problems


def _moved(where: str, old: list[str], new: list[str]) -> list[str]:
    kept = new[: len(old)]
    return [f"{where}: {was} is now {is_now}" for was, is_now in zip(old, kept, strict=False) if was != is_now] + [
        f"{where}: {was} is gone" for was in old[len(new) :]
    ]


def prepare(suite: Suite, signer: Signer, tokens: tuple[ChecksumAddress, ...]) -> Upgrade:
    """Creates the compiled token code, wired like the present one. Anyone may: it holds nothing until UPGRADER acts.

    Raises InputError when the tokens run on this very code already.
    """
    present = suite.deployment.addresses["implementation"]
    if all(check.ok for check in inspection.inspect_code(suite.w3, suite.deployment, "ShareToken", present)):
        raise InputError(f"The tokens run on this code already ({present}): there is nothing to upgrade.")
    wiring = contract_at(suite.w3, "ShareToken", present).functions.wiring().call()
    entry = manifest.contract("ShareToken")
    factory = suite.w3.eth.contract(abi=entry["abi"], bytecode=entry["bytecode"])
    receipt = chain.send(suite.w3, signer, {"data": factory.constructor(wiring).data_in_transaction})
    return Upgrade(to_checksum_address(str(receipt["contractAddress"])), tokens)


def check_implementation(suite: Suite, upgrade: Upgrade) -> None:
    """The prepared code is the compiled one, wired to this suite. Raises StockadeError."""
    address = upgrade.implementation
    for check in inspection.inspect_code(suite.w3, suite.deployment, "ShareToken", address):
        if not check.ok:
            raise StockadeError(
                f"The implementation prepared at {address} is not what contracts/ says: {check.what} is {check.found} "
                f"instead of {check.expected}. Remove the upgrade's file and prepare again."
            )


# ---------------------------------------------------------------- after


def state_of(suite: Suite, tokens: tuple[ChecksumAddress, ...]) -> dict[ChecksumAddress, tuple[Any, ...]]:
    """What an upgrade must leave as it is, of each token: name, symbol, decimals, supply, settings."""
    found = {}
    for address in tokens:
        functions = contract_at(suite.w3, "ShareToken", address).functions
        settings = functions.control().call() >> 192
        asked = (functions.name(), functions.symbol(), functions.decimals(), functions.totalSupply())
        found[address] = (*(call.call() for call in asked), Control.unpack(settings << 192))
    return found


def recorded(suite: Suite, upgrade: Upgrade) -> Deployment:
    """The deployment with the new implementation in it."""
    deployment = suite.deployment
    code = Web3.keccak(suite.w3.eth.get_code(upgrade.implementation)).to_0x_hex()
    return replace(
        deployment,
        addresses=deployment.addresses | {"implementation": upgrade.implementation},
        code=deployment.code | {"implementation": code},
    )
