"""What a book would change on the chain, as one object and one file: made by `plan`, carried out by `apply`.

A plan names the block it was made against and, for every row, the record it found there. `apply` refuses a row whose
record is another by then, so what a person read and agreed to is what is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eth_typing import ChecksumAddress


class ChangeKind(StrEnum):
    """What a row does to its wallet's record."""

    ADD = "add"  # no registrar's record before; a freeze may stand
    CHANGE = "change"  # any field but the expiry alone
    RENEW = "renew"  # the expiry alone, to a later second
    REVOKE = "revoke"  # by its row's status, or missing from a complete book


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record to be written.

    `line` is the row's line in the file, 0 for a wallet that a complete book no longer names. `before` and `after` are
    packed records (168 bits, see `records.InvestorRecord`) without the freeze, which is COMPLIANCE's and stays as it is;
    `before` is zero where no registrar's record stood. `commitment` is the row's leaf in its batch's Merkle tree (32
    bytes, R31).
    """

    line: int
    wallet: ChecksumAddress
    kind: ChangeKind
    before: int
    after: int
    commitment: bytes


@dataclass(frozen=True)
class Plan:
    """Everything `apply` needs, and nothing secret: no investor's reference, no key, no salt.

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
