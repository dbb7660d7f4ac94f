"""The forms of single values in a record's body, and how a value of the chain is put into one.

Each value has one text, so that equal facts give equal records. Amounts are decimal text, for JSON's numbers end at
2**53. A name is one of those in `stockade.records`; a number that has none there is written with its family's prefix,
for a contract of a later version may know more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from stockade.market.calendar import date_of
from stockade.records import (
    AttestorKind,
    Backing,
    Basis,
    ExemptionStatus,
    Interruption,
    InvestorClass,
    Pause,
    Phase,
    Policy,
    Role,
    Scope,
    SentenceKind,
    Status,
    to_shares,
)
from stockade.reporting.reading import text
from stockade.wire.envelope import Caip10, ChainValue, PartyRef


def _below_256_bits(value: str) -> str:
    if len(value) == 78 and int(value) >> 256:
        raise ValueError("more than 256 bits")
    return value


def _names(kind: type[IntEnum] | type[IntFlag], other: str = "") -> StringConstraints:
    """One of the names of an enumeration; with `other`, also OTHER_7 for the number 7."""
    known = [str(member.name) for member in kind] + ([f"{other}_[0-9]{{1,5}}"] if other else [])
    return StringConstraints(pattern=f"^({'|'.join(known)})$")


# ---------------------------------------------------------------- forms

Uint = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,77})$"),
    AfterValidator(_below_256_bits),
    Field(description="a whole number below 2**256, in decimal digits"),
]
RawQty = Annotated[Uint, Field(description="raw tokens (the contract's unit, 10**-18 of a token), in decimal digits")]
Shares = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,59})(\.[0-9]{0,17}[1-9])?$"),
    Field(description="shares as a decimal, at most 18 places, no trailing zero"),
]
Small = Annotated[int, Field(ge=0, lt=2**53, description="a whole number")]
Seconds = Annotated[Small, Field(description="a duration in seconds")]
Days = Annotated[Small, Field(description="a number of days of business")]
BasisPoints = Annotated[Uint, Field(description="hundredths of a per cent, rounded down, in decimal digits")]
Second = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z$"),
    Field(description="a second, RFC 3339 in UTC; 9999-12-31T23:59:59Z also for any later one"),
]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$"),
    Field(description="a day (UTC); 9999-12-31 also for any later one"),
]
Bytes32 = Annotated[
    str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$"), Field(description="32 bytes as they stand on the chain")
]
Selector = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{8}$"), Field(description="a function's selector")]
OrderRef = Annotated[
    Bytes32,
    Field(
        description="hash of the order, its first byte replaced by the number of its legal basis; null without an order"
    ),
]
Account = Annotated[
    PartyRef | Caip10, Field(description="a contract of the suite in clear (CAIP-10), any other account as a party")
]
Party = Annotated[PartyRef, Field(description="an account under the reporter's secret key")]
Contract = Annotated[Caip10, Field(description="a contract (CAIP-10)")]
Chain = Annotated[ChainValue, Field(description="a stream's chain, 160 bits")]
Text = Annotated[str, Field(description="text as it stands on the chain; what is no UTF-8, escaped")]
Code = Annotated[str, Field(max_length=256, description="the exchange's own code")]
Mic = Annotated[str, Field(max_length=64, description="a market (ISO 10383) as it stands on the chain")]
Lei = Annotated[str, Field(max_length=128, description="a legal entity (LEI, ISO 17442) as it stands on the chain")]
Country = Annotated[int, Field(ge=0, lt=2**16, description="a country's number (ISO 3166-1)")]
Registrar = Annotated[int, Field(ge=0, lt=2**16, description="a registrar's number; 0: none, 65535: a lost wallet's")]
Custodian = Annotated[int, Field(ge=0, lt=2**32, description="a custodian's number in the ledger")]
Exemption = Annotated[int, Field(ge=0, lt=2**32, description="an exemption's number in the listing registry")]
Request = Annotated[Uint, Field(description="a redemption's number in the ledger, in decimal digits")]

LegalBasis = Annotated[str, _names(Basis, "BASIS"), Field(description="the legal ground of an act by order")]
ClassName = Annotated[str, _names(InvestorClass, "CLASS"), Field(description="a class of investors")]
ScopeName = Annotated[str, _names(Scope, "SCOPE"), Field(description="what a wallet may do")]
PauseName = Annotated[str, _names(Pause, "PAUSE"), Field(description="what is paused")]
PolicyName = Annotated[str, _names(Policy, "POLICY"), Field(description="a rule that is relaxed")]
StatusName = Annotated[str, _names(Status), Field(description="the registrar's part of a record's status")]
PhaseName = Annotated[str, _names(Phase), Field(description="the phase of a listing")]
RoleName = Annotated[str, _names(Role), Field(description="a role of the suite")]
BackingName = Annotated[str, _names(Backing), Field(description="what stands behind the token")]
ExemptionName = Annotated[str, _names(ExemptionStatus), Field(description="what was decided about the exemption")]
SentenceName = Annotated[str, _names(SentenceKind), Field(description="what the custodian's sentence does")]
AttestorName = Annotated[str, _names(AttestorKind), Field(description="how an attestor signs")]
InterruptionName = Annotated[str, _names(Interruption), Field(description="what interrupts trading (ERC-8392)")]

# ---------------------------------------------------------------- values


def shares(units: int) -> str:
    """18-decimal units as shares."""
    return to_shares(units)


@lru_cache(maxsize=4096)
def second(seconds: int) -> str:
    """A second (UTC); the calendar's last one for any beyond it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31T23:59:59Z"


def milliseconds(since_1970: int) -> str:
    """A millisecond of our own clock."""
    return f"{second(since_1970 // 1000)[:-1]}.{since_1970 % 1000:03d}Z"


def day(number: int) -> str:
    """A day by its number since 1970-01-01; the calendar's last one for any beyond it."""
    try:
        return date_of(number).isoformat()
    except OverflowError:
        return "9999-12-31"


def hexed(value: bytes) -> str:
    """Bytes as 0x text."""
    return "0x" + value.hex()


def plain(padded: bytes) -> str:
    """Zero padded text of the chain."""
    return text(padded.rstrip(b"\0"))


def number_in(kind: type[IntEnum], value: int, other: str) -> str:
    """A number's name, or its family and the number."""
    return str(kind(value).name) if value in kind.__members__.values() else f"{other}_{int(value)}"


def basis(ref: bytes) -> str:
    """The ground of an order, which its ref begins with."""
    return number_in(Basis, ref[0], "BASIS")


def flags(kind: type[IntFlag], value: int, other: str) -> list[str]:
    """The flags that are set, from the lowest bit; one without a name by its family and its place from 0."""
    known = {member.value: str(member.name) for member in kind}
    bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
    return [known.get(1 << bit, f"{other}_{bit}") for bit in bits]


def classes(mask: int) -> list[str]:
    """The classes of a mask: bit n is class n."""
    return [number_in(InvestorClass, bit, "CLASS") for bit in range(mask.bit_length()) if mask >> bit & 1]
