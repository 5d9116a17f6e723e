"""Pixels are looked at once, and everything a check needs is there."""

from pathlib import Path

import numpy as np

import scenes
from keepers.pipeline.observe import boxes, observe
from keepers.types import CameraFacts, Face, Frame, Photo, PhotoFile, Source

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


def test_faces_are_where_they_are_in_the_frame_the_most_prominent_first() -> None:
    small = Face((100.0, 40.0, 120.0, 150.0), 0.9, prominence=0.6)
    large = Face((400.0, 80.0, 240.0, 300.0), 0.9, prominence=1.0)
    speck = Face((800.0, 10.0, 12.0, 14.0), 0.9, prominence=0.05)
    frame = Frame(scenes.leaves(0), 0.5)
    assert boxes((small, large, speck), frame) == [(200.0, 40.0, 120.0, 150.0), (50.0, 20.0, 60.0, 75.0)]
    assert boxes((), frame) == []
