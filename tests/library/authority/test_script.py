"""`ape run authority` as people type it."""

from __future__ import annotations

import importlib.util
import re

import pytest
from ape_test.provider import LocalProvider
from click.testing import CliRunner

from stockade.authority import operations
from stockade.records import Role
from tests.library.authority.views import holders
from tests.support import DAY, EXAMPLES, ROOT


@pytest.fixture
def cli():
    """scripts/authority.py, loaded as `ape run` loads it."""
    spec = importlib.util.spec_from_file_location("authority_script", ROOT / "scripts" / "authority.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cli


@pytest.fixture
def run(suite, cli, tmp_path, monkeypatch):
    """A command on the embedded chain: what it printed, after checking how it ended."""
    # Ape connects anew and disconnects at once, which makes it forget the snapshot that the test goes back to.
    monkeypatch.setattr(LocalProvider, "disconnect", lambda provider: None)
    suite.deployment.save(tmp_path / "1337.json")

    def command(*arguments, status=0, answer=None):
        where = ["--network", "ethereum:local:test", "--deployment", str(tmp_path / "1337.json")]
        result = CliRunner(env={"COLUMNS": "200"}).invoke(cli, [*arguments, *where], input=answer)
        assert result.exit_code == status, result.output
        return result.output

    return command


def test_script__a_grant_from_schedule_to_check__in_the_words_of_each_command(suite, run, keys, travel, tmp_path):
    grant = ("schedule", "grant", "ISSUER", keys.stranger.address, "--account", "TEST::2")
    assert "it would be accepted; nothing was sent" in run(*grant, "--dry-run")
    assert "Nothing is scheduled." in run("show")
    run(*grant, answer="n\n", status=1)
    assert operations(suite) == []

    said = run(*grant, answer="y\n")
    assert f"To schedule: grant ISSUER to {keys.stranger.address} without delay. It waits 1 day." in said
    assert "ape run authority execute 1" in said
    shown = run("show")
    assert f"grant ISSUER to {keys.stranger.address} without delay" in shown
    assert "waits 20 days, since" in shown

    execute = ("execute", "1", "--account", "TEST::2", "--yes")
    assert "Error: Operation 1 can be executed from" in run(*execute, status=1)
    travel(DAY)
    assert "Dry run" in run(*execute, "--dry-run")
    assert "Done: transaction 0x" in run(*execute)
    assert "Nothing is scheduled." in run("show")
    assert "executed" in run("show", "--all")

    assert "Equal: 11 roles, 82 functions and 13 holders are as in docs/roles.md." in run("check")
    plan = tmp_path / "plan.toml"
    plan.write_text((EXAMPLES / "suite.toml").read_text().partition("[listings]")[0])
    said = run("check", "--plan", str(plan), status=1)
    assert f"ISSUER of {keys.stranger.address}" in said


def test_script__cancel_and_rotate_and_map__act_and_say_so(suite, run, keys, travel):
    old, new = keys.issuer.address, keys.stranger.address
    rotate = ("rotate", "issuer", old, new, "--account", "TEST::2", "--yes")
    assert run(*rotate, "--dry-run").count("to be scheduled") == 2
    assert "Run the same command again from" in run(*rotate)
    assert "Canceled: transaction 0x" in run("cancel", "2", "--account", "TEST::11", "--yes")
    travel(DAY)
    assert "Run the same command again from" in run(*rotate)
    assert sorted(holders(suite, Role.ISSUER)) == sorted([old, new])
    travel(DAY)
    run(*rotate)
    assert "Done: " in run(*rotate)
    assert holders(suite, Role.ISSUER) == [new]

    said = run("schedule", "map", "ListingRegistry.setHalt", "PAUSER", "--account", "TEST::1", "--yes")
    assert "map ListingRegistry.setHalt to PAUSER. It waits 20 days." in said
    run("schedule", "revoke", "PAUSER", keys.pauser.address, "--account", "TEST::2", "--yes")
    run("schedule", "call", "CustodyLedger.setCustodianOpen", "1", "no", "--account", "TEST::7", "--yes")
    assert run("show").count("waiting") == 3
    travel(20 * DAY)
    run("execute", "4", "--account", "TEST::1", "--yes")
    said = run("check", status=1)
    assert re.search(r"ListingRegistry.setHalt +│ COMPLIANCE +│ PAUSER", said)


def test_script__rotated_registrar__is_told_that_it_needs_its_number(run, keys, travel):
    rotate = ("rotate", "REGISTRAR", keys.registrar.address, keys.stranger.address, "--account", "TEST::2", "--yes")
    run(*rotate)
    travel(DAY)

    assert f"ape run compliance registrar {keys.stranger.address} NUMBER" in run(*rotate)


def test_script__acknowledge__reads_recomputes_and_marks(suite, run):
    acknowledge = ("acknowledge", "--account", "TEST::10", "--yes")

    assert "does not hold REGULATOR" in run("acknowledge", "--account", "TEST::11", "--yes", status=1)
    assert "Dry run" in run(*acknowledge, "--dry-run")
    assert run(*acknowledge).count("Acknowledged ") == 6
    assert "Nothing to acknowledge: every record is already." in run(*acknowledge)
    assert "Error: " in run("acknowledge", "BRKs", "--account", "TEST::10", status=2)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("schedule", "grant", "BOSS", "0x", "--account", "TEST::2"), 2, "'BOSS' is not one of 'ADMIN'"),
        (("schedule", "grant", "ISSUER", "0x12", "--account", "TEST::2"), 2, "ACCOUNT: '0x12' is not an address"),
        (("schedule", "revoke", "ISSUER", "0x12", "--account", "TEST::2"), 2, "ACCOUNT: '0x12' is not an address"),
        (("rotate", "ISSUER", "0x12", "0x13", "--account", "TEST::2"), 2, "OLD: '0x12' is not an address"),
        (("execute", "1", "--account", "TEST::2"), 2, "There is no operation '1', nothing was ever scheduled"),
        (("cancel", "1", "--account", "TEST::2"), 2, "There is no operation '1', nothing was ever scheduled"),
        (("check", "--plan", "nowhere.toml"), 2, "nowhere.toml does not exist"),
        (("check", "--profile", "open"), 2, "deployed with profile us-tsv of hash"),
    ],
)
def test_script__bad_input__one_sentence_and_its_status(run, arguments, status, sentence):
    said = run(*arguments, status=status)

    assert sentence in said
    assert "Traceback" not in said
