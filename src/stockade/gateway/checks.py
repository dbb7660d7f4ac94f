"""What is asked of a record before it counts as valid: its schema, its place in its stream, what it refers to, and its
reference data. The first fault is named by code and field; a record that has one is held all the same.

Codes: SCHEMA, REPORTER, CHAIN_ID, STREAM_SEQUENCE, REFERENCE, ISIN, CUSIP, LEI, UNKNOWN_TOKEN, INSTRUMENT.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import ValidationError
from stdnum import cusip as cusip_number
from stdnum import isin as isin_number
from stdnum import lei as lei_number

from stockade.gateway.books import Books, Share
from stockade.gateway.reading import first_fault
from stockade.wire.envelope import FINALIZED, Action, Finality
from stockade.wire.record import Record

# The record bears another reporter's name than its submission.
OTHERS = "REPORTER"


class Fault(NamedTuple):
    """Why a record is not valid. `field` is a JSON pointer into it, empty for the whole."""

    code: str
    field: str
    text: str


def fault_in(record: dict[str, Any], text: str, reporter_id: str, books: Books) -> Fault | None:
    """The first fault of a record, whose canonical text is `text`; None when it is valid."""
    try:
        found = Record.read_json(text)
    except ValidationError as error:
        return Fault("SCHEMA", *first_fault(record, error))
    if found.reporter_id != reporter_id:
        return Fault(OTHERS, "/reporterId", "the record is another reporter's")
    return _chain_id(found) or _place(found, books) or _reference_data(record, found) or _instrument(found, books)


def _chain_id(record: Record) -> Fault | None:
    chain = record.stream.address.rsplit(":", 1)[0]
    if record.event_key.split("/", 1)[0] != chain:
        return Fault("CHAIN_ID", "/eventKey", f"the stream is on {chain}")
    if record.instrument and record.instrument.token.split("/", 1)[0] != chain:
        return Fault("CHAIN_ID", "/instrument/token", f"the stream is on {chain}")
    return None


# ---------------------------------------------------------------- place


def _place(record: Record, books: Books) -> Fault | None:
    return _numbered(record, books) if record.action is Action.NEW else _refers(record, books)


def _numbered(record: Record, books: Books) -> Fault | None:
    """NEW records of a stream run 1, 2, 3; a number whose record was reversed is free again."""
    stream, number = record.stream.address, record.stream.sequence
    if books.live(stream, number):
        return Fault("STREAM_SEQUENCE", "/stream/sequence", f"a record of number {number} is held")
    if number > 1 and not books.live(stream, number - 1):
        return Fault("STREAM_SEQUENCE", "/stream/sequence", f"no record of number {number - 1} is held")
    return None


def _refers(record: Record, books: Books) -> Fault | None:
    """What a record corrects or cancels is held, of the same entry, and can still be corrected or cancelled."""

    def fault(text: str, field: str = "/refRecordId") -> Fault:
        return Fault("REFERENCE", field, text)

    target = books.target(record.ref_record_id or "")
    if target is None:
        return fault("no record of this id is held")
    place = (target.stream, target.stream_seq)
    if None not in place and place != (record.stream.address, record.stream.sequence):
        return fault("the record of this id is of another entry", "/stream/sequence")
    if books.is_cancelled(target.root):
        return fault("the record of this id was cancelled")
    if record.action is Action.CANCEL and books.is_final(target.root):
        return fault("the record of this id is final")
    if record.reason_code == FINALIZED and (books.is_final(target.root) or record.finality is not Finality.FINAL):
        return fault("the record of this id is final already, or this one is not")
    return None


# ---------------------------------------------------------------- reference data


def _reference_data(record: dict[str, Any], found: Record) -> Fault | None:
    """Check digits of what identifies a share or a firm. Codes of markets have none: their form is the schema's."""
    said = found.instrument
    if said and not (said.isin and isin_number.is_valid(said.isin)):
        return Fault("ISIN", "/instrument/isin", "this is no ISIN (ISO 6166)")
    if said and said.cusip and not cusip_number.is_valid(said.cusip):
        return Fault("CUSIP", "/instrument/cusip", "this is no CUSIP")
    lei = record["body"].get("custodianId")
    if lei is not None and not lei_number.is_valid(lei):
        return Fault("LEI", "/body/custodianId", "this is no LEI (ISO 17442)")
    return None


def _instrument(record: Record, books: Books) -> Fault | None:
    """The share is the one that the token's LISTING record says. A new token reports before the listing registry does,
    so its own first records, in the block that lists it, are believed until then.
    """
    said = record.instrument
    if said is None:
        return None
    if record.body.kind == "listings.LISTING":
        told = Share(record.body.isin, record.body.cusip, record.body.mic)
    else:
        known = books.share(said.token)
        if known is None:
            first = books.live(record.stream.address, 1)
            own = said.token == record.stream.address.replace(":0x", "/erc20:0x")
            if own and (record.stream.sequence == 1 or (first and first.block == record.block.number)):
                return None
            return Fault("UNKNOWN_TOKEN", "/instrument/token", "no LISTING record of this token is held")
        told = known
    for name in Share._fields:
        if getattr(said, name) != getattr(told, name):
            return Fault("INSTRUMENT", f"/instrument/{name}", "the LISTING record of this token says another")
    return None
