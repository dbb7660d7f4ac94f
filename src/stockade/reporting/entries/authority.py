"""The authority's entries: roles, functions, marks, what was scheduled, anchors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_typing import ChecksumAddress

from stockade.records import Role
from stockade.reporting.entries.entry import Content


class AuthorityKind(IntEnum):
    ROLE = 1
    FUNCTION = 2
    SETTLED = 3
    ACKNOWLEDGED = 4
    SCHEDULED = 5
    CANCELED = 6
    EXECUTED = 7
    ANCHORED = 8


@dataclass(frozen=True)
class RoleSet(Content):
    """Authority 1. `delay` in seconds holds from `since` (seconds UTC); both are of no meaning for one who lost it."""

    role: Role
    account: ChecksumAddress
    member: bool
    delay: int
    since: int


@dataclass(frozen=True)
class FunctionMapped(Content):
    """Authority 2: who may call the function from now on."""

    target: ChecksumAddress
    selector: bytes
    role: Role


@dataclass(frozen=True)
class Settled(Content):
    """Authority 3: the deployer handed the suite over."""

    admin: ChecksumAddress


@dataclass(frozen=True)
class Acknowledged(Content):
    """Authority 4: the regulator holds the stream up to this entry, whose chain it computed."""

    stream: ChecksumAddress
    sequence: int
    chain: int


@dataclass(frozen=True)
class Scheduled(Content):
    """Authority 5: an act waits, its caller being the entry's operator. `operation` is the same each time the same call
    is scheduled by the same account, and `nonce` counts these times; it may be made from `ready_at` (seconds UTC) on.
    """

    operation: bytes
    nonce: int
    ready_at: int
    target: ChecksumAddress
    data: bytes


@dataclass(frozen=True)
class Canceled(Content):
    """Authority 6: by its operator, what was scheduled is not made."""

    operation: bytes
    nonce: int


@dataclass(frozen=True)
class Executed(Content):
    """Authority 7: what was scheduled is made, by who scheduled it. The operator is the contract that was called."""

    operation: bytes
    nonce: int


@dataclass(frozen=True)
class Anchored(Content):
    """Authority 8: the Merkle root over the `count` records that the issuer's reporter made in a day, zero for none;
    and the reporter's own number of its last record up to the end of that day. Days since 1970-01-01 (UTC).
    """

    day: int
    root: bytes
    count: int
    last_sequence: int
