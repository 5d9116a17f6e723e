"""The networks find the faces of the sample shoot, and none in its coffee."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

import scenes
from keepers import sample
from keepers.errors import ModelError
from keepers.models import faces as module
from keepers.models.faces import DATA, DETECTOR, MESH, MOST, SCORES, Detection, Faces, merged, name_of
from keepers.types import Rgb

PICTURES = Path(sample.__file__).parent / "data"


@pytest.fixture(scope="module")
def stage() -> Faces:
    return Faces()


def picture(name: str, long_side: int | None = None) -> Rgb:
    rgb = cv2.imread(str(PICTURES / f"{name}.jpg"))[..., ::-1]
    if long_side is not None:
        factor = long_side / max(rgb.shape[:2])
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        rgb = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how)
    return np.ascontiguousarray(rgb)


@pytest.mark.parametrize("name", ["astronaut", "admiral"])
@pytest.mark.parametrize("long_side", [200, 600, 1500])
def test_one_face_is_found_at_every_size(stage: Faces, name: str, long_side: int) -> None:
    rgb = picture(name, long_side)
    (found,) = stage.find(rgb)
    _, y, width, height = found.box / long_side * 512
    assert found.confidence > 0.8 and found.presence > 0.9
    assert 60 < width < 200 and 0.9 < height / width < 1.6 and y < 256
    assert found.mesh.shape == (478, 3) and tuple(found.scores) == SCORES
    inside = (found.mesh[:, :2] > found.box[:2] - 0.3 * found.box[2:]).all()
    assert inside and (found.mesh[:, :2] < found.box[:2] + 1.3 * found.box[2:]).all()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_face_that_fills_the_picture_is_found_once(stage: Faces, share: float) -> None:
    x, y, width, height = stage.find(picture("astronaut"))[0].box
    margin = (1 / share - 1) / 2
    left, top = int(x - margin * width), int(y - margin * height)
    close = picture("astronaut")[top : int(y + (1 + margin) * height), left : int(x + (1 + margin) * width)]
    (found,) = stage.find(cv2.resize(close, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC))
    assert found.presence > 0.9 and found.scores["eyeBlinkLeft"] < 0.4 and found.scores["mouthSmileLeft"] > 0.5


@pytest.mark.parametrize("name", ["cat", "coffee", "raccoon", "rocket"])
def test_animals_and_things_are_nobody(stage: Faces, name: str) -> None:
    assert stage.find(picture(name)) == []


DOT, RIBBON = np.zeros((1, 1, 3), np.uint8), np.zeros((20, 700, 3), np.uint8)


@pytest.mark.parametrize("rgb", [scenes.leaves(0), scenes.page(0), DOT, RIBBON])
def test_no_face_is_an_empty_answer(stage: Faces, rgb: Rgb) -> None:
    assert stage.find(rgb) == []


def test_all_threads_share_one_instance(stage: Faces) -> None:
    pictures = [picture("astronaut"), picture("admiral")] * 4
    alone = [stage.find(rgb)[0] for rgb in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda rgb: stage.find(rgb)[0], pictures))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.mesh, other.mesh) and one.scores == other.scores


def test_only_the_largest_of_a_crowd_get_a_mesh(stage: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    one = picture("astronaut")[40:200, 140:300]
    crowd = np.hstack([np.hstack([one, np.zeros((160, 60, 3), np.uint8)])] * 4)
    found = stage.find(np.ascontiguousarray(crowd))
    assert len(found) == 4 and sum(len(face.mesh) > 0 for face in found) == 2 and MOST == 20


def test_large_faces_come_from_the_small_view_and_once_only() -> None:
    def at(x: float, width: float, confidence: float = 0.7) -> Detection:
        return Detection(np.array([x, 0, width, width], np.float32), confidence, np.zeros((5, 2), np.float32))

    fine = [at(0, 20), at(30, 30), at(110, 200), at(400, 300)]
    both = merged(fine, [at(100, 220), at(0, 24)], large=100)
    assert [face.box[2] for face in both] == [220, 20, 30]


def test_the_name_follows_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    assert name_of(folder) == name_of()
    (folder / MESH).write_bytes((folder / MESH).read_bytes() + b" ")
    assert name_of(folder) != name_of()


@pytest.mark.parametrize("file", [DETECTOR, MESH])
def test_a_missing_or_damaged_file_is_a_model_error(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    (folder / file).write_bytes(b"nothing")
    with pytest.raises(ModelError, match=file):
        Faces(folder)
    (folder / file).unlink()
    with pytest.raises(ModelError, match=file):
        name_of(folder)


def test_a_group_is_looked_at_once_more_and_larger(stage: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int] = []
    look = Faces._in_view

    def noting(self: Faces, view: Rgb, long_side: int) -> list[Detection]:
        sides.append(max(view.shape[:2]))
        return look(self, view, long_side)

    monkeypatch.setattr(Faces, "_in_view", noting)
    one = picture("astronaut")[20:220, 120:320]
    small = cv2.resize(one, (120, 120), interpolation=cv2.INTER_AREA)
    for people, expected in ((1, [960, 320]), (4, [960, 1280, 320])):
        sides.clear()
        scene = np.full((1400, 1400, 3), 90, np.uint8)
        for n in range(people):
            scene[600:720, 200 + 250 * n : 320 + 250 * n] = small
        found = stage.detect(scene)
        assert (len(found), sides) == (people, expected)
