"""labels.csv: one row a photo, with all that is needed to make it again."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keepers.errors import NotFound, UserError
from keepers.types import LABELS

SPLITS = ("train", "val", "calibration", "test")
COLUMNS = ("path", "label", "flaw", "source_id", "source", "params", "severity", "seed", "split")


@dataclass(frozen=True, slots=True)
class Row:
    """One photo of a dataset.

    path: relative to the dataset, with forward slashes. label: one of `keepers.types.LABELS`. flaw: name of the
    registered flaw, empty for an original. source_id: content hash of the clean photo; source: its file name.
    params: what was drawn. severity: 0..1, 0 for an original. seed: of this photo's own generator.
    split: one of `SPLITS`.
    """

    path: str
    label: str
    flaw: str
    source_id: str
    source: str
    params: Mapping[str, float]
    severity: float
    seed: int
    split: str


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the table (UTF-8, LF, one header line)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            params = json.dumps(dict(row.params), sort_keys=True)
            writer.writerow(
                (
                    row.path,
                    row.label,
                    row.flaw,
                    row.source_id,
                    row.source,
                    params,
                    f"{row.severity:.4f}",
                    row.seed,
                    row.split,
                )
            )


def _parse(line: Mapping[str, str]) -> Row:
    if line["label"] not in LABELS or line["split"] not in SPLITS:
        raise ValueError(f"label {line['label']!r} or split {line['split']!r} is unknown")
    return Row(
        path=line["path"],
        label=line["label"],
        flaw=line["flaw"],
        source_id=line["source_id"],
        source=line["source"],
        params=json.loads(line["params"] or "{}"),
        severity=float(line["severity"] or 0),
        seed=int(line["seed"] or 0),
        split=line["split"],
    )


def read(dataset: Path) -> list[Row]:
    """The rows of DATASET/labels.csv.

    Raises:
        NotFound: if there is no such table.
        UserError: if it lacks a column or holds a value that makes no sense; names the line.
    """
    path = dataset / "labels.csv"
    if not path.is_file():
        raise NotFound(f"{dataset} is no dataset: it has no labels.csv; make one with `keepers dataset build`.")
    rows = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.DictReader(file), start=2):
            try:
                rows.append(_parse(line))
            except (KeyError, ValueError, TypeError) as error:
                raise UserError(f"{path}, line {number}, cannot be used: {error}.") from error
    return rows
