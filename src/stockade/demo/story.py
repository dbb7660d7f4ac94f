"""The whole life of three listed shares, act by act: what `make demo` shows and a test runs.

Every act is done by the account whose role it is, by the same functions as the scripts, and checks what it claims.
The people are the public development accounts; the chain is a local one whose clock can be moved.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from stockade import compliance, deploy, holder, opening, whitelist
from stockade.demo.stage import (
    ALICE,
    ATTESTOR,
    BOB,
    CAROL,
    COMPLIANCE,
    DAVE,
    DEPLOYER,
    DESK_B,
    FIRST,
    HOLD_ONLY,
    ISSUER,
    MARKET_OPERATOR,
    NO_TRADE,
    PLATFORM,
    REGISTRAR,
    REVOKED,
    SECOND,
    STRANGER,
    Row,
    Stage,
)
from stockade.deploy import DAY, Custodian, Plan
from stockade.errors import StockadeError
from stockade.listing import list_share, read_listings
from stockade.records import SHARE, Basis, Interruption, SentenceKind, to_shares
from stockade.reporting import Verification, verify
from stockade.reporting.register import share_register


class Story(Stage):
    """One run on one chain. `tell(title, explanation, rows)` shows an act, `travel(seconds)` moves the clock."""

    def run(self, plan: Plan, safe: ChecksumAddress | None) -> Verification:
        """All acts in order. Raises StockadeError when something is not as the story says."""
        self.deploy(plan, safe)
        self.propose()
        self.admit()
        self.issue()
        self.move()
        self.refuse()
        self.enforce()
        self.interrupt()
        self.redeem()
        self.fall_short()
        self.amend()
        self.lapse()
        return self.verify()

    # ---------------------------------------------------------------- acts

    def deploy(self, plan: Plan, safe: ChecksumAddress | None) -> None:
        """The issuer deploys; the deployer keeps no role. A Safe, if given, is a desk of the second custodian."""
        if safe is not None:
            self.safe = safe
            desks = ((str(safe), "contract"), *plan.custodians[1].attestors[1:])
            second = replace(plan.custodians[1], attestors=desks)
            plan = replace(plan, custodians=(plan.custodians[0], second))
        self.suite = deploy.deploy(self.w3, self.who(DEPLOYER), plan)
        self.tokens = self.suite.tokens()
        self.profile = plan.profile
        rows = [
            ("profile", f"{plan.profile.id}: {plan.profile.title}"),
            *((f"custodian {number}", _quorum(each)) for number, each in enumerate(plan.custodians, start=1)),
            *((self.symbol(token), f"token {token.address}, phase PENDING") for token in self.tokens),
            ("deployer", "holds no role any more (checked)"),
        ]
        self.tell(
            "The issuer deploys a suite and lists three shares", "One account per role, one token per share.", rows
        )

    def propose(self) -> None:
        """The venue's Notice, the notice to each issuer, an objection, and thirty days of waiting (R5, R8)."""
        issuer, functions = self.who(ISSUER), self.suite.listings.functions
        share = read_listings(self.examples / "listings.toml")["KO"]
        fourth = list_share(self.suite, issuer, share, self.profile)
        addresses = [token.address for token in self.tokens]
        opening.begin(self.suite, issuer, [*addresses, fourth], opening.Papers.synthetic())
        begun = self.now()
        early = self.refused(ISSUER, functions.activate(addresses[0]))
        rows: list[Row] = [
            ("day 0", "the Notice is public, the issuer of each share is told, the tokens' rights are verified"),
            ("refused", f"to activate {self.symbol(self.tokens[0])} on the same day: {early}"),
        ]
        self.travel(12 * DAY)
        text = keccak(text="synthetic letter of an issuer")
        self.suite.send(self.who(COMPLIANCE), functions.recordObjection(fourth, text, self.now()))
        rows.append(
            ("day 12", f"the issuer of {share.ticker} objects in writing: {share.token_symbol} is barred for good")
        )
        self.travel(begun + 30 * DAY - self.now() - 60)
        late = self.refused(ISSUER, functions.activate(addresses[0]))
        rows.append(("refused", f"a minute before the thirty days are over: {late}"))
        self.travel(120)
        opening.activate(self.suite, issuer, addresses)
        rows.append(("day 30", f"{', '.join(self.symbol(token) for token in self.tokens)} are ACTIVE"))
        rows.append(("refused", f"{share.token_symbol}: {self.refused(ISSUER, functions.activate(fourth))}"))
        self.tell("Nothing trades before its time", "Clocks begin with a record on chain; nobody shortens them.", rows)

    def admit(self) -> None:
        """The registrar writes its book."""
        now = self.now()
        book = whitelist.read_book(self.examples / "investors.csv", now=now)
        registrar = self.who(REGISTRAR)
        number = whitelist.registrar_number(self.suite, registrar.address)
        state = whitelist.read_whitelist(self.suite)
        plan = whitelist.make_plan(self.suite, state, book, whitelist.DEVELOPMENT_KEY, number)
        with TemporaryDirectory() as folder:
            result = whitelist.apply(self.suite, registrar, plan, Path(folder) / "journal")
        self.tally.whitelisted = result.written
        rows = [
            ("file", f"{book.path.name}: {len(book.rows)} wallets of {book.investors} investors, synthetic"),
            ("written", f"{result.written} records in {result.transactions} transactions"),
            ("gas", f"{result.gas // max(result.written, 1):,} for each"),
        ]
        self.tell("The registrar admits its investors", "One record per wallet, for all tokens of the suite.", rows)

    def issue(self) -> None:
        """Two custodians sign deposits; the signature mints."""
        rows: list[Row] = []
        for token in self.tokens:
            for account, custodian, shares in ((ALICE, FIRST, 400), (BOB, FIRST, 250), (CAROL, SECOND, 1_000)):
                self.deposit(token, custodian, account, shares)
                rows.append(
                    (self.symbol(token), f"custodian {custodian} holds {shares} more: minted to {self.name(account)}")
                )
        kept = self.try_attest(self.next(self.tokens[0], SECOND, self.held(self.tokens[0], SECOND)), [DESK_B])
        rows.append(("refused", f"custodian {SECOND} with one signature of two: {kept}"))
        over = self.next_deposit(self.tokens[0], FIRST, ALICE, 50, held=self.held(self.tokens[0], FIRST))
        rows.append(("refused", f"50 shares that are not in the position: {self.try_attest(over, [ATTESTOR])}"))
        self.tell(
            "Custodians sign, and only that mints", "Desks sign apart; the ledger counts signatures and shares.", rows
        )

    def move(self) -> None:
        """A transfer, a licensed platform with a permit, a batch."""
        token = self.tokens[0]
        functions = token.functions
        rows = [self.moved(ALICE, functions.transfer(self.at(BOB), 25 * SHARE), "alice sends bob 25 shares")]
        permit = holder.sign_permit(token, self.who(ALICE), self.at(PLATFORM), 60 * SHARE, self.now() + 3_600)
        call = holder.permit_call(self.suite, permit)
        if call is None:
            raise StockadeError("The permit was used before it was submitted.")
        self.suite.send(self.who(PLATFORM), call)
        trade = functions.transferFrom(self.at(ALICE), self.at(CAROL), 40 * SHARE)
        rows.append(
            self.moved(PLATFORM, trade, "the licensed platform settles 40 of alice's shares to carol, by her permit")
        )
        others = [self.at(34 + number) for number in range(5)]
        batch = functions.batchTransfer(others, [SHARE * (number + 1) for number in range(5)])
        rows.append(self.moved(BOB, batch, "bob sends five investors 1 to 5 shares in one transaction", count=5))
        self.tell("Holders and platforms move shares", "Each movement is one log of the report stream.", rows)

    def refuse(self) -> None:
        """What the token says no to, with the contract's own reason."""
        token = self.tokens[0]
        functions = token.functions
        issuer_halt = compliance.halt(self.suite, token, self.order(Basis.REGULATOR_ORDER))
        approve = functions.approve(self.at(PLATFORM), 500 * SHARE)
        for account in (ALICE, CAROL):
            self.suite.send(self.who(account), approve)
        self.suite.send(self.who(ALICE), functions.approve(self.at(STRANGER), 10 * SHARE))
        self.suite.send(self.who(ALICE), functions.transfer(self.at(HOLD_ONLY), SHARE))
        self.tally.accepted += 1
        trade = functions.transferFrom(self.at(CAROL), self.at(NO_TRADE), SHARE)

        rows = [
            self.no(ALICE, functions.transfer(self.at(STRANGER), SHARE), "to a wallet nobody admitted"),
            self.no(ALICE, functions.transfer(self.at(REVOKED), SHARE), "to an investor whose record was revoked"),
            self.no(ALICE, functions.transfer(self.suite.ledger.address, SHARE), "to the ledger itself"),
            self.no(ALICE, functions.transfer(self.at(BOB), 10**6 * SHARE), "more than alice has"),
            self.no(HOLD_ONLY, functions.transfer(self.at(BOB), SHARE), "by an investor who may only hold"),
            self.no(
                STRANGER, functions.transferFrom(self.at(ALICE), self.at(BOB), SHARE), "by an executor without licence"
            ),
            self.no(PLATFORM, trade, "a platform's trade with an investor who may not trade"),
            self.no(PLATFORM, functions.transferFrom(self.at(BOB), self.at(CAROL), SHARE), "without bob's allowance"),
        ]
        self.act(COMPLIANCE, issuer_halt)
        trade = functions.transferFrom(self.at(ALICE), self.at(CAROL), SHARE)
        rows.append(self.no(PLATFORM, trade, "a platform's trade while the share is halted on its exchange"))
        self.act(COMPLIANCE, compliance.lift(self.suite, token, self.order(Basis.REGULATOR_ORDER)))
        self.act(COMPLIANCE, compliance.suspend(self.suite, token, self.order(Basis.REGULATOR_ORDER)))
        rows.append(self.no(ALICE, functions.transfer(self.at(BOB), SHARE), "while the token is suspended"))
        self.act(COMPLIANCE, compliance.resume(self.suite, token, self.order(Basis.REGULATOR_ORDER)))
        self.tell(
            "What is refused, and why", "Reason and words are the contract's, the same for view and transaction.", rows
        )

    def enforce(self) -> None:
        """Freezes and a forced correction, each under an order."""
        token = self.tokens[0]
        functions = token.functions
        order = self.order(Basis.ERROR_CORRECTION)
        self.act(COMPLIANCE, compliance.freeze_tokens(token, self.at(DAVE), "0.5", order))
        rows: list[Row] = [("partial freeze", "half a share of dave's one stays where it is")]
        rows.append(self.no(DAVE, functions.transfer(self.at(ALICE), SHARE), "dave sends all he has"))
        self.act(COMPLIANCE, compliance.force(token, self.at(DAVE), self.at(BOB), "1", order))
        self.tally.accepted += 1
        rows.append(("force", "that share had reached dave by mistake: it goes back to bob, frozen part included"))
        sanction = self.order(Basis.SANCTIONS)
        self.act(COMPLIANCE, compliance.freeze(self.suite, self.at(CAROL), sanction))
        rows.append(self.no(CAROL, functions.transfer(self.at(ALICE), SHARE), "carol's wallet is frozen: she sends"))
        self.act(COMPLIANCE, compliance.unfreeze(self.suite, self.at(CAROL), sanction))
        rows.append(("unfreeze", "carol's record shows again as the registrar wrote it"))
        self.tell("Compliance acts by order", "Every act carries its legal ground and the hash of its order.", rows)

    def redeem(self) -> None:
        """One request released, one rejected, one taken back after the deadline."""
        token = self.tokens[0]
        released = self.request(token, ALICE, FIRST, 30)
        self.answer(SentenceKind.RELEASE, released, FIRST, [ATTESTOR], leaves=30)
        rejected = self.request(token, BOB, FIRST, 20)
        self.answer(SentenceKind.REJECT, rejected, FIRST, [ATTESTOR], leaves=0)
        waiting = self.request(token, CAROL, SECOND, 100)
        early = self.attempt(CAROL, self.suite.ledger.functions.takeBack(waiting))
        self.travel(self.suite.ledger.functions.termsOf(token.address).call()[2])
        self.suite.send(self.who(CAROL), self.suite.ledger.functions.takeBack(waiting))
        self.tally.reclaimed += 1
        rows = [
            (f"request {released}", "alice's 30 shares: released, burned, delivered"),
            (f"request {rejected}", "bob's 20 shares: rejected, the tokens are his again"),
            (f"request {waiting}", f"carol's 100 shares: no answer. She takes them back at once: {early}"),
            (f"request {waiting}", "after the deadline she takes them back"),
        ]
        self.tell("Holders redeem", "The tokens burn before the shares leave, and come back when nobody answers.", rows)

    def interrupt(self) -> None:
        """The exchange halts a share and resumes it; the relay falls silent and comes back (R15)."""
        token, market = self.tokens[0], self.suite.market.functions
        trade = token.functions.transferFrom(self.at(ALICE), self.at(BOB), SHARE)
        mic = self.suite.listings.functions.micOf(token.address).call()

        def beat() -> None:
            self.suite.send(self.who(MARKET_OPERATOR), market.heartbeat(mic, self.now()))

        def relay(interruption: Interruption, code: bytes) -> ContractFunction:
            sequence = market.stateOf(token.address).call()[0] + 1
            return market.relay(token.address, (sequence, interruption, code.ljust(8, b"\0"), self.now()))

        beat()
        self.suite.send(self.who(MARKET_OPERATOR), relay(Interruption.ASSET_HALTED, b"T1"))
        rows: list[Row] = [
            ("halt", "the exchange halts the share, news pending (T1): the relay tells, the token follows")
        ]
        rows.append(self.no(PLATFORM, trade, "a platform's trade during the halt"))
        self.travel(self.profile.market.heartbeat_seconds)
        silent = self.refused(MARKET_OPERATOR, relay(Interruption.NONE, b""))
        rows.append(("refused", f"to resume while the relay's heartbeat is stale: {silent}"))
        self.suite.send(self.who(STRANGER), market.sync([self.tokens[1].address]))
        rows.append(("silence", f"anyone may halt what nobody watches: {self.symbol(self.tokens[1])} is halted"))
        beat()
        self.suite.send(self.who(MARKET_OPERATOR), relay(Interruption.NONE, b""))
        self.suite.send(self.who(STRANGER), market.sync([self.tokens[1].address]))
        rows.append(self.moved(PLATFORM, trade, "the relay is back and tells the end of the halt: the platform trades"))
        self.tell("The exchange halts a share", "One relay is enough to halt; silence never resumes anything.", rows)

    def fall_short(self) -> None:
        """A position below what was issued, told truthfully, and its cure."""
        token = self.tokens[1]
        held = self.held(token, FIRST)
        self.attest(self.next(token, FIRST, held - 10 * SHARE), [ATTESTOR])
        if not self.suite.ledger.functions.isUnderReserved(token.address, FIRST).call():
            raise StockadeError("A position ten shares short is not reported as under-reserved.")
        rows: list[Row] = [
            (self.symbol(token), f"custodian {FIRST} states 10 shares less than were issued: under-reserved")
        ]
        more = self.next_deposit(token, FIRST, ALICE, 5, held=held - 5 * SHARE)
        rows.append(("refused", f"a deposit of 5 on top: {self.try_attest(more, [ATTESTOR])}"))
        leaving = self.request(token, BOB, FIRST, 5)
        rows.append((f"request {leaving}", "the exit stays open: bob asks for 5 of his shares"))
        self.attest(self.next(token, FIRST, held), [ATTESTOR])
        self.answer(SentenceKind.RELEASE, leaving, FIRST, [ATTESTOR], leaves=5)
        rows.append(("cured", "the shares are back, the position covers what was issued, bob's 5 are released"))
        self.tell("A position falls short", "Bad news lands and shuts the mint; it never shuts the exit.", rows)

    def amend(self) -> None:
        """The order is revised: new terms from a day on, the old ones stay readable (A5)."""
        functions = self.suite.listings.functions
        _, old = functions.termsOf(1).call()
        day = self.now() + 10 * DAY
        revised = (keccak(text="synthetic revision of the order"), *old[1:4], day, *old[5:])
        self.suite.send(self.who(ISSUER), functions.amendExemption(1, revised))
        before = functions.termsOf(1).call()[0]
        self.travel(10 * DAY)
        after, _ = functions.termsOf(1).call()
        kept = functions.termsAt(1, 1).call()
        if (before, after, tuple(kept)) != (1, 2, tuple(old)):
            raise StockadeError("The revised terms do not hold from their day on.")
        rows = [
            ("revision", "recorded ten days before it takes effect; until then version 1 holds"),
            ("ten days later", f"version {after} holds, without any transaction; version 1 can still be read"),
        ]
        self.tell("The order is revised", "Every version keeps its text's hash, its profile and its dates.", rows)

    def lapse(self) -> None:
        """The exemption ends: what stops, and what does not."""
        token, functions = self.tokens[0], self.tokens[0].functions
        _, terms = self.suite.listings.functions.termsOf(1).call()
        revised = (*terms[:3], self.now() + 3_600, 0, *terms[5:])
        self.suite.send(self.who(ISSUER), self.suite.listings.functions.amendExemption(1, revised))
        self.travel(3_600)
        deposit = self.next_deposit(token, FIRST, ALICE, 10)
        trade = functions.transferFrom(self.at(ALICE), self.at(CAROL), SHARE)
        rows = [
            ("lapse", "the order was revised to end within the hour; the hour has passed, without any transaction"),
            ("mint", f"refused: {self.try_attest(deposit, [ATTESTOR])}"),
            self.no(PLATFORM, trade, "the platform's trade"),
            self.moved(ALICE, functions.transfer(self.at(BOB), SHARE), "under us-tsv a holder's own transfer goes on"),
        ]
        leaving = self.request(token, ALICE, FIRST, 12)
        self.answer(SentenceKind.RELEASE, leaving, FIRST, [ATTESTOR], leaves=12)
        rows.append((f"request {leaving}", "redemption works: alice's 12 shares are released"))
        self.tell("The exemption lapses", "Relief ends by the clock. Holders are never locked in.", rows)

    def verify(self) -> Verification:
        """Everything that happened, rebuilt from the reports alone."""
        for token in self.tokens:
            self.check_backing(token)
        return verify(self.suite)

    # ---------------------------------------------------------------- summary

    def summary(self, result: Verification) -> dict[str, Any]:
        """The figures of `build/demo/summary.json`; amounts are decimal strings in shares."""
        block = result.block
        listing = self.suite.listings.functions
        tokens = []
        for token in self.tokens:
            instrument = listing.listingOf(token.address).call()[0]
            held = sum(position.held for position in self.suite.positions(token.address).values())
            tokens.append(
                {
                    "symbol": self.symbol(token),
                    "isin": instrument[0].decode(),
                    "supply_shares": to_shares(self.supply(token)),
                    "attested_shares": to_shares(held),
                    "holders": len(share_register(self.suite, token, block).holders),
                }
            )
        tally = self.tally
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
        }


def _quorum(custodian: Custodian) -> str:
    kinds = " and ".join(sorted({"a Safe" if kind == "contract" else "keys" for _, kind in custodian.attestors}))
    return f"{custodian.name}: {custodian.threshold} of {len(custodian.attestors)} sign, {kinds}"
