"""docs/roles.md as data: what people read is what a live suite is checked against.

There are two kinds of table, known by their headings; everything between them is for people. Any other table or row is
an error that names the line, so that nothing is silently left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stockade.authority.words import span
from stockade.custody.words import parse_span
from stockade.errors import InputError
from stockade.profiles import Profile
from stockade.records import Role

ROLES = ["role", "delay", "granted by"]
FUNCTIONS = ["contract", "function", "role", "delay"]

# Who else than the holders of one role may call a function; any other name is a contract's.
ANYONE = "anyone"
NOBODY = "nobody"
DEPLOYER = "the deployer"
GRANTER = "who grants the role"
OTHERS = (ANYONE, NOBODY, DEPLOYER, GRANTER)

# Conditions of a row that depend on the rule profile.
MAY_SUSPEND = "where the profile's regulator may suspend"
MAY_NOT_SUSPEND = "where it may not"


@dataclass(frozen=True)
class RoleRow:
    """A role: the least delay that its holders have (seconds), and whose holders grant it."""

    role: Role
    delay: int
    granted_by: Role


@dataclass(frozen=True)
class FunctionRow:
    """Who may call a function: the holders of `role`, or `other`. `condition` as it stands behind the function."""

    contract: str
    function: str
    role: Role | None
    other: str
    condition: str = ""


@dataclass(frozen=True)
class RoleTable:
    """The whole table."""

    roles: dict[Role, RoleRow]
    functions: tuple[FunctionRow, ...]

    def under(self, profile: Profile) -> list[FunctionRow]:
        """The rows that hold in a suite under the profile."""
        void = MAY_NOT_SUSPEND if profile.regulator.may_suspend else MAY_SUSPEND
        return [row for row in self.functions if row.condition != void]


def read_table(path: Path) -> RoleTable:
    """The table in a file. Raises InputError naming file, line and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    roles: dict[Role, RoleRow] = {}
    functions: list[FunctionRow] = []
    for where, heading, cells in _rows(path, text):
        if heading == ROLES:
            row = _role_row(where, cells)
            if row.role in roles:
                raise InputError(f"{where}: {row.role.name} stands there twice: remove one.")
            roles[row.role] = row
        else:
            functions.append(_function_row(where, cells, roles, functions))
    if missing := [role.name for role in Role if role not in roles]:
        raise InputError(f"{path}: no row for {', '.join(missing)}: add it to the table of roles.")
    if not functions:
        raise InputError(f"{path}: no table with the columns {', '.join(FUNCTIONS)}: add it.")
    return RoleTable(roles, tuple(functions))


def _rows(path: Path, text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The rows below one of the two headings: where each stands, its heading, its cells."""
    heading: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("|"):
            heading = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if heading is None:
            heading = next((each for each in (ROLES, FUNCTIONS) if cells[: len(each)] == each), None)
            if heading is None:
                raise InputError(f"{path}, line {number}: no table begins so: write | {' | '.join(FUNCTIONS)} |.")
        elif set(line) - set("|-: "):
            if len(cells) < len(heading):
                raise InputError(f"{path}, line {number}: it has {len(cells)} cells: write {' | '.join(heading)}.")
            yield f"{path}, line {number}", heading, cells


def _role_row(where: str, cells: list[str]) -> RoleRow:
    name, delay, granter = cells[: len(ROLES)]
    return RoleRow(_role(where, name), _delay(where, delay), _role(where, granter))


def _function_row(where: str, cells: list[str], roles: dict[Role, RoleRow], known: list[FunctionRow]) -> FunctionRow:
    contract, function, who, delay = cells[: len(FUNCTIONS)]
    match = re.fullmatch(r"`(\w+)`(?: \((.+)\))?", function)
    if match is None:
        raise InputError(f"{where}: {function!r} is no function: write `name`, with a condition in parentheses if any.")
    role = Role.__members__.get(who)
    if role is None and who not in OTHERS and not re.fullmatch(r"`\w+`", who):
        raise InputError(f"{where}: {who!r} may call nothing: write a role, a `Contract`, {', '.join(OTHERS)}.")
    if role is not None and role not in roles:
        raise InputError(f"{where}: {who} has no row in the table of roles above: add it there first.")
    least = roles[role].delay if role is not None else None
    if (_delay(where, delay) if delay != "-" else None) != least:
        said = "-" if least is None else span(least)
        raise InputError(f"{where}: delay {delay!r} contradicts the table of roles: write {said}.")
    row = FunctionRow(contract, match[1], role, "" if role is not None else who.strip("`"), match[2] or "")
    same = [each for each in known if (each.contract, each.function) == (row.contract, row.function)]
    if any(not each.condition or not row.condition or each.condition == row.condition for each in same):
        raise InputError(
            f"{where}: {contract}.{row.function} stands there twice: remove one, or give both a condition."
        )
    return row


def _role(where: str, text: str) -> Role:
    if text not in Role.__members__:
        raise InputError(f"{where}: {text!r} is no role: the roles are {', '.join(Role.__members__)}.")
    return Role[text]


def _delay(where: str, text: str) -> int:
    """A delay as `span` writes it."""
    match = re.fullmatch(r"(\d+) (day|hour|minute)s?", text)
    if text != "none" and match is None:
        raise InputError(f"{where}: {text!r} is no delay: write none, or like 20 days.")
    return parse_span(match[1] + match[2][0], where) if match else 0
