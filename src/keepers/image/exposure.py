"""How a picture's tones are spread: what is blown or blocked, where, and where its tones lie."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.image.colour import luma
from keepers.types import Rgb

BLOWN = 253
"""From this code on a channel is taken for clipped: JPEG rings a little around 255."""
BLOCKED = 8
"""Up to this code in every channel a pixel is black to the eye."""

_PIXELS = 400_000


@dataclass(frozen=True, slots=True)
class Spots:
    """Share of the picture, 0..1, that is affected, and where most of it lies ("upper left", "centre" ..., or "")."""

    share: float
    place: str


def thin(rgb: Rgb) -> Rgb:
    """Every k-th pixel of every k-th row, about 400,000 in all: tones are counted as well on these, and faster."""
    step = max(1, int(np.sqrt(rgb.shape[0] * rgb.shape[1] / _PIXELS)))
    return np.ascontiguousarray(rgb[::step, ::step])


def blown(rgb: Rgb) -> Spots:
    """Clipped highlights: the mean of the share with any and the share with every channel at `BLOWN` or above.

    One clipped channel loses colour, three lose everything; the mean counts the first half as much.
    """
    small = thin(rgb)
    some = small.max(axis=2) >= BLOWN
    every = small.min(axis=2) >= BLOWN
    return _spots((some.astype(np.float32) + every) / 2)


def blocked(rgb: Rgb) -> Spots:
    """Blocked shadows: the share of pixels with every channel at `BLOCKED` or below."""
    return _spots((thin(rgb).max(axis=2) <= BLOCKED).astype(np.float32))


def percentile(rgb: Rgb, rank: float) -> float:
    """The given percentile (0..100) of luma, 0..1."""
    return float(np.percentile(luma(thin(rgb)), rank))


def _spots(mask: npt.NDArray[np.float32]) -> Spots:
    return Spots(float(mask.mean()), place(mask))


_ROWS, _COLUMNS = ("upper", "", "lower"), ("left", "", "right")


def place(mask: npt.NDArray[np.float32]) -> str:
    """The ninth of the picture that holds most of `mask` (H x W, values >= 0), in words.

    Empty where there is nothing, or where it is spread over so much that no place is worth naming.
    """
    if min(mask.shape) < 3 or not mask.any():
        return ""
    rows = np.array_split(mask, 3, axis=0)
    sums = np.array([[part.sum() for part in np.array_split(row, 3, axis=1)] for row in rows])
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    if sums[row, column] < 0.25 * sums.sum():
        return "all over"
    words = " ".join(word for word in (_ROWS[row], _COLUMNS[column]) if word)
    return words or "centre"
