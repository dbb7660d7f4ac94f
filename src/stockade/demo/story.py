"""The whole life of three listed shares, act by act: what `make demo` shows and a test runs.

Every act is done by the account whose role it is, by the same functions as the scripts, and checks what it claims.
The people are the public development accounts; the chain is a local one whose clock can be moved.
"""

from __future__ import annotations

from typing import Any

from eth_typing import ChecksumAddress

from stockade.demo import ending, opening, trading
from stockade.demo.pipe import Reported
from stockade.demo.stage import Stage
from stockade.deploy import Plan
from stockade.records import to_shares
from stockade.reporting import Verification, verify
from stockade.reporting.register import share_register
from stockade.reporting.tables import streams_table


def play(stage: Stage, plan: Plan, safe: ChecksumAddress) -> None:
    """The acts of the first three chapters in order. Raises StockadeError when something is not as the story says."""
    opening.deploy(stage, plan, safe)
    for act in (
        opening.propose,
        opening.admit,
        opening.issue,
        trading.move,
        trading.refuse,
        trading.enforce,
        trading.interrupt,
        ending.redeem,
        ending.fall_short,
        ending.amend,
        ending.lapse,
    ):
        act(stage)


def rebuilt(stage: Stage) -> Verification:
    """Everything that happened, rebuilt from the reports alone."""
    for token in stage.tokens:
        stage.check_backing(token)
    result = verify(stage.suite)
    compared = f"{sum(result.compared.values())} values rebuilt and compared: {len(result.differences)} differ"
    stage.tell(
        "Everything reported, nothing missing",
        "The state rebuilt from the reports alone, against the contracts.",
        [("rebuilt", compared)],
    )
    stage.console.print(streams_table(result))
    return result


def summary(stage: Stage, result: Verification, reported: Reported) -> dict[str, Any]:
    """The figures of `build/demo/summary.json`; amounts are decimal strings in shares."""
    block = result.block
    listing = stage.suite.listings.functions
    tokens = []
    for token in stage.tokens:
        instrument = listing.listingOf(token.address).call()[0]
        held = sum(position.held for position in stage.suite.positions(token.address).values())
        tokens.append(
            {
                "symbol": stage.symbol(token),
                "isin": instrument[0].decode(),
                "supply_shares": to_shares(stage.supply(token)),
                "attested_shares": to_shares(held),
                "holders": len(share_register(stage.suite, token, block).holders),
            }
        )
    tally = stage.tally
    return {
        "whitelisted": tally.whitelisted,
        "tokens": tokens,
        "minted_shares": to_shares(tally.minted),
        "burned_shares": to_shares(tally.burned),
        "transfers": {"accepted": tally.accepted, "refused": dict(sorted(tally.refused.items()))},
        "redemptions": {"released": tally.released, "rejected": tally.rejected, "reclaimed": tally.reclaimed},
        "streams": [
            {
                "contract": stream.contract,
                "address": stream.address,
                "records": stream.records,
                "gaps": stream.gaps,
                "chain_matches": stream.chain_matches,
            }
            for stream in result.streams
        ],
        "rebuilt_state_matches": result.rebuilt_state_matches,
        "records": reported.tally.records,
        "acked": reported.tally.acked,
        "gaps": reported.gaps,
        "verified": reported.examination.complete,
    }
