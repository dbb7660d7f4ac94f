"""A token's documents (ERC-1643): name, where the text can be had, and the hash that proves it."""

from __future__ import annotations

from dataclasses import dataclass

from web3.contract.contract import ContractFunction

from stockade.errors import InputError
from stockade.reporting.reading import plain_contract, text
from stockade.suite import Suite

# The document that the listing registry asks for before a token is active: how its rights were verified (R9).
RIGHTS = "RIGHTS"


@dataclass(frozen=True)
class Document:
    """A document of a token (ERC-1643). `name` is at most 32 ASCII characters, `hash` the keccak256 of its bytes."""

    name: str
    uri: str
    hash: bytes

    @classmethod
    def given(cls, name: str, uri: str, digest: bytes) -> Document:
        """A document as someone describes it. Raises InputError naming what is wrong."""
        if not name.strip() or not name.isascii() or not name.isprintable() or len(name) > 32:
            raise InputError(f"Document name {name!r} is not 1 to 32 ASCII characters: choose another.")
        if not uri.strip():
            raise InputError(f"Document {name} has no uri: say where its text can be had.")
        if len(digest) != 32 or not any(digest):
            raise InputError(f"The hash of document {name} is not 32 bytes, or is zero: take keccak256 of its bytes.")
        return cls(name, uri, digest)


def document_key(name: str) -> bytes:
    """A document's name as it stands on chain: ASCII, zero padded."""
    return name.encode("ascii", "replace").ljust(32, b"\0")


def document_call(suite: Suite, token: str, document: Document) -> ContractFunction:
    """The call that sets or replaces a document of a token (ISSUER)."""
    return suite.listings.functions.setDocument(token, document_key(document.name), document.uri, document.hash)


def documents(suite: Suite, token: str) -> list[tuple[Document, int]]:
    """The documents of a token, each with the second (UTC) it was set."""
    functions = plain_contract(suite.w3, "ListingRegistry", suite.listings.address).functions
    found = []
    for key in functions.getAllDocuments(token).call():
        uri, digest, since = functions.getDocument(token, key).call()
        found.append((Document(ascii_text(key), text(uri), digest), since))
    return found


def ascii_text(padded: bytes) -> str:
    """What stands zero padded on chain, as text."""
    return padded.rstrip(b"\0").decode("ascii", "replace")
