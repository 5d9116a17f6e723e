"""Copying and moving by verdict: everything of a photo together, nothing over anything, nothing twice."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from disk_faults import snapshot
from keepers.errors import Refused
from keepers.export.base import EXPORTERS, Item, Options
from keepers.export.journal import Done, Journalled, jobs, undo
from keepers.export.operations import Plan, TrashFile
from keepers.io.scan import scan
from keepers.types import Opinion, Report, VerdictName

posix = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(path))
        os.utime(path, ns=(1, 1_600_000_000_000_000_000))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shoot"
    root.mkdir()
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def items(root: Path, **verdicts: VerdictName) -> list[Item]:
    """The photos below `root`; the verdict is that of the name without extension, else keep."""
    sources = scan([root])
    return [Item(Opinion(Report(s), None), verdicts.get(s.path.stem, "keep"), "machine") for s in sources]


def plan(root: Path, out: Path | None, some: list[Item], **more: object) -> Plan:
    options = replace(Options(root=root, out=out), mode="move")
    return EXPORTERS["files"].plan(some, replace(options, **more))  # type: ignore[arg-type]


def done(root: Path, planned: Plan) -> Done:
    result = Journalled(root.parent / "journal").do(planned)
    assert result.failures == ()
    return result


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_photos_go_by_verdict_with_all_their_files_and_subfolders(root: Path, out: Path) -> None:
    make(
        root, "a.CR3", "a.JPG", "a.xmp", "a.CR3.xmp", "a.CR3.pp3", "a.WAV", "day 2/b.heic", "day 2/b.MOV", "day 2/c.nef"
    )
    make(root, "notes.txt", "a.txt", "lonely.xmp")
    before = snapshot(root)
    planned = plan(root, out, items(root, b="maybe", c="delete"))
    assert planned.skipped == ()
    assert snapshot(root) == before, "a planner changes nothing"
    assert done(root, planned).counts == {"moved": 9}
    assert tree(out) == [
        "Maybes/day 2/b.MOV",
        "Maybes/day 2/b.heic",
        "Must Haves/a.CR3",
        "Must Haves/a.CR3.pp3",
        "Must Haves/a.CR3.xmp",
        "Must Haves/a.JPG",
        "Must Haves/a.WAV",
        "Must Haves/a.xmp",
        "To be Deleted/day 2/c.nef",
    ]
    assert tree(root) == ["a.txt", "lonely.xmp", "notes.txt"]
    assert undo(root.parent / "journal").refused == ()
    assert snapshot(root) == before
    assert not out.exists()


def test_a_sidecar_that_came_after_the_cull_goes_along(root: Path, out: Path) -> None:
    make(root, "a.CR3")
    some = items(root)
    make(root, "a.xmp")
    done(root, plan(root, out, some))
    assert tree(out) == ["Must Haves/a.CR3", "Must Haves/a.xmp"]


def test_flat_leaves_the_subfolders_out_and_keeps_sets_apart(root: Path, out: Path) -> None:
    make(root, "100/IMG_1.CR3", "100/IMG_1.xmp", "101/IMG_1.JPG", "102/img_1.CR3", "102/img_1.CR3.xmp")
    done(root, plan(root, out, items(root), flat=True))
    assert tree(out) == [
        "Must Haves/IMG_1-2.JPG",
        "Must Haves/IMG_1.CR3",
        "Must Haves/IMG_1.xmp",
        "Must Haves/img_1-3.CR3",
        "Must Haves/img_1-3.CR3.xmp",
    ], "a JPEG of another photo must not become the partner of a RAW"


def test_what_is_in_the_folder_already_is_not_overwritten(root: Path, out: Path) -> None:
    make(root, "a.jpg", "a.nef", "a.xmp")
    make(out, "Must Haves/A.jpg", "Must Haves/a-2.tif")
    kept = snapshot(out)
    done(root, plan(root, out, items(root)))
    assert tree(out / "Must Haves") == ["A.jpg", "a-2.tif", "a-3.jpg", "a-3.nef", "a-3.xmp"]
    assert snapshot(out).items() >= kept.items()


def test_names_that_differ_in_their_unicode_only_are_one_name_elsewhere(root: Path, out: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux disks hold both names")
    make(root, "1/\u00e9t\u00e9.jpg", "2/e\u0301te\u0301.jpg")
    done(root, plan(root, out, items(root), flat=True))
    assert tree(out / "Must Haves") == ["e\u0301te\u0301-2.jpg", "\u00e9t\u00e9.jpg"]


def test_neighbours_of_one_stem_stay_neighbours(root: Path, out: Path) -> None:
    make(root, "a.nef", "a.tif")
    done(root, plan(root, out, items(root)))
    assert tree(out) == ["Must Haves/a.nef", "Must Haves/a.tif"]


@pytest.mark.parametrize("name", ["x" * 246 + ".jpg.xmp", "é" * 123 + ".jpg.xmp", "日" * 82 + ".jpg.xmp"])
def test_a_suffix_fits_into_the_longest_name(root: Path, out: Path, name: str) -> None:
    photo = name.removesuffix(".xmp")
    make(root, f"1/{photo}", f"1/{name}", f"2/{photo}", f"2/{name}")
    done(root, plan(root, out, items(root), flat=True))
    names = tree(out / "Must Haves")
    assert len(names) == 4
    assert all(len(os.fsencode(name)) <= 255 for name in names)
    (one, two) = (name for name in names if name.endswith(".jpg"))
    assert {one + ".xmp", two + ".xmp"} <= set(names)


def test_any_name_goes(root: Path, out: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux disks take such names")
    make(root, "two\nlines.jpg", "🎞️ 日本語.nef", os.fsdecode(b"caf\xe9.jpg"), ".hidden.jpg", "-rf.jpg")
    done(root, plan(root, out, items(root)))
    assert len(tree(out)) == 4
    assert tree(root) == [".hidden.jpg"]


# Into itself


def test_by_default_photos_move_into_folders_of_the_shoot_and_stay_there(root: Path) -> None:
    make(root, "a.jpg", "sub/b.jpg")
    before = snapshot(root)
    done(root, plan(root, None, items(root, b="delete")))
    assert tree(root) == ["Must Haves/a.jpg", "To be Deleted/sub/b.jpg"]
    assert plan(root, None, items(root, b="delete")).operations == ()
    done(root, plan(root, None, items(root, b="maybe")))
    assert tree(root) == ["Maybes/sub/b.jpg", "Must Haves/a.jpg"]
    undo(root.parent / "journal")
    undo(root.parent / "journal")
    assert snapshot(root) == before | {str(root / "sub"): None}


def test_a_sorted_folder_that_is_culled_itself_is_not_nested(root: Path) -> None:
    make(root, "Maybes/sub/a.jpg", "Maybes/b.jpg")
    done(root, plan(root / "Maybes", root, items(root, b="maybe")))
    assert tree(root) == ["Maybes/b.jpg", "Must Haves/sub/a.jpg"]


@posix
def test_a_link_to_the_shoot_is_the_shoot(root: Path) -> None:
    make(root, "a.jpg")
    link = root.parent / "link"
    link.symlink_to(root)
    done(root, plan(root, link, items(root)))
    assert plan(link, root, items(link)).operations == ()
    assert tree(root) == ["Must Haves/a.jpg"]


@pytest.mark.parametrize("place", [None, ".", "Sorted"])
def test_copies_do_not_land_among_the_originals(root: Path, place: str | None) -> None:
    make(root, "a.jpg")
    with pytest.raises(Refused, match="outside"):
        plan(root, root / place if place else None, items(root), mode="copy")


def test_an_out_that_is_a_file_is_refused(root: Path, out: Path) -> None:
    make(root, "a.jpg")
    out.write_bytes(b"")
    with pytest.raises(Refused, match="is no folder"):
        plan(root, out, items(root))


# Copying


def test_copies_leave_the_originals_and_a_second_run_copies_nothing_again(root: Path, out: Path) -> None:
    make(root, "100/a.jpg", "100/a.nef", "101/a.jpg", "b.jpg")
    before = snapshot(root)
    some = items(root, b="maybe")
    assert done(root, plan(root, out, some, mode="copy", flat=True)).counts == {"copied": 4}
    assert tree(out) == ["Maybes/b.jpg", "Must Haves/a-2.jpg", "Must Haves/a.jpg", "Must Haves/a.nef"]
    assert plan(root, out, some, mode="copy", flat=True).operations == ()
    assert snapshot(root) == before
    make(root, "100/a.xmp")
    done(root, plan(root, out, items(root), mode="copy", flat=True))
    assert (out / "Must Haves" / "a.xmp").exists()


def test_a_sidecar_that_changed_since_it_was_copied_is_said(root: Path, out: Path) -> None:
    make(root, "a.jpg", "a.xmp")
    done(root, plan(root, out, items(root), mode="copy"))
    (root / "a.xmp").write_bytes(b"edited since")
    planned = plan(root, out, items(root), mode="copy")
    assert planned.operations == ()
    ((path, sentence),) = planned.skipped
    assert path == root / "a.xmp"
    assert "was copied before and differs" in sentence


@posix
def test_of_a_link_the_file_is_copied_and_the_link_is_not_moved(root: Path, out: Path) -> None:
    make(root.parent / "store", "real.jpg")
    (root / "a.jpg").symlink_to("../store/real.jpg")
    planned = plan(root, out, items(root))
    assert planned.operations == ()
    assert (
        planned.skipped[0][1] == f"{root / 'a.jpg'} is a link and was not moved; move the file itself, or copy instead."
    )
    done(root, plan(root, out, items(root), mode="copy"))
    assert (out / "Must Haves" / "a.jpg").read_bytes() == (root.parent / "store" / "real.jpg").read_bytes()


# What stays


def test_a_photo_whose_file_is_gone_stays_whole(root: Path, out: Path) -> None:
    make(root, "a.jpg", "a.nef")
    some = items(root)
    (root / "a.nef").unlink()
    planned = plan(root, out, some)
    assert planned.operations == ()
    assert planned.skipped == ((root / "a.jpg", f"{root / 'a.nef'} is no longer there; cull its folder again."),)


def test_a_photo_that_changed_since_it_was_judged_stays(root: Path, out: Path) -> None:
    make(root, "a.jpg", "a.nef")
    some = items(root)
    (root / "a.nef").write_bytes(b"developed in place")
    result = Journalled(root.parent / "journal").do(plan(root, out, some))
    assert "changed since it was looked at" in result.failures[0][1]
    assert tree(root) == ["a.jpg", "a.nef"]


def test_photos_that_share_a_sidecar_go_together_or_stay(root: Path, out: Path) -> None:
    make(root, "a.nef", "a.tif", "a.xmp", "b.jpg")
    scanned = items(root)
    apart = [replace(item, verdict="delete") if item.opinion.path.suffix == ".tif" else item for item in scanned]
    planned = plan(root, out, apart)
    assert [path.name for path, _ in planned.skipped] == ["a.nef", "a.tif"]
    assert "shares a.xmp with a photo that does not go along" in planned.skipped[0][1]
    some = [item for item in scanned if item.opinion.path.suffix != ".tif"]
    assert [path.name for path, _ in plan(root, out, some).skipped] == ["a.nef"], "a.tif stays and keeps its sidecar"
    done(root, plan(root, out, scanned))
    assert tree(out / "Must Haves") == ["a.nef", "a.tif", "a.xmp", "b.jpg"]


def test_copies_of_photos_that_share_a_sidecar_get_one_each(root: Path, out: Path) -> None:
    make(root, "a.nef", "a.tif", "a.xmp")
    apart = [replace(i, verdict="delete") if i.opinion.path.suffix == ".tif" else i for i in items(root)]
    done(root, plan(root, out, apart, mode="copy"))
    assert tree(out) == ["Must Haves/a.nef", "Must Haves/a.xmp", "To be Deleted/a.tif", "To be Deleted/a.xmp"]


# The trash


def test_only_moved_photos_and_only_rejected_ones_go_to_the_trash(root: Path, out: Path) -> None:
    make(root, "a.jpg", "a.nef", "a.xmp", "b.jpg")
    with pytest.raises(Refused, match="Only moved photos go to the trash"):
        plan(root, out, items(root), mode="copy", trash=True)
    planned = plan(root, out, items(root, a="delete"), trash=True)
    trashed = [operation for operation in planned.operations if isinstance(operation, TrashFile)]
    assert sorted(operation.source.name for operation in trashed) == ["a.jpg", "a.nef", "a.xmp"]
    assert {operation.group for operation in trashed} == {str(root / "a.jpg")}
    assert len(planned.operations) == 4


# Large folders


def test_a_large_folder_is_listed_once(root: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, *(f"IMG_{n}.{extension}" for n in range(300) for extension in ("CR3", "JPG")))
    listed: list[object] = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    some = items(root)
    planned = plan(root, out, some)
    assert len(planned.operations) == 600
    assert len(listed) == 2
    assert jobs(root.parent / "journal") == []
