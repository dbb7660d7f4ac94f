"""What following asks of a node, over HTTP: headers, logs and heads, many in one request.

The node is not trusted. What it says is bound to block hashes wherever the protocol has a way to: the logs of one block
and a contract's head are asked by the hash, so that a block the node does not have is an error and never an empty
answer. Whether what it says is true, `reporter.reading` and `reporter.tips` find out.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

import requests
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.types import LogReceipt, RPCEndpoint

from stockade import manifest
from stockade.errors import InputError, NetworkError
from stockade.reporting.decode import RECORD_SET, STREAM_REPORTED, TOKEN_REPORTED
from stockade.reporting.reading import BATCH, logs_question, parsed, text
from stockade.reporting.streams import Head

T = TypeVar("T")

TOPICS = (TOKEN_REPORTED, STREAM_REPORTED, RECORD_SET)

_SYMBOL = "0x" + keccak(text="symbol()")[:4].hex()

# Beyond what a database keeps in an integer, and beyond anything a chain says of heights and times.
_TOO_LARGE = 1 << 63

# Logs of one block that one request asks for: an answer must fit into memory whatever the blocks hold.
_BLOCKS_AT_ONCE = 20

# Contracts whose heads one call asks: what it answers must be as short as code may be (EIP-170).
_HEADS_AT_ONCE = 300

# What one answer may hold (bytes, unpacked), ten times what a step's reports take; and how long it may take (seconds).
_MOST_BYTES = 128_000_000
_PATIENCE = 120

# Characters of a token's symbol that are kept: nothing proves it, and people alone read it.
_SYMBOL_LENGTH = 64


class Away(NetworkError):
    """The node is silent, behind, or refuses: nothing it said was wrong, and it is asked again later."""


class Torn(Away):
    """Two answers that are not of one chain, as happens when a block is replaced between them. `evidence` tells such a
    moment from a node that says the same impossible thing again and again.
    """

    def __init__(self, message: str, evidence: tuple[Any, ...]) -> None:
        super().__init__(message)
        self.evidence = evidence


class TooMuch(Away):
    """The node refuses the logs of a range of blocks, perhaps because they are too many."""


class Header(NamedTuple):
    """A block's header, as far as following needs it. `timestamp` in seconds UTC; `bloom` is 0 where it is not read."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    bloom: int = 0

    def holds(self, *items: bytes) -> bool:
        """Whether the block's bloom may hold all these addresses and topics; False is certain."""
        return all(self.bloom & (mask := _mask(item)) == mask for item in items)

    def may_report(self, address: bytes) -> bool:
        """Whether a report of this contract may be in the block."""
        return self.holds(address) and any(self.holds(topic) for topic in TOPICS)


@lru_cache(4096)
def _mask(item: bytes) -> int:
    """The three bits that an address or a topic sets among 2048 (Yellow Paper, 4.3.1)."""
    found = keccak(item)
    return sum({1 << (int.from_bytes(found[place : place + 2], "big") & 2047) for place in (0, 2, 4)})


class Node:
    """A node over HTTP. Raises InputError for any other connection, Away whenever it does not answer as it should."""

    def __init__(self, w3: Web3) -> None:
        if not isinstance(w3.provider, HTTPProvider):
            raise InputError("Following needs a node over HTTP: give its address, http://... or https://...")
        self._provider = w3.provider
        self._sessions = threading.local()

    def view(self) -> tuple[int, Header, Header]:
        """The chain's id, its latest block, and the latest that it calls final."""
        asked = [("eth_chainId", []), *(("eth_getBlockByNumber", [tag, False]) for tag in ("latest", "finalized"))]
        chain_id, latest, final = self._ask(asked)
        return _read(lambda: (_number(chain_id), _header(latest), _header(final)))

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """The headers at these heights. Raises Away when the chain ends before one of them."""
        answers = self._ask([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
        if None in answers:
            raise Away(f"The node has no block {numbers[answers.index(None)]} any more.")
        found = _read(lambda: [_header(answer) for answer in answers])
        if [header.number for header in found] != list(numbers):
            raise Away("The node answered with other blocks than it was asked for.")
        return found

    def knows(self, block_hash: bytes) -> bool:
        """Whether a block of this hash exists at the node."""
        return self._ask([("eth_getBlockByHash", ["0x" + block_hash.hex(), False])])[0] is not None

    def logs_between(self, addresses: Sequence[ChecksumAddress], first: int, last: int) -> list[LogReceipt]:
        """The reports in blocks `first` to `last`, as served. Raises TooMuch when the node refuses the range."""
        question = logs_question(addresses, fromBlock=hex(first), toBlock=hex(last))
        try:
            (answer,) = self._ask([("eth_getLogs", [question])])
        except _RefusedAnswer as refused:
            raise TooMuch(str(refused)) from None
        return _logs(answer, addresses)

    def logs_of(self, addresses: Sequence[ChecksumAddress], hashes: Sequence[bytes]) -> Iterator[list[LogReceipt]]:
        """The reports in each of these blocks, as served. Raises Away for a block that the node does not have."""
        for start in range(0, len(hashes), _BLOCKS_AT_ONCE):
            some = hashes[start : start + _BLOCKS_AT_ONCE]
            asked = [logs_question(addresses, blockHash="0x" + block.hex()) for block in some]
            for answer in self._ask([("eth_getLogs", [question]) for question in asked]):
                yield _logs(answer, addresses)

    def heads(self, addresses: Sequence[ChecksumAddress], block_hash: bytes) -> list[Head | None]:
        """What each contract says of its stream at the end of a block; None where no contract stands. One question for
        all of them (contracts/report/ReportHeads.sol).
        """
        runs = [addresses[start : start + _HEADS_AT_ONCE] for start in range(0, len(addresses), _HEADS_AT_ONCE)]
        calls = [{"data": _heads_code() + abi_encode(["address[]"], [run]).hex()} for run in runs]
        answers = zip(runs, self._call(calls, block_hash), strict=True)
        return [head for run, answer in answers for head in _read(lambda a=answer, r=run: _heads(a, len(r)))]  # type: ignore[misc]

    def symbols(self, tokens: Sequence[ChecksumAddress], block_hash: bytes) -> list[str]:
        """The tokens' symbols, as text for people."""
        answers = self._call([{"to": token, "data": _SYMBOL} for token in tokens], block_hash)
        return [_read(lambda a=answer: _symbol(abi_decode(["bytes"], _bytes(a))[0])) for answer in answers]  # type: ignore[misc]

    def _call(self, calls: Sequence[dict[str, str]], block_hash: bytes) -> list[Any]:
        # EIP-1898: of this very block, or an error.
        where = {"blockHash": "0x" + block_hash.hex(), "requireCanonical": True}
        return self._ask([("eth_call", [call, where]) for call in calls])

    def _ask(self, questions: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The results, in order and past web3's formatters, which take longer than everything else."""
        results: list[Any] = []
        for start in range(0, len(questions), BATCH):
            some = [(RPCEndpoint(method), params) for method, params in questions[start : start + BATCH]]
            # Whoever puts questions together numbers them one after the other.
            content = self._provider.encode_batch_rpc_request(some)
            numbers = [question["id"] for question in json.loads(content)]
            try:
                answers = json.loads(self._post(content))
                if isinstance(answers, dict):  # one refusal for all
                    answers = [answers | {"id": number} for number in numbers]
                by_number = {answer["id"]: answer for answer in answers}
            except Away:
                raise
            except Exception as error:  # whatever a broken connection or a wrong answer makes one stumble over
                raise Away(f"The node does not answer ({type(error).__name__}).") from error
            if len(answers) != len(some) or set(by_number) != set(numbers):
                raise Away("The node's answer cannot be read.")
            for (method, _), number in zip(some, numbers, strict=True):
                answer = by_number[number]
                if "result" not in answer:
                    raise _RefusedAnswer(f"The node refuses {method}: {_said(answer)}.")
                results.append(answer["result"])
        return results

    def _post(self, content: bytes) -> bytes:
        """One answer, as far as we wait and as much as we take. A session belongs to one thread."""
        if not hasattr(self._sessions, "own"):
            self._sessions.own = requests.Session()
        end = time.monotonic() + _PATIENCE
        found = bytearray()
        given = {"timeout": _PATIENCE} | self._provider.get_request_kwargs()
        url = str(self._provider.endpoint_uri)
        with self._sessions.own.post(url, data=content, stream=True, **given) as answer:
            answer.raise_for_status()
            # `read1` gives what is there: a node that drips is left after our patience, not its own.
            while piece := answer.raw.read1(65_536, decode_content=True):
                found += piece
                if len(found) > _MOST_BYTES or time.monotonic() > end:
                    raise Away("The node answers too much or too slowly.")
        return bytes(found)


class _RefusedAnswer(Away):
    """The node answered one question with an error."""


def _symbol(value: bytes) -> str:
    """For people, and for a database that takes no NUL: what cannot be printed is shown escaped."""
    said = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text(value))
    return said[:_SYMBOL_LENGTH]


def _said(answer: Any) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return " ".join(str(message or "no reason").split())[:200].rstrip(".")


def _read(read: Callable[[], T]) -> T:
    try:
        return read()
    except Away:
        raise
    except Exception as error:
        raise Away(f"The node's answer cannot be read ({type(error).__name__}).") from error


def _number(value: str) -> int:
    if not 0 <= (number := int(value, 16)) < _TOO_LARGE:
        raise ValueError(value)
    return number


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def _hash(value: str) -> bytes:
    if len(found := _bytes(value)) != 32:
        raise ValueError(value)
    return found


def _header(block: dict[str, Any]) -> Header:
    number, timestamp = _number(block["number"]), _number(block["timestamp"])
    return Header(number, _hash(block["hash"]), _hash(block["parentHash"]), timestamp, int(block["logsBloom"], 16))


def _heads(value: str, count: int) -> Iterator[Head | None]:
    (found,) = abi_decode(["uint256[2][]"], _bytes(value))
    if len(found) != count:
        raise ValueError(value)
    return (Head(sequence, chain) if sequence or chain else None for sequence, chain in found)


@cache
def _heads_code() -> str:
    return "0x" + str(manifest.contract("ReportHeads")["bytecode"]).removeprefix("0x")


def _logs(answer: Any, addresses: Sequence[ChecksumAddress]) -> list[LogReceipt]:
    """What was not asked for is of no use and does no harm."""
    wanted = {address.lower(): address for address in addresses}
    return _read(lambda: [parsed(log, wanted[at]) for log in answer if (at := log["address"].lower()) in wanted])
