"""Each stream from its last stored entry on. Pure: what goes in was served by a node that is not trusted.

A step is accepted only as a whole: every stream goes on without a gap, and its number and its chain end exactly where
the contract's own storage says at the end of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from eth_typing import ChecksumAddress
from web3.types import LogReceipt

from stockade.records import ZERO_ADDRESS, Kind
from stockade.reporter.reading import Contradiction, Reading
from stockade.reporting.decode import decode
from stockade.reporting.entries import (
    AmountFrozen,
    Attested,
    Entry,
    FreezeChanged,
    Moved,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    RegistryKind,
    Requested,
    RequestForced,
    RequestRecovered,
    RoleSet,
    Unreadable,
    Upgraded,
    start_of_chain,
)
from stockade.reporting.streams import Head, Source


class Tip(NamedTuple):
    """Where a stream stands: its last entry's number, the chain after it, and a token's supply (raw) after it."""

    source: Source
    sequence: int
    chain: int
    supply: int | None


class Fact(NamedTuple):
    """One entry as it is stored. `operator` and `timestamp` are filled in for RECORD entries, of their batch."""

    source: Source
    entry: Entry
    operator: ChecksumAddress
    timestamp: int
    account: ChecksumAddress | None
    target: ChecksumAddress | None
    amount: int | None
    supply: int | None
    topics: bytes
    data: bytes
    chain: int


Tips = dict[ChecksumAddress, Tip]


def beginning(chain_id: int, source: Source) -> Tip:
    """Before the first entry."""
    supply = 0 if source.contract == "ShareToken" else None
    return Tip(source, 0, start_of_chain(chain_id, source.address), supply)


def go_on(tips: Mapping[ChecksumAddress, Tip], reading: Reading, chain_id: int) -> tuple[list[Fact], Tips]:
    """The facts that a reading adds, in order of place, and where each stream then stands. Raises Contradiction."""
    after: Tips = {**tips, **{source.address: beginning(chain_id, source) for source in reading.found}}
    facts: list[Fact] = []
    batch: Entry | None = None
    for log in reading.logs:
        tip = after[log["address"]]
        entry = _entry(tip, log)
        if facts and entry.place <= facts[-1].entry.place:
            _contradict(tip, f"{entry.seq}: served twice, or two logs of one place", log)
        chain = entry.link(tip.chain)
        operator, timestamp = entry.operator, entry.timestamp
        if tip.source.contract == "InvestorRegistry":
            if entry.kind == RegistryKind.BATCH:
                batch = entry
            elif entry.kind == RegistryKind.RECORD:
                if batch is None or batch.transaction != entry.transaction:
                    _contradict(tip, f"{entry.seq}: a record without its batch", log)
                operator, timestamp = batch.operator, batch.timestamp
        if timestamp != reading.headers[entry.place.block].timestamp:
            _contradict(tip, f"{entry.seq}: its time is not its block's", log)
        account, target, amount = about(entry.content)
        supply = _supply(tip, entry)
        if supply is not None and supply >> 256:
            _contradict(tip, f"{entry.seq}: no supply is {supply} raw", log)
        topics = b"".join(bytes(topic) for topic in log["topics"])
        facts.append(
            Fact(tip.source, entry, operator, timestamp, account, target, amount, supply, topics, log["data"], chain)
        )
        after[log["address"]] = tip._replace(sequence=entry.seq, chain=chain, supply=supply)
    for address, tip in after.items():
        _require_end(tip, reading.heads[address], reading.last.number, chain_id)
    return facts, after


def _entry(tip: Tip, log: LogReceipt) -> Entry:
    entry = decode(tip.source.contract, log)
    expected = tip.sequence + 1
    if isinstance(entry, Unreadable):
        _contradict(tip, f"{expected}: log {log['logIndex']} of block {log['blockNumber']} is no entry", log)
    if entry.seq > expected:
        missing = str(expected) if entry.seq == expected + 1 else f"{expected}-{entry.seq - 1}"
        _contradict(tip, f"{missing}: missing", log)
    if entry.seq < expected:
        _contradict(tip, f"{entry.seq}: served again", log)
    return entry


def _require_end(tip: Tip, head: Head | None, block: int, chain_id: int) -> None:
    name, start = tip.source.name, beginning(chain_id, tip.source)
    said = head or Head(0, start.chain)  # no contract yet, no entry yet
    if tip.sequence < said.sequence:
        first = tip.sequence + 1
        missing = str(first) if first == said.sequence else f"{first}-{said.sequence}"
        raise Contradiction(name, f"{missing}: missing", block)
    if tip.sequence > said.sequence:
        problem = f"{tip.sequence}: never reported, the contract's last is {said.sequence}"
        raise Contradiction(name, problem, block)
    if tip.chain != said.chain:
        problem = f"{tip.sequence}: up to here something is not what the contract reported, its chain is another"
        raise Contradiction(name, problem, block)


def _contradict(tip: Tip, problem: str, log: LogReceipt) -> NoReturn:
    raise Contradiction(tip.source.name, problem, log["blockNumber"])


def _supply(tip: Tip, entry: Entry) -> int | None:
    if tip.supply is None or not isinstance(moved := entry.content, Moved):
        return tip.supply
    change = {Kind.MINT: moved.amount, Kind.BURN: -moved.amount}.get(moved.kind, 0)
    return tip.supply + change


# ---------------------------------------------------------------- whom an entry is about

_About = tuple[ChecksumAddress | None, ChecksumAddress | None, int | None]

_ABOUT: dict[type, Callable[[Any], _About]] = {
    Moved: lambda it: (it.source, it.target, it.amount),
    AmountFrozen: lambda it: (it.account, None, it.amount),
    Upgraded: lambda it: (None, it.implementation, None),
    RecordWritten: lambda it: (it.wallet, None, None),
    FreezeChanged: lambda it: (it.wallet, None, None),
    Recovered: lambda it: (it.lost, it.replacement, None),
    RegistrarSet: lambda it: (it.account, None, None),
    RecordOffered: lambda it: (it.wallet, None, None),
    RecordAssigned: lambda it: (it.wallet, None, None),
    Attested: lambda it: (it.attestation.account, None, it.attestation.shares),
    Requested: lambda it: (it.request.holder, None, it.request.amount),
    RequestForced: lambda it: (None, it.receiver, None),
    RequestRecovered: lambda it: (it.holder, None, None),
    RoleSet: lambda it: (it.account, None, None),
}


def about(content: Any) -> _About:
    """Whom an entry takes from or is about, whom it gives to, and how much (raw tokens); None where it names none."""
    if (find := _ABOUT.get(type(content))) is None:
        return None, None, None
    account, target, amount = find(content)
    return (None if account == ZERO_ADDRESS else account), (None if target == ZERO_ADDRESS else target), amount
