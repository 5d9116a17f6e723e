"""Blind samples that a person judged; their answers are choices as well."""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from keepers.catalog import ratings, rows
from keepers.errors import NotFound
from keepers.types import VerdictName

Part = Literal["all", "deleted"]
_LARGEST = (1 << 63) - 1
"""Number that SQLite takes."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A photo of a sample.

    part: drawn from all photos of the shoot, or from those To be Deleted only. deleted: it was To be Deleted. asked:
    False where a person had decided before, and `answer` is that. answer: None where none was given.
    """

    photo: str
    path: Path
    part: Part
    deleted: bool
    asked: bool
    answer: VerdictName | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """A sample of `folder`, in the order in which it is shown; of `photos`, of which `deleted` were To be Deleted."""

    number: int
    folder: Path
    photos: int
    deleted: int
    drawn: tuple[Drawn, ...]


def begin(db: sqlite3.Connection, folder: Path, photos: int, deleted: int, drawn: Sequence[Drawn]) -> int:
    """Store a sample; its number."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    add = "INSERT INTO audit (folder, photos, deleted, made_at) VALUES (?, ?, ?, ?)"
    number = db.execute(add, (rows.key(folder), photos, deleted, now)).lastrowid
    assert number is not None
    db.executemany(
        "INSERT INTO audited VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (number, place, one.photo, rows.key(one.path), one.part, one.deleted, one.asked, one.answer)
            for place, one in enumerate(drawn)
        ),
    )
    return number


def load(db: sqlite3.Connection, number: int) -> Audit:
    """Read one. Raises NotFound where there is none."""
    wanted = "SELECT folder, photos, deleted FROM audit WHERE id = ?"
    head = db.execute(wanted, (number,)).fetchone() if number <= _LARGEST else None
    if head is None:
        raise NotFound(f"There is no audit {number}; draw a sample with: keepers audit FOLDER")
    wanted = "SELECT photo, path, part, deleted, asked, answer FROM audited WHERE audit = ? ORDER BY place"
    drawn = tuple(
        Drawn(photo, Path(os.fsdecode(path)), part, bool(gone), bool(asked), answer)
        for photo, path, part, gone, asked, answer in db.execute(wanted, (number,))
    )
    return Audit(number, Path(os.fsdecode(head[0])), head[1], head[2], drawn)


def last(db: sqlite3.Connection, folder: Path) -> int | None:
    """The number of the latest audit of a folder."""
    newest = "SELECT max(id) FROM audit WHERE folder = ?"
    found: int | None = db.execute(newest, (rows.key(folder),)).fetchone()[0]
    return found


def answer(db: sqlite3.Connection, number: int, answers: Mapping[str, VerdictName]) -> None:
    """Record answers, and the same as choices. Raises NotFound for a photo that was not asked for."""
    asked = {one.photo for one in load(db, number).drawn if one.asked}
    for photo, verdict in answers.items():
        if photo not in asked:
            raise NotFound(f"Audit {number} did not ask for the photo {photo}; draw a new sample.")
        db.execute("UPDATE audited SET answer = ? WHERE audit = ? AND photo = ?", (verdict, number, photo))
        ratings.add(db, [photo], verdict)


def undo(db: sqlite3.Connection, number: int) -> int:
    """Take answers back, and their choices unless a person has decided otherwise since; how many choices."""
    latest = dict(db.execute(ratings.LATEST).fetchall())
    answered = [one for one in load(db, number).drawn if one.asked and one.answer is not None]
    still = [one.photo for one in answered if latest.get(one.photo) == one.answer]
    ratings.add(db, still, None)
    db.execute("UPDATE audited SET answer = NULL WHERE audit = ? AND asked", (number,))
    return len(still)
