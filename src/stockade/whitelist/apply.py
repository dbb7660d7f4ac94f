"""From a plan to the chain: every row written once, or named with the reason why not.

    plan = whitelist.load(Path("plan.jsonl"))
    result = whitelist.apply(suite, signer, plan, Path("plan.jsonl.journal"))

What was signed stands in the journal before it is broadcast. A run that was killed, at whatever moment, is continued by
the same call with the same journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.reporting.reading import Progress, no_progress
from stockade.sending import Entry, Journal, Node, Sender, Settings, State
from stockade.suite import Suite
from stockade.whitelist.batches import MOST_ROWS, Batcher, places
from stockade.whitelist.plan import Plan, RefusedRow


@dataclass(frozen=True)
class Result:
    """What became of a plan's rows, and what it took, earlier runs with the same journal included.

    `stood` are rows that were as planned already, without us. `cost` in wei. `refused` names what was not written
    although it was planned; what the plan itself refused is not in it.
    """

    written: int
    stood: int
    refused: tuple[RefusedRow, ...]
    transactions: int
    gas: int
    cost: int


def apply(
    suite: Suite,
    signer: Signer,
    plan: Plan,
    journal: Path,
    *,
    settings: Settings | None = None,
    most_rows: int = MOST_ROWS,
    progress: Progress = no_progress,
) -> Result:
    """Writes what a plan says, in batches of at most `most_rows`; `progress` hears of rows done, of all.

    A row whose record is no longer the one that the plan found is refused, and the rest go on; so is a row that the
    registry refuses. Raises InputError for a plan of another suite or registrar, for an account that may not write and
    for a journal of something else; Refused when the account loses its right meanwhile; NetworkError when the node
    stays silent. After any of these, as after a kill, the same call goes on.
    """
    settings = settings or Settings()
    check(suite, signer.address, plan, Node(suite.w3, settings.pause, settings.tries))
    purpose = {
        "plan": plan.digest.hex(),
        "chain": str(plan.chain_id),
        "registry": plan.registry,
        "account": signer.address,
    }
    with Journal(journal, purpose) as opened:
        sender = Sender(suite.w3, signer, opened, plan.chain_id, settings)
        taken = {place for key in opened.keys(State.OPEN, State.DONE) if key for place in places(key)}
        batcher = Batcher(suite, signer.address, plan, sender.node, taken, most_rows)
        return _Run(plan, opened, sender, batcher, progress).run()


class _Run:
    """One run of a plan: batches out, what became of them back."""

    def __init__(self, plan: Plan, journal: Journal, sender: Sender, batcher: Batcher, progress: Progress) -> None:
        self._plan = plan
        self._journal = journal
        self._sender = sender
        self._batcher = batcher
        self._progress = progress
        self._written = {place for key in journal.keys(State.DONE) if key for place in places(key)}

    def run(self) -> Result:
        while self._send() or self._finish():
            pass
        transactions, gas, cost = self._journal.totals()
        refused = tuple(self._batcher.refused[place] for place in sorted(self._batcher.refused))
        return Result(len(self._written), len(self._batcher.stood), refused, transactions, gas, cost)

    def _send(self) -> bool:
        """Sends the next batch. False when there is none, nor any row that came back."""
        self._batcher.seen = self._sender.seen
        batch = self._batcher.next()
        if batch is not None:
            self._sender.put(batch.job(self._plan.registry))
        back = self._collect(self._sender.settled())
        return batch is not None or back

    def _finish(self) -> bool:
        """Waits for all that was sent. Whether rows came back, to be sent anew."""
        self._sender.finish()
        return self._collect(self._sender.settled())

    def _collect(self, settled: Sequence[Entry]) -> bool:
        back = False
        for entry in settled:
            rows = places(entry.job.key)
            self._written.difference_update(rows)
            if entry.state is State.DONE:
                self._written.update(rows)
            elif entry.state is State.REVERTED:
                self._batcher.reverted(rows)
                back = True
            else:
                self._batcher.give_back(rows)
                back = True
        done = len(self._written) + len(self._batcher.stood) + len(self._batcher.refused)
        self._progress("writing records", done, len(self._plan.rows))
        return back


def check(suite: Suite, account: ChecksumAddress, plan: Plan, node: Node) -> None:
    """Whether an account may carry out a plan here. Raises InputError, NetworkError."""
    suite.require_known_code()
    if (plan.chain_id, plan.registry) != (suite.deployment.chain_id, suite.registry.address):
        raise InputError(
            f"The plan is for the registry {plan.registry} on chain {plan.chain_id}, and this is "
            f"{suite.registry.address} on chain {suite.deployment.chain_id}: choose the network and the deployment it "
            "was made with."
        )
    if (number := node.ask(lambda: registrar_number(suite, account))) != plan.registrar:
        raise InputError(
            f"The plan is for registrar {plan.registrar}, and account {account} writes for registrar {number}: choose "
            "the account of the registrar whose book it is."
        )


def registrar_number(suite: Suite, account: ChecksumAddress) -> int:
    """The number an account writes under. Raises InputError when it has none, or not the right to write at once."""
    number: int = suite.registry.functions.registrarOf(account).call()
    if number == 0:
        raise InputError(
            f"Account {account} writes for no registrar: choose the registrar's account with --account, or let "
            "COMPLIANCE give this one a number (`ape run compliance registrar`)."
        )
    selector = function_abi_to_4byte_selector(suite.registry.get_function_by_name("setRecords").abi)
    allowed, delay = suite.authority.functions.canCall(account, suite.registry.address, selector).call()
    if not allowed:
        held = f"holds the role REGISTRAR only with a delay of {delay} seconds" if delay else "lacks the role REGISTRAR"
        raise InputError(
            f"Account {account} writes for registrar {number} but {held}: let KEY_ADMIN grant it without a delay."
        )
    return number
