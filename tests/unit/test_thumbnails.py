"""Thumbnails that a cull leaves on its way are those that the review page shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keepers.app.measuring import Run, photos_in
from keepers.app.review import pictures
from keepers.app.review.pictures import Pictures
from keepers.io import thumbs
from keepers.io.decode import read
from keepers.settings import settings
from keepers.types import Opinion


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for number in range(3):
        rough = rng.integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(rough).resize((800, 600)).save(folder / f"{number}.jpg")
    return folder


def test_the_page_shows_what_a_cull_left_and_decodes_nothing(shoot: Path, tmp_path: Path, monkeypatch) -> None:
    cache = tmp_path / "cache"
    run = Run(settings(model="none", workers=2, catalog=tmp_path / "c.db"), cache)
    reports = list(run.score(photos_in(shoot)[0]))
    assert all("encode" in report.timings for report in reports)
    monkeypatch.setattr(pictures.Uploads, "ask", lambda *_: pytest.fail("a photo was decoded again"))
    store = Pictures(cache)
    for report in reports:
        shown = store.get(Opinion(report, None), "thumb", shoot)
        with Image.open(shown) as image:
            assert max(image.size) == thumbs.SIDE
            small = np.asarray(image.convert("RGB").resize((40, 30)), float)
        with Image.open(report.source.path) as whole:
            assert np.abs(small - np.asarray(whole.resize((40, 30)), float)).mean() < 12
    store.close()


def test_nothing_is_kept_unless_asked_for(shoot: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KEEPERS_CACHE", str(tmp_path / "cache"))
    assert all(r.error is None for r in Run(settings(model="none", workers=1)).score(photos_in(shoot)[0]))
    assert not list((tmp_path / "cache").rglob("*.jpg"))  # engines that were tried are remembered there


def test_one_that_is_there_stays_and_a_folder_that_cannot_be_written_costs_nothing(shoot: Path, tmp_path: Path) -> None:
    photo, frame = read(photos_in(shoot)[0][0])
    target = thumbs.place(tmp_path, photo.id)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"made earlier")
    thumbs.keep(tmp_path, photo, frame)
    assert target.read_bytes() == b"made earlier"
    (tmp_path / "file").write_text("no folder")
    thumbs.keep(tmp_path / "file", photo, frame)


def test_the_store_is_kept_below_its_limit_and_the_latest_stay(tmp_path: Path) -> None:
    import os

    for number in range(10):
        target = thumbs.place(tmp_path, f"{number:032x}")
        thumbs.put(target, bytes(1000))
        os.utime(target, (number, number))
    pictures.tidy(tmp_path, limit=10_000)
    assert len(list(tmp_path.rglob("*.jpg"))) == 10
    pictures.tidy(tmp_path, limit=5_000)
    assert [p.stem[:32] for p in sorted(tmp_path.rglob("*.jpg"))] == [f"{n:032x}" for n in (6, 7, 8, 9)]
