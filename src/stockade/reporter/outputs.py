"""Files made of the facts: as JSON and as CSV, readable by their owner alone."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress
from pydantic.alias_generators import to_camel

from stockade.errors import InputError


@dataclass(frozen=True)
class Attribution:
    """The report that changed a line last: its stream and number there, and who reported it, where and when."""

    stream: ChecksumAddress
    sequence: int
    kind: str
    block: int
    transaction: str
    time: str
    operator: ChecksumAddress
    record_id: str


@dataclass(frozen=True)
class Document:
    """A file's head and lines: dataclasses of one type, `line`, whose field `last` is an Attribution. `unnamed`: lines
    whose holder is not known by name.
    """

    kind: str
    line: type[Any]
    head: dict[str, Any]
    lines: tuple[Any, ...]
    unnamed: int = 0


def to_json(document: Document) -> str:
    """Head and lines, for programs."""
    lines = [camel(asdict(line)) for line in document.lines]
    return json_text({"stockade": document.kind, **document.head, "lines": lines})


def json_text(body: dict[str, Any]) -> str:
    """As files have it: for people too."""
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def camel(value: Any) -> Any:
    """The same with every key in camelCase, as all JSON here has it."""
    if isinstance(value, dict):
        return {to_camel(key): camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list | tuple) else value


def to_csv(document: Document) -> str:
    """The lines alone, for spreadsheets: what the chain says can be no formula there."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    own = [field.name for field in fields(document.line) if field.name != "last"]
    rows.writerow([*own, *(f"last_{field.name}" for field in fields(Attribution))])
    for each in document.lines:
        values = asdict(each)
        rows.writerow([_harmless(value) for value in (*(values[name] for name in own), *values["last"].values())])
    return out.getvalue()


def _harmless(value: object) -> str:
    """Amounts may begin with a minus; text may not, nor with anything else that begins a formula."""
    shown = str(value)
    is_amount = shown.lstrip("-").replace(".", "", 1).isdecimal()
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_amount else shown


def write_private(path: Path, content: str) -> None:
    """Writes a file whole or not at all, readable by its owner alone. Raises InputError when it cannot."""
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from None


def write_both(document: Document, folder: Path, name: str) -> Sequence[Path]:
    """The file as CSV and as JSON, `name`.csv and `name`.json in a folder."""
    written = (
        (folder / f"{name}.csv", to_csv(document)),
        (folder / f"{name}.json", to_json(document)),
    )
    for path, content in written:
        write_private(path, content)
    return [path for path, _ in written]
