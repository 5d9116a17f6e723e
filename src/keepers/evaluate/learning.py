"""Learning a taste, and finding out on shoots it did not learn from whether it is worth using. Deterministic.

The ridge is chosen by leaving out shoots of those that are learned from; the gate leaves out one shoot after another
from all of this, so that neither weights nor ridge ever saw the shoot whose figure is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepers.evaluate.statistics import auc
from keepers.pipeline.taste import LEAST_EACH, LEAST_SHOOTS, Gate, Held, Scale, Taste, fit, relative, scaled
from keepers.pipeline.taste_facts import Table

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RIDGES = (1000.0, 300.0, 100.0, 30.0, 10.0)
_INNER, _OUTER = 3, 12
"""Most parts into which shoots are divided, to choose the ridge and for the gate; up to so many, a part is a shoot."""
_PLENTY = 2500
"""Photos that are enough to choose the ridge with."""
_ENOUGH = 0.005
"""Area under the curve that a weaker ridge must bring to be chosen."""
_LOST = 0.05
"""Share of the photos kept in held-out shoots that may lie below `Taste.low`."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """N photos of which a person has decided, from several shoots.

    table: their facts. kept: whether they are Must Haves. shoot: the number of the shoot of each, an index of `names`.
    orders: the default orders to beat, N numbers each, higher for better. around: of each shoot all its photos, also
    those of which nobody has decided.
    """

    table: Table
    kept: Flags
    shoot: Ints
    names: tuple[str, ...]
    orders: tuple[Numbers, ...]
    around: tuple[Table, ...]

    def useful(self) -> list[int]:
        """The shoots with enough of both kinds."""
        found = []
        for number in range(len(self.names)):
            kept = self.kept[self.shoot == number]
            if min(kept.sum(), (~kept).sum()) >= LEAST_EACH:
                found.append(number)
        return found

    def of(self, shoots: Sequence[int]) -> Lesson:
        """The photos of these shoots."""
        at = np.flatnonzero(np.isin(self.shoot, list(shoots)))
        orders = tuple(order[at] for order in self.orders)
        return Lesson(self.table.rows(at), self.kept[at], self.shoot[at], self.names, orders, self.around)


@dataclass(frozen=True, slots=True)
class _Fitted:
    scale: Scale
    weights: Numbers
    ridge: float

    def liking(self, table: Table, around: Table) -> Numbers:
        return relative(*(self.scale.design(one) @ self.weights for one in (table, around)))


def teach(lesson: Lesson, versions: Mapping[str, str] | None = None, learned_at: str = "") -> Taste | None:
    """The taste that follows from choices, with its gate; None where too few shoots can be tested."""
    shoots = lesson.useful()
    if len(shoots) < LEAST_SHOOTS:
        return None
    some = lesson.of(shoots)
    liking = np.zeros(len(some.kept))
    for part in _parts(shoots, _OUTER):
        rest = _fitted(some.of([one for one in shoots if one not in part]))
        for number in part:
            held = np.flatnonzero(some.shoot == number)
            liking[held] = rest.liking(some.table.rows(held), some.around[number])
    whole = _fitted(some)
    return Taste(
        scale=whole.scale,
        weights=tuple(whole.weights.tolist()),
        low=min(0.0, float(np.quantile(liking[some.kept], _LOST))),
        gate=_gate(some, shoots, liking),
        ridge=whole.ridge,
        versions=dict(versions or {}),
        learned_at=learned_at,
        choices=len(some.kept),
        shoots=len(shoots),
    )


def _gate(lesson: Lesson, shoots: Sequence[int], liking: Numbers) -> Gate:
    """Against the better of the default orders, so that the worse one is no easy prey."""
    areas = np.array([_areas(order, lesson, shoots) for order in lesson.orders])
    default = areas[int(np.argmax(areas.mean(axis=1)))]
    learned = _areas(liking, lesson, shoots)
    held = []
    for number, before, after in zip(shoots, default.tolist(), learned.tolist(), strict=True):
        own = lesson.kept[lesson.shoot == number]
        held.append(Held(lesson.names[number], len(own), int(own.sum()), before, after))
    return Gate(tuple(held))


def _areas(order: Numbers, lesson: Lesson, shoots: Sequence[int]) -> Numbers:
    own = [lesson.shoot == number for number in shoots]
    return np.array([auc(order[which], lesson.kept[which]) for which in own])


def _fitted(lesson: Lesson) -> _Fitted:
    """The weights, with the strongest ridge that is about as good as the best on shoots that were left out."""
    scale = scaled(lesson.table)
    design = scale.design(lesson.table)
    shoots = sorted(set(lesson.shoot.tolist()))
    areas = np.zeros(len(RIDGES))
    for part in _parts(shoots, _INNER):
        rest = np.flatnonzero(~np.isin(lesson.shoot, part))
        rest = rest[:: 1 + len(rest) // _PLENTY]
        if len(rest) and len(shoots) > 1:
            found = fit(design[rest], lesson.kept[rest], lesson.shoot[rest], scale.names, RIDGES)
            areas += [float(_areas(design @ weights, lesson, part).sum()) for weights in found]
    areas /= len(shoots)
    best = int(np.flatnonzero(areas >= areas.max() - _ENOUGH)[0])
    weights = fit(design, lesson.kept, lesson.shoot, scale.names, RIDGES[: best + 1])[-1]
    return _Fitted(scale, weights, RIDGES[best])


def _parts(shoots: Sequence[int], most: int) -> Iterator[list[int]]:
    """The shoots in up to `most` parts."""
    return (list(shoots[n::most]) for n in range(min(most, len(shoots))))
