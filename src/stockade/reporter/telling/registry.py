"""What the investor registry's entries say."""

from __future__ import annotations

from typing import Any

from eth_typing import ChecksumAddress

from stockade.records import InvestorClass, InvestorRecord, Scope, Status
from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told, order
from stockade.reporting.entries import (
    BatchWritten,
    Entry,
    FreezeChanged,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    RegistryKind,
)
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import flags, hexed, number_in, second


def tell(context: Context, entry: Entry) -> Told | None:
    account = context.parties.account
    match entry.content:
        case RecordWritten(wallet, record):
            written = b.RegistryRecord(
                kind="registry.RECORD",
                action="REVOKE" if record.status is Status.REVOKED else "SET",
                evidence_root=hexed(context.batch.evidence_root) if context.batch else None,
                **_participant(context, wallet, record),
            )
            return Told(EventType.PARTICIPANT, written)
        case BatchWritten(number, rows, root):
            batch = b.RegistryBatch(
                kind="registry.BATCH", action="BATCH", registrar=number, rows=rows, evidence_root=hexed(root)
            )
            return Told(EventType.PARTICIPANT, batch)
        case FreezeChanged(wallet, record, ref):
            said = _participant(context, wallet, record) | order(ref)
            if entry.kind == RegistryKind.FREEZE:
                return Told(EventType.FREEZE, b.RegistryFreeze(kind="registry.FREEZE", **said))
            return Told(EventType.UNFREEZE, b.RegistryFreeze(kind="registry.UNFREEZE", **said))
        case Recovered(lost, replacement, record, ref):
            recovery = b.RegistryRecovery(
                kind="registry.RECOVERY",
                action="RECOVER",
                replacement=account(replacement),
                **_participant(context, lost, record),
                **order(ref),
            )
            return Told(EventType.PARTICIPANT, recovery)
        case RegistrarSet(who, number):
            right = b.RegistryRegistrar(kind="registry.REGISTRAR", account=account(who), registrar=number)
            return Told(EventType.AUTHORITY, right)
        case RecordOffered(wallet, to):
            offer = b.RegistryOffer(kind="registry.OFFER", action="OFFER", party=account(wallet), registrar=to)
            return Told(EventType.PARTICIPANT, offer)
        case RecordAssigned(wallet, record, ref):
            assigned = b.RegistryAssignment(
                kind="registry.ASSIGNMENT", action="ASSIGN", **_participant(context, wallet, record), **order(ref)
            )
            return Told(EventType.PARTICIPANT, assigned)
    return None


def _participant(context: Context, wallet: ChecksumAddress, record: InvestorRecord) -> dict[str, Any]:
    """The fields of `bodies.registry.Participant`. The investor's number stays here: it is the registrar's own."""
    of_class = record.investor_class
    return {
        "party": context.parties.account(wallet),
        "status": record.status.name,
        "frozen": record.frozen,
        "investor_class": number_in(InvestorClass, of_class, "CLASS") if of_class else None,
        "scopes": flags(Scope, record.scopes, "SCOPE"),
        "country": record.country,
        "registrar": record.registrar,
        "expires_at": second(record.expires_at) if record.status else None,
    }
