"""The guards: what the database refuses, whoever asks. One trigger a table and an act."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from stockade.store import tables

_FINAL = "(SELECT coalesce(max(f.block), -1) FROM finality AS f)"

# A fact is never changed. It goes or comes only above what is final; a block that no report stands in may always go.
_GUARDED_FACTS = {
    "report": f"{{row}}.block <= {_FINAL}",
    "source": f"{{row}}.since <= {_FINAL}",
    "block": f"{{row}}.number <= {_FINAL}",
}
_STANDS_IN = " AND EXISTS (SELECT 1 FROM report AS r WHERE r.block = OLD.number)"


def statements(dialect: str) -> Iterator[str]:
    """The DDL of every guard of the store, for `sqlite` or `postgresql`."""
    yield from refusing(dialect)
    for table in tables.APPEND_ONLY:
        yield from grows_only(dialect, table)
    for table in tables.FACTS:
        inside = _GUARDED_FACTS[table.name]
        gone = inside.format(row="OLD") + (_STANDS_IN if table is tables.block else "")
        yield from refused(dialect, table, "UPDATE", "", f"a {table.name} never changes")
        yield from refused(dialect, table, "DELETE", gone, f"this {table.name} is final")
        yield from refused(dialect, table, "INSERT", inside.format(row="NEW"), f"no {table.name} comes after its end")
        yield from _never_emptied(dialect, table)


def refusing(dialect: str) -> Iterator[str]:
    """What the other guards of a database need, once."""
    if dialect == "postgresql":
        yield (
            "CREATE FUNCTION stockade_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0]; END $$"
        )


def grows_only(dialect: str, table: Table) -> Iterator[str]:
    """No row of the table is ever changed or deleted."""
    for act in ("UPDATE", "DELETE"):
        yield from refused(dialect, table, act, "", f"{table.name} only grows")
    yield from _never_emptied(dialect, table)


def _never_emptied(dialect: str, table: Table) -> Iterator[str]:
    if dialect == "postgresql":
        yield (
            f"CREATE TRIGGER {table.name}_truncate BEFORE TRUNCATE ON {table.name} "
            f"EXECUTE FUNCTION stockade_refuse('{table.name} is never emptied')"
        )


def refused(dialect: str, table: Table, act: str, when: str, text: str) -> Iterator[str]:
    """An act on a row is refused with a text: always, or `when` a condition holds for OLD or, inserting, for NEW."""
    name = f"{table.name}_{act.lower()}"
    if dialect == "sqlite":
        condition = f" WHEN {when}" if when else ""
        yield f"CREATE TRIGGER {name} BEFORE {act} ON {table.name}{condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
    elif not when:
        yield (
            f"CREATE TRIGGER {name} BEFORE {act} ON {table.name} FOR EACH ROW "
            f"EXECUTE FUNCTION stockade_refuse('{text}')"
        )
    else:
        row = "NEW" if act == "INSERT" else "OLD"
        yield (
            f"CREATE FUNCTION {name}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {when} THEN RAISE EXCEPTION '{text}'; END IF; RETURN {row}; END $$"
        )
        yield f"CREATE TRIGGER {name} BEFORE {act} ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}_guard()"
