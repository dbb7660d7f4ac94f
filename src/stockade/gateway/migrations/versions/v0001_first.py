"""The first tables and their guards, made of `tables` while there is no other version. The change that brings a second
writes them out here; tests/reporting/test_schemas.py says when that is.
"""

from __future__ import annotations

from alembic import op

from stockade.gateway import tables
from stockade.store.migrations.guards import grows_only, refused, refusing

revision = "0001"
down_revision = None

# An entry may go again as long as no head proves it: the node that told it may have lied.
_PROVEN = "{row}.seq <= (SELECT coalesce(max(p.sequence), 0) FROM proof AS p WHERE p.stream = {row}.stream)"


def upgrade() -> None:
    connection = op.get_bind()
    tables.metadata.create_all(connection)
    for statement in refusing(connection.dialect.name):
        connection.exec_driver_sql(statement)
    for table in tables.APPEND_ONLY:
        for statement in grows_only(connection.dialect.name, table):
            connection.exec_driver_sql(statement)
    for act, when, text in (
        ("UPDATE", "", "an entry never changes"),
        ("DELETE", _PROVEN.format(row="OLD"), "this entry is proven"),
        ("INSERT", _PROVEN.format(row="NEW"), "no entry comes after its proof"),
    ):
        for statement in refused(connection.dialect.name, tables.entry, act, when, text):
            connection.exec_driver_sql(statement)
