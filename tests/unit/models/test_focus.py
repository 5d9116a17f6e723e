"""The network for patches looks at a large frame in smaller size, and speaks in pixels of the frame all the same."""

import dataclasses

import cv2
import numpy as np
import pytest

import scenes
from keepers.checks import CHECKS
from keepers.image import patches
from keepers.image.colour import luma
from keepers.models import zoo
from keepers.types import Patches, Rgb

FACE = (200.0, 100.0, 240.0, 300.0)
FOCUS = [name for name, check in CHECKS.items() if check.network == "focus"]


@pytest.fixture(scope="module")
def small() -> Rgb:
    return scenes.leaves(3, 600, patches.LONGEST // 2 + 100)


@pytest.fixture(scope="module")
def large(small: Rgb) -> Rgb:
    """The same in four times as many pixels; its means of 2 x 2 are the small one."""
    return np.ascontiguousarray(small.repeat(2, axis=0).repeat(2, axis=1))


def _seen(rgb: Rgb, times: float = 1.0, face: patches.Box = FACE) -> Patches:
    x, y, width, height = (times * value for value in face)
    seen = zoo.load_focus(zoo.packaged_focus()).look(rgb, luma(rgb), [(x, y, width, height)])
    assert seen is not None
    return seen


def test_a_large_frame_is_judged_as_the_same_picture_in_fewer_pixels(small: Rgb, large: Rgb) -> None:
    few, many = _seen(small), _seen(large, 2.0)
    np.testing.assert_allclose(many.blurred, few.blurred, atol=1e-3)
    np.testing.assert_allclose(many.moved, few.moved, atol=1e-3)
    np.testing.assert_allclose(many.major - few.major, 1.0, atol=1e-3)
    np.testing.assert_array_equal(many.places, 2 * few.places)
    assert (few.side, many.side) == (patches.SIDE, 2 * patches.SIDE)


def test_every_patch_lies_in_the_frame(large: Rgb) -> None:
    seen = _seen(large, 2.0)
    assert (seen.places >= 0).all() and (seen.places + seen.side <= large.shape[:2]).all()


def test_checks_say_the_same_of_both(small: Rgb, large: Rgb) -> None:
    few = dataclasses.replace(scenes.look(small), patches=_seen(small))
    many = dataclasses.replace(scenes.look(large), patches=_seen(large, 2.0))
    for name in FOCUS:
        one, other = CHECKS[name](few), CHECKS[name](many)
        assert one is not None and other is not None
        assert other.raw == pytest.approx(one.raw, abs=0.01)


def test_faces_come_first_and_leave_room_for_the_rest(small: Rgb) -> None:
    seen = _seen(small)
    on = np.flatnonzero(seen.on_face)
    assert seen.on_face[0] and len(on) >= 1 and len(seen) == patches.COUNT
    assert not seen.on_face.all()
    middle = seen.places[on] + seen.side / 2
    assert (middle >= (100, 200)).all() and (middle <= (400, 440)).all()


def test_a_speck_of_a_face_and_one_beyond_the_frame_change_nothing(small: Rgb) -> None:
    plain = zoo.load_focus(zoo.packaged_focus()).look(small, luma(small))
    assert plain is not None
    for face in ((300.0, 300.0, 20.0, 25.0), (5000.0, 10.0, 300.0, 300.0)):
        seen = _seen(small, face=face)
        np.testing.assert_array_equal(seen.places, plain.places)
        assert not seen.on_face.any()


def test_a_blurred_background_does_not_blur_the_face(small: Rgb) -> None:
    """The sharp face of a portrait makes it sharp; one that the lens missed makes a sharp background no worse."""
    soft, (x, y, width, height) = cv2.GaussianBlur(small, (0, 0), 5), (int(value) for value in FACE)
    box = np.s_[y : y + height, x : x + width]
    portrait, missed = soft.copy(), small.copy()
    portrait[box], missed[box] = small[box], soft[box]
    for name in FOCUS:
        raws = {}
        for title, rgb in (("portrait", portrait), ("soft", soft), ("missed", missed)):
            reading = CHECKS[name](dataclasses.replace(scenes.look(rgb), patches=_seen(rgb)))
            assert reading is not None
            raws[title] = reading.raw
        assert raws["portrait"] < min(0, raws["soft"] - 1) and raws["missed"] < raws["soft"]


def test_many_faces_share_and_one_half_outside_counts(small: Rgb) -> None:
    focus = zoo.load_focus(zoo.packaged_focus())
    row = [(120.0 * i, 200.0, 110.0, 130.0) for i in range(7)]
    seen = focus.look(small, luma(small), row)
    assert seen is not None and seen.on_face[: patches.FACE_PATCHES].any() and len(seen) == patches.COUNT
    half = focus.look(small, luma(small), [(-100.0, 200.0, 240.0, 300.0)])
    assert half is not None and half.on_face[0] and (half.places >= 0).all()


def test_a_panorama_keeps_patches() -> None:
    wide = np.ascontiguousarray(np.tile(scenes.leaves(), (1, 14, 1)))
    assert patches.reduced(wide)[0].shape[0] >= patches.SIDE
    assert len(_seen(wide)) == patches.COUNT
