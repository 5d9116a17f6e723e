"""Between faces and the rows of the table `face`."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


def faces(rows: Sequence[Sequence[Any]]) -> dict[int, tuple[Face, ...]]:
    """Number of the wanted source -> its faces, from the rows of `LOAD`."""
    found: dict[int, list[Face]] = {}
    for number, *row in rows:
        found.setdefault(number, []).append(_face(row))
    return {number: tuple(some) for number, some in found.items()}


def _face(row: Sequence[Any]) -> Face:
    x, y, width, height, *numbers, right, left = row
    facts = dict(zip(_FACTS, numbers, strict=True))
    return Face((x, y, width, height), **facts, right=_eye(right), left=_eye(left))


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
