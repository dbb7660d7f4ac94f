"""A wallet's record in words, and what each token says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pycountry
from eth_typing import ChecksumAddress

from stockade.records import InvestorClass, InvestorRecord, Scope, Status, to_shares
from stockade.suite import Suite

# 9999-12-31T23:59:59Z; words know no later year, while a record may (40 bits).
LAST_SECOND = 253_402_300_799


@dataclass(frozen=True)
class Holding:
    """A wallet in one token, in the token's own words: shares as decimal strings."""

    symbol: str
    token: ChecksumAddress
    can_send: bool
    can_receive: bool
    balance: str
    frozen: str


def holdings(suite: Suite, wallet: ChecksumAddress) -> list[Holding]:
    """Asks every token of the suite."""
    found = []
    for token in suite.tokens():
        view = token.functions
        found.append(
            Holding(
                symbol=view.symbol().call(),
                token=token.address,
                can_send=view.canSend(wallet).call(),
                can_receive=view.canReceive(wallet).call(),
                balance=to_shares(view.toShares(view.balanceOf(wallet).call()).call()),
                frozen=to_shares(view.toShares(view.getFrozenTokens(wallet).call()).call()),
            )
        )
    return found


def describe(record: InvestorRecord, now: int) -> dict[str, str]:
    """A record field by field, as a person would say it at `now` (seconds UTC)."""
    if record.status is Status.NONE:
        return {"status": "FROZEN by COMPLIANCE; no registrar's record" if record.frozen else "no record"}
    return {
        "status": _status(record, now),
        "eligible until": in_words(record.expires_at),
        "investor": f"{record.investor_id:#018x}",
        "registrar": str(record.registrar),
        "country": country_name(record.country),
        "class": class_name(record.investor_class),
        "scopes": scope_names(record.scopes),
    }


def differences(before: InvestorRecord, after: InvestorRecord) -> list[str]:
    """What a write changes, field by field; everything when there was no record."""
    if before.status is Status.NONE:
        shown = (country_name(after.country), class_name(after.investor_class), scope_names(after.scopes))
        return ["new", *shown, f"until {in_words(after.expires_at)}", after.status.name]
    pairs = {
        "investor": (f"{before.investor_id:#018x}", f"{after.investor_id:#018x}"),
        "country": (country_name(before.country), country_name(after.country)),
        "class": (class_name(before.investor_class), class_name(after.investor_class)),
        "scopes": (scope_names(before.scopes), scope_names(after.scopes)),
        "until": (in_words(before.expires_at), in_words(after.expires_at)),
        "status": (before.status.name, after.status.name),
    }
    return [f"{name} {old} -> {new}" for name, (old, new) in pairs.items() if old != new]


def in_words(seconds: int) -> str:
    """A time in seconds as RFC 3339 in UTC."""
    if seconds > LAST_SECOND:
        return f"second {seconds}, after the year 9999"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def country_name(number: int) -> str:
    country = pycountry.countries.get(numeric=f"{number:03d}")
    return f"{country.name} ({country.alpha_2})" if country else f"unknown ({number})"


def class_name(number: int) -> str:
    """The class as books write it."""
    return InvestorClass(number).name.lower() if number in set(InvestorClass) else f"unknown ({number})"


def scope_names(scopes: Scope) -> str:
    """The scopes as books write them."""
    return "|".join(str(scope.name) for scope in Scope if scope in scopes) or "none"


def _status(record: InvestorRecord, now: int) -> str:
    own = record.status.name
    if record.status is Status.ACTIVE and now >= record.expires_at:
        own = "expired"
    return f"FROZEN by COMPLIANCE (beneath: {own})" if record.frozen else own
