"""The one place that gives out nonces: several transactions in flight, each sent until it is mined.

A nonce belongs to one job for good. What is signed under it stands in the journal first, so that a transaction that the
network forgot is sent again byte for byte, and one that waits too long is replaced under its own nonce before any new
nonce is given out. Only the chain says that a nonce is used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from eth_utils.crypto import keccak
from web3 import Web3
from web3.types import TxParams, Wei

from stockade.chain import Signer
from stockade.errors import NetworkError, StockadeError
from stockade.sending.journal import Attempt, Entry, Job, Journal, State
from stockade.sending.node import Fees, Head, Node

# What the network forgot, or never says, is believed after so many looks at it.
_LOOKS = 3

# An empty transaction to oneself.
_PLAIN_TRANSFER_GAS = 21_000


@dataclass(frozen=True)
class Settings:
    """How to send. `pause` and `silence` in seconds, `patience` in blocks, `fee_limit` in wei for a unit of gas."""

    window: int = 4  # transactions in flight
    patience: int = 4  # how long the next one in line may wait before its fees are raised
    pause: float = 1.0  # between two looks at the chain, and before a silent node is asked again
    tries: int = 8  # questions in a row that a node may leave unanswered
    silence: float = 1800  # without anything mined, before giving up
    fee_limit: int = 500 * 10**9


class Sender:
    """Sends jobs from one account. What the journal holds open is taken up again.

    Every method raises NetworkError when the node stays silent or nothing is mined any more, StockadeError when the
    account cannot pay or the fees are beyond the limit. The journal then holds what is open: the same again goes on.
    """

    def __init__(
        self,
        w3: Web3,
        signer: Signer,
        journal: Journal,
        chain_id: int,
        settings: Settings = Settings(),
    ) -> None:
        self.node = Node(w3, settings.pause, settings.tries)
        self._signer = signer
        self._journal = journal
        self._chain_id = chain_id
        self._settings = settings
        self._open = {entry.nonce: entry for entry in journal.entries(State.OPEN)}
        self._settled: list[Entry] = []
        # Transactions of another program that wait under this account keep their nonces.
        self._next = max(journal.next_nonce(), self.node.count(signer.address, "pending"))
        self._missing: dict[int, int] = {}  # looks at a used nonce under which none of ours was found
        self._gap = 0  # looks at a nonce that nobody uses, below ours
        self._line = (-1, 0)  # the nonce next in line, and the block since which it is
        self._alive = time.monotonic()
        self._waits = 0  # since something was settled
        self._said = ""  # the node's latest words against a transaction
        self.seen = 0  # the highest block seen

    def put(self, job: Job) -> None:
        """Sends a job; waits first while the window is full or a transaction is overdue."""
        progress = self._look()
        while len(self._open) >= self._settings.window or self._overdue():
            if not progress:
                self._wait()
            progress = self._look()
        nonce = self._next
        self._start(nonce, job)
        self._next = nonce + 1

    def finish(self) -> None:
        """Waits until every job is settled, and those that were done still are: a chain may take a block back."""
        while True:
            while self._open:
                if not self._look() and self._open:
                    self._wait()
            done = self._journal.entries(State.DONE)
            if not self._reopen(entry for entry in done if not self.node.is_canonical(entry.block, entry.block_hash)):
                return

    def settled(self) -> list[Entry]:
        """The jobs settled since this was asked last, each in its state. One that a reorganisation took back is there
        again when it is settled anew.
        """
        found, self._settled = self._settled, []
        return found

    # ---------------------------------------------------------------- looking

    def _look(self) -> bool:
        """One look at the chain, and whatever it asks for. Whether anything was settled."""
        head = self.node.head()
        self.seen = max(self.seen, head.number)
        count = self.node.count(self._signer.address, head.number)
        self._next = max(self._next, count)
        # Done, and yet its nonce is not used: the chain took it back, or its node came back without it.
        self._reopen(self._journal.entries(State.DONE, since=count))

        before = len(self._open)
        for entry in list(self._open.values()):
            if entry.nonce < count:
                self._conclude(entry)
            elif not self.node.is_known(entry.attempts[-1].hash):
                self._broadcast(entry)
        if self._open:
            self._serve_next_in_line(head, count)
        progress = len(self._open) < before
        if progress or not self._open:
            self._alive = time.monotonic()
            self._waits = 0
        return progress

    def _conclude(self, entry: Entry) -> None:
        """The nonce is used: by one of ours, or by somebody else with the same key."""
        for attempt in reversed(entry.attempts):
            if (receipt := self.node.receipt(attempt.hash)) is not None:
                state = State.DONE if receipt.succeeded else State.REVERTED
                self._settle(
                    replace(
                        entry,
                        state=state,
                        block=receipt.block,
                        block_hash=receipt.block_hash,
                        gas_used=receipt.gas_used,
                        price=receipt.price,
                    )
                )
                return
        self._missing[entry.nonce] = self._missing.get(entry.nonce, 0) + 1
        if self._missing[entry.nonce] >= _LOOKS:
            self._settle(replace(entry, state=State.LOST))

    def _settle(self, entry: Entry) -> None:
        self._journal.settle(entry)
        self._missing.pop(entry.nonce, None)
        del self._open[entry.nonce]
        if entry.job.key:
            self._settled.append(entry)

    def _reopen(self, forgotten: Iterable[Entry]) -> bool:
        """Opens again what was done once and is no longer in the chain. Whether there was any."""
        found = False
        for done in forgotten:
            entry = replace(done, state=State.OPEN, block=0, block_hash=b"", gas_used=0, price=0)
            self._journal.settle(entry)
            self._open[entry.nonce] = entry
            found = True
        return found

    # ---------------------------------------------------------------- the next in line

    def _serve_next_in_line(self, head: Head, count: int) -> None:
        nonce = min(self._open)
        if nonce != self._line[0]:
            self._line = (nonce, head.number)
        if nonce > count:
            self._fill_gap(count, nonce)
        elif head.number - max(self._line[1], self._open[nonce].attempts[-1].block) >= self._settings.patience:
            # It was next in line with its latest fees for so many blocks.
            self._raise_fees(head, nonce)

    def _raise_fees(self, head: Head, nonce: int) -> None:
        """Replaces the next in line, and whatever behind it could not be mined either at today's base fee."""
        ours = any(self.node.is_known(attempt.hash) for attempt in self._open[nonce].attempts)
        if not ours and self.node.count(self._signer.address, "pending") > nonce:
            return  # another program's transaction waits under this nonce: we do not replace it, it is mined or goes
        for entry in list(self._open.values()):
            if entry.nonce == nonce or entry.attempts[-1].max_fee < head.base_fee:
                fees = self._fees(entry.attempts[-1])
                if fees.most <= self._settings.fee_limit:
                    attempt = self._sign(entry.nonce, entry.job, fees, head.number)
                    self._open[entry.nonce] = self._journal.replace(entry, attempt)
                    self._broadcast(self._open[entry.nonce])

    def _overdue(self) -> bool:
        """Whether the next in line had to be replaced and is not mined yet."""
        return bool(self._open) and len(self._open[min(self._open)].attempts) > 1

    def _fill_gap(self, count: int, nonce: int) -> None:
        """Nonces below ours that nobody uses would hold ours up for ever: empty transactions use them up."""
        nobody = self.node.count(self._signer.address, "pending") == count
        self._gap = self._gap + 1 if nobody else 0
        if self._gap >= _LOOKS:
            self._gap = 0
            for missing in range(count, nonce):
                self._start(missing, Job("", self._signer.address, b"", _PLAIN_TRANSFER_GAS))

    # ---------------------------------------------------------------- sending

    def _start(self, nonce: int, job: Job) -> None:
        fees = self._fees()
        if fees.most > self._settings.fee_limit:
            raise StockadeError(
                f"The chain asks for {_gwei(fees.most)} gwei, more than the limit of "
                f"{_gwei(self._settings.fee_limit)}: wait until it is cheaper, or allow more with --max-fee."
            )
        attempt = self._sign(nonce, job, fees, self.seen)
        self._open[nonce] = self._journal.add(nonce, job, attempt)
        self._broadcast(self._open[nonce])

    def _sign(self, nonce: int, job: Job, fees: Fees, block: int) -> Attempt:
        transaction: TxParams = {
            "chainId": self._chain_id,
            "nonce": nonce,  # type: ignore[typeddict-item]
            "to": job.to,
            "data": job.data,
            "value": Wei(0),
            "gas": job.gas,
            "maxFeePerGas": Wei(fees.most),
            "maxPriorityFeePerGas": Wei(fees.tip),
        }
        raw = self._signer.sign_transaction(transaction)
        return Attempt(keccak(raw), raw, fees.most, fees.tip, block)

    def _fees(self, last: Attempt | None = None) -> Fees:
        """What the chain asks for; for a replacement at least an eighth more than before, on both, as nodes demand."""
        asked = self.node.fees()
        if last is None:
            return asked
        return Fees(max(asked.most, last.max_fee * 9 // 8 + 1), max(asked.tip, last.tip * 9 // 8 + 1))

    def _broadcast(self, entry: Entry) -> None:
        """Hands over the latest transaction of an entry. What became of it is for the next look to find out; only what
        the account cannot pay is nobody else's to solve.
        """
        self._said = said = self.node.broadcast(entry.attempts[-1].raw)
        if "insufficient funds" in said:
            last = entry.attempts[-1]
            raise StockadeError(
                f"Account {self._signer.address} cannot pay {entry.job.gas:,} gas at {_gwei(last.max_fee)} gwei: "
                "give it more, then do the same again."
            )

    def _wait(self) -> None:
        """Until the next look."""
        if (quiet := time.monotonic() - self._alive) > self._settings.silence:
            first = self._open[min(self._open)]
            says = f", and the node said last: {self._said.rstrip('.')}" if self._said else ""
            raise NetworkError(
                f"Nothing was mined for {quiet:,.0f} seconds; nonce {first.nonce} waits at "
                f"{_gwei(first.attempts[-1].max_fee)} gwei{says}. Do the same again to go on."
            )
        # Soon at first, for a chain that mines at once; then as slowly as was asked for.
        time.sleep(self._settings.pause / 2 ** max(0, 5 - self._waits))
        self._waits += 1


def _gwei(wei: int) -> str:
    return f"{wei / 10**9:,.2f}"
