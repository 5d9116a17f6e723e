"""One rating out of all files of a photo."""

import os
from pathlib import Path

import pytest
from PIL import Image

from item_makers import LIGHTROOM, jpeg
from keepers.io.ratings import rating_of
from keepers.io.scan import scan
from keepers.types import Rating

HEAD = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:k="keepers:ns:1.0/" '
HEAD += b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:d="http://ns.adobe.com/xmp/1.0/DynamicMedia/" '


def packet(text: bytes) -> bytes:
    return HEAD + text + b"/></rdf:RDF>"


def rating(folder: Path, errors: list[tuple[Path, str]] | None = None) -> Rating:
    (source,) = scan([folder])
    return rating_of(source, None if errors is None else lambda path, sentence: errors.append((path, sentence)))


@pytest.mark.parametrize("name", ["IMG.xmp", "IMG.CR3.xmp", "img.XMP"])
def test_both_names_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "IMG.CR3").write_bytes(b"raw")
    (tmp_path / name).write_bytes(LIGHTROOM)
    assert rating(tmp_path) == Rating("keep", 4, "Blau", "person")


def test_nothing_is_said_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert rating(tmp_path) == Rating()


def test_of_two_sidecars_the_newer_counts(tmp_path: Path) -> None:
    (tmp_path / "IMG.CR3").write_bytes(b"raw")
    short, long = tmp_path / "IMG.xmp", tmp_path / "IMG.CR3.xmp"
    short.write_bytes(packet(b'd:pick="1" xmp:Label="Blue"'))
    long.write_bytes(packet(b'd:pick="-1" xmp:Rating="2"'))
    os.utime(short, ns=(10**18, 10**18))
    os.utime(long, ns=(2 * 10**18, 2 * 10**18))
    assert rating(tmp_path) == Rating("delete", 2, "Blue", "person")
    os.utime(short, ns=(3 * 10**18, 3 * 10**18))
    assert rating(tmp_path) == Rating("keep", 2, "Blue", "person")


def test_a_person_counts_before_the_machine_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=packet(b'xmp:Rating="5"')))
    (tmp_path / "a.xmp").write_bytes(packet(b'd:good="false" k:Verdict="delete" k:By="machine"'))
    assert rating(tmp_path).verdict == "keep"
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert rating(tmp_path).by is not None


def test_stars_of_exif_count_where_xmp_has_none(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x4746] = 2
    (tmp_path / "a.jpg").write_bytes(jpeg(exif=exif))
    assert rating(tmp_path) == Rating("maybe", 2, None, "person")
    (tmp_path / "a.jpg").write_bytes(jpeg(exif=exif, xmp=packet(b'xmp:Label="Red"')))
    assert rating(tmp_path) == Rating("maybe", 2, "Red", "person")
    (tmp_path / "a.jpg").write_bytes(jpeg(exif=exif, xmp=packet(b'xmp:Rating="5"')))
    assert rating(tmp_path) == Rating("keep", 5, None, "person")
    exif[0x4746] = 0
    (tmp_path / "a.jpg").write_bytes(jpeg(exif=exif))
    assert rating(tmp_path) == Rating(None, 0)


def test_what_cannot_be_read_is_told_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(xmp=b"no xml"))
    (tmp_path / "a.xmp").write_bytes(b"<!DOCTYPE a><a/>")
    (tmp_path / "a.jpg.xmp").write_bytes(b"")
    errors: list[tuple[Path, str]] = []
    assert rating(tmp_path, errors) == Rating()
    assert sorted(path.name for path, _ in errors) == ["a.jpg", "a.xmp"]
    assert all(sentence.endswith(".") and path.name in sentence for path, sentence in errors)
    assert rating(tmp_path) == Rating()


def test_a_photo_that_is_gone_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (source,) = scan([tmp_path])
    (tmp_path / "a.jpg").unlink()
    assert rating_of(source) == Rating()
