"""One account in place of another, in a role: the new one is granted it before the old one loses it.

Nothing is remembered between runs: what is left to do is read from the chain each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction

from stockade.authority.acts import check_executable, check_schedulable, execute, grant, schedule
from stockade.authority.operations import OPEN, Operation, OperationState, operations
from stockade.chain import Signer
from stockade.errors import InputError, Refused
from stockade.records import Role
from stockade.suite import Suite


class StepState(Enum):
    """What is to be done with a step of a rotation."""

    MISSING = "to be scheduled"
    WAITING = "scheduled"
    READY = "ready"
    DONE = "done"


@dataclass(frozen=True)
class Step:
    """The grant or the revocation. `call` is what MISSING would schedule; `operation` what WAITING and READY name."""

    state: StepState
    call: ContractFunction
    operation: Operation | None = None


def rotation(
    suite: Suite, sender: ChecksumAddress, role: Role, old: ChecksumAddress, new: ChecksumAddress
) -> tuple[Step, Step]:
    """Where the account's rotation stands: the grant, and the revocation. Raises InputError where it cannot be one, and
    what `schedule` would raise for a step that is still missing.
    """
    functions = suite.authority.functions
    if old == new:
        raise InputError(f"{old} cannot take its own place: give two accounts.")
    old_holds, new_holds = (functions.hasRole(role, account).call()[0] for account in (old, new))
    if not old_holds and not new_holds:
        raise InputError(
            f"{old} does not hold {role.name}, so nobody can take its place: see `ape run authority show`."
        )
    _, delay, next_delay, effect = functions.getAccess(role, old).call()
    granting = functions.grantRole(role, new, next_delay if effect else delay)
    revoking = functions.revokeRole(role, old)
    if not new_holds:
        grant(suite, role, new, granting.args[2])  # its checks
    known = [each for each in operations(suite) if each.caller == sender and each.state in OPEN]
    steps = (_step(suite, granting, new_holds, known), _step(suite, revoking, not old_holds, known))
    for step in steps:
        if step.state is StepState.MISSING:
            check_schedulable(suite, sender, step.call)
    return steps


def rotate(suite: Suite, signer: Signer, role: Role, old: ChecksumAddress, new: ChecksumAddress) -> tuple[Step, Step]:
    """Does what can be done now: schedules both steps, or executes them, the grant first; returns where it stands then.

    The revocation is executed only when the new account holds the role, whoever granted it.
    """
    granting, revoking = rotation(suite, signer.address, role, old, new)
    _advance(suite, signer, granting)
    if revoking.state is StepState.MISSING or suite.authority.functions.hasRole(role, new).call()[0]:
        _advance(suite, signer, revoking)
    return rotation(suite, signer.address, role, old, new)


def _step(suite: Suite, call: ContractFunction, done: bool, known: list[Operation]) -> Step:
    if done:
        return Step(StepState.DONE, call)
    data = bytes(HexBytes(call._encode_transaction_data()))
    for operation in known:
        if operation.target == call.address and operation.data == data:
            ready = operation.state is OperationState.READY
            return Step(StepState.READY if ready else StepState.WAITING, call, operation)
    return Step(StepState.MISSING, call)


def _advance(suite: Suite, signer: Signer, step: Step) -> None:
    if step.state is StepState.MISSING:
        schedule(suite, signer, step.call)
    elif step.operation is not None:
        try:
            check_executable(suite, signer.address, step.operation)
        except Refused as refused:
            if refused.error != "AccessManagerNotReady":
                raise
        else:
            execute(suite, signer, step.operation)
