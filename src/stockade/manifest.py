"""The compiled contracts (ABIs and bytecode) that ship inside the package, so that using it needs no compiler."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from stockade.errors import StockadeError

# In every contract's code, and in what it creates: the hash of its sources, which changes with every comment.
_SOURCE_HASH = re.compile(rb"(?<=\x64ipfs\x58\x22)[\s\S]{34}")


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


def masked(name: str, code: bytes) -> bytes:
    """A contract's runtime code with zeros for its immutables, as the compiler leaves them; as long as it was."""
    zeroed = bytearray(code)
    for places in contract(name)["immutables"].values():
        for place in places:
            where = slice(place["start"], place["start"] + place["length"])
            zeroed[where] = bytes(len(zeroed[where]))
    return bytes(zeroed)


def essence(name: str, code: bytes) -> bytes:
    """What is equal wherever the same contract was deployed, whatever comments stood in its sources: `masked`, with
    zeros for the hashes of the sources as well.
    """
    return _SOURCE_HASH.sub(bytes(34), masked(name, code))


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
