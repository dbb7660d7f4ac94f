"""The live suite against docs/roles.md, in full: what the table says holds, and nothing holds that it does not say.

A role's functions on tokens, and whom contracts obey, are code: there the deployer's call is asked, never sent, and the
contract's refusal must name the role or the contract of the table. Rows of `anyone`, `nobody` and the deployer have
nothing on chain to compare; `ape run deploy verify` compares the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from web3.contract import Contract

from stockade import chain, manifest, profiles
from stockade.authority.acts import bounds
from stockade.authority.standing import Standing, standing
from stockade.authority.table import GRANTER, OTHERS, FunctionRow, RoleTable
from stockade.authority.words import CALLED, function_name, kind_of, names, span
from stockade.deploy import Plan
from stockade.errors import InputError, Refused
from stockade.profiles import Profile
from stockade.records import ZERO_ADDRESS, Pause, Role
from stockade.suite import CONTRACTS, Suite

# What a contract answers whoever calls a function that is another contract's.
_WRONG_CALLER = {
    "ShareToken": "ShareTokenWrongCaller",
    "ListingRegistry": "ListingWrongCaller",
    "SuiteFactory": "FactoryWrongCaller",
}


@dataclass(frozen=True)
class Difference:
    """What the table says of something, and what the chain says."""

    subject: str
    table: str
    chain: str


def check(suite: Suite, table: RoleTable, profile: Profile, plan: Plan | None = None) -> list[Difference]:
    """Every difference; with a plan, also whether exactly its accounts hold each role."""
    found = standing(suite)
    rows = table.under(profile)
    return [
        *(Difference("the authority's reports", "agree with the authority", fault) for fault in found.faults),
        *_roles(suite, table),
        *_members(suite, table, found),
        *_without_row(table),
        *_mappings(suite, rows, found),
        *_refusals(suite, table, rows),
        *(_accounts(found, plan) if plan else ()),
    ]


def profile_of(suite: Suite, name: str | None = None) -> Profile:
    """The profile that the suite was deployed with; `name`, a file, where it does not ship. Raises InputError."""
    deployed = suite.deployment
    if name is None and deployed.profile not in profiles.SHIPPED:
        raise InputError(f"The suite runs under profile {deployed.profile}: give its file with --profile.")
    profile = profiles.load(name or deployed.profile)
    if profile.hash != deployed.profile_hash:
        raise InputError(
            f"The suite was deployed with profile {deployed.profile} of hash {deployed.profile_hash}, but {profile.id} "
            f"has {profile.hash}: give the file it was deployed with by --profile."
        )
    return profile


# ---------------------------------------------------------------- roles and members


def _roles(suite: Suite, table: RoleTable) -> Iterator[Difference]:
    for role, row in table.roles.items():
        granter = Role(suite.authority.functions.getRoleAdmin(role).call())
        if granter is not row.granted_by:
            yield Difference(role.name, f"granted by {row.granted_by.name}", f"granted by {granter.name}")


def _members(suite: Suite, table: RoleTable, found: Standing) -> Iterator[Difference]:
    if not found.settled:
        yield Difference("the suite", "handed over (settled)", "still the deployer's")
    deployer = to_checksum_address(suite.deployment.deployer)
    for holder in found.holders:
        subject = f"{holder.role.name} of {holder.account}"
        if holder.account == deployer:
            yield Difference(subject, "no role for the deployer", "held by the deployer")
        # A token's functions pass nobody with a delay, so a role that need not wait must not.
        least = table.roles[holder.role].delay
        most = bounds(holder.role)[1] if least else 0
        promised = f"a delay of {span(least)}" + (f" to {span(most)}" if most else "")
        if not least <= holder.delay <= most:
            yield Difference(subject, promised, f"a delay of {span(holder.delay)}")
        if holder.effect and not least <= holder.next_delay <= most:
            yield Difference(subject, promised, f"a delay of {span(holder.next_delay)}, soon")


def _accounts(found: Standing, plan: Plan) -> Iterator[Difference]:
    for role in Role:
        held = {holder.account for holder in found.of(role)}
        planned = {to_checksum_address(account) for account in plan.roles.get(role, ())}
        for account in sorted(planned - held):
            yield Difference(f"{role.name} of {account}", "held, says the plan", "not held")
        for account in sorted(held - planned):
            yield Difference(f"{role.name} of {account}", "not held, says the plan", "held")


# ---------------------------------------------------------------- functions


def _mappings(suite: Suite, rows: list[FunctionRow], found: Standing) -> Iterator[Difference]:
    """What the table gives to a role on a contract that asks the authority, and every mapping that was ever made."""
    by_name = {CONTRACTS[name]: getattr(suite, name) for name in CALLED}
    wanted = {
        (by_name[row.contract].address, function_abi_to_4byte_selector(_abi(row))): row.role
        for row in rows
        if row.contract in by_name and row.role is not None
    }
    known = names(suite)
    for target, selector in {**wanted, **found.functions}:
        role = wanted.get((target, selector))
        mapped = Role(suite.authority.functions.getTargetFunctionRole(target, selector).call())
        # Whatever is mapped to no role is ADMIN's.
        if mapped is not (Role.ADMIN if role is None else role):
            name = function_name(kind_of(suite, target), selector) if target in known else f"0x{selector.hex()}"
            yield Difference(
                f"{known.get(target, target)}.{name}", "no role" if role is None else role.name, mapped.name
            )


def _without_row(table: RoleTable) -> Iterator[Difference]:
    """Functions that change something and that the table leaves out."""
    rows = {(row.contract, row.function) for row in table.functions}
    for kind in CONTRACTS.values():
        for item in manifest.abi(kind):
            writes = item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
            if writes and (kind, item["name"]) not in rows:
                yield Difference(f"{kind}.{item['name']}", "no row", "a function that changes something")


def _abi(row: FunctionRow) -> Any:
    """The function of a row. Raises InputError for one that the contract does not have."""
    if row.contract in CONTRACTS.values():
        for item in manifest.abi(row.contract):
            if item["type"] == "function" and item["name"] == row.function:
                return item
    raise InputError(f"The table names {row.contract}.{row.function}, which there is not: correct the row.")


def _refusals(suite: Suite, table: RoleTable, rows: list[FunctionRow]) -> Iterator[Difference]:
    """What the deployer is told, function by function, token by token."""
    tokens = [(token.functions.symbol().call(), token) for token in suite.tokens()]
    places = {CONTRACTS[name]: [(CONTRACTS[name], getattr(suite, name))] for name in CALLED}
    for row in rows:
        if row.other and row.other in OTHERS and row.other != GRANTER:
            continue
        for name, contract in places.get(row.contract, tokens):
            for arguments, wanted in _questions(suite, table, row):
                told = _refusal(suite, contract, row.function, arguments)
                if told != wanted:
                    condition = f" ({row.condition})" if row.condition else ""
                    yield Difference(f"{name}.{row.function}{condition}, asked by the deployer", wanted, told)


def _questions(suite: Suite, table: RoleTable, row: FunctionRow) -> Iterator[tuple[list[Any], str]]:
    """Arguments, and the refusal that the table promises: its error, and the role or contract that it names."""
    abi = _abi(row)
    zeros = [_zero(item) for item in abi["inputs"]]
    if row.contract == CONTRACTS["authority"]:
        if row.other == GRANTER:
            for role, entry in table.roles.items():
                yield [role, *zeros[1:]], f"AccessManagerUnauthorizedAccount {entry.granted_by.name}"
        elif row.role is not None:
            yield zeros, f"AccessManagerUnauthorizedAccount {row.role.name}"
    elif row.other:
        (at,) = (getattr(suite, name).address for name in CALLED if CONTRACTS[name] == row.other)
        yield zeros, f"{_WRONG_CALLER[row.contract]} {at}"
    elif row.contract == "ShareToken" and row.role is not None:
        for pause in Pause:
            if row.condition and pause.name in row.condition.split(", "):
                yield [int(pause)], f"ShareTokenMissingRole {row.role.name}"
        if not row.condition:
            yield zeros, f"ShareTokenMissingRole {row.role.name}"
    else:
        yield zeros, "AccessManagedUnauthorized"


def _refusal(suite: Suite, contract: Contract, function: str, arguments: list[Any]) -> str:
    """How a contract refuses the deployer: the error, and the role or contract that it names."""
    try:
        suite.dry_run(suite.deployment.deployer, contract.get_function_by_name(function)(*arguments))
    except Refused as refused:
        name, values = chain.decode_error(refused.data)
        named = next((values[key] for key in ("role", "roleId", "only", "market") if key in values), "")
        return f"{name} {Role(named).name if isinstance(named, int) else named}".strip()
    return "not refused"


def _zero(item: dict[str, Any]) -> Any:
    """The zero value of an argument."""
    kind: str = item["type"]
    if kind.endswith("[]"):
        return []
    if kind == "tuple":
        return tuple(_zero(part) for part in item["components"])
    if kind.startswith("bytes"):
        return bytes(int(kind.removeprefix("bytes") or 0))
    return {"address": ZERO_ADDRESS, "bool": False, "string": ""}.get(kind, 0)
