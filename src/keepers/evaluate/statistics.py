"""How good scores and decisions are. Pure functions of arrays; NumPy only, deterministic.

Intervals hold 95 %. Those of shares are Wilson's (`pipeline.calibrate.wilson`); all others come from bootstrap
samples of groups, since photos of one scene err together (Efron 1979, doi:10.1214/aos/1176344552; Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Groups = Sequence[str]

SAMPLES = 1000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


def auc(scores: Numbers, positive: Flags, weights: Numbers | None = None) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties counting half.

    Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747.

    Args:
        scores: N finite numbers, larger meaning more likely positive.
        positive: N.
        weights: how often each photo counts, >= 0; default once.

    Returns:
        0..1; NaN without a positive or without a negative.
    """
    if not len(scores):
        return math.nan
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    starts = _starts(scores[order])
    up = np.add.reduceat((weights * positive)[order], starts)
    down = np.add.reduceat((weights * ~positive)[order], starts)
    pairs = up.sum() * down.sum()
    below = np.concatenate([[0.0], np.cumsum(down)[:-1]])
    return float((up * (below + 0.5 * down)).sum() / pairs) if pairs else math.nan


def _starts(ordered: Numbers) -> npt.NDArray[np.intp]:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def roc(scores: Numbers, positive: Flags) -> tuple[Numbers, Numbers]:
    """False and true positive rates, from (0, 0) to (1, 1), one point for each threshold that tells photos apart."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(_starts(-scores[order])[1:], len(scores)) - 1
    true, false = np.cumsum(positive[order])[ends], np.cumsum(~positive[order])[ends]
    zero = np.zeros(1)
    return np.concatenate([zero, false / max(1, false[-1])]), np.concatenate([zero, true / max(1, true[-1])])


def balanced_accuracy(told: Flags, positive: Flags, weights: Numbers | None = None) -> float:
    """Mean of the shares of positives and of negatives that are told right, 0..1; NaN where one kind is missing."""
    weights = np.ones(len(told)) if weights is None else weights
    up, down = float(weights[positive].sum()), float(weights[~positive].sum())
    if not up or not down:
        return math.nan
    right = weights * (told == positive)
    return (float(right[positive].sum()) / up + float(right[~positive].sum()) / down) / 2


def best_balanced_accuracy(scores: Numbers, positive: Flags) -> float:
    """Balanced accuracy at the threshold that suits these very photos best: what no honest threshold reaches."""
    if not positive.any() or positive.all():
        return math.nan
    false, true = roc(scores, positive)
    return float(((true + 1 - false) / 2).max())


def ranks(values: Numbers) -> Numbers:
    """1 for the smallest; equal values share their mean rank."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = _starts(ordered) if len(ordered) else np.zeros(0, dtype=np.intp)
    counts = np.diff(np.append(starts, len(ordered)))
    shared = np.empty(len(values))
    shared[order] = np.repeat(starts + (counts + 1) / 2, counts)
    return shared


def spearman(one: Numbers, other: Numbers) -> float:
    """Spearman's rank correlation (1904), ties sharing their mean rank, -1..1; NaN where either is constant."""
    if len(one) < 2:
        return math.nan
    a, b = (r - r.mean() for r in (ranks(one), ranks(other)))
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size else math.nan


def within_groups(one: Numbers, other: Numbers, groups: Groups, least: int = 3) -> dict[str, float]:
    """Group -> Spearman's correlation in it, of the groups with at least `least` photos.

    NaN counts as 0: a measure that finds all photos of a group alike has not ordered them.
    """
    names = np.asarray(groups)
    found = {}
    for name in dict.fromkeys(groups):
        own = names == name
        if own.sum() >= least and len(set(other[own])) > 1:
            value = spearman(one[own], other[own])
            found[name] = 0.0 if math.isnan(value) else value
    return found


def right_order(scores: Numbers, positive: Flags, groups: Groups) -> tuple[float, int]:
    """The share of pairs (positive, negative) of one group in the right order, ties half; and how many there are."""
    names = np.asarray(groups)
    right, total = 0.0, 0
    for name in dict.fromkeys(groups):
        own = names == name
        up, down = scores[own & positive], scores[own & ~positive]
        if len(up) and len(down):
            right += auc(np.concatenate([up, down]), np.arange(len(up) + len(down)) < len(up)) * len(up) * len(down)
            total += len(up) * len(down)
    return (right / total if total else math.nan), total


def samples(groups: Groups, count: int = SAMPLES, seed: int = 0) -> Iterator[Numbers]:
    """`count` times how often each photo is drawn, when whole groups are drawn with replacement."""
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    number = int(place.max()) + 1 if len(place) else 0
    rng = np.random.default_rng(seed)
    for _ in range(count if number else 0):
        yield np.bincount(rng.integers(number, size=number), minlength=number).astype(float)[place]


def bootstrap(figure: Callable[[Numbers], float], groups: Groups, count: int = SAMPLES) -> Estimate:
    """A figure on all photos, with the percentile interval over samples of whole groups.

    Args:
        figure: of N weights, which say how often each photo counts.
        groups: N names; photos of one name are drawn together.
    """
    value = figure(np.ones(len(groups)))
    if math.isnan(value):
        return UNDEFINED
    drawn = [one for one in (figure(weights) for weights in samples(groups, count)) if not math.isnan(one)]
    if not drawn:
        return Estimate(value, math.nan, math.nan)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def spearman_interval(one: Numbers, other: Numbers, groups: Groups, count: int = SAMPLES) -> Estimate:
    """`spearman` with its interval."""

    def figure(weights: Numbers) -> float:
        drawn = np.repeat(np.arange(len(one)), weights.astype(int))
        return spearman(one[drawn], other[drawn])

    return bootstrap(figure, groups, count)


@dataclass(frozen=True, slots=True)
class Bin:
    """Photos whose probability falls into one bin: how many, their mean probability, the share that has the flaw."""

    count: int
    said: float
    true: float


def reliability(probabilities: Numbers, positive: Flags, bins: int = 10) -> list[Bin]:
    """The reliability diagram over bins of equal width; empty bins are left out.

    DeGroot and Fienberg 1983, doi:10.2307/2987588.
    """
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        Bin(int((places == p).sum()), float(probabilities[places == p].mean()), float(positive[places == p].mean()))
        for p in np.unique(places)
    ]


def ece(bins: Sequence[Bin]) -> float:
    """Expected calibration error, 0..1: the mean gap between said and true; Naeini et al. 2015, AAAI."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.said - one.true) for one in bins) / total if total else math.nan
