"""As many Must Haves as were asked for, with variety: every further photo of a scene or a group counts for less."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.errors import UserError
from keepers.types import Opinion, Reason, VerdictName

_AGAIN_IN_SCENE, _AGAIN_IN_GROUP = 0.9, 0.5
"""What every further photo of a scene, and of a group, is worth beside the one before it."""
_WEIGHT = 0.9
_BLIND = "unmeasured"


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
    readable = [at for at, one in enumerate(opinions) if one.verdict is not None]
    result = list(opinions)
    count = wanted.of(len(readable))
    own = {at: choices[_id(opinions[at])] for at in readable if _id(opinions[at]) in choices}
    room = max(0, count - sum(verdict == "keep" for verdict in own.values()))
    keeps = [at for at in readable if at not in own and _verdict(opinions[at]) == "keep"]
    taken = set(_best(opinions, keeps, room))
    for at in keeps:
        if at not in taken:
            result[at] = _moved(opinions[at], "maybe", f"Beyond the {count} Must Haves that were asked for", False)
    maybes = [at for at in readable if at not in own and _verdict(opinions[at]) == "maybe" and _known(opinions[at])]
    for at in _least_doubt(opinions, maybes, room - len(taken)):
        result[at] = _moved(opinions[at], "keep", f"Taken to reach the {count} Must Haves that were asked for", True)
    return result


def _best(opinions: Sequence[Opinion], some: Sequence[int], room: int) -> list[int]:
    """Up to `room` of `some`, by what each adds."""
    worth = np.array([_score(opinions[at]) for at in some])
    worth = worth * _AGAIN_IN_GROUP ** _place([opinions[at].group or at for at in some], worth)
    worth = worth * _AGAIN_IN_SCENE ** _place([opinions[at].scene or 0 for at in some], worth)
    order = np.argsort(-worth, kind="stable")[: max(room, 0)]
    return [some[at] for at in order.tolist()]


def _least_doubt(opinions: Sequence[Opinion], some: Sequence[int], room: int) -> list[int]:
    order = sorted(some, key=lambda at: (_doubt(opinions[at]), -_score(opinions[at]), at))
    return order[: max(room, 0)]


def _place(names: Sequence[object], worth: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """How many of the same name are worth more than each."""
    place = np.zeros(len(names), np.int64)
    seen: dict[object, int] = {}
    for at in np.argsort(-worth, kind="stable").tolist():
        name = names[at] if isinstance(names[at], int) else id(names[at])
        key = (isinstance(names[at], int), name)
        place[at] = seen.get(key, 0)
        seen[key] = int(place[at]) + 1
    return place


def _id(opinion: Opinion) -> str:
    return opinion.report.photo.id if opinion.report.photo else ""


def _verdict(opinion: Opinion) -> VerdictName | None:
    return opinion.verdict.verdict if opinion.verdict else None


def _score(opinion: Opinion) -> float:
    return opinion.verdict.score if opinion.verdict else 0.0


def _known(opinion: Opinion) -> bool:
    """Whether anything could be measured."""
    return opinion.verdict is not None and all(reason.name != _BLIND for reason in opinion.verdict.reasons)


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
