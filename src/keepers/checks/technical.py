"""Checks that read the pixels themselves: sharpness, shake, exposure, noise."""

from __future__ import annotations

import math

import numpy as np

from keepers.checks.base import check, once
from keepers.image import exposure
from keepers.image.tiles import pooled
from keepers.types import UNSHARP, Evidence, Reading

_REFERENCE = 1024
"""Long side in pixels at which a photo's sharpness needs no correction for its size."""


@once
def _pooled(evidence: Evidence) -> tuple[float, float] | None:
    return pooled(evidence.tiles, evidence.noise_sigma)


@once
def _clipping(evidence: Evidence) -> tuple[exposure.Spots, exposure.Spots]:
    return exposure.blown_and_blocked(evidence.frame.rgb)


@once
def _bright(evidence: Evidence) -> tuple[float, ...]:
    """The 95th and the 99th percentile of luma."""
    return exposure.percentiles(evidence.luma, (95, 99))


def _odds(share: float, least: float = 1e-4) -> float:
    """Natural log odds of a share 0..1, kept finite by `least`."""
    return math.log((share + least) / (1.0 - share + least))


@check(
    "tile_sharpness",
    flaws=UNSHARP,
    higher="better",
    sentence="Even the sharpest parts lack fine detail",
)
def tile_sharpness(evidence: Evidence) -> Reading | None:
    """Sharpness of the most detailed twentieth of the tiles in their worst direction, in octaves of amplitude.

    log2 of fine over coarse gradient amplitude after subtracting the noise (see `image.tiles.pooled`), about -6
    (blurred) .. 0 (crisp); photos larger than 1024 px are allowed half an octave less for every doubling, because
    their pixels are looked at from further away. It must hardly change with contrast, exposure or noise. None
    where no tile has texture.
    """
    both = _pooled(evidence)
    if both is None:
        return None
    return Reading(both[0] + size_correction(evidence), _sharpest(evidence))


def size_correction(evidence: Evidence) -> float:
    """Octaves that `tile_sharpness` allows a photo for its size."""
    return 0.5 * math.log2(max(evidence.luma.shape) / _REFERENCE)


def _sharpest(evidence: Evidence) -> str:
    """Where the sharpest tiles are."""
    sharpness = np.nan_to_num(evidence.tiles.sharpness, nan=0.0)
    if min(sharpness.shape) < 3:
        return ""
    where = exposure.place((sharpness >= np.quantile(sharpness, 0.95)).astype(np.float32) * sharpness)
    return f"sharpest: {where}" if where and where != "all over" else ""


@check(
    "shake_direction",
    flaws=(),
    higher="worse",
    sentence="Detail is smeared along one direction over the whole frame",
)
def shake_direction(evidence: Evidence) -> Reading | None:
    """How much sharper the best direction is than the worst, in octaves of amplitude: 0 (alike) .. about 3.

    Of the same tiles as `tile_sharpness`; the coarse gradients cancel the directions of the picture's own edges.
    A subject that moves alone smears its own tiles only. None where no tile has texture. It ranks the frames of a
    burst and is heard on no flaw: on real photos patches tell blur and motion better without it (docs/experiments.md).
    """
    both = _pooled(evidence)
    return None if both is None else Reading(both[1] - both[0])


def _extent(spots: exposure.Spots) -> str:
    """How much of the frame and where, such as "12 % of the frame, upper left"."""
    share = f"{spots.share:.0%}".replace("%", " %") if spots.share >= 0.005 else "less than 1 %"
    return f"{share} of the frame, {spots.place}" if spots.place else f"{share} of the frame"


@check("clipped_highlights", flaws=("overexposed",), higher="worse", sentence="Highlights are blown out")
def clipped_highlights(evidence: Evidence) -> Reading | None:
    """Natural log odds of the share of blown pixels (see `image.exposure.blown`), about -9 (none) .. 9 (all)."""
    spots = _clipping(evidence)[0]
    return Reading(_odds(spots.share), _extent(spots))


@check("bright_tones", flaws=("overexposed",), higher="worse", sentence="The brightest tones crowd at white")
def bright_tones(evidence: Evidence) -> Reading | None:
    """Natural log odds of the 95th percentile of luma, about -6 (dark) .. 6 (white).

    High-key pictures are bright as a whole and still keep their whitest tones below white.
    """
    return Reading(_odds(_bright(evidence)[0], 2e-3))


@check("blocked_shadows", flaws=("underexposed",), higher="worse", sentence="Shadows are blocked up")
def blocked_shadows(evidence: Evidence) -> Reading | None:
    """Natural log odds of the share of blocked pixels (see `image.exposure.blocked`), about -9 (none) .. 9 (all)."""
    spots = _clipping(evidence)[1]
    return Reading(_odds(spots.share), _extent(spots))


@check("dark_tones", flaws=("underexposed",), higher="better", sentence="Even the brightest tones are dark")
def dark_tones(evidence: Evidence) -> Reading | None:
    """Natural log odds of the 99th percentile of luma, about -6 (dark) .. 6 (white).

    Low-key pictures are dark as a whole and still have something bright, if only small.
    """
    return Reading(_odds(_bright(evidence)[1], 2e-3))


@check("noise", flaws=("noisy",), higher="worse", sentence="It is noisy even where the picture is flat")
def noise(evidence: Evidence) -> Reading | None:
    """log2 of the standard deviation of noise on luma (see `image.noise.sigma`), about -11 (clean) .. -2."""
    return Reading(math.log2(max(evidence.noise_sigma, 0.0005)))
