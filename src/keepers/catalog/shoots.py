"""What was asked for a shoot, and which photos a person wants to keep, of samples that are not biased.

People look at Maybes more than at other photos, so that the photos they happened to decide of are no fair sample of
theirs. Two kinds are: what an audit drew from all photos of a shoot, and shoots in which every photo is decided.
"""

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from keepers.catalog import ratings, rows
from keepers.pipeline.policy import Wishes
from keepers.types import Measurement

SAVE = (
    "INSERT OR REPLACE INTO shoot (folder, keep, max_false_rejects, strictness, shoot_type) VALUES (?, ?, ?, ?, ?)"
)
LOAD = "SELECT keep, max_false_rejects, strictness, shoot_type FROM shoot WHERE folder = ?"
_KEPT = f"SELECT photo FROM ({ratings.LATEST}) WHERE verdict = 'keep'"
_OF_AUDITS = (
    "SELECT audit.folder, photo.id, photo.captured_at FROM audited JOIN audit ON audit.id = audited.audit"
    f" JOIN photo ON photo.id = audited.photo WHERE part = 'all' AND photo.id IN ({_KEPT})"
)
_FACTS = 'SELECT "check", version, raw, note FROM measurement WHERE photo = ?'

_COUNTED = (
    "SELECT folder, count(path), total(decided) FROM shoot LEFT JOIN source"
    " ON path > behind(folder) AND path < before(folder) GROUP BY folder"
)

SCENE_S = 60.0
"""Photos of one shoot that were taken less than so many seconds after one another are one scene: they err together."""


@dataclass(frozen=True, slots=True)
class GoodPhoto:
    """A photo that a person wants to keep. scene: the name of that to which it belongs, over all shoots."""

    photo: str
    scene: str
    measurements: tuple[Measurement, ...]


def of_wishes(folder: Path, wishes: Wishes) -> tuple[Any, ...]:
    """The row of `SAVE`."""
    return (rows.key(folder), wishes.keep, wishes.max_false_rejects, wishes.strictness, wishes.shoot_type)


def wishes(row: tuple[Any, ...]) -> Wishes:
    """The wishes in a row of `LOAD`; NULL is the default."""
    names = ("keep", "max_false_rejects", "strictness", "shoot_type")
    return Wishes(**{name: value for name, value in zip(names, row, strict=True) if value is not None})


def counted(db: sqlite3.Connection) -> list[tuple[Path, int, int]]:
    """Folders that were culled as one shoot, how many pictures are stored of each, and of how many a person decided."""
    for name, side in (("behind", 0), ("before", 1)):
        db.create_function(name, 1, lambda folder, side=side: rows.below(folder)[side], deterministic=True)
    found = db.execute(_COUNTED).fetchall()
    return sorted((Path(os.fsdecode(folder)), photos, int(decided)) for folder, photos, decided in found)


def good_photos(db: sqlite3.Connection) -> list[GoodPhoto]:
    """See the module; each photo once."""
    found: dict[str, tuple[str, str | None]] = {}
    for folder, photo, moment in [*_of_decided_shoots(db), *db.execute(_OF_AUDITS)]:
        found.setdefault(photo, (os.fsdecode(folder), moment))
    scenes = _scenes((folder, photo, moment) for photo, (folder, moment) in found.items())
    return [
        GoodPhoto(photo, scenes[photo], tuple(Measurement(*row) for row in db.execute(_FACTS, (photo,))))
        for photo in found
    ]


def _of_decided_shoots(db: sqlite3.Connection) -> list[tuple[Any, str, str | None]]:
    """(folder, photo, time) of the photos that are kept in shoots of which every readable photo is decided."""
    chosen = dict(db.execute(ratings.LATEST).fetchall())
    shoots = {os.fsdecode(row[0]): row[0] for row in db.execute("SELECT folder FROM shoot")}
    members: dict[str, list[tuple[str, str | None]]] = {}
    sources = "SELECT source.path, photo.id, photo.captured_at FROM source JOIN photo ON photo.id = source.photo"
    for path, photo, moment in db.execute(sources) if chosen and shoots else ():
        place = next((str(p) for p in Path(os.fsdecode(path)).parents if str(p) in shoots), None)
        if place is not None:
            members.setdefault(place, []).append((photo, moment))
    return [
        (shoots[place], photo, moment)
        for place, photos in members.items()
        if all(photo in chosen for photo, _ in photos)
        for photo, moment in photos
        if chosen[photo] == "keep"
    ]


def _scenes(photos: Iterable[tuple[str, str, str | None]]) -> dict[str, str]:
    """Photo -> the name of its scene; photos without a time of one shoot are one scene."""
    names: dict[str, str] = {}
    last: dict[str, tuple[datetime, str]] = {}
    for folder, photo, moment in sorted(photos, key=lambda one: (one[0], one[2] or "", one[1])):
        if moment is None:
            names[photo] = f"{folder} without time"
            continue
        now = datetime.fromisoformat(moment)
        before = last.get(folder)
        new = before is None or (now - before[0]).total_seconds() >= SCENE_S
        name = f"{folder} {moment}" if new or before is None else before[1]
        names[photo], last[folder] = name, (now, name)
    return names
