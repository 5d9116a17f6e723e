"""Choices and the ratings of other programs: what is news, what stays, in which order, and after which upgrade."""

import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keepers.catalog import migrations, ratings
from keepers.catalog.db import Catalog
from keepers.catalog.ratings import Word, stamp
from keepers.errors import NotFound, Refused
from keepers.types import Measurement, Photo, PhotoFile, Report, Source, VerdictName

PHOTO = f"{1:032x}"


def make_source(name: str = "/p/a.jpg", size: int = 1000, mtime: int = 5, sidecar: int | None = None) -> Source:
    files = [PhotoFile(Path(name), "image", size, mtime)]
    if sidecar is not None:
        files.append(PhotoFile(Path(name).with_suffix(".xmp"), "sidecar", 10, sidecar))
    return Source(Path(name), tuple(files))


def make_report(source: Source, photo: str = PHOTO, raw: float = 0.5) -> Report:
    facts = (Measurement("noise", "1", raw), Measurement("tile_sharpness", "1", None))
    return Report(source, Photo(photo, source, 60, 40), facts, model="net")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path: Path):
    with Catalog(path) as made:
        made.save([make_report(make_source())])
        yield made


def word(verdict: VerdictName | None, mark: bytes = b"x", withdrawn: bool = False) -> Word:
    return Word(Photo(PHOTO, make_source(), 60, 40), mark, verdict, withdrawn)


def choice(catalog: Catalog) -> VerdictName | None:
    return catalog.choices().get(PHOTO)


class TestNews:
    def test_a_word_of_another_program_is_a_choice_once(self, catalog: Catalog) -> None:
        assert catalog.hear([word("keep")]) == 1 and choice(catalog) == "keep"
        assert catalog.hear([word("keep")]) == 0

    def test_an_old_word_does_not_override_a_later_choice(self, catalog: Catalog) -> None:
        catalog.hear([word("keep")])
        catalog.choose(PHOTO, "delete")
        assert catalog.hear([word("keep", b"y")]) == 0 and choice(catalog) == "delete"

    def test_a_new_word_does(self, catalog: Catalog) -> None:
        catalog.hear([word("keep")])
        catalog.choose(PHOTO, "delete")
        assert catalog.hear([word("maybe", b"y")]) == 1 and choice(catalog) == "maybe"

    def test_what_keepers_wrote_itself_is_no_news(self, catalog: Catalog) -> None:
        catalog.choose(PHOTO, "keep")
        catalog.will_write([(PHOTO, "keep")])
        catalog.choose(PHOTO, "delete")
        assert catalog.hear([word("keep")]) == 0 and choice(catalog) == "delete"
        assert catalog.hear([word("maybe", b"y")]) == 1
        assert catalog.hear([word("keep", b"z")]) == 1 and choice(catalog) == "keep"

    def test_a_flag_that_is_taken_away_takes_back_what_came_from_there_only(self, catalog: Catalog) -> None:
        catalog.hear([word("keep")])
        assert catalog.hear([word(None, b"y", withdrawn=True)]) == 1 and choice(catalog) is None
        catalog.choose(PHOTO, "maybe")
        assert catalog.hear([word(None, b"z", withdrawn=True)]) == 0 and choice(catalog) == "maybe"

    def test_a_photo_without_a_word_takes_nothing_back(self, catalog: Catalog) -> None:
        catalog.hear([word("keep")])
        assert catalog.hear([word(None, b"y")]) == 0 and choice(catalog) == "keep"

    def test_the_same_flag_set_again_after_it_was_taken_away_is_news(self, catalog: Catalog) -> None:
        catalog.hear([word("keep"), word(None, b"y"), word(None, b"z", withdrawn=True)])
        assert catalog.hear([word("keep", b"w")]) == 1 and choice(catalog) == "keep"


class TestReading:
    def test_a_state_of_files_is_read_once(self, catalog: Catalog) -> None:
        assert catalog.unread([(PHOTO, b"x"), (PHOTO, b"y")]) == [0, 1]
        catalog.hear([word(None, b"x")])
        assert catalog.unread([(PHOTO, b"x"), (PHOTO, b"y")]) == [1]

    def test_files_that_could_not_be_read_are_read_again(self, catalog: Catalog) -> None:
        catalog.hear([replace(word(None), stamp=None)])
        assert catalog.unread([(PHOTO, b"x")]) == [0]

    def test_files_as_they_were_hold_nothing_that_was_written(self, catalog: Catalog) -> None:
        catalog.hear([word(None, b"x")])
        catalog.choose(PHOTO, "keep")
        catalog.will_write([(PHOTO, "keep")])  # and then undone
        catalog.unread([(PHOTO, b"x")])
        catalog.choose(PHOTO, "delete")
        assert catalog.hear([word("keep", b"y")]) == 1

    def test_the_stamp_changes_with_any_file_and_not_with_the_folder(self) -> None:
        first = stamp(make_source())
        assert stamp(make_source("/elsewhere/a.jpg")) == first
        others = (make_source(mtime=6), make_source(size=9), make_source(sidecar=1), make_source("/p/b.jpg"))
        assert len({first, *map(stamp, others), stamp(make_source(sidecar=2))}) == 6
        assert stamp(make_source("/p/caf\udce9.jpg"))


class TestTheSamePicture:
    def test_choices_stay_with_a_picture_whose_file_was_changed(self, catalog: Catalog) -> None:
        catalog.choose(PHOTO, "keep")
        other = f"{2:032x}"
        catalog.save([make_report(make_source(size=1100, mtime=9), other)])
        assert catalog.choices()[other] == "keep"
        catalog.choose(other, None)
        catalog.save([make_report(make_source())])  # and back again
        assert catalog.choices() == {}

    def test_another_picture_under_the_same_name_is_not_chosen(self, catalog: Catalog) -> None:
        catalog.choose(PHOTO, "keep")
        other = f"{2:032x}"
        catalog.save([make_report(make_source(size=1100), other, raw=0.4)])
        assert other not in catalog.choices()

    def test_what_was_heard_stays_too(self, catalog: Catalog) -> None:
        catalog.hear([word("keep")])
        other = f"{2:032x}"
        catalog.save([make_report(make_source(size=1100), other)])
        catalog.choose(other, "delete")
        said = Word(Photo(other, make_source(), 60, 40), b"y", "keep")
        assert catalog.hear([said]) == 0 and catalog.choices()[other] == "delete"

    def test_a_photo_that_keepers_wrote_into_is_not_measured_again(self, catalog: Catalog) -> None:
        changed = make_source(size=1100, mtime=9)
        versions = {"noise": "1", "tile_sharpness": "1"}
        assert catalog.stale([changed], versions) == [changed]
        catalog.renew([*changed.files, PhotoFile(Path("/p/unknown.jpg"), "image", 1, 1)])
        assert catalog.stale([changed], versions) == [] and len(catalog.load([changed])) == 1


class TestChoosing:
    def test_several_photos_are_chosen_together_or_not_at_all(self, catalog: Catalog) -> None:
        with pytest.raises(NotFound):
            catalog.choose([PHOTO, "f" * 32], "keep")
        assert catalog.choices() == {}
        catalog.choose([PHOTO, PHOTO], "keep")
        assert catalog.choices() == {PHOTO: "keep"}

    def test_the_latest_choice_counts_though_the_clock_was_set_back(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Clock(datetime):
            years = iter((2031, 2024, 1999))

            @classmethod
            def now(cls, tz=None) -> datetime:
                return datetime(next(cls.years), 1, 1, tzinfo=UTC)

        monkeypatch.setattr(ratings, "datetime", Clock)
        catalog.choose(PHOTO, "keep")
        catalog.choose(PHOTO, "delete")
        assert choice(catalog) == "delete"
        catalog.hear([word("maybe")])
        assert choice(catalog) == "maybe"

    def test_two_programs_choose_at_once(self, path: Path, catalog: Catalog) -> None:
        with Catalog(path) as other:

            def work(mine: Catalog, verdict: VerdictName) -> None:
                for _ in range(20):
                    mine.choose(PHOTO, verdict)

            threads = [threading.Thread(target=work, args=args) for args in ((catalog, "keep"), (other, "delete"))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert other.choices() == catalog.choices()
        assert catalog._db.execute("SELECT count(*) FROM choice").fetchone() == (40,)
        assert catalog._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class TestUpgrade:
    @pytest.fixture
    def old(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A catalog of version 1 with a photo and a choice."""
        monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        with Catalog(path) as made:
            made._db.execute("INSERT INTO photo (id, width, height, orientation) VALUES (?, 60, 40, 1)", (PHOTO,))
            made._db.execute("INSERT INTO choice (photo, verdict, made_at) VALUES (?, 'delete', 'then')", (PHOTO,))
        monkeypatch.undo()
        return path

    def test_choices_of_an_old_catalog_are_those_of_a_person(self, old: Path) -> None:
        with Catalog(old) as catalog:
            assert catalog.choices() == {PHOTO: "delete"}
            assert catalog._db.execute("SELECT origin FROM choice").fetchall() == [("person",)]
            assert catalog.hear([word("keep")]) == 1
        (backup,) = old.parent.glob("*.v1.backup")
        database = sqlite3.connect(backup)
        assert database.execute("SELECT verdict FROM choice").fetchall() == [("delete",)]
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        database.close()

    def test_an_older_keepers_refuses_the_new_catalog(self, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Catalog(old).close()
        monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        with pytest.raises(Refused, match="made by a newer keepers"):
            Catalog(old)

    def test_choices_are_still_only_added(self, old: Path) -> None:
        with Catalog(old) as catalog, pytest.raises(sqlite3.IntegrityError, match="only added"):
            catalog._db.execute("UPDATE choice SET origin = 'xmp'")
