"""A plan carried out on a real chain: what moved, what the registry refuses, what breaks, and what is killed."""

from __future__ import annotations

import random
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockade import merkle, whitelist
from stockade.errors import InputError, NetworkError, Refused
from stockade.records import Basis, InvestorClass, Scope, Status
from stockade.whitelist import Refusal
from tests.e2e.applying import EXPIRES, QUICK, REGISTRAR, Place, record, wallet
from tests.e2e.faulty import Fault, no_faults, seeded

# ---------------------------------------------------------------- the usual way


def test_apply__new_rows__each_written_once_in_batches_with_their_roots(place):
    plan = place.plan(*range(10))
    heard = []

    result = place.apply(plan, progress=lambda *said: heard.append(said))

    assert (result.written, result.stood, result.refused, result.transactions) == (10, 0, (), 3)
    assert place.records(plan) == [row.after for row in plan.rows]
    assert place.written() == {row.wallet: 1 for row in plan.rows}
    assert heard[-1] == ("writing records", 10, 10)
    state = whitelist.read_whitelist(place.suite)
    roots = [event.root for row in plan.rows for event in whitelist.history(place.suite, row.wallet)]
    expected = [merkle.root(row.commitment for row in plan.rows[start : start + 4]) for start in (0, 4, 8)]
    assert roots == [expected[0]] * 4 + [expected[1]] * 4 + [expected[2]] * 2
    assert len(state.records) == 10


def test_apply__again_with_its_journal__nothing_sent_and_the_same_result(place):
    plan = place.plan(*range(5))
    first = place.apply(plan)
    sent = place.line.methods.count("eth_sendRawTransaction")

    assert place.apply(plan) == first
    assert place.line.methods.count("eth_sendRawTransaction") == sent


def test_apply__again_without_its_journal__stands_already(place):
    plan = place.plan(*range(5))
    place.apply(plan)
    (place.folder / "journal").unlink()

    result = place.apply(plan)

    assert (result.written, result.stood, result.transactions, result.cost) == (0, 5, 0, 0)
    assert place.written() == {row.wallet: 1 for row in plan.rows}


def test_apply__largest_batches__below_the_limits_of_transaction_and_block(place):
    plan = place.plan(*range(700))

    result = place.apply(plan, most_rows=whitelist.MOST_ROWS)

    assert (result.written, result.transactions) == (700, 2)
    assert result.gas / 700 < 25_500
    block = place.suite.w3.eth.block_number
    limits = [
        (tx["gas"], tx["from"])
        for number in (block - 1, block)
        for tx in place.suite.w3.eth.get_block(number, full_transactions=True)["transactions"]
    ]
    assert all(gas <= 16_777_216 for gas, _ in limits)


def test_apply__frozen_wallet__written_beneath_the_freeze(place):
    plan = place.plan(0)
    freeze = place.suite.registry.functions.freeze(wallet(0), Basis.SANCTIONS, b"\x44" * 32)
    place.suite.send(place.keys.compliance, freeze)

    assert place.apply(plan).written == 1
    found = place.suite.record(wallet(0))
    assert (found.frozen, replace(found, frozen=False).pack()) == (True, plan.rows[0].after)


BOOKS = st.dictionaries(
    st.integers(0, 9),
    st.builds(
        dict,
        country=st.sampled_from([756, 840]),
        expires_at=st.sampled_from([EXPIRES, EXPIRES + 1]),
        scopes=st.sampled_from([Scope.HOLD, Scope.HOLD | Scope.TRADE]),
        status=st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.REVOKED]),
    ),
    min_size=1,
)


def as_book(rows: dict[int, dict[str, Any]]) -> whitelist.Book:
    """With an investor for each wallet."""
    fixed = {"investor_class": InvestorClass.RETAIL, "evidence": b"\x01" * 32}
    return whitelist.Book(
        Path("book.csv"),
        tuple(
            whitelist.Row(line=number + 2, wallet=wallet(number), investor_ref=f"REF-{number}", **fixed, **fields)
            for number, fields in sorted(rows.items())
        ),
        bytes(32),
    )


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=BOOKS, second=BOOKS)
def test_apply__any_book_and_any_other_after_it__chain_is_the_other_and_nothing_is_left_to_do(place, first, second):
    before = place.anvil.rpc("evm_snapshot")
    for rows in (first, second):
        book, state = as_book(rows), whitelist.read_whitelist(place.suite)
        plan = whitelist.make_plan(place.suite, state, book, whitelist.DEVELOPMENT_KEY, 1, complete=True)
        (place.folder / "journal").unlink(missing_ok=True)

        result = place.apply(plan)

        assert (result.written, result.refused) == (len(plan.rows), ())
        state = whitelist.read_whitelist(place.suite)
        assert whitelist.verify(state, book, whitelist.DEVELOPMENT_KEY, 1, complete=True) == []
        again = whitelist.make_plan(place.suite, state, book, whitelist.DEVELOPMENT_KEY, 1, complete=True)
        assert (again.rows, again.refused) == ((), ())
    place.anvil.rpc("evm_revert", before)


# ---------------------------------------------------------------- what moved


def test_apply__records_moved_since_the_plan__those_rows_named_and_the_rest_written(place):
    plan = place.plan(*range(8))
    place.write(REGISTRAR, [wallet(1)], [record(1, country=756)])
    place.write(place.keys.second_registrar, [wallet(5)], [record(5, registrar=2)])
    place.write(REGISTRAR, [wallet(6)], [plan.rows[6].after])

    result = place.apply(plan)

    assert (result.written, result.stood) == (5, 1)
    assert [(row.line, row.wallet, row.why) for row in result.refused] == [
        (3, wallet(1), Refusal.MOVED),
        (7, wallet(5), Refusal.MOVED),
    ]
    first, second = (row.says for row in result.refused)
    assert re.match(
        rf"moved since block {plan.block}: new, Switzerland \(CH\), .*ACTIVE, by registrar 1; make a new", first
    )
    assert second.endswith("by registrar 2; make a new plan")
    assert place.suite.record(wallet(5)).registrar == 2


def test_apply__a_field_moved__named_with_old_and_new(place):
    place.write(REGISTRAR, [wallet(0)], [record(0)])
    plan = place.plan(0, before=record(0), expires_at=EXPIRES + 86_400)
    place.write(REGISTRAR, [wallet(0)], [record(0, status=Status.REVOKED)])

    (refused,) = place.apply(plan).refused

    assert refused.says == f"moved since block {plan.block}: status ACTIVE -> REVOKED; make a new plan"


def test_apply__moved_while_it_runs__noticed_before_that_row_is_sent(place):
    """After the first batch of four is on its way, a row of the second moves."""
    plan = place.plan(*range(8))

    def move(number: int, method: str) -> None:
        if method == "eth_sendRawTransaction" and place.line.methods.count(method) == 0:
            place.write(place.keys.second_registrar, [wallet(6)], [record(6, registrar=2)])

    place.line.faults = move

    result = place.apply(plan)

    assert (result.written, [row.wallet for row in result.refused]) == (7, [wallet(6)])


# ---------------------------------------------------------------- what the registry refuses


def test_apply__rows_the_registry_refuses__found_among_many_and_the_rest_written(place):
    good = place.plan(*range(20))
    broken = (3, 4, 17)
    rows = list(good.rows)
    for number in broken:
        rows[number] = replace(rows[number], after=record(number, country=0))

    result = place.apply(replace(good, rows=tuple(rows)), most_rows=20)

    assert result.written == 17
    assert [row.wallet for row in result.refused] == [wallet(number) for number in broken]
    for refused in result.refused:
        assert refused.why is Refusal.REVERTED
        assert refused.says.startswith("the registry says: Refused: RegistryRowInvalid(row=0, wallet=")
    assert place.written() == {wallet(number): 1 for number in range(20) if number not in broken}


def test_apply__row_taken_by_another_registrar_in_the_last_moment__mined_batch_reverts_and_the_rest_go_on(place):
    """The dry run passed; the other registrar's transaction is mined before ours."""
    plan = place.plan(*range(4))

    def overtake(number: int, method: str) -> None:
        if method == "eth_sendRawTransaction" and place.line.methods.count(method) == 0:
            place.write(place.keys.second_registrar, [wallet(2)], [record(2, registrar=2)])

    place.line.faults = overtake

    result = place.apply(plan)

    assert (result.written, [row.why for row in result.refused]) == (3, [Refusal.MOVED])
    assert place.written() == {wallet(number): 1 for number in range(4)}


def test_apply__role_lost_while_it_runs__stops_and_goes_on_once_it_is_back(place):
    plan = place.plan(*range(12))

    def revoke(number: int, method: str) -> None:
        if method == "eth_sendRawTransaction" and place.line.methods.count(method) == 1:
            place.anvil.rpc("evm_setAutomine", True)
            setting = place.suite.registry.functions.setRegistrar(REGISTRAR.address, 0)
            place.suite.send(place.keys.compliance, setting)

    place.line.faults = revoke

    with pytest.raises(Refused, match="RegistryNotARegistrar"):
        place.apply(plan)

    place.line.faults = no_faults
    place.suite.send(place.keys.compliance, place.suite.registry.functions.setRegistrar(REGISTRAR.address, 1))
    assert place.apply(plan).written == 12
    assert place.written() == {row.wallet: 1 for row in plan.rows}


# ---------------------------------------------------------------- another plan, account, process


def test_apply__plan_of_another_registrar_chain_or_registry__refused_and_nothing_made(place):
    plan = place.plan(0)

    with pytest.raises(InputError, match="^The plan is for registrar 2, and account .* writes for registrar 1"):
        place.apply(replace(plan, registrar=2))
    with pytest.raises(InputError, match=r"^The plan is for the registry .* on chain 1, and this is .* on chain 31337"):
        place.apply(replace(plan, chain_id=1))
    with pytest.raises(InputError, match="^The plan is for the registry 0x"):
        place.apply(replace(plan, registry=wallet(0)))
    assert not (place.folder / "journal").exists()


def test_apply__journal_of_another_plan__refused(place):
    place.apply(place.plan(0))

    with pytest.raises(InputError, match="is the journal of another plan"):
        place.apply(place.plan(1))


def test_apply__account_without_a_number_or_role__said_in_a_sentence(place):
    plan, stranger = place.plan(0), place.keys.stranger

    def by_a_stranger() -> None:
        whitelist.apply(place.suite, stranger, plan, place.folder / "journal")

    with pytest.raises(InputError, match=f"^Account {stranger.address} writes for no registrar"):
        by_a_stranger()
    place.suite.send(place.keys.compliance, place.suite.registry.functions.setRegistrar(stranger.address, 1))
    with pytest.raises(InputError, match="writes for registrar 1 but lacks the role REGISTRAR"):
        by_a_stranger()


# ---------------------------------------------------------------- a bad node


@pytest.mark.parametrize("seed", range(3))
def test_apply__faults_on_the_line__the_planned_state_and_nothing_twice(place, seed):
    plan = place.plan(*range(24))
    suite = place.through(timeout=0.3)
    place.line.faults = seeded(seed, 0.15)

    for _ in range(20):
        try:
            result = whitelist.apply(suite, REGISTRAR, plan, place.folder / "journal", settings=QUICK, most_rows=3)
            break
        except NetworkError:
            continue

    assert (result.written + result.stood, result.refused) == (24, ())
    assert place.records(plan) == [row.after for row in plan.rows]
    assert place.written() == {row.wallet: 1 for row in plan.rows}


def test_apply__rival_uses_the_nonce_for_the_same_rows__stands_already_and_nothing_twice(place):
    plan = place.plan(*range(4))
    call = place.suite.registry.functions.setRecords([wallet(0)], [plan.rows[0].after], b"\x11" * 32)

    def rival(number: int, method: str) -> None:
        if method == "eth_sendRawTransaction" and place.line.methods.count(method) == 0:
            place.suite.send(REGISTRAR, call)

    place.line.faults = rival

    result = place.apply(plan)

    assert (result.written, result.stood) == (3, 1)
    assert place.written() == {wallet(number): 1 for number in range(4)}


# ---------------------------------------------------------------- killed


def apply_despite_kills(place: Place, rows: int, most_rows: int, kills: int, seed: int) -> None:
    """Starts the process, kills it at a random request, and so on; at last lets it end."""
    draw = random.Random(seed)
    plan, path = place.plan(*range(rows)), place.folder / "plan.jsonl"
    whitelist.save(plan, path)
    for _ in range(kills):
        request, fault = draw.randrange(45), draw.choice((Fault.CUT_BEFORE, Fault.CUT_AFTER))
        with place.line.killing(request, fault) as kill:
            kill.append(process := place.start(path, most_rows))
            process.join(120)
        assert process.exitcode == -signal.SIGKILL
    assert 0 < sum(place.written().values()) < rows

    process = place.start(path, most_rows)
    process.join(120)

    assert process.exitcode == 0
    assert (place.folder / "result").read_text() == f"written {rows}, stood 0, refused 0"
    assert place.records(plan) == [row.after for row in plan.rows]
    assert place.written() == {row.wallet: 1 for row in plan.rows}


def test_apply__killed_thirty_times__the_planned_state_and_nothing_twice(place):
    apply_despite_kills(place, rows=240, most_rows=3, kills=30, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 6))
def test_apply__killed_sixty_times__the_planned_state_and_nothing_twice(place, seed):
    apply_despite_kills(place, rows=600, most_rows=3, kills=60, seed=seed)
