"""What a request may ask: JSON of a known shape, refused with a sentence where it is anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, request

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a JSON body: 100,000 ids."""
MOST_IDS = 100_000


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a body. `schema` is its JSON schema, of which `type`, `enum`, `minimum`, `maximum`, `maxLength`,
    `items` and `maxItems` are checked; the description of the interface shows the same."""

    schema: Mapping[str, Any]
    required: bool = False


Fields = Mapping[str, Field]


def body(fields: Fields) -> dict[str, Any]:
    """The request's JSON object; a request that is none, or has other keys or values, is answered with 400."""
    request.max_content_length = BODY_LIMIT
    if request.mimetype != "application/json":
        abort(415, "Send JSON, with Content-Type: application/json.")
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        abort(400, "The body of the request is no JSON object.")
    foreign = sorted(set(given) - set(fields))
    if foreign:
        known = ", ".join(fields) or "none"
        abort(400, f"There is no key {foreign[0][:64]!r}; the keys are: {known}.")
    for name, field in fields.items():
        if name not in given:
            if field.required:
                abort(400, f"The key {name!r} is missing.")
        elif (wrong := problem(given[name], field.schema)) is not None:
            abort(400, f"The value of {name!r} {wrong}.")
    return given


def problem(value: object, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a value, as the end of a sentence; None where nothing is."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is(value, kind) for kind in kinds):
        return f"must be {' or '.join(_WORDS[kind] for kind in kinds)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of: {', '.join(_quoted(one) for one in schema['enum'])}"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"must be from {schema['minimum']} to {schema['maximum']}"
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return f"must have at most {schema['maxLength']} characters"
    if isinstance(value, list):
        return _of_list(value, schema)
    return None


def _of_list(value: list[object], schema: Mapping[str, Any]) -> str | None:
    if len(value) > schema.get("maxItems", len(value)):
        return f"must have at most {schema['maxItems']} items"
    for item in value:
        if (wrong := problem(item, schema["items"])) is not None:
            return f"has an item that {wrong}"
    return None


_WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "null": "null",
}


def _is(value: object, kind: str) -> bool:
    if kind == "null":
        return value is None
    if kind == "integer":  # True is an int to Python, and not to anybody else
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "array": list}[kind])


def _quoted(value: object) -> str:
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
