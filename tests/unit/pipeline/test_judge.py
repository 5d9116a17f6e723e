"""Opinions of made-up facts, with a calibration fitted to a made-up dataset."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from keepers.checks import CHECKS
from keepers.pipeline import calibrate
from keepers.pipeline.calibration import Calibration, completed
from keepers.pipeline.judge import CERTAIN_SIDE, FRAMED, LEAST_SIDE, believe, judge, judge_all, matrix
from keepers.pipeline.reasons import IMPORTANCE, detector
from keepers.pipeline.triage import NEVER_ALONE
from keepers.types import FLAWS, LABELS, UNSHARP, Measurement, Photo, PhotoFile, Report, Source

NAMES = tuple(CHECKS)
CLEAN = dict.fromkeys(NAMES, 0.0)


def shift(name: str, amount: float = 4.0) -> float:
    """A raw value that speaks for the flaws of a check, or against them with a negative amount."""
    return amount if CHECKS[name].higher == "worse" else -amount


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    """Checks are 0 for clean photos and 4 (of their polarity) for their flaws, with noise of 1."""
    rng = np.random.default_rng(7)
    labels = np.zeros((600, len(FLAWS)), bool)
    for row in range(200, 600):
        labels[row, row % len(FLAWS)] = True
    raws = rng.normal(0.0, 1.0, (600, len(NAMES)))
    for column, name in enumerate(NAMES):
        flawed = labels[:, [FLAWS.index(flaw) for flaw in CHECKS[name].flaws]].any(axis=1)
        raws[flawed, column] += shift(name)
    return completed(calibrate.fit(raws, labels, NAMES))


def report(**raws: float | None) -> Report:
    source = Source(Path("/a.jpg"), (PhotoFile(Path("/a.jpg"), "image", 1, 1),))
    facts = tuple(
        Measurement(name, "1", raw, "upper left" if name == "clipped_highlights" else "")
        for name, raw in {**CLEAN, **raws}.items()
    )
    return Report(source, Photo("id", source, 1200, 800), facts)


def of(flaw: str, amount: float = 4.0) -> dict[str, float]:
    """Raw values with which every check of a flaw speaks for it."""
    return {name: shift(name, amount) for name in NAMES if flaw in CHECKS[name].flaws}


def clean(amount: float = -2.0) -> dict[str, float]:
    return {name: shift(name, amount) for name in NAMES}


def test_a_clean_photo_is_kept_and_told_so(calibration: Calibration) -> None:
    verdict = judge(report(**clean()), calibration)
    assert (verdict.verdict, verdict.label) == ("keep", "original")
    (reason,) = verdict.reasons
    assert reason.sentence == "Its sharpest parts are crisp, and it is well exposed" and reason.weight < 0.1
    assert verdict.score > 0.8 > judge(report(**of("blurred")), calibration).score + 0.4


def test_a_photo_that_is_nearly_flawed_is_not_praised(calibration: Calibration) -> None:
    raws = {amount: report(**{**clean(), **of("underexposed", amount)}) for amount in np.arange(-2.0, 4.0, 0.1)}
    near = [v for v in judge_all(list(raws.values()), calibration) if 0.3 < v.flaws["underexposed"] < 0.48]
    kept = [v.reasons[0].sentence for v in near if v.verdict == "keep"]
    assert kept and all(s.startswith("No flaw is likely; the nearest is underexposure (") for s in kept)


@pytest.mark.parametrize("flaw", FLAWS)
def test_every_flaw_is_found_named_and_costs_score(calibration: Calibration, flaw: str) -> None:
    # The network's own answer to it, where it has one: it may count for the six-class answer alone.
    answer = {name: 4.0 for name in [f"network_{flaw}"] if name in CHECKS}
    verdict = judge(report(**{**clean(), **of(flaw), **answer}), calibration)
    assert verdict.flaws[flaw] > 0.9
    assert flaw in [reason.name for reason in verdict.reasons]
    assert verdict.verdict == ("maybe" if flaw in NEVER_ALONE else "delete")
    assert verdict.score**2 < 1 - 0.8 * IMPORTANCE[flaw]
    if flaw in LABELS and flaw not in UNSHARP:  # these two share an output of the network
        assert verdict.label == flaw


@pytest.mark.parametrize(("there", "other"), [("focus_shake", "focus_defocus"), ("focus_defocus", "focus_shake")])
def test_which_kind_of_blur_it_is_the_patches_tell(calibration: Calibration, there: str, other: str) -> None:
    kind, not_it = (UNSHARP[1], UNSHARP[0]) if there == "focus_shake" else UNSHARP
    unsharp = {**clean(), **of("blurred"), **of("camera_shake"), there: 4.0}
    sure, either = (judge(report(**{**unsharp, other: raw}), calibration).flaws for raw in (-4.0, 4.0))
    assert sure[kind] > 0.9 and sure[kind] > sure[not_it] + 0.3
    assert abs(either[kind] - either[not_it]) < abs(sure[kind] - sure[not_it])


def test_the_network_alone_does_not_delete(calibration: Calibration) -> None:
    verdict = judge(report(**{**clean(), "network_distorted": 6.0}), calibration)
    assert verdict.verdict == "maybe"
    assert verdict.reasons[0].sentence.startswith("The network sees distortion (9")


def test_the_checks_of_a_flaw_make_one_reason_that_says_where(calibration: Calibration) -> None:
    raws = {**clean(), **of("overexposed"), "clipped_highlights": 9.0, **of("distorted")}
    over, stretched = judge(report(**raws), calibration).reasons
    assert over.sentence == CHECKS["clipped_highlights"].sentence + " (upper left)"
    assert stretched.sentence.startswith("The network sees distortion")


def test_no_check_says_the_same_twice(calibration: Calibration) -> None:
    both = {**clean(), **of("blurred"), **of("camera_shake")}
    sentences = [reason.sentence for reason in judge(report(**both), calibration).reasons]
    assert len({sentence.split(";")[0].split(" (")[0] for sentence in sentences}) == 2


def test_several_flaws_are_all_reported_the_worst_first(calibration: Calibration) -> None:
    verdict = judge(report(**{**clean(), **of("underexposed"), **of("noisy")}), calibration)
    assert [reason.name for reason in verdict.reasons] == ["underexposed", "noisy"]
    weights = [reason.weight for reason in verdict.reasons]
    assert weights == sorted(weights, reverse=True) and all(0 <= w <= 1 for w in weights)


def test_without_a_network_the_technical_checks_judge_alone(calibration: Calibration) -> None:
    silent = {name: None for name in NAMES if detector(name) == "network"}
    verdict = judge(report(**{**clean(), **of("overexposed", 8.0), **silent}), calibration)
    assert verdict.label == "overexposed" and verdict.verdict == "delete"
    assert verdict.flaws["distorted"] == 0.0
    assert judge(report(**{**clean(), **silent}), calibration).verdict == "keep"


@pytest.mark.parametrize("silent", [None, "network_blurred"])
def test_what_the_network_says_of_any_flaw_moves_the_score_alone(calibration: Calibration, silent: str | None) -> None:
    """Also where it is not heard on the flaw, and where one of its answers says nothing of this photo."""
    none = {silent: None} if silent else {}
    steps = (-6.0, -2.0, 0.0, 2.0, 6.0)
    verdicts = [judge(report(**{**clean(), **none, "network_overexposed": raw}), calibration) for raw in steps]
    scores = [verdict.score for verdict in verdicts]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[-1] + 0.02
    assert len({verdict.verdict for verdict in verdicts}) == 1


def test_where_nothing_could_be_measured_it_is_a_maybe(calibration: Calibration) -> None:
    verdict = judge(report(**dict.fromkeys(NAMES)), calibration)
    assert verdict.verdict == "maybe" and verdict.reasons[0].name == "unmeasured"
    assert verdict.assessments == () and 0 <= verdict.score <= 1


@pytest.mark.parametrize("name", NAMES)
def test_more_of_a_flaw_never_improves_score_or_probability(calibration: Calibration, name: str) -> None:
    facts = [report(**{**CLEAN, name: shift(name, amount)}).measurements for amount in np.linspace(-6, 6, 25)]
    beliefs = believe(facts, calibration)
    for flaw in CHECKS[name].flaws:
        assert (np.diff(beliefs.by_check[name, flaw]) >= 0).all()
        assert (np.diff(beliefs.fused[flaw]) >= 0).all()
    assert (np.diff(beliefs.score) <= 1e-12).all()


def test_sharpness_ranks_photos_without_flaws(calibration: Calibration) -> None:
    good, better = (judge(report(**{**clean(), "tile_sharpness": raw}), calibration) for raw in (2.0, 4.0))
    assert better.score > good.score and good.verdict == better.verdict == "keep"


def test_probabilities_sum_to_one_and_flaws_are_independent(calibration: Calibration) -> None:
    verdict = judge(report(**{**clean(), **of("underexposed"), **of("camera_shake")}), calibration)
    assert tuple(verdict.probabilities) == LABELS and abs(sum(verdict.probabilities.values()) - 1) < 1e-9
    assert tuple(verdict.flaws) == FLAWS and sum(verdict.flaws.values()) > 1.5


def test_assessments_turn_probability_into_score(calibration: Calibration) -> None:
    verdict = judge(report(**{**clean(), **of("noisy")}), calibration)
    by_check = {(a.check, a.flaw): a for a in verdict.assessments}
    assert (
        by_check["noise", "noisy"].score < 0.5
        and by_check["noise", "noisy"].sentence == CHECKS["noise"].sentence
    )
    assert by_check["dark_tones", "underexposed"].score > 0.5
    assert by_check["dark_tones", "underexposed"].sentence == "Speaks against underexposure"
    assert len(by_check) == sum(len(check.flaws) + (check.score is not None) for check in CHECKS.values())


def test_judging_many_is_judging_each(calibration: Calibration) -> None:
    reports = [report(**{**clean(), **of(flaw)}) for flaw in FLAWS]
    assert judge_all(reports, calibration) == [judge(one, calibration) for one in reports]
    assert judge_all([], calibration) == []


def test_an_unreadable_photo_has_no_verdict(calibration: Calibration) -> None:
    source = report().source
    with pytest.raises(ValueError, match=r"a\.jpg could not be read"):
        judge(Report(source, error="a.jpg is damaged."), calibration)


def test_facts_of_unknown_checks_are_left_out() -> None:
    raws = matrix(
        [[Measurement("astrology", "1", 3.0), Measurement("noise", "1", 2.0)], []], ("noise", "dark_tones")
    )
    assert raws[0, 0] == 2.0 and np.isnan(raws[0, 1]) and np.isnan(raws[1]).all()


def test_the_network_is_one_detector() -> None:
    assert detector("network_blurred") == detector("network_distorted") == "network"
    assert detector("tile_sharpness") == "tile_sharpness" and detector("no_longer_there") == "no_longer_there"


@pytest.mark.parametrize("side", [32, 200, LEAST_SIDE - 1])
def test_nobody_can_tell_whether_a_tiny_photo_is_sharp(side: int, calibration: Calibration) -> None:
    soft = report(**{**clean(), **of("blurred")})
    assert judge(soft, calibration).verdict == "delete"
    assert soft.photo is not None
    tiny = dataclasses.replace(soft, photo=dataclasses.replace(soft.photo, width=3 * side, height=side))
    verdict = judge(tiny, calibration)
    assert verdict.verdict == "maybe" and verdict.reasons[0].name == "unmeasured"
    assert "sharp" in verdict.reasons[0].sentence


@pytest.mark.parametrize("side", [LEAST_SIDE, CERTAIN_SIDE - 1])
def test_a_small_photo_is_doubted_for_blur_and_not_thrown_away(side: int, calibration: Calibration) -> None:
    soft = report(**{**clean(), **of("blurred")})
    assert soft.photo is not None
    small = dataclasses.replace(soft, photo=dataclasses.replace(soft.photo, width=3 * side, height=side))
    large, little = judge_all([soft, small], calibration)
    assert (large.verdict, little.verdict) == ("delete", "maybe")
    assert little.flaws == large.flaws and little.reasons[0].name == "blurred"


def test_composition_ranks_photos_and_changes_no_verdict(calibration: Calibration) -> None:
    worst = {name: 10.0 for name, check in CHECKS.items() if check.score is not None}
    best: dict[str, float | None] = dict.fromkeys(worst, 0.0)
    unknown: dict[str, float | None] = dict.fromkeys(worst)
    for blurred in (-3.0, 0.0, 3.0):
        given = [
            judge(report(**{**clean(), "tile_sharpness": blurred, **more}), calibration)
            for more in (worst, unknown, best)
        ]
        assert given[0].score < given[1].score < given[2].score <= given[0].score + FRAMED
        assert len({(v.verdict, v.reasons, v.would_change, *v.flaws.values()) for v in given}) == 1
