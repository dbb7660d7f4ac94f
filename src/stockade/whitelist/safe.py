"""A plan as transactions of a Safe that holds the role REGISTRAR: written, not sent.

Its owners sign and execute them in their own time. There is no journal: what was executed stands on chain, and the
same plan, prepared again, leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_typing import ChecksumAddress

from stockade.reporting.reading import Progress, no_progress
from stockade.sending import Node, Settings
from stockade.sending.safe import SafeTransaction, next_nonce
from stockade.suite import Suite
from stockade.whitelist.apply import check
from stockade.whitelist.batches import MOST_ROWS, Batcher
from stockade.whitelist.plan import Plan, RefusedRow


@dataclass(frozen=True)
class Prepared:
    """Transactions for a Safe, in order of its nonces, with the number of rows that each writes. `stood` and `refused`
    as in `Result`.
    """

    transactions: tuple[SafeTransaction, ...]
    rows: tuple[int, ...]
    stood: int
    refused: tuple[RefusedRow, ...]


def safe_batches(
    suite: Suite,
    safe: ChecksumAddress,
    plan: Plan,
    *,
    most_rows: int = MOST_ROWS,
    progress: Progress = no_progress,
) -> Prepared:
    """A plan's rows as calls that the Safe makes, looked at and tried like those of `apply`.

    Each leaves the room that the Safe's own checks need below the transaction's limit. Raises InputError for an address
    that is no Safe, and like `apply`.
    """
    settings = Settings()
    node = Node(suite.w3, settings.pause, settings.tries)
    nonce = node.ask(lambda: next_nonce(suite.w3, safe))
    check(suite, safe, plan, node)
    batcher = Batcher(suite, safe, plan, node, set(), most_rows)
    batches = []
    while (batch := batcher.next()) is not None:
        batches.append(batch)
        progress("preparing", sum(len(each.rows) for each in batches), len(plan.rows))
    transactions = tuple(
        SafeTransaction(safe, plan.chain_id, nonce + place, plan.registry, batch.data)
        for place, batch in enumerate(batches)
    )
    refused = tuple(batcher.refused[place] for place in sorted(batcher.refused))
    return Prepared(transactions, tuple(len(batch.rows) for batch in batches), len(batcher.stood), refused)
