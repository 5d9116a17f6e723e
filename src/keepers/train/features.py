"""Features of a frozen body, computed once and kept on disk: a head then learns in seconds an epoch.

Only where nothing before the head learns. The augmentation is then a fixed number of views a photo, drawn once, instead
of new ones every epoch; the study says so wherever it is used.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from keepers.io.files import replacing
from keepers.train import data
from keepers.train.data import Part
from keepers.types import Rgb

Half = npt.NDArray[np.float16]
Compute = Callable[[torch.Tensor], torch.Tensor]
"""uint8 N x 3 x 224 x 224 to features, N x anything."""
Tell = Callable[[str, int, int, str], None]
TOGETHER = 8
"""Photos whose views go through the body as one batch."""


def _digest(view: Rgb) -> str:
    return hashlib.sha256(np.ascontiguousarray(view).tobytes() + str(view.shape).encode()).hexdigest()[:24]


def _squares(view: Rgb, name: str, views: int) -> list[Rgb]:
    """The centre, then the augmented views; drawn from the photo's pixels, so every run sees the same."""
    seeds = [np.random.default_rng([int(name[:12], 16), number]) for number in range(views)]
    return [data.centre(view), *(data.augment(view, rng) for rng in seeds)]


class Store:
    """A folder of features, one file a photo and set of views, named by the photo's pixels.

    Interrupted work goes on where it stopped, and split protocols of the same photos share their features. Features are
    kept as float16.
    """

    def __init__(self, folder: Path, compute: Compute, views: int) -> None:
        self.folder, self.compute, self.views = folder, compute, views
        self._loaded: dict[int, list[Half]] = {}

    def _path(self, name: str, views: int) -> Path:
        return self.folder / f"{name}-{views}.npy"

    def _make(self, part: Part, places: Sequence[int], names: Sequence[str], views: int) -> None:
        squares = np.stack([square for i in places for square in _squares(part.views[i], names[i], views)])
        with torch.inference_mode():
            made = self.compute(torch.from_numpy(squares).permute(0, 3, 1, 2)).cpu().numpy()
        for own, i in zip(made.reshape(len(places), 1 + views, *made.shape[1:]), places, strict=True):
            with replacing(self._path(names[i], views)) as partial, partial.open("wb") as file:
                np.save(file, own.astype(np.float16))

    def load(self, part: Part, *, augmented: bool, tell: Tell) -> None:
        """Have the features of a part in memory, computing what is missing."""
        views = self.views if augmented else 0
        self.folder.mkdir(parents=True, exist_ok=True)
        names = [_digest(view) for view in part.views]
        missing = [i for i, name in enumerate(names) if not self._path(name, views).exists()]
        for start in range(0, len(missing), TOGETHER):
            self._make(part, missing[start : start + TOGETHER], names, views)
            tell("features", len(part) - len(missing) + min(start + TOGETHER, len(missing)), len(part), "")
        self._loaded[id(part)] = [np.load(self._path(name, views)) for name in names]

    def batches(
        self, part: Part, size: int, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """float32 features and int64 labels: shuffled, one view a photo, or the centres in order without `rng`."""
        kept = self._loaded[id(part)]
        order = rng.permutation(len(part)) if rng is not None else np.arange(len(part))
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            view = [0 if rng is None else 1 + int(rng.integers(self.views)) for _ in chosen]
            stacked = np.stack([kept[i][v] for i, v in zip(chosen, view, strict=True)]).astype(np.float32)
            yield torch.from_numpy(stacked), torch.from_numpy(part.labels[chosen])
