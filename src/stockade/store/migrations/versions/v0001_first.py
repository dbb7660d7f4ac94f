"""The first tables and their guards, made of `tables` while there is no other version. The change that brings a second
writes them out here; tests/reporting/test_schemas.py says when that is.
"""

from __future__ import annotations

from alembic import op

from stockade.store import tables
from stockade.store.migrations.guards import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    tables.metadata.create_all(connection)
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
