"""What goes in: the keys of every request that changes something. Both the checks and the description read these."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.catalog.marks import COLOURS, MOST_STARS
from keepers.export import EXPORTERS, PROFILES
from keepers.types import VERDICTS
from keepers.web.asking import MOST_IDS, Field, Fields

SIZES = ("thumb", "fit", "full")
OVERLAYS = ("sharp", "clipping")
LARGEST_AUDIT = 500

_IDS = Field(
    {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": MOST_IDS},
    required=True,
)
SHOOT = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
PHOTO = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_VERDICT = {"type": "string", "enum": list(VERDICTS)}
_FLAG = Field({"type": "boolean"})
CHOICES: Fields = {
    "ids": _IDS,
    "verdict": Field({"type": ["string", "null"], "enum": [*VERDICTS, None]}, required=True),
}
MARKS: Fields = {
    "ids": _IDS,
    "stars": Field({"type": "integer", "minimum": 0, "maximum": MOST_STARS}),
    "colour": Field({"type": "string", "enum": list(COLOURS)}),
}
ACCEPT: Fields = {"ids": _IDS}
AUDIT: Fields = {"size": Field({"type": "integer", "minimum": 1, "maximum": LARGEST_AUDIT})}
_PHOTOS = {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": LARGEST_AUDIT}
ANSWERS: Fields = {**{name: Field(_PHOTOS) for name in VERDICTS}, "store": Field({"type": "boolean"}, required=True)}
NOTHING: Fields = {}
_OPTIONS: Mapping[str, tuple[str, Field]] = {
    "profile": ("profile", Field({"type": "string", "enum": list(PROFILES)})),
    "names": ("names", Field({"type": "string", "enum": ["short", "long", "both"]})),
    "out": ("out", Field({"type": "string", "maxLength": 4096})),
    "stars": ("stars", _FLAG),
    "embed": ("embed", _FLAG),
    "mode": ("move", _FLAG),
    "flat": ("flat", _FLAG),
    "trash": ("trash", _FLAG),
}
"""Option of an exporter -> the key that asks for it, and its values."""
EXPORTS: Mapping[str, Fields] = {
    name: {
        "to": Field({"type": "string", "enum": [name]}, required=True),
        "dry_run": Field({"type": "boolean"}, required=True),
        "plan": Field({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        "verdicts": Field({"type": "array", "items": _VERDICT, "maxItems": len(VERDICTS), "uniqueItems": True}),
        **dict(_OPTIONS[option] for option in one.options),
    }
    for name, one in EXPORTERS.items()
}
"""What may be asked of each exporter."""
