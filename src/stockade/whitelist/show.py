"""A wallet's record in words, and what each token says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pycountry
from eth_typing import ChecksumAddress

from stockade.records import ZERO_ADDRESS, InvestorClass, InvestorRecord, Kind, Scope, Status, to_shares
from stockade.suite import Suite

# 9999-12-31T23:59:59Z; words know no later year, while a record may (40 bits).
LAST_SECOND = 253_402_300_799


@dataclass(frozen=True)
class Answer:
    """The token's own answer: code 0 when nothing stands against it, else the reason's name and sentence."""

    code: int
    reason: str = ""
    text: str = ""


@dataclass(frozen=True)
class Holding:
    """A wallet in one token, in the token's own words: what it may do, and its shares as decimal strings."""

    symbol: str
    token: ChecksumAddress
    send: Answer  # by itself
    trade: Answer  # sell or buy through a platform
    receive: Answer
    issue: Answer  # be minted to
    balance: str
    frozen: str


# Codes of a receiver, and those of an executor and of amounts beyond them (docs/reason-codes.md).
_RECEIVER = range(40, 60)
_NOBODYS = 60


def holdings(suite: Suite, wallet: ChecksumAddress) -> list[Holding]:
    """Asks every token of the suite, one step at a time, each as if nothing but the wallet stood in question."""
    said = {0: Answer(0)}

    def answer(code: int) -> Answer:
        if code not in said:
            said[code] = Answer(code, *suite.reason(code))
        return said[code]

    found = []
    for token in suite.tokens():
        view = token.functions
        # To oneself, and no shares: amounts and other wallets never matter. A stranger is no platform, so an answer
        # about the executor means that nothing stands against the holder.
        by_itself = view.restrictionOf(Kind.TRANSFER, wallet, wallet, wallet, 0).call()
        by_another = view.restrictionOf(Kind.TRANSFER, token.address, wallet, wallet, 0).call()
        received = view.restrictionOf(Kind.FORCE, token.address, wallet, wallet, 0).call()
        minted = view.restrictionOf(Kind.MINT, token.address, ZERO_ADDRESS, wallet, 1).call()
        # A pause of forced transfers stops no other receiving.
        may_receive = view.canReceive(wallet).call()
        found.append(
            Holding(
                symbol=view.symbol().call(),
                token=token.address,
                send=answer(0 if by_itself in _RECEIVER else by_itself),
                trade=answer(0 if by_another >= _NOBODYS else by_another),
                receive=answer(0 if may_receive else minted if minted in _RECEIVER else received),
                issue=answer(minted),
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
        "registrar": (str(before.registrar), str(after.registrar)),
    }
    return [f"{name} {old} -> {new}" for name, (old, new) in pairs.items() if old != new]


def in_words(seconds: int) -> str:
    """A time in seconds as RFC 3339 in UTC."""
    if seconds > LAST_SECOND:
        return f"second {seconds}, after the year 9999"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _country(number: int) -> Any:
    return pycountry.countries.get(numeric=f"{number:03d}")


def country_name(number: int) -> str:
    country = _country(number)
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
