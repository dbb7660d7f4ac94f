"""From a book to a plan against the whole registry at one block, and back to a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockade import whitelist
from stockade.errors import InputError, StockadeError
from stockade.records import LOST, Basis, InvestorClass, Scope, Status
from stockade.whitelist import ChangeKind, PlannedRow, Refusal, RefusedRow, RowErrors
from stockade.whitelist.plan import GAS_BATCH, GAS_NEW, GAS_WRITTEN
from stockade.whitelist.rows import UNKNOWN_EVIDENCE
from tests.library.books import KEY, book, wallet_number, word
from tests.support import YEAR


def planned(row: whitelist.Row, kind: ChangeKind, before: int = 0) -> PlannedRow:
    leaf = whitelist.commit(row.wallet, word(row), row.evidence, KEY)
    return PlannedRow(row.line, row.wallet, kind, before, word(row), leaf)


# ---------------------------------------------------------------- the state


def test_read_whitelist__after_writes_and_a_freeze__every_record_of_the_registry(suite, keys, record, admit, now):
    admit(keys.alice, keys.bob)
    suite.send(keys.compliance, suite.registry.functions.freeze(keys.bob.address, Basis.SANCTIONS, b"\x44" * 32))
    words = [record(registrar=2, investor_id=9).pack()]
    suite.send(keys.second_registrar, suite.registry.functions.setRecords([keys.carol.address], words, b"\x55" * 32))

    state = whitelist.read_whitelist(suite)

    head = suite.w3.eth.get_block("latest")
    assert (state.block, state.block_hash, state.time) == (head["number"], bytes(head["hash"]), now())
    wallets = [keys.alice.address, keys.bob.address, keys.carol.address]
    assert state.records == {wallet: suite.record(wallet) for wallet in wallets}
    assert state.registrars == {keys.registrar.address: 1, keys.second_registrar.address: 2}


def test_read_whitelist__an_earlier_block__as_it_stood_then(suite, keys, admit):
    admit(keys.alice)
    then = suite.w3.eth.block_number
    admit(keys.bob)

    assert set(whitelist.read_whitelist(suite, then).records) == {keys.alice.address}


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda logs: logs[:-1], "registry 4: missing"),
        (lambda logs: [*logs[:-2], logs[-1], logs[-2]], "registry 3: out of order: delivered after 4"),
        (
            lambda logs: [*logs[:-1], {**logs[-1], "topics": [logs[-1]["topics"][0], b"\0" * 31 + b"\x07"]}],
            "all of block [0-9]+, was altered",
        ),
    ],
)
def test_read_whitelist__node_alters_the_logs__refused_naming_the_report(suite, keys, admit, monkeypatch, spoil, fault):
    admit(keys.alice)
    honest = suite.w3.eth.get_logs
    monkeypatch.setattr(suite.w3.eth, "get_logs", lambda question: spoil(honest(question)))

    with pytest.raises(StockadeError, match=fault):
        whitelist.read_whitelist(suite)


# ---------------------------------------------------------------- what is planned


def test_plan__new_changed_renewed_revoked_and_unchanged__each_kind_once(plan_of, write_plan, book_row):
    before = [book_row(index) for index in range(5)]
    write_plan(plan_of(*before))
    changed = replace(before[1], country=756, expires_at=before[1].expires_at + 9)
    renewed = replace(before[2], expires_at=before[2].expires_at + YEAR)
    revoked = replace(before[3], status=Status.REVOKED)
    added = book_row(5)

    found = plan_of(before[0], changed, renewed, revoked, before[4], added)

    assert found.rows == (
        planned(changed, ChangeKind.CHANGE, word(before[1])),
        planned(renewed, ChangeKind.RENEW, word(before[2])),
        planned(revoked, ChangeKind.REVOKE, word(before[3])),
        planned(added, ChangeKind.ADD),
    )
    assert (found.unchanged, found.refused, found.complete, found.sanctions) == (2, (), False, "")
    assert found.counts == {ChangeKind.ADD: 1, ChangeKind.CHANGE: 1, ChangeKind.RENEW: 1, ChangeKind.REVOKE: 1}


def test_plan__names_what_it_was_made_against(suite, plan_of, book_row):
    found = plan_of(book_row(0))

    head = suite.w3.eth.get_block("latest")
    assert (found.chain_id, found.registry, found.registrar) == (1337, suite.registry.address, 1)
    assert (found.block, found.block_hash, found.file_hash) == (head["number"], bytes(head["hash"]), b"\x77" * 32)


def test_plan__an_earlier_expiry__a_change_and_no_renewal(plan_of, write_plan, book_row):
    write_plan(plan_of(book_row(0)))
    earlier = replace(book_row(0), expires_at=book_row(0).expires_at - 9)

    assert [each.kind for each in plan_of(earlier).rows] == [ChangeKind.CHANGE]


def test_plan__wallet_missing__left_alone_unless_the_book_is_complete(suite, plan_of, write_plan, book_row):
    write_plan(plan_of(book_row(0), book_row(1), book_row(2, status=Status.REVOKED)))

    partial, whole = plan_of(book_row(0)), plan_of(book_row(0), complete=True)

    gone = word(book_row(1, status=Status.REVOKED))
    leaf = whitelist.commit(book_row(1).wallet, gone, b"", KEY)
    assert partial.rows == ()
    assert whole.rows == (PlannedRow(0, book_row(1).wallet, ChangeKind.REVOKE, word(book_row(1)), gone, leaf),)
    assert (whole.complete, whole.unchanged) == (True, 1)
    write_plan(whole)
    assert plan_of(book_row(0), complete=True).rows == ()


def test_plan__another_registrars_wallet_in_a_complete_book__never_revoked(suite, keys, plan_of, book_row, record):
    words = [record(registrar=2, investor_id=9).pack()]
    suite.send(keys.second_registrar, suite.registry.functions.setRecords([keys.carol.address], words, b"\x55" * 32))

    assert plan_of(book_row(0), complete=True).rows == (planned(book_row(0), ChangeKind.ADD),)


def test_plan__frozen_wallet__compared_without_the_freeze(suite, keys, plan_of, write_plan, book_row):
    fresh, standing = book_row(0), book_row(1)
    write_plan(plan_of(standing))
    for each in (fresh, standing):
        suite.send(keys.compliance, suite.registry.functions.freeze(each.wallet, Basis.SANCTIONS, b"\x44" * 32))

    found = plan_of(fresh, standing)

    assert (found.rows, found.unchanged) == ((planned(fresh, ChangeKind.ADD),), 1)


# ---------------------------------------------------------------- what is refused


def test_plan__another_registrars_and_a_lost_wallet__refused_by_name_and_the_others_planned(
    suite, keys, plan_of, book_row, record
):
    theirs, lost, mine = book_row(0), book_row(1), book_row(2)
    registry = suite.registry.functions
    words = [record(registrar=2, investor_id=9).pack()]
    suite.send(keys.second_registrar, registry.setRecords([theirs.wallet], words, b"\x55" * 32))
    pair = [lost.wallet, keys.outsider.address]
    suite.send(keys.registrar, registry.setRecords(pair, [record(investor_id=9).pack()] * 2, b"\x55" * 32))
    suite.send(keys.compliance, registry.recover(*pair, Basis.LOST_WALLET, b"\x66" * 32))

    found = plan_of(theirs, lost, mine)

    says = "belongs to registrar 2: take the row out, or have them offer it (whitelist offer)"
    assert found.refused[0] == RefusedRow(theirs.line, theirs.wallet, Refusal.REGISTRAR, says)
    assert [(each.line, each.why) for each in found.refused] == [(2, Refusal.REGISTRAR), (3, Refusal.LOST)]
    assert found.rows == (planned(mine, ChangeKind.ADD),)
    assert (found.unchanged, suite.record(lost.wallet).registrar) == (0, LOST)


def test_plan__pool_and_platform__a_pool_needs_code_a_platform_does_not(suite, plan_of, book_row):
    contract = suite.ledger.address
    pool, empty = (
        book_row(0, wallet=contract, investor_class=InvestorClass.POOL),
        book_row(1, investor_class=InvestorClass.POOL),
    )
    key, code = book_row(2, investor_class=InvestorClass.PLATFORM), book_row(3, wallet=suite.listings.address)
    platform = replace(code, investor_class=InvestorClass.PLATFORM)

    found = plan_of(pool, empty, key, platform)

    assert [each.wallet for each in found.rows] == [contract, key.wallet, platform.wallet]
    assert [(each.wallet, each.why) for each in found.refused] == [(empty.wallet, Refusal.NO_CODE)]


def test_plan__pool_that_is_a_key_with_lent_code__refused(suite, keys, delegate, plan_of, book_row):
    delegate(keys.outsider, suite.ledger.address)
    row = book_row(0, wallet=keys.outsider.address, investor_class=InvestorClass.POOL)

    found = plan_of(row)

    assert suite.w3.eth.get_code(row.wallet)[:3] == b"\xef\x01\x00"
    assert [(each.wallet, each.why) for each in found.refused] == [(row.wallet, Refusal.NO_CODE)]
    assert found.rows == ()


def test_plan__row_without_evidence__may_revoke_and_nothing_else(plan_of, write_plan, book_row):
    write_plan(plan_of(book_row(0), book_row(1)))
    same = replace(book_row(0), evidence=UNKNOWN_EVIDENCE)
    revoked = replace(book_row(1), evidence=UNKNOWN_EVIDENCE, status=Status.REVOKED)
    added = book_row(2, evidence=UNKNOWN_EVIDENCE)

    found = plan_of(same, revoked, added)

    assert [(each.wallet, each.kind) for each in found.rows] == [(revoked.wallet, ChangeKind.REVOKE)]
    assert [(each.wallet, each.why) for each in found.refused] == [(added.wallet, Refusal.NO_EVIDENCE)]
    assert found.unchanged == 1


def test_plan__reference_and_number_of_one_investor__refused_naming_both_rows(plan_of, book_row):
    number = f"#{whitelist.investor_id('REF-0', KEY):#018x}"

    with pytest.raises(RowErrors) as raised:
        plan_of(book_row(0), book_row(1, investor_ref=number))

    assert [(error.line, error.field, error.fault) for error in raised.value.errors] == [
        (3, "investor_ref", "gives the same number on chain as REF-0 in row 2")
    ]


def test_plan__number_that_no_registrar_has__refused(plan_of, book_row):
    with pytest.raises(InputError, match="No account writes for registrar 3: the suite has registrar 1.*, registrar 2"):
        plan_of(book_row(0), registrar=3)


# ---------------------------------------------------------------- verify, export


def test_verify__book_written__equal_and_then_every_difference(suite, keys, plan_of, write_plan, book_row):
    rows = [book_row(index) for index in range(3)]
    write_plan(plan_of(*rows))
    state = whitelist.read_whitelist(suite)
    changed, missing = replace(rows[0], scopes=Scope.HOLD), book_row(7)

    assert whitelist.verify(state, book(*rows), KEY, 1, complete=True) == []
    assert whitelist.verify(state, book(changed, missing, rows[1]), KEY, 1, complete=True) == [
        whitelist.Difference(2, changed.wallet, word(rows[0]), word(changed)),
        whitelist.Difference(9, missing.wallet, 0, word(missing)),
        whitelist.Difference(0, rows[2].wallet, word(rows[2]), word(replace(rows[2], status=Status.REVOKED))),
    ]
    assert whitelist.verify(state, book(rows[1]), KEY, 1) == []
    assert whitelist.unnamed(state, book(rows[1]), 1) == [rows[0].wallet, rows[2].wallet]


def test_export__expired_and_revoked_among_them__a_book_with_nothing_to_plan(
    suite, plan_of, write_plan, book_row, travel, tmp_path
):
    rows = [
        book_row(0),
        book_row(1, status=Status.REVOKED),
        book_row(2, expires_at=book_row(0).expires_at - YEAR + 100),
    ]
    write_plan(plan_of(*rows))
    travel(200)
    path = tmp_path / "records.csv"
    state = whitelist.read_whitelist(suite)

    done = whitelist.export(state, 1, path)

    exported = whitelist.read_book(path, now=state.time)
    assert done == whitelist.Export(3, ())
    assert [each.investor_ref for each in exported.rows] == [
        f"#{whitelist.investor_id(each.investor_ref, KEY):#018x}" for each in rows
    ]
    found = whitelist.make_plan(suite, state, exported, KEY, 1, complete=True)
    assert (found.rows, found.refused, found.unchanged) == ((), (), 3)


def test_export__record_that_no_book_can_say__left_out_by_name(suite, keys, record, tmp_path):
    words = [record(country=999).pack(), record().pack()]
    wallets = [keys.alice.address, keys.bob.address]
    suite.send(keys.registrar, suite.registry.functions.setRecords(wallets, words, b"\x55" * 32))

    done = whitelist.export(whitelist.read_whitelist(suite), 1, tmp_path / "records.csv")

    assert done == whitelist.Export(1, (keys.alice.address,))


def test_expiring__at_the_exact_seconds__only_what_ends_within(suite, plan_of, write_plan, book_row, now):
    rows = [
        book_row(0, expires_at=now() + 100_000),
        book_row(1, expires_at=now() + 100_001),
        book_row(2, status=Status.REVOKED),
    ]
    write_plan(plan_of(*rows))
    state = whitelist.read_whitelist(suite)
    within = rows[0].expires_at - state.time

    assert whitelist.expiring(state.records, state.time, within) == [(rows[0].wallet, rows[0].record(1, KEY))]
    assert whitelist.expiring(state.records, state.time, within - 1) == []
    assert whitelist.expiring(state.records, state.time, within, registrar=2) == []
    ended = replace(state, time=rows[0].expires_at)
    assert [wallet for wallet, _ in whitelist.expiring(ended.records, ended.time, within)] == [rows[1].wallet]


def test_history__written_frozen_lifted_changed_and_lost__every_record_it_had(
    suite, keys, plan_of, write_plan, book_row, record
):
    mine, heir = book_row(0), book_row(1, investor_ref="REF-0")
    write_plan(plan_of(mine, heir))
    batch = suite.registry.functions.reportHead().call()[0] - 2
    registry = suite.registry.functions
    suite.send(keys.compliance, registry.freeze(mine.wallet, Basis.SANCTIONS, b"\x44" * 32))
    suite.send(keys.compliance, registry.unfreeze(mine.wallet, Basis.SANCTIONS, b"\x44" * 32))
    suite.send(keys.compliance, registry.recover(mine.wallet, heir.wallet, Basis.LOST_WALLET, b"\x66" * 32))

    found = whitelist.history(suite, mine.wallet)

    said = mine.record(1, KEY)
    assert [(each.what, each.record, each.operator, each.batch) for each in found] == [
        ("written", said, keys.registrar.address, batch),
        ("frozen", replace(said, frozen=True), keys.compliance.address, 0),
        ("freeze lifted", said, keys.compliance.address, 0),
        (
            f"declared lost, {heir.wallet} takes over",
            replace(said, status=Status.REVOKED, registrar=LOST),
            keys.compliance.address,
            0,
        ),
    ]
    assert found[0].time == suite.w3.eth.get_block(found[0].block)["timestamp"]
    assert whitelist.history(suite, keys.stranger.address) == []


# ---------------------------------------------------------------- any two books

SPECS = st.dictionaries(
    st.integers(0, 7),
    st.fixed_dictionaries(
        {
            "investor_ref": st.sampled_from(["A", "B", "C"]),
            "country": st.sampled_from([840, 756, 276]),
            "investor_class": st.sampled_from([each for each in InvestorClass if each is not InvestorClass.POOL]),
            "scopes": st.integers(1, 31).map(Scope),
            "later": st.integers(0, 3),
            "status": st.sampled_from([Status.ACTIVE, Status.REVOKED]),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SPECS, SPECS, st.booleans())
def test_plan__any_book_after_any_other__written_it_is_equal_and_exports_to_nothing(
    suite, plan_of, write_plan, book_row, tmp_path_factory, chain, first, second, complete
):
    def rows(specs):
        for index, fields in specs.items():
            fields = dict(fields)
            later = fields.pop("later")
            yield book_row(index, expires_at=2_000_000_000 + later, **fields)

    with chain.isolate():
        write_plan(plan_of(*rows(first), complete=True))
        write_plan(plan_of(*rows(second), complete=complete))

        state = whitelist.read_whitelist(suite)
        again = whitelist.make_plan(suite, state, book(*rows(second)), KEY, 1, complete=complete)
        assert (again.rows, again.refused, again.unchanged) == ((), (), len(second))
        assert whitelist.verify(state, book(*rows(second)), KEY, 1, complete=complete) == []
        path = tmp_path_factory.getbasetemp() / "any.csv"
        whitelist.export(state, 1, path)
        exported = whitelist.read_book(path, now=state.time)
        nothing = whitelist.make_plan(suite, state, exported, KEY, 1, complete=True)
        assert (nothing.rows, nothing.refused) == ((), ())


# ---------------------------------------------------------------- gas, the file


def test_gas__rows_in_batches__as_the_contract_uses_it(suite, keys, book_row):
    def used(rows: list[whitelist.Row]) -> int:
        call = suite.registry.functions.setRecords([each.wallet for each in rows], list(map(word, rows)), b"\x33" * 32)
        return suite.send(keys.registrar, call)["gasUsed"]

    fresh = [book_row(index) for index in range(100)]
    new, again, few = used(fresh), used([replace(each, country=756) for each in fresh]), used(fresh[:20])

    assert new == pytest.approx(GAS_BATCH + 100 * GAS_NEW, rel=0.01)
    assert again == pytest.approx(GAS_BATCH + 100 * GAS_WRITTEN, rel=0.01)
    assert few == pytest.approx(GAS_BATCH + 20 * GAS_WRITTEN, rel=0.01)


@pytest.fixture
def example(plan_of, write_plan, book_row):
    """A plan with every kind of row and refusal that a file must carry."""
    write_plan(plan_of(book_row(0), book_row(1), book_row(2)))
    later = replace(book_row(1), expires_at=book_row(1).expires_at + 1)
    found = plan_of(book_row(0), later, book_row(3), book_row(4, investor_class=InvestorClass.POOL), complete=True)
    assert found.refused
    return replace(found, sanctions="List 7 of 2027-01-31")


def test_save_and_load__every_kind_of_row__the_same_plan_and_digest(example, tmp_path):
    path = tmp_path / "plan.jsonl"

    digest = whitelist.save(example, path)

    assert whitelist.load(path) == example
    assert digest == example.digest
    assert json.loads(path.read_text().splitlines()[-1]) == {"sha256": "0x" + digest.hex()}
    assert [each.name for each in tmp_path.iterdir()] == ["plan.jsonl"]
    assert KEY.hex() not in path.read_text()
    assert "REF-" not in path.read_text()


def resealed(text: str) -> str:
    """The same lines with the SHA-256 that they have now: what a forger would do."""
    body = "".join(line + "\n" for line in text.splitlines()[:-1])
    return body + json.dumps({"sha256": "0x" + hashlib.sha256(body.encode()).hexdigest()}) + "\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: "", "line 1, as a whole"),
        (lambda text: "[]\n" * 9, "line 1, as a whole"),
        (lambda text: text[: len(text) // 2], "lines instead of"),
        (lambda text: text.replace('"unchanged":1', '"unchanged":2'), "its content was altered"),
        (lambda text: resealed(text.replace('"unchanged":1', '"unchanged":"1"')), "line 1, unchanged"),
        (lambda text: resealed(text.replace('"unchanged":1', '"unchanged":-1')), "line 1, unchanged"),
        (lambda text: resealed(text.replace('"registrar":1', '"registrar":2')), "do not fit the kind or the registrar"),
        (lambda text: resealed(text.replace('"renew"', '"add"')), "do not fit the kind or the registrar"),
        (lambda text: resealed(text.replace('"renew"', '"steal"')), "line 2, kind"),
        (lambda text: resealed(text.replace('"kind"', '"key":1,"kind"', 1)), "line 2, key"),
        (lambda text: resealed(text.replace(wallet_number(1), wallet_number(1).lower())), "line 2, wallet"),
        (lambda text: resealed(text.replace(wallet_number(1), wallet_number(3))), "a wallet is in it twice"),
        (lambda text: resealed(text.replace("whitelist plan 1", "whitelist plan 9")), "line 1, stockade"),
    ],
)
def test_load__hostile_file__one_sentence(example, tmp_path, change, why):
    path = tmp_path / "plan.jsonl"
    whitelist.save(example, path)
    path.write_text(change(path.read_text()))

    with pytest.raises(InputError) as raised:
        whitelist.load(path)

    assert why in str(raised.value)
    assert str(raised.value).startswith(f"{path} is no plan as `ape run whitelist plan` writes it (")


def test_load__no_file__said(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read: No such file or directory\. Check the path\.$"):
        whitelist.load(tmp_path / "nowhere.jsonl")
