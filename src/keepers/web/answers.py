"""What comes out: JSON schemas of the answers, for the description of the interface. A test holds answers against them.

They are strict about what is there: every key is named, and all are always there.
"""

from __future__ import annotations

from typing import Any

from keepers.catalog.marks import COLOURS, MOST_STARS
from keepers.types import VERDICTS, Json

_TEXT, _COUNT, _FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
_SENTENCES = {"type": "array", "items": _TEXT}
_VERDICT = {"type": "string", "enum": list(VERDICTS)}
_ANY = {"type": "object"}


def _or_null(kind: str, **more: Any) -> Json:
    return {"type": [kind, "null"], **more}


def _object(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_NO_VERDICT = _or_null("string", enum=[*VERDICTS, None])
_MARKS: dict[str, Json] = {
    "stars": {"type": "integer", "minimum": 0, "maximum": MOST_STARS},
    "colour": {"type": "string", "enum": list(COLOURS)},
}
_PILES = dict.fromkeys(VERDICTS, _COUNT)
_COUNTS = _object(**_PILES, unreadable=_COUNT, decided=_COUNT)
_WAYS = {"can_undo": _FLAG, "can_redo": _FLAG}

_ROW = _object(
    id=_TEXT,
    name=_TEXT,
    path=_TEXT,
    judged=_FLAG,
    verdict=_NO_VERDICT,
    machine=_NO_VERDICT,
    choice=_NO_VERDICT,
    score=_or_null("number", minimum=0, maximum=1),
    label=_or_null("string"),
    reasons=_list(_TEXT),
    sentence=_TEXT,
    **_MARKS,
    group=_or_null("integer"),
    place=_or_null("integer"),
    scene=_or_null("integer"),
    width=_COUNT,
    height=_COUNT,
    time=_or_null("string"),
    camera=_or_null("string"),
    faces=_COUNT,
    eyes={"type": "string", "enum": ["open", "closed", "unknown", "none"]},
    error=_or_null("string"),
)
_GROUP = _object(
    id=_COUNT,
    kind=_TEXT,
    protected=_FLAG,
    best=_or_null("string"),
    tied=_FLAG,
    why=_TEXT,
    members=_list(_TEXT),
)
_ROWS = _list({"$ref": "#/components/schemas/Row"})
_GROUPS = _list({"$ref": "#/components/schemas/Group"})
_CHANGE: dict[str, Json] = {"version": _COUNT, "photos": _ROWS, "groups": _GROUPS, "counts": _COUNTS, **_WAYS}
_SHOOT = _object(
    id=_TEXT,
    folder=_TEXT,
    name=_TEXT,
    state={"type": "string", "enum": ["culling", "ready", "failed"]},
    error=_or_null("string"),
    progress=_object(done=_COUNT, total=_COUNT),
    version=_COUNT,
    photos=_ROWS,
    groups=_GROUPS,
    counts=_COUNTS,
    **_WAYS,
)
_DETAILS: Json = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "name": _TEXT,
        "path": _TEXT,
        "choice": _NO_VERDICT,
        "machine": _NO_VERDICT,
        **_MARKS,
        "exif": _or_null("object"),
        "histogram": _or_null("object"),
        "tiles": _or_null("object"),
        "decided_by": _list(_COUNT),
        "flaws": _ANY,
        "probabilities": _ANY,
        "reasons": _list(_ANY),
        "faces": _list(_ANY),
    },
    "required": ["id", "name", "path", "choice", "machine", "exif", "histogram", "tiles", "decided_by", "reasons"],
}

SCHEMAS: dict[str, Json] = {
    "Row": _ROW,
    "Group": _GROUP,
    "Shoot": _SHOOT,
    "Change": _object(**_CHANGE),
    "Details": _DETAILS,
    "Error": _object(error=_TEXT),
}
_LINE = _object(
    id=_TEXT,
    folder=_TEXT,
    name=_TEXT,
    photos=_COUNT,
    decided=_COUNT,
    **{name: _or_null("integer") for name in VERDICTS},
)
SHOOTS = _object(shoots=_list(_LINE))
AUDIT = _object(audit=_COUNT, ids=_list(_TEXT))
_NUMBER = {"type": "number"}
_ESTIMATE = {**_object(value=_NUMBER, low=_NUMBER, high=_NUMBER), "type": ["object", "null"]}
AUDITED = _object(
    audit=_COUNT,
    asked=_COUNT,
    answered=_COUNT,
    deleted=_COUNT,
    checked=_COUNT,
    wrong=_COUNT,
    rate=_ESTIMATE,
    lost=_ESTIMATE,
    false_rejects=_ESTIMATE,
)
ACCEPTED = _object(**_CHANGE, summary=_object(**_PILES))
BACK = _object(**_CHANGE, what=_TEXT)
EXPORTED = _object(
    photos=_COUNT,
    planned=_list(_object(path=_TEXT, what=_TEXT)),
    plan=_or_null("string"),
    counts=_object(written=_COUNT, copied=_COUNT, moved=_COUNT, trashed=_COUNT),
    written=_COUNT,
    skipped=_SENTENCES,
    failed=_SENTENCES,
    left_out=_COUNT,
    notes=_SENTENCES,
    job=_or_null("integer"),
)
STOPPED = _object()
EXPORTERS = _object(exporters=_list(_object(name=_TEXT, does=_TEXT, options=_SENTENCES)))
TAKEN_BACK = _object(job=_COUNT, restored=_COUNT, refused=_SENTENCES)
