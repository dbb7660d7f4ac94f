"""The commands about delivery: what they say and how they end."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select

from stockade.keys import REPORTER_KEY
from stockade.reporter.cli import cli
from stockade.reporter.parties import KEY
from stockade.store import tables
from tests.reporting.following import PARTY_KEY
from tests.reporting.made import GATEWAY, OTHER, REPORTER
from tests.reporting.outbox import START


@pytest.fixture
def run(kept, monkeypatch):
    """`run("status", status=1)`: what the command said, in words alone."""
    monkeypatch.setenv("STOCKADE_STORE", kept.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(REPORTER_KEY, REPORTER.account.key.hex())
    monkeypatch.setenv(KEY, PARTY_KEY.hex())

    def invoke(*words: str, status: int = 0, text: str | None = None) -> list[str]:
        done = CliRunner().invoke(cli, [*words, "--deployment", str(kept.node.deployment)], input=text)
        assert done.exit_code == status, done.output
        lines = (re.sub("[─━┏┓┗┛┡┩┳╇┴│┃└┘]+", " ", line) for line in done.output.splitlines())
        return [" ".join(line.split()) for line in lines if line.strip(" ─━┏┓┗┛┡┩┳╇┴│┃└┘")]

    return invoke


@pytest.fixture
def count(kept):
    with kept.store.read() as connection:
        return connection.execute(select(func.max(tables.record.c.seq))).scalar_one()


# Record 4 as a version of Stockade would have it that had one field too many.
SPOILT = ("""UPDATE record SET body = replace(body, '"body":{', '"body":{"a":1,') WHERE seq = 4""", ())
# As if all events were of some years ago: the node's clock is ahead of ours.
OLD = ("UPDATE record SET event_time = event_time - 100000000", ())


def test_destination__added_changed_and_listed__is_as_it_was_said(run):
    at = "https://gateway.example"
    assert run("destination", "add", "sec", at, GATEWAY.address) == [f"sec: {at}, signer {GATEWAY.address}."]
    assert run("destination", "add", "sec", at, OTHER.address, status=1, text="n\n")[0] == (
        f"sec is {at}, signer {GATEWAY.address}."
    )
    assert run("destination", "list") == ["name address signer", f"sec {at} {GATEWAY.address}"]
    run("destination", "add", "sec", at, OTHER.address, text="y\n")
    assert run("destination", "list") == ["name address signer", f"sec {at} {OTHER.address}"]


def test_destination__something_is_wrong__is_one_sentence_and_status_two(run):
    said = run("destination", "add", "sec", "http://gateway.example", GATEWAY.address, status=2)
    assert said == ["Error: Address 'http://gateway.example' is not encrypted: beyond this machine give https://."]


def test_deliver__once__sends_everything_and_status_shows_where_it_stands(run, kept, receiver, count):
    kept.tamper(SPOILT)
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    receiver.refused = {4: ("ISIN", "/instrument/isin")}

    assert run("deliver", "--to", "sec", "--once") == [
        "Rejected: 4 (`stockade-report repairs`).",
        f"Record 4 is corrected by record {count + 1}.",
    ]
    said = run("status")

    stands = next(line for line in said if line.startswith(f"{count + 1} "))
    assert stands.startswith(f"{count + 1} {count + 2} {count + 1} 0 0 200, ")
    assert said[-1] == "0 incidents are open, 0 records wait for a repair."
    streams = {line.split()[0]: line.split()[1:] for line in said if re.match(r"(AAPLs|registry|authority) ", line)}
    assert set(streams) == {"AAPLs", "registry", "authority"}
    for reported, recorded, received, validated, linked, *mark in streams.values():
        assert reported == recorded == received != "0"
        assert (validated, linked) == ("0", "0")
        assert mark == ["none"] or 0 < int(mark[0]) <= int(reported)
    assert any(mark[5:] != ["none"] for mark in streams.values())


def test_status__a_mark_of_another_chain_and_an_incident__are_named_and_status_is_one(run, kept):
    with kept.store.write() as connection:
        row = {"subject": "follow/registry", "problem": "record 3 is missing", "block": 7, "opened_at": START}
        connection.execute(insert(tables.incident).values(**row))
    kept.tamper(("UPDATE report SET chain = zeroblob(20)", ()))

    said = run("status", status=1)

    assert "Incident 2026-01-01 00:00:00Z, follow/registry: record 3 is missing" in said
    assert any(line.endswith(", another chain") for line in said)
    assert said[-1] == "1 incidents are open, 0 records wait for a repair."


def test_late__nothing_was_sent__everything_waits_and_status_is_one(run, kept, receiver, count):
    kept.tamper(OLD)
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    said = run("late", "--to", "sec", "--profile", "us-tsv", status=1)

    assert said[0] == "To sec; late after 600 s (profile us-tsv)"
    assert said[-1] == (f"{count} late, {count} of them not acknowledged; {count} wait for RECEIVED.")


def test_late__everything_was_received__status_is_zero(run, receiver, count):
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    run("deliver", "--to", "sec", "--once")
    said = run("late", "--to", "sec", "--profile", "open")

    assert any(line.startswith(f"in all, to RECEIVED {count} ") for line in said)
    assert said[-1].endswith(" 0 of them not acknowledged; 0 wait for RECEIVED.")


def test_late__the_profile_does_not_ship__asks_for_its_file(run, kept, monkeypatch, receiver):
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    monkeypatch.setattr("stockade.reporter.delivery_commands.profiles.SHIPPED", ())
    (said,) = run("late", "--to", "sec", status=2)
    assert said.endswith("does not ship with this version: give its file with --profile.")


def test_repairs__one_waits__is_shown_with_field_and_remedy_and_repair_corrects_it_once(run, kept, count):
    kept.tamper(SPOILT)
    reject(kept, 4)

    said = run("repairs")
    assert re.match(r"4 [A-Z]+ sec SCHEMA /body/kind 2026-01-01 00:00:00Z take the version of Stockade", said[1])
    assert said[-1] == "1 wait for a repair."
    assert run("repair", "4") == [f"Record 4 is corrected by record {count + 1}."]
    assert run("repairs") == ["0 wait for a repair."]
    assert run("repair", "4", status=1) == ["Record 4 stays as it is: it waits for no repair."]


def test_repair__it_would_say_the_same__stays_and_status_is_one(run, kept):
    reject(kept, 4)

    assert run("repair", "4", status=1) == ["Record 4 stays as it is: derived again, it says the same."]
    assert run("repairs")[-1] == "1 wait for a repair."


def reject(kept, seq):
    row = {"destination": "sec", "seq": seq, "code": "SCHEMA", "field": "/body/kind", "opened_at": START}
    with kept.store.write() as connection:
        connection.execute(insert(tables.repair).values(**row))


def test_replay__from_the_first__sends_all_of_it_again(run, receiver, count):
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    run("deliver", "--to", "sec", "--once")
    before = list(receiver.heard)

    assert run("replay", "1", "--to", "sec") == [f"{count} records sent again and acknowledged."]
    assert receiver.heard == before + before


@pytest.mark.parametrize("command", [["deliver", "--once"], ["replay", "1"], ["late", "--profile", "open"]])
def test_command__to_nobody__names_the_remedy(run, command):
    assert run(*command, "--to", "nobody", status=2) == [
        "Error: There is no destination 'nobody': `stockade-report destination add --help`."
    ]


def test_deliver__without_a_key__names_where_it_belongs(run, monkeypatch, receiver):
    run("destination", "add", "sec", receiver.url, GATEWAY.address)
    monkeypatch.delenv(REPORTER_KEY)
    (said,) = run("deliver", "--to", "sec", "--once", status=2)
    assert said == f"Error: No key to sign with: put it into {REPORTER_KEY} (32 bytes in hex), or give --keystore FILE."
