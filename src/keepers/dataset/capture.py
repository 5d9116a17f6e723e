"""A clean photo taken again, with what can go wrong, and the truth of what went wrong where.

Unlike the flaws of the study, which change a finished picture, a capture goes back to the light of the scene: defocus
and motion blur first, then exposure, noise, the tone curve, sharpening, scaling and JPEG. Several things may go wrong
at once, and several look like flaws and are none: a blurred background, a dark or bright mood, fog, a panned shot.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from keepers.flaws import depth, psf
from keepers.flaws.geometry import stretch
from keepers.flaws.light import Response, develop, scene
from keepers.image.resize import fit
from keepers.types import Plane, Rgb

CELL = 16
"""Pixels of the finished capture per cell of the truth's maps."""

KINDS = {
    "clean": 0.24,
    "defocus": 0.15,
    "shake": 0.16,
    "bokeh": 0.08,
    "missed_focus": 0.05,
    "subject_motion": 0.05,
    "panning": 0.03,
    "recede": 0.03,
    "over": 0.09,
    "under": 0.09,
    "stretched": 0.03,
}
"""What a capture is drawn as, with its share."""
MOODS = ("low_key", "high_key", "silhouette", "fog", "night")
WHOLE = frozenset({"defocus", "shake"})
"""Kinds whose blur covers the frame."""
PARTIAL = frozenset({"missed_focus", "subject_motion"})
"""Kinds where it takes a person to say whether the photo is spoilt."""

_SIGMA = (0.0006, 0.0125)
"""Standard deviation of a blur over the frame's diagonal, least and most."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that is drawn for one capture; see `take`. Lengths in pixels of the picture before `response.scale`."""

    kind: str
    seed: int
    long_side: int
    response: Response
    sigma: float = 0.0
    share: float = 0.2
    ev: float = 0.0
    mood: str = ""
    stretch: float = 1.0
    flip: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What went wrong, in pixels of the finished capture.

    spread: float32 3 x rows x columns, the covariance (xx, yy, xy) of the local blur in every cell of `CELL` pixels.
    moved: float32 rows x columns, how much of that variance is motion, 0..1. sigma: blur of the whole frame as the
    largest standard deviation over the diagonal, times 1000; 0 where the frame is sharp somewhere by intent.
    motion: whether that blur is motion. ev: exposure compensation. stretch: longer over shorter of what should be
    equal, 1 for a true shape. noise: standard deviation on middle grey, 0..1.
    """

    kind: str
    spread: Plane
    moved: Plane
    sigma: float
    motion: bool
    ev: float
    stretch: float
    noise: float
    mood: str = ""


LIMITS: Mapping[str, float] = {"blur": 0.9, "over": 0.9, "under": -1.2, "stretch": 1.2, "noise": 11.0}
"""From where a person would call it a flaw: blur in thousandths of the diagonal, exposure in EV, noise in codes. A blur
of .9 is a standard deviation of 2 pixels where the photo fills a screen of 1920 x 1080, which everybody sees."""
GRAVE: Mapping[str, float] = {"blur": 2.2, "over": 1.8, "under": -2.4, "stretch": 1.5, "noise": 40.0}
"""From where hardly anybody would keep the photo for it, in the same units. Exposure beyond it is what a RAW file
no longer gives back."""


def flaws_of(truth: Truth, limits: Mapping[str, float] = LIMITS) -> tuple[str, ...] | None:
    """The flaws of a capture as a person would name them, in the order of `types.FLAWS`; none for a good photo.

    None where only a person can say: a part of the photo is blurred that may be the subject.
    """
    if truth.kind in PARTIAL:
        return None
    blurred = truth.sigma >= limits["blur"]
    found = {
        "blurred": blurred and not truth.motion,
        "camera_shake": blurred and truth.motion,
        "distorted": truth.stretch >= limits["stretch"],
        "overexposed": truth.ev >= limits["over"],
        "underexposed": truth.ev <= limits["under"],
        "noisy": 255 * truth.noise >= limits["noise"],
    }
    return tuple(name for name, there in found.items() if there)


def draw(rng: np.random.Generator, long_side: int) -> Recipe:
    """Draw a capture of a picture with this long side in pixels."""
    kind = str(rng.choice(list(KINDS), p=np.array(list(KINDS.values())) / sum(KINDS.values())))
    long = min(long_side, int(rng.integers(640, 1025)))
    diagonal = 1.2 * long
    low, high = _SIGMA
    sigma = float(low * (high / low) ** rng.beta(1.0, 1.15)) * diagonal
    if kind in ("bokeh", "panning", "missed_focus", "subject_motion", "recede"):
        sigma = max(sigma, 0.0022 * diagonal)
    if kind in ("clean", "over", "under", "stretched"):
        sigma = 0.0
    ev = 0.0
    if kind == "over" or (kind in WHOLE and rng.uniform() < 0.06):
        ev = float(rng.uniform(0.5, 3.6))
    elif kind == "under" or (kind in WHOLE and rng.uniform() < 0.08):
        ev = -float(rng.uniform(0.7, 4.6))
    elif rng.uniform() < 0.5:
        ev = float(rng.normal(0, 0.2))
    mood = str(rng.choice(MOODS)) if rng.uniform() < (0.25 if kind == "clean" else 0.05) and abs(ev) < 0.6 else ""
    wide = float(np.exp(rng.uniform(np.log(1.2), np.log(2.1))))
    return Recipe(
        kind=kind,
        seed=int(rng.integers(2**31)),
        long_side=long,
        response=_response(rng, mood),
        sigma=sigma,
        share=float(rng.uniform(0.06, 0.4)),
        ev=ev,
        mood=mood,
        stretch=wide if kind == "stretched" or rng.uniform() < 0.03 else 1.0,
        flip=bool(rng.uniform() < 0.5),
    )


def _response(rng: np.random.Generator, mood: str) -> Response:
    noisy = rng.uniform() < (0.9 if mood == "night" else 0.6)
    photons = float(np.exp(rng.uniform(np.log(60), np.log(8000)))) if noisy else 0.0
    return Response(
        contrast=float(rng.uniform(0, 1)),
        headroom=float(np.exp(rng.uniform(0, np.log(8)))),
        photons=photons,
        read_sigma=float(rng.uniform(0, 0.012)),
        noise_grain=float(rng.choice([0.0, 0.5, 0.8])),
        sharpening=float(rng.choice([0.0, rng.uniform(0.2, 1.2)])),
        smoothing=float(rng.choice([0.0, 0.0, rng.uniform(0.3, 1.0)])),
        scale=float(rng.choice([1.0, rng.uniform(0.55, 1.0), rng.uniform(1.0, 1.4)], p=[0.35, 0.4, 0.25])),
        squeeze=float(np.exp(rng.choice([0.0, rng.normal(0, 0.03), rng.uniform(-0.5, 0.3)], p=[0.6, 0.3, 0.1]))),
        quality=int(rng.integers(45, 99)),
    )


def take(rgb: Rgb, recipe: Recipe) -> tuple[Rgb, Truth]:
    """Take `rgb` again.

    Returns:
        The capture, uint8 H x W x 3, and its truth.
    """
    rng = np.random.default_rng(recipe.seed)
    picture = fit(rgb, recipe.long_side)
    if recipe.flip:
        picture = np.ascontiguousarray(picture[:, ::-1])
    if recipe.stretch > 1.0:
        picture = stretch(picture, {"factor": recipe.stretch})
    light = scene(picture, recipe.response)
    if recipe.mood:
        light = _in_mood(light, recipe.mood, rng)
    light, layers = _blur(light, recipe, rng)
    out = develop(light, recipe.response, recipe.ev, rng)
    before, after = (picture.shape[0], picture.shape[1]), (out.shape[0], out.shape[1])
    return out, _truth(recipe, layers, before, after)


@dataclass
class _Layers:
    """Blurs and where they act: masks float32 H x W, 0..1."""

    spreads: list[tuple[psf.Spread, bool, Plane | None]] = field(default_factory=list)

    def add(self, kernel: Plane, motion: bool, mask: Plane | None = None) -> None:
        self.spreads.append((psf.spread_of(kernel), motion, mask))


def _kernel(rng: np.random.Generator, sigma: float, motion: bool) -> Plane:
    """A kernel whose larger standard deviation is about `sigma` pixels."""
    if not motion:
        return psf.lens(2 * sigma, int(rng.choice([0, 0, 6, 7, 9])), float(rng.uniform(0, 6.3)))
    # A straight path of length l has a standard deviation of l / sqrt(12).
    return psf.hand(rng, 3.2 * sigma, 0.8 * float(rng.beta(1.0, 2.5)))


def _blur(light: Plane, recipe: Recipe, rng: np.random.Generator) -> tuple[Plane, _Layers]:
    layers, shape = _Layers(), (light.shape[0], light.shape[1])
    if rng.uniform() < 0.5:  # no lens is perfect
        kernel = psf.lens(float(rng.uniform(0.2, 1.1)))
        light = psf.blurred(light, kernel)
        layers.add(kernel, False)
    if recipe.sigma <= 0.0:
        return light, layers
    motion = recipe.kind in ("shake", "subject_motion", "panning")
    if recipe.kind == "panning":
        kernel = psf.line(3.46 * recipe.sigma, float(rng.normal(0, 0.15)), float(rng.normal(0, 0.1)))
    else:
        kernel = _kernel(rng, recipe.sigma, motion)
    soft = psf.blurred(light, kernel)
    if recipe.kind in WHOLE:
        layers.add(kernel, motion)
        if rng.uniform() < 0.15:  # hands shake and lenses miss at the same time
            other = _kernel(rng, recipe.sigma * float(rng.uniform(0.2, 0.6)), not motion)
            soft = psf.blurred(soft, other)
            layers.add(other, not motion)
        return soft, layers
    mask = depth.ground(rng, shape) if recipe.kind == "recede" else depth.subject(rng, shape, recipe.share)
    if recipe.kind in ("bokeh", "panning"):
        mask = 1 - mask
    # What is out of focus or moves has a blurred outline too.
    edge = cv2.GaussianBlur(mask, (0, 0), max(0.5, recipe.sigma))
    mask = np.asarray(np.maximum(mask, edge) if recipe.kind in PARTIAL else edge, dtype=np.float32)
    layers.add(kernel, motion, mask)
    return np.asarray(light + (soft - light) * mask[..., None], dtype=np.float32), layers


def _in_mood(light: Plane, mood: str, rng: np.random.Generator) -> Plane:
    """Light that is dark, bright or thin by intent."""
    shape = (light.shape[0], light.shape[1])
    tone = light.mean(axis=2, keepdims=True)
    if mood in ("low_key", "high_key"):
        mask = cv2.GaussianBlur(depth.subject(rng, shape, float(rng.uniform(0.08, 0.3))), (0, 0), shape[0] / 20)
        keep = np.asarray(mask, dtype=np.float32)[..., None]
        if mood == "low_key":
            return np.asarray(light * (keep + (1 - keep) * np.float32(2.0 ** rng.uniform(-6, -3))), dtype=np.float32)
        white = np.float32(rng.uniform(0.9, 1.4))
        return np.asarray(light * keep + (0.15 * light + white) * (1 - keep), dtype=np.float32)
    if mood == "silhouette":
        power, limit = np.float32(rng.uniform(1.6, 2.6)), np.float32(np.quantile(tone, 0.97) + 1e-4)
        return np.asarray(light * np.power(np.clip(tone / limit, 1e-3, 4), power - 1), dtype=np.float32)
    if mood == "fog":
        air = np.float32(rng.uniform(0.25, 0.6))
        share = np.float32(rng.uniform(0.4, 0.75))
        return np.asarray(light * (1 - share) + air * share, dtype=np.float32)
    # Night: all is dark but the lamps, the brightest hundredth of the scene.
    lamps = np.clip((tone - np.quantile(tone, 0.985)) / 0.1, 0, 1)
    lamps = np.asarray(cv2.GaussianBlur(lamps.astype(np.float32), (0, 0), 1.5), dtype=np.float32)[..., None]
    return np.asarray(light * (np.float32(2.0 ** rng.uniform(-4, -2)) + 2 * lamps), dtype=np.float32)


def _truth(recipe: Recipe, layers: _Layers, before: tuple[int, int], after: tuple[int, int]) -> Truth:
    """Covariances in cells of the finished capture."""
    grid = (-(-after[0] // CELL), -(-after[1] // CELL))
    x, y = after[1] / before[1], after[0] / before[0]
    spread = np.zeros((3, *grid), np.float32)
    motion_variance = np.zeros(grid, np.float32)
    for own, motion, mask in layers.spreads:
        small = own.scaled(x, y)
        share = _cells(mask, grid) if mask is not None else np.ones(grid, np.float32)
        spread += np.array([small.xx, small.yy, small.xy], np.float32)[:, None, None] * share
        if motion:
            motion_variance += np.float32(small.xx + small.yy) * share
    moved = motion_variance / np.maximum(spread[0] + spread[1], 1e-6)
    whole = recipe.kind in WHOLE
    sigma = 1000 * _largest(spread).max() / float(np.hypot(*after)) if whole else 0.0
    return Truth(
        kind=recipe.kind,
        spread=spread,
        moved=np.clip(moved, 0, 1),
        sigma=float(sigma),
        motion=whole and bool(moved.max() > 0.5),
        ev=recipe.ev,
        stretch=float(max(recipe.stretch * x / y, y / x / recipe.stretch)),
        noise=_noise_of(recipe),
        mood=recipe.mood,
    )


def _cells(mask: Plane, grid: tuple[int, int]) -> Plane:
    small = cv2.resize(mask, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _largest(spread: Plane) -> npt.NDArray[np.float32]:
    """Standard deviation along the worse axis, of covariances 3 x rows x columns."""
    half = (spread[0] + spread[1]) / 2
    root = np.hypot((spread[0] - spread[1]) / 2, spread[2])
    return np.asarray(np.sqrt(np.maximum(half + root, 0)), dtype=np.float32)


def _noise_of(recipe: Recipe) -> float:
    """About the standard deviation on middle grey of the encoded picture."""
    response = recipe.response
    if response.photons <= 0:
        return 0.0
    grey = 0.18
    linear = np.sqrt(grey / response.photons + response.read_sigma**2)
    slope = 0.46 / (2.4 * grey) * 2.4 / 2.2  # of the sRGB curve at middle grey
    return float(slope * linear * min(1.0, response.scale) * (0.75 if response.noise_grain else 1.0))
