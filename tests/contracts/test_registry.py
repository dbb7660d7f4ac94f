"""Records: who writes them, what may stand in them, and the freeze above them."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from stockade.records import FROZEN_BIT as FROZEN
from stockade.records import ZERO_ADDRESS, Basis, InvestorClass, Scope, Status, order_ref
from tests.contracts.support import EVIDENCE, ORDER, SANCTIONS, batch_events, refuses, report

BATCH, FREEZE, UNFREEZE, REGISTRAR = 1, 3, 4, 6
FREEZE_DATA = ["address", "uint256", "bytes32"]

pytestmark = pytest.mark.usefixtures("house")


# ---------------------------------------------------------------- what a registrar writes


def test_set_records__several__stand_and_are_reported(registry, actors, write, word):
    rows = [(actors.alice, word(investor_id=1)), (actors.bob, word(investor_id=2, status=Status.REVOKED))]

    receipt = write(*rows)

    assert receipt.events == batch_events(registry, receipt, actors.registrar, 1, rows)
    assert registry.recordOf(actors.alice) == rows[0][1]
    assert registry.recordOf(actors.bob) == rows[1][1]
    assert registry.recordOf(actors.carol) == 0


def test_set_records__made__links_the_report_chain_as_documented(registry, actors, write, word):
    before = registry.reportHead()

    receipt = write((actors.alice, word(investor_id=1)), (actors.bob, word(investor_id=2)))

    data = encode(["uint16", "uint32", "bytes32"], [1, 2, EVIDENCE])
    types = ["uint160", "uint32", "uint8", "address", "uint40", "bytes32"]
    values = [before.chain, before.seq + 1, BATCH, actors.registrar.address, receipt.timestamp, keccak(data)]
    link = keccak(encode(types, values))[12:]
    for step, wallet in ((2, actors.alice), (3, actors.bob)):
        row = (before.seq + step) << 168 | registry.recordOf(wallet)
        preimage = [int.from_bytes(link, "big"), wallet.address, row]
        link = keccak(encode(["uint160", "address", "uint256"], preimage))[12:]
    assert tuple(registry.reportHead()) == (before.seq + 3, int.from_bytes(link, "big"))


def test_set_records__none__reported_as_an_empty_batch(registry, actors, write):
    receipt = write()

    assert receipt.events == batch_events(registry, receipt, actors.registrar, 1, [])


def test_set_records__the_same_wallet_twice_in_a_batch__the_last_row_stands(registry, actors, write, word):
    rows = [(actors.alice, word(country=276)), (actors.alice, word(country=250, status=Status.REVOKED))]

    receipt = write(*rows)

    assert receipt.events == batch_events(registry, receipt, actors.registrar, 1, rows)
    assert registry.recordOf(actors.alice) == rows[1][1]


def test_set_records__equal_to_what_stands__written_and_reported_again(registry, actors, write, word):
    row = (actors.alice, word())
    write(row)

    receipt = write(row)

    assert receipt.events == batch_events(registry, receipt, actors.registrar, 1, [row])


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": 0},
        {"expires_at": 2**40 - 1},
        {"investor_id": 2**64 - 1},
        {"country": 0xFFFF},
        {"scopes": Scope(0)},
        {"scopes": Scope(31)},
        *({"investor_class": each} for each in InvestorClass),
    ],
    ids=str,
)
def test_set_records__any_value_of_a_field__stands(registry, actors, write, word, changes):
    """A past expiry too: it admits nobody."""
    row = word(**changes)

    write((actors.alice, row))

    assert registry.recordOf(actors.alice) == row


GOOD = 1 << 104 | (2**40 - 1) << 64 | 1 << 48 | 840 << 32 | 1 << 24 | 7 << 8 | Status.ACTIVE


@pytest.mark.parametrize(
    "bad",
    [
        GOOD & ~0xFF,
        GOOD & ~0xFF | 3,
        GOOD & ~0xFF | 0x7F,
        GOOD | FROZEN,
        GOOD & ~0xFF | FROZEN,
        GOOD & ~0xFF | Status.REVOKED | FROZEN,
        GOOD | 1 << 13,
        GOOD | 1 << 23,
        GOOD & ~(0xFF << 24),
        GOOD | 11 << 24,
        GOOD | 0xFF << 24,
        GOOD & ~(0xFFFF << 32),
        GOOD & ~(1 << 104),
        GOOD | 1 << 168,
        GOOD | 1 << 255,
        0,
    ],
    ids=[
        "no status",
        "unknown status",
        "every status",
        "frozen",
        "only frozen",
        "revoked and frozen",
        "next scope",
        "last scope",
        "no class",
        "next class",
        "last class",
        "no country",
        "no investor",
        "next bit",
        "last bit",
        "nothing",
    ],
)
def test_set_records__malformed_row__refuses_the_batch(registry, actors, write, bad):
    write((actors.alice, GOOD))

    with refuses(registry.RegistryRowInvalid, row=1, wallet=actors.bob, record=bad):
        write((actors.alice, GOOD & ~0xFF | Status.REVOKED), (actors.bob, bad))
    assert registry.recordOf(actors.alice) == GOOD


def test_set_records__for_the_zero_address__refused(registry, write):
    with refuses(registry.RegistryRowInvalid, row=0, wallet=ZERO_ADDRESS, record=GOOD):
        write((ZERO_ADDRESS, GOOD))


@pytest.mark.parametrize(("wallets", "records"), [(1, 0), (0, 1), (2, 1)])
def test_set_records__lengths_differ__refused(registry, actors, wallets, records):
    with refuses(registry.RegistryLengthsDiffer, wallets=wallets, records=records):
        registry.setRecords([actors.alice] * wallets, [GOOD] * records, EVIDENCE, sender=actors.registrar)


# ---------------------------------------------------------------- whose record it is


def test_set_records__in_another_registrars_name__refused(registry, actors, write, word):
    with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.alice, owner=0, registrar=2):
        write((actors.alice, word(registrar=2)))


@pytest.mark.parametrize("claimed", [1, 2])
def test_set_records__over_another_registrars_record__refused(registry, actors, write, word, claimed):
    first = word()
    write((actors.alice, first))

    with refuses(registry.RegistryWrongRegistrar, row=1, wallet=actors.alice, owner=1, registrar=claimed):
        write(
            (actors.bob, word(registrar=2)),
            (actors.alice, word(registrar=claimed, status=Status.REVOKED)),
            sender=actors.second_registrar,
        )
    assert registry.recordOf(actors.alice) == first
    assert registry.recordOf(actors.bob) == 0


def test_set_records__by_a_role_holder_without_a_number__refused(registry, actors, write, word):
    registry.setRegistrar(actors.registrar, 0, sender=actors.compliance)

    with refuses(registry.RegistryNotARegistrar, account=actors.registrar):
        write((actors.alice, word()))


def test_set_registrar__key_rotated__the_new_account_writes_the_old_ones_records(registry, actors, write, word):
    write((actors.alice, word()))
    changed = word(country=276)

    receipt = registry.setRegistrar(actors.second_registrar, 1, sender=actors.compliance)
    write((actors.alice, changed), sender=actors.second_registrar)

    assert receipt.events == [
        report(
            registry,
            receipt,
            REGISTRAR,
            actors.compliance,
            ["address", "uint16"],
            [actors.second_registrar, 1],
        )
    ]
    assert registry.registrarOf(actors.second_registrar) == registry.registrarOf(actors.registrar) == 1
    assert registry.recordOf(actors.alice) == changed


def test_set_registrar__number_without_the_role__does_not_write(registry, actors, write, word):
    registry.setRegistrar(actors.stranger, 1, sender=actors.compliance)

    with refuses(registry.AccessManagedUnauthorized, caller=actors.stranger):
        write((actors.alice, word()), sender=actors.stranger)


@pytest.mark.parametrize(("actor", "number"), [("registrar", 1), ("stranger", 0)])
def test_set_registrar__nothing_changes__refused(registry, actors, actor, number):
    account = getattr(actors, actor)

    with refuses(registry.RegistryUnchanged, subject=account):
        registry.setRegistrar(account, number, sender=actors.compliance)


def test_set_registrar__zero_address__refused(registry, actors):
    with refuses(registry.RegistryZeroAddress):
        registry.setRegistrar(ZERO_ADDRESS, 1, sender=actors.compliance)


# ---------------------------------------------------------------- the freeze belongs to COMPLIANCE


@pytest.mark.parametrize("standing", ["active", "revoked", "unknown"])
def test_freeze__any_wallet__sets_the_bit_and_reports_the_record(registry, actors, write, word, standing):
    under = 0
    if standing != "unknown":
        under = word(status=Status[standing.upper()])
        write((actors.alice, under))

    receipt = registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    values = [actors.alice, under | FROZEN, SANCTIONS]
    assert receipt.events == [report(registry, receipt, FREEZE, actors.compliance, FREEZE_DATA, values)]
    assert registry.recordOf(actors.alice) == under | FROZEN

    receipt = registry.unfreeze(actors.alice, Basis.COURT_ORDER, ORDER, sender=actors.compliance)

    values = [actors.alice, under, order_ref(Basis.COURT_ORDER, ORDER)]
    assert receipt.events == [report(registry, receipt, UNFREEZE, actors.compliance, FREEZE_DATA, values)]
    assert registry.recordOf(actors.alice) == under


@pytest.mark.parametrize("changes", [{}, {"status": Status.REVOKED}, {"expires_at": 1}, {"scopes": Scope(31)}])
@pytest.mark.parametrize("known", [True, False], ids=["with a record", "without"])
def test_set_records__under_a_freeze__lands_beneath_it_and_shows_when_it_is_lifted(
    registry, actors, write, word, changes, known
):
    """A registrar's write never changes a freeze."""
    if known:
        write((actors.alice, word()))
    registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    beneath = word(country=276, **changes)

    receipt = write((actors.alice, beneath))

    assert receipt.events == batch_events(registry, receipt, actors.registrar, 1, [(actors.alice, beneath | FROZEN)])
    assert registry.recordOf(actors.alice) == beneath | FROZEN
    registry.unfreeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    assert registry.recordOf(actors.alice) == beneath


def test_set_records__frozen_before_it_had_a_record__any_registrar_may_be_the_first(registry, actors, write, word):
    registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    row = word(registrar=2)

    write((actors.alice, row), sender=actors.second_registrar)

    assert registry.recordOf(actors.alice) == row | FROZEN


def test_set_records__frozen_wallet_twice_in_a_batch__stays_frozen(registry, actors, write, word):
    registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    write((actors.alice, word()), (actors.bob, word()), (actors.alice, word(country=276)))

    assert registry.recordOf(actors.alice) == word(country=276) | FROZEN
    assert registry.recordOf(actors.bob) == word()


def test_freeze_or_unfreeze__nothing_changes__refused(registry, actors):
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        registry.unfreeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        registry.freeze(actors.alice, Basis.COURT_ORDER, ORDER, sender=actors.compliance)


@pytest.mark.parametrize("function", ["freeze", "unfreeze"])
def test_freeze_or_unfreeze__basis_unstated_or_zero_address__refused(registry, actors, function):
    with refuses(registry.RegistryBasisUnstated):
        getattr(registry, function)(actors.alice, Basis.UNSTATED, ORDER, sender=actors.compliance)
    with refuses(registry.RegistryZeroAddress):
        getattr(registry, function)(ZERO_ADDRESS, Basis.SANCTIONS, ORDER, sender=actors.compliance)


# ---------------------------------------------------------------- asking


def test_records_of__two_or_three__each_the_wallets_own(registry, actors, write, word):
    wallets = (actors.alice, actors.bob, actors.carol)
    words = [word(investor_id=number) for number in (1, 2, 3)]
    write(*zip(wallets, words, strict=True))

    for places in ((0, 1), (1, 0), (2, 2), (0, 1, 2), (2, 1, 0), (1, 1, 0)):
        found = registry.recordsOf(*(wallets[place] for place in places))
        assert list(found) == [words[place] for place in places]
    assert list(registry.recordsOf(actors.alice, actors.outsider, ZERO_ADDRESS)) == [words[0], 0, 0]


def test_set_authority__by_anyone__refused(registry, stage, actors):
    for contract in (registry, stage.ledger, stage.listings, stage.factory):
        with refuses(contract.GovernedAuthorityFixed):
            contract.setAuthority(actors.stranger, sender=actors.admin)
        assert contract.authority() == stage.authority
