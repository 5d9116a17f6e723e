"""A dataset as small squares in memory, and the augmentation of its training part."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from keepers.dataset.labels import Row
from keepers.image.preprocess import to_square
from keepers.image.resize import shrink
from keepers.types import LABELS, Rgb

SHORT_SIDE = 256
CROP = 224


@dataclass(frozen=True)
class Part:
    """One split: `views` are uint8 with the short side at 256 pixels, `labels` int64 indices into LABELS."""

    rows: tuple[Row, ...]
    views: tuple[Rgb, ...]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.views)


def _view(path: Path) -> Rgb:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(f"{path} is in labels.csv but cannot be read; build the dataset again.")
    view = shrink(np.asarray(bgr[..., ::-1], dtype=np.uint8), SHORT_SIDE)
    # A panorama would need far more memory than its centre is worth.
    height, width = view.shape[:2]
    if max(height, width) > 2 * SHORT_SIDE:
        top, left = max(0, height // 2 - SHORT_SIDE), max(0, width // 2 - SHORT_SIDE)
        view = view[top : top + 2 * SHORT_SIDE, left : left + 2 * SHORT_SIDE]
    return np.ascontiguousarray(view)


def load(
    dataset: Path, rows: Sequence[Row], *, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> Part:
    """Read photos once; 256-pixel views of 10,000 photos take about 3 GB."""
    cv2.setNumThreads(1)
    views = []
    with ThreadPoolExecutor(workers) as pool:
        for view in pool.map(_view, [dataset / row.path for row in rows]):
            views.append(view)
            if progress:
                progress(len(views), len(rows))
    labels = np.array([LABELS.index(row.label) for row in rows], dtype=np.int64)
    return Part(tuple(rows), tuple(views), labels)


def augment(view: Rgb, rng: np.random.Generator) -> Rgb:
    """A random 224-pixel square: flip, place, and for half of the photos shear (to 8 degrees) and zoom (to 10 %).

    The other half stays free of interpolation, whose slight softening would teach that sharp photos are soft. Zoom
    is the same along both axes, because a stretch is one of the flaws.
    """
    height, width = view.shape[:2]
    if rng.uniform() < 0.5:
        view = np.asarray(view[:, ::-1])
    y, x = rng.integers(height - CROP + 1), rng.integers(width - CROP + 1)
    if rng.uniform() < 0.5:
        return np.ascontiguousarray(view[y : y + CROP, x : x + CROP])
    zoom, shear = rng.uniform(0.9, 1.1), np.tan(np.radians(rng.uniform(-8, 8)))
    back = np.array([[1 / zoom, shear], [0.0, 1 / zoom]])
    middle = np.array([x + CROP / 2, y + CROP / 2])
    matrix = np.hstack([back, (middle - back @ np.array([CROP / 2, CROP / 2]))[:, None]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(
        np.ascontiguousarray(view), matrix, (CROP, CROP), flags=flags, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(turned, dtype=np.uint8)


def centre(view: Rgb) -> Rgb:
    """The square that culling looks at."""
    return to_square(view, SHORT_SIDE, CROP)


def batches(
    part: Part, size: int, make: Callable[[Rgb, np.random.Generator], Rgb], rng: np.random.Generator | None
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """uint8 N x 3 x 224 x 224 and int64 labels; shuffled by `rng`, or in order where it is None."""
    order = rng.permutation(len(part)) if rng is not None else np.arange(len(part))
    own = rng if rng is not None else np.random.default_rng(0)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        squares = np.stack([make(part.views[i], own) for i in chosen])
        pixels = torch.from_numpy(squares).permute(0, 3, 1, 2)
        yield pixels, torch.from_numpy(part.labels[chosen])
