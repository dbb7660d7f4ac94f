"""Fixtures of the custody tests, on top of the suite's. Ape sends here: quicker than the library, which asks first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ape.api import ReceiptAPI
from ape.contracts import ContractInstance
from eth_utils.crypto import keccak

from stockade.chain import KeySigner
from stockade.records import Attestation, Basis, InvestorClass, InvestorRecord, Scope, SentenceKind, Status
from stockade.suite import Suite
from tests.conftest import Stage
from tests.contracts.custody.support import DELIVERY, START, request_ref
from tests.contracts.support import EVIDENCE, ORDER, carry_out, refuses
from tests.support import DAY, SHARE, YEAR


@pytest.fixture(scope="module", autouse=True)
def holders(house: Stage, keys: SimpleNamespace, actors: SimpleNamespace, chain: Any) -> None:
    """Alice, bob and carol are admitted for ten years, as investors 1 to 3.

    Alice holds 100 tokens issued against custodian 1, bob 100 against custodian 2, carol none; both custodians are
    covered exactly.
    """
    now = chain.pending_timestamp
    cast = (actors.alice, actors.bob, actors.carol)
    scopes = Scope.HOLD | Scope.TRANSFER | Scope.TRADE
    records = [
        InvestorRecord(place, now + 10 * YEAR, 1, 840, InvestorClass.RETAIL, scopes, Status.ACTIVE).pack()
        for place, _ in enumerate(cast, start=1)
    ]
    house.registry.setRecords(cast, records, EVIDENCE, sender=actors.registrar)

    for custodian, account, signers in (
        (1, actors.alice, [keys.attestor]),
        (2, actors.bob, sorted([keys.desk_a, keys.desk_b], key=lambda desk: int(desk.address, 16))),
    ):
        deposit = Attestation(
            token=house.token.address,
            custodian=custodian,
            kind=SentenceKind.DEPOSIT,
            sequence=1,
            shares_held=START,
            shares=START,
            account=account.address,
            ref=bytes(32),
            evidence=bytes(32),
            as_of=now,
            valid_until=now + DAY,
        )
        message = deposit.message(house.suite.deployment.chain_id, house.ledger.address)
        votes = [(desk.address, desk.sign_message(message)) for desk in signers]
        house.ledger.attest(deposit.as_tuple(), votes, sender=actors.relay)


@pytest.fixture
def desks(keys: SimpleNamespace) -> list[KeySigner]:
    """Custodian 2's three attestors, ascending by address."""
    return sorted((keys.desk_a, keys.desk_b, keys.desk_c), key=lambda desk: int(desk.address, 16))


@pytest.fixture
def at(chain: Any) -> Callable[[int], int]:
    """The next block's time (seconds UTC); ask views with `block_id="pending"` to be answered as of then."""

    def stand(second: int) -> int:
        chain.pending_timestamp = second
        return second

    return stand


@pytest.fixture
def land(ledger: ContractInstance, actors: SimpleNamespace, signed: Callable[..., Any]) -> Callable[..., ReceiptAPI]:
    """Relays a sentence, signed by the given keys, else by enough of its custodian's."""

    def relay(sentence: Attestation, *signers: KeySigner) -> ReceiptAPI:
        return ledger.attest(sentence.as_tuple(), signed(sentence, *signers), sender=actors.relay)

    return relay


@pytest.fixture
def land_batch(suite: Suite, actors: SimpleNamespace, signed: Callable[..., Any]) -> Callable[..., ReceiptAPI]:
    """Relays sentences as one batch. Ape cannot encode arrays of arrays of structs, web3 can."""

    def relay(*sentences: Attestation, votes: list[Any] | None = None) -> ReceiptAPI:
        every = [signed(each) for each in sentences] if votes is None else votes
        data = suite.ledger.encode_abi("attestBatch", [[each.as_tuple() for each in sentences], every])
        return actors.relay.transfer(suite.ledger.address, 0, data=data)

    return relay


@pytest.fixture
def signed(signed: Callable[..., Any], desks: list[KeySigner]) -> Callable[..., list[tuple[str, bytes]]]:
    """The suite's `signed`, which knows that custodian 2's sentences take two desks."""

    def votes(sentence: Attestation, *signers: KeySigner) -> list[tuple[str, bytes]]:
        return signed(sentence, *(signers or (desks[:2] if sentence.custodian == 2 else ())))

    return votes


@pytest.fixture
def ask(ledger: ContractInstance, token: ContractInstance) -> Callable[..., int]:
    """Requests redemption, of ten shares by custodian 1 unless told otherwise; the request's id."""

    def request(holder: Any, amount: int = 10 * SHARE, custodian: int = 1) -> int:
        ledger.requestRedemption(token, custodian, amount, DELIVERY, sender=holder)
        return int(ledger.requestCount())

    return request


@pytest.fixture
def answer(ledger: ContractInstance, sentence: Callable[..., Attestation]) -> Callable[..., Attestation]:
    """The matching RELEASE or REJECT of a request, next in its custodian's sequence."""

    def build(request_id: int, kind: SentenceKind, **changes: Any) -> Attestation:
        request = ledger.requestOf(request_id)
        draft = sentence(custodian=request.custodian)
        held = draft.shares_held - (request.amount if kind is SentenceKind.RELEASE else 0)
        matching = replace(
            draft,
            kind=kind,
            shares_held=max(held, 0),
            shares=request.amount,
            account=request.holder,
            ref=request_ref(request_id),
        )
        return replace(matching, **changes)

    return build


@pytest.fixture
def due(ledger: ContractInstance, at: Callable[[int], int]) -> Callable[..., int]:
    """Sets the next block beside a request's deadline: `due(request, -1)`; the block's second."""
    return lambda request, offset=0: at(ledger.requestOf(request).deadline + offset)


@pytest.fixture
def say(ledger: ContractInstance, actors: SimpleNamespace) -> Callable[..., ReceiptAPI]:
    """Relays a sentence with just these votes."""
    return lambda sentence, votes: ledger.attest(sentence.as_tuple(), votes, sender=actors.relay)


@pytest.fixture
def refused(ledger: ContractInstance) -> Callable[[int, int, int], Any]:
    """The ledger refuses, with this reason and these values."""
    return lambda code, given, wanted: refuses(ledger.CustodyRefused, code=code, given=given, wanted=wanted)


@pytest.fixture
def schedule(stage: Stage, actors: SimpleNamespace) -> Callable[..., bytes]:
    """CUSTODY_ADMIN schedules a call of the ledger: `schedule("setTerms", token, terms)`; the call's data."""

    def plan(function: str, *arguments: Any) -> bytes:
        data = getattr(stage.ledger, function).encode_input(*arguments)
        stage.authority.schedule(stage.ledger, data, 0, sender=actors.custody_admin)
        return data

    return plan


@pytest.fixture
def decree(
    stage: Stage, actors: SimpleNamespace, schedule: Callable[..., bytes], at: Callable[[int], int], chain: Any
) -> Callable[..., ReceiptAPI]:
    """CUSTODY_ADMIN schedules a call of the ledger and, two days later, executes it."""

    def execute(function: str, *arguments: Any) -> ReceiptAPI:
        data = schedule(function, *arguments)
        at(chain.pending_timestamp + 2 * DAY)
        return carry_out(stage.ledger, data, actors.custody_admin)

    return execute


@pytest.fixture
def freeze(registry: ContractInstance, actors: SimpleNamespace) -> Callable[[Any], Any]:
    """COMPLIANCE freezes a wallet."""
    return lambda wallet: registry.freeze(wallet, Basis.SANCTIONS, ORDER, sender=actors.compliance)


@pytest.fixture
def unfreeze(registry: ContractInstance, actors: SimpleNamespace) -> Callable[[Any], Any]:
    """COMPLIANCE lifts a freeze."""
    return lambda wallet: registry.unfreeze(wallet, Basis.SANCTIONS, ORDER, sender=actors.compliance)


@pytest.fixture
def new_custodian(ledger: ContractInstance, decree: Callable[..., ReceiptAPI]) -> Callable[..., int]:
    """Adds a custodian with the given attestors, (address, kind) each; its number."""

    def add(*attestors: tuple[str, int], threshold: int = 1) -> int:
        decree("addCustodian", b"0000SYNTHETIC0000322", keccak(text="Third Example"), attestors, threshold)
        return int(ledger.custodianCount())

    return add


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, stage: Stage, desks: list[KeySigner], now: Callable[[], int]
) -> SimpleNamespace:
    """Everything the table of refusals arranges with."""
    tools = ["actors", "keys", "sentence", "answer", "ask", "signed", "land", "at"]
    tools += ["decree", "freeze", "given", "launch", "comply"]
    return SimpleNamespace(
        suite=stage.suite,
        token=stage.token,
        ledger=stage.ledger,
        registry=stage.registry,
        desks=desks,
        now=now,
        **{name: request.getfixturevalue(name) for name in tools},
    )
