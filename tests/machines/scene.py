"""Where every life begins: the session's suite with two listed shares, some holders, and what its people do often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

from eth_utils.crypto import keccak

from stockade.listing import read_listings
from stockade.records import (
    ZERO_ADDRESS,
    Attestation,
    AttestorKind,
    ExemptionStatus,
    InvestorClass,
    InvestorRecord,
    Phase,
    Policy,
    Scope,
    SentenceKind,
    Status,
)
from stockade.reporting.entries import ExemptionTerms, RelayRules, Terms
from stockade.reporting.rebuild import Custodian, Exemption
from tests.conftest import Stage
from tests.contracts.support import ALL_CLASSES, EVIDENCE, MAX_128, MAX_256, NO_REF, RIGHTS
from tests.machines.ending import logs_of_the_stage
from tests.machines.holdings import Token
from tests.machines.model import Model, Vote
from tests.machines.play import Play
from tests.machines.roles import LEAST, TABLE, Access, Call
from tests.machines.world import World, interface
from tests.support import DAY, EXAMPLES, SHARE

HOLDER = Scope.HOLD | Scope.TRANSFER | Scope.TRADE
# Whose balances are watched: everybody who can ever hold.
WALLETS = ("alice", "bob", "carol", "platform", "pool", "treasury", "stranger", "outsider")


@dataclass
class Scene:
    """`us` is the stage's share (profile us-tsv), `strict` one without any relaxing flag; treasury is alice's other
    wallet. `told`: what the stage's contracts had logged.
    """

    play: Play
    cast: SimpleNamespace
    keys: SimpleNamespace
    us: str
    strict: str
    factory: str
    implementation: str
    told: list[Any]

    @property
    def model(self) -> Model:
        return self.play.model

    # ---------------------------------------------------------------- what people say

    def record(self, investor: int, days: int = 3650, **changes: Any) -> InvestorRecord:
        fields = {"registrar": 1, "country": 840, "investor_class": InvestorClass.RETAIL, "scopes": HOLDER}
        return InvestorRecord(investor, self.model.time + days * DAY, status=Status.ACTIVE, **{**fields, **changes})

    def deposit(self, token: str, custodian: int, holder: str, shares: int, **changes: Any) -> Attestation:
        """The custodian's next sentence: so much more is held, for `holder`."""
        held = self.model.positions[token, custodian].held + shares
        return self.statement(
            token, custodian, held, **{"kind": SentenceKind.DEPOSIT, "shares": shares, "account": holder, **changes}
        )

    def answer(self, number: int, kind: SentenceKind, **changes: Any) -> Attestation:
        """The next sentence of the custodian whom a request addresses."""
        request = self.model.requests[number]
        position = self.model.positions[request.token, request.custodian]
        held = max(position.held - request.amount, 0) if kind is SentenceKind.RELEASE else position.held
        fields = {"kind": kind, "shares": request.amount, "account": request.holder, "ref": number.to_bytes(32, "big")}
        return self.statement(request.token, request.custodian, held, **{**fields, **changes})

    def statement(self, token: str, custodian: int, held: int, **changes: Any) -> Attestation:
        fields = {
            "token": token,
            "custodian": custodian,
            "kind": SentenceKind.STATEMENT,
            "sequence": self.model.positions[token, custodian].sequence + 1,
            "shares_held": held,
            "shares": 0,
            "account": ZERO_ADDRESS,
            "ref": NO_REF,
            "evidence": EVIDENCE,
            "as_of": self.model.time,
            "valid_until": self.model.time + DAY,
        }
        return Attestation(**{**fields, **changes})

    def signers(self, custodian: int) -> tuple[list[str], int]:
        """A custodian's attestors ascending by address, and how many must sign."""
        if not (known := self.model.custodians.get(custodian)):
            return ["attestor"], 1
        people = {address: name for name, address in vars(self.cast).items()}
        ascending = sorted(known.attestors, key=lambda address: int(address, 16))
        return [people[each] for each in ascending], known.threshold

    def votes(self, sentence: Attestation, names: Sequence[str], over: Attestation | None = None) -> list[Vote]:
        """Signed by the given people; for bad votes, `over` another sentence."""
        signed = over or sentence
        digest = signed.digest(self.model.chain_id, self.model.ledger)
        keys = [getattr(self.keys, name) for name in names]
        return [Vote(key.address, sign(key, digest), signed == sentence) for key in keys]

    # ---------------------------------------------------------------- the first acts

    def open(self) -> None:
        """Records, terms and phase of the strict share, deposits, allowances, open requests."""
        cast, model, do = self.cast, self.model, self.play.do
        terms = model.terms[self.us]
        data = self.play.data(model.ledger, "setTerms", self.strict, terms)
        assert do(cast.custody_admin, model.authority, "schedule", model.ledger, data, 0)
        self.play.wait(2 * DAY)
        assert do(cast.custody_admin, model.ledger, "setTerms", self.strict, terms)
        assert do(cast.issuer, model.listings, "recordIssuerNotice", self.strict, EVIDENCE)
        self.play.wait(model.terms_now(1).objection_period)
        assert do(cast.issuer, model.listings, "activate", self.strict)

        platform = {"investor_class": InvestorClass.PLATFORM, "scopes": HOLDER | Scope.EXECUTE | Scope.LIQUIDITY}
        pool = {"investor_class": InvestorClass.POOL, "scopes": HOLDER | Scope.EXECUTE}
        rows = [
            (cast.alice, self.record(1, scopes=HOLDER | Scope.LIQUIDITY)),
            (cast.bob, self.record(2, days=40)),
            (cast.carol, self.record(3, days=20)),
            (cast.platform, self.record(4, **platform)),
            (cast.pool, self.record(5, **pool)),
            (cast.treasury, self.record(1)),
        ]
        assert do(cast.registrar, model.registry, "setRecords", rows, EVIDENCE)
        others = [(cast.stranger, self.record(6, registrar=2))]
        assert do(cast.second_registrar, model.registry, "setRecords", others, NO_REF)
        for token in (self.us, self.strict):
            for custodian, holder in ((1, cast.alice), (2, cast.bob), (1, cast.platform)):
                deposit = self.deposit(token, custodian, holder, 100 * SHARE)
                names, enough = self.signers(custodian)
                assert do(cast.relay, model.ledger, "attest", deposit, self.votes(deposit, names[:enough]))
            assert do(cast.alice, token, "approve", cast.platform, MAX_256)
            assert do(cast.bob, token, "approve", cast.platform, MAX_128)
        for token, holder, custodian, shares in (
            (self.us, cast.alice, 1, 30),
            (self.us, cast.alice, 2, 20),
            (self.us, cast.bob, 1, 10),
            (self.strict, cast.alice, 1, 10),
        ):
            assert do(holder, model.ledger, "requestRedemption", token, custodian, shares * SHARE, NO_REF)
        self.play.stand()


def sign(key: Any, digest: bytes) -> bytes:
    return bytes(key.account.unsafe_sign_hash(digest).signature)


def build(stage: Stage, keys: SimpleNamespace, chain: Any) -> Scene:
    """What the stage left, as the model sees it, and one more share. The embedded chain itself is not touched."""
    world = World(chain.provider.evm_backend.chain)
    suite, plan, profile = stage.suite, stage.plan, stage.plan.profile
    cast = SimpleNamespace(**{name: key.address for name, key in vars(keys).items()})
    share = read_listings(EXAMPLES / "listings.toml")["MSFT"]
    names = (share.instrument(), share.token_name, share.token_symbol)
    listing = interface("ListingRegistry").call("list", 1, *names, ALL_CLASSES, 0)
    listed = world.send(Call(cast.issuer, suite.listings.address, listing))
    strict = interface("ListingRegistry").answer("list", listed.output)
    verified = interface("ListingRegistry").call("setDocument", strict, RIGHTS, "ipfs://rights", EVIDENCE)
    rights = world.send(Call(cast.issuer, suite.listings.address, verified))

    contracts = {
        suite.authority.address: "SuiteAuthority",
        suite.registry.address: "InvestorRegistry",
        suite.ledger.address: "CustodyLedger",
        suite.listings.address: "ListingRegistry",
        suite.market.address: "MarketStatus",
        suite.factory.address: "SuiteFactory",
        stage.token.address: "ShareToken",
        strict: "ShareToken",
    }
    implementation = suite.deployment.addresses["implementation"]
    token = partial(Token, exemption=1)
    read = suite.listings.functions
    status, _, noticed, notice = read.exemptionOf(1).call()
    exemption = Exemption(ExemptionStatus(status), (ExemptionTerms(*read.termsAt(1, 1).call()),), noticed, notice)
    model = Model(
        time=world.time,
        chain_id=suite.deployment.chain_id,
        codes={implementation: keccak(suite.w3.eth.get_code(implementation))},
        authority=suite.authority.address,
        registry=suite.registry.address,
        ledger=suite.ledger.address,
        listings=suite.listings.address,
        market=suite.market.address,
        mic=share.mic.encode(),
        rules=RelayRules(*profile.market.rules),
        deployer=cast.deployer,
        settled=True,
        roles={
            (role, account): Access(LEAST.get(role, 0), LEAST.get(role, 0), 0)
            for role, accounts in plan.roles.items()
            for account in accounts
        },
        functions={
            (address, interface(contract).selector(function)): role
            for address, contract in contracts.items()
            for role, functions in TABLE.get(contract, {}).items()
            for function in functions
        },
        reports=Counter(),
        tokens={
            stage.token.address: token(
                policy=profile.token.policy,
                classes=profile.token.classes_mask,
                own=Phase.ACTIVE,
                told=(Phase.ACTIVE, False, profile.period[1]),
                objection_until=read.listingOf(stage.token.address).call()[-2],
            ),
            strict: token(policy=Policy(0), classes=ALL_CLASSES),
        },
        registrars=dict(plan.registrars),
        exemptions={1: exemption},
        custodians={
            number: Custodian(
                each.lei.encode(),
                keccak(text=each.name),
                True,
                each.threshold,
                {account: AttestorKind.KEY for account, _ in each.attestors},
            )
            for number, each in enumerate(plan.custodians, start=1)
        },
        terms={stage.token.address: Terms(*profile.custody.terms)},
    )
    play = Play(world, model, contracts, tuple(getattr(cast, name) for name in WALLETS))
    for address in play.chains:
        model.reports[address] = play.head(address)[0]
    assert play.words() == play.expected()
    play.logs += [*listed.logs, *rights.logs]
    told = logs_of_the_stage(suite, list(contracts))
    scene = Scene(
        play,
        cast,
        keys,
        stage.token.address,
        strict,
        suite.factory.address,
        implementation,
        told,
    )
    scene.open()
    return scene
