"""Suite plans: the TOML file that says what a suite starts with (examples/suite.toml explains every key).

Unknown keys are an error, so that a misspelt role is never silently nobody's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from eth_utils.address import is_address, is_checksum_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from stdnum import lei as lei_number
from stdnum.exceptions import ValidationError as NumberError

from stockade import profiles
from stockade.deploy import Custodian, Plan
from stockade.errors import InputError
from stockade.listing import Document, Share, read_listings
from stockade.records import LOST, ZERO_ADDRESS, Role
from stockade.suite import read_toml

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


def _an_address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text!r} is no address: give 0x and 40 hex digits")
    if text == ZERO_ADDRESS:
        raise ValueError("the zero address belongs to nobody: give an account")
    if not is_checksum_address(text):
        raise ValueError(f"{text} lacks its EIP-55 checksum: if you trust it, write {to_checksum_address(text)}")
    return text


def _an_lei(text: str) -> str:
    try:
        lei_number.validate(text)
    except NumberError:
        raise ValueError(f"{text!r} is no LEI, its check digits do not hold: look it up and correct it") from None
    if len(text) != 20 or not text.isalnum() or text != text.upper():
        raise ValueError(f"{text!r} is no LEI: give its 20 characters, without spaces, in capitals")
    return text


def _a_hash(value: object) -> object:
    """Hex text to bytes; TOML has no bytes of its own."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("give a hash as 0x and 64 hex digits")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise ValueError("give a hash as 0x and 64 hex digits") from None


_Address = Annotated[str, AfterValidator(_an_address)]
_Name = Annotated[str, Field(min_length=1)]


class _Attestor(BaseModel):
    model_config = _STRICT

    account: _Address
    kind: Literal["key", "contract"]


class _Custodian(BaseModel):
    model_config = _STRICT

    name: _Name
    lei: Annotated[str, AfterValidator(_an_lei)]
    threshold: int = Field(ge=1)
    attestors: list[_Attestor] = Field(min_length=1, max_length=255)

    @model_validator(mode="after")
    def _a_quorum(self) -> _Custodian:
        accounts = [attestor.account for attestor in self.attestors]
        if twice := _repeated(accounts):
            raise ValueError(f"attestor {twice} is named twice: each has one vote")
        if self.threshold > len(accounts):
            raise ValueError(f"threshold {self.threshold} is more than its {len(accounts)} attestors: lower it")
        return self


class _Registrar(BaseModel):
    model_config = _STRICT

    name: _Name
    number: int = Field(ge=1, lt=LOST)
    account: _Address


class _Listings(BaseModel):
    model_config = _STRICT

    file: str
    tickers: list[str]


class _Document(BaseModel):
    model_config = _STRICT

    ticker: str
    name: str
    uri: str
    hash: Annotated[bytes, BeforeValidator(_a_hash)]


class _SuitePlan(BaseModel):
    """The file as it is written."""

    model_config = _STRICT

    profile: str
    chain_ids: list[int] = Field(min_length=1)
    roles: dict[str, list[_Address]]
    registrar: list[_Registrar] = []
    custodian: list[_Custodian] = []
    listings: _Listings | None = None
    document: list[_Document] = []

    @model_validator(mode="after")
    def _consistent(self) -> _SuitePlan:
        grantable = [role.name for role in Role if role is not Role.REGISTRAR]
        for name, accounts in self.roles.items():
            if name == Role.REGISTRAR.name:
                raise ValueError("roles.REGISTRAR: every [[registrar]] has this role: add an entry there instead")
            if name not in grantable:
                raise ValueError(f"roles.{name} is no role: the roles are {', '.join(grantable)}")
            if twice := _repeated(accounts):
                raise ValueError(f"roles.{name} names {twice} twice: remove one")
        if (admins := len(self.roles.get(Role.ADMIN.name, ()))) != 1:
            raise ValueError(f"roles.ADMIN names {admins} accounts: name one, the multisig that shall hold it")
        if twice := _repeated([registrar.account for registrar in self.registrar]):
            raise ValueError(f"registrar account {twice} is named twice: an account writes under one number")
        names: dict[int, str] = {}
        for each in self.registrar:
            if (first := names.setdefault(each.number, each.name)) != each.name:
                raise ValueError(f"registrar number {each.number} is named {first!r} and {each.name!r}: keep one")
        if twice := _repeated([custodian.lei for custodian in self.custodian]):
            raise ValueError(f"custodian lei {twice} is named twice: remove one")
        return self


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises InputError naming file, key and remedy."""
    try:
        written = _SuitePlan(**read_toml(path))
    except ValidationError as error:
        raise InputError(profiles.sentences(str(path), error)) from None

    roles = {Role[name]: tuple(accounts) for name, accounts in written.roles.items() if accounts}
    if written.registrar:
        roles[Role.REGISTRAR] = tuple(registrar.account for registrar in written.registrar)
    shares = _shares(path, written.listings)
    return Plan(
        profile=profiles.load(_beside(path, written.profile) if written.profile.endswith(".toml") else written.profile),
        roles=roles,
        registrars={registrar.account: registrar.number for registrar in written.registrar},
        registrar_names={registrar.account: registrar.name for registrar in written.registrar},
        custodians=tuple(
            Custodian(each.name, each.lei, each.threshold, tuple((a.account, a.kind) for a in each.attestors))
            for each in written.custodian
        ),
        shares=shares,
        documents=_documents(path, written.document, {share.ticker for share in shares}),
        chain_ids=tuple(written.chain_ids),
    )


def _shares(path: Path, listings: _Listings | None) -> tuple[Share, ...]:
    if listings is None:
        return ()
    file = _beside(path, listings.file)
    known = read_listings(Path(file))
    if twice := _repeated(listings.tickers):
        raise InputError(f"{path}: key listings.tickers: {twice} is named twice: remove one.")
    for ticker in listings.tickers:
        if ticker not in known:
            raise InputError(f"{path}: key listings.tickers: {file} has no {ticker!r}: it has {', '.join(known)}.")
    return tuple(known[ticker] for ticker in listings.tickers)


def _documents(path: Path, written: list[_Document], tickers: set[str]) -> tuple[tuple[str, Document], ...]:
    found = []
    for each in written:
        if each.ticker not in tickers:
            raise InputError(
                f"{path}: key document.ticker: the plan lists no {each.ticker!r}: add it to listings.tickers."
            )
        try:
            found.append((each.ticker, Document.given(each.name, each.uri, each.hash)))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    return tuple(found)


def _beside(path: Path, name: str) -> str:
    """A path written in the plan, relative to it."""
    return str(path.parent / name)


def _repeated(values: list[str]) -> str | None:
    return next((value for place, value in enumerate(values) if value in values[:place]), None)
