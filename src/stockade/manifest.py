"""The compiled contracts (ABIs and bytecode) that ship inside the package, so that using it needs no compiler."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from stockade.errors import StockadeError


@cache
def manifest() -> dict[str, Any]:
    """The whole manifest. Raises StockadeError when it was not built."""
    file = resources.files("stockade").joinpath("manifest.json")
    if not file.is_file():
        raise StockadeError("The compiled contracts are missing from the package: run `make build` in the checkout.")
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def contract(name: str) -> dict[str, Any]:
    """One contract's entry: abi, bytecode, deployedBytecode, immutables (places in the code by name), storageLayout."""
    entries: dict[str, dict[str, Any]] = manifest()["contracts"]
    if name not in entries:
        raise StockadeError(f"The manifest holds no contract {name!r}: run `make build`.")
    return entries[name]


def abi(name: str) -> list[dict[str, Any]]:
    """A contract's ABI."""
    entry: list[dict[str, Any]] = contract(name)["abi"]
    return entry


@cache
def declared_errors() -> dict[bytes, dict[str, Any]]:
    """Every custom error of the suite, by selector."""
    from eth_utils.abi import function_abi_to_4byte_selector

    found: dict[bytes, dict[str, Any]] = {}
    for entry in manifest()["contracts"].values():
        for item in entry["abi"]:
            if item["type"] == "error":
                found[function_abi_to_4byte_selector(item)] = item
    return found
