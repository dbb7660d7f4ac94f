"""A store's records are of one reporter, and name wallets under one key, whoever starts the follower again."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from click.testing import CliRunner

from stockade.errors import InputError
from stockade.reporter.cli import cli
from stockade.reporter.parties import KEY
from stockade.store import tables
from tests.reporting.following import PARTY_KEY, write_records

OTHER_NAME = (
    "The records of this store are of reporter 'TEST', not 'OTHER': give that name as STOCKADE_REPORTER_ID or "
    "--reporter, or follow into a new --store."
)
OTHER_KEY = (
    "STOCKADE_PARTY_KEY is not the key under which the records of this store name wallets: give that one, or follow "
    "into a new --store."
)


def test_run__the_first_record__is_written_with_who_records(following):
    following.run()

    digest = hmac.digest(PARTY_KEY, b"stockade: the key that names wallets", "sha256").hex()
    assert following.rows(tables.identity) == [(1, "TEST", "0x" + digest)]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reporter": "OTHER"}, OTHER_NAME),
        ({"key": 32 * b"\x66"}, OTHER_KEY),
        ({"reporter": "OTHER", "key": 32 * b"\x66"}, f"{OTHER_NAME} {OTHER_KEY}"),
    ],
    ids=["name", "key", "both"],
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_run__again_under_another_name_or_key__is_refused_and_nothing_is_recorded(following, restored, changed, said):
    following.run()
    records, identity = following.records(), following.rows(tables.identity)
    write_records(restored, 1)

    with pytest.raises(InputError) as refused:
        replace(following, **changed).run()

    assert str(refused.value) == said
    assert (following.records(), following.rows(tables.identity)) == (records, identity)
    following.run()
    assert len(following.records()) > len(records)


@pytest.mark.parametrize("name", ["two words", "", "-a", 65 * "a", "a\n"])
def test_follow__a_name_of_no_form__is_refused_before_anything_is_opened(name, monkeypatch, tmp_path):
    monkeypatch.setenv("STOCKADE_STORE", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv(KEY, PARTY_KEY.hex())
    done = CliRunner().invoke(
        cli, ["follow", "--rpc", "http://127.0.0.1:9", "--deployment", "none.json", "--reporter", name]
    )

    assert done.exit_code == 2
    assert "take 1 to 64 letters, digits, dots, hyphens and underscores" in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []
