"""Who may do what, rebuilt from the authority's reports alone: roles, functions, and the regulator's marks.

What the authority does not report is deliberately absent: an operation that is scheduled or cancelled changes nothing
until it is carried out, and then that is reported. Its OpenZeppelin events tell the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import Role
from stockade.reporting.entries import Acknowledged, Entry, FunctionMapped, RoleSet, Settled
from stockade.reporting.streams import Head


class Membership(NamedTuple):
    """How an account holds a role: its delay, and since when (seconds, seconds UTC)."""

    delay: int
    since: int


@dataclass
class AuthorityState:
    """Members by role and account, None for one who lost the role; roles by contract and function; marks by stream."""

    members: dict[tuple[Role, ChecksumAddress], Membership | None] = field(default_factory=dict)
    functions: dict[tuple[ChecksumAddress, bytes], Role] = field(default_factory=dict)
    marks: dict[ChecksumAddress, Head] = field(default_factory=dict)
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
            case Settled():
                state.settled = True
    return state
