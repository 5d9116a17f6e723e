"""Blown and blocked pixels are counted and placed."""

import numpy as np
import pytest

import scenes
from keepers.image import exposure
from keepers.image.colour import luma

PLACES = [
    ["upper left", "upper", "upper right"],
    ["left", "centre", "right"],
    ["lower left", "lower", "lower right"],
]


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_the_place_is_named(row, column) -> None:
    picture = np.full((90, 120, 3), 100, np.uint8)
    picture[30 * row : 30 * row + 20, 40 * column : 40 * column + 30] = 255
    assert exposure.blown(picture).place == PLACES[row][column]
    assert exposure.blocked(255 - picture + 0).place == PLACES[row][column]


def test_shares() -> None:
    picture = np.full((100, 100, 3), 100, np.uint8)
    picture[:50] = 255
    picture[50:, :, 0] = 255
    assert exposure.blown(picture).share == pytest.approx(0.75)
    assert exposure.blown(np.zeros((9, 9, 3), np.uint8)) == exposure.Spots(0.0, "")
    assert exposure.blown(np.full((90, 90, 3), 255, np.uint8)) == exposure.Spots(1.0, "all over")


def test_large_frames_are_looked_at_in_part_without_changing_the_answer() -> None:
    small = scenes.leaves(0)
    large = np.repeat(np.repeat(small, 5, axis=0), 5, axis=1)
    assert exposure.percentile(luma(large), 95) == pytest.approx(exposure.percentile(luma(small), 95), abs=0.01)
    assert exposure.blocked(large).share == pytest.approx(exposure.blocked(small).share, abs=0.01)
    assert exposure.blown(large).share == pytest.approx(exposure.blown(small).share, abs=0.01)
