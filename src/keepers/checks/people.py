"""What follows from the facts of faces: states of eyes and why they are unknown, who counts, and the check of them.

The thresholds were chosen on one half of a set of labelled faces and are reported on the other: docs/faces.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keepers.checks.base import check
from keepers.types import Evidence, Eye, Face, Frame, Reading

EyeState = Literal["open", "closed", "unknown"]
Expression = Literal["smile", "neutral", "surprise", "talking", "grimace"]

_PER_OPENNESS, _PER_BLINK, _OFFSET = -19.6, 7.13, 0.39
"""Log odds of a closed eye: a logistic regression on 66 faces of 53 people at three sizes, classes balanced."""
_WIDTHS, _CLOSED_FROM = (40.0, 60.0, 100.0), (1.6, 0.8, 0.1)
"""Width of a face in the frame -> log odds from which its eyes are called closed: small faces need more."""
_UNDECIDED = 1.0
"""Width of the band of log odds below that, in which eyes are half shut: neither open nor closed."""

LEAST_WIDTH = 36.0
"""Pixels of the frame; a face of 40 measures between 36 and 46."""
_PROFILE, _TURNED = 40.0, 30.0
_LEAST_PRESENCE = 0.5
_DARK, _SUNGLASSES, _BLURRED = 0.03, 0.13, -3.7
_SQUINT = 0.2
"""The network finds lids lowered where eyes are shut; where it does not, they are narrowed, or behind glasses."""

PROMINENT = 0.5
"""A face counts that is at least so prominent as this times the most prominent one of the photo."""
LEAST_SHARE = 0.02
"""And at least so wide as this share of the photo's long side: nobody is missed who is a speck."""
SMILING, DOWNWARD = 0.5, 18.0
"""A smile that closes eyes by itself (0..1), and the pitch of a head (degrees) from which one looks down."""


@dataclass(frozen=True, slots=True)
class EyeView:
    """The state of one eye or of a person's eyes, and in a few words why it is unknown (else empty)."""

    state: EyeState
    why: str = ""


def closedness(eye: Eye) -> float:
    """Log odds that an eye is closed, about -9 .. 6; meaningful where nothing makes it unknown."""
    return _PER_OPENNESS * eye.openness + _PER_BLINK * eye.blink + _OFFSET


def closed_from(face: Face) -> float:
    """The log odds from which the eyes of a face of this size are called closed."""
    return float(np.interp(face.frame_width, _WIDTHS, _CLOSED_FROM))


def eyes(face: Face) -> EyeView:
    """The state of a person's eyes together: the mean of both, so that a wink is neither."""
    hidden = _hidden(face)
    if hidden or face.right is None or face.left is None:
        return EyeView("unknown", hidden)
    known = [eye for eye in (face.right, face.left) if not _blind(face, eye)]
    if not known:
        return EyeView("unknown", _blind(face, face.right))
    return _state(face, sum(closedness(eye) for eye in known) / len(known))


def right_eye(face: Face) -> EyeView:
    """The state of the person's own right eye."""
    return _one(face, face.right, turned_away=face.yaw < -_TURNED)


def left_eye(face: Face) -> EyeView:
    """The state of the person's own left eye."""
    return _one(face, face.left, turned_away=face.yaw > _TURNED)


def _one(face: Face, eye: Eye | None, turned_away: bool) -> EyeView:
    hidden = _hidden(face)
    if hidden or eye is None:
        return EyeView("unknown", hidden)
    if turned_away:
        return EyeView("unknown", "turned away")
    blind = _blind(face, eye)
    return EyeView("unknown", blind) if blind else _state(face, closedness(eye))


def _state(face: Face, odds: float) -> EyeView:
    closed = closed_from(face)
    if odds >= closed:
        return EyeView("closed") if face.looking_down >= _SQUINT else EyeView("unknown", "narrowed")
    return EyeView("open") if odds < closed - _UNDECIDED else EyeView("unknown", "half shut")


def _hidden(face: Face) -> str:
    """Why nothing can be told of both eyes; empty where something can."""
    if face.right is None or face.left is None or face.frame_width < LEAST_WIDTH:
        return "too small"
    if abs(face.yaw) > _PROFILE:
        return "profile"
    if face.presence < _LEAST_PRESENCE:
        return "profile or covered"
    if max(face.right.luma, face.left.luma) < _SUNGLASSES * face.luma:
        return "sunglasses"
    return ""


def _blind(face: Face, eye: Eye) -> str:
    """Why nothing can be told of this eye; empty where something can."""
    if eye.luma < _DARK:
        return "too dark"
    if eye.detail is not None and eye.detail < _BLURRED:
        return "blurred"
    return ""


def sharpness(face: Face) -> float | None:
    """Sharpness of the eyes, 0 (blurred) .. 1 (crisp): the amplitude of the finest detail; None where unknown."""
    known = [eye.sharpness for eye in (face.right, face.left) if eye is not None and eye.sharpness is not None]
    return min(1.0, 2.0 ** max(known)) if known else None


def expression(face: Face) -> Expression | None:
    """The expression of a face; None where it is too small or hidden. Only smile and neutral are reliable."""
    if face.right is None or face.frame_width < LEAST_WIDTH or face.presence < _LEAST_PRESENCE:
        return None
    if face.smile >= 0.3:
        return "smile"
    if face.mouth_open >= 0.4 and face.brows_up >= 0.4:
        return "surprise"
    if face.mouth_open >= 0.2:
        return "talking"
    return "grimace" if face.grimace >= 0.5 else "neutral"


def excuse(face: Face) -> str:
    """What explains closed eyes so that they are no flaw: a laugh, a look downwards; empty where nothing does."""
    if face.smile >= SMILING:
        return "smiling"
    return "looking down" if face.pitch >= DOWNWARD else ""


def people(faces: Sequence[Face], long_side: float) -> tuple[Face, ...]:
    """The faces that count, in their order: prominent relative to the most prominent one, and no specks.

    Args:
        faces: of one photo, from the left to the right.
        long_side: of the upright native photo, in pixels.
    """
    most = max((face.prominence for face in faces), default=0.0)
    return tuple(
        face for face in faces if face.prominence >= PROMINENT * most and face.box[2] >= LEAST_SHARE * long_side
    )


def people_in(frame: Frame, faces: Sequence[Face]) -> tuple[Face, ...]:
    """`people` of the photo that was decoded to `frame`."""
    return people(faces, max(frame.rgb.shape[:2]) / frame.scale)


@check(
    "closed_eyes",
    flaws=("closed_eyes",),
    higher="worse",
    sentence="Eyes are closed",
    faces=True,
    log_odds=True,
    version="2",
)
def closed_eyes(evidence: Evidence) -> Reading | None:
    """Natural log odds that someone who counts has closed eyes, about -9 .. 6: of the person who has most surely.

    People whose eyes cannot be told, or whose closed eyes a laugh or a look downwards explains, are left out; None
    where nobody is left, so that statues, animals and profiles cost a photo nothing. Fitted on half of 143 labelled
    faces, see `closedness`.
    """
    some = people_in(evidence.frame, evidence.faces)
    odds = {number: _person(face) for number, face in enumerate(some, start=1)}
    told = {number: value for number, value in odds.items() if value is not None}
    if not told:
        return None
    closed = [number for number, value in told.items() if value >= 0]
    return Reading(max(told.values()), _who(closed, len(some)))


def _person(face: Face) -> float | None:
    """Log odds beyond the threshold of the state, so that 0 is where "closed" begins; None where it does not count."""
    view = eyes(face)
    if view.state == "unknown" or (view.state == "closed" and excuse(face)):
        return None
    known = [eye for eye in (face.right, face.left) if eye is not None and not _blind(face, eye)]
    return sum(closedness(eye) for eye in known) / len(known) - closed_from(face)


def _who(numbers: Sequence[int], of: int) -> str:
    """Which people, such as "person 2 of 5 from the left"; nothing where there is one person only."""
    if not numbers or of == 1:
        return ""
    if len(numbers) == 1:
        return f"person {numbers[0]} of {of} from the left"
    return f"persons {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} of {of} from the left"
