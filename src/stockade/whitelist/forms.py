"""Files that one tool writes and another reads: their fields, and a strict way to read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from stockade.errors import InputError


class Form(BaseModel):
    """Exactly these fields, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _hex(digits: int) -> Callable[[object], bytes]:
    form = re.compile(f"0x[0-9a-f]{{{digits}}}")

    def read(value: object) -> bytes:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise ValueError(f"not 0x and {digits} hex digits")
        return bytes.fromhex(value[2:])

    return read


_packed = _hex(42)


def _wallet(value: object) -> ChecksumAddress:
    if not isinstance(value, str) or not value.startswith("0x") or not is_checksum_address(value):
        raise ValueError("not an address with its EIP-55 checksum")
    return ChecksumAddress(value)  # type: ignore[arg-type]


# A ChecksumAddress, 32 bytes, a packed record without more than its 168 bits, a number of things.
Wallet = Annotated[str, BeforeValidator(_wallet)]
Hash = Annotated[bytes, BeforeValidator(_hex(64)), PlainSerializer(lambda value: "0x" + value.hex())]
Word = Annotated[
    int,
    BeforeValidator(lambda value: int.from_bytes(_packed(value), "big")),
    PlainSerializer(lambda value: f"{value:#044x}"),
]
Count = Annotated[int, Field(ge=0, lt=1 << 32)]
Number = Annotated[int, Field(ge=0, lt=1 << 63)]
Registrar = Annotated[int, Field(ge=1, lt=0xFFFF)]

_Form = TypeVar("_Form", bound=Form)


def read_content(path: Path, most: int) -> bytes:
    """A file's bytes. Raises InputError when it cannot be read or is larger than `most`."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check the path.") from None
    if len(content) > most:
        raise InputError(f"{path} is larger than {most // 1_000_000} MB: check the path, or split it.")
    return content


def write_content(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all. Raises InputError when it cannot."""
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Choose another file.") from None


def parse_form(form: type[_Form], content: bytes, refuse: Callable[[str], InputError]) -> _Form:
    """The form in a piece of JSON. Raises what `refuse` makes of the first thing that is wrong with it."""
    try:
        return form.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "as a whole"
        raise refuse(f"{where}: {first['msg']}") from None
