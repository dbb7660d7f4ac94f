"""Who a store's records are of: the reporter's name, and which key names its wallets, kept from the first record on.

A restart under another name or key would go on with the same chain of records in words that no reader can match with
those before. So nothing is recorded or corrected before both were compared. Of the key only a print is stored: HMAC
over a fixed text, from which the key cannot be found, and which is no wallet's reference.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from stockade.errors import InputError
from stockade.store.tables import identity

_ANEW = "or follow into a new --store"


def require_key(connection: Connection, key_print: str) -> None:
    """Raises InputError unless the records were made under the key of this print (0x text)."""
    if connection.execute(select(identity.c.key_print)).scalar() != key_print:
        raise InputError(f"{_wrong_key()}.")


def require_identity(connection: Connection, reporter_id: str, key_print: str) -> bool:
    """Whether the store's identity is known yet. Raises InputError, which names what differs, when it is another."""
    row = connection.execute(select(identity.c.reporter_id, identity.c.key_print)).one_or_none()
    if row is None:
        return False
    wrong = []
    if row.reporter_id != reporter_id:
        wrong.append(
            f"The records of this store are of reporter {row.reporter_id!r}, not {reporter_id!r}: give that name as "
            f"STOCKADE_REPORTER_ID or --reporter, {_ANEW}"
        )
    if row.key_print != key_print:
        wrong.append(f"{_wrong_key()}, {_ANEW}")
    if wrong:
        raise InputError(". ".join(wrong) + ".")
    return True


def keep_identity(connection: Connection, reporter_id: str, key_print: str) -> None:
    """Writes the identity with the store's first record; later, compares. Raises InputError when it is another."""
    if not require_identity(connection, reporter_id, key_print):
        connection.execute(insert(identity).values(id=1, reporter_id=reporter_id, key_print=key_print))


def _wrong_key() -> str:
    return "STOCKADE_PARTY_KEY is not the key under which the records of this store name wallets: give that one"
