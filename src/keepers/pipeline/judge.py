"""From facts to opinions: calibrated probabilities, the six-class answer, a score, reasons in words, a verdict.

Everything here is arithmetic on a few numbers per photo, derived anew whenever it is asked for and never stored.

score = root of the product over other flaws of (1 - IMPORTANCE x doubt)
        x (1 - SOFT x softness) x (1 - FAR x distance) x (1 - FRAMED x (1 - composition)), all in 0..1.

Doubt is the fused opinion on a flaw, on a scale so flat that it does not saturate: two photos that nobody would call
flawed still differ. Softness is the mean opinion on blur of all detectors on such a scale, each with the same voice:
the fusion listens to whoever is right most often on strong blur, and people notice more than that. Distance is how far
from a good photo the network finds it, whatever the flaw. Composition is what the rules of composition say. The root
changes no order of measured photos; it gives good ones more than half, as people expect. No verdict depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from keepers.checks import CHECKS
from keepers.pipeline import framing
from keepers.pipeline.calibration import Calibration, sigmoid
from keepers.pipeline.policy import NORMAL, Policy
from keepers.pipeline.reasons import IMPORTANCE, Said, detector, held_back, reasons, sentence
from keepers.pipeline.triage import AGREES, HELD_BACK, Finding, certainty, shifted, triage
from keepers.pipeline.words import FLAW_WORDS
from keepers.types import FLAWS, LABELS, UNSHARP, Assessment, Measurement, Report, Verdict

Numbers = npt.NDArray[np.float64]
_Key = TypeVar("_Key")

CERTAIN_SIDE = 400
"""Short side below which sharpness may raise a doubt and throws no photo away: such pictures were made smaller, cut out
or enlarged, and calibration does not learn from them either."""
SOFT = 0.9
"""How much of the score sharpness moves: more than anything else, as with the people who rated photos."""
FAR = 0.5
"""How much of the score the network's opinion of all its flaws moves: of milder damage than a verdict takes notice of,
and of such as has no name here. It is not heard on exposure otherwise (docs/experiments.md)."""
FRAMED = 0.05
"""How much of the score composition moves: less than anything else, since its rules are habits."""
_USUAL = Policy()
UNKNOWN = 0.5
"""The score of a photo of which nothing could be measured."""
BLUR = "blurred"
LEAST_SIDE = 256
"""Short side of a photo in pixels below which nobody can tell whether what it shows was sharp: a picture reduced to so
few pixels looks sharp, and one that was cut out and enlarged looks blurred. The network would have to enlarge it."""
_FLAT = 2.0  # log odds are divided by this before they become a doubt


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Probabilities for N photos.

    by_check: (check, flaw) -> N calibrated probabilities of one check, NaN where it does not apply.
    fused: flaw -> N probabilities of all its checks together, 0 where none applies.
    six: N x 6 probabilities in the order of `LABELS`; rows sum to 1.
    score: N overall technical qualities, 0..1.
    """

    by_check: Mapping[tuple[str, str], Numbers]
    fused: Mapping[str, Numbers]
    six: Numbers
    score: Numbers


def judge(report: Report, calibration: Calibration, policy: Policy = _USUAL) -> Verdict:
    """The verdict on one readable photo. Raises ValueError for an unreadable one: it has no verdict."""
    return judge_all([report], calibration, policy)[0]


def judge_all(reports: Sequence[Report], calibration: Calibration, policy: Policy = _USUAL) -> list[Verdict]:
    """The verdicts on readable photos, in their order, each alone. Raises ValueError when one is unreadable.

    The usual policy has no budget: the rules alone decide.
    """
    for report in reports:
        if report.photo is None:
            raise ValueError(f"{report.source.path.name} could not be read and has no verdict")
    if not reports:
        return []
    beliefs = believe([telling(report) for report in reports], calibration, policy)
    # Plain floats from here on: a photo has a dozen numbers, for which arrays are slow.
    count = len(reports)
    told = [{pair: p for pair, p in row.items() if not math.isnan(p)} for row in _rows(beliefs.by_check, count)]
    rows = zip(told, _rows(beliefs.fused, count), beliefs.six.tolist(), beliefs.score.tolist(), strict=True)
    return [
        _verdict(report.measurements, said, fused, six, score, _certain(report, calibration.operating), policy)
        for report, (said, fused, six, score) in zip(reports, rows, strict=True)
    ]


def _certain(report: Report, operating: Mapping[str, float]) -> Mapping[str, float]:
    """The operating points for this photo; see `CERTAIN_SIDE`."""
    return operating if side(report) >= CERTAIN_SIDE else {**operating, **dict.fromkeys(UNSHARP, 1.0)}


def side(report: Report) -> float:
    """The short side in pixels; infinite for a photo that could not be read."""
    return math.inf if report.photo is None else min(report.photo.width, report.photo.height)


def telling(report: Report, least_side: int = LEAST_SIDE) -> Sequence[Measurement]:
    """The measurements that say something of this photo: of a tiny one, those of sharpness do not."""
    if side(report) >= least_side:
        return report.measurements
    return [one for one in report.measurements if not _of_sharpness(one.check)]


@cache
def _of_sharpness(check: str) -> bool:
    return check in CHECKS and not set(UNSHARP).isdisjoint(CHECKS[check].flaws)


def certainties(facts: Sequence[Sequence[Measurement]], calibration: Calibration) -> list[float]:
    """How certain each photo would be to be deleted (`triage.certainty`), for photos that are known to be good."""
    beliefs = believe(facts, calibration)
    told = [{pair: p for pair, p in row.items() if not math.isnan(p)} for row in _rows(beliefs.by_check, len(facts))]
    fused = _rows(beliefs.fused, len(facts))
    rows = zip(told, fused, strict=True)
    return [certainty(_findings(said, likely, calibration.operating, _USUAL)) for said, likely in rows]


def believe(
    facts: Sequence[Sequence[Measurement]], calibration: Calibration, policy: Policy = _USUAL
) -> Beliefs:
    """The arithmetic of N photos at once. Of the policy only the score depends, by what a shoot type tolerates."""
    names = calibration.checks
    raws = matrix(facts, names)
    opinions = calibration.logits(raws)
    by_check = {pair: sigmoid(logit) for pair, logit in opinions.items()}
    logits = calibration.fused_logits(raws, opinions)
    fused = {flaw: np.nan_to_num(sigmoid(logit)) for flaw, logit in logits.items()}
    six = calibration.six(raws, logits)
    doubts = {flaw: _doubt(logit, flaw, policy) for flaw, logit in logits.items() if flaw not in UNSHARP}
    soft = np.nan_to_num(_doubt(_voices(opinions, len(raws)), BLUR, policy), nan=0.5)
    far = np.nan_to_num(_distance(calibration.network_odds(raws), policy))
    worth = _scores(doubts, soft) * (1.0 - FAR * far) * (1.0 - FRAMED * (1.0 - _composition(facts)))
    score = np.where(np.isnan(raws).all(axis=1), UNKNOWN, np.sqrt(np.clip(worth, 0.0, 1.0)))
    return Beliefs(by_check, fused, six, score)


def matrix(facts: Sequence[Sequence[Measurement]], names: Sequence[str]) -> Numbers:
    """Photos x checks raw values, NaN where a check does not apply or was not made."""
    column = {name: i for i, name in enumerate(names)}
    raws = np.full((len(facts), len(names)), np.nan)
    for row, measurements in enumerate(facts):
        for one in measurements:
            if one.raw is not None and one.check in column:
                raws[row, column[one.check]] = one.raw
    return raws


def _doubt(logit: Numbers, flaw: str, policy: Policy) -> Numbers:
    """0 .. 1, the fused logit of a flaw on a flat scale, less what the shoot type tolerates; NaN where it is."""
    if policy.shoot_type.ignores(flaw):
        return np.zeros_like(logit)
    return sigmoid((logit - policy.shoot_type.tolerance(flaw)) / _FLAT)


def _scores(doubts: Mapping[str, Numbers], soft: Numbers) -> Numbers:
    worth = 1.0 - SOFT * soft
    for flaw, doubt in doubts.items():
        worth *= 1.0 - IMPORTANCE[flaw] * np.nan_to_num(doubt)
    return worth


def _distance(odds: Numbers, policy: Policy) -> Numbers:
    """0 .. 1, how far from good photos the network finds each of N, by the mean of what is known of its log odds N x 5
    of flaws that count; NaN where nothing is."""
    counting = [(at, flaw) for at, flaw in enumerate(LABELS[1:]) if not policy.shoot_type.ignores(flaw)]
    known = [odds[:, at] - policy.shoot_type.tolerance(flaw) for at, flaw in counting]
    return sigmoid(_known_mean(known, len(odds)) / _FLAT)


def _voices(opinions: Mapping[tuple[str, str], Numbers], count: int) -> Numbers:
    """The mean calibrated logit of blur over detectors, each by the mean of its checks; NaN where none can tell."""
    voices: dict[str, list[Numbers]] = {}
    for (check, flaw), logit in opinions.items():
        if flaw == BLUR:
            voices.setdefault(detector(check), []).append(logit)
    return _known_mean([_known_mean(own) for own in voices.values()], count)


def _known_mean(columns: Sequence[Numbers], count: int = 0) -> Numbers:
    """The mean of what is known of each of N photos; NaN where nothing is."""
    if not columns:
        return np.full(count, np.nan)
    known = np.isfinite(columns)
    total = np.nan_to_num(np.stack(columns)).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _composition(facts: Sequence[Sequence[Measurement]]) -> Numbers:
    """0 .. 1; 0.5, which neither helps nor harms, where no rule of composition applies."""
    return np.nan_to_num(framing.all_of(facts), nan=0.5)


def _rows(columns: Mapping[_Key, Numbers], count: int) -> list[dict[_Key, float]]:
    """Name -> N numbers, turned into N times name -> number."""
    if not columns:
        return [{} for _ in range(count)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]


def _verdict(
    facts: Sequence[Measurement],
    said: Said,
    fused: Mapping[str, float],
    six: Sequence[float],
    score: float,
    operating: Mapping[str, float],
    policy: Policy,
) -> Verdict:
    findings = _findings(said, fused, operating, policy)
    ruling = triage(findings, policy.budget)
    usual = ruling
    if policy.strictness != NORMAL:
        usual = triage(_findings(said, fused, operating, policy, NORMAL), policy.budget)
    why = reasons(findings, said, facts)
    if ruling.rule == HELD_BACK and policy.budget is not None:
        why = (*why, held_back(policy.budget))
    probabilities = dict(zip(LABELS, six, strict=True))
    return Verdict(
        verdict=ruling.verdict,
        score=score,
        label=max(LABELS, key=probabilities.__getitem__),
        probabilities=probabilities,
        flaws={flaw: fused.get(flaw, 0.0) for flaw in FLAWS},
        reasons=why,
        assessments=(*_assessments(said, facts), *framing.assessments(facts)),
        would_change=ruling.would_change,
        normal=None if usual.verdict == ruling.verdict else usual.verdict,
        budget=ruling.needed,
    )


def _findings(
    said: Said,
    fused: Mapping[str, float],
    operating: Mapping[str, float],
    policy: Policy,
    strictness: float | None = None,
) -> list[Finding]:
    """What the policy may know: less of a flaw that the shoot type tolerates, nothing of one that it ignores."""
    kind = policy.shoot_type
    detectors: dict[str, dict[str, float]] = {flaw: {} for flaw in FLAWS}
    for (check, flaw), probability in said.items():
        of, name = detectors[flaw], detector(check)
        counted = 0.0 if kind.ignores(flaw) else shifted(probability, -kind.tolerance(flaw))
        of[name] = max(counted, of.get(name, 0.0))
    found = []
    for f in FLAWS:
        probability = 0.0 if kind.ignores(f) else shifted(fused.get(f, 0.0), -kind.tolerance(f))
        found.append(Finding(f, probability, detectors[f], operating.get(f, 1.0), policy.sooner(f, strictness)))
    return found


def _assessments(said: Said, facts: Sequence[Measurement]) -> tuple[Assessment, ...]:
    by_name = {one.check: one for one in facts}
    return tuple(
        Assessment(
            check,
            flaw,
            float(by_name[check].raw or 0.0),
            1.0 - p,
            sentence(check, p, by_name[check].note) if p >= AGREES else f"Speaks against {FLAW_WORDS[flaw]}",
        )
        for (check, flaw), p in said.items()
    )
