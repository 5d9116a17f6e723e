"""One body for every flaw in the registry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.checks import CHECKS
from keepers.flaws import FLAWS, by_label
from keepers.types import FLAWS as LABELS

NAMES = list(FLAWS)


def scene(height: int = 96, width: int = 144, seed: int = 3) -> np.ndarray:
    """Edges, gradients and texture: something that every flaw changes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = 70 + 50 * np.sin(x / 9) * np.cos(y / 13) + 60 * ((x // 24 + y // 24) % 2)
    texture = rng.normal(0, 14, (height, width, 3))
    return np.clip(base[..., None] + texture, 0, 255).astype(np.uint8)


def harm(name: str, severity: float) -> float:
    """Mean change of the scene over several draws."""
    rgb = scene()
    changes = []
    for seed in range(4):
        flawed, _ = FLAWS[name](rgb, np.random.default_rng(seed), severity)
        changes.append(np.abs(flawed.astype(float) - rgb).mean())
    return float(np.mean(changes))


CANNOT_BE_MADE = {"closed_eyes"}
"""The check of it needs no calibration, since its raw value is log odds already."""


@pytest.mark.parametrize("label", LABELS)
def test_every_flaw_label_can_be_made(label: str) -> None:
    assert bool(by_label(label)) == (label not in CANNOT_BE_MADE)


def test_what_cannot_be_made_needs_no_calibration() -> None:
    assert {flaw for check in CHECKS.values() if check.log_odds for flaw in check.flaws} == CANNOT_BE_MADE


@pytest.mark.parametrize("name", NAMES)
def test_keeps_shape_and_leaves_the_original_alone(name: str) -> None:
    rgb = scene()
    before = rgb.copy()
    flawed, params = FLAWS[name](rgb, np.random.default_rng(1), 0.5)
    assert flawed.shape == rgb.shape
    assert flawed.dtype == np.uint8
    assert np.array_equal(rgb, before)
    assert not np.shares_memory(flawed, rgb)
    assert all(isinstance(value, (int, float)) and np.isfinite(value) for value in params.values())


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_pixels_and_apply_repeats_the_draw(name: str) -> None:
    rgb = scene()
    one, params = FLAWS[name](rgb, np.random.default_rng(5), 0.7)
    other, _ = FLAWS[name](rgb, np.random.default_rng(5), 0.7)
    assert np.array_equal(one, other)
    assert np.array_equal(one, FLAWS[name].apply(rgb, params))


@pytest.mark.parametrize("name", NAMES)
def test_more_severe_is_more_harm(name: str) -> None:
    mild, medium, severe = (harm(name, severity) for severity in (0.0, 0.5, 1.0))
    assert 0 < mild < medium < severe


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", [-0.1, 1.1])
def test_severity_outside_its_range_is_refused(name: str, severity: float) -> None:
    with pytest.raises(ValueError, match="severity"):
        FLAWS[name](scene(), np.random.default_rng(0), severity)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_pixels_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="uint8"):
        FLAWS[name](np.zeros((8, 8, 3), np.float32), np.random.default_rng(0), 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_does(name: str) -> None:
    assert len(FLAWS[name].doc) > 30


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    height=st.integers(8, 70),
    width=st.integers(8, 70),
    severity=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_any_size_any_seed(name: str, height: int, width: int, severity: float, seed: int) -> None:
    flawed, _ = FLAWS[name](scene(height, width), np.random.default_rng(seed), severity)
    assert flawed.shape == (height, width, 3)
