"""Reading from a node that may be broken or hostile: many questions in few requests, logs in chunks of blocks.

Whatever a node answers, nothing but a NetworkError comes out of here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import Web3RPCError
from web3.types import LogReceipt, RPCEndpoint

from stockade import chain, manifest
from stockade.errors import NetworkError
from stockade.reporting.decode import RECORD_SET, STREAM_REPORTED, TOKEN_REPORTED

T = TypeVar("T")

# Called with what is being done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


def no_progress(what: str, done: int, total: int) -> None:
    """For callers who show none."""


# Questions in one HTTP request; several public nodes refuse more than 100.
BATCH = 100

# Blocks in one eth_getLogs: at first where many logs are expected, and at most. A node that refuses is asked for half.
FIRST_CHUNK = 64
CHUNK = 10_000

# Logs that one answer should hold, so that a stream of any length passes through little memory.
MANY = 10_000


def ask_many(w3: Web3, questions: Sequence[Callable[[], Any]], progress: Progress = no_progress) -> list[Any]:
    """The answers, in order. Each question is one call of web3 (`lambda: call.call(block_identifier=block)`)."""
    answers: list[Any] = []
    for start in range(0, len(questions), BATCH):
        some = questions[start : start + BATCH]
        answers += _batch(w3, some) if isinstance(w3.provider, HTTPProvider) else [chain.read(each) for each in some]
        progress("comparing", len(answers), len(questions))
    return answers


def _batch(w3: Web3, questions: Sequence[Callable[[], Any]]) -> list[Any]:
    def execute() -> list[Any]:
        with w3.batch_requests() as batch:
            for question in questions:
                batch.add(question())
            return list(batch.execute())

    answers = chain.read(execute)
    if len(answers) != len(questions):
        raise NetworkError(f"The node gave {len(answers)} answers to {len(questions)} questions: ask another node.")
    return answers


def read_logs(
    w3: Web3,
    addresses: Sequence[ChecksumAddress],
    first: int,
    last: int,
    progress: Progress = no_progress,
    expected: int = 0,
) -> dict[ChecksumAddress, list[LogReceipt]]:
    """The report logs of each address in blocks `first` to `last`, as delivered: neither sorted nor checked."""
    found: dict[ChecksumAddress, list[LogReceipt]] = {address: [] for address in addresses}
    for logs in read_chunks(w3, addresses, first, last, progress, expected):
        for log in logs:
            found[log["address"]].append(log)
    return found


def read_chunks(
    w3: Web3,
    addresses: Sequence[ChecksumAddress],
    first: int,
    last: int,
    progress: Progress = no_progress,
    expected: int = 0,
) -> Iterator[list[LogReceipt]]:
    """The same logs, all addresses together, in runs of blocks: when more than `MANY` are `expected`, as many blocks as
    give about so many.
    """
    start, most = first, CHUNK
    span = most if expected <= MANY else min(FIRST_CHUNK, most)
    while addresses and start <= last:
        end = min(start + span - 1, last)
        try:
            logs = _get_logs(w3, addresses, start, end)
        except Web3RPCError as error:
            if end == start:
                raise NetworkError(f"The node refuses the logs of block {start}: {error}.") from error
            span = most = (end - start + 1) // 2
            continue
        yield logs
        progress("reading blocks", end - first + 1, last - first + 1)
        start = end + 1
        if len(logs) > MANY:
            span = max(1, span // 2)
        elif len(logs) < MANY // 8:
            span = min(span * 8, most)


def logs_question(addresses: Sequence[ChecksumAddress], **where: Any) -> dict[str, Any]:
    """What eth_getLogs is asked for the reports of these contracts; `where` names the blocks."""
    topics = ["0x" + topic.hex() for topic in (TOKEN_REPORTED, STREAM_REPORTED, RECORD_SET)]
    return {"address": list(addresses), "topics": [topics], **where}


def _get_logs(w3: Web3, addresses: Sequence[ChecksumAddress], start: int, end: int) -> list[LogReceipt]:
    question: Any = logs_question(addresses, fromBlock=hex(start), toBlock=hex(end))
    wanted = {address.lower(): address for address in addresses}
    try:
        if not isinstance(w3.provider, HTTPProvider):
            return [log for log in w3.eth.get_logs(question) if log["address"] in addresses]
        # Through the middleware of this connection and past web3's formatters, which take four times as long as
        # everything else that is done with a log. What was not asked for is of no use and does no harm.
        logs = w3.manager.request_blocking(RPCEndpoint("eth_getLogs"), [question])
        return [parsed(log, wanted[at]) for log in logs if (at := log["address"].lower()) in wanted]
    except Web3RPCError:
        raise
    except Exception as error:
        if isinstance(error, chain.NO_ANSWER):
            raise chain.no_answer() from error
        raise NetworkError(f"The node's answer cannot be read ({error}): ask another node.") from error


def parsed(log: dict[str, Any], address: ChecksumAddress) -> LogReceipt:
    """A log as JSON-RPC has it, as far as entries are made of it, in the form that web3 gives it. Raises KeyError,
    TypeError or ValueError where it is none."""
    found: Any = {
        "address": address,
        "topics": [_word(topic) for topic in log["topics"]],
        "data": bytes.fromhex(log["data"][2:]),
        "blockNumber": _below(log["blockNumber"], 63),
        "blockHash": _word(log["blockHash"]),
        "logIndex": _below(log["logIndex"], 31),
        "transactionHash": _word(log["transactionHash"]),
    }
    return cast(LogReceipt, found)


def _word(value: str) -> bytes:
    if len(found := bytes.fromhex(value[2:])) != 32:
        raise ValueError("no 32 bytes")
    return found


def _below(value: str, bits: int) -> int:
    """What a database's integers hold."""
    if (found := int(value, 16)) >> bits:
        raise ValueError("no such number")
    return found


def plain_contract(w3: Web3, name: str, address: str) -> Contract:
    """A contract of the suite whose strings are read as bytes: nothing on chain proves that they are UTF-8, and one
    that is not must stop nobody from reading the rest.
    """
    abi = [
        {**item, "outputs": [{**out, "type": "bytes"} if out["type"] == "string" else out for out in item["outputs"]]}
        for item in manifest.abi(name)
        if item["type"] == "function"
    ]
    return w3.eth.contract(address=to_checksum_address(address), abi=abi)


def text(value: bytes) -> str:
    """On-chain text for people; what is not UTF-8 is shown escaped."""
    return value.decode("utf-8", "backslashreplace")
