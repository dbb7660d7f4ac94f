"""What an examination finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stockade.gateway.answers import ProvenHead

# Findings that are kept; more are counted.
MOST = 1000

# Called with what is being done, how much of it is done, and of how much (0: nobody knows).
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """Something wrong. `record` is a reporter's number, up to `last_record` where it concerns a run; `stream` a CAIP-10
    account, `sequence` (to `last`) its entries, `field` a JSON pointer into the record, or into the acknowledgement
    that the problem names."""

    problem: str
    reporter: str | None = None
    record: int | None = None
    last_record: int | None = None
    stream: str | None = None
    sequence: int | None = None
    last: int | None = None
    field: str | None = None


@dataclass(frozen=True)
class StreamExamined:
    """How a stream of the suite fared. `records`: entries that a FINAL record tells."""

    reporter: str | None
    stream: str
    contract: str
    records: int
    missing: int
    altered: int
    proven: ProvenHead | None
    complete: bool


@dataclass
class Examination:
    """The result, at one final block. `others`: streams of which records are held, and which are not this suite's."""

    gateway_id: str
    signer: str
    block: int = 0
    block_hash: str = ""
    records: int = 0
    acks: int = 0
    streams: list[StreamExamined] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    more: int = 0

    @property
    def complete(self) -> bool:
        return not self.findings and all(stream.complete for stream in self.streams)

    def find(self, finding: Finding) -> None:
        """Keeps a finding, or counts it."""
        if len(self.findings) < MOST:
            self.findings.append(finding)
        else:
            self.more += 1
