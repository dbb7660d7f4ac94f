"""Fixtures of the signature tests, on top of the suite's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import solcx
from ape.contracts import ContractInstance
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak
from web3.contract import Contract

from stockade import chain as stockade_chain
from stockade import manifest
from stockade.records import Attestation
from stockade.suite import Suite, contract_at
from tests.contracts.support import refuses
from tests.support import DAY

HERE = Path(__file__).parent
Vote = tuple[str, bytes]

# Signs what ethers signs, too. Any will do.
KEY = Account.from_key(keccak(text="a key of the signature tests"))


@cache
def asker_code() -> tuple[list[dict[str, Any]], str]:
    """ABI and bytecode of Asker.sol."""
    task = {
        "language": "Solidity",
        "sources": {"Asker.sol": {"content": (HERE / "Asker.sol").read_text()}},
        "settings": {"evmVersion": "prague", "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
    }
    compiled = solcx.compile_standard(task, solc_version="0.8.37")["contracts"]["Asker.sol"]["Asker"]
    return compiled["abi"], compiled["evm"]["bytecode"]["object"]


@pytest.fixture
def ask(suite: Suite, keys: SimpleNamespace) -> Callable[[str, list[str]], list[bytes]]:
    """Asks a contract many questions (call data) at once; what it answers or reverts with."""
    abi, code = asker_code()
    receipt = stockade_chain.send(suite.w3, keys.deployer, {"data": code})
    asker = suite.w3.eth.contract(address=receipt["contractAddress"], abi=abi)

    def put(target: str, questions: list[str]) -> list[bytes]:
        answers: list[bytes] = []
        for start in range(0, len(questions), 100):
            answers += asker.functions.ask(target, questions[start : start + 100]).call()
        return answers

    return put


def by_ethers(documents: list[dict[str, Any]]) -> list[SimpleNamespace]:
    """Domain separator, struct hash, digest and `KEY`'s signature of each document (all bytes), by ethers."""
    task = json.dumps({"key": KEY.key.to_0x_hex(), "documents": documents})
    run = subprocess.run(["node", HERE / "digests.mjs"], input=task, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    return [SimpleNamespace(**{name: bytes.fromhex(text[2:]) for name, text in each.items()}) for each in answers]


@pytest.fixture
def sibling(suite: Suite, token: ContractInstance, keys: SimpleNamespace) -> Callable[[str], Contract]:
    """One more proxy of the suite's token, of the given name, listed nowhere."""
    proxy = bytes.fromhex(manifest.contract("ERC1967Proxy")["bytecode"])

    def create(name: str) -> Contract:
        start = suite.token(token.address).encode_abi("initialize", [name, "XX", 0, 0])
        arguments = encode(["address", "bytes"], [token.implementation(), bytes.fromhex(start[2:])])
        receipt = stockade_chain.send(suite.w3, keys.deployer, {"data": proxy + arguments})
        return contract_at(suite.w3, "ShareToken", str(receipt["contractAddress"]))

    return create


@pytest.fixture
def new_custodian(
    suite: Suite, ledger: ContractInstance, keys: SimpleNamespace, travel: Callable[[int], None]
) -> Callable[..., int]:
    """Adds a custodian with the given attestors, (address, kind) each, after CUSTODY_ADMIN's two days; its number."""

    def add(*attestors: tuple[str, int], threshold: int = 1) -> int:
        name = keccak(text="Third Example")
        call = suite.ledger.functions.addCustodian(b"0000SYNTHETIC0000322", name, attestors, threshold)
        suite.perform(keys.custody_admin, call)
        travel(2 * DAY)
        suite.perform(keys.custody_admin, call)
        return int(ledger.custodianCount())

    return add


@pytest.fixture
def say(ledger: ContractInstance, actors: SimpleNamespace) -> Callable[[Attestation, list[Vote]], Any]:
    """Relays a sentence with just these votes."""
    return lambda sentence, votes: ledger.attest(sentence.as_tuple(), votes, sender=actors.relay)


@pytest.fixture
def refused(ledger: ContractInstance) -> Callable[[int, int, int], Any]:
    """The ledger refuses, with this reason and these values."""
    return lambda code, given, wanted: refuses(ledger.CustodyRefused, code=code, given=given, wanted=wanted)
