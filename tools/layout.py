"""Write where every deployed contract keeps its storage into snapshots/storage-layout.json, for review.

Tokens sit behind proxies that can be upgraded: a field that moves would be read as another. The variables come from the
manifest; the token's are ERC-7201 structs, which the compiler does not lay out by itself: a probe with one variable of
each struct makes it do so. `--check` only says whether the snapshot is up to date.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import solcx
from eth_utils.crypto import keccak
from manifest import NODE_MODULES, ROOT, SETTINGS, VERSION, ManifestError, build, read_sources

from stockade import manifest
from stockade.suite import CONTRACTS

TARGET = ROOT / "snapshots" / "storage-layout.json"
UPGRADEABLE = "ShareToken"
ANNOTATION = "@custom:storage-location erc7201:"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the snapshot is stale")
    parser.add_argument("--snapshot", type=Path, default=TARGET)
    options = parser.parse_args()
    try:
        build(check=True)  # the variables below are the manifest's
        found = layouts()
    except ManifestError as error:
        sys.exit(str(error))
    if not options.check:
        options.snapshot.parent.mkdir(exist_ok=True)
        options.snapshot.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(f"{options.snapshot}: {len(found)} contracts.")
    elif changed := differences(options.snapshot, found):
        sys.exit(
            f"{options.snapshot} is stale: {', '.join(changed)}. If the change is meant, run `python tools/layout.py` "
            "and have the difference reviewed: a token that is deployed already must keep every field where it is."
        )


def layouts() -> dict[str, Any]:
    """Slot, offset, type and name of every stored field, by contract; structs are spelt out below their contract."""
    found = {name: describe(manifest.contract(name)["storageLayout"]) for name in sorted(CONTRACTS.values())}
    found[UPGRADEABLE] |= namespaces()
    return found


def describe(layout: dict[str, Any]) -> dict[str, Any]:
    """A compiler's layout without what changes with every edit (AST numbers)."""
    types = layout.get("types") or {}
    structs = sorted((each["label"], each["members"]) for each in types.values() if "members" in each)
    return {
        "fields": [field(item, types) for item in layout.get("storage", [])],
        "structs": {label: [field(item, types) for item in members] for label, members in structs},
    }


def field(item: dict[str, Any], types: dict[str, Any]) -> str:
    """One line a reviewer can read: slot, offset in bytes, size in bytes, type, name."""
    kind = types[item["type"]]
    return f"slot {item['slot']} + {item['offset']}: {kind['label']} {item['label']} ({kind['numberOfBytes']} bytes)"


def namespaces() -> dict[str, Any]:
    """The ERC-7201 structs among the upgradeable contract's bases, by the slot their name gives them."""
    sources = read_sources()
    structs = annotated(compile_sources(sources, {"*": {"": ["ast"]}})["sources"])
    imports = "\n".join(f'import * as M{i} from "{source}";' for i, (_, source, _) in enumerate(structs))
    variables = "\n".join(f"    M{i}.{struct} s{i};" for i, (_, _, struct) in enumerate(structs))
    probe = (
        f"// SPDX-License-Identifier: MIT\npragma solidity {VERSION};\n{imports}\ncontract Probe {{\n{variables}\n}}\n"
    )
    output = compile_sources({**sources, "Probe.sol": probe}, {"Probe.sol": {"Probe": ["storageLayout"]}})
    layout = output["contracts"]["Probe.sol"]["Probe"]["storageLayout"]

    spelt_out = describe(layout)["structs"]
    bases = {}
    for (namespace, _, _), variable in zip(structs, layout["storage"], strict=True):
        fields = spelt_out.pop(layout["types"][variable["type"]]["label"])
        bases[namespace] = {"slot": slot_of(namespace), "fields": fields}
    return {"namespaces": bases, "structs": spelt_out}


def annotated(sources: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Namespace, source and qualified name of every annotated struct that the upgradeable contract inherits."""
    contracts = {}
    for source, content in sources.items():
        for node in content["ast"]["nodes"]:
            if node["nodeType"] == "ContractDefinition":
                contracts[node["id"]] = (source, node)
    bases = next(node for _, node in contracts.values() if node["name"] == UPGRADEABLE)["linearizedBaseContracts"]
    found = []
    for source, node in (contracts[base] for base in bases):
        for part in node["nodes"]:
            text = (part.get("documentation") or {}).get("text", "") if part["nodeType"] == "StructDefinition" else ""
            if ANNOTATION in text:
                namespace = text.split(ANNOTATION)[1].split()[0]
                found.append((namespace, source, f"{node['name']}.{part['name']}"))
    return sorted(found)


def slot_of(namespace: str) -> str:
    """ERC-7201: keccak256(abi.encode(uint256(keccak256(namespace)) - 1)) & ~bytes32(uint256(0xff))."""
    inner = int.from_bytes(keccak(text=namespace), "big") - 1
    return "0x" + (keccak(inner.to_bytes(32, "big"))[:-1] + b"\0").hex()


def compile_sources(sources: dict[str, str], outputs: dict[str, Any]) -> dict[str, Any]:
    task = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sources.items()},
        "settings": {**SETTINGS, "outputSelection": outputs},
    }
    output: dict[str, Any] = solcx.compile_standard(task, base_path=NODE_MODULES, solc_version=VERSION)
    return output


def differences(snapshot: Path, found: dict[str, Any]) -> list[str]:
    """The contracts whose layout is not the recorded one."""
    try:
        recorded = json.loads(snapshot.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ["it is missing or unreadable"]
    return sorted(name for name in {*recorded, *found} if recorded.get(name) != found.get(name))


if __name__ == "__main__":
    os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / "tools" / "solc"))
    main()
