"""The issuer's side: shares and their tokens, documents, the exemption they stand under, and what falls due.

shares      a listings file, identifiers checked; the calls that list a share and tell its issuer
documents   a token's documents (ERC-1643)
exemptions  terms in versions, the Notice, what the contract says of them now
standing    how a token stands

Imported by name, because they read a whole suite and the rest does not:

reports     everything a suite reported up to a block, proved complete
clocks      what falls due, a pure function; facts reads what it runs on, business_days the exchange's days
notice      the thirty items (notice_items), what the chain answers (notice_answers), as Markdown and JSON
"""

from stockade.listing.documents import RIGHTS, Document, document_call, document_key, documents
from stockade.listing.exemptions import (
    Exemption,
    amendment_call,
    exemption_call,
    exemption_of,
    exemptions,
    notice_call,
    require_profile,
    terms_of,
)
from stockade.listing.shares import Share, issuer_notice_call, list_call, list_share, read_listings
from stockade.listing.standing import Standing, standing

__all__ = [
    "RIGHTS",
    "Document",
    "Exemption",
    "Share",
    "Standing",
    "amendment_call",
    "document_call",
    "document_key",
    "documents",
    "exemption_call",
    "exemption_of",
    "exemptions",
    "issuer_notice_call",
    "list_call",
    "list_share",
    "notice_call",
    "read_listings",
    "require_profile",
    "standing",
    "terms_of",
]
