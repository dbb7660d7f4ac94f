"""Rule profiles: what a regime asks, as parameters. The contracts are the same under every profile.

A profile is a TOML file; those that ship are `us-tsv`, `article-2026-05` and `open`. Its hash stands on chain with the
exemption. Unknown keys are an error, so that a misspelt rule is never silently absent.
"""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stockade.errors import InputError
from stockade.records import InvestorClass, Policy, to_units

SHIPPED = ("us-tsv", "article-2026-05", "open")

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
_Seconds = Annotated[int, Field(gt=0, lt=2**32)]


class TokenRules(BaseModel):
    """What a token under the profile admits, and what stops it."""

    model_config = _STRICT

    allowed_classes: list[str] = Field(min_length=1)
    lapse_stops: Literal["trading", "transfers"]
    halt_stops: Literal["trading", "transfers"]
    licensed_executors: bool
    redemption: Literal["whole_shares", "fractional"]

    @field_validator("allowed_classes")
    @classmethod
    def _known_classes(cls, names: list[str]) -> list[str]:
        for name in names:
            if name.upper() not in InvestorClass.__members__:
                known = ", ".join(member.lower() for member in InvestorClass.__members__)
                raise ValueError(f"{name!r} is no investor class; the classes are {known}")
        return names

    @property
    def classes_mask(self) -> int:
        """Bit mask of the classes that may receive."""
        return sum(1 << InvestorClass[name.upper()] for name in set(self.allowed_classes))

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


class CustodyRules(BaseModel):
    """A token's custody terms: seconds, and shares as a decimal string."""

    model_config = _STRICT

    max_position_age_seconds: _Seconds
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
        """The ledger's `Terms`: cap in 18-decimal shares, maximum age and redemption period in seconds."""
        return to_units(self.deposit_cap_shares), self.max_position_age_seconds, self.redemption_deadline_seconds


class RegulatorRules(BaseModel):
    """What the regulator's own key may do, beyond acknowledging reports and lifting the FORCE pause."""

    model_config = _STRICT

    may_suspend: bool


class Profile(BaseModel):
    """One regime's rules. Times are UTC."""

    model_config = _STRICT

    id: str
    title: str
    source: str
    document: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    valid_from: datetime
    valid_until: datetime
    token: TokenRules
    custody: CustodyRules
    regulator: RegulatorRules
    hash: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]

    @field_validator("valid_from", "valid_until")
    @classmethod
    def _zoned(cls, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("a time needs its zone, e.g. 2031-09-17T00:00:00Z")
        return moment.astimezone(UTC)

    @model_validator(mode="after")
    def _in_order(self) -> Profile:
        if self.valid_from >= self.valid_until:
            raise ValueError("valid_from must be before valid_until")
        return self

    @property
    def period(self) -> tuple[int, int]:
        """valid_from and valid_until in seconds UTC."""
        return int(self.valid_from.timestamp()), int(self.valid_until.timestamp())


def load(name: str) -> Profile:
    """A shipped profile by its name, or any other by the path of its file.

    `hash` is the SHA-256 of the file's bytes. Raises InputError naming the file, the key and the remedy.
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
    if "hash" in values:
        raise InputError(f"{where}: unknown key hash: remove it, the hash is computed.")
    try:
        return Profile(**values, hash="0x" + hashlib.sha256(content).hexdigest())
    except ValidationError as error:
        raise InputError(sentences(where, error)) from None


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
