"""Random messages of the two types that people sign, from one seed: every field at its ends first, then at random."""

from __future__ import annotations

import random
from typing import Any

from eth_account.messages import SignableMessage
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from stockade.custody.typed import plain_field
from stockade.records import ATTESTATION_FIELDS, Attestation

SEED = 712
COUNT = 1000

DOMAIN_FIELDS = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
PERMIT_FIELDS = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
# The token hashes a permit only while its deadline has not passed; this one is in 2242.
EARLIEST_DEADLINE = 2**33


def messages(fields: tuple[tuple[str, str], ...], least: dict[str, int] | None = None) -> list[dict[str, Any]]:
    """So many messages of a type, each field by its name; `least` where a field may not be as low as zero."""
    dice = random.Random(SEED)
    floors = least or {}

    def value(name: str, kind: str, end: int | None = None) -> Any:
        width = 160 if kind == "address" else 256 if kind == "bytes32" else int(kind.removeprefix("uint"))
        ends = (floors.get(name, 0), 2**width - 1)
        # Of every length, not only long ones.
        number = dice.getrandbits(dice.randint(1, width)) if end is None else ends[end]
        number = max(number, ends[0])
        if kind == "address":
            return to_checksum_address(number.to_bytes(20, "big"))
        return number.to_bytes(32, "big") if kind == "bytes32" else number

    drawn = [{name: value(name, kind, end) for name, kind in fields} for end in (0, 1)]
    for place in range(len(fields)):
        drawn += [
            {other: value(other, that, end if at == place else None) for at, (other, that) in enumerate(fields)}
            for end in (0, 1)
        ]
    drawn += [{name: value(name, kind) for name, kind in fields} for _ in range(COUNT - len(drawn))]
    return drawn


def attestations() -> list[Attestation]:
    """Attestations of any content, sound or not: what is hashed is not judged."""
    names = [name for name, _ in ATTESTATION_FIELDS]
    return [Attestation(*(message[name] for name in names)) for message in messages(ATTESTATION_FIELDS)]


def permits() -> list[dict[str, Any]]:
    """Permits, each of another owner, so that each owner's nonce can be set beforehand."""
    drawn = messages(PERMIT_FIELDS, {"deadline": EARLIEST_DEADLINE})
    for place, permit in enumerate(drawn):
        if permit["owner"] in {each["owner"] for each in drawn[:place]}:
            permit["owner"] = to_checksum_address((2**159 + place).to_bytes(20, "big"))
    return drawn


def permit_document(token_name: str, chain_id: int, token: str, permit: dict[str, Any]) -> dict[str, Any]:
    """A permit as a wallet is asked to sign it, in JSON values."""
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in DOMAIN_FIELDS],
            "Permit": [{"name": name, "type": kind} for name, kind in PERMIT_FIELDS],
        },
        "primaryType": "Permit",
        "domain": {"name": token_name, "version": "1", "chainId": chain_id, "verifyingContract": token},
        "message": {name: plain_field(kind, permit[name]) for name, kind in PERMIT_FIELDS},
    }


def digest_of(message: SignableMessage) -> bytes:
    """What is signed in the end."""
    return keccak(b"\x19" + message.version + message.header + message.body)
