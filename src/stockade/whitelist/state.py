"""The whole whitelist at one block, and the life of one wallet, from the registry's own reports.

A mapping on chain cannot be listed, but every write of it is reported, numbered and chained: what was read is complete
and unaltered when its chain is the one in the contract. A hundred thousand records take seconds, one call each minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.errors import NetworkError, StockadeError
from stockade.records import InvestorRecord
from stockade.reporting.entries import BatchWritten, Entry, FreezeChanged, RecordAssigned, RecordWritten, Recovered
from stockade.reporting.reading import Progress, no_progress
from stockade.reporting.replay.registry import replay_registry
from stockade.reporting.streams import read_entries, source_of
from stockade.suite import Suite

Block = int | Literal["latest"]


@dataclass(frozen=True)
class Whitelist:
    """Every record of the registry at the end of a block, whichever registrar's; `time` is the block's (seconds UTC).

    `registrars` are the accounts that may write, each with its number; `offers` who may take a wallet's record over.
    """

    chain_id: int
    registry: ChecksumAddress
    block: int
    block_hash: bytes
    time: int
    records: dict[ChecksumAddress, InvestorRecord]
    registrars: dict[ChecksumAddress, int]
    offers: dict[ChecksumAddress, int]


@dataclass(frozen=True)
class Event:
    """One change of a wallet's record: the record from then on, by whom, when (seconds UTC) and in which transaction.

    `batch` is the number of the report of its batch and `root` that batch's; zero and empty for what is no registrar's
    write. `ref` carries ground and order of a freeze, its lifting or a recovery.
    """

    sequence: int
    what: str
    record: InvestorRecord
    operator: ChecksumAddress
    time: int
    block: int
    transaction: str
    batch: int = 0
    root: bytes = b""
    ref: bytes = b""


def read_whitelist(suite: Suite, block: Block = "latest", progress: Progress = no_progress) -> Whitelist:
    """Every record at a block. Raises StockadeError, naming the report, when the node's logs are incomplete, altered or
    contradict each other; NetworkError when the block was replaced meanwhile.
    """
    number, digest, time = block_of(suite, block)
    state, wrong = replay_registry(_entries(suite, number, progress))
    if wrong:
        raise StockadeError(f"The registry's reports contradict each other (registry {wrong[0][0]}: {wrong[0][1]}).")
    if block_of(suite, number)[1] != digest:
        raise NetworkError(f"Block {number} was replaced while it was read (a reorganisation): run it again.")
    registrars, offers = ({key: to for key, to in each.items() if to} for each in (state.registrars, state.offers))
    here = (suite.deployment.chain_id, suite.registry.address, number, digest, time)
    return Whitelist(*here, state.records, registrars, offers)


def history(
    suite: Suite, wallet: ChecksumAddress, block: Block = "latest", progress: Progress = no_progress
) -> list[Event]:
    """Every record the wallet ever had, oldest first. Raises like `read_whitelist`."""
    found = []
    batch, root = 0, b""
    for entry in _entries(suite, block_of(suite, block)[0], progress):
        match entry.content:
            case BatchWritten(_, _, root):
                batch = entry.seq
            case RecordWritten(of, record) if of == wallet:
                found.append(_event(entry, "written", record, batch=batch, root=root))
            case FreezeChanged(of, record, ref) if of == wallet:
                what = "frozen" if record.frozen else "freeze lifted"
                found.append(_event(entry, what, record, ref=ref))
            case RecordAssigned(of, record, ref) if of == wallet:
                found.append(_event(entry, f"assigned to registrar {record.registrar}", record, ref=ref))
            case Recovered(lost, replacement, record, ref) if lost == wallet:
                found.append(_event(entry, f"declared lost, {replacement} takes over", record, ref=ref))
    return found


def batches(
    suite: Suite, block: Block = "latest", progress: Progress = no_progress
) -> Iterator[tuple[Entry, list[Entry]]]:
    """Every batch that a registrar wrote: its report and its rows, oldest first. What is yielded may be relied on when
    the iteration has ended. Raises like `read_whitelist`.
    """
    rows: list[Entry] = []
    left = 0
    for entry in _entries(suite, block_of(suite, block)[0], progress):
        if isinstance(entry.content, BatchWritten):
            batch, rows, left = entry, [], entry.content.rows
        elif left and isinstance(entry.content, RecordWritten):
            rows.append(entry)
            left -= 1
            if not left:
                yield batch, rows


def block_of(suite: Suite, block: Block) -> tuple[int, bytes, int]:
    """A block's number, hash and time (seconds UTC)."""

    def question() -> tuple[int, bytes, int]:
        found = suite.w3.eth.get_block(block)
        return int(found["number"]), bytes(found["hash"]), int(found["timestamp"])

    return chain.read(question)


def _entries(suite: Suite, block: int, progress: Progress = no_progress) -> Iterator[Entry]:
    return read_entries(suite, source_of(suite, "registry", block), block, progress)


def _event(
    entry: Entry, what: str, record: InvestorRecord, batch: int = 0, root: bytes = b"", ref: bytes = b""
) -> Event:
    return Event(
        sequence=entry.seq,
        what=what,
        record=record,
        operator=entry.operator,
        time=entry.timestamp,
        block=entry.place.block,
        transaction=entry.transaction,
        batch=batch,
        root=root,
        ref=ref,
    )
