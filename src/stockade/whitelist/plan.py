"""What a book would change on the chain, as one object and one file: made by `make_plan`, carried out by `apply`.

A plan names the block it was made against and, for every row, the record it found there. `apply` refuses a row whose
record is another by then, so what a person read and agreed to is what is written.

The file is JSON Lines: a head, a line for each row to be written, a line for each row refused, and the SHA-256 of all
lines before the last. It holds nothing secret: no investor's reference, no key, no salt.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from eth_typing import ChecksumAddress
from pydantic import Field

from stockade.errors import InputError
from stockade.records import InvestorRecord, Status
from stockade.whitelist.forms import (
    Count,
    Form,
    Hash,
    Number,
    Registrar,
    Wallet,
    Word,
    parse_form,
    read_content,
    write_content,
)

# More than a plan of 300,000 rows takes.
MAX_BYTES = 160_000_000

# Gas of a row in a large batch and of a batch besides its rows, measured (a test holds them against the contract). A
# new record fills a storage slot, every other write finds it filled.
GAS_NEW = 25_130
GAS_WRITTEN = 8_030
GAS_BATCH = 43_000

# What a batch should use at most: nine tenths of what a transaction may (EIP-7825), since `apply` measures anew.
BATCH_GAS = 15_000_000


class ChangeKind(StrEnum):
    """What a row does to its wallet's record."""

    ADD = "add"  # no registrar's record before; a freeze may stand
    CHANGE = "change"  # any field but the expiry alone
    RENEW = "renew"  # the expiry alone, to a later second
    REVOKE = "revoke"  # by its row's status, or missing from a complete book


class Refusal(StrEnum):
    """Why a row is not written."""

    REGISTRAR = "registrar"  # the record is another registrar's
    LOST = "lost"  # the wallet was declared lost, and another took over
    SANCTIONED = "sanctioned"  # on the list: COMPLIANCE is asked to freeze it
    NO_CODE = "no code"  # a POOL where no contract stands
    NO_EVIDENCE = "no evidence"  # an exported row that was edited
    MOVED = "moved"  # its record is no longer the one that the plan found; `apply` alone says so
    REVERTED = "reverted"  # the registry refuses it; `apply` alone says so


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record to be written.

    `line` is the row's line in the file, 0 for a wallet that a complete book no longer names. `before` and `after` are
    packed records (168 bits, see `records.InvestorRecord`) without the freeze, which is COMPLIANCE's and stays as it
    is; `before` is zero where no registrar's record stood. `commitment` is the row's leaf in its batch's Merkle tree
    (32 bytes, R31).
    """

    line: int
    wallet: ChecksumAddress
    kind: ChangeKind
    before: int
    after: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that is not written, and why, in a clause for people. `line` is 0 for a wallet that is in no row."""

    line: int
    wallet: ChecksumAddress
    why: Refusal
    says: str


@dataclass(frozen=True)
class Plan:
    """Everything `apply` needs.

    `block` and `block_hash` are what it was made against; `file_hash` is the SHA-256 of the book; `sanctions` names the
    version of the list that every row was held against, empty when there was none.
    """

    chain_id: int
    registry: ChecksumAddress
    registrar: int
    block: int
    block_hash: bytes
    file_hash: bytes
    complete: bool
    sanctions: str
    unchanged: int
    rows: tuple[PlannedRow, ...]
    refused: tuple[RefusedRow, ...] = ()

    @property
    def counts(self) -> dict[ChangeKind, int]:
        """How many rows of each kind."""
        found = Counter(row.kind for row in self.rows)
        return {kind: found[kind] for kind in ChangeKind}

    @property
    def batches(self) -> int:
        """About how many transactions it takes."""
        return -(-self._gas_of_rows // (BATCH_GAS - GAS_BATCH))

    @property
    def gas(self) -> int:
        """About how much gas it takes."""
        return self._gas_of_rows + self.batches * GAS_BATCH

    @property
    def _gas_of_rows(self) -> int:
        return sum(GAS_WRITTEN if row.before else GAS_NEW for row in self.rows)

    @property
    def digest(self) -> bytes:
        """The SHA-256 that ends its file: two people who see the same one hold the same plan."""
        content = hashlib.sha256()
        for line in _lines(self):
            content.update(line)
        return content.digest()


def kind_of(before: int, after: int) -> ChangeKind:
    """What a write is, from the packed record before (zero for none) and after."""
    if not before:
        return ChangeKind.ADD
    old, new = InvestorRecord.unpack(before), InvestorRecord.unpack(after)
    if new.status is Status.REVOKED and old.status is not Status.REVOKED:
        return ChangeKind.REVOKE
    mask = (1 << 40) - 1 << 64
    later = new.expires_at > old.expires_at and before & ~mask == after & ~mask
    return ChangeKind.RENEW if later else ChangeKind.CHANGE


# ---------------------------------------------------------------- the file


def save(plan: Plan, path: Path) -> bytes:
    """Writes the plan's file, whole or not at all, and returns its digest. Raises InputError when it cannot."""
    content = b"".join(_lines(plan))
    digest = hashlib.sha256(content).digest()
    write_content(path, content + _line(_End.model_construct(sha256=digest)))
    return digest


def load(path: Path) -> Plan:
    """Reads a plan's file. Raises InputError naming the line for anything that `save` would not have written."""
    content = read_content(path, MAX_BYTES)
    lines = content.removesuffix(b"\n").split(b"\n")
    head = _read(path, 1, _Head, lines[0])
    if len(lines) != head.rows + head.refused + 2:
        raise _no_plan(path, f"it has {len(lines)} lines instead of {head.rows + head.refused + 2}")
    end = _read(path, len(lines), _End, lines[-1])
    if hashlib.sha256(content[: content.rindex(lines[-1])]).digest() != end.sha256:
        raise _no_plan(path, "its content was altered: the SHA-256 at its end is another")
    rows = tuple(_planned(path, line, lines[line - 1], head) for line in range(2, head.rows + 2))
    refused = tuple(
        RefusedRow(**dict(_read(path, line, _Refused, lines[line - 1]))) for line in range(head.rows + 2, len(lines))
    )
    if len({row.wallet for row in rows} | {row.wallet for row in refused}) != len(rows) + len(refused):
        raise _no_plan(path, "a wallet is in it twice")
    fields = head.model_dump(exclude={"stockade"}) | {"block_hash": head.block_hash, "file_hash": head.file_hash}
    return Plan(**{**fields, "rows": rows, "refused": refused})


def _planned(path: Path, line: int, text: bytes, head: _Head) -> PlannedRow:
    row = PlannedRow(**dict(_read(path, line, _Row, text)))
    try:
        fits = row.kind is kind_of(row.before, row.after)
    except ValueError:
        fits = False
    if not fits or row.before == row.after or InvestorRecord.unpack(row.after).registrar != head.registrar:
        raise _no_plan(path, f"line {line}: the records do not fit the kind or the registrar")
    return row


def _lines(plan: Plan) -> Iterator[bytes]:
    """Every line but the last."""
    fields = {name: getattr(plan, name) for name in _Head.model_fields if hasattr(plan, name)}
    yield _line(_Head.model_construct(**{**fields, "rows": len(plan.rows), "refused": len(plan.refused)}))
    for row in plan.rows:
        # By hand, for there are a hundred thousand.
        yield (
            f'{{"line":{row.line},"wallet":"{row.wallet}","kind":"{row.kind}","before":"{row.before:#044x}",'
            f'"after":"{row.after:#044x}","commitment":"0x{row.commitment.hex()}"}}\n'
        ).encode()
    for refused in plan.refused:
        fields = {name: getattr(refused, name) for name in _Refused.model_fields}
        yield _line(_Refused.model_construct(**fields))


def _line(form: Form) -> bytes:
    return json.dumps(form.model_dump(mode="json"), separators=(",", ":")).encode() + b"\n"


def _read(path: Path, number: int, form: type[_Model], line: bytes) -> _Model:
    return parse_form(form, line, lambda why: _no_plan(path, f"line {number}, {why}"))


def _no_plan(path: Path, why: str) -> InputError:
    return InputError(f"{path} is no plan as `ape run whitelist plan` writes it ({why}): make it anew.")


# ---------------------------------------------------------------- its lines


class _Head(Form):
    stockade: Literal["whitelist plan 1"] = "whitelist plan 1"
    chain_id: Number
    registry: Wallet
    registrar: Registrar
    block: Number
    block_hash: Hash
    file_hash: Hash
    complete: bool
    sanctions: Annotated[str, Field(max_length=400)]
    unchanged: Count
    rows: Count
    refused: Count


class _Row(Form):
    line: Count
    wallet: Wallet
    kind: ChangeKind
    before: Word
    after: Word
    commitment: Hash


class _Refused(Form):
    line: Count
    wallet: Wallet
    why: Refusal
    says: Annotated[str, Field(max_length=400)]


class _End(Form):
    sha256: Hash


_Model = TypeVar("_Model", bound=Form)
