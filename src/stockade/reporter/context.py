"""What a report must be read with: which share a token is, under which exemption, who the custodian is, what was asked.

It is learnt from earlier reports alone, entry by entry, and small: neither wallets nor holdings are in it. After a
restart, or once blocks were replaced, it is loaded again from the stored facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from eth_typing import ChecksumAddress
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, select

from stockade.market.calendar import CLOSED, DAYS_IN_WORD
from stockade.records import SentenceKind
from stockade.reporter.parties import Parties
from stockade.reporter.stored import AT_ONCE, addresses_of, entries, entries_in
from stockade.reporting.entries import (
    Attested,
    BatchWritten,
    Content,
    CustodianSet,
    DaysSet,
    Entry,
    ExemptionTerms,
    LedgerKind,
    Listed,
    ListingsKind,
    MarketKind,
    Place,
    RegistryKind,
    Request,
    Requested,
    RequestForced,
    RequestRecovered,
    TakenBack,
    Terms,
    TermsAdded,
    TermsSet,
)
from stockade.store import tables
from stockade.wire.envelope import Cusip, Instrument, Isin, Mic
from stockade.wire.fields import plain

_DAY = 86_400
# Days within which the ledger counts business days (CustodyLedger, LONGEST_AGE).
_LONGEST_AGE = 366

# What is loaded from the store. RELEASE and REJECT close requests too, and are read by hand: there are many.
_LEARNT: dict[str, tuple[int, ...]] = {
    "ListingRegistry": (ListingsKind.LISTING, ListingsKind.TERMS),
    "CustodyLedger": (
        LedgerKind.CUSTODIAN,
        LedgerKind.TERMS,
        LedgerKind.REQUEST,
        LedgerKind.REQUEST_RECOVERED,
        LedgerKind.TAKE_BACK,
        LedgerKind.FORCED,
    ),
    "MarketStatus": (MarketKind.DAYS,),
}
# What is only of use within its transaction.
_NEAR: dict[str, tuple[int, ...]] = {
    "InvestorRegistry": (RegistryKind.BATCH,),
    "CustodyLedger": (LedgerKind.ATTESTATION,),
}
# In an ATTESTATION's log: operator, time, where and how long the data is; then the sentence, whose third word is its
# kind and whose eighth is its ref.
_SENTENCE_KIND, _SENTENCE_REF = 7 * 32 - 1, slice(11 * 32, 12 * 32)


@dataclass(frozen=True)
class Share:
    """A token's share, as records say it, its market as on chain, and the number of its exemption."""

    instrument: dict[str, Any]
    mic: bytes
    exemption: int


@dataclass
class Context:
    """By token, exemption, custodian and so on. `requests`: those that are open; `batch` and `sentence`: the last of
    each, which what follows in the same transaction belongs to.
    """

    parties: Parties
    shares: dict[ChecksumAddress, Share] = field(default_factory=dict)
    versions: dict[int, list[ExemptionTerms]] = field(default_factory=dict)
    custodians: dict[int, str] = field(default_factory=dict)
    custody: dict[ChecksumAddress, Terms] = field(default_factory=dict)
    days: dict[tuple[bytes, int], int] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)
    batch: BatchWritten | None = None
    sentence: tuple[str, Attested] | None = None

    def learn(self, entry: Entry) -> None:
        """Takes in what an entry says, before its own record is made."""
        match entry.content:
            case BatchWritten() as batch:
                self.batch = batch
            case Attested() as attested:
                self.sentence = (entry.transaction, attested)
            case Listed() as listed:
                self.parties.add([listed.token])
                self.shares[listed.token] = Share(self._instrument(listed), listed.instrument.mic, listed.exemption)
            case TermsAdded(exemption, _, terms):
                self.versions.setdefault(exemption, []).append(terms)
            case CustodianSet(custodian, lei):
                self.custodians[custodian] = plain(lei)
            case TermsSet(token, terms):
                self.custody[token] = terms
            case DaysSet(mic, first, words):
                self.days |= {(mic, first + place): word for place, word in enumerate(words)}
            case Requested(number, request):
                self.requests[number] = request
            case RequestRecovered(number, holder) if number in self.requests:
                self.requests[number] = self.requests[number]._replace(holder=holder)

    def forget(self, content: Content | None) -> None:
        """Lets go of what nothing later refers to, after the record was made."""
        match content:
            case TakenBack(number) | RequestForced(number):
                self.requests.pop(number, None)
            case Attested(said) if said.kind in (SentenceKind.RELEASE, SentenceKind.REJECT):
                self.requests.pop(int.from_bytes(said.ref, "big"), None)

    # ---------------------------------------------------------------- asked by records

    def profile(self, exemption: int, moment: int) -> str | None:
        """The hash of the rule profile in force at a second (UTC): of the latest terms whose time has come
        (ListingRegistry, `_versionAt`).
        """
        versions = self.versions.get(exemption, [])
        for terms in reversed(versions):
            if terms.effective_from <= moment or terms is versions[0]:
                return "0x" + terms.profile.hex()
        return None

    def fresh_until(self, token: ChecksumAddress, as_of: int) -> int | None:
        """The first second (UTC) at which a position of `as_of` is too old for a mint, by the terms and the calendar
        known now: business days begin at 00:00 UTC, and one of which nobody has said counts (CustodyLedger, `_ageOf`).
        """
        share, terms = self.shares.get(token), self.custody.get(token)
        if share is None or terms is None:
            return None
        first, left = as_of // _DAY, terms.max_position_age
        for day in range(first + 1, first + _LONGEST_AGE + 1):
            word, place = divmod(day, DAYS_IN_WORD)
            if self.days.get((share.mic, word), 0) >> (4 * place) & 15 != CLOSED:
                left -= 1
            if left < 0:
                return day * _DAY
        return (first + _LONGEST_AGE + 1) * _DAY

    def _instrument(self, listed: Listed) -> dict[str, Any]:
        said = listed.instrument
        return Instrument(
            token=f"eip155:{self.parties.chain_id}/erc20:{listed.token.lower()}",
            symbol=plain(said.ticker),
            isin=_of_form(_ISIN, said.isin),
            cusip=_of_form(_CUSIP, said.cusip),
            mic=_of_form(_MIC, said.mic),
        ).to_json()


_ISIN, _CUSIP, _MIC = TypeAdapter[str](Isin), TypeAdapter[str](Cusip), TypeAdapter[str](Mic)


def _of_form(form: TypeAdapter[str], padded: bytes) -> str | None:
    try:
        return form.validate_python(plain(padded))
    except ValidationError:
        return None


# ---------------------------------------------------------------- from the store


def load(connection: Connection, parties: Parties, before: Place | None = None) -> Context:
    """What the stored facts say; with `before`, as it was when the entry at that place was recorded. A share is known
    from the first entry of the block that lists it: its token reports before its listing does.
    """
    context = Context(parties)
    up_to = before.block if before else None
    for contract, kinds in _LEARNT.items():
        for entry in entries(connection, contract, kinds, up_to=up_to):
            if before is None or entry.place < before or isinstance(entry.content, Listed):
                context.learn(entry)
                context.forget(entry.content)
    for number in _answered(connection, before):
        context.requests.pop(number, None)
    if before:
        for contract, kinds in _NEAR.items():
            for entry in entries_in(connection, contract, kinds, before.block):
                if entry.place < before:
                    context.learn(entry)
    return context


def _answered(connection: Connection, before: Place | None) -> Iterator[int]:
    """The requests that a custodian released or rejected."""
    it = tables.report.c
    attested = select(it.block, it.log, it.data).where(it.kind == int(LedgerKind.ATTESTATION)).order_by(it.seq)
    if before is not None:
        attested = attested.where(it.block <= before.block)
    for address in addresses_of(connection, "CustodyLedger"):
        query = attested.where(it.source == address)
        for block, log, data in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
            answers = data[_SENTENCE_KIND] in (SentenceKind.RELEASE, SentenceKind.REJECT)
            if answers and (before is None or Place(block, log) < before):
                yield int.from_bytes(data[_SENTENCE_REF], "big")
