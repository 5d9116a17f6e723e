"""What a network is given: the very numbers of the formula, whichever way they are come by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.image.preprocess import normalise, to_input, to_square
from keepers.types import Rgb

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
NUMBERS = st.tuples(*[st.floats(1 / 64, 1, width=32)] * 3)


def formula(squares: Rgb, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    values = squares.astype(np.float32) / np.float32(255) - np.asarray(mean, np.float32)
    return np.moveaxis(values / np.asarray(std, np.float32), -1, -3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), NUMBERS, NUMBERS)
def test_a_table_gives_the_numbers_of_the_formula_bit_for_bit(
    seed: int, count: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    some = np.random.default_rng(seed).integers(0, 256, (count, 17, 23, 3), np.uint8)
    assert np.array_equal(normalise(some, mean, std), formula(some, mean, std))


def test_every_value_has_its_number() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None], 3, axis=2)
    for mean, std in (IMAGENET, HALF):
        out = normalise(ramp, mean, std)
        assert out.dtype == np.float32 and out.flags.c_contiguous
        assert np.array_equal(out, formula(ramp[None], mean, std))


@pytest.mark.parametrize("view", [lambda a: a[::2, ::3], lambda a: a[:, ::-1], lambda a: a[..., ::-1]])
def test_pixels_need_not_lie_in_a_row(view) -> None:
    rgb = view(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))
    assert np.array_equal(normalise(rgb, *IMAGENET), normalise(np.ascontiguousarray(rgb), *IMAGENET))


@pytest.mark.parametrize("shape", [(300, 500), (224, 224), (40, 900)])
def test_the_whole_way_is_its_two_steps(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    square = to_square(rgb, 256, 224)
    assert square.shape == (224, 224, 3)
    assert np.array_equal(to_input(rgb, 256, 224, *HALF), formula(square[None], *HALF))
