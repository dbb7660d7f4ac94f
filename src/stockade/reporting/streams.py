"""Following the report streams: numbered without a gap, chained, and the chain equal to the word in the contract.

Every change a regulator must see is one entry. A copy of a stream is complete and unaltered when its numbers run from 1
without a gap and its recomputed chain equals the 160 bits the contract holds. The node is not trusted with the logs;
whoever does not trust it with that word either asks a second node for it.

For every contract, chain' = uint160(keccak256(abi.encode(chain, ...))), starting from the chain id and the address:
tokens hash (seq, kind, operator, from, to, amount, ref, timestamp), the others (seq, kind, operator, timestamp,
keccak256(data)), and the registry's records, in the same sequence and chain, (wallet, word).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from eth_typing import ChecksumAddress
from web3.types import LogReceipt

from stockade import chain
from stockade.errors import NetworkError, StockadeError
from stockade.reporting.decode import decode
from stockade.reporting.entries import (
    BatchWritten,
    Entry,
    Listed,
    Place,
    RecordWritten,
    Unreadable,
    start_of_chain,
)
from stockade.reporting.reading import (
    Progress,
    ask_many,
    no_progress,
    plain_contract,
    read_chunks,
    read_logs,
    text,
)
from stockade.suite import CONTRACTS, Suite, contract_at

REPORTING = ("registry", "ledger", "listings", "market", "authority")


class Head(NamedTuple):
    """The last entry's number, and the chain up to it."""

    sequence: int
    chain: int


@dataclass(frozen=True)
class Source:
    """A contract that reports. `name`: registry, ledger, listings, market, authority, or a token's symbol."""

    name: str
    contract: str
    address: ChecksumAddress


@dataclass(frozen=True)
class Fault:
    """Something wrong with a stream, at an entry where that can be said."""

    stream: str
    problem: str
    sequence: int | None = None
    last: int | None = None
    """Where it concerns a run of entries, the last of them."""

    def __str__(self) -> str:
        where = [str(number) for number in (self.sequence, self.last) if number is not None]
        return f"{self.stream} {'-'.join(where)}: {self.problem}".replace(" :", ":")


@dataclass(frozen=True)
class Stream:
    """A stream as followed: `entries` ascending, each number once; `head` what the contract says."""

    source: Source
    entries: tuple[Entry, ...]
    head: Head
    gaps: int
    chain_matches: bool
    faults: tuple[Fault, ...]


# Answers what a contract's head was at the end of a block; None when the node no longer knows.
HeadAt = Callable[[int], Head | None]


# ---------------------------------------------------------------- from a node


def read_streams(suite: Suite, block: int, progress: Progress = no_progress) -> list[Stream]:
    """Every stream of the suite up to and including a block: those of `REPORTING`, then tokens in order of listing.

    A token is found by the listing registry's list and by its LISTING entry, so that neither alone can hide it.
    """
    known = chain.read(lambda: suite.listings.functions.tokens().call(block_identifier=block))
    singletons = [source_of(suite, name, block) for name in REPORTING]
    streams = _read(suite, singletons + _token_sources(suite, known, block), block, progress)
    told = [entry.content.token for entry in streams[2].entries if isinstance(entry.content, Listed)]
    # An invented LISTING is found by its chain; there is nothing to follow where no contract stands.
    more = [at for at in told if at not in known and chain.read(partial(suite.w3.eth.get_code, at, block))]
    return streams + _read(suite, _token_sources(suite, more, block), block, progress)


def source_of(suite: Suite, which: str, block: int) -> Source:
    """A source by its name (registry, ledger, listings), or a token's by symbol or address. Raises InputError."""
    if which in REPORTING:
        return Source(which, CONTRACTS[which], getattr(suite, which).address)
    return _token_sources(suite, [suite.token(which).address], block)[0]


def read_stream(suite: Suite, source: Source, block: int, progress: Progress = no_progress) -> Stream:
    """One stream alone."""
    return _read(suite, [source], block, progress)[0]


def read_entries(suite: Suite, source: Source, block: int, progress: Progress = no_progress) -> Iterator[Entry]:
    """One stream's entries as they are read, for a stream too long to be kept.

    What was yielded may be relied on only when the iteration has ended: it raises StockadeError, naming the first
    fault, where the logs served are not the whole and true stream.
    """
    return _with_batches(_checked_entries(suite, source, block, progress))


def _checked_entries(suite: Suite, source: Source, block: int, progress: Progress) -> Iterator[Entry]:
    (head,) = heads_of(suite, [source], block)
    found, place = Head(0, start_of_chain(suite.deployment.chain_id, source.address)), Place(-1, -1)
    first, expected = suite.deployment.block, head.sequence
    for logs in read_chunks(suite.w3, [source.address], first, block, progress, expected):
        for log in logs:
            entry = decode(source.contract, log)
            if isinstance(entry, Unreadable) or entry.content is None:
                raise _distrust(suite, source, block)
            if entry.seq != found.sequence + 1 or entry.place <= place:
                raise _distrust(suite, source, block)
            found, place = Head(entry.seq, entry.link(found.chain)), entry.place
            yield entry
    if found != head:
        raise _distrust(suite, source, block)


def _distrust(suite: Suite, source: Source, block: int) -> StockadeError:
    """Reads the stream once more, as a whole, to name what is wrong with it."""
    try:
        intact(read_stream(suite, source, block))
    except StockadeError as error:
        return error
    return NetworkError(f"The node gave two different answers about the stream {source.name}: ask another node.")


def intact(stream: Stream) -> Stream:
    """The stream, if it is complete and unaltered. Raises StockadeError naming its first fault."""
    if stream.faults or not stream.chain_matches:
        why = str(stream.faults[0]) if stream.faults else f"{stream.source.name}: the chain does not match"
        raise StockadeError(f"The reports served by this node cannot be trusted ({why}): ask another node.")
    return stream


def _read(suite: Suite, sources: Sequence[Source], block: int, progress: Progress) -> list[Stream]:
    heads = heads_of(suite, sources, block)
    expected = sum(head.sequence for head in heads)
    addresses = [source.address for source in sources]
    logs = read_logs(suite.w3, addresses, suite.deployment.block, block, progress, expected)
    return [
        follow(source, suite.deployment.chain_id, logs[source.address], head, partial(_head_at, suite, source))
        for source, head in zip(sources, heads, strict=True)
    ]


def heads_of(suite: Suite, sources: Sequence[Source], block: int) -> list[Head]:
    """What each contract says of its stream at the end of a block."""
    functions = [contract_at(suite.w3, source.contract, source.address).functions for source in sources]
    calls = [each.reportHead() for each in functions]
    return [Head(*answer) for answer in ask_many(suite.w3, [partial(c.call, block_identifier=block) for c in calls])]


def _head_at(suite: Suite, source: Source, block: int) -> Head | None:
    try:
        return heads_of(suite, [source], block)[0]
    except NetworkError:
        return None


def _token_sources(suite: Suite, tokens: Sequence[ChecksumAddress], block: int) -> list[Source]:
    calls = [plain_contract(suite.w3, "ShareToken", token).functions.symbol() for token in tokens]
    symbols = ask_many(suite.w3, [partial(call.call, block_identifier=block) for call in calls])
    return [Source(text(symbol), "ShareToken", token) for symbol, token in zip(symbols, tokens, strict=True)]


# ---------------------------------------------------------------- pure


def follow(
    source: Source, chain_id: int, logs: Iterable[LogReceipt], head: Head, head_at: HeadAt = lambda block: None
) -> Stream:
    """A contract's logs, as delivered, followed entry by entry and compared with its head.

    Finds and names what is missing, delivered twice or out of order, unreadable, never reported, or altered. One word
    proves that something was altered, not what: `head_at` lets it be traced to its block, and mostly to its entry.
    """
    entries, unreadable, faults = _sort(source, logs, head)
    faults += [_fault(source, f"kind {e.kind} is unknown or holds other data", e.seq) for e in entries if not e.content]
    missing = list(_gaps([*sorted({entry.seq for entry in entries} | unreadable)], head.sequence))
    for first, last in missing:
        faults.append(_fault(source, "missing", first, last))

    matches = False
    if not missing and not unreadable:
        chains = chains_of(source, chain_id, entries)
        matches = chains[-1] == head.chain
        if not matches:
            faults.append(_locate(source, entries, chains, head_at))
    gaps = sum(last - first + 1 for first, last in missing)
    return Stream(source, tuple(_with_batches(entries)), head, gaps, matches, tuple(faults))


def _sort(source: Source, logs: Iterable[LogReceipt], head: Head) -> tuple[list[Entry], set[int], list[Fault]]:
    """Each entry once, ascending; the numbers of logs that cannot be read; what is wrong with the delivery."""
    kept: dict[int, Entry] = {}
    unreadable: set[int] = set()
    faults: list[Fault] = []
    highest: Entry | None = None
    for log in logs:
        entry = decode(source.contract, log)
        if isinstance(entry, Unreadable):
            where = f" in block {entry.place.block}, log {entry.place.log}" if entry.place else ""
            faults.append(_fault(source, f"the log{where} cannot be read as an entry", entry.seq))
            if entry.seq is not None and 0 < entry.seq <= head.sequence:
                unreadable.add(entry.seq)
        elif not 0 < entry.seq <= head.sequence:
            faults.append(_fault(source, f"never reported: the contract's last is {head.sequence}", entry.seq))
        elif entry.seq in kept:
            same = kept[entry.seq] == entry
            problem = "delivered twice" if same else "two different entries bear this number"
            faults.append(_fault(source, problem, entry.seq))
        else:
            kept[entry.seq] = entry
            if highest is None or entry.seq > highest.seq:
                if highest and entry.place <= highest.place:
                    faults.append(_fault(source, f"out of order: stands before {highest.seq} on the chain", entry.seq))
                highest = entry
            else:
                faults.append(_fault(source, f"out of order: delivered after {highest.seq}", entry.seq))
    return [kept[seq] for seq in sorted(kept)], unreadable - set(kept), faults


def _gaps(numbers: list[int], last: int) -> Iterable[tuple[int, int]]:
    """The runs of numbers between 1 and `last` that are not there."""
    for before, after in pairwise([0, *numbers, last + 1]):
        if after - before > 1:
            yield before + 1, after - 1


def chains_of(source: Source, chain_id: int, entries: Sequence[Entry]) -> list[int]:
    """The chain before the first entry and after each."""
    chains = [start_of_chain(chain_id, source.address)]
    for entry in entries:
        chains.append(entry.link(chains[-1]))
    return chains


def _locate(source: Source, entries: Sequence[Entry], chains: Sequence[int], head_at: HeadAt) -> Fault:
    """Where the recomputed chain leaves the contract's: bisects the blocks by what the contract said at their ends."""
    if not entries:
        return _fault(source, "the contract's chain is not that of an empty stream")
    ends = {entry.place.block: count for count, entry in enumerate(entries, start=1)}
    blocks = sorted(ends)
    low, high = 0, len(blocks) - 1
    while low < high:
        middle = (low + high) // 2
        end = ends[blocks[middle]]
        known = head_at(blocks[middle])
        if known is None:
            return _fault(source, "something here was altered; a node with older state can say what", 1, len(entries))
        if known == Head(end, chains[end]):
            low = middle + 1
        else:
            high = middle
    first = ends[blocks[low - 1]] + 1 if low else 1
    last = ends[blocks[low]]
    if first >= last:
        return _fault(source, "altered: the contract's chain is another", last)
    return _fault(source, f"one of these, all of block {blocks[low]}, was altered", first, last)


def _with_batches(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Gives each RECORD the operator and the time of its batch."""
    batch: Entry | None = None
    for entry in entries:
        if isinstance(entry.content, BatchWritten):
            batch = entry
        elif isinstance(entry.content, RecordWritten) and batch:
            entry = replace(entry, operator=batch.operator, timestamp=batch.timestamp)
        yield entry


def _fault(source: Source, problem: str, first: int | None = None, last: int | None = None) -> Fault:
    return Fault(source.name, problem, first, None if last == first else last)
