"""Whole numbers, kept as ranges: what a great many overlapping ranges come to, however often they say the same."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Ranges:
    """A set of whole numbers. Its ranges stand in order, and neither overlap nor touch."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def add(self, first: int, last: int) -> list[tuple[int, int]]:
        """Takes in `first` to `last`. The ranges of those that were not in it yet, in order."""
        if first > last:
            return []
        begin, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        new, at = [], first
        for place in range(begin, end):
            if at < self._firsts[place]:
                new.append((at, self._firsts[place] - 1))
            at = max(at, self._lasts[place] + 1)
        if at <= last:
            new.append((at, last))
        if begin < end:
            first, last = min(first, self._firsts[begin]), max(last, self._lasts[end - 1])
        self._firsts[begin:end], self._lasts[begin:end] = [first], [last]
        return new
