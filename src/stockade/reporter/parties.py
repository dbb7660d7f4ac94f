"""Pseudonyms: an account that is no contract of the suite leaves only as HMAC-SHA256 under the reporter's secret key.

Equal accounts of one chain have equal references, and nothing else can be read from one. Whoever holds the key can find
an account again by trying all that the store knows (`resolve`), after it was written down who asked and why.
"""

from __future__ import annotations

import hmac
import os
import re
import time
from collections.abc import Iterable, Iterator

from eth_typing import ChecksumAddress
from sqlalchemy import Connection, insert, select

from stockade.errors import InputError
from stockade.reporter.stored import entries
from stockade.reporting.entries import (
    AttestorsSet,
    AuthorityKind,
    FunctionMapped,
    LedgerKind,
    Scheduled,
    Settled,
)
from stockade.store import Store, tables

KEY = "STOCKADE_PARTY_KEY"

# What the key's print is made of. An account's message has 52 bytes: no print is a reference.
_PRINTED = b"stockade: the key that names wallets"

_REFERENCE = re.compile(r"p_[0-9a-f]{32}")


class Parties:
    """References of one chain's accounts under one key. `contracts`: the suite's own, which leave in clear; more may
    come.
    """

    def __init__(self, key: bytes, chain_id: int, contracts: Iterable[ChecksumAddress] = ()) -> None:
        self._key, self._chain = key, chain_id.to_bytes(32, "big")
        self.chain_id = chain_id
        self._clear: dict[ChecksumAddress, str] = {}
        self.add(contracts)

    def __repr__(self) -> str:
        return f"Parties(chain {self.chain_id}, {len(self._clear)} contracts)"

    @property
    def key_print(self) -> str:
        """HMAC-SHA256 of a fixed text: tells keys apart, and nothing of the key (0x text)."""
        return "0x" + hmac.digest(self._key, _PRINTED, "sha256").hex()

    def add(self, contracts: Iterable[ChecksumAddress]) -> None:
        """More contracts of the suite: tokens, as they are listed."""
        self._clear |= {address: self.in_clear(address) for address in contracts}

    def in_clear(self, address: ChecksumAddress) -> str:
        """An address as CAIP-10, for what may be named."""
        return f"eip155:{self.chain_id}:{address.lower()}"

    def reference(self, address: ChecksumAddress) -> str:
        """The pseudonym: `p_` and 16 bytes of HMAC-SHA256 over the chain's id (32 bytes) and the address."""
        message = self._chain + bytes.fromhex(address[2:])
        return "p_" + hmac.digest(self._key, message, "sha256")[:16].hex()

    def account(self, address: ChecksumAddress) -> str:
        """A contract of the suite in clear, any other account as its pseudonym."""
        return self._clear.get(address) or self.reference(address)


def party_key() -> bytes:
    """The secret key of the environment. Raises InputError, which never shows it."""
    value = os.environ.get(KEY, "").removeprefix("0x")
    if not re.fullmatch(r"([0-9a-fA-F]{2}){32,}", value):
        fault = "does not hold at least 32 bytes as hex digits" if value else "is not set"
        raise InputError(
            f"{KEY} {fault}: give the reporter's secret key for wallets there, and keep it, for another key gives each "
            "wallet another reference (a new one: `openssl rand -hex 32`)."
        )
    return bytes.fromhex(value)


# ---------------------------------------------------------------- finding an account again

# Kinds of report that name accounts beside those in the table's columns.
_MORE_NAMED: dict[str, tuple[int, ...]] = {
    "CustodyLedger": (LedgerKind.ATTESTORS,),
    "SuiteAuthority": (AuthorityKind.FUNCTION, AuthorityKind.SETTLED, AuthorityKind.SCHEDULED),
}


def resolve(store: Store, key: bytes, party: str, who: str, reason: str, at: int | None = None) -> ChecksumAddress:
    """The account behind a reference. Who asked and why is written down first, whether or not there is an answer.

    `at`: milliseconds UTC, now by default. Raises InputError for what is no reference, for a question without name or
    reason, and where no account of the store has the reference.
    """
    if not _REFERENCE.fullmatch(party):
        raise InputError("The party is no reference: give p_ and 32 hex digits, as a record has it.")
    for name, said in (("who asks", who), ("why", reason)):
        if not said.strip():
            raise InputError(f"Nobody is resolved without saying {name}: give --who and --reason.")
    now = time.time_ns() // 10**6 if at is None else at
    with store.write() as connection:
        asked = insert(tables.resolution).values(party=party, who=who, reason=reason, asked_at=now)
        connection.execute(asked)
    with store.read() as connection:
        chain_id = connection.execute(select(tables.suite.c.chain_id)).scalar()
        parties = Parties(key, chain_id or 0)
        for account in _accounts(connection):
            if parties.reference(account) == party:
                return account
    raise InputError(
        f"No account in this store has the reference {party}: it is of another chain or key, or of a block that was "
        "replaced. The question was written down."
    )


def _accounts(connection: Connection) -> Iterator[ChecksumAddress]:
    """Every account that the stored reports name."""
    it = tables.report.c
    for column in (it.account, it.target, it.operator):
        yield from connection.execute(select(column).where(column.is_not(None)).distinct()).scalars()
    for contract, kinds in _MORE_NAMED.items():
        for entry in entries(connection, contract, kinds):
            match entry.content:
                case AttestorsSet(_, removed, added):
                    yield from removed
                    yield from (account for account, _ in added)
                case FunctionMapped(account) | Settled(account) | Scheduled(target=account):
                    yield account
