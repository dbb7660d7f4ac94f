"""Where records go: a name, an address, and who may acknowledge there. One worker at a time sends to a destination."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from eth_typing import ChecksumAddress
from eth_utils.address import is_address, is_checksum_address, to_checksum_address
from sqlalchemy import Connection, insert, select, update

from stockade.errors import InputError
from stockade.store import Store
from stockade.store.opening import locked
from stockade.store.tables import destination


@dataclass(frozen=True)
class Destination:
    """A receiver of records. `url` is where its gateway answers, `signer` whose acknowledgements count."""

    name: str
    url: str
    signer: ChecksumAddress

    @classmethod
    def given(cls, name: str, url: str, signer: str) -> Destination:
        """A destination as someone describes it. Raises InputError naming what is wrong."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
            raise InputError(f"Name {name!r}: take 1 to 32 of a-z, 0-9 and the hyphen.")
        if not is_address(signer) or (signer != signer.lower() and not is_checksum_address(signer)):
            raise InputError(f"Signer {signer!r} is no address: take the one that the gateway's operator names.")
        return cls(name, _checked(url), to_checksum_address(signer))


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not url.isascii() or not url.isprintable() or parts.scheme not in ("http", "https"):
        raise InputError(f"Address {url!r} is none of a gateway: give https://HOST[:PORT][/PATH].")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError("The address holds more than host and path: a token has its place in STOCKADE_GATEWAY_TOKEN.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InputError(f"Address {url!r} is not encrypted: beyond this machine give https://.")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def set_destination(store: Store, given: Destination) -> None:
    """Adds a destination, or changes the one of that name: where it stands with its records stays as it is."""
    values = {"url": given.url, "signer": given.signer}
    with store.write() as connection:
        changed = connection.execute(update(destination).where(destination.c.name == given.name).values(values))
        if not changed.rowcount:
            connection.execute(insert(destination).values(name=given.name, **values))


def destinations(connection: Connection) -> list[Destination]:
    """All of them, by name."""
    return [Destination(*row) for row in connection.execute(select(destination).order_by(destination.c.name))]


def named(connection: Connection, name: str) -> Destination:
    """One of them. Raises InputError."""
    row = connection.execute(select(destination).where(destination.c.name == name)).one_or_none()
    if row is None:
        raise InputError(f"There is no destination {name!r}: `stockade-report destination add --help`.")
    return Destination(*row)


@dataclass(frozen=True)
class Turn:
    """One worker's turn at a destination. `write` begins the transaction that ends it."""

    destination: Destination
    _store: Store
    _holds: Connection | None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """What came of this turn. On PostgreSQL this is the transaction that holds the destination: a worker that lost
        it meanwhile writes nothing.
        """
        with nullcontext(self._holds) if self._holds is not None else self._store.write() as connection:
            yield connection


@contextmanager
def turn_at(store: Store, name: str) -> Iterator[Turn | None]:
    """Holds a destination; None while another worker does. Database or kernel free it when its process ends, however.

    PostgreSQL locks the destination's row, SQLite a file beside the store's. Raises InputError for an unknown name.
    """
    with store.read() as connection:
        found = named(connection, name)
    if store.file:
        with locked(store.file.with_name(f"{store.file.name}.to-{name}.lock")) as ours:
            yield Turn(found, store, None) if ours else None
        return
    with store.write() as connection:
        row = select(destination).where(destination.c.name == name).with_for_update(skip_locked=True)
        held = connection.execute(row).one_or_none()
        yield None if held is None else Turn(Destination(*held), store, connection)
