"""A shoot that is under review: what its tabs see, what they change, and the way back."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from keepers.app.review.listing import Choices, Listing, Touched
from keepers.app.review.rows import shown
from keepers.app.review.table import Table
from keepers.catalog.db import Catalog
from keepers.catalog.marks import NO_MARK, Colour, Mark
from keepers.catalog.news import Read
from keepers.errors import KeepersError, NothingToDo, Refused
from keepers.types import VERDICT_TITLES, VERDICTS, Json, Opinion, Report, VerdictName

State = Literal["culling", "ready", "failed"]
Tell = Callable[[str, Json], None]
"""Called with the name and the data of an event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person did, which can be taken back: of each photo what was said before and after.

    audit: the number of the blind check to which the choices are the answers; None for all others.
    """

    what: str
    choices: Mapping[str, tuple[VerdictName | None, VerdictName | None]]
    marks: Mapping[str, tuple[Mark, Mark]]
    audit: int | None = None


class ReviewedShoot:
    """One folder under review. Safe to call from several threads.

    While it is culled its rows are those of a `Listing`: photos that are known are there at once, others as they are
    measured, and a person may decide of them; then those of a `Table`. A change is on the disk before anybody hears of
    it. `version` counts changes.
    """

    def __init__(self, folder: Path, store: Callable[[], Catalog], tell: Tell) -> None:
        self.id, self.folder = shoot_id(folder), folder
        self.state: State = "culling"
        self.error: str | None = None
        self.version = 1
        self.progress = (0, 0)
        self._store, self._tell = store, tell
        self._lock = threading.RLock()
        self._table: Listing | None = None
        self._read = Read()
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
            return self._known().opinion(photo)

    def row(self, photo: str) -> Json:
        """The row of a photo. Raises NotFound where it is none of this shoot."""
        with self._lock:
            self._known().opinion(photo)
            return self._known().rows[photo]

    def rows(self) -> list[Json]:
        """All rows. Raises Refused while the shoot is not ready."""
        with self._lock:
            return list(self.judged().rows.values())

    def judged(self) -> Table:
        """The table; hold no more of it than one question. Raises Refused while the shoot is not ready."""
        with self._lock:
            if not isinstance(self._table, Table):
                raise Refused(self.error or f"{self.name} is still being culled; wait until that is done.")
            return self._table

    def snapshot(self) -> tuple[list[Opinion], dict[str, VerdictName]]:
        """What the machine thinks of each photo, and what a person does. Raises Refused while it is not ready."""
        with self._lock:
            table = self.judged()
            return list(table.machine), dict(table.choices)

    # How it comes to be

    def listed(self, listing: Listing, read: Read) -> None:
        """These photos are known from before. `read`: up to where their choices and marks were."""
        with self._lock:
            self._take(listing, read)
            said = self._state()
        self._tell("progress", said)

    def came(self, reports: Sequence[Report]) -> None:
        """These photos were measured, and are stored."""
        with self._lock:
            if self._table is not None:
                new, said = self._table.add(reports), self._catch_up(self._table) or Touched()
                self._change(Touched(tuple(dict.fromkeys((*new.photos, *said.photos)))))

    def culled(self, done: int, total: int) -> None:
        """So many photos have facts."""
        with self._lock:
            self.progress = (done, total)
            said = self._state()
        self._tell("progress", said)

    def opened(self, table: Table, read: Read) -> None:
        """All photos have facts and are judged; `read` as for `listed`."""
        with self._lock:
            self._take(table, read)
            self.state, self.progress = "ready", (len(table.alone), len(table.alone))
            said = self._state()
        self._tell("progress", said)

    def failed(self, sentence: str) -> None:
        """It could not be opened."""
        with self._lock:
            self.state, self.error = "failed", shown(sentence)
            said = {**self._state(), "error": self.error}
        self._tell("progress", said)

    def _take(self, table: Listing, read: Read) -> None:
        """Show these photos from now on, with what was recorded while they were read or judged."""
        self._read = read
        self._catch_up(table)
        self._table = table
        self.version += 1

    def _state(self) -> Json:
        return {"state": self.state, "version": self.version, **self._progress()}

    # What a person changes

    def choose(self, ids: Iterable[str], verdict: VerdictName | None) -> Json:
        """Record one choice for photos; the answer is the change, and on the disk.

        Raises:
            NotFound, Refused: an id is of none of its photos, or of one that could not be read; or it is not ready.
            StorageError: the disk failed; then nothing has changed.
        """
        with self._lock:
            photos = self._known().readable(ids)
            step = self._choices(dict.fromkeys(photos, verdict), _choice_words(len(photos), verdict))
            return self._do(step)

    def accept(self, ids: Iterable[str]) -> Json:
        """Make the machine's verdicts choices, of photos of which nobody has decided; raises as `choose`."""
        with self._lock:
            table = self._known()
            rows = [table.rows[photo] for photo in table.readable(ids)]
            taken = {row["id"]: row["machine"] for row in rows if row["choice"] is None and row["judged"]}
            summary = {name: list(taken.values()).count(name) for name in VERDICTS}
            return {**self._do(self._choices(taken, f"Verdicts of {_photos(len(taken))} accepted")), "summary": summary}

    def mark(self, ids: Iterable[str], stars: int | None = None, colour: Colour | None = None) -> Json:
        """Give photos stars, a colour, or both; None leaves it as it is; raises as `choose`."""
        with self._lock:
            table = self._known()
            photos = table.readable(ids)
            marks = {}
            for photo in photos:
                old = table.marks.get(photo, NO_MARK)
                new = Mark(old.stars if stars is None else stars, old.colour if colour is None else colour)
                if new != old:
                    marks[photo] = (old, new)
            return self._do(Step(_mark_words(len(photos), stars, colour), {}, marks))

    def answer(self, audit: int, answers: Mapping[str, VerdictName]) -> Json:
        """Record the answers to a blind check, which are choices as well; raises as `choose`."""
        with self._lock:
            self._known().readable(answers)
            step = self._choices(answers, f"{_photos(len(answers))} of a blind check decided")
            return self._do(replace(step, audit=audit))

    def undo(self) -> Json:
        """Take the latest step back that is not taken back. Raises NothingToDo where there is none."""
        return self._back(self._done, self._undone, "There is nothing to undo.", "Undone", 0)

    def redo(self) -> Json:
        """Do again what was taken back last. Raises NothingToDo where there is nothing."""
        return self._back(self._undone, self._done, "There is nothing to redo.", "Done again", 1)

    def refresh(self) -> None:
        """Take over what another window or another keepers has recorded meanwhile; it is on the disk already."""
        with self._lock:  # also while reading: what this shoot records meanwhile must not be taken for old
            if self._table is not None:
                touched = self._catch_up(self._table)
                if touched is not None:
                    self._change(touched)

    def _catch_up(self, table: Listing) -> Touched | None:
        """What was recorded since it was asked last; None where that is nothing new."""
        news = self._store().since(self._read)
        self._read = news.read
        said = {photo: word for photo, word in news.choices.items() if photo in table.rows}
        choices = {photo: word for photo, word in said.items() if word != table.choices.get(photo)}
        given = {photo: mark for photo, mark in news.marks.items() if photo in table.rows}
        marks = {photo: mark for photo, mark in given.items() if mark != table.marks.get(photo, NO_MARK)}
        return _heeded(table, choices, marks) if choices or marks else None

    def _back(self, taken: list[Step], to: list[Step], nothing: str, word: str, side: int) -> Json:
        with self._lock:
            table = self._known()
            if not taken:
                raise NothingToDo(nothing)
            step = taken[-1]
            choices = {photo: pair[side] for photo, pair in step.choices.items()}
            marks = {photo: pair[side] for photo, pair in step.marks.items()}
            self._write(choices, marks, step.audit, undone=side == 0)
            to.append(taken.pop())
            return {**self._change(_heeded(table, choices, marks)), "what": f"{word}: {step.what}"}

    def _choices(self, choices: Choices, what: str) -> Step:
        """Only what changes: a choice that is made again is no step."""
        old = self._known().choices
        return Step(what, {p: (old.get(p), new) for p, new in choices.items() if old.get(p) != new}, {})

    def _do(self, step: Step) -> Json:
        choices = {photo: new for photo, (_, new) in step.choices.items()}
        marks = {photo: new for photo, (_, new) in step.marks.items()}
        if not choices and not marks:
            return self._said(Touched())
        self._write(choices, marks, step.audit)
        self._done.append(step)
        self._undone.clear()
        table = self._known()
        return self._change(_heeded(table, choices, marks))

    def _write(
        self, choices: Choices, marks: Mapping[str, Mark], audit: int | None = None, undone: bool = False
    ) -> None:
        if audit is not None and not undone:
            answers = {photo: verdict for photo, verdict in choices.items() if verdict is not None}
            self._store().answer_audit(audit, answers)
        elif choices:
            self._store().decide(choices.items())
        if audit is not None and undone:
            self._store().undo_audit(audit)
        if marks:
            self._store().mark(marks.items())

    def _change(self, touched: Touched) -> Json:
        self.version += 1
        said = self._said(touched)
        self._tell("change", said)  # under the lock, so that tabs hear of changes in their order
        return said

    def _said(self, touched: Touched) -> Json:
        table = self._known()
        return {
            "version": self.version,
            "photos": [table.rows[photo] for photo in touched.photos],
            "groups": [table.groups[number] for number in touched.groups],
            "counts": table.counts(),
            **self._ways(),
        }

    def _known(self) -> Listing:
        if self._table is None:
            raise Refused(self.error or f"{self.name} is still being culled; wait until that is done.")
        return self._table

    def _progress(self) -> Json:
        done, total = self.progress
        return {"done": done, "total": total}

    def _ways(self) -> Json:
        return {"can_undo": bool(self._done), "can_redo": bool(self._undone)}


def _heeded(table: Listing, choices: Choices, marks: Mapping[str, Mark]) -> Touched:
    """Choices and marks of photos of the table, taken into account."""
    one = table.decide(choices) if choices else Touched()
    other = table.mark(marks) if marks else Touched()
    return Touched(tuple(dict.fromkeys((*one.photos, *other.photos))), one.groups)


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
