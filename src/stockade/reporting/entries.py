"""What the suite reports, as typed entries: one class for each kind.

Kinds and layouts are those of the NatSpec in `contracts/interfaces/`; `decode` reads them from logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from eth_abi.abi import encode as abi_encode
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from stockade.records import (
    Attestation,
    AttestorKind,
    Backing,
    Control,
    ExemptionStatus,
    Interruption,
    InvestorRecord,
    Kind,
    Phase,
    RequestStatus,
    Role,
)

RECORD_BITS = 168
CHAIN_MASK = (1 << 160) - 1


class RegistryKind(IntEnum):
    BATCH = 1
    RECORD = 2
    FREEZE = 3
    UNFREEZE = 4
    RECOVERY = 5
    REGISTRAR = 6
    OFFER = 7
    ASSIGNMENT = 8


class LedgerKind(IntEnum):
    ATTESTATION = 1
    REQUEST = 2
    TAKE_BACK = 3
    FORCED = 4
    REQUEST_RECOVERED = 5
    CUSTODIAN = 6
    ATTESTORS = 7
    TERMS = 8


class ListingsKind(IntEnum):
    EXEMPTION = 1
    LISTING = 2
    PHASE = 3
    HALT = 4
    DOCUMENT = 5
    REGULATOR_SUSPENSION = 6
    TERMS = 7
    NOTICE = 8
    ISSUER_NOTICE = 9
    OBJECTION = 10
    MARKET_HALT = 11


class MarketKind(IntEnum):
    HOURS = 1
    DAYS = 2
    RULES = 3
    INTERRUPTION = 4
    VENUE = 5
    HEARTBEAT = 6
    VOTE = 7


class AuthorityKind(IntEnum):
    ROLE = 1
    FUNCTION = 2
    SETTLED = 3
    ACKNOWLEDGED = 4
    SCHEDULED = 5
    CANCELED = 6
    EXECUTED = 7
    ANCHORED = 8


KINDS: dict[str, type[IntEnum]] = {
    "ShareToken": Kind,
    "InvestorRegistry": RegistryKind,
    "CustodyLedger": LedgerKind,
    "ListingRegistry": ListingsKind,
    "MarketStatus": MarketKind,
    "SuiteAuthority": AuthorityKind,
}


# ---------------------------------------------------------------- structs, in the order of the contracts' own


class Request(NamedTuple):
    """A redemption. `deadline` in seconds UTC, `amount` in raw tokens."""

    token: ChecksumAddress
    custodian: int
    deadline: int
    status: RequestStatus
    holder: ChecksumAddress
    amount: int


class Terms(NamedTuple):
    """A token's custody terms: shares (18 decimals), business days, seconds."""

    deposit_cap: int
    max_position_age: int
    redemption_period: int


class ExemptionTerms(NamedTuple):
    """One version of what an exemption says. Times in seconds UTC, periods in seconds."""

    document: bytes
    profile: bytes
    valid_from: int
    valid_until: int
    effective_from: int
    notice_period: int
    objection_period: int


class Instrument(NamedTuple):
    """The listed share: ASCII, zero padded."""

    isin: bytes
    cusip: bytes
    mic: bytes
    backing: Backing
    ticker: bytes


class RelayRules(NamedTuple):
    """How many relays must tell the end of a halt, and how old a heartbeat may be (seconds)."""

    quorum: int
    heartbeat_age: int


class News(NamedTuple):
    """What was relayed of a share or a market; `as_of` in seconds UTC."""

    sequence: int
    interruption: Interruption
    code: bytes
    as_of: int


# ---------------------------------------------------------------- contents


class Content:
    """What one entry says; its subclasses name the stream and the kind."""


@dataclass(frozen=True)
class Moved(Content):
    """Token 1-6. `amount` in raw tokens; MINT has no source, BURN no target."""

    kind: Kind
    source: ChecksumAddress
    target: ChecksumAddress
    amount: int
    ref: bytes


@dataclass(frozen=True)
class AmountFrozen(Content):
    """Token 7: the account's frozen amount from now on, raw tokens."""

    account: ChecksumAddress
    amount: int
    ref: bytes


@dataclass(frozen=True)
class SettingsChanged(Content):
    """Token 8: the upper 64 bits of the control word."""

    settings: int

    @property
    def control(self) -> Control:
        """The settings in words; the head in it is not meant."""
        return Control.unpack(self.settings << 192)


@dataclass(frozen=True)
class Upgraded(Content):
    """Token 9: the implementation from now on."""

    implementation: ChecksumAddress


@dataclass(frozen=True)
class BatchWritten(Content):
    """Registry 1: the `rows` records that follow are of this batch."""

    registrar: int
    rows: int
    evidence_root: bytes


@dataclass(frozen=True, slots=True)
class RecordWritten(Content):
    """Registry 2."""

    wallet: ChecksumAddress
    record: InvestorRecord


@dataclass(frozen=True)
class FreezeChanged(Content):
    """Registry 3 and 4: the record after the freeze or its lifting."""

    wallet: ChecksumAddress
    record: InvestorRecord
    ref: bytes


@dataclass(frozen=True)
class Recovered(Content):
    """Registry 5: `record` is the lost wallet's."""

    lost: ChecksumAddress
    replacement: ChecksumAddress
    record: InvestorRecord
    ref: bytes


@dataclass(frozen=True)
class RegistrarSet(Content):
    """Registry 6; number zero takes the right away."""

    account: ChecksumAddress
    number: int


@dataclass(frozen=True)
class RecordOffered(Content):
    """Registry 7: which registrar may take the record over; zero for none."""

    wallet: ChecksumAddress
    to: int


@dataclass(frozen=True)
class RecordAssigned(Content):
    """Registry 8: the record, of another registrar now."""

    wallet: ChecksumAddress
    record: InvestorRecord
    ref: bytes


@dataclass(frozen=True)
class Attested(Content):
    """Ledger 1. `issued` in raw tokens, after the sentence."""

    attestation: Attestation
    issued: int


@dataclass(frozen=True)
class Requested(Content):
    """Ledger 2."""

    id: int
    request: Request
    delivery_ref: bytes


@dataclass(frozen=True)
class TakenBack(Content):
    """Ledger 3."""

    id: int


@dataclass(frozen=True)
class RequestForced(Content):
    """Ledger 4."""

    id: int
    receiver: ChecksumAddress
    ref: bytes


@dataclass(frozen=True)
class RequestRecovered(Content):
    """Ledger 5: the request's holder from now on."""

    id: int
    holder: ChecksumAddress
    ref: bytes


@dataclass(frozen=True)
class CustodianSet(Content):
    """Ledger 6."""

    custodian: int
    lei: bytes
    name_hash: bytes
    open: bool


@dataclass(frozen=True)
class AttestorsSet(Content):
    """Ledger 7: a change, removals first."""

    custodian: int
    removed: tuple[ChecksumAddress, ...]
    added: tuple[tuple[ChecksumAddress, AttestorKind], ...]
    threshold: int


@dataclass(frozen=True)
class TermsSet(Content):
    """Ledger 8."""

    token: ChecksumAddress
    terms: Terms


@dataclass(frozen=True)
class ExemptionSet(Content):
    """Listings 1: what was decided about the exemption."""

    exemption: int
    status: ExemptionStatus
    ref: bytes


@dataclass(frozen=True)
class Listed(Content):
    """Listings 2: a new token, PENDING."""

    token: ChecksumAddress
    instrument: Instrument
    exemption: int


@dataclass(frozen=True)
class PhaseSet(Content):
    """Listings 3: the listing's own phase."""

    token: ChecksumAddress
    phase: Phase
    ref: bytes


@dataclass(frozen=True)
class HaltSet(Content):
    """Listings 4: by hand."""

    token: ChecksumAddress
    halted: bool
    ref: bytes


@dataclass(frozen=True)
class DocumentSet(Content):
    """Listings 5; an empty `uri` (bytes as on chain, UTF-8 by custom) and hash removes it."""

    token: ChecksumAddress
    name: bytes
    uri: bytes
    hash: bytes


@dataclass(frozen=True)
class RegulatorSuspension(Content):
    """Listings 6."""

    token: ChecksumAddress
    suspended: bool
    ref: bytes


@dataclass(frozen=True)
class TermsAdded(Content):
    """Listings 7: an exemption's next version."""

    exemption: int
    version: int
    terms: ExemptionTerms


@dataclass(frozen=True)
class NoticePublished(Content):
    """Listings 8: the venue's Notice; `until` when the first one's period ends (seconds UTC)."""

    exemption: int
    hash: bytes
    uri: bytes
    until: int


@dataclass(frozen=True)
class IssuerNotified(Content):
    """Listings 9: the issuer of the share may object up to `until` (seconds UTC)."""

    token: ChecksumAddress
    hash: bytes
    until: int


@dataclass(frozen=True)
class Objected(Content):
    """Listings 10: the issuer of the share objected; received at a second UTC."""

    token: ChecksumAddress
    hash: bytes
    received_at: int


@dataclass(frozen=True)
class MarketHaltSet(Content):
    """Listings 11: by MarketStatus, under the exchange's code."""

    token: ChecksumAddress
    halted: bool
    code: bytes


@dataclass(frozen=True)
class HoursSet(Content):
    """Market 1: the kinds of days of a market, packed."""

    mic: bytes
    hours: int


@dataclass(frozen=True)
class DaysSet(Content):
    """Market 2: words of 64 days each, from `first` on."""

    mic: bytes
    first: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class RelayRulesSet(Content):
    """Market 3."""

    rules: RelayRules


@dataclass(frozen=True)
class Interrupted(Content):
    """Market 4: news of a share, counted."""

    token: ChecksumAddress
    news: News


@dataclass(frozen=True)
class VenueInterrupted(Content):
    """Market 5: news of a whole market, counted."""

    mic: bytes
    news: News


@dataclass(frozen=True)
class HeartbeatHeard(Content):
    """Market 6: every halt told up to `as_of` (seconds UTC) was relayed."""

    mic: bytes
    as_of: int


@dataclass(frozen=True)
class Voted(Content):
    """Market 7: one relay more tells the same, not yet or just enough of them."""

    digest: bytes
    votes: int


@dataclass(frozen=True)
class RoleSet(Content):
    """Authority 1. `delay` in seconds holds from `since` (seconds UTC); both are of no meaning for one who lost it."""

    role: Role
    account: ChecksumAddress
    member: bool
    delay: int
    since: int


@dataclass(frozen=True)
class FunctionMapped(Content):
    """Authority 2: who may call the function from now on."""

    target: ChecksumAddress
    selector: bytes
    role: Role


@dataclass(frozen=True)
class Settled(Content):
    """Authority 3: the deployer handed the suite over."""

    admin: ChecksumAddress


@dataclass(frozen=True)
class Acknowledged(Content):
    """Authority 4: the regulator holds the stream up to this entry, whose chain it computed."""

    stream: ChecksumAddress
    sequence: int
    chain: int


@dataclass(frozen=True)
class Scheduled(Content):
    """Authority 5: an act waits, its caller being the entry's operator. `operation` is the same each time the same call
    is scheduled by the same account, and `nonce` counts these times; it may be made from `ready_at` (seconds UTC) on.
    """

    operation: bytes
    nonce: int
    ready_at: int
    target: ChecksumAddress
    data: bytes


@dataclass(frozen=True)
class Canceled(Content):
    """Authority 6: by its operator, what was scheduled is not made."""

    operation: bytes
    nonce: int


@dataclass(frozen=True)
class Executed(Content):
    """Authority 7: what was scheduled is made, by who scheduled it. The operator is the contract that was called."""

    operation: bytes
    nonce: int


@dataclass(frozen=True)
class Anchored(Content):
    """Authority 8: the Merkle root over the `count` records that the issuer's reporter made in a day, zero for none;
    and the reporter's own number of its last record up to the end of that day. Days since 1970-01-01 (UTC).
    """

    day: int
    root: bytes
    count: int
    last_sequence: int


# ---------------------------------------------------------------- entries


class Place(NamedTuple):
    """Where a log stands; ascending on one chain."""

    block: int
    log: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry of a stream.

    `content` is None when the kind is unknown here or the data is not what the kind says; the chain still covers it.
    `tail` is what the link hashes after the chain so far. The log of a RECORD has neither operator nor time: they are
    its batch's, zero until `streams.follow` has filled them in.
    """

    seq: int
    kind: int
    operator: ChecksumAddress
    timestamp: int
    content: Content | None
    place: Place
    transaction: str
    tail: bytes

    def link(self, chain: int) -> int:
        """The chain after this entry: chain' = uint160(keccak256(abi.encode(chain, ...tail)))."""
        return int.from_bytes(keccak(chain.to_bytes(32, "big") + self.tail), "big") & CHAIN_MASK


@dataclass(frozen=True)
class Unreadable:
    """A log that is no entry; `seq` when at least its number can be read."""

    seq: int | None
    place: Place | None


# Entries that contradict those before them: sequence number and problem.
Wrong = list[tuple[int, str]]


def start_of_chain(chain_id: int, address: str) -> int:
    """The chain before the first entry: uint160(keccak256(abi.encode(chainid, address)))."""
    return int.from_bytes(keccak(abi_encode(["uint256", "address"], [chain_id, address])), "big") & CHAIN_MASK
