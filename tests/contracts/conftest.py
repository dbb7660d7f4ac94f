"""Fixtures for token, registry and listings, on top of the suite's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ape.api import ReceiptAPI
from ape.contracts import ContractInstance

from stockade.listing import Share, read_listings
from stockade.records import Attestation, Basis, InvestorClass, InvestorRecord, Scope, SentenceKind, Status
from stockade.suite import Suite
from tests.conftest import Stage, instance
from tests.contracts.support import ALL_CLASSES, EVIDENCE, ORDER, RIGHTS
from tests.support import DAY, EXAMPLES, SHARE, YEAR

HOLDER = Scope.HOLD | Scope.TRANSFER | Scope.TRADE


@pytest.fixture(scope="session")
def house(
    stage: Stage,
    suite: Suite,
    token: ContractInstance,
    registry: ContractInstance,
    ledger: ContractInstance,
    listings: ContractInstance,
    shares: dict[str, Share],
) -> Stage:
    """The stage with everything made from it for the session: Ape wants these before any fixture of a module."""
    return stage


@pytest.fixture(scope="module")
def market(house: Stage, keys: SimpleNamespace, actors: SimpleNamespace, chain: Any) -> None:
    """Alice, bob and the licensed platform are admitted and hold 100 shares each against custodian 1; carol is unknown.

    Records are of registrar 1 and hold for ten years; alice is investor 1, bob 2, the platform 3.
    """
    now = chain.pending_timestamp
    holders = {
        actors.alice: (InvestorClass.RETAIL, HOLDER),
        actors.bob: (InvestorClass.RETAIL, HOLDER),
        actors.platform: (InvestorClass.PLATFORM, HOLDER | Scope.EXECUTE),
    }
    rows = [
        InvestorRecord(number, now + 10 * YEAR, 1, 840, investor_class, scopes, Status.ACTIVE).pack()
        for number, (investor_class, scopes) in enumerate(holders.values(), start=1)
    ]
    house.registry.setRecords(list(holders), rows, EVIDENCE, sender=actors.registrar)

    for number, holder in enumerate(holders, start=1):
        deposit = Attestation(
            token=house.token.address,
            custodian=1,
            kind=SentenceKind.DEPOSIT,
            sequence=number,
            shares_held=number * 100 * SHARE,
            shares=100 * SHARE,
            account=holder.address,
            ref=bytes(32),
            evidence=EVIDENCE,
            as_of=now,
            valid_until=now + DAY,
        )
        message = deposit.message(house.suite.deployment.chain_id, house.ledger.address)
        vote = (keys.attestor.address, keys.attestor.sign_message(message))
        house.ledger.attest(deposit.as_tuple(), [vote], sender=actors.relay)
    # After each test the embedded chain executes the block before it once more: let it be an empty one.
    chain.mine()


@pytest.fixture
def given(
    registry: ContractInstance, actors: SimpleNamespace, record: Callable[..., InvestorRecord]
) -> Callable[..., int]:
    """Writes a good record, changed as told, and freezes the wallet if told; the word that stands now:
    `given(actors.alice, status=Status.REVOKED, frozen=True)`.
    """

    def write(wallet: Any, *, frozen: bool = False, **changes: Any) -> int:
        investor = int(str(wallet.address)[-8:], 16)
        word = record(**{"investor_id": investor, **changes}).pack()
        registry.setRecords([wallet], [word], EVIDENCE, sender=actors.registrar)
        if not frozen:
            return word
        registry.freeze(wallet, Basis.SANCTIONS, ORDER, sender=actors.compliance)
        return word | 0x80

    return write


@pytest.fixture
def write(registry: ContractInstance, actors: SimpleNamespace) -> Callable[..., ReceiptAPI]:
    """A registrar writes rows of (wallet, word)."""

    def batch(*rows: tuple[Any, int], sender: Any = actors.registrar) -> ReceiptAPI:
        wallets, words = [row[0] for row in rows], [row[1] for row in rows]
        return registry.setRecords(wallets, words, EVIDENCE, sender=sender)

    return batch


@pytest.fixture
def word(record: Callable[..., InvestorRecord]) -> Callable[..., int]:
    """A good record, packed; the same one every time."""
    return lambda **changes: record(**{"expires_at": 2**34, **changes}).pack()


@pytest.fixture
def at(chain: Any) -> Callable[[int], None]:
    """The next transaction happens in exactly this second (UTC). Views answer for the block before it, unless they are
    asked with `block_id="pending"`.
    """

    def stand(second: int) -> None:
        chain.pending_timestamp = second

    return stand


@pytest.fixture(scope="session")
def shares() -> dict[str, Share]:
    """The shares of the examples, by ticker."""
    return read_listings(EXAMPLES / "listings.toml")


@pytest.fixture
def launch(
    listings: ContractInstance, actors: SimpleNamespace, shares: dict[str, Share], travel: Callable[[int], None]
) -> Callable[..., ContractInstance]:
    """Lists one more share of the examples, under the strictest policy unless told otherwise: `launch("MSFT")`. To be
    active, thirty days pass; or else it is `ready` to be, or has just been listed.
    """

    def put(
        ticker: str, activate: bool = True, classes: int = ALL_CLASSES, policy: int = 0, ready: bool = True
    ) -> ContractInstance:
        share = shares[ticker]
        names = (share.token_name, share.token_symbol)
        listings.list(1, share.instrument(), *names, classes, policy, sender=actors.issuer)
        token = instance("ShareToken", listings.tokens()[-1])
        if ready:
            listings.setDocument(token, RIGHTS, "ipfs://rights", EVIDENCE, sender=actors.issuer)
            listings.recordIssuerNotice(token, EVIDENCE, sender=actors.issuer)
            travel(30 * DAY)
        if activate:
            listings.activate(token, sender=actors.issuer)
        return token

    return put


@pytest.fixture
def comply(listings: ContractInstance, actors: SimpleNamespace) -> Callable[..., ReceiptAPI]:
    """COMPLIANCE acts on the listing registry, by order: `comply("suspend", token)`."""

    def act(function: str, *arguments: Any, basis: Basis = Basis.SANCTIONS) -> ReceiptAPI:
        return getattr(listings, function)(*arguments, basis, ORDER, sender=actors.compliance)

    return act
