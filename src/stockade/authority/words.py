"""Calls in words, and words as calls.

People name a contract by its name (`CustodyLedger`) or a token by its symbol, a role by its name, a span like `2d`;
lists stand in brackets, structs in parentheses: `[0x..., 0x...]`, `(1000, 5d)`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3Exception

from stockade import manifest
from stockade.custody.words import parse_address, parse_span
from stockade.errors import InputError
from stockade.records import AttestorKind, Backing, Basis, ExemptionStatus, Role
from stockade.suite import CONTRACTS, Suite, contract_at

_DAY = 86_400

# Parameters that are more than the number that the ABI makes of them, by internal type or by name.
_ENUMS: dict[str, type[IntEnum]] = {
    "Basis": Basis,
    "enum IListingRegistry.Backing": Backing,
    "enum IListingRegistry.ExemptionStatus": ExemptionStatus,
    "enum ICustodyLedger.AttestorKind": AttestorKind,
}
_ROLES = ("roleId", "role", "admin", "guardian")
_SPANS = ("executionDelay", "newDelay", "maxPositionAge", "redemptionPeriod")

# The contracts that people call by name.
CALLED = ("authority", "registry", "ledger", "listings", "market", "factory")


def span(seconds: int) -> str:
    """A span of time: the largest unit that divides it. Zero is "none"."""
    for name, unit in (("day", _DAY), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % unit == 0:
            count = seconds // unit
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{seconds} s" if seconds else "none"


def parse_delay(text: str, field: str) -> int:
    """A delay in seconds; `0` and `none` are none."""
    return 0 if text in ("0", "none") else parse_span(text, field)


def parse_role(text: str, field: str) -> Role:
    """A role by its name."""
    if text.upper() not in Role.__members__:
        raise InputError(f"{field}: {text!r} is no role: the roles are {', '.join(Role.__members__)}.")
    return Role[text.upper()]


def contracts(suite: Suite) -> dict[str, Contract]:
    """The suite's contracts by name and its tokens by symbol; where two claim a name, the first has it."""
    tokens = {token.functions.symbol().call(): token for token in reversed(suite.tokens())}
    return tokens | {CONTRACTS[name]: getattr(suite, name) for name in CALLED}


def names(suite: Suite) -> dict[ChecksumAddress, str]:
    """What people call the suite's contracts and tokens, by address."""
    tokens = {token.address: token.functions.symbol().call() for token in suite.tokens()}
    return {getattr(suite, name).address: CONTRACTS[name] for name in CALLED} | tokens


# ---------------------------------------------------------------- from words


def parse_function(suite: Suite, text: str) -> tuple[str, Contract, dict[str, Any]]:
    """`CONTRACT.FUNCTION` as the contract's name, the contract and the function's ABI. Raises InputError."""
    where, _, function = text.partition(".")
    known = contracts(suite)
    if where not in known:
        raise InputError(f"{text!r}: the suite has no contract {where!r}: write one of {', '.join(known)}.")
    written = {item["name"]: item for item in known[where].abi if item["type"] == "function" and _writes(item)}
    if function not in written:
        raise InputError(f"{text!r}: {where} has no such function: write one of {', '.join(sorted(written))}.")
    return where, known[where], written[function]  # type: ignore[return-value]


def parse_call(suite: Suite, function: str, arguments: tuple[str, ...]) -> ContractFunction:
    """A call as people write it. Raises InputError naming the argument and the remedy."""
    where, contract, abi = parse_function(suite, function)
    inputs = abi["inputs"]
    if len(arguments) != len(inputs):
        wanted = ", ".join(f"{item['name']} ({_kind(item)})" for item in inputs) or "none"
        raise InputError(f"{where}.{abi['name']} takes {len(inputs)} arguments, not {len(arguments)}: {wanted}.")
    known = {name: each.address for name, each in contracts(suite).items()}
    values = [_parse(known, item, text, item["name"]) for item, text in zip(inputs, arguments, strict=True)]
    call: ContractFunction = contract.get_function_by_name(abi["name"])(*values)
    return call


def _writes(item: Any) -> bool:
    return item["stateMutability"] in ("nonpayable", "payable")


def _kind(item: dict[str, Any]) -> str:
    """What an argument is, for people."""
    if item["type"].endswith("[]"):
        return f"[{_kind(_element(item))}, ...]"
    if item["type"] == "tuple":
        return f"({', '.join(part['name'] for part in item['components'])})"
    if (named := _ENUMS.get(item.get("internalType", ""))) is not None:
        return " or ".join(named.__members__)
    if item["name"] in _ROLES:
        return "a role"
    return "a span like 2d" if item["name"] in _SPANS else str(item["type"])


def _element(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "type": item["type"][:-2], "internalType": item.get("internalType", "").removesuffix("[]")}


def _parse(known: dict[str, ChecksumAddress], item: dict[str, Any], text: str, field: str) -> Any:
    kind: str = item["type"]
    if kind.endswith("[]"):
        return [_parse(known, _element(item), part, field) for part in _parts(text, "[]", field)]
    if kind == "tuple":
        parts = _parts(text, "()", field)
        if len(parts) != len(item["components"]):
            raise InputError(f"{field}: {text!r} has {len(parts)} parts: write {_kind(item)}.")
        return tuple(
            _parse(known, each, part, each["name"]) for each, part in zip(item["components"], parts, strict=True)
        )
    if kind == "address":
        return known.get(text) or parse_address(text, field)
    if kind == "bool":
        return _parse_bool(text, field)
    if kind.startswith("bytes"):
        return _parse_bytes(kind, text, field)
    return text if kind == "string" else _parse_number(item, text, field)


def _parts(text: str, brackets: str, field: str) -> list[str]:
    """What stands between the brackets, split at the commas that no inner bracket encloses."""
    if len(text) < 2 or text[0] + text[-1] != brackets:
        raise InputError(f"{field}: {text!r} is no list: write it between {brackets[0]} and {brackets[1]}.")
    parts, depth = [""], 0
    for character in text[1:-1]:
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts] if text[1:-1].strip() else []


def _parse_bool(text: str, field: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise InputError(f"{field}: {text!r} is neither yes nor no: write one of them.")
    return text.lower() in ("yes", "true")


def _parse_bytes(kind: str, text: str, field: str) -> bytes:
    """Hexadecimal, or, where the length is fixed, ASCII text that is padded with zeros."""
    size = int(kind.removeprefix("bytes") or 0)
    if re.fullmatch(r"0x([0-9a-fA-F]{2})*", text) and (not size or len(text) == 2 + 2 * size):
        return bytes.fromhex(text[2:])
    if not size or text.startswith("0x") or not text.isascii() or not text.isprintable() or not 0 < len(text) <= size:
        length = f"{size} bytes in" if size else "bytes in"
        text_too = ", or ASCII text" if size else ""
        raise InputError(f"{field}: {text!r} does not fit: write {length} hexadecimal (0x...){text_too}.")
    return text.encode().ljust(size, b"\0")


def _parse_number(item: dict[str, Any], text: str, field: str) -> int:
    if (named := _ENUMS.get(item.get("internalType", ""))) is not None:
        if text.upper() not in named.__members__:
            raise InputError(f"{field}: {text!r} is unknown: write {' or '.join(named.__members__)}.")
        return int(named[text.upper()])
    if item["name"] in _ROLES:
        return int(parse_role(text, field))
    if item["name"] in _SPANS:
        return parse_delay(text, field)
    if re.fullmatch(r"[0-9](_?[0-9])*", text) is None or int(text) >> int(item["type"].removeprefix("uint")):
        raise InputError(f"{field}: {text!r} does not fit {item['type']}: write a whole number in its bounds.")
    return int(text)


# ---------------------------------------------------------------- into words


def describe(
    suite: Suite, target: ChecksumAddress, data: bytes, known: dict[ChecksumAddress, str] | None = None
) -> str:
    """A call as a sentence; calls that are none of the suite's in hexadecimal. `known`: `names(suite)`, asked once."""
    named = names(suite) if known is None else known
    if target not in named:
        return f"a call of {target}, which is not of this suite: 0x{data.hex()}"
    try:
        function, arguments = contract_at(suite.w3, kind_of(suite, target), target).decode_function_input(data)
    except (ValueError, Web3Exception):
        return f"a call of {named[target]} that it does not have: 0x{data.hex()}"
    if sentence := _sentence(suite, function.fn_name, arguments, named) if target == suite.authority.address else "":
        return sentence
    shown = [f"{item['name']} {_show(item, arguments[item['name']], named)}" for item in function.abi["inputs"]]
    return f"{named[target]}.{function.fn_name}: {', '.join(shown)}"


def kind_of(suite: Suite, address: ChecksumAddress) -> str:
    """The name of a contract of the suite in the manifest."""
    return next((CONTRACTS[name] for name in CALLED if getattr(suite, name).address == address), "ShareToken")


def function_name(kind: str, selector: bytes) -> str:
    """The function of a contract behind a selector; the selector in hexadecimal if there is none."""
    for item in manifest.abi(kind):
        if item["type"] == "function" and function_abi_to_4byte_selector(item) == selector:  # type: ignore[arg-type]
            return str(item["name"])
    return "0x" + selector.hex()


def _sentence(suite: Suite, name: str, values: dict[str, Any], named: dict[ChecksumAddress, str]) -> str:
    """The authority's own acts."""
    match name:
        case "grantRole":
            delay = values["executionDelay"]
            waits = f"with a delay of {span(delay)}" if delay else "without delay"
            return f"grant {role_name(values['roleId'])} to {values['account']} {waits}"
        case "revokeRole":
            return f"revoke {role_name(values['roleId'])} from {values['account']}"
        case "setTargetFunctionRole":
            target = values["target"]
            kind = kind_of(suite, target) if target in named else ""
            selectors = [function_name(kind, each) if kind else "0x" + each.hex() for each in values["selectors"]]
            where = named.get(target, target)
            functions = ", ".join(f"{where}.{each}" for each in selectors)
            return f"map {functions} to {role_name(values['roleId'])}"
    return ""


def role_name(number: int) -> str:
    """A role by its name, or its number if it has none."""
    return Role(number).name if number in Role.__members__.values() else f"role {number}"


def _show(item: dict[str, Any], value: Any, named: dict[ChecksumAddress, str]) -> str:
    kind: str = item["type"]
    if kind.endswith("[]"):
        return f"[{', '.join(_show(_element(item), each, named) for each in value)}]"
    if kind == "tuple":
        parts = value.values() if isinstance(value, dict) else value
        inner = zip(item["components"], parts, strict=True)
        return f"({', '.join(each['name'] + ' ' + _show(each, part, named) for each, part in inner)})"
    if kind == "address":
        return f"{named[value]} ({value})" if value in named else str(value)
    if kind == "bool":
        return "yes" if value else "no"
    if kind.startswith("bytes"):
        return _show_bytes(bytes(value))
    if kind == "string":
        return repr(value)
    if (members := _ENUMS.get(item.get("internalType", ""))) is not None and value in members.__members__.values():
        return members(value).name
    if item["name"] in _ROLES:
        return role_name(value)
    return span(value) if item["name"] in _SPANS else str(value)


def _show_bytes(value: bytes) -> str:
    text = value.rstrip(b"\0")
    if text and text.isascii() and text.decode().isprintable():
        return text.decode()
    return "0x" + value.hex()
