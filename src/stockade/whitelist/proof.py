"""Proving to a third party that one row of a holder file was part of a batch on chain (R31), and checking such a proof.

A proof shows wallet, record, the hash of the evidence and that row's salt; of the other rows it shows hashes alone. It
is made from the book as it was applied: when evidence of other rows of the batch has changed since, or rows have left
the book, their commitments stand in the plan that was applied.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from eth_typing import ChecksumAddress
from pydantic import Field

from stockade import merkle
from stockade.errors import InputError, StockadeError
from stockade.records import FROZEN_BIT
from stockade.reporting.entries import BatchWritten, Entry, RecordWritten
from stockade.reporting.reading import Progress, no_progress
from stockade.suite import Suite
from stockade.whitelist.evidence import NO_EVIDENCE, commit, commitment, salt_of
from stockade.whitelist.forms import (
    Count,
    Form,
    Hash,
    Number,
    Wallet,
    Word,
    parse_form,
    read_content,
    write_content,
)
from stockade.whitelist.plan import Plan
from stockade.whitelist.rows import Book
from stockade.whitelist.state import batches

# A batch of 65,535 rows, more than a block holds, needs 16 neighbours.
_MOST_NEIGHBOURS = 32


@dataclass(frozen=True)
class Proof:
    """One row and its way to the root of its batch. `record` is packed and without the freeze; `batch` the number of
    the batch's report in the registry's stream, `block` and `transaction` where it stands.
    """

    chain_id: int
    registry: ChecksumAddress
    batch: int
    block: int
    transaction: str
    wallet: ChecksumAddress
    record: int
    evidence: bytes
    salt: bytes
    proof: tuple[bytes, ...]
    root: bytes


def make_proof(
    suite: Suite,
    book: Book,
    key: bytes,
    wallet: ChecksumAddress,
    plan: Plan | None = None,
    progress: Progress = no_progress,
) -> Proof:
    """Proves the wallet's latest record. The other rows' commitments are those of `plan`, which was applied then, and
    the book's for rows that are not in it. Raises InputError when there is no such record, or the batch's root is
    another than these rows give.
    """
    found = None
    for batch, rows in batches(suite, progress=progress):
        if wallet in {_row(entry).wallet for entry in rows}:
            found = batch, rows
    if not found:
        raise InputError(f"{wallet} has no record that a registrar wrote: there is nothing to prove.")
    batch, rows = found
    known = {row.wallet: row.evidence or NO_EVIDENCE for row in book.rows}
    evidence = known.get(wallet, NO_EVIDENCE)
    record = next(_word(entry) for entry in rows if _row(entry).wallet == wallet)
    leaf = commit(wallet, record, evidence, key)
    planned = {(row.wallet, row.after): row.commitment for row in plan.rows} if plan else {}
    leaves = [
        planned.get((of := _row(entry).wallet, _word(entry)))
        or commit(of, _word(entry), known.get(of, NO_EVIDENCE), key)
        for entry in rows
    ]
    root = _root(batch)
    if merkle.root(leaves) != root:
        missing = sum(_row(entry).wallet not in known for entry in rows)
        raise InputError(
            f"The {len(rows)} rows of the batch that wrote {wallet} (report {batch.seq}, transaction "
            f"{batch.transaction}) do not give its root: {missing} of them are not in {book.path}, or evidence or key "
            "is another than when it was applied. Give that book, or the plan that was applied (--plan)."
        )
    return Proof(
        chain_id=suite.deployment.chain_id,
        registry=suite.registry.address,
        batch=batch.seq,
        block=batch.place.block,
        transaction=batch.transaction,
        wallet=wallet,
        record=record,
        evidence=evidence,
        salt=salt_of(wallet, record, evidence, key),
        proof=merkle.prove(leaves, leaf),
        root=root,
    )


def check_proof(suite: Suite, proof: Proof, progress: Progress = no_progress) -> Entry:
    """The report of the batch that the proof belongs to, when it holds: without any key, against the chain. Raises
    StockadeError saying what does not hold.
    """
    if (proof.chain_id, proof.registry) != (suite.deployment.chain_id, suite.registry.address):
        raise InputError(
            f"The proof is of registry {proof.registry} on chain {proof.chain_id}, and this is another: choose the "
            "--network it was made on."
        )
    leaf = commitment(proof.wallet, proof.record, proof.evidence, proof.salt)
    if merkle.root_of(leaf, proof.proof) != proof.root:
        raise StockadeError("The proof does not hold: wallet, record, evidence and salt do not lead to its root.")
    found = None
    for batch, rows in batches(suite, progress=progress):
        if batch.seq == proof.batch:
            found = batch, {(_row(entry).wallet, _word(entry)) for entry in rows}
    if not found or _root(found[0]) != proof.root or found[0].transaction != proof.transaction:
        raise StockadeError("The proof does not hold: no such batch with this root stands on chain.")
    if (proof.wallet, proof.record) not in found[1]:
        raise StockadeError("The proof does not hold: the batch on chain wrote another record for the wallet.")
    return found[0]


def save_proof(proof: Proof, path: Path) -> None:
    """Writes a proof as JSON. Raises InputError when it cannot."""
    values = {field.name: getattr(proof, field.name) for field in fields(Proof)}
    form = _Proof.model_construct(**{**values, "proof": list(proof.proof)})
    write_content(path, form.model_dump_json(indent=2).encode("ascii") + b"\n")


def read_proof(path: Path) -> Proof:
    """Reads it. Raises InputError for anything else."""
    content = read_content(path, 1_000_000)
    form = parse_form(_Proof, content, lambda why: InputError(f"{path} is no proof of a row ({why}): ask for another."))
    values = {name: getattr(form, name) for name in _Proof.model_fields if name != "stockade"}
    return Proof(**{**values, "proof": tuple(form.proof)})


class _Proof(Form):
    stockade: Literal["whitelist proof 1"] = "whitelist proof 1"
    chain_id: Number
    registry: Wallet
    batch: Count
    block: Number
    transaction: Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
    wallet: Wallet
    record: Word
    evidence: Hash
    salt: Hash
    proof: Annotated[list[Hash], Field(max_length=_MOST_NEIGHBOURS)]
    root: Hash


def _row(entry: Entry) -> RecordWritten:
    assert isinstance(entry.content, RecordWritten)  # noqa: S101  `batches` yields no others
    return entry.content


def _word(entry: Entry) -> int:
    return _row(entry).record.pack() & ~FROZEN_BIT


def _root(batch: Entry) -> bytes:
    assert isinstance(batch.content, BatchWritten)  # noqa: S101  `batches` yields no others
    return batch.content.evidence_root
