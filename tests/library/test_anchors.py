"""Days of records anchored on the chain, and proofs of single records: right ones pass, every altered byte fails."""

from __future__ import annotations

import json

import pytest
from eth_utils.crypto import keccak

from stockade import merkle
from stockade.errors import InputError, Refused, StockadeError
from stockade.reporter.anchors import DAY_MS, DayRoot, anchored, day_name, day_of, last_day, leaf_of, require_same, send
from stockade.reporter.membership import Proof, check_proof, read_proof, save_proof
from stockade.store import open_store
from stockade.wire.canonical import canonical, record_id
from tests.reporting.anchoring import Anchoring

ZERO = "0x" + "00" * 32


@pytest.fixture
def anchoring(suite, tmp_path, now):
    """A store with records on days long over by the chain's clock: day 1 has 1, 2, 3; day 2 none; day 3 has 4, 5."""
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    first = now() // 86_400 - 10
    found = Anchoring(store, suite, first)
    found.record(0, 0, 1, DAY_MS - 1)
    found.record(2, 5, 6)
    yield found
    store.engine.dispose()


# ---------------------------------------------------------------- anchoring


def test_waiting__two_days_with_records__both_in_order_and_the_empty_one_left_out(anchoring):
    first = anchoring.first

    assert anchoring.waiting() == [
        DayRoot(first, anchoring.root(1, 2, 3), 3, 3),
        DayRoot(first + 2, anchoring.root(4, 5), 2, 5),
    ]
    assert anchoring.waiting(1) == anchoring.waiting()[:1]


def test_send__each_day__stands_on_the_chain_and_waits_no_more(anchoring, keys):
    days = anchoring.anchor(keys)

    assert [anchored(anchoring.suite, each.day) for each in days] == days
    assert anchoring.waiting() == []
    assert anchored(anchoring.suite, anchoring.first + 1) == DayRoot(anchoring.first + 1, bytes(32), 0, 0)
    with pytest.raises(Refused, match="AuthorityAnchorNotLater"):
        send(anchoring.suite, keys.issuer, days[1])


def test_waiting__after_one_day_was_anchored__goes_on_behind_it(anchoring, keys):
    anchoring.anchor(keys, 0)
    anchoring.record(3, 0)

    assert anchoring.waiting() == [
        DayRoot(anchoring.first + 2, anchoring.root(4, 5), 2, 5),
        DayRoot(anchoring.first + 3, anchoring.root(6), 1, 6),
    ]


def test_waiting__a_day_that_is_not_over_long_enough__refused(anchoring):
    over = (anchoring.first + 3) * DAY_MS + 600_000

    assert len(anchoring.waiting(2, over)) == 2
    with pytest.raises(InputError, match=f"{day_name(anchoring.first + 2)} is not over"):
        anchoring.waiting(2, over - 1)
    assert (last_day(over), last_day(over - 1)) == (anchoring.first + 2, anchoring.first + 1)


def test_send__by_another_than_the_issuer__refused(anchoring, keys):
    with pytest.raises(Refused, match="AccessManagedUnauthorized|AccessManagerUnauthorizedAccount"):
        send(anchoring.suite, keys.stranger, anchoring.waiting()[0])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE record SET body = replace(body, 'Zoë 2', 'Zoe 2') WHERE seq = 2",
            "Record 2 in the store is not the one",
        ),
        ("UPDATE record SET record_id = zeroblob(32) WHERE seq = 2", "Record 2 in the store is not the one"),
        ("UPDATE record SET recorded_at = recorded_at + 1 WHERE seq = 2", "Record 2 in the store is not the one"),
        ("DELETE FROM record WHERE seq = 2", "Record 2 is not in the store"),
    ],
)
def test_waiting__a_stored_record_altered_or_dropped__named(anchoring, statement, said):
    anchoring.alter(statement)

    with pytest.raises(StockadeError, match=said):
        anchoring.waiting()


def test_waiting__a_clock_put_back__refused_in_words(anchoring):
    anchoring.record(1, 0)

    with pytest.raises(StockadeError, match="the reporter's clock was put back"):
        anchoring.waiting()


def test_waiting__the_anchored_day_has_other_records_now__refused(anchoring, keys):
    anchoring.anchor(keys)
    anchoring.alter("DELETE FROM record WHERE seq = 5")

    with pytest.raises(StockadeError, match="The chain has .*2 records up to 5.*the store has .*1 records up to 4"):
        anchoring.waiting()


def test_waiting__another_suites_store__refused(anchoring):
    with anchoring.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER suite_update")
        connection.exec_driver_sql("UPDATE suite SET chain_id = 7")

    with pytest.raises(InputError, match="another suite"):
        anchoring.waiting()


@pytest.mark.parametrize(
    "name", ["2026-9-30", "2026-02-30", "1970-01-01", "1969-12-31", "2026-09-30 ", "0", "\uff12026-09-30"]
)
def test_day_of__what_is_no_day__refused(name):
    with pytest.raises(InputError, match="is no day"):
        day_of(name)


def test_day_of__a_date__the_day_that_is_called_so():
    assert (day_of("1970-01-02"), day_name(day_of("2026-09-30"))) == (1, "2026-09-30")


def test_require_same__the_node_names_a_day_beyond_the_calendar__one_sentence():
    with pytest.raises(StockadeError, match=r"^The chain has 9999-12-31: 1 records up to 1, root 0x0+, and the store"):
        require_same(DayRoot(2**32 - 1, bytes(32), 1, 1), None)


# ---------------------------------------------------------------- proofs


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_check_proof__of_each_record__holds_without_the_store(anchoring, keys, tmp_path, number):
    first, second = anchoring.anchor(keys)
    by_number, by_id = anchoring.proof(number), anchoring.proof(anchoring.ids[number])
    save_proof(by_number, tmp_path / "proof.json")

    read = read_proof(tmp_path / "proof.json")

    assert read.text == by_id.text
    assert check_proof(anchoring.suite, read) == (first if number <= 3 else second)


def test_check_proof__any_byte_altered__fails(anchoring, keys, tmp_path):
    anchoring.anchor(keys)
    (path := tmp_path / "proof.json").write_text(anchoring.proof(2).text, encoding="utf-8")
    whole = path.read_bytes()

    for place in range(len(whole)):
        for bit in (1, 32):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            with pytest.raises(StockadeError):
                check_proof(anchoring.suite, read_proof(path))
    path.write_bytes(whole)
    check_proof(anchoring.suite, read_proof(path))


@pytest.mark.parametrize(
    "respell", [lambda text: f" {text}", lambda text: text[:-1], lambda text: text.replace(":", ": ", 1)]
)
def test_read_proof__the_same_in_another_spelling__refused(anchoring, keys, tmp_path, respell):
    anchoring.anchor(keys)
    (path := tmp_path / "proof.json").write_text(respell(anchoring.proof(2).text), encoding="utf-8")

    with pytest.raises(InputError, match="not its one text"):
        read_proof(path)


@pytest.mark.parametrize(
    "change",
    [
        {"path": []},
        {"count": 4},
        {"last_sequence": 4},
        {"root": "0x" + "11" * 32},
        {"chain_id": 1},
        {"authority": "0x" + "00" * 19 + "01"},
        {"day": "2026-13-01"},
        {"record": {}},
        {"record": {"recordId": 1.5}},
    ],
)
def test_check_proof__another_field__fails(anchoring, keys, tmp_path, change):
    anchoring.anchor(keys)
    content = json.loads(anchoring.proof(2).text) | change
    (path := tmp_path / "proof.json").write_text(canonical(content) + "\n", encoding="utf-8")

    with pytest.raises(StockadeError):
        check_proof(anchoring.suite, read_proof(path))


def test_check_proof__an_inner_node_for_a_leaf__fails(anchoring, keys):
    """Leaves are hashed twice: what is proved must be the hash of a hash."""
    anchoring.anchor(keys)
    proof = anchoring.proof(2)

    inner = merkle.root_of(keccak(keccak(bytes.fromhex(anchoring.ids[2][2:]))), proof.path[:1])
    with pytest.raises(InputError):
        anchoring.proof("0x" + inner.hex())


def test_check_proof__a_record_whose_number_is_not_of_that_day__fails(anchoring, keys):
    """An issuer may anchor what it likes; a record that is not one of the numbers anchored is not proved by it."""
    said = {"seq": 9, "recordedTime": f"{day_name(anchoring.first)}T00:00:00.000Z"}
    said["recordId"] = record_id(said)
    day = DayRoot(anchoring.first, leaf_of(said["recordId"]), 1, 1)
    send(anchoring.suite, keys.issuer, day)
    proof = Proof.model_construct(
        chain_id=anchoring.suite.deployment.chain_id,
        authority=anchoring.suite.authority.address,
        day=day_name(day.day),
        root=day.root,
        count=1,
        last_sequence=1,
        path=[],
        record=said,
    )

    with pytest.raises(StockadeError, match="the record's number is not one of that day's"):
        check_proof(anchoring.suite, proof)


def test_make_proof__of_a_day_not_anchored__refused(anchoring, keys):
    anchoring.anchor(keys, 0)

    with pytest.raises(InputError, match="is not anchored"):
        anchoring.proof(4)


@pytest.mark.parametrize("which", ["0", "6", "x", "0x12", ZERO, "\uff19", "-1"])
def test_make_proof__of_no_record__refused(anchoring, which):
    with pytest.raises(InputError, match="record"):
        anchoring.proof(which)


def test_make_proof__the_days_records_altered_since__refused(anchoring, keys):
    anchoring.anchor(keys)
    anchoring.alter("UPDATE record SET body = replace(body, 'Zoë 3', 'Zoe 3') WHERE seq = 3")

    with pytest.raises(StockadeError, match="Record 3 in the store"):
        anchoring.proof(1)
