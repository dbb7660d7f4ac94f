"""Where every life begins: the session's suite with two listed shares, some holders, and what its people do often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from eth_utils.crypto import keccak

from stockade.listing import read_listings
from stockade.records import (
    ZERO_ADDRESS,
    Attestation,
    AttestorKind,
    Backing,
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
from stockade.reporting.replay.custody import Custodian
from tests.conftest import Stage
from tests.contracts.support import ALL_CLASSES, EVIDENCE, MAX_128, MAX_256, NO_REF, RIGHTS
from tests.contracts.support import terms as exemption_terms
from tests.machines.ending import logs_of_the_stage
from tests.machines.exemption import Exemption
from tests.machines.holdings import Token
from tests.machines.model import Model, Vote
from tests.machines.play import Play
from tests.machines.roles import LEAST, TABLE, Access, Call
from tests.machines.world import World, interface
from tests.support import DAY, EXAMPLES, SHARE

HOLDER = Scope.HOLD | Scope.TRANSFER | Scope.TRADE
# Whose balances are watched: everybody who can ever hold.
WALLETS = ("alice", "bob", "carol", "platform", "pool", "treasury", "stranger", "outsider")

# The shares beside the stage's: ticker, exemption, backing. With all but the first, nothing has begun yet.
SHARES = {
    "strict": ("MSFT", 1, Backing.ENTITLEMENT),
    "third": ("NVDA", 1, Backing.ENTITLEMENT),
    "native": ("JPM", 2, Backing.ISSUER_NATIVE),
}


@dataclass
class Scene:
    """Of `tokens`, by name, `us` is the stage's share (profile us-tsv), `strict` one without any relaxing flag; others
    wait to be opened. treasury is alice's other wallet. `told`: what the stage's contracts had logged.
    """

    play: Play
    cast: SimpleNamespace
    keys: SimpleNamespace
    tokens: dict[str, str]
    factory: str
    implementation: str
    told: list[Any]

    @property
    def model(self) -> Model:
        return self.play.model

    @property
    def us(self) -> str:
        return self.tokens["us"]

    @property
    def strict(self) -> str:
        return self.tokens["strict"]

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
        """The thirty days, terms and phase of the strict share, records, deposits, allowances, open requests."""
        cast, model, do = self.cast, self.model, self.play.do
        assert do(cast.issuer, model.listings, "setDocument", self.strict, RIGHTS, "ipfs://rights", EVIDENCE)
        assert do(cast.issuer, model.listings, "recordIssuerNotice", self.strict, EVIDENCE)
        self.play.wait(28 * DAY)
        terms = model.terms[self.us]
        data = self.play.data(model.ledger, "setTerms", self.strict, terms)
        assert do(cast.custody_admin, model.authority, "schedule", model.ledger, data, 0)
        self.play.wait(2 * DAY)
        assert do(cast.custody_admin, model.ledger, "setTerms", self.strict, terms)
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


def listing_calls(issuer: str, listings: str, time: int, waiting: bool) -> Iterator[tuple[str, Call]]:
    """By name, what lists the shares beside the stage's; an empty one adds the exemption of some."""
    known, shares = interface("ListingRegistry"), read_listings(EXAMPLES / "listings.toml")
    if waiting:
        later = exemption_terms(time + 45 * DAY, time + 400 * DAY, 0)
        yield "", Call(issuer, listings, known.call("addExemption", later))
    for name, (ticker, exemption, backing) in SHARES.items():
        if waiting or name == "strict":
            share = replace(shares[ticker], backing=backing)
            names = (share.instrument(), share.token_name, share.token_symbol)
            yield name, Call(issuer, listings, known.call("list", exemption, *names, ALL_CLASSES, 0))


def exemption_of(world: World, listings: str, number: int) -> Exemption:
    """As the stage, or the first call here, left it."""
    view = partial(world.view, "ListingRegistry", listings)
    status, versions, notice_until, notice = view("exemptionOf", number)
    terms = [ExemptionTerms(*view("termsAt", number, version)) for version in range(1, versions + 1)]
    return Exemption(ExemptionStatus(status), terms, notice_until, notice)


def share_of(world: World, listings: str, address: str, **fields: Any) -> Token:
    """As listed; dates and document as the stage left them."""
    view = partial(world.view, "ListingRegistry", listings)
    (_, _, mic, backing, _), exemption, *_, objection_until, _ = view("listingOf", address)
    rights = view("getDocument", address, RIGHTS)
    dated = {"objection_until": objection_until, "documents": {RIGHTS: rights} if rights[2] else {}}
    return Token(exemption=exemption, mic=mic, backing=Backing(backing), **dated, **fields)


def build(stage: Stage, keys: SimpleNamespace, chain: Any, waiting: bool = False) -> Scene:
    """What the stage left, as the model sees it, and one more share, or with `waiting` some that are not yet open, one
    of them under an exemption of its own. The embedded chain itself is not touched.
    """
    world = World(chain.provider.evm_backend.chain)
    suite, plan, profile = stage.suite, stage.plan, stage.plan.profile
    cast = SimpleNamespace(**{name: key.address for name, key in vars(keys).items()})
    tokens, listed = {"us": stage.token.address}, []
    for name, call in listing_calls(cast.issuer, suite.listings.address, world.time, waiting):
        outcome = world.send(call)
        listed += outcome.logs
        if name:
            tokens[name] = interface("ListingRegistry").answer("list", outcome.output)
    found = partial(share_of, world, suite.listings.address)

    contracts = {
        suite.authority.address: "SuiteAuthority",
        suite.registry.address: "InvestorRegistry",
        suite.ledger.address: "CustodyLedger",
        suite.listings.address: "ListingRegistry",
        suite.market.address: "MarketStatus",
        suite.factory.address: "SuiteFactory",
        **dict.fromkeys(tokens.values(), "ShareToken"),
    }
    implementation = suite.deployment.addresses["implementation"]
    model = Model(
        time=world.time,
        chain_id=suite.deployment.chain_id,
        codes={implementation: keccak(suite.w3.eth.get_code(implementation))},
        authority=suite.authority.address,
        registry=suite.registry.address,
        ledger=suite.ledger.address,
        listings=suite.listings.address,
        market=suite.market.address,
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
            stage.token.address: found(
                stage.token.address,
                policy=profile.token.policy,
                classes=profile.token.classes_mask,
                own=Phase.ACTIVE,
                told=(Phase.ACTIVE, False, profile.period[1]),
            )
        }
        | {each: found(each, policy=Policy(0), classes=ALL_CLASSES) for each in list(tokens.values())[1:]},
        registrars=dict(plan.registrars),
        exemptions={
            number: exemption_of(world, suite.listings.address, number) for number in ((1, 2) if waiting else (1,))
        },
        rules=RelayRules(*profile.market.rules),
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
    play.logs += listed
    told = logs_of_the_stage(suite, list(contracts))
    scene = Scene(play, cast, keys, tokens, suite.factory.address, implementation, told)
    scene.open()
    return scene
