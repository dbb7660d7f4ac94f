"""The chain's side: every final entry of a suite's streams, told as a record would tell it, under proven heads.

Read by the reporter's own reading (blocks, logs and chains that fit together), from the suite's first block on at every
start: a record can be told only by who knows what came before, and what is stored is compared on the way. What was read
counts once the heads at the end are proven from the block's hash; until then nothing is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, delete, func, insert, select
from web3 import Web3

from stockade.errors import NetworkError, StockadeError
from stockade.gateway import tables
from stockade.gateway.acks import now
from stockade.gateway.intake import writing
from stockade.proofs import Header, header_at, prove_head
from stockade.reporter.derive import Deriver
from stockade.reporter.node import Header as NodeHeader
from stockade.reporter.node import Node
from stockade.reporter.parties import Parties
from stockade.reporter.reading import Reader
from stockade.reporter.recorder import place_of
from stockade.reporter.tips import Fact, Tips, beginning, go_on
from stockade.reporting.streams import REPORTING, Head, Source
from stockade.store.opening import Store
from stockade.suite import CONTRACTS, Deployment
from stockade.wire.canonical import canonical

# Everybody's key: accounts on a public chain are no secret to who reads it. The reporter's references are compared with
# these one for one.
_OPEN_KEY = b"stockade.gateway"

_of = tables.entry.c

# Called with the block read up to, and the last one.
Reading = Callable[[int, int], None]


class ChainSide:
    """Reads a suite's chain into a gateway's store, one at a time."""

    def __init__(
        self, store: Store, w3: Web3, deployment: Deployment, tell: Reading = lambda block, last: None
    ) -> None:
        self._store, self._w3, self._deployment, self._tell = store, w3, deployment, tell
        self._begin()

    def _begin(self) -> None:
        """As before the first block."""
        own = self._deployment.addresses
        chain_id = self._deployment.chain_id
        sources = [Source(name, CONTRACTS[name], own[name]) for name in REPORTING]  # type: ignore[arg-type]
        contracts: Any = [own[name] for name in CONTRACTS]
        self._tips: Tips = {source.address: beginning(chain_id, source) for source in sources}
        self._deriver = Deriver(Parties(_OPEN_KEY, chain_id, contracts))
        self._reader = Reader(Node(self._w3), own["listings"])  # type: ignore[arg-type]
        self._last: NodeHeader | None = None

    def advance(self) -> int:
        """Reads up to the latest final block, and proves the heads there. The block's number. Raises StockadeError
        having proven nothing; then everything is read again.
        """
        try:
            return self._advance()
        except BaseException:
            self._begin()
            raise

    def _advance(self) -> int:
        final = header_at(self._w3, "finalized")
        if self._last and final.number <= self._last.number:
            return self._last.number
        if self._last is None:
            _require_chain(self._w3, self._deployment)
            with writing(self._store) as connection:
                _drop_unproven(connection)
        first = self._last.number + 1 if self._last else self._deployment.block
        while first <= final.number:
            known = {address: tip.sequence for address, tip in self._tips.items()}
            reading = self._reader.read(self._last, first, final.number, known, by_hash=False)
            facts, tips = go_on(self._tips, reading, self._deployment.chain_id)
            self._keep(facts, reading.headers)
            self._tips, self._last, first = tips, reading.last, reading.last.number + 1
            self._tell(reading.last.number, final.number)
        if self._last is None or "0x" + self._last.hash.hex() != final.hash:
            raise NetworkError(f"The node's final block {final.number} is two blocks: ask another node.")
        self._prove(final)
        return final.number

    # ---------------------------------------------------------------- entries

    def _keep(self, facts: list[Fact], headers: Mapping[int, NodeHeader]) -> None:
        self._deriver.expect(facts)
        rows = [self._row(fact, headers[fact.entry.place.block]) for fact in facts]
        if not rows:
            return
        with writing(self._store) as connection:
            stored = _stored(connection, rows)
            for row in rows:
                known = stored.get((row["stream"], row["seq"]))
                if known is not None and known != row["expected"]:
                    raise StockadeError(
                        f"Entry {row['seq']} of {row['stream']} in the database is not what the chain says: the "
                        "database was changed."
                    )
            if new := [row for row in rows if (row["stream"], row["seq"]) not in stored]:
                connection.execute(insert(tables.entry), new)

    def _row(self, fact: Fact, header: NodeHeader) -> dict[str, Any]:
        expected = place_of(f"eip155:{self._deployment.chain_id}", fact, header) | self._deriver.derive(fact)
        place = {"stream": self.name(fact.source.address), "seq": fact.entry.seq, "block": header.number}
        return place | {"expected": canonical(expected)}

    def name(self, address: ChecksumAddress) -> str:
        """A contract as records name its stream."""
        return f"eip155:{self._deployment.chain_id}:{address.lower()}"

    # ---------------------------------------------------------------- heads

    def _prove(self, final: Header) -> None:
        heads = {}
        for address, tip in self._tips.items():
            head = prove_head(self._w3, final, tip.source.contract, address)
            if head != Head(tip.sequence, tip.chain):
                raise NetworkError(
                    f"{tip.source.name}: what the node served up to {tip.sequence} is not what the contract's storage "
                    f"proves at block {final.number} (its last is {head.sequence}): ask another node."
                )
            heads[self.name(address)] = (tip.source.contract, head.sequence, f"0x{head.chain:040x}")
        with writing(self._store) as connection:
            for stream, said in heads.items():
                known = proven_head(connection, stream)
                if known is None or (known.contract, known.sequence, known.chain) != said:
                    _require_entries(connection, stream, known.sequence if known else 0, said[1])
                    row = dict(zip(("contract", "sequence", "chain"), said, strict=True))
                    connection.execute(insert(tables.proof).values(stream=stream, block=final.number, **row))
            if final.number > (reached(connection) or (-1,))[0]:
                row = {"block": final.number, "block_hash": final.hash, "proven_at": now()}
                connection.execute(insert(tables.reached).values(**row))


class Proven(NamedTuple):
    """What a stream's contract held at the end of a block."""

    contract: str
    sequence: int
    chain: str
    block: int
    block_hash: str


def reached(connection: Connection) -> tuple[int, str] | None:
    """The last block at which heads were proven, and its hash."""
    it = tables.reached.c
    row = connection.execute(select(it.block, it.block_hash).order_by(it.block.desc()).limit(1)).first()
    return (row.block, row.block_hash) if row else None


def proven_head(connection: Connection, stream: str) -> Proven | None:
    """A stream's head at the last block at which heads were proven; None where its head never was."""
    it = tables.proof.c
    query = select(it.contract, it.sequence, it.chain).where(it.stream == stream).order_by(it.block.desc())
    row, last = connection.execute(query.limit(1)).first(), reached(connection)
    return Proven(row.contract, row.sequence, row.chain, *last) if row and last else None


def proven_heads(connection: Connection) -> dict[str, Proven]:
    """The head of every stream that ever was proven, by the stream's name."""
    streams = sorted(connection.execute(select(tables.proof.c.stream).distinct()).scalars())
    found = {stream: proven_head(connection, stream) for stream in streams}
    return {stream: head for stream, head in found.items() if head}


def _require_chain(w3: Web3, deployment: Deployment) -> None:
    chain_id = Node(w3).view()[0]
    if chain_id != deployment.chain_id:
        raise NetworkError(
            f"The node is chain {chain_id}, the suite was deployed on chain {deployment.chain_id}: give another --rpc, "
            "or the deployment of that chain."
        )


def _drop_unproven(connection: Connection) -> None:
    """What an earlier run read, and did not come to prove."""
    proven = select(func.coalesce(func.max(tables.proof.c.sequence), 0)).where(tables.proof.c.stream == _of.stream)
    connection.execute(delete(tables.entry).where(_of.seq > proven.scalar_subquery()))


def _require_entries(connection: Connection, stream: str, proven: int, sequence: int) -> None:
    """That every entry which a new head is to prove is still here: afterwards the guards take none."""
    query = select(func.count()).where(_of.stream == stream, _of.seq > proven)
    if connection.execute(query).scalar() != sequence - proven:
        raise StockadeError(
            f"Entries of {stream} went while they were read: another process reads the chain into this database. They "
            "are read again."
        )


def _stored(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    places: dict[str, list[int]] = {}
    for row in rows:
        places.setdefault(row["stream"], []).append(row["seq"])
    found: dict[tuple[str, int], str] = {}
    for stream, numbers in places.items():
        query = select(_of.seq, _of.expected).where(_of.stream == stream, _of.seq.between(min(numbers), max(numbers)))
        found |= {(stream, row.seq): row.expected for row in connection.execute(query)}
    return found
