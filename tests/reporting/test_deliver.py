"""Delivery against a receiver that keeps its manners, and one that does not: order, what is written down and when."""

from __future__ import annotations

import pytest

from stockade.errors import InputError, StockadeError
from stockade.reporter.answers import Line
from stockade.reporter.deliver import Courier, Outcome, Step
from stockade.reporter.destinations import Destination, destinations, set_destination, turn_at
from stockade.store import Store, StoreError, tables
from tests.reporting.made import GATEWAY, OTHER, REPORTER
from tests.reporting.outbox import put_records, rows

# What the databases do not differ in; a database of its own on PostgreSQL takes a second.
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def transmissions(store: Store) -> list[tuple[object, ...]]:
    return rows(store, tables.transmission, "first", "last")


def answers(store: Store) -> list[tuple[object, ...]]:
    return rows(store, tables.answer, "transmission", "status", "next")


def acks(store: Store) -> list[tuple[object, ...]]:
    return rows(store, tables.ack, "ack_id", "stage", "first", "last", "code")


# ---------------------------------------------------------------- the ordinary way


def test_run__records_are_there__are_sent_in_order_answered_and_acknowledged(store, receiver, courier):
    ids = put_records(store, 1_100)

    courier.run(once=True)

    assert receiver.heard == [(1, 500), (501, 1000), (1001, 1100)]
    assert list(receiver.held.values()) == ids
    assert transmissions(store) == receiver.heard
    assert answers(store) == [(1, 200, 501), (2, 200, 1001), (3, 200, 1101)]
    assert acks(store) == [
        (1, "RECEIVED", 1, 500, None),
        (2, "RECEIVED", 501, 1000, None),
        (3, "RECEIVED", 1001, 1100, None),
    ]


def test_step__nothing_is_there_or_nothing_new__sends_nothing_and_waits_a_little(store, receiver, courier):
    assert courier.step() == Step(Outcome.IDLE, 0.1)
    put_records(store, 1)
    assert courier.step() == Step(Outcome.SENT, 0)
    assert courier.step() == Step(Outcome.IDLE, 0.1)
    assert receiver.heard == [(1, 1)]


@on_sqlite
def test_step__records_are_large__a_submission_ends_before_a_megabyte_but_takes_one_whatever_its_size(
    store, receiver, courier
):
    put_records(store, 3, size=400_000)
    put_records(store, 1, size=1_100_000)

    courier.run(once=True)

    assert receiver.heard == [(1, 2), (3, 3), (4, 4)]


def test_submit__the_transmission__is_written_down_before_anything_arrives(store, receiver, courier):
    put_records(store, 1)
    seen = []
    receiver.arrived = lambda submission: seen.append((transmissions(store), answers(store)))

    courier.step()

    assert seen == [([(1, 1)], [])]


def test_listen__linked_and_later_rejections__are_read_page_by_page_and_open_a_repair(store, receiver, courier):
    put_records(store, 3)
    courier.run(once=True)
    receiver.ack("LINKED", 1, 2)
    receiver.ack("REJECTED", 3, 3, "CHAIN", "/stream/chain")

    courier.run(once=True)
    courier.run(once=True)

    assert acks(store) == [
        (1, "RECEIVED", 1, 3, None),
        (2, "LINKED", 1, 2, None),
        (3, "REJECTED", 3, 3, "CHAIN"),
    ]
    assert rows(store, tables.repair, "destination", "seq", "code", "field") == [("sec", 3, "CHAIN", "/stream/chain")]
    assert rows(store, tables.ack_read, "last") == [(1,), (3,)]
    assert receiver.asked[-1] == 3


def test_step__a_record_is_refused_at_once__the_others_go_on_and_the_repair_is_opened_once(store, receiver, courier):
    receiver.refused = {2: ("SCHEMA", "/body/shares")}
    receiver.faults.append("hangs up")
    put_records(store, 3)

    assert courier.step().outcome is Outcome.FAILED
    courier.run(once=True)

    assert answers(store) == [(1, 0, None), (2, 200, 4)]
    assert rows(store, tables.repair, "seq", "code", "field") == [(2, "SCHEMA", "/body/shares")]


# ---------------------------------------------------------------- answers that are none


@pytest.mark.parametrize(
    ("fault", "status", "problem"),
    [
        ("busy", 503, "HTTP status 503"),
        ("hangs up", 0, "nothing answers"),
        ("rubbish", 200, "the answer is no list of acknowledgements"),
        ("our names", 200, "the answer is no list of acknowledgements"),
        ("too much", 200, "the answer does not end"),
        ("wrong key", 200, f"an acknowledgement is not signed by {GATEWAY.address}"),
        ("of another", 200, "an acknowledgement is of records that are not ours"),
    ],
)
@on_sqlite
def test_step__an_answer_that_is_none__is_noted_and_nothing_of_it_believed_then_the_same_is_sent_again(
    store, receiver, courier, fault, status, problem
):
    receiver.faults.append(fault)
    put_records(store, 2)

    failed = courier.step()

    assert (failed.outcome, failed.problem) == (Outcome.FAILED, f"sec: {problem}.")
    assert (transmissions(store), answers(store), acks(store)) == ([(1, 2)], [(1, status, None)], [])

    assert courier.step() == Step(Outcome.SENT, 0)
    assert (transmissions(store), answers(store)) == ([(1, 2), (1, 2)], [(1, status, None), (2, 200, 3)])


@on_sqlite
def test_step__nothing_answers_in_time__fails_and_the_next_is_another_try(store, receiver, courier, clock):
    receiver.faults.append("silent")
    put_records(store, 2)

    with Line(receiver.url, patience=0.2) as line:
        failed = Courier(store, "sec", REPORTER, line, clock).step()

    assert (failed.outcome, failed.problem) == (Outcome.FAILED, "sec: nothing answers in time.")
    assert courier.step() == Step(Outcome.SENT, 0)
    assert answers(store) == [(1, 0, None), (2, 200, 3)]


@on_sqlite
def test_step__an_answer_that_acknowledges_nothing__moves_nothing(store, receiver, courier):
    receiver.faults.append("nothing said")
    put_records(store, 2)

    failed = courier.step()

    assert (failed.outcome, failed.problem) == (Outcome.FAILED, "sec: the answer acknowledges nothing.")
    assert answers(store) == [(1, 200, 1)]


@on_sqlite
def test_step__an_answer_that_expects_more_than_it_signed__moves_only_to_what_is_signed(store, receiver, courier):
    receiver.faults.append("beyond")
    put_records(store, 2)

    assert courier.step() == Step(Outcome.SENT, 0)
    assert answers(store) == [(1, 200, 3)]
    put_records(store, 1)
    courier.step()
    assert receiver.heard == [(1, 2), (3, 3)]


def test_step__an_answer_says_everything_twice__it_is_stored_once(store, receiver, courier):
    receiver.faults.append("twice")
    put_records(store, 2)

    assert courier.step() == Step(Outcome.SENT, 0)
    assert acks(store) == [(1, "RECEIVED", 1, 2, None)]


@on_sqlite
def test_step__the_same_was_received_already__is_acknowledged_again(store, receiver, courier):
    receiver.faults.append("hangs up")
    put_records(store, 2)
    courier.step()

    assert courier.step() == Step(Outcome.SENT, 0)
    assert receiver.heard == [(1, 2), (1, 2)]
    assert (len(receiver.held), acks(store)) == (2, [(2, "RECEIVED", 1, 2, None)])


@on_sqlite
def test_step__failures_go_on__each_waits_about_twice_as_long_up_to_a_minute_and_an_answer_ends_it(
    store, receiver, courier
):
    receiver.faults.extend(12 * ["busy"])
    put_records(store, 1)

    waits = [courier.step().wait for _ in range(12)]

    longest = [min(60, 0.25 * 2**n) for n in range(12)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len(set(waits[8:])) == 4
    assert courier.step() == Step(Outcome.SENT, 0)


def execute(store, *statements):
    with store.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


class Enough(Exception):
    """Ends a worker that otherwise never ends."""


def test_run__the_database_fails__is_told_once_and_goes_on_when_it_is_back(store, receiver, courier, clock):
    put_records(store, 2)
    execute(store, "ALTER TABLE answer RENAME TO gone")
    told = []

    def wait(seconds):
        clock.waits.append(seconds)
        if len(clock.waits) == 2:
            execute(store, "ALTER TABLE gone RENAME TO answer")
        if receiver.held:
            raise Enough

    clock.wait = wait
    with pytest.raises(Enough):
        courier.run(tell=told.append)

    assert [problem.split(":")[0] for problem in told] == ["The database says", ""]
    assert (answers(store), list(receiver.held)) == ([(1, 200, 3)], [1, 2])
    assert clock.waits[0] <= 0.25 < clock.waits[1] * 2 <= 1


@on_sqlite
def test_run__the_database_fails_while_repairs_are_made__they_are_told_of_again(store, receiver, courier, clock):
    receiver.refused = {2: ("SCHEMA", "/body")}
    put_records(store, 3)
    told, heard = [], []

    def refused(numbers):
        heard.append(numbers)
        if len(heard) < 3:
            raise StoreError("The database says: locked.")

    def wait(seconds):
        if len(heard) == 3:
            raise Enough

    clock.wait = wait
    with pytest.raises(Enough):
        courier.run(tell=told.append, refused=refused)

    assert heard == [[2], [2], [2]]
    assert told[0] == "The database says: locked."
    assert list(receiver.held) == [1, 2, 3]


@on_sqlite
def test_run__started_again__tells_of_what_still_waits_for_a_repair_there(store, receiver, courier, clock):
    receiver.refused = {2: ("SCHEMA", "/body"), 3: ("ISIN", None)}
    put_records(store, 3)
    courier.run(once=True)
    set_destination(store, Destination.given("dtc", receiver.url, GATEWAY.address))
    heard = []

    with Line(receiver.url) as line:
        Courier(store, "sec", REPORTER, line, clock).run(once=True, refused=heard.append)
        assert heard == [[2, 3]]
        Courier(store, "dtc", REPORTER, line, clock).run(once=True, refused=heard.append)
    assert heard == [[2, 3], [2, 3]]
    assert [row[0] for row in rows(store, tables.repair, "destination")] == ["sec", "sec", "dtc", "dtc"]


# ---------------------------------------------------------------- acknowledgements without end


def flood(receiver, count, *what):
    for _ in range(count):
        receiver.ack(*what)


def test_listen__what_is_acknowledged_already__is_read_but_not_stored_again(store, receiver, courier, clock):
    put_records(store, 4)
    courier.run(once=True)
    receiver.ack("LINKED", 1, 2)
    flood(receiver, 3, "RECEIVED", 1, 4)
    flood(receiver, 2, "LINKED", 1, 2)
    receiver.ack("LINKED", 2, 3)
    receiver.ack("REJECTED", 4, 4, "CHAIN", "/stream/chain")
    receiver.ack("REJECTED", 4, 4, "UNLINKED", "/stream/chain")
    receiver.ack("REJECTED", 9, 2**52, "GAP")
    receiver.ack("REJECTED", 5, 2**52, "GAP")
    receiver.ack("LINKED", 1, 4)
    courier.run(once=True)
    receiver.ack("LINKED", 2, 4)
    clock.at += 1000
    courier.run(once=True)

    assert acks(store) == [
        (1, "RECEIVED", 1, 4, None),
        (2, "LINKED", 1, 2, None),
        (8, "LINKED", 2, 3, None),
        (9, "REJECTED", 4, 4, "CHAIN"),
        (12, "REJECTED", 5, 2**52, "GAP"),
        (13, "LINKED", 1, 4, None),
    ]
    assert rows(store, tables.repair, "seq", "code") == [(4, "CHAIN")]
    assert rows(store, tables.ack_read, "last")[-1] == (14,)


@on_sqlite
def test_step__the_destination_has_page_after_page__records_go_between_two_of_them(
    store, receiver, courier, clock, monkeypatch
):
    monkeypatch.setattr("stockade.reporter.deliver.PAGE", 2)
    monkeypatch.setattr("stockade.reporter.answers.PAGE", 2)
    put_records(store, 1)
    courier.step()
    flood(receiver, 9, "RECEIVED", 1, 1)
    put_records(store, 501)
    clock.at += 1000

    outcomes = [courier.step().outcome for _ in range(6)]

    heard, sent = Outcome.HEARD, Outcome.SENT
    assert outcomes == [heard, sent, heard, sent, heard, heard]
    assert receiver.heard == [(1, 1), (2, 501), (502, 502)]


# ---------------------------------------------------------------- where going on would be wrong


@on_sqlite
def test_step__the_address_was_changed_meanwhile__stops_and_sends_nothing_to_the_old_one(store, receiver, courier):
    put_records(store, 1)
    courier.step()
    put_records(store, 1)
    set_destination(store, Destination.given("sec", "https://gateway.example/in", GATEWAY.address))

    for act in (courier.step, lambda: courier.replay(1)):
        with pytest.raises(StockadeError) as stopped:
            act()
        assert str(stopped.value) == (
            f"sec is at https://gateway.example/in now, and was at {receiver.url} when this began: start it again, "
            "with the STOCKADE_GATEWAY_TOKEN of that gateway."
        )

    assert receiver.heard == transmissions(store) == [(1, 1)]


def test_step__the_destination_does_not_know_the_key__stops_with_what_to_do(store, receiver, courier, clock):
    put_records(store, 1)
    with Line(receiver.url) as line, pytest.raises(StockadeError) as stopped:
        Courier(store, "sec", OTHER, line, clock).run()

    assert str(stopped.value) == (
        f"sec knows neither this reporter nor its key: have {OTHER.address} registered there for it, or correct "
        "STOCKADE_GATEWAY_TOKEN."
    )
    assert answers(store) == [(1, 401, None)]


def test_step__the_destination_holds_another_record_under_this_number__stops_and_keeps_what_it_said(
    store, receiver, courier
):
    receiver.held = {1: "0x" + 64 * "a"}
    put_records(store, 2)

    with pytest.raises(StockadeError) as stopped:
        courier.step()

    assert str(stopped.value) == (
        "sec holds another record under number 1: this store or that one was restored from an older copy; find out "
        "which before anything is sent again."
    )
    assert acks(store) == [(1, "REJECTED", 1, 1, "CONFLICT")]
    assert rows(store, tables.repair, "seq") == []


# ---------------------------------------------------------------- replay


def test_step__the_destination_lost_its_database__it_asks_for_the_first_and_gets_everything_again(
    store, receiver, courier
):
    ids = put_records(store, 600)
    courier.run(once=True)
    receiver.forget()
    ids = put_records(store, 1)

    courier.run(once=True)

    assert receiver.heard == [(1, 500), (501, 600), (601, 601), (1, 500), (501, 601)]
    assert list(receiver.held.values()) == ids
    assert answers(store)[2:] == [(3, 409, 1), (4, 200, 501), (5, 200, 602)]
    assert rows(store, tables.ack_read, "last") == [(2,), (0,), (3,)]
    assert rows(store, tables.repair, "seq") == []


@on_sqlite
def test_step__a_gap_is_named__is_a_replay_with_a_sentence(store, receiver, courier):
    put_records(store, 2)
    courier.step()
    receiver.forget()
    put_records(store, 1)

    step = courier.step()

    assert (step.outcome, step.problem) == (Outcome.REPLAY, "sec asks for records from 1 on again.")


def test_replay__from_a_record__sends_what_was_sent_and_nothing_more(store, receiver, courier):
    put_records(store, 600)
    courier.run(once=True)
    put_records(store, 1)

    assert courier.replay(50) == 551

    assert receiver.heard[2:] == [(50, 549), (550, 600)]
    assert answers(store)[-1] == (4, 200, 601)
    courier.run(once=True)
    assert receiver.heard[4:] == [(601, 601)]


# ---------------------------------------------------------------- whose turn it is


def test_turn__another_worker_has_it__waits_and_sends_nothing(store, receiver, courier):
    put_records(store, 1)
    with turn_at(store, "sec") as turn:
        assert turn is not None
        assert courier.step() == Step(Outcome.BUSY, 0.1)
        with turn_at(store, "sec") as second:
            assert second is None
    assert receiver.heard == []
    assert courier.step() == Step(Outcome.SENT, 0)


def test_turn__at_another_destination__is_free(store, receiver, courier):
    set_destination(store, Destination.given("dtc", receiver.url, GATEWAY.address))
    with turn_at(store, "sec") as one, turn_at(store, "dtc") as other:
        assert (one.destination.name, other.destination.name) == ("sec", "dtc")


@on_sqlite
def test_turn__the_destination_is_unknown__is_named(store):
    with pytest.raises(InputError) as refused, turn_at(store, "nobody"):
        pass
    assert str(refused.value) == "There is no destination 'nobody': `stockade-report destination add --help`."


# ---------------------------------------------------------------- destinations


@on_sqlite
def test_set_destination__again__is_changed_and_where_it_stands_is_not(store, receiver, courier):
    put_records(store, 1)
    courier.run(once=True)
    set_destination(store, Destination.given("sec", "https://gateway.example/in/", OTHER.address))

    with store.read() as connection:
        assert destinations(connection) == [Destination("sec", "https://gateway.example/in", OTHER.address)]
    assert answers(store) == [(1, 200, 2)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://a.example/b"])
def test_given__an_address_that_is_encrypted_or_of_this_machine__is_taken(url):
    assert Destination.given("a-1", url, GATEWAY.address.lower()) == Destination("a-1", url, GATEWAY.address)


@pytest.mark.parametrize(
    ("name", "url", "signer", "said"),
    [
        ("SEC", "https://a.example", GATEWAY.address, "Name 'SEC': take 1 to 32 of a-z, 0-9 and the hyphen."),
        ("../a", "https://a.example", GATEWAY.address, "Name '../a': take 1 to 32 of a-z, 0-9 and the hyphen."),
        ("a", "http://a.example", GATEWAY.address, "is not encrypted: beyond this machine give https://."),
        ("a", "http://127.0.0.1.a.example", GATEWAY.address, "is not encrypted: beyond this machine give https://."),
        ("a", "ftp://a.example", GATEWAY.address, "is none of a gateway: give https://HOST[:PORT][/PATH]."),
        ("a", "https://[::1", GATEWAY.address, "is none of a gateway: give https://HOST[:PORT][/PATH]."),
        ("a", "https://a.example:x", GATEWAY.address, "is none of a gateway: give https://HOST[:PORT][/PATH]."),
        ("a", "https://u:secret@a.example", GATEWAY.address, "a token has its place in STOCKADE_GATEWAY_TOKEN."),
        ("a", "https://a.example?key=secret", GATEWAY.address, "a token has its place in STOCKADE_GATEWAY_TOKEN."),
        ("a", "https://a.example", "0x12", "is no address: take the one that the gateway's operator names."),
        ("a", "https://a.example", GATEWAY.address.swapcase(), "is no address"),
    ],
)
def test_given__something_is_wrong__is_named(name, url, signer, said):
    with pytest.raises(InputError) as refused:
        Destination.given(name, url, signer)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
