"""Value types: the same bits and the same digest here as in the contracts."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.errors import InputError
from stockade.records import (
    SHARE,
    ZERO_ADDRESS,
    Attestation,
    Basis,
    Control,
    InvestorClass,
    InvestorRecord,
    Pause,
    Phase,
    Policy,
    Position,
    Scope,
    SentenceKind,
    Status,
    order_ref,
    to_shares,
    to_units,
)


def numbers(bits: int):
    return st.integers(min_value=0, max_value=2**bits - 1)


addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = st.binary(min_size=32, max_size=32)
records = st.builds(
    InvestorRecord,
    investor_id=numbers(64),
    expires_at=numbers(40),
    registrar=numbers(16),
    country=numbers(16),
    investor_class=st.sampled_from(InvestorClass),
    scopes=numbers(16).map(Scope),
    status=st.sampled_from(Status),
    frozen=st.booleans(),
)
sentences = st.builds(
    Attestation,
    token=addresses,
    custodian=numbers(32),
    kind=st.sampled_from(SentenceKind),
    sequence=numbers(32),
    shares_held=numbers(256),
    shares=numbers(256),
    account=addresses,
    ref=words,
    evidence=words,
    as_of=numbers(40),
    valid_until=numbers(40),
)


# ---------------------------------------------------------------- words


@given(records)
def test_record__packed_and_unpacked__is_itself(record):
    assert InvestorRecord.unpack(record.pack()) == record
    assert record.pack() < 2**168


def test_record__written_by_a_registrar__reads_back_from_the_registry(suite, keys, admit):
    written = InvestorRecord(2**64 - 1, 2**40 - 1, 1, 999, InvestorClass.POOL, Scope.LIQUIDITY, Status.REVOKED)
    admit(keys.alice, **asdict(written))

    read = suite.record(keys.alice.address)

    assert read.pack() == suite.registry.functions.recordOf(keys.alice.address).call()
    assert read == written


def test_record__frozen_by_compliance__shows_the_freeze_over_what_stood(suite, keys, admit):
    admit(keys.alice)
    before = suite.record(keys.alice.address)

    suite.send(keys.compliance, suite.registry.functions.freeze(keys.alice.address, int(Basis.SANCTIONS), b"\x44" * 32))

    after = suite.record(keys.alice.address)
    assert (after.frozen, after.status) == (True, Status.ACTIVE)
    assert after.pack() == before.pack() | 0x80


def test_record__class_unknown_here__keeps_its_number():
    assert InvestorRecord.unpack(200 << 24).investor_class == 200


@given(held=numbers(96), issued=numbers(96), sequence=numbers(32), as_of=numbers(32))
def test_position__packed_and_unpacked__is_itself(held, issued, sequence, as_of):
    position = Position(held, issued, sequence, as_of)

    assert Position.unpack(position.pack()) == position


def test_position__after_a_deposit__reads_back_from_the_ledger(suite, token, keys, admit, attest, sentence):
    admit(keys.alice)
    attest(said := sentence(account=keys.alice.address, shares=7 * SHARE))

    assert suite.position(token.address, 1) == Position(7 * SHARE, 7 * SHARE, said.sequence, said.as_of)
    assert suite.position(token.address, 1).pack() == suite.ledger.functions.positionOf(token.address, 1).call()


def test_control__of_a_token_in_use__reads_back_every_field(suite, token, stage, keys):
    contract = suite.token(token.address)
    suite.send(keys.pauser, contract.functions.pause(int(Pause.MINT | Pause.FORCE)))
    suite.send(
        keys.compliance, suite.listings.functions.setHalt(token.address, True, int(Basis.COURT_ORDER), b"\1" * 32)
    )
    suite.send(keys.issuer, contract.functions.setPolicy(0b110, int(Policy.FRACTIONAL_REDEMPTION)))

    word = contract.functions.control().call()
    control = Control.unpack(word)

    assert control == Control(
        phase=Phase.ACTIVE,
        halted=True,
        pauses=Pause.MINT | Pause.FORCE,
        policy=Policy.FRACTIONAL_REDEMPTION,
        allowed_classes=0b110,
        active_until=stage.plan.profile.period[1],
        sequence=word >> 160 & 0xFFFFFFFF,
        chain=word & (2**160 - 1),
    )
    # Two at its creation, activation, and the three changes above.
    assert control.sequence == 6


# ---------------------------------------------------------------- sentences


@settings(deadline=None, max_examples=60)
@given(sentence=sentences)
def test_digest__of_any_sentence__is_the_ledgers(suite, sentence):
    found = suite.ledger.functions.digestOf(sentence.as_tuple()).call()

    assert sentence.digest(suite.deployment.chain_id, suite.ledger.address) == found


@given(sentence=sentences)
def test_sentence__to_a_tuple_and_back__is_itself(sentence):
    assert Attestation.from_tuple(sentence.as_tuple()) == sentence


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"ledger": ZERO_ADDRESS}])
def test_digest__for_another_chain_or_ledger__differs(suite, sentence, change):
    home = {"chain_id": suite.deployment.chain_id, "ledger": suite.ledger.address}

    assert sentence().digest(**home | change) != sentence().digest(**home)


def test_order_ref__carries_basis_then_the_rest_of_the_hash():
    assert order_ref(Basis.SANCTIONS, b"\xff" + b"\x11" * 31) == b"\x03" + b"\x11" * 31


# ---------------------------------------------------------------- amounts


@given(numbers(256))
def test_amount__to_shares_and_back__is_itself(units):
    assert to_units(to_shares(units)) == units


@pytest.mark.parametrize(
    ("written", "units"),
    [
        ("1", SHARE),
        ("12.50", 12 * SHARE + SHARE // 2),
        ("0", 0),
        ("1e-18", 1),
        (Decimal("0.1"), SHARE // 10),
        (3, 3 * SHARE),
    ],
)
def test_to_units__a_number__is_exact(written, units):
    assert to_units(written) == units


@pytest.mark.parametrize(
    "written",
    ["-1", "0.0000000000000000001", "many", "", "nan", "inf", "1,000", "12345678901234567890.1234567890123456789"],
)
def test_to_units__no_number_of_shares__refused(written):
    with pytest.raises(InputError, match=r"is not a number of shares"):
        to_units(written)


@pytest.mark.parametrize(("units", "text"), [(0, "0"), (1, "0.000000000000000001"), (SHARE, "1"), (10 * SHARE, "10")])
def test_to_shares__units__are_plain_decimals(units, text):
    assert to_shares(units) == text
