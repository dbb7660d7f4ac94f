"""The whole record: the envelope and one body, and what the two must agree on."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from stockade.reporting.entries import KINDS
from stockade.wire.bodies import Body
from stockade.wire.envelope import Action, Envelope, EventType, Finality

# How bodies name the streams of the suite's contracts.
STREAMS = {
    "ShareToken": "token",
    "InvestorRegistry": "registry",
    "CustodyLedger": "ledger",
    "ListingRegistry": "listings",
    "MarketStatus": "market",
    "SuiteAuthority": "authority",
}

_E = EventType

# Under which type of event a kind of report goes out. Where there are two, the body says which.
EVENTS: dict[str, tuple[EventType, ...]] = {
    "token.TRANSFER": (_E.TRANSFER,),
    "token.MINT": (_E.MINT,),
    "token.BURN": (_E.BURN,),
    "token.ESCROW": (_E.TRANSFER,),
    "token.GIVE_BACK": (_E.TRANSFER,),
    "token.FORCE": (_E.FORCED_TRANSFER,),
    "token.FREEZE": (_E.FREEZE, _E.UNFREEZE),
    "token.CONTROL": (_E.LISTING,),
    "token.UPGRADE": (_E.LISTING,),
    "registry.BATCH": (_E.PARTICIPANT,),
    "registry.RECORD": (_E.PARTICIPANT,),
    "registry.FREEZE": (_E.FREEZE,),
    "registry.UNFREEZE": (_E.UNFREEZE,),
    "registry.RECOVERY": (_E.PARTICIPANT,),
    "registry.REGISTRAR": (_E.AUTHORITY,),
    "registry.OFFER": (_E.PARTICIPANT,),
    "registry.ASSIGNMENT": (_E.PARTICIPANT,),
    "ledger.ATTESTATION": (_E.POSITION,),
    "ledger.REQUEST": (_E.REDEMPTION,),
    "ledger.TAKE_BACK": (_E.REDEMPTION,),
    "ledger.FORCED": (_E.REDEMPTION,),
    "ledger.REQUEST_RECOVERED": (_E.REDEMPTION,),
    "ledger.CUSTODIAN": (_E.CUSTODIAN,),
    "ledger.ATTESTORS": (_E.CUSTODIAN,),
    "ledger.TERMS": (_E.CUSTODIAN,),
    "listings.EXEMPTION": (_E.EXEMPTION,),
    "listings.TERMS": (_E.EXEMPTION,),
    "listings.NOTICE": (_E.EXEMPTION,),
    "listings.LISTING": (_E.LISTING,),
    "listings.PHASE": (_E.LISTING,),
    "listings.HALT": (_E.HALT, _E.RESUME),
    "listings.MARKET_HALT": (_E.HALT, _E.RESUME),
    "listings.DOCUMENT": (_E.LISTING,),
    "listings.REGULATOR_SUSPENSION": (_E.LISTING,),
    "listings.ISSUER_NOTICE": (_E.LISTING,),
    "listings.OBJECTION": (_E.LISTING,),
    "market.HOURS": (_E.MARKET,),
    "market.DAYS": (_E.MARKET,),
    "market.RULES": (_E.MARKET,),
    "market.INTERRUPTION": (_E.HALT, _E.RESUME),
    "market.VENUE": (_E.HALT, _E.RESUME),
    "market.HEARTBEAT": (_E.MARKET,),
    "market.VOTE": (_E.MARKET,),
    "authority.ROLE": (_E.AUTHORITY,),
    "authority.FUNCTION": (_E.AUTHORITY,),
    "authority.SETTLED": (_E.AUTHORITY,),
    "authority.ACKNOWLEDGED": (_E.AUTHORITY,),
    "authority.SCHEDULED": (_E.AUTHORITY,),
    "authority.CANCELED": (_E.AUTHORITY,),
    "authority.EXECUTED": (_E.AUTHORITY,),
    "authority.ANCHORED": (_E.AUTHORITY,),
}

# The same for what cannot be read.
UNREADABLE: dict[str, EventType] = {
    "ShareToken": _E.LISTING,
    "InvestorRegistry": _E.PARTICIPANT,
    "CustodyLedger": _E.CUSTODIAN,
    "ListingRegistry": _E.LISTING,
    "MarketStatus": _E.MARKET,
    "SuiteAuthority": _E.AUTHORITY,
}


def kind_name(contract: str, kind: int) -> str | None:
    """How bodies name a kind of report of a contract; None for one that is not known."""
    kinds = KINDS.get(contract)
    if kinds is None or kind not in kinds.__members__.values():
        return None
    return f"{STREAMS[contract]}.{kinds(kind).name}"


class Record(Envelope):
    """What is sent: one report, once PROVISIONAL or FINAL, and again for whatever became of it."""

    body: Annotated[Body, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        kind, contract = self.body.kind, self.stream.contract
        if kind not in ("unreadable", kind_name(contract, self.stream.kind)):
            raise ValueError(f"body {kind} is not what kind {self.stream.kind} of {contract} says")
        if self.event_type not in EVENTS.get(kind, (UNREADABLE.get(contract),)):
            raise ValueError(f"body {kind} is no {self.event_type}")
        refers = self.ref_record_id is not None and self.reason_code is not None
        if (self.action is not Action.NEW) != refers or (self.ref_record_id is None) != (self.reason_code is None):
            raise ValueError("only a record that corrects or cancels another refers to it and says why")
        if (self.action is Action.CANCEL) != (self.finality is Finality.REVERSED):
            raise ValueError("a record is reversed exactly when it cancels another")
        return self
