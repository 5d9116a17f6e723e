"""The sample shoot is what it says it is."""

import csv
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keepers import sample
from keepers.errors import Refused, StorageError
from keepers.types import FLAWS


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "shoot"
    sample.make(out)
    return out


def _rows(shoot: Path) -> list[dict[str, str]]:
    with (shoot / sample.LABELS_FILE).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _taken(path: Path) -> datetime:
    with Image.open(path) as image:
        details = image.getexif().get_ifd(0x8769)
    whole = datetime.strptime(details[0x9003], "%Y:%m:%d %H:%M:%S")
    return whole + timedelta(seconds=float("0." + details[0x9291]))


def test_two_dozen_photos_are_listed_as_they_lie_there(shoot: Path) -> None:
    names = sorted(path.name for path in shoot.glob("*.JPG"))
    assert len(names) == 24
    assert [row["file"] for row in _rows(shoot)] == names


def test_every_flaw_and_good_frames_of_every_picture_are_there(shoot: Path) -> None:
    rows = _rows(shoot)
    # Nobody can make eyes close.
    assert {row["label"] for row in rows} == {"original", *FLAWS} - {"closed_eyes"}
    assert {row["picture"] for row in rows if row["label"] == "original"} == {row["picture"] for row in rows}


def test_bursts_are_fractions_of_a_second_apart(shoot: Path) -> None:
    bursts: dict[str, list[datetime]] = {}
    for row in _rows(shoot):
        if row["burst"] and not row["duplicate_of"]:
            bursts.setdefault(row["burst"], []).append(_taken(shoot / row["file"]))
    assert len(bursts) >= 4
    for times in bursts.values():
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert gaps and all(0 < gap < 1 for gap in gaps)


def test_frames_of_a_burst_differ_and_only_the_duplicate_is_identical(shoot: Path) -> None:
    contents: dict[bytes, list[str]] = {}
    for path in sorted(shoot.glob("*.JPG")):
        contents.setdefault(path.read_bytes(), []).append(path.name)
    same = [names for names in contents.values() if len(names) > 1]
    copies = [[row["duplicate_of"], row["file"]] for row in _rows(shoot) if row["duplicate_of"]]
    assert same == copies


def test_exif_says_that_no_camera_took_it(shoot: Path) -> None:
    for path in shoot.glob("*.JPG"):
        with Image.open(path) as image:
            assert image.getexif()[0x0131] == "keepers sample"


def test_the_same_bytes_come_out_every_time(shoot: Path, tmp_path: Path) -> None:
    again = sample.make(tmp_path / "again")
    assert [path.read_bytes() for path in again] == [(shoot / path.name).read_bytes() for path in again]


def test_a_flaw_leaves_the_size_of_its_frame_alone(shoot: Path) -> None:
    sizes: dict[str, set[tuple[int, int]]] = {}
    for row in _rows(shoot):
        with Image.open(shoot / row["file"]) as image:
            sizes.setdefault(row["picture"], set()).add(image.size)
            assert np.asarray(image).dtype == np.uint8
    assert all(len(found) == 1 for found in sizes.values())


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="not an empty folder"):
        sample.make(tmp_path)
    with pytest.raises(Refused):
        sample.make(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert len(sample.make(tmp_path)) == 24


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be written"):
        sample.make(tmp_path / "file" / "shoot")


def test_the_pictures_are_small_and_each_stands_in_notice() -> None:
    pictures = [entry for entry in files("keepers.sample").joinpath("data").iterdir() if entry.name.endswith(".jpg")]
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    assert sum(len(entry.read_bytes()) for entry in pictures) < 3_000_000
    assert {entry.name for entry in pictures} == {f"{shot.picture}.jpg" for shot in sample.SHOTS}
    for entry in pictures:
        assert entry.name in notice
