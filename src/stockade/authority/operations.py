"""What is scheduled, and what became of it, read from the authority's report stream.

The stream's chain says that nothing is missing: no node can keep from GUARDIAN what waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.errors import InputError, NetworkError
from stockade.reporting.entries import Canceled, Entry, Executed, Scheduled
from stockade.reporting.streams import read_stream, source_of
from stockade.suite import Suite


class OperationState(Enum):
    """WAITING until it is ready, READY for a week, then EXPIRED."""

    WAITING = "waiting"
    READY = "ready"
    EXPIRED = "expired"
    EXECUTED = "executed"
    CANCELED = "canceled"


OPEN = (OperationState.WAITING, OperationState.READY)
_ENDINGS: dict[type, OperationState] = {Canceled: OperationState.CANCELED, Executed: OperationState.EXECUTED}


@dataclass(frozen=True)
class Operation:
    """What somebody scheduled. `number` counts everything ever scheduled on the suite, so it never changes; `id` is the
    authority's, the same each time the same call is scheduled by the same account. Times in seconds UTC; `ended_at` is
    when it was executed or canceled, None for neither.
    """

    number: int
    id: bytes
    nonce: int
    caller: ChecksumAddress
    target: ChecksumAddress
    data: bytes
    scheduled_at: int
    ready_at: int
    expires_at: int
    ended_at: int | None
    state: OperationState


def operations(suite: Suite) -> list[Operation]:
    """Everything that was ever scheduled, in order. Raises NetworkError where a node contradicts the contract."""
    block = suite.w3.eth.block_number
    stream = read_stream(suite, source_of(suite, "authority", block), block)
    if stream.faults:
        raise NetworkError(f"The node does not tell all that was scheduled ({stream.faults[0]}): ask another node.")
    lifetime = chain.read(lambda: suite.authority.functions.expiration().call(block_identifier=block))
    now = chain.read(lambda: suite.w3.eth.get_block(block))["timestamp"]
    return replay_operations(stream.entries, lifetime, now)


def replay_operations(entries: Sequence[Entry], lifetime: int, now: int) -> list[Operation]:
    """The same from the authority's entries: `lifetime` in seconds, judged at a moment (seconds UTC)."""
    endings = {
        (entry.content.operation, entry.content.nonce): (_ENDINGS[type(entry.content)], entry.timestamp)
        for entry in entries
        if isinstance(entry.content, Canceled | Executed)
    }
    scheduled = [(entry, entry.content) for entry in entries if isinstance(entry.content, Scheduled)]
    return [_operation(number, *each, lifetime, now, endings) for number, each in enumerate(scheduled, start=1)]


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
    endings: dict[tuple[bytes, int], tuple[OperationState, int]],
) -> Operation:
    expires_at = said.ready_at + lifetime
    state, ended_at = endings.get((said.operation, said.nonce), (None, None))
    if state is None and now >= expires_at:
        state = OperationState.EXPIRED
    if state is None:
        state = OperationState.READY if now >= said.ready_at else OperationState.WAITING
    return Operation(
        number=number,
        id=said.operation,
        nonce=said.nonce,
        caller=entry.operator,
        target=said.target,
        data=said.data,
        scheduled_at=entry.timestamp,
        ready_at=said.ready_at,
        expires_at=expires_at,
        ended_at=ended_at,
        state=state,
    )
