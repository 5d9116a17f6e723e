"""What goes in: the keys of every request that changes something. Both the checks and the description read these."""

from __future__ import annotations

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
EXPORT: Fields = {
    "to": Field({"type": "string", "enum": list(EXPORTERS)}, required=True),
    "dry_run": Field({"type": "boolean"}, required=True),
    "verdicts": Field({"type": "array", "items": _VERDICT, "maxItems": len(VERDICTS)}),
    "profile": Field({"type": "string", "enum": list(PROFILES)}),
    "names": Field({"type": "string", "enum": ["short", "long", "both"]}),
    "out": Field({"type": "string", "maxLength": 4096}),
    "stars": _FLAG,
    "embed": _FLAG,
    "move": _FLAG,
    "flat": _FLAG,
    "trash": _FLAG,
}
