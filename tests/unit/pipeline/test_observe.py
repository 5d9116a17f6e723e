"""Pixels are looked at once, and everything a check needs is there."""

from pathlib import Path

import numpy as np

import scenes
from keepers.pipeline.observe import observe
from keepers.types import CameraFacts, Frame, Photo, PhotoFile, Source

PATH = Path("a.jpg")
PHOTO = Photo("0" * 32, Source(PATH, (PhotoFile(PATH, "image", 1, 1),)), 480, 320, CameraFacts(iso=800))


class FakeNetwork:
    def log_odds(self, rgb: np.ndarray) -> dict[str, float]:
        return {"blurred": float(rgb.mean())}

    def look_closely(self, rgb: np.ndarray, luma: np.ndarray, faces: object) -> None:
        return None


def test_evidence_is_complete() -> None:
    frame = Frame(scenes.leaves(0), 0.5)
    seen = observe(frame, PHOTO, FakeNetwork())
    assert seen.frame is frame and seen.camera.iso == 800
    assert seen.luma.shape == (320, 480) and seen.luma.dtype == np.float32
    assert seen.network == {"blurred": frame.rgb.mean()}
    assert np.isfinite(seen.tiles.sharpness).any() and seen.noise_sigma >= 0


def test_without_a_network_nothing_is_claimed_of_it() -> None:
    assert observe(Frame(scenes.leaves(0)), PHOTO, None).network == {}


def test_stages_are_charged_in_the_order_in_which_they_are_done() -> None:
    laps: list[str] = []
    observe(Frame(scenes.leaves(0)), PHOTO, FakeNetwork(), lap=laps.append)
    assert laps == ["tiles", "networks"]
