"""The value types every part shares: packed words, EIP-712 sentences, and the numbers behind the names.

They mirror `contracts/types/`, bit for bit; a test packs and hashes both ways. Rules are deliberately absent: what a
record or a sentence may do is the contracts' to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Any

from eth_account.messages import SignableMessage, encode_typed_data
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from stockade.errors import InputError

SHARE = 10**18
ZERO_ADDRESS = ChecksumAddress("0x0000000000000000000000000000000000000000")  # type: ignore[arg-type]


class Status(IntEnum):
    """The registrar's part of a record's status."""

    NONE = 0
    ACTIVE = 1
    REVOKED = 2


FROZEN_BIT = 0x80

# The registrar number of a wallet that was declared lost; no registrar has it.
LOST = 0xFFFF


class InvestorClass(IntEnum):
    RETAIL = 1
    ACCREDITED = 2
    QUALIFIED_PURCHASER = 3
    QIB = 4
    INSTITUTION = 5
    BROKER_DEALER = 6
    CUSTODIAN = 7
    PLATFORM = 8
    POOL = 9
    TREASURY = 10


class Scope(IntFlag):
    """What a wallet may do. Exits (redemption) need none."""

    HOLD = 1
    TRANSFER = 2
    TRADE = 4
    LIQUIDITY = 8
    EXECUTE = 16


class Phase(IntEnum):
    PENDING = 0
    ACTIVE = 1
    SUSPENDED = 2
    WIND_DOWN = 3


class Pause(IntFlag):
    TRANSFER = 1
    MINT = 2
    BURN = 4
    FORCE = 8


class Policy(IntFlag):
    """Flags that relax; none is the strictest policy."""

    ANY_EXECUTOR = 1
    LAPSE_STOPS_TRADING_ONLY = 2
    HALT_STOPS_TRADING_ONLY = 4
    FRACTIONAL_REDEMPTION = 8


class Kind(IntEnum):
    """Entries of a token's report stream; the first six move balances."""

    TRANSFER = 1
    MINT = 2
    BURN = 3
    ESCROW = 4
    GIVE_BACK = 5
    FORCE = 6
    FREEZE = 7
    CONTROL = 8
    UPGRADE = 9


class Basis(IntEnum):
    """The legal ground of an enforcement act. Contracts know only that zero is unstated."""

    UNSTATED = 0
    COURT_ORDER = 1
    REGULATOR_ORDER = 2
    SANCTIONS = 3
    ERROR_CORRECTION = 4
    LOST_WALLET = 5
    ISSUER_AGREEMENT = 6


class Backing(IntEnum):
    """SYNTHETIC is named in order to be refused (R9)."""

    UNSTATED = 0
    ENTITLEMENT = 1
    ISSUER_NATIVE = 2
    SYNTHETIC = 3


class ExemptionStatus(IntEnum):
    """NONE to REVOKED as decided; the clock makes PENDING and EXPIRED of ACTIVE."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    REVOKED = 3
    PENDING = 4
    EXPIRED = 5


class Session(IntEnum):
    """A market's hours (ERC-8392). AUCTION is never answered."""

    UNKNOWN = 0
    REGULAR = 1
    EXTENDED = 2
    AUCTION = 3
    CLOSED = 4


class Interruption(IntEnum):
    """What interrupts trading, beside a market's hours (ERC-8392). UNKNOWN while the heartbeat is stale."""

    UNKNOWN = 0
    NONE = 1
    PRICE_CONSTRAINED = 2
    ASSET_HALTED = 3
    VENUE_HALTED = 4


class SentenceKind(IntEnum):
    """What an attestation says."""

    STATEMENT = 1
    DEPOSIT = 2
    RELEASE = 3
    REJECT = 4


class AttestorKind(IntEnum):
    """KEY signs with one key; CONTRACT answers ERC-1271 (a Safe)."""

    KEY = 1
    CONTRACT = 2


class RequestStatus(IntEnum):
    NONE = 0
    OPEN = 1
    RELEASED = 2
    REJECTED = 3
    TAKEN_BACK = 4
    FORCED = 5


class Role(IntEnum):
    """Roles on `SuiteAuthority`. None implies another."""

    ADMIN = 0
    KEY_ADMIN = 1
    UPGRADER = 2
    ISSUER = 3
    COMPLIANCE = 4
    REGISTRAR = 5
    CUSTODY_ADMIN = 6
    MARKET_OPERATOR = 7
    PAUSER = 8
    REGULATOR = 9
    GUARDIAN = 10


@dataclass(frozen=True, slots=True)
class InvestorRecord:
    """One wallet's record. `expires_at` in seconds UTC, `country` ISO 3166-1 numeric."""

    investor_id: int
    expires_at: int
    registrar: int
    country: int
    investor_class: InvestorClass | int
    scopes: Scope
    status: Status
    frozen: bool = False

    def pack(self) -> int:
        """From the low bit: status 8, scopes 16, class 8, country 16, registrar 16, expiresAt 40, investorId 64."""
        return (
            self.status
            | (FROZEN_BIT if self.frozen else 0)
            | self.scopes << 8
            | self.investor_class << 24
            | self.country << 32
            | self.registrar << 48
            | self.expires_at << 64
            | self.investor_id << 104
        )

    @classmethod
    def unpack(cls, word: int) -> InvestorRecord:
        """The record in a word; upper bits beyond 168 are ignored."""
        investor_class, scopes, status = _named_parts(word & 0xFFFFFF7F)
        return cls(
            investor_id=word >> 104 & (1 << 64) - 1,
            expires_at=word >> 64 & (1 << 40) - 1,
            registrar=word >> 48 & 0xFFFF,
            country=word >> 32 & 0xFFFF,
            investor_class=investor_class,
            scopes=scopes,
            status=status,
            frozen=bool(word & FROZEN_BIT),
        )


@lru_cache(maxsize=4096)
def _named_parts(low: int) -> tuple[InvestorClass | int, Scope, Status]:
    """Class, scopes and status of a word's low 32 bits, without the freeze: few different ones for many records."""
    number = low >> 24
    investor_class = InvestorClass(number) if number in InvestorClass.__members__.values() else number
    return investor_class, Scope(low >> 8 & 0xFFFF), Status(low & 0x7F)


@dataclass(frozen=True)
class Control:
    """A token's settings and the head of its report stream. `active_until` in seconds UTC."""

    phase: Phase
    halted: bool
    pauses: Pause
    policy: Policy
    allowed_classes: int
    active_until: int
    sequence: int
    chain: int

    @classmethod
    def unpack(cls, word: int) -> Control:
        """chain 160 | sequence 32 | phase 3 | halted 1 | pauses 4 | policy 8 | classes 16 | activeUntil 32."""
        settings = word >> 192
        return cls(
            phase=Phase(settings & 7),
            halted=bool(settings & 8),
            pauses=Pause(settings >> 4 & 15),
            policy=Policy(settings >> 8 & 0xFF),
            allowed_classes=settings >> 16 & 0xFFFF,
            active_until=settings >> 32,
            sequence=word >> 160 & 0xFFFFFFFF,
            chain=word & (1 << 160) - 1,
        )


@dataclass(frozen=True)
class Position:
    """One custodian's position in one token: `held` in shares, `issued` in raw tokens, both 18 decimals."""

    held: int
    issued: int
    sequence: int
    as_of: int

    @classmethod
    def unpack(cls, word: int) -> Position:
        """asOf 32 | sequence 32 | issued 96 | held 96, from the low bit."""
        mask = (1 << 96) - 1
        return cls(word >> 160, word >> 64 & mask, word >> 32 & 0xFFFFFFFF, word & 0xFFFFFFFF)

    def pack(self) -> int:
        return self.held << 160 | self.issued << 64 | self.sequence << 32 | self.as_of


# EIP-712 name and version of whatever a custodian signs.
ATTESTATION_DOMAIN = {"name": "Stockade CustodyLedger", "version": "1"}

ATTESTATION_FIELDS = (
    ("token", "address"),
    ("custodian", "uint32"),
    ("kind", "uint8"),
    ("sequence", "uint32"),
    ("sharesHeld", "uint256"),
    ("shares", "uint256"),
    ("account", "address"),
    ("ref", "bytes32"),
    ("evidence", "bytes32"),
    ("asOf", "uint40"),
    ("validUntil", "uint40"),
)


@dataclass(frozen=True)
class Attestation:
    """One signed sentence of a custodian; amounts in shares (18 decimals), times in seconds UTC."""

    token: ChecksumAddress
    custodian: int
    kind: SentenceKind
    sequence: int
    shares_held: int
    shares: int
    account: ChecksumAddress
    ref: bytes
    evidence: bytes
    as_of: int
    valid_until: int

    def as_tuple(self) -> tuple[Any, ...]:
        """The struct as the ledger's ABI takes it."""
        return (
            self.token,
            self.custodian,
            int(self.kind),
            self.sequence,
            self.shares_held,
            self.shares,
            self.account,
            self.ref,
            self.evidence,
            self.as_of,
            self.valid_until,
        )

    @classmethod
    def from_tuple(cls, values: tuple[Any, ...]) -> Attestation:
        token, custodian, kind, *rest = values
        return cls(token, custodian, SentenceKind(kind), *rest)

    def typed_data(self, chain_id: int, ledger: ChecksumAddress) -> dict[str, Any]:
        """The EIP-712 document that wallets show and sign."""
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Attestation": [{"name": name, "type": kind} for name, kind in ATTESTATION_FIELDS],
            },
            "primaryType": "Attestation",
            "domain": {
                **ATTESTATION_DOMAIN,
                "chainId": chain_id,
                "verifyingContract": ledger,
            },
            "message": dict(zip((name for name, _ in ATTESTATION_FIELDS), self.as_tuple(), strict=True)),
        }

    def message(self, chain_id: int, ledger: ChecksumAddress) -> SignableMessage:
        """What eth-account signs."""
        return encode_typed_data(full_message=self.typed_data(chain_id, ledger))

    def digest(self, chain_id: int, ledger: ChecksumAddress) -> bytes:
        """The EIP-712 digest; the ref of the MINT or BURN that follows."""
        message = self.message(chain_id, ledger)
        return keccak(b"\x19" + message.version + message.header + message.body)


def order_ref(basis: Basis, order_hash: bytes) -> bytes:
    """What reports carry for an act by order: the hash with its first byte replaced by the basis."""
    return bytes([basis]) + order_hash[1:]


def to_units(shares: str | Decimal | int) -> int:
    """Shares as people write them, to 18-decimal units. Raises InputError beyond 18 decimals or below zero."""
    try:
        units = Decimal(str(shares)).scaleb(18, Context(prec=100))
    except InvalidOperation:
        raise InputError(f"{shares!r} is not a number of shares: write it like 100 or 12.5.") from None
    if not units.is_finite() or units < 0 or units != units.to_integral_value():
        raise InputError(f"{shares!r} is not a number of shares: it must be zero or more, with at most 18 decimals.")
    return int(units)


def to_shares(units: int) -> str:
    """18-decimal units as a plain decimal string without trailing zeros."""
    whole, rest = divmod(units, SHARE)
    return f"{whole}.{rest:018d}".rstrip("0").rstrip(".")
