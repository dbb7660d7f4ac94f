"""Every function that is not for everybody, with a call of it and how strangers are turned away: law 8's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stockade.records import Role
from tests.machines.model import Model
from tests.machines.roles import TABLE, Call
from tests.machines.scene import Scene
from tests.machines.world import interface, sample

# Asked of the authority; the rest of the restricted functions stands in the table.
AUTHORITY = ("grantRole", "revokeRole", "setTargetFunctionRole")
RESTRICTED = {function for roles in TABLE.values() for names in roles.values() for function in names} | {*AUTHORITY}

BY_ROLE = {
    Role.COMPLIANCE: (
        "forcedTransfer",
        "forcedTransferWithOrder",
        "setFrozenTokens",
        "setFrozenTokensWithOrder",
        "recoverBalance",
        "unpause",
    ),
    Role.ISSUER: ("setPolicy",),
    Role.PAUSER: ("pause",),
}
WRONG_CALLER = {
    "SuiteFactory": "FactoryWrongCaller",
    "ListingRegistry": "ListingWrongCaller",
    "ShareToken": "ShareTokenWrongCaller",
}
BY_LEDGER = ("mint", "burn", "escrow", "giveBack", "forceEscrow")


@dataclass(frozen=True)
class Guard:
    """`only`: the contract that alone may call; `role`: a token's. With neither, the authority is asked."""

    target: str
    contract: str
    function: str
    data: bytes
    only: str = ""
    role: Role | None = None

    def refuses(self, model: Model, caller: str) -> tuple[str, tuple[Any, ...]] | None:
        """The error that this caller must get; None for one who may call, whatever comes of it."""
        if self.only:
            return WRONG_CALLER[self.contract], (caller, self.only)
        if self.role is not None:
            may = model.held(self.role, caller) == (True, 0)
            return None if may else ("ShareTokenMissingRole", (caller, self.role))
        role = model.required(self.target, self.data)
        member, delay = model.held(role, caller)
        operation = model.operation(Call(caller, self.target, self.data))
        if member and (not delay or operation in model.schedules):
            return None
        if member:
            return "AccessManagerNotScheduled", (operation,)
        if self.target == model.authority:
            return "AccessManagerUnauthorizedAccount", (caller, role)
        return "AccessManagedUnauthorized", (caller,)


def guards(scene: Scene) -> list[Guard]:
    """One for each function and contract. Their arguments hardly matter: access is looked at first."""
    model, found = scene.model, []
    for target, contract in scene.play.names.items():
        for functions in TABLE.get(contract, {}).values():
            found += [Guard(target, contract, name, sample(contract, name)) for name in functions]
        if contract == "SuiteAuthority":
            found += [Guard(target, contract, name, sample(contract, name)) for name in AUTHORITY]
        if contract == "SuiteFactory":
            found.append(Guard(target, contract, "createToken", sample(contract, "createToken"), only=model.listings))
        if contract == "ListingRegistry":
            found.append(Guard(target, contract, "setMarketHalt", sample(contract, "setMarketHalt"), only=model.market))
        if contract == "ShareToken":
            for role, functions in BY_ROLE.items():
                found += [Guard(target, contract, name, sample(contract, name), role=role) for name in functions]
            lifts = interface(contract).call("unpause", 8)
            found.append(Guard(target, contract, "unpause", lifts, role=Role.REGULATOR))
            found += [Guard(target, contract, name, sample(contract, name), only=model.ledger) for name in BY_LEDGER]
            found.append(Guard(target, contract, "setListing", sample(contract, "setListing"), only=model.listings))
            upgrade = sample(contract, "upgradeToAndCall")
            found.append(Guard(target, contract, "upgradeToAndCall", upgrade, only=scene.factory))
    return found
