"""What the authority reports."""

from __future__ import annotations

from typing import Literal

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class AuthorityRole(Wire):
    """Who holds a role, with which delay, from when; the last two of no meaning for one who lost it."""

    kind: Literal["authority.ROLE"]
    role: f.RoleName
    account: f.Account
    member: bool
    delay: f.Seconds
    since: f.Second


class AuthorityFunction(Wire):
    """Which role may call a function."""

    kind: Literal["authority.FUNCTION"]
    target: f.Account
    selector: f.Selector
    role: f.RoleName


class AuthoritySettled(Wire):
    """The deployer handed the suite over."""

    kind: Literal["authority.SETTLED"]
    admin: f.Account


class AuthorityAcknowledged(Wire):
    """The regulator holds a stream up to an entry, whose chain it computed."""

    kind: Literal["authority.ACKNOWLEDGED"]
    stream: f.Account
    sequence: f.Small
    chain: f.Chain


class AuthorityScheduled(Wire):
    """An act waits until `readyAt`. `dataHash` is keccak256 of the call, which may name a wallet."""

    kind: Literal["authority.SCHEDULED"]
    operation: f.Bytes32
    nonce: f.Small
    ready_at: f.Second
    target: f.Account
    selector: f.Selector | None
    data_hash: f.Bytes32


class AuthorityDone(Wire):
    """What was scheduled is made, or is not."""

    kind: Literal["authority.CANCELED", "authority.EXECUTED"]
    operation: f.Bytes32
    nonce: f.Small


class AuthorityAnchored(Wire):
    """The Merkle root over the records that the issuer's reporter made in a day, and the number of its last one."""

    kind: Literal["authority.ANCHORED"]
    day: f.Day
    root: f.Bytes32
    count: f.Small
    last_sequence: f.Uint
