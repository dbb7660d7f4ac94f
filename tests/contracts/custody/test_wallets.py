"""Attestors that are contracts: real Safes, wallets that misbehave, and accounts that carry code for a while."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from eth_utils.crypto import keccak

from stockade import chain as stockade_chain
from stockade.records import ZERO_ADDRESS, AttestorKind
from tests.contracts.custody.support import DELIVERY, Report, number, said
from tests.contracts.support import Reason, refuses
from tests.safe import Safe
from tests.support import DAY, SHARE

# ---------------------------------------------------------------- wallets: Safes


@pytest.fixture
def safe(suite, keys, desks) -> Safe:
    """Two of the three desks, as owners of a real Safe."""
    return Safe.deploy(suite.w3, keys.deployer, desks, 2)


def test_attest__signed_by_a_safe__lands(token, suite, ledger, actors, safe, new_custodian, sentence, say):
    custodian = new_custodian((safe.address, AttestorKind.CONTRACT))
    deposit = sentence(custodian=custodian, account=actors.carol.address)
    digest = deposit.digest(suite.deployment.chain_id, ledger.address)

    say(deposit, [(safe.address, safe.sign(digest))])

    assert token.balanceOf(actors.carol) == 100 * SHARE
    assert suite.position(token.address, custodian).issued == 100 * SHARE


def test_attest__signed_by_a_safe_and_a_key__lands(token, suite, ledger, keys, safe, new_custodian, sentence, say):
    custodian = new_custodian(
        (safe.address, AttestorKind.CONTRACT), (keys.relay.address, AttestorKind.KEY), threshold=2
    )
    good = sentence(custodian=custodian, shares_held=SHARE)
    message = good.message(suite.deployment.chain_id, ledger.address)
    digest = good.digest(suite.deployment.chain_id, ledger.address)
    votes = [(safe.address, safe.sign(digest)), (keys.relay.address, keys.relay.sign_message(message))]

    say(good, sorted(votes, key=lambda vote: number(vote[0])))

    assert suite.position(token.address, custodian).held == SHARE


@pytest.mark.parametrize(
    "disfigure",
    [
        pytest.param(lambda safe, digest: safe.sign(digest, safe.owners[0]), id="one_owner_of_two"),
        pytest.param(lambda safe, digest: safe.sign(digest)[:65] * 2, id="one_owner_twice"),
        pytest.param(lambda safe, digest: safe.sign(keccak(digest)), id="another_digest"),
        pytest.param(lambda safe, digest: b"", id="no_message_was_approved_on_chain"),
        pytest.param(lambda safe, digest: replace(safe, address="0x" + "11" * 20).sign(digest), id="for_another_safe"),
    ],
)
def test_attest__signed_by_a_safe_wrongly__refused(
    disfigure, suite, ledger, safe, new_custodian, sentence, say, refused
):
    custodian = new_custodian((safe.address, AttestorKind.CONTRACT))
    good = sentence(custodian=custodian)
    digest = good.digest(suite.deployment.chain_id, ledger.address)

    with refused(Reason.SIGNATURE_INVALID, number(safe.address), 0):
        say(good, [(safe.address, disfigure(safe, digest))])


# ---------------------------------------------------------------- wallets: contracts that misbehave

MAGIC = bytes.fromhex("1626ba7e")
# JUMPDEST; KECCAK256 of 128 KiB, so that the gas is gone sooner; PUSH0, JUMP.
ENDLESS = bytes.fromhex("5b620200005f20505f56")
# The embedded chain warns of it.
destructive = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")


def answering(word: bytes, length: int = 32) -> bytes:
    """Runtime code that answers any call with the first bytes of a word."""
    return b"\x7f" + word.ljust(32, b"\0") + b"\x5f\x52\x60" + bytes([length]) + b"\x5f\xf3"


def deploy_code(suite, signer, runtime: bytes) -> str:
    """Creates a contract whose code is just `runtime`."""
    # PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN.
    creation = b"\x61" + len(runtime).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3")
    receipt = stockade_chain.send(suite.w3, signer, {"data": creation + runtime})
    return receipt["contractAddress"]


def test_attest__wallet_that_answers_the_magic_value__lands(token, suite, keys, new_custodian, sentence, say):
    """The yardstick for those below: it signs whatever it is asked."""
    wallet = deploy_code(suite, keys.deployer, answering(MAGIC))
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    say(sentence(custodian=custodian, shares_held=SHARE), [(wallet, b"")])

    assert suite.position(token.address, custodian).held == SHARE


@pytest.mark.parametrize(
    "runtime",
    [
        pytest.param(answering(b"\xff" * 4), id="wrong_magic_value"),
        pytest.param(answering(bytes(31) + b"\1"), id="true"),
        pytest.param(answering(bytes(28) + MAGIC), id="magic_value_at_the_wrong_end"),
        pytest.param(answering(MAGIC + bytes(27) + b"\1"), id="magic_value_and_a_bit_behind_it"),
        pytest.param(answering(MAGIC + b"\xff" * 28), id="magic_value_and_ones_behind_it"),
        pytest.param(answering(MAGIC, 31), id="31_bytes"),
        pytest.param(answering(MAGIC, 4), id="4_bytes"),
        pytest.param(answering(b"", 0), id="nothing"),
        pytest.param(bytes.fromhex("5f5ffd"), id="reverts"),
        pytest.param(answering(MAGIC)[:-1] + b"\xfd", id="reverts_with_the_magic_value"),
        pytest.param(b"\xfe", id="burns_its_gas"),
        pytest.param(ENDLESS, id="never_ends"),
        pytest.param(bytes.fromhex("30ff"), id="destroys_itself", marks=destructive),
        pytest.param(bytes.fromhex("60015f55") + answering(MAGIC), id="writes_storage_first"),
    ],
)
def test_attest__wallet_that_misbehaves__refused(runtime, suite, keys, new_custodian, sentence, say, refused):
    wallet = deploy_code(suite, keys.deployer, runtime)
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    with refused(Reason.SIGNATURE_INVALID, number(wallet), 0):
        say(sentence(custodian=custodian), [(wallet, b"")])


def test_attest__wallet_that_answers_at_length__lands_without_copying_it(
    token, suite, keys, new_custodian, sentence, say
):
    """64 KiB behind the magic value: the ledger looks at the first word only, and the wallet pays for the rest."""
    wallet = deploy_code(suite, keys.deployer, answering(MAGIC)[:-4] + bytes.fromhex("620100005ff3"))
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    receipt = say(sentence(custodian=custodian, shares_held=SHARE), [(wallet, b"")])

    assert suite.position(token.address, custodian).held == SHARE
    assert receipt.gas_used < 200_000


@pytest.mark.parametrize("runtime", [bytes.fromhex("5f5ffd"), ENDLESS], ids=["reverts", "never_ends"])
def test_attest__wallet_that_misbehaves_beyond_the_threshold__spoils_that_transaction_only(
    runtime, token, suite, keys, new_custodian, sentence, signed, say, land_batch, refused
):
    """The other votes stand: they land without the wallet's; so does another custodian's sentence out of the batch."""
    wallet = deploy_code(suite, keys.deployer, runtime)
    attestors = [
        (wallet, AttestorKind.CONTRACT),
        *((each.address, AttestorKind.KEY) for each in (keys.relay, keys.bob)),
    ]
    custodian = new_custodian(*attestors, threshold=2)
    statement, other = sentence(custodian=custodian, shares_held=SHARE), sentence(shares_held=500 * SHARE)
    good = signed(statement, keys.relay, keys.bob)
    votes = sorted([*good, (wallet, b"")], key=lambda vote: number(vote[0]))
    place = votes.index((wallet, b""))

    with refused(Reason.SIGNATURE_INVALID, number(wallet), place):
        say(statement, votes)
    with refused(Reason.SIGNATURE_INVALID, number(wallet), place):
        land_batch(other, statement, votes=[signed(other), votes])
    assert suite.position(token.address, 1).sequence == other.sequence - 1

    land_batch(other, statement, votes=[signed(other), good])
    assert suite.position(token.address, 1).held == 500 * SHARE
    assert suite.position(token.address, custodian).held == SHARE


@destructive
def test_attest__wallet_that_was_told_to_destroy_itself__still_answers(
    token, suite, actors, keys, new_custodian, sentence, say
):
    """Since EIP-6780 only a contract's own creation can undo it: code that could be added as an attestor stays."""
    # Called without data: ADDRESS, SELFDESTRUCT; asked for a signature: JUMPDEST and the magic value.
    wallet = deploy_code(suite, keys.deployer, bytes.fromhex("3660065730ff5b") + answering(MAGIC))
    custodian = new_custodian((wallet, AttestorKind.CONTRACT))

    actors.stranger.transfer(wallet, 0)

    say(sentence(custodian=custodian, shares_held=SHARE), [(wallet, b"")])
    assert suite.position(token.address, custodian).held == SHARE


# ---------------------------------------------------------------- wallets: contracts that call back


def calling(target: str, data: bytes, approves_success: bool) -> bytes:
    """Runtime code that makes one call and answers the magic value if that succeeded, or else if it failed."""
    size = b"\x61" + len(data).to_bytes(2, "big")  # PUSH2
    # PUSH0, PUSH0, PUSH2 size, PUSH0, PUSH0, PUSH20 target, GAS, CALL.
    call = b"\x5f\x5f" + size + b"\x5f\x5f\x73" + bytes.fromhex(target[2:]) + b"\x5a\xf1"
    # ISZERO if failure is wanted; PUSH32 magic, MUL, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN.
    answer = (b"" if approves_success else b"\x15") + b"\x7f" + MAGIC.ljust(32, b"\0") + bytes.fromhex("025f5260205ff3")
    # PUSH2 size, PUSH2 where the data starts (behind all code), PUSH0, CODECOPY.
    start = b"\x61" + (8 + len(call) + len(answer)).to_bytes(2, "big")
    return size + start + b"\x5f\x39" + call + answer + data


@pytest.fixture
def inner(request, suite, ledger, token, actors, sentence, signed) -> tuple[str, bytes]:
    """What a wallet calls back: sound in itself, as each test shows afterwards."""
    deposit = sentence(account=actors.carol.address)
    deposit = replace(deposit, valid_until=deposit.valid_until + 10 * DAY)
    share = suite.token(token.address)
    return {
        "attest": (ledger.address, suite.ledger.encode_abi("attest", [deposit.as_tuple(), signed(deposit)])),
        "requestRedemption": (
            ledger.address,
            suite.ledger.encode_abi("requestRedemption", [token.address, 1, SHARE, DELIVERY]),
        ),
        "transfer": (token.address, share.encode_abi("transfer", [actors.bob.address, SHARE])),
    }[request.param]


def state_of(suite, token, ledger, wallet: str) -> tuple[int, ...]:
    """What the calls back would change."""
    return (
        suite.position(token.address, 1).sequence,
        token.totalSupply(),
        token.balanceOf(wallet),
        ledger.requestCount(),
        suite.control(suite.token(token.address)).sequence,
    )


@pytest.mark.parametrize("inner", ["attest", "requestRedemption", "transfer"], indirect=True)
def test_attest__wallet_that_calls_back__changes_nothing(
    inner, token, suite, ledger, actors, keys, admit, new_custodian, sentence, land, say, refused
):
    """The ledger asks by a static call. A wallet may still approve when its attempt has failed."""
    target, data = inner[0], bytes.fromhex(inner[1][2:])
    eager = deploy_code(suite, keys.deployer, calling(target, data, approves_success=True))
    resigned = deploy_code(suite, keys.deployer, calling(target, data, approves_success=False))
    admit(SimpleNamespace(address=resigned))
    custodian = new_custodian((eager, AttestorKind.CONTRACT), (resigned, AttestorKind.CONTRACT))
    # By custodian 2, so that the first one's next sentence stays the one the wallet carries.
    held = suite.position(token.address, 2).held
    land(sentence(custodian=2, account=resigned, shares=5 * SHARE, shares_held=held + 5 * SHARE))
    before = state_of(suite, token, ledger, resigned)
    statement = sentence(custodian=custodian, shares_held=SHARE)

    with refused(Reason.SIGNATURE_INVALID, number(eager), 0):
        say(statement, [(eager, b"")])
    receipt = say(statement, [(resigned, b"")])

    assert receipt.events == [said(ledger, receipt, Report.ATTESTATION, statement.as_tuple(), 0)]
    assert state_of(suite, token, ledger, resigned) == before

    # The very same call succeeds when nobody forbids changes.
    actors.stranger.transfer(resigned, 0)
    assert state_of(suite, token, ledger, resigned) != before


def test_add_custodian__account_without_code_as_contract__refused(ledger, keys, new_custodian):
    with refuses(ledger.CustodyInvalidAttestors, account=keys.outsider.address, attestors=0, threshold=1):
        new_custodian((keys.outsider.address, AttestorKind.CONTRACT))


def test_add_custodian__the_zero_address_as_key__refused(ledger, new_custodian):
    """Recovery answers zero for what nobody signed."""
    with refuses(ledger.CustodyInvalidAttestors, account=ZERO_ADDRESS, attestors=0, threshold=1):
        new_custodian((ZERO_ADDRESS, AttestorKind.KEY))


# ---------------------------------------------------------------- keys whose account carries code (EIP-7702)


def test_attest__key_whose_account_carries_code__its_signature_alone_counts(
    token, suite, keys, delegate, sentence, signed, say, refused
):
    delegate(keys.attestor, deploy_code(suite, keys.deployer, answering(MAGIC)))
    assert suite.w3.eth.get_code(keys.attestor.address)[:3] == b"\xef\x01\x00"
    statement = sentence(shares_held=500 * SHARE)

    with refused(Reason.SIGNATURE_INVALID, number(keys.attestor), 0):
        say(statement, [(keys.attestor.address, b"")])

    say(statement, signed(statement))
    assert suite.position(token.address, 1).held == 500 * SHARE


def test_attest__contract_that_lost_its_code__refused(
    token, suite, keys, delegate, new_custodian, sentence, say, refused
):
    """A delegated account may be an ERC-1271 attestor; without code it answers nothing, and its key does not count."""
    delegate(keys.outsider, deploy_code(suite, keys.deployer, answering(MAGIC)))
    custodian = new_custodian((keys.outsider.address, AttestorKind.CONTRACT))
    say(sentence(custodian=custodian, shares_held=SHARE), [(keys.outsider.address, b"")])

    delegate(keys.outsider, ZERO_ADDRESS)

    statement = sentence(custodian=custodian, shares_held=2 * SHARE)
    signature = keys.outsider.sign_message(statement.message(suite.deployment.chain_id, suite.ledger.address))
    for answer in (b"", signature):
        with refused(Reason.SIGNATURE_INVALID, number(keys.outsider), 0):
            say(statement, [(keys.outsider.address, answer)])
    assert suite.position(token.address, custodian).held == SHARE
