"""`ape run listing profile` and the published schema: what people and other programs are shown of a profile."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
from ape_test.provider import LocalProvider
from click.testing import CliRunner

from stockade import profiles
from stockade.claims import forbidden
from tests.library.rules import GOOD, parse
from tests.support import ROOT

SCHEMA = Path(profiles.__file__).parent / "profile.schema.json"


@pytest.fixture
def run():
    """Runs a command of `ape run listing profile` and returns its exit status and what it printed."""
    spec = importlib.util.spec_from_file_location("profile_script", ROOT / "scripts" / "_listing_profile.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def invoke(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(module.profile, [str(each) for each in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return invoke


@pytest.fixture
def written(tmp_path):
    """The path of the good profile with one text put in place of another."""

    def write(old: str = "", new: str = "", name: str = "mine.toml") -> Path:
        assert old in GOOD
        (tmp_path / name).write_text(GOOD.replace(old, new, 1))
        return tmp_path / name

    return write


def test_schema__as_published__is_the_one_of_the_code_and_knows_every_key():
    published = json.loads(SCHEMA.read_text())

    assert published == profiles.schema(), "ape run listing profile schema > src/stockade/profiles/profile.schema.json"
    assert set(published["properties"]) == set(published["required"]) == set(profiles.Profile.model_fields)
    for table in published["$defs"].values():
        assert table["additionalProperties"] is False
        assert [*table["properties"]["sources"]["properties"]] == [
            key for key in table["properties"] if key != "sources"
        ]


@pytest.mark.parametrize("name", profiles.SHIPPED)
def test_show__shipped_profile__every_source_is_read_and_nothing_is_claimed(run, name):
    status, said = run("show", name)

    assert status == 0
    assert forbidden(said) == []
    words = " ".join(said.replace("│", " ").split())
    assert profiles.load(name).hash in words
    for rule in profiles.load(name).values():
        if rule.source:
            assert rule.key in words
            assert rule.source.split()[0] in words


def test_show__as_json__is_what_the_hash_is_of(run):
    status, said = run("show", "us-tsv", "--json")

    assert status == 0
    assert "0x" + hashlib.sha256(said.encode()).hexdigest() == profiles.load("us-tsv").hash


def test_check__good_profiles__are_named_with_their_hashes(run, written):
    status, said = run("check", "us-tsv", written())

    assert status == 0
    assert said == "".join(
        f"{each.id}: 19 values, each with its source; hash {each.hash}\n" for each in (profiles.load("us-tsv"), parse())
    )


def test_check__one_of_two_is_wrong__says_so_and_still_checks_the_other(run, written):
    status, said = run("check", written("quorum = 2", "quorum = 0"), "open")

    assert status == 2
    assert "mine.toml: key market.relay_quorum: Input should be greater than or equal to 1." in said
    assert "open: 19 values" in said


def test_check__against_the_suite__the_profile_on_chain_passes_and_another_fails(
    run, suite, stage, tmp_path, monkeypatch
):
    # Ape connects anew and disconnects at once, which makes it forget the snapshot that the test goes back to.
    monkeypatch.setattr(LocalProvider, "disconnect", lambda provider: None)
    suite.deployment.save(tmp_path / "1337.json")
    where = ("--network", "ethereum:local:test", "--deployment", tmp_path / "1337.json")

    status, said = run("check", stage.plan.profile.id, *where)
    assert (status, said.splitlines()[1:]) == (0, ["  On chain with exemption 1."])

    status, said = run("check", "open", *where)
    assert status == 1
    assert "The hash of open stands with no exemption of the suite" in said


def test_diff__equal_but_for_a_comment__ends_with_zero(run, written):
    status, said = run("diff", written(), written("[token]", "# Why.\n[token]", "again.toml"))

    assert (status, said) == (0, f"Equal, with the hash {parse().hash}.\n")


def test_diff__one_value__shows_it_with_both_sources_and_ends_with_one(run, written):
    other = written("relay_quorum = 2", "relay_quorum = 3", "other.toml")

    status, said = run("diff", written(), other)

    assert status == 1
    assert "market.relay_quorum" in said
    assert said.count("[own] Made up.") == 2
    assert "1 of 22 differ, in value or source." in said
    assert "heartbeat" not in said


def test_differences__a_source_alone__is_one(written):
    ((before, after),) = profiles.differences(parse(), parse("[S] R1: it ends.", "[bg] R1: it ends."))

    assert before == profiles.Rule("token.lapse_stops", "transfers", "[S] R1: it ends.")
    assert after == before._replace(source="[bg] R1: it ends.")
