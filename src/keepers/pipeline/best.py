"""The best frame of a group, by comparison inside the group, and in what it is better.

Absolute scores are not asked: of two frames of one view, a difference of half a step counts that no threshold sees.
Every criterion is divided by its just noticeable step: what a small movement of the camera changes in a frame that is
as good (`docs/groups.md` says how the steps were measured). A frame loses the steps that it lies behind the best of
its group in each criterion, up to a cap, so that no criterion decides alone; who loses least is the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

import numpy as np
import numpy.typing as npt

from keepers.pipeline import framing
from keepers.pipeline.frames import Floats, Frames, Ints
from keepers.pipeline.judge import matrix
from keepers.types import Report

TIE = 1.0
"""Steps up to which two frames are called equally good."""
CLEAR = 3.0
"""Steps from which one frame is clearly better, where the other leads it in nothing that matters."""
LEAD = 2.0
"""Steps of a lead in one criterion that keep a frame from being called clearly worse."""
NAMED = 1.0
"""Steps of a difference that is named."""


class People(Protocol):
    """How good the people of one frame look; all 0 (bad) .. 1 (good), but for their number."""

    @property
    def people(self) -> int:
        """How many there are."""
        ...

    @property
    def eyes(self) -> float:
        """1 where all eyes are open."""
        ...

    @property
    def expression(self) -> float:
        """Smiles above neutral faces, grimaces below."""
        ...

    @property
    def sharpness(self) -> float | None:
        """Of the eyes, as an amplitude; None where it cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to compare: the word for what is better, the just noticeable step, and the most steps that count.

    weak: it ranks frames and makes none clearly worse.
    """

    word: str
    step: float
    cap: float = 6.0
    weak: bool = False


CRITERIA: dict[str, Criterion] = {
    "people": Criterion("more faces are seen", 0.25, 4.0),
    "eyes": Criterion("nobody blinks", 0.2),
    "eye_sharpness": Criterion("sharper eyes", 0.35),
    "expression": Criterion("a better expression", 0.15, 4.0),
    "sharpness": Criterion("sharper", 0.25),
    "focus": Criterion("sharper", 0.25, 4.0),
    "shake": Criterion("steadier", 0.25, 4.0),
    "highlights": Criterion("better exposed", 0.5, 2.5),
    "shadows": Criterion("better exposed", 0.5, 2.5),
    "dark": Criterion("better exposed", 0.25, 2.5),
    "light": Criterion("better exposed", 0.25, 2.5),
    "noise": Criterion("less noisy", 0.5, 2.0),
    # At most `TIE`: it decides between frames that are as good as each other in all else, and never against that.
    "composition": Criterion("better composed", 0.21, TIE, weak=True),
}
"""Higher values are better in all of them."""
_NAMES = tuple(CRITERIA)
_WORDS = [criterion.word for criterion in CRITERIA.values()]
_STEPS = np.array([criterion.step for criterion in CRITERIA.values()])
_CAPS = np.array([criterion.cap for criterion in CRITERIA.values()])

_HIGHLIGHTS, _SHADOWS = -5.0, -3.0
"""Log odds of clipped areas below which they are specks that nobody minds."""
_BRIGHT = 1.5
"""Log odds of the brightest tones from which a frame is bright enough."""
_GRAIN = -7.0
"""log2 of noise below which nobody sees it."""
_LIGHT_EV = 0.3
"""Distance from the middle light of the group that is no fault."""
_TOP_SHARE = 4
_FIRM = [at for at, criterion in enumerate(CRITERIA.values()) if not criterion.weak]

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """How N frames stand in their groups.

    losses: N x criteria, steps behind the best of the group; 0 for frames without a group. loss: their sum.
    rows: the losses as lists: two frames have a dozen numbers, for which arrays are slow. firm: sums without weak ones.
    """

    losses: Table
    loss: Floats
    rows: list[list[float]]
    firm: list[float]

    def clearly_worse(self, frame: int, than: int) -> bool:
        """Whether `than` is clearly better: by the sum, and without a lead of the other in any criterion."""
        if self.firm[frame] - self.firm[than] < CLEAR:  # most pairs
            return False
        both = zip(self.rows[frame], self.rows[than], strict=True)
        return all(mine - other > -LEAD for mine, other in both)

    def reasons(self, frame: int, than: int) -> tuple[str, ...]:
        """In what `than` is noticeably better than `frame`, the weightiest first."""
        if frame == than:
            return ()
        both = zip(self.rows[frame], self.rows[than], _WORDS, strict=True)
        ahead = [(other - mine, word) for mine, other, word in both if mine - other >= NAMED]
        ahead.sort(key=itemgetter(0))
        return tuple(dict.fromkeys(word for _, word in ahead))


def rank(
    reports: Sequence[Report], frames: Frames, label: Ints, people: Sequence[People | None] | None = None
) -> Ranking:
    """Compare the frames of each group.

    Args:
        reports: of N readable photos; frames: their arrays.
        label: number of the group of each, -1 for none.
        people: what is known of the people in each; None where nothing is, or nobody is there.
    """
    values = np.full((len(reports), len(CRITERIA)), np.nan)
    grouped = np.flatnonzero(label >= 0)
    some = [reports[at] for at in grouped.tolist()]
    _technical(values, some, grouped)
    values[grouped, _NAMES.index("composition")] = framing.all_of([report.measurements for report in some])
    _of_people(values, grouped, people)
    values[:, _NAMES.index("focus")] = _focus(frames.focus, label)
    values[:, _NAMES.index("light")] = -np.maximum(np.abs(frames.light - _middle(frames.light, label)) - _LIGHT_EV, 0)
    losses = _losses(values, label)
    return Ranking(losses, losses.sum(axis=1), losses.tolist(), losses[:, _FIRM].sum(axis=1).tolist())


def _technical(values: Table, reports: Sequence[Report], at: Ints) -> None:
    checks = ("tile_sharpness", "shake_direction", "clipped_highlights", "blocked_shadows", "dark_tones", "noise")
    raw = matrix([report.measurements for report in reports], checks)
    for name, column in (
        ("sharpness", raw[:, 0]),
        ("shake", -raw[:, 1]),
        ("highlights", -np.maximum(raw[:, 2], _HIGHLIGHTS)),
        ("shadows", -np.maximum(raw[:, 3], _SHADOWS)),
        ("dark", np.minimum(raw[:, 4], _BRIGHT)),
        ("noise", -np.maximum(raw[:, 5], _GRAIN)),
    ):
        values[at, _NAMES.index(name)] = column


def _of_people(values: Table, at: Ints, people: Sequence[People | None] | None) -> None:
    for frame in at.tolist() if people is not None else ():
        seen = people[frame] if people is not None else None
        # A face that the other frames show and this one does not is turned away, covered or cut off.
        values[frame, _NAMES.index("people")] = 0 if seen is None else seen.people
        if seen is None:
            continue
        values[frame, _NAMES.index("eyes")] = seen.eyes
        values[frame, _NAMES.index("expression")] = seen.expression
        if seen.sharpness is not None:
            values[frame, _NAMES.index("eye_sharpness")] = np.log2(max(seen.sharpness, 0.01))


def _losses(values: Table, label: Ints) -> Table:
    """Steps behind the best of the group; what is not known of a frame counts as the middle of what is of others."""
    losses = np.zeros_like(values)
    order, starts, which = _sorted(label)
    if not len(order):
        return losses
    part = values[order]
    known = np.isfinite(part)
    best = np.maximum.reduceat(np.where(known, part, -np.inf), starts)[which]
    with np.errstate(invalid="ignore"):
        behind = np.minimum((best - part) / _STEPS, _CAPS)
    behind[~known] = np.nan
    for column in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)).tolist():
        unknown = ~known[:, column]
        behind[unknown, column] = _medians(behind[:, column], which, len(starts))[0][which[unknown]]
    losses[order] = np.nan_to_num(behind, nan=0.0, posinf=0.0, neginf=0.0)
    return losses


def _focus(focus: npt.NDArray[np.float32], label: Ints) -> Floats:
    """Mean sharpness, in octaves, of the quarter of the cells that are sharpest over all frames of the group."""
    result = np.full(len(label), np.nan)
    order, starts, which = _sorted(label)
    if not len(order):
        return result
    maps = focus[order].astype(np.float64)
    everywhere = np.logical_and.reduceat(np.isfinite(maps), starts)
    peak = np.where(everywhere, np.maximum.reduceat(np.nan_to_num(maps, nan=-np.inf), starts), -np.inf)
    cells = everywhere.sum(axis=1)
    count = np.maximum(2, cells // _TOP_SHARE)
    # The place of each cell among those of its group, the sharpest first.
    place = np.argsort(np.argsort(-peak, axis=1, kind="stable"), axis=1, kind="stable")
    top = everywhere & (place < count[:, None])
    mean = np.where(top[which], maps, 0.0).sum(axis=1) / count[which]
    result[order] = np.where(cells[which] >= 2 * _TOP_SHARE, mean, np.nan)
    return result


def _middle(values: Floats, label: Ints) -> Floats:
    """The median of each frame's group of at least three; NaN elsewhere."""
    result = np.full(len(label), np.nan)
    order, starts, which = _sorted(label)
    if len(order):
        middle, known = _medians(values[order], which, len(starts))
        result[order] = np.where(known >= 3, middle, np.nan)[which]
    return result


def _medians(values: Floats, which: Ints, groups: int) -> tuple[Floats, Ints]:
    """The median of the finite values of each group, NaN where there are none, and how many there are.

    Args:
        values: of M frames; which: the group of each, 0 .. groups - 1.
    """
    finite = np.isfinite(values)
    known = np.bincount(which[finite], minlength=groups)
    ordered = values[finite][np.lexsort((values[finite], which[finite]))]
    first = np.cumsum(known) - known
    some = known > 0
    low, high = (first + (known - 1) // 2)[some], (first + known // 2)[some]
    result = np.full(groups, np.nan)
    result[some] = (ordered[low] + ordered[high]) / 2
    return result, known


def _sorted(label: Ints) -> tuple[Ints, Ints, Ints]:
    """The M frames that have a group, group by group; where the groups start among them; the group of each."""
    at = np.flatnonzero(label >= 0)
    order = at[np.argsort(label[at], kind="stable")]
    begins = np.diff(label[order], prepend=-1) != 0
    return order, np.flatnonzero(begins), np.cumsum(begins) - 1
