"""From a plan's rows to transactions: each row looked at once more, each batch tried before anybody signs it.

A row whose record is no longer what the plan found is refused by name. A batch that would revert is halved until the
row at fault stands alone and says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.abi import function_signature_to_4byte_selector
from hexbytes import HexBytes
from web3 import HTTPProvider
from web3.types import RPCEndpoint, TxParams

from stockade import merkle
from stockade.chain import TRANSACTION_GAS_LIMIT
from stockade.errors import InputError, NetworkError, Refused
from stockade.records import FROZEN_BIT, InvestorRecord
from stockade.reporting.reading import BATCH
from stockade.sending import Job, Node
from stockade.suite import Suite
from stockade.whitelist.plan import BATCH_GAS, GAS_BATCH, GAS_NEW, GAS_WRITTEN, Plan, PlannedRow, Refusal, RefusedRow
from stockade.whitelist.show import differences

# Nodes take no transaction of more than 128 KiB, and a row has 64 bytes.
MOST_ROWS = 1_900

# Added to what a node measured, as a divisor: a thirty-second.
_MARGIN = 32

_SET_RECORDS = function_signature_to_4byte_selector("setRecords(address[],uint256[],bytes32)")
_RECORDS_OF = function_signature_to_4byte_selector("recordsOf(address,address,address)")


@dataclass(frozen=True)
class Batch:
    """A call that passed its dry run; `rows` are places in the plan's rows, `gas` the limit for its transaction."""

    rows: tuple[int, ...]
    data: bytes
    gas: int

    def job(self, registry: ChecksumAddress) -> Job:
        """As the sending engine takes it. The key names the rows."""
        return Job(spans(self.rows), registry, self.data, self.gas)


class Batcher:
    """Hands out a plan's rows in batches, for `account` to send, except those whose places are in `taken`.

    `stood` and `refused` grow meanwhile: the places of rows that were as planned already, and of those that cannot be
    written. `seen` is the lowest block at which records are still to be read.
    """

    def __init__(
        self,
        suite: Suite,
        account: ChecksumAddress,
        plan: Plan,
        node: Node,
        taken: set[int],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self.stood: set[int] = set()
        self.refused: dict[int, RefusedRow] = {}
        self.seen = 0
        self._suite = suite
        self._account = account
        self._plan = plan
        self._node = node
        self._most_rows = most_rows
        self._waiting = deque(place for place in range(len(plan.rows)) if place not in taken)
        self._suspects: list[list[int]] = []
        self._reverted: set[int] = set()

    def next(self) -> Batch | None:
        """The next batch that may be sent; None when there is none (for the time being).

        Raises Refused when the account may write nothing at all.
        """
        while self._suspects or self._waiting:
            rows = self._as_planned(self._suspects.pop()) if self._suspects else self._fill()
            if not rows:
                continue
            try:
                return self._tried(rows)
            except Refused as refused:
                self._require_right(refused)
                self._halve(rows, refused)
        return None

    def give_back(self, rows: Sequence[int]) -> None:
        """Rows that were handed out and not sent, nor ever will be with the transaction they were in."""
        self._waiting.extendleft(reversed(rows))

    def reverted(self, rows: Sequence[int]) -> None:
        """Rows whose transaction was mined and did nothing, though its dry run had passed."""
        if len(rows) > 1:
            self._split(rows)
        elif rows[0] not in self._reverted:
            self._reverted.add(rows[0])
            self._suspects.append(list(rows))
        else:
            self._refuse(rows[0], Refusal.REVERTED, "passes its dry run, and reverts when it is mined")

    # ---------------------------------------------------------------- looking

    def _fill(self) -> list[int]:
        """The next rows that are still as planned, as many as one transaction should hold."""
        room = max(min(BATCH_GAS, self._node.head().gas_limit * 9 // 10) - GAS_BATCH, GAS_NEW)
        rows: list[int] = []
        while some := self._take(room - sum(map(self._gas, rows)), self._most_rows - len(rows)):
            rows += self._as_planned(some)
        return rows

    def _take(self, room: int, most: int) -> list[int]:
        some: list[int] = []
        while self._waiting and len(some) < most and (gas := self._gas(self._waiting[0])) <= room:
            room -= gas
            some.append(self._waiting.popleft())
        return some

    def _gas(self, place: int) -> int:
        """What a row will take, about and at most; the whole batch is measured afterwards."""
        return GAS_WRITTEN if self._plan.rows[place].before else GAS_NEW

    def _as_planned(self, places: list[int]) -> list[int]:
        """Those of which the registry says what the plan says it said; of the others it is noted why not."""
        block = max(self.seen, self._node.head().number)
        wallets = [self._plan.rows[place].wallet for place in places]
        ready = []
        for place, word in zip(places, records_at(self._suite, self._node, wallets, block), strict=True):
            row, found = self._plan.rows[place], word & ~FROZEN_BIT
            if found == row.before:
                ready.append(place)
            elif found == row.after:
                self.stood.add(place)
            else:
                self._refuse(place, Refusal.MOVED, self._moved(row, found))
        return ready

    def _moved(self, row: PlannedRow, found: int) -> str:
        now = InvestorRecord.unpack(found)
        says = differences(InvestorRecord.unpack(row.before), now)
        if not row.before:
            says.append(f"by registrar {now.registrar}")
        return f"moved since block {self._plan.block}: {', '.join(says)}; make a new plan"

    # ---------------------------------------------------------------- trying

    def _tried(self, rows: list[int]) -> Batch:
        data = set_records([self._plan.rows[place] for place in rows])
        gas = self._measure(data)
        if gas + gas // _MARGIN <= TRANSACTION_GAS_LIMIT:
            return Batch(tuple(rows), data, gas + gas // _MARGIN)
        if len(rows) == 1:
            raise InputError(f"One row takes {gas:,} gas on this chain, more than a transaction may have.")
        self._waiting.extendleft(reversed(rows[len(rows) // 2 :]))
        return self._tried(rows[: len(rows) // 2])

    def _measure(self, data: bytes) -> int:
        transaction: TxParams = {"from": self._account, "to": self._suite.registry.address, "data": HexBytes(data)}
        return self._node.ask(lambda: self._suite.w3.eth.estimate_gas(transaction))

    def _require_right(self, refused: Refused) -> None:
        """A batch without rows is refused only for what is no row's fault: then nothing can be written at all."""
        try:
            self._measure(set_records([]))
        except Refused:
            raise self._explain(refused) from refused

    def _halve(self, rows: list[int], refused: Refused) -> None:
        if len(rows) == 1:
            self._refuse(rows[0], Refusal.REVERTED, f"the registry says: {self._explain(refused)}")
        else:
            self._split(rows)

    def _explain(self, refused: Refused) -> Refused:
        return self._node.ask(lambda: self._suite.explain(refused))

    def _split(self, rows: Sequence[int]) -> None:
        middle = len(rows) // 2
        self._suspects += [list(rows[middle:]), list(rows[:middle])]

    def _refuse(self, place: int, why: Refusal, says: str) -> None:
        row = self._plan.rows[place]
        self.refused[place] = RefusedRow(row.line, row.wallet, why, says)


def set_records(rows: Sequence[PlannedRow]) -> bytes:
    """The calldata that writes these rows; its root joins their commitments (R31)."""
    root = merkle.root(row.commitment for row in rows) if rows else bytes(32)
    values = [row.wallet for row in rows], [row.after for row in rows], root
    return _SET_RECORDS + encode(["address[]", "uint256[]", "bytes32"], values)


def records_at(suite: Suite, node: Node, wallets: Sequence[ChecksumAddress], block: int) -> list[int]:
    """The packed records of some wallets at a block, three in a call, a hundred calls in a request.

    For a batch's few hundred; `read_whitelist` reads all there are.
    """
    found: list[int] = []
    for start in range(0, len(wallets), 3 * BATCH):
        some = wallets[start : start + 3 * BATCH]
        found += node.ask(partial(_three_by_three, suite, some, block))
    return found


def _three_by_three(suite: Suite, wallets: Sequence[ChecksumAddress], block: int) -> list[int]:
    threes = [(*wallets[start : start + 3], *[wallets[-1]] * 2)[:3] for start in range(0, len(wallets), 3)]
    if not isinstance(suite.w3.provider, HTTPProvider):
        answers = [suite.registry.functions.recordsOf(*three).call(block_identifier=block) for three in threes]
        return [word for answer in answers for word in answer][: len(wallets)]
    calls = [
        {"to": suite.registry.address, "data": "0x" + (_RECORDS_OF + encode(["address"] * 3, three)).hex()}
        for three in threes
    ]
    # Past web3's formatting, which takes many times longer than the node.
    said = suite.w3.provider.make_batch_request([(RPCEndpoint("eth_call"), [call, hex(block)]) for call in calls])
    if not isinstance(said, list) or len(said) != len(calls):
        raise NetworkError(f"The node gave no answers to {len(calls)} questions in one request: ask another node.")
    words = b"".join(_answer(each.get("result")) for each in said)
    return [int.from_bytes(words[at : at + 32], "big") for at in range(0, 32 * len(wallets), 32)]


def _answer(result: object) -> bytes:
    found = bytes.fromhex(result.removeprefix("0x")) if isinstance(result, str) else b""
    if len(found) != 96:
        raise NetworkError("The node's answer is not three records: ask another node.")
    return found


def spans(places: Sequence[int]) -> str:
    """Ascending places in a few characters: "0-5,7"."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return ",".join(f"{first}-{last}" if first != last else f"{first}" for first, last in runs)


def places(text: str) -> list[int]:
    """The places that `spans` wrote."""
    found: list[int] = []
    for run in text.split(","):
        first, _, last = run.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
