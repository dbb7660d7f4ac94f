"""From a report to the body of its record: one module for each contract. Pure: a body is made of the entry and its
context, which holds the key for parties.
"""

from __future__ import annotations

from collections.abc import Callable

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from stockade.reporter.context import Context
from stockade.reporter.telling import authority, ledger, listings, market, registry, token
from stockade.reporter.telling.told import Told
from stockade.reporting.entries import Entry
from stockade.wire.bodies import Unreadable
from stockade.wire.fields import hexed
from stockade.wire.record import UNREADABLE

_TELLERS: dict[str, Callable[[Context, Entry], Told | None]] = {
    "InvestorRegistry": registry.tell,
    "CustodyLedger": ledger.tell,
    "ListingRegistry": listings.tell,
    "MarketStatus": market.tell,
    "SuiteAuthority": authority.tell,
}


def tell(context: Context, contract: str, address: ChecksumAddress, entry: Entry, supply: int | None) -> Told:
    """What an entry of a contract of the suite says; `supply` is a token's after it, raw. One that cannot be read is
    told too, for records are counted.
    """
    is_token = contract == "ShareToken"
    told = token.tell(context, address, entry, supply or 0) if is_token else _TELLERS[contract](context, entry)
    if told is None:
        body = Unreadable(kind="unreadable", content_hash=hexed(keccak(entry.tail)))
        return Told(UNREADABLE[contract], body, token=address if is_token else None)
    return told


__all__ = ["Told", "tell"]
