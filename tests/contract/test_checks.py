"""One body for every check in the registry."""

import math
import re

import numpy as np
import pytest

import scenes
from keepers.checks import CHECKS
from keepers.types import FLAWS, LABELS

EXTREMES = {
    "black": np.zeros((64, 96, 3), np.uint8),
    "white": np.full((64, 96, 3), 255, np.uint8),
    "one pixel": np.full((1, 1, 3), 77, np.uint8),
    "8 x 8": np.arange(192, dtype=np.uint8).reshape(8, 8, 3),
    "ribbon": np.random.default_rng(0).integers(0, 256, (50, 4000, 3), dtype=np.uint8),
    "column": np.random.default_rng(0).integers(0, 256, (4000, 3, 3), dtype=np.uint8),
    "noise": np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8),
    "one red channel": np.dstack([np.full((64, 96), 255), np.zeros((64, 96)), np.zeros((64, 96))]).astype(np.uint8),
}


@pytest.mark.parametrize("name", CHECKS)
def test_it_explains_itself(name) -> None:
    check = CHECKS[name]
    assert check.name == name and re.fullmatch(r"[a-z][a-z_]*", name)
    assert len(check.doc) > 60, "unit, range and source of the raw value belong into the docstring"
    assert check.sentence and not check.sentence.endswith(".")
    assert set(check.flaws) <= set(FLAWS)
    assert check.higher in ("worse", "better") and check.version


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("name", CHECKS)
def test_extreme_frames_give_a_finite_number_or_none(name, extreme) -> None:
    reading = CHECKS[name](scenes.look(EXTREMES[extreme], dict.fromkeys(LABELS[1:], -3.0)))
    assert reading is None or (math.isfinite(reading.raw) and abs(reading.raw) < 30)


@pytest.mark.parametrize("name", CHECKS)
def test_the_same_picture_gives_the_same_fact_and_stays_as_it_is(name) -> None:
    picture = scenes.leaves(1).copy()
    network = dict.fromkeys(LABELS[1:], -3.0)
    first = CHECKS[name](scenes.look(picture, network))
    assert first == CHECKS[name](scenes.look(picture, network))
    assert np.array_equal(picture, scenes.leaves(1))
