"""What stopped a stream: stored once, however often it is tried again, and ended when the stream goes on."""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, insert, select

from stockade.errors import StockadeError
from stockade.store import Store, tables


class Incident(StockadeError):
    """What the chain or the node says cannot be written without an untruth in it; somebody must look at it. `subject`:
    who noticed, and of what, as in follow/registry.
    """

    def __init__(self, subject: str, problem: str, block: int, remedy: str) -> None:
        super().__init__(f"Incident at block {block}, {subject}: {problem}. Nothing was written; {remedy}.")
        self.subject, self.problem, self.block = subject, problem, block


def now() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


def keep(store: Store, incident: Incident) -> None:
    """Stores an incident, unless the same one is open already."""
    it = tables.incident.c
    same = (it.subject == incident.subject, it.problem == incident.problem, it.block == incident.block)
    with store.write() as connection:
        if connection.execute(select(it.id).where(*same, _open())).first() is None:
            row = {"subject": incident.subject, "problem": incident.problem, "block": incident.block}
            connection.execute(insert(tables.incident).values(**row, opened_at=now()))


def end(connection: Connection, noticed_by: str) -> None:
    """Ends the open incidents that `noticed_by` noticed."""
    of_it = tables.incident.c.subject.startswith(f"{noticed_by}/", autoescape=True)
    for number in connection.execute(select(tables.incident.c.id).where(of_it, _open())).scalars().all():
        connection.execute(insert(tables.incident_end).values(incident=number, ended_at=now()))


def open_incidents(connection: Connection) -> list[RowMapping]:
    """Those that are not over, the oldest first."""
    asked = select(tables.incident).where(_open()).order_by(tables.incident.c.id)
    return list(connection.execute(asked).mappings())


def _open() -> ColumnElement[bool]:
    return ~exists().where(tables.incident_end.c.incident == tables.incident.c.id)
