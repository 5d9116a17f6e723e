"""Faces from file to answer: the sample's portraits always, labelled and unlabelled photos where they are there."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from keepers import app, sample
from keepers.app.schema import to_json
from keepers.types import Opinion

PICTURES = Path(sample.__file__).parent / "data"
STATES = {"eyes", "eyes_unknown", "left_eye", "right_eye"}
KEYS = {"person", "box", "width", "presence", *STATES, "smile", "prominence", "sharpness"}


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for name in ("astronaut", "admiral", "cat"):
        shutil.copy(PICTURES / f"{name}.jpg", folder)
    return folder


def faces(opinion: Opinion) -> list[dict[str, object]]:
    answer = to_json(opinion)
    return list(json.loads(json.dumps(answer))["faces"])


def test_faces_are_measured_once_and_come_back_the_same(shoot: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.db"
    first = app.cull(shoot, catalog=catalog, workers=1, model="none")
    second = app.cull(shoot, catalog=catalog, workers=1, model="none")
    assert (first.measured, second.measured) == (3, 0)
    assert [o.report.faces for o in first.opinions] == [o.report.faces for o in second.opinions]
    admiral, astronaut, cat = (faces(o) for o in second.opinions)
    assert cat == [] and len(admiral) == len(astronaut) == 1
    (face,) = astronaut
    assert set(face) == KEYS and face["person"] == 1
    assert (face["eyes"], face["left_eye"], face["right_eye"]) == ("open", "open", "open")
    assert face["smile"] > 0.6 > 0.3 > admiral[0]["smile"]  # type: ignore[operator]
    left, top, width, height = face["box"]  # type: ignore[misc]
    assert 130 < left < left + width < 320 and 30 < top < top + height < 230
    assert {o.verdict.flaws["closed_eyes"] < 0.2 for o in second.opinions if o.verdict} == {True}


def test_the_figure_has_the_faces(shoot: Path, tmp_path: Path) -> None:
    from PIL import Image

    photo, catalog = shoot / "astronaut.jpg", tmp_path / "catalog.db"
    for name in ("faces", "shadows"):
        app.picture(photo, tmp_path / f"{name}.png", layers=[name], catalog=catalog, model="none")
    drawn, plain = (Image.open(tmp_path / f"{name}.png").tobytes() for name in ("faces", "shadows"))
    assert drawn != plain


@pytest.mark.shared
def test_labelled_eyes_are_mostly_right(shared: Path) -> None:
    folder = shared / "eval" / "eyes_whole_faces"
    rows = list(csv.DictReader((folder / "MANIFEST.csv").read_text(encoding="utf-8").splitlines()))
    some = [row for label in ("closed", "open") for row in [r for r in rows if r["label"] == label][:14]]
    opinions = app.assess([folder / row["file"] for row in some], model="none", workers=2)
    states: dict[str, list[object]] = {"closed": [], "open": []}
    for row, opinion in zip(some, opinions, strict=True):
        largest = max(faces(opinion), key=lambda face: face["width"])  # type: ignore[arg-type, return-value]
        states[row["label"]].append(largest["eyes"])
        assert opinion.verdict is not None
    assert states["closed"].count("closed") >= 12 and states["closed"].count("open") <= 1
    assert states["open"].count("open") >= 12 and states["open"].count("closed") <= 1


@pytest.mark.shared
def test_photos_without_people_have_none(shared: Path) -> None:
    photos = sorted((shared / "photos" / "general").glob("bokeh_*.jpg"))[:14]
    assert sum(bool(opinion.report.faces) for opinion in app.assess(photos, model="none", workers=2)) <= 1
