"""What a source tells of interruptions: documents, the exchange's halt codes, and the picture that follows from them.

A document is one line of JSON (`news.schema.json`): an `interrupt` with the exchange's own code, a `resume`, or a
`heartbeat`, of one share or, without `symbol`, of the whole market. Documents are counted without a gap; the order of
lines and a document told twice mean nothing. Whatever the documents do not name stays on chain as it is: an
interruption ends when a document says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stockade.errors import InputError
from stockade.records import Interruption

# The longest code and ticker that fit on chain.
_CODE = r"^[A-Z][A-Z0-9]{0,7}$"
_SYMBOL = r"^[A-Z0-9][A-Z0-9.]{0,11}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

# What a halt without a code that fits on chain is called there.
UNREADABLE = "UNKNOWN"


# ---------------------------------------------------------------- the exchange's codes


@dataclass(frozen=True)
class Code:
    """What a code means: NONE for the codes under which trading resumes."""

    interruption: Interruption
    says: str


_HALT, _VENUE, _ENDS = Interruption.ASSET_HALTED, Interruption.VENUE_HALTED, Interruption.NONE

# A pause for volatility is a halt: nothing trades. Only a limit state, which the exchanges' halt files do not tell,
# leaves trading open at the price band.
CODES: Mapping[str, Code] = {
    "T1": Code(_HALT, "news is awaited"),
    "T2": Code(_HALT, "news is being spread"),
    "T3": Code(_HALT, "news is out, and the time of resumption is named"),
    "T5": Code(_HALT, "paused after a large move of the price"),
    "T6": Code(_HALT, "extraordinary activity in the market"),
    "T7": Code(_HALT, "paused, quotations only"),
    "T8": Code(_HALT, "a fund whose parts do not trade as they should"),
    "T12": Code(_HALT, "the exchange asked the issuer for information"),
    "H4": Code(_HALT, "the issuer does not meet the listing's conditions"),
    "H9": Code(_HALT, "the issuer's filings are late"),
    "H10": Code(_HALT, "suspended by the SEC"),
    "H11": Code(_HALT, "halted elsewhere for a regulatory concern"),
    "O1": Code(_HALT, "operations of the exchange"),
    "IPO1": Code(_HALT, "a new issue that does not trade yet"),
    "IPOQ": Code(_HALT, "a new issue, quotations only"),
    "IPOE": Code(_HALT, "a new issue, its opening put off"),
    "M1": Code(_HALT, "a corporate action"),
    "M2": Code(_HALT, "no quotation to be had"),
    "M": Code(_HALT, "paused for volatility"),
    "LUDP": Code(_HALT, "paused for volatility at a price band"),
    "LUDS": Code(_HALT, "paused for volatility while quotes straddle a price band"),
    "D": Code(_HALT, "taken off the list"),
    "MWC0": Code(_VENUE, "the whole market, carried over from the day before"),
    "MWC1": Code(_VENUE, "the whole market, level 1"),
    "MWC2": Code(_VENUE, "the whole market, level 2"),
    "MWC3": Code(_VENUE, "the whole market, level 3"),
    "MWCQ": Code(_ENDS, "the whole market resumes"),
    "R1": Code(_ENDS, "a new issue trades"),
    "R2": Code(_ENDS, "the issue trades"),
    "R4": Code(_ENDS, "the listing's conditions are met"),
    "R9": Code(_ENDS, "the filings are in"),
    "C3": Code(_ENDS, "no news will come"),
    "C4": Code(_ENDS, "the listing's conditions are met, the halt is over"),
    "C9": Code(_ENDS, "the filings are in, the halt is over"),
    "C11": Code(_ENDS, "the other authority ended its halt"),
    "LIMIT": Code(Interruption.PRICE_CONSTRAINED, "at a price band, and trading goes on; our own word, no exchange's"),
}

# Codes of the whole market.
VENUE_CODES = frozenset(code for code in CODES if code.startswith("MWC"))


def meaning(code: str) -> Code:
    """What a code means. One that nobody has told us of halts."""
    return CODES.get(code, Code(_HALT, "a code that Stockade does not know, taken for a halt"))


# ---------------------------------------------------------------- documents


def _is_moment(value: str) -> str:
    if moment_of(value) <= 0:
        raise ValueError("no moment after 1970")
    return value


def moment_of(value: str) -> int:
    """Seconds (UTC) of a document's time."""
    return int(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sequence: Annotated[int, Field(ge=1, lt=1 << 53, description="Counted without a gap over all documents.")]
    market: Annotated[str, Field(pattern="^[A-Z0-9]{4}$", description="ISO 10383 code of the listing market.")]
    at: Annotated[
        str,
        Field(pattern=_MOMENT, description="When the exchange said so, UTC: 2026-11-27T15:04:05Z."),
        AfterValidator(_is_moment),
    ]


_Symbol = Annotated[str, Field(pattern=_SYMBOL, description="Ticker on its listing market; none for the whole market.")]
_Code = Annotated[str, Field(pattern=_CODE, description="The exchange's own reason code.")]


class Interrupt(_Document):
    """A share, or without `symbol` the whole market, is interrupted."""

    event: Literal["interrupt"]
    symbol: _Symbol | None = None
    code: _Code


class Resume(_Document):
    """It trades again."""

    event: Literal["resume"]
    symbol: _Symbol | None = None
    code: _Code | None = None


class Heartbeat(_Document):
    """Everything up to this moment has been told."""

    event: Literal["heartbeat"]


Document = Interrupt | Resume | Heartbeat
DOCUMENT: TypeAdapter[Document] = TypeAdapter(Annotated[Document, Field(discriminator="event")])


def schema() -> dict[str, Any]:
    """The published JSON Schema of one document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One document of a market's news: a line of a JSON Lines file",
        **DOCUMENT.json_schema(),
    }


# ---------------------------------------------------------------- the picture


@dataclass(frozen=True)
class News:
    """The latest of a share or a market; `at` in seconds UTC. The code is empty with NONE."""

    interruption: Interruption
    code: str
    at: int


@dataclass(frozen=True)
class Picture:
    """All that a source tells now. `as_of`: up to which second (UTC) it has told everything of a market."""

    as_of: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[tuple[str, str], News] = field(default_factory=dict)
    venues: Mapping[str, News] = field(default_factory=dict)


def read_documents(content: bytes, where: str) -> list[Document]:
    """The documents in a piece of JSON Lines. A last line without its end is still being written, and is left out.

    Raises InputError naming the line for whatever is no document.
    """
    lines = content.split(b"\n")[:-1]
    documents = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            documents.append(DOCUMENT.validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "as a whole"
            raise InputError(f"{where}, line {number}, {key}: {first['msg']}. Nothing of it counts.") from None
    return documents


def picture_of(documents: Iterable[Document], where: str) -> Picture:
    """What the documents say together. Raises InputError when they contradict each other or one is missing."""
    counted: dict[int, Document] = {}
    for document in documents:
        if counted.setdefault(document.sequence, document) != document:
            raise InputError(f"{where} holds two documents of number {document.sequence}. Nothing of it counts.")
    as_of: dict[str, int] = {}
    shares: dict[tuple[str, str], News] = {}
    venues: dict[str, News] = {}
    numbers = sorted(counted)
    for before, number in zip([numbers[0] - 1, *numbers] if numbers else [], numbers, strict=False):
        if number != before + 1:
            raise InputError(f"{where} lacks document {before + 1}. Nothing of it counts.")
        document = counted[number]
        at = moment_of(document.at)
        if at < as_of.get(document.market, 0):
            raise InputError(f"{where}: document {number} is older than the one before it. Nothing of it counts.")
        as_of[document.market] = at
        if isinstance(document, Heartbeat):
            continue
        _require_sound(document, where)
        news = _news(document, at)
        if document.symbol is None:
            venues[document.market] = news
        else:
            shares[document.market, document.symbol] = news
    return Picture(as_of, shares, venues)


def _require_sound(document: Interrupt | Resume, where: str) -> None:
    """Whether code, event and scope agree."""
    known = CODES.get(document.code or "")
    if known is None:
        if isinstance(document, Resume) and document.code:
            raise InputError(f"{where}: document {document.sequence} resumes by {document.code}, which no list knows.")
        return
    if (known.interruption is Interruption.NONE) != isinstance(document, Resume):
        raise InputError(f"{where}: document {document.sequence} says {document.event} and {document.code} at once.")
    if (document.code in VENUE_CODES) != (document.symbol is None):
        raise InputError(
            f"{where}: document {document.sequence} says {document.code} of {document.symbol or 'a market'}."
        )


def _news(document: Interrupt | Resume, at: int) -> News:
    if isinstance(document, Resume):
        return News(Interruption.NONE, "", at)
    if document.symbol is None:
        return News(Interruption.VENUE_HALTED, document.code, at)
    return News(meaning(document.code).interruption, document.code, at)


def code_for_chain(text: str) -> str:
    """A code as the exchange wrote it, if it fits on chain."""
    return text if re.fullmatch(_CODE, text) else UNREADABLE
