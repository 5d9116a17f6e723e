"""Reading a table of labelled photos: which photos there are, and what people say of them."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import NotFound, NothingToDo, UserError
from keepers.evaluate.vocabulary import GOOD, IGNORED, Truth, tidy, understand
from keepers.types import FLAWS

NAMES = ("MANIFEST.csv", "manifest.csv", "labels.csv", "photos.csv")
"""What a manifest is called; the first that is there is taken."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "path", "filename", "photo", "image"),
    "label": ("label", "labels", "flaws"),
    "score": ("score", "mos", "label_mos_0_1"),
    "rank": ("rank", "label_mean_rank_1best"),
    "exposure": ("exposure_rank", "exposure", "ev"),
    "group": ("group", "scene", "same_scene_group", "pair", "series", "source_id", "picture", "burst"),
    "split": ("split",),
}
"""What is wanted -> the columns that may hold it, the first that is there being taken."""
MEASURED_SPLIT = "test"


@dataclass(frozen=True, slots=True)
class Item:
    """One photo of a dataset.

    path: absolute or relative to here. score: what people think of it, larger is better. exposure: larger is
    brighter. group: photos of one scene share it; a photo that stands alone has one of its own. line: of the manifest.
    """

    path: Path
    truth: Truth
    score: float | None
    exposure: float | None
    group: str
    line: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled photos; `left_out` counts those that are not measured, by the reason."""

    name: str
    manifest: Path
    items: tuple[Item, ...]
    columns: Mapping[str, str]
    left_out: Mapping[str, int]

    @property
    def unknown(self) -> Counter[str]:
        """Labels that say nothing keepers could be right or wrong about, and how often."""
        labels = (item.truth.label for item in self.items if not item.truth.known)
        return Counter(label for label in labels if label)


def read(
    dataset: Path, own_words: Mapping[str, str] | None = None, own_columns: Mapping[str, str] | None = None
) -> Dataset:
    """The labelled photos of a folder with a manifest, or of a CSV file; paths in it are relative to the file.

    A table with a column "split" is measured on its rows of "test" alone, if it has any.

    Args:
        dataset: folder or CSV file (UTF-8; comma, semicolon or tab).
        own_words: label -> a flaw, "good" or "ignore"; see `vocabulary`.
        own_columns: key of `COLUMNS` -> the column that holds it.

    Raises:
        NotFound: there is no such folder or no manifest in it.
        UserError: the table, a line of it or an argument makes no sense.
        NothingToDo: it names no photo.
    """
    _refuse(own_words or {}, own_columns or {})
    manifest = _manifest(dataset)
    header, rows = _table(manifest)
    columns = _columns(manifest, header, own_columns or {})
    test = any(_cell(row, columns, "split") == MEASURED_SPLIT for _, row in rows)
    items: list[Item] = []
    left: Counter[str] = Counter()
    for line, row in rows:
        if test and _cell(row, columns, "split") != MEASURED_SPLIT:
            left["of another split than test"] += 1
            continue
        item = _item(manifest, line, row, columns, own_words or {})
        if item is None:
            left["with a label that is ignored"] += 1
        else:
            items.append(item)
    if not items:
        raise NothingToDo(f"{manifest} names no photo to measure; give it one line a photo below its header.")
    return Dataset(manifest.resolve().parent.name, manifest, tuple(items), columns, dict(left))


def _refuse(words: Mapping[str, str], columns: Mapping[str, str]) -> None:
    for word, meaning in words.items():
        if meaning not in (*FLAWS, GOOD, IGNORED):
            known = ", ".join((*FLAWS, GOOD, IGNORED))
            raise UserError(f"{word!r} cannot mean {meaning!r}; a label can mean one of: {known}.")
    for key in columns:
        if key not in COLUMNS:
            raise UserError(f"{key!r} is nothing that a column can hold; it can be one of: {', '.join(COLUMNS)}.")


def _manifest(dataset: Path) -> Path:
    if dataset.is_file():
        return dataset
    if not dataset.is_dir():
        raise NotFound(f"{dataset} does not exist; name a folder with a manifest, or the CSV file itself.")
    for name in NAMES:
        if (dataset / name).is_file():
            return dataset / name
    raise NotFound(
        f"{dataset} has no {NAMES[0]}; write one with the columns file and label, a line a photo, or name a CSV file."
    )


def _table(manifest: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header, and each row with the number of its line in the file."""
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{manifest} is no CSV file in UTF-8; export it again as CSV UTF-8.") from error
    except OSError as error:
        raise NotFound(f"{manifest} cannot be read: {error.strerror or error}.") from error
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UserError(f"{manifest}, line {reader.line_num}, is no CSV: {error}; mend its quotes.") from error
    for line, cells in rows:
        if len(cells) > len(header):
            raise UserError(
                f"{manifest}, line {line}, has {len(cells)} cells under {len(header)} columns; "
                "put text with commas into quotes."
            )
    return header, [(line, dict(zip(header, cells, strict=False))) for line, cells in rows]


def _columns(manifest: Path, header: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Key of `COLUMNS` -> the header of the column that holds it."""
    by_name = {tidy(name): name for name in header}
    found = {}
    for key, names in COLUMNS.items():
        wanted = (own[key],) if key in own else names
        hit = next((by_name[tidy(name)] for name in wanted if tidy(name) in by_name), None)
        if hit is not None:
            found[key] = hit
        elif key in own:
            raise UserError(f"{manifest} has no column {own[key]!r}; it has: {', '.join(header) or 'none'}.")
    if "file" not in found:
        raise UserError(f"{manifest} has no column that names the photos; call it: file.")
    if not {"label", "score", "rank", "exposure"} & set(found):
        raise UserError(
            f"{manifest} has no column with a label, a score or a rank; call it: label, score or rank "
            "(or name it, as in --column label=verdict)."
        )
    return found


def _cell(row: Mapping[str, str], columns: Mapping[str, str], key: str) -> str:
    return (row.get(columns.get(key, ""), "") or "").strip()


def _item(
    manifest: Path, line: int, row: Mapping[str, str], columns: Mapping[str, str], words: Mapping[str, str]
) -> Item | None:
    name = _cell(row, columns, "file")
    if not name:
        raise UserError(f"{manifest}, line {line}, names no photo; fill in its column {columns['file']!r}.")
    truth = understand(_cell(row, columns, "label"), words)
    if truth is None:
        return None

    def number(key: str) -> float | None:
        text = _cell(row, columns, key)
        if not text:
            return None
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{manifest}, line {line}: {text!r} in the column {columns[key]!r} is no number.")
        return value

    score, rank = number("score"), number("rank")
    if score is None and rank is not None:
        score = -rank
    group = _cell(row, columns, "group") or f"line {line}"
    return Item(manifest.parent / name, truth, score, number("exposure"), group, line)
