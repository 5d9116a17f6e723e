"""photos.csv: photos each of which may have several flaws, or none."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keepers.dataset.labels import SPLITS
from keepers.errors import NotFound, UserError
from keepers.types import FLAWS

NAME = "photos.csv"
COLUMNS = ("file", "label", "source_id", "split", "grave")
CLEAN = "original"


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo. file: relative to the table's folder, with forward slashes. flaws: of `types.FLAWS`, none for a good
    photo. source_id: content hash of the clean photo it was made of. split: one of `labels.SPLITS`. grave: those of
    the flaws for which hardly anybody would keep it; a photo without any must not be thrown away."""

    file: str
    flaws: tuple[str, ...]
    source_id: str
    split: str
    grave: tuple[str, ...] = ()


def write(folder: Path, photos: Iterable[Photo]) -> None:
    """Write the table; several flaws are joined by a plus sign."""
    with (folder / NAME).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for photo in photos:
            row = (photo.file, "+".join(photo.flaws) or CLEAN, photo.source_id, photo.split, "+".join(photo.grave))
            writer.writerow(row)


def read(folder: Path) -> list[Photo]:
    """The table of a folder.

    Raises:
        NotFound: there is none. UserError: a row names an unknown flaw or split.
    """
    path = folder / NAME
    if not path.is_file():
        raise NotFound(f"{folder} has no {NAME}; make captures with `keepers nets captures`.")
    with path.open(encoding="utf-8", newline="") as file:
        return [_parse(path, number, row) for number, row in enumerate(csv.DictReader(file), start=2)]


def _parse(path: Path, line: int, row: dict[str, str]) -> Photo:
    label, split = row.get("label") or "", row.get("split") or ""
    flaws = () if label == CLEAN else tuple(label.split("+"))
    # A table without the column, of somebody's own making: every flaw that is named is grave.
    grave = flaws if row.get("grave") is None else tuple(filter(None, str(row["grave"]).split("+")))
    if not set(grave) <= set(flaws) <= set(FLAWS) or split not in SPLITS or not row.get("file"):
        raise UserError(f"{path}, line {line}: {label!r} in split {split!r} makes no sense; make the captures again.")
    return Photo(row["file"], flaws, row.get("source_id") or "", split, grave)
