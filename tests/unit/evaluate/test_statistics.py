"""Statistics against their definitions, counted out by hand, and the relations that must hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.evaluate import statistics as stats

SCORES = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=2, max_size=25)


def counted_auc(scores, positive) -> float:
    pairs = [(a, b) for a, up in zip(scores, positive, strict=True) if up
             for b, other in zip(scores, positive, strict=True) if not other]  # fmt: skip
    return sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs) if pairs else math.nan


def arrays(rows):
    scores, positive, groups = zip(*rows, strict=True)
    return np.array(scores, float), np.array(positive), [f"scene {g}" for g in groups]


@settings(deadline=None)
@given(SCORES)
def test_auc_is_the_share_of_pairs_in_order(rows) -> None:
    scores, positive, _ = arrays(rows)
    assert stats.auc(scores, positive) == pytest.approx(counted_auc(scores, positive), nan_ok=True)


@settings(deadline=None)
@given(SCORES)
def test_auc_turns_around_with_the_scores_and_ignores_their_scale(rows) -> None:
    scores, positive, _ = arrays(rows)
    area = stats.auc(scores, positive)
    assert stats.auc(-scores, positive) == pytest.approx(1 - area, nan_ok=True)
    assert stats.auc(np.exp(scores) * 3, positive) == pytest.approx(area, nan_ok=True)


@settings(deadline=None)
@given(SCORES, st.integers(0, 100))
def test_a_weight_counts_a_photo_so_often(rows, seed: int) -> None:
    scores, positive, _ = arrays(rows)
    weights = np.random.default_rng(seed).integers(0, 3, len(scores))
    drawn = np.repeat(np.arange(len(scores)), weights)
    assert stats.auc(scores, positive, weights.astype(float)) == pytest.approx(
        counted_auc(scores[drawn], positive[drawn]), nan_ok=True
    )
    told = scores > 3
    assert stats.balanced_accuracy(told, positive, weights.astype(float)) == pytest.approx(
        stats.balanced_accuracy(told[drawn], positive[drawn]), nan_ok=True
    )


@settings(deadline=None)
@given(SCORES)
def test_the_roc_curve_rises_and_holds_the_area(rows) -> None:
    scores, positive, _ = arrays(rows)
    false, true = stats.roc(scores, positive)
    assert (np.diff(false) >= 0).all() and (np.diff(true) >= 0).all() and false[0] == true[0] == 0
    if positive.any() and not positive.all():
        assert false[-1] == true[-1] == 1
        assert np.trapezoid(true, false) == pytest.approx(stats.auc(scores, positive))


@settings(deadline=None)
@given(SCORES)
def test_no_threshold_beats_the_best_in_hindsight(rows) -> None:
    scores, positive, _ = arrays(rows)
    best = stats.best_balanced_accuracy(scores, positive)
    tried = [stats.balanced_accuracy(scores >= cut, positive) for cut in np.arange(-1, 8)]
    assert best == pytest.approx(max(tried), nan_ok=True)


@settings(deadline=None)
@given(SCORES)
def test_spearman_is_pearsons_correlation_of_mean_ranks(rows) -> None:
    one, _, _ = arrays(rows)
    other = np.roll(one, 1) + np.arange(len(one)) % 3
    mean_rank = [np.mean([1 + (one < x).sum(), (one <= x).sum()]) for x in one]
    assert stats.ranks(one) == pytest.approx(mean_rank)
    if len(set(one)) > 1 and len(set(other)) > 1:
        expected = np.corrcoef(stats.ranks(one), stats.ranks(other))[0, 1]
        assert stats.spearman(one, other) == pytest.approx(expected)
    else:
        assert math.isnan(stats.spearman(one, other))


def test_spearman_is_1_for_anything_that_rises_together() -> None:
    x = np.arange(9.0)
    assert stats.spearman(x, np.exp(x)) == pytest.approx(1)
    assert stats.spearman(x, -(x**3)) == pytest.approx(-1)


def test_scenes_are_judged_one_by_one() -> None:
    exposure = np.array([1.0, 2, 3, 1, 2, 3, 1, 2])
    measured = np.array([10.0, 20, 30, 3, 2, 1, 5, 6])
    scenes = ["a"] * 3 + ["b"] * 3 + ["pair"] * 2
    assert stats.within_groups(measured, exposure, scenes) == pytest.approx({"a": 1.0, "b": -1.0})
    assert stats.within_groups(np.zeros(8), exposure, scenes) == {"a": 0.0, "b": 0.0}


def test_pairs_are_compared_in_their_scene_only() -> None:
    scores = np.array([0.2, 0.1, 0.9, 0.8, 0.5])
    flawed = np.array([True, False, True, False, True])
    share, pairs = stats.right_order(scores, flawed, ["a", "a", "b", "b", "c"])
    assert (share, pairs) == (1.0, 2)
    assert stats.right_order(scores, ~flawed, ["a", "a", "b", "b", "c"])[0] == 0.0
    assert math.isnan(stats.right_order(scores, flawed, list("abcde"))[0])


def test_photos_of_one_scene_are_drawn_together() -> None:
    for weights in stats.samples(["a", "b", "a", "c"], count=50):
        assert weights[0] == weights[2] and weights[0] + weights[1] + weights[3] == 3


def test_an_interval_holds_its_figure_and_grows_where_photos_err_together() -> None:
    rng = np.random.default_rng(5)
    alone = rng.random(400) < 0.8
    together = np.repeat(rng.random(40) < 0.8, 10)

    def interval(right, groups):
        return stats.bootstrap(lambda w: float(w @ right / w.sum()), groups, 300)

    wide = interval(together, [str(i // 10) for i in range(400)])
    narrow = interval(alone, [str(i) for i in range(400)])
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert interval(alone, [str(i) for i in range(400)]) == narrow, "not deterministic"


def test_what_is_not_defined_stays_undefined() -> None:
    nothing = np.zeros(0)
    assert math.isnan(stats.auc(nothing, nothing.astype(bool)))
    assert math.isnan(stats.bootstrap(lambda w: math.nan, ["a"]).value)
    assert math.isnan(stats.ece([]))


def test_honest_probabilities_have_no_calibration_error_and_proud_ones_do() -> None:
    rng = np.random.default_rng(3)
    said = rng.random(20_000)
    true = rng.random(20_000) < said
    honest = stats.ece(stats.reliability(said, true))
    proud = stats.ece(stats.reliability(np.clip(said * 2 - 0.5, 0, 1), true))
    assert honest < 0.02 < 0.1 < proud
    bins = stats.reliability(np.array([0.0, 0.05, 1.0]), np.array([False, True, True]))
    assert [(one.count, one.true) for one in bins] == [(2, 0.5), (1, 1.0)]
