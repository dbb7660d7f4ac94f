"""An eventful life of a suite: everything that can happen to it happens once, told in the order of the story.

It works on any chain: the embedded one or an anvil. Each step is kept with its receipt, so that tests can ask what a
function reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from eth_account import Account
from eth_utils.abi import abi_to_signature, function_abi_to_4byte_selector
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from stockade import chain, manifest, profiles
from stockade.chain import KeySigner
from stockade.listing import list_call, read_listings
from stockade.records import (
    Attestation,
    Basis,
    ExemptionStatus,
    Interruption,
    InvestorClass,
    InvestorRecord,
    Pause,
    Policy,
    Role,
    Scope,
    SentenceKind,
    Status,
)
from stockade.reporting.decode import STREAM_REPORTED
from stockade.reporting.entries import AuthorityKind
from stockade.suite import CONTRACTS, Suite
from tests.support import DAY, EXAMPLES, SHARE, YEAR

ORDER = keccak(text="order")
ROOT_OF_EVIDENCE = keccak(text="evidence")
NOBODY = "0x" + "00" * 20
# Wallets without keys, for batches.
BOOK = [Account.from_key(keccak(text=f"synthetic investor {number}")).address for number in range(20)]


@dataclass(frozen=True)
class Step:
    """A transaction: the function called, as Contract.signature, and its receipt."""

    function: str
    receipt: TxReceipt


class Life:
    """`Life(suite, token, keys, travel).live()`; the suite's registrars, custodians and roles are those of conftest."""

    def __init__(self, suite: Suite, token: str, keys: SimpleNamespace, travel: Callable[[int], None]) -> None:
        self.suite, self.keys, self.travel = suite, keys, travel
        self.token = suite.token(token)
        self.second = self.third = self.token  # listed on the way
        self.steps: list[Step] = []
        self.released = b""

    def live(self) -> Life:
        self.handed_over()
        self.whitelist()
        self.freezes_of_wallets()
        self.moving_records()
        self.deposits()
        self.transfers()
        self.orders()
        self.redemptions()
        self.recovery()
        self.settings()
        self.listings()
        self.market()
        self.documents()
        self.custodians()
        self.upgrade()
        self.roles()
        self.anchors()
        return self

    # ---------------------------------------------------------------- the chapters

    def handed_over(self) -> None:
        """What the deployer did last, found by its record."""
        suite = self.suite
        told = AuthorityKind.SETTLED.to_bytes(32, "big")
        topics = [STREAM_REPORTED, None, told]
        (log,) = suite.w3.eth.get_logs({"address": suite.authority.address, "fromBlock": 0, "topics": topics})
        call = suite.authority.functions.settle(self.keys.admin.address)
        self.keep(call, suite.w3.eth.get_transaction_receipt(log["transactionHash"]))

    def whitelist(self) -> None:
        """Two registrars, rewritten rows, a revocation, a key that comes and goes."""
        keys = self.keys
        people = [keys.alice, keys.bob, keys.carol]
        self.write(keys.registrar, {each.address: self.record(100 + place) for place, each in enumerate(people)})
        self.write(
            keys.registrar,
            {
                keys.platform.address: self.record(
                    200, investor_class=InvestorClass.PLATFORM, scopes=Scope.HOLD | Scope.TRADE | Scope.EXECUTE
                ),
                # The wallet that will replace alice's, of the same investor.
                keys.treasury.address: self.record(100),
            },
        )
        self.write(keys.registrar, {wallet: self.record(300 + place) for place, wallet in enumerate(BOOK)})
        self.write(keys.registrar, {BOOK[0]: self.record(300, status=Status.REVOKED), BOOK[1]: self.record(301)})
        self.write(keys.second_registrar, {keys.stranger.address: self.record(400, registrar=2)})
        self.write(keys.registrar, {})
        self.do(keys.compliance, self.suite.registry.functions.setRegistrar(keys.relay.address, 1))
        self.do(keys.compliance, self.suite.registry.functions.setRegistrar(keys.relay.address, 0))

    def freezes_of_wallets(self) -> None:
        """A freeze beneath which a registrar writes, and one that stays."""
        functions, keys = self.suite.registry.functions, self.keys
        self.do(keys.compliance, functions.freeze(keys.outsider.address, Basis.SANCTIONS, ORDER))
        self.write(keys.registrar, {keys.outsider.address: self.record(500)})
        self.do(keys.compliance, functions.unfreeze(keys.outsider.address, Basis.SANCTIONS, ORDER))
        self.do(keys.compliance, functions.freeze(BOOK[2], Basis.COURT_ORDER, ORDER))
        self.write(keys.registrar, {BOOK[2]: self.record(302, status=Status.REVOKED)})

    def moving_records(self) -> None:
        """Offered and taken over, withdrawn, overtaken by COMPLIANCE; one offer stays open."""
        functions, keys = self.suite.registry.functions, self.keys
        self.do(keys.registrar, functions.offerRecords(BOOK[10:13], 2))
        self.write(keys.second_registrar, {BOOK[10]: self.record(600, registrar=2)})
        self.do(keys.registrar, functions.offerRecords([BOOK[11]], 0))
        order = (Basis.REGULATOR_ORDER, ORDER)
        self.do(keys.compliance, functions.assignRecords([BOOK[2], BOOK[12]], 3, *order))
        self.do(keys.second_registrar, functions.offerRecords([BOOK[10]], 1))

    def deposits(self) -> None:
        """Two custodians, a batch, an under-reserved position and its cure."""
        keys = self.keys
        self.attest(self.deposit(keys.alice, 500))
        self.attest(self.deposit(keys.carol, 300, custodian=2), keys.desk_a, keys.desk_c)
        first = self.deposit(keys.bob, 200)
        statement = self.sentence(sequence=first.sequence + 1, shares_held=first.shares_held)
        votes = [self.votes(first, keys.attestor), self.votes(statement, keys.attestor)]
        batch = [first.as_tuple(), statement.as_tuple()]
        self.do(keys.relay, self.suite.ledger.functions.attestBatch(batch, votes))
        self.attest(self.sentence(shares_held=1 * SHARE))
        self.attest(self.sentence(shares_held=800 * SHARE))

    def transfers(self) -> None:
        """Alone, of nothing, to oneself, in a batch, by a platform with an allowance and with a permit."""
        functions, keys = self.token.functions, self.keys
        alice, bob, carol = keys.alice.address, keys.bob.address, keys.carol.address
        self.do(keys.alice, functions.transfer(bob, 30 * SHARE))
        self.do(keys.alice, functions.transfer(bob, 0))
        self.do(keys.alice, functions.transfer(alice, 5 * SHARE))
        self.do(keys.alice, functions.batchTransfer([bob, carol, BOOK[3], alice], [SHARE, 2 * SHARE, 3 * SHARE, 4]))
        self.do(keys.bob, functions.approve(keys.platform.address, 10 * SHARE))
        self.do(keys.platform, functions.transferFrom(bob, carol, 10 * SHARE))
        self.do(keys.relay, functions.permit(*self.permit(keys.carol, keys.platform.address, 7 * SHARE)))
        self.do(keys.platform, functions.transferFrom(carol, bob, 7 * SHARE))

    def orders(self) -> None:
        """Partial freezes, forces within and beyond the unfrozen part, to oneself, with and without an order."""
        functions, keys = self.token.functions, self.keys
        bob, carol = keys.bob.address, keys.carol.address
        court = (Basis.COURT_ORDER, ORDER)
        balance = functions.balanceOf(bob).call()
        self.do(keys.compliance, functions.setFrozenTokensWithOrder(bob, balance - 20 * SHARE, *court))
        self.do(keys.compliance, functions.forcedTransferWithOrder(bob, carol, 5 * SHARE, *court))
        self.do(keys.compliance, functions.forcedTransferWithOrder(bob, carol, 25 * SHARE, *court))
        self.do(keys.compliance, functions.forcedTransferWithOrder(bob, bob, 30 * SHARE, *court))
        self.do(keys.compliance, functions.forcedTransfer(carol, bob, 1 * SHARE))
        self.do(keys.compliance, functions.setFrozenTokens(keys.outsider.address, 1_000 * SHARE))
        self.do(keys.compliance, functions.forcedTransfer(carol, keys.outsider.address, 2 * SHARE))

    def redemptions(self) -> None:
        """Released, rejected, taken back, forced; two stay open."""
        keys, ledger = self.keys, self.suite.ledger.functions
        released, rejected, forgotten = (
            self.redeem(keys.alice, 10),
            self.redeem(keys.alice, 11),
            self.redeem(keys.carol, 12),
        )
        forced, _open = self.redeem(keys.carol, 13), self.redeem(keys.alice, 14)
        self.redeem(keys.alice, 15, custodian=2)
        self.attest(self.answer(SentenceKind.RELEASE, released))
        self.attest(self.answer(SentenceKind.REJECT, rejected))
        order = (Basis.REGULATOR_ORDER, ORDER)
        self.do(keys.compliance, ledger.forceRedemption(forced, keys.bob.address, *order))
        self.travel(5 * DAY)
        self.do(keys.carol, ledger.takeBack(forgotten))

    def recovery(self) -> None:
        """alice loses her wallet, part of it frozen, two requests open; more arrives; bob's recovery is held up."""
        keys, functions = self.keys, self.suite.registry.functions
        alice, lost = keys.alice.address, (Basis.LOST_WALLET, ORDER)
        freeze = self.token.functions.setFrozenTokensWithOrder
        self.do(keys.compliance, freeze(alice, 40 * SHARE, *lost))
        self.do(keys.compliance, freeze(keys.treasury.address, 1 * SHARE, *lost))
        self.do(keys.compliance, functions.recover(alice, keys.treasury.address, *lost))
        self.do(keys.compliance, self.token.functions.recoverBalance(alice))
        self.do(keys.compliance, self.suite.ledger.functions.recoverRequests([5]))
        self.attest(self.answer(SentenceKind.REJECT, 5))
        self.do(keys.compliance, self.token.functions.recoverBalance(alice))
        self.write(keys.registrar, {keys.pool.address: self.record(101)})
        self.do(keys.compliance, functions.recover(keys.bob.address, keys.pool.address, *lost))
        self.do(keys.compliance, functions.freeze(keys.bob.address, *lost))

    def settings(self) -> None:
        """Pauses come and go, a policy changes."""
        keys, functions = self.keys, self.token.functions
        self.do(keys.pauser, functions.pause(int(Pause.TRANSFER | Pause.MINT | Pause.FORCE)))
        self.do(keys.compliance, functions.unpause(int(Pause.TRANSFER)))
        self.do(keys.regulator, functions.unpause(int(Pause.FORCE)))
        # web3 takes flags for collections, hence int().
        relaxed = int(Policy.FRACTIONAL_REDEMPTION | Policy.HALT_STOPS_TRADING_ONLY)
        self.do(keys.issuer, functions.setPolicy(0x00FE, relaxed))

    def listings(self) -> None:
        """A second share under the same exemption, a third under one that is revoked; halts, suspensions, lapse."""
        keys, functions = self.keys, self.suite.listings.functions
        order, now = (Basis.REGULATOR_ORDER, ORDER), self.now()
        self.do(keys.issuer, functions.addExemption((ORDER, ORDER, now - DAY, now + YEAR, 0, DAY, DAY)))
        self.second, self.third = self.list("MSFT", 1), self.list("AMZN", 2)
        self.do(keys.issuer, functions.publishNotice(2, ORDER, "https://example.org/notice"))
        self.do(keys.issuer, functions.publishNotice(1, ROOT_OF_EVIDENCE, "https://example.org/revised"))
        rights = b"RIGHTS".ljust(32, b"\0")
        self.do(keys.issuer, functions.setDocument(self.second.address, rights, "https://example.org/rights", ORDER))
        for token in (self.second, self.third):
            self.do(keys.issuer, functions.recordIssuerNotice(token.address, ORDER))
        self.do(keys.compliance, functions.recordObjection(self.third.address, ORDER, self.now()))
        self.travel(30 * DAY)
        self.do(keys.issuer, functions.activate(self.second.address))
        # One that came too late, and one that had come in time: the second holds the token.
        self.do(keys.compliance, functions.recordObjection(self.second.address, ORDER, self.now()))
        self.do(keys.compliance, functions.recordObjection(self.second.address, ORDER, self.now() - DAY))
        self.do(keys.compliance, functions.setHalt(self.token.address, True, *order))
        self.do(keys.compliance, functions.setHalt(self.token.address, False, *order))
        self.do(keys.compliance, functions.setHalt(self.second.address, True, *order))
        self.do(keys.compliance, functions.suspend(self.token.address, *order))
        self.do(keys.compliance, functions.resume(self.token.address, *order))
        self.do(keys.compliance, functions.setExemptionStatus(1, ExemptionStatus.SUSPENDED, *order))
        later = self.now() + 30 * DAY
        self.do(keys.issuer, functions.amendExemption(1, (ORDER, ORDER, now - DAY, 2**33, later, DAY, DAY)))
        self.do(keys.issuer, functions.amendExemption(1, (ROOT_OF_EVIDENCE, ORDER, now - DAY, 2**33, 0, DAY, DAY)))
        self.do(keys.compliance, functions.setExemptionStatus(1, ExemptionStatus.ACTIVE, *order))
        self.do(keys.compliance, functions.setExemptionStatus(2, ExemptionStatus.REVOKED, *order))
        self.do(keys.compliance, functions.windDown(self.second.address, *order))
        self.list("NVDA", 1)

    def market(self) -> None:
        """A calendar, halts of a share and of a market, a heartbeat that stops, and two relays that must agree."""
        keys, functions = self.keys, self.suite.market.functions
        operator, mic, token = keys.market_operator, b"XNAS", self.token.address
        self.do(operator, functions.setHours(mic, (870 | 1260 << 12) << 32 | 240 << 16 | 330))
        self.do(operator, functions.setDays(mic, 320, [2**256 - 1, 1]))
        self.do(operator, functions.heartbeat(mic, self.now()))
        halt = (1, int(Interruption.ASSET_HALTED), b"T1".ljust(8, b"\0"), self.now())
        self.do(operator, functions.relay(token, halt))
        self.do(operator, functions.relay(token, (2, int(Interruption.NONE), bytes(8), self.now())))
        halt = (1, int(Interruption.VENUE_HALTED), b"MWC1".ljust(8, b"\0"), self.now())
        self.do(operator, functions.relayVenue(mic, halt))
        self.do(operator, functions.relayVenue(mic, (2, int(Interruption.NONE), bytes(8), self.now())))
        self.do(
            operator, functions.relay(token, (3, int(Interruption.PRICE_CONSTRAINED), b"LUDP" + bytes(4), self.now()))
        )
        self.travel(DAY)
        self.do(keys.stranger, functions.sync([token]))
        self.do(keys.issuer, functions.setRules((2, 600)))
        self.do(operator, functions.heartbeat(mic, self.now()))

    def documents(self) -> None:
        """Set, replaced, removed."""
        functions, issuer, token = self.suite.listings.functions, self.keys.issuer, self.token.address
        prospectus, notice = b"prospectus".ljust(32, b"\0"), b"notice".ljust(32, b"\0")
        self.do(issuer, functions.setDocument(token, prospectus, "https://example.org/1", ORDER))
        self.do(issuer, functions.setDocument(token, notice, "https://example.org/notice", ORDER))
        self.do(issuer, functions.setDocument(token, prospectus, "https://example.org/2", ROOT_OF_EVIDENCE))
        self.do(issuer, functions.removeDocument(token, notice))

    def custodians(self) -> None:
        """A third custodian, other attestors, other terms, one closed: all two days after they were announced."""
        functions, keys = self.suite.ledger.functions, self.keys
        calls = [
            functions.addCustodian(b"0000SYNTHETIC0000322", ORDER, [(keys.stranger.address, 1)], 1),
            functions.setAttestors(2, [keys.desk_b.address], [(keys.relay.address, 1)], 3),
            functions.setTerms(self.second.address, (1_000 * SHARE, 3, 2 * DAY)),
            functions.setCustodianOpen(1, False),
        ]
        for call in calls:
            self.suite.perform(keys.custody_admin, call)
        self.travel(2 * DAY + 1)
        for call in calls:
            receipt = self.suite.perform(keys.custody_admin, call)
            assert not isinstance(receipt, int)
            self.keep(call, receipt)

    def upgrade(self) -> None:
        """The token moves to another implementation of the same wiring, 20 days after that was announced."""
        suite, keys = self.suite, self.keys
        factory = suite.w3.eth.contract(
            abi=manifest.abi("ShareToken"), bytecode=manifest.contract("ShareToken")["bytecode"]
        )
        creation = factory.constructor(self.token.functions.wiring().call()).data_in_transaction
        implementation = chain.send(suite.w3, keys.relay, {"data": creation})["contractAddress"]
        code = suite.w3.keccak(suite.w3.eth.get_code(implementation))
        call = suite.factory.functions.upgrade(implementation, code, [self.token.address])
        suite.perform(keys.upgrader, call)
        self.travel(20 * DAY + 1)
        receipt = suite.perform(keys.upgrader, call)
        assert not isinstance(receipt, int)
        self.keep(call, receipt)

    def roles(self) -> None:
        """Keys change hands, a function gets another role, a delay falls, and the regulator acknowledges."""
        suite, keys = self.suite, self.keys
        functions, token = suite.authority.functions, self.token
        freeze = function_abi_to_4byte_selector(suite.registry.functions.freeze.abi)
        acts = [
            (keys.key_admin, functions.grantRole(Role.PAUSER, keys.stranger.address, 0)),
            (keys.key_admin, functions.grantRole(Role.CUSTODY_ADMIN, keys.custody_admin.address, 3 * DAY)),
            (keys.key_admin, functions.revokeRole(Role.COMPLIANCE, keys.compliance.address)),
            (keys.admin, functions.setTargetFunctionRole(suite.registry.address, [freeze], Role.REGULATOR)),
            (keys.admin, functions.grantRole(Role.ADMIN, keys.relay.address, 30 * DAY)),
        ]
        for by, call in acts:
            self.do(by, functions.schedule(call.address, call._encode_transaction_data(), 0))
        extra = functions.grantRole(Role.ISSUER, keys.stranger.address, 0)
        self.do(keys.key_admin, functions.schedule(extra.address, extra._encode_transaction_data(), 0))
        by = keys.key_admin.address
        self.do(keys.guardian, functions.cancel(by, extra.address, extra._encode_transaction_data()))
        self.travel(DAY + 1)
        for by, call in acts[:3]:
            self.do(by, call)
        lower = functions.grantRole(Role.CUSTODY_ADMIN, keys.custody_admin.address, 2 * DAY)
        self.do(keys.key_admin, functions.schedule(lower.address, lower._encode_transaction_data(), 0))
        self.travel(DAY + 1)
        self.do(keys.key_admin, lower)
        self.do(keys.stranger, functions.renounceRole(Role.PAUSER, keys.stranger.address))
        self.travel(18 * DAY + 1)
        for by, call in acts[3:]:
            self.do(by, call)

        for stream in (token, suite.registry, suite.authority):
            sequence, head = stream.functions.reportHead().call()
            self.do(keys.regulator, functions.acknowledge(stream.address, sequence, head))
        order = (Basis.REGULATOR_ORDER, ORDER)
        suspend = suite.listings.functions.setRegulatorSuspension
        self.do(keys.regulator, suspend(token.address, True, *order))
        self.do(keys.regulator, suspend(self.second.address, True, *order))
        self.do(keys.regulator, suspend(self.second.address, False, *order))

    def anchors(self) -> None:
        """Two days of the issuer's records, a quiet one between them, others left out."""
        functions, today = self.suite.authority.functions, self.now() // DAY
        for day, root, count, last in (
            (today - 9, ROOT_OF_EVIDENCE, 7, 7),
            (today - 8, bytes(32), 0, 7),
            (today - 1, ORDER, 3, 10),
        ):
            self.do(self.keys.issuer, functions.anchor(day, root, count, last))

    # ---------------------------------------------------------------- how things are done

    def do(self, signer: KeySigner, call: ContractFunction) -> TxReceipt:
        """Sends without asking for the gas first: py-evm answers that by executing the call a dozen times."""
        w3 = self.suite.w3
        transaction = call.build_transaction(
            {
                "from": signer.address,
                "nonce": w3.eth.get_transaction_count(signer.address),
                "chainId": w3.eth.chain_id,
                "gas": 4_000_000,
                "maxFeePerGas": w3.to_wei(20, "gwei"),
                "maxPriorityFeePerGas": w3.to_wei(1, "gwei"),
            }
        )
        receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signer.sign_transaction(transaction)))
        assert receipt["status"] == 1, f"{call} was refused"
        self.keep(call, receipt)
        return receipt

    def keep(self, call: ContractFunction, receipt: TxReceipt) -> None:
        self.steps.append(Step(f"{self.contract_at(call.address)}.{abi_to_signature(call.abi)}", receipt))

    def contract_at(self, address: str) -> str:
        """The name of the suite's contract at an address; whatever is no singleton is a token."""
        for name in ("authority", "registry", "ledger", "listings", "market", "factory"):
            if getattr(self.suite, name).address == address:
                return CONTRACTS[name]
        return "ShareToken"

    def now(self) -> int:
        return int(self.suite.w3.eth.get_block("latest")["timestamp"])

    def record(self, investor: int, **changes: Any) -> InvestorRecord:
        good = InvestorRecord(
            investor_id=investor,
            expires_at=self.now() + YEAR,
            registrar=1,
            country=840,
            investor_class=InvestorClass.RETAIL,
            scopes=Scope.HOLD | Scope.TRANSFER | Scope.TRADE,
            status=Status.ACTIVE,
        )
        return replace(good, **changes)

    def write(self, registrar: KeySigner, records: dict[str, InvestorRecord]) -> None:
        words = [record.pack() for record in records.values()]
        self.do(registrar, self.suite.registry.functions.setRecords(list(records), words, ROOT_OF_EVIDENCE))

    def sentence(self, custodian: int = 1, **changes: Any) -> Attestation:
        """The custodian's next sentence about the first token: a STATEMENT of what it holds."""
        position = self.suite.position(self.token.address, custodian)
        draft = Attestation(
            token=self.token.address,
            custodian=custodian,
            kind=SentenceKind.STATEMENT,
            sequence=position.sequence + 1,
            shares_held=position.held,
            shares=0,
            account=NOBODY,
            ref=bytes(32),
            evidence=ROOT_OF_EVIDENCE,
            as_of=self.now(),
            valid_until=self.now() + DAY,
        )
        return replace(draft, **changes)

    def deposit(self, receiver: KeySigner, shares: int, custodian: int = 1) -> Attestation:
        units = shares * SHARE
        held = self.suite.position(self.token.address, custodian).held + units
        return self.sentence(
            custodian, kind=SentenceKind.DEPOSIT, shares_held=held, shares=units, account=receiver.address, ref=ORDER
        )

    def answer(self, kind: SentenceKind, request: int) -> Attestation:
        _, custodian, _, _, holder, amount = self.suite.ledger.functions.requestOf(request).call()
        draft = self.sentence(custodian, kind=kind, shares=amount, account=holder, ref=request.to_bytes(32, "big"))
        return replace(draft, shares_held=draft.shares_held - (amount if kind is SentenceKind.RELEASE else 0))

    def votes(self, sentence: Attestation, *signers: KeySigner) -> list[tuple[str, bytes]]:
        message = sentence.message(self.suite.deployment.chain_id, self.suite.ledger.address)
        desks = sorted(signers, key=lambda desk: int(desk.address, 16))
        return [(desk.address, desk.sign_message(message)) for desk in desks]

    def attest(self, sentence: Attestation, *signers: KeySigner) -> None:
        votes = self.votes(sentence, *(signers or (self.keys.attestor,)))
        self.do(self.keys.relay, self.suite.ledger.functions.attest(sentence.as_tuple(), votes))

    def redeem(self, holder: KeySigner, shares: int, custodian: int = 1) -> int:
        functions = self.suite.ledger.functions
        self.do(holder, functions.requestRedemption(self.token.address, custodian, shares * SHARE, ORDER))
        return int(functions.requestCount().call())

    def permit(self, owner: KeySigner, spender: str, value: int) -> Sequence[Any]:
        """The arguments of ERC-2612's `permit`, signed."""
        functions, deadline = self.token.functions, self.now() + DAY
        _, name, version, chain_id, contract, _, _ = functions.eip712Domain().call()
        signed = owner.account.sign_typed_data(
            {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract},
            {
                "Permit": [
                    {"name": "owner", "type": "address"},
                    {"name": "spender", "type": "address"},
                    {"name": "value", "type": "uint256"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ]
            },
            {
                "owner": owner.address,
                "spender": spender,
                "value": value,
                "nonce": functions.nonces(owner.address).call(),
                "deadline": deadline,
            },
        )
        r, s = HexBytes(signed.r.to_bytes(32, "big")), HexBytes(signed.s.to_bytes(32, "big"))
        return owner.address, spender, value, deadline, signed.v, r, s

    def list(self, ticker: str, exemption: int) -> Any:
        share = read_listings(EXAMPLES / "listings.toml")[ticker]
        profile = profiles.load(self.suite.deployment.profile)
        self.do(self.keys.issuer, list_call(self.suite, share, profile, exemption))
        return self.suite.tokens()[-1]
