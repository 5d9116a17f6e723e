import os
import sys
from pathlib import Path

import pytest

from keepers.errors import NotFound
from keepers.io.scan import content_id, scan
from keepers.types import Source


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def shape(sources: list[Source], root: Path) -> dict[str, list[str]]:
    return {s.path.relative_to(root).as_posix(): [f.path.name for f in s.files] for s in sources}


def test_raw_jpeg_and_sidecar_of_one_stem_are_one_photo_judged_by_the_jpeg(tmp_path: Path) -> None:
    make(tmp_path, "IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp", "IMG_1.CR3.xmp")
    (source,) = scan([tmp_path])
    assert source.path.name == "IMG_1.JPG"
    assert [(f.path.name, f.role) for f in source.files] == [
        ("IMG_1.JPG", "image"),
        ("IMG_1.CR3", "raw"),
        ("IMG_1.CR3.xmp", "sidecar"),
        ("IMG_1.xmp", "sidecar"),
    ]
    assert source.files[0].size == 9
    assert source.files[0].mtime_ns == (tmp_path / "IMG_1.JPG").stat().st_mtime_ns


def test_stems_are_matched_without_case(tmp_path: Path) -> None:
    make(tmp_path, "Img_1.nef", "IMG_1.JPG", "img_1.XMP")
    assert [len(source.files) for source in scan([tmp_path])] == [3]


def test_heic_is_a_partner_too_but_a_tiff_is_another_picture(tmp_path: Path) -> None:
    make(tmp_path, "a.dng", "a.heic", "b.nef", "b.tif")
    assert shape(scan([tmp_path]), tmp_path) == {"a.heic": ["a.heic", "a.dng"], "b.nef": ["b.nef"], "b.tif": ["b.tif"]}


@pytest.mark.parametrize("names", [("a.cr2", "a.nef", "a.jpg"), ("a.heic", "a.jpg")])
def test_what_is_not_clearly_a_pair_stays_separate(tmp_path: Path, names: tuple[str, ...]) -> None:
    make(tmp_path, *names)
    assert sorted(shape(scan([tmp_path]), tmp_path)) == sorted(names)


def test_a_pair_does_not_reach_across_folders(tmp_path: Path) -> None:
    make(tmp_path, "raw/a.nef", "jpeg/a.jpg")
    assert len(scan([tmp_path])) == 2


def test_a_sidecar_named_after_one_file_belongs_to_that_file_alone(tmp_path: Path) -> None:
    make(tmp_path, "a.cr2", "a.nef", "a.NEF.xmp", "lonely.xmp")
    assert shape(scan([tmp_path]), tmp_path) == {"a.cr2": ["a.cr2"], "a.nef": ["a.nef", "a.NEF.xmp"]}


def test_hidden_files_and_other_programs_stores_are_skipped(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "._a.jpg", ".hidden/b.jpg", "@eaDir/c.jpg", "x.lrdata/d.jpg", "notes.txt", "e.mov")
    make(tmp_path, "__MACOSX/f.jpg", "Sub Folder/g.JPEG")
    assert sorted(shape(scan([tmp_path]), tmp_path)) == ["Sub Folder/g.JPEG", "a.jpg"]


def test_photos_are_sorted_absolute_and_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "b/2.jpg", "b/1.jpg", "a/3.jpg")
    monkeypatch.chdir(tmp_path)
    sources = scan(["b", ".", "b/1.jpg"])
    assert [s.path for s in sources] == [tmp_path / "a/3.jpg", tmp_path / "b/1.jpg", tmp_path / "b/2.jpg"]


def test_a_named_file_is_taken_whatever_its_extension_is(tmp_path: Path) -> None:
    make(tmp_path, "photo.xyz", ".hidden.jpg")
    assert [s.path.name for s in scan([tmp_path / "photo.xyz", tmp_path / ".hidden.jpg"])] == [
        ".hidden.jpg",
        "photo.xyz",
    ]


def test_a_named_jpeg_comes_with_its_raw_and_a_named_raw_alone(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a.nef", "a.xmp", "b.jpg")
    assert scan([tmp_path / "a.jpg"]) == [s for s in scan([tmp_path]) if s.path.name == "a.jpg"]
    assert shape(scan([tmp_path / "a.nef"]), tmp_path) == {"a.nef": ["a.nef", "a.xmp"]}


def test_a_missing_path_is_named_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere does not exist; check the spelling"):
        scan([tmp_path / "nowhere"])


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert scan([tmp_path]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege on Windows")
def test_symlink_loops_end_and_linked_folders_are_listed_under_their_own_name(tmp_path: Path) -> None:
    make(tmp_path, "real/a.jpg")
    (tmp_path / "real/loop").symlink_to(tmp_path)
    (tmp_path / "a-link").symlink_to(tmp_path / "real")
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    assert [s.path for s in scan([tmp_path])] == [tmp_path / "real/a.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege on Windows")
def test_a_broken_link_to_a_photo_is_reported_and_skipped(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    told: list[tuple[Path, str]] = []
    assert len(scan([tmp_path], lambda path, sentence: told.append((path, sentence)))) == 1
    assert told[0][0] == tmp_path / "b.jpg"
    assert told[0][1].endswith("was left out.")


def test_a_forbidden_subfolder_is_reported_and_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.jpg", "secret/b.jpg")
    listed = os.scandir

    def guarded(path: str) -> object:
        if os.fspath(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", guarded)
    told: list[tuple[Path, str]] = []
    assert len(scan([tmp_path], lambda path, sentence: told.append((path, sentence)))) == 1
    folder = tmp_path / "secret"
    assert told == [(folder, f"The folder {folder} may not be opened and was left out.")]
    with pytest.raises(NotFound, match="may not be opened"):
        scan([folder])


def test_the_content_decides_the_id(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "c.jpg").write_bytes(b"a.jpg")
    ids = [content_id(source) for source in scan([tmp_path])]
    assert ids[0] == ids[2] != ids[1]
    assert [len(name) for name in ids] == [32, 32, 32]


def test_of_a_raw_file_size_and_three_windows_decide_the_id(tmp_path: Path) -> None:
    mib = 1 << 20
    original = bytes(9 * mib)

    def identity(data: bytes) -> str:
        path = tmp_path / "a.nef"
        path.write_bytes(data)
        return content_id(scan([path])[0])

    changed = {at: identity(original[:at] + b"x" + original[at + 1 :]) for at in (5, 9 * mib // 2, 9 * mib - 5)}
    assert len({identity(original), identity(original + b"\0"), *changed.values()}) == 5
    assert identity(original[: 2 * mib] + b"x" + original[2 * mib + 1 :]) == identity(original)


def test_bytes_that_are_no_unicode_are_fine_in_names(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux disks take such names")
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    assert len(scan([tmp_path])) == 1
