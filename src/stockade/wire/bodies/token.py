"""What a token reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class TokenTransfer(Wire):
    """Shares moved. OWN: by the holder; PLATFORM: by another, with an allowance; ESCROW and GIVE_BACK: a redemption's
    way into the ledger and back."""

    kind: Literal["token.TRANSFER", "token.ESCROW", "token.GIVE_BACK"]
    reason: Literal["OWN", "PLATFORM", "ESCROW", "GIVE_BACK"]
    from_: Annotated[f.Account, Field(alias="from")]
    to: f.Account
    shares: f.Shares
    raw_qty: f.RawQty
    request_id: f.Request | None


class Backed(Wire):
    """What a custodian attested made or took away tokens.

    The custody fields are those of its sentence, just before in the same transaction; the supply is the token's own,
    afterwards."""

    shares: f.Shares
    raw_qty: f.RawQty
    attestation_id: f.Bytes32
    custodian: f.Custodian | None
    custodian_id: f.Lei | None
    evidence: f.Bytes32 | None
    attested_shares: f.Shares | None
    issued_raw_qty: f.RawQty | None
    supply_shares: f.Shares
    supply_raw_qty: f.RawQty


class TokenMint(Backed):
    """Tokens made for shares that the custodian took in for `to`."""

    kind: Literal["token.MINT"]
    to: f.Account


class TokenBurn(Backed):
    """Tokens taken away for shares that the custodian delivered to `from`, whose redemption it was."""

    kind: Literal["token.BURN"]
    from_: Annotated[f.Account, Field(alias="from")]
    request_id: f.Request | None


class TokenForce(Wire):
    """Shares moved by order."""

    kind: Literal["token.FORCE"]
    from_: Annotated[f.Account, Field(alias="from")]
    to: f.Account
    shares: f.Shares
    raw_qty: f.RawQty
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class TokenFreeze(Wire):
    """How much of an account is frozen in this token from now on. UNFREEZE: nothing any more."""

    kind: Literal["token.FREEZE"]
    party: f.Account
    frozen_shares: f.Shares
    frozen_raw_qty: f.RawQty
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class TokenControl(Wire):
    """The token's settings from now on, as every transfer asks them."""

    kind: Literal["token.CONTROL"]
    phase: f.PhaseName
    halted: bool
    pauses: list[f.PauseName]
    policy: list[f.PolicyName]
    allowed_classes: list[f.ClassName]
    active_until: f.Second


class TokenUpgrade(Wire):
    """The code that the token runs on from now on."""

    kind: Literal["token.UPGRADE"]
    implementation: f.Contract
