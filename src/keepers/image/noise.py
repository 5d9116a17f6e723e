"""How noisy a picture is: the standard deviation of its luma noise, read off where the picture itself is flat."""

import cv2
import numpy as np
import numpy.typing as npt

from keepers.types import Plane

BLOCK = 16
"""Edge in pixels of the blocks that are ranked by flatness: small enough to fit between textures."""

_PIXELS = 1_500_000
_FLATTEST = 0.1
# Where tones clip the noise is gone with the signal, so such blocks say nothing of the rest of the picture.
_DARKEST, _BRIGHTEST = 0.02, 0.98

# The difference of two Laplacians: blind to constant, linear and quadratic shading and to straight edges along the
# axes. Over 6, white noise keeps its standard deviation.
# The flattest tenth is chosen by its energy, so it lies below the mean: by this factor for white noise (measured).
_SELECTION = 0.872
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32) / np.float32(6.0)


def sigma(luma: Plane) -> float:
    """Standard deviation of the noise on luma, 0 .. about .3 on the scale 0..1.

    The kernel of Immerkaer, "Fast noise variance estimation", CVIU 1996, doi:10.1006/cviu.1996.0060, whose mean
    over the whole picture takes texture for noise; here the mean is taken over the flattest tenth of the blocks
    that do not clip. What texture is left even there counts as noise, so the result is an upper bound in
    pictures without any calm area. It must not change when a constant is added or the picture is mirrored.

    Args:
        luma: float32 H x W, 0..1. Large frames are sampled in bands of rows.

    Returns:
        The estimate; 0.0 where the picture is smaller than one block or clips everywhere.
    """
    energies, means = _blocks(luma)
    usable = energies[(means > _DARKEST) & (means < _BRIGHTEST)]
    if usable.size == 0:
        return 0.0
    keep = max(1, round(usable.size * _FLATTEST))
    return float(np.sqrt(np.partition(usable, keep - 1)[:keep].mean())) / _SELECTION


def _blocks(luma: Plane) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Energy of the noise kernel's output and mean luma of each block, both flat float32 arrays."""
    height, width = luma.shape
    columns, rows = width // BLOCK, height // BLOCK
    step = max(1, round(luma.size / _PIXELS))
    energies: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    means: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)]
    for row in range(0, rows if columns else 0, step):
        band = luma[row * BLOCK : (row + 1) * BLOCK, : columns * BLOCK]
        response = cv2.filter2D(band, cv2.CV_32F, _KERNEL, borderType=cv2.BORDER_REFLECT_101)
        energies.append(_means(np.square(response), columns))
        means.append(_means(band, columns))
    return np.concatenate(energies), np.concatenate(means)


def _means(band: Plane, columns: int) -> npt.NDArray[np.float32]:
    mean = cv2.resize(band, (columns, 1), interpolation=cv2.INTER_AREA)
    return np.asarray(mean, dtype=np.float32).reshape(columns)
