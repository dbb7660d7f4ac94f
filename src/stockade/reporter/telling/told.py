"""What a record says of an entry."""

from __future__ import annotations

from typing import Any, NamedTuple

from eth_typing import ChecksumAddress

from stockade.wire.bodies import Body
from stockade.wire.envelope import EventType
from stockade.wire.fields import basis, hexed


class Told(NamedTuple):
    """A type of event, a body, and the token or the exemption that it is about."""

    event: EventType
    body: Body
    token: ChecksumAddress | None = None
    exemption: int | None = None


def order(ref: bytes) -> dict[str, Any]:
    """The fields of a body that say by which order, if any: its ref is the order's hash, the legal basis in front."""
    return {"legal_basis": basis(ref), "order_ref": hexed(ref) if any(ref) else None}
