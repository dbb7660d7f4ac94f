"""What runs, compared with what this project compiles to: the code of every contract, byte for byte, the immutables in
it by name, and what stands behind each token's proxy. Works against any node; who does not trust one asks another.

Immutables are written into the code at creation, so the compiler's output has zeros in their places: these bytes are
read out and compared by what each must be, and the rest must be equal. The hash of the sources may be another where
the code is, to the byte, what the deployment recorded: a contract that was deployed before a later version changed a
file that it shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eth_abi.abi import encode as abi_encode
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3

from stockade import manifest
from stockade.records import ATTESTATION_DOMAIN
from stockade.suite import CONTRACTS, Deployment, contract_at

# ERC-1967: keccak256("eip1967.proxy.implementation") - 1.
IMPLEMENTATION_SLOT = int.from_bytes(keccak(text="eip1967.proxy.implementation"), "big") - 1

AS_COMPILED = "as compiled"

_DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


@dataclass(frozen=True)
class Check:
    """One thing that must be so: which contract, what of it, what it must be and what it is."""

    contract: str
    address: ChecksumAddress
    what: str
    expected: str
    found: str
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.expected == self.found


def inspect(w3: Web3, deployment: Deployment) -> list[Check]:
    """Every check, in the order of `CONTRACTS`, then the tokens in order of listing."""
    at = {name: to_checksum_address(deployment.addresses[name]) for name in CONTRACTS}
    checks = [check for name in CONTRACTS for check in inspect_code(w3, deployment, CONTRACTS[name], at[name])]
    if any(check.what == "code" and not check.ok for check in checks):
        # What other code answers says nothing about the suite.
        return checks
    factory = contract_at(w3, "SuiteFactory", at["factory"])
    current = factory.functions.implementation().call()
    checks.append(Check("SuiteFactory", at["factory"], "implementation", at["implementation"], current))
    for token in contract_at(w3, "ListingRegistry", at["listings"]).functions.tokens().call():
        checks += inspect_code(w3, deployment, "ERC1967Proxy", token)
        found = _known(w3, deployment, behind(w3, token))
        checks.append(Check("token", token, "implementation", at["implementation"], found))
    return checks


def behind(w3: Web3, token: ChecksumAddress) -> ChecksumAddress:
    """The implementation in a proxy's slot."""
    return to_checksum_address(bytes(w3.eth.get_storage_at(token, IMPLEMENTATION_SLOT))[-20:])


def _known(w3: Web3, deployment: Deployment, implementation: ChecksumAddress) -> str:
    """What the deployment says of an implementation, in words where a token should not run on it."""
    if implementation == to_checksum_address(deployment.addresses["implementation"]):
        return implementation
    if deployment.earlier.get(implementation) == Web3.keccak(w3.eth.get_code(implementation)).to_0x_hex():
        return f"{implementation}, an earlier implementation: the upgrade is half done"
    return f"{implementation}, which the deployment does not record"


# ---------------------------------------------------------------- code


def inspect_code(w3: Web3, deployment: Deployment, contract: str, where: str) -> Iterator[Check]:
    """The code at an address is the contract's, and so is every immutable in it."""
    entry, address = manifest.contract(contract), to_checksum_address(where)
    compiled, found = bytes.fromhex(entry["deployedBytecode"]), bytes(w3.eth.get_code(address))
    said, note = difference(compiled, manifest.masked(contract, found)), ""
    recorded = {deployment.code.get(name) for name, kind in CONTRACTS.items() if kind == contract}
    alike = manifest.essence(contract, compiled) == manifest.essence(contract, found)
    if said != AS_COMPILED and alike and Web3.keccak(found).to_0x_hex() in recorded:
        said, note = AS_COMPILED, "compiled from other sources"
    yield Check(contract, address, "code", AS_COMPILED, said, note)
    if len(found) != len(compiled):
        return
    wanted = _immutables(deployment, address)
    for name, places in entry["immutables"].items():
        values = {found[place["start"] : place["start"] + place["length"]] for place in places}
        shown = " and ".join(sorted(_show(value) for value in values))
        yield Check(contract, address, f"immutable {name}", _show(wanted[name]()), shown)


def difference(compiled: bytes, found: bytes) -> str:
    """Where two codes differ, for people; `AS_COMPILED` when they do not."""
    if found == compiled:
        return AS_COMPILED
    if not found:
        return "no code"
    if len(found) != len(compiled):
        return f"{len(found):,} bytes instead of {len(compiled):,}"
    wrong = [place for place, pair in enumerate(zip(compiled, found, strict=True)) if pair[0] != pair[1]]
    first = wrong[0]
    more = f", and {len(wrong) - 1:,} more bytes" if len(wrong) > 1 else ""
    return f"byte {first:,} is 0x{found[first]:02x} instead of 0x{compiled[first]:02x}{more}"


def _immutables(deployment: Deployment, address: ChecksumAddress) -> dict[str, Callable[[], bytes]]:
    """What each immutable must be, by its name in the sources; 32 bytes."""

    def of(name: str) -> Callable[[], bytes]:
        return lambda: _word(deployment.addresses[name])

    name, version = (keccak(text=ATTESTATION_DOMAIN[each]) for each in ("name", "version"))
    types = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
    return {
        "AUTHORITY": of("authority"),
        "REGISTRY": of("registry"),
        "LEDGER": of("ledger"),
        "LISTINGS": of("listings"),
        "MARKET": of("market"),
        "FACTORY": of("factory"),
        "REASON_TEXT": of("reason_text"),
        "DEPLOYER": lambda: _word(deployment.deployer),
        # UUPSUpgradeable's own address; EIP712's, with the domain it computed there.
        "__self": lambda: _word(address),
        "_cachedThis": lambda: _word(address),
        "_cachedChainId": lambda: deployment.chain_id.to_bytes(32, "big"),
        "_cachedDomainSeparator": lambda: keccak(
            abi_encode(types, [_DOMAIN, name, version, deployment.chain_id, address])
        ),
        "_hashedName": lambda: name,
        "_hashedVersion": lambda: version,
        "_name": lambda: _short(ATTESTATION_DOMAIN["name"]),
        "_version": lambda: _short(ATTESTATION_DOMAIN["version"]),
    }


def _word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def _short(text: str) -> bytes:
    """OpenZeppelin's ShortString: up to 31 bytes of text, and its length in the last one."""
    return text.encode().ljust(31, b"\0") + bytes([len(text)])


def _show(value: bytes) -> str:
    is_address = not any(value[:12]) and any(value[12:20])
    return to_checksum_address(value[12:]) if is_address else "0x" + value.hex()
