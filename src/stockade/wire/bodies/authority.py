"""What the authority reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class AuthorityRole(Wire):
    """Who holds a role, with which delay, from when; the last two of no meaning for one who lost it."""

    kind: Literal["authority.ROLE"]
    role: f.RoleName
    account: f.Account
    member: bool
    delay: Annotated[f.Seconds, Field(description="seconds between scheduling an act and making it")]
    since: Annotated[f.Second, Field(description="the role is held so from this second on")]


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
    sequence: Annotated[f.Small, Field(description="the last entry held")]
    chain: f.Chain


class AuthorityScheduled(Wire):
    """An act waits until `readyAt`. `dataHash` is keccak256 of the call, which may name a wallet."""

    kind: Literal["authority.SCHEDULED"]
    operation: Annotated[f.Bytes32, Field(description="the operation's id, as OpenZeppelin's manager has it")]
    nonce: Annotated[f.Small, Field(description="how often this operation was scheduled")]
    ready_at: Annotated[f.Second, Field(description="it may be made from this second on")]
    target: f.Account
    selector: f.Selector | None
    data_hash: Annotated[f.Bytes32, Field(description="keccak256 of the call")]


class AuthorityDone(Wire):
    """What was scheduled is made, or is not."""

    kind: Literal["authority.CANCELED", "authority.EXECUTED"]
    operation: Annotated[f.Bytes32, Field(description="the operation's id, as OpenZeppelin's manager has it")]
    nonce: Annotated[f.Small, Field(description="how often this operation was scheduled")]


class AuthorityAnchored(Wire):
    """The Merkle root over the records that the issuer's reporter made in a day, and the number of its last one."""

    kind: Literal["authority.ANCHORED"]
    day: f.Day
    root: Annotated[f.Bytes32, Field(description="the Merkle root over the records of the day; zeros for none")]
    count: Annotated[f.Small, Field(description="how many records the day has")]
    last_sequence: Annotated[
        f.Uint, Field(description="the reporter's number of its last record up to the end of the day")
    ]
