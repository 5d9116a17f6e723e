"""Fitting a `Calibration`, and saying how good its probabilities are. NumPy only, deterministic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from keepers.checks import CHECKS, Check
from keepers.pipeline.budget import GoodSample, good_sample
from keepers.pipeline.calibration import (
    MOTION,
    Calibration,
    Curve,
    Fusion,
    Numbers,
    Provenance,
    completed,
    from_json,
    load,
    packaged,
    sigmoid,
    softmax,
    to_json,
)
from keepers.pipeline.reasons import detector
from keepers.types import FLAWS, LABELS, UNSHARP, Measurement

__all__ = [
    "Calibration",
    "Curve",
    "Facts",
    "Fusion",
    "Provenance",
    "Quality",
    "fit",
    "fit_with_promise",
    "from_json",
    "load",
    "operating_point",
    "packaged",
    "quality",
    "to_json",
    "wilson",
]

Flags = npt.NDArray[np.bool_]

MAX_FALSE_RATE = 0.005
"""Share of clean photos that may be called certainly flawed, for each flaw."""

_MAX_DOUBT = 0.05
_MAX_DOUBT_OF_SHARPNESS = 0.1


def max_doubt(flaw: str) -> float:
    """Share of clean photos that may look as if they had this flaw; they become Maybes.

    More for sharpness: clean captures are enlarged, squeezed and denoised more often than photos are, and look softer.
    """
    return _MAX_DOUBT_OF_SHARPNESS if flaw in UNSHARP else _MAX_DOUBT


_RIDGE = 1e-3
_STEPS = 100


def fit(
    raws: Numbers,
    labels: Flags,
    checks: Sequence[str],
    *,
    held_out: Numbers | None = None,
    provenance: Provenance | None = None,
    max_false_rate: float = MAX_FALSE_RATE,
    registry: Mapping[str, Check] | None = None,
) -> Calibration:
    """Fit all curves, fusions, operating points and the temperature.

    Args:
        raws: float64 photos x checks, NaN where a check does not apply.
        labels: bool photos x flaws in the order of `keepers.types.FLAWS`; a clean photo has none.
        checks: names of the columns of `raws`.
        held_out: raw values of clean photos that were not fitted to; the promise of `operating_point` holds
            for photos like these. Default: the clean photos of `raws`, which is a little optimistic.
        provenance: stored with the result.
        max_false_rate: see `operating_point`.
        registry: flaws and polarity of each check; default all registered checks.

    Raises:
        ValueError: shapes that do not fit together.
    """
    if raws.shape != (len(labels), len(checks)) or labels.shape[1:] != (len(FLAWS),):
        raise ValueError(f"raws {raws.shape}, labels {labels.shape} and {len(checks)} checks do not fit together")
    raws, known = np.where(np.isfinite(raws), raws, np.nan), registry or CHECKS
    curves = {
        (name, flaw): _curve(raws[:, column], labels, flaw, known[name])
        for column, name in enumerate(checks)
        if not known[name].log_odds
        for flaw in known[name].flaws
    }
    draft = Calibration(tuple(checks), curves, {}, {}, _temperature(raws, labels, checks), provenance or Provenance(),
                        motion=_motion(raws, labels, checks))  # fmt: skip
    logits = draft.logits(raws)
    flaws = [flaw for flaw in FLAWS if any(of == flaw for _, of in curves)]
    clean_photos = raws[~labels.any(axis=1)]
    fused = _quiet(replace(draft, fusions={flaw: _fusion(logits, labels, flaw) for flaw in flaws}), clean_photos)
    clean = fused.fused(clean_photos if held_out is None else held_out)
    return replace(fused, operating={flaw: operating_point(clean[flaw], max_false_rate) for flaw in flaws})


@dataclass(frozen=True)
class Facts:
    """Measured photos with known flaws.

    measurements: of N photos. labels: bool N x flaws in the order of `FLAWS`. fitted: bool N, whether a photo may be
    fitted to; the others are held out. good: bool N, whether it must not be thrown away. sources: N names of the clean
    photos that they were made of.
    """

    measurements: Sequence[Sequence[Measurement]]
    labels: Flags
    fitted: Flags
    good: Flags
    sources: Sequence[str]


FOLDS = 5
"""In so many parts the sources are divided: the good photos of each are scored by what was fitted to the others."""


def fit_with_promise(
    facts: Facts, checks: Sequence[str], provenance: Provenance, max_false_rate: float = MAX_FALSE_RATE
) -> Calibration:
    """`fit`, with the certainties of good photos on which a promised budget rests (`pipeline.budget`).

    A good photo that was fitted to looks better than the user's will. So each is scored by a calibration that was
    fitted without any capture of its source (cross-conformal prediction; Vovk 2015, doi:10.1007/s10472-013-9368-4).
    """
    from keepers.pipeline.judge import matrix

    raws = matrix(facts.measurements, checks)
    use = facts.fitted
    result = fit(raws[use], facts.labels[use], checks, held_out=raws[facts.good], provenance=provenance,
                 max_false_rate=max_false_rate)  # fmt: skip
    return replace(result, good=_good(facts, raws, checks))


def _good(facts: Facts, raws: Numbers, checks: Sequence[str]) -> GoodSample | None:
    from keepers.pipeline.judge import certainties

    names = sorted(set(facts.sources))
    fold = np.array([names.index(source) % FOLDS for source in facts.sources])
    found: list[tuple[str, float]] = []
    for part in range(FOLDS):
        rest, own = facts.fitted & (fold != part), np.flatnonzero(facts.good & (fold == part)).tolist()
        if rest.any() and own:
            fitted = completed(fit(raws[rest], facts.labels[rest], checks))
            some = certainties([facts.measurements[at] for at in own], fitted)
            found += [(facts.sources[at], certainty) for at, certainty in zip(own, some, strict=True)]
    return good_sample(found)


def _curve(raw: Numbers, labels: Flags, flaw: str, check: Check) -> Curve:
    """Platt's logistic (1999, with his softened targets), its slope kept to the sign that the polarity demands.

    Photos with another flaw of the same check are left out: a shaken photo says nothing on whether low
    sharpness means blur.
    """
    positive = labels[:, FLAWS.index(flaw)]
    others = labels[:, [FLAWS.index(of) for of in check.flaws if of != flaw]].any(axis=1)
    use = np.isfinite(raw) & (positive | ~others)
    if not (use & positive).any() or not (use & ~positive).any():
        return Curve(0.0, 0.0)
    sign = 1.0 if check.higher == "worse" else -1.0
    centre, spread = float(raw[use].mean()), max(float(raw[use].std()), 1e-9)
    x = sign * (raw[use] - centre) / spread
    weights, offset = _logistic(x[:, None], positive[use], _balance(labels[use], positive[use]))
    slope = sign * float(weights[0]) / spread
    return Curve(slope, offset - slope * centre)


def _motion(raws: Numbers, labels: Flags, checks: Sequence[str]) -> Curve | None:
    """Log odds that a blur is motion, fitted to photos with one of the two kinds; None where they cannot be told."""
    if not {*MOTION} <= set(checks):
        return None
    moved, still = (raws[:, list(checks).index(name)] for name in MOTION)
    x, kinds = np.asarray(moved - still), labels[:, [FLAWS.index(flaw) for flaw in UNSHARP]]
    use = np.isfinite(x) & (kinds.sum(axis=1) == 1)
    if len(set(kinds[use, 1].tolist())) < 2:
        return None
    positive = kinds[use, 1]
    weights = np.where(positive, 0.5 / positive.mean(), 0.5 / (~positive).mean())
    slope, offset = _logistic(x[use][:, None], positive, weights)
    return Curve(float(slope[0]), offset)


def _fusion(logits: Mapping[tuple[str, str], Numbers], labels: Flags, flaw: str) -> Fusion:
    """Half fitted weights, half equal voices for every detector.

    Flaws that were made flatter the network that learned from such flaws, and weights fitted to them leave the others
    no voice; equal weights ignore what is known. Shrinking one towards the other is the usual remedy of forecasters
    (Diebold and Pauly 1990, doi:10.1016/0169-2070(90)90028-A).
    """
    names = [check for check, of in logits if of == flaw]
    x = np.stack([logits[name, flaw] for name in names], axis=1)
    voices = _voices(names) * ~np.isnan(x).all(axis=0)
    positive, use = labels[:, FLAWS.index(flaw)], ~np.isnan(x).all(axis=1)
    if not (use & positive).any() or not (use & ~positive).any():
        return Fusion(dict(zip(names, map(float, voices), strict=True)), 0.0)
    known, weight = np.nan_to_num(x[use]), _balance(labels[use], positive[use])
    weights, offset = _logistic(known, positive[use], weight)
    equal, base = _logistic((known @ voices)[:, None], positive[use], weight)
    mixed = (weights + equal[0] * voices) / 2
    return Fusion(dict(zip(names, map(float, mixed), strict=True)), (offset + base) / 2)


def _voices(names: Sequence[str]) -> Numbers:
    """Weights that sum to 1: the same for every detector, shared evenly by its checks."""
    of = [detector(name) for name in names]
    return np.array([1.0 / (len(set(of)) * of.count(one)) for one in of])


def _quiet(calibration: Calibration, raws: Numbers) -> Calibration:
    """The same, with fusions moved so that no more clean photos reach even odds than `max_doubt` allows each flaw.

    Fitting gives flawed and clean photos the same weight, as if every second photo of a shoot had each flaw; where a
    flaw can hardly be told, a third of the clean ones would be held up for it.
    """
    logits = calibration.fused_logits(raws)
    moved = {}
    for flaw, fusion in calibration.fusions.items():
        known = logits[flaw][np.isfinite(logits[flaw])]
        excess = max(0.0, float(np.quantile(known, 1.0 - max_doubt(flaw)))) if len(known) else 0.0
        moved[flaw] = replace(fusion, offset=fusion.offset - excess)
    return replace(calibration, fusions=moved)


def _balance(labels: Flags, positive: Flags) -> Numbers:
    """Half of the weight on the flaw, a quarter on clean photos, a quarter on other flaws; the sum is their number."""
    clean = ~labels.any(axis=1)
    negatives = [group for group in (clean, ~clean & ~positive) if group.any()]
    weights = np.zeros(len(labels))
    weights[positive] = 0.5 / positive.sum()
    for group in negatives:
        weights[group] = 0.5 / len(negatives) / group.sum()
    return weights * len(labels)


def _logistic(x: Numbers, positive: Flags, weights: Numbers) -> tuple[Numbers, float]:
    """Weights >= 0 and offset of a ridge logistic regression with Platt's softened targets.

    Projected Newton steps, halved until they go down (Bertsekas 1982, doi:10.1137/0320018); the problem is convex.
    """
    up, down = int(positive.sum()), int((~positive).sum())
    target = np.where(positive, (up + 1) / (up + 2), 1 / (down + 2))
    columns = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    ridge = np.full(columns.shape[1], _RIDGE * weights.sum())
    ridge[0] = 0.0

    def loss(beta: Numbers) -> float:
        logit = columns @ beta
        return float(weights @ (np.logaddexp(0.0, logit) - target * logit) + 0.5 * ridge @ beta**2)

    beta = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        p = sigmoid(columns @ beta)
        gradient = columns.T @ (weights * (p - target)) + ridge * beta
        free = (beta > 0) | (gradient < 0)
        free[0] = True
        curvature = (columns.T * (weights * p * (1 - p))) @ columns + np.diag(ridge + 1e-9)
        step = np.zeros_like(beta)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        moved = _descend(loss, beta, step)
        done = np.abs(moved - beta).max() < 1e-9
        beta = moved
        if done:
            break
    return beta[1:], float(beta[0])


def _descend(loss: Callable[[Numbers], float], beta: Numbers, step: Numbers) -> Numbers:
    """`beta` less as much of `step` as lowers `loss`, with all but the offset kept at 0 or above."""
    start = loss(beta)
    for halving in range(30):
        moved = beta - step * 0.5**halving
        moved[1:] = np.maximum(moved[1:], 0.0)
        if loss(moved) <= start:
            return moved
    return beta


def _temperature(raws: Numbers, labels: Flags, checks: Sequence[str]) -> float:
    """The softmax temperature of least cross-entropy (Guo et al. 2017, arXiv:1706.04599), classes balanced.

    Photos with several flaws, or with one that is none of the six classes, have no single right answer and are
    left out.
    """
    names = [f"network_{label}" for label in LABELS[1:]]
    if not set(names) <= set(checks):
        return 1.0
    odds = raws[:, [list(checks).index(name) for name in names]]
    of_five = labels[:, [FLAWS.index(label) for label in LABELS[1:]]]
    use = np.isfinite(odds).all(axis=1) & (labels.sum(axis=1) == of_five.sum(axis=1)) & (of_five.sum(axis=1) <= 1)
    if not use.any():
        return 1.0
    truth = np.where(of_five[use].any(axis=1), of_five[use].argmax(axis=1) + 1, 0)
    weights = 1.0 / np.bincount(truth, minlength=len(LABELS))[truth]

    def loss(temperature: float) -> float:
        right = softmax(odds[use] / temperature)[np.arange(len(truth)), truth]
        return float(-(weights * np.log(np.maximum(right, 1e-12))).sum() / weights.sum())

    grid = np.exp(np.linspace(np.log(0.1), np.log(10.0), 461))
    return float(grid[int(np.argmin([loss(float(t)) for t in grid]))])


def operating_point(clean: Numbers, max_false_rate: float) -> float:
    """The probability from which a flaw is certain, so that a new clean photo reaches it at most so often.

    The conformal quantile, rank ceil((n + 1) (1 - rate)) of the n clean photos: the promise holds for any n and
    any distribution, for photos like these; Vovk, Gammerman and Shafer 2005, doi:10.1007/b106715; Angelopoulos and
    Bates 2021, arXiv:2107.07511.

    Args:
        clean: probabilities of clean photos; NaN (nothing was measured) counts as never reaching.
        max_false_rate: 0..1.

    Returns:
        Just above that quantile, in 0..1; 1.0, which no probability reaches, where n is too small to promise.
    """
    ordered = np.sort(np.nan_to_num(np.asarray(clean, dtype=float), nan=0.0))
    rank = math.ceil((len(ordered) + 1) * (1.0 - max_false_rate))
    if rank > len(ordered):
        return 1.0
    return float(min(1.0, np.nextafter(ordered[max(rank, 1) - 1], 2.0)))


@dataclass(frozen=True, slots=True)
class Quality:
    """How good probabilities are: Brier score and expected calibration error, both 0 (perfect) .. 1."""

    brier: float
    ece: float


def quality(probabilities: Numbers, truth: Flags, bins: int = 10) -> Quality:
    """Brier score (1950) and expected calibration error over equal bins; NaN probabilities are left out."""
    use = np.isfinite(probabilities)
    p, y = probabilities[use], truth[use].astype(float)
    if not len(p):
        return Quality(math.nan, math.nan)
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(p[which == b].mean() - y[which == b].mean()) * (which == b).mean() for b in np.unique(which)]
    return Quality(float(np.mean((p - y) ** 2)), float(sum(gaps)))


def wilson(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % confidence interval of a share; Wilson 1927, doi:10.1080/01621459.1927.10502953.

    Args:
        right: how often it came true, 0..total.
        total: of how many; 0 gives (0, 1).
        z: standard normal quantile; 1.96 for 95 %.
    """
    if total == 0:
        return 0.0, 1.0
    share = right / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
