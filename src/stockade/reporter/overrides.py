"""Every act against or without a holder's will, with its legal ground and the hash of the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stockade.records import Basis, Kind, to_shares
from stockade.reporter.as_of import Facts
from stockade.reporting.entries import (
    AmountFrozen,
    Content,
    Entry,
    FreezeChanged,
    Moved,
    RecordAssigned,
    Recovered,
    RegistryKind,
    RequestForced,
    RequestRecovered,
)
from stockade.reporting.words import utc


@dataclass(frozen=True)
class Override:
    """`account` is whom it concerns, `other` who receives or takes over, `shares` the amount; empty where there is
    none. `order` is the reference as reported: the order's hash, whose first byte the basis has replaced.
    """

    kind: str
    time: str
    stream: str
    sequence: int
    block: int
    transaction: str
    operator: str
    account: str
    other: str
    shares: str
    basis: str
    order: str


def overrides(facts: Facts, start: int, end: int) -> Iterator[Override]:
    """Those from `start` up to but not including `end` (seconds UTC), in the order of the chain."""
    found = [
        (entry, stream.source.name, *said)
        for stream in facts.streams
        for entry in stream.entries
        if start <= entry.timestamp < end and (said := _said(facts, entry)) is not None
    ]
    for entry, stream, kind, account, other, shares, ref in sorted(found, key=lambda each: each[0].place):
        basis = Basis(ref[0]).name if ref[0] in Basis.__members__.values() else str(ref[0])
        yield Override(
            kind=kind,
            time=utc(entry.timestamp),
            stream=stream,
            sequence=entry.seq,
            block=entry.place.block,
            transaction=entry.transaction,
            operator=entry.operator,
            account=account,
            other=other,
            shares=shares,
            basis=basis,
            order="0x" + ref.hex(),
        )


def _said(facts: Facts, entry: Entry) -> tuple[str, str, str, str, bytes] | None:
    """Kind, account, other, shares and reference. A force out of the ledger's escrow is told by the ledger."""
    content: Content | None = entry.content
    match content:
        case Moved(Kind.FORCE, source, target, amount, ref) if source != facts.ledger:
            return "FORCED_TRANSFER", source, target, to_shares(amount), ref
        case AmountFrozen(account, amount, ref):
            return "FROZEN_AMOUNT", account, "", to_shares(amount), ref
        case FreezeChanged(wallet, _, ref):
            return ("FREEZE" if entry.kind == RegistryKind.FREEZE else "UNFREEZE"), wallet, "", "", ref
        case Recovered(lost, replacement, _, ref):
            return "RECOVERY", lost, replacement, "", ref
        case RecordAssigned(wallet, _, ref):
            return "RECORD_ASSIGNED", wallet, "", "", ref
        case RequestForced(number, receiver, ref):
            request = facts.state.ledger.requests[number]
            return "FORCED_REDEMPTION", request.holder, receiver, to_shares(request.amount), ref
        case RequestRecovered(number, holder, ref):
            return "REQUEST_RECOVERED", "", holder, to_shares(facts.state.ledger.requests[number].amount), ref
        case _:
            return None
