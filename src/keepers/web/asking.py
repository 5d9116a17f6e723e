"""What a request may ask: JSON of a known shape, refused with a sentence where it is anything else."""

from __future__ import annotations

import re
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
    `pattern`, `items`, `maxItems` and `uniqueItems` are checked; the description of the interface shows the same."""

    schema: Mapping[str, Any]
    required: bool = False


Fields = Mapping[str, Field]


def body(fields: Fields) -> dict[str, Any]:
    """The request's JSON object; a request that is none, or has other keys or values, is answered with 400."""
    return _checked(_object(), fields)


def one_of(key: str, kinds: Mapping[str, Fields]) -> dict[str, Any]:
    """As `body`, where the value of `key` says which other keys there may be."""
    given = _object()
    if key not in given:
        abort(400, f"The key {key!r} is missing.")
    kind = given[key]
    if not isinstance(kind, str) or kind not in kinds:
        abort(400, f"The value of {key!r} must be one of: {', '.join(map(_quoted, kinds))}.")
    return _checked(given, kinds[kind])


def _object() -> dict[str, Any]:
    request.max_content_length = BODY_LIMIT
    if request.mimetype != "application/json":
        abort(415, "Send JSON, with Content-Type: application/json.")
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        abort(400, "The body of the request is no JSON object.")
    return given


def _checked(given: dict[str, Any], fields: Fields) -> dict[str, Any]:
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
    return {name: int(value) if isinstance(value, float) else value for name, value in given.items()}


def problem(value: object, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a value, as the end of a sentence; None where nothing is."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is(value, kind) for kind in kinds):
        return f"must be {' or '.join(_WORDS[kind] for kind in kinds)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"must be one of: {', '.join(_quoted(one) for one in schema['enum'])}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"must be from {schema['minimum']} to {schema['maximum']}"
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return f"must have at most {schema['maxLength']} characters"
    if isinstance(value, str) and re.fullmatch(schema.get("pattern", "(?s).*"), value) is None:
        return f"must be of the form {schema['pattern']}"
    if isinstance(value, list):
        return _of_list(value, schema)
    return None


def _of_list(value: list[object], schema: Mapping[str, Any]) -> str | None:
    if len(value) > schema.get("maxItems", len(value)):
        return f"must have at most {schema['maxItems']} items"
    if schema.get("uniqueItems") and len(set(map(repr, value))) < len(value):
        return "has an item twice"
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
    if kind == "integer":  # True is an int to Python, and not to anybody else; to JSON 4.0 is one
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return isinstance(value, {"string": str, "boolean": bool, "array": list}[kind])


def _quoted(value: object) -> str:
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
