"""Checks that read the focus network: relations that must hold whatever it says."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from keepers.checks import CHECKS
from keepers.image import patches
from keepers.types import Evidence, Patches

LEAVES = scenes.look(scenes.leaves())
FOCUS = [name for name, check in CHECKS.items() if check.network == "focus"]


def _seen(evidence: Evidence, blurred: float, moved: float = 0.0, angle: float = 0.0, faces: int = 0) -> Evidence:
    places = patches.choose(evidence.luma)
    each = np.ones(len(places), np.float32)
    axis = np.tile(np.array([np.cos(2 * angle), np.sin(2 * angle)], np.float32), (len(places), 1))
    detail = patches.detail(evidence.luma, places)
    on_face = np.arange(len(places)) < faces
    said = Patches(places, patches.SIDE, detail, blurred * each, moved * each, each, 0 * each, axis, on_face)
    return dataclasses.replace(evidence, patches=said)


def _raw(name: str, evidence: Evidence) -> float:
    reading = CHECKS[name](evidence)
    assert reading is not None
    return reading.raw


@pytest.mark.parametrize("name", FOCUS)
def test_more_blur_reads_worse(name: str) -> None:
    evidence = scenes.look(scenes.leaves())
    raws = [_raw(name, _seen(evidence, blurred)) for blurred in (-6.0, -1.0, 2.0, 6.0)]
    assert raws == sorted(raws) and raws[0] < raws[-1]


def test_motion_speaks_for_shake_and_against_defocus() -> None:
    evidence = scenes.look(scenes.leaves())
    moving, still = _seen(evidence, 4.0, moved=3.0), _seen(evidence, 4.0, moved=-3.0)
    assert _raw("focus_shake", moving) > _raw("focus_shake", still)
    assert _raw("focus_defocus", moving) < _raw("focus_defocus", still)


def test_one_crisp_patch_counts_for_the_best() -> None:
    soft = _seen(scenes.look(scenes.leaves()), 4.0)
    assert soft.patches is not None
    some = soft.patches.blurred.copy()
    some[:2] = -6.0
    one = dataclasses.replace(soft, patches=dataclasses.replace(soft.patches, blurred=some))
    assert _raw("focus_best", one) < _raw("focus_best", soft) - 5
    assert _raw("focus_patches", one) > 0


@pytest.mark.parametrize("name", FOCUS)
def test_where_there_is_no_detail_nothing_is_said(name: str) -> None:
    plain = scenes.look(np.full((320, 480, 3), 90, np.uint8))
    assert CHECKS[name](_seen(plain, 5.0)) is None
    rng = np.random.default_rng(0)
    noisy = np.clip(90 + rng.normal(0, 8, (320, 480, 3)), 0, 255).astype(np.uint8)
    assert CHECKS[name](_seen(scenes.look(noisy), 5.0)) is None
    assert CHECKS[name](scenes.look(scenes.leaves())) is None


@pytest.mark.parametrize(
    ("angle", "word"), [(0.0, "horizontal"), (45.0, "falling"), (90.0, "vertical"), (135.0, "rising"), (178.0, "horiz")]
)
def test_the_direction_is_named(angle: float, word: str) -> None:
    reading = CHECKS["focus_shake"](_seen(scenes.look(scenes.leaves()), 5.0, 5.0, np.radians(angle)))
    assert reading is not None and word in reading.note


@settings(max_examples=60, deadline=None)
@given(
    logits=st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=12, max_size=12),
    faces=st.integers(0, 12),
)
def test_faces_acquit_and_never_condemn(logits: list[tuple[float, float]], faces: int) -> None:
    """A poster, or somebody who walks through the picture, must not cost a sharp photo."""
    plain = _seen(LEAVES, 0.0)
    assert plain.patches is not None and len(plain.patches) == 12
    blurred, moved = np.array(logits, np.float32).T
    on_face = np.arange(12) < faces
    said = dataclasses.replace(plain.patches, blurred=blurred, moved=moved)
    without = dataclasses.replace(plain, patches=said)
    with_faces = dataclasses.replace(plain, patches=dataclasses.replace(said, on_face=on_face))
    for name in FOCUS:
        assert _raw(name, with_faces) <= _raw(name, without)


@pytest.mark.parametrize("name", FOCUS)
def test_a_sharp_face_before_a_blurred_background_is_sharp(name: str) -> None:
    seen = _seen(LEAVES, 4.0, faces=2)
    assert seen.patches is not None
    blurred = np.where(seen.patches.on_face, np.float32(-4), seen.patches.blurred)
    portrait = dataclasses.replace(seen, patches=dataclasses.replace(seen.patches, blurred=blurred))
    assert _raw(name, portrait) <= -3.9 < _raw(name, seen)


def test_noise_is_measured_where_patches_are_cut() -> None:
    """Coarse noise, as of demosaicing and JPEG, fades less in a smaller frame than white noise would."""
    rng = np.random.default_rng(1)
    coarse = cv2.GaussianBlur(rng.normal(0, 12, (1300, 2000, 3)), (0, 0), 0.6)
    plain = scenes.look(np.clip(90 + coarse, 0, 255).astype(np.uint8))
    said = _seen(plain, 5.0).patches
    assert said is not None
    smaller, times = patches.reduced(plain.luma)
    assert times == 2
    large = dataclasses.replace(said, side=2 * patches.SIDE, detail=patches.detail(smaller, said.places // 2))
    assert all(CHECKS[name](dataclasses.replace(plain, patches=large)) is None for name in FOCUS)
