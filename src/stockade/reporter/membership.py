"""Proving that one record was made on a day whose root is on the chain, and checking such a proof without any store.

A proof is one exact text: canonical JSON with a line end. It shows the record as it was sent, hence its party
references and nothing behind them; of the day's other records it shows hashes alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection, select

from stockade import merkle
from stockade.errors import InputError, StockadeError
from stockade.reporter.anchors import (
    DAY_MS,
    DayRoot,
    anchored,
    day_name,
    day_of,
    day_roots,
    leaf_of,
    require_same,
    require_suite,
)
from stockade.store import tables
from stockade.suite import Suite
from stockade.whitelist.forms import Form, Hash, Number, Wallet, parse_form, read_content, write_content
from stockade.wire.canonical import canonical, record_id

# A day of 2**32 records, the most that an anchor counts.
_MOST_NEIGHBOURS = 32
_MOST_BYTES = 1_000_000


class Proof(Form):
    """`path`: the hashes that lead from the record's leaf to the day's root, the leaf's neighbour first. `count` and
    `last_sequence` as anchored.
    """

    stockade: Literal["record proof 1"] = "record proof 1"
    chain_id: Number
    authority: Wallet
    day: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    root: Hash
    count: Number
    last_sequence: Number
    path: Annotated[list[Hash], Field(max_length=_MOST_NEIGHBOURS)]
    record: dict[str, Any]

    @property
    def text(self) -> str:
        """The one text of it."""
        return canonical(self.model_dump(mode="json")) + "\n"


def make_proof(connection: Connection, suite: Suite, which: str) -> Proof:
    """Proves a record by its id or the reporter's own number. Raises InputError when there is no such record, or its
    day is not anchored; StockadeError when the day's records are not those that were anchored.
    """
    require_suite(connection, suite)
    row = _record(connection, which)
    day = row.recorded_at // DAY_MS
    on_chain = anchored(suite, day)
    if not on_chain.count:
        raise InputError(
            f"{day_name(day)}, when record {row.seq} was made, is not anchored: `ape run report anchor` does it once "
            "the day is over."
        )
    own = next(day_roots(connection, on_chain.last_sequence - on_chain.count, day), None)
    require_same(on_chain, own)
    it = tables.record.c
    span = it.seq.between(on_chain.last_sequence - on_chain.count + 1, on_chain.last_sequence)
    leaves = [leaf_of(identity) for identity in connection.execute(select(it.record_id).where(span)).scalars()]
    return Proof.model_construct(
        chain_id=suite.deployment.chain_id,
        authority=suite.authority.address,
        day=day_name(day),
        root=on_chain.root,
        count=on_chain.count,
        last_sequence=on_chain.last_sequence,
        path=list(merkle.prove(leaves, leaf_of(row.record_id))),
        record=json.loads(row.body),
    )


def _record(connection: Connection, which: str) -> Any:
    it = tables.record.c
    if which.isdecimal() and which.isascii() and len(which) < 19:
        same = it.seq == int(which)
    elif which.startswith("0x") and len(which) == 66 and all(char in "0123456789abcdef" for char in which[2:]):
        same = it.record_id == which
    else:
        raise InputError(f"{which!r} names no record: give its number, or its id (0x and 64 hex digits).")
    row = connection.execute(select(it.seq, it.record_id, it.recorded_at, it.body).where(same)).one_or_none()
    if row is None:
        raise InputError(f"The store has no record {which}.")
    return row


def check_proof(suite: Suite, proof: Proof) -> DayRoot:
    """What is anchored for the proof's day, when the proof holds. Raises InputError for a proof of another suite,
    StockadeError saying what does not hold.
    """
    if (proof.chain_id, proof.authority) != (suite.deployment.chain_id, suite.authority.address):
        raise InputError(
            f"The proof is of authority {proof.authority} on chain {proof.chain_id}, and this is another: give the "
            "deployment and the node of that suite."
        )
    try:
        identity, number = record_id(proof.record), proof.record["seq"]
        same = proof.record["recordId"] == identity and proof.record["recordedTime"][:10] == proof.day
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise StockadeError("The proof does not hold: the record is not the one of its id, or of another day.")
    if merkle.root_of(leaf_of(identity), proof.path) != proof.root:
        raise StockadeError("The proof does not hold: the record does not lead to its root.")
    claimed = DayRoot(day_of(proof.day), proof.root, proof.count, proof.last_sequence)
    on_chain = anchored(suite, claimed.day)
    if on_chain != claimed:
        raise StockadeError(f"The proof does not hold: the chain has {on_chain.words}.")
    if type(number) is not int or not claimed.last_sequence - claimed.count < number <= claimed.last_sequence:
        raise StockadeError("The proof does not hold: the record's number is not one of that day's.")
    return on_chain


def save_proof(proof: Proof, path: Path) -> None:
    """Writes it. Raises InputError when it cannot."""
    write_content(path, proof.text.encode())


def read_proof(path: Path) -> Proof:
    """Reads it. Raises InputError for anything else, and for another text of the same."""
    content = read_content(path, _MOST_BYTES)
    refuse = f"{path} is no proof of a record"
    proof = parse_form(Proof, content, lambda why: InputError(f"{refuse} ({why}): ask for another."))
    try:
        same = proof.text.encode() == content
    except ValueError:  # numbers that are none, text that is no UTF-8
        same = False
    if not same:
        raise InputError(f"{refuse} (not its one text): give the file as it was made, byte for byte.")
    return proof
