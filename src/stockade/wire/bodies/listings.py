"""What the listing registry reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stockade.wire import fields as f
from stockade.wire.envelope import Wire


class ListingsExemption(Wire):
    """What was decided about an exemption."""

    kind: Literal["listings.EXEMPTION"]
    status: f.ExemptionName
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class ListingsTerms(Wire):
    """One version of what an exemption says."""

    kind: Literal["listings.TERMS"]
    version: Annotated[f.Small, Field(description="counts the terms of this exemption")]
    document_hash: Annotated[f.Bytes32, Field(description="hash of the document")]
    profile_hash: Annotated[f.Bytes32, Field(description="hash of the rule profile")]
    valid_from: f.Second
    valid_until: Annotated[f.Second, Field(description="the exemption holds before this second")]
    effective_from: Annotated[f.Second, Field(description="these terms hold from this second on")]
    notice_period: f.Seconds
    objection_period: f.Seconds


class ListingsNotice(Wire):
    """The venue's Notice; `periodUntil` when the first one's period ends."""

    kind: Literal["listings.NOTICE"]
    document_hash: Annotated[f.Bytes32, Field(description="hash of the document")]
    uri: f.Text
    period_until: Annotated[f.Second, Field(description="when the first Notice's period ends")]


class ListingsListing(Wire):
    """A new token. Its identifiers as they stand on the chain, whatever they are."""

    kind: Literal["listings.LISTING"]
    ticker: f.Text
    isin: f.Text
    cusip: f.Text
    mic: f.Mic
    backing: f.BackingName


class ListingsPhase(Wire):
    """The listing's own phase, before anything outranks it."""

    kind: Literal["listings.PHASE"]
    phase: f.PhaseName
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class ListingsHalt(Wire):
    """A halt by hand begins or ends."""

    kind: Literal["listings.HALT"]
    state: Literal["HALTED", "RESUMED"]
    source: Literal["COMPLIANCE"]
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None
    received_time: Annotated[f.Second, Field(description="when it was received")]


class ListingsMarketHalt(Wire):
    """The market's halt of a token begins or ends, as the news and the heartbeat say."""

    kind: Literal["listings.MARKET_HALT"]
    state: Literal["HALTED", "RESUMED"]
    source: Literal["MARKET"]
    code: f.Code
    received_time: Annotated[f.Second, Field(description="when it was received")]


class ListingsDocument(Wire):
    """A document of a token; without address and hash: removed."""

    kind: Literal["listings.DOCUMENT"]
    name: f.Text
    uri: f.Text | None
    document_hash: Annotated[f.Bytes32 | None, Field(description="hash of the document")]


class ListingsSuspension(Wire):
    """The regulator's own suspension."""

    kind: Literal["listings.REGULATOR_SUSPENSION"]
    suspended: bool
    legal_basis: f.LegalBasis
    order_ref: f.OrderRef | None


class ListingsIssuerNotice(Wire):
    """The issuer of the share was told, and may object up to a second."""

    kind: Literal["listings.ISSUER_NOTICE"]
    document_hash: Annotated[f.Bytes32, Field(description="hash of the document")]
    may_object_until: Annotated[f.Second, Field(description="the issuer may object up to this second")]


class ListingsObjection(Wire):
    """The issuer of the share objected."""

    kind: Literal["listings.OBJECTION"]
    document_hash: Annotated[f.Bytes32, Field(description="hash of the document")]
    received_time: Annotated[f.Second, Field(description="when it was received")]
