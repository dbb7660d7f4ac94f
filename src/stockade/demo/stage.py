"""Who plays in the demo, and the small things that every act is made of."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import RPCEndpoint

from stockade import compliance, custody, holder
from stockade.chain import Signer
from stockade.compliance import Order
from stockade.custody import Document
from stockade.errors import NetworkError, Refused, StockadeError
from stockade.profiles import Profile
from stockade.records import SHARE, Attestation, Basis, SentenceKind, to_shares
from stockade.suite import Suite

# Which development account plays whom (examples/suite.toml, examples/investors.csv).
# DESK_A and DESK_D own the Safe that takes DESK_A's place.
DEPLOYER, ISSUER, COMPLIANCE, REGISTRAR, MARKET_OPERATOR, REGULATOR = 0, 4, 5, 6, 8, 10
ATTESTOR, DESK_A, DESK_B, DESK_C, RELAY, DESK_D = 12, 13, 14, 15, 16, 17
ALICE, BOB, CAROL, PLATFORM, STRANGER = 20, 21, 22, 28, 18
REVOKED, HOLD_ONLY, NO_TRADE, DAVE = 31, 32, 33, 34

FIRST, SECOND = 1, 2  # the two custodians

Row = tuple[str, str]


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


class Stage:
    """The people, the chain and the suite of one run."""

    def __init__(self, w3: Web3, signers: Callable[[int], Signer], console: Console, examples: Path) -> None:
        self.w3 = w3
        self.who = signers
        self.console = console
        self.examples = examples
        self.tally = Tally()
        self.safe: ChecksumAddress
        self.suite: Suite
        self.profile: Profile
        self.tokens: list[Contract] = []

    def tell(self, title: str, explanation: str, rows: list[Row]) -> None:
        """Shows an act, and what came of it."""
        heading = Text(title, "bold")
        self.console.print()
        self.console.print(Panel(Text(explanation, "dim"), title=heading, title_align="left", border_style="blue"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for label, words in rows:
            style = {"refused": "red", "moved": "green"}.get(label, "bold")
            table.add_row(Text(label, style), Text(words))
        if rows:
            self.console.print(table)

    # ---------------------------------------------------------------- small things

    def at(self, index: int) -> ChecksumAddress:
        return self.who(index).address

    def now(self) -> int:
        return int(self.w3.eth.get_block("latest")["timestamp"])

    def travel(self, seconds: int) -> None:
        """Moves the chain's clock, with a block."""
        self._order("evm_increaseTime", seconds)
        self.mine(1)

    def catch_up(self) -> None:
        """Ends the chain's past: its clock, which began long ago, tells today's time, or a second less."""
        self.mine(1)
        self.travel(int(time.time()) - 1 - self.now())

    def mine(self, blocks: int) -> None:
        self._order("anvil_mine", blocks)

    def replace_block(self) -> None:
        """Another block takes the latest one's place, and nothing happens in it."""
        self._order("anvil_reorg", 1, [])

    def _order(self, method: str, *parameters: Any) -> None:
        """Of anvil."""
        answer = self.w3.provider.make_request(RPCEndpoint(method), list(parameters))
        if "error" in answer:
            raise NetworkError(f"The demo's chain refuses {method}: {answer['error']}.")

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

    def refused(self, index: int, call: ContractFunction) -> str:
        """The name of the contract's error. Raises StockadeError when it does not refuse."""
        try:
            self.suite.send(self.who(index), call)
        except Refused as refused:
            return refused.error
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
        if desk == DESK_A:
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
