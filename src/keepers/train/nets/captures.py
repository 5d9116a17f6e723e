"""A set of captures on disk: the network's view and the patches of each, with their truth, as plain arrays.

Made once for a round of training from a folder of clean photos, deterministic by seed.
"""

import json
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from keepers.dataset import build as dataset
from keepers.dataset import capture, labelled, labels, plan
from keepers.dataset.labels import SPLITS
from keepers.errors import NothingToDo, StorageError
from keepers.image import patches
from keepers.image.colour import luma
from keepers.image.preprocess import to_square
from keepers.image.resize import fit
from keepers.io import decode, scan
from keepers.settings import cpu_count
from keepers.types import Rgb, Source

VIEW = 256
"""Edge of the stored middle of a capture whose short side is 256 pixels; room for a crop of 224 to move in."""
LONGEST = 1024
PATCH_FACTS = ("xx", "yy", "xy", "moved")
PHOTO_FACTS = ("sigma", "motion", "ev", "stretch", "noise", "partial", "clean")

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Captures:
    """N captures, K patches each.

    views: uint8 N x 256 x 256 x 3. patches: uint8 N x K x 96 x 96 x 3. facts: float32 N x K x 4, the covariance of
    the blur in each patch and the share of it that is motion (see `capture.Truth`); NaN where there is no patch.
    photo: float32 N x 7 in the order of `PHOTO_FACTS`. split: index into SPLITS. source: which clean photo.
    kind: index into `capture.KINDS`.
    """

    views: Rgb
    patches: Rgb
    facts: Numbers
    photo: Numbers
    split: npt.NDArray[np.int8]
    source: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.split)

    def of(self, name: str) -> npt.NDArray[np.int64]:
        """The places of one split."""
        return np.flatnonzero(self.split == SPLITS.index(name))


@dataclass(frozen=True)
class Job:
    """One clean photo and the captures to make of it; `folder` is where they are written as photos, if at all."""

    source: Source
    photo_id: str
    place: int
    count: int
    seed: int
    folder: Path | None = None


Made = tuple[Rgb, Rgb, Numbers, Numbers, int]
"""View, patches, their facts, the photo's facts, and the kind of one capture."""


def facts_of(picture: Rgb, truth: capture.Truth) -> Made:
    """What is kept of a capture."""
    places = patches.choose(luma(picture))
    cut = np.zeros((patches.COUNT, patches.SIDE, patches.SIDE, 3), np.uint8)
    facts = np.full((patches.COUNT, len(PATCH_FACTS)), np.nan, np.float32)
    cut[: len(places)] = patches.cut(picture, places)
    cells = patches.SIDE // capture.CELL
    for i, (top, left) in enumerate(places // capture.CELL):
        window = (slice(top, top + cells), slice(left, left + cells))
        # The mean, so that a patch that is half sharp is half as blurred; its sharp half is what a person sees.
        facts[i, :3] = truth.spread[(slice(None), *window)].mean(axis=(1, 2))
        facts[i, 3] = truth.moved[window].mean()
    partial = truth.kind in capture.PARTIAL
    clean = truth.kind in ("clean", "bokeh", "panning", "recede")
    photo = np.array([truth.sigma, truth.motion, truth.ev, truth.stretch, truth.noise, partial, clean], np.float32)
    return to_square(picture, VIEW, VIEW), cut, facts, photo, list(capture.KINDS).index(truth.kind)


def _make(job: Job) -> tuple[Job, list[Made], list[labelled.Photo]]:
    cv2.setNumThreads(1)
    _, frame = decode.read(job.source)
    rgb = fit(frame.rgb, LONGEST)
    made, photos = [], []
    for turn in range(job.count):
        sequence = np.random.SeedSequence([job.seed, int(job.photo_id[:12], 16), turn])
        recipe = capture.draw(np.random.default_rng(sequence), max(rgb.shape[:2]))
        picture, truth = capture.take(rgb, recipe)
        made.append(facts_of(picture, truth))
        flaws = capture.flaws_of(truth)
        if job.folder is not None and flaws is not None:
            name = f"{job.folder.name}/{job.photo_id[:12]}_{turn}.jpg"
            data = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=95, colorsubsampling="444")
            (job.folder.parent / name).write_bytes(data)
            grave = capture.flaws_of(truth, capture.GRAVE) or ()
            photos.append(labelled.Photo(name, flaws, job.photo_id, job.folder.name, grave))
    return job, made, photos


def build(
    chosen: Mapping[str, Source],
    sides: Mapping[str, str],
    counts: Mapping[str, int],
    out: Path,
    *,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write captures of the chosen clean photos (content id -> source) into the folder `out`.

    Those that are not for training are written as photos as well, with a table of their flaws (`dataset.labelled`), to
    calibrate with and to measure on.

    Args:
        chosen: what `dataset.build.choose` drew.
        sides: content id -> split.
        counts: split -> captures a photo.
        out: replaced file by file; facts.json is written last, so that a set without it is unfinished.
        seed: of all draws.
        workers: processes.
        progress: told (stage, photos done, photos).
    """
    ids = sorted(chosen)
    numbers = [counts[sides[photo_id]] for photo_id in ids]
    starts = np.concatenate([[0], np.cumsum(numbers)])
    total = int(starts[-1])
    out.mkdir(parents=True, exist_ok=True)
    (out / "facts.json").unlink(missing_ok=True)
    arrays = _arrays(out, total)
    written: list[labelled.Photo] = []
    jobs = [
        Job(chosen[i], i, n, numbers[n], seed, _folder(out, sides[i])) for n, i in enumerate(ids) if numbers[n]
    ]
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        for done, (job, made, photos) in enumerate(pool.imap_unordered(_make, jobs), start=1):
            written += photos
            for turn, values in enumerate(made):
                at = starts[job.place] + turn
                for array, value in zip(arrays[:5], values, strict=True):
                    array[at] = value
                arrays[5][at], arrays[6][at] = SPLITS.index(sides[job.photo_id]), job.place
            if progress:
                progress("taking", done, len(jobs))
    for array in arrays:
        array.flush()
    labelled.write(out, sorted(written, key=lambda photo: photo.file))
    facts = {"seed": seed, "captures": total, "counts": dict(counts), "kinds": list(capture.KINDS), "ids": ids}
    (out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _folder(out: Path, side: str) -> Path | None:
    """Where photos of a split are written; those to train on are not, for they would only take room."""
    if side == "train":
        return None
    (out / side).mkdir(exist_ok=True)
    return out / side


PER_PHOTO: Mapping[str, int] = {"train": 16, "val": 8, "calibration": 10, "test": 8}


_NAMES = ("views", "patches", "facts", "photo", "kind", "split", "source")


def _arrays(out: Path, total: int) -> Sequence[np.memmap]:
    shapes: tuple[tuple[tuple[int, ...], type], ...] = (
        ((VIEW, VIEW, 3), np.uint8),
        ((patches.COUNT, patches.SIDE, patches.SIDE, 3), np.uint8),
        ((patches.COUNT, len(PATCH_FACTS)), np.float32),
        ((len(PHOTO_FACTS),), np.float32),
        ((), np.int8),
        ((), np.int8),
        ((), np.int32),
    )
    return [
        np.lib.format.open_memmap(out / f"{name}.npy", mode="w+", dtype=dtype, shape=(total, *shape))
        for name, (shape, dtype) in zip(_NAMES, shapes, strict=True)
    ]


def load(folder: Path) -> Captures:
    """Captures made by `build`; the pixels stay on disk until they are used."""
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    found = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _NAMES}
    return Captures(
        found["views"], found["patches"], np.asarray(found["facts"]), np.asarray(found["photo"]),
        np.asarray(found["split"]), np.asarray(found["source"]), np.asarray(found["kind"]), tuple(facts["ids"]),
    )  # fmt: skip


def make(
    clean: Path,
    out: Path,
    *,
    per_photo: int = 16,
    like: Path | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, int]:
    """Captures of every usable photo in a folder; returns how many each split has.

    Raises:
        NotFound: `clean` or `like` is not there. NothingToDo: no photo can be used. StorageError: the disk is full.
    """
    with ThreadPoolExecutor(max_workers=cpu_count()) as pool:
        chosen, _ = dataset.choose(scan.scan([clean]), dataset.Settings(sources=0, seed=seed), pool, progress)
    if not chosen:
        raise NothingToDo(f"{clean} holds no photo that can be used; point at a folder of clean photos.")
    known = {row.source_id: row.split for row in labels.read(like)} if like else {}
    sides = plan.deal(list(chosen), known, seed)
    counts = {**PER_PHOTO, "train": per_photo}
    try:
        build(chosen, sides, counts, out, seed=seed, workers=cpu_count(), progress=progress)
    except OSError as error:
        raise StorageError(f"{out} could not be written: {error.strerror or error}.") from error
    return {name: counts[name] * sum(side == name for side in sides.values()) for name in SPLITS}
