"""The stored facts as they stood at a block: every stream decoded and chained anew, and the state they rebuild.

The store is not trusted with them any more than a node is with its logs: an altered or missing row is named, and
nothing is made of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, func, select

from stockade.errors import InputError, StockadeError
from stockade.reporter.stored import log_of
from stockade.reporting import State, Stream, follow, rebuild
from stockade.reporting.entries import start_of_chain
from stockade.reporting.reading import text
from stockade.reporting.streams import Head, Source
from stockade.store import tables


@dataclass(frozen=True)
class Facts:
    """What the store says of a suite at the end of a block. `stored` is the last stored block at or before it, with its
    `hash` and its `time` (seconds UTC); `final`: nothing of it can change any more.
    """

    chain_id: int
    authority: ChecksumAddress
    block: int
    stored: int
    hash: str
    time: int
    final: bool
    streams: tuple[Stream, ...]
    state: State

    def stream(self, contract: str) -> Stream:
        """The one stream of a contract that is no token."""
        (found,) = (stream for stream in self.streams if stream.source.contract == contract)
        return found

    @property
    def tokens(self) -> dict[ChecksumAddress, Stream]:
        """The tokens' streams, in order of listing."""
        by_address = {each.source.address: each for each in self.streams if each.source.contract == "ShareToken"}
        return {token: by_address[token] for token in self.state.listings.listings if token in by_address}

    def symbol(self, token: ChecksumAddress) -> str:
        return self.tokens[token].source.name if token in self.tokens else token

    def isin(self, token: ChecksumAddress) -> str:
        return text(self.state.listings.listings[token].instrument.isin)

    @property
    def by_isin(self) -> dict[str, ChecksumAddress]:
        return {self.isin(token): token for token in self.tokens}

    @property
    def ledger(self) -> ChecksumAddress:
        return self.stream("CustodyLedger").source.address

    @property
    def position(self) -> dict[str, Any]:
        """Which facts these are, for the head of a file made of them."""
        return {
            "chainId": self.chain_id,
            "authority": self.authority,
            "block": self.block,
            "lastStoredBlock": {"number": self.stored, "hash": self.hash, "time": self.time},
            "final": self.final,
        }


def facts_at(connection: Connection, block: int | None = None) -> Facts:
    """The facts at a block, by default the last final one. Raises InputError for a block that the store does not reach,
    StockadeError where its rows are not a whole and true stream or contradict each other.
    """
    suite = connection.execute(select(tables.suite)).one_or_none()
    cursor = connection.execute(select(func.max(tables.block.c.number))).scalar()
    if suite is None or cursor is None:
        raise InputError("The store is empty: let `stockade-report follow` fill it first.")
    final = connection.execute(select(func.max(tables.finality.c.block))).scalar()
    if block is None:
        if final is None:
            raise InputError("Nothing in the store is final yet: wait, or say of which block with --block.")
        block = final
    if not suite.first_block <= block <= cursor:
        raise InputError(
            f"--block {block}: the store holds blocks {suite.first_block} to {cursor}: choose one of them."
        )
    streams = tuple(_streams(connection, suite.chain_id, block))
    state = rebuild(streams)
    if state.contradictions:
        first = state.contradictions[0]
        raise _untrue(f"{first.stream} {first.sequence}: {first.problem}")
    at = tables.block.c
    last = connection.execute(
        select(at.number, at.hash, at.timestamp).where(at.number <= block).order_by(at.number.desc()).limit(1)
    ).one_or_none()
    if last is None:
        raise _untrue(f"no block up to {block} is left in it")
    return Facts(
        chain_id=suite.chain_id,
        authority=suite.authority,
        block=block,
        stored=last.number,
        hash=last.hash,
        time=last.timestamp,
        final=final is not None and block <= final,
        streams=streams,
        state=state,
    )


def _streams(connection: Connection, chain_id: int, block: int) -> Iterator[Stream]:
    of = tables.source.c
    for row in connection.execute(select(tables.source).where(of.since <= block).order_by(of.since, of.address)).all():
        source = Source(row.name, row.contract, row.address)
        stream = _stream(connection, chain_id, source, block)
        if stream.faults or not stream.chain_matches:
            raise _untrue(str(stream.faults[0]) if stream.faults else f"{source.name}: its chain does not match")
        yield stream


def _stream(connection: Connection, chain_id: int, source: Source, block: int) -> Stream:
    it = tables.report.c
    asked = select(it.source, it.seq, it.block, it.log, it.transaction, it.topics, it.data, it.chain)
    rows = connection.execute(asked.where(it.source == source.address, it.block <= block).order_by(it.seq)).all()
    heads = {row.block: Head(row.seq, int(row.chain, 16)) for row in rows}
    last = heads[rows[-1].block] if rows else Head(0, start_of_chain(chain_id, source.address))
    return follow(source, chain_id, map(log_of, rows), last, heads.get)


def _untrue(why: str) -> StockadeError:
    return StockadeError(
        f"The stored facts are not what the chain reported ({why}): `stockade-report rebuild --compare` says what is "
        "wrong."
    )


# ---------------------------------------------------------------- records of them

# Numbers in one question; SQLite takes no more than 32,766.
_AT_ONCE = 1_000


def record_ids(connection: Connection, source: ChecksumAddress, numbers: Sequence[int]) -> dict[int, str]:
    """The id of the latest record of each of these entries of a stream, as far as they were recorded. Records of blocks
    that were replaced since are not meant.
    """
    it = tables.record.c
    found: dict[int, str] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = list(numbers[start : start + _AT_ONCE])
        asked = select(it.stream_seq, it.record_id).where(
            it.source == source, it.stream_seq.in_(some), it.finality != "REVERSED"
        )
        found |= {row.stream_seq: row.record_id for row in connection.execute(asked.order_by(it.seq))}
    return found
