"""What must not change a signature, and what must."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import scenes
from keepers.image import signature
from keepers.image.colour import from_linear, luma, to_linear
from keepers.image.tiles import measure_tiles
from keepers.types import Rgb


def structure(rgb: Rgb) -> np.ndarray:
    code = np.frombuffer(signature.structure(signature.cells(luma(rgb))), np.int8).astype(float)
    return code / max(float(np.linalg.norm(code)), 1e-9)


def alike(one: Rgb, other: Rgb) -> float:
    return float(structure(one) @ structure(other))


def exposed(rgb: Rgb, ev: float) -> Rgb:
    return from_linear(to_linear(rgb) * 2.0**ev)


@pytest.mark.parametrize("scene", ["leaves", "page", "portrait"])
def test_structure_survives_exposure_and_size_and_tells_scenes_apart(scene: str) -> None:
    rgb, other = scenes.SCENES[scene](0), scenes.leaves(7)
    changed = [alike(rgb, exposed(rgb, ev)) for ev in (-3, -2, -1, 1)]
    half = cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert min(changed) > 0.85 and alike(rgb, half) > 0.95
    assert max(abs(alike(rgb, other)), 0.4) < min(changed)


def test_light_follows_the_exposure() -> None:
    rgb = scenes.darker(scenes.leaves(0), 0.5)
    grids = [signature.cells(luma(exposed(rgb, ev))) for ev in (-2, -1, 0, 1)]
    steps = np.diff([signature.light(grid) for grid in grids])
    assert np.all((steps > 0.7) & (steps < 1.3))


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_any_picture_has_a_signature(rgb: Rgb) -> None:
    grid = signature.cells(luma(rgb))
    assert len(signature.structure(grid)) == 256 and np.isfinite(signature.light(grid))
    assert len(signature.focus_map(measure_tiles(luma(rgb)))) == 64
    assert len(signature.fingerprint(rgb)) == 16 and 0 <= signature.hash_of(rgb) < 2**64


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 199), st.integers(0, 199), st.integers(0, 2), st.integers(1, 255))
def test_one_other_pixel_is_another_fingerprint(seed: int, y: int, x: int, channel: int, by: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    other = rgb.copy()
    other[y, x, channel] = (int(rgb[y, x, channel]) + by) % 256
    assert signature.fingerprint(rgb) == signature.fingerprint(rgb.copy()) != signature.fingerprint(other)
    assert signature.fingerprint(rgb) != signature.fingerprint(rgb.reshape(100, 400, 3))


def test_the_focus_map_shows_where_the_sharp_part_is() -> None:
    rgb = scenes.leaves(0)
    soft = scenes.blurred(rgb, 4)
    mixed = np.concatenate([rgb[:, :240], soft[:, 240:]], axis=1)
    codes = np.frombuffer(signature.focus_map(measure_tiles(luma(mixed))), np.uint8).reshape(8, 8)
    assert codes[:, :3].min() > codes[:, 5:].max()
    assert not any(signature.focus_map(measure_tiles(np.full((320, 480), 0.5, np.float32))))
