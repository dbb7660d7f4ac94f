"""What was signed, on disk before anybody else knows of it: an SQLite file that survives its process.

Write-ahead log with a full sync at every commit. The file is locked as long as its process lives: the lock is SQLite's
own, which the operating system releases when the process ends, however it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from eth_typing import ChecksumAddress

from stockade.errors import InputError

# "STKJ": tells a journal from any other SQLite file.
_APPLICATION = 0x53544B4A

_TABLES = """
CREATE TABLE purpose (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE job (
    id INTEGER PRIMARY KEY, nonce INTEGER NOT NULL, key TEXT NOT NULL, receiver TEXT NOT NULL, data BLOB NOT NULL,
    gas INTEGER NOT NULL, state TEXT NOT NULL, block INTEGER NOT NULL, block_hash BLOB NOT NULL,
    gas_used INTEGER NOT NULL, price INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_for_a_nonce ON job (nonce) WHERE state IN ('open', 'done');
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES job, hash BLOB NOT NULL UNIQUE, raw BLOB NOT NULL,
    max_fee INTEGER NOT NULL, tip INTEGER NOT NULL, block INTEGER NOT NULL
);
"""


class State(StrEnum):
    """Where a job stands. OPEN and DONE hold their nonce; the call of the other two is never sent again."""

    OPEN = "open"  # signed; perhaps broadcast, not known to be mined
    DONE = "done"  # mined, and did what it should
    REVERTED = "reverted"  # mined, and did nothing
    LOST = "lost"  # another transaction of this account was mined under its nonce


@dataclass(frozen=True)
class Job:
    """One call to be made: `gas` is the transaction's limit, `key` means something to the caller alone."""

    key: str
    to: ChecksumAddress
    data: bytes
    gas: int


@dataclass(frozen=True)
class Attempt:
    """One signed transaction. Fees in wei for a unit of gas; `block` is the chain's height when it was signed."""

    hash: bytes
    raw: bytes
    max_fee: int
    tip: int
    block: int


@dataclass(frozen=True)
class Entry:
    """A job under its nonce, with every transaction that was signed for it, oldest first.

    `block`, `block_hash`, `gas_used` and `price` (wei for a unit of gas) are those of the mined one.
    """

    id: int
    nonce: int
    job: Job
    state: State
    attempts: tuple[Attempt, ...]
    block: int = 0
    block_hash: bytes = b""
    gas_used: int = 0
    price: int = 0


class Journal:
    """A journal on disk, open for one process. `purpose` names what it is kept for and must be what it was made with.

    Raises InputError when another process has it, when it is no journal, or one of another purpose.
    """

    def __init__(self, path: Path, purpose: Mapping[str, str]) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise InputError(f"{path} cannot be written ({error}): name another file for the journal.") from None
        try:
            self._open(purpose)
        except sqlite3.DatabaseError as error:
            self.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                fault = "is in use by another process: wait until that one has ended"
            else:
                fault = f"cannot be used as a journal ({error}): name another file"
            raise InputError(f"{path} {fault}.") from None
        except InputError:
            self.close()
            raise

    def _open(self, purpose: Mapping[str, str]) -> None:
        # The lock is taken with the first access and kept; readers are locked out too.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA fullfsync = ON")  # macOS: through the disk's own cache as well
        with self._transaction():
            (application,) = self._db.execute("PRAGMA application_id").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not tables:
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._db.executemany("INSERT INTO purpose VALUES (?, ?)", purpose.items())
            elif application != _APPLICATION:
                raise InputError(f"{self.path} is another program's file: name another one for the journal.")
        found = dict(self._db.execute("SELECT name, value FROM purpose"))
        for name, value in purpose.items():
            if found.get(name) != value:
                raise InputError(
                    f"{self.path} is the journal of another {name} ({found.get(name)} instead of {value}): "
                    f"go on with that {name}, or name another file for the journal."
                )

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the lock back."""
        self._db.close()

    # ---------------------------------------------------------------- writing, each on disk when it returns

    def add(self, nonce: int, job: Job, attempt: Attempt) -> Entry:
        """A new job and the first transaction signed for it."""
        with self._transaction():
            cursor = self._db.execute(
                "INSERT INTO job (nonce, key, receiver, data, gas, state, block, block_hash, gas_used, price) "
                "VALUES (?, ?, ?, ?, ?, ?, 0, x'', 0, 0)",
                (nonce, job.key, job.to, job.data, job.gas, State.OPEN),
            )
            entry = Entry(int(cursor.lastrowid or 0), nonce, job, State.OPEN, (attempt,))
            self._insert(entry, attempt)
        return entry

    def replace(self, entry: Entry, attempt: Attempt) -> Entry:
        """Another transaction for the same job and nonce."""
        with self._transaction():
            self._insert(entry, attempt)
        return replace(entry, attempts=(*entry.attempts, attempt))

    def settle(self, entry: Entry) -> None:
        """Where the entry stands now, as its fields say."""
        with self._transaction():
            self._db.execute(
                "UPDATE job SET state = ?, block = ?, block_hash = ?, gas_used = ?, price = ? WHERE id = ?",
                (entry.state, entry.block, entry.block_hash, entry.gas_used, entry.price, entry.id),
            )

    def _insert(self, entry: Entry, attempt: Attempt) -> None:
        self._db.execute(
            "INSERT INTO attempt (job, hash, raw, max_fee, tip, block) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.id, attempt.hash, attempt.raw, attempt.max_fee, attempt.tip, attempt.block),
        )

    # ---------------------------------------------------------------- reading

    def entries(self, *states: State, since: int = 0) -> Iterator[Entry]:
        """The entries in these states whose nonce is at least `since`, by nonce."""
        marks = ",".join("?" * len(states))
        for row in self._db.execute(
            "SELECT id, nonce, key, receiver, data, gas, state, block, block_hash, gas_used, price FROM job "  # noqa: S608 (question marks only)
            f"WHERE state IN ({marks}) AND nonce >= ? ORDER BY nonce, id",
            (*states, since),
        ).fetchall():
            number, nonce, key, receiver, data, gas, state, *mined = row
            attempts = self._db.execute(
                "SELECT hash, raw, max_fee, tip, block FROM attempt WHERE job = ? ORDER BY id", (number,)
            )
            job = Job(key, receiver, data, gas)
            yield Entry(number, nonce, job, State(state), tuple(Attempt(*each) for each in attempts), *mined)

    def keys(self, *states: State) -> list[str]:
        """The keys of the jobs in these states, in order of nonce."""
        marks = ",".join("?" * len(states))
        question = f"SELECT key FROM job WHERE state IN ({marks}) ORDER BY nonce, id"  # noqa: S608 (question marks only)
        return [key for (key,) in self._db.execute(question, states)]

    def totals(self) -> tuple[int, int, int]:
        """Transactions mined, the gas they used, and what that cost in wei."""
        mined = self._db.execute("SELECT gas_used, price FROM job WHERE gas_used > 0").fetchall()
        return len(mined), sum(gas for gas, _ in mined), sum(gas * price for gas, price in mined)

    def next_nonce(self) -> int:
        """One more than the highest nonce that was ever signed for; 0 when none was."""
        (highest,) = self._db.execute("SELECT max(nonce) FROM job").fetchone()
        return 0 if highest is None else int(highest) + 1

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
