"""Moving tokens to new code: prepared, checked against what is stored, scheduled, and after the delay executed.

Only the factory upgrades, and only UPGRADER asks it to, after 20 days (R6). What is about to happen stands in a file
beside the deployment from the moment its implementation is created, so that whoever executes executes just that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.contract.contract import ContractFunction

from stockade import chain, inspection, manifest, reporting
from stockade.chain import Signer
from stockade.errors import InputError, StockadeError
from stockade.suite import Deployment, Suite, contract_at


class Identity(NamedTuple):
    """What of a token nothing may ever change."""

    name: str
    symbol: str
    decimals: int


@dataclass(frozen=True)
class Upgrade:
    """Which tokens move to which implementation, and what each token was called when this was prepared."""

    implementation: ChecksumAddress
    tokens: dict[ChecksumAddress, Identity]

    @classmethod
    def load(cls, path: Path) -> Upgrade:
        """Reads the file that `save` wrote. Raises InputError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            tokens = {to_checksum_address(token): Identity(*found) for token, found in content["tokens"].items()}
            if not tokens:
                raise ValueError("it names no token")
            return cls(to_checksum_address(content["implementation"]), tokens)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} cannot be read as an upgrade ({error}): remove it and prepare again.") from None

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    def call(self, suite: Suite) -> ContractFunction:
        """What UPGRADER schedules and later makes."""
        code = Web3.keccak(suite.w3.eth.get_code(self.implementation))
        return suite.factory.functions.upgrade(self.implementation, code, list(self.tokens))


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


def outdated(suite: Suite, tokens: Iterable[ChecksumAddress]) -> tuple[ChecksumAddress, ...]:
    """Those of the tokens that run on other code than the compiled one, each judged by what stands behind it.

    Raises InputError when there is none.
    """
    found = tuple(
        token for token in dict.fromkeys(tokens) if not _is_compiled(suite, inspection.behind(suite.w3, token))
    )
    if not found:
        raise InputError("No token runs on other code than this: there is nothing to upgrade.")
    return found


def _is_compiled(suite: Suite, implementation: ChecksumAddress) -> bool:
    return all(check.ok for check in inspection.inspect_code(suite.w3, suite.deployment, "ShareToken", implementation))


def prepare(suite: Suite, signer: Signer, tokens: Iterable[ChecksumAddress]) -> Upgrade:
    """Creates the compiled token code, wired like the present one, unless the factory uses just that already: then the
    tokens follow those that an upgrade before has moved. Anyone may: it holds nothing until UPGRADER acts.
    """
    before = {token: identity_of(suite, token) for token in tokens}
    present = suite.factory.functions.implementation().call()
    if _is_compiled(suite, present):
        return Upgrade(present, before)
    wiring = contract_at(suite.w3, "ShareToken", present).functions.wiring().call()
    entry = manifest.contract("ShareToken")
    factory = suite.w3.eth.contract(abi=entry["abi"], bytecode=entry["bytecode"])
    receipt = chain.send(suite.w3, signer, {"data": factory.constructor(wiring).data_in_transaction})
    return Upgrade(to_checksum_address(str(receipt["contractAddress"])), before)


def identity_of(suite: Suite, token: ChecksumAddress) -> Identity:
    """A token's name, symbol and decimals."""
    functions = contract_at(suite.w3, "ShareToken", token).functions
    return Identity(functions.name().call(), functions.symbol().call(), functions.decimals().call())


def check_implementation(suite: Suite, upgrade: Upgrade) -> None:
    """The prepared code is the compiled one, wired to this suite. Raises StockadeError."""
    address = upgrade.implementation
    for check in inspection.inspect_code(suite.w3, suite.deployment, "ShareToken", address):
        if not check.ok:
            raise StockadeError(
                f"The implementation prepared at {address} is not what contracts/ says: {check.what} is {check.found} "
                f"instead of {check.expected}. Use the version that prepared it, or remove the upgrade's file and "
                "prepare again."
            )


# ---------------------------------------------------------------- after


def is_executed(suite: Suite, upgrade: Upgrade) -> bool:
    """Whether the factory and every token of the upgrade use the prepared implementation, whoever made the call."""
    found = {inspection.behind(suite.w3, token) for token in upgrade.tokens}
    return found | {suite.factory.functions.implementation().call()} == {upgrade.implementation}


def check_outcome(suite: Suite, upgrade: Upgrade) -> None:
    """Whether an executed upgrade left everything as it was. Raises StockadeError.

    Name, symbol and decimals must be what they were when it was prepared. Supply, settings and balances went on
    changing for 20 days: that they are what they should be is shown by the reports, which must still rebuild them. So
    it does not matter who executed the upgrade, nor when it is checked.
    """
    for token, before in upgrade.tokens.items():
        if (after := identity_of(suite, token)) != before:
            raise StockadeError(f"Upgraded, but {token} was {before} and is {after}. Pause and look.")
    if not reporting.verify(suite).ok:
        raise StockadeError("Upgraded, but the reports no longer rebuild the state: see `ape run report verify`.")


def recorded(suite: Suite, upgrade: Upgrade) -> Deployment:
    """The deployment with the new implementation in it; the one before, on which tokens left out of the upgrade still
    run, is kept as an earlier one.
    """
    deployment = suite.deployment
    code = Web3.keccak(suite.w3.eth.get_code(upgrade.implementation)).to_0x_hex()
    last = to_checksum_address(deployment.addresses["implementation"])
    known = deployment.earlier | {last: deployment.code["implementation"]}
    return replace(
        deployment,
        addresses=deployment.addresses | {"implementation": upgrade.implementation},
        code=deployment.code | {"implementation": code},
        earlier={address: hash_ for address, hash_ in known.items() if address != upgrade.implementation},
    )
