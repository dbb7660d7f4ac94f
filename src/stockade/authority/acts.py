"""Acts that wait: built, scheduled, executed, cancelled.

An act is scheduled on the authority, and once its time has come the same account makes the same call itself, which
consumes the schedule: reports name who acted. What the chain would say only after twenty days is checked beforehand.
"""

from __future__ import annotations

from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction
from web3.types import TxParams, TxReceipt

from stockade import chain
from stockade.authority.operations import OPEN, Operation, OperationState, find_operation, operations
from stockade.authority.standing import standing
from stockade.authority.words import kind_of, parse_call, parse_function, span
from stockade.chain import Signer
from stockade.custody.words import utc
from stockade.deploy import DAY, DELAYS, FUNCTIONS, REGULATOR_SUSPENDS
from stockade.errors import InputError, Refused
from stockade.records import ZERO_ADDRESS, Role
from stockade.suite import CONTRACTS, Suite

# The longest delay that the authority grants, in seconds.
MOST_DELAY = 365 * DAY

# The functions of these roles can never be mapped again.
FIXED_ROLES = (Role.UPGRADER, Role.CUSTODY_ADMIN)

# The authority's own functions that ask for a role, and how people write the first three.
_OWN = {
    "grantRole": "grant",
    "revokeRole": "revoke",
    "setTargetFunctionRole": "map",
    "labelRole": "",
    "acknowledge": "",
    "anchor": "",
}

# Their first argument is a role, whose admin may do it.
_GRANT_OR_REVOKE = (keccak(text="grantRole(uint64,address,uint32)")[:4], keccak(text="revokeRole(uint64,address)")[:4])

# How a call begins that takes GUARDIAN from somebody.
_REMOVES_GUARDIAN = _GRANT_OR_REVOKE[1] + int(Role.GUARDIAN).to_bytes(32, "big")

# How the suite refuses whoever does not hold the role.
_NOT_A_MEMBER = ("AccessManagerUnauthorizedAccount", "AccessManagedUnauthorized", "AccessManagerUnauthorizedCall")


# ---------------------------------------------------------------- build


def grant(suite: Suite, role: Role, account: ChecksumAddress, delay: int | None = None) -> ContractFunction:
    """Grants a role, with the least delay that it may have unless told otherwise (seconds). Raises InputError."""
    if account == ZERO_ADDRESS:
        raise InputError("account: the zero address belongs to nobody: give another.")
    if account == suite.authority.address:
        raise InputError("account: the authority itself never acts, so nobody would hold the role: give another.")
    least, most = bounds(role)
    waits = least if delay is None else delay
    if not least <= waits <= most:
        said = f"a delay between {span(least)} and {span(most)}" if most else "no delay"
        raise InputError(f"delay: {role.name} is held with {said}, not {span(waits)}: choose another.")
    is_member, held = suite.authority.functions.hasRole(role, account).call()
    if is_member and held == waits:
        raise InputError(f"{account} holds {role.name} with this delay already: nothing to do.")
    return suite.authority.functions.grantRole(role, account, waits)


def bounds(role: Role) -> tuple[int, int]:
    """The least and the longest delay with which a role can be held, in seconds."""
    return DELAYS.get(role, 0), 0 if role is Role.PAUSER else MOST_DELAY


def revoke(suite: Suite, role: Role, account: ChecksumAddress) -> ContractFunction:
    """Takes a role away. Raises InputError for who does not hold it, and for the last ADMIN."""
    if not suite.authority.functions.hasRole(role, account).call()[0]:
        raise InputError(f"{account} does not hold {role.name}: nothing to do.")
    if role is Role.ADMIN and len(standing(suite).of(role)) == 1:
        raise InputError(f"{account} is the last ADMIN, which cannot be revoked: grant the role to another first.")
    return suite.authority.functions.revokeRole(role, account)


def map_function(suite: Suite, function: str, role: Role) -> ContractFunction:
    """Gives `CONTRACT.FUNCTION` to a role. Raises InputError where that would be refused, or change nothing."""
    _, contract, abi = parse_function(suite, function)
    if contract.address == suite.authority.address or abi["name"] not in restricted(kind_of(suite, contract.address)):
        raise InputError(f"{function}: who may call it is fixed in code (docs/roles.md): it cannot be mapped.")
    selector = function_abi_to_4byte_selector(abi)  # type: ignore[arg-type]
    present = Role(suite.authority.functions.getTargetFunctionRole(contract.address, selector).call())
    if present in FIXED_ROLES:
        raise InputError(f"{function} is {present.name}'s for good (docs/roles.md): it cannot be mapped.")
    if present is role:
        raise InputError(f"{function} is {role.name}'s already: nothing to do.")
    if role in FIXED_ROLES and present is not Role.ADMIN:
        raise InputError(f"{function} is {present.name}'s, and would be {role.name}'s for good: it cannot be mapped.")
    if role is Role.ADMIN:
        raise InputError(f"{function} is {present.name}'s: it can be given to another role, but not to none.")
    return suite.authority.functions.setTargetFunctionRole(contract.address, [selector], role)


def call_function(suite: Suite, function: str, arguments: tuple[str, ...]) -> ContractFunction:
    """Any call that can be scheduled, in words. Raises InputError."""
    _, contract, abi = parse_function(suite, function)
    if contract.address == suite.authority.address and (command := _OWN.get(abi["name"])):
        raise InputError(f"{function} has a command of its own: `ape run authority schedule {command} --help`.")
    return parse_call(suite, function, arguments)


def restricted(kind: str) -> set[str]:
    """The functions of a contract that ask the authority for a role, by name. A token's ask for theirs at once."""
    if kind == CONTRACTS["authority"]:
        return set(_OWN)
    tables = [table[place] for table in (FUNCTIONS, REGULATOR_SUSPENDS) for place in table if CONTRACTS[place] == kind]
    return {name for roles in tables for names in roles.values() for name in names}


def required_role(suite: Suite, target: ChecksumAddress, data: bytes) -> Role:
    """The role that the authority asks for a call, as OpenZeppelin does it."""
    functions = suite.authority.functions
    if target == suite.authority.address and data[:4] in _GRANT_OR_REVOKE:
        return Role(functions.getRoleAdmin(int.from_bytes(data[4:36], "big")).call())
    return Role(functions.getTargetFunctionRole(target, data[:4]).call())


# ---------------------------------------------------------------- schedule


def schedule(suite: Suite, signer: Signer, call: ContractFunction) -> Operation:
    """Schedules a call; the same account executes it once it is ready. Raises InputError or Refused."""
    check_schedulable(suite, signer.address, call)
    suite.send(signer, suite.authority.functions.schedule(call.address, _data(call), 0))
    return _operation_of(suite, signer.address, call)


def check_schedulable(suite: Suite, sender: ChecksumAddress, call: ContractFunction) -> int:
    """Seconds that the call would wait, if the authority would schedule it for the account. Raises InputError where
    scheduling would be in vain, Refused where it would be refused.
    """
    kind = kind_of(suite, call.address)
    if call.fn_name not in restricted(kind):
        raise InputError(f"{kind}.{call.fn_name} never waits, so there is nothing to schedule (docs/roles.md).")
    role = required_role(suite, call.address, _data(call))
    is_member, delay = suite.authority.functions.hasRole(role, sender).call()
    if is_member and not delay:
        raise InputError(
            f"{sender} holds {role.name} without delay: make the call itself, there is nothing to schedule."
        )
    try:
        suite.dry_run(sender, suite.authority.functions.schedule(call.address, _data(call), 0))
    except Refused as refused:
        if refused.error == "AccessManagerAlreadyScheduled":
            known = _operation_of(suite, sender, call)
            raise Refused(
                f"This is scheduled already: operation {known.number} {_when(known)}.", error=refused.error
            ) from None
        raise _in_words(suite, refused, sender, role) from None
    return int(delay)


def _data(call: ContractFunction) -> HexBytes:
    return HexBytes(call._encode_transaction_data())


def _operation_of(suite: Suite, caller: ChecksumAddress, call: ContractFunction) -> Operation:
    id_ = suite.authority.functions.hashOperation(caller, call.address, _data(call)).call()
    return find_operation(operations(suite), "0x" + id_.hex())


# ---------------------------------------------------------------- execute and cancel


def execute(suite: Suite, signer: Signer, operation: Operation) -> TxReceipt:
    """Makes the scheduled call itself. Raises InputError or Refused, with the time when it can be done."""
    check_executable(suite, signer.address, operation)
    try:
        return chain.send(suite.w3, signer, _transaction(operation))
    except Refused as refused:
        raise suite.explain(refused) from refused


def check_executable(suite: Suite, sender: ChecksumAddress, operation: Operation) -> None:
    """Whether the chain would execute it now. Raises InputError for another account than the one that scheduled it,
    Refused otherwise.
    """
    if sender != operation.caller:
        raise InputError(
            f"Operation {operation.number} was scheduled by {operation.caller}, and only that account can execute it: "
            "give it with --account."
        )
    _require_open(suite, operation)
    try:
        # The chain's clock decides, not the latest block's: on an idle chain that lags behind.
        chain.ask(lambda: suite.w3.eth.call({"from": sender, **_transaction(operation)}))
    except Refused as refused:
        if refused.error == "AccessManagerNotReady":
            raise Refused(f"Operation {operation.number} {_when(operation)}.", error=refused.error) from None
        role = required_role(suite, operation.target, operation.data)
        raise _in_words(suite, suite.explain(refused), sender, role) from None


def cancel(suite: Suite, signer: Signer, operation: Operation) -> TxReceipt:
    """Cancels an operation: one's own, or another's as GUARDIAN. Raises Refused."""
    check_cancellable(suite, signer.address, operation)
    return suite.send(signer, _cancellation(suite, operation))


def check_cancellable(suite: Suite, sender: ChecksumAddress, operation: Operation) -> None:
    """Whether the authority would let the account cancel it. Raises Refused."""
    _require_open(suite, operation)
    try:
        suite.dry_run(sender, _cancellation(suite, operation))
    except Refused as refused:
        if refused.error != "AccessManagerUnauthorizedCancel":
            raise
        removal = operation.target == suite.authority.address and operation.data[:36] == _REMOVES_GUARDIAN
        who = "alone; GUARDIAN cannot keep itself in office" if removal else "and for GUARDIAN"
        raise Refused(
            f"{sender} may not cancel operation {operation.number}: that is for {operation.caller}, who scheduled it, "
            f"{who}.",
            error=refused.error,
        ) from None


def _cancellation(suite: Suite, operation: Operation) -> ContractFunction:
    return suite.authority.functions.cancel(operation.caller, operation.target, operation.data)


def _transaction(operation: Operation) -> TxParams:
    return {"to": operation.target, "data": HexBytes(operation.data)}


# ---------------------------------------------------------------- refusals in words


def judge(suite: Suite, sender: ChecksumAddress, call: ContractFunction) -> None:
    """Whether a call that does not wait would be accepted. Raises Refused, naming the role that it takes."""
    try:
        suite.dry_run(sender, call)
    except Refused as refused:
        raise _in_words(suite, refused, sender, required_role(suite, call.address, _data(call))) from None


def _require_open(suite: Suite, operation: Operation) -> None:
    """Raises Refused for what is over, saying when it could be done if it were scheduled again now."""
    if operation.state in OPEN:
        return
    role = required_role(suite, operation.target, operation.data)
    is_member, delay = suite.authority.functions.hasRole(role, operation.caller).call()
    again = (
        f"scheduled again now, it can be executed from {utc(_now(suite) + delay)} on"
        if is_member
        else (f"{operation.caller} no longer holds {role.name}, so it cannot be scheduled again")
    )
    raise Refused(f"Operation {operation.number} {_when(operation)}: {again}.", error=_OVER[operation.state])


# What the authority would answer.
_OVER = {
    OperationState.EXPIRED: "AccessManagerExpired",
    OperationState.EXECUTED: "AccessManagerNotScheduled",
    OperationState.CANCELED: "AccessManagerNotScheduled",
}


def _when(operation: Operation) -> str:
    match operation.state:
        case OperationState.WAITING | OperationState.READY:
            return f"can be executed from {utc(operation.ready_at)} on, and before {utc(operation.expires_at)}"
        case OperationState.EXPIRED:
            return f"expired at {utc(operation.expires_at)}"
    return f"was {operation.state.value}"


def _in_words(suite: Suite, refused: Refused, sender: ChecksumAddress, role: Role) -> Refused:
    """The refusal of who does not hold the role, with the time from which it could; any other as it is."""
    if refused.error not in _NOT_A_MEMBER:
        return refused
    granter = Role(suite.authority.functions.getRoleAdmin(role).call())
    earliest = utc(_now(suite) + bounds(granter)[0])
    return Refused(
        f"{sender} does not hold {role.name}, which this takes: {granter.name} may grant it, scheduled now from "
        f"{earliest} on (`ape run authority schedule grant --help`).",
        error=refused.error,
    )


def _now(suite: Suite) -> int:
    return int(suite.w3.eth.get_block("latest")["timestamp"])
