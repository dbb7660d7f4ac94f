"""A key's vote and a permit count in one form only, and for nothing but what was signed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_defunct, encode_typed_data

from stockade import chain as stockade_chain
from stockade import manifest
from stockade.custody.typed import check_signature
from stockade.errors import InputError
from stockade.records import ATTESTATION_FIELDS, AttestorKind
from stockade.suite import contract_at
from tests.contracts.support import MAX_256, Reason, refuses
from tests.signatures.forms import A_POINT, FORMS, LARGEST_S, LENGTHS, Found, form_of, parts, recovered
from tests.signatures.values import PERMIT_FIELDS, digest_of, permit_document
from tests.support import DAY, SHARE

ELSEWHERE = "0x" + "11" * 20


def number(account) -> int:
    """An address as the errors carry it in a number."""
    return int(str(getattr(account, "address", account)), 16)


# ---------------------------------------------------------------- the form of a vote


@pytest.mark.parametrize("form", [*FORMS, *LENGTHS], ids=str)
def test_attest__vote_in_another_form__refused(form, token, suite, ledger, keys, sentence, signed, say, refused):
    statement = sentence(shares_held=500 * SHARE)
    ((attestor, good),) = signed(statement)
    assert form.make(good) != good

    assert ledger.restrictionOf(statement.as_tuple(), [(attestor, form.make(good))]) == Reason.SIGNATURE_INVALID
    with refused(Reason.SIGNATURE_INVALID, number(attestor), 0):
        say(statement, [(attestor, form.make(good))])

    say(statement, [(attestor, good)])
    assert suite.position(token.address, 1).held == 500 * SHARE


@pytest.mark.parametrize("form", [*FORMS, *LENGTHS], ids=str)
def test_check_signature__in_another_form__refused_as_by_the_ledger(form, suite, keys, sentence, signed):
    """The library takes into a document only what the ledger will take."""
    statement = sentence()
    message = statement.message(suite.deployment.chain_id, suite.ledger.address)
    ((attestor, good),) = signed(statement)

    with pytest.raises(InputError, match="^the vote: "):
        check_signature(message, form.make(good), attestor, "the vote")

    check_signature(message, good, attestor, "the vote")


@pytest.mark.parametrize(
    ("r", "s", "v", "counts"),
    [
        pytest.param(A_POINT, 1, 27, True, id="r_1_s_1"),
        pytest.param(A_POINT, 1, 28, True, id="r_1_s_1_other_parity"),
        pytest.param(A_POINT, LARGEST_S, 27, True, id="largest_low_s"),
        pytest.param(A_POINT, LARGEST_S + 1, 27, False, id="smallest_high_s"),
    ],
)
def test_attest__vote_at_the_edge__counts_up_to_half_the_order(
    r, s, v, counts, ledger, suite, token, sentence, new_custodian, say, refused
):
    """Nobody knows a key that signs so, but the curve does: whom the vote recovers to is made the attestor."""
    statement = sentence(custodian=ledger.custodianCount() + 1, shares_held=SHARE)
    statement = replace(statement, valid_until=statement.valid_until + 10 * DAY)
    vote = form_of(r, s, v)
    attestor = recovered(vote, statement.digest(suite.deployment.chain_id, ledger.address))
    custodian = new_custodian((attestor, AttestorKind.KEY))

    if counts:
        say(statement, [(attestor, vote)])
    else:
        with refused(Reason.SIGNATURE_INVALID, number(attestor), 0):
            say(statement, [(attestor, vote)])
    assert suite.position(token.address, custodian).held == counts * SHARE


# ---------------------------------------------------------------- what a vote is over


CHANGES = {"address": ELSEWHERE, "bytes32": b"\x99" * 32}


@pytest.mark.parametrize("field", range(len(ATTESTATION_FIELDS)), ids=[name for name, _ in ATTESTATION_FIELDS])
def test_attest__vote_over_another_sentence__refused(field, suite, keys, sentence, signed, say, refused):
    """Any one field differs: another token's, another custodian's, another number's ..."""
    statement = sentence()
    values = list(statement.as_tuple())
    values[field] = CHANGES.get(ATTESTATION_FIELDS[field][1], values[field] + 1 if type(values[field]) is int else None)
    other = type(statement)(*values)
    ((attestor, vote),) = signed(other)

    with refused(Reason.SIGNATURE_INVALID, number(attestor), 0):
        say(statement, [(attestor, vote)])

    say(statement, signed(statement))


def test_attest__vote_for_another_ledger__refused(suite, ledger, stage, keys, sentence, say, refused):
    """A second ledger of the very same wiring."""
    code = bytes.fromhex(manifest.contract("CustodyLedger")["bytecode"])
    wiring = [contract.address for contract in (stage.authority, stage.registry, stage.listings, stage.market)]
    arguments = encode(["address"] * 4, wiring)
    receipt = stockade_chain.send(suite.w3, keys.deployer, {"data": code + arguments})
    second = contract_at(suite.w3, "CustodyLedger", receipt["contractAddress"])
    statement = sentence()

    message = statement.message(suite.deployment.chain_id, second.address)
    assert second.functions.digestOf(statement.as_tuple()).call() == digest_of(message)

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(statement, [(keys.attestor.address, keys.attestor.sign_message(message))])


@pytest.mark.parametrize("part", ["name", "version", "chainId", "verifyingContract"])
def test_attest__vote_for_another_domain__refused(part, suite, ledger, keys, sentence, say, refused):
    statement = sentence()
    typed = statement.typed_data(suite.deployment.chain_id, ledger.address)
    changed = {"name": "CustodyLedger", "version": "2", "chainId": 1, "verifyingContract": ELSEWHERE}
    typed["domain"][part] = changed[part]
    vote = keys.attestor.sign_message(encode_typed_data(full_message=typed))

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(statement, [(keys.attestor.address, vote)])


def test_attest__vote_over_the_digest_as_a_text__refused(suite, ledger, keys, sentence, say, refused):
    """`personal_sign` of the digest is another message."""
    statement = sentence()
    digest = statement.digest(suite.deployment.chain_id, ledger.address)

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(statement, [(keys.attestor.address, keys.attestor.sign_message(encode_defunct(digest)))])


# ---------------------------------------------------------------- permits


@pytest.fixture
def permit(suite, token, keys):
    """A permit of alice for bob, and its document; fields and domain parts may be overridden for the document."""

    def build(**changes):
        values = {
            "owner": keys.alice.address,
            "spender": keys.bob.address,
            "value": 5 * SHARE,
            "nonce": 0,
            "deadline": MAX_256 - 1,
        }
        typed = permit_document(token.name(), suite.deployment.chain_id, token.address, values)
        for name, value in changes.items():
            typed["message" if name in values else "domain"][name] = value
        message = encode_typed_data(full_message=typed)
        arguments = [values[name] for name in ("owner", "spender", "value", "deadline")]
        return arguments, message

    return build


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_permit__in_another_form__refused(form, token, actors, keys, permit):
    arguments, message = permit()
    good = keys.alice.sign_message(message)
    vrs = parts(form.make(good))
    errors = {
        Found.HIGH_S: lambda: refuses(token.ECDSAInvalidSignatureS, s=vrs[2]),
        Found.NOBODY: lambda: refuses(token.ECDSAInvalidSignature),
        Found.ANOTHER: lambda: refuses(
            token.ERC2612InvalidSigner, signer=recovered(form.make(good), digest_of(message)), owner=keys.alice
        ),
    }

    with errors[form.found]():
        token.permit(*arguments, *vrs, sender=actors.relay)
    assert (token.nonces(actors.alice), token.allowance(actors.alice, actors.bob)) == (0, 0)

    token.permit(*arguments, *parts(good), sender=actors.relay)
    assert (token.nonces(actors.alice), token.allowance(actors.alice, actors.bob)) == (1, 5 * SHARE)


def test_permit__of_the_zero_address__cannot_be_forged(token, actors, keys, permit):
    """Recovery answers zero for what nobody signed; the zero address must not be taken for an owner who signed."""
    (_, *rest), _ = permit()
    nobody = "0x" + "00" * 20

    with refuses(token.ECDSAInvalidSignature):
        token.permit(nobody, *rest, 27, bytes(32), bytes(32), sender=actors.relay)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        *zip((name for name, _ in PERMIT_FIELDS), (ELSEWHERE, ELSEWHERE, 5 * SHARE + 1, 1, MAX_256), strict=True),
        ("name", "Another Share"),
        ("version", "2"),
        ("chainId", 1),
        ("verifyingContract", ELSEWHERE),
    ],
)
def test_permit__signed_for_something_else__refused(part, other, token, actors, keys, permit):
    arguments, message = permit()
    _, different = permit(**{part: other})
    vote = keys.alice.sign_message(different)

    with refuses(token.ERC2612InvalidSigner, signer=recovered(vote, digest_of(message)), owner=keys.alice):
        token.permit(*arguments, *parts(vote), sender=actors.relay)


def test_permit__signed_for_a_token_of_the_same_name__refused_here_taken_there(
    token, actors, keys, permit, sibling, suite
):
    twin = sibling(token.name())
    arguments, here = permit()
    _, there = permit(verifyingContract=twin.address)
    vote = keys.alice.sign_message(there)

    with refuses(token.ERC2612InvalidSigner, signer=recovered(vote, digest_of(here)), owner=keys.alice):
        token.permit(*arguments, *parts(vote), sender=actors.relay)

    suite.send(keys.relay, twin.functions.permit(*arguments, *parts(vote)))
    assert twin.functions.allowance(keys.alice.address, keys.bob.address).call() == 5 * SHARE
