"""What a record says: one body for each kind of report, named by stream and kind.

A body says what changed and what is so afterwards, so that it can be read alone. No account leaves in clear but the
suite's own contracts; calldata and orders leave as hashes. What a form means is told in `stockade.wire.fields`.
"""

from __future__ import annotations

from typing import Literal

from stockade.wire import fields as f
from stockade.wire.bodies.authority import (
    AuthorityAcknowledged,
    AuthorityAnchored,
    AuthorityDone,
    AuthorityFunction,
    AuthorityRole,
    AuthorityScheduled,
    AuthoritySettled,
)
from stockade.wire.bodies.ledger import (
    Attestor,
    LedgerAttestation,
    LedgerAttestors,
    LedgerCustodian,
    LedgerRedemption,
    LedgerTerms,
)
from stockade.wire.bodies.listings import (
    ListingsDocument,
    ListingsExemption,
    ListingsHalt,
    ListingsIssuerNotice,
    ListingsListing,
    ListingsMarketHalt,
    ListingsNotice,
    ListingsObjection,
    ListingsPhase,
    ListingsSuspension,
    ListingsTerms,
)
from stockade.wire.bodies.market import MarketDays, MarketHeartbeat, MarketHours, MarketNews, MarketRules, MarketVote
from stockade.wire.bodies.registry import (
    RegistryAssignment,
    RegistryBatch,
    RegistryFreeze,
    RegistryOffer,
    RegistryRecord,
    RegistryRecovery,
    RegistryRegistrar,
)
from stockade.wire.bodies.token import (
    TokenBurn,
    TokenControl,
    TokenForce,
    TokenFreeze,
    TokenMint,
    TokenTransfer,
    TokenUpgrade,
)
from stockade.wire.envelope import Wire


class Unreadable(Wire):
    """An entry of a kind that this version does not know, or whose data is not what its kind says. `contentHash` is
    keccak256 of what the stream's chain hashes after the chain so far; the data itself may name a wallet."""

    kind: Literal["unreadable"]
    content_hash: f.Bytes32


Body = (
    TokenTransfer
    | TokenMint
    | TokenBurn
    | TokenForce
    | TokenFreeze
    | TokenControl
    | TokenUpgrade
    | RegistryBatch
    | RegistryRecord
    | RegistryFreeze
    | RegistryRecovery
    | RegistryRegistrar
    | RegistryOffer
    | RegistryAssignment
    | LedgerAttestation
    | LedgerRedemption
    | LedgerCustodian
    | LedgerAttestors
    | LedgerTerms
    | ListingsExemption
    | ListingsTerms
    | ListingsNotice
    | ListingsListing
    | ListingsPhase
    | ListingsHalt
    | ListingsMarketHalt
    | ListingsDocument
    | ListingsSuspension
    | ListingsIssuerNotice
    | ListingsObjection
    | MarketHours
    | MarketDays
    | MarketRules
    | MarketNews
    | MarketHeartbeat
    | MarketVote
    | AuthorityRole
    | AuthorityFunction
    | AuthoritySettled
    | AuthorityAcknowledged
    | AuthorityScheduled
    | AuthorityDone
    | AuthorityAnchored
    | Unreadable
)

__all__ = [
    "Attestor",
    "AuthorityAcknowledged",
    "AuthorityAnchored",
    "AuthorityDone",
    "AuthorityFunction",
    "AuthorityRole",
    "AuthorityScheduled",
    "AuthoritySettled",
    "Body",
    "LedgerAttestation",
    "LedgerAttestors",
    "LedgerCustodian",
    "LedgerRedemption",
    "LedgerTerms",
    "ListingsDocument",
    "ListingsExemption",
    "ListingsHalt",
    "ListingsIssuerNotice",
    "ListingsListing",
    "ListingsMarketHalt",
    "ListingsNotice",
    "ListingsObjection",
    "ListingsPhase",
    "ListingsSuspension",
    "ListingsTerms",
    "MarketDays",
    "MarketHeartbeat",
    "MarketHours",
    "MarketNews",
    "MarketRules",
    "MarketVote",
    "RegistryAssignment",
    "RegistryBatch",
    "RegistryFreeze",
    "RegistryOffer",
    "RegistryRecord",
    "RegistryRecovery",
    "RegistryRegistrar",
    "TokenBurn",
    "TokenControl",
    "TokenForce",
    "TokenFreeze",
    "TokenMint",
    "TokenTransfer",
    "TokenUpgrade",
    "Unreadable",
]
