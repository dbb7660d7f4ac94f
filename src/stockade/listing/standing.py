"""How one token of the suite stands now."""

from __future__ import annotations

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3.contract import Contract

from stockade.listing.documents import ascii_text
from stockade.records import Backing, Control, Phase
from stockade.suite import Suite


@dataclass(frozen=True)
class Standing:
    """A token and its listing. `supply` in raw tokens, `issued` what they are in shares, `held` in shares.

    `control.phase` is what the token goes by, `own_phase` the listing's own, before anything outranks it. The issuer of
    the share may object up to `objection_until` (seconds UTC, None before its notice is recorded); it objected at
    `objected_at`, and is_barred says whether in time.
    """

    address: ChecksumAddress
    symbol: str
    ticker: str
    isin: str
    cusip: str
    mic: str
    backing: Backing
    exemption: int
    control: Control
    own_phase: Phase
    halted_by_hand: bool
    halted_by_market: bool
    suspended_by_regulator: bool
    objection_until: int | None
    objected_at: int | None
    is_barred: bool
    supply: int
    issued: int
    held: int
    has_terms: bool


def standing(suite: Suite, token: Contract) -> Standing:
    """How a token stands now."""
    functions = suite.listings.functions
    instrument, exemption, phase, by_hand, by_market, by_regulator, until, objected_at = functions.listingOf(
        token.address
    ).call()
    isin, cusip, mic, backing, ticker = instrument
    supply = token.functions.totalSupply().call()
    return Standing(
        address=token.address,
        symbol=token.functions.symbol().call(),
        ticker=ascii_text(ticker),
        isin=ascii_text(isin),
        cusip=ascii_text(cusip),
        mic=ascii_text(mic),
        backing=Backing(backing),
        exemption=exemption,
        control=suite.control(token),
        own_phase=Phase(phase),
        halted_by_hand=by_hand,
        halted_by_market=by_market,
        suspended_by_regulator=by_regulator,
        objection_until=until or None,
        objected_at=objected_at or None,
        is_barred=functions.isBarred(token.address).call(),
        supply=supply,
        issued=token.functions.toShares(supply).call(),
        held=sum(position.held for position in suite.positions(token.address).values()),
        has_terms=bool(suite.ledger.functions.termsOf(token.address).call()[1]),
    )
