"""Every way we know to write a key's signature so that a careless contract takes it, by secp256k1's own arithmetic.

A form is made from a good signature, 65 bytes: r, s, v. The kinds of test vectors are those of Project Wycheproof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from eth_keys.constants import SECPK1_N as N
from eth_keys.constants import SECPK1_P as P
from eth_keys.datatypes import Signature

LARGEST_S = N // 2
MAX_256 = 2**256 - 1


class Found(Enum):
    """What recovery makes of a form."""

    HIGH_S = "s lies in the upper half of the order"
    NOBODY = "no key signs so"
    ANOTHER = "another key, over the same digest"


@dataclass(frozen=True)
class Form:
    name: str
    make: Callable[[bytes], bytes]
    found: Found

    def __str__(self) -> str:
        return self.name


def form_of(r: int, s: int, v: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])


def parts(signature: bytes) -> tuple[int, bytes, bytes]:
    """v, r, s, as `permit` takes them."""
    return signature[64], signature[:32], signature[32:64]


def recovered(signature: bytes, digest: bytes) -> str:
    """The account whose key signs the digest with this signature (65 bytes, v 27 or 28)."""
    r, s, v = _numbers(signature)
    key = Signature(vrs=(v - 27, r, s)).recover_public_key_from_msg_hash(digest)
    return str(key.to_checksum_address())


def _numbers(signature: bytes) -> tuple[int, int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]


def _with(name: str, found: Found, r: int | None = None, s: int | None = None, v: int | None = None) -> Form:
    """The signature with some of its numbers replaced."""

    def make(signature: bytes) -> bytes:
        numbers = zip((r, s, v), _numbers(signature), strict=True)
        return form_of(*(number if given is None else given for given, number in numbers))

    return Form(name, make, found)


def _twin(signature: bytes) -> bytes:
    """The same point of the curve, said the other way: valid wherever s is not asked to be low."""
    r, s, v = _numbers(signature)
    return form_of(r, N - s, 55 - v)


def _half_twin(signature: bytes) -> bytes:
    r, s, v = _numbers(signature)
    return form_of(r, N - s, v)


def _other_parity(signature: bytes) -> bytes:
    r, s, v = _numbers(signature)
    return form_of(r, s, 55 - v)


def _old_v(signature: bytes) -> bytes:
    """v counted from zero, as some signing libraries give it."""
    return signature[:64] + bytes([signature[64] - 27])


def _swapped(signature: bytes) -> bytes:
    r, s, v = _numbers(signature)
    return form_of(s, N - r if r > LARGEST_S else r, v)


def compact(signature: bytes) -> bytes:
    """EIP-2098: 64 bytes, v in the top bit of s."""
    r, s, v = _numbers(signature)
    return form_of(r, s | (v - 27) << 255, 0)[:64]


# 5 is no x coordinate of the curve; 1 is.
NO_POINT, A_POINT = 5, 1

# 65 bytes each.
FORMS = (
    Form("twin_with_high_s", _twin, Found.HIGH_S),
    Form("high_s_same_v", _half_twin, Found.HIGH_S),
    Form("other_parity", _other_parity, Found.ANOTHER),
    Form("v_0_or_1", _old_v, Found.NOBODY),
    _with("v_0", Found.NOBODY, v=0),
    _with("v_1", Found.NOBODY, v=1),
    _with("v_2", Found.NOBODY, v=2),
    _with("v_26", Found.NOBODY, v=26),
    _with("v_29", Found.NOBODY, v=29),
    _with("v_31_as_in_a_safe", Found.NOBODY, v=31),
    _with("v_255", Found.NOBODY, v=255),
    _with("r_0", Found.NOBODY, r=0),
    _with("r_n", Found.NOBODY, r=N),
    _with("r_n_plus_1", Found.NOBODY, r=N + 1),
    _with("r_p", Found.NOBODY, r=P),
    _with("r_max", Found.NOBODY, r=MAX_256),
    _with("r_off_the_curve", Found.NOBODY, r=NO_POINT),
    _with("s_0", Found.NOBODY, s=0),
    _with("s_half_n_plus_1", Found.HIGH_S, s=LARGEST_S + 1),
    _with("s_n_minus_1", Found.HIGH_S, s=N - 1),
    _with("s_n", Found.HIGH_S, s=N),
    _with("s_n_plus_1", Found.HIGH_S, s=N + 1),
    _with("s_max", Found.HIGH_S, s=MAX_256),
    _with("r_0_s_0", Found.NOBODY, r=0, s=0),
    _with("zeros", Found.NOBODY, r=0, s=0, v=0),
    _with("ones", Found.HIGH_S, r=MAX_256, s=MAX_256, v=255),
    _with("r_1_s_1", Found.ANOTHER, r=A_POINT, s=1),
    Form("r_and_s_swapped", _swapped, Found.ANOTHER),
)

# Of other lengths, which `permit` cannot be given.
LENGTHS = (
    Form("empty", lambda signature: b"", Found.NOBODY),
    Form("64_bytes_eip_2098", compact, Found.NOBODY),
    Form("64_bytes_without_v", lambda signature: signature[:64], Found.NOBODY),
    Form("66_bytes", lambda signature: signature + b"\0", Found.NOBODY),
    Form("66_bytes_zero_first", lambda signature: b"\0" + signature, Found.NOBODY),
    Form("96_bytes_as_words", lambda signature: signature[:64] + signature[64:].rjust(32, b"\0"), Found.NOBODY),
    Form("130_bytes_twice", lambda signature: signature * 2, Found.NOBODY),
)
