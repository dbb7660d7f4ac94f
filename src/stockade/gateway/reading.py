"""A request's bytes as a submission. They may be anything: what is not one form of JSON for one value is refused, so
that what was signed, what is stored and what is shown cannot differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from stockade.errors import StockadeError
from stockade.wire.envelope import Submission

# Bytes of one request; a record has about two thousand.
MAX_BYTES = 8 << 20

# Levels of lists and objects. A submission has six, and may have half of what is read at all: a record lies one level
# deeper in an answer, and whoever reads it there must be able to.
_DEEPEST = 32
_DEEPEST_SENT = 16
# Texts, brackets and commas of a submission: a thousand records have some 300,000, eight million take seconds.
_MOST_SENT = 1 << 20
_LARGEST = 2**53
# A text, whole or cut off, a bracket or a comma: every step goes forward, whatever the content.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|,', re.DOTALL)


class Unreadable(StockadeError):
    """The request is no submission."""


def read_submission(content: bytes) -> Submission:
    """The submission in a request. Raises Unreadable, saying where and why."""
    value = read_json(content, _DEEPEST_SENT, _MOST_SENT)
    try:
        found = Submission.read(value)
    except ValidationError as error:
        where, why = first_fault(value, error)
        raise Unreadable(f"This is no submission: {where or 'the whole'}: {why}.") from None
    if found.last - found.first + 1 != len(found.records):
        raise Unreadable(f"This is no submission: {len(found.records)} records are not those from first to last.")
    for place, record in enumerate(found.records):
        if record.get("seq") != found.first + place or isinstance(record["seq"], bool):
            raise Unreadable(f"This is no submission: /records/{place}/seq: {found.first + place} is its place.")
    return found


def read_json(content: bytes, deepest: int = _DEEPEST, most: int | None = None) -> Any:
    """JSON as records have it: no floats, no name twice, whole numbers below 2**53; at most `deepest` levels and `most`
    texts, brackets and commas. Raises Unreadable.
    """
    try:
        _require_bounded(content, deepest, most)
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        _require_plain(value)
    except ValueError as error:  # also what is no UTF-8
        why = " ".join(str(error).split())[:200]
        raise Unreadable(f"This is no JSON that records are sent in: {why}.") from None
    return value


def first_fault(value: Any, error: ValidationError) -> tuple[str, str]:
    """Where a model's first error lies, as a JSON pointer into what was given, and what is wrong there."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # pydantic also names the models of unions it tried, which are no places in the JSON.
    pointer, node = "", value
    for part in fault["loc"]:
        inside = node if isinstance(node, dict) else dict(enumerate(node)) if isinstance(node, list) else {}
        if part not in inside and (fault["type"] != "missing" or part != fault["loc"][-1]):
            continue
        node = inside.get(part)
        pointer += "/" + str(part).replace("~", "~0").replace("/", "~1")
    return pointer[:200], " ".join(fault["msg"].split())[:300]


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{ascii(name)[:80]} stands twice in one object")
        found[name] = value
    return found


def _whole(text: str) -> int:
    if len(text) > 17 or not -_LARGEST < (number := int(text)) < _LARGEST:
        raise ValueError("a number is not below 2**53: send it as text")
    return number


def _no_float(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no whole number: send it as text")


def _require_bounded(content: bytes, deepest: int, most: int | None) -> None:
    """Before it is parsed, for parsers recurse, and make much of little."""
    level = 0
    for count, token in enumerate(_TOKEN.finditer(content), start=1):
        level += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if level > deepest:
            raise ValueError("it is nested too deeply")
        if most is not None and count > most:
            raise ValueError("it has too many parts: send fewer records at once")


def _require_plain(value: Any) -> None:
    """Text that a database and UTF-8 can hold."""
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
            raise ValueError("a text holds a null byte or half a character")
    elif isinstance(value, dict):
        for name, item in value.items():
            _require_plain(name)
            _require_plain(item)
    elif isinstance(value, list):
        for item in value:
            _require_plain(item)
