"""Facts of a grid of tiles over a frame: how sharp each is in every direction, and how much there is to judge by.

A blur takes away fine detail and leaves coarse detail; a picture of fog has little of either. So sharpness is the
energy of gradients at the finest scale over that at a scale about two octaves coarser, both after subtracting
what noise contributes. Both energies are kept as structure tensors, because a shaken photo loses detail along
one direction only: the smallest generalised eigenvalue of the pair (fine, coarse) is the sharpness of the worst
direction, whatever the directions of the edges that the picture happens to have.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from keepers.image import noise
from keepers.types import Plane, Tiles

_SMALLEST, _LARGEST = 32, 128
_HALO = 4
# The noise of real files is coarser than white noise (demosaicing, JPEG), so a little more is subtracted.
_NOISE_MARGIN = 1.2
# A tile is judged where its coarse gradients stand out of the noise and of 8-bit steps (RMS, luma per pixel).
_LEAST_GRADIENT = 0.001
_LEAST_SNR = 0.5
# Share of the noise's energy at the finest scale below which detail cannot be found.
_BELOW_NOISE = 0.06

_BORDER = cv2.BORDER_REFLECT_101


def tile_size(height: int, width: int) -> int:
    """Edge of a tile in pixels: about 1/16 of the long side, a multiple of 8 in 32..128, never above the frame."""
    size = round(max(height, width) / 128) * 8
    return min(max(_SMALLEST, min(_LARGEST, size)), height, width)


def measure_tiles(luma: Plane, noise_sigma: float | None = None) -> Tiles:
    """Measure a centred grid of square tiles; what is left at the borders (less than a tile) is not looked at.

    Args:
        luma: float32 H x W, 0..1, at least 1 x 1.
        noise_sigma: standard deviation of the noise on luma; measured by `noise.sigma` where None.

    Returns:
        `Tiles` of at least 1 x 1; `sharpness` is NaN where there is too little texture to tell.
    """
    if noise_sigma is None:
        noise_sigma = noise.sigma(luma)
    height, width = luma.shape
    size = tile_size(height, width)
    if size < noise.BLOCK:
        return _nothing(size)
    rows, columns = height // size, width // size
    top, left = (height - rows * size) // 2, (width - columns * size) // 2
    facts = np.empty((8, rows, columns), np.float32)
    # One strip of tiles at a time stays in the processor's cache, which makes this three times faster.
    for row in range(rows):
        start = top + row * size
        above = min(_HALO, start) // 2 * 2
        facts[:, row] = _strip_facts(luma[start - above : start + size + _HALO], above, left, size, columns)
    return _finish(facts[0:3], facts[3:6], facts[6:8], noise_sigma, size)


def _nothing(size: int) -> Tiles:
    """One tile of which nothing can be told: the frame is too small to have texture."""
    nan, zero, tensor = (
        np.full((1, 1), np.nan, np.float32),
        np.zeros((1, 1), np.float32),
        np.zeros((3, 1, 1), np.float32),
    )
    return Tiles(sharpness=nan, detail=zero, anisotropy=zero, size=size, fine=tensor, coarse=tensor)


def _finish(
    fine: npt.NDArray[np.float32],
    coarse: npt.NDArray[np.float32],
    moments: npt.NDArray[np.float32],
    noise_sigma: float,
    size: int,
) -> Tiles:
    """Subtract the noise from both tensors and derive the facts of each tile."""
    fine_gain, coarse_gain = _noise_gains()
    variance = _NOISE_MARGIN * noise_sigma**2
    fine[:2] -= np.float32(variance * fine_gain)
    coarse[:2] -= np.float32(variance * coarse_gain)
    energy = coarse[0] + coarse[1]
    enough = energy > max(_LEAST_GRADIENT**2, _LEAST_SNR * 2 * variance * coarse_gain)
    safe = np.where(enough, energy, np.float32(1.0))
    ratio = np.maximum(fine[0] + fine[1], 0) / safe
    spread = np.hypot(coarse[0] - coarse[1], 2 * coarse[2]) / safe
    return Tiles(
        sharpness=np.where(enough, np.sqrt(ratio), np.float32(np.nan)).astype(np.float32),
        detail=np.sqrt(np.maximum(moments[1] - moments[0] ** 2, 0)),
        anisotropy=np.where(enough, np.clip(spread, 0, 1), np.float32(0.0)).astype(np.float32),
        size=size,
        fine=fine,
        coarse=coarse,
    )


def _fine_detail(luma: Plane) -> tuple[Plane, Plane]:
    """Gradients (x, y) of what a 3 x 3 binomial smoothing takes away."""
    band = luma - cv2.GaussianBlur(luma, (3, 3), 0.707, borderType=_BORDER)
    return _gradients(band, 0.125)


def _halve(luma: Plane) -> Plane:
    return np.asarray(cv2.pyrDown(luma, borderType=_BORDER), dtype=np.float32)


def _coarse_detail(small: Plane) -> tuple[Plane, Plane]:
    """Gradients (x, y) of the picture at half its size, per pixel of the full size."""
    return _gradients(small, 0.0625)


def _gradients(plane: Plane, scale: float) -> tuple[Plane, Plane]:
    x = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=scale, borderType=_BORDER)
    y = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=scale, borderType=_BORDER)
    return np.asarray(x, dtype=np.float32), np.asarray(y, dtype=np.float32)


def _strip_facts(strip: Plane, above: int, left: int, size: int, columns: int) -> npt.NDArray[np.float32]:
    """8 x columns: fine tensor (xx, yy, xy), coarse tensor, mean and mean square of luma, for each tile."""
    small = _halve(strip)
    window = (slice(above, above + size), slice(left, left + size * columns))
    half = size // 2
    small_window = (slice(above // 2, above // 2 + half), slice(left // 2, left // 2 + half * columns))
    gx, gy = (plane[window] for plane in _fine_detail(strip))
    hx, hy = (plane[small_window] for plane in _coarse_detail(small))
    inner = small[small_window]
    products = [(gx, gx), (gy, gy), (gx, gy), (hx, hx), (hy, hy), (hx, hy), (inner, None), (inner, inner)]
    return np.stack([_tile_means(a, b, columns) for a, b in products])


def _tile_means(a: Plane, b: Plane | None, columns: int) -> npt.NDArray[np.float32]:
    """Mean of `a * b` (of `a` where `b` is None) in each tile of a strip."""
    # einsum multiplies and adds in one pass over memory, twice as fast as a product and a box filter.
    down = a.sum(axis=0) if b is None else np.einsum("ij,ij->j", a, b)
    return np.asarray(down.reshape(columns, -1).sum(axis=1) / np.float32(a.size // columns), dtype=np.float32)


@lru_cache(maxsize=1)
def _noise_gains() -> tuple[float, float]:
    """What white noise of variance 1 adds to xx and to yy of the fine and of the coarse tensor."""
    impulse = np.zeros((64, 64), np.float32)
    fine = coarse = 0.0
    # The coarse grid is sampled at every other pixel: its gain is the sum over the four phases of an impulse.
    for y, x in ((32, 32), (32, 33), (33, 32), (33, 33)):
        impulse[:] = 0
        impulse[y, x] = 1
        fine += float(np.square(_fine_detail(impulse)[0]).sum()) / 4
        coarse += float(np.square(_coarse_detail(_halve(impulse))[0]).sum())
    return fine, coarse


def pooled(
    tiles: Tiles, noise_sigma: float = 0.0, *, share: float = 0.05, least: int = 4
) -> tuple[float, float] | None:
    """Sharpness of the worst and of the best direction over the tiles with the most detail.

    The tensors of the `share` of tiles with the strongest coarse gradients are summed, at least `least` tiles where
    there are as many: the subject of a shallow depth of field is among them, and a blur of the whole frame leaves
    none sharp. A direction must lose detail in all of them to count as lost. Detail far below noise of standard
    deviation `noise_sigma` cannot be told from none, so nothing counts as less sharp than that.

    Returns:
        (worst, best): log2 of the ratio of fine to coarse gradient amplitude, about -7 .. 1 and worst <= best;
        None where no tile has texture.
    """
    best = best_tiles(tiles, share=share, least=least)
    return None if best is None else _pooled(tiles, best, noise_sigma)


def best_tiles(tiles: Tiles, *, share: float = 0.05, least: int = 4) -> npt.NDArray[np.intp] | None:
    """Places (in the flattened grid) of the tiles that `pooled` goes by, the most detailed first; None without one."""
    if tiles.fine is None or tiles.coarse is None:
        return None
    textured = np.flatnonzero(np.isfinite(tiles.sharpness))
    if textured.size == 0:
        return None
    coarse = tiles.coarse.reshape(3, -1)
    energy = (coarse[0] + coarse[1])[textured]
    keep = min(textured.size, max(least, round(share * tiles.sharpness.size)))
    return np.asarray(textured[np.argsort(-energy, kind="stable")[:keep]])


def each(tiles: Tiles, noise_sigma: float = 0.0) -> Plane:
    """What `pooled` would say of the worst direction if it had each tile alone: rows x columns, NaN without texture."""
    found = np.full(tiles.sharpness.size, np.nan, np.float32)
    if tiles.fine is not None and tiles.coarse is not None:
        for place in np.flatnonzero(np.isfinite(tiles.sharpness)):
            found[place] = _pooled(tiles, np.array([place]), noise_sigma)[0]
    return found.reshape(tiles.sharpness.shape)


SHARP_AT, BLURRED_AT = -1.4, -4.0
"""Octaves (see `pooled`) of edges as crisp as a good lens makes them, and after a Gaussian blur of 1.6 pixels."""


def shade(octaves: Plane) -> Plane:
    """0 (blurred) .. 1 (sharp), for the eye and not for a judgement; NaN stays."""
    return np.asarray(np.clip((octaves - BLURRED_AT) / (SHARP_AT - BLURRED_AT), 0, 1), dtype=np.float32)


def _pooled(tiles: Tiles, places: npt.NDArray[np.intp], noise_sigma: float) -> tuple[float, float]:
    assert tiles.fine is not None and tiles.coarse is not None
    fine, coarse = (t.reshape(3, -1)[:, places].mean(axis=1, dtype=float) for t in (tiles.fine, tiles.coarse))
    low, high = _eigenvalues(fine, coarse)
    floor = _BELOW_NOISE * noise_sigma**2 * _noise_gains()[0] / (float(coarse[0] + coarse[1]) / 2)
    return _log_amplitude(max(low, floor)), _log_amplitude(max(high, floor))


def _log_amplitude(ratio: float) -> float:
    return 0.5 * float(np.log2(max(ratio, 1e-4)))


def _eigenvalues(fine: npt.NDArray[np.float64], coarse: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest lambda of `fine v = lambda coarse v` for symmetric 2 x 2 tensors (xx, yy, xy)."""
    # A picture of parallel lines says nothing of the direction along them: a little of the mean keeps it neutral.
    middle = (coarse[0] + coarse[1]) / 2
    mean_ratio = max(0.0, (fine[0] + fine[1]) / (2 * middle))
    ridge = 0.02 * middle
    a, b, c = coarse[0] + ridge, coarse[1] + ridge, coarse[2]
    d, e, f = fine[0] + ridge * mean_ratio, fine[1] + ridge * mean_ratio, fine[2]
    determinant = a * b - c * c
    half_trace = (b * d + a * e - 2 * c * f) / (2 * determinant)
    root = np.sqrt(max(0.0, half_trace**2 - (d * e - f * f) / determinant))
    return float(half_trace - root), float(half_trace + root)
