"""Stars and colours that a person gives: only added, the latest row of a photo counts."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from keepers.errors import NotFound

Colour = Literal["", "red", "yellow", "green", "blue", "purple"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
MOST_STARS = 5

_LATEST = "SELECT photo, stars, colour FROM marked"
_LATEST_OF = "SELECT stars, colour FROM mark WHERE photo = ? ORDER BY id DESC LIMIT 1"
_ADD = "INSERT INTO mark (photo, stars, colour, made_at) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person says of a photo besides the verdict: `stars` 0 (none) .. 5, and a colour, "" for none."""

    stars: int = 0
    colour: Colour = ""


NO_MARK = Mark()


def add(db: sqlite3.Connection, marks: Iterable[tuple[str, Mark]]) -> None:
    """Record marks of photos.

    Raises:
        NotFound: the catalog has no such photo.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for photo, mark in marks:
        if not db.execute("SELECT 1 FROM photo WHERE id = ?", (photo,)).fetchone():
            raise NotFound(f"The catalog has no photo {photo}; cull its folder first.")
        db.execute(_ADD, (photo, mark.stars, mark.colour, now))


def carry_over(db: sqlite3.Connection, old: str, new: str) -> None:
    """The marks of `old` hold of `new`, where a file changed and its picture did not."""
    said = db.execute(_LATEST_OF, (old,)).fetchone()
    if said is not None and said != (db.execute(_LATEST_OF, (new,)).fetchone() or (0, "")):
        add(db, [(new, Mark(*said))])


def latest(db: sqlite3.Connection) -> dict[str, Mark]:
    """Photo id -> the mark that counts, of photos that have one."""
    return {photo: Mark(stars, colour) for photo, stars, colour in db.execute(_LATEST)}
