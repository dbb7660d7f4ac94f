"""What a token's entries say."""

from __future__ import annotations

from typing import Any

from eth_typing import ChecksumAddress

from stockade.records import Kind, Pause, Policy, SentenceKind
from stockade.reporter.context import Context
from stockade.reporter.telling.told import Told, order
from stockade.reporting.entries import AmountFrozen, Attested, Entry, Moved, SettingsChanged, Upgraded
from stockade.wire import bodies as b
from stockade.wire.envelope import EventType
from stockade.wire.fields import classes, flags, hexed, second, shares

# One token is one share: ERC-8056's multiplier is one (docs/decisions.md, 12).


def tell(context: Context, address: ChecksumAddress, entry: Entry, supply: int) -> Told | None:
    """`supply`: after the entry, raw."""
    parties = context.parties
    match entry.content:
        case Moved(Kind.MINT) as moved:
            said = _sentence(context, entry, SentenceKind.DEPOSIT)
            backed = _backed(context, moved, said, supply)
            mint = b.TokenMint(kind="token.MINT", to=parties.account(moved.target), **backed)
            return Told(EventType.MINT, mint, address)
        case Moved(Kind.BURN) as moved:
            said = _sentence(context, entry, SentenceKind.RELEASE)
            burn = b.TokenBurn(
                kind="token.BURN",
                from_=parties.account(said.attestation.account if said else moved.source),
                request_id=str(int.from_bytes(said.attestation.ref, "big")) if said else None,
                **_backed(context, moved, said, supply),
            )
            return Told(EventType.BURN, burn, address)
        case Moved(Kind.FORCE) as moved:
            force = b.TokenForce(
                kind="token.FORCE",
                from_=parties.account(moved.source),
                to=parties.account(moved.target),
                shares=shares(moved.amount),
                raw_qty=str(moved.amount),
                **order(moved.ref),
            )
            return Told(EventType.FORCED_TRANSFER, force, address)
        case Moved() as moved:
            return Told(EventType.TRANSFER, _transfer(context, entry, moved), address)
        case AmountFrozen(account, amount, ref):
            freeze = b.TokenFreeze(
                kind="token.FREEZE",
                party=parties.account(account),
                frozen_shares=shares(amount),
                frozen_raw_qty=str(amount),
                **order(ref),
            )
            return Told(EventType.FREEZE if amount else EventType.UNFREEZE, freeze, address)
        case SettingsChanged() as settings:
            control = settings.control
            body = b.TokenControl(
                kind="token.CONTROL",
                phase=control.phase.name,
                halted=control.halted,
                pauses=flags(Pause, control.pauses, "PAUSE"),
                policy=flags(Policy, control.policy, "POLICY"),
                allowed_classes=classes(control.allowed_classes),
                active_until=second(control.active_until),
            )
            return Told(EventType.LISTING, body, address)
        case Upgraded(implementation):
            code = b.TokenUpgrade(kind="token.UPGRADE", implementation=parties.in_clear(implementation))
            return Told(EventType.LISTING, code, address)
    return None


def _transfer(context: Context, entry: Entry, moved: Moved) -> b.TokenTransfer:
    """A movement that no order made: the redemption's own ways carry its number."""
    account, amount = context.parties.account, moved.amount
    common: dict[str, Any] = {
        "from_": account(moved.source),
        "to": account(moved.target),
        "shares": shares(amount),
        "raw_qty": str(amount),
    }
    if moved.kind is Kind.TRANSFER:
        common["reason"] = "OWN" if entry.operator == moved.source else "PLATFORM"
        return b.TokenTransfer(kind="token.TRANSFER", request_id=None, **common)
    request = str(int.from_bytes(moved.ref, "big"))
    if moved.kind is Kind.ESCROW:
        return b.TokenTransfer(kind="token.ESCROW", reason="ESCROW", request_id=request, **common)
    return b.TokenTransfer(kind="token.GIVE_BACK", reason="GIVE_BACK", request_id=request, **common)


def _backed(context: Context, moved: Moved, said: Attested | None, supply: int) -> dict[str, Any]:
    """The fields of `bodies.token.Backed`."""
    sentence = said.attestation if said else None
    return {
        "shares": shares(moved.amount),
        "raw_qty": str(moved.amount),
        "attestation_id": hexed(moved.ref),
        "custodian": sentence and sentence.custodian,
        "custodian_id": sentence and context.custodians.get(sentence.custodian),
        "evidence": sentence and hexed(sentence.evidence),
        "attested_shares": sentence and shares(sentence.shares_held),
        "issued_raw_qty": str(said.issued) if said else None,
        "supply_shares": shares(supply),
        "supply_raw_qty": str(supply),
    }


def _sentence(context: Context, entry: Entry, kind: SentenceKind) -> Attested | None:
    """The custodian's sentence that the movement carries out: the ledger reports it just before, in one transaction."""
    if context.sentence is None:
        return None
    transaction, said = context.sentence
    return said if transaction == entry.transaction and said.attestation.kind is kind else None
