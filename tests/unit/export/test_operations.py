"""Each operation as a photographer would check it: what is there afterwards, and what is refused."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from disk_faults import other_file_system, snapshot
from keepers.export import disk, steps, trash
from keepers.export.journal import Done, Dry, Journalled, jobs, recover, undo
from keepers.export.operations import ABSENT, CopyFile, MoveFile, Operation, Plan, Stamp, TrashFile, WriteFile
from keepers.io.files import hash_bytes

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and permissions of this kind are POSIX")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "shoot"
    home.mkdir()
    return home


def make(path: Path, data: bytes = b"bytes", mtime_ns: int = 1_600_000_000_123_456_789, mode: int = 0o640) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def do(home: Path, *operations: Operation) -> Done:
    return Journalled(home.parent / "journal").do(Plan("test", operations))


def refused(home: Path, operation: Operation) -> str:
    """The sentence of an operation that is refused and leaves everything as it was; a dry run says the same."""
    before = snapshot(home)
    dry = Dry().do(Plan("test", (operation,)))
    done = do(home, operation)
    assert snapshot(home) == before
    assert not done.counts
    ((_, sentence),) = done.failures
    assert dry.failures == done.failures
    assert "\n" not in sentence
    assert sentence.isprintable()
    return sentence


# Writing


def test_a_new_file_is_written_and_gone_after_undo(home: Path) -> None:
    done = do(home, WriteFile(home / "a.xmp", b"<x/>", "rate"))
    assert (home / "a.xmp").read_bytes() == b"<x/>"
    assert done.counts == {"written": 1}
    undo(home.parent / "journal")
    assert list(home.iterdir()) == []


def test_a_replaced_file_keeps_its_permissions_and_comes_back_with_its_time(home: Path) -> None:
    path = make(home / "a.xmp", b"old")
    before = snapshot(home)
    do(home, WriteFile(path, b"new", "rate", expected=hash_bytes(b"old")))
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime_ns != 1_600_000_000_123_456_789
    assert undo(home.parent / "journal").restored == 1
    assert snapshot(home) == before


def test_what_is_there_already_is_not_touched(home: Path) -> None:
    path = make(home / "a.xmp", b"same")
    before = snapshot(home)
    do(home, WriteFile(path, b"same", "rate"))
    assert snapshot(home) == before


def test_a_file_that_changed_since_the_plan_is_refused(home: Path) -> None:
    path = make(home / "a.xmp", b"edited since")
    sentence = refused(home, WriteFile(path, b"new", "rate", expected=hash_bytes(b"as planned")))
    assert sentence == f"{path} changed since the export was planned; run again to start from its new content."


def test_a_file_that_came_or_went_since_the_plan_is_refused(home: Path) -> None:
    make(home / "a.xmp")
    assert "changed since" in refused(home, WriteFile(home / "a.xmp", b"new", "rate", expected=ABSENT))
    assert "is gone" in refused(home, WriteFile(home / "b.xmp", b"new", "rate", expected=hash_bytes(b"")))


def test_no_folder_is_made_for_a_file_that_is_written(home: Path) -> None:
    sentence = refused(home, WriteFile(home / "gone" / "a.xmp", b"new", "rate"))
    assert sentence.startswith(f"{home / 'gone'} or its folder is no longer there")


@posix
def test_of_a_link_the_file_it_leads_to_is_replaced(home: Path) -> None:
    real = make(home / "real" / "a.xmp", b"old")
    (home / "a.xmp").symlink_to(real)
    before = snapshot(home)
    do(home, WriteFile(home / "a.xmp", b"new", "rate"))
    assert (home / "a.xmp").is_symlink()
    assert real.read_bytes() == b"new"
    undo(home.parent / "journal")
    assert snapshot(home) == before


@posix
def test_a_link_that_leads_nowhere_is_refused(home: Path) -> None:
    (home / "a.xmp").symlink_to(home / "nowhere")
    assert "a link that leads nowhere" in refused(home, WriteFile(home / "a.xmp", b"new", "rate"))


@posix
def test_a_read_only_file_a_folder_and_a_pipe_are_refused(home: Path) -> None:
    make(home / "a.xmp", mode=0o444)
    (home / "b.xmp").mkdir()
    os.mkfifo(home.parent / "c.xmp")
    assert "marked read-only" in refused(home, WriteFile(home / "a.xmp", b"new", "rate"))
    assert "no ordinary file" in refused(home, WriteFile(home / "b.xmp", b"new", "rate"))
    assert "no ordinary file" in refused(home, WriteFile(home.parent / "c.xmp", b"new", "rate"))


# Copying and moving


@pytest.fixture(params=["one file system", "two file systems"])
def out(request: pytest.FixtureRequest, home: Path) -> Iterator[Path]:
    out = home / "out"
    if request.param == "one file system":
        yield out
    else:
        with other_file_system(out):
            yield out


def test_a_moved_file_is_the_same_file_elsewhere_and_comes_back(home: Path, out: Path) -> None:
    source, target = make(home / "a.CR3", b"raw" * 500_000), out / "Must Haves" / "a.CR3"
    before = snapshot(home)
    facts = before[str(source)]
    assert do(home, MoveFile(source, target)).counts == {"moved": 1}
    assert snapshot(home) == {str(out): None, str(out / "Must Haves"): None, str(target): facts}
    assert undo(home.parent / "journal").restored == 1
    assert snapshot(home) == before


def test_a_copy_is_the_same_with_its_time_and_goes_again(home: Path, out: Path) -> None:
    source, target = make(home / "a.CR3"), out / "a.CR3"
    before = snapshot(home)
    assert do(home, CopyFile(source, target)).counts == {"copied": 1}
    after = snapshot(home)
    assert after[str(target)] == after[str(source)] == before[str(source)]
    undo(home.parent / "journal")
    assert snapshot(home) == before


@pytest.mark.parametrize("kind", [MoveFile, CopyFile])
def test_an_existing_target_is_never_overwritten(home: Path, out: Path, kind: type[MoveFile | CopyFile]) -> None:
    sentence = refused(home, kind(make(home / "a.jpg"), make(out / "a.jpg", b"other")))
    target = out / "a.jpg"
    assert sentence == f"{target} exists already and is never overwritten; move it away or choose another folder."


@pytest.mark.parametrize("kind", [MoveFile, CopyFile])
def test_a_target_that_appears_at_the_last_moment_is_not_overwritten(
    home: Path, out: Path, kind: type[MoveFile | CopyFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(home / "a.jpg")
    real = disk.rename_new

    def late(source: Path, target: Path) -> None:
        if target.parent == out and not target.exists():
            make(target, b"somebody else's")
        real(source, target)

    monkeypatch.setattr(disk, "rename_new", late)
    done = do(home, kind(source, out / "a.jpg"))
    assert "exists already" in done.failures[0][1]
    assert source.read_bytes() == b"bytes"
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {"a.jpg": b"somebody else's"}
    assert jobs(home.parent / "journal")[0].state == "done"


def test_a_copy_that_does_not_read_back_is_refused_and_the_original_stays(
    home: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(home / "a.jpg")
    before = snapshot(home)
    monkeypatch.setattr(disk, "digest_of", lambda path, cold=False: "0" * 32)
    done = do(home, CopyFile(source, out / "a.jpg"))
    assert "could not be copied without an error" in done.failures[0][1]
    assert snapshot(home) == before


def test_a_source_that_changes_while_it_is_copied_is_refused(
    home: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(home / "a.jpg")
    real = disk.write_all

    def write(descriptor: int, data: bytes) -> None:
        real(descriptor, data)
        if data == b"bytes":
            make(source, b"longer now")

    monkeypatch.setattr(disk, "write_all", write)
    done = do(home, CopyFile(source, out / "a.jpg"))
    assert "changed while it was copied" in done.failures[0][1]
    assert [path.name for path in home.iterdir()] == ["a.jpg"]


def test_a_source_that_changed_since_the_plan_is_refused(home: Path) -> None:
    source = make(home / "a.jpg")
    stamp = Stamp.of(source)
    assert do(home, CopyFile(source, home / "b.jpg", stamp)).counts
    make(source, b"another")
    assert "changed since it was looked at" in refused(home, MoveFile(source, home / "c.jpg", stamp))


def test_a_missing_source_is_said(home: Path) -> None:
    sentence = refused(home, MoveFile(home / "a.jpg", home / "b.jpg"))
    assert sentence.startswith(f"{home / 'a.jpg'} or its folder is no longer there; check that its disk")


@posix
def test_a_link_is_not_moved(home: Path) -> None:
    make(home / "real.jpg")
    (home / "a.jpg").symlink_to("real.jpg")
    assert "is a link" in refused(home, MoveFile(home / "a.jpg", home / "sub" / "a.jpg"))


def test_the_real_rename_does_not_overwrite_either_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make(home / "1"), make(home / "2", b"two")
    with pytest.raises(FileExistsError):
        disk.rename_new(one, two)
    monkeypatch.setattr(disk, "_rename_noreplace", lambda source, target: False)
    with pytest.raises(FileExistsError):
        disk.rename_new(one, two)
    disk.rename_new(one, home / "3")
    assert (home / "3").read_bytes() == b"bytes"
    assert two.read_bytes() == b"two"


def test_across_two_real_file_systems(home: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == home.stat().st_dev:
        pytest.skip("there is no second file system here")
    folder = memory / f"keepers-test-{os.getpid()}"
    source = make(home / "a.CR3", b"raw" * 1_000_000)
    before = snapshot(home)
    try:
        assert do(home, MoveFile(source, folder / "a.CR3")).counts == {"moved": 1}
        assert snapshot(home) == {}
        assert snapshot(folder)[str(folder / "a.CR3")] == before[str(source)]
        undo(home.parent / "journal")
        assert snapshot(home) == before
        assert not folder.exists()
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


# Names


NAMES = [
    "Grüße aus Zürich.jpg",
    "été.jpg",
    "🎞️ 日本語.jpg",
    "two\nlines\t.jpg",
    "x" * 251 + ".jpg",
    "é" * 125 + ".jpg",
    " leading and trailing .jpg ",
    "-rf.jpg",
    "quo\"te's.jpg",
    os.fsdecode(b"caf\xe9.jpg"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_written_copied_moved_and_back(home: Path, name: str) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux disks take all of these names")
    path = make(home / name)
    before = snapshot(home)
    done = do(
        home,
        WriteFile(path, b"new", "rate"),
        CopyFile(path, home / "copies" / name),
        MoveFile(path, home / name[:3] / name),
    )
    assert done.counts == {"written": 1, "copied": 1, "moved": 1}
    assert (home / name[:3] / name).read_bytes() == b"new"
    (home / name[:3] / name).write_bytes(b"edited since")
    ((about, sentence),) = undo(home.parent / "journal").refused[:1]
    assert about.name == name
    assert sentence.isprintable()
    (home / name[:3] / name).write_bytes(b"new")
    os.utime(home / name[:3] / name, ns=(0, (home / "copies" / name).stat().st_mtime_ns))
    assert undo(home.parent / "journal").refused == ()
    assert snapshot(home) == before


def test_a_name_too_long_for_the_disk_is_said(home: Path) -> None:
    sentence = refused(home, CopyFile(make(home / "a.jpg"), home / ("x" * 300)))
    assert "is too long for this disk" in sentence


# The trash


@pytest.fixture
def bin_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A trash of this test's own, in the format of freedesktop.org."""
    folder = tmp_path / "data" / "Trash"
    (folder / "files").mkdir(parents=True)
    (folder / "info").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def send(path: Path) -> None:
        (folder / "info" / f"{path.name}.trashinfo").write_text(
            f"[Trash Info]\nPath={str(path).replace(' ', '%20')}\nDeletionDate=2026-01-01T00:00:00\n"
        )
        path.rename(folder / "files" / path.name)

    monkeypatch.setattr(steps, "send", send)
    return folder / "files"


def test_undo_of_the_trash_says_where_to_find_it(home: Path, bin_of: Path) -> None:
    path = make(home / "a b.jpg")
    assert do(home, TrashFile(path, Stamp.of(path))).counts == {"trashed": 1}
    assert [p.name for p in bin_of.iterdir()] == ["a b.jpg"]
    ((about, sentence),) = undo(home.parent / "journal").refused
    assert about == path
    place = f" as {bin_of / 'a b.jpg'}" if sys.platform == "linux" else ""
    assert sentence == f"{path} is in the trash of the desktop{place}; restore it from there."
    assert jobs(home.parent / "journal")[0].state == "partly undone"


def test_a_file_restored_from_the_trash_counts_as_undone(home: Path, bin_of: Path) -> None:
    path = make(home / "a.jpg")
    do(home, TrashFile(path))
    (bin_of / "a.jpg").rename(path)
    assert undo(home.parent / "journal").refused == ()
    assert jobs(home.parent / "journal")[0].state == "undone"


def test_a_set_that_went_to_the_trash_in_part_is_said(
    home: Path, bin_of: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = steps.send

    def send(path: Path) -> None:
        if path.suffix == ".jpg":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        real(path)

    monkeypatch.setattr(steps, "send", send)
    done = do(home, *(TrashFile(make(home / name), group="a") for name in ("a.cr3", "a.jpg")))
    assert not done.counts
    assert "a.cr3 is in the trash of the desktop" in done.failures[1][1]
    assert recover(home.parent / "journal") == [], "asking again would not help"
    assert jobs(home.parent / "journal")[0].left == 2


def test_a_disk_without_a_trash_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(steps, "send", send)
    path = make(home / "a.jpg")
    done = do(home, TrashFile(path))
    assert "may not be changed" in done.failures[0][1]
    assert path.exists()


def test_the_real_trash_takes_a_file(home: Path, tmp_path: Path) -> None:
    """In a process of its own, for Send2Trash looks for the trash once, when it is imported."""
    if sys.platform != "linux":
        pytest.skip("puts nothing into the real trash of a desktop")
    path = make(home / "a.jpg")
    code = (
        "import sys; from pathlib import Path; from keepers.export.trash import in_trash, send;"
        "path = Path(sys.argv[1]); send(path); print(in_trash(path))"
    )
    data = tmp_path / "data"
    environment = {**os.environ, "XDG_DATA_HOME": str(data), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not path.exists()
    assert Path(done.stdout.strip()).read_bytes() == b"bytes"


def test_in_trash_knows_only_what_is_there(home: Path, bin_of: Path) -> None:
    assert trash.in_trash(home / "never.jpg") is None


# The dry run


def test_a_dry_run_tells_and_changes_nothing(home: Path) -> None:
    one, two, three = (make(home / f"{name}.jpg") for name in "abc")
    before = snapshot(home.parent)
    plan = Plan(
        "test",
        (
            WriteFile(home / "a.xmp", b"x", "rate 3 of 5 and label Green"),
            MoveFile(one, home / "Must Haves" / "a.jpg"),
            CopyFile(two, home / "Maybes" / "b\n.jpg"),
            TrashFile(three),
            MoveFile(two, one),
        ),
        ((home / "d.jpg", "d.jpg is left out."),),
    )
    done = Dry().do(plan)
    assert snapshot(home.parent) == before
    assert done.job is None
    assert done.counts == {"written": 1, "moved": 1, "copied": 1, "trashed": 1}
    assert done.lines == (
        f"{home / 'a.xmp'}: rate 3 of 5 and label Green",
        f"{one}: move to {home / 'Must Haves' / 'a.jpg'}",
        f"{two}: copy to {home / 'Maybes'}/b\\n.jpg",
        f"{three}: to the trash",
    )
    assert [path for path, _ in done.failures] == [two]
    assert done.skipped == plan.skipped
