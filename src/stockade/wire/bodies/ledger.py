"""What the custody ledger reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class LedgerAttestation(Wire):
    """A custodian's signed sentence: what it holds, what is issued against it, and what the sentence does."""

    kind: Literal["ledger.ATTESTATION"]
    sentence: f.SentenceName
    custodian: f.Custodian
    custodian_id: f.Lei | None
    sequence: Annotated[f.Small, Field(description="the number of the custodian's sentence about this token")]
    as_of: Annotated[f.Second, Field(description="the second that the sentence speaks of")]
    shares_held: Annotated[f.Shares, Field(description="what the custodian holds for the token, shares")]
    issued_shares: Annotated[f.Shares, Field(description="what is issued against it afterwards, shares")]
    issued_raw_qty: Annotated[f.RawQty, Field(description="what is issued against it afterwards, raw tokens")]
    ratio_bps: Annotated[
        f.BasisPoints | None,
        Field(description="held by issued, hundredths of a per cent, rounded down; null while nothing is issued"),
    ]
    shares: f.Shares
    party: f.Account | None
    request_id: f.Request | None
    evidence: Annotated[f.Bytes32, Field(description="hash of the custodian's own evidence")]
    land_by: Annotated[f.Second, Field(description="the sentence can be carried out before this second")]
    fresh_until: Annotated[
        f.Second | None,
        Field(
            description="too old for a mint from this second on, by terms and calendar known then; null without terms"
        ),
    ]


class LedgerRedemption(Wire):
    """A redemption: asked for, taken back by its holder, taken by order, or handed to a lost wallet's replacement.

    That it was released or rejected is told by the custodian's sentence."""

    kind: Literal["ledger.REQUEST", "ledger.TAKE_BACK", "ledger.FORCED", "ledger.REQUEST_RECOVERED"]
    action: Literal["REQUESTED", "TAKEN_BACK", "FORCED", "RECOVERED"]
    request_id: f.Request
    party: f.Account | None
    receiver: f.Account | None
    custodian: f.Custodian | None
    custodian_id: f.Lei | None
    shares: f.Shares | None
    raw_qty: f.RawQty | None
    answer_by: Annotated[f.Second | None, Field(description="from this second on the holder may take back")]
    delivery_ref: Annotated[f.Bytes32 | None, Field(description="hash of the holder's delivery instruction")]
    legal_basis: f.LegalBasis | None
    order_ref: f.OrderRef | None


class LedgerCustodian(Wire):
    """Who a custodian is, and whether it may mint."""

    kind: Literal["ledger.CUSTODIAN"]
    custodian: f.Custodian
    custodian_id: f.Lei
    name_hash: Annotated[f.Bytes32, Field(description="hash of the custodian's name")]
    open: bool


class Attestor(Wire):
    account: f.Account
    signs_as: f.AttestorName


class LedgerAttestors(Wire):
    """Who signs for a custodian: removals first."""

    kind: Literal["ledger.ATTESTORS"]
    custodian: f.Custodian
    custodian_id: f.Lei | None
    removed: list[f.Account]
    added: list[Attestor]
    threshold: Annotated[f.Small, Field(description="how many must sign")]


class LedgerTerms(Wire):
    """A token's terms of custody."""

    kind: Literal["ledger.TERMS"]
    deposit_cap_shares: Annotated[f.Shares, Field(description="most shares in one deposit")]
    max_position_age: Annotated[f.Days, Field(description="how many days of business a position may be old at a mint")]
    redemption_period: Annotated[f.Seconds, Field(description="how long a custodian has to answer, seconds")]
