"""A shoot that is under review: what its tabs see, what they change, and the way back."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keepers.app.review.rows import shown
from keepers.app.review.table import Choices, Table, Touched
from keepers.catalog.db import Catalog
from keepers.catalog.marks import NO_MARK, Colour, Mark
from keepers.errors import KeepersError, NothingToDo, Refused
from keepers.types import VERDICT_TITLES, VERDICTS, Json, Opinion, VerdictName

State = Literal["culling", "ready", "failed"]
Tell = Callable[[str, Json], None]
"""Called with the name and the data of an event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person did, which can be taken back: of each photo what was said before and after."""

    what: str
    choices: Mapping[str, tuple[VerdictName | None, VerdictName | None]]
    marks: Mapping[str, tuple[Mark, Mark]]


class ReviewedShoot:
    """One folder under review. Safe to call from several threads.

    A change is on the disk before anybody hears of it. `version` counts changes.
    """

    def __init__(self, folder: Path, store: Callable[[], Catalog], tell: Tell) -> None:
        self.id, self.folder = shoot_id(folder), folder
        self.state: State = "culling"
        self.error: str | None = None
        self.version = 1
        self.progress = (0, 0)
        self._store, self._tell = store, tell
        self._lock = threading.RLock()
        self._table: Table | None = None
        self._done: list[Step] = []
        self._undone: list[Step] = []

    # What there is to see

    @property
    def name(self) -> str:
        """The last part of the folder, for the title."""
        return shown(self.folder.name or str(self.folder))

    def to_json(self) -> Json:
        """The answer of `GET /api/shoots/<id>`."""
        with self._lock:
            table = self._table
            return {
                "id": self.id,
                "folder": shown(str(self.folder)),
                "name": self.name,
                "state": self.state,
                "error": self.error,
                "progress": self._progress(),
                "version": self.version,
                "photos": list(table.rows.values()) if table else [],
                "groups": list(table.groups.values()) if table else [],
                "counts": table.counts() if table else dict.fromkeys((*VERDICTS, "unreadable", "decided"), 0),
                **self._ways(),
            }

    def summary(self) -> Json:
        """One line of `GET /api/shoots`, of a shoot that is open."""
        with self._lock:
            counts = self._table.counts() if self._table else {}
            photos = len(self._table.rows) if self._table else 0
            piles: Json = {name: counts.get(name, 0) for name in VERDICTS}
            return {**_head(self), "photos": photos, "decided": counts.get("decided", 0), **piles}

    def hello(self) -> Json:
        """What a tab hears first."""
        with self._lock:
            return {"version": self.version, "state": self.state}

    def has(self, photo: str) -> bool:
        """Whether the photo is one of this shoot."""
        with self._lock:
            return self._table is not None and photo in self._table.rows

    def opinion(self, photo: str) -> Opinion:
        """What is known of a photo. Raises NotFound where it is none of this shoot."""
        with self._lock:
            return self._ready().opinion(photo)

    def row(self, photo: str) -> Json:
        """The row of a photo. Raises NotFound where it is none of this shoot."""
        with self._lock:
            self._ready().opinion(photo)
            return self._ready().rows[photo]

    def rows(self) -> list[Json]:
        """All rows. Raises Refused while the shoot is not ready."""
        with self._lock:
            return list(self._ready().rows.values())

    # How it comes to be

    def culled(self, done: int, total: int) -> None:
        """So many photos have facts."""
        with self._lock:
            self.progress = (done, total)
            said = {"state": self.state, **self._progress()}
        self._tell("progress", said)

    def opened(self, table: Table) -> None:
        """All photos have facts and are judged."""
        with self._lock:
            self._table, self.state = table, "ready"
            self.version += 1
            self.progress = (len(table.alone), len(table.alone))
            said = {"state": self.state, **self._progress()}
        self._tell("progress", said)

    def failed(self, sentence: str) -> None:
        """It could not be opened."""
        with self._lock:
            self.state, self.error = "failed", shown(sentence)
            said = {"state": self.state, **self._progress(), "error": self.error}
        self._tell("progress", said)

    # What a person changes

    def choose(self, ids: Iterable[str], verdict: VerdictName | None) -> Json:
        """Record one choice for photos; the answer is the change, and on the disk.

        Raises:
            NotFound, Refused: an id is of none of its photos, or of one that could not be read; or it is not ready.
            StorageError: the disk failed; then nothing has changed.
        """
        with self._lock:
            table = self._ready()
            photos = table.readable(ids)
            step = self._choices(dict.fromkeys(photos, verdict), _choice_words(len(photos), verdict))
            return self._do(step)

    def accept(self, ids: Iterable[str]) -> Json:
        """Make the machine's verdicts choices, of photos of which nobody has decided; raises as `choose`."""
        with self._lock:
            table = self._ready()
            rows = [table.rows[photo] for photo in table.readable(ids)]
            taken = {row["id"]: row["machine"] for row in rows if row["choice"] is None}
            summary = {name: list(taken.values()).count(name) for name in VERDICTS}
            return {**self._do(self._choices(taken, f"Verdicts of {_photos(len(taken))} accepted")), "summary": summary}

    def mark(self, ids: Iterable[str], stars: int | None = None, colour: Colour | None = None) -> Json:
        """Give photos stars, a colour, or both; None leaves it as it is; raises as `choose`."""
        with self._lock:
            table = self._ready()
            photos = table.readable(ids)
            marks = {}
            for photo in photos:
                old = table.marks.get(photo, NO_MARK)
                new = Mark(old.stars if stars is None else stars, old.colour if colour is None else colour)
                if new != old:
                    marks[photo] = (old, new)
            return self._do(Step(_mark_words(len(photos), stars, colour), {}, marks))

    def undo(self) -> Json:
        """Take the latest step back that is not taken back. Raises NothingToDo where there is none."""
        return self._back(self._done, self._undone, "There is nothing to undo.", "Undone", 0)

    def redo(self) -> Json:
        """Do again what was taken back last. Raises NothingToDo where there is nothing."""
        return self._back(self._undone, self._done, "There is nothing to redo.", "Done again", 1)

    def refresh(self) -> None:
        """Take over what another window or another keepers has recorded meanwhile; it is on the disk already."""
        with self._lock:  # also while reading: what this shoot records meanwhile must not be taken for old
            table = self._table
            if table is None:
                return
            choices, marks = self._store().choices(), self._store().marks()
            news: dict[str, VerdictName | None] = {}
            for photo in table.rows:
                if choices.get(photo) != table.choices.get(photo):
                    news[photo] = choices.get(photo)
            given = {p: marks.get(p, NO_MARK) for p in table.rows}
            marked = {p: mark for p, mark in given.items() if mark != table.marks.get(p, NO_MARK)}
            if news or marked:
                self._change(table, news, marked)

    def _back(self, taken: list[Step], to: list[Step], nothing: str, word: str, side: int) -> Json:
        with self._lock:
            table = self._ready()
            if not taken:
                raise NothingToDo(nothing)
            step = taken[-1]
            choices = {photo: pair[side] for photo, pair in step.choices.items()}
            marks = {photo: pair[side] for photo, pair in step.marks.items()}
            self._write(choices, marks)
            to.append(taken.pop())
            return {**self._change(table, choices, marks), "what": f"{word}: {step.what}"}

    def _choices(self, choices: Choices, what: str) -> Step:
        """Only what changes: a choice that is made again is no step."""
        old = self._ready().choices
        return Step(what, {p: (old.get(p), new) for p, new in choices.items() if old.get(p) != new}, {})

    def _do(self, step: Step) -> Json:
        choices = {photo: new for photo, (_, new) in step.choices.items()}
        marks = {photo: new for photo, (_, new) in step.marks.items()}
        if not choices and not marks:
            return self._said(Touched())
        self._write(choices, marks)
        self._done.append(step)
        self._undone.clear()
        return self._change(self._ready(), choices, marks)

    def _write(self, choices: Choices, marks: Mapping[str, Mark]) -> None:
        if choices:
            self._store().decide(choices.items())
        if marks:
            self._store().mark(marks.items())

    def _change(self, table: Table, choices: Choices, marks: Mapping[str, Mark]) -> Json:
        one = table.decide(choices) if choices else Touched()
        other = table.mark(marks) if marks else Touched()
        touched = Touched(tuple(dict.fromkeys((*one.photos, *other.photos))), one.groups)
        self.version += 1
        said = self._said(touched)
        self._tell("change", said)  # under the lock, so that tabs hear of changes in their order
        return said

    def _said(self, touched: Touched) -> Json:
        table = self._ready()
        return {
            "version": self.version,
            "photos": [table.rows[photo] for photo in touched.photos],
            "groups": [table.groups[number] for number in touched.groups],
            "counts": table.counts(),
            **self._ways(),
        }

    def _ready(self) -> Table:
        if self._table is None:
            raise Refused(self.error or f"{self.name} is still being culled; wait until that is done.")
        return self._table

    def _progress(self) -> Json:
        done, total = self.progress
        return {"done": done, "total": total}

    def _ways(self) -> Json:
        return {"can_undo": bool(self._done), "can_redo": bool(self._undone)}


def shoot_id(folder: Path) -> str:
    """16 hex digits, the same for a folder on every run."""
    return hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()


def line_of(folder: Path, photos: int, decided: int) -> Json:
    """One line of `GET /api/shoots`, of a shoot that is not open: its piles are known once it is judged."""
    return {
        "id": shoot_id(folder),
        "folder": shown(str(folder)),
        "name": shown(folder.name or str(folder)),
        "photos": photos,
        "decided": decided,
        **dict.fromkeys(VERDICTS),
    }


def sentence(error: Exception) -> str:
    """What to tell a person of an error."""
    if isinstance(error, KeepersError):
        return str(error)
    return f"keepers stumbled over this shoot ({type(error).__name__}: {error}); please report this."


def _head(shoot: ReviewedShoot) -> Json:
    return {"id": shoot.id, "folder": shown(str(shoot.folder)), "name": shoot.name}


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"


def _choice_words(count: int, verdict: VerdictName | None) -> str:
    return f"{_photos(count)} {'undecided' if verdict is None else f'to {VERDICT_TITLES[verdict]}'}"


def _mark_words(count: int, stars: int | None, colour: Colour | None) -> str:
    words = []
    if stars is not None:
        words.append(f"{stars} star{'' if stars == 1 else 's'}")
    if colour is not None:
        words.append(colour or "no colour")
    return f"{' and '.join(words)} for {_photos(count)}"
