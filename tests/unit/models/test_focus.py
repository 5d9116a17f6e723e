"""The network for patches looks at a large frame in smaller size, and speaks in pixels of the frame all the same."""

import dataclasses

import numpy as np
import pytest

import scenes
from keepers.checks import CHECKS
from keepers.image import patches
from keepers.image.colour import luma
from keepers.models import zoo
from keepers.types import Patches, Rgb


@pytest.fixture(scope="module")
def small() -> Rgb:
    return scenes.leaves(3, 600, patches.LONGEST // 2 + 100)


@pytest.fixture(scope="module")
def large(small: Rgb) -> Rgb:
    """The same in four times as many pixels; its means of 2 x 2 are the small one."""
    return np.ascontiguousarray(small.repeat(2, axis=0).repeat(2, axis=1))


def _seen(rgb: Rgb) -> Patches:
    seen = zoo.load_focus(zoo.packaged_focus()).look(rgb, luma(rgb))
    assert seen is not None
    return seen


def test_a_large_frame_is_judged_as_the_same_picture_in_fewer_pixels(small: Rgb, large: Rgb) -> None:
    few, many = _seen(small), _seen(large)
    np.testing.assert_allclose(many.blurred, few.blurred, atol=1e-3)
    np.testing.assert_allclose(many.moved, few.moved, atol=1e-3)
    np.testing.assert_allclose(many.major - few.major, 1.0, atol=1e-3)
    np.testing.assert_array_equal(many.places, 2 * few.places)
    assert (few.side, many.side) == (patches.SIDE, 2 * patches.SIDE)


def test_every_patch_lies_in_the_frame(large: Rgb) -> None:
    seen = _seen(large)
    assert (seen.places >= 0).all() and (seen.places + seen.side <= large.shape[:2]).all()


def test_checks_say_the_same_of_both(small: Rgb, large: Rgb) -> None:
    few = dataclasses.replace(scenes.look(small), patches=_seen(small))
    many = dataclasses.replace(scenes.look(large), patches=_seen(large))
    for name in (name for name, check in CHECKS.items() if check.network == "focus"):
        one, other = CHECKS[name](few), CHECKS[name](many)
        assert one is not None and other is not None
        assert other.raw == pytest.approx(one.raw, abs=0.01)
