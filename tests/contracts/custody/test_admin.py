"""Custodians, their attestors and a token's terms: CUSTODY_ADMIN's, two days ahead, through the authority."""

from __future__ import annotations

import ape
import pytest
from eth_utils.crypto import keccak

from stockade.records import ZERO_ADDRESS, AttestorKind, Position
from tests.contracts.custody.support import MAX_96, START, Report, said
from tests.contracts.support import carry_out, refuses
from tests.support import DAY, SHARE

KEY, CONTRACT = AttestorKind.KEY, AttestorKind.CONTRACT
LEI = b"0000SYNTHETIC0000322"
NAME = keccak(text="Third Example")

# (address, kind) of accounts that need no key, ascending.
KEYS = [("0x" + place.to_bytes(20, "big").hex(), KEY) for place in range(1, 257)]


def attestors_of(ledger, custodian: int) -> tuple[int, int]:
    """Threshold and count."""
    entry = ledger.custodianOf(custodian)
    return entry.threshold, entry.attestors


# ---------------------------------------------------------------- two days


ACTS = {
    "addCustodian": lambda token: (LEI, NAME, KEYS[:1], 1),
    "setAttestors": lambda token: (1, [], KEYS[:1], 1),
    "setCustodianOpen": lambda token: (1, False),
    "setTerms": lambda token: (token, (SHARE, 2, DAY)),
}


@pytest.mark.parametrize("act", ACTS)
def test_custody_admin__unscheduled__refused(act, stage, ledger, token, actors):
    arguments = ACTS[act](token)
    data = getattr(ledger, act).encode_input(*arguments)
    operation = stage.authority.hashOperation(actors.custody_admin, ledger, data)

    with refuses(stage.authority.AccessManagerNotScheduled, operationId=operation):
        getattr(ledger, act)(*arguments, sender=actors.custody_admin)


@pytest.mark.parametrize("caller", ["alice", "compliance", "issuer", "admin", "attestor", "pauser", "guardian"])
@pytest.mark.parametrize("act", ACTS)
def test_custody_admin__another_role__refused(act, caller, ledger, token, actors):
    sender = getattr(actors, caller)

    with refuses(ledger.AccessManagedUnauthorized, caller=sender):
        getattr(ledger, act)(*ACTS[act](token), sender=sender)


@pytest.mark.parametrize("act", ACTS)
def test_custody_admin__a_second_too_early__refused_then_executed(
    act, stage, ledger, token, actors, schedule, at, chain
):
    head = ledger.reportHead().seq
    data = schedule(act, *ACTS[act](token))
    operation = stage.authority.hashOperation(actors.custody_admin, ledger, data)
    due = stage.authority.getSchedule(operation)
    assert due == chain.blocks.head.timestamp + 2 * DAY
    at(due - 1)
    with refuses(stage.authority.AccessManagerNotReady, operationId=operation):
        carry_out(ledger, data, actors.custody_admin)

    at(due)
    carry_out(ledger, data, actors.custody_admin)

    assert ledger.reportHead().seq > head


@pytest.mark.parametrize("act", ACTS)
def test_custody_admin__scheduled_for_tomorrow__refused(act, stage, ledger, token, actors, chain):
    data = getattr(ledger, act).encode_input(*ACTS[act](token))

    error = stage.authority.AccessManagerUnauthorizedCall
    with refuses(error, caller=actors.custody_admin, target=ledger, selector=data[:4]):
        stage.authority.schedule(ledger, data, chain.pending_timestamp + DAY, sender=actors.custody_admin)


def test_custody_admin__cancelled_by_the_guardian__refused(stage, ledger, actors, schedule, at, chain):
    data = schedule("setCustodianOpen", 1, False)
    operation = stage.authority.hashOperation(actors.custody_admin, ledger, data)

    stage.authority.cancel(actors.custody_admin, ledger, data, sender=actors.guardian)

    at(chain.pending_timestamp + 3 * DAY)
    with refuses(stage.authority.AccessManagerNotScheduled, operationId=operation):
        carry_out(ledger, data, actors.custody_admin)
    assert ledger.custodianOf(1).open


# ---------------------------------------------------------------- custodians


def reports_of(ledger, receipt):
    """The ledger's records; the authority reports EXECUTED in its own stream beside them."""
    return [each for each in receipt.decode_logs(ledger.Reported) if each.contract_address == ledger.address]


def decreed(stage, receipt, kind, *values, step=1):
    """A record of what CUSTODY_ADMIN did once it was due."""
    return said(stage.ledger, receipt, kind, *values, step=step, operator=receipt.sender)


def test_add_custodian__with_keys__open_and_reported_with_its_attestors(stage, ledger, decree):
    receipt = decree("addCustodian", LEI, NAME, KEYS[:3], 2)

    assert reports_of(ledger, receipt) == [
        decreed(stage, receipt, Report.CUSTODIAN, 3, LEI, NAME, True),
        decreed(stage, receipt, Report.ATTESTORS, 3, [], KEYS[:3], 2, step=2),
    ]
    assert tuple(ledger.custodianOf(3)) == (LEI, 2, 3, True, NAME)
    assert ledger.custodianCount() == 3
    assert [ledger.attestorKindOf(3, account) for account, _ in KEYS[:4]] == [KEY, KEY, KEY, 0]


@pytest.mark.parametrize(("lei", "name"), [(bytes(20), NAME), (LEI, bytes(32))])
def test_add_custodian__nameless__refused(lei, name, ledger, decree):
    with refuses(ledger.CustodyInvalidCustodian, lei=lei, nameHash=name):
        decree("addCustodian", lei, name, KEYS[:1], 1)
    assert ledger.custodianCount() == 2


@pytest.mark.parametrize(("count", "threshold"), [(1, 1), (3, 1), (3, 3), (255, 255)])
def test_add_custodian__k_of_n__accepted(count, threshold, ledger, decree):
    decree("addCustodian", LEI, NAME, KEYS[:count], threshold)

    assert attestors_of(ledger, 3) == (threshold, count)


@pytest.mark.parametrize(
    ("attestors", "threshold", "account", "count"),
    [
        pytest.param([], 1, ZERO_ADDRESS, 0, id="nobody"),
        pytest.param([], 0, ZERO_ADDRESS, 0, id="nobody_of_nobody"),
        pytest.param(KEYS[:3], 0, ZERO_ADDRESS, 3, id="threshold_zero"),
        pytest.param(KEYS[:3], 4, ZERO_ADDRESS, 3, id="threshold_above_the_count"),
        pytest.param(KEYS[:256], 255, ZERO_ADDRESS, 256, id="256_attestors"),
        pytest.param([KEYS[0], KEYS[0]], 1, KEYS[0][0], 1, id="one_twice"),
        pytest.param([KEYS[0], (KEYS[0][0], CONTRACT)], 1, KEYS[0][0], 1, id="one_twice_as_another_kind"),
        pytest.param([KEYS[0], (ZERO_ADDRESS, KEY)], 1, ZERO_ADDRESS, 1, id="the_zero_address"),
        pytest.param([(KEYS[0][0], 0)], 1, KEYS[0][0], 0, id="of_no_kind"),
        pytest.param([KEYS[0], (KEYS[20][0], CONTRACT)], 2, KEYS[20][0], 1, id="contract_without_code"),
    ],
)
def test_add_custodian__attestors_unsound__refused(attestors, threshold, account, count, ledger, decree):
    with refuses(ledger.CustodyInvalidAttestors, account=account, attestors=count, threshold=threshold):
        decree("addCustodian", LEI, NAME, attestors, threshold)
    assert ledger.custodianCount() == 2


def test_add_custodian__kind_unknown__refused(ledger, decree):
    """Two is the last kind; the ABI refuses the rest, without a reason."""
    with ape.reverts():
        decree("addCustodian", LEI, NAME, [(KEYS[0][0], 3)], 1)
    assert ledger.custodianCount() == 2


@pytest.mark.parametrize("custodian", [0, 3])
def test_custodian_of__unknown__empty(custodian, ledger):
    assert tuple(ledger.custodianOf(custodian)) == (bytes(20), 0, 0, False, bytes(32))


def test_set_custodian_open__closed_and_opened__reported(stage, ledger, token, decree):
    before = ledger.custodianOf(1)
    for openness in (False, True):
        receipt = decree("setCustodianOpen", 1, openness)

        assert reports_of(ledger, receipt) == [
            decreed(stage, receipt, Report.CUSTODIAN, 1, bytes(before.lei), bytes(before.nameHash), openness)
        ]
        assert ledger.custodianOf(1).open == openness
        assert attestors_of(ledger, 1) == (before.threshold, before.attestors)
    assert Position.unpack(ledger.positionOf(token, 1)).issued == START


@pytest.mark.parametrize("custodian", [1, 2])
def test_set_custodian_open__as_it_is__refused(custodian, ledger, decree):
    with refuses(ledger.CustodyUnchanged):
        decree("setCustodianOpen", custodian, True)


@pytest.mark.parametrize("custodian", [0, 3])
@pytest.mark.parametrize("openness", [True, False])
def test_set_custodian_open__unknown_custodian__refused(custodian, openness, ledger, decree):
    with refuses(ledger.CustodyUnknownCustodian, custodian=custodian):
        decree("setCustodianOpen", custodian, openness)


# ---------------------------------------------------------------- attestors


def test_set_attestors__removed_and_added_in_one_step__reported(stage, ledger, desks, decree):
    gone = [desks[0].address, desks[1].address]
    receipt = decree("setAttestors", 2, gone, KEYS[:3], 4)

    assert reports_of(ledger, receipt) == [
        decreed(stage, receipt, Report.ATTESTORS, 2, [each.lower() for each in gone], KEYS[:3], 4)
    ]
    assert attestors_of(ledger, 2) == (4, 4)
    assert [ledger.attestorKindOf(2, desk.address) for desk in desks] == [0, 0, KEY]
    assert [ledger.attestorKindOf(2, account) for account, _ in KEYS[:3]] == [KEY, KEY, KEY]
    # A custodian's attestors are its own.
    assert ledger.attestorKindOf(1, KEYS[0][0]) == 0


def test_set_attestors__threshold_alone__changes(ledger, decree):
    decree("setAttestors", 2, [], [], 3)

    assert attestors_of(ledger, 2) == (3, 3)


def test_set_attestors__all_replaced__changes(ledger, desks, decree):
    """The set is judged after the step, not within it."""
    decree("setAttestors", 2, [desk.address for desk in desks], KEYS[:1], 1)

    assert attestors_of(ledger, 2) == (1, 1)


def test_set_attestors__removed_and_added_as_another_kind__changes(ledger, token, desks, decree):
    decree("setAttestors", 1, [], [(token.address, KEY)], 1)

    decree("setAttestors", 1, [token.address], [(token.address, CONTRACT)], 1)

    assert ledger.attestorKindOf(1, token) == CONTRACT
    assert attestors_of(ledger, 1) == (1, 2)


@pytest.mark.parametrize(
    ("removed", "added", "threshold", "account", "count"),
    [
        pytest.param([], [KEYS[0], KEYS[0]], 2, KEYS[0][0], 4, id="one_added_twice"),
        pytest.param([], ["desk"], 2, "desk", 3, id="one_added_that_is_there"),
        pytest.param([], [(ZERO_ADDRESS, KEY)], 2, ZERO_ADDRESS, 3, id="the_zero_address_added"),
        pytest.param([], [(KEYS[0][0], 0)], 2, KEYS[0][0], 3, id="of_no_kind"),
        pytest.param([], [(KEYS[20][0], CONTRACT)], 2, KEYS[20][0], 3, id="contract_without_code"),
        pytest.param([KEYS[0][0]], [], 2, KEYS[0][0], 3, id="one_removed_that_is_not_there"),
        pytest.param(["desk", "desk"], [], 1, "desk", 2, id="one_removed_twice"),
        pytest.param([ZERO_ADDRESS], [], 2, ZERO_ADDRESS, 3, id="the_zero_address_removed"),
        pytest.param(["attestor"], [], 2, "attestor", 3, id="another_custodians_removed"),
        pytest.param([], [], 0, ZERO_ADDRESS, 3, id="threshold_zero"),
        pytest.param([], [], 4, ZERO_ADDRESS, 3, id="threshold_above_the_count"),
        pytest.param(["desk"], [], 3, ZERO_ADDRESS, 2, id="threshold_above_the_rest"),
        pytest.param([], KEYS[:253], 2, ZERO_ADDRESS, 256, id="256_attestors"),
    ],
)
def test_set_attestors__unsound__refused(removed, added, threshold, account, count, ledger, keys, desks, decree):
    names = {"desk": desks[0].address, "attestor": keys.attestor.address}
    removed = [names.get(each, each) for each in removed]
    added = [(names[each], KEY) if each in names else each for each in added]

    with refuses(
        ledger.CustodyInvalidAttestors,
        account=names.get(account, account),
        attestors=count,
        threshold=threshold,
    ):
        decree("setAttestors", 2, removed, added, threshold)
    assert attestors_of(ledger, 2) == (2, 3)
    assert all(ledger.attestorKindOf(2, desk.address) == KEY for desk in desks)


def test_set_attestors__255_of_them__accepted(ledger, decree):
    decree("setAttestors", 2, [], KEYS[:252], 255)

    assert attestors_of(ledger, 2) == (255, 255)


def test_set_attestors__as_they_are__refused(ledger, decree):
    with refuses(ledger.CustodyUnchanged):
        decree("setAttestors", 2, [], [], 2)


@pytest.mark.parametrize("custodian", [0, 3])
@pytest.mark.parametrize(
    ("added", "threshold"),
    [
        pytest.param([], 1, id="threshold_alone"),
        pytest.param(KEYS[:1], 1, id="with_an_attestor"),
    ],
)
def test_set_attestors__unknown_custodian__refused(custodian, added, threshold, ledger, decree):
    """Attestors of a number nobody has yet would vote, unreported, for the custodian that gets it."""
    with refuses(ledger.CustodyUnknownCustodian, custodian=custodian):
        decree("setAttestors", custodian, [], added, threshold)


# ---------------------------------------------------------------- terms


@pytest.mark.parametrize("terms", [(MAX_96, 366, 180 * DAY), (0, 1, 1)])
def test_set_terms__of_a_listed_token__reported(terms, stage, ledger, token, decree):
    receipt = decree("setTerms", token, terms)

    assert reports_of(ledger, receipt) == [decreed(stage, receipt, Report.TERMS, token.address.lower(), terms)]
    assert tuple(ledger.termsOf(token)) == terms


def test_set_terms__of_one_token__leaves_the_others(ledger, token, launch, decree):
    before = tuple(ledger.termsOf(token))
    other = launch("MSFT")
    assert tuple(ledger.termsOf(other)) == (0, 0, 0)

    decree("setTerms", other, (SHARE, 2, 2 * DAY))

    assert tuple(ledger.termsOf(other)) == (SHARE, 2, 2 * DAY)
    assert tuple(ledger.termsOf(token)) == before


@pytest.mark.parametrize("which", ["outsider", "ledger", "zero"])
def test_set_terms__of_what_is_not_listed__refused(which, ledger, actors, decree):
    address = {"outsider": actors.outsider.address, "ledger": ledger.address, "zero": ZERO_ADDRESS}[which]

    with refuses(ledger.CustodyTokenNotListed, token=address):
        decree("setTerms", address, (SHARE, 2, DAY))


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param((SHARE, 0, DAY), id="no_position_age"),
        pytest.param((SHARE, 367, DAY), id="position_age_above_a_year"),
        pytest.param((SHARE, 2, 0), id="no_redemption_period"),
        pytest.param((0, 0, 0), id="nothing"),
        pytest.param((SHARE, 2, 180 * DAY + 1), id="redemption_period_above_180_days"),
        pytest.param((SHARE, 2, 2**32 - 1), id="largest_redemption_period"),
    ],
)
def test_set_terms__unsound__refused(terms, ledger, token, decree):
    before = tuple(ledger.termsOf(token))

    with refuses(ledger.CustodyInvalidTerms, terms=terms):
        decree("setTerms", token, terms)
    assert tuple(ledger.termsOf(token)) == before
