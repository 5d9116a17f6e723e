"""A photo taken again: what was drawn shows in the picture, and the truth says so."""

import dataclasses

import numpy as np
import pytest

from keepers.dataset import capture
from keepers.dataset.capture import KINDS, MOODS, Recipe, draw, flaws_of, take
from keepers.flaws import depth, psf
from keepers.flaws.light import Response, develop, scene
from keepers.image import patches
from keepers.image.colour import luma
from keepers.image.tiles import measure_tiles, pooled
from scenes import leaves

PLAIN = Response()


def _recipe(kind: str, **changes: object) -> Recipe:
    return dataclasses.replace(Recipe(kind, seed=3, long_side=480, response=PLAIN), **changes)  # type: ignore[arg-type]


def _sharpness(rgb: np.ndarray) -> float:
    worst = pooled(measure_tiles(luma(rgb)))
    assert worst is not None
    return worst[0]


@pytest.mark.parametrize("contrast", [0.0, 0.4, 1.0])
def test_a_right_exposure_gives_the_picture_back(contrast: float) -> None:
    rgb, response = leaves(), Response(contrast=contrast, quality=100)
    again = develop(scene(rgb, response), response, 0.0, np.random.default_rng(0))
    assert np.abs(luma(again) - luma(rgb)).mean() < 0.005  # JPEG halves the colours


def test_restored_highlights_are_brighter_than_white() -> None:
    light = scene(np.full((4, 4, 3), 255, np.uint8), Response(headroom=5.0))
    assert light.max() == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize("kind", sorted(capture.WHOLE))
def test_more_blur_is_less_sharp_and_truer(kind: str) -> None:
    made = [take(leaves(), _recipe(kind, sigma=sigma)) for sigma in (0.8, 2.0, 5.0)]
    sharpness, truth = [_sharpness(rgb) for rgb, _ in made], [true.sigma for _, true in made]
    assert sharpness == sorted(sharpness, reverse=True) and truth == sorted(truth)
    assert all(true.motion == (kind == "shake") for _, true in made)


def test_a_blurred_background_leaves_the_subject_sharp() -> None:
    _, truth = take(leaves(), _recipe("bokeh", sigma=4.0, share=0.2))
    assert truth.sigma == 0.0 and truth.spread[0].min() < 1.0 < 8.0 < truth.spread[0].max()


def test_missed_focus_blurs_the_subject_only() -> None:
    _, truth = take(leaves(), _recipe("missed_focus", sigma=4.0, share=0.2))
    assert np.median(truth.spread[0]) < 1.0 < 8.0 < truth.spread[0].max()


@pytest.mark.parametrize("ev", [-2.0, 2.0])
def test_exposure_moves_brightness(ev: float) -> None:
    plain, _ = take(leaves(), _recipe("clean"))
    moved, truth = take(leaves(), _recipe("clean", ev=ev))
    assert (moved.mean() > plain.mean()) == (ev > 0) and truth.ev == ev


def test_a_reduction_shrinks_blur_with_the_picture() -> None:
    full, whole = take(leaves(), _recipe("defocus", sigma=4.0))
    half, smaller = take(leaves(), _recipe("defocus", sigma=4.0, response=Response(scale=0.5)))
    assert half.shape[0] * 2 == full.shape[0]
    assert smaller.spread[0].max() == pytest.approx(whole.spread[0].max() / 4, rel=0.05)
    assert smaller.sigma == pytest.approx(whole.sigma, rel=0.05)


def test_a_squeezed_picture_has_a_squeezed_blur() -> None:
    squeezed, truth = take(leaves(), _recipe("defocus", sigma=4.0, response=Response(squeeze=0.6)))
    assert squeezed.shape[1] == round(0.6 * leaves().shape[1]) and truth.stretch == pytest.approx(1 / 0.6, rel=0.02)
    assert truth.spread[0].max() == pytest.approx(0.36 * truth.spread[1].max(), rel=0.2)
    assert "distorted" in (flaws_of(truth) or ())


def test_enlarging_and_smoothing_are_no_blur() -> None:
    for response in (Response(scale=1.4), Response(smoothing=1.0)):
        soft, truth = take(leaves(), _recipe("clean", response=response))
        assert flaws_of(truth) == () and truth.spread.max() < 1.0
        assert _sharpness(soft) < _sharpness(leaves())


@pytest.mark.parametrize("mood", MOODS)
def test_a_mood_is_no_wrong_exposure(mood: str) -> None:
    rgb, truth = take(leaves(), _recipe("clean", mood=mood))
    assert truth.ev == 0.0 and truth.mood == mood and rgb.shape == leaves().shape


def test_all_kinds_are_drawn_and_repeat_by_seed() -> None:
    recipes = [draw(np.random.default_rng(seed), 1024) for seed in range(400)]
    assert {recipe.kind for recipe in recipes} == set(KINDS)
    assert recipes[7] == draw(np.random.default_rng(7), 1024)
    first, second = take(leaves(), recipes[7]), take(leaves(), recipes[7])
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1].spread, second[1].spread)


@pytest.mark.parametrize("radius", [0.3, 0.8, 2.0, 9.0])
@pytest.mark.parametrize("blades", [0, 6])
def test_a_disc_spreads_by_half_its_radius(radius: float, blades: int) -> None:
    kernel = psf.lens(radius, blades)
    spread = psf.spread_of(kernel)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    # A regular hexagon is a little smaller than the circle around it.
    assert np.sqrt(spread.xx) == pytest.approx(radius / 2, rel=0.2, abs=0.16)
    assert spread.xx == pytest.approx(spread.yy, rel=0.1) and abs(spread.xy) < 0.1 * spread.xx + 0.01


@pytest.mark.parametrize("angle", [0.0, 0.7, 1.57])
def test_a_line_spreads_along_itself(angle: float) -> None:
    spread = psf.spread_of(psf.line(20.0, angle))
    direction = 0.5 * np.arctan2(2 * spread.xy, spread.xx - spread.yy)
    assert np.cos(2 * (direction - angle)) > 0.99
    assert spread.xx + spread.yy == pytest.approx(20.0**2 / 12, rel=0.15)


def test_a_hand_leaves_as_much_light_as_it_took() -> None:
    light = np.full((40, 60, 3), 0.4, np.float32)
    for seed in range(5):
        kernel = psf.hand(np.random.default_rng(seed), 12.0, 0.3)
        assert np.allclose(psf.blurred(light, kernel), 0.4, atol=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_subject_covers_about_its_share(share: float) -> None:
    shares = [depth.subject(np.random.default_rng(seed), (300, 450), share).mean() for seed in range(12)]
    assert np.median(shares) == pytest.approx(share, rel=0.4)


def test_patches_lie_on_detail_and_apart() -> None:
    rgb = np.full((600, 900, 3), 128, np.uint8)
    rgb[100:420, 300:780] = leaves()
    places = patches.choose(luma(rgb))
    assert len(places) == patches.COUNT
    overlap = [(top + 96 > 100 and top < 420 and left + 96 > 300 and left < 780) for top, left in places]
    assert np.mean(overlap) > 0.9
    distances = np.abs(places[:, None] - places[None]).max(axis=2)[~np.eye(len(places), dtype=bool)]
    assert distances.min() >= patches.SIDE / 2
    assert patches.cut(rgb, places).shape == (patches.COUNT, 96, 96, 3)


@pytest.mark.parametrize("shape", [(95, 400), (96, 96), (97, 200)])
def test_small_frames_have_few_patches_or_none(shape: tuple[int, int]) -> None:
    places = patches.choose(luma(leaves(0, *shape)))
    assert (len(places) == 0) == (min(shape) < patches.SIDE)
    assert all(top + 96 <= shape[0] and left + 96 <= shape[1] for top, left in places)


def test_a_person_would_call_it_so() -> None:
    assert flaws_of(take(leaves(), _recipe("clean"))[1]) == ()
    assert flaws_of(take(leaves(), _recipe("bokeh", sigma=4.0))[1]) == ()
    assert flaws_of(take(leaves(), _recipe("shake", sigma=4.0, ev=-2.0))[1]) == ("camera_shake", "underexposed")
    assert flaws_of(take(leaves(), _recipe("defocus", sigma=4.0))[1]) == ("blurred",)
    assert flaws_of(take(leaves(), _recipe("missed_focus", sigma=4.0))[1]) is None


def test_what_is_grave_is_a_flaw_and_a_flaw_need_not_be_grave() -> None:
    rng, mild, grave = np.random.default_rng(3), 0, 0
    rgb = np.asarray(np.kron(rng.integers(0, 255, (24, 32, 3)), np.ones((10, 10, 1))), np.uint8)
    for _ in range(60):
        _, truth = capture.take(rgb, capture.draw(rng, 320))
        flaws, worst = capture.flaws_of(truth), capture.flaws_of(truth, capture.GRAVE)
        if flaws is None:
            continue
        assert worst is not None and set(worst) <= set(flaws)
        mild, grave = mild + (len(worst) < len(flaws)), grave + bool(worst)
    assert mild and grave
