"""The noise estimate follows noise and is not fooled by texture."""

import itertools

import numpy as np
import pytest

import scenes
from keepers.image.colour import luma
from keepers.image.noise import sigma


@pytest.mark.parametrize("deviation", [0.003, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("shape", [(128, 192), (683, 1024), (1500, 2000)])
def test_white_noise_is_measured(shape, deviation) -> None:
    plane = np.random.default_rng(0).normal(0.5, deviation, shape).astype(np.float32)
    assert sigma(plane) == pytest.approx(deviation, rel=0.08)


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
def test_more_noise_measures_as_more(make) -> None:
    values = [sigma(luma(scenes.grainy(make(0), deviation))) for deviation in (0.005, 0.01, 0.02, 0.04, 0.08)]
    assert all(a < b for a, b in itertools.pairwise(values)), values


def test_sharp_texture_is_not_noise_where_anything_is_flat() -> None:
    assert sigma(luma(scenes.page(0))) < 0.003


def test_shading_is_not_noise() -> None:
    y, x = np.mgrid[:300, :400].astype(np.float32) / 400
    assert sigma(0.2 + 0.5 * x * x + 0.2 * x * y) < 1e-4


def test_clipped_areas_do_not_hide_noise() -> None:
    plane = np.random.default_rng(0).normal(0.5, 0.03, (320, 480)).astype(np.float32)
    plane[:200] = 1.0
    assert sigma(plane) > 0.02


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (15, 400), (50, 4000)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nothing_to_measure_is_no_noise(shape, value) -> None:
    assert sigma(np.full(shape, value, np.float32)) == 0.0
