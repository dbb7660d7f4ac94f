"""`stockade-report` and `ape run report`: reconcile, master, positions, quarterly, anchor, proof."""

from __future__ import annotations

import json
import stat
import time

import pytest
from click.testing import CliRunner

from stockade import manifest
from stockade.reporter.anchors import DAY_MS, day_name
from stockade.reporter.cli import cli
from stockade.store import open_store
from tests.reporting.anchoring import Anchoring
from tests.reporting.kept import Kept
from tests.reporting.test_reconcile import slot_of_position


@pytest.fixture
def ours(kept: Kept):
    """The node is put back afterwards."""
    kept.catch_up()
    snapshot = kept.node.rpc("evm_snapshot")
    yield kept
    kept.node.rpc("evm_revert", snapshot)


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    """Tables are not folded."""
    monkeypatch.setenv("COLUMNS", "250")


def run(kept: Kept, command: str, *arguments: object, status: int = 0, chain: bool = True) -> str:
    """`stockade-report COMMAND ...`: what it printed, after checking how it ended."""
    where = ["--store", kept.url, "--deployment", str(kept.node.deployment)]
    where += ["--rpc", kept.node.suite.w3.provider.endpoint_uri] if chain else []
    done = CliRunner().invoke(cli, [command, *map(str, arguments), *where])
    assert done.exit_code == status, done.output
    assert "Traceback" not in done.output
    return " ".join(done.output.split())


# ---------------------------------------------------------------- reconcile


def test_reconcile__all_agree__draws_them_and_ends_0(kept):
    said = run(kept, "reconcile", "--holders", kept.holder_file())

    assert "issued and held" in said
    assert "SURPLUS" in said
    assert "All sides agree" in said


def test_reconcile__the_holder_file_differs__shows_both_sides_and_ends_1(kept):
    facts, holder = kept.facts(), kept.node.life.keys.carol.address
    file = kept.holder_file({(facts.isin(kept.node.life.token.address), holder): "12.5"})

    said = run(kept, "reconcile", "--holders", file, status=1)
    again = run(kept, "reconcile", "--holders", file, status=1)

    for output in (said, again):
        assert "BALANCE_HOLDERS" in output
        assert "12.5" in output
        assert "The sides do not agree." in output
    assert "up to 1 day: 2" in again


def test_reconcile__more_issued_than_held__alarm_and_the_buy_in_clock(ours):
    position = ours.node.suite.position(ours.node.life.token.address, 1)
    word = position.pack() & ((1 << 160) - 1)
    ours.node.tamper(ours.node.suite.ledger.address, slot_of_position(ours.node.life.token.address, 1), word)

    said = run(ours, "reconcile", "--block", ours.cursor, status=1)

    assert "OVER-ISSUANCE: more is issued than custodians hold." in said
    assert "OVER_ISSUED" in said
    assert "buy in by" in said


def test_reconcile__a_bad_holder_file__one_sentence_a_fault_and_nothing_kept(kept):
    file = kept.holder_file()
    file.write_text(
        file.read_text(encoding="utf-8").replace("H-0", "=H-0").replace("Zoë Müller 1", "Zoë\u202eMüller 1")
    )

    said = run(kept, "reconcile", "--holders", file, status=2)

    assert "row 2, field holder: '=H-0' starts like a spreadsheet formula" in said
    assert "row 3, field name: 'Zo\\xeb\\u202eM\\xfcller 1' contains U+202E, which is invisible" in said


def test_reconcile__over_ape__the_same(kept):
    said = kept.node.run("reconcile", "--store", kept.url, "--holders", str(kept.holder_file()))

    assert "All sides agree" in said


# ---------------------------------------------------------------- files


def test_master__with_names__writes_both_files_for_the_owner_alone(kept):
    said = run(kept, "master", "--holders", kept.holder_file(), "--out", kept.folder, chain=False)

    block = kept.facts().block
    for kind in ("csv", "json"):
        path = kept.folder / f"master-31337-{block}.{kind}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "Zoë Müller" in path.read_text(encoding="utf-8")
    assert f"as of block {block} (final)" in said


def test_master__without_names__says_how_many_lines_lack_them(kept):
    said = run(kept, "master", "--block", kept.cursor, "--out", kept.folder, chain=False)

    assert "lines have no name: a wallet address does not replace it (R31)." in said
    assert "(not final yet)" in said


def test_positions__of_the_life__two_custodians(kept):
    run(kept, "positions", "--out", kept.folder, chain=False)

    body = json.loads((kept.folder / f"positions-31337-{kept.facts().block}.json").read_text())
    assert [line["custodian"] for line in body["lines"]] == [1, 2]


def test_quarterly__a_quarter_that_goes_on__shown_and_written(kept):
    said = run(kept, "quarterly", "2027Q1", "--out", kept.folder, chain=False)

    body = json.loads((kept.folder / "quarterly-31337-2027Q1.json").read_text(encoding="utf-8"))
    assert (body["quarter"], body["complete"], body["chains"]) == ("2027Q1", False, ["eip155:31337"])
    assert {"supply", "detokenized", "inRedemptions"} <= set(body["tokens"][0])
    assert "and it goes on" in said


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("quarterly", ["2026Q7"], "is no quarter: write it like 2026Q3."),
        ("master", ["--block", "0"], "--block 0: the store holds"),
        ("positions", ["--block", "99999999"], "--block 99999999: the store holds"),
        ("master", ["--holders", "/nowhere.csv"], "/nowhere.csv cannot be read"),
    ],
)
def test_commands__bad_input__one_sentence_and_2(kept, command, arguments, said):
    assert said in run(kept, command, *arguments, status=2, chain=False)


# ---------------------------------------------------------------- anchors and proofs


@pytest.fixture
def days(ours: Kept):
    """Records made eight and six days ago, on a chain where nothing is anchored yet."""
    authority = ours.node.suite.authority.address
    layout = manifest.contract("SuiteAuthority")["storageLayout"]["storage"]
    (place,) = (each for each in layout if each["label"] == "_anchoredDay")
    word = int.from_bytes(ours.node.suite.w3.eth.get_storage_at(authority, int(place["slot"])))
    ours.node.tamper(authority, int(place["slot"]), word & ~(0xFFFFFFFF << 8 * place["offset"]))
    store = open_store(f"sqlite:///{ours.folder / 'days.db'}")
    found = Anchoring(store, ours.node.suite, time.time_ns() // 1_000_000 // DAY_MS - 8)
    found.record(0, 0, 1)
    found.record(2, 5)
    yield Kept(ours.node, store, ours.folder), found
    store.engine.dispose()


def test_anchor__by_the_issuer_over_ape__then_proofs_hold_without_the_store(days):
    kept, records = days
    waits = run(kept, "anchor")
    assert f"{day_name(records.first)}: 2 records up to 2, root 0x{records.root(1, 2).hex()}" in waits
    assert "Nothing was sent." in waits

    said = kept.node.run("anchor", "--store", kept.url, "--account", "TEST::4", "--yes")

    assert f"{day_name(records.first + 2)} anchored in block" in said
    assert "Nothing waits to be anchored" in run(kept, "anchor")
    out = kept.folder / "proof.json"
    run(kept, "proof", 2, "--out", out)
    empty = Kept(kept.node, open_store(f"sqlite:///{kept.folder / 'empty.db'}"), kept.folder)
    held = run(empty, "proof", "--check", out)
    assert "The proof holds: record 2 is one of the records anchored" in held
    assert "The proof holds" in kept.node.run("proof", "--check", str(out))
    out.write_text(out.read_text(encoding="utf-8").replace('"seq":2', '"seq":1'), encoding="utf-8")
    assert "The proof does not hold" in run(empty, "proof", "--check", out, status=1)
    empty.store.engine.dispose()


def test_anchor__a_day_that_is_not_over__refused(days):
    kept, _ = days
    today = day_name(time.time_ns() // 1_000_000 // DAY_MS)

    assert f"{today} is not over" in run(kept, "anchor", today, status=2)


@pytest.mark.parametrize("arguments", [[], ["1", "--check", "x.json"]])
def test_proof__neither_or_both__refused(days, arguments):
    kept, _ = days

    assert "one of the two" in run(kept, "proof", *arguments, status=2)
