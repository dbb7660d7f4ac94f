"""Where contracts keep their storage, and how large they are."""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from stockade.suite import CONTRACTS
from tests.support import ROOT, SHARE

SNAPSHOT = ROOT / "snapshots" / "storage-layout.json"
MOST_CODE = 24_576  # EIP-170, bytes
MOST_INITCODE = 49_152  # EIP-3860, bytes


@cache
def layout() -> ModuleType:
    """tools/layout.py as a module. No fixture: one of a scope wider than a test would disturb Ape's isolation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        return import_module("layout")


@cache
def found() -> dict[str, Any]:
    return layout().layouts()


def test_layout__of_every_contract__is_the_committed_one():
    changed = layout().differences(SNAPSHOT, found())

    assert not changed, f"{changed} moved: renew the snapshot by `python tools/layout.py` and have the change reviewed"


def test_differences__a_field_moved_or_a_contract_gone__is_named(tmp_path):
    recorded = json.loads(SNAPSHOT.read_text())
    recorded["CustodyLedger"]["fields"].reverse()
    del recorded["ReasonText"]
    (path := tmp_path / "layout.json").write_text(json.dumps(recorded))

    assert {"CustodyLedger", "ReasonText"} <= set(layout().differences(path, found()))
    assert layout().differences(tmp_path / "none.json", found()) == ["it is missing or unreadable"]


def test_layout__of_the_upgradeable_token__is_in_namespaces_alone():
    assert found()["ShareToken"]["fields"] == []
    ours = [name for name in found()["ShareToken"]["namespaces"] if name.startswith("stockade.storage.")]
    assert ours == ["stockade.storage.PackedBalances", "stockade.storage.ReportLog"]


def test_layout__slots_of_our_namespaces__hold_what_the_token_answers(suite, token, keys, holding):
    holding(keys.alice, shares=3)
    namespaces = found()["ShareToken"]["namespaces"]

    def stored(namespace: str, slot: int) -> int:
        base = int(namespaces[f"stockade.storage.{namespace}"]["slot"], 16)
        return int.from_bytes(suite.w3.eth.get_storage_at(token.address, base + slot), "big")

    assert stored("ReportLog", 0) == token.control()
    assert stored("PackedBalances", 1) == token.totalSupply() == 3 * SHARE


@pytest.mark.parametrize("name", CONTRACTS)
def test_size__of_every_contract__is_within_the_limits(suite, name):
    deployment = suite.deployment
    creation = suite.w3.eth.get_transaction(deployment.transactions[name])

    assert 0 < len(suite.w3.eth.get_code(deployment.addresses[name])) < MOST_CODE
    assert len(creation["input"]) < MOST_INITCODE


def test_size__of_a_token__is_a_proxys(suite, token):
    assert len(suite.w3.eth.get_code(token.address)) < 200
