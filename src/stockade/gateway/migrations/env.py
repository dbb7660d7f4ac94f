"""Alembic's way in: it runs the versions on the connection that `stockade.store.opening` gives it."""

from __future__ import annotations

from alembic import context

from stockade.gateway import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables.metadata)
context.run_migrations()
