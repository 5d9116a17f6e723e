"""The rows of a judged shoot as a person sees them, and what one choice changes in them. No I/O.

Judging a shoot anew after every key would take seconds for ten thousand photos. A choice changes the row of its photo
and, in its group, which frame is the best and what becomes of the others; where a number of Must Haves was asked for,
also which photos fill it. So the facts are compared once, and how a learned taste likes each photo is worked out once:
no choice changes these. A choice is followed through its group alone, and the number filled again from numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keepers.app.measuring import Run
from keepers.app.review.listing import Choices, Listing, Touched, photo_id
from keepers.app.review.rows import group_json, stable
from keepers.catalog.marks import Mark
from keepers.pipeline.fill import Filling, target
from keepers.pipeline.members import Gathered, compared, gather, in_scenes
from keepers.pipeline.policy import Policy
from keepers.pipeline.quick import cautious
from keepers.pipeline.taste import Taste
from keepers.pipeline.taste_use import Likings, applied, likings
from keepers.types import Json, Opinion, Report, VerdictName


@dataclass(kw_only=True)
class Table(Listing):
    """A shoot under review. `of` builds one.

    `alone` is what the machine thinks of each photo by itself, `machine` what it thinks after comparing them, both in
    the order of the paths.
    """

    alone: list[Opinion]
    gathered: Gathered | None
    policy: Policy
    taste: Taste | None
    _compared: list[Opinion] = field(default_factory=list)
    _likings: Likings | None = None
    _filling: Filling | None = None
    _group_of: dict[int, int] = field(default_factory=dict)

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
            folder=folder,
            alone=alone if gathered is None else in_scenes(alone, gathered),
            gathered=gathered,
            policy=asked,
            taste=run.taste,
            choices={photo: verdict for photo, verdict in choices.items() if photo in ids},
            marks={photo: mark for photo, mark in marks.items() if photo in ids},
        )
        table._fill()
        return table

    @property
    def machine(self) -> list[Opinion]:
        """What the machine thinks of each photo, in the order of the paths."""
        return self._opinions

    def _fill(self) -> None:
        for at, opinion in enumerate(self.alone):
            self._places.setdefault(photo_id(opinion.report), []).append(at)
        if self.gathered is not None:
            for number, members in enumerate(self.gathered.groups):
                self._group_of |= {self.gathered.at[one]: number for one in members}
        self._compared = list(self.alone)
        self._compare(None)
        self._opinions = list(self._compared)
        if self.taste is not None:
            self._likings = likings(self._compared, self.taste)
            self._opinions = applied(self._compared, self._likings, self.choices)
        if self.policy.keep is not None:
            self._filling = Filling(self._opinions, target(self.policy.keep), self.choices)
            self._opinions = self._filling.filled
        self._opinions = [cautious(opinion) for opinion in self._opinions]
        for photo, (at, *_) in self._places.items():
            self._stable[photo] = stable(photo, self._opinions[at], self.folder)
        self._anew(self._places)
        self.groups = {number: made for number in self._numbers() if (made := self._made(number))}

    def decide(self, choices: Choices) -> Touched:
        """Take choices into account, of readable photos of this shoot."""
        self._note(choices)
        places = {at for photo in choices for at in self._places[photo]}
        numbers = sorted({self._group_of[at] for at in places if at in self._group_of})
        changed = self._follow(places, numbers)
        photos = {photo_id(self._opinions[at].report) for at in changed}
        return Touched(self._anew(photos), tuple(number for number in numbers if self._regroup(number)))

    def _number(self, photo: str) -> int | None:
        return self._group_of.get(self._places[photo][0])

    def _numbers(self) -> range:
        return range(len(self.gathered.groups) if self.gathered is not None else 0)

    def _compare(self, numbers: Iterable[int] | None) -> None:
        if self.gathered is not None:
            for at, opinion in compared(self.alone, self.gathered, self.choices, numbers, self.policy).items():
                self._compared[at] = opinion

    def _follow(self, places: set[int], numbers: Sequence[int]) -> set[int]:
        """Judge some photos and the members of their groups again; positions whose opinion may be another one now."""
        self._compare(numbers)
        touched = sorted(places | {at for number in numbers for at in self._members(number)})
        some = [self._compared[at] for at in touched]
        if self._likings is not None:
            some = applied(some, self._likings, self.choices)
        changed = dict(zip(touched, some, strict=True))
        if self._filling is not None:
            moved = self._filling.follow(changed, self.choices)
            changed = {at: self._filling.filled[at] for at in moved}
        for at, opinion in changed.items():
            self._opinions[at] = cautious(opinion)
        return set(changed)

    def _members(self, number: int) -> list[int]:
        assert self.gathered is not None
        return [self.gathered.at[one] for one in self.gathered.groups[number]]

    def _regroup(self, number: int) -> bool:
        made = self._made(number)
        if made == self.groups.get(number):
            return False
        if made is not None:
            self.groups[number] = made
        return True

    def _made(self, number: int) -> Json | None:
        at = self._members(number)
        group = self._opinions[at[0]].group
        assert group is not None
        ids = {self._opinions[one].path: photo_id(self._opinions[one].report) for one in at}
        return group_json(number, group, ids)
