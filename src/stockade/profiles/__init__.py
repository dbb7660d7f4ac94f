"""Rule profiles: what a regime asks, as parameters. The contracts are the same under every profile.

A profile is a TOML file; those that ship are `us-tsv`, `article-2026-05` and `open`. Every rule carries its source, and
the hash of both stands on chain with the exemption. Unknown keys are an error, so that a misspelt rule is never
silently absent. `profile.schema.json` says the same to editors and other programs (`ape run listing profile schema`).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stockade.claims import forbidden
from stockade.errors import InputError
from stockade.records import InvestorClass, Policy, to_units

SHIPPED = ("us-tsv", "article-2026-05", "open")

_CLASSES = tuple(member.lower() for member in InvestorClass.__members__)


def _shown(text: str) -> str:
    """For text that people are shown, and whose bytes are hashed."""
    if not text.isprintable() or not text.strip():
        raise ValueError("the text is empty, or has a character that cannot be printed: write plain words")
    if found := forbidden(text):
        raise ValueError(f"{found[0]!r} reads as if an authority stood behind it (R18): say it without that")
    return text


_Text = Annotated[str, AfterValidator(_shown)]
# How a value is known, as docs/requirements.md explains, then why it is what it is.
_Source = Annotated[str, Field(pattern=r"^\[(P|S|N|bg|own)\] \S"), AfterValidator(_shown)]
_Seconds = Annotated[int, Field(gt=0, lt=2**32)]
_Minutes = Annotated[int, Field(ge=0, le=720)]


class Rule(NamedTuple):
    """One value of a profile: its dotted key, and its source, which is empty for what only names the profile."""

    key: str
    value: object
    source: str


class _Rules(BaseModel):
    """A table of a profile, with the source of each of its values in its own table `sources`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sources: dict[str, _Source]

    @classmethod
    def _with_source(cls) -> list[str]:
        """Not the names of the profile, and not its inner tables, which have sources of their own."""
        unsourced = ("sources", "id", "title", "source")
        tables = [
            name
            for name, field in cls.model_fields.items()
            if "sources" in getattr(field.annotation, "model_fields", ())
        ]
        return [name for name in cls.model_fields if name not in (*unsourced, *tables)]

    @model_validator(mode="after")
    def _every_value_has_its_source(self) -> _Rules:
        wanted = self._with_source()
        for name in wanted:
            if name not in self.sources:
                raise ValueError(f"value {name} has no source: add it to the table sources")
        for name in self.sources:
            if name not in wanted:
                raise ValueError(f"sources names {name}, which is no value here: remove it, or correct its spelling")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        schema = handler(core_schema)
        names = cls._with_source()
        sources = handler.resolve_ref_schema(schema)["properties"]["sources"]
        one = sources.pop("additionalProperties")
        sources.update(properties=dict.fromkeys(names, one), required=names, additionalProperties=False)
        return schema

    def values(self) -> Iterator[Rule]:
        """Every value in the order of the file, those of inner tables with dotted keys."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, _Rules):
                yield from (rule._replace(key=f"{name}.{rule.key}") for rule in value.values())
            elif name != "sources":
                yield Rule(name, value, self.sources.get(name, ""))


class TokenRules(_Rules):
    """What a token under the profile admits, and what stops it."""

    allowed_classes: list[str] = Field(
        min_length=1, json_schema_extra={"items": {"enum": list(_CLASSES)}, "uniqueItems": True}
    )
    lapse_stops: Literal["trading", "transfers"]
    halt_stops: Literal["trading", "transfers"]
    licensed_executors: bool
    redemption: Literal["whole_shares", "fractional"]

    @field_validator("allowed_classes")
    @classmethod
    def _known_classes(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in _CLASSES:
                raise ValueError(f"{name!r} is no investor class; the classes are {', '.join(_CLASSES)}")
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is named twice: remove one")
        return sorted(names, key=_CLASSES.index)

    @property
    def classes_mask(self) -> int:
        """Bit mask of the classes that may receive."""
        return sum(1 << InvestorClass[name.upper()] for name in self.allowed_classes)

    @property
    def policy(self) -> Policy:
        """The policy flags of the token's control word."""
        flags = Policy(0)
        if not self.licensed_executors:
            flags |= Policy.ANY_EXECUTOR
        if self.lapse_stops == "trading":
            flags |= Policy.LAPSE_STOPS_TRADING_ONLY
        if self.halt_stops == "trading":
            flags |= Policy.HALT_STOPS_TRADING_ONLY
        if self.redemption == "fractional":
            flags |= Policy.FRACTIONAL_REDEMPTION
        return flags


class CustodyRules(_Rules):
    """A token's custody terms: business days, seconds, and shares as a decimal string."""

    max_position_age_business_days: int = Field(ge=1, le=250)
    redemption_deadline_seconds: _Seconds
    deposit_cap_shares: str

    @field_validator("deposit_cap_shares")
    @classmethod
    def _a_number_of_shares(cls, shares: str) -> str:
        try:
            units = to_units(shares)
        except InputError as error:
            raise ValueError(str(error)) from None
        if units >= 2**96:
            raise ValueError("no deposit can be that large")
        return shares

    @property
    def terms(self) -> tuple[int, int, int]:
        """The ledger's `Terms`: cap in 18-decimal shares, age in business days, redemption period in seconds."""
        return to_units(self.deposit_cap_shares), self.max_position_age_business_days, self.redemption_deadline_seconds


class ClockRules(_Rules):
    """What must pass before anything trades: seconds from the record on chain."""

    notice_seconds: _Seconds
    objection_seconds: _Seconds


class MarketRules(_Rules):
    """Relayed halts, and how far the extended hours of the market reach before the opening and after the close."""

    relay_quorum: int = Field(ge=1, le=255)
    heartbeat_seconds: _Seconds
    extended_before_minutes: _Minutes
    extended_after_minutes: _Minutes

    @property
    def rules(self) -> tuple[int, int]:
        """The market's `Rules`."""
        return self.relay_quorum, self.heartbeat_seconds


class ReportingRules(_Rules):
    """When a record is late: seconds from its event to its acknowledgement (`stockade-report late`)."""

    deadline_seconds: _Seconds


class RegulatorRules(_Rules):
    """What the regulator's own key may do, beyond acknowledging reports and lifting the FORCE pause."""

    may_suspend: bool


class Profile(_Rules):
    """One regime's rules. Times are UTC, in whole seconds."""

    id: _Text
    title: _Text
    source: _Text
    document: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    valid_from: datetime
    valid_until: datetime
    token: TokenRules
    custody: CustodyRules
    clocks: ClockRules
    market: MarketRules
    reporting: ReportingRules
    regulator: RegulatorRules

    @field_validator("valid_from", "valid_until")
    @classmethod
    def _zoned(cls, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("a time needs its zone, e.g. 2031-09-17T00:00:00Z")
        moment = moment.astimezone(UTC)
        if moment.microsecond or not 1970 < moment.year < 2106:
            raise ValueError("a time is a whole second between 1971 and 2105")
        return moment

    @model_validator(mode="after")
    def _in_order(self) -> Profile:
        if self.valid_from >= self.valid_until:
            raise ValueError("valid_from must be before valid_until")
        return self

    @property
    def period(self) -> tuple[int, int]:
        """valid_from and valid_until in seconds UTC."""
        return int(self.valid_from.timestamp()), int(self.valid_until.timestamp())

    @property
    def canonical(self) -> str:
        """Values and sources as JSON in one form only (RFC 8785): keys sorted, no spaces, times in UTC with a Z. How
        the file is wrapped, ordered or commented leaves no trace in it.
        """
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """The SHA-256 of `canonical` in UTF-8, as 0x text: what stands on chain with the exemption."""
        return "0x" + hashlib.sha256(self.canonical.encode()).hexdigest()

    def terms(self, effective_from: int = 0) -> tuple[str, str, int, int, int, int, int]:
        """The exemption's `Terms`, from a second (UTC) on; one that has passed means at once."""
        clocks = self.clocks
        period = (*self.period, effective_from)
        return self.document, self.hash, *period, clocks.notice_seconds, clocks.objection_seconds


def load(name: str) -> Profile:
    """A shipped profile by its name, or any other by the path of its file.

    Raises InputError naming the file, the key and the remedy.
    """
    if name in SHIPPED:
        content = resources.files("stockade.profiles").joinpath(f"{name}.toml").read_bytes()
        return parse(content, f"profile {name}")
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(
            f"There is no profile {name!r}: choose {', '.join(SHIPPED)}, or give the path of a .toml file."
        )
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def parse(content: bytes, where: str) -> Profile:
    """A profile from a file's bytes; `where` names it in errors."""
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{where} cannot be read as TOML: {error}.") from None
    try:
        return Profile(**values)
    except ValidationError as error:
        raise InputError(sentences(where, error)) from None


def differences(one: Profile, other: Profile) -> list[tuple[Rule, Rule]]:
    """What two profiles say differently, sources included, in the order of the file. Empty when their hashes agree."""
    return [pair for pair in zip(one.values(), other.values(), strict=True) if pair[0] != pair[1]]


def schema() -> dict[str, Any]:
    """The JSON Schema of a profile. It cannot say all that `parse` asks: that times have a zone and are in order."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Profile.model_json_schema()}


def sentences(where: str, error: ValidationError) -> str:
    """What is wrong with a file, for people: one clause for each key. Entries of a list are counted from 1."""
    return "; ".join(_sentence(where, dict(problem)) for problem in error.errors()) + "."


def _sentence(where: str, problem: dict[str, Any]) -> str:
    key = "".join(f" {part + 1}" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key {key}: remove it, or correct its spelling"
    if problem["type"] == "missing":
        return f"{where}: key {key} is missing: add it"
    text = str(problem["ctx"]["error"] if problem["type"] == "value_error" else problem["msg"]).rstrip(".")
    return f"{where}: key {key}: {text}" if key else f"{where}: {text}"
