"""Books in memory, for tests of the whitelist."""

from __future__ import annotations

from pathlib import Path

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from stockade import whitelist

KEY = whitelist.DEVELOPMENT_KEY


def wallet_number(index: int) -> str:
    """Nobody's wallet."""
    return to_checksum_address(keccak(b"test wallet %d" % index)[12:])


def book(*rows: whitelist.Row) -> whitelist.Book:
    return whitelist.Book(Path("book.csv"), rows, b"\x77" * 32)


def word(row: whitelist.Row) -> int:
    """The packed record that a row asks for, as registrar 1."""
    return row.record(1, KEY).pack()
