"""From a book to the chain: compare, try every batch, then write.

Nothing is sent before every batch has passed a dry run, so another registrar's row or a missing role stops the whole
book. When the connection breaks between two batches, apply the book again: rows that stand already are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector
from web3.contract.contract import ContractFunction

from stockade.chain import TRANSACTION_GAS_LIMIT, Signer, ask
from stockade.errors import InputError, Refused
from stockade.records import LOST, InvestorRecord
from stockade.suite import Suite
from stockade.whitelist.evidence import commit, evidence_root
from stockade.whitelist.rows import Book, Row, RowError, RowErrors

BATCH_SIZE = 200

# A new record costs about 25,400 gas in a large batch: 600 stay below the 16,777,216 that one transaction may use.
MAX_BATCH_SIZE = 600


@dataclass(frozen=True)
class Change:
    """What one row would change. `before` is all zero for a new wallet; a freeze stays on whatever `after` says."""

    row: Row
    before: InvestorRecord
    after: InvestorRecord


@dataclass(frozen=True)
class Batch:
    """One transaction that passed its dry run; `gas` as the node measured it."""

    changes: tuple[Change, ...]
    call: ContractFunction
    gas: int


@dataclass(frozen=True)
class Update:
    """What a book would do to the chain, ready to be sent."""

    registrar: int
    batches: tuple[Batch, ...]
    unchanged: int

    @property
    def changes(self) -> list[Change]:
        return [change for batch in self.batches for change in batch.changes]


@dataclass(frozen=True)
class Result:
    """What was done: rows written, rows that stood already, transactions, and the gas they used."""

    written: int
    unchanged: int
    batches: int
    gas: int


def prepare(suite: Suite, account: ChecksumAddress, book: Book, key: bytes, batch_size: int = BATCH_SIZE) -> Update:
    """Compares a book with the chain and dry-runs every batch as `account`; sends nothing.

    Raises RowErrors for rows that are another registrar's, InputError for an account that may not write or a batch that
    is too large, Refused when the registry refuses for any other reason.
    """
    if not 1 <= batch_size <= MAX_BATCH_SIZE:
        raise InputError(f"A batch of {batch_size} rows is not possible: choose 1 to {MAX_BATCH_SIZE}.")
    number = registrar_number(suite, account)
    found = records_of(suite, [row.wallet for row in book.rows])
    wanted = [Change(row, before, row.record(number, key)) for row, before in zip(book.rows, found, strict=True)]
    # Evidence is not compared: it is not on chain.
    changes = [change for change in wanted if replace(change.before, frozen=False) != change.after]
    _check_owners(book, changes, number)

    batches = [
        _batch(suite, account, tuple(changes[start : start + batch_size]), key)
        for start in range(0, len(changes), batch_size)
    ]
    return Update(number, tuple(batches), len(wanted) - len(changes))


def apply(
    suite: Suite, signer: Signer, update: Update, progress: Callable[[Batch], None] = lambda batch: None
) -> Result:
    """Sends what `prepare` made, batch by batch, each waited for; `progress` hears of each one landed."""
    gas = 0
    for batch in update.batches:
        gas += suite.send(signer, batch.call)["gasUsed"]
        progress(batch)
    return Result(len(update.changes), update.unchanged, len(update.batches), gas)


def registrar_number(suite: Suite, account: ChecksumAddress) -> int:
    """The number an account writes under. Raises InputError when it has none, or not the right to write at once."""
    number: int = suite.registry.functions.registrarOf(account).call()
    if number == 0:
        raise InputError(
            f"Account {account} writes for no registrar: choose the registrar's account with --account, or let "
            "COMPLIANCE give this one a number (`ape run compliance registrar`)."
        )
    selector = function_abi_to_4byte_selector(suite.registry.get_function_by_name("setRecords").abi)
    allowed, delay = suite.authority.functions.canCall(account, suite.registry.address, selector).call()
    if not allowed:
        held = f"holds the role REGISTRAR only with a delay of {delay} seconds" if delay else "lacks the role REGISTRAR"
        raise InputError(
            f"Account {account} writes for registrar {number} but {held}: let KEY_ADMIN grant it without a delay."
        )
    return number


def records_of(suite: Suite, wallets: list[ChecksumAddress]) -> Iterator[InvestorRecord]:
    """The records of many wallets, three in a call."""
    for start in range(0, len(wallets), 3):
        some = wallets[start : start + 3]
        a, b, c = (some + some[-1:] * 2)[:3]
        words = suite.registry.functions.recordsOf(a, b, c).call()
        yield from (InvestorRecord.unpack(word) for word in words[: len(some)])


def _check_owners(book: Book, changes: Sequence[Change], number: int) -> None:
    """Names every row of another registrar at once; the registry itself would name the first of a batch."""
    errors = []
    for change in changes:
        if (owner := change.before.registrar) in (0, number):
            continue
        fault = f"belongs to registrar {owner}, and this account writes for registrar {number}"
        remedy = f"take the row out, or ask registrar {owner}"
        if owner == LOST:
            fault, remedy = "was declared lost, and another wallet took over", "take the row out of the book for good"
        errors.append(RowError(change.row.line, "wallet", change.row.wallet, fault, remedy))
    if errors:
        raise RowErrors(book.path, errors)


def _batch(suite: Suite, account: ChecksumAddress, changes: tuple[Change, ...], key: bytes) -> Batch:
    call = suite.registry.functions.setRecords(
        [change.row.wallet for change in changes],
        [change.after.pack() for change in changes],
        evidence_root(commit(row.row.wallet, row.after.pack(), row.row.evidence, key) for row in changes),
    )
    try:
        gas = ask(lambda: call.estimate_gas({"from": account}))
    except Refused as refused:
        raise suite.explain(refused) from refused
    if gas > TRANSACTION_GAS_LIMIT:
        raise InputError(
            f"{len(changes)} rows would use {gas:,} gas, more than a transaction may ({TRANSACTION_GAS_LIMIT:,}): "
            "choose a smaller --batch-size."
        )
    return Batch(changes, call, gas)
