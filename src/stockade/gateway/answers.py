"""What the gateway's answers hold: the models behind its OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from stockade.wire.envelope import Ack


class Said(BaseModel):
    """camelCase outside."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True)


class Problem(Said):
    """Why there is no other answer, in one sentence."""

    error: str


class SubmissionAnswer(Said):
    """Status 200: taken; every acknowledgement of these records is here, also of those that were held already.
    409: they do not follow what is held, and nothing of them was stored. `next` is the number expected next.
    """

    acks: list[Ack]
    next: int


class AckPage(Said):
    """Acknowledgements in the order in which they were given; there may be more after the last."""

    acks: list[Ack]


class Next(Said):
    """The number of the record that is expected next."""

    reporter_id: str
    next: int


class Reporter(Next):
    """A reporter known here, and the account that signs for it."""

    signer: str


class Reporters(Said):
    reporters: list[Reporter]


class HeldRecord(Said):
    """A record as it is stored. `status` is REJECTED with `code` and `field` where it was not valid. `record` is null
    where what is stored can no longer be read.
    """

    id: int
    reporter_id: str
    seq: int
    record_id: str
    received_time: str
    status: Literal["VALIDATED", "REJECTED"]
    code: str | None
    field: str | None
    record: dict[str, Any] | None


class RecordPage(Said):
    """Records in the order in which they came; `next` is the `after` of the next page, null behind the last."""

    records: list[HeldRecord]
    next: int | None


class StreamHeld(Said):
    """A stream of which records are held. `records` counts them all; `last` is the highest sequence."""

    reporter_id: str
    stream: str
    records: int
    last: int


class Streams(Said):
    streams: list[StreamHeld]


class ProvenHead(Said):
    """What the stream's contract held at the end of a block, proven from the block's hash."""

    block: int
    block_hash: str
    sequence: int
    chain: str


class FindingSaid(Said):
    """Something wrong: of a record (`seq`, null where none is held), at an entry of a stream or a run of them up to
    `last`, in a field (a JSON pointer into the record)."""

    seq: int | None
    sequence: int | None
    last: int | None
    field: str | None
    problem: str


class Completeness(Said):
    """Whether every entry of a stream, up to the proven head, is here once as a FINAL record and says what the chain
    says. `complete` also means that a head was proven. At most a thousand findings are listed, `more` says of further
    ones.
    """

    reporter_id: str | None
    stream: str
    records: int
    missing: int
    altered: int
    proven: ProvenHead | None
    complete: bool
    findings: Annotated[list[FindingSaid], Field(max_length=1000)]
    more: bool


class CompletenessAnswer(Said):
    """One for each reporter that reported of the stream."""

    results: list[Completeness]


class Health(Said):
    """`linked_to`: the block up to which the chain was read and proven; null without a chain. `trouble`: why linking
    waits, where it does."""

    status: Literal["ok"]
    gateway_id: str
    signer: str
    records: int
    linked_to: int | None
    trouble: str | None
