"""A sanctions list, and what follows from a hit: a request to COMPLIANCE, which alone freezes.

A list is a local file: plain text, one address a line, or the SDN list of OFAC in its XML form `sdn.xml`, of which the
digital currency addresses of this kind of chain are taken. Which list is the right one, and whether it is current, is
yours to know: its version, date and SHA-256 stand in every plan and in every request.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from xml.parsers import expat

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from pydantic import Field

from stockade.errors import InputError
from stockade.whitelist.forms import Form, Number, Registrar, Wallet, parse_form, read_content, write_content
from stockade.whitelist.plan import Plan, Refusal

# The published sdn.xml has about 30 MB.
MAX_BYTES = 200_000_000

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
_LABEL = re.compile(r"#\s*(version|date):\s*(\S.*?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class SanctionsList:
    """The wallets of one version of a list."""

    version: str
    date: date
    sha256: bytes
    wallets: frozenset[ChecksumAddress]

    def __str__(self) -> str:
        return f"{self.version} of {self.date}, SHA-256 0x{self.sha256.hex()}"


@dataclass(frozen=True)
class FreezeRequest:
    """What COMPLIANCE is asked to freeze, and by which version of which list. `hash` is the keccak256 of the file,
    which the reports carry as the order.
    """

    chain_id: int
    registry: ChecksumAddress
    registrar: int
    block: int
    sanctions: str
    wallets: tuple[ChecksumAddress, ...]
    hash: bytes = b""


# ---------------------------------------------------------------- the list


def read_sanctions(path: Path, version: str = "", day: date | None = None) -> SanctionsList:
    """A list from a file; `version` and `day` where the file does not say them itself.

    A text says them as `# version: ...` and `# date: 2027-01-31`, `sdn.xml` as its date of publication and its number
    of records. Raises InputError naming the line for whatever is no list: an unread line would be an unread name.
    """
    content = read_content(path, MAX_BYTES)
    is_xml = content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    wallets, said_version, said_day = _read_sdn(path, content) if is_xml else _read_text(path, content)
    if not wallets:
        raise InputError(f"{path} names no address of this kind of chain: nothing would be held against it.")
    version, found = version or said_version, day or said_day
    if not version or not found:
        raise InputError(
            f"{path} does not say its {'date' if version else 'version'}: give --sanctions-version and "
            "--sanctions-date, or write `# version: ...` and `# date: 2027-01-31` into it."
        )
    if len(version) > 200 or not (version.isascii() and version.isprintable()):
        raise InputError(f"The version of {path} is no short line of printable ASCII: give --sanctions-version.")
    return SanctionsList(version, found, hashlib.sha256(content).digest(), frozenset(wallets))


_Found = tuple[set[ChecksumAddress], str, date | None]


def _read_text(path: Path, content: bytes) -> _Found:
    wallets, said = set(), {"version": "", "date": ""}
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        line = raw.decode("ascii", "replace").strip()
        if label := _LABEL.fullmatch(line):
            said[label[1].lower()] = label[2]
        text = line.partition("#")[0].strip()
        if text:
            wallets.add(_address(path, f"line {number}", text))
    return wallets, said["version"], _day(path, said["date"], "%Y-%m-%d")


def _address(path: Path, where: str, text: str) -> ChecksumAddress:
    if not _ADDRESS.fullmatch(text):
        raise InputError(f"{path}, {where}: {text[:80]!a} is no address: write 0x and 40 hex digits, or # before it.")
    address = to_checksum_address(text)
    if text not in (address, text.lower(), "0x" + text[2:].upper()):
        raise InputError(f"{path}, {where}: {text} fails its EIP-55 checksum: copy it again from its source.")
    return address


def _day(path: Path, text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).date() if text else None
    except ValueError:
        raise InputError(f"{path}: {text[:80]!a} is no date like {date(2027, 1, 31):{form}}.") from None


def _read_sdn(path: Path, content: bytes) -> _Found:
    """Reads `sdn.xml` as a stream of elements. A document type, and with it every entity, is refused."""
    reader = _Sdn()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise InputError(f"{path} is no XML as OFAC publishes it ({error}): download it again.") from None
    if reader.root != "sdnList":
        raise InputError(f"{path} is not the SDN list in its form sdn.xml: download that one.")
    wallets = {_address(path, f"{kind} {text}", text) for kind, text in reader.found if _ADDRESS.fullmatch(text)}
    day = _day(path, reader.said.get("Publish_Date", ""), "%m/%d/%Y")
    version = f"SDN {day}, {reader.said.get('Record_Count', 'unknown number of')} records" if day else ""
    return wallets, version, day


def _no_doctype(*_: Any) -> None:
    raise expat.ExpatError("it holds a document type")


class _Sdn:
    """Collects the pairs of idType and idNumber that are digital currency addresses, and when it was published."""

    def __init__(self) -> None:
        self.root = ""
        self.found: list[tuple[str, str]] = []
        self.said: dict[str, str] = {}
        self._kind = ""
        self._text: list[str] = []

    def start(self, name: str, _: dict[str, str]) -> None:
        self.root = self.root or name
        self._text = []
        if name == "id":
            self._kind = ""

    def text(self, piece: str) -> None:
        self._text.append(piece)

    def end(self, name: str) -> None:
        text = "".join(self._text).strip()
        if name == "idType":
            self._kind = text
        elif name == "idNumber" and self._kind.startswith("Digital Currency Address"):
            self.found.append((self._kind, text))
        elif name in ("Publish_Date", "Record_Count"):
            self.said[name] = text
        self._text = []


# ---------------------------------------------------------------- the request


def freeze_request(plan: Plan) -> FreezeRequest | None:
    """What a plan's hits ask of COMPLIANCE; None when there are none."""
    wallets = tuple(row.wallet for row in plan.refused if row.why is Refusal.SANCTIONED)
    if not wallets:
        return None
    return FreezeRequest(plan.chain_id, plan.registry, plan.registrar, plan.block, plan.sanctions, wallets)


def save_request(request: FreezeRequest, path: Path) -> None:
    """Writes the file that `ape run compliance freeze-list` takes. Raises InputError when it cannot."""
    fields = {name: getattr(request, name) for name in _Request.model_fields if hasattr(request, name)}
    form = _Request.model_construct(**{**fields, "wallets": list(request.wallets)})
    write_content(path, form.model_dump_json(indent=2).encode("ascii") + b"\n")


def read_request(path: Path) -> FreezeRequest:
    """Reads that file. Raises InputError for anything else."""
    content = read_content(path, MAX_BYTES)
    form = parse_form(_Request, content, lambda why: InputError(f"{path} is no freeze request ({why}): plan anew."))
    fields = form.model_dump(exclude={"stockade"})
    return FreezeRequest(**{**fields, "wallets": tuple(form.wallets)}, hash=keccak(content))


class _Request(Form):
    stockade: Literal["freeze request 1"] = "freeze request 1"
    chain_id: Number
    registry: Wallet
    registrar: Registrar
    block: Number
    sanctions: Annotated[str, Field(min_length=1, max_length=400)]
    wallets: Annotated[list[Wallet], Field(min_length=1)]
