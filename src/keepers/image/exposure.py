"""How a picture's tones are spread: what is blown or blocked, where, and where its tones lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.types import Plane, Rgb

BLOWN = 253
"""From this code on a channel is taken for clipped: JPEG rings a little around 255."""
BLOCKED = 8
"""Up to this code in every channel a pixel is black to the eye."""

_PIXELS = 250_000


@dataclass(frozen=True, slots=True)
class Spots:
    """Share of the picture, 0..1, that is affected, and where most of it lies ("upper left", "centre" ..., or "")."""

    share: float
    place: str


def _step(height: int, width: int) -> int:
    """Every how many pixels to look: tones are counted as well on about 250,000 pixels, and faster."""
    return max(1, int(np.sqrt(height * width / _PIXELS)))


def blown_and_blocked(rgb: Rgb) -> tuple[Spots, Spots]:
    """Clipped highlights and blocked shadows, of uint8 H x W x 3.

    Highlights: the mean of the share with any and the share with every channel at `BLOWN` or above. One clipped channel
    loses colour, three lose everything; the mean counts the first half as much. Shadows: the share of pixels with every
    channel at `BLOCKED` or below.
    """
    step = _step(*rgb.shape[:2])
    red, green, blue = (np.ascontiguousarray(rgb[::step, ::step, channel]) for channel in range(3))
    lowest, highest = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    some, every = (highest >= BLOWN).astype(np.float32), (lowest >= BLOWN).astype(np.float32)
    clipped = np.asarray((some + every) / 2, dtype=np.float32)
    return _spots(clipped), _spots((highest <= BLOCKED).astype(np.float32))


def blown(rgb: Rgb) -> Spots:
    """The first of `blown_and_blocked`."""
    return blown_and_blocked(rgb)[0]


def blocked(rgb: Rgb) -> Spots:
    """The second of `blown_and_blocked`."""
    return blown_and_blocked(rgb)[1]


def percentile(luma: Plane, rank: float) -> float:
    """One of `percentiles`."""
    return percentiles(luma, [rank])[0]


def percentiles(luma: Plane, ranks: Sequence[float]) -> tuple[float, ...]:
    """The given percentiles (0..100) of luma 0..1 (float32 H x W)."""
    step = _step(*luma.shape)
    return tuple(np.percentile(np.ascontiguousarray(luma[::step, ::step]), ranks).tolist())


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
