"""The exporters `csv` and `json`: all facts, one row or object a photo, for spreadsheets and scripts.

Built from `Item.opinion` alone. Columns of probabilities, flaws and checks come from the rows that are there, so that a
new check is a new column without a change here.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from keepers.errors import Refused
from keepers.export.base import Item, Options, exporter
from keepers.export.operations import ABSENT, Plan, WriteFile
from keepers.io.files import hash_bytes
from keepers.types import CameraFacts, Json, VerdictName

SCHEMA = "keepers.export/1"
"""Within version 1 keys may be added; one that goes or means something else makes version 2."""
_CAMERA = tuple(CameraFacts.__dataclass_fields__)
_FIXED = ("path", "verdict", "by", "machine_verdict", "score", "label", "error", "reasons", "would_change")
_PHOTO = ("stars", "colour", "photo", "files", "width", "height", *_CAMERA, "network")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_DIGITS = 6

Cell = str | int | float | None


@exporter("csv", options=("out",))
def plan_csv(items: Sequence[Item], options: Options) -> Plan:
    """A table with one row a photo: verdict of person and machine, reasons, flaws and every measurement.

    UTF-8 as in RFC 4180: commas, CRLF, a header line. Text that a spreadsheet would take for a formula starts with an
    apostrophe.

    Raises:
        Refused: the file exists and is no such table.
    """
    return _plan("csv", "keepers.csv", to_csv(items, options.root), options, _is_csv)


@exporter("json", options=("out",))
def plan_json(items: Sequence[Item], options: Options) -> Plan:
    """All facts as one JSON object (`docs/export.md`): one entry a photo, in the order given.

    Raises:
        Refused: the file exists and is no such object.
    """
    return _plan("json", "keepers.json", to_json(items, options.root), options, _is_json)


def _plan(name: str, default: str, data: bytes, options: Options, is_ours: Callable[[bytes], bool]) -> Plan:
    path = options.root / default if options.out is None else options.out
    path = path / default if path.is_dir() else path
    old = None
    if os.path.lexists(path):
        try:
            old = path.read_bytes()
        except OSError as error:
            raise Refused(f"{path} cannot be read ({error.strerror}); name another file with --out.") from error
        if old and not is_ours(old):
            raise Refused(f"{path} exists and is no table of keepers; name another file with --out.")
    if old == data:
        return Plan(name, ())
    expected = ABSENT if old is None else hash_bytes(old)
    return Plan(name, (WriteFile(path, data, "write a table of all facts", expected),))


def to_csv(items: Sequence[Item], root: Path) -> bytes:
    """The table; numbers with six digits, an empty cell where nothing is known."""
    rows = [_cells(item, root) for item in items]
    columns = [*_FIXED, *_PHOTO, *_extra(rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # with LF alone Python leaves a CR in a name unquoted
    writer.writerow(columns)
    writer.writerows([[_safe(row.get(column)) for column in columns] for row in rows])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _is_csv(data: bytes) -> bool:
    return data.startswith(",".join(_FIXED).encode())


def _extra(rows: Iterable[dict[str, Cell]]) -> list[str]:
    """The columns that are not in every table, in the order of their first appearance by kind."""
    found = dict.fromkeys(name for row in rows for name in row if "." in name)
    kinds = ("flaw", "probability", "check", "note")
    return sorted(found, key=lambda name: kinds.index(name.split(".")[0]))


def _safe(cell: Cell) -> Cell:
    """OWASP's rule against formulas in cells; numbers are no formulas."""
    if isinstance(cell, float):
        return round(cell, _DIGITS)
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _cells(item: Item, root: Path) -> dict[str, Cell]:
    facts = photo_json(item, root)
    machine, photo = facts["machine"], facts["photo"]
    cells: dict[str, Cell] = {name: facts.get(name) for name in ("path", "verdict", "by", "error", "network")}
    cells |= {"machine_verdict": machine["verdict"], "stars": item.stars or None, "colour": item.colour or None}
    cells |= {name: machine[name] for name in ("score", "label", "would_change")}
    cells["reasons"] = "; ".join(reason["sentence"] for reason in machine["reasons"])
    cells["files"] = "; ".join(facts["files"])
    if photo is not None:
        cells |= {"photo": photo["id"], **{name: photo[name] for name in ("width", "height", *_CAMERA)}}
    cells |= {f"flaw.{name}": value for name, value in machine["flaws"].items()}
    cells |= {f"probability.{name}": value for name, value in machine["probabilities"].items()}
    for row in facts["measurements"]:
        cells[f"check.{row['check']}"] = row["raw"]
        if row["note"]:
            cells[f"note.{row['check']}"] = row["note"]
    return cells


def to_json(items: Sequence[Item], root: Path) -> bytes:
    """The object: `schema` and `photos`; ASCII, indented, ends with a line break."""
    photos = [photo_json(item, root) for item in items]
    return (json.dumps({"schema": SCHEMA, "photos": photos}, indent=1, allow_nan=False) + "\n").encode("ascii")


def _is_json(data: bytes) -> bool:
    return f'"schema": "{SCHEMA.split("/")[0]}/'.encode() in data[:100]


def photo_json(item: Item, root: Path) -> Json:
    """One photo with all facts; paths relative to `root` with forward slashes. Every key is always there."""
    report = item.opinion.report
    return {
        "path": _relative(report.source.path, root),
        "files": [_relative(file.path, root) for file in report.source.files],
        "verdict": item.verdict,
        "by": item.by,
        "stars": item.stars,
        "colour": item.colour or None,
        "error": report.error,
        "machine": _machine(item),
        "photo": _photo(item),
        "measurements": [
            {"check": m.check, "version": m.version, "raw": _finite(m.raw), "note": m.note} for m in report.measurements
        ],
        "network": report.model,
    }


def _machine(item: Item) -> Json:
    verdict = item.opinion.verdict
    reasons = () if verdict is None else verdict.reasons
    return {
        "verdict": _machine_verdict(item),
        "score": None if verdict is None else _finite(verdict.score),
        "label": None if verdict is None else verdict.label,
        "probabilities": {} if verdict is None else {n: _finite(p) for n, p in verdict.probabilities.items()},
        "flaws": {} if verdict is None else {n: _finite(p) for n, p in verdict.flaws.items()},
        "reasons": [{"name": r.name, "sentence": r.sentence, "weight": _finite(r.weight)} for r in reasons],
        "would_change": None if verdict is None else verdict.would_change,
        "assessments": [
            {"check": a.check, "flaw": a.flaw, "raw": _finite(a.raw), "score": _finite(a.score), "sentence": a.sentence}
            for a in (() if verdict is None else verdict.assessments)
        ],
    }


def _machine_verdict(item: Item) -> VerdictName | None:
    """None where only a person's verdict is known, because the opinion was overruled by it."""
    verdict = item.opinion.verdict
    if verdict is None or any(reason.name == "choice" for reason in verdict.reasons):
        return None
    return verdict.verdict


def _photo(item: Item) -> Json | None:
    photo = item.opinion.report.photo
    if photo is None:
        return None
    camera = {name: getattr(photo.camera, name) for name in _CAMERA}
    moment = photo.camera.captured_at
    camera["captured_at"] = None if moment is None else moment.isoformat()
    return {"id": photo.id, "width": photo.width, "height": photo.height, **camera}


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _finite(number: float | None) -> float | None:
    """Six digits; None for what JSON cannot say."""
    if number is None or number != number or number in (float("inf"), float("-inf")):
        return None
    return round(float(number), _DIGITS)
