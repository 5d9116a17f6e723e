"""Checks that read the networks: what they say of the whole photo, and of patches on faces and of most detail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from keepers.checks.base import Measure, check, once
from keepers.image import exposure, noise, patches
from keepers.image.shake import chance
from keepers.types import UNSHARP, Evidence, Patches, Reading

_SENTENCES = {
    "blurred": "The network sees blur",
    "camera_shake": "The network sees camera shake",
    "distorted": "The network sees a stretched picture",
    "overexposed": "The network sees overexposure",
    "underexposed": "The network sees underexposure",
    "noisy": "The network sees noise",
}

Chosen = npt.NDArray[np.bool_]
"""bool N, some of N patches."""

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
    "blurred": UNSHARP,
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


@once
def _noise(evidence: Evidence) -> float:
    """Standard deviation of the noise where patches are cut out: of a large frame less than in its own pixels."""
    smaller, times = patches.reduced(evidence.luma)
    return evidence.noise_sigma if times == 1 else noise.sigma(smaller)


def _kinder(evidence: Evidence, raw: Callable[[Patches, Chosen], float]) -> tuple[float, Patches, Chosen] | None:
    """`raw` over all patches that have enough detail, or over those on faces where that speaks better for the photo,
    with the patches it was read from. None where no patch can tell.

    What is blurred behind a portrait is no flaw. A face that is less sharp than the rest condemns nothing by itself: it
    may be a poster, somebody who walks by, or no face.
    """
    seen = evidence.patches
    if seen is None:
        return None
    # Noise alone makes steps of 4 sigma squared, which is measured a little low where there is nothing else.
    there = seen.detail - 6 * _noise(evidence) ** 2 >= LEAST_DETAIL**2
    found = [(raw(seen, some), seen, some) for some in (there, there & seen.on_face) if some.any()]
    return min(found, key=lambda one: one[0], default=None)


def moving(evidence: Evidence) -> tuple[float, Patches, Chosen] | None:
    """Log odds of the mean chance that a patch is blurred by motion, and the patches which say so; see `_kinder`."""
    return _kinder(evidence, lambda seen, some: _log_odds((chance(seen.blurred) * chance(seen.moved))[some]))


def _lowest(seen: Patches, some: Chosen) -> float:
    return float(np.quantile(seen.blurred[some], 0.1))


def _still(seen: Patches, some: Chosen) -> float:
    return _log_odds((chance(seen.blurred) * chance(-seen.moved))[some])


def _log_odds(share: npt.NDArray[np.float64]) -> float:
    middle = float(np.clip(share.mean(), 1e-6, 1 - 1e-6))
    return math.log(middle / (1 - middle))


@check(
    "focus_patches",
    flaws=UNSHARP,
    higher="worse",
    sentence="The most detailed parts are not sharp",
    network="focus",
    version="3",
)
def focus_patches(evidence: Evidence) -> Reading | None:
    """Mean logit of blur over the patches that decide, about -10 (all crisp) .. 10; None where none can."""
    told = _kinder(evidence, lambda seen, some: float(seen.blurred[some].mean()))
    return Reading(told[0]) if told else None


@check(
    "focus_best",
    flaws=UNSHARP,
    higher="worse",
    sentence="Even the sharpest part is not sharp",
    network="focus",
    version="3",
)
def focus_best(evidence: Evidence) -> Reading | None:
    """Logit of blur of the sharpest deciding patches (their lowest tenth), about -12 (crisp) .. 10; None without any.

    A sharp subject before a blurred background has low values here; a photo without any sharp part has none.
    """
    told = _kinder(evidence, _lowest)
    if told is None:
        return None
    best, seen, some = told
    return Reading(best, _where(seen, int(np.where(some, seen.blurred, np.float32(np.inf)).argmin()), evidence))


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
    version="3",
)
def focus_shake(evidence: Evidence) -> Reading | None:
    """Log odds of the mean chance that a deciding patch is blurred by motion, about -14 .. 14; None without any."""
    told = moving(evidence)
    return Reading(told[0], _direction(told[1], told[2])) if told else None


@check(
    "focus_defocus",
    flaws=("blurred",),
    higher="worse",
    sentence="Its parts are blurred as by a lens out of focus",
    network="focus",
    version="3",
)
def focus_defocus(evidence: Evidence) -> Reading | None:
    """Log odds of the mean chance of blur without motion in a deciding patch, about -14 .. 14; None without any."""
    told = _kinder(evidence, _still)
    return Reading(told[0]) if told else None


def _direction(seen: Patches, some: Chosen) -> str:
    """The direction of the smear in words where the patches agree on one; see `types.Patches` for the axis."""
    cos, sin = seen.axis[some].mean(axis=0)
    if math.hypot(cos, sin) < 0.4:
        return ""
    angle = math.degrees(0.5 * math.atan2(sin, cos)) % 180
    words = ("horizontal", "falling to the right", "vertical", "rising to the right")
    return f"direction: {words[round(angle / 45) % 4]}"
