"""Second chapter: shares move, movements are refused, compliance acts by order, the exchange halts."""

from __future__ import annotations

from web3.contract.contract import ContractFunction

from stockade import compliance, holder
from stockade.demo.stage import (
    ALICE,
    BOB,
    CAROL,
    COMPLIANCE,
    DAVE,
    HOLD_ONLY,
    MARKET_OPERATOR,
    NO_TRADE,
    PLATFORM,
    REVOKED,
    STRANGER,
    Row,
    Stage,
)
from stockade.errors import StockadeError
from stockade.records import SHARE, Basis, Interruption


def move(stage: Stage) -> None:
    """A transfer, a licensed platform with a permit, a batch."""
    token = stage.tokens[0]
    functions = token.functions
    rows = [stage.moved(ALICE, functions.transfer(stage.at(BOB), 25 * SHARE), "alice sends bob 25 shares")]
    permit = holder.sign_permit(token, stage.who(ALICE), stage.at(PLATFORM), 60 * SHARE, stage.now() + 3_600)
    call = holder.permit_call(stage.suite, permit)
    if call is None:
        raise StockadeError("The permit was used before it was submitted.")
    stage.suite.send(stage.who(PLATFORM), call)
    trade = functions.transferFrom(stage.at(ALICE), stage.at(CAROL), 40 * SHARE)
    rows.append(
        stage.moved(PLATFORM, trade, "the licensed platform settles 40 of alice's shares to carol, by her permit")
    )
    others = [stage.at(34 + number) for number in range(5)]
    batch = functions.batchTransfer(others, [SHARE * (number + 1) for number in range(5)])
    rows.append(stage.moved(BOB, batch, "bob sends five investors 1 to 5 shares in one transaction", count=5))
    stage.tell("Holders and platforms move shares", "Each movement is one log of the report stream.", rows)


def refuse(stage: Stage) -> None:
    """What the token says no to, with the contract's own reason."""
    token = stage.tokens[0]
    functions = token.functions
    issuer_halt = compliance.halt(stage.suite, token, stage.order(Basis.REGULATOR_ORDER))
    approve = functions.approve(stage.at(PLATFORM), 500 * SHARE)
    for account in (ALICE, CAROL):
        stage.suite.send(stage.who(account), approve)
    stage.suite.send(stage.who(ALICE), functions.approve(stage.at(STRANGER), 10 * SHARE))
    stage.suite.send(stage.who(ALICE), functions.transfer(stage.at(HOLD_ONLY), SHARE))
    stage.tally.accepted += 1
    trade = functions.transferFrom(stage.at(CAROL), stage.at(NO_TRADE), SHARE)

    rows = [
        stage.no(ALICE, functions.transfer(stage.at(STRANGER), SHARE), "to a wallet nobody admitted"),
        stage.no(ALICE, functions.transfer(stage.at(REVOKED), SHARE), "to an investor whose record was revoked"),
        stage.no(ALICE, functions.transfer(stage.suite.ledger.address, SHARE), "to the ledger itself"),
        stage.no(ALICE, functions.transfer(stage.at(BOB), 10**6 * SHARE), "more than alice has"),
        stage.no(HOLD_ONLY, functions.transfer(stage.at(BOB), SHARE), "by an investor who may only hold"),
        stage.no(
            STRANGER, functions.transferFrom(stage.at(ALICE), stage.at(BOB), SHARE), "by an executor without licence"
        ),
        stage.no(PLATFORM, trade, "a platform's trade with an investor who may not trade"),
        stage.no(PLATFORM, functions.transferFrom(stage.at(BOB), stage.at(CAROL), SHARE), "without bob's allowance"),
    ]
    stage.act(COMPLIANCE, issuer_halt)
    trade = functions.transferFrom(stage.at(ALICE), stage.at(CAROL), SHARE)
    rows.append(stage.no(PLATFORM, trade, "a platform's trade while the share is halted on its exchange"))
    stage.act(COMPLIANCE, compliance.lift(stage.suite, token, stage.order(Basis.REGULATOR_ORDER)))
    stage.act(COMPLIANCE, compliance.suspend(stage.suite, token, stage.order(Basis.REGULATOR_ORDER)))
    rows.append(stage.no(ALICE, functions.transfer(stage.at(BOB), SHARE), "while the token is suspended"))
    stage.act(COMPLIANCE, compliance.resume(stage.suite, token, stage.order(Basis.REGULATOR_ORDER)))
    stage.tell(
        "What is refused, and why", "Reason and words are the contract's, the same for view and transaction.", rows
    )


def enforce(stage: Stage) -> None:
    """Freezes and a forced correction, each under an order."""
    token = stage.tokens[0]
    functions = token.functions
    order = stage.order(Basis.ERROR_CORRECTION)
    stage.act(COMPLIANCE, compliance.freeze_tokens(token, stage.at(DAVE), "0.5", order))
    rows: list[Row] = [("partial freeze", "half a share of dave's one stays where it is")]
    rows.append(stage.no(DAVE, functions.transfer(stage.at(ALICE), SHARE), "dave sends all he has"))
    stage.act(COMPLIANCE, compliance.force(token, stage.at(DAVE), stage.at(BOB), "1", order))
    stage.tally.accepted += 1
    rows.append(("force", "that share had reached dave by mistake: it goes back to bob, frozen part included"))
    sanction = stage.order(Basis.SANCTIONS)
    stage.act(COMPLIANCE, compliance.freeze(stage.suite, stage.at(CAROL), sanction))
    rows.append(stage.no(CAROL, functions.transfer(stage.at(ALICE), SHARE), "carol's wallet is frozen: she sends"))
    stage.act(COMPLIANCE, compliance.unfreeze(stage.suite, stage.at(CAROL), sanction))
    rows.append(("unfreeze", "carol's record shows again as the registrar wrote it"))
    stage.tell("Compliance acts by order", "Every act carries its legal ground and the hash of its order.", rows)


def interrupt(stage: Stage) -> None:
    """The exchange halts a share and resumes it; the relay falls silent and comes back (R15)."""
    token, market = stage.tokens[0], stage.suite.market.functions
    trade = token.functions.transferFrom(stage.at(ALICE), stage.at(BOB), SHARE)
    mic = stage.suite.listings.functions.micOf(token.address).call()

    def beat() -> None:
        stage.suite.send(stage.who(MARKET_OPERATOR), market.heartbeat(mic, stage.now()))

    def relay(interruption: Interruption, code: bytes) -> ContractFunction:
        sequence = market.stateOf(token.address).call()[0] + 1
        return market.relay(token.address, (sequence, interruption, code.ljust(8, b"\0"), stage.now()))

    beat()
    stage.suite.send(stage.who(MARKET_OPERATOR), relay(Interruption.ASSET_HALTED, b"T1"))
    rows: list[Row] = [("halt", "the exchange halts the share, news pending (T1): the relay tells, the token follows")]
    rows.append(stage.no(PLATFORM, trade, "a platform's trade during the halt"))
    stage.travel(stage.profile.market.heartbeat_seconds)
    silent = stage.refused(MARKET_OPERATOR, relay(Interruption.NONE, b""))
    rows.append(("refused", f"to resume while the relay's heartbeat is stale: {silent}"))
    stage.suite.send(stage.who(STRANGER), market.sync([stage.tokens[1].address]))
    rows.append(("silence", f"anyone may halt what nobody watches: {stage.symbol(stage.tokens[1])} is halted"))
    beat()
    stage.suite.send(stage.who(MARKET_OPERATOR), relay(Interruption.NONE, b""))
    stage.suite.send(stage.who(STRANGER), market.sync([stage.tokens[1].address]))
    rows.append(stage.moved(PLATFORM, trade, "the relay is back and tells the end of the halt: the platform trades"))
    stage.tell("The exchange halts a share", "One relay is enough to halt; silence never resumes anything.", rows)
