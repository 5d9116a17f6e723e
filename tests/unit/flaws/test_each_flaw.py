"""What is particular to single flaws."""

import numpy as np
import pytest

from keepers.flaws.base import flaw
from keepers.flaws.exposure import expose
from keepers.flaws.focus import disc
from keepers.flaws.geometry import stretch
from keepers.flaws.motion import trajectory
from keepers.image.colour import from_linear, luma, to_linear


def test_linear_light_round_trip_is_exact() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(from_linear(to_linear(codes)), codes)


def test_linear_light_follows_the_standard() -> None:
    grey = np.full((1, 1, 3), 188, np.uint8)  # half of the light of white is code 188
    assert to_linear(grey)[0, 0, 0] == pytest.approx(0.5, abs=0.005)


def test_one_stop_doubles_the_light_and_white_clips() -> None:
    rgb = np.array([[[60, 100, 137], [250, 250, 250]]], np.uint8)
    brighter = expose(rgb, 1.0)
    assert to_linear(brighter)[0, 0] == pytest.approx(2 * to_linear(rgb)[0, 0], rel=0.03)
    assert (brighter[0, 1] == 255).all()


def test_a_stop_down_and_up_comes_back_where_nothing_clipped() -> None:
    rgb = np.full((4, 4, 3), 120, np.uint8)
    assert np.abs(expose(expose(rgb, -1), 1).astype(int) - rgb).max() <= 2


def test_disc_keeps_the_light() -> None:
    for radius in (0.4, 1.0, 7.3):
        kernel = disc(radius)
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.shape[0] % 2 == 1


def test_trajectory_is_continuous_and_of_unit_extent() -> None:
    path = trajectory(np.random.default_rng(2), 40, 0.6)
    extent = max(np.linalg.norm(a - b) for a in path for b in path)
    assert extent == pytest.approx(1)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.max() <= 3 * np.median(steps)


def test_a_calm_hand_drifts_straight() -> None:
    path = trajectory(np.random.default_rng(2), 40, 0.0)
    spread = np.linalg.svd(path - path.mean(0), compute_uv=False)
    assert spread[1] < 1e-6 * spread[0]


def test_stretch_widens_along_x_only() -> None:
    rgb = np.zeros((60, 120, 3), np.uint8)
    rgb[20:40, 50:70] = 255
    wide = luma(stretch(rgb, {"factor": 2.0})) > 0.5
    assert wide.any(axis=0).sum() == pytest.approx(40, abs=2)
    assert wide.any(axis=1).sum() == 20


def test_an_unknown_label_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match="no known flaw"):
        flaw("dust", "dusty", lambda rng, severity, shape: {})
