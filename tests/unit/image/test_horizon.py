"""A horizon is found where there is one, as steep as it is, and nothing is said where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.flaws import FLAWS
from keepers.image.colour import luma
from keepers.image.composition import view
from keepers.image.horizon import Horizon, horizon
from keepers.types import Rgb
from scenes import grainy, leaves, portrait, sea


def tilted(rgb: Rgb, degrees: float) -> Rgb:
    return FLAWS["tilt"].apply(rgb, {"degrees": degrees})


def found(rgb: Rgb) -> Horizon | None:
    return horizon(view(luma(rgb)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("degrees", [-8.0, -3.0, -1.0, 0.0, 0.5, 2.0, 5.0, 10.0])
def test_the_tilt_of_a_sea_is_found(seed: int, degrees: float) -> None:
    line = found(grainy(tilted(sea(seed), degrees), 0.02))
    assert line is not None and line.degrees == pytest.approx(degrees, abs=0.4)
    assert 0.5 <= line.confidence <= 1 and 0 < line.middle < 1


@settings(max_examples=20, deadline=None)
@given(st.floats(-9, 9), st.integers(0, 5))
def test_mirrored_pictures_tilt_the_other_way(degrees: float, seed: int) -> None:
    picture = tilted(sea(seed), degrees)
    one, other = found(picture), found(np.ascontiguousarray(picture[:, ::-1]))
    assert one is not None and other is not None
    assert one.degrees == pytest.approx(-other.degrees, abs=0.3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [leaves, portrait])
def test_nothing_is_said_where_nothing_is_level(make, seed: int) -> None:
    assert found(make(seed)) is None


def test_a_slope_too_steep_noise_and_a_frame_are_no_horizon() -> None:
    assert found(tilted(sea(0), 25.0)) is None
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert found(noise) is None
    framed = leaves(0).copy()
    framed[:3] = framed[-3:] = 0
    assert found(framed) is None
