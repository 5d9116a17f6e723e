"""The description of the interface, OpenAPI 3.1: `GET /api/openapi.json`. A test holds it against the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keepers.types import Json
from keepers.web import answers
from keepers.web.asking import Field, Fields
from keepers.web.security import CSRF_HEADER
from keepers.web.shapes import (
    ACCEPT,
    ANSWERS,
    AUDIT,
    CHOICES,
    EXPORTS,
    MARKS,
    NOTHING,
    OVERLAYS,
    PHOTO,
    SHOOT,
    SIZES,
)

_WORDS = {
    400: "The request is not as described.",
    403: "Not the page, or not its link, or an older page.",
    404: "There is no such thing.",
    409: "Not now; the sentence says why.",
    413: "Too large.",
    415: "No JSON.",
    422: "The photo cannot be read.",
    500: "keepers or the disk failed.",
}
_ASKING, _CHANGING = (400, 403, 404), (400, 403, 404, 409, 413, 415, 500)


@dataclass(frozen=True, slots=True)
class Route:
    """One address with one method. `answer`: a JSON schema, or the media type of what is not JSON.

    some: keys of the body of which at least one must be there.
    """

    method: str
    path: str
    does: str
    answer: Json | str
    asks: Fields | Mapping[str, Fields] | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    errors: Sequence[int] = _ASKING
    some: Sequence[str] = ()


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_SHOOT = {"sid": SHOOT}
_PHOTO = {"pid": PHOTO}
_CHANGE = _named("Change")

ROUTES: tuple[Route, ...] = (
    Route("get", "/api/shoots", "List the shoots.", answers.SHOOTS, errors=(403,)),
    Route("get", "/api/shoots/{sid}", "A shoot with all its photos and groups.", _named("Shoot"), parameters=_SHOOT),
    Route("get", "/api/shoots/{sid}/events", "What happens to it.", "text/event-stream", parameters=_SHOOT),
    Route("post", "/api/shoots/{sid}/choices", "Choose for photos.", _CHANGE, CHOICES, _SHOOT, _CHANGING),
    Route(
        "post",
        "/api/shoots/{sid}/marks",
        "Give stars or a colour.",
        _CHANGE,
        MARKS,
        _SHOOT,
        _CHANGING,
        some=("stars", "colour"),
    ),
    Route("post", "/api/shoots/{sid}/accept", "Accept proposals.", answers.ACCEPTED, ACCEPT, _SHOOT, _CHANGING),
    Route("post", "/api/shoots/{sid}/undo", "Take the latest step back.", answers.BACK, NOTHING, _SHOOT, _CHANGING),
    Route("post", "/api/shoots/{sid}/redo", "Do it again.", answers.BACK, NOTHING, _SHOOT, _CHANGING),
    Route("post", "/api/shoots/{sid}/audits", "Draw a blind check.", answers.AUDIT, AUDIT, _SHOOT, _CHANGING),
    Route(
        "post",
        "/api/shoots/{sid}/audits/{audit}",
        "What the answers to a blind check say; with `store` they become choices.",
        answers.AUDITED,
        ANSWERS,
        {**_SHOOT, "audit": {"type": "integer", "minimum": 0}},
        _CHANGING,
    ),
    Route("get", "/api/exporters", "The ways to hand over.", answers.EXPORTERS, errors=(403,)),
    Route("post", "/api/shoots/{sid}/export", "Hand over.", answers.EXPORTED, EXPORTS, _SHOOT, _CHANGING),
    Route("post", "/api/shoots/{sid}/export/stop", "End that.", answers.STOPPED, NOTHING, _SHOOT, _CHANGING),
    Route(
        "post",
        "/api/jobs/{job}/undo",
        "Take an export back.",
        answers.TAKEN_BACK,
        NOTHING,
        {"job": {"type": "integer", "minimum": 0}},
        _CHANGING,
    ),
    Route("get", "/api/photos/{pid}", "All that is known of a photo.", _named("Details"), parameters=_PHOTO),
    Route(
        "get",
        "/api/photos/{pid}/image/{size}.jpg",
        "The photo, upright: 320 or 2048 pixels, or all.",
        "image/jpeg",
        parameters={**_PHOTO, "size": {"type": "string", "enum": list(SIZES)}},
        errors=(403, 404, 422),
    ),
    Route(
        "get",
        "/api/photos/{pid}/overlay/{kind}.png",
        "What was found, to be laid over the photo.",
        "image/png",
        parameters={**_PHOTO, "kind": {"type": "string", "enum": list(OVERLAYS)}},
        errors=(403, 404, 422),
    ),
    Route(
        "post",
        "/api/assess",
        "Judge the bytes of a photo that is the body of the request.",
        {"type": "object"},
        parameters={"name": {"type": "string"}, "preview": {"type": "string", "enum": ["1"]}},
        errors=(400, 403, 411, 413, 415, 500),
    ),
    Route("get", "/api/openapi.json", "This description.", {"type": "object"}, errors=(403,)),
)


def description() -> Json:
    """The whole of it."""
    from keepers import __version__

    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "keepers", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": answers.SCHEMAS,
            "securitySchemes": {"link": {"type": "apiKey", "in": "cookie", "name": "keepers-PORT"}},
        },
        "security": [{"link": []}],
    }


def _operation(route: Route) -> Json:
    parameters = [_parameter(name, schema, route.path) for name, schema in route.parameters.items()]
    if route.method != "get":
        parameters.append(
            {"name": CSRF_HEADER, "in": "header", "required": True, "schema": {"type": "string"}},
        )
    made: Json = {
        "summary": route.does,
        "parameters": parameters,
        "responses": {"200": _response(route), **{str(code): _error(code) for code in route.errors}},
    }
    if route.asks is not None:
        schema = _body(route.asks)
        if route.some:
            schema["anyOf"] = [{"required": [name]} for name in route.some]
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.method == "post":
        made["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return made


def _parameter(name: str, schema: Json, path: str) -> Json:
    place = "path" if f"{{{name}}}" in path else "query"
    return {"name": name, "in": place, "required": place == "path" or name == "name", "schema": schema}


def _body(fields: Fields | Mapping[str, Fields]) -> Json:
    kinds = [one for one in fields.values() if not isinstance(one, Field)]
    if kinds:
        return {"oneOf": [_body(kind) for kind in kinds]}
    return {
        "type": "object",
        "properties": {name: dict(one.schema) for name, one in fields.items() if isinstance(one, Field)},
        "required": [name for name, one in fields.items() if isinstance(one, Field) and one.required],
        "additionalProperties": False,
    }


def _response(route: Route) -> Json:
    if isinstance(route.answer, str):
        return {"description": route.does, "content": {route.answer: {}}}
    return {"description": route.does, "content": {"application/json": {"schema": route.answer}}}


def _error(code: int) -> Json:
    content: dict[str, Any] = {"application/json": {"schema": _named("Error")}}
    return {"description": _WORDS.get(code, "Refused; the sentence says why."), "content": content}
