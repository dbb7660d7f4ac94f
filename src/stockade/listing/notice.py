"""The public Notice of thirty items (R7): what the chain answers now, what the operator adds, what is blank.

The same block, version and answers give the same bytes; `ape run listing publish` records their keccak256.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stockade.claims import forbidden
from stockade.custody.words import utc
from stockade.errors import InputError
from stockade.listing.exemptions import exemption_of
from stockade.listing.markdown import plain, unescaped
from stockade.listing.notice_answers import Answer, View, answers
from stockade.listing.notice_items import ITEMS, Item
from stockade.listing.reports import read_reports
from stockade.reporting.reading import Progress, no_progress
from stockade.suite import Suite, read_toml


class Answered(Enum):
    """By whom. PARTLY: the chain says something, and the operator has not added the rest."""

    CHAIN = "by the chain"
    OPERATOR = "by the operator"
    PARTLY = "partly"
    BLANK = "blank"


@dataclass(frozen=True)
class Entry:
    """One item as it stands in the Notice."""

    item: Item
    chain: Answer | None
    operator: str

    @property
    def answered(self) -> Answered:
        if self.chain and self.chain.whole:
            return Answered.CHAIN
        if self.operator:
            return Answered.OPERATOR
        return Answered.PARTLY if self.chain else Answered.BLANK


@dataclass(frozen=True)
class Notice:
    """A Notice at one block, whose second (UTC) is `time`."""

    chain_id: int
    exemption: int
    block: int
    time: int
    venue: str
    entries: tuple[Entry, ...]

    @property
    def counts(self) -> dict[Answered, int]:
        """How many items are answered, and by whom."""
        counted = Counter(each.answered for each in self.entries)
        return {kind: counted[kind] for kind in Answered}


@dataclass(frozen=True)
class OperatorAnswers:
    """What an operator's file says: its name, and Markdown by the item's letter."""

    venue: str = ""
    answers: Mapping[str, str] | None = None


def build(
    suite: Suite,
    exemption: int = 1,
    given: OperatorAnswers | None = None,
    block: int | None = None,
    progress: Progress = no_progress,
) -> Notice:
    """The Notice of an exemption at a block, by default the latest. Raises InputError for an unknown exemption,
    StockadeError where the reports are incomplete or altered.
    """
    exemption_of(suite, exemption)
    reports = read_reports(suite, block, progress)
    told, operator = answers(View(suite, reports, exemption)), given or OperatorAnswers()
    entries = [Entry(item, told.get(item.letter), (operator.answers or {}).get(item.letter, "")) for item in ITEMS]
    chain_id = suite.deployment.chain_id
    return Notice(chain_id, exemption, reports.block, reports.time, operator.venue, tuple(entries))


# ---------------------------------------------------------------- the operator's file


def read_answers(path: Path) -> OperatorAnswers:
    """A TOML file with `venue`, the operator's name, and a table `answers` of Markdown by letter (`a` to `dd`).

    Raises InputError naming file, key and remedy.
    """
    content = read_toml(path)
    given = content.pop("answers", {})
    venue = content.pop("venue", "")
    if content:
        raise InputError(f"{path}: unknown key {next(iter(content))}: only venue and the table answers belong there.")
    if not isinstance(given, dict):
        raise InputError(f"{path}: answers is no table: write [answers], and below it a letter for each item.")
    letters = [item.letter for item in ITEMS]
    for letter, said in given.items():
        if letter not in letters:
            raise InputError(f"{path}: key answers.{letter} is no item: the items are a to z, aa, bb, cc and dd.")
        _require_text(path, f"answers.{letter}", said)
    if venue:
        _require_text(path, "venue", venue)
    return OperatorAnswers(venue, {letter: said.strip() for letter, said in given.items()})


def _require_text(path: Path, key: str, said: object) -> None:
    if not isinstance(said, str) or not said.strip():
        raise InputError(f"{path}: key {key} is not a text: write one, or leave the key out.")
    if not all(char.isprintable() or char == "\n" for char in said):
        raise InputError(f"{path}: key {key} has a character that cannot be printed: remove it.")


# ---------------------------------------------------------------- writing


def to_markdown(notice: Notice) -> bytes:
    """The Notice for people. Raises InputError where it would claim what R18 forbids."""
    parts = [
        f"# Notice{': ' + plain(notice.venue) if notice.venue else ''}",
        f"Exemption {notice.exemption} of the suite on chain {notice.chain_id}, as of block {notice.block} "
        f"({utc(notice.time)}). {say_counts(notice)} Nobody but the operator stands behind this text.",
    ]
    for each in notice.entries:
        parts.append(f"## {each.item.letter}. {each.item.title}")
        if each.chain:
            parts += [each.chain.text, f"*From {'; '.join(each.chain.sources)}.*"]
        if each.operator:
            parts.append(each.operator)
        elif each.answered is not Answered.CHAIN:
            parts.append(f"**[{'the rest is blank' if each.chain else 'blank'}]** *{each.item.hint}*")
    return _checked("\n\n".join(parts) + "\n")


def to_json(notice: Notice) -> bytes:
    """The Notice for programs; texts are Markdown. Raises InputError where it would claim what R18 forbids."""
    content = {
        "chain_id": notice.chain_id,
        "exemption": notice.exemption,
        "block": notice.block,
        "time": notice.time,
        "venue": notice.venue,
        "answered": {kind.value: count for kind, count in notice.counts.items()},
        "items": [
            {
                "letter": each.item.letter,
                "title": each.item.title,
                "answered": each.answered.value,
                "chain": each.chain.text if each.chain else "",
                "sources": each.chain.sources if each.chain else (),
                "operator": each.operator,
                "hint": each.item.hint,
            }
            for each in notice.entries
        ],
    }
    to_markdown(notice)
    return (json.dumps(content, indent=2) + "\n").encode()


def say_counts(notice: Notice) -> str:
    """Completeness in a sentence."""
    said = ", ".join(f"{count} {kind.value}" for kind, count in notice.counts.items())
    return f"{len(notice.entries)} items: {said}."


def _checked(text: str) -> bytes:
    """Refuses a claim, also one that hides behind Markdown's escapes."""
    if found := forbidden(text) or forbidden(unescaped(text)):
        raise InputError(
            f"The Notice would say {found[0]!r}, as if an authority stood behind the venue (R18): change the answers, "
            "or the name or document on chain that says it. Nothing was written."
        )
    return text.encode()
