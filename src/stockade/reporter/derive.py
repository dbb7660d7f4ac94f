"""What a fact means as a record: its event, the share and the exemption it is about, and its body.

Pure but for `load`. Numbers, chain, finality and times of the record are the recorder's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from stockade.reporter import context as contexts
from stockade.reporter.context import Context
from stockade.reporter.parties import Parties
from stockade.reporter.telling import tell
from stockade.reporter.tips import Fact
from stockade.reporting.entries import Listed, Place


class Deriver:
    """Derives one record after the other, in the order of the chain, and learns from each what the next are read with.

    `load` before the first, and again whenever facts were taken back or not written. `parties` must know the suite's
    contracts; tokens are added as they are listed.
    """

    def __init__(self, parties: Parties) -> None:
        self._parties = parties
        self._context = Context(parties)

    @property
    def key_print(self) -> str:
        """Of the key under which it names wallets (`Parties.key_print`)."""
        return self._parties.key_print

    def load(self, connection: Connection, before: Place | None = None) -> None:
        """Reads the context from the stored facts; with `before`, as it was for the entry at that place, so that its
        record can be derived again.
        """
        self._context = contexts.load(connection, self._parties, before)

    def expect(self, facts: Iterable[Fact]) -> None:
        """Says which facts come next: a new token reports before the entry that lists it does."""
        for fact in facts:
            if isinstance(fact.entry.content, Listed):
                self._context.learn(fact.entry)

    def derive(self, fact: Fact) -> dict[str, Any]:
        """`eventType`, `instrument`, `profile`, `exemptionId`, `operatorRef` and `body`, as the record has them."""
        context, entry = self._context, fact.entry
        context.learn(entry)
        told = tell(context, fact.source.contract, fact.source.address, entry, fact.supply)
        context.forget(entry.content)
        share = context.shares.get(told.token) if told.token else None
        exemption = share.exemption if share else told.exemption
        return {
            "eventType": told.event.value,
            "instrument": share.instrument if share else None,
            "profile": None if exemption is None else context.profile(exemption, fact.timestamp),
            "exemptionId": exemption,
            "operatorRef": self._parties.account(fact.operator),
            "body": told.body.to_json(),
        }
