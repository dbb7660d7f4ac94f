"""Master securityholder file, position file and quarterly report, made of the facts of a whole life."""

from __future__ import annotations

import csv
import io
import json
import stat
from dataclasses import replace
from types import SimpleNamespace

import pytest
from eth_utils.address import to_checksum_address
from sqlalchemy import insert

from stockade.errors import InputError, StockadeError
from stockade.records import SHARE, Basis, ExemptionStatus, Kind, RequestStatus, order_ref, to_shares, to_units
from stockade.reporter.as_of import Facts
from stockade.reporter.files import master, positions
from stockade.reporter.holders import read_holders
from stockade.reporter.outages import outages
from stockade.reporter.outputs import to_csv, to_json, write_both, write_private
from stockade.reporter.quarterly import Quarter, quarterly
from stockade.reporting.entries import Entry, ExemptionSet, HaltSet, Place, SettingsChanged
from stockade.reporting.words import sentence, utc
from stockade.store import tables
from tests.reporting.kept import Kept
from tests.reporting.life import ORDER


def made(kept: Kept, what, facts: Facts | None = None, *rest):
    facts = facts or kept.facts()
    with kept.store.read() as connection:
        return what(connection, facts, *rest)


# ---------------------------------------------------------------- master securityholder file


def test_master__of_a_whole_life__lines_add_up_to_the_supply_on_chain(kept):
    document = made(kept, master)

    for token in kept.node.suite.tokens():
        lines = [line for line in document.lines if line.token == token.address]
        supply = token.functions.totalSupply().call()
        assert sum(to_units(line.shares) for line in lines) == supply
        for line in lines:
            if line.part == "WALLET":
                balance = token.functions.balanceOf(line.wallet).call()
                frozen = token.functions.getFrozenTokens(line.wallet).call()
                assert (line.shares, line.frozen) == (to_shares(balance), to_shares(min(frozen, balance)))
    (total,) = (each for each in document.head["totals"] if each["token"] == kept.node.life.token.address)
    assert to_units(total["inWallets"]) + to_units(total["inEscrow"]) == to_units(total["supply"])


def test_master__open_redemptions__stand_apart_under_their_holder(kept):
    document = made(kept, master)

    requests = kept.facts().state.ledger.requests
    waiting = {number: it for number, it in requests.items() if it.status is RequestStatus.OPEN}
    lines = [line for line in document.lines if line.part == "ESCROW"]
    assert waiting
    assert {(int(line.request), line.wallet, line.shares, line.custodian) for line in lines} == {
        (number, it.holder, to_shares(it.amount), str(it.custodian)) for number, it in waiting.items()
    }
    assert kept.node.suite.ledger.address not in {line.wallet for line in document.lines}


def test_master__each_line__names_the_report_that_changed_it_last_and_its_record(kept):
    document = made(kept, master)

    entries = kept.facts().tokens[kept.node.life.token.address].entries
    with kept.store.read() as connection:
        records = {
            (row.source, row.stream_seq): row.record_id
            for row in connection.execute(tables.record.select().order_by(tables.record.c.seq))
        }
    for line in document.lines:
        assert line.last.record_id == records[line.last.stream, line.last.sequence]
        if line.part == "WALLET" and line.token == kept.node.life.token.address:
            concerned = [
                entry
                for entry in entries
                if line.wallet in (getattr(entry.content, name, None) for name in ("source", "target", "account"))
                and getattr(entry.content, "source", 0) != getattr(entry.content, "target", 1)
            ]
            last = concerned[-1]
            assert (line.last.sequence, line.last.transaction) == (last.seq, last.transaction)


def test_master__shares_sent_to_oneself__change_no_line(kept):
    token = kept.node.life.token.address
    moves = [entry for entry in kept.facts().tokens[token].entries if entry.kind == Kind.TRANSFER]
    own = next(entry for entry in moves if entry.content.source == entry.content.target)

    document = made(kept, master, kept.facts(own.place.block))

    (line,) = (each for each in document.lines if (each.token, each.wallet) == (token, own.content.source))
    assert line.last.sequence < own.seq


def test_master__with_the_holder_file__names_join_and_nothing_of_them_is_stored(kept):
    file = read_holders(kept.holder_file())

    document = made(kept, master, None, file)

    names = {row.wallet: (row.holder, row.name, row.address) for row in file.rows}
    assert {line.wallet: (line.holder, line.name, line.address) for line in document.lines if line.name} == names
    assert all(line.name for line in document.lines if line.part == "WALLET")
    assert document.unnamed == sum(not line.name for line in document.lines)
    kept.store.engine.dispose()
    stored = b"".join(path.read_bytes() for path in kept.folder.glob("store.db*"))
    assert "Zoë".encode() not in stored
    assert b"Example Street" not in stored


def test_master__as_of_an_earlier_block__as_it_was_then(kept):
    token = kept.node.life.token
    first = next(entry for entry in kept.facts().tokens[token.address].entries if entry.kind == Kind.MINT)

    document = made(kept, master, kept.facts(first.place.block))

    assert [(line.wallet, line.shares, line.last.sequence) for line in document.lines] == [
        (first.content.target, to_shares(first.content.amount), first.seq)
    ]
    assert document.head["block"] == first.place.block


def test_master__facts_that_do_not_add_up__refused(kept):
    facts = kept.facts()
    facts.state.tokens[kept.node.life.token.address].supply += 1

    with pytest.raises(StockadeError, match="AAPLs: wallets hold .* which is not the supply of"):
        made(kept, master, facts)


# ---------------------------------------------------------------- positions


def test_positions__of_a_whole_life__what_the_ledger_on_chain_says(kept):
    document = made(kept, positions)

    suite, token = kept.node.suite, kept.node.life.token
    assert {(line.custodian, line.held, line.issued, line.sentence) for line in document.lines} == {
        (number, to_shares(it.held), to_shares(it.issued), it.sequence)
        for number, it in suite.positions(token.address).items()
    }
    last = {line.custodian: line.last for line in document.lines}
    said = {entry.seq: entry for entry in kept.facts().stream("CustodyLedger").entries}
    for number, attribution in last.items():
        sentence = said[attribution.sequence].content.attestation
        assert (sentence.custodian, sentence.sequence) == (number, suite.position(token.address, number).sequence)
        assert attribution.record_id


def test_positions__issued_that_is_not_the_supply__refused(kept):
    facts = kept.facts()
    facts.state.tokens[kept.node.life.token.address].supply += 1

    with pytest.raises(StockadeError, match="AAPLs: custodians' positions have"):
        made(kept, positions, facts)


# ---------------------------------------------------------------- files


def test_write_both__csv_and_json__say_the_same_and_are_the_owners_alone(kept):
    document = made(kept, master, None, read_holders(kept.holder_file()))

    table, whole = write_both(document, kept.folder / "out", "master")

    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    body = json.loads(whole.read_text(encoding="utf-8"))
    assert [(row["wallet"], row["shares"], row["name"], row["last_record_id"]) for row in rows] == [
        (line["wallet"], line["shares"], line["name"], line["last"]["recordId"]) for line in body["lines"]
    ]
    assert (body["stockade"], body["final"]) == ("master securityholder file 1", True)
    for path in (table, whole):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_write_private__over_a_file_open_to_all__is_private_afterwards(tmp_path):
    (path := tmp_path / "file").write_text("old")
    path.chmod(0o644)

    write_private(path, "new")

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


def test_write_private__where_none_can_be__one_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot be written"):
        write_private(tmp_path / "file" / "inside", "x")


def test_to_csv__a_symbol_that_looks_like_a_formula__is_text(kept):
    document = made(kept, positions)
    line = replace(document.lines[0], symbol="=HYPERLINK(1)", not_issued="-5.5")

    rows = list(csv.DictReader(io.StringIO(to_csv(replace(document, lines=(line,))))))

    assert (rows[0]["symbol"], rows[0]["not_issued"]) == ("'=HYPERLINK(1)", "-5.5")
    assert json.loads(to_json(replace(document, lines=(line,))))["lines"][0]["symbol"] == "=HYPERLINK(1)"


# ---------------------------------------------------------------- quarterly


def quarter_of(seconds: int) -> Quarter:
    year, month = int(utc(seconds)[:4]), int(utc(seconds)[5:7])
    return Quarter.parse(f"{year}Q{(month + 2) // 3}")


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("2026Q1", "2026-01-01 00:00:00Z", "2026-04-01 00:00:00Z"),
        ("2026Q4", "2026-10-01 00:00:00Z", "2027-01-01 00:00:00Z"),
    ],
)
def test_quarter__a_name__from_its_first_second_to_the_next_ones(name, start, end):
    quarter = Quarter.parse(name)

    assert (utc(quarter.start), utc(quarter.end)) == (start, end)


@pytest.mark.parametrize("name", ["2026Q5", "2026Q0", "2026", "Q1", "2026q1", "2026Q1 ", "99999Q1", "-026Q1"])
def test_quarter__what_is_none__refused(name):
    with pytest.raises(InputError, match="is no quarter"):
        Quarter.parse(name)


@pytest.fixture
def everything(kept: Kept):
    """One "quarter" that holds the whole life."""
    entries = [entry for stream in kept.facts().streams for entry in stream.entries]
    times = [entry.timestamp for entry in entries]
    return Quarter("all", min(times), max(times) + 1)


def test_quarterly__a_whole_life__counts_what_the_streams_say(kept, everything):
    with kept.store.read() as connection:
        found = quarterly(connection, everything)

    facts, token = kept.facts(), kept.node.life.token
    moves = [entry.content for entry in facts.tokens[token.address].entries if entry.kind <= 6]
    (line,) = (each for each in found.tokens if each.token == token.address)
    for kind, volume in {
        Kind.TRANSFER: line.transfers,
        Kind.MINT: line.tokenized,
        Kind.BURN: line.detokenized,
        Kind.ESCROW: line.requested,
        Kind.GIVE_BACK: line.returned,
        Kind.FORCE: line.forced,
    }.items():
        amounts = [moved.amount for moved in moves if moved.kind is kind]
        assert (volume.count, volume.shares) == (len(amounts), to_shares(sum(amounts)))
        assert amounts
    assert line.supply == to_shares(token.functions.totalSupply().call())
    assert (found.complete, found.chains) == (True, ("eip155:31337",))
    records = facts.state.registry.records.values()
    assert found.wallets.active + found.wallets.revoked + found.wallets.frozen == len(records)
    assert found.participants.registrars == (1, 2)
    assert len(found.participants.custodians) == 2


def test_quarterly__every_override__with_basis_and_order(kept, everything):
    with kept.store.read() as connection:
        found = quarterly(connection, everything)

    kinds = [each.kind for each in found.overrides]
    ref = "0x" + order_ref(Basis.COURT_ORDER, ORDER).hex()
    forced = [each for each in found.overrides if each.kind == "FORCED_TRANSFER" and each.order == ref]
    assert [(each.basis, each.shares) for each in forced] == [
        ("COURT_ORDER", "5"),
        ("COURT_ORDER", "25"),
        ("COURT_ORDER", "30"),
    ]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "FORCED_REDEMPTION": 1,
        "FORCED_TRANSFER": kinds.count("FORCED_TRANSFER"),
        "FREEZE": 3,
        "FROZEN_AMOUNT": kinds.count("FROZEN_AMOUNT"),
        "RECORD_ASSIGNED": 2,
        "RECOVERY": 2,
        "REQUEST_RECOVERED": 1,
        "UNFREEZE": 1,
    }
    unstated = [each for each in found.overrides if each.kind == "FORCED_TRANSFER" and each.basis == "UNSTATED"]
    assert [each.shares for each in unstated] == ["1", "2"]
    assert [each.block for each in found.overrides] == sorted(each.block for each in found.overrides)


def test_quarterly__outages__from_to_and_why(kept, everything):
    with kept.store.write() as connection:
        values = {"subject": "follow/AAPLs", "problem": "7: missing", "block": 3}
        opened, ended = everything.start * 1000 + 500, (everything.start + 60) * 1000
        number = connection.execute(insert(tables.incident).values(**values, opened_at=opened)).inserted_primary_key[0]
        connection.execute(insert(tables.incident_end).values(incident=number, ended_at=ended))

    with kept.store.read() as connection:
        found = quarterly(connection, everything)

    assert ("INCIDENT", "follow/AAPLs", 60, "7: missing") in {
        (each.kind, each.subject, each.seconds, each.cause) for each in found.outages
    }
    own = [each for each in found.outages if each.subject == "AAPLs"]
    assert {each.kind for each in own} >= {"HALT", "SUSPENDED", "PAUSE TRANSFER", "PAUSE MINT", "PAUSE FORCE"}
    mint = next(each for each in own if each.kind == "PAUSE MINT")
    assert mint.ended == ""  # never lifted
    halts = [each for each in own if each.kind == "HALT"]
    assert all(each.cause for each in halts)
    assert all(each.seconds >= 0 for each in found.outages)
    suspended = [each for each in own if each.kind == "SUSPENDED"]
    assert suspended[-1].ended == ""  # by the regulator, at the end of the life


def test_outages__two_tokens_are_halted_in_one_transaction__each_has_its_own_cause(kept):
    one, two, three = (to_checksum_address(f"0x{number:040x}") for number in (1, 2, 3))
    listings = [
        told(1, ExemptionSet(4, ExemptionStatus.SUSPENDED, bytes(32))),
        told(2, HaltSet(one, True, bytes(32))),
        told(3, HaltSet(two, True, b"\1" * 32)),
    ]
    halted = told(1, SettingsChanged(1 << 3))
    facts = SimpleNamespace(
        stream=lambda contract: SimpleNamespace(entries=listings if contract == "ListingRegistry" else []),
        tokens={token: SimpleNamespace(entries=[halted]) for token in (one, two, three)},
        symbol=lambda token: token,
    )
    with kept.store.read() as connection:
        found = list(outages(connection, facts, 0, 100))

    causes = {each.subject: each.cause for each in found}
    assert causes == {one: sentence(listings[1]), two: sentence(listings[2]), three: sentence(listings[0])}
    assert len(set(causes.values())) == 3


def told(seq, content):
    return Entry(seq, 0, to_checksum_address("0x" + 40 * "9"), 10, content, Place(1, seq), "0x" + 64 * "1", b"")


def test_quarterly__a_quarter_that_goes_on__says_how_far_it_counts(kept):
    with kept.store.read() as connection:
        found = quarterly(connection, quarter_of(kept.facts().time))

    assert (found.complete, found.until) == (False, utc(kept.facts().time + 1))


def test_quarterly__before_the_suite_or_after_the_store__refused(kept):
    with kept.store.read() as connection:
        with pytest.raises(InputError, match="2001Q1 was over when the suite began"):
            quarterly(connection, Quarter.parse("2001Q1"))
        with pytest.raises(InputError, match="2099Q1 has not begun in the store"):
            quarterly(connection, Quarter.parse("2099Q1"))


def test_quarterly__a_share__is_counted_in_shares(kept, everything):
    with kept.store.read() as connection:
        found = quarterly(connection, everything)

    (line,) = (each for each in found.tokens if each.token == kept.node.life.token.address)
    assert to_units(line.tokenized.shares) == 1_000 * SHARE
