"""Keys of processes: where they come from, and that no refusal says them."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from eth_account import Account

from stockade.errors import InputError
from stockade.keys import PASSPHRASE, REPORTER_KEY, load_signer

KEY = "0x" + "4c" * 32
ADDRESS = Account.from_key(KEY).address


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    (path := tmp_path / "key.json").write_text(json.dumps(Account.encrypt(KEY, "open sesame", iterations=2)))
    return path


@pytest.mark.parametrize("text", [KEY, KEY[2:], KEY[2:].upper()])
def test_load_signer__a_key_in_the_environment__signs(monkeypatch, text):
    monkeypatch.setenv(REPORTER_KEY, text)

    assert load_signer(REPORTER_KEY).address == ADDRESS


def test_load_signer__no_key_anywhere__says_where_to_put_it(monkeypatch):
    monkeypatch.delenv(REPORTER_KEY, raising=False)

    with pytest.raises(InputError) as caught:
        load_signer(REPORTER_KEY)

    assert str(caught.value) == (
        "No key to sign with: put it into STOCKADE_REPORTER_KEY (32 bytes in hex), or give --keystore FILE."
    )


@pytest.mark.parametrize("text", [KEY[:-2], KEY + "00", "0x" + "ff" * 32, "0x" + "00" * 32, KEY[:-1] + "g", KEY + "\n"])
def test_load_signer__what_is_no_key__is_refused_without_saying_it(monkeypatch, text):
    monkeypatch.setenv(REPORTER_KEY, text)

    with pytest.raises(InputError) as caught:
        load_signer(REPORTER_KEY)

    assert str(caught.value) == (
        "STOCKADE_REPORTER_KEY holds no key: give 32 bytes in hex, below the order of the curve."
    )
    assert text[2:60] not in "".join(traceback.format_exception(caught.value))


def test_load_signer__a_keystore_and_its_passphrase__signs(monkeypatch, keystore):
    monkeypatch.setenv(PASSPHRASE, "open sesame")

    assert load_signer(REPORTER_KEY, keystore).address == ADDRESS


def test_load_signer__another_passphrase_or_none__is_refused_without_saying_it(monkeypatch, keystore):
    monkeypatch.setenv(PASSPHRASE, "open barley")
    with pytest.raises(InputError) as caught:
        load_signer(REPORTER_KEY, keystore)
    assert str(caught.value) == f"{keystore} does not open: it is no keystore, or {PASSPHRASE} is not its passphrase."
    assert "barley" not in "".join(traceback.format_exception(caught.value))

    monkeypatch.delenv(PASSPHRASE)
    with pytest.raises(InputError, match="is locked"):
        load_signer(REPORTER_KEY, keystore)


def test_load_signer__what_is_no_keystore__is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(PASSPHRASE, "x")
    (path := tmp_path / "key.json").write_text('{"version": 3}')

    with pytest.raises(InputError, match="does not open"):
        load_signer(REPORTER_KEY, path)
    with pytest.raises(InputError, match="cannot be read"):
        load_signer(REPORTER_KEY, tmp_path / "none.json")
