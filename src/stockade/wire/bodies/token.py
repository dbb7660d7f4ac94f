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
    request_id: Annotated[
        f.Request | None, Field(description="the redemption that the movement is part of, in decimal digits")
    ]


class Backed(Wire):
    """What a custodian attested made or took away tokens.

    The custody fields are those of its sentence, just before in the same transaction; the supply is the token's own,
    afterwards."""

    shares: f.Shares
    raw_qty: f.RawQty
    attestation_id: Annotated[
        f.Bytes32, Field(description="the digest of the sentence that the custodian signed (EIP-712)")
    ]
    custodian: f.Custodian | None
    custodian_id: f.Lei | None
    evidence: Annotated[f.Bytes32 | None, Field(description="hash of the custodian's own evidence")]
    attested_shares: Annotated[
        f.Shares | None, Field(description="what the custodian holds for the token after the sentence, shares")
    ]
    issued_raw_qty: Annotated[
        f.RawQty | None, Field(description="what is issued against this custodian afterwards, raw tokens")
    ]
    supply_shares: Annotated[f.Shares, Field(description="the supply afterwards, shares")]
    supply_raw_qty: Annotated[f.RawQty, Field(description="the supply afterwards, raw tokens")]


class TokenMint(Backed):
    """Tokens made for shares that the custodian took in for `to`."""

    kind: Literal["token.MINT"]
    to: f.Account


class TokenBurn(Backed):
    """Tokens taken away for shares that the custodian delivered to `from`, whose redemption it was."""

    kind: Literal["token.BURN"]
    from_: Annotated[f.Account, Field(alias="from")]
    request_id: Annotated[
        f.Request | None, Field(description="the redemption that the movement is part of, in decimal digits")
    ]


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
    frozen_shares: Annotated[f.Shares, Field(description="how much is frozen from now on, shares")]
    frozen_raw_qty: Annotated[f.RawQty, Field(description="how much is frozen from now on, raw tokens")]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class TokenControl(Wire):
    """The token's settings from now on, as every transfer asks them."""

    kind: Literal["token.CONTROL"]
    phase: f.PhaseName
    halted: bool
    pauses: list[f.PauseName]
    policy: list[f.PolicyName]
    allowed_classes: Annotated[list[f.ClassName], Field(description="classes of investors that may receive")]
    active_until: Annotated[f.Second, Field(description="when the exemption ends, as the token knows it")]


class TokenUpgrade(Wire):
    """The code that the token runs on from now on."""

    kind: Literal["token.UPGRADE"]
    implementation: Annotated[f.Contract, Field(description="the code (CAIP-10)")]
