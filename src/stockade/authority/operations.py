"""What is scheduled, and what became of it.

Scheduling changes nothing and is not reported: it is read from OpenZeppelin's events. What they say is waiting or ready
is confirmed by the contract; a node that keeps an event silent is not found out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.types import EventData, LogReceipt

from stockade import chain
from stockade.errors import InputError, NetworkError
from stockade.reporting.reading import CHUNK, ask_many
from stockade.suite import Suite

_SCHEDULED = "OperationScheduled(bytes32,uint32,uint48,address,address,bytes)"
_ENDINGS = ("OperationExecuted(bytes32,uint32)", "OperationCanceled(bytes32,uint32)")


class OperationState(Enum):
    """WAITING until it is ready, READY for a week, then EXPIRED."""

    WAITING = "waiting"
    READY = "ready"
    EXPIRED = "expired"
    EXECUTED = "executed"
    CANCELED = "canceled"


OPEN = (OperationState.WAITING, OperationState.READY)


@dataclass(frozen=True)
class Operation:
    """What somebody scheduled. `number` counts everything ever scheduled on the suite, so it never changes; `id` is the
    authority's, the same each time the same call is scheduled by the same account. Times in seconds UTC.
    """

    number: int
    id: bytes
    nonce: int
    caller: ChecksumAddress
    target: ChecksumAddress
    data: bytes
    ready_at: int
    expires_at: int
    state: OperationState


def operations(suite: Suite) -> list[Operation]:
    """Everything that was ever scheduled, in order. Raises NetworkError where the contract says otherwise."""
    w3, block = suite.w3, suite.w3.eth.block_number
    logs = _logs(suite, block)
    events = suite.authority.events
    scheduled = chain.read(lambda: [events.OperationScheduled().process_log(log) for log in _of(logs, _SCHEDULED)])
    endings = {
        (bytes(log["topics"][1]), int.from_bytes(log["topics"][2], "big")): state
        for signature, state in zip(_ENDINGS, (OperationState.EXECUTED, OperationState.CANCELED), strict=True)
        for log in _of(logs, signature)
    }
    functions = suite.authority.functions
    lifetime = chain.read(lambda: functions.expiration().call(block_identifier=block))
    now = chain.read(lambda: w3.eth.get_block(block))["timestamp"]
    found = [_operation(number, event, lifetime, now, endings) for number, event in enumerate(scheduled, start=1)]
    unfinished = [each for each in found if each.state in OPEN]
    calls = [functions.getSchedule(each.id) for each in unfinished]
    answers = ask_many(w3, [partial(call.call, block_identifier=block) for call in calls])
    for each, ready_at in zip(unfinished, answers, strict=True):
        if ready_at != each.ready_at:
            raise NetworkError(
                f"By the node's logs operation {each.number} is {each.state.value}, by the authority it is not: ask "
                "another node."
            )
    return found


def find_operation(found: Sequence[Operation], which: str) -> Operation:
    """An operation by its number or by its id; by id the last one that bears it. Raises InputError."""
    text = which.lower()
    for each in reversed(found):
        if text in (str(each.number), "0x" + each.id.hex()):
            return each
    last = f"there are 1 to {len(found)}" if found else "nothing was ever scheduled"
    raise InputError(f"There is no operation {which!r}, {last}: `ape run authority show --all` lists them.")


def _operation(
    number: int, event: EventData, lifetime: int, now: int, endings: dict[tuple[bytes, int], OperationState]
) -> Operation:
    values: Any = event["args"]
    ready_at, expires_at = values["schedule"], values["schedule"] + lifetime
    state = endings.get((values["operationId"], values["nonce"]))
    if state is None and now >= expires_at:
        state = OperationState.EXPIRED
    if state is None:
        state = OperationState.READY if now >= ready_at else OperationState.WAITING
    return Operation(
        number,
        values["operationId"],
        values["nonce"],
        values["caller"],
        values["target"],
        bytes(values["data"]),
        ready_at,
        expires_at,
        state,
    )


def _logs(suite: Suite, last: int) -> list[LogReceipt]:
    topics = [["0x" + keccak(text=signature).hex() for signature in (_SCHEDULED, *_ENDINGS)]]
    found: list[LogReceipt] = []
    for start in range(suite.deployment.block, last + 1, CHUNK):
        end = min(start + CHUNK - 1, last)
        question = {"address": suite.authority.address, "fromBlock": start, "toBlock": end, "topics": topics}
        found += chain.read(partial(suite.w3.eth.get_logs, question))  # type: ignore[arg-type]
    return sorted(found, key=lambda log: (log["blockNumber"], log["logIndex"]))


def _of(logs: Sequence[LogReceipt], signature: str) -> list[LogReceipt]:
    return [log for log in logs if log["topics"][0] == keccak(text=signature)]
