"""The storm's chain: a real anvil on which everybody acts at random, whose last blocks are replaced again and again.

What is drawn comes from a seed. What the suite refuses, mostly because a reorganisation took back what it needed, is
no act and does no harm.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from stockade import compliance, opening
from stockade.chain import KeySigner
from stockade.demo.stage import ATTESTOR, COMPLIANCE, DEPLOYER, FIRST, ISSUER, MARKET_OPERATOR, REGISTRAR, Stage
from stockade.deploy import DAY, deploy
from stockade.errors import StockadeError
from stockade.listing import list_share, read_listings
from stockade.plan import read_plan
from stockade.records import SHARE, Basis, InvestorClass, InvestorRecord, RequestStatus, Scope, SentenceKind, Status
from stockade.suite import Suite
from tests.conftest import key_of
from tests.e2e.faulty import Anvil
from tests.support import EXAMPLES

REGULATOR = 10
INVESTORS = range(20, 28)

# anvil calls final what lies two epochs behind; nothing that deep is ever replaced.
EPOCH = 8
DEEPEST = 8
FINAL = 2 * EPOCH

# States that anvil keeps, all in memory: from 500 blocks on it would move the older ones to disk, and after some
# hundreds more goes back to an empty state when it replaces blocks.
STATES = 100_000


class StormChain:
    """`happened` counts the acts that were done, by name."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(f"chain {seed}")
        self.happened: Counter[str] = Counter()
        self.plan = read_plan(EXAMPLES / "suite.toml")
        clocks = self.plan.profile.clocks
        past = max(clocks.notice_seconds, clocks.objection_seconds) + DAY
        options = ["--slots-in-an-epoch", str(EPOCH), "--timestamp", str(int(time.time()) - past)]
        self.anvil = Anvil(*options, "--prune-history", str(STATES))
        self.w3 = self.anvil.w3
        self.stage = Stage(self.w3, signer, lambda *said: None, EXAMPLES)
        self.suite = self.stage.suite = self._deployed(past)
        self.unlisted = list(read_listings(EXAMPLES / "listings.toml").values())[len(self.suite.tokens()) :]
        self._open()
        self.last_setup_block = self.w3.eth.block_number

    def _deployed(self, past: int) -> Suite:
        suite = deploy(self.w3, signer(DEPLOYER), self.plan)
        tokens = [token.address for token in suite.tokens()]
        opening.begin(suite, signer(ISSUER), tokens, opening.Papers.synthetic())
        self.anvil.rpc("evm_increaseTime", past)
        self.anvil.rpc("evm_mine")
        opening.activate(suite, signer(ISSUER), tokens)
        return suite

    def _open(self) -> None:
        """Everybody is admitted, and has something to move."""
        wallets = [signer(index).address for index in INVESTORS]
        words = [self._record(wallet).pack() for wallet in wallets]
        self._do(REGISTRAR, self.suite.registry.functions.setRecords(wallets, words, bytes(32)))
        for place, index in enumerate(INVESTORS):
            self.stage.deposit(self.suite.tokens()[place % 2], FIRST, index, 100)

    # ---------------------------------------------------------------- what happens

    def play(self, acts: int) -> None:
        """So many acts, done or refused, and what blocks do by themselves."""
        for _ in range(acts):
            act = self.draw.choice(self.ACTS)
            try:
                act(self)
            except StockadeError:
                self.happened[f"{act.__name__} refused"] += 1
            else:
                self.happened[act.__name__] += 1

    def settle(self) -> None:
        """Mines until everything that happened is final."""
        self.anvil.rpc("anvil_mine", hex(FINAL + 1))

    def admit(self) -> None:
        wallets = [signer(index).address for index in self._some(INVESTORS, 4)]
        wallets += [to_checksum_address(self.draw.randbytes(20)) for _ in range(self.draw.randint(0, 30))]
        words = [self._record(wallet).pack() for wallet in wallets]
        self._do(REGISTRAR, self.suite.registry.functions.setRecords(wallets, words, self.draw.randbytes(32)))

    def mint(self) -> None:
        token, shares = self._token(), self.draw.randint(1, 50)
        self.stage.deposit(token, FIRST, self._investor(), shares)

    def move(self) -> None:
        self._do(self._investor(), self._token().functions.transfer(self._wallet(), self._amount()))

    def move_many(self) -> None:
        wallets = [self._wallet() for _ in range(self.draw.randint(2, 20))]
        call = self._token().functions.batchTransfer(wallets, [self._amount() // 20 + 1 for _ in wallets])
        self._do(self._investor(), call)

    def redeem(self) -> None:
        self.stage.request(self._token(), self._investor(), FIRST, self.draw.randint(1, 3))

    def answer(self) -> None:
        asked = self.suite.ledger.functions.requestCount().call()
        number = self.draw.randint(1, max(asked, 1))
        kind = self.draw.choice([SentenceKind.RELEASE, SentenceKind.REJECT])
        request = self.suite.ledger.functions.requestOf(number).call()
        if request[3] != RequestStatus.OPEN:
            raise StockadeError("answered already")
        leaves = request[5] // SHARE if kind is SentenceKind.RELEASE else 0
        self.stage.answer(kind, number, FIRST, [ATTESTOR], leaves)

    def freeze(self) -> None:
        compliance.carry_out(
            self.suite, signer(COMPLIANCE), compliance.freeze(self.suite, self._wallet(), self._order())
        )

    def unfreeze(self) -> None:
        act = compliance.unfreeze(self.suite, self._wallet(), self._order())
        compliance.carry_out(self.suite, signer(COMPLIANCE), act)

    def force(self) -> None:
        act = compliance.force(self._token(), self._wallet(), self._wallet(), "1", self._order())
        compliance.carry_out(self.suite, signer(COMPLIANCE), act)

    def halt(self) -> None:
        """And goes on, mostly: a chain that stays halted moves no more."""
        token, order = self._token().address, self._order()
        for halted in (True, False)[: self.draw.choice([1, 2, 2, 2])]:
            self._do(COMPLIANCE, self.suite.listings.functions.setHalt(token, halted, order.basis, order.hash))

    def heartbeat(self) -> None:
        self._do(MARKET_OPERATOR, self.suite.market.functions.heartbeat(b"XNAS", self.stage.now()))

    def acknowledge(self) -> None:
        head = self.suite.registry.functions.reportHead().call()
        self._do(REGULATOR, self.suite.authority.functions.acknowledge(self.suite.registry.address, *head))

    def list_one_more(self) -> None:
        """Sometimes the same again: its first listing was replaced."""
        share = self.draw.choice(self.unlisted[:2])
        list_share(self.suite, signer(ISSUER), share, self.plan.profile)

    def mine(self) -> None:
        self.anvil.rpc("anvil_mine", hex(self.draw.randint(1, FINAL + DEEPEST)))

    def replace(self) -> None:
        """The last blocks are others. Some of their transactions come back in the new ones, the others never."""
        depth = self._depth()
        head = self.w3.eth.block_number
        lost = [
            self.anvil.rpc("eth_getRawTransactionByHash", transaction.to_0x_hex())
            for number in range(head - depth + 1, head + 1)
            for transaction in self.w3.eth.get_block(number)["transactions"]
        ]
        back = lost[: self.draw.randint(0, len(lost))]  # none without those before it: nonces are strict
        places = sorted(self.draw.randrange(depth) for _ in back)
        self.anvil.rpc("anvil_reorg", depth, [list(pair) for pair in zip(back, places, strict=True)])

    def fall_back(self) -> None:
        """The last blocks are gone, and no others there yet."""
        self.anvil.rpc("anvil_rollback", self._depth())

    ACTS = (
        *[admit, move] * 4,
        *[mint, replace] * 3,
        *[move_many, redeem, answer, unfreeze, mine] * 2,
        *[freeze, force, halt, heartbeat, acknowledge, list_one_more, fall_back],
    )

    # ---------------------------------------------------------------- draws

    def _do(self, index: int, call: ContractFunction) -> None:
        self.suite.send(signer(index), call)

    def _some(self, indexes: range, most: int) -> list[int]:
        return self.draw.sample(indexes, self.draw.randint(1, most))

    def _investor(self) -> int:
        return self.draw.choice(INVESTORS)

    def _wallet(self) -> ChecksumAddress:
        return signer(self._investor()).address

    def _token(self) -> Contract:
        return self.draw.choice(self.suite.tokens()[:2])

    def _amount(self) -> int:
        return self.draw.randint(1, 3 * SHARE)

    def _order(self) -> compliance.Order:
        return compliance.Order(self.draw.choice([Basis.SANCTIONS, Basis.COURT_ORDER]), self.draw.randbytes(32))

    def _record(self, wallet: ChecksumAddress) -> InvestorRecord:
        investor = int.from_bytes(keccak(text=wallet)[:8], "big")
        scopes = Scope.HOLD | Scope.TRANSFER | Scope.TRADE
        return InvestorRecord(
            investor, self.plan.profile.period[1], 1, 840, InvestorClass.RETAIL, scopes, Status.ACTIVE
        )

    def _depth(self) -> int:
        """How many of the last blocks may go, at least one. Raises StockadeError when they are the suite's first."""
        most = min(DEEPEST, self.w3.eth.block_number - self.last_setup_block)
        if most < 1:
            raise StockadeError("nothing to replace yet")
        return self.draw.randint(1, most)


def signer(index: int) -> KeySigner:
    return KeySigner(key_of(index))
