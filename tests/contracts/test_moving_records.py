"""Records move between registrars: one offers and the other's row takes over, or COMPLIANCE assigns.

Registrars 1 and 2 each have an account; `third`, where it is needed, writes under number 3. Alice's record is
registrar 1's.
"""

from __future__ import annotations

import pytest

from stockade.records import FROZEN_BIT as FROZEN
from stockade.records import LOST, ZERO_ADDRESS, Basis, Role, Status
from tests.contracts.support import ORDER, SANCTIONS, batch_events, carry_out, refuses, report
from tests.support import DAY

OFFER, ASSIGNMENT = 7, 8

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
def known(write, word, actors):
    """Alice's record, of registrar 1."""
    write((actors.alice, word(investor_id=1)))
    return word(investor_id=1)


@pytest.fixture
def offer(registry, actors):
    """Registrar 1 offers wallets, by default alice's to registrar 2."""

    def act(*wallets, to=2, sender=actors.registrar):
        return registry.offerRecords(list(wallets) or [actors.alice], to, sender=sender)

    return act


@pytest.fixture
def assign(registry, actors):
    """COMPLIANCE assigns wallets, by default alice's to registrar 2."""

    def act(*wallets, to=2, basis=Basis.SANCTIONS):
        return registry.assignRecords(list(wallets) or [actors.alice], to, basis, ORDER, sender=actors.compliance)

    return act


@pytest.fixture
def third(stage, registry, actors, travel):
    """A third firm's account."""
    grant = stage.authority.grantRole.encode_input(Role.REGISTRAR, actors.outsider, 0)
    stage.authority.schedule(stage.authority, grant, 0, sender=actors.key_admin)
    travel(DAY)
    carry_out(stage.authority, grant, actors.key_admin)
    registry.setRegistrar(actors.outsider, 3, sender=actors.compliance)
    return actors.outsider


@pytest.fixture
def taken(registry, write, word):
    """Whether a registrar's row for the wallet is taken; refused, it names the owner."""

    def attempt(wallet, number, sender):
        row = word(registrar=number, investor_id=7, country=276)
        if registry.offeredTo(wallet) == number:
            write((wallet, row), sender=sender)
            return registry.recordOf(wallet) & ~FROZEN == row
        owner = registry.recordOf(wallet) >> 48 & 0xFFFF
        with refuses(registry.RegistryWrongRegistrar, row=0, wallet=wallet, owner=owner, registrar=number):
            write((wallet, row), sender=sender)
        return False

    return attempt


def offers(registry, receipt, by, *pairs):
    """The events of offers of (wallet, number)."""
    types = ["address", "uint16"]
    return [report(registry, receipt, OFFER, by, types, pair, step=step) for step, pair in enumerate(pairs, 1)]


def assignments(registry, receipt, by, *pairs):
    """The events of assignments, as (wallet, word)."""
    types = ["address", "uint256", "bytes32"]
    return [
        report(registry, receipt, ASSIGNMENT, by, types, [*pair, SANCTIONS], step=step)
        for step, pair in enumerate(pairs, 1)
    ]


# ---------------------------------------------------------------- offered


def test_offer__several_of_its_own__reported_and_nothing_else_changes(registry, actors, write, word, known, offer):
    write((actors.bob, word(investor_id=2, status=Status.REVOKED)))

    receipt = offer(actors.alice, actors.bob)

    assert receipt.events == offers(registry, receipt, actors.registrar, (actors.alice, 2), (actors.bob, 2))
    assert [registry.offeredTo(each) for each in (actors.alice, actors.bob, actors.carol)] == [2, 2, 0]
    assert registry.recordOf(actors.alice) == known
    assert registry.recordOf(actors.bob) == word(investor_id=2, status=Status.REVOKED)


def test_offer__none__does_nothing(registry, actors):
    assert registry.offerRecords([], 2, sender=actors.registrar).events == []


def test_offer__then_another_or_none__the_last_one_stands(registry, actors, known, offer):
    offer()

    receipt = offer(to=3)
    assert receipt.events == offers(registry, receipt, actors.registrar, (actors.alice, 3))
    assert registry.offeredTo(actors.alice) == 3

    receipt = offer(to=0)
    assert receipt.events == offers(registry, receipt, actors.registrar, (actors.alice, 0))
    assert registry.offeredTo(actors.alice) == 0


@pytest.mark.parametrize("to", [0, 1])
def test_offer__to_nobody_or_oneself__refused(registry, actors, known, offer, to):
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        offer(to=to)


def test_offer__again_or_twice_in_a_list__refused_whole(registry, actors, write, word, known, offer):
    write((actors.bob, word()))
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        offer(actors.alice, actors.bob, actors.alice)
    assert registry.offeredTo(actors.alice) == registry.offeredTo(actors.bob) == 0

    offer()
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        offer(actors.bob, actors.alice)
    assert registry.offeredTo(actors.bob) == 0


def test_offer__to_the_number_of_lost_wallets__refused(registry, known, offer):
    with refuses(registry.RegistryReservedNumber, number=LOST):
        offer(to=LOST)


def test_offer__of_anothers_or_nobodys_record__refused_whole(registry, actors, known, offer):
    registry.freeze(actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)

    with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.alice, owner=1, registrar=2):
        offer(to=3, sender=actors.second_registrar)
    for wallet in (actors.bob, actors.carol, ZERO_ADDRESS):
        with refuses(registry.RegistryWrongRegistrar, row=1, wallet=wallet, owner=0, registrar=1):
            offer(actors.alice, wallet)
    assert registry.offeredTo(actors.alice) == 0


def test_offer__of_a_lost_wallet__refused(registry, actors, write, word, known, offer):
    write((actors.bob, word(investor_id=1)))
    registry.recover(actors.alice, actors.bob, Basis.LOST_WALLET, ORDER, sender=actors.compliance)

    with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.alice, owner=LOST, registrar=1):
        offer()


def test_offer__by_a_role_holder_without_a_number__refused(registry, actors, known, offer):
    registry.setRegistrar(actors.registrar, 0, sender=actors.compliance)

    with refuses(registry.RegistryNotARegistrar, account=actors.registrar):
        offer()


def test_offer__by_another_account_of_the_number__counts_and_is_withdrawn(registry, actors, known, offer):
    """So a key that was stolen cannot hold on to its offers."""
    offer()
    registry.setRegistrar(actors.second_registrar, 1, sender=actors.compliance)

    offer(to=0, sender=actors.second_registrar)

    assert registry.offeredTo(actors.alice) == 0


# ---------------------------------------------------------------- taken over


def test_set_records__offered_to_it__takes_over_and_the_offer_is_used_up(
    registry, actors, write, word, known, offer, taken
):
    offer()
    row = word(registrar=2, investor_id=7, country=276)

    receipt = write((actors.alice, row), sender=actors.second_registrar)

    assert receipt.events == batch_events(registry, receipt, actors.second_registrar, 2, [(actors.alice, row)])
    assert registry.recordOf(actors.alice) == row
    assert registry.offeredTo(actors.alice) == 0
    assert not taken(actors.alice, 1, actors.registrar), "the old registrar wrote it still"
    write((actors.alice, word(registrar=2)), sender=actors.second_registrar)
    assert registry.recordOf(actors.alice) == word(registrar=2)


def test_set_records__offered_to_another__refused_whole(registry, actors, word, write, known, offer, taken, third):
    offer(to=3)

    with refuses(registry.RegistryWrongRegistrar, row=1, wallet=actors.alice, owner=1, registrar=2):
        write((actors.bob, word(registrar=2)), (actors.alice, word(registrar=2)), sender=actors.second_registrar)
    assert (registry.recordOf(actors.alice), registry.recordOf(actors.bob)) == (known, 0)
    assert taken(actors.alice, 3, third)


def test_set_records__offered_but_in_the_old_registrars_name__refused(registry, actors, write, known, offer):
    """Whoever takes over answers for the record under its own number."""
    offer()

    with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.alice, owner=1, registrar=1):
        write((actors.alice, known), sender=actors.second_registrar)
    assert registry.offeredTo(actors.alice) == 2


def test_set_records__offer_withdrawn__refused(registry, actors, known, offer, taken):
    offer()
    offer(to=0)

    assert not taken(actors.alice, 2, actors.second_registrar)


def test_set_records__by_the_one_who_offers__written_and_still_offered(registry, actors, write, word, known, offer):
    offer()

    write((actors.alice, word(status=Status.REVOKED)))

    assert registry.recordOf(actors.alice) == word(status=Status.REVOKED)
    assert registry.offeredTo(actors.alice) == 2


def test_set_records__taken_over_and_written_again_in_one_batch__the_last_row_stands(
    registry, actors, write, word, known, offer
):
    offer()
    rows = [(actors.alice, word(registrar=2)), (actors.alice, word(registrar=2, country=276))]

    receipt = write(*rows, sender=actors.second_registrar)

    assert receipt.events == batch_events(registry, receipt, actors.second_registrar, 2, rows)
    assert registry.recordOf(actors.alice) == rows[1][1]


def test_set_records__given_back__takes_an_offer_of_its_own(registry, actors, known, offer, taken):
    """What registrar 1 once offered is not open for it when registrar 2 holds the record."""
    offer()
    assert taken(actors.alice, 2, actors.second_registrar)
    assert not taken(actors.alice, 1, actors.registrar)

    offer(to=1, sender=actors.second_registrar)

    assert taken(actors.alice, 1, actors.registrar)
    assert not taken(actors.alice, 2, actors.second_registrar)


@pytest.mark.parametrize("when", ["before the offer", "after the offer"])
def test_set_records__taken_over_while_frozen__lands_beneath_the_freeze(
    registry, actors, write, word, known, offer, when
):
    if when == "before the offer":
        registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    offer()
    if when == "after the offer":
        registry.freeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    assert registry.offeredTo(actors.alice) == 2
    row = word(registrar=2)

    receipt = write((actors.alice, row), sender=actors.second_registrar)

    events = batch_events(registry, receipt, actors.second_registrar, 2, [(actors.alice, row | FROZEN)])
    assert receipt.events == events
    assert registry.recordOf(actors.alice) == row | FROZEN
    registry.unfreeze(actors.alice, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    assert registry.recordOf(actors.alice) == row


# ---------------------------------------------------------------- assigned by COMPLIANCE


@pytest.mark.parametrize("changes", [{}, {"status": Status.REVOKED}, {"expires_at": 1}])
@pytest.mark.parametrize("frozen", [False, True], ids=["free", "frozen"])
def test_assign__known_record__changes_the_registrar_alone(
    registry, actors, write, word, assign, taken, changes, frozen
):
    write((actors.alice, word(**changes)), (actors.bob, word(**changes)))
    if frozen:
        registry.freeze(actors.alice, Basis.COURT_ORDER, ORDER, sender=actors.compliance)
    beneath = word(registrar=2, **changes)
    rows = [(actors.alice, beneath | FROZEN if frozen else beneath), (actors.bob, beneath)]

    receipt = assign(actors.alice, actors.bob)

    assert receipt.events == assignments(registry, receipt, actors.compliance, *rows)
    assert [registry.recordOf(wallet) for wallet, _ in rows] == [row for _, row in rows]
    assert not taken(actors.alice, 1, actors.registrar)
    write((actors.alice, word(registrar=2)), sender=actors.second_registrar)


def test_assign__none__does_nothing(registry, actors):
    assert registry.assignRecords([], 2, Basis.SANCTIONS, ORDER, sender=actors.compliance).events == []


def test_assign__basis_unstated__refused(registry, known, assign):
    with refuses(registry.RegistryBasisUnstated):
        assign(basis=Basis.UNSTATED)


@pytest.mark.parametrize("to", [0, LOST])
def test_assign__to_no_registrars_number__refused(registry, known, assign, to):
    with refuses(registry.RegistryReservedNumber, number=to):
        assign(to=to)


def test_assign__to_whom_it_belongs_or_twice__refused_whole(registry, actors, write, word, known, assign):
    write((actors.bob, word(registrar=2)), sender=actors.second_registrar)

    with refuses(registry.RegistryUnchanged, subject=actors.bob):
        assign(actors.alice, actors.bob)
    with refuses(registry.RegistryUnchanged, subject=actors.alice):
        assign(actors.alice, actors.alice)
    assert registry.recordOf(actors.alice) == known


def test_assign__without_a_record_or_lost__refused_whole(registry, actors, write, word, known, assign):
    registry.freeze(actors.carol, Basis.SANCTIONS, ORDER, sender=actors.compliance)
    for wallet in (actors.stranger, actors.carol, ZERO_ADDRESS):
        with refuses(registry.RegistryWrongRegistrar, row=1, wallet=wallet, owner=0, registrar=2):
            assign(actors.alice, wallet)

    write((actors.bob, word(investor_id=1)))
    registry.recover(actors.alice, actors.bob, Basis.LOST_WALLET, ORDER, sender=actors.compliance)
    with refuses(registry.RegistryWrongRegistrar, row=0, wallet=actors.alice, owner=LOST, registrar=2):
        assign()


# ---------------------------------------------------------------- what ends an offer


def test_assign__offered__the_offer_is_gone_for_good(registry, actors, known, offer, assign, taken, third):
    """Also when the record comes back to the registrar that once offered it."""
    offer()

    assign(to=3)
    assert registry.offeredTo(actors.alice) == 0
    assert not taken(actors.alice, 2, actors.second_registrar)

    assign(to=1)
    assert registry.offeredTo(actors.alice) == 0
    assert not taken(actors.alice, 2, actors.second_registrar)


def test_assign__to_the_one_it_was_offered__the_offer_is_gone(registry, actors, known, offer, assign, taken):
    offer()
    assign()
    assert registry.offeredTo(actors.alice) == 0

    assign(to=1)

    assert not taken(actors.alice, 2, actors.second_registrar)


def test_recover__offered__the_offer_is_gone(registry, actors, write, word, known, offer, taken):
    write((actors.bob, word(investor_id=1)))
    offer()

    registry.recover(actors.alice, actors.bob, Basis.LOST_WALLET, ORDER, sender=actors.compliance)

    assert registry.offeredTo(actors.alice) == 0
    assert not taken(actors.alice, 2, actors.second_registrar)


def test_set_registrar__taken_from_the_one_who_offered__the_offer_stands(registry, actors, known, offer, taken):
    """It was the firm's word, not the key's; another key of the number withdraws it."""
    offer()

    registry.setRegistrar(actors.registrar, 0, sender=actors.compliance)

    assert taken(actors.alice, 2, actors.second_registrar)
