"""All groups at once give what each group gives alone, reckoned the slow and obvious way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.pipeline import best

WIDTH = len(best.CRITERIA)


def parts(label: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(label == number) for number in sorted(set(label.tolist()) - {-1})]


def slow_losses(values: np.ndarray, label: np.ndarray) -> np.ndarray:
    losses = np.zeros_like(values)
    for members in parts(label):
        for column, criterion in enumerate(best.CRITERIA.values()):
            known = [at for at in members if math.isfinite(values[at, column])]
            if not known:
                continue
            top = max(values[at, column] for at in known)
            steps = {at: min((top - values[at, column]) / criterion.step, criterion.cap) for at in known}
            for at in members:
                losses[at, column] = steps[at] if at in steps else np.median(list(steps.values()))
    return losses


def slow_focus(focus: np.ndarray, label: np.ndarray) -> np.ndarray:
    result = np.full(len(label), np.nan)
    for members in parts(label):
        known = np.isfinite(focus[members]).all(axis=0)
        if known.sum() < 8:
            continue
        maps = focus[members][:, known]
        top = np.argsort(-maps.max(axis=0), kind="stable")[: max(2, maps.shape[1] // 4)]
        result[members] = maps[:, top].mean(axis=1)
    return result


def slow_middle(values: np.ndarray, label: np.ndarray) -> np.ndarray:
    result = np.full(len(label), np.nan)
    for members in parts(label):
        known = values[members][np.isfinite(values[members])]
        if len(known) >= 3:
            result[members] = np.median(known)
    return result


@st.composite
def labels(draw: st.DrawFn) -> np.ndarray:
    return np.array(draw(st.lists(st.integers(-1, 4), max_size=24)), np.int64)


@settings(max_examples=150, deadline=None)
@given(labels(), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5, 0.95]))
def test_all_groups_at_once_as_one_by_one(label, seed, missing) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(0, 1, (len(label), WIDTH)), 1)
    values[rng.uniform(size=values.shape) < missing] = np.nan
    focus = np.round(rng.normal(-3, 1, (len(label), 64)), 1).astype(np.float32)
    focus[rng.uniform(size=focus.shape) < missing / 4] = np.nan
    light = values[:, 0]
    assert np.array_equal(best._losses(values, label), slow_losses(values, label))
    assert np.allclose(best._focus(focus, label), slow_focus(focus, label), atol=1e-5, equal_nan=True)
    assert np.array_equal(best._middle(light, label), slow_middle(light, label), equal_nan=True)


@pytest.mark.parametrize("seed", range(20))
def test_words_and_clear_differences_as_arrays_would_have_them(seed) -> None:
    losses = np.round(np.random.default_rng(seed).uniform(0, 2.5, (4, WIDTH)), 1)
    firm = losses[:, [not criterion.weak for criterion in best.CRITERIA.values()]]
    ranking = best.Ranking(losses, losses.sum(axis=1), losses.tolist(), firm.sum(axis=1).tolist())
    for one in range(4):
        for other in range(4):
            ahead = losses[one] - losses[other]
            order = [at for at in np.argsort(-ahead, kind="stable") if ahead[at] >= best.NAMED]
            words = list(dict.fromkeys(list(best.CRITERIA.values())[at].word for at in order))
            assert list(ranking.reasons(one, other)) == words
            behind = firm[one].sum() - firm[other].sum()
            clear = behind >= best.CLEAR and ahead.min() > -best.LEAD
            assert ranking.clearly_worse(one, other) == clear or abs(behind - best.CLEAR) < 1e-9


def test_a_weak_criterion_breaks_ties_only() -> None:
    for criterion in best.CRITERIA.values():
        assert not criterion.weak or criterion.cap <= best.TIE < best.LEAD
    assert [name for name, criterion in best.CRITERIA.items() if criterion.weak] == ["composition"]
