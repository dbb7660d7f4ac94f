"""What the authority's entries say."""

from __future__ import annotations

from eth_utils.crypto import keccak

from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told
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
)
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import day, hexed, second

_SELECTOR = 4


def tell(context: Context, entry: Entry) -> Told | None:
    body = _body(context, entry)
    return Told(EventType.AUTHORITY, body) if body else None


def _body(context: Context, entry: Entry) -> b.Body | None:
    account = context.parties.account
    match entry.content:
        case RoleSet(role, who, member, delay, since):
            return b.AuthorityRole(
                kind="authority.ROLE",
                role=role.name,
                account=account(who),
                member=member,
                delay=delay,
                since=second(since),
            )
        case FunctionMapped(target, selector, role):
            return b.AuthorityFunction(
                kind="authority.FUNCTION", target=account(target), selector=hexed(selector), role=role.name
            )
        case Settled(admin):
            return b.AuthoritySettled(kind="authority.SETTLED", admin=account(admin))
        case Acknowledged(stream, sequence, chain):
            return b.AuthorityAcknowledged(
                kind="authority.ACKNOWLEDGED", stream=account(stream), sequence=sequence, chain=f"0x{chain:040x}"
            )
        case Scheduled(operation, nonce, ready_at, target, data):
            return b.AuthorityScheduled(
                kind="authority.SCHEDULED",
                operation=hexed(operation),
                nonce=nonce,
                ready_at=second(ready_at),
                target=account(target),
                selector=hexed(data[:_SELECTOR]) if len(data) >= _SELECTOR else None,
                data_hash=hexed(keccak(data)),
            )
        case Canceled(operation, nonce):
            return b.AuthorityDone(kind="authority.CANCELED", operation=hexed(operation), nonce=nonce)
        case Executed(operation, nonce):
            return b.AuthorityDone(kind="authority.EXECUTED", operation=hexed(operation), nonce=nonce)
        case Anchored(number, root, count, last_sequence):
            return b.AuthorityAnchored(
                kind="authority.ANCHORED",
                day=day(number),
                root=hexed(root),
                count=count,
                last_sequence=str(last_sequence),
            )
    return None
