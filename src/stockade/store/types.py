"""Columns that hold the same value on SQLite and on PostgreSQL, byte for byte."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from sqlalchemy import Dialect, LargeBinary, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

# Digits of 2**256 - 1.
_DIGITS = 78
_WIDTH = 32


class Uint256(TypeDecorator[int]):
    """0 to 2**256 - 1, sorted as numbers: NUMERIC(78, 0) on PostgreSQL, 32 bytes big-endian on SQLite, whose own
    numbers end at 63 bits. SQLite cannot sum them: sum in Python.
    """

    impl = LargeBinary(_WIDTH)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(_DIGITS, 0))
        return dialect.type_descriptor(LargeBinary(_WIDTH))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not 0 <= value < 1 << 256:
            raise ValueError(f"{value} is no uint256")
        return Decimal(value) if dialect.name == "postgresql" else value.to_bytes(_WIDTH, "big")

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return int(value) if dialect.name == "postgresql" else int.from_bytes(value, "big")


class Address(TypeDecorator[ChecksumAddress]):
    """An account: 20 bytes in the database, checksummed text outside."""

    impl = LargeBinary(20)
    cache_ok = True

    def process_bind_param(self, value: ChecksumAddress | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value[2:])

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> ChecksumAddress | None:
        return None if value is None else to_checksum_address(value)


class Hash(TypeDecorator[str]):
    """32 bytes (or 20, of a chain) in the database, 0x text outside."""

    impl = LargeBinary(_WIDTH)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value[2:])

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else "0x" + bytes(value).hex()
