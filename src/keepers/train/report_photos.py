"""Random photos of the test split with what the network said, and which of them training saw in another version."""

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from keepers.dataset.labels import Row
from keepers.image.phash import SAME_PICTURE, phash
from keepers.train.report_facts import Data

CELL, CAPTION, GAP, COLUMNS = 190, 56, 8, 5
HEAVIEST = 390_000
"""Bytes of a sheet at most."""
_PAPER, _INK, _WRONG, _SEEN = (255, 255, 255), (25, 25, 25), (176, 0, 32), (255, 209, 92)
Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Seen:
    """What training has seen of a test split.

    versions: paths of test photos of which another version, made from the same original, is in the training split;
    alike: those that are not, but lie at most `SAME_PICTURE` bits of their perceptual hash from a training photo.
    """

    total: int
    versions: frozenset[str]
    alike: frozenset[str]

    def __contains__(self, path: object) -> bool:
        return path in self.versions or path in self.alike


def _hash(path: Path) -> int | None:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if bgr is None else phash(np.asarray(bgr[..., ::-1], dtype=np.uint8))


def _hashes(data: Data, rows: Sequence[Row], stage: str, progress: Progress | None) -> npt.NDArray[np.uint64] | None:
    """A hash a row, or None if a photo is gone."""
    found = []
    with ThreadPoolExecutor(2) as pool:
        for value in pool.map(_hash, [data.folder / row.path for row in rows]):
            if value is None:
                return None
            found.append(value)
            if progress and (len(found) % 50 == 0 or len(found) == len(rows)):
                progress(stage, len(found), len(rows), "")
    return np.array(found, dtype=np.uint64)


def seen(data: Data, progress: Progress | None = None) -> Seen | None:
    """What the training split has seen of the test split; None if photos of the dataset are gone."""
    test, train = data.of("test"), data.of("train")
    sources = {row.source_id for row in train}
    versions = frozenset(row.path for row in test if row.source_id in sources)
    stage = f"hashing photos, {data.facts.get('protocol', data.folder.name)}"
    hashes = _hashes(data, [*test, *train], stage, progress)
    if hashes is None:
        return None
    own, others = hashes[: len(test)], hashes[len(test) :]
    near = [len(others) > 0 and int(np.bitwise_count(others ^ one).min()) <= SAME_PICTURE for one in own]
    alike = frozenset(row.path for row, hit in zip(test, near, strict=True) if hit and row.path not in versions)
    return Seen(len(test), versions, alike)


def draw_at_random(predictions: Sequence[Mapping[str, str]], count: int, seed: int = 0) -> list[Mapping[str, str]]:
    """`count` rows of predictions.csv, drawn without looking at what they say; the same ones for a seed."""
    order = np.random.default_rng(seed).permutation(len(predictions))
    return [predictions[i] for i in order[:count]]


def mistakes(predictions: Sequence[Mapping[str, str]], count: int) -> list[Mapping[str, str]]:
    """The wrong rows, the most confident first, at most `count`."""
    wrong = [row for row in predictions if row["label"] != row["predicted"]]
    return sorted(wrong, key=lambda row: -float(row["confidence"]))[:count]


def _cell(
    sheet: Image.Image, draw: Any, data: Data, row: Mapping[str, str], corner: tuple[int, int], known: bool
) -> None:
    x, y = corner
    wrong = row["label"] != row["predicted"]
    font = ImageFont.load_default(13)
    with Image.open(data.folder / row["path"]) as photo:
        photo.thumbnail((CELL, CELL))
        left, top = x + (CELL - photo.width) // 2, y + (CELL - photo.height) // 2
        sheet.paste(photo.convert("RGB"), (left, top))
        edges = (left, top, left + photo.width - 1, top + photo.height - 1)
    if wrong:
        draw.rectangle((edges[0] - 3, edges[1] - 3, edges[2] + 3, edges[3] + 3), outline=_WRONG, width=4)
        draw.rectangle((edges[0], edges[1], edges[0] + 54, edges[1] + 16), fill=_WRONG)
        draw.text((edges[0] + 3, edges[1]), "WRONG", fill=(255, 255, 255), font=font)
    below = y + CELL + 4
    actual, predicted = (row[key].replace("_", " ") for key in ("label", "predicted"))
    draw.text((x, below), f"actual: {actual}", fill=_INK, font=font)
    draw.text((x, below + 16), f"predicted: {predicted}", fill=_WRONG if wrong else _INK, font=font)
    if known:
        draw.rectangle((x, below + 34, x + CELL, below + 50), fill=_SEEN)
        tag = "seen: duplicate of a training photo"
        draw.text((x + 3, below + 35), tag, fill=_INK, font=ImageFont.load_default(11))


def sheet(data: Data, rows: Sequence[Mapping[str, str]], known: Seen) -> bytes:
    """A contact sheet as JPEG below 400 kB: actual and predicted labels, mistakes and duplicates marked."""
    columns = min(COLUMNS, max(1, len(rows)))
    lines = -(-len(rows) // columns)
    size = (columns * (CELL + GAP) + GAP, lines * (CELL + CAPTION + GAP) + GAP)
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    for place, row in enumerate(rows):
        corner = (GAP + place % columns * (CELL + GAP), GAP + place // columns * (CELL + CAPTION + GAP))
        _cell(picture, draw, data, row, corner, row["path"] in known)
    for quality in (88, 80, 70, 55, 40):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True, subsampling=0 if quality > 75 else 2)
        if buffer.tell() <= HEAVIEST:
            break
    return buffer.getvalue()
