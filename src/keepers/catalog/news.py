"""What was said of photos lately: choices and marks are only added, so that their numbers say what is new."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from keepers.catalog.marks import Mark
from keepers.types import VerdictName

_CHOICES = "SELECT id, photo, verdict FROM choice WHERE id > ? ORDER BY id"
_MARKS = "SELECT id, photo, stars, colour FROM mark WHERE id > ? ORDER BY id"
_LAST = "SELECT (SELECT max(id) FROM choice), (SELECT max(id) FROM mark)"


@dataclass(frozen=True, slots=True)
class Read:
    """Up to which choice, and which mark, everything was read."""

    choice: int = 0
    mark: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """The latest of each photo of which something was said: a verdict (None: taken back), stars and colour."""

    read: Read
    choices: Mapping[str, VerdictName | None]
    marks: Mapping[str, Mark]


def last(db: sqlite3.Connection) -> Read:
    """The latest there is."""
    choice, mark = db.execute(_LAST).fetchone()
    return Read(choice or 0, mark or 0)


def since(db: sqlite3.Connection, read: Read) -> News:
    """What was said after that; it costs nothing where that is nothing, however much there is."""
    said = db.execute(_CHOICES, (read.choice,)).fetchall()
    given = db.execute(_MARKS, (read.mark,)).fetchall()
    choices: dict[str, VerdictName | None] = {photo: verdict for _, photo, verdict in said}
    marks = {photo: Mark(stars, colour) for _, photo, stars, colour in given}
    return News(Read(said[-1][0] if said else read.choice, given[-1][0] if given else read.mark), choices, marks)
