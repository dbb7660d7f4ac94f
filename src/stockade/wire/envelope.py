"""Records, submissions and acknowledgements, as they are sent: JSON in camelCase, strict, nothing more allowed.

A record is never changed. What it says is confirmed, corrected or cancelled by a later record that refers to it. Each
names the one before by its id, so that the last id stands for all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

RECORD_SCHEMA = "stockade.record/1.0"
SUBMISSION_SCHEMA = "stockade.submission/1.0"
ACK_SCHEMA = "stockade.ack/1.0"

# What the first record names as the one before.
NO_RECORD = "0x" + 64 * "0"

Hash32 = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
ChainValue = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{40}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]
# Patterns are Rust's: `$` is the very end. Models are strict, so outside text is read by `read_json`.
# Whole numbers in JSON stay below 2**53, where every reader has them exactly.
Number = Annotated[int, Field(ge=0, lt=2**53)]
Counted = Annotated[int, Field(ge=1, lt=2**53)]
# RFC 3339 in UTC, to the second (of a block) or the millisecond (of our clock).
Moment = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]{3})?Z$")
]
# CAIP-10 account and CAIP-19 asset on an EVM chain, addresses in lower case.
Caip10 = Annotated[str, StringConstraints(pattern=r"^eip155:[1-9][0-9]{0,31}:0x[0-9a-f]{40}$")]
Caip19 = Annotated[str, StringConstraints(pattern=r"^eip155:[1-9][0-9]{0,31}/erc20:0x[0-9a-f]{40}$")]
EventKey = Annotated[str, StringConstraints(pattern=r"^eip155:[1-9][0-9]{0,31}/0x[0-9a-f]{64}/[0-9]{1,9}$")]
# A wallet under the reporter's secret key (docs/records.md): equal for equal wallets, and nothing else.
PartyRef = Annotated[str, StringConstraints(pattern=r"^p_[0-9a-f]{32}$")]
ReporterId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Wire(BaseModel):
    """Strict, frozen, and in camelCase outside."""

    # By name they are built here alone: what comes from outside has the published names (`read`, `read_json`).
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        strict=True,
        extra="forbid",
        frozen=True,
    )

    @classmethod
    def read(cls, value: Any) -> Self:
        """What came from outside as parsed JSON. Raises ValidationError, for our own names too."""
        return cls.model_validate(value, by_alias=True, by_name=False)

    @classmethod
    def read_json(cls, text: str | bytes) -> Self:
        """The same of JSON text, in which strict forms are those of JSON."""
        return cls.model_validate_json(text, by_alias=True, by_name=False)

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return self.model_dump(mode="json", by_alias=True)


class EventType(StrEnum):
    MINT = "MINT"
    BURN = "BURN"
    TRANSFER = "TRANSFER"
    FORCED_TRANSFER = "FORCED_TRANSFER"
    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"
    POSITION = "POSITION"
    REDEMPTION = "REDEMPTION"
    CUSTODIAN = "CUSTODIAN"
    PARTICIPANT = "PARTICIPANT"
    EXEMPTION = "EXEMPTION"
    LISTING = "LISTING"
    HALT = "HALT"
    RESUME = "RESUME"
    MARKET = "MARKET"
    AUTHORITY = "AUTHORITY"


class Finality(StrEnum):
    """PROVISIONAL: in a block that may still be replaced. REVERSED: it was."""

    PROVISIONAL = "PROVISIONAL"
    FINAL = "FINAL"
    REVERSED = "REVERSED"


class Action(StrEnum):
    """CORRECT and CANCEL refer to an earlier record, and say why."""

    NEW = "NEW"
    CORRECT = "CORRECT"
    CANCEL = "CANCEL"


# Why a record refers to another: its block became final, or was replaced; else the code of the rejection it repairs.
FINALIZED = "FINALIZED"
REORG = "REORG"


class StreamPlace(Wire):
    """Which entry of which stream; `chain` is the stream's after it."""

    address: Caip10
    contract: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    sequence: Counted
    kind: Annotated[int, Field(ge=0, lt=256)]
    chain: ChainValue


class BlockPlace(Wire):
    number: Number
    hash: Hash32


# Contracts ask of these only that they are not zero: what does not have their form is null, and the LISTING record says
# what stands there. Their check digits are judged by the gateway.
Isin = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z0-9]{9}[0-9]$")]
Cusip = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9*@#]{9}$")]
Mic = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}$")]


class Instrument(Wire):
    """The share that the record is about, as listed; `symbol` is its ticker on its primary market."""

    token: Caip19
    symbol: Annotated[str, StringConstraints(max_length=64)]
    isin: Isin | None
    cusip: Cusip | None
    mic: Mic | None


class Envelope(Wire):
    """What every record says, whatever its event; `bodies.Record` adds the body."""

    schema_: Annotated[Literal["stockade.record/1.0"], Field(alias="schema")]
    reporter_id: ReporterId
    seq: Counted
    record_id: Hash32
    prev_hash: Hash32
    event_key: EventKey
    event_type: EventType
    event_time: Moment
    recorded_time: Moment
    finality: Finality
    action: Action
    ref_record_id: Hash32 | None
    reason_code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")] | None
    stream: StreamPlace
    block: BlockPlace
    instrument: Instrument | None
    profile: Hash32 | None
    exemption_id: Number | None
    operator_ref: PartyRef | Caip10


class Submission(Wire):
    """Records `first` to `last`. The signature is the reporter's over `signing.submission_digest`.

    The records are checked one by one, for one that is wrong must not hide the others: here they are any objects.
    """

    schema_: Annotated[Literal["stockade.submission/1.0"], Field(alias="schema")]
    reporter_id: ReporterId
    first: Counted
    last: Counted
    sent_time: Moment
    records: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    signature: Signature


class Stage(StrEnum):
    """RECEIVED: stored. VALIDATED: schema and reference data hold. LINKED: the chain says the same. REJECTED: one of
    them not, with code and field."""

    RECEIVED = "RECEIVED"
    VALIDATED = "VALIDATED"
    LINKED = "LINKED"
    REJECTED = "REJECTED"


class Ack(Wire):
    """What a gateway says of records `first` to `last`; `record_id` is the last one's, None where it has none.

    Signed by the gateway over the digest of everything else. `field` is a JSON pointer into the record.
    """

    schema_: Annotated[Literal["stockade.ack/1.0"], Field(alias="schema")]
    ack_id: Counted
    gateway_id: ReporterId
    reporter_id: ReporterId
    stage: Stage
    first: Counted
    last: Counted
    record_id: Hash32 | None
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")] | None
    field: Annotated[str, StringConstraints(max_length=200)] | None
    text: Annotated[str, StringConstraints(max_length=500)] | None
    time: Moment
    signature: Signature
