"""Keys of processes that run by themselves: from the environment, or a keystore whose passphrase is in the environment.

Never from the command line, a log or a file of this repository; and no message says anything of a key but where it was
looked for.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from eth_account import Account

from stockade.chain import KeySigner
from stockade.errors import InputError

REPORTER_KEY = "STOCKADE_REPORTER_KEY"
GATEWAY_KEY = "STOCKADE_GATEWAY_KEY"
GATEWAY_TOKEN = "STOCKADE_GATEWAY_TOKEN"  # noqa: S105 - the variable's name
PASSPHRASE = "STOCKADE_KEYSTORE_PASSPHRASE"  # noqa: S105 - the variable's name


def load_signer(variable: str, keystore: Path | None = None) -> KeySigner:
    """Who signs: the key of a keystore (Ethereum's JSON) where one is given, else the key in an environment variable
    (32 bytes in hex). Raises InputError.
    """
    return _from_keystore(keystore) if keystore else _from_environment(variable)


def _from_environment(variable: str) -> KeySigner:
    text = os.environ.get(variable, "")
    if not text:
        raise InputError(f"No key to sign with: put it into {variable} (32 bytes in hex), or give --keystore FILE.")
    # Below, the error is not raised inside `except`: eth-keys says the key itself, which must not be a cause shown.
    try:
        key = Account.from_key(text) if re.fullmatch("(0x)?[0-9a-fA-F]{64}", text) else None
    except ValueError:
        key = None
    if key is None:
        raise InputError(f"{variable} holds no key: give 32 bytes in hex, below the order of the curve.")
    return KeySigner(key)


def _from_keystore(path: Path) -> KeySigner:
    passphrase = os.environ.get(PASSPHRASE)
    if passphrase is None:
        raise InputError(f"{path} is locked: put its passphrase into {PASSPHRASE}.")
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read as a keystore: check the path and your rights.") from None
    try:
        key = Account.from_key(Account.decrypt(content, passphrase))
    except Exception:  # eth-keyfile raises whatever a damaged file makes it stumble over
        key = None
    if key is None:
        raise InputError(f"{path} does not open: it is no keystore, or {PASSPHRASE} is not its passphrase.")
    return KeySigner(key)
