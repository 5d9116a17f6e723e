import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.catalog import migrations
from keepers.catalog.db import Catalog
from keepers.errors import NotFound, Refused, StorageError, UnreadablePhoto
from keepers.pipeline.policy import Wishes
from keepers.types import CameraFacts, Measurement, Photo, PhotoFile, Report, Signature, Source

V1 = {"noise": "1", "tile_sharpness": "1"}


def make_source(path: str, size: int = 1000, mtime: int = 5, *others: PhotoFile) -> Source:
    return Source(Path(path), (PhotoFile(Path(path), "image", size, mtime), *others))


def make_report(source: Source, number: int = 1, **versions: str) -> Report:
    camera = CameraFacts(datetime(2024, 5, 6, 7, 8, 9, 250_000), "Maker", "Model", 100, 0.01, 2.8, 50.0, -0.5, 6)
    camera = replace(camera, serial="0042", utc_offset_min=-90, drive="bracket", burst="6E0A")
    photo = Photo(f"{number:032x}", source, 6000, 4000, camera)
    rows = tuple(Measurement(name, version, 0.5, "upper left") for name, version in sorted({**V1, **versions}.items()))
    return Report(source, photo, rows, model="resnet50-int8 3f2a91c0")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


def test_what_is_saved_is_loaded(path: Path) -> None:
    raw = PhotoFile(Path("/p/a.CR3"), "raw", 9, 9)
    known = make_report(make_source("/p/a.jpg", 1000, 5, raw))
    broken = Report(make_source("/p/b.jpg"), error="b.jpg is truncated.")
    with Catalog(path) as catalog:
        catalog.save([known, broken])
    with Catalog(path) as catalog:
        unknown = make_source("/p/c.jpg")
        assert catalog.load([broken.source, unknown, known.source]) == [broken, known]
        assert catalog.load([]) == []


texts = st.text(max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**62), 2**62)
bits = st.integers(0, 2**64 - 1)
blobs = st.binary(max_size=9)
signatures = st.builds(Signature, texts, blobs, bits, blobs, blobs, finite, blobs, st.none() | texts)


@st.composite
def reports(draw: st.DrawFn) -> list[Report]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        name = draw(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8))
        file = Path("/p") / f"{number}{name}.jpg"
        source = Source(file, (PhotoFile(file, "image", draw(whole), draw(whole)),))
        camera = draw(
            st.builds(
                CameraFacts,
                st.none() | st.datetimes(),
                st.none() | texts,
                st.none() | texts,
                st.none() | whole,
                *(st.none() | finite for _ in range(4)),
                st.integers(1, 8),
                st.none() | texts,
                st.none() | whole,
                st.sampled_from([None, "single", "continuous", "bracket"]),
                st.none() | texts,
            )
        )
        names = sorted(draw(st.sets(texts, max_size=4)))
        rows = tuple(Measurement(n, draw(texts), draw(st.none() | finite), draw(texts)) for n in names)
        photo = Photo(f"{number:032x}", source, draw(st.integers(1, 99_999)), draw(st.integers(1, 99_999)), camera)
        good = Report(source, photo, rows, model=draw(st.none() | texts), signature=draw(st.none() | signatures))
        made.append(draw(st.sampled_from([good, Report(source, error=draw(texts))])))
    return made


@settings(max_examples=50, deadline=None)
@given(reports())
def test_any_report_survives_the_round_trip(made: list[Report]) -> None:
    with Catalog(":memory:") as catalog:
        catalog.save(made)
        catalog.save(made)
        assert catalog.load([report.source for report in made]) == made


def test_only_what_is_new_changed_or_outdated_is_stale(path: Path) -> None:
    raw = PhotoFile(Path("/p/a.CR3"), "raw", 9, 9)
    source = make_source("/p/a.jpg", 1000, 5, raw)
    sidecar = PhotoFile(Path("/p/a.xmp"), "sidecar", 1, 1)
    with Catalog(path) as catalog:
        assert catalog.stale([source], V1) == [source]
        catalog.save([make_report(source)])
        assert catalog.stale([source], V1) == []
        assert catalog.stale([source], {}) == []
        assert catalog.stale([source], {"noise": "1"}) == []
        assert catalog.stale([replace(source, files=(*source.files, sidecar))], V1) == []
        for changed in (
            make_source("/p/a.jpg", 1001, 5, raw),
            make_source("/p/a.jpg", 1000, 6, raw),
            make_source("/p/a.jpg", 1000, 5),
            make_source("/p/a.jpg", 1000, 5, replace(raw, mtime_ns=10)),
            make_source("/q/a.jpg", 1000, 5, raw),
        ):
            assert catalog.stale([source, changed], V1) == [changed]
        assert catalog.stale([source], {**V1, "noise": "2"}) == [source]
        assert catalog.stale([source], {**V1, "new": "1"}) == [source]


def test_a_photo_without_a_current_signature_is_stale(path: Path) -> None:
    report = make_report(make_source("/p/a.jpg"))
    signed = replace(report, signature=Signature("1", b"p", 2**64 - 1, b"s", b"f", -2.5))
    with Catalog(path) as catalog:
        catalog.save([report])
        assert catalog.stale([report.source], {**V1, "signature": "1"}) == [report.source]
        catalog.save([signed])
        assert catalog.stale([report.source], {**V1, "signature": "1"}) == []
        assert catalog.stale([report.source], {**V1, "signature": "2"}) == [report.source]
        assert catalog.load([report.source]) == [signed]
        catalog.save([report])  # facts are replaced whole
        assert catalog.load([report.source]) == [report]


def test_a_catalog_from_before_groups_is_upgraded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:2])
        Catalog(path).close()
    old = sqlite3.connect(path)
    old.execute("INSERT INTO photo VALUES ('1', 6, 4, '2024-05-06', 'M', 'X', 100, .1, 2.8, 50, -.5, 6, 'net')")
    old.execute("INSERT INTO source VALUES ('/p/a.jpg', '1', NULL)")
    old.execute("INSERT INTO file VALUES ('/p/a.jpg', '/p/a.jpg', 'image', 1000, 5)")
    old.commit()
    old.close()
    source = make_source("/p/a.jpg")
    with Catalog(path) as catalog:
        (report,) = catalog.load([source])
        assert report.photo is not None and report.photo.camera.iso == 100 and report.model == "net"
        assert report.photo.camera.serial is None and report.signature is None
        assert catalog.stale([source], {"signature": "1"}) == [source]


def test_a_changed_photo_is_not_loaded_with_old_facts(path: Path) -> None:
    with Catalog(path) as catalog:
        catalog.save([make_report(make_source("/p/a.jpg"))])
        assert catalog.load([make_source("/p/a.jpg", 1001)]) == []


def test_an_unreadable_file_is_tried_again_only_when_it_changed(path: Path) -> None:
    source = make_source("/p/a.jpg")
    with Catalog(path) as catalog:
        catalog.save([Report(source, error="a.jpg is truncated.")])
        assert catalog.stale([source], V1) == []
        assert catalog.stale([make_source("/p/a.jpg", 2000)], V1) != []
        catalog.save([make_report(source)])
        assert catalog.load([source]) == [make_report(source)]


def test_new_facts_replace_old_ones_whole(path: Path) -> None:
    source = make_source("/p/a.jpg")
    with Catalog(path) as catalog:
        catalog.save([make_report(source, retired="1")])
        catalog.save([make_report(source)])
        assert [m.check for m in catalog.load([source])[0].measurements] == ["noise", "tile_sharpness"]


def test_two_copies_of_one_photo_share_their_facts(path: Path) -> None:
    first, second = make_source("/p/a.jpg"), make_source("/p/copy.jpg")
    with Catalog(path) as catalog:
        catalog.save([make_report(first), make_report(second)])
        assert [report.source for report in catalog.load([first, second])] == [first, second]


def identify_as(number: int) -> Callable[[Source], str]:
    return lambda source: f"{number:032x}"


def test_a_moved_photo_keeps_its_facts_and_choices(path: Path) -> None:
    old, new = make_source("/p/a.jpg", 1000, 5), make_source("/q/renamed.jpg", 1000, 99)
    with Catalog(path) as catalog:
        catalog.save([make_report(old)])
        catalog.choose(f"{1:032x}", "keep")
        assert catalog.adopt([new], identify_as(1)) == [new]
        assert catalog.stale([new], V1) == []
        (report,) = catalog.load([new])
        assert report.photo is not None
        assert catalog.choices() == {report.photo.id: "keep"}


def test_only_files_of_a_known_size_are_identified_by_content(path: Path) -> None:
    asked = []

    def identify(source: Source) -> str:
        asked.append(source.path.name)
        if source.path.name == "gone.jpg":
            raise UnreadablePhoto("gone.jpg is no longer there.")
        return "another photo"

    with Catalog(path) as catalog:
        catalog.save([make_report(make_source("/p/a.jpg", 1000))])
        others = [make_source(f"/q/{name}.jpg", size) for name, size in (("same", 1000), ("gone", 1000), ("not", 77))]
        assert catalog.adopt([make_source("/p/a.jpg", 1000), *others], identify) == []
        assert asked == ["same.jpg", "gone.jpg"]


def test_choices_are_only_ever_added(path: Path) -> None:
    photo = f"{1:032x}"
    with Catalog(path) as catalog:
        catalog.save([make_report(make_source("/p/a.jpg"))])
        catalog.choose(photo, "keep")
        catalog.choose(photo, "delete")
        assert catalog.choices() == {photo: "delete"}
        catalog.choose(photo, None)
        assert catalog.choices() == {}
    database = sqlite3.connect(path)
    assert [row[0] for row in database.execute("SELECT verdict FROM choice ORDER BY id")] == ["keep", "delete", None]
    for statement in ("DELETE FROM choice", "UPDATE choice SET verdict = 'keep'"):
        with pytest.raises(sqlite3.IntegrityError, match="only added"):
            database.execute(statement)
    database.close()


def test_choices_need_a_known_photo_and_a_verdict(path: Path) -> None:
    with Catalog(path) as catalog:
        with pytest.raises(NotFound, match="cull its folder first"):
            catalog.choose("f" * 32, "keep")
        with pytest.raises(Refused, match="choose one of keep, maybe, delete"):
            catalog.choose("f" * 32, "burn")  # type: ignore[arg-type]


def test_names_that_are_no_unicode_are_stored(path: Path) -> None:
    source = make_source("/p/caf\udce9.jpg")
    broken = Report(make_source("/p/\udcff.jpg"), error="\udcff.jpg is truncated.")
    with Catalog(path) as catalog:
        catalog.save([make_report(source), broken])
        assert catalog.load([source]) == [make_report(source)]
        assert catalog.load([broken.source])[0].error == "?.jpg is truncated."
        assert catalog.stale([source, broken.source], V1) == []


def test_several_threads_may_use_one_catalog(path: Path) -> None:
    with Catalog(path) as catalog:

        def work(number: int) -> None:
            source = make_source(f"/p/{number}.jpg")
            catalog.save([make_report(source, number)])
            assert len(catalog.load([source])) == 1

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(catalog.load([make_source(f"/p/{i}.jpg") for i in range(8)])) == 8


def test_a_large_shoot_loads_at_once(path: Path) -> None:
    many = [make_report(make_source(f"/p/{i}.jpg", i), i, **{f"check{k}": "1" for k in range(12)}) for i in range(2000)]
    with Catalog(path) as catalog:
        catalog.save(many)
        sources = [report.source for report in many]
        began = time.process_time()
        assert len(catalog.load(sources)) == 2000
        assert catalog.stale(sources, V1) == []
        assert time.process_time() - began < 1.0


# When the disk or the file fails


def test_a_full_disk_is_a_sentence_and_keeps_what_was_saved(path: Path) -> None:
    first = make_report(make_source("/p/first.jpg"), 0)
    with Catalog(path) as catalog:
        catalog.save([first])
        pages = catalog._db.execute("PRAGMA page_count").fetchone()[0]
        catalog._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match="The disk is full"):
            catalog.save([make_report(make_source(f"/p/{i}.jpg"), i) for i in range(1, 2000)])
        assert catalog.load([first.source]) == [first]
        catalog._db.execute("PRAGMA max_page_count = 100000")
        catalog.save([make_report(make_source("/p/1.jpg"), 1)])


def test_a_catalog_that_may_not_be_written_is_a_sentence(path: Path) -> None:
    with Catalog(path) as catalog:
        catalog._db.execute("PRAGMA query_only = ON")
        with pytest.raises(StorageError, match="cannot be opened for writing"):
            catalog.save([make_report(make_source("/p/a.jpg"))])


def test_a_place_where_no_catalog_can_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be created"):
        Catalog(tmp_path / "file" / "catalog.db")
    with pytest.raises(StorageError, match="cannot be opened for writing"):
        Catalog(tmp_path)


@pytest.mark.parametrize("damage", [b"this is no database at all" * 200, None])
def test_a_damaged_catalog_is_a_sentence(path: Path, damage: bytes | None) -> None:
    if damage is None:
        with Catalog(path) as catalog:
            catalog.save([make_report(make_source(f"/p/{i}.jpg"), i) for i in range(200)])
        whole_file = path.read_bytes()
        damage = whole_file[:4096] + b"\xa5" * (len(whole_file) - 4096)
    path.write_bytes(damage)
    with pytest.raises(StorageError, match=r"is damaged; restore a backup"), Catalog(path) as catalog:
        catalog.load([make_source("/p/1.jpg")])
        catalog.save([make_report(make_source("/p/1.jpg"))])


def test_a_catalog_in_use_is_a_sentence(path: Path) -> None:
    with Catalog(path) as catalog:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        catalog._db.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(StorageError, match="in use by another keepers"):
            catalog.save([make_report(make_source("/p/a.jpg"))])
        other.execute("ROLLBACK")
        other.close()
        catalog.save([make_report(make_source("/p/a.jpg"))])


def test_closing_twice_and_using_a_closed_catalog(path: Path) -> None:
    catalog = Catalog(path)
    catalog.close()
    catalog.close()
    with pytest.raises(StorageError):
        catalog.choices()


# Versions


def test_it_is_in_wal_mode_with_foreign_keys(path: Path) -> None:
    with Catalog(path) as catalog:
        values = [
            catalog._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 1, 1]


def test_an_older_catalog_is_upgraded_after_a_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = make_report(make_source("/p/a.jpg"))
    with Catalog(path) as catalog:
        catalog.save([report])
    version = len(migrations.MIGRATIONS)
    monkeypatch.setattr(
        migrations, "MIGRATIONS", (*migrations.MIGRATIONS, "CREATE TABLE later (x);\nCREATE TABLE more (x);")
    )
    with Catalog(path) as catalog:
        assert catalog.load([report.source]) == [report]
    (backup,) = path.parent.glob("*.backup")
    assert backup.name == f"catalog.db.v{version}.backup"
    assert _tables(path) - _tables(backup) == {"later", "more"}
    monkeypatch.undo()
    with Catalog(backup) as catalog:
        assert catalog.load([report.source]) == [report]
    with pytest.raises(Refused, match="made by a newer keepers; update keepers"):
        Catalog(path)


def test_a_failed_upgrade_leaves_the_catalog_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Catalog(path).close()
    steps = (*migrations.MIGRATIONS, "CREATE TABLE later (x);", "CREATE TABLE photo (again);")
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    for _ in range(2):
        with pytest.raises(StorageError):
            Catalog(path)
    assert "later" not in _tables(path)
    assert len(list(path.parent.glob("*.backup"))) == 2
    monkeypatch.undo()
    Catalog(path).close()


def _tables(path: Path) -> set[str]:
    database = sqlite3.connect(path)
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    return names


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.commit()
    database.close()
    before = path.read_bytes()
    with pytest.raises(Refused, match="is a database of another program"):
        Catalog(path)
    assert path.read_bytes() == before


def test_shoots_and_photos_are_known_without_the_disk(path: Path) -> None:
    catalog = Catalog(path)
    odd = make_source("/p/caf\udce9.jpg")
    pair = make_source("/p/b.jpg", 10, 5, PhotoFile(Path("/p/b.cr3"), "raw", 7, 5))
    catalog.save([make_report(odd, 1), make_report(pair, 2), Report(make_source("/p/bad.jpg"), error="It is damaged.")])
    catalog.note_shoot(Path("/p"), Wishes())
    catalog.note_shoot(Path("/caf\udce9"), Wishes("20%"))
    assert [folder for folder, _, _ in catalog.shoots()] == sorted([Path("/p"), Path("/caf\udce9")])
    stored = catalog.stored()
    assert {source.path: set(source.files) for source in stored} == {one.path: set(one.files) for one in (odd, pair)}
    assert [source.path for source in stored] == sorted(source.path for source in stored)
    assert len(catalog.load(stored)) == 2
    catalog.close()
