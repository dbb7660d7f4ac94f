"""Whose signatures count, in what form, and over what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from eth_account.messages import encode_defunct
from eth_keys.constants import SECPK1_N

from stockade.records import ZERO_ADDRESS, AttestorKind
from tests.contracts.custody.support import START, number
from tests.contracts.support import Reason
from tests.support import SHARE

Votes = list[tuple[str, bytes]]


@pytest.fixture
def statement(sentence):
    """Custodian 2's next sentence: two of three desks must sign."""
    return sentence(custodian=2, shares_held=500 * SHARE)


# ---------------------------------------------------------------- which votes count


@pytest.mark.parametrize("chosen", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_attest__enough_desks__lands(chosen, token, suite, statement, desks, signed, say):
    say(statement, signed(statement, *(desks[place] for place in chosen)))

    assert suite.position(token.address, 2).held == 500 * SHARE


def by_nobody(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [], 0, 2


def by_one(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return votes[:1], 1, 2


def by_one_twice(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [votes[0], votes[0]], number(votes[0][0]), number(votes[0][0])


def by_one_twice_beyond_the_threshold(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [votes[0], votes[1], votes[1]], number(votes[1][0]), number(votes[1][0])


def descending(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [votes[1], votes[0]], number(votes[0][0]), number(votes[1][0])


def unsorted_beyond_the_threshold(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [votes[1], votes[2], votes[0]], number(votes[0][0]), number(votes[2][0])


def with_a_strangers(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    (stranger,) = scene.signed(scene.statement, scene.keys.stranger)
    return [votes[0], stranger], number(stranger[0]), 1


def with_a_strangers_beyond_the_threshold(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    (stranger,) = scene.signed(scene.statement, scene.keys.stranger)
    return [votes[0], votes[1], stranger], number(stranger[0]), 2


def with_another_custodians(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    (other,) = scene.signed(scene.statement, scene.keys.attestor)
    return [other, votes[0]], number(other[0]), 0


def with_the_zero_address(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    """What recovery answers for garbage is nobody's vote."""
    return [(ZERO_ADDRESS, bytes(65)), votes[0], votes[1]], 0, 0


def of_each_other(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [(votes[0][0], votes[1][1]), (votes[1][0], votes[0][1])], number(votes[0][0]), 0


def with_garbage_beyond_the_threshold(votes: Votes, scene: SimpleNamespace) -> tuple[Votes, int, int]:
    return [votes[0], votes[1], (votes[2][0], b"\x01" * 65)], number(votes[2][0]), 2


@pytest.mark.parametrize(
    ("code", "arrange"),
    [
        (Reason.TOO_FEW_SIGNATURES, by_nobody),
        (Reason.TOO_FEW_SIGNATURES, by_one),
        (Reason.ATTESTORS_UNORDERED, by_one_twice),
        (Reason.ATTESTORS_UNORDERED, by_one_twice_beyond_the_threshold),
        (Reason.ATTESTORS_UNORDERED, descending),
        (Reason.ATTESTORS_UNORDERED, unsorted_beyond_the_threshold),
        (Reason.NOT_AN_ATTESTOR, with_a_strangers),
        (Reason.NOT_AN_ATTESTOR, with_a_strangers_beyond_the_threshold),
        (Reason.NOT_AN_ATTESTOR, with_another_custodians),
        (Reason.NOT_AN_ATTESTOR, with_the_zero_address),
        (Reason.SIGNATURE_INVALID, of_each_other),
        (Reason.SIGNATURE_INVALID, with_garbage_beyond_the_threshold),
    ],
)
def test_attest__votes_that_do_not_count__refused(code, arrange, ledger, keys, statement, desks, signed, say, refused):
    scene = SimpleNamespace(keys=keys, signed=signed, statement=statement)
    votes, given, wanted = arrange(signed(statement, *desks), scene)

    # Without any votes the view leaves signatures out.
    assert ledger.restrictionOf(statement.as_tuple(), votes) == (code if votes else 0)
    with refused(code, given, wanted):
        say(statement, votes)


# ---------------------------------------------------------------- the form of a key's signature


def parts(signature: bytes) -> tuple[bytes, int, int]:
    return signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]


def high_s(signature: bytes) -> bytes:
    """The same point of the curve, said the other way."""
    r, s, v = parts(signature)
    return r + (SECPK1_N - s).to_bytes(32, "big") + bytes([27 + 28 - v])


def compact(signature: bytes) -> bytes:
    """EIP-2098."""
    r, s, v = parts(signature)
    return r + ((v - 27) << 255 | s).to_bytes(32, "big")


def with_v(v: Callable[[int], int]) -> Callable[[bytes], bytes]:
    return lambda signature: signature[:64] + bytes([v(signature[64])])


@pytest.mark.parametrize(
    "disfigure",
    [
        pytest.param(high_s, id="high_s"),
        pytest.param(compact, id="64_bytes_eip_2098"),
        pytest.param(lambda signature: signature + b"\0", id="66_bytes"),
        pytest.param(lambda signature: b"", id="empty"),
        pytest.param(lambda signature: bytes(65), id="zeros"),
        pytest.param(lambda signature: b"\xff" * 65, id="ones"),
        pytest.param(lambda signature: bytes(32) + signature[32:], id="r_zero"),
        pytest.param(lambda signature: signature[:32] + bytes(32) + signature[64:], id="s_zero"),
        pytest.param(with_v(lambda v: 55 - v), id="v_of_the_other_parity"),
        pytest.param(with_v(lambda v: v - 27), id="v_as_zero_or_one"),
        pytest.param(with_v(lambda v: 26), id="v_26"),
        pytest.param(with_v(lambda v: 29), id="v_29"),
        pytest.param(with_v(lambda v: v + 4), id="v_as_in_a_safe"),
    ],
)
def test_attest__signature_in_another_form__refused(disfigure, statement, desks, signed, say, refused):
    first, second = signed(statement, *desks[:2])

    with refused(Reason.SIGNATURE_INVALID, number(desks[1]), 1):
        say(statement, [first, (second[0], disfigure(second[1]))])

    say(statement, [first, second])


# ---------------------------------------------------------------- what is signed


@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param(lambda chain_id, ledger: (chain_id + 1, ledger), id="another_chain"),
        pytest.param(lambda chain_id, ledger: (chain_id, "0x" + "11" * 20), id="another_ledger"),
    ],
)
def test_attest__signed_for_another_place__refused(elsewhere, suite, ledger, keys, sentence, say, refused):
    good = sentence()
    message = good.message(*elsewhere(suite.deployment.chain_id, ledger.address))

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(good, [(keys.attestor.address, keys.attestor.sign_message(message))])


@pytest.mark.parametrize(("name", "version"), [("Stockade CustodyLedger", "2"), ("Stockade", "1")])
def test_attest__signed_for_another_domain__refused(name, version, suite, ledger, keys, sentence, say, refused):
    good = sentence()
    document = good.typed_data(suite.deployment.chain_id, ledger.address)
    document["domain"] |= {"name": name, "version": version}
    signature = keys.attestor.account.sign_typed_data(full_message=document).signature

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(good, [(keys.attestor.address, bytes(signature))])


def test_attest__digest_signed_as_a_personal_message__refused(suite, ledger, keys, sentence, say, refused):
    good = sentence()
    digest = good.digest(suite.deployment.chain_id, ledger.address)

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(good, [(keys.attestor.address, keys.attestor.sign_message(encode_defunct(digest)))])


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"token": "0x" + "12" * 20},
        {"custodian": 2**32 - 1},
        {"kind": 255},
        {"sequence": 2**32 - 1},
        {"shares_held": 2**256 - 1},
        {"shares": 2**256 - 1},
        {"account": "0x" + "34" * 20},
        {"ref": b"\x56" * 32},
        {"evidence": b"\x78" * 32},
        {"as_of": 2**40 - 1},
        {"valid_until": 2**40 - 1},
    ],
    ids=lambda change: next(iter(change), "as_it_is"),
)
def test_digest_of__each_field__is_part_of_what_is_signed(change, suite, ledger, sentence):
    """The library's EIP-712 document and the contract agree, and no field is left out."""
    good = sentence()
    changed = replace(good, **change)
    digest = changed.digest(suite.deployment.chain_id, ledger.address)

    assert ledger.digestOf(changed.as_tuple()) == digest
    assert (digest == good.digest(suite.deployment.chain_id, ledger.address)) == (not change)


# ---------------------------------------------------------------- rotation


def test_attest__after_the_desk_left__its_signature_counts_no_more(
    token, suite, keys, decree, desks, statement, signed, say, refused
):
    """Also for a sentence it signed while it was there."""
    statement = replace(statement, valid_until=statement.valid_until + 10 * 86_400)
    votes = signed(statement, desks[0], desks[1])

    decree("setAttestors", 2, [desks[0].address], [(keys.outsider.address, AttestorKind.KEY)], 2)

    with refused(Reason.NOT_AN_ATTESTOR, number(desks[0]), 0):
        say(statement, votes)
    say(statement, signed(statement, desks[1], keys.outsider))
    assert suite.position(token.address, 2).issued == START
