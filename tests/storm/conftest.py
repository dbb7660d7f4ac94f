"""A PostgreSQL server for the storms alone: they take minutes, and other tests' databases need not live as long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reporting.postgres import postgres_server


@pytest.fixture
def storm_store() -> Iterator[str]:
    """The URL of a new, empty database."""
    with postgres_server() as server:
        yield server.database()
