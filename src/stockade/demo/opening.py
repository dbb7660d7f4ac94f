"""First chapter: a suite is deployed, its shares are noticed and opened, investors are admitted, shares are minted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from stockade import deploy as deploying
from stockade import opening, whitelist
from stockade.demo.stage import (
    ALICE,
    ATTESTOR,
    BOB,
    CAROL,
    COMPLIANCE,
    DEPLOYER,
    DESK_B,
    FIRST,
    ISSUER,
    REGISTRAR,
    SECOND,
    Row,
    Stage,
)
from stockade.deploy import DAY, Custodian, Plan
from stockade.listing import list_share, read_listings


def deploy(stage: Stage, plan: Plan, safe: ChecksumAddress) -> None:
    """The issuer deploys; the deployer keeps no role. A Safe is one of the desks of the second custodian."""
    stage.safe = safe
    desks = ((str(safe), "contract"), *plan.custodians[1].attestors[1:])
    second = replace(plan.custodians[1], attestors=desks)
    plan = replace(plan, custodians=(plan.custodians[0], second))
    stage.suite = deploying.deploy(stage.w3, stage.who(DEPLOYER), plan)
    stage.tokens = stage.suite.tokens()
    stage.profile = plan.profile
    rows = [
        ("profile", f"{plan.profile.id}: {plan.profile.title}"),
        *((f"custodian {number}", _quorum(each)) for number, each in enumerate(plan.custodians, start=1)),
        *((stage.symbol(token), f"token {token.address}, phase PENDING") for token in stage.tokens),
        ("deployer", "holds no role any more (checked)"),
    ]
    stage.tell("The issuer deploys a suite and lists three shares", "One account per role, one token per share.", rows)


def propose(stage: Stage) -> None:
    """The venue's Notice, the notice to each issuer, an objection, and thirty days of waiting (R5, R8)."""
    issuer, functions = stage.who(ISSUER), stage.suite.listings.functions
    share = read_listings(stage.examples / "listings.toml")["KO"]
    fourth = list_share(stage.suite, issuer, share, stage.profile)
    addresses = [token.address for token in stage.tokens]
    opening.begin(stage.suite, issuer, [*addresses, fourth], opening.Papers.synthetic())
    begun = stage.now()
    early = stage.refused(ISSUER, functions.activate(addresses[0]))
    rows: list[Row] = [
        ("day 0", "the Notice is public, the issuer of each share is told, the tokens' rights are verified"),
        ("refused", f"to activate {stage.symbol(stage.tokens[0])} on the same day: {early}"),
    ]
    stage.travel(12 * DAY)
    text = keccak(text="synthetic letter of an issuer")
    stage.suite.send(stage.who(COMPLIANCE), functions.recordObjection(fourth, text, stage.now()))
    rows.append(("day 12", f"the issuer of {share.ticker} objects in writing: {share.token_symbol} is barred for good"))
    stage.travel(begun + 30 * DAY - stage.now() - 60)
    late = stage.refused(ISSUER, functions.activate(addresses[0]))
    rows.append(("refused", f"a minute before the thirty days are over: {late}"))
    stage.travel(120)
    opening.activate(stage.suite, issuer, addresses)
    rows.append(("day 30", f"{', '.join(stage.symbol(token) for token in stage.tokens)} are ACTIVE"))
    rows.append(("refused", f"{share.token_symbol}: {stage.refused(ISSUER, functions.activate(fourth))}"))
    stage.tell("Nothing trades before its time", "Clocks begin with a record on chain; nobody shortens them.", rows)


def admit(stage: Stage) -> None:
    """The registrar writes its book."""
    now = stage.now()
    book = whitelist.read_book(stage.examples / "investors.csv", now=now)
    registrar = stage.who(REGISTRAR)
    number = whitelist.registrar_number(stage.suite, registrar.address)
    state = whitelist.read_whitelist(stage.suite)
    plan = whitelist.make_plan(stage.suite, state, book, whitelist.DEVELOPMENT_KEY, number)
    with TemporaryDirectory() as folder:
        result = whitelist.apply(stage.suite, registrar, plan, Path(folder) / "journal")
    stage.tally.whitelisted = result.written
    rows = [
        ("file", f"{book.path.name}: {len(book.rows)} wallets of {book.investors} investors, synthetic"),
        ("written", f"{result.written} records in {result.transactions} transactions"),
        ("gas", f"{result.gas // max(result.written, 1):,} for each"),
    ]
    stage.tell("The registrar admits its investors", "One record per wallet, for all tokens of the suite.", rows)


def issue(stage: Stage) -> None:
    """Two custodians sign deposits; the signature mints."""
    rows: list[Row] = []
    for token in stage.tokens:
        for account, custodian, shares in ((ALICE, FIRST, 400), (BOB, FIRST, 250), (CAROL, SECOND, 1_000)):
            stage.deposit(token, custodian, account, shares)
            rows.append(
                (stage.symbol(token), f"custodian {custodian} holds {shares} more: minted to {stage.name(account)}")
            )
    kept = stage.try_attest(stage.next(stage.tokens[0], SECOND, stage.held(stage.tokens[0], SECOND)), [DESK_B])
    rows.append(("refused", f"custodian {SECOND} with one signature of two: {kept}"))
    over = stage.next_deposit(stage.tokens[0], FIRST, ALICE, 50, held=stage.held(stage.tokens[0], FIRST))
    rows.append(("refused", f"50 shares that are not in the position: {stage.try_attest(over, [ATTESTOR])}"))
    stage.tell(
        "Custodians sign, and only that mints", "Desks sign apart; the ledger counts signatures and shares.", rows
    )


def _quorum(custodian: Custodian) -> str:
    kinds = " and ".join(sorted({"a Safe" if kind == "contract" else "keys" for _, kind in custodian.attestors}))
    return f"{custodian.name}: {custodian.threshold} of {len(custodian.attestors)} sign, {kinds}"
