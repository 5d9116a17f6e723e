"""From the sample's portraits to facts, and from facts to a comparison of frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from face_makers import SHUT, eye, face
from keepers import sample
from keepers.checks.people import eyes, sharpness
from keepers.models.faces import Faces
from keepers.pipeline.people import look, prominent, score_people
from keepers.types import Face, Frame, Photo, Rgb, Source

PICTURES = Path(sample.__file__).parent / "data"


@pytest.fixture(scope="module")
def stage() -> Faces:
    return Faces()


def seen(rgb: Rgb, stage: Faces, scale: float = 1.0) -> tuple[Face, ...]:
    height, width = (round(side / scale) for side in rgb.shape[:2])
    photo = Photo("0" * 32, Source(Path("a.jpg"), ()), width, height)
    return look(Frame(np.ascontiguousarray(rgb), scale), photo, stage)


def picture(name: str) -> Rgb:
    return np.ascontiguousarray(cv2.imread(str(PICTURES / f"{name}.jpg"))[..., ::-1])


def test_portraits_have_open_eyes_and_one_smiles(stage: Faces) -> None:
    (astronaut,), (admiral,) = seen(picture("astronaut"), stage), seen(picture("admiral"), stage)
    assert eyes(astronaut).state == eyes(admiral).state == "open"
    assert astronaut.smile > 0.6 > 0.2 > admiral.smile
    assert astronaut.prominence > 0.7 and 0.2 < astronaut.luma < 0.95 and astronaut.clipped < 0.2
    assert abs(astronaut.yaw) < 30 and abs(astronaut.pitch) < 25 and abs(astronaut.roll) < 20


def test_facts_are_in_native_pixels(stage: Faces) -> None:
    (at_full,), (at_half,) = seen(picture("admiral"), stage), seen(picture("admiral"), stage, scale=0.5)
    assert np.allclose(np.array(at_half.box), 2 * np.array(at_full.box), rtol=1e-3)
    assert at_half.frame_width == at_full.frame_width and at_half.right is not None and at_full.right is not None
    assert at_half.right.x == pytest.approx(2 * at_full.right.x) and len(at_half.right.outline) == 16


def test_a_mirrored_picture_swaps_the_eyes(stage: Faces) -> None:
    rgb = picture("admiral")
    (there,), (back,) = seen(rgb, stage), seen(rgb[:, ::-1], stage)
    assert there.right is not None and there.left is not None and back.left is not None
    assert there.right.x < there.left.x, "the person's right is at the left of the picture"
    assert back.left.x == pytest.approx(rgb.shape[1] - there.right.x, abs=4)
    assert back.yaw == pytest.approx(-there.yaw, abs=6) and back.pitch == pytest.approx(there.pitch, abs=6)


def test_blur_is_seen_in_the_eyes(stage: Faces) -> None:
    sharps = []
    for deviation in (0.5, 1.5, 3.0):
        (some,) = seen(np.asarray(cv2.GaussianBlur(picture("admiral"), (0, 0), deviation), np.uint8), stage)
        sharps.append(sharpness(some))
    assert all(value is not None for value in sharps) and sharps == sorted(sharps, reverse=True)  # type: ignore[type-var]


def test_people_are_numbered_from_the_left(stage: Faces) -> None:
    one, other = picture("astronaut")[20:260, 100:340], picture("admiral")[80:380, 120:420]
    pair = np.hstack([cv2.resize(other, (300, 300)), cv2.resize(one, (300, 300))])
    left, right = seen(pair, stage)
    assert left.box[0] < right.box[0] and right.smile > left.smile
    assert max(left.prominence, right.prominence) > 0.6


def test_the_middle_is_more_prominent_than_the_corner() -> None:
    middle, corner = prominent([face(x=440.0), face(x=0.0)], 1000, 250)
    assert middle.prominence > corner.prominence > 0.6
    assert prominent([], 10, 10) == ()


def test_open_eyes_smiles_and_sharpness_score_higher() -> None:
    best = score_people([face(smile=0.9)], 1000)
    assert best is not None and best.eyes == 1 and best.expression == 1 and best.people == 1
    for worse, part in (
        (face(SHUT), "eyes"),
        (face(grimace=0.9), "expression"),
        (face(right=eye(sharpness=-3.0), left=eye(sharpness=-3.0)), "sharpness"),
    ):
        other = score_people([worse], 1000)
        assert other is not None and getattr(other, part) < getattr(best, part)


def test_everybody_counts_and_the_closed_are_named() -> None:
    rows = [[face(SHUT if n < shut else (0.3, 0.1), x=200.0 * n) for n in range(4)] for shut in range(5)]
    scores = [score_people(row, 1000) for row in rows]
    values = [score.eyes for score in scores if score is not None]
    assert len(values) == 5 and values == sorted(values, reverse=True) and (values[0], values[-1]) == (1, 0)
    assert scores[2] is not None and scores[2].closed == (1, 2)


def test_a_laugh_is_no_blink_and_nobody_no_score() -> None:
    laugh, blink = score_people([face(SHUT, smile=0.9)], 1000), score_people([face(SHUT)], 1000)
    assert laugh is not None and blink is not None and laugh.eyes > blink.eyes and laugh.closed == ()
    assert score_people([], 1000) is None and score_people([face(width=10.0)], 1000) is None
