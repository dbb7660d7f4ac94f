"""Acts of COMPLIANCE, PAUSER and REGULATOR through the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.crypto import keccak
from web3.types import TxReceipt

from stockade import compliance, opening, profiles
from stockade.compliance import Act, Order
from stockade.errors import InputError, Refused
from stockade.listing import list_share, read_listings
from stockade.records import LOST, Basis, ExemptionStatus, Kind, Pause, Phase, RequestStatus, Role, Status
from tests.support import DAY, EXAMPLES, SHARE

ORDER = Order(Basis.COURT_ORDER, b"\xee" * 32)
REF = b"\x01" + b"\xee" * 31
NO_REF = b"\0" * 32
ZERO = "0x" + "00" * 20


@pytest.fixture
def share(suite, token):
    """The listed share's token as the library's contract."""
    return suite.token(token.address)


@pytest.fixture
def do(suite, keys) -> Callable[..., TxReceipt]:
    """Rehearses and carries out an act, as COMPLIANCE unless told otherwise."""

    def carry_out(act: Act, signer: Any = keys.compliance) -> TxReceipt:
        compliance.rehearse(suite, signer.address, act)
        return compliance.carry_out(suite, signer, act)

    return carry_out


@pytest.fixture
def events(suite) -> Callable[[TxReceipt], list[tuple[str, dict[str, Any]]]]:
    """Every log of a receipt, decoded: name and arguments, without sequence, operator and time."""

    def decoded(receipt: TxReceipt) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for log in receipt["logs"]:
            for contract in (suite.registry, suite.ledger, suite.listings, *suite.tokens()):
                names = {event_abi_to_log_topic(abi): abi["name"] for abi in contract.abi if abi["type"] == "event"}
                if contract.address == log["address"]:
                    name = names[bytes(log["topics"][0])]
                    arguments = dict(contract.events[name]().process_log(log)["args"])
                    for common in ("seq", "operator", "timestamp"):
                        arguments.pop(common, None)
                    found.append((name, arguments))
        return found

    return decoded


def moved(kind: Kind, amount: int, source: str = ZERO, to: str = ZERO, ref: bytes = NO_REF) -> tuple[str, dict]:
    """A token's report."""
    return "Reported", {"kind": kind, "from": source, "to": to, "amount": amount, "ref": ref}


def forced(source: str, to: str, amount: int) -> list[tuple[str, dict]]:
    """What a forced movement emits, in order."""
    return [
        ("Transfer", {"from": source, "to": to, "value": amount}),
        moved(Kind.FORCE, amount, source, to, REF),
        ("ForcedTransfer", {"from": source, "to": to, "amount": amount}),
    ]


def said(kind: int, types: list[str], values: list[Any]) -> tuple[str, dict]:
    """A report of registry, ledger or listing registry."""
    return "Reported", {"kind": kind, "data": encode(types, values)}


# ---------------------------------------------------------------- the order


def test_order__hash_or_file__the_same_order(tmp_path):
    file = tmp_path / "order.pdf"
    file.write_bytes(b"The court orders as follows.")
    digest = keccak(b"The court orders as follows.")

    assert compliance.read_order("COURT_ORDER", str(file)) == Order(Basis.COURT_ORDER, digest)
    assert compliance.read_order("COURT_ORDER", "0x" + digest.hex()) == Order(Basis.COURT_ORDER, digest)
    assert Order(Basis.COURT_ORDER, digest).ref == b"\x01" + digest[1:]


@pytest.mark.parametrize("basis", ["UNSTATED", "court_order", "WHIM"])
def test_order__no_known_ground__refused(basis):
    with pytest.raises(
        InputError, match=f"^'{basis}' is no ground for an act: use one of COURT_ORDER, REGULATOR_ORDER"
    ):
        compliance.read_order(basis, "0x" + "ee" * 32)


@pytest.mark.parametrize("order", ["0x" + "ee" * 31, "0x" + "00" * 32, "no-such-file.pdf", "."])
def test_order__neither_hash_nor_file__refused(order):
    with pytest.raises(InputError, match="is neither a hash"):
        compliance.read_order("SANCTIONS", order)


def test_order__empty_file__refused(tmp_path):
    file = tmp_path / "order.pdf"
    file.touch()

    with pytest.raises(InputError, match="is empty: give the file that holds the order"):
        compliance.read_order("SANCTIONS", str(file))


# ---------------------------------------------------------------- who may, and what is said before anything is sent


def test_rehearse__allowed__sends_nothing(suite, keys):
    nonce = suite.w3.eth.get_transaction_count(keys.compliance.address)

    compliance.rehearse(suite, keys.compliance.address, compliance.freeze(suite, keys.alice.address, ORDER))

    assert suite.w3.eth.get_transaction_count(keys.compliance.address) == nonce
    assert not suite.record(keys.alice.address).frozen


def test_rehearse__role_missing__named_for_registry_and_token(suite, keys, share):
    acts = [
        compliance.freeze(suite, keys.alice.address, ORDER),
        compliance.force(share, keys.alice.address, keys.bob.address, "1", ORDER),
    ]

    for act in acts:
        with pytest.raises(
            InputError, match=f"^Account {keys.registrar.address} may not f.*It takes the role COMPLIANCE:"
        ):
            compliance.rehearse(suite, keys.registrar.address, act)


def test_rehearse__contract_refuses__reason_in_words(suite, keys, share, holding):
    holding(keys.alice)
    act = compliance.force(share, keys.alice.address, keys.outsider.address, "1", ORDER)

    with pytest.raises(Refused) as raised:
        compliance.rehearse(suite, keys.compliance.address, act)

    assert (raised.value.code, raised.value.reason) == (41, "RECEIVER_UNKNOWN")


@pytest.fixture
def delayed(suite, keys, travel):
    """An account that holds COMPLIANCE with a delay of an hour."""
    call = suite.authority.functions.grantRole(Role.COMPLIANCE, keys.stranger.address, 3600)
    suite.perform(keys.key_admin, call)
    travel(DAY)
    suite.perform(keys.key_admin, call)
    return keys.stranger


def test_carry_out__role_with_a_delay__scheduled_then_done(suite, keys, delayed, travel, now):
    act = compliance.freeze(suite, keys.alice.address, ORDER)
    compliance.rehearse(suite, delayed.address, act)

    due = compliance.carry_out(suite, delayed, act)
    assert due == now() + 3600
    assert not suite.record(keys.alice.address).frozen

    travel(3600)
    receipt = compliance.carry_out(suite, delayed, act)
    assert receipt["status"] == 1
    assert suite.record(keys.alice.address).frozen


def test_rehearse__token_and_a_role_with_a_delay__refused(suite, keys, delayed, share):
    act = compliance.freeze_tokens(share, keys.alice.address, "1", ORDER)

    with pytest.raises(InputError, match="It takes the role COMPLIANCE, and without its delay of 3600 seconds:"):
        compliance.rehearse(suite, delayed.address, act)


# ---------------------------------------------------------------- wallets


def test_freeze_and_unfreeze__admitted_wallet__record_beneath_unchanged(suite, keys, do, events, admit):
    admit(keys.alice)
    record = suite.record(keys.alice.address)
    layout = ["address", "uint256", "bytes32"]

    receipt = do(compliance.freeze(suite, keys.alice.address, ORDER))

    assert events(receipt) == [said(3, layout, [keys.alice.address, record.pack() | 0x80, REF])]
    assert suite.record(keys.alice.address).frozen

    receipt = do(compliance.unfreeze(suite, keys.alice.address, ORDER))

    assert events(receipt) == [said(4, layout, [keys.alice.address, record.pack(), REF])]
    assert suite.record(keys.alice.address) == record


def test_unfreeze__not_frozen__said_in_words(suite, keys):
    with pytest.raises(Refused, match=r"^The registry says so already; there is nothing to change") as raised:
        compliance.rehearse(suite, keys.compliance.address, compliance.unfreeze(suite, keys.alice.address, ORDER))

    assert raised.value.error == "RegistryUnchanged"


def test_set_registrar__number_and_none__reported(suite, keys, do, events):
    receipt = do(compliance.set_registrar(suite, keys.stranger.address, 7))
    assert events(receipt) == [said(6, ["address", "uint16"], [keys.stranger.address, 7])]
    assert suite.registry.functions.registrarOf(keys.stranger.address).call() == 7

    do(compliance.set_registrar(suite, keys.stranger.address, 0))
    assert suite.registry.functions.registrarOf(keys.stranger.address).call() == 0


@pytest.mark.parametrize("number", [-1, 2**16])
def test_set_registrar__no_number__refused(suite, keys, number):
    with pytest.raises(InputError, match=f"^{number} is no registrar's number"):
        compliance.set_registrar(suite, keys.stranger.address, number)


# ---------------------------------------------------------------- holdings


def test_freeze_tokens__part__set_not_added(keys, share, do, events, holding):
    holding(keys.alice)
    do(compliance.freeze_tokens(share, keys.alice.address, "60", ORDER))

    receipt = do(compliance.freeze_tokens(share, keys.alice.address, "12.5", ORDER))

    assert events(receipt) == [
        ("Frozen", {"account": keys.alice.address, "amount": 125 * SHARE // 10}),
        moved(Kind.FREEZE, 125 * SHARE // 10, source=keys.alice.address, ref=REF),
    ]
    assert share.functions.getFrozenTokens(keys.alice.address).call() == 125 * SHARE // 10


def test_force__frozen_shares_too__moved_under_the_order(keys, share, do, events, holding):
    holding(keys.alice, keys.bob)
    do(compliance.freeze_tokens(share, keys.alice.address, "99", ORDER))

    receipt = do(compliance.force(share, keys.alice.address, keys.bob.address, "3", ORDER))

    alice, bob = keys.alice.address, keys.bob.address
    assert events(receipt) == [
        ("Frozen", {"account": alice, "amount": 97 * SHARE}),
        *forced(alice, bob, 3 * SHARE),
    ]
    assert share.functions.balanceOf(bob).call() == 103 * SHARE


@pytest.mark.parametrize("shares", ["-1", "1e-19", "many", "nan"])
def test_force__no_number_of_shares__refused(keys, share, shares):
    with pytest.raises(InputError, match="is not a number of shares"):
        compliance.force(share, keys.alice.address, keys.bob.address, shares, ORDER)


def redeem(suite, holder: Any, token: str, shares: int) -> int:
    """Requests a redemption of custodian 1 and returns its number."""
    call = suite.ledger.functions.requestRedemption(token, 1, shares * SHARE, b"\x66" * 32)
    suite.send(holder, call)
    return suite.ledger.functions.requestCount().call()


def test_force_redemption__open_request__closed_and_moved(suite, keys, share, do, events, holding):
    holding(keys.alice, keys.bob)
    number = redeem(suite, keys.alice, share.address, 4)

    receipt = do(compliance.force_redemption(suite, number, keys.bob.address, ORDER))

    ledger, bob = suite.ledger.address, keys.bob.address
    assert events(receipt) == [
        said(4, ["uint256", "address", "bytes32"], [number, bob, REF]),
        *forced(ledger, bob, 4 * SHARE),
    ]
    assert suite.ledger.functions.requestOf(number).call()[3] == RequestStatus.FORCED


def test_force_redemption__no_open_request__refused(suite, keys):
    act = compliance.force_redemption(suite, 99, keys.bob.address, ORDER)

    with pytest.raises(Refused) as raised:
        compliance.rehearse(suite, keys.compliance.address, act)

    assert raised.value.reason == "REQUEST_NOT_OPEN"


def test_open_requests__several_holders_and_a_closed_one__only_the_holders_open_ones(suite, keys, share, do, holding):
    holding(keys.alice, keys.bob)
    closed, still_open, others = (redeem(suite, who, share.address, 1) for who in (keys.alice, keys.alice, keys.bob))
    do(compliance.force_redemption(suite, closed, keys.bob.address, ORDER))

    assert compliance.open_requests(suite, keys.alice.address) == [still_open]
    assert compliance.open_requests(suite, keys.bob.address) == [others]


# ---------------------------------------------------------------- a lost wallet


@pytest.fixture
def second(suite, keys, travel):
    """A second share, active, with custody terms."""
    profile = profiles.load("us-tsv")
    token = list_share(suite, keys.issuer, read_listings(EXAMPLES / "listings.toml")["MSFT"], profile)
    terms = suite.ledger.functions.setTerms(token, profile.custody.terms)
    suite.perform(keys.custody_admin, terms)
    travel(2 * DAY)
    suite.perform(keys.custody_admin, terms)
    opening.begin(suite, keys.issuer, [token], opening.Papers.synthetic())
    travel(profile.clocks.objection_seconds)
    opening.activate(suite, keys.issuer, [token])
    return suite.token(token)


@pytest.fixture
def lost(suite, keys, share, second, admit, attest, sentence, do):
    """Alice lost her wallet; she held 100 of the one share (30 frozen, 5 in redemption) and 40 of the other. Bob's
    wallet is hers too."""
    admit(keys.alice, keys.bob, investor_id=77)
    attest(sentence(account=keys.alice.address, shares=100 * SHARE))
    attest(sentence(token=second.address, account=keys.alice.address, shares=40 * SHARE))
    do(compliance.freeze_tokens(share, keys.alice.address, "30", ORDER))
    return redeem(suite, keys.alice, share.address, 5)


def says(acts: list[Act]) -> list[str]:
    return [act.call.fn_name for act in acts]


def test_recover__balances_frozen_amounts_and_requests__all_carried(suite, keys, share, second, lost, events):
    alice, bob = keys.alice.address, keys.bob.address
    acts = compliance.recovery(suite, alice, bob, ORDER)
    assert says(acts) == ["recover", "recoverBalance", "recoverBalance", "recoverRequests"]
    revoked = replace(suite.record(alice), status=Status.REVOKED, registrar=LOST).pack()

    outcomes = compliance.recover(suite, keys.compliance, acts)

    assert [event for outcome in outcomes for event in events(outcome.result)] == [
        said(5, ["address", "address", "uint256", "bytes32"], [alice, bob, revoked, REF]),
        ("Frozen", {"account": alice, "amount": 0}),
        moved(Kind.FREEZE, 0, source=alice, ref=REF),
        *forced(alice, bob, 95 * SHARE),
        ("Frozen", {"account": bob, "amount": 30 * SHARE}),
        moved(Kind.FREEZE, 30 * SHARE, source=bob, ref=REF),
        *forced(alice, bob, 40 * SHARE),
        said(5, ["uint256", "address", "bytes32"], [lost, bob, REF]),
    ]
    assert suite.record(alice).status is Status.REVOKED
    assert [token.functions.balanceOf(bob).call() for token in (share, second)] == [95 * SHARE, 40 * SHARE]
    assert suite.ledger.functions.requestOf(lost).call()[4] == bob
    assert compliance.recovery(suite, alice, bob, ORDER) == []


@pytest.mark.parametrize("done", [1, 2, 3])
def test_recover__stopped_on_the_way__again_does_the_rest(suite, keys, lost, done):
    acts = compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER)
    compliance.recover(suite, keys.compliance, acts[:done])

    rest = compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER)

    assert [act.says for act in rest] == [act.says for act in acts[done:]]
    compliance.recover(suite, keys.compliance, rest)
    assert compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER) == []


def test_recover__one_token_refuses__the_others_go_on(suite, keys, share, second, lost, do):
    (stop,) = compliance.pause(suite, [share], Pause.FORCE)
    do(stop, keys.pauser)
    acts = compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER)

    outcomes = compliance.recover(suite, keys.compliance, acts)

    results = [outcome.result for outcome in outcomes]
    assert [isinstance(result, Refused) for result in results] == [False, True, False, True]
    assert {results[1].reason, results[3].reason} == {"FORCE_PAUSED"}
    assert second.functions.balanceOf(keys.bob.address).call() == 40 * SHARE
    rest = compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER)
    assert says(rest) == ["recoverBalance", "recoverRequests"]


def test_recover__replacement_of_another_investor__refused_before_anything_moves(suite, keys, share, lost, admit):
    admit(keys.carol, investor_id=78)
    acts = compliance.recovery(suite, keys.alice.address, keys.carol.address, ORDER)

    with pytest.raises(Refused, match=r"^The replacement must be ACTIVE") as raised:
        compliance.recover(suite, keys.compliance, acts)

    assert raised.value.error == "RegistryReplacementUnfit"
    assert suite.record(keys.alice.address).status is Status.ACTIVE


def test_recover__another_order__declared_anew(suite, keys, lost):
    acts = compliance.recovery(suite, keys.alice.address, keys.bob.address, ORDER)
    compliance.recover(suite, keys.compliance, acts)
    other = Order(Basis.LOST_WALLET, b"\xdd" * 32)

    again = compliance.recovery(suite, keys.alice.address, keys.bob.address, other)

    assert says(again) == ["recover"]
    compliance.recover(suite, keys.compliance, again)
    assert suite.registry.functions.recoveryOf(keys.alice.address).call() == [keys.bob.address, other.ref]


# ---------------------------------------------------------------- pauses


def test_pause__several_tokens__only_those_that_are_not_paused(suite, share, second, keys, do):
    (first,) = compliance.pause(suite, [share], Pause.TRANSFER | Pause.MINT)
    do(first, keys.pauser)

    acts = compliance.pause(suite, suite.tokens(), Pause.TRANSFER)

    assert [act.call.address for act in acts] == [second.address]
    do(acts[0], keys.pauser)
    assert [suite.control(token).pauses for token in (share, second)] == [
        Pause.TRANSFER | Pause.MINT,
        Pause.TRANSFER,
    ]


def test_pause__compliance__may_not(suite, share, keys):
    (act,) = compliance.pause(suite, [share], Pause.TRANSFER)

    with pytest.raises(InputError, match="It takes the role PAUSER"):
        compliance.rehearse(suite, keys.compliance.address, act)


def test_unpause__force_among_others__regulator_lifts_it_and_compliance_the_rest(suite, share, keys, do):
    (stop,) = compliance.pause(suite, [share], Pause.TRANSFER | Pause.FORCE)
    do(stop, keys.pauser)

    others, force = compliance.unpause(suite, [share], Pause.TRANSFER | Pause.MINT | Pause.FORCE)

    with pytest.raises(InputError, match="It takes the role REGULATOR"):
        compliance.rehearse(suite, keys.compliance.address, force)
    do(others, keys.compliance)
    assert suite.control(share).pauses == Pause.FORCE
    do(force, keys.regulator)
    assert suite.control(share).pauses == Pause(0)
    assert compliance.unpause(suite, [share], Pause.TRANSFER | Pause.FORCE) == []


# ---------------------------------------------------------------- tokens and listings


def test_suspend_resume_wind_down__each_phase_reported_with_its_order(suite, share, do, events):
    layout = ["address", "uint8", "bytes32"]

    for act, phase in (
        (compliance.suspend, Phase.SUSPENDED),
        (compliance.resume, Phase.ACTIVE),
        (compliance.wind_down, Phase.WIND_DOWN),
    ):
        receipt = do(act(suite, share, ORDER))

        listing, control = events(receipt)
        assert listing == said(3, layout, [share.address, phase, REF])
        assert control[1]["kind"] == Kind.CONTROL
        assert suite.control(share).phase is phase


def test_resume__wound_down__final(suite, keys, share, do):
    do(compliance.wind_down(suite, share, ORDER))

    with pytest.raises(Refused, match=r"^The token's phase .* does not allow the step") as raised:
        compliance.rehearse(suite, keys.compliance.address, compliance.resume(suite, share, ORDER))

    assert raised.value.error == "ListingWrongPhase"


def test_regulator_suspension__suspends_and_lifts_and_is_no_act_of_compliance(suite, keys, share, do, events):
    for suspended, phase in ((True, Phase.SUSPENDED), (False, Phase.ACTIVE)):
        act = compliance.regulator_suspension(suite, share, suspended, ORDER)
        with pytest.raises(InputError, match="It takes the role REGULATOR"):
            compliance.check_right(suite, keys.compliance.address, act)

        receipt = do(act, keys.regulator)

        assert events(receipt)[0] == said(6, ["address", "bool", "bytes32"], [share.address, suspended, REF])
        assert suite.control(share).phase is phase


def test_halt_and_lift__reported_with_the_order(suite, keys, share, do, events):
    for act, halted in ((compliance.halt, True), (compliance.lift, False)):
        receipt = do(act(suite, share, ORDER))

        assert events(receipt)[0] == said(4, ["address", "bool", "bytes32"], [share.address, halted, REF])
        assert suite.control(share).halted is halted

    with pytest.raises(Refused, match=r"^The token is in that state already"):
        compliance.rehearse(suite, keys.compliance.address, compliance.lift(suite, share, ORDER))


@pytest.mark.parametrize(
    ("status", "phase"), [(ExemptionStatus.SUSPENDED, Phase.SUSPENDED), (ExemptionStatus.REVOKED, Phase.WIND_DOWN)]
)
def test_set_exemption__suspended_or_revoked__its_tokens_follow(suite, share, do, status, phase):
    do(compliance.set_exemption(suite, 1, status, ORDER))

    assert suite.listings.functions.exemptionOf(1).call()[0] == status
    assert suite.control(share).phase is phase


def test_set_exemption__revoked__cannot_be_restored(suite, keys, do):
    do(compliance.set_exemption(suite, 1, ExemptionStatus.SUSPENDED, ORDER))
    do(compliance.set_exemption(suite, 1, ExemptionStatus.ACTIVE, ORDER))
    do(compliance.set_exemption(suite, 1, ExemptionStatus.REVOKED, ORDER))

    with pytest.raises(Refused, match=r"^The exemption was revoked, and that is final"):
        compliance.rehearse(
            suite, keys.compliance.address, compliance.set_exemption(suite, 1, ExemptionStatus.ACTIVE, ORDER)
        )


def test_record_objection__active_token__reported_suspended_and_late_only_after_its_period(
    suite, share, do, events, now
):
    until = suite.listings.functions.listingOf(share.address).call()[6]

    do(compliance.record_objection(suite, share, b"\x44" * 32, until + 1))
    assert suite.control(share).phase is Phase.ACTIVE
    receipt = do(compliance.record_objection(suite, share, b"\x55" * 32, until))

    told = said(10, ["address", "bytes32", "uint40"], [share.address, b"\x55" * 32, until])
    assert [events(receipt)[0], suite.control(share).phase] == [told, Phase.SUSPENDED]


def test_record_objection__received_tomorrow__refused_in_words(suite, keys, share, now):
    act = compliance.record_objection(suite, share, b"\x44" * 32, now() + DAY)

    with pytest.raises(
        Refused, match=r"^An objection counts from when it was received, which cannot be in the"
    ) as told:
        compliance.rehearse(suite, keys.compliance.address, act)

    assert told.value.error == "ListingInvalidObjection"


def test_acts__by_order__never_the_bare_functions_of_erc7943(suite, keys, share):
    """They report no ground: nobody acts by accident without one."""
    acts = [
        compliance.freeze_tokens(share, keys.alice.address, "1", ORDER),
        compliance.force(share, keys.alice.address, keys.bob.address, "1", ORDER),
    ]

    assert says(acts) == ["setFrozenTokensWithOrder", "forcedTransferWithOrder"]
