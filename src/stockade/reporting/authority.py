"""Who may do what, rebuilt from the authority's reports alone: roles, functions, the regulator's marks, and what waits.

An act that was scheduled is reported again by what it does, once it is carried out; the authority itself does not say
so. Whether it still waits, `stockade.authority.operations` asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Role
from stockade.reporting.entries import Acknowledged, Canceled, Entry, FunctionMapped, RoleSet, Scheduled, Settled
from stockade.reporting.streams import Head


class Membership(NamedTuple):
    """How an account holds a role: its delay, and since when (seconds, seconds UTC)."""

    delay: int
    since: int


class Schedule(NamedTuple):
    """When an act was last scheduled: how often so far, and whether that was taken back."""

    nonce: int
    canceled: bool


@dataclass
class AuthorityState:
    """Members by role and account, None for one who lost the role; roles by contract and function; marks by stream;
    schedules by the operation's id.
    """

    members: dict[tuple[Role, ChecksumAddress], Membership | None] = field(default_factory=dict)
    functions: dict[tuple[ChecksumAddress, bytes], Role] = field(default_factory=dict)
    marks: dict[ChecksumAddress, Head] = field(default_factory=dict)
    schedules: dict[bytes, Schedule] = field(default_factory=dict)
    settled: bool = False

    def holders(self, role: Role) -> dict[ChecksumAddress, Membership]:
        """Who holds a role now, in the order in which they first did."""
        return {account: held for (of, account), held in self.members.items() if of is role and held}


def replay_authority(entries: Iterable[Entry]) -> AuthorityState:
    """Entries cannot contradict each other: each says what holds from now on."""
    state = AuthorityState()
    for entry in entries:
        match entry.content:
            case RoleSet(role, account, member, delay, since):
                state.members[role, account] = Membership(delay, since) if member else None
            case FunctionMapped(target, selector, role):
                state.functions[target, selector] = role
            case Acknowledged(stream, sequence, chain):
                state.marks[stream] = Head(sequence, chain)
            case Scheduled(operation, nonce):
                state.schedules[operation] = Schedule(nonce, canceled=False)
            case Canceled(operation, nonce):
                state.schedules[operation] = Schedule(nonce, canceled=True)
            case Settled():
                state.settled = True
    return state
