"""EIP-712 documents as files: field values as JSON, and the check of a key's signature over one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage

from stockade.custody.words import parse_address, parse_word
from stockade.errors import InputError

SIGNATURE_BYTES = 65

# secp256k1's order, halved: a signature above it has a twin below, and the contracts take the lower one only.
HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2


def read_json(path: Path, what: str) -> Any:
    """A JSON file. Raises InputError naming it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as {what}: {error}.") from None


def write_json(path: Path, content: Any, overwrite: bool = False) -> None:
    """Writes the file whole or not at all. Raises InputError when it exists."""
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already: remove it, or name another file with --out.")
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): name another file with --out.") from None


def parse_field(kind: str, value: object, field: str) -> Any:
    """An address, bytes32 or uintN out of JSON. A number may be a decimal string."""
    if kind == "address":
        return parse_address(value, field)
    if kind == "bytes32":
        return parse_word(value, field)
    bits = int(kind.removeprefix("uint"))
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,78}", value) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 1 << bits:
        raise InputError(f"{field}: {value!r} is not a whole number below 2^{bits}: make the document again.")
    return number


def plain_field(kind: str, value: Any) -> Any:
    """The same for JSON; uint256 as a decimal string, since JavaScript cannot hold it."""
    if kind == "bytes32":
        return "0x" + value.hex()
    return str(value) if kind == "uint256" else value


def parse_signature(text: object, field: str) -> bytes:
    """A signature's bytes in hexadecimal."""
    if isinstance(text, str) and re.fullmatch(r"0x([0-9a-fA-F]{2})*", text):
        return bytes.fromhex(text[2:])
    raise InputError(f"{field}: {text!r} is not hexadecimal: paste the wallet's answer, which begins with 0x.")


def check_signature(message: SignableMessage, value: bytes, signer: str, where: str) -> None:
    """Raises InputError unless the 65 bytes are well-formed, low-s, and the signer's over the message."""
    if len(value) != SIGNATURE_BYTES:
        raise InputError(
            f"{where}: {len(value)} bytes instead of 65 (the short form of EIP-2098 is not taken): sign with a wallet "
            "that answers eth_signTypedData_v4 in full."
        )
    if int.from_bytes(value[32:64], "big") > HALF_ORDER:
        raise InputError(f"{where}: its s is in the upper half, which the contracts refuse: sign again.")
    if value[64] not in (27, 28):
        raise InputError(f"{where}: it ends with {value[64]:02x} instead of 1b or 1c: write 1b for 00, 1c for 01.")
    try:
        found = str(Account.recover_message(message, signature=value))
    except Exception:  # eth-keys raises several kinds for points off the curve
        found = "nobody"
    if found != signer:
        raise InputError(
            f"{where}: it is not {signer}'s over this text (it recovers to {found}): the document was changed after it "
            "was signed, or another key signed; make it anew and sign again."
        )
