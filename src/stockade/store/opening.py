"""A store by its URL: an SQLite file, or a PostgreSQL database; migrated when it is opened.

Nothing of SQLAlchemy's or a driver's comes out of here but as a StockadeError of one sentence, and no URL, which may
hold a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from stockade.errors import InputError, StockadeError


class StoreError(StockadeError):
    """The database is full, gone, or refuses: nothing of the transaction was written, and it may be tried again."""


# Seconds that one process waits for another's transaction on SQLite.
_PATIENCE = 30


@dataclass(frozen=True)
class Store:
    """An open store. `file` is where an SQLite store lies; None for PostgreSQL."""

    engine: Engine
    file: Path | None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads: everything in it is of one moment, that of its first question."""
        with _in_words(), self.engine.connect() as connection:
            if not self.file:  # by default PostgreSQL looks anew for every question
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, done as a whole or not at all."""
        with _in_words(), self.engine.connect() as plain:
            connection = plain.execution_options(stockade_writes=True)
            if not self.file:
                connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                yield connection

    @contextmanager
    def alone(self, purpose: str) -> Iterator[None]:
        """Held by one process at a time, and freed by kernel or server however it ends. Raises StockadeError."""
        taken = StockadeError(f"Another process holds this store ({purpose}): let it end first.")
        if self.file:
            with locked(self.file.with_name(f"{self.file.name}.{purpose}.lock")) as ours:
                if not ours:
                    raise taken
                yield
            return
        with _in_words(), self.engine.connect() as connection:
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key_of(purpose)}).scalar():
                raise taken
            connection.commit()
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key_of(purpose)})
                connection.commit()


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Holds a file's lock; False while another process does. Raises StoreError where the file cannot be written."""
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:  # which is an OSError too
        pass
    except OSError as error:
        raise StoreError(
            f"The file {file} cannot be locked ({error.strerror}): see that the store's folder may be written and has "
            "room."
        ) from None
    try:
        yield lock.is_locked
    finally:
        lock.release()


def key_of(purpose: str) -> int:
    """PostgreSQL's advisory locks have numbers for names."""
    return int.from_bytes(hashlib.sha256(f"stockade {purpose}".encode()).digest()[:8], "big", signed=True)


def open_store(url: str) -> Store:
    """Opens a store and brings its tables up to this version. Raises InputError or StockadeError."""
    return open_database(url, "stockade.store.migrations")


def open_database(url: str, migrations: str) -> Store:
    """The same for any database whose versions are in a package of ours."""
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ArgumentError
    except (ArgumentError, ValueError):
        raise InputError("The store is no address of a database: give sqlite:///FILE or postgresql://...") from None
    file = None
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError("A store in memory would be lost: give sqlite:///FILE.")
        file = Path(parsed.database)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The store's folder {file.parent} cannot be made ({error.strerror}): give sqlite:///FILE in a folder "
                "that may be written."
            ) from None
    with _in_words():
        engine = create_engine(parsed, connect_args={"timeout": _PATIENCE} if file else {}, pool_pre_ping=True)
        if file:
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
        store = Store(engine, file)
        try:
            _migrate(store, migrations)
        except BaseException:
            engine.dispose()
            raise
    return store


def _prepare(connection: Any, _: Any) -> None:
    """We begin transactions ourselves; the log is written ahead and synced at every commit. A step's pages fit into the
    cache (32 MiB), or they would be written before the commit, and read again.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -32768"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("stockade_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(store: Store, package: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files(package)))
    with store.write() as connection:
        if not store.file:  # several processes may open a new database at once
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key_of("migration")})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:  # it names a version that is none of ours
            raise InputError(
                "The store is of a newer version of Stockade than this one: take that version, or another store."
            ) from None


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        cause = getattr(error, "orig", None) or error
        said = getattr(getattr(cause, "diag", None), "message_primary", None) or str(cause)
        words = " ".join(said.split())[:200]
        raise StoreError(f"The database says: {words}. Nothing of this step was written.") from error
