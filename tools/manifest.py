"""Compile contracts/ into src/stockade/manifest.json, which the library reads instead of needing Ape or solc.

One standard JSON input through py-solc-x; our sources are named `contracts/...`, OpenZeppelin's `@openzeppelin/...`,
so the bytecode (and the metadata hash in it) does not depend on where the checkout lies. Mocks in contracts/test/ are
left to Ape and forge. `--check` only says whether the file is up to date; `--force` compiles even when it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError, SolcNotInstalled

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
NODE_MODULES = ROOT / "node_modules"
TARGET = ROOT / "src" / "stockade" / "manifest.json"

VERSION = "0.8.37"
# The legacy pipeline. Keep in step with ape-config.yaml and foundry.toml.
SETTINGS: dict[str, Any] = {"evmVersion": "prague", "optimizer": {"enabled": True, "runs": 200}, "viaIR": False}
OUTPUTS = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.deployedBytecode.object",
    "storageLayout",
]
FILE_OUTPUTS = ["ast"]  # for the names of immutables
LIBRARIES = ("@openzeppelin/contracts", "@openzeppelin/contracts-upgradeable")
# Deployed as they are by OpenZeppelin, hence in the manifest when one of our sources imports them.
DEPLOYED_AS_IS = {
    "@openzeppelin/contracts/access/manager/AccessManager.sol": "AccessManager",
    "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol": "ERC1967Proxy",
}


class ManifestError(Exception):
    """Something the reader of the message can put right."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compile nothing; exit 1 when the manifest is stale")
    parser.add_argument("--force", action="store_true", help="compile even when the manifest is up to date")
    options = parser.parse_args()
    try:
        build(options.check, options.force)
    except ManifestError as error:
        sys.exit(str(error))


def build(check: bool, force: bool = False) -> None:
    sources = read_sources()
    digest = fingerprint(sources)
    name = TARGET.relative_to(ROOT)
    if digest == recorded_fingerprint() and not force:
        print(f"{name} is up to date.")
        return
    if check:
        raise ManifestError(f"{name} is missing or older than contracts/; run `make build`.")

    manifest = {
        "compiler": {"name": "solc", "version": VERSION, "settings": SETTINGS},
        "contracts": select(compile_sources(sources)),
        "sources": digest,
    }
    # Written beside and moved into place: a reader never sees half a file.
    draft = TARGET.with_name(f"{TARGET.name}.{os.getpid()}")
    draft.write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":")) + "\n")
    draft.replace(TARGET)
    print(f"{name}: {len(manifest['contracts'])} contracts, interfaces and libraries compiled.")


def read_sources() -> dict[str, str]:
    """Our sources by name, in the order in which the compiler and the fingerprint see them."""
    files = sorted(path for path in CONTRACTS.rglob("*.sol") if not is_left_out(path.relative_to(CONTRACTS)))
    if not files:
        raise ManifestError("contracts/ holds no Solidity source; run this in a complete checkout.")
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}


def is_left_out(path: Path) -> bool:
    """Mocks, and the copies of dependencies that Ape may unpack into contracts/.cache/."""
    return path.parts[0] in {"test", ".cache"}


def fingerprint(sources: dict[str, str]) -> str:
    """A hash of everything the result depends on."""
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    libraries = {name: lock[f"node_modules/{name}"]["version"] for name in LIBRARIES}
    everything = [VERSION, SETTINGS, OUTPUTS, FILE_OUTPUTS, DEPLOYED_AS_IS, libraries, sources]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def recorded_fingerprint() -> str | None:
    try:
        recorded: str | None = json.loads(TARGET.read_text()).get("sources")
    except (OSError, ValueError):
        return None
    return recorded


def compile_sources(sources: dict[str, str]) -> dict[str, Any]:
    """Run the compiler; any warning about one of our own sources is an error."""
    if not (NODE_MODULES / LIBRARIES[0]).is_dir():
        raise ManifestError("OpenZeppelin's contracts are not in node_modules; run `make setup`.")
    # The input names only our sources. Imports of @openzeppelin/... are looked up below the base path.
    task = {
        "language": "Solidity",
        "sources": {name: {"content": content} for name, content in sources.items()},
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": OUTPUTS, "": FILE_OUTPUTS}}},
    }
    try:
        output: dict[str, Any] = solcx.compile_standard(task, base_path=NODE_MODULES, solc_version=VERSION)
    except SolcNotInstalled:
        raise ManifestError(f"solc {VERSION} was not found; run `make setup`, then `. tools/env.sh`.") from None
    except SolcError as error:
        messages = [e["formattedMessage"] for e in error.error_dict or [] if e["severity"] == "error"]
        if not messages:  # it did not get as far as compiling
            raise ManifestError(f"solc failed: {(error.stderr_data or '').rstrip() or 'it gave no message'}") from None
        text = "\n".join(messages).rstrip()
        raise ManifestError(f"{text}\ncontracts/ does not compile; nothing was written.") from None
    except (OSError, subprocess.CalledProcessError):  # the latter from asking for its version: no node on PATH
        raise ManifestError("solc could not be started; run `make setup`, then `. tools/env.sh`.") from None

    warnings = [e["formattedMessage"] for e in output.get("errors", []) if concerns_us(e)]
    if warnings:
        text = "\n".join(warnings).rstrip()
        raise ManifestError(f"{text}\ncontracts/ must compile without warnings; nothing was written.")
    return output


def concerns_us(message: dict[str, Any]) -> bool:
    source: str = message.get("sourceLocation", {}).get("file", "")
    return not source.startswith("@")


def select(output: dict[str, Any]) -> dict[str, Any]:
    """What the library needs of each contract, by the contract's name, which must therefore be unique."""
    chosen: dict[str, Any] = {}
    names = dict(immutables([each["ast"] for each in output["sources"].values()]))
    for source, contracts in sorted(output["contracts"].items()):
        for name, contract in sorted(contracts.items()):
            if source.startswith("@") and DEPLOYED_AS_IS.get(source) != name:
                continue
            if name in chosen:
                raise ManifestError(
                    f"{name} is declared in {chosen[name]['source']} and in {source}; rename one of them."
                )
            deployed = contract["evm"]["deployedBytecode"]
            chosen[name] = {
                "abi": contract["abi"],
                "bytecode": contract["evm"]["bytecode"]["object"],
                "deployedBytecode": deployed["object"],
                "immutables": {names[int(key)]: places for key, places in deployed["immutableReferences"].items()},
                "source": source,
                "storageLayout": contract.get("storageLayout", {}),
            }
    return chosen


def immutables(nodes: Any) -> Iterator[tuple[int, str]]:
    """The compiler's number and the name of every immutable variable in syntax trees."""
    if isinstance(nodes, dict):
        if nodes.get("nodeType") == "VariableDeclaration" and nodes.get("mutability") == "immutable":
            yield nodes["id"], nodes["name"]
        nodes = [each for each in nodes.values() if isinstance(each, dict | list)]
    for node in nodes:
        if isinstance(node, dict | list):
            yield from immutables(node)


if __name__ == "__main__":
    os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / "tools" / "solc"))
    main()
