"""The regulator's marks: up to which record it has received each stream, recorded on chain.

A mark is set to a head that was recomputed from every record of the stream, never to what a node says alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from eth_typing import ChecksumAddress
from web3.contract.contract import ContractFunction

from stockade.errors import NetworkError
from stockade.reporting import Stream, read_stream, read_streams
from stockade.reporting.entries import Acknowledged
from stockade.reporting.reading import ask_many
from stockade.reporting.streams import REPORTING, Head, chains_of, heads_of, source_of
from stockade.suite import Suite


@dataclass(frozen=True)
class Mark:
    """A stream, the record up to which it is acknowledged (zero: none), and its head. As the contracts say."""

    name: str
    address: ChecksumAddress
    acknowledged: Head
    head: Head

    @property
    def behind(self) -> int:
        """Records that are not acknowledged yet."""
        return self.head.sequence - self.acknowledged.sequence


@dataclass(frozen=True)
class NewMark:
    """What is to be acknowledged: every record of a stream up to `head`, which was recomputed; `since` was the last."""

    name: str
    address: ChecksumAddress
    since: int
    head: Head


def marks(suite: Suite) -> list[Mark]:
    """Every stream of the suite, at the latest block."""
    block = suite.w3.eth.block_number
    tokens = suite.listings.functions.tokens().call(block_identifier=block)
    sources = [source_of(suite, which, block) for which in (*REPORTING, *tokens)]
    acknowledged = _acknowledged(suite, [source.address for source in sources], block)
    return [
        Mark(source.name, source.address, mark, head)
        for source, mark, head in zip(sources, acknowledged, heads_of(suite, sources, block), strict=True)
    ]


def marks_to_set(suite: Suite, streams: Sequence[str] = ()) -> list[NewMark]:
    """The marks to set for streams, by name or token symbol, by default all; streams without news are left out. Each
    stream is read whole: NetworkError where a record is missing or altered, or an earlier mark is of another stream.

    An acknowledgement is a record itself, of the authority; a stream whose only news are such records has none.
    """
    block = suite.w3.eth.block_number
    read = (
        [read_stream(suite, source_of(suite, name, block), block) for name in dict.fromkeys(streams)]
        if streams
        else read_streams(suite, block)
    )
    # The authority's own last: acknowledging the others adds to it.
    read.sort(key=lambda stream: stream.source.name == "authority")
    before = _acknowledged(suite, [stream.source.address for stream in read], block)
    found = [_new_mark(suite, stream, mark) for stream, mark in zip(read, before, strict=True)]
    return [mark for mark in found if mark is not None]


def acknowledgement(suite: Suite, mark: NewMark) -> ContractFunction:
    """The call that sets a mark (REGULATOR)."""
    return suite.authority.functions.acknowledge(mark.address, *mark.head)


def _new_mark(suite: Suite, stream: Stream, before: Head) -> NewMark | None:
    name = stream.source.name
    if stream.faults or not stream.chain_matches:
        problems = "; ".join(map(str, stream.faults))
        raise NetworkError(f"Stream {name} cannot be acknowledged: {problems}. Nothing was sent; ask another node.")
    chains = chains_of(stream.source, suite.deployment.chain_id, stream.entries)
    if before.sequence and (before.sequence >= len(chains) or chains[before.sequence] != before.chain):
        raise NetworkError(
            f"Stream {name} was acknowledged up to record {before.sequence} with another chain than that of its "
            "records: what was received then is not what stands here now. Nothing was sent."
        )
    news = [entry for entry in stream.entries[before.sequence :] if not isinstance(entry.content, Acknowledged)]
    return (
        NewMark(name, stream.source.address, before.sequence, Head(len(stream.entries), chains[-1])) if news else None
    )


def _acknowledged(suite: Suite, addresses: Sequence[ChecksumAddress], block: int) -> list[Head]:
    calls = [suite.authority.functions.acknowledged(address) for address in addresses]
    return [
        Head(*answer) for answer in ask_many(suite.w3, [partial(call.call, block_identifier=block) for call in calls])
    ]
