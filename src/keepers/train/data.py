"""A dataset as small squares in memory, and the augmentation of its training part."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from keepers.dataset.labels import Row
from keepers.errors import NotFound
from keepers.flaws import FLAWS
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

    @cached_property
    def originals(self) -> dict[str, Rgb]:
        """The untouched view of each source photo."""
        return {row.source_id: view for row, view in zip(self.rows, self.views, strict=True) if not row.flaw}

    def __len__(self) -> int:
        return len(self.views)


def _view(path: Path) -> Rgb:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise NotFound(f"{path} is in labels.csv but cannot be read; build the dataset again.")
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


def fresh_view(part: Part, place: int, share: float, rng: np.random.Generator) -> Rgb:
    """The view at `place`, or for a `share` of the flawed photos the same flaw drawn anew on the original's view.

    A dataset holds a few severities of each flaw; drawing new ones every epoch shows where a flaw begins. Lengths are
    relative to the picture, so the flaw is the same at 256 pixels.
    """
    row = part.rows[place]
    original = part.originals.get(row.source_id)
    if not row.flaw or original is None or rng.uniform() >= share:
        return part.views[place]
    return FLAWS[row.flaw](original, rng, float(rng.uniform()))[0]


def centre(view: Rgb) -> Rgb:
    """The square that culling looks at."""
    return to_square(view, SHORT_SIDE, CROP)


def batches(
    part: Part, size: int, rng: np.random.Generator | None = None, fresh: float = 0.0
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """uint8 N x 3 x 224 x 224 and int64 labels: shuffled and augmented by `rng`, or centre views in order without."""
    order = rng.permutation(len(part)) if rng is not None else np.arange(len(part))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        if rng is None:
            squares = np.stack([centre(part.views[i]) for i in chosen])
        else:
            squares = np.stack([augment(fresh_view(part, i, fresh, rng), rng) for i in chosen])
        pixels = torch.from_numpy(squares).permute(0, 3, 1, 2)
        yield pixels, torch.from_numpy(part.labels[chosen])
