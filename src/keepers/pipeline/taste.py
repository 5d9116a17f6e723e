"""A taste: what a person keeps, as one weight for each fact, and the file that it is stored in.

The model is a logistic regression with a ridge, fitted by Newton's method (iteratively reweighted least squares;
McCullagh and Nelder, "Generalized linear models", 1989; the ridge after le Cessie and van Houwelingen, 1992,
doi:10.2307/2347628). Every shoot has an offset of its own, so that photos are compared with photos of their shoot only:
who keeps three of a hundred and who keeps half may have the same taste. The weight of the default order is hardly
held back, all others are: a taste that knows little stays close to the default.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from keepers.pipeline.calibration import sigmoid
from keepers.pipeline.taste_facts import QUALITY, Table, known, say

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SCHEMA = "keepers.taste/1"
LEAST_SHOOTS = 3
"""Held-out shoots without which nothing can be tested."""
LEAST_EACH = 8
"""Photos kept, and photos not kept, without which a shoot cannot test an order."""
LEVEL = 0.05
"""Chance of a taste that is no better than the default to look as good as was measured, below which it is used."""
LEAST_GAIN = 0.02
"""Area under the curve that a taste must gain, as the mean over held-out shoots."""

_MOST = 4.0  # standard deviations that a fact may count
_RARE = 0.02  # share of photos of which a fact must be known, or not known, to teach anything
_FREE = 0.05  # the ridge of the default order, and of the offsets of shoots, relative to that of the other facts
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Scale:
    """How facts become comparable: (value - centre) / scale, within 4 either way, and 0 where it is not known.

    columns: of the facts. flags: columns of which it counts as a fact of its own whether they are known.
    """

    columns: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    flags: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `design`."""
        return (*self.columns, *(known(flag) for flag in self.flags))

    def design(self, table: Table) -> Numbers:
        """N photos x `names`, float64, all finite."""
        values = (table.of(self.columns) - np.array(self.centre)) / np.array(self.scale)
        plain = np.nan_to_num(np.clip(values, -_MOST, _MOST), nan=0.0)
        there = np.isfinite(table.of(self.flags)).astype(np.float64) - 0.5
        return np.concatenate([plain, there], axis=1)


def scaled(table: Table) -> Scale:
    """The scale of these photos: median and spread of each fact that differs between them."""
    columns, centre, scale, flags = [], [], [], []
    patterns: set[bytes] = set()
    for n, name in enumerate(table.columns):
        there = np.isfinite(table.values[:, n])
        if there.mean() < _RARE or not np.ptp(table.values[there, n]):
            continue
        low, middle, high = np.quantile(table.values[there, n], (0.16, 0.5, 0.84))
        spread = (high - low) / 2 or float(table.values[there, n].std())
        columns.append(name)
        centre.append(float(middle))
        scale.append(float(spread))
        # Facts that are missing together, such as those of faces, are flagged once.
        pattern = np.packbits(there).tobytes()
        if there.mean() <= 1 - _RARE and pattern not in patterns:
            patterns.add(pattern)
            flags.append(name)
    return Scale(tuple(columns), tuple(centre), tuple(scale), tuple(flags))


def fit(design: Numbers, kept: Flags, shoot: Ints, names: Sequence[str], ridges: Sequence[float]) -> list[Numbers]:
    """The weights of `names` for each ridge, which should fall: each fit starts where the one before it ended.

    Args:
        design: N x len(names), finite. kept: N. shoot: N numbers of shoots, which have offsets of their own.
        ridges: > 0; how strongly weights are held back: half of it times their square is what a weight costs.
    """
    _, which = np.unique(shoot, return_inverse=True)
    offsets = np.eye(int(which.max()) + 1)[which]
    both = np.concatenate([design, offsets], axis=1)
    free = np.concatenate([np.array([name == QUALITY for name in names], bool), np.ones(offsets.shape[1], bool)])
    weights = np.zeros(both.shape[1])
    found = []
    for ridge in ridges:
        weights = _newton(both, kept.astype(np.float64), ridge * np.where(free, _FREE, 1.0), weights)
        found.append(weights[: len(names)])
    return found


def _newton(design: Numbers, kept: Numbers, ridge: Numbers, weights: Numbers) -> Numbers:
    cost = _cost(design, kept, ridge, weights)
    for _ in range(_STEPS):
        p = sigmoid(design @ weights)
        slope = design.T @ (kept - p) - ridge * weights
        bend = (design * (p * (1 - p))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        for _ in range(20):
            new = _cost(design, kept, ridge, weights + step)
            if new <= cost:
                break
            step = step / 2
        else:
            return weights
        weights = weights + step
        if cost - new < 1e-3:
            return weights
        cost = new
    return weights


def _cost(design: Numbers, kept: Numbers, ridge: Numbers, weights: Numbers) -> float:
    odds = design @ weights
    return float((np.logaddexp(0.0, odds) - kept * odds).sum() + 0.5 * (ridge * weights**2).sum())


@dataclass(frozen=True, slots=True)
class Held:
    """One shoot from which a taste did not learn: choices, how many of them are Must Haves, and the two areas under
    the curve (kept against not kept) of the default order and of the learned one, 0..1."""

    shoot: str
    choices: int
    kept: int
    default: float
    learned: float


@dataclass(frozen=True, slots=True)
class Gate:
    """The test that decides whether a taste is used, by its numbers on held-out shoots."""

    held: tuple[Held, ...] = ()

    @property
    def default(self) -> float:
        """Mean area under the curve of the default order."""
        return _mean([one.default for one in self.held])

    @property
    def learned(self) -> float:
        """Mean area under the curve of the learned order."""
        return _mean([one.learned for one in self.held])

    @property
    def gain(self) -> float:
        """By how much the learned order is better, as the mean over shoots."""
        return _mean([one.learned - one.default for one in self.held])

    @property
    def p(self) -> float:
        """The chance of such gains where there is none, 0..1; 1 for too few shoots.

        A one-sided paired t-test over shoots. Tastes that were learned from almost the same shoots err together, for
        which the variance is corrected as by Nadeau and Bengio, 2003, doi:10.1023/A:1024068626366: without it, choices
        by a coin passed in 4 to 9 % of simulated runs.
        """
        gains = np.array([one.learned - one.default for one in self.held])
        if len(gains) < LEAST_SHOOTS:
            return 1.0
        spread = float(gains.std(ddof=1))
        if spread < 1e-12:
            return 0.0 if self.gain > 1e-12 else 1.0
        shoots = len(gains)
        return beyond(self.gain / (spread * math.sqrt(1 / shoots + 1 / (shoots - 1))), shoots - 1)

    @property
    def passed(self) -> bool:
        """Whether the taste may be used."""
        return len(self.held) >= LEAST_SHOOTS and self.p < LEVEL and self.gain >= LEAST_GAIN


def beyond(t: float, freedom: int) -> float:
    """The chance that Student's t of so many degrees of freedom, at least 1, exceeds `t`."""
    # With x = sqrt(freedom) tan(angle) the tail is a smooth integral over a finite range, whatever the freedom.
    angle = np.linspace(math.atan(abs(t) / math.sqrt(freedom)), math.pi / 2, 4001)
    density = np.cos(angle) ** (freedom - 1)
    area = float(((density[1:] + density[:-1]) / 2 * np.diff(angle)).sum())
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(math.pi)
    tail = min(1.0, area * math.exp(log))
    return tail if t >= 0 else 1.0 - tail


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


@dataclass(frozen=True, slots=True)
class Taste:
    """What was learned of a person.

    scale, weights: the model. low: liking below which 1 in 20 of the photos lay that were kept in held-out shoots, at
    most 0. gate: the numbers by which it is used or not. versions: check -> version of the facts
    from which it learned. learned_at: ISO time. choices, shoots: how much it learned from.
    """

    scale: Scale
    weights: tuple[float, ...]
    low: float
    gate: Gate
    ridge: float
    versions: Mapping[str, str] = field(default_factory=dict)
    learned_at: str = ""
    choices: int = 0
    shoots: int = 0

    def liking(self, table: Table) -> Numbers:
        """How the person likes N photos of one shoot beside its median photo, in log odds: above 0 for better."""
        return relative(self.scale.design(table) @ np.array(self.weights))

    def because(self, table: Table, most: int = 3) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """What speaks most for each of N photos of one shoot, and what against it, in words, the strongest first.

        Said is what sets a photo apart from its shoot: where all are dark, darkness is not the reason.
        """
        design = self.scale.design(table)
        usual = np.median(design, axis=0) if len(design) else np.zeros(len(self.weights))
        parts = (design - usual) * np.array(self.weights)
        names = self.scale.names
        order = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, : 4 * most]
        told = []
        for row, best in zip(parts, order.tolist(), strict=True):
            sides: tuple[dict[str, None], dict[str, None]] = ({}, {})
            for n in best:
                if abs(row[n]) >= _TOLD:
                    sides[0 if row[n] > 0 else 1][say(names[n], (row[n] > 0) == (self.weights[n] > 0))] = None
            told.append((tuple(sides[0])[:most], tuple(sides[1])[:most]))
        return told

    def strongest(self, most: int = 6) -> tuple[str, ...]:
        """What the person likes, in words, the strongest first."""
        order = np.argsort(-np.abs(np.array(self.weights)), kind="stable").tolist()
        said = [say(self.scale.names[n], self.weights[n] > 0) for n in order if abs(self.weights[n]) >= _TOLD]
        return tuple(dict.fromkeys(said))[:most]

    def fits(self, versions: Mapping[str, str]) -> bool:
        """Whether facts of these versions mean what they meant when it was learned."""
        return all(versions.get(check) == version for check, version in self.versions.items())


def relative(liking: Numbers, around: Numbers | None = None) -> Numbers:
    """Likings less the median of their shoot, which is `around` where `liking` is not all of it.

    Photos were only ever compared with photos of their shoot; what is above the middle of another one is not known.
    """
    whole = liking if around is None else around
    return np.asarray(liking - np.median(whole)) if len(whole) else liking


_TOLD = 0.15
"""Log odds from which a fact is named."""


def to_json(taste: Taste, on: bool = True) -> str:
    """The taste as indented JSON that `from_json` reads back unchanged."""
    data = {"schema": SCHEMA, "on": on, **dataclasses.asdict(taste)}
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> tuple[Taste, bool]:
    """Read what `to_json` wrote: the taste, and whether it is on.

    Raises:
        ValueError: it is something else, or a number in it makes no sense.
    """
    data: Any = json.loads(text)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"the schema is not {SCHEMA}")
    try:
        taste, on = _read(data), data["on"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a part is missing or of the wrong kind ({error})") from error
    _sane(taste, on)
    return taste, on


def _read(data: Mapping[str, Any]) -> Taste:
    scale = data["scale"]
    held = [Held(str(h["shoot"]), int(h["choices"]), int(h["kept"]), h["default"], h["learned"]) for h in _held(data)]
    return Taste(
        scale=Scale(
            tuple(map(str, scale["columns"])),
            tuple(map(float, scale["centre"])),
            tuple(map(float, scale["scale"])),
            tuple(map(str, scale["flags"])),
        ),
        weights=tuple(map(float, data["weights"])),
        low=float(data["low"]),
        gate=Gate(tuple(held)),
        ridge=float(data["ridge"]),
        versions={str(check): str(version) for check, version in data["versions"].items()},
        learned_at=str(data["learned_at"]),
        choices=int(data["choices"]),
        shoots=int(data["shoots"]),
    )


def _held(data: Mapping[str, Any]) -> list[Any]:
    return list(data["gate"]["held"])


def _sane(taste: Taste, on: object) -> None:
    scale, held = taste.scale, taste.gate.held
    sizes = {len(scale.columns), len(scale.centre), len(scale.scale)}
    if not isinstance(on, bool) or len(sizes) != 1 or len(taste.weights) != len(scale.names):
        raise ValueError("its parts do not belong together")
    areas = [area for one in held for area in (one.default, one.learned)]
    numbers = np.array([*scale.centre, *scale.scale, *taste.weights, taste.low, taste.ridge, *areas])
    if not np.isfinite(numbers).all() or min(scale.scale, default=1.0) <= 0 or taste.ridge <= 0:
        raise ValueError("a number in it is out of range")
    if areas and not 0 <= min(areas) <= max(areas) <= 1:
        raise ValueError("an area under a curve is not within 0 and 1")
