"""The number at which a verdict turns: it really turns there, and not before."""

import re
from dataclasses import replace

import pytest

from budget_makers import SEES, calibration, photo
from keepers.pipeline.budget import Budget, GoodSample
from keepers.pipeline.judge import judge
from keepers.pipeline.policy import Policy
from keepers.pipeline.shoot_type import named
from keepers.pipeline.turning import SCALES, turning_point
from keepers.types import Report

PHOTOS = {
    "clean": dict.fromkeys(SEES, -2.0),
    "blurred": {**dict.fromkeys(SEES, -2.0), "network_blurred": 3.0, "tile_sharpness": 3.0},
    "doubtful": {**dict.fromkeys(SEES, -2.0), "tile_sharpness": 2.4, "network_blurred": -0.5},
    "blown": {**dict.fromkeys(SEES, -2.0), "bright_tones": 2.0, "clipped_highlights": 2.0},
    "noisy": {**dict.fromkeys(SEES, -2.0), "noise": 2.0},
}
POLICIES = {
    "usual": Policy(),
    "budget": Policy(budget=Budget(0.01, GoodSample(150, 150, ((1.0, 1.0),)))),
    "strict": Policy(strictness=0.8),
    "sport": Policy(shoot_type=named("sport")),
}
TOLD = re.compile(r"In numbers: (a Maybe|a Must Have|To be Deleted) if .* were at (least|most) (-?[\d.]+) (.*?) \(now")
NAMES = {"a Maybe": "maybe", "a Must Have": "keep", "To be Deleted": "delete"}


def changed(report: Report, check: str, raw: float) -> Report:
    return replace(
        report, measurements=tuple(replace(m, raw=raw) if m.check == check else m for m in report.measurements)
    )


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("facts", PHOTOS.values(), ids=PHOTOS)
def test_the_verdict_turns_at_the_number_that_is_told(facts: dict[str, float], policy: Policy) -> None:
    report, here = photo("a.jpg", facts), calibration()
    verdict = judge(report, here, policy)
    sentence = turning_point(report, verdict, here, policy)
    found = TOLD.match(sentence)
    assert found, sentence
    known = {m.check: m.raw for m in report.measurements if m.raw is not None}
    (check,) = [name for name, scale in SCALES.items() if f"if {scale.what} were" in sentence]
    scale, told = SCALES[check], float(found[3])
    up = found[2] == "least"
    # In steps of the raw value: the first that reads as the number that is told, and one just short of it.
    step = 0.001 if up else -0.001
    raw = known[check]
    while (scale.show(raw) < told) if up else (scale.show(raw) > told):
        raw += step
    assert judge(changed(report, check, raw), here, policy).verdict == NAMES[found[1]]
    margin = 2 * 10.0**-scale.decimals
    while (scale.show(raw) > told - margin) if up else (scale.show(raw) < told + margin):
        raw -= step
    assert judge(changed(report, check, raw), here, policy).verdict == verdict.verdict


def test_two_flaws_have_no_single_number() -> None:
    facts = {**PHOTOS["blown"], "noise": 3.0}
    report = photo("a.jpg", facts)
    verdict = judge(report, calibration(), Policy(budget=Budget(0.0, GoodSample(5, 5))))
    assert verdict.verdict == "maybe"
    assert turning_point(report, verdict, calibration(), Policy(budget=Budget(0.0, GoodSample(5, 5)))) == ""


def test_a_photo_without_facts_has_none() -> None:
    report = photo("a.jpg", {})
    assert turning_point(report, judge(report, calibration()), calibration(), Policy()) == ""
