"""Where the eye goes first: a small map of what stands out, and the subject in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from keepers.types import Plane, Rgb

SIDE = 64
"""Long side of the map; Hou and Zhang look at 64 pixels, too: at that size the eye's first glance knows objects."""
_FINER = 4
_LEAST_CONTRAST = 3.0
"""Distance in Lab (0 .. 100) from the borders' colours below which nothing stands out."""

Box = tuple[float, float, float, float]
"""Left, top, width and height as shares 0..1 of the picture's width and height."""
Point = tuple[float, float]
"""Right and down as shares 0..1 of the picture's width and height."""


@dataclass(frozen=True, slots=True)
class Region:
    """What stands out most. middle: its centre of mass. share: of all that stands out, 0 .. 1: low where the eye finds
    no rest. cut: along which share of the four borders' total length it touches them, 0 .. 1."""

    box: Box
    middle: Point
    share: float
    cut: float


def saliency(rgb: Rgb, sharp: Plane | None = None) -> Plane | None:
    """How much each part stands out, float32, long side at most `SIDE`, sum 1; None where nothing does.

    The product of four views, each smoothed and from 0 to 1: what the spectrum does not expect (Hou and Zhang,
    "Saliency detection: a spectral residual approach", CVPR 2007, doi:10.1109/CVPR.2007.383267); how far a colour lies
    in Lab from those at the borders of the picture, which are background more often than not (after Wei et al.,
    "Geodesic saliency using background priors", ECCV 2012, doi:10.1007/978-3-642-33712-3_3); where the picture is
    sharp, since photographers put the focus on the subject; and the middle before the corners (Judd et al.,
    "Learning to predict where humans look", ICCV 2009, doi:10.1109/ICCV.2009.5459462). Each view keeps a part of its
    weight where it sees nothing, so that none decides alone.

    Args:
        rgb: uint8 H x W x 3.
        sharp: how sharp and detailed each part is, >= 0, any grid over the picture; None where nobody looked.
    """
    small = _small(rgb)
    if min(small.shape[:2]) < 8:
        return None
    lab = _lab(small)
    away = _from_the_borders(lab)
    if float(away.max()) < _LEAST_CONTRAST:
        return None
    seen = _weighed(_residual(lab[..., 0])) * _weighed(away) ** 2 * _central(away.shape)
    if sharp is not None and float(sharp.max(initial=0.0)) > 0:
        grid = cv2.resize(sharp, seen.shape[::-1], interpolation=cv2.INTER_LINEAR)
        seen = seen * _weighed(np.asarray(grid, dtype=np.float32))
    # What nothing sees counts for nothing: without this, plain sky would weigh as much as it is large.
    seen = np.maximum(seen - np.median(seen), 0)
    total = float(seen.sum())
    return np.asarray(seen / total, dtype=np.float32) if total > 0 else None


def _lab(rgb: Rgb) -> Plane:
    """Lab, float32 H x W x 3, with single pixels smoothed away."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), 1.0), dtype=np.float32)


def _from_the_borders(lab: Plane) -> Plane:
    """Mean distance in Lab from the tenth of the border's colours that are most alike, H x W."""
    height, width = lab.shape[:2]
    size = (max(4, width // 2), max(4, height // 2))
    half = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
    border = np.concatenate([half[0], half[-1], half[1:-1, 0], half[1:-1, -1]])
    flat = half.reshape(-1, 3)
    square = np.square(flat).sum(axis=1)[:, None] + np.square(border).sum(axis=1) - 2 * flat @ border.T
    nearest = np.partition(square, max(1, len(border) // 10), axis=1)[:, : max(1, len(border) // 10)]
    away = np.sqrt(np.maximum(nearest, 0)).mean(axis=1).reshape(half.shape[:2]).astype(np.float32)
    return np.asarray(cv2.resize(away, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _central(shape: tuple[int, ...]) -> Plane:
    """1 in the middle, about .4 at the middle of a border and .2 in a corner."""
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    return np.asarray(np.exp(-0.9 * np.square(rows))[:, None] * np.exp(-0.9 * np.square(columns)), dtype=np.float32)


def _small(rgb: Rgb) -> Rgb:
    """Every n-th pixel, and the mean of those: exact means of 6 million pixels would take longer than all the rest."""
    height, width = rgb.shape[:2]
    step = max(1, max(height, width) // (_FINER * SIDE))
    down, across = (min(step, side) for side in (height, width))
    some = np.ascontiguousarray(rgb[down // 2 :: down, across // 2 :: across])
    factor = min(1.0, SIDE / max(some.shape[:2]))
    size = (max(1, round(some.shape[1] * factor)), max(1, round(some.shape[0] * factor)))
    return np.asarray(cv2.resize(some, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _residual(plane: Plane) -> Plane:
    """What the log spectrum of the picture holds beyond its own local mean, back in the picture, squared."""
    spectrum = np.fft.fft2(plane)
    amplitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    rest = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_REFLECT)
    back = np.fft.ifft2(np.exp(rest + 1j * np.angle(spectrum)))
    return np.square(np.abs(back)).astype(np.float32)


def _weighed(plane: Plane) -> Plane:
    """Smoothed, from 1/3 at nothing to 1 at what stands out most."""
    smooth = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 2.0)
    low, high = float(smooth.min()), float(np.quantile(smooth, 0.99))
    part = np.clip((smooth - low) / max(high - low, 1e-9), 0, 1)
    return np.asarray(1 / 3 + 2 / 3 * part, dtype=np.float32)


def mass(seen: Plane) -> Point:
    """The centre of mass of what stands out."""
    rows, columns = (np.arange(side) + 0.5 for side in seen.shape)
    return float(seen.sum(axis=0) @ columns) / seen.shape[1], float(seen.sum(axis=1) @ rows) / seen.shape[0]


def subject(seen: Plane) -> Region | None:
    """The connected region that holds most of what stands out; None where it holds too little to be a subject.

    The threshold is Otsu's (1979, doi:10.1109/TSMC.1979.4310076), which asks for no number.
    """
    codes = np.rint(seen * (255.0 / max(float(seen.max()), 1e-12))).astype(np.uint8)
    level, mask = cv2.threshold(codes, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    if count < 2 or level <= 0:
        return None
    masses = np.bincount(labels.ravel(), weights=seen.ravel(), minlength=count)
    masses[0] = 0
    chosen: npt.NDArray[np.bool_] = labels == int(masses.argmax())
    rows, columns = np.nonzero(chosen)
    height, width = seen.shape
    box = (columns.min() / width, rows.min() / height, np.ptp(columns) / width + 1 / width,
           np.ptp(rows) / height + 1 / height)  # fmt: skip
    part = np.where(chosen, seen, 0)
    touching = chosen[0].sum() + chosen[-1].sum() + chosen[:, 0].sum() + chosen[:, -1].sum()
    left, top, wide, high = (float(value) for value in box)
    return Region(
        (left, top, wide, high),
        mass(part / part.sum()),
        float(part.sum() / seen.sum()),
        float(touching / (2 * (height + width))),
    )
