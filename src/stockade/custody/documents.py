"""The file that travels between desks: one attestation, and the signatures gathered so far.

It is what `eth_signTypedData_v4` takes, plus one key `signatures`, so that any EIP-712 wallet can show and sign it;
numbers that JavaScript cannot hold are decimal strings. No node is needed to read, sign or combine one. Reading checks
all that can be checked apart: layout, fields, and every signature against the text. Who is an attestor, and how many
must sign, the ledger says (`attestations.submit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress

from stockade.chain import Signer
from stockade.custody.safes import combine_owners, signable_safe_message
from stockade.custody.typed import check_signature, parse_field, parse_signature, plain_field, read_json, write_json
from stockade.custody.words import parse_address
from stockade.errors import InputError
from stockade.records import ATTESTATION_FIELDS, Attestation, SentenceKind

_KEYS = {"types", "primaryType", "domain", "message", "signatures"}
_REQUIRED, _OPTIONAL = {"attestor", "signature"}, {"contract", "owner"}


@dataclass(frozen=True)
class Signature:
    """One signature under a document, of one of three forms:

    an attestor's key signed: `attestor` and 65 bytes;
    a contract wallet's, passed through as given: `contract` is true, only the chain can judge it;
    the part of one owner of a Safe that is an attestor: `owner` and 65 bytes over the Safe's own message.
    """

    attestor: ChecksumAddress
    value: bytes
    contract: bool = False
    owner: ChecksumAddress | None = None

    @property
    def signer(self) -> ChecksumAddress:
        """Whose signature it is."""
        return self.owner or self.attestor

    def plain(self) -> dict[str, Any]:
        """As it stands in a file."""
        entry: dict[str, Any] = {"attestor": self.attestor, "signature": "0x" + self.value.hex()}
        if self.contract:
            entry["contract"] = True
        if self.owner is not None:
            entry["owner"] = self.owner
        return entry


@dataclass(frozen=True)
class Document:
    """One attestation for one ledger on one chain. `source` is the file it came from, for errors."""

    attestation: Attestation
    chain_id: int
    ledger: ChecksumAddress
    signatures: tuple[Signature, ...] = ()
    source: str = "document"

    @property
    def digest(self) -> bytes:
        """What the attestors sign, and the ref of the MINT or BURN that follows."""
        return self.attestation.digest(self.chain_id, self.ledger)

    @property
    def votes(self) -> list[tuple[ChecksumAddress, bytes]]:
        """What the ledger takes: one vote an attestor, ascending; the parts of a Safe's owners as one."""
        owners: dict[ChecksumAddress, list[tuple[ChecksumAddress, bytes]]] = {}
        votes = {}
        for each in self.signatures:
            if each.owner is None:
                votes[each.attestor] = each.value
            else:
                owners.setdefault(each.attestor, []).append((each.owner, each.value))
        votes |= {safe: combine_owners(parts) for safe, parts in owners.items()}
        return sorted(votes.items(), key=lambda vote: int(vote[0], 16))

    def require(self, chain_id: int, ledger: str) -> None:
        """Raises InputError when the document is for another chain or another ledger."""
        if self.chain_id != chain_id:
            raise InputError(
                f"{self.source}, field domain.chainId: the attestation is for chain {self.chain_id}, this is chain "
                f"{chain_id}: choose the --network it was built for, or build it on this one."
            )
        if self.ledger != ledger:
            raise InputError(
                f"{self.source}, field domain.verifyingContract: the attestation is for the ledger {self.ledger}, this "
                f"suite's is {ledger}: choose the deployment it was built for, or build it for this one."
            )

    def typed_data(self) -> dict[str, Any]:
        """The EIP-712 document as JSON values."""
        typed = self.attestation.typed_data(self.chain_id, self.ledger)
        kinds = dict(ATTESTATION_FIELDS)
        typed["message"] = {name: plain_field(kinds[name], value) for name, value in typed["message"].items()}
        return typed

    def with_signature(self, signature: Signature) -> Document:
        """The document with one more signature. Raises InputError when it is malformed, not over this text, or a second
        one of the same attestor or owner.
        """
        _check(self, signature, f"the signature of {signature.signer}")
        if _clashes(signature, self.signatures):
            raise InputError(f"{self.source}: {signature.signer} has signed it already: have another desk sign.")
        return replace(self, signatures=(*self.signatures, signature))

    def write(self, path: Path, overwrite: bool = False) -> None:
        """Writes the file whole or not at all."""
        signatures = [signature.plain() for signature in self.signatures]
        write_json(path, self.typed_data() | {"signatures": signatures}, overwrite)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Reads and checks a file. Raises InputError naming the file, the field and the remedy."""
        return _parse(read_json(path, "an attestation document"), str(path))


def sign(document: Document, signer: Signer, safe: ChecksumAddress | None = None) -> Document:
    """The document with the signer's signature; with `safe`, the signer's part as an owner of that Safe."""
    if safe is None:
        message = document.attestation.message(document.chain_id, document.ledger)
        return document.with_signature(Signature(signer.address, signer.sign_message(message)))
    message = signable_safe_message(safe, document.digest, document.chain_id)
    return document.with_signature(Signature(safe, signer.sign_message(message), owner=signer.address))


def combine(documents: Sequence[Document]) -> Document:
    """One document out of copies signed apart, its signatures ascending by attestor. Raises InputError when two differ
    in anything but their signatures, or hold a signature of the same attestor.
    """
    if not documents:
        raise InputError("There is nothing to combine: name the signed documents.")
    first = documents[0]
    gathered: tuple[Signature, ...] = ()
    for document in documents:
        _same_text(first, document)
        for signature in document.signatures:
            if _clashes(signature, gathered):
                raise InputError(
                    f"{document.source}: {signature.signer} signed another of these documents too: an attestor has one "
                    "vote, so leave one of them out, and have another desk sign if that is too few."
                )
            gathered += (signature,)
    ordered = sorted(gathered, key=lambda each: (int(each.attestor, 16), int(each.signer, 16)))
    return replace(first, signatures=tuple(ordered))


# ---------------------------------------------------------------- comparing


def _clashes(signature: Signature, others: Iterable[Signature]) -> bool:
    """Whether the attestor has its vote already. The owners of one Safe sign once each."""
    for other in others:
        both_owners = signature.owner is not None and other.owner is not None
        if signature.attestor == other.attestor and not (both_owners and signature.owner != other.owner):
            return True
    return False


def _same_text(first: Document, other: Document) -> None:
    a, b = _flat(first), _flat(other)
    for field, value in b.items():
        if value != a[field]:
            raise InputError(
                f"{other.source}, field {field}: {value} here, {a[field]} in {first.source}: all must sign the same "
                "attestation; build it once and send that one file to every desk."
            )


def _flat(document: Document) -> dict[str, Any]:
    typed = document.typed_data()
    domain = {f"domain.{key}": value for key, value in typed["domain"].items()}
    return domain | {f"message.{key}": value for key, value in typed["message"].items()}


# ---------------------------------------------------------------- reading


def _parse(content: object, source: str) -> Document:
    if not isinstance(content, dict) or set(content) != _KEYS:
        wrong = sorted(_KEYS.symmetric_difference(content if isinstance(content, dict) else []))
        raise InputError(
            f"{source}: missing or unknown keys {', '.join(wrong)}; let `ape run custody build` write the document."
        )
    message, domain = content["message"], content["domain"]
    if not isinstance(message, dict) or set(message) != {name for name, _ in ATTESTATION_FIELDS}:
        raise InputError(f"{source}, field message: not the fields of an attestation; build the document again.")
    if not isinstance(domain, dict):
        raise InputError(f"{source}, field domain: not an EIP-712 domain; build the document again.")
    values = tuple(
        parse_field(kind, message[name], f"{source}, field message.{name}") for name, kind in ATTESTATION_FIELDS
    )
    try:
        attestation = Attestation.from_tuple(values)
    except ValueError:
        known = ", ".join(f"{kind.value} {kind.name}" for kind in SentenceKind)
        raise InputError(f"{source}, field message.kind: {values[2]} is unknown: the kinds are {known}.") from None
    document = Document(
        attestation,
        parse_field("uint256", domain.get("chainId"), f"{source}, field domain.chainId"),
        parse_address(domain.get("verifyingContract"), f"{source}, field domain.verifyingContract"),
        source=source,
    )
    expected = document.typed_data()
    for field in ("types", "primaryType"):
        if content[field] != expected[field]:
            raise InputError(
                f"{source}, field {field}: not the ledger's, so a wallet would show or sign something else; build the "
                "document again."
            )
    if domain | {"chainId": document.chain_id} != expected["domain"]:
        raise InputError(f"{source}, field domain: not a Stockade ledger's; build the document again.")
    return replace(document, signatures=_signatures(content["signatures"], document))


def _signatures(entries: object, document: Document) -> tuple[Signature, ...]:
    if not isinstance(entries, list):
        raise InputError(f"{document.source}, field signatures: not a list; build the document again.")
    for number, entry in enumerate(entries):
        where = f"{document.source}, field signatures[{number}]"
        if not isinstance(entry, dict) or not _REQUIRED <= set(entry) <= _REQUIRED | _OPTIONAL:
            raise InputError(f"{where}: it needs attestor and signature, and may have contract or owner; sign again.")
        owner = entry.get("owner")
        signature = Signature(
            parse_address(entry["attestor"], f"{where}.attestor"),
            parse_signature(entry["signature"], f"{where}.signature"),
            entry.get("contract") is True,
            None if owner is None else parse_address(owner, f"{where}.owner"),
        )
        _check(document, signature, f"field signatures[{number}]")
        if _clashes(signature, document.signatures):
            raise InputError(f"{where}: {signature.signer} signed twice: remove one of the two.")
        document = replace(document, signatures=(*document.signatures, signature))
    return document.signatures


def _check(document: Document, signature: Signature, what: str) -> None:
    """A key's signature must be well-formed, low-s and its signer's; a contract's can only be judged on chain."""
    where = f"{document.source}, {what}"
    if signature.contract:
        if signature.owner is not None or not signature.value:
            raise InputError(f"{where}: a contract wallet's signature has bytes and names no owner; add it again.")
        return
    if signature.owner is None:
        message = document.attestation.message(document.chain_id, document.ledger)
    else:
        message = signable_safe_message(signature.attestor, document.digest, document.chain_id)
    check_signature(message, signature.value, signature.signer, where)
