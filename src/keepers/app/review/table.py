"""The rows of a shoot as a person sees them, and what one choice changes in them. Numbers and words only; no I/O.

Judging a shoot anew after every key would take seconds for ten thousand photos. A choice changes the row of its photo
and, in its group, which frame is the best and what becomes of the others; where a number of Must Haves was asked for,
also which photos fill it. So the facts are compared once, and a choice is followed through its group alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keepers.app.measuring import Run
from keepers.app.review.rows import group_json, row_of, stable
from keepers.catalog.marks import NO_MARK, Mark
from keepers.errors import NotFound, Refused
from keepers.io.files import hash_bytes
from keepers.pipeline.fill import fill, target
from keepers.pipeline.members import Gathered, compared, gather, in_scenes
from keepers.pipeline.policy import Policy
from keepers.pipeline.taste import Taste
from keepers.pipeline.taste_use import apply
from keepers.pipeline.triage import overrule
from keepers.types import VERDICTS, Json, Opinion, Report, VerdictName

Choices = Mapping[str, VerdictName | None]
"""Photo id -> a person's verdict, None where it is taken back."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change changed: ids of photos, and numbers of groups."""

    photos: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass
class Table:
    """A shoot under review. `of` builds one.

    `alone` is what the machine thinks of each photo by itself, `machine` what it thinks after comparing them, both in
    the order of the paths; `rows` and `groups` are the JSON of `GET /api/shoots/<id>`, by photo id and group number.
    A picture that lies in several places of the folder has one row: a choice holds of the picture.
    """

    folder: Path
    alone: list[Opinion]
    gathered: Gathered | None
    policy: Policy
    taste: Taste | None
    choices: dict[str, VerdictName]
    marks: dict[str, Mark]
    machine: list[Opinion] = field(default_factory=list)
    rows: dict[str, Json] = field(default_factory=dict)
    groups: dict[int, Json] = field(default_factory=dict)
    _compared: list[Opinion] = field(default_factory=list)
    _places: dict[str, list[int]] = field(default_factory=dict)
    _stable: dict[str, Json] = field(default_factory=dict)
    _group_of: dict[int, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*VERDICTS, "unreadable", "decided"), 0))

    @classmethod
    def of(
        cls,
        run: Run,
        reports: Sequence[Report],
        folder: Path,
        *,
        choices: Mapping[str, VerdictName],
        marks: Mapping[str, Mark],
        policy: Policy | None = None,
    ) -> Table:
        """Judge the photos of `folder` as `cull` does; `reports` in the order of their paths."""
        asked = policy or run.policy()
        alone = run.alone(reports, asked)
        gathered = gather(reports, run.people(reports)) if len(reports) > 1 else None
        ids = {photo_id(report) for report in reports}
        table = cls(
            folder,
            alone if gathered is None else in_scenes(alone, gathered),
            gathered,
            asked,
            run.taste,
            {photo: verdict for photo, verdict in choices.items() if photo in ids},
            {photo: mark for photo, mark in marks.items() if photo in ids},
        )
        table._fill()
        return table

    def _fill(self) -> None:
        for at, opinion in enumerate(self.alone):
            self._places.setdefault(photo_id(opinion.report), []).append(at)
        if self.gathered is not None:
            for number, members in enumerate(self.gathered.groups):
                self._group_of |= {self.gathered.at[one]: number for one in members}
        self._compared = list(self.alone)
        self._compare(None)
        self.machine = self._filled()
        for photo, (at, *_) in self._places.items():
            self._stable[photo] = stable(photo, self.machine[at], self.folder)
            self.rows[photo] = self._row(photo)
            self._count(self.rows[photo], 1)
        self.groups = {number: made for number in self._numbers() if (made := self._group(number))}

    def opinion(self, photo: str) -> Opinion:
        """What is known of a photo, under a person's choice where there is one.

        Raises:
            NotFound: it is none of this shoot.
        """
        if photo not in self._places:
            raise NotFound(f"The shoot has no photo {photo[:64]}.")
        opinion, choice = self.machine[self._places[photo][0]], self.choices.get(photo)
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
            if self.opinion(photo).verdict is None:
                raise Refused(f"{self.rows[photo]['name']} could not be read, so nothing can be decided of it.")
        return photos

    def decide(self, choices: Choices) -> Touched:
        """Take choices into account, of readable photos of this shoot."""
        for photo, verdict in choices.items():
            if verdict is None:
                self.choices.pop(photo, None)
            else:
                self.choices[photo] = verdict
        places = [at for photo in choices for at in self._places[photo]]
        numbers = sorted({self._group_of[at] for at in places if at in self._group_of})
        changed = self._follow(numbers)
        photos = {photo_id(self.machine[at].report) for at in changed} | set(choices)
        return Touched(self._anew(photos), tuple(number for number in numbers if self._regroup(number)))

    def mark(self, marks: Mapping[str, Mark]) -> Touched:
        """Take stars and colours into account."""
        self.marks |= marks
        return Touched(self._anew(marks))

    def counts(self) -> dict[str, int]:
        """Photos by the verdict that counts, those that cannot be read, and those of which a person decided."""
        return dict(self._counts)

    def _count(self, row: Json, by: int) -> None:
        self._counts[row["verdict"] or "unreadable"] += by
        self._counts["decided"] += by * (row["choice"] is not None)

    def _numbers(self) -> range:
        return range(len(self.gathered.groups) if self.gathered is not None else 0)

    def _compare(self, numbers: Iterable[int] | None) -> None:
        if self.gathered is not None:
            for at, opinion in compared(self.alone, self.gathered, self.choices, numbers, self.policy).items():
                self._compared[at] = opinion

    def _follow(self, numbers: Sequence[int]) -> set[int]:
        """Judge the members of some groups again; positions of the photos on which the verdict may be another now."""
        self._compare(numbers)
        if self.policy.keep is not None or self.taste is not None:  # these are a matter of all photos
            before, self.machine = self.machine, self._filled()
            pairs = enumerate(zip(before, self.machine, strict=True))
            return {at for at, (one, other) in pairs if one is not other}
        members = {at for number in numbers for at in self._members(number)}
        for at in members:
            self.machine[at] = self._compared[at]
        return members

    def _members(self, number: int) -> list[int]:
        assert self.gathered is not None
        return [self.gathered.at[one] for one in self.gathered.groups[number]]

    def _filled(self) -> list[Opinion]:
        opinions = list(self._compared)
        if self.taste is not None:
            opinions = apply(opinions, self.taste, self.choices)
        return opinions if self.policy.keep is None else fill(opinions, target(self.policy.keep), self.choices)

    def _anew(self, photos: Iterable[str]) -> tuple[str, ...]:
        """Make rows again; the ids of those that are different now, in the order of the table."""
        different = set()
        for photo in photos:
            row = self._row(photo)
            if row != self.rows[photo]:
                self._count(self.rows[photo], -1)
                self._count(row, 1)
                self.rows[photo] = row
                different.add(photo)
        return tuple(sorted(different, key=lambda photo: self._places[photo][0]))

    def _row(self, photo: str) -> Json:
        at = self._places[photo][0]
        number = self._group_of.get(at)
        mark = self.marks.get(photo, NO_MARK)
        return row_of(self._stable[photo], self.machine[at], number, self.choices.get(photo), mark)

    def _regroup(self, number: int) -> bool:
        made = self._group(number)
        if made == self.groups.get(number):
            return False
        if made is not None:
            self.groups[number] = made
        return True

    def _group(self, number: int) -> Json | None:
        at = self._members(number)
        group = self.machine[at[0]].group
        assert group is not None
        ids = {self.machine[one].path: photo_id(self.machine[one].report) for one in at}
        return group_json(number, group, ids)


def photo_id(report: Report) -> str:
    """The content's id; of a photo that cannot be read one that is made of its path."""
    if report.photo is not None:
        return report.photo.id
    return hash_bytes(b"unreadable " + str(report.source.path).encode("utf-8", "surrogateescape"))
