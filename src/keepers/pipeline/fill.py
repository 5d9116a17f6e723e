"""As many Must Haves as were asked for, with variety: every further photo of a scene or a group counts for less."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.errors import UserError
from keepers.types import VERDICTS, Opinion, Reason, VerdictName

_AGAIN_IN_SCENE, _AGAIN_IN_GROUP = 0.9, 0.5
"""What every further photo of a scene, and of a group, is worth beside the one before it."""
_WEIGHT = 0.9
_BLIND = "unmeasured"
_NONE, _KEEP, _MAYBE = -1, VERDICTS.index("keep"), VERDICTS.index("maybe")
_TO_MAYBE, _TO_KEEP = 1, 2
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Target:
    """How many Must Haves are asked for: a number of photos, or a share 0..1 of those that can be read."""

    photos: int | None = None
    share: float = 0.0

    def of(self, readable: int) -> int:
        """The number of Must Haves for so many readable photos."""
        return min(readable, self.photos if self.photos is not None else round(self.share * readable))


def target(text: str) -> Target:
    """`300` or `20%`. Raises UserError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", text)
    if match is None or (match[2] and float(match[1]) > 100) or (not match[2] and "." in match[1]):
        raise UserError(f"{text!r} is no number of photos to keep; write it as 300 or as 20%.")
    return Target(share=float(match[1]) / 100) if match[2] else Target(photos=int(match[1]))


def fill(opinions: Sequence[Opinion], wanted: Target, choices: Mapping[str, VerdictName]) -> list[Opinion]:
    """The same opinions with so many Must Haves as are asked for, where there are enough photos.

    Every next Must Have is the photo that adds most: its score times its freedom from doubt, less for every photo
    that its scene and its group have already, as in budgeted coverage (Nemhauser, Wolsey and Fisher, "An analysis of
    approximations for maximizing submodular set functions", 1978). The worth of a photo depends only on its place in
    its scene and its group, so that sorting does what the greedy search would. The other Must Haves become Maybes.
    Where there are too few, the Maybes with the least doubt are taken; of those that cannot be judged none, and none
    that is To be Deleted. A person's choices count and are not changed.
    """
    return Filling(opinions, wanted, choices).filled


class Filling:
    """`fill`, kept up to date: a choice costs one sort of the numbers, and words for the photos that move.

    `filled` are the opinions as `fill` gives them.
    """

    def __init__(self, opinions: Sequence[Opinion], wanted: Target, choices: Mapping[str, VerdictName]) -> None:
        count = len(opinions)
        self.filled = list(opinions)
        self._opinions = list(opinions)
        self._count = wanted.of(sum(one.verdict is not None for one in opinions))
        self._verdict, self._own = np.full((2, count), _NONE, np.int8)
        self._score, self._doubt = np.zeros((2, count))
        self._known = np.zeros(count, bool)
        self._scene = np.array([one.scene or 0 for one in opinions], np.int64)
        names: dict[int, int] = {}
        # A photo on its own is a group by itself, with a number below zero.
        groups = (names.setdefault(id(o.group), len(names)) if o.group else -1 - n for n, o in enumerate(opinions))
        self._group = np.fromiter(groups, np.int64, count)
        self._moves = np.zeros(count, np.int8)
        self.follow(dict(enumerate(opinions)), choices)

    def follow(self, changed: Mapping[int, Opinion], choices: Mapping[str, VerdictName]) -> set[int]:
        """Take other opinions at some positions, or other choices of these photos, into account.

        Returns:
            The positions at which `filled` may be another one now; `changed` are among them.
        """
        for at, opinion in changed.items():
            self._note(at, opinion, choices)
        moves = self._plan()
        different = set(changed) | set(np.flatnonzero(moves != self._moves).tolist())
        for at in different:
            self.filled[at] = self._moved(at, int(moves[at]))
        self._moves = moves
        return different

    def _note(self, at: int, opinion: Opinion, choices: Mapping[str, VerdictName]) -> None:
        self._opinions[at] = opinion
        if opinion.verdict is None:
            return
        choice = choices.get(_id(opinion))
        self._verdict[at] = VERDICTS.index(opinion.verdict.verdict)
        self._own[at] = _NONE if choice is None else VERDICTS.index(choice)
        self._score[at], self._doubt[at] = opinion.verdict.score, _doubt(opinion)
        self._known[at] = all(reason.name != _BLIND for reason in opinion.verdict.reasons)

    def _plan(self) -> npt.NDArray[np.int8]:
        """Of each photo: to the Must Haves, to the Maybes, or where it is."""
        moves = np.zeros(len(self._verdict), np.int8)
        free = self._own == _NONE
        room = max(0, self._count - int((self._own == _KEEP).sum()))
        keeps = np.flatnonzero(free & (self._verdict == _KEEP))
        taken = keeps[self._best(keeps)[:room]]
        moves[keeps], moves[taken] = _TO_MAYBE, 0
        maybes = np.flatnonzero(free & (self._verdict == _MAYBE) & self._known)
        order = np.lexsort((maybes, -self._score[maybes], self._doubt[maybes]))
        moves[maybes[order[: room - len(taken)]]] = _TO_KEEP
        return moves

    def _best(self, some: Ints) -> Ints:
        """The order of `some` by what each adds."""
        worth = self._score[some]
        worth = worth * _AGAIN_IN_GROUP ** _place(self._group[some], worth)
        worth = worth * _AGAIN_IN_SCENE ** _place(self._scene[some], worth)
        return np.argsort(-worth, kind="stable")

    def _moved(self, at: int, move: int) -> Opinion:
        opinion = self._opinions[at]
        if move == _TO_MAYBE:
            return _moved(opinion, "maybe", f"Beyond the {self._count} Must Haves that were asked for", False)
        if move == _TO_KEEP:
            return _moved(opinion, "keep", f"Taken to reach the {self._count} Must Haves that were asked for", True)
        return opinion


def _place(names: Ints, worth: npt.NDArray[np.float64]) -> Ints:
    """How many of the same name are worth more than each."""
    order = np.lexsort((-worth, names))
    begins = np.flatnonzero(np.diff(names[order], prepend=names[order][:1] - 1))
    place = np.zeros(len(names), np.int64)
    place[order] = np.arange(len(names)) - np.repeat(begins, np.diff(begins, append=len(names)))
    return place


def _id(opinion: Opinion) -> str:
    return opinion.report.photo.id if opinion.report.photo else ""


def _doubt(opinion: Opinion) -> float:
    reasons = opinion.verdict.reasons if opinion.verdict else ()
    return max((reason.weight for reason in reasons), default=0.0)


def _moved(opinion: Opinion, to: VerdictName, why: str, doubtful: bool) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    despite = f", despite: {verdict.reasons[0].sentence}" if doubtful and verdict.reasons else ""
    change = "It would be a Maybe with fewer Must Haves." if doubtful else "It would be a Must Have with more of them."
    reason = Reason("target", why + despite, _WEIGHT)
    moved = dataclasses.replace(
        verdict, verdict=to, reasons=(reason, *verdict.reasons), would_change=f"{change} The number is yours."
    )
    return dataclasses.replace(opinion, verdict=moved)
