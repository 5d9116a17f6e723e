"""Faces come back as they were stored, go with their photo, and are measured again by new networks."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from face_makers import SHUT, face
from keepers.catalog.db import Catalog
from keepers.catalog.migrations import MIGRATIONS, migrate
from keepers.types import Eye, Face, Measurement, Photo, PhotoFile, Report, Source

FACES = (face(), face(SHUT, x=300.0, yaw=-3.25, smile=0.1 + 0.2), face(right=None, left=None, frame_width=12.0))


def report(root: Path, *faces: Face, version: str = "1+faces a") -> Report:
    path = root / "a.jpg"
    path.write_bytes(b"a")
    stat = path.stat()
    source = Source(path, (PhotoFile(path, "image", stat.st_size, stat.st_mtime_ns),))
    fact = Measurement("closed_eyes", version, 1.5)
    return Report(source, Photo("0" * 32, source, 1000, 800), (fact,), faces=faces)


def test_they_come_back_to_the_last_bit(tmp_path: Path) -> None:
    some = report(tmp_path, *FACES)
    with Catalog(tmp_path / "c.db") as store:
        store.save([some])
        (back,) = store.load([some.source])
    assert back.faces == FACES


def test_only_outlines_are_left_out_where_nothing_is_drawn(tmp_path: Path) -> None:
    def bare(eye: Eye | None) -> Eye | None:
        return None if eye is None else replace(eye, outline=())

    eye = Eye(1.5, -2.0, 1e-9, 0.1 + 0.2, 0.25, 0.5, None, ((1.0, 2.0), (3.25, -4.0)), None)
    other = face(right=replace(eye, outline=()), left=replace(eye, sharpness=-1.5, detail=-0.5))
    some = report(tmp_path, *FACES, face(right=eye, left=eye), other)
    with Catalog(tmp_path / "c.db") as store:
        store.save([some])
        (back,) = store.load([some.source], outlines=False)
        (seen,) = store.glimpse([some.source])
    assert back == replace(some, faces=tuple(replace(f, right=bare(f.right), left=bare(f.left)) for f in some.faces))
    assert seen == replace(some, measurements=(), faces=())


def test_they_are_replaced_whole(tmp_path: Path) -> None:
    with Catalog(tmp_path / "c.db") as store:
        store.save([report(tmp_path, *FACES)])
        fewer = report(tmp_path, FACES[1])
        store.save([fewer])
        (back,) = store.load([fewer.source])
        assert back.faces == (FACES[1],)
        store.save([replace(fewer, faces=())])
        assert store.load([fewer.source])[0].faces == ()


def test_new_networks_look_again(tmp_path: Path) -> None:
    some = report(tmp_path, *FACES)
    with Catalog(tmp_path / "c.db") as store:
        store.save([some])
        assert store.stale([some.source], {"closed_eyes": "1+faces a"}) == []
        assert store.stale([some.source], {"closed_eyes": "1+faces b"}) == [some.source]


def test_an_old_catalog_is_upgraded_and_looked_at_again(tmp_path: Path) -> None:
    some = report(tmp_path)
    path = tmp_path / "c.db"
    before = next(n for n, step in enumerate(MIGRATIONS) if "CREATE TABLE face" in step)
    old = sqlite3.connect(path, isolation_level=None)
    migrate(old, path, MIGRATIONS[:before])
    old.close()
    with Catalog(path) as store:
        assert store.stale([some.source], {"closed_eyes": "1+faces a"}) == [some.source]
        store.save([replace(some, faces=FACES)])
        assert store.load([some.source])[0].faces == FACES
    assert list(tmp_path.glob("*.backup"))
