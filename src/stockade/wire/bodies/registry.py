"""What the investor registry reports."""

from __future__ import annotations

from typing import Literal

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class Participant(Wire):
    """What a wallet's record says."""

    party: f.Account
    status: f.StatusName
    frozen: bool
    investor_class: f.ClassName | None
    scopes: list[f.ScopeName]
    country: f.Country
    registrar: f.Registrar
    expires_at: f.Second | None


class RegistryBatch(Wire):
    """The records that follow in this transaction, `rows` of them, are of this batch."""

    kind: Literal["registry.BATCH"]
    action: Literal["BATCH"]
    registrar: f.Registrar
    rows: f.Small
    evidence_root: f.Bytes32


class RegistryRecord(Participant):
    """A registrar wrote a record. SET: it holds from now on, whether there was one before or not; REVOKE: no more."""

    kind: Literal["registry.RECORD"]
    action: Literal["SET", "REVOKE"]
    evidence_root: f.Bytes32 | None


class RegistryFreeze(Participant):
    """A wallet is frozen for every token, or no more."""

    kind: Literal["registry.FREEZE", "registry.UNFREEZE"]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class RegistryRecovery(Participant):
    """A wallet is lost; `replacement` takes over. The record is the lost wallet's."""

    kind: Literal["registry.RECOVERY"]
    action: Literal["RECOVER"]
    replacement: f.Account
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class RegistryRegistrar(Wire):
    """Under which registrar number an account writes records; 0 for none any more."""

    kind: Literal["registry.REGISTRAR"]
    account: f.Account
    registrar: f.Registrar


class RegistryOffer(Wire):
    """Which registrar may take a record over; 0 for none any more."""

    kind: Literal["registry.OFFER"]
    action: Literal["OFFER"]
    party: f.Account
    registrar: f.Registrar


class RegistryAssignment(Participant):
    """A record moved to another registrar by order."""

    kind: Literal["registry.ASSIGNMENT"]
    action: Literal["ASSIGN"]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None
