"""Everything that a suite reported up to one block, proved complete: what clocks and Notice are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress

from stockade import chain
from stockade.errors import StockadeError
from stockade.reporting import State, Stream, rebuild
from stockade.reporting.entries import Entry
from stockade.reporting.reading import Progress, no_progress
from stockade.reporting.streams import intact, read_streams
from stockade.suite import Suite


@dataclass(frozen=True)
class Reports:
    """What a suite reported up to a block, whose second (UTC) is `time`: the state that it rebuilds, the entries by the
    name of their contract, and the streams of its tokens by address.
    """

    block: int
    time: int
    state: State
    listings: Sequence[Entry]
    ledger: Sequence[Entry]
    registry: Sequence[Entry]
    market: Sequence[Entry]
    authority: Sequence[Entry]
    tokens: dict[ChecksumAddress, Stream]

    def symbol(self, token: ChecksumAddress) -> str:
        return self.tokens[token].source.name if token in self.tokens else token


def read_reports(suite: Suite, block: int | None = None, progress: Progress = no_progress) -> Reports:
    """Every report up to a block, by default the latest. Raises StockadeError where they are incomplete, altered or
    contradict each other.
    """
    number = suite.w3.eth.block_number if block is None else block
    time = int(chain.read(lambda: suite.w3.eth.get_block(number))["timestamp"])
    found = [intact(stream) for stream in read_streams(suite, number, progress)]
    state = rebuild(found)
    if state.contradictions:
        first = state.contradictions[0]
        raise StockadeError(f"The reports contradict each other ({first.stream} {first.sequence}: {first.problem}).")
    told = {stream.source.name: stream.entries for stream in found if stream.source.contract != "ShareToken"}
    tokens = {stream.source.address: stream for stream in found if stream.source.contract == "ShareToken"}
    return Reports(number, time, state, **told, tokens=tokens)
