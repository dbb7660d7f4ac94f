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
    """The DDL of every guard, for `sqlite` or `postgresql`."""
    if dialect == "postgresql":
        yield (
            "CREATE FUNCTION stockade_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0]; END $$"
        )
    for table in tables.APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            yield from _trigger(dialect, table, act, "", f"{table.name} only grows")
    for table in tables.FACTS:
        inside = _GUARDED_FACTS[table.name]
        gone = inside.format(row="OLD") + (_STANDS_IN if table is tables.block else "")
        yield from _trigger(dialect, table, "UPDATE", "", f"a {table.name} never changes")
        yield from _trigger(dialect, table, "DELETE", gone, f"this {table.name} is final")
        yield from _trigger(dialect, table, "INSERT", inside.format(row="NEW"), f"no {table.name} comes after its end")
    if dialect == "postgresql":
        for table in (*tables.APPEND_ONLY, *tables.FACTS):
            yield (
                f"CREATE TRIGGER {table.name}_truncate BEFORE TRUNCATE ON {table.name} "
                f"EXECUTE FUNCTION stockade_refuse('{table.name} is never emptied')"
            )


def _trigger(dialect: str, table: Table, act: str, when: str, text: str) -> Iterator[str]:
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
