"""What the custody ledger reports."""

from __future__ import annotations

from typing import Literal

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class LedgerAttestation(Wire):
    """A custodian's signed sentence: what it holds, what is issued against it, and what the sentence does."""

    kind: Literal["ledger.ATTESTATION"]
    sentence: f.SentenceName
    custodian: f.Custodian
    custodian_id: f.Lei | None
    sequence: f.Small
    as_of: f.Second
    shares_held: f.Shares
    issued_shares: f.Shares
    issued_raw_qty: f.RawQty
    ratio_bps: f.BasisPoints | None
    shares: f.Shares
    party: f.Account | None
    request_id: f.Request | None
    evidence: f.Bytes32
    land_by: f.Second
    fresh_until: f.Second | None


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
    answer_by: f.Second | None
    delivery_ref: f.Bytes32 | None
    legal_basis: f.LegalBasis | None
    order_ref: f.OrderRef | None


class LedgerCustodian(Wire):
    """Who a custodian is, and whether it may mint."""

    kind: Literal["ledger.CUSTODIAN"]
    custodian: f.Custodian
    custodian_id: f.Lei
    name_hash: f.Bytes32
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
    threshold: f.Small


class LedgerTerms(Wire):
    """A token's terms of custody."""

    kind: Literal["ledger.TERMS"]
    deposit_cap_shares: f.Shares
    max_position_age: f.Days
    redemption_period: f.Seconds
