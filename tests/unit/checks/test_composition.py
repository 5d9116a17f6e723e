"""Checks of composition: relations that hold whatever the photo."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenes
from keepers.checks import CHECKS
from keepers.checks.composition import composed
from keepers.flaws import FAULTS, FLAWS, by_label
from keepers.image import composition
from keepers.image.composition import GOLDEN, THIRD
from keepers.pipeline import framing
from keepers.types import Evidence, Face, Measurement, Rgb

COMPOSED = [name for name, check in CHECKS.items() if check.score is not None]
HEIGHT, WIDTH = 320, 480


def stage(x: float, y: float, size: float = 0.12) -> Rgb:
    """A red ball on a green lawn; places and size as shares."""
    rng = np.random.default_rng(0)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = (60, 120, 50)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    picture[np.hypot(columns - x * WIDTH, rows - y * HEIGHT) < size * HEIGHT] = (210, 40, 30)
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def with_face(x: float, y: float, high: float = 0.2) -> Evidence:
    """A photo with a face whose box has its middle at (x, y), and is so high, all as shares."""
    height = high * HEIGHT
    box = (x * WIDTH - 0.4 * height, y * HEIGHT - height / 2, 0.8 * height, height)
    return replace(scenes.look(scenes.leaves(0, HEIGHT, WIDTH)), faces=(Face(box, 0.99),))


def score(name: str, evidence: Evidence) -> float | None:
    reading, scale = CHECKS[name](evidence), CHECKS[name].score
    assert scale is not None
    return None if reading is None else scale(reading.raw)


@pytest.mark.parametrize("name", COMPOSED)
@given(raws=st.lists(st.floats(0, 20), min_size=2, max_size=9))
def test_a_score_falls_from_one_to_nought(name, raws) -> None:
    scale = CHECKS[name].score
    assert scale is not None and CHECKS[name].higher == "worse"
    scores = [scale(raw) for raw in sorted(raws)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= one <= 1 for one in scores) and scale(0.0) == 1 and scale(20.0) == 0


def test_they_rank_and_speak_of_no_flaw() -> None:
    assert len(COMPOSED) == 7 and all(CHECKS[name].flaws == () for name in COMPOSED)


@pytest.mark.parametrize(("x", "y"), [(0.33, 0.33), (0.66, 0.33), (0.5, 0.5), (0.2, 0.7), (0.7, 0.6)])
def test_the_subject_is_where_it_is(x: float, y: float) -> None:
    seen = composed(scenes.look(stage(x, y)))
    assert seen.anchor is not None and seen.subject is not None
    assert seen.anchor == pytest.approx((x, y), abs=0.05)
    left, top, wide, high = seen.subject
    assert left < x < left + wide and top < y < top + high


def test_a_subject_on_a_third_beats_one_in_the_middle_and_one_in_the_corner() -> None:
    third, middle = (score("thirds", scenes.look(stage(at, at))) for at in (1 / 3, 0.5))
    assert third is not None and middle is not None and third > 0.8 > 0.2 > middle
    golden = score("golden_ratio", scenes.look(stage(GOLDEN, GOLDEN)))
    assert golden is not None and golden > 0.7


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([THIRD, GOLDEN]))
def test_places_are_judged_alike_on_all_sides(x: float, y: float, part: float) -> None:
    here = composition.from_point((x, y), part)
    for mirrored in ((1 - x, y), (x, 1 - y), (1 - x, 1 - y), (y, x)):
        assert composition.from_point(mirrored, part) == pytest.approx(here, abs=1e-9)
    assert 0 <= here < 0.6


def test_a_plain_picture_has_no_subject_and_no_balance() -> None:
    plain = scenes.look(np.full((200, 300, 3), 90, np.uint8))
    assert [name for name in COMPOSED if CHECKS[name](plain) is not None] == []


def test_people_come_before_what_stands_out() -> None:
    seen = composed(with_face(0.3, 0.4))
    assert seen.anchor == pytest.approx((0.3, 0.4)) and len(seen.faces) == 1 and seen.cut is None
    # The pixels are remembered, the faces are not.
    assert composed(replace(with_face(0.3, 0.4), faces=())).faces == ()


def test_the_more_of_a_head_is_cut_the_worse() -> None:
    scores = [score("cut_heads", with_face(0.5, y)) for y in (0.4, 0.14, 0.08, 0.02)]
    assert scores[0] == 1.0 and all(one is not None for one in scores)
    assert scores == sorted(scores, key=lambda one: -(one or 0)) and len(set(scores)) >= 3
    assert score("cut_heads", with_face(0.5, 0.2, 0.6)) is None, "a close-up is cut on purpose"


def test_headroom_is_best_near_the_upper_third() -> None:
    right, low, lower = (score("headroom", with_face(0.5, y)) for y in (0.35, 0.55, 0.8))
    assert right == 1.0 and low is not None and lower is not None and right > low > lower


def test_what_the_border_cuts_is_worse_than_what_it_leaves() -> None:
    whole, cut = (score("cut_subject", scenes.look(stage(x, 0.5, 0.3))) for x in (0.5, 0.0))
    assert whole == 1.0 and cut is not None and cut < 0.9


def test_weight_to_one_side_is_less_balanced() -> None:
    middle, side = (score("balance", scenes.look(stage(x, 0.5))) for x in (0.5, 0.8))
    assert middle is not None and side is not None and middle > 0.9 > side


@pytest.mark.parametrize("flaw", [flaw.name for fault in FAULTS for flaw in by_label(fault)])
def test_a_worse_tilt_measures_as_worse(flaw: str) -> None:
    steps = []
    for severity in (0.0, 0.5, 1.0):
        made = [FLAWS[flaw](scenes.sea(seed), np.random.default_rng(seed), severity)[0] for seed in range(3)]
        readings = [CHECKS["horizon"](scenes.look(rgb)) for rgb in made]
        steps.append(np.mean([reading.raw for reading in readings if reading is not None]))
    level = CHECKS["horizon"](scenes.look(scenes.sea(0)))
    assert level is not None and level.raw < steps[0] < steps[1] < steps[2]


def test_the_better_of_thirds_and_golden_ratio_counts() -> None:
    def facts(**raws: float) -> list[Measurement]:
        return [Measurement(name, "1", raw) for name, raw in raws.items()]

    assert framing.overall([]) is None and framing.overall([Measurement("thirds", "1", None)]) is None
    assert framing.overall(facts(thirds=0.0, golden_ratio=9.0)) == 1.0
    assert framing.overall(facts(thirds=0.0, balance=9.0)) == 0.5
    assert np.isnan(framing.all_of([[], facts(noise=1.0)])).all()


def test_what_is_unusual_is_said() -> None:
    said = list(framing.assessments([Measurement("horizon", "1", 4.5, "4.5 degrees, lower at the left")]))
    assert [one.sentence for one in said] == ["The horizon is tilted (4.5 degrees, lower at the left)"]
    assert said[0].flaw == framing.NAME and 0 < said[0].score < 0.5
