"""A book against the chain at one block: what would be written, and whether they are equal.

Compared is what stands on chain. Evidence is not: a batch's root tells no row's from another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from eth_typing import ChecksumAddress

from stockade.errors import InputError
from stockade.records import FROZEN_BIT, LOST, InvestorClass, InvestorRecord, Status
from stockade.reporting.reading import ask_many
from stockade.suite import Suite
from stockade.whitelist.evidence import commit
from stockade.whitelist.identity import investor_id
from stockade.whitelist.plan import ChangeKind, Plan, PlannedRow, Refusal, RefusedRow, kind_of
from stockade.whitelist.rows import UNKNOWN_EVIDENCE, Book, Row, RowError, RowErrors
from stockade.whitelist.sanctions import SanctionsList
from stockade.whitelist.state import Whitelist


@dataclass(frozen=True, slots=True)
class Difference:
    """One wallet of which book and chain say different things. `line` is 0 for one that is not in the book; `found` and
    `wanted` are packed records without the freeze, zero for none.
    """

    line: int
    wallet: ChecksumAddress
    found: int
    wanted: int


def make_plan(
    suite: Suite,
    state: Whitelist,
    book: Book,
    key: bytes,
    registrar: int,
    *,
    complete: bool = False,
    sanctions: SanctionsList | None = None,
) -> Plan:
    """What would make the chain's records of a registrar those of a book; nothing is signed or sent.

    With `complete`, ACTIVE records of the registrar that the book does not name are revoked. Rows that cannot be
    written are in `refused`; another registrar's record can where it is offered to this one, and is taken over. Raises
    RowErrors when two references mean one investor, InputError for a number that no registrar has.
    """
    if registrar not in state.registrars.values():
        raise InputError(f"No account writes for registrar {registrar}: {_known(suite, state)}.")
    _check_numbers(book, key)
    listed = sanctions.wallets if sanctions else frozenset()
    rows = {row.wallet: row for row in book.rows}
    differing = list(_differences(state, book, key, registrar, complete))
    empty = _without_code(suite, state.block, [rows[each.wallet] for each in differing if each.wallet in rows])
    planned: list[PlannedRow] = []
    refused: list[RefusedRow] = []
    for each in differing:
        row = rows.get(each.wallet)
        refusal = _refusal(suite, state, each, row, registrar, listed, empty)
        if refusal:
            refused.append(RefusedRow(each.line, each.wallet, *refusal))
        else:
            leaf = commit(each.wallet, each.wanted, row.evidence if row else UNKNOWN_EVIDENCE, key)
            kind = kind_of(each.found, each.wanted)
            planned.append(PlannedRow(each.line, each.wallet, kind, each.found, each.wanted, leaf))
    refused += _standing(state, rows, registrar, listed - {each.wallet for each in differing})
    unchanged = len(rows) - len(rows.keys() & ({each.wallet for each in planned} | {each.wallet for each in refused}))
    return Plan(
        chain_id=state.chain_id,
        registry=state.registry,
        registrar=registrar,
        block=state.block,
        block_hash=state.block_hash,
        file_hash=book.hash,
        complete=complete,
        sanctions=str(sanctions) if sanctions else "",
        unchanged=unchanged,
        rows=tuple(planned),
        refused=tuple(refused),
    )


def verify(state: Whitelist, book: Book, key: bytes, registrar: int, *, complete: bool = False) -> list[Difference]:
    """Every wallet of which the chain says something else than the book; none when they are equal. With `complete`,
    the registrar's ACTIVE records that the book does not name count, too.
    """
    _check_numbers(book, key)
    return list(_differences(state, book, key, registrar, complete))


def unnamed(state: Whitelist, book: Book, registrar: int) -> list[ChecksumAddress]:
    """The registrar's ACTIVE wallets that a book does not name, as they were admitted."""
    named = {row.wallet for row in book.rows}
    return [
        wallet
        for wallet, record in state.records.items()
        if record.registrar == registrar and record.status is Status.ACTIVE and wallet not in named
    ]


# ---------------------------------------------------------------- comparing


def _differences(state: Whitelist, book: Book, key: bytes, registrar: int, complete: bool) -> Iterator[Difference]:
    for row in book.rows:
        found = _word(state.records.get(row.wallet))
        wanted = row.record(registrar, key).pack()
        if found != wanted:
            yield Difference(row.line, row.wallet, found, wanted)
    if complete:
        for wallet in unnamed(state, book, registrar):
            found = _word(state.records[wallet])
            yield Difference(0, wallet, found, found & ~0x7F | Status.REVOKED)


def _word(record: InvestorRecord | None) -> int:
    """Without the freeze; zero when no registrar wrote it."""
    return record.pack() & ~FROZEN_BIT if record and record.status else 0


def _check_numbers(book: Book, key: bytes) -> None:
    """No two references give one number: one in 3.7 billion books, and those that mix references and numbers."""
    numbers: dict[int, Row] = {}
    errors = []
    for row in book.rows:
        first = numbers.setdefault(investor_id(row.investor_ref, key), row)
        if first.investor_ref != row.investor_ref:
            fault = f"gives the same number on chain as {first.investor_ref} in row {first.line}"
            errors.append(
                RowError(row.line, "investor_ref", row.investor_ref, fault, "give one investor one reference")
            )
    if errors:
        raise RowErrors(book.path, errors)


# ---------------------------------------------------------------- refusing


def _refusal(
    suite: Suite,
    state: Whitelist,
    each: Difference,
    row: Row | None,
    registrar: int,
    listed: frozenset[ChecksumAddress],
    empty: frozenset[ChecksumAddress],
) -> tuple[Refusal, str] | None:
    owner = each.found >> 48 & 0xFFFF
    if each.wallet in listed:
        return _SANCTIONED
    if owner == LOST:
        return Refusal.LOST, "was declared lost, and another wallet took over: take the row out of the book for good"
    if owner not in (0, registrar) and state.offers.get(each.wallet) != registrar:
        who = suite.registrar(owner)
        return Refusal.REGISTRAR, f"belongs to {who}: take the row out, or have them offer it (whitelist offer)"
    if each.wallet in empty:
        return Refusal.NO_CODE, "is of class pool, and no contract stands there: deploy it first, or correct the class"
    if row and not row.evidence and kind_of(each.found, each.wanted) is not ChangeKind.REVOKE:
        return Refusal.NO_EVIDENCE, "would be written without evidence: give the hash of the holder's file"
    return None


# How the code of a key's account begins that lends another's.
_LENT = bytes.fromhex("ef0100")

_SANCTIONED = Refusal.SANCTIONED, "is on the sanctions list: COMPLIANCE is asked to freeze it"


def _standing(
    state: Whitelist, rows: Mapping[ChecksumAddress, Row], registrar: int, listed: frozenset[ChecksumAddress]
) -> Iterator[RefusedRow]:
    """Wallets on the list that no row would change, but that stand there as this registrar's and are not frozen: even
    a REVOKED one could still redeem.
    """
    for wallet in sorted(listed):
        record = state.records.get(wallet)
        if record and record.registrar == registrar and not record.frozen:
            yield RefusedRow(rows[wallet].line if wallet in rows else 0, wallet, *_SANCTIONED)


def _without_code(suite: Suite, block: int, rows: Sequence[Row]) -> frozenset[ChecksumAddress]:
    """The pools among the rows where no contract stands, nor a key that only lends the code of one (EIP-7702). A
    platform may be a key or a contract.
    """
    pools = [row.wallet for row in rows if row.investor_class is InvestorClass.POOL and row.status is Status.ACTIVE]
    codes = ask_many(suite.w3, [partial(suite.w3.eth.get_code, pool, block) for pool in pools])
    return frozenset(pool for pool, code in zip(pools, codes, strict=True) if not code or bytes(code).startswith(_LENT))


def _known(suite: Suite, state: Whitelist) -> str:
    known = [suite.registrar(number) for number in sorted({*state.registrars.values()})]
    return f"the suite has {', '.join(known)}" if known else "the suite has none"
