"""The rows of a shoot's photos that are known and not judged yet, and what rows have in common whether judged or not.

No I/O: numbers and words only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keepers.app.review.rows import row_of, stable
from keepers.catalog.marks import NO_MARK, Mark
from keepers.errors import NotFound, Refused
from keepers.io.files import hash_bytes
from keepers.pipeline.triage import overrule
from keepers.types import VERDICTS, Json, Opinion, Report, VerdictName

Choices = Mapping[str, VerdictName | None]
"""Photo id -> a person's verdict, None where it is taken back."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change changed: ids of photos, and numbers of groups."""

    photos: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass(kw_only=True)
class Listing:
    """The photos of a shoot. `add` those that are known; nothing is said of them but what the camera and a person said.

    `rows` and `groups` are the JSON of `GET /api/shoots/<id>`, by photo id and group number. A picture that lies in
    several places of the folder has one row: a choice holds of the picture.
    """

    folder: Path
    choices: dict[str, VerdictName]
    marks: dict[str, Mark]
    rows: dict[str, Json] = field(default_factory=dict)
    groups: dict[int, Json] = field(default_factory=dict)
    _places: dict[str, list[int]] = field(default_factory=dict)
    _stable: dict[str, Json] = field(default_factory=dict)
    _opinions: list[Opinion] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*VERDICTS, "unreadable", "decided"), 0))

    def add(self, reports: Sequence[Report]) -> Touched:
        """More photos; those whose rows are new or different now."""
        changed = []
        for report in reports:
            photo = photo_id(report)
            places = self._places.setdefault(photo, [])
            places.append(len(self._opinions))
            # Facts are left out: they are read when all are judged, and are most of what there is to hold.
            self._opinions.append(Opinion(Report(report.source, report.photo, error=report.error), None))
            if len(places) == 1:
                self._stable[photo] = stable(photo, self._opinions[-1], self.folder)
                changed.append(photo)
        return Touched(self._anew(changed))

    def opinion(self, photo: str) -> Opinion:
        """What is known of a photo, under a person's choice where there is one.

        Raises:
            NotFound: it is none of this shoot.
        """
        if photo not in self._places:
            raise NotFound(f"The shoot has no photo {photo[:64]}.")
        opinion, choice = self._opinion(photo), self.choices.get(photo)
        if choice is None or opinion.verdict is None:
            return opinion
        return replace(opinion, verdict=overrule(opinion.verdict, choice))

    def readable(self, ids: Iterable[str]) -> list[str]:
        """The ids, each once.

        Raises:
            NotFound: one is none of this shoot.
            Refused: one is of a photo that could not be read, of which nothing can be decided.
        """
        photos = list(dict.fromkeys(ids))
        for photo in photos:
            if self.opinion(photo).report.photo is None:
                raise Refused(f"{self.rows[photo]['name']} could not be read, so nothing can be decided of it.")
        return photos

    def decide(self, choices: Choices) -> Touched:
        """Take choices into account, of readable photos of this shoot."""
        self._note(choices)
        return Touched(self._anew(choices))

    def mark(self, marks: Mapping[str, Mark]) -> Touched:
        """Take stars and colours into account."""
        self.marks |= marks
        return Touched(self._anew(marks))

    def counts(self) -> dict[str, int]:
        """Photos by the verdict that counts, those that cannot be read, and those of which a person decided.

        Those that are not judged yet and not decided are in none of these.
        """
        return dict(self._counts)

    def _opinion(self, photo: str) -> Opinion:
        return self._opinions[self._places[photo][0]]

    def _number(self, photo: str) -> int | None:
        """Of the group."""
        return None

    def _note(self, choices: Choices) -> None:
        for photo, verdict in choices.items():
            if verdict is None:
                self.choices.pop(photo, None)
            else:
                self.choices[photo] = verdict

    def _count(self, row: Json, by: int) -> None:
        pile = "unreadable" if row["error"] is not None else row["verdict"]
        if pile is not None:
            self._counts[pile] += by
        self._counts["decided"] += by * (row["choice"] is not None)

    def _anew(self, photos: Iterable[str]) -> tuple[str, ...]:
        """Make rows again; the ids of those that are different now, in the order of the list."""
        different = set()
        for photo in photos:
            row, before = self._row(photo), self.rows.get(photo)
            if row != before:
                if before is not None:
                    self._count(before, -1)
                self._count(row, 1)
                self.rows[photo] = row
                different.add(photo)
        return tuple(sorted(different, key=lambda photo: self._places[photo][0]))

    def _row(self, photo: str) -> Json:
        mark = self.marks.get(photo, NO_MARK)
        return row_of(self._stable[photo], self._opinion(photo), self._number(photo), self.choices.get(photo), mark)


def photo_id(report: Report) -> str:
    """The content's id; of a photo that cannot be read one that is made of its path."""
    if report.photo is not None:
        return report.photo.id
    return hash_bytes(b"unreadable " + str(report.source.path).encode("utf-8", "surrogateescape"))
