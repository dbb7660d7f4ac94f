"""One suite on the embedded chain for the whole session, one account per role. Ape isolates every test by snapshot.

The suite is deployed by the library, as an issuer deploys it. Contracts are handed to tests as Ape instances, so that
events compare as whole lists and errors with their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import ape
import pytest
from ape.api import ReceiptAPI
from ape.contracts import ContractInstance
from eth_account import Account
from eth_account.signers.local import LocalAccount
from ethpm_types import ContractType
from web3.contract.contract import ContractFunction
from web3.middleware import Web3Middleware
from web3.types import RPCEndpoint, TxReceipt

from stockade import manifest, opening, profiles
from stockade.chain import KeySigner
from stockade.deploy import Custodian, Plan, deploy_suite, hand_over
from stockade.listing import list_share, read_listings
from stockade.records import Attestation, InvestorClass, InvestorRecord, Role, Scope, SentenceKind, Status
from stockade.suite import Suite
from tests.support import EXAMPLES, SHARE, YEAR

Account.enable_unaudited_hdwallet_features()
MNEMONIC = "test test test test test test test test test test test junk"

# Which of the development accounts plays whom.
ACTORS = {
    "deployer": 0,
    **{role.name.lower(): 1 + place for place, role in enumerate(Role)},
    "attestor": 12,
    "desk_a": 13,
    "desk_b": 14,
    "desk_c": 15,
    "relay": 16,
    "second_registrar": 17,
    "stranger": 18,
    "alice": 20,
    "bob": 21,
    "carol": 22,
    "platform": 28,
    "pool": 29,
    "treasury": 30,
    "outsider": 31,
}


def key_of(index: int) -> LocalAccount:
    return Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")


@pytest.fixture(scope="session")
def keys() -> SimpleNamespace:
    """Signing keys by actor (eth-account), for the library."""
    return SimpleNamespace(**{name: KeySigner(key_of(index)) for name, index in ACTORS.items()})


@pytest.fixture(scope="session")
def actors(accounts: Any) -> SimpleNamespace:
    """The same accounts as Ape's, for calls through Ape's contract instances (`sender=actors.alice`)."""
    return SimpleNamespace(**{name: accounts[index] for name, index in ACTORS.items()})


@dataclass(frozen=True)
class Stage:
    """A deployed suite with one listed, active share, and its contracts as Ape instances."""

    suite: Suite
    plan: Plan
    authority: ContractInstance
    registry: ContractInstance
    ledger: ContractInstance
    listings: ContractInstance
    market: ContractInstance
    factory: ContractInstance
    reasons: ContractInstance
    token: ContractInstance


class AskedByTheFirst(Web3Middleware):
    """Views are asked by the chain's first account, as web3 would have it; but web3 lists all accounts three times over
    to find it, half of the time that a view takes.
    """

    first = key_of(0).address

    def request_processor(self, method: RPCEndpoint, params: Any) -> Any:
        if method == "eth_call" and not params[0].get("from"):
            params = [{**params[0], "from": self.first}, *params[1:]]
        return method, params


def instance(name: str, address: str) -> ContractInstance:
    """An Ape instance of a contract of the suite; its events and errors are known to Ape from then on."""
    kind = ContractType.model_validate({"contractName": name, "abi": manifest.abi(name)})
    return ape.Contract(address, contract_type=kind)


@pytest.fixture(scope="session")
def monkeypatch_session() -> Iterator[pytest.MonkeyPatch]:
    """pytest's `monkeypatch`, for the whole session."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def stage(chain: Any, keys: SimpleNamespace, monkeypatch_session: pytest.MonkeyPatch) -> Stage:
    """Profile us-tsv; custodian 1 with one key, custodian 2 with two of three; registrars 1 and 2; AAPL active."""
    chain.provider.web3.middleware_onion.add(AskedByTheFirst)
    # Our contracts print nothing, and looking for it would run every transaction a second time.
    monkeypatch_session.setattr(ReceiptAPI, "show_debug_logs", lambda receipt: None)
    profile = profiles.load("us-tsv")
    plan = Plan(
        profile=profile,
        roles={role: (getattr(keys, role.name.lower()).address,) for role in Role}
        | {
            Role.REGISTRAR: (keys.registrar.address, keys.second_registrar.address),
            Role.CUSTODY_ADMIN: (keys.custody_admin.address,),
        },
        registrars={keys.registrar.address: 1, keys.second_registrar.address: 2},
        custodians=(
            Custodian("First Example Custody", "0000SYNTHETIC0000128", 1, ((keys.attestor.address, "key"),)),
            Custodian(
                "Second Example Trust",
                "0000SYNTHETIC0000225",
                2,
                tuple((desk.address, "key") for desk in (keys.desk_a, keys.desk_b, keys.desk_c)),
            ),
        ),
    )
    suite = deploy_suite(chain.provider.web3, keys.deployer, plan)
    share = read_listings(EXAMPLES / "listings.toml")["AAPL"]
    token = list_share(suite, keys.deployer, share, profile)
    suite.send(keys.deployer, suite.ledger.functions.setTerms(token, profile.custody.terms))
    for call in opening.calls(suite, 1, [token], opening.Papers.synthetic()):
        suite.send(keys.deployer, call)
    chain.pending_timestamp += profile.clocks.notice_seconds
    suite.send(keys.deployer, suite.listings.functions.activate(token))
    hand_over(suite, keys.deployer, plan)
    # After each test the embedded chain executes the block before it once more: let it be an empty one.
    chain.mine()
    return Stage(
        suite=suite,
        plan=plan,
        authority=instance("SuiteAuthority", suite.authority.address),
        registry=instance("InvestorRegistry", suite.registry.address),
        ledger=instance("CustodyLedger", suite.ledger.address),
        listings=instance("ListingRegistry", suite.listings.address),
        market=instance("MarketStatus", suite.market.address),
        factory=instance("SuiteFactory", suite.factory.address),
        reasons=instance("ReasonText", suite.reason_text.address),
        token=instance("ShareToken", token),
    )


@pytest.fixture(scope="session")
def suite(stage: Stage) -> Suite:
    return stage.suite


@pytest.fixture(scope="session")
def token(stage: Stage) -> ContractInstance:
    return stage.token


@pytest.fixture(scope="session")
def registry(stage: Stage) -> ContractInstance:
    return stage.registry


@pytest.fixture(scope="session")
def ledger(stage: Stage) -> ContractInstance:
    return stage.ledger


@pytest.fixture(scope="session")
def listings(stage: Stage) -> ContractInstance:
    return stage.listings


@pytest.fixture(scope="session")
def market_status(stage: Stage) -> ContractInstance:
    return stage.market


@pytest.fixture
def now(chain: Any) -> Callable[[], int]:
    """The latest block's time (seconds UTC)."""
    return lambda: int(chain.provider.web3.eth.get_block("latest")["timestamp"])


@pytest.fixture
def travel(chain: Any) -> Callable[[int], None]:
    """Moves the chain's clock forward by so many seconds, and mines."""

    def forward(seconds: int) -> None:
        chain.pending_timestamp += seconds
        chain.mine()

    return forward


@pytest.fixture
def record(now: Callable[[], int]) -> Callable[..., InvestorRecord]:
    """A good retail record; override any field: `record(status=Status.REVOKED)`."""
    good = InvestorRecord(
        investor_id=1,
        expires_at=0,
        registrar=1,
        country=840,
        investor_class=InvestorClass.RETAIL,
        scopes=Scope.HOLD | Scope.TRANSFER | Scope.TRADE,
        status=Status.ACTIVE,
    )
    return lambda **changes: replace(good, **{"expires_at": now() + YEAR, **changes})


@pytest.fixture
def admit(suite: Suite, keys: SimpleNamespace, record: Callable[..., InvestorRecord]) -> Callable[..., TxReceipt]:
    """Writes a record for each wallet: `admit(keys.alice, keys.bob, investor_class=...)`; each its own investor."""

    def write(*wallets: Any, **changes: Any) -> TxReceipt:
        rows = [record(**{"investor_id": 1000 + place, **changes}).pack() for place, _ in enumerate(wallets)]
        call = suite.registry.functions.setRecords([each.address for each in wallets], rows, b"\x11" * 32)
        return suite.send(keys.registrar, call)

    return write


@pytest.fixture
def sentence(suite: Suite, token: ContractInstance, now: Callable[[], int]) -> Callable[..., Attestation]:
    """The next good sentence of custodian 1 for the token: a DEPOSIT when `account` is given, else a STATEMENT."""

    def build(**changes: Any) -> Attestation:
        custodian = changes.get("custodian", 1)
        address = changes.get("token", token.address)
        position = suite.position(address, custodian)
        deposit = "account" in changes
        shares = changes.get("shares", 100 * SHARE if deposit else 0)
        draft = Attestation(
            token=address,
            custodian=custodian,
            kind=SentenceKind.DEPOSIT if deposit else SentenceKind.STATEMENT,
            sequence=position.sequence + 1,
            shares_held=position.held + (shares if deposit else 0),
            shares=shares,
            account=changes.get("account", "0x" + "00" * 20),
            ref=b"\x22" * 32 if deposit else b"\0" * 32,
            evidence=b"\x33" * 32,
            as_of=now(),
            valid_until=now() + 86_400,
        )
        return replace(draft, **changes)

    return build


@pytest.fixture
def signed(suite: Suite, keys: SimpleNamespace) -> Callable[..., list[tuple[str, bytes]]]:
    """The votes of the given keys over a sentence, ascending by address; by default custodian 1's attestor."""

    def votes(sentence: Attestation, *signers: KeySigner) -> list[tuple[str, bytes]]:
        message = sentence.message(suite.deployment.chain_id, suite.ledger.address)
        desks = sorted(signers or (keys.attestor,), key=lambda desk: int(desk.address, 16))
        return [(desk.address, desk.sign_message(message)) for desk in desks]

    return votes


@pytest.fixture
def attest(
    suite: Suite, keys: SimpleNamespace, signed: Callable[..., list[tuple[str, bytes]]]
) -> Callable[..., TxReceipt]:
    """Lands a sentence through the relay."""

    def land(sentence: Attestation, *signers: KeySigner) -> TxReceipt:
        call = suite.ledger.functions.attest(sentence.as_tuple(), signed(sentence, *signers))
        return suite.send(keys.relay, call)

    return land


@pytest.fixture
def holding(
    admit: Callable[..., TxReceipt], attest: Callable[..., TxReceipt], sentence: Callable[..., Attestation]
) -> Callable[..., None]:
    """Admits the wallets and mints each of them shares against custodian 1: `holding(keys.alice, shares=100)`."""

    def give(*wallets: Any, shares: int = 100) -> None:
        admit(*wallets)
        for wallet in wallets:
            attest(sentence(account=wallet.address, shares=shares * SHARE))

    return give


@pytest.fixture
def act(suite: Suite) -> Callable[[KeySigner, ContractFunction], TxReceipt]:
    """Sends a library call: `act(keys.alice, suite.token(...).functions.transfer(...))`."""
    return suite.send


@pytest.fixture(autouse=True)
def _each_test_starts_from_the_stage(stage: Stage, market_status: ContractInstance) -> None:
    """Makes the session's suite exist before Ape takes a test's snapshot."""


@pytest.fixture
def delegate(suite, keys) -> Callable[..., None]:
    """Gives a key's account the code of another, by a signed delegation (EIP-7702)."""

    def write(owner, code_of: str) -> None:
        w3 = suite.w3
        place = {"chainId": w3.eth.chain_id, "address": code_of, "nonce": w3.eth.get_transaction_count(owner.address)}
        transaction = {
            "type": 4,
            "chainId": w3.eth.chain_id,
            "nonce": w3.eth.get_transaction_count(keys.relay.address),
            "to": keys.relay.address,
            "gas": 100_000,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "authorizationList": [owner.account.sign_authorization(place)],
        }
        w3.eth.send_raw_transaction(keys.relay.sign_transaction(transaction))

    return write
