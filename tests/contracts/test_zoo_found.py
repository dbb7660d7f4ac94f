"""What the bug zoo (tests/zoo/) asked for and no other test noticed."""

from __future__ import annotations

import pytest
import solcx

from stockade import manifest
from stockade.chain import ask, send
from stockade.errors import Refused
from tests.contracts.support import MAX_128
from tests.support import ROOT, SHARE

MULTIPLIER = "contracts/types/Multiplier.sol"
PROBE = f"""
pragma solidity {manifest.manifest()["compiler"]["version"]};
import {{Multiplier}} from "{MULTIPLIER}";
contract Probe {{
    function convert(uint256 rate, uint256 amount) external pure returns (uint256, uint256) {{
        return (Multiplier.wrap(rate).toShares(amount), Multiplier.wrap(rate).toTokens(amount));
    }}
}}
"""


def test_ask__registry_without_code__reverts(suite, token, keys):
    """A call to no code succeeds and answers nothing; nothing is not an answer."""
    authority, _, *others = token.wiring()
    compiled = manifest.contract("ShareToken")
    share_token = suite.w3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    creation = share_token.constructor((authority, keys.outsider.address, *others)).data_in_transaction
    created = send(suite.w3, keys.deployer, {"data": creation})["contractAddress"]
    view = share_token(address=created).functions.detectTransferRestriction(keys.alice.address, keys.bob.address, 1)

    with pytest.raises(Refused):
        ask(view.call)


@pytest.fixture
def convert(suite, keys):
    """Raw tokens to shares and shares to raw tokens at a rate, by the contracts' own functions."""
    task = {
        "language": "Solidity",
        "sources": {"Probe.sol": {"content": PROBE}, MULTIPLIER: {"content": (ROOT / MULTIPLIER).read_text()}},
        "settings": {"outputSelection": {"Probe.sol": {"Probe": ["abi", "evm.bytecode.object"]}}},
    }
    output = solcx.compile_standard(task, solc_version=manifest.manifest()["compiler"]["version"])
    probe = output["contracts"]["Probe.sol"]["Probe"]
    created = send(suite.w3, keys.deployer, {"data": probe["evm"]["bytecode"]["object"]})["contractAddress"]
    return suite.w3.eth.contract(address=created, abi=probe["abi"]).functions.convert


@pytest.mark.parametrize(
    "rate", [SHARE, 2 * SHARE, SHARE // 10, 3 * SHARE // 2, SHARE // 3], ids=["1", "2:1", "1:10", "3:2", "1:3"]
)
def test_multiplier__after_a_split__shares_rounded_up_and_tokens_down(convert, rate):
    """To the unit: what must be held is never understated, what is issued never overstated."""
    for amount in (0, 1, 2, 3, SHARE - 1, SHARE, SHARE + 1, 10**27 + 7, MAX_128):
        assert convert(rate, amount).call() == [-(-amount * rate // SHARE), amount * SHARE // rate]
