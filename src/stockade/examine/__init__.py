"""What a gateway holds, proven from outside: `stockade verify --gateway URL --rpc URL`.

Neither the gateway nor the node is believed. Every record is fetched and checked as a gateway would check it, every
entry of the suite's streams is read up to the latest final block and proven from that block's hash, and the two are
compared: every entry must be told once as a FINAL record, in the chain's words; and what the gateway signed must be
what it serves. It is all put into a database of its own, which is thrown away; memory stays flat whatever the gateway
holds. A gateway may go on receiving meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select
from web3 import Web3

from stockade import chain
from stockade.errors import InputError
from stockade.examine.acks import Acks
from stockade.examine.records import ALTERED, Records, metadata
from stockade.examine.result import Examination, Finding, StreamExamined, Tell
from stockade.examine.served import Gateway
from stockade.gateway import completeness, tables
from stockade.gateway.answers import Completeness
from stockade.gateway.chainside import ChainSide, proven_heads
from stockade.gateway.intake import open_gateway
from stockade.gateway.linking import Linker
from stockade.store.opening import Store
from stockade.suite import Deployment

__all__ = ["Examination", "Finding", "Gateway", "StreamExamined", "examine"]


def examine(
    gateway: Gateway,
    w3: Web3,
    deployment: Deployment,
    signer: str | None = None,
    tell: Tell = lambda *_: None,
    reporter: str | None = None,
) -> Examination:
    """Examines everything that a gateway holds of a suite. `signer`: whose acknowledgements they must be, by default
    the one that the gateway names; `reporter`: whose records alone are judged, by default everyone's. Raises
    StockadeError when it cannot be done; what is wrong is in the result.
    """
    name, account = gateway.health()
    if reporter is not None and reporter not in gateway.reporters():
        raise InputError(f"The gateway knows no reporter {reporter!r}: choose another --reporter.")
    result = Examination(name, signer or account)
    with TemporaryDirectory(prefix="stockade-verify-") as folder:
        store = open_gateway(f"sqlite:///{Path(folder) / 'examined.db'}")
        try:
            metadata.create_all(store.engine)
            # The chain first: what is told later of later blocks is no fault.
            side = ChainSide(store, w3, deployment, lambda block, last: tell("reading the chain", block, last))
            result.block = chain.read(side.advance)
            _examine(gateway, store, result, tell, reporter)
        finally:
            store.engine.dispose()
    return result


def _examine(gateway: Gateway, store: Store, result: Examination, tell: Tell, only: str | None) -> None:
    with store.read() as connection:
        proven = set(proven_heads(connection))
    acks = Acks(gateway, store, result, tell)
    known: dict[str, Records] = {}
    counts: dict[str, int] = {}

    def meet() -> list[str]:
        names = gateway.reporters()
        for name in names:
            if name not in known and only in (None, name):
                known[name] = Records(gateway, store, result, name, proven, tell)
        return names

    # Records, then what was said of these, then the records that this is of: one may have come at any time.
    names = meet()
    for name, records in known.items():
        records.fetch()
        counts[name] = records.next - 1
    for name in names:
        acks.fetch(name)
    acks.fetch_rest(meet())
    for records in known.values():
        records.fetch()
    Linker(store).link()
    acks.number()
    for name, records in known.items():
        acks.judge(records, counts.get(name, 0))
    told = _streams(store, result, tell)
    for records in known.values():
        records.left(told)


def _streams(store: Store, result: Examination, tell: Tell) -> set[tuple[str | None, int | None]]:
    """Compares every stream; which altered records were told with it (reporter, number)."""
    told = set()
    with store.read() as connection:
        proven = proven_heads(connection)
        it = tables.record.c
        held = connection.execute(select(it.stream).where(it.stream.is_not(None)).distinct()).scalars()
        result.others = sorted({str(stream) for stream in held} - set(proven))
        for place, (stream, head) in enumerate(proven.items(), start=1):
            result.block_hash = head.block_hash
            for found in completeness.of_stream(connection, stream):
                _report(result, found, head.contract)
                told |= {(found.reporter_id, each.seq) for each in found.findings if each.problem == ALTERED}
            tell("comparing", place, len(proven))
    return told


def _report(result: Examination, found: Completeness, contract: str) -> None:
    numbers = (found.records, found.missing, found.altered, found.proven, found.complete)
    result.streams.append(StreamExamined(found.reporter_id, found.stream, contract, *numbers))
    for each in found.findings:
        result.find(
            Finding(
                each.problem,
                found.reporter_id,
                each.seq,
                None,
                found.stream,
                each.sequence,
                each.last,
                each.field,
            )
        )
