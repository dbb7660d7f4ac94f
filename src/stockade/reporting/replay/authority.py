"""Who may do what, what waits, the regulator's marks and the issuer's anchors, from the authority's reports alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Role
from stockade.reporting.entries import (
    Acknowledged,
    Anchored,
    Canceled,
    Entry,
    Executed,
    FunctionMapped,
    RoleSet,
    Scheduled,
    Settled,
    Wrong,
)
from stockade.reporting.streams import Head


class Membership(NamedTuple):
    """How an account holds a role: its delay, and since when (seconds, seconds UTC)."""

    delay: int
    since: int


class Schedule(NamedTuple):
    """An act that was scheduled: how often so far, and from when it may be made (seconds UTC); zero once it was made or
    canceled. A week later it may no more, which is not reported.
    """

    nonce: int
    ready_at: int


NO_ANCHOR = Anchored(0, bytes(32), 0, 0)


@dataclass
class AuthorityState:
    """Members by role and account, None for one who lost the role; roles by contract and function; marks by stream;
    schedules by the operation's id; anchors by day.
    """

    members: dict[tuple[Role, ChecksumAddress], Membership | None] = field(default_factory=dict)
    functions: dict[tuple[ChecksumAddress, bytes], Role] = field(default_factory=dict)
    marks: dict[ChecksumAddress, Head] = field(default_factory=dict)
    schedules: dict[bytes, Schedule] = field(default_factory=dict)
    anchors: dict[int, Anchored] = field(default_factory=dict)
    last_anchor: Anchored = NO_ANCHOR
    settled: bool = False

    def holders(self, role: Role) -> dict[ChecksumAddress, Membership]:
        """Who holds a role now, in the order in which they first did."""
        return {account: held for (of, account), held in self.members.items() if of is role and held}


def replay_authority(entries: Iterable[Entry]) -> tuple[AuthorityState, Wrong]:
    """Anchors alone can contradict each other: every other entry says what holds from now on."""
    state, wrong = AuthorityState(), []
    for entry in entries:
        match entry.content:
            case RoleSet(role, account, member, delay, since):
                state.members[role, account] = Membership(delay, since) if member else None
            case FunctionMapped(target, selector, role):
                state.functions[target, selector] = role
            case Acknowledged(stream, sequence, chain):
                state.marks[stream] = Head(sequence, chain)
            case Scheduled(operation, nonce, ready_at):
                state.schedules[operation] = Schedule(nonce, ready_at)
            case Canceled(operation, nonce) | Executed(operation, nonce):
                state.schedules[operation] = Schedule(nonce, 0)
            case Settled():
                state.settled = True
            case Anchored(day) as anchored:
                if problem := _anchor_problem(state.last_anchor, anchored):
                    wrong.append((entry.seq, problem))
                state.anchors[day] = state.last_anchor = anchored
    return state, wrong


def _anchor_problem(last: Anchored, anchored: Anchored) -> str:
    """Days rise, and each one's records begin where those of the anchor before ended."""
    if anchored.day <= last.day:
        return f"day {anchored.day} is anchored after day {last.day}"
    if anchored.last_sequence != last.last_sequence + anchored.count:
        return (
            f"day {anchored.day} has {anchored.count} records up to {anchored.last_sequence}, "
            f"but those before it end with {last.last_sequence}"
        )
    return ""
