"""What the investor registry reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class Participant(Wire):
    """What a wallet's record says."""

    party: Annotated[f.Account, Field(description="the wallet")]
    status: f.StatusName
    frozen: bool
    investor_class: f.ClassName | None
    scopes: list[f.ScopeName]
    country: f.Country
    registrar: f.Registrar
    expires_at: Annotated[
        f.Second | None, Field(description="the record holds before this second; null without a record")
    ]


class RegistryBatch(Wire):
    """The records that follow in this transaction, `rows` of them, are of this batch."""

    kind: Literal["registry.BATCH"]
    action: Literal["BATCH"]
    registrar: f.Registrar
    rows: Annotated[f.Small, Field(description="how many records follow")]
    evidence_root: Annotated[
        f.Bytes32, Field(description="Merkle root that joins the registrar's holder file to the batch")
    ]


class RegistryRecord(Participant):
    """A registrar wrote a record. SET: it holds from now on, whether there was one before or not; REVOKE: no more."""

    kind: Literal["registry.RECORD"]
    action: Literal["SET", "REVOKE"]
    evidence_root: Annotated[
        f.Bytes32 | None, Field(description="Merkle root that joins the registrar's holder file to the batch")
    ]


class RegistryFreeze(Participant):
    """A wallet is frozen for every token, or no more."""

    kind: Literal["registry.FREEZE", "registry.UNFREEZE"]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class RegistryRecovery(Participant):
    """A wallet is lost; `replacement` takes over. The record is the lost wallet's."""

    kind: Literal["registry.RECOVERY"]
    action: Literal["RECOVER"]
    replacement: Annotated[f.Account, Field(description="the wallet that takes over")]
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
    party: Annotated[f.Account, Field(description="the wallet")]
    registrar: f.Registrar


class RegistryAssignment(Participant):
    """A record moved to another registrar by order."""

    kind: Literal["registry.ASSIGNMENT"]
    action: Literal["ASSIGN"]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None
