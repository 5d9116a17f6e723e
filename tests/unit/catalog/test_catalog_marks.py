"""Stars and colours: the latest counts, none is changed, all or none."""

import sqlite3
from pathlib import Path

import pytest

from frame_makers import shot
from keepers.catalog.db import Catalog
from keepers.catalog.marks import Mark
from keepers.errors import NotFound
from keepers.pipeline.policy import Wishes


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, str, str]:
    reports = [shot("a.jpg"), shot("b.jpg")]
    path = tmp_path / "catalog.db"
    with Catalog(path) as store:
        store.save(reports)
    one, other = (report.photo.id for report in reports if report.photo)
    return path, one, other


def test_the_latest_mark_counts_and_survives(photos: tuple[Path, str, str]) -> None:
    path, one, other = photos
    with Catalog(path) as store:
        store.mark([(one, Mark(3, "red")), (other, Mark(1))])
        store.mark([(one, Mark(5)), (other, Mark())])
    with Catalog(path) as store:
        assert store.marks() == {one: Mark(5)}


def test_an_unknown_photo_leaves_all_marks_as_they_were(photos: tuple[Path, str, str]) -> None:
    path, one, _ = photos
    with Catalog(path) as store:
        with pytest.raises(NotFound):
            store.mark([(one, Mark(2)), ("nobody", Mark(2))])
        assert store.marks() == {}


@pytest.mark.parametrize("later", [Mark(), Mark(1, "blue")])
def test_marks_stay_with_the_picture_when_another_program_writes_into_its_file(tmp_path: Path, later: Mark) -> None:
    facts = {"tile_sharpness": 0.5}
    old, new = (shot("a.jpg", pixels=content, facts=facts) for content in ("as it was", "with keywords"))
    assert old.photo and new.photo and old.photo.id != new.photo.id
    with Catalog(tmp_path / "catalog.db") as store:
        store.save([old])
        store.mark([(old.photo.id, Mark(4, "red"))])
        store.save([new])
        assert store.marks()[new.photo.id] == Mark(4, "red")
        store.mark([(new.photo.id, later)])
        store.save([new])
        assert store.marks().get(new.photo.id, Mark()) == later


@pytest.mark.parametrize("statement", ["DELETE FROM mark", "UPDATE mark SET stars = 0"])
def test_marks_are_only_added(photos: tuple[Path, str, str], statement: str) -> None:
    path, one, _ = photos
    with Catalog(path) as store:
        store.mark([(one, Mark(2))])
    with sqlite3.connect(path) as db, pytest.raises(sqlite3.IntegrityError, match="only added"):
        db.execute(statement)
    db.close()


def test_decisions_of_several_photos_are_all_or_none(photos: tuple[Path, str, str]) -> None:
    path, one, other = photos
    with Catalog(path) as store:
        store.decide([(one, "keep"), (other, "delete")])
        with pytest.raises(NotFound):
            store.decide([(one, None), ("nobody", "keep")])
        assert store.choices() == {one: "keep", other: "delete"}


def test_a_change_of_another_connection_is_noticed(photos: tuple[Path, str, str]) -> None:
    path, one, _ = photos
    with Catalog(path) as store, Catalog(path) as other:
        before = store.generation()
        store.choose(one, "keep")
        assert store.generation() == before
        other.choose(one, "maybe")
        assert store.generation() != before


def test_shoots_are_counted_by_their_folders(photos: tuple[Path, str, str]) -> None:
    path, one, _ = photos
    with Catalog(path) as store:
        store.save([shot("c.jpg", folder=Path("/shoot2")), shot("d.jpg", folder=Path("/shoot/inner"))])
        for folder in ("/shoot", "/shoot2", "/empty"):
            store.note_shoot(Path(folder), Wishes())
        store.choose(one, "keep")
        assert store.shoots() == [(Path("/empty"), 0, 0), (Path("/shoot"), 3, 1), (Path("/shoot2"), 1, 0)]
