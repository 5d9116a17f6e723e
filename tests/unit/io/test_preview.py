"""Embedded previews: found, upright, of the photo's shape, and never a reason to fail."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.errors import PhotoError
from keepers.io import preview
from keepers.io.decode import read
from keepers.types import PhotoFile, Source
from preview_makers import jpeg, with_exif, with_mpf

RED, GREEN, BLUE = (200, 20, 20), (20, 180, 20), (20, 20, 200)


def plain(width: int, height: int, colour=RED) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def stored(folder: Path, data: bytes, name: str = "a.jpg") -> Source:
    path = folder / name
    path.write_bytes(data)
    return Source(path, (PhotoFile(path, "image", len(data), 1),))


def colour_of(rgb: np.ndarray) -> str:
    return "rgb"[int(rgb.reshape(-1, 3).mean(axis=0).argmax())]


def test_the_preview_is_shown_and_the_picture_is_not_decoded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(preview, "read", lambda *_: pytest.fail("the whole photo was decoded"))
    photo = jpeg(plain(1200, 800))
    small = with_exif(photo, jpeg(plain(160, 120, GREEN)))
    found, frame = preview.glimpse(stored(tmp_path, small))
    assert colour_of(frame.rgb) == "g" and (found.width, found.height) == (1200, 800) and frame.origin == "preview"
    # A preview of the MPF is larger than the thumbnail, and preferred.
    _, frame = preview.glimpse(stored(tmp_path, with_mpf(small, jpeg(plain(960, 640, BLUE)))))
    assert colour_of(frame.rgb) == "b" and min(frame.rgb.shape[:2]) >= preview.SHORT
    # The second view of a stereo pair is no preview.
    _, frame = preview.glimpse(stored(tmp_path, with_mpf(small, jpeg(plain(960, 640, BLUE)), kind=0x020002)))
    assert colour_of(frame.rgb) == "g"


def test_bars_around_a_thumbnail_are_left_out(tmp_path: Path) -> None:
    thumb = np.zeros((120, 160, 3), np.uint8)
    thumb[7:113] = GREEN  # 3:2 in 4:3
    _, frame = preview.glimpse(stored(tmp_path, with_exif(jpeg(plain(1200, 800)), jpeg(thumb))))
    assert frame.rgb.shape[1] / frame.rgb.shape[0] == pytest.approx(1.5, rel=0.03)
    assert frame.rgb[..., 1].min() > 60


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_it_is_upright_as_the_whole_photo_is(tmp_path: Path, orientation: int) -> None:
    rough = np.random.default_rng(3).integers(0, 255, (4, 6, 3), np.uint8)
    big = np.kron(rough, np.ones((100, 100, 1), np.uint8))
    source = stored(tmp_path, with_exif(jpeg(big), jpeg(big[::5, ::5]), orientation))
    (photo, quick), (known, whole) = preview.glimpse(source), read(source)
    assert (photo.width, photo.height, photo.camera) == (known.width, known.height, known.camera)
    again = cv2.resize(whole.rgb, quick.rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    assert np.abs(again.astype(float) - quick.rgb).mean() < 30  # edges apart, which one of both smooths


def test_where_there_is_none_the_photo_is_read_small(tmp_path: Path) -> None:
    photo, frame = preview.glimpse(stored(tmp_path, jpeg(plain(1600, 1200, GREEN))))
    assert (photo.width, photo.height) == (1600, 1200)
    assert max(frame.rgb.shape) <= preview.LONG and frame.scale == pytest.approx(frame.rgb.shape[1] / 1600)


def test_the_provisional_id_is_the_same_for_the_same_file_alone(tmp_path: Path) -> None:
    one, other = stored(tmp_path, jpeg(plain(300, 200))), stored(tmp_path, jpeg(plain(300, 201)), "b.jpg")
    photo, _ = preview.glimpse(one)
    assert photo.id == preview.quick_id(one.path) != preview.quick_id(other.path)
    assert photo.id != read(one)[0].id and len(photo.id) == 32


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 900), value=st.integers(0, 255), end=st.integers(1, 1000))
def test_damage_never_surprises(place: int, value: int, end: int, tmp_path_factory) -> None:
    data = bytearray(with_mpf(with_exif(jpeg(plain(64, 48)), jpeg(plain(32, 24, GREEN), 30)), jpeg(plain(48, 36), 30)))
    data[place % len(data)] = value
    source = stored(tmp_path_factory.getbasetemp(), bytes(data[: max(2, len(data) * end // 1000)]), "damaged.jpg")
    try:
        _, frame = preview.glimpse(source)
    except PhotoError as error:
        assert "damaged.jpg" in str(error)
    else:
        assert frame.rgb.dtype == np.uint8 and frame.rgb.ndim == 3
