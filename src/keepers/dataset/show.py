"""`keepers dataset show`: a sheet of random photos with their labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keepers.dataset.labels import Row, read
from keepers.errors import NothingToDo, StorageError
from keepers.types import LABELS

CELL, CAPTION, GAP = 240, 54, 10


def _caption(row: Row) -> str:
    numbers = ", ".join(f"{key} {value:.2g}" for key, value in row.params.items() if key != "seed")
    return f"{row.label}  ({row.split})\n{row.flaw or 'untouched'}\n{numbers}"


def pick(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """`count` random rows, every label in turn."""
    rng = np.random.default_rng(seed)
    piles = [[rows[i] for i in rng.permutation(len(rows)) if rows[i].label == label] for label in LABELS]
    picked: list[Row] = []
    while len(picked) < count and any(piles):
        for pile in piles:
            if pile and len(picked) < count:
                picked.append(pile.pop())
    return picked


def show(dataset: Path, out: Path, *, count: int = 24, columns: int = 6, seed: int = 0) -> list[Row]:
    """Draw `count` random photos of a dataset with their labels, split and drawn parameters into `out` (PNG or JPEG).

    Raises:
        NotFound: if `dataset` is none. NothingToDo: if it is empty. StorageError: if `out` cannot be written.
    """
    rows = pick(read(dataset), count, seed)
    if not rows:
        raise NothingToDo(f"{dataset} holds no photos.")
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (columns * (CELL + GAP) + GAP, lines * (CELL + CAPTION + GAP) + GAP), (28, 28, 28))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for place, row in enumerate(rows):
        x = GAP + place % columns * (CELL + GAP)
        y = GAP + place // columns * (CELL + CAPTION + GAP)
        with Image.open(dataset / row.path) as photo:
            photo.thumbnail((CELL, CELL))
            sheet.paste(photo, (x + (CELL - photo.width) // 2, y + CELL - photo.height))
        draw.multiline_text((x, y + CELL + 4), _caption(row), fill=(225, 225, 225), font=font, spacing=3)
    try:
        sheet.save(out)
    except (OSError, ValueError) as error:
        raise StorageError(f"{out} could not be written: {error}.") from error
    return rows
