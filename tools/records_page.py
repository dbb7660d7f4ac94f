"""Write what follows from the models of records: the published JSON Schemas, and the tables of docs/records.md.

Fields and forms are the models', examples those of tests/reporting/golden_records.json. `--check` only says whether all
are up to date, as a test does too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from stockade.wire.bodies import Body
from stockade.wire.envelope import EventType, Wire
from stockade.wire.record import EVENTS, UNREADABLE
from stockade.wire.schema import SCHEMAS, file_name, generate

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "records.md"
GOLDEN = ROOT / "tests" / "reporting" / "golden_records.json"
BEGIN, END = "<!-- made by tools/records_page.py -->", "<!-- end -->"

_KINDS_TEXT = {"token": "ShareToken", "registry": "InvestorRegistry", "ledger": "CustodyLedger"}
_KINDS_TEXT |= {"listings": "ListingRegistry", "market": "MarketStatus", "authority": "SuiteAuthority"}
# What stands in the golden records for what differs from run to run.
_INSTEAD = {"<time>": "2026-09-21T13:30:00Z", "<hash>": "0x" + 64 * "5", "<ms>": 1000}


def files() -> Iterator[tuple[Path, str]]:
    """Every file with what it must hold."""
    for name in SCHEMAS:
        yield ROOT / "src" / "stockade" / "wire" / file_name(name), generate(name)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    tables = "\n".join(page())
    yield PAGE, f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}"


def page() -> Iterator[str]:
    """The tables: which kind goes out as which event, then each body."""
    yield "### Which report becomes which event\n"
    yield "| contract | kind of report | eventType |"
    yield "|---|---|---|"
    for kind, events in EVENTS.items():
        stream, name = kind.split(".")
        yield f"| {_KINDS_TEXT[stream]} | {name} | {' or '.join(events)} |"
    for contract, event in UNREADABLE.items():
        yield f"| {contract} | what cannot be read | {event} |"
    golden = json.loads(GOLDEN.read_text("utf-8"))
    for model in get_args(Body):
        yield from _body(model, golden)


def _body(model: type[Wire], golden: dict[str, Any]) -> Iterator[str]:
    schema = model.model_json_schema()
    kinds = schema["properties"]["kind"]
    kinds = kinds.get("enum") or [kinds["const"]]
    example = _example(kinds, golden)
    yield "\n### " + ", ".join(f"`{kind}`" for kind in kinds) + "\n"
    yield " ".join((model.__doc__ or "").split()) + "\n"
    yield "| field | what it is | example |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        if name == "kind":
            continue
        said = "null" if example.get(name) is None else json.dumps(example[name], ensure_ascii=False)
        yield f"| {name} | {_meaning(field, schema)} | {_short(said)} |"


def _example(kinds: list[str], golden: dict[str, Any]) -> dict[str, Any]:
    """The first body of these kinds; of one that nothing in a life reports, its fields alone."""
    for event in EventType:
        for kind in kinds:
            if found := golden.get(f"{event} {kind}"):
                return {key: _plain(value) for key, value in found["body"].items()}
    return {"contentHash": _INSTEAD["<hash>"]}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    return _INSTEAD.get(value) or re.sub("<[A-Za-z]+>", "0x" + 40 * "c", value)


def _meaning(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """The field's own description, or its form's; the values it can have."""
    forms = [form for form in field.get("anyOf", [field]) if form.get("type") != "null"]
    said = field.get("description") or next((form["description"] for form in forms if "description" in form), "")
    items = forms[0].get("items", {})
    if "$ref" in items:
        inner = schema["$defs"][items["$ref"].rsplit("/", 1)[1]]["properties"]
        said = "; ".join(f"{name}: {each['description']}" for name, each in inner.items())
    form = items if "pattern" in items or "description" in items else forms[0]
    said = said or form.get("description", "")
    names = re.fullmatch(r"\^\(([A-Z][A-Z0-9_|\[\]{},-]+)\)\$", form.get("pattern", ""))
    values = names[1].split("|") if names else form.get("enum", [form["const"]] if "const" in form else [])
    shown = ", ".join(value for value in values if "[" not in value)
    said = f"{said}: {shown}" if said and shown else said or shown
    if forms[0].get("type") == "boolean":
        said = said or "true or false"
    return ("list of " if forms[0].get("type") == "array" else "") + said.replace("|", "\\|")


def _short(example: str) -> str:
    """Long digests cut in the middle."""
    cut = re.sub(r"0x([0-9a-f]{4})[0-9a-f]{36,}", r"0x\1...", example)
    return "`" + re.sub(r"(p_[0-9a-f]{4})[0-9a-f]{28}", r"\1...", cut).replace("|", "\\|") + "`"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = [(path, text) for path, text in files() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)} is {'out of date' if check else 'written'}.")
        if not check:
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
