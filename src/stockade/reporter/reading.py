"""One step's blocks as a node serves them: headers that follow each other, logs that are theirs, heads at the end.

Blocks that the node calls final are read as a range, and of their headers only those that reports stand in; all others
one by one, by their hash, with every header. Either way the heads in the contracts' storage decide whether anything is
missing. What does not fit together is a `Contradiction`: the step is read again, by hash whatever it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eth_typing import ChecksumAddress
from web3.types import LogReceipt

from stockade.reporter.node import Away, Header, Node, TooMuch
from stockade.reporting.decode import decode
from stockade.reporting.entries import Entry, Listed
from stockade.reporting.streams import Head, Source

# Reports that one step should hold, and blocks that it takes at most: memory stays flat whatever the range.
MANY = 8_000
CHUNK = 10_000


class Contradiction(Away):
    """What the node said cannot all be true. `subject`: a stream's name, or blocks. Once, it may be a block replaced
    while it was read; said again in the same words, it is an incident.
    """

    def __init__(self, subject: str, problem: str, block: int) -> None:
        super().__init__(f"{subject}: {problem}")
        self.subject, self.problem, self.block = subject, problem, block


@dataclass(frozen=True)
class Reading:
    """Blocks `first` to `last.number`. `headers`: of the blocks read, by number; `logs` ascending by place; `heads` at
    the end of `last`, and `found` the tokens listed in these blocks.
    """

    first: int
    last: Header
    headers: dict[int, Header]
    logs: list[LogReceipt]
    heads: dict[ChecksumAddress, Head | None]
    found: tuple[Source, ...]
    since: dict[ChecksumAddress, int]


class Reader:
    """Reads steps from a node. It remembers how many blocks the node gives at once, and how many make a good step."""

    def __init__(self, node: Node, listings: ChecksumAddress) -> None:
        self._node = node
        self._listings = listings
        self._span = self._most = CHUNK

    def read(
        self, parent: Header | None, first: int, limit: int, known: Mapping[ChecksumAddress, int], by_hash: bool
    ) -> Reading:
        """The next blocks, from `first` up to at most `limit`. `parent`: the block before, where one is stored;
        `known`: the last sequence stored of each contract. Raises Away and Contradiction.
        """
        while True:
            last, heads = self._end(first, limit, known)
            try:
                logs, headers, since = (self._one_by_one if by_hash else self._range)(parent, first, last, list(known))
            except TooMuch:
                if last.number == first:
                    raise
                self._span = self._most = (last.number - first + 1) // 2
                continue
            # A node that refused once, as one that starts again does, may give more later.
            self._most = min(CHUNK, self._most + self._most // 8 + 1)
            found = self._tokens(list(since), last, heads, since)
            logs.sort(key=lambda log: (log["blockNumber"], log["logIndex"]))
            return Reading(first, last, headers, logs, heads, found, since)

    def _end(
        self, first: int, limit: int, known: Mapping[ChecksumAddress, int]
    ) -> tuple[Header, dict[ChecksumAddress, Head | None]]:
        """Where the step ends: the heads there say how many reports are new."""
        while True:
            number = min(limit, first + self._span - 1)
            (last,) = self._node.headers([number])
            heads = dict(zip(known, self._node.heads(list(known), last.hash), strict=True))
            new = sum(max(head.sequence - known[address], 0) for address, head in heads.items() if head)
            blocks = number - first + 1
            if new <= MANY or blocks == 1:
                if new < MANY // 2:
                    self._span = min(self._span * 2, self._most)
                return last, heads
            self._span = max(1, blocks * MANY // new)

    # ---------------------------------------------------------------- logs

    def _range(
        self, parent: Header | None, first: int, last: Header, addresses: list[ChecksumAddress]
    ) -> tuple[list[LogReceipt], dict[int, Header], dict[ChecksumAddress, int]]:
        logs = self._node.logs_between(addresses, first, last.number)
        since: dict[ChecksumAddress, int] = {}
        more = logs
        while new := self._listed(more, {*addresses, *since}):
            since |= new
            more = self._node.logs_between(list(new), min(new.values()), last.number)
            logs += more
        if strangers := [at for log in logs if not first <= (at := log["blockNumber"]) <= last.number]:
            raise Contradiction("blocks", f"a log of block {strangers[0]} was served among others", first)
        numbers = sorted({first, last.number, *(log["blockNumber"] for log in logs)})
        headers = dict(zip(numbers, self._node.headers(numbers), strict=True))
        _linked(parent, headers.values(), last)
        _placed(logs, headers)
        return logs, headers, since

    def _one_by_one(
        self, parent: Header | None, first: int, last: Header, addresses: list[ChecksumAddress]
    ) -> tuple[list[LogReceipt], dict[int, Header], dict[ChecksumAddress, int]]:
        numbers = range(first, last.number + 1)
        headers = dict(zip(numbers, self._node.headers(numbers), strict=True))
        _linked(parent, headers.values(), last)
        logs = self._of_blocks(addresses, headers.values())
        since: dict[ChecksumAddress, int] = {}
        more = logs
        while new := self._listed(more, {*addresses, *since}):
            since |= new
            more = self._of_blocks(list(new), [headers[at] for at in range(min(new.values()), last.number + 1)])
            logs += more
        _placed(logs, headers)
        return logs, headers, since

    def _of_blocks(self, addresses: list[ChecksumAddress], headers: Iterable[Header]) -> list[LogReceipt]:
        """The logs of the blocks whose bloom may hold one; a block that serves none all the same is asked again."""
        plain = [bytes.fromhex(address[2:]) for address in addresses]
        asked = [header for header in headers if any(header.may_report(address) for address in plain)]
        logs: list[LogReceipt] = []
        for _ in range(2):
            served = list(zip(asked, self._node.logs_of(addresses, [header.hash for header in asked]), strict=True))
            logs += [log for header, some in served for log in _of(header, some)]
            asked = [header for header, some in served if not some]
        return logs

    # ---------------------------------------------------------------- tokens

    def _listed(self, logs: Iterable[LogReceipt], known: set[ChecksumAddress]) -> dict[ChecksumAddress, int]:
        """The tokens that these logs list, with the block of it. An invented LISTING is found by its stream's chain."""
        found: dict[ChecksumAddress, int] = {}
        for log in logs:
            if log["address"] == self._listings:
                entry = decode("ListingRegistry", log)
                if isinstance(entry, Entry) and isinstance(entry.content, Listed) and entry.content.token not in known:
                    found.setdefault(entry.content.token, entry.place.block)
        return found

    def _tokens(
        self,
        tokens: Sequence[ChecksumAddress],
        last: Header,
        heads: dict[ChecksumAddress, Head | None],
        since: Mapping[ChecksumAddress, int],
    ) -> tuple[Source, ...]:
        if not tokens:
            return ()
        heads |= zip(tokens, self._node.heads(tokens, last.hash), strict=True)
        for token in tokens:
            if heads[token] is None:
                raise Contradiction("listings", f"token {token} was listed where no contract stands", since[token])
        symbols = self._node.symbols(tokens, last.hash)
        return tuple(Source(name, "ShareToken", token) for name, token in zip(symbols, tokens, strict=True))


def _linked(parent: Header | None, headers: Iterable[Header], last: Header) -> None:
    """Each header that is next to another names it as its parent; the last is the one whose state was asked."""
    chain = [*([parent] if parent else []), *headers]
    for before, after in pairwise(chain):
        if after.number == before.number + 1 and after.parent != before.hash:
            problem = f"block {after.number}, {_name(after)}, does not follow {_name(before)}"
            raise Contradiction("blocks", problem, after.number)
    if chain[-1].hash != last.hash:
        problem = f"block {last.number} is two blocks, {_name(chain[-1])} and {_name(last)}"
        raise Contradiction("blocks", problem, last.number)


def _placed(logs: Iterable[LogReceipt], headers: Mapping[int, Header]) -> None:
    """Each log is of the block that it says, and that block's bloom holds it: its contract and its kind of event. Its
    number and its data need no bloom, the stream's chain covers them.
    """
    for log in logs:
        number, claimed = log["blockNumber"], bytes(log["blockHash"])
        header = headers[number]
        if claimed != header.hash:
            told = f"0x{claimed.hex()} instead of 0x{header.hash.hex()}"
            raise Contradiction(
                "blocks", f"log {log['logIndex']} of block {number} is of another block, {told}", number
            )
        if not header.holds(bytes.fromhex(log["address"][2:]), *(bytes(topic) for topic in log["topics"][:1])):
            problem = f"the bloom of block {number} does not hold log {log['logIndex']}, which was served for it"
            raise Contradiction("blocks", problem, number)


def _of(header: Header, logs: list[LogReceipt]) -> list[LogReceipt]:
    for log in logs:
        if log["blockNumber"] != header.number:
            problem = f"a log of block {log['blockNumber']} was served for block {header.number}"
            raise Contradiction("blocks", problem, header.number)
    return logs


def _name(header: Header) -> str:
    return "0x" + header.hash.hex()
