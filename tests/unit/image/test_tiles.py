"""Sharpness is a relation: it falls with blur and little else."""

import itertools

import numpy as np
import pytest

import scenes
from keepers.image.colour import luma
from keepers.image.tiles import measure_tiles, pooled, tile_size
from keepers.types import Rgb


def worst(rgb: Rgb) -> float:
    both = pooled(measure_tiles(luma(rgb)))
    assert both is not None
    return both[0]


def spread(rgb: Rgb) -> float:
    both = pooled(measure_tiles(luma(rgb)))
    assert both is not None
    return both[1] - both[0]


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
@pytest.mark.parametrize("seed", [0, 1])
def test_more_blur_is_less_sharp(make, seed) -> None:
    values = [worst(scenes.blurred(make(seed), sigma)) for sigma in (0, 0.6, 0.9, 1.3, 2.0, 3.0)]
    assert all(a > b for a, b in itertools.pairwise(values)), values


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
def test_shake_in_any_direction_is_less_sharp(make, degrees) -> None:
    sharp = make(0)
    assert (
        worst(sharp) - 0.5 > worst(scenes.smeared(sharp, 7, degrees)) > worst(scenes.smeared(sharp, 21, degrees)) - 0.3
    )


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
def test_shake_has_a_direction(make) -> None:
    assert spread(scenes.smeared(make(0), 13, 20)) > spread(make(0)) + 0.3


@pytest.mark.parametrize("make", [scenes.leaves, scenes.portrait])
def test_blur_has_none_where_edges_run_in_all_directions(make) -> None:
    assert spread(scenes.smeared(make(0), 13, 20)) > spread(scenes.blurred(make(0), 2.5)) + 0.3


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
@pytest.mark.parametrize(
    "change",
    [lambda x: scenes.flatter(x, 0.4), lambda x: scenes.darker(x, 0.5), lambda x: 255 - x, lambda x: x[:, ::-1]],
    ids=["fog", "half as bright", "negative", "mirrored"],
)
def test_contrast_brightness_and_side_change_little(make, change) -> None:
    sharp, soft = make(0), scenes.blurred(make(0), 2.0)
    between = worst(sharp) - worst(soft)
    for picture in (sharp, soft):
        assert worst(np.ascontiguousarray(change(picture))) == pytest.approx(worst(picture), abs=0.2 * between)


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
@pytest.mark.parametrize("deviation", [0.01, 0.03, 0.06])
def test_noise_does_not_make_a_blurred_photo_sharp(make, deviation) -> None:
    sharp, soft = worst(make(0)), worst(scenes.blurred(make(0), 2.5))
    noisy = worst(scenes.grainy(scenes.blurred(make(0), 2.5), deviation))
    assert noisy < (sharp + soft) / 2


@pytest.mark.parametrize("make", scenes.SCENES.values(), ids=scenes.SCENES)
def test_noise_does_not_make_a_sharp_photo_blurred(make) -> None:
    sharp, soft = worst(make(0)), worst(scenes.blurred(make(0), 2.5))
    assert worst(scenes.grainy(make(0), 0.02)) > (sharp + soft) / 2


def test_one_sharp_subject_is_enough() -> None:
    sharp, soft = worst(scenes.leaves(0)), worst(scenes.blurred(scenes.leaves(0), 8))
    assert worst(scenes.portrait(0)) > sharp - 0.3 * (sharp - soft)


def test_an_enlarged_photo_is_less_sharp() -> None:
    small = scenes.leaves(0)
    assert worst(np.repeat(np.repeat(scenes.blurred(small, 1), 2, 0), 2, 1)) < worst(small)


def test_plain_tiles_are_not_judged() -> None:
    picture = np.full((320, 480, 3), 120, np.uint8)
    picture[:160, :240] = scenes.leaves(0)[:160, :240]
    sharpness = measure_tiles(luma(picture)).sharpness
    rows, columns = sharpness.shape
    assert np.isfinite(sharpness[: rows // 2 - 1, : columns // 2 - 1]).mean() > 0.8
    assert np.isnan(sharpness[rows // 2 + 1 :]).all()


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 300), (33, 47), (50, 4000), (427, 640)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_frames_of_any_shape_have_tiles_without_sharpness(shape, value) -> None:
    tiles = measure_tiles(np.full(shape, value, np.float32))
    assert tiles.sharpness.size >= 1
    assert tiles.sharpness.shape == tiles.detail.shape == tiles.anisotropy.shape
    assert tiles.sharpness.dtype == tiles.detail.dtype == np.float32
    assert np.isnan(tiles.sharpness).all()
    assert pooled(tiles) is None


def test_ranges() -> None:
    tiles = measure_tiles(luma(scenes.leaves(0)))
    assert np.nanmin(tiles.sharpness) >= 0 and np.nanmax(tiles.sharpness) < 2
    assert tiles.anisotropy.min() >= 0 and tiles.anisotropy.max() <= 1
    assert tiles.detail.min() >= 0 and 0.05 < tiles.detail.max() < 0.5


def test_stripes_are_anisotropic_and_noise_is_not() -> None:
    stripes = np.tile(np.sin(np.arange(480) / 2).astype(np.float32) / 4 + 0.5, (320, 1))
    noise = np.random.default_rng(0).normal(0.5, 0.1, (320, 480)).astype(np.float32)
    assert measure_tiles(stripes, 0.0).anisotropy.min() > 0.95
    assert measure_tiles(noise, 0.0).anisotropy.max() < 0.4


@pytest.mark.parametrize(("shape", "size"), [((427, 640), 40), ((683, 1024), 64), ((2000, 3000), 128), ((20, 30), 20)])
def test_tiles_grow_with_the_frame(shape, size) -> None:
    assert tile_size(*shape) == size
