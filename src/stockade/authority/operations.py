"""What is scheduled, and what became of it.

What was scheduled and canceled is read from the authority's report stream, whose chain says that nothing is missing.
What was carried out says OpenZeppelin's event; a node that keeps it silent is found out, for the contract is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.types import LogReceipt

from stockade.errors import InputError, NetworkError
from stockade.reporting.entries import Canceled, Entry, Scheduled
from stockade.reporting.reading import CHUNK, ask, ask_many
from stockade.reporting.streams import read_stream, source_of
from stockade.suite import Suite

_EXECUTED = "0x" + keccak(text="OperationExecuted(bytes32,uint32)").hex()


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
    """Everything that was ever scheduled, in order. Raises NetworkError where a node contradicts the contract."""
    w3, block = suite.w3, suite.w3.eth.block_number
    stream = read_stream(suite, source_of(suite, "authority", block), block)
    if stream.faults:
        raise NetworkError(f"The node does not tell all that was scheduled ({stream.faults[0]}): ask another node.")
    endings = dict.fromkeys(_executed(suite, block), OperationState.EXECUTED)
    for entry in stream.entries:
        if isinstance(entry.content, Canceled):
            endings[entry.content.operation, entry.content.nonce] = OperationState.CANCELED
    functions = suite.authority.functions
    lifetime = ask(lambda: functions.expiration().call(block_identifier=block))
    now = ask(lambda: w3.eth.get_block(block))["timestamp"]
    scheduled = [(entry, entry.content) for entry in stream.entries if isinstance(entry.content, Scheduled)]
    found = [_operation(number, *each, lifetime, now, endings) for number, each in enumerate(scheduled, start=1)]
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
    number: int,
    entry: Entry,
    said: Scheduled,
    lifetime: int,
    now: int,
    endings: dict[tuple[bytes, int], OperationState],
) -> Operation:
    expires_at = said.ready_at + lifetime
    state = endings.get((said.operation, said.nonce))
    if state is None and now >= expires_at:
        state = OperationState.EXPIRED
    if state is None:
        state = OperationState.READY if now >= said.ready_at else OperationState.WAITING
    caller, target = entry.operator, said.target
    return Operation(number, said.operation, said.nonce, caller, target, said.data, said.ready_at, expires_at, state)


def _executed(suite: Suite, last: int) -> list[tuple[bytes, int]]:
    """What was carried out, as id and nonce."""
    found: list[LogReceipt] = []
    for start in range(suite.deployment.block, last + 1, CHUNK):
        end = min(start + CHUNK - 1, last)
        question = {"address": suite.authority.address, "fromBlock": start, "toBlock": end, "topics": [_EXECUTED]}
        found += ask(partial(suite.w3.eth.get_logs, question))  # type: ignore[arg-type]
    return [(bytes(log["topics"][1]), int.from_bytes(log["topics"][2], "big")) for log in found]
