"""Checks that read the networks: what they say of the whole photo, and of its most detailed patches."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from keepers.checks.base import Measure, check
from keepers.image import exposure
from keepers.image.patches import SIDE
from keepers.image.shake import chance
from keepers.types import Evidence, Patches, Reading

_SENTENCES = {
    "blurred": "The network sees blur",
    "camera_shake": "The network sees camera shake",
    "distorted": "The network sees a stretched picture",
    "overexposed": "The network sees overexposure",
    "underexposed": "The network sees underexposure",
    "noisy": "The network sees noise",
}

LEAST_DETAIL = 0.004
"""Root mean square step of luma from pixel to pixel below which a patch says nothing of sharpness: sky, fog, black."""


def _reads(label: str) -> Measure:
    def measure(evidence: Evidence) -> Reading | None:
        odds = evidence.network.get(label)
        return None if odds is None or not math.isfinite(odds) else Reading(odds)

    measure.__doc__ = (
        f"Logit of `{label}` minus that of `original`: natural log odds, about -20 .. 20, 0 where the network finds "
        "both alike. None when no network ran, or one that does not speak of it."
    )
    return measure


_SPEAKS_OF: dict[str, tuple[str, ...]] = {
    # At 224 pixels a shake is a blur; which of the two it is, patches tell.
    "blurred": ("blurred", "camera_shake"),
    "distorted": ("distorted",),
    "noisy": ("noisy",),
}
"""Flaws that an output of the network is heard on. The others count for the six-class answer alone: the study's shake
is none of a camera, and the tones of the pixels rank real exposures better than the network does, and than both
together (docs/experiments.md)."""

for _label, _sentence in _SENTENCES.items():
    check(
        f"network_{_label}",
        flaws=_SPEAKS_OF.get(_label, ()),
        higher="worse",
        sentence=_sentence,
        network="whole",
    )(_reads(_label))


@check("network_quality", flaws=(), higher="better", sentence="The network finds it flawed", network="whole")
def network_quality(evidence: Evidence) -> Reading | None:
    """Logit of technical quality as a whole, about -6 .. 6; only ranks photos. None where the network does not say.

    The network learned it from what was done to photos, not from what anybody liked.
    """
    quality = evidence.network.get("quality")
    return None if quality is None else Reading(quality)


def _telling(evidence: Evidence) -> tuple[Patches, npt.NDArray[np.bool_]] | None:
    """The patches, and which of them tell: those on faces where there are any, else all that have enough detail.

    A blurred background is no flaw of a portrait, and a sharp one does not save it. None where none can tell.
    """
    seen = evidence.patches
    if seen is None:
        return None
    # Noise alone makes steps of 4 sigma squared, which is measured a little low where there is nothing else. Where
    # the frame was made smaller to be looked at, its pixels are means of many.
    noise = 6 * (evidence.noise_sigma * SIDE / seen.side) ** 2
    there = seen.detail - noise >= LEAST_DETAIL**2
    on_face = there & seen.on_face
    return (seen, on_face if on_face.any() else there) if there.any() else None


def _log_odds(share: npt.NDArray[np.float64]) -> float:
    middle = float(np.clip(share.mean(), 1e-6, 1 - 1e-6))
    return math.log(middle / (1 - middle))


@check(
    "focus_patches",
    flaws=("blurred", "camera_shake"),
    higher="worse",
    sentence="The most detailed parts are not sharp",
    network="focus",
    version="2",
)
def focus_patches(evidence: Evidence) -> Reading | None:
    """Mean logit of blur over the patches that can tell, about -10 (all crisp) .. 10; None where none can."""
    told = _telling(evidence)
    if told is None:
        return None
    seen, there = told
    return Reading(float(seen.blurred[there].mean()), _whose(seen, there))


@check(
    "focus_best",
    flaws=("blurred", "camera_shake"),
    higher="worse",
    sentence="Even the sharpest part is not sharp",
    network="focus",
    version="2",
)
def focus_best(evidence: Evidence) -> Reading | None:
    """Logit of blur of the sharpest patches (their lowest tenth), about -12 (crisp) .. 10; None where none can tell.

    A sharp subject before a blurred background has low values here; a photo without any sharp part has none.
    """
    told = _telling(evidence)
    if told is None:
        return None
    seen, there = told
    logits = np.where(there, seen.blurred, np.float32(np.inf))
    best = np.quantile(logits[there], 0.1)
    note = _where(seen, int(logits.argmin()), evidence)
    return Reading(float(best), "; ".join(filter(None, (_whose(seen, there), note))))


def _whose(seen: Patches, there: npt.NDArray[np.bool_]) -> str:
    """Whose sharpness was told, where it was not that of the whole frame."""
    return "faces" if seen.on_face[there].all() else ""


def _where(seen: Patches, index: int, evidence: Evidence) -> str:
    rows, columns = (max(3, side // 32) for side in evidence.luma.shape)
    mask = np.zeros((rows, columns), np.float32)
    top, left = (seen.places[index] + seen.side / 2) / np.array(evidence.luma.shape)
    mask[min(rows - 1, int(top * rows)), min(columns - 1, int(left * columns))] = 1
    return f"sharpest: {exposure.place(mask)}"


@check(
    "focus_shake",
    flaws=("camera_shake",),
    higher="worse",
    sentence="Its parts are smeared as by movement",
    network="focus",
    version="2",
)
def focus_shake(evidence: Evidence) -> Reading | None:
    """Log odds of the mean chance that a patch is blurred by motion, about -14 .. 14; None where none can tell."""
    told = _telling(evidence)
    if told is None:
        return None
    seen, there = told
    note = "; ".join(filter(None, (_whose(seen, there), _direction(seen, there))))
    return Reading(_log_odds((chance(seen.blurred) * chance(seen.moved))[there]), note)


@check(
    "focus_defocus",
    flaws=("blurred",),
    higher="worse",
    sentence="Its parts are blurred as by a lens out of focus",
    network="focus",
    version="2",
)
def focus_defocus(evidence: Evidence) -> Reading | None:
    """Log odds of the mean chance that a patch is blurred without motion, about -14 .. 14; None where none can tell."""
    told = _telling(evidence)
    if told is None:
        return None
    seen, there = told
    return Reading(_log_odds((chance(seen.blurred) * chance(-seen.moved))[there]), _whose(seen, there))


def _direction(seen: Patches, there: npt.NDArray[np.bool_]) -> str:
    """The direction of the smear in words where the patches agree on one; see `types.Patches` for the axis."""
    cos, sin = seen.axis[there].mean(axis=0)
    if math.hypot(cos, sin) < 0.4:
        return ""
    angle = math.degrees(0.5 * math.atan2(sin, cos)) % 180
    words = ("horizontal", "falling to the right", "vertical", "rising to the right")
    return f"direction: {words[round(angle / 45) % 4]}"
