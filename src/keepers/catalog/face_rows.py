"""Between faces and the rows of the table `face`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from keepers.catalog.rows import UNCHANGED
from keepers.types import Eye, Face, Report

_COLUMNS = (
    *("x", "y", "width", "height"),
    *("presence", "confidence", "frame_width", "yaw", "pitch", "roll", "gaze", "smile", "mouth_open", "looking_down"),
    *("squint", "brows_up", "grimace", "luma", "clipped", "prominence"),
    *("right_eye", "left_eye"),
)
_FACTS = _COLUMNS[4:-2]

SAVE = f"INSERT INTO face (photo, number, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (2 + len(_COLUMNS)))})"
LOAD = (
    f"SELECT wanted.number, {', '.join('face.' + name for name in _COLUMNS)}"
    + UNCHANGED
    + " JOIN face ON face.photo = source.photo ORDER BY wanted.number, face.number"
)


def of_faces(report: Report) -> list[tuple[Any, ...]]:
    """The rows of a photo's faces."""
    photo = report.photo.id if report.photo else None
    return [
        (photo, number, *face.box, *(getattr(face, name) for name in _FACTS), _of_eye(face.right), _of_eye(face.left))
        for number, face in enumerate(report.faces, start=1)
    ]


def faces(rows: Sequence[Sequence[Any]], outlines: bool = True) -> dict[int, tuple[Face, ...]]:
    """Number of the wanted source -> its faces, from the rows of `LOAD`; without the outlines of eyes if so wanted."""
    eye = _eye if outlines else _bare_eye
    found: dict[int, list[Face]] = {}
    for number, *row in rows:
        found.setdefault(number, []).append(_face(row, eye))
    return {number: tuple(some) for number, some in found.items()}


def _face(row: Sequence[Any], eye: Callable[[str | None], Eye | None]) -> Face:
    x, y, width, height, *numbers, right, left = row
    facts = dict(zip(_FACTS, numbers, strict=True))
    return Face((x, y, width, height), **facts, right=eye(right), left=eye(left))


def _of_eye(eye: Eye | None) -> str | None:
    if eye is None:
        return None
    facts = [eye.x, eye.y, eye.width, eye.openness, eye.blink, eye.luma, eye.sharpness]
    return json.dumps([*facts, eye.outline, eye.detail])


def _eye(text: str | None) -> Eye | None:
    if text is None:
        return None
    x, y, width, openness, blink, luma, sharpness, outline, *detail = json.loads(text)
    return Eye(x, y, width, openness, blink, luma, sharpness, tuple((a, b) for a, b in outline), *detail)


def _bare_eye(text: str | None) -> Eye | None:
    """As `_eye`, with the outline cut out of the text before it is read."""
    if text is None:
        return None
    facts, _, rest = text.partition(", [[")
    if not rest:
        return _eye(text)
    detail = rest.rpartition("]]")[2]
    x, y, width, openness, blink, luma, sharpness, *last = json.loads(facts + detail)
    return Eye(x, y, width, openness, blink, luma, sharpness, (), *last)
