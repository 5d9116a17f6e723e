"""The verb `calibrate`: from photos with known flaws to the curves that turn raw values into probabilities."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app.measuring import Run
from keepers.errors import NothingToDo, StorageError, UserError
from keepers.settings import settings
from keepers.types import FLAWS, Report, Source

if TYPE_CHECKING:
    from keepers.dataset.labels import Row

Tell = Callable[[str, int, int], None]

FITTED, HELD_OUT = "calibration", "val"
"""Curves are fitted on the one split; the good photos of both say how often a good photo looks flawed. The network
learned from neither (the second only told it when to stop)."""

UNREAL = ("remap_shake",)
"""The study's shake leaves the picture grainy and rich in fine detail, as no camera does: sharpness must not be
calibrated by it. The network has learned it all the same."""


def calibrate(
    dataset: Path | str,
    *,
    model: Path | str | None = None,
    out: Path | str | None = None,
    max_false_rate: float = 0.01,
    workers: int | None = None,
    progress: Tell | None = None,
) -> Path:
    """Measure a dataset's calibration photos, fit a calibration and write it as JSON.

    Noise is none of a dataset's classes, so noisy variants of its originals are made for the occasion; captures may
    have it, and several flaws at once.

    Args:
        dataset: a folder made by `keepers dataset build` or `keepers nets captures`.
        model: the network; default the packaged one.
        out: default: beside the model's file, with the ending .json; needed where no model is named.
        max_false_rate: share of clean photos that may be called certainly flawed, for each flaw.

    Raises:
        UserError: neither `model` nor `out` is given.
        NotFound: `dataset` is none.
        NothingToDo: its calibration split is empty.
        StorageError: `out` cannot be written.
    """
    run = Run(settings(model=model, workers=workers))
    target = Path(out) if out else _beside(run)
    root = Path(dataset)
    with _known(root) as photos:
        if not any(known.split == FITTED for known in photos.values()):
            raise NothingToDo(f"{root} has no photo in its {FITTED} split; build it from more clean photos.")
        reports = _measured(run, photos, progress)
    measured = [(known, reports[path]) for path, known in photos.items() if path in reports]
    _write(target, _fit(run, root, measured, max_false_rate))
    return target


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a photo.

    flaws: of `types.FLAWS`. good: it must not be thrown away. source: the clean photo that it was made of.
    """

    flaws: frozenset[str]
    split: str
    good: bool
    source: str = ""


@contextmanager
def _known(root: Path) -> Iterator[dict[Path, Known]]:
    """The photos to fit to, and the clean ones to hold out, by path; some live as long as the context."""
    from keepers.dataset import labelled, labels

    if (root / labelled.NAME).is_file() and not (root / "labels.csv").is_file():
        wanted = (one for one in labelled.read(root) if one.split in (FITTED, HELD_OUT))
        photos = [one for one in wanted if one.split == FITTED or not one.grave]
        yield {
            (root / one.file).resolve(): Known(frozenset(one.flaws), one.split, not one.grave, one.source_id)
            for one in photos
        }
        return
    rows = [row for row in labels.read(root) if row.split in (FITTED, HELD_OUT) and row.flaw not in UNREAL]
    with _with_noisy(root, rows) as made:
        yield {
            path: Known(
                frozenset() if row.label == "original" else frozenset([row.label]),
                row.split,
                row.label == "original",
                row.source_id,
            )
            for path, row in made.items()
        }


def _beside(run: Run) -> Path:
    if run.network.path is None:
        raise UserError("The calibration that keepers ships is not overwritten unasked; name a file with --out.")
    return run.network.path.with_suffix(".json")


@contextmanager
def _with_noisy(root: Path, rows: Sequence[Row]) -> Iterator[dict[Path, Row]]:
    """Photos by path; noisy variants of the calibration originals live as long as the context."""
    from dataclasses import replace

    import cv2
    import numpy as np

    from keepers.flaws import by_label

    photos = {(root / row.path).resolve(): row for row in rows if row.split == FITTED or row.label == "original"}
    with tempfile.TemporaryDirectory() as folder:
        for path, row in list(photos.items()):
            if row.label != "original" or row.split != FITTED:
                continue
            rgb = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1]
            rng = np.random.default_rng([row.seed, int(row.source_id[:8], 16)])
            noisy, _ = by_label("noisy")[0](np.ascontiguousarray(rgb), rng, float(rng.uniform()))
            place = Path(folder).resolve() / f"{row.source_id[:12]}.jpg"
            cv2.imwrite(str(place), noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            photos[place] = replace(row, label="noisy")
        yield photos


def _measured(run: Run, photos: Mapping[Path, Known], progress: Tell | None) -> dict[Path, Report]:
    from keepers.io.scan import scan

    found = {source.path.resolve(): source for source in scan(sorted({path.parent for path in photos}))}
    sources: list[Source] = [found[path] for path in photos if path in found]
    reports = {}
    for done, report in enumerate(run.score(sources), start=1):
        reports[report.source.path.resolve()] = report
        if progress is not None:
            progress("measuring", done, len(sources))
    return reports


def _fit(run: Run, root: Path, measured: Sequence[tuple[Known, Report]], max_false_rate: float) -> str:
    import numpy as np

    from keepers.checks import CHECKS
    from keepers.pipeline import calibrate as fitting
    from keepers.pipeline.judge import CERTAIN_SIDE, LEAST_SIDE, side, telling

    readable = [(known, report) for known, report in measured if report.photo is not None]
    # Where most are large, small ones were made small after a flaw, which is hardly there any more; a dataset of small
    # photos has its flaws made at that size.
    large = sum(side(report) >= CERTAIN_SIDE for _, report in readable)
    least = CERTAIN_SIDE if 2 * large > len(readable) else LEAST_SIDE
    fitted = np.array([known.split == FITTED for known, _ in readable])
    model = next((report.model for _, report in readable if report.model), "") or ""
    provenance = fitting.Provenance(
        model=model,
        dataset=f"{root.resolve().name}: {FITTED} split",
        date=datetime.date.today().isoformat(),
        photos=int(fitted.sum()),
        versions={name: version for name, version in run.versions().items() if name in CHECKS},
    )
    facts = fitting.Facts(
        [telling(report, least) for _, report in readable],
        np.array([[flaw in known.flaws for flaw in FLAWS] for known, _ in readable]),
        fitted,
        # A photo whose flaw is no reason to throw it away counts as good: "flawed" and "delete" are two questions.
        np.array([known.good for known, _ in readable]),
        [known.source for known, _ in readable],
    )
    return fitting.to_json(fitting.fit_with_promise(facts, list(CHECKS), provenance, max_false_rate))


def _write(target: Path, text: str) -> None:
    from keepers.io.files import replacing

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}.") from error
