"""At which number a verdict would turn: the raw value of one check, in its unit, while all else stays as it is.

Verdicts are monotone in every raw value: each curve is monotone, each fusion has weights >= 0, and each rule is a
threshold. So there is at most one turning point in a direction, and searching for it with the judge itself is exact:
what is said here is what would be said of such a photo. A check whose raw value means nothing to a person is spoken of
by its calibrated probability, which is its raw value through a monotone curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keepers.checks import CHECKS
from keepers.pipeline.calibration import LIMIT, Calibration, Curve, Numbers, sigmoid
from keepers.pipeline.judge import judge_all
from keepers.pipeline.policy import Policy
from keepers.pipeline.reasons import NETWORK, detector
from keepers.pipeline.triage import AGREES
from keepers.pipeline.words import FLAW_WORDS
from keepers.types import VERDICT_TITLES, Report, Verdict

_STEPS, _ROUNDS = 16, 4
"""Raw values tried at once, and how often the step around the turning point is divided: 16^4 steps in all."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a raw value is told: `what` it measures, its `unit`, `show` from raw to that unit (rising), its decimals."""

    what: str
    unit: str
    show: Callable[[float], float]
    decimals: int = 0


def _share(odds: float, least: float = 1e-4) -> float:
    """Percent, from the log odds in which the technical checks tell a share that was kept off 0 and 1 by `least`."""
    power = math.exp(odds)
    return 100.0 * min(max((power * (1.0 + least) - least) / (1.0 + power), 0.0), 1.0)


def _luma(odds: float) -> float:
    return _share(odds, 2e-3)


SCALES: dict[str, Scale] = {
    "tile_sharpness": Scale("the sharpness of its sharpest tiles", "octaves", float, 2),
    "shake_direction": Scale("the difference of sharpness between directions", "octaves", float, 2),
    "clipped_highlights": Scale("the blown-out part of the frame", "%", _share, 1),
    "blocked_shadows": Scale("the blocked part of the frame", "%", _share, 1),
    "bright_tones": Scale("the luma that 5 % of the frame exceed", "% of white", _luma, 1),
    "dark_tones": Scale("the luma that 1 % of the frame exceed", "% of white", _luma, 1),
    "noise": Scale("the noise", "% of white", lambda raw: 100 * 2.0**raw, 2),
}
"""Checks whose raw value means something to a photographer."""


def turning_point(report: Report, verdict: Verdict, calibration: Calibration, policy: Policy) -> str:
    """The sentence that says at which number `verdict` would turn; empty where no single number turns it.

    Args:
        report: of a readable photo.
        verdict: what `judge` says of it by this calibration and policy.
    """
    raws = {one.check: one.raw for one in report.measurements if one.raw is not None}
    for check, flaw in _candidates(verdict):
        raw = raws.get(check)
        found = None if raw is None else _search(report, check, raw, verdict, calibration, policy)
        if raw is not None and found is not None:
            return _sentence(check, flaw, raw, found[0], found[1], calibration)
    return ""


def _candidates(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """(check, flaw) worth asking of: those that speak for the weightiest flaw first, of them those with a unit."""
    found = [reason.name for reason in verdict.reasons if reason.name in verdict.flaws]
    flaws = found or sorted(verdict.flaws, key=lambda flaw: -verdict.flaws[flaw])[:1]
    for flaw in flaws:
        own = [a for a in verdict.assessments if a.flaw == flaw and (1.0 - a.score >= AGREES or not found)]
        for one in sorted(own, key=lambda a: (a.check not in SCALES, detector(a.check) == NETWORK, a.score)):
            yield one.check, flaw


def _search(
    report: Report, check: str, raw: float, verdict: Verdict, calibration: Calibration, policy: Policy
) -> tuple[float, str] | None:
    """The raw value on the other side of the turning point, and the verdict there; None where there is none."""
    end = _end(check, raw, verdict.verdict == "keep", calibration)
    if end is None or end == raw:
        return None
    start, other = raw, ""
    for _ in range(_ROUNDS):
        tried = np.linspace(start, end, _STEPS + 1)[1:]
        names = _verdicts(report, check, tried.tolist(), calibration, policy)
        turned = [at for at, name in enumerate(names) if name != verdict.verdict]
        if not turned:
            return None
        at = turned[0]
        start, end, other = (float(tried[at - 1]) if at else start), float(tried[at]), names[at]
    return end, other


def _end(check: str, raw: float, worse: bool, calibration: Calibration) -> float | None:
    """The raw value beyond which hardly anything changes any more, on the way to a worse or a better verdict."""
    most = 3 * LIMIT  # bent to within half a percent of `LIMIT`
    ends = [
        ((most if worse else -most) - curve.offset) / curve.slope
        for (name, _), curve in calibration.curves.items()
        if name == check and curve.slope
    ]
    if not ends:
        return None
    up = (CHECKS[check].higher == "worse") == worse
    return max(raw, *ends) if up else min(raw, *ends)


def _verdicts(
    report: Report, check: str, raws: Sequence[float], calibration: Calibration, policy: Policy
) -> list[str]:
    facts = {one.check: one for one in report.measurements}
    others = [
        replace(report, measurements=tuple({**facts, check: replace(facts[check], raw=raw)}.values())) for raw in raws
    ]
    return [one.verdict for one in judge_all(others, calibration, policy)]


def _sentence(check: str, flaw: str, raw: float, turn: float, verdict: str, calibration: Calibration) -> str:
    scale, rising = SCALES.get(check), True
    if scale is None:
        curve = calibration.curves[check, flaw]
        rising = curve.slope > 0
        what = "the network's" if detector(check) == NETWORK else "the check's"
        scale = Scale(f"{what} probability of {FLAW_WORDS[flaw]}", "%", lambda x: _calibrated(curve, x))
    up = (turn > raw) == rising
    shown, now = scale.show(turn), scale.show(raw)
    # Rounded away from where it is now, so that what is said is true to the last digit.
    step = 10.0**-scale.decimals
    edge = math.ceil(shown / step) * step if up else math.floor(shown / step) * step
    title = next(title for name, title in VERDICT_TITLES.items() if name == verdict)
    article = title if title.startswith("To be") else f"a {title.removesuffix('s')}"
    told = f"{edge:.{scale.decimals}f} {scale.unit} (now {now:.{scale.decimals}f} {scale.unit.split()[0]})"
    return f"In numbers: {article} if {scale.what} were {'at least' if up else 'at most'} {told}, all else equal."


def _calibrated(curve: Curve, raw: float) -> float:
    """The calibrated probability in percent."""
    logit: Numbers = np.asarray(LIMIT * np.tanh((curve.slope * raw + curve.offset) / LIMIT), dtype=np.float64)
    return 100.0 * float(sigmoid(logit))
