"""The databases' schemas, as committed: a store that somebody opened once is opened by every later version."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from stockade.store.opening import Store, open_database

BUILD = Path(__file__).resolve().parents[2] / "build"


@pytest.mark.parametrize(
    ("database", "version"), [("store", "0001"), ("gateway", "0001")], ids=lambda value: str(value)
)
def test_open__a_new_file__the_schema_of_its_version(database, version, tmp_path):
    store = open_database(f"sqlite:///{tmp_path}/new.db", f"stockade.{database}.migrations")

    found = schema(store)

    golden = Path(__file__).with_name(f"schema_{database}_{version}.sql")
    if found != golden.read_text(encoding="ascii"):
        BUILD.mkdir(exist_ok=True)
        (BUILD / golden.name).write_text(found, encoding="ascii")
        pytest.fail(
            f"The schema is no longer that of version {version} (compare build/{golden.name}): a change of tables or "
            f"guards takes a version of its own in migrations/versions/, and {version} must go on making what it made."
        )


def schema(store: Store) -> str:
    """Every table, index and trigger, by kind and name."""
    asked = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name"
    with store.read() as connection:
        return "".join(f"{' '.join(sql.split())};\n" for sql in connection.execute(text(asked)).scalars())
