"""Text from a chain as Markdown: it can neither make up a heading, a link or a table, nor hide what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# Emphasis, code, links, tags, headings, tables, references, mathematics; and what some renderers make a link of.
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """A text as words alone, within a line of ours: marks are escaped, what cannot be printed is written as a code."""
    printable = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return _SPECIAL.sub(r"\\\g<0>", printable)


def unescaped(markdown: str) -> str:
    """What a reader of the Markdown sees, as far as escapes go."""
    return _ESCAPED.sub(r"\1", markdown)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose cells are words alone; a sentence where it would be empty."""
    lines = ["| " + " | ".join(plain(str(cell)) for cell in row) + " |" for row in rows]
    if not lines:
        return "None."
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines])
