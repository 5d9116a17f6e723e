"""A small calibration made by hand, and photos of which every raw value is known."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from frame_makers import shot
from keepers.pipeline.budget import Budget, GoodSample
from keepers.pipeline.calibration import Calibration, Curve, Fusion, completed
from keepers.pipeline.policy import Policy
from keepers.pipeline.shoot_type import named, packaged
from keepers.types import Report

SEES = {
    "network_blurred": ("blurred", 1.0),
    "tile_sharpness": ("blurred", -1.0),
    "bright_tones": ("overexposed", 1.0),
    "clipped_highlights": ("overexposed", 1.0),
    "focus_best": ("camera_shake", 1.0),
    "focus_shake": ("camera_shake", 1.0),
    "noise": ("noisy", 1.0),
}
"""Check -> flaw, and the sign of its slope; a raw value of 0 says neither yes nor no."""


def calibration(good: GoodSample | None = None) -> Calibration:
    """Log odds are the raw values as they stand; a flaw's checks add up."""
    curves = {(check, flaw): Curve(sign, 0.0) for check, (flaw, sign) in SEES.items()}
    flaws = {flaw for flaw, _ in SEES.values()}
    fusions = {flaw: Fusion({c: 1.0 for c, f in curves if f == flaw}, 0.0) for flaw in flaws}
    made = Calibration(tuple(SEES), curves, fusions, dict.fromkeys(flaws, 0.5), good=good)
    return completed(made)


def photo(name: str, evidence: dict[str, float], seconds: float | None = None, **more: Any) -> Report:
    """A photo of which each check says that its flaw is there with these log odds."""
    return shot(name, seconds, facts={check: SEES[check][1] * odds for check, odds in evidence.items()}, **more)


odds = st.floats(-8, 8)
evidence = st.dictionaries(st.sampled_from(sorted(SEES)), odds)
samples = st.builds(
    lambda n, some: GoodSample(n, 2 * n, tuple((c, share) for c, share in some[:n])),
    st.integers(1, 400),
    st.lists(st.tuples(st.floats(0, 8), st.sampled_from([1.0, 0.5, 0.25])), max_size=12),
)
rates = st.sampled_from([0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0])
policies = st.builds(
    lambda rate, good, how, kind: Policy(None, Budget(rate, good), how, named(kind)),
    rates,
    st.none() | samples,
    st.floats(0, 1),
    st.sampled_from(packaged()),
)


@st.composite
def shoots(draw: st.DrawFn) -> list[Report]:
    """Bursts, lone frames and copies with any evidence."""
    reports: list[Report] = []
    moment = 0.0
    for scene in range(draw(st.integers(1, 4))):
        moment += draw(st.sampled_from([5.0, 90.0, 4000.0]))
        for n in range(draw(st.integers(1, 4))):
            moment += 0.3
            reports.append(photo(f"{scene}{n}.jpg", draw(evidence), moment, scene=scene))
    for n in range(draw(st.integers(0, 2))):
        like = draw(st.sampled_from(reports))
        facts = {one.check: one.raw for one in like.measurements if one.raw is not None}
        reports.append(shot(f"copy{n}.jpg", None, pixels=str(like.source.path), facts=facts))
    return reports


