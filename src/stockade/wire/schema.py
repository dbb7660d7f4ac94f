"""The JSON Schemas of what is sent, as published beside this module; a test holds them to the models."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from stockade.errors import InputError
from stockade.wire.envelope import ACK_SCHEMA, RECORD_SCHEMA, SUBMISSION_SCHEMA, Ack, Submission
from stockade.wire.record import Record

# By the name that stands in what is sent, without "stockade.": the version is part of it.
SCHEMAS: dict[str, type[BaseModel]] = {
    RECORD_SCHEMA.removeprefix("stockade."): Record,
    SUBMISSION_SCHEMA.removeprefix("stockade."): Submission,
    ACK_SCHEMA.removeprefix("stockade."): Ack,
}


def published(name: str) -> str:
    """The schema of `record/1.0`, `submission/1.0` or `ack/1.0`, as published. Raises InputError for another."""
    if name not in SCHEMAS:
        raise InputError(f"There is no schema {name!r}: give {', '.join(SCHEMAS)}.")
    return resources.files("stockade.wire").joinpath(file_name(name)).read_text("utf-8")


def file_name(name: str) -> str:
    """Where a schema lies in this package."""
    return f"{name.replace('/', '-')}.schema.json"


def generate(name: str) -> str:
    """The same, as the model says now."""
    schema = {"$schema": _Untitled.schema_dialect, "$id": f"urn:stockade:{name.replace('/', ':')}"}
    return json.dumps(schema | SCHEMAS[name].model_json_schema(schema_generator=_Untitled), indent=2) + "\n"


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes of names: they say nothing more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False
