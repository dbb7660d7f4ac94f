"""The whole life of three listed shares, act by act: what `make demo` shows and a test runs.

Every act is done by the account whose role it is, by the same functions as the scripts, and checks what it claims.
The people are the public development accounts; the chain is a local one whose clock can be moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from stockade import compliance, custody, deploy, holder, whitelist
from stockade.chain import Signer
from stockade.compliance import Order
from stockade.custody import Document
from stockade.deploy import Custodian, Plan
from stockade.errors import Refused, StockadeError
from stockade.records import SHARE, Attestation, Basis, SentenceKind, to_shares
from stockade.reporting import Verification, verify
from stockade.reporting.register import share_register
from stockade.suite import Suite

# Which development account plays whom (examples/suite.toml, examples/investors.csv).
# DESK_A and DESK_D own the Safe that takes DESK_A's place where there is one.
DEPLOYER, ISSUER, COMPLIANCE, REGISTRAR, PAUSER = 0, 4, 5, 6, 9
ATTESTOR, DESK_A, DESK_B, DESK_C, RELAY, DESK_D = 12, 13, 14, 15, 16, 17
ALICE, BOB, CAROL, PLATFORM, STRANGER = 20, 21, 22, 28, 18
REVOKED, HOLD_ONLY, NO_TRADE, DAVE = 31, 32, 33, 34

FIRST, SECOND = 1, 2  # the two custodians

Row = tuple[str, str]
Tell = Callable[[str, str, list[Row]], None]


@dataclass
class Tally:
    """What happened, for the summary. Amounts in 18-decimal shares."""

    whitelisted: int = 0
    minted: int = 0
    burned: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    released: int = 0
    rejected: int = 0
    reclaimed: int = 0


class Story:
    """One run on one chain. `tell(title, explanation, rows)` shows an act, `travel(seconds)` moves the clock."""

    def __init__(
        self, w3: Web3, signers: Callable[[int], Signer], tell: Tell, travel: Callable[[int], None], examples: Path
    ) -> None:
        self.w3 = w3
        self.who = signers
        self.tell = tell
        self.travel = travel
        self.examples = examples
        self.tally = Tally()
        self.safe: ChecksumAddress | None = None
        self.suite: Suite
        self.tokens: list[Contract] = []

    def run(self, plan: Plan, safe: ChecksumAddress | None) -> Verification:
        """All acts in order. Raises StockadeError when something is not as the story says."""
        self.open(plan, safe)
        self.admit()
        self.issue()
        self.move()
        self.refuse()
        self.enforce()
        self.redeem()
        self.fall_short()
        self.lapse()
        return self.verify()

    # ---------------------------------------------------------------- acts

    def open(self, plan: Plan, safe: ChecksumAddress | None) -> None:
        """The issuer deploys; the deployer keeps no role. A Safe, if given, is a desk of the second custodian."""
        if safe is not None:
            self.safe = safe
            desks = ((str(safe), "contract"), *plan.custodians[1].attestors[1:])
            second = replace(plan.custodians[1], attestors=desks)
            plan = replace(plan, custodians=(plan.custodians[0], second))
        self.suite = deploy.deploy(self.w3, self.who(DEPLOYER), plan)
        self.tokens = self.suite.tokens()
        rows = [
            ("profile", f"{plan.profile.id}: {plan.profile.title}"),
            *((f"custodian {number}", _quorum(each)) for number, each in enumerate(plan.custodians, start=1)),
            *((self.symbol(token), f"token {token.address}, phase ACTIVE") for token in self.tokens),
            ("deployer", "holds no role any more (checked)"),
        ]
        self.tell(
            "The issuer deploys a suite and lists three shares", "One account per role, one token per share.", rows
        )

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

    def lapse(self) -> None:
        """The exemption ends: what stops, and what does not."""
        token, functions = self.tokens[0], self.tokens[0].functions
        document, profile, start, _, _ = self.suite.listings.functions.exemptionOf(1).call()
        end = self.now() + 3_600
        amend = self.suite.listings.functions.amendExemption(1, document, profile, start, end)
        self.suite.send(self.who(ISSUER), amend)
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

    # ---------------------------------------------------------------- small things

    def at(self, index: int) -> ChecksumAddress:
        return self.who(index).address

    def now(self) -> int:
        return int(self.w3.eth.get_block("latest")["timestamp"])

    def symbol(self, token: Contract) -> str:
        return str(token.functions.symbol().call())

    def name(self, index: int) -> str:
        return {ALICE: "alice", BOB: "bob", CAROL: "carol"}.get(index, self.at(index))

    def supply(self, token: Contract) -> int:
        """In 18-decimal shares."""
        return int(token.functions.toShares(token.functions.totalSupply().call()).call())

    def held(self, token: Contract, custodian: int) -> int:
        return self.suite.position(token.address, custodian).held

    def order(self, basis: Basis) -> Order:
        return Order(basis, keccak(text=f"synthetic order, {basis.name}"))

    def act(self, index: int, act: compliance.Act) -> None:
        compliance.carry_out(self.suite, self.who(index), act)

    def check_backing(self, token: Contract) -> None:
        """No more may be in supply than custodians attest."""
        held = sum(position.held for position in self.suite.positions(token.address).values())
        if (supply := self.supply(token)) > held:
            raise StockadeError(
                f"{self.symbol(token)}: supply {to_shares(supply)} is above {to_shares(held)} attested."
            )

    # ---------------------------------------------------------------- transfers

    def moved(self, index: int, call: ContractFunction, says: str, count: int = 1) -> Row:
        self.suite.send(self.who(index), call)
        self.tally.accepted += count
        return ("moved", says)

    def attempt(self, index: int, call: ContractFunction) -> str:
        """The contract's refusal in words. Raises StockadeError when it does not refuse."""
        try:
            self.suite.send(self.who(index), call)
        except Refused as refused:
            if refused.reason:
                return self.words(refused)
            raise
        raise StockadeError(f"{call.fn_name} should have been refused.")

    def words(self, refused: Refused) -> str:
        """The contract's own sentence and the reason's name."""
        return f"{self.suite.reason(refused.code)[1]} [{refused.reason}]"

    def no(self, index: int, call: ContractFunction, says: str) -> Row:
        """A transfer that must be refused, counted under its reason."""
        answer = self.attempt(index, call)
        self.tally.refused[answer.rsplit("[", 1)[1].rstrip("]")] += 1
        return ("refused", f"{says}: {answer}")

    # ---------------------------------------------------------------- custody

    def next(self, token: Contract, custodian: int, held: int) -> Attestation:
        """A STATEMENT."""
        evidence = keccak(text=f"synthetic statement of custodian {custodian}")
        return custody.build(self.suite, SentenceKind.STATEMENT, token.address, custodian, held, evidence=evidence)

    def next_deposit(
        self, token: Contract, custodian: int, account: int, shares: int, held: int | None = None
    ) -> Attestation:
        """A DEPOSIT of so many whole shares; `held` afterwards, by default what was held and these."""
        units = shares * SHARE
        return custody.build(
            self.suite,
            SentenceKind.DEPOSIT,
            token.address,
            custodian,
            self.held(token, custodian) + units if held is None else held,
            shares=units,
            account=self.at(account),
            ref=keccak(text=f"synthetic deposit {shares}"),
            evidence=keccak(text="synthetic deposit slip"),
        )

    def deposit(self, token: Contract, custodian: int, account: int, shares: int) -> None:
        desks = [ATTESTOR] if custodian == FIRST else [DESK_A, DESK_C]
        self.attest(self.next_deposit(token, custodian, account, shares), desks)
        self.tally.minted += shares * SHARE
        self.check_backing(token)

    def signed(self, sentence: Attestation, desks: list[int]) -> Document:
        """Each desk signs its own copy; the copies are combined."""
        blank = custody.document(self.suite, sentence)
        return custody.combine([self.sign_at(blank, desk) for desk in desks])

    def sign_at(self, blank: Document, desk: int) -> Document:
        if desk == DESK_A and self.safe is not None:
            half = custody.sign(blank, self.who(DESK_A), safe=self.safe)
            return custody.combine([half, custody.sign(blank, self.who(DESK_D), safe=self.safe)])
        return custody.sign(blank, self.who(desk))

    def attest(self, sentence: Attestation, desks: list[int]) -> None:
        custody.submit(self.suite, self.who(RELAY), self.signed(sentence, desks))

    def try_attest(self, sentence: Attestation, desks: list[int]) -> str:
        try:
            self.attest(sentence, desks)
        except Refused as refused:
            return self.words(refused)
        raise StockadeError("The ledger should have refused a sentence.")

    def request(self, token: Contract, index: int, custodian: int, shares: int) -> int:
        reference = keccak(text="synthetic delivery instruction")
        return holder.redeem(self.suite, self.who(index), token, custodian, shares * SHARE, reference)

    def answer(self, kind: SentenceKind, number: int, custodian: int, desks: list[int], leaves: int) -> None:
        """RELEASE or REJECT; `leaves`: whole shares that leave the position."""
        asked = custody.request(self.suite, number)
        held = self.suite.position(asked.token, custodian).held - leaves * SHARE
        evidence = keccak(text=f"synthetic answer to {number}")
        self.attest(custody.answer(self.suite, kind, number, held, evidence=evidence), desks)
        if kind is SentenceKind.RELEASE:
            self.tally.released += 1
            self.tally.burned += leaves * SHARE
        else:
            self.tally.rejected += 1


def _quorum(custodian: Custodian) -> str:
    kinds = " and ".join(sorted({"a Safe" if kind == "contract" else "keys" for _, kind in custodian.attestors}))
    return f"{custodian.name}: {custodian.threshold} of {len(custodian.attestors)} sign, {kinds}"
