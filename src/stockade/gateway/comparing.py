"""A record against the entry that it tells of. Everything must be the same but references to parties, whose key is the
reporter's: these must stand one for one for the accounts on the chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from stockade.gateway import tables

_PARTY = re.compile(r"p_[0-9a-f]{32}")
_of = tables.party.c


class Pairs:
    """Which reference of a reporter stands for which of ours; `load` for a page of records, then compare these."""

    def __init__(self, connection: Connection, reporter_id: str) -> None:
        self._connection, self._reporter = connection, reporter_id
        self._theirs: dict[str, str] = {}
        self._ours: dict[str, str] = {}
        self._met: dict[str, str] = {}  # here alone, for as long as this lives
        self._new: dict[str, str] = {}  # by the record that is being compared

    def load(self, texts: Iterable[str]) -> None:
        """Reads the pairs of every reference in these expected and reported records, and lets go of others."""
        self._theirs, self._ours = dict(self._met), {theirs: ours for ours, theirs in self._met.items()}
        named = sorted({party for text in texts for party in _PARTY.findall(text)})
        for start in range(0, len(named), 1000):
            some = named[start : start + 1000]
            query = select(_of.ours, _of.theirs).where(_of.reporter_id == self._reporter)
            for row in self._connection.execute(query.where(or_(_of.ours.in_(some), _of.theirs.in_(some)))):
                self._theirs[row.ours], self._ours[row.theirs] = row.theirs, row.ours

    def agree(self, ours: str, theirs: str) -> bool:
        """Whether the two stand for each other; two that were never met do from now on."""
        if ours not in self._theirs and theirs not in self._ours:
            self._theirs[ours], self._ours[theirs] = theirs, ours
            self._new[ours] = theirs
        return self._theirs.get(ours) == theirs and self._ours.get(theirs) == ours

    def settle(self, agrees: bool, write: bool = False) -> None:
        """Ends a record: what it said of parties holds if it agrees as a whole; `write` has it hold in the database."""
        new, self._new = self._new, {}
        for ours, theirs in new.items():
            if not agrees:
                del self._theirs[ours], self._ours[theirs]
            elif not write:
                self._met[ours] = theirs
        if agrees and write and self._new:
            rows = [
                {"reporter_id": self._reporter, "ours": ours, "theirs": theirs} for ours, theirs in self._new.items()
            ]
            self._connection.execute(insert(tables.party), rows)
        self._new = {}


def differing(expected: dict[str, Any], record: dict[str, Any], pairs: Pairs) -> str | None:
    """A JSON pointer to the first place where a record does not say what it should; None when there is none."""
    return _differing(expected, {name: record.get(name) for name in expected}, pairs, "")


def _differing(expected: Any, found: Any, pairs: Pairs, at: str) -> str | None:
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return at
        for name in sorted(expected.keys() | found.keys()):
            below = f"{at}/{name}"
            if name not in expected or name not in found:
                return below
            if (where := _differing(expected[name], found[name], pairs, below)) is not None:
                return where
        return None
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return at
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            if (where := _differing(one, other, pairs, f"{at}/{place}")) is not None:
                return where
        return None
    if isinstance(expected, str) and _PARTY.fullmatch(expected):
        fits = isinstance(found, str) and _PARTY.fullmatch(found) and pairs.agree(expected, found)
        return None if fits else at
    return None if type(expected) is type(found) and expected == found else at
