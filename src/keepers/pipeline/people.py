"""From pixels to faces, once for every photo; and how good the people of one frame look beside those of another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from keepers.checks import people as opinions
from keepers.checks.people import people
from keepers.image import faces as facts
from keepers.image.aligning import Points
from keepers.image.colour import luma
from keepers.types import Eye, Face, Frame, Photo, Rgb

if TYPE_CHECKING:
    from keepers.models.faces import FaceStage, Found

_CORNER = 0.3
"""How much less prominent than in the middle a face in the corner of the picture is."""


def look(frame: Frame, photo: Photo, stage: FaceStage) -> tuple[Face, ...]:
    """The faces of a photo from the left to the right, in pixels of the upright native photo.

    Raises:
        ModelError: a network answers with what makes no sense.
    """
    native = photo.width / frame.rgb.shape[1]
    faces = [_face(frame.rgb, found, native) for found in stage.find(frame.rgb)]
    faces.sort(key=lambda face: face.box[0] + face.box[2] / 2)
    return prominent(faces, photo.width, photo.height)


def prominent(faces: Sequence[Face], width: int, height: int) -> tuple[Face, ...]:
    """The same faces with their prominence in a photo of `width` x `height` pixels."""
    largest = max((face.box[2] for face in faces), default=1.0)

    def of(face: Face) -> float:
        x, y = face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2
        off = math.hypot(x - width / 2, y - height / 2) / (0.5 * math.hypot(width, height))
        return face.box[2] / largest * (1 - _CORNER * min(1.0, off))

    return tuple(replace(face, prominence=of(face)) for face in faces)


def _face(rgb: Rgb, found: Found, native: float) -> Face:
    box = tuple(float(v) * native for v in found.box)
    face = Face(
        box=(box[0], box[1], box[2], box[3]),
        presence=found.presence,
        confidence=found.confidence,
        frame_width=float(found.box[2]),
    )
    return _closer(face, rgb, found.mesh, found.scores, native) if len(found.mesh) else face


def _closer(face: Face, rgb: Rgb, mesh: Points, scores: Mapping[str, float], native: float) -> Face:
    yaw, pitch, roll = facts.pose(mesh)
    tones = facts.tones(rgb, mesh)
    right, left = _eyes(rgb, mesh, scores, tones, native)
    return replace(
        face,
        right=right,
        left=left,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        gaze=facts.gaze(mesh),
        smile=_mean(scores, "mouthSmile"),
        mouth_open=scores["jawOpen"],
        looking_down=_mean(scores, "eyeLookDown"),
        squint=_mean(scores, "eyeSquint"),
        brows_up=(scores["browInnerUp"] + _mean(scores, "browOuterUp")) / 2,
        grimace=max(_mean(scores, "mouthStretch"), _mean(scores, "mouthFrown"), _mean(scores, "noseSneer")),
        luma=tones.cheeks,
        clipped=tones.clipped,
    )


def _eyes(
    rgb: Rgb, mesh: Points, scores: Mapping[str, float], tones: facts.Tones, native: float
) -> tuple[Eye, Eye]:
    rows, columns = facts.around(mesh, rgb.shape)
    plane = luma(np.ascontiguousarray(rgb[rows, columns]))
    local = mesh - np.array([columns.start, rows.start, 0], np.float32)
    grain = facts.sigma(plane)

    def eye(points: facts.EyePoints, blink: float, tone: float) -> Eye:
        x, y, width = facts.centre(mesh, points)
        return Eye(
            x=x * native,
            y=y * native,
            width=width * native,
            openness=facts.openness(mesh, points),
            blink=blink,
            luma=tone,
            sharpness=facts.eye_sharpness(plane, local, points, grain),
            outline=tuple((float(mesh[n, 0] * native), float(mesh[n, 1] * native)) for n in points.outline),
            detail=facts.eye_detail(plane, local, points, grain),
        )

    return (
        eye(facts.RIGHT, scores["eyeBlinkRight"], tones.right),
        eye(facts.LEFT, scores["eyeBlinkLeft"], tones.left),
    )


def _mean(scores: Mapping[str, float], name: str) -> float:
    return (scores[f"{name}Left"] + scores[f"{name}Right"]) / 2


@dataclass(frozen=True, slots=True)
class PeopleScore:
    """How good the people of one frame look, to compare frames of one burst with; all 0 (bad) .. 1 (good).

    eyes: 1 where all are open, 0 where all are closed; what cannot be told, or a laugh explains, lies between.
    expression: smiles above neutral faces, mouths half open and grimaces below. sharpness: of the eyes; None where it
    cannot be told. people: how many count. closed: the numbers of the people with closed eyes, 1 the leftmost.
    """

    eyes: float
    expression: float
    sharpness: float | None
    people: int
    closed: tuple[int, ...] = ()


_EYES = {"open": 1.0, "unknown": 0.7, "closed": 0.0}
_EXPRESSIONS = {"smile": 1.0, "neutral": 0.7, "surprise": 0.6, "talking": 0.4, "grimace": 0.3}
_EXCUSED = 0.7


def score_people(faces: Sequence[Face], long_side: float) -> PeopleScore | None:
    """How good the people of a frame look; None where nobody counts.

    Every person weighs as much as they are prominent. Absolute values mean little: compare frames of one burst, where
    the same people stand in the same light.

    Args:
        faces: of one photo, from the left to the right.
        long_side: of the upright native photo, in pixels.
    """
    some = people(faces, long_side)
    if not some:
        return None
    weights = [face.prominence for face in some]
    sharp = [(opinions.sharpness(face), face.prominence) for face in some]
    known = [(value, weight) for value, weight in sharp if value is not None]
    return PeopleScore(
        eyes=_weighted([_eyes_worth(face) for face in some], weights),
        expression=_weighted([_EXPRESSIONS[opinions.expression(face) or "neutral"] for face in some], weights),
        sharpness=_weighted([v for v, _ in known], [w for _, w in known]) if known else None,
        people=len(some),
        closed=tuple(n for n, face in enumerate(some, start=1) if _eyes_worth(face) == 0),
    )


def _eyes_worth(face: Face) -> float:
    state = opinions.eyes(face).state
    return _EXCUSED if state == "closed" and opinions.excuse(face) else _EYES[state]


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(v * w for v, w in zip(values, weights, strict=True)) / max(sum(weights), 1e-9)
