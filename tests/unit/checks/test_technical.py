"""Each technical check moves with its flaw, says where, and stays where nothing is wrong."""

import cv2
import numpy as np
import pytest

import scenes
from keepers.checks import CHECKS
from keepers.flaws import FLAWS, by_label
from keepers.types import Rgb


def raw(name: str, rgb: Rgb) -> float:
    reading = CHECKS[name](scenes.look(rgb))
    assert reading is not None
    return reading.raw


def worse(name: str, rgb: Rgb) -> float:
    return raw(name, rgb) if CHECKS[name].higher == "worse" else -raw(name, rgb)


TOLERANCE = 0.3

PAIRS = [
    (name, flaw.name)
    for name, check in CHECKS.items()
    if not check.network
    for label in check.flaws
    for flaw in by_label(label)
    # The study's remapping scrambles pixels, which leaves as much fine detail as there was: the network's to find.
    if flaw.name != "remap_shake"
]


@pytest.mark.parametrize(("check", "flaw"), PAIRS)
@pytest.mark.parametrize("make", [scenes.leaves, scenes.portrait])
def test_a_worse_flaw_measures_as_worse(check, flaw, make) -> None:
    clean = make(2)
    seeds = range(3)
    steps = [
        np.mean([worse(check, FLAWS[flaw](clean, np.random.default_rng(seed), severity)[0]) for seed in seeds])
        for severity in (0.0, 0.5, 1.0)
    ]
    if check == "shake_direction":  # a long shake crosses itself and loses its direction
        assert max(steps) > worse(check, clean)
        return
    assert worse(check, clean) <= steps[0] and worse(check, clean) < steps[2]
    # Paths of hands differ, and a ratio of fine to coarse detail bottoms out where both are gone.
    assert steps[0] <= steps[1] + TOLERANCE and steps[1] <= steps[2] + TOLERANCE


@pytest.mark.parametrize(("name", "code"), [("clipped_highlights", 255), ("blocked_shadows", 0)])
def test_the_note_says_where(name, code) -> None:
    picture = np.full((120, 180, 3), 128, np.uint8)
    picture[80:, 120:] = code
    reading = CHECKS[name](scenes.look(picture))
    assert reading is not None and reading.note == "11 % of the frame, lower right"


def test_the_sharpest_place_is_named() -> None:
    picture = np.asarray(cv2.GaussianBlur(scenes.leaves(0, 480, 720), (0, 0), 9), dtype=np.uint8)
    picture[:160, :240] = scenes.leaves(0, 480, 720)[:160, :240]
    reading = CHECKS["tile_sharpness"](scenes.look(picture))
    assert reading is not None and reading.note == "sharpest: upper left"


def test_high_key_is_brighter_but_not_clipped() -> None:
    scene = scenes.leaves(0)
    high_key = (200 + scene * (45 / 255)).astype(np.uint8)
    over, _ = FLAWS["overexposure"](scene, np.random.default_rng(0), 0.3)
    assert high_key.mean() > over.mean()
    for name in ("clipped_highlights", "bright_tones"):
        assert raw(name, high_key) < raw(name, over)


def test_low_key_keeps_a_bright_subject() -> None:
    low_key = (scenes.leaves(0) * 0.1).astype(np.uint8)
    low_key[100:180, 200:280] = scenes.leaves(0)[100:180, 200:280]
    under, _ = FLAWS["underexposure"](scenes.leaves(0), np.random.default_rng(0), 0.3)
    assert low_key.mean() < under.mean()
    assert raw("dark_tones", low_key) > raw("dark_tones", under)


def test_sharpness_of_a_plain_wall_is_no_fact() -> None:
    wall = scenes.look(np.full((200, 300, 3), 90, np.uint8))
    assert CHECKS["tile_sharpness"](wall) is None
    assert CHECKS["shake_direction"](wall) is None
