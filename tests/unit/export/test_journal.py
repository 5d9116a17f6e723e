"""Jobs: sets that stay together, undo that overwrites no later edit, recovery, locks, and disks that fail."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from disk_faults import Killed, Tree, failing_at, killed_at, other_file_system, snapshot, steps
from keepers.errors import NotFound, NothingToDo, Refused, StorageError
from keepers.export import disk, lock, log
from keepers.export.journal import Done, Journalled, Stopped, jobs, recover, undo
from keepers.export.operations import CopyFile, MoveFile, Operation, Plan, WriteFile

root_only = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root may mount a small file system"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A shoot of three photos, each a RAW with its JPEG and sidecar."""
    home = tmp_path / "shoot"
    home.mkdir()
    for number in (1, 2, 3):
        for place, suffix in enumerate((".CR3", ".JPG", ".xmp")):
            path = home / f"IMG_{number}{suffix}"
            path.write_bytes(f"{number}{suffix}".encode() * 50)
            os.utime(path, ns=(1, 1_600_000_000_000_000_001 + 10 * number + place))
    return home


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal"


def move(home: Path, number: int, folder: str = "Maybes") -> list[Operation]:
    """A photo with all its files into a folder beside the shoot."""
    out = home.parent / "out" / folder
    names = [f"IMG_{number}{suffix}" for suffix in (".CR3", ".JPG", ".xmp")]
    return [MoveFile(home / name, out / name, group=f"IMG_{number}") for name in names]


def rate(home: Path, number: int) -> WriteFile:
    return WriteFile(home / f"IMG_{number}.xmp", b"rated by keepers", "rate")


def do(journal: Path, *operations: Operation) -> Done:
    return Journalled(journal).do(Plan("test", operations))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


# Sets


@pytest.mark.parametrize("second", [False, True], ids=["one file system", "two file systems"])
def test_when_one_file_of_a_set_fails_the_set_stays_and_the_others_go(home: Path, journal: Path, second: bool) -> None:
    out = home.parent / "out"
    (out / "Maybes").mkdir(parents=True)
    (out / "Maybes" / "IMG_2.xmp").write_bytes(b"another photo's")
    context = other_file_system(out) if second else nullcontext()
    with context:
        done = do(journal, *move(home, 1), *move(home, 2), *move(home, 3))
        assert done.counts == {"moved": 6}
        ((path, sentence),) = done.failures
        assert path == home / "IMG_2.xmp"
        assert sentence.startswith(f"{out / 'Maybes' / 'IMG_2.xmp'} exists already")
        assert names(home) == ["IMG_2.CR3", "IMG_2.JPG", "IMG_2.xmp"]
        assert len(names(out / "Maybes")) == 7
        undo(journal)
    assert len(names(home)) == 9
    assert names(out / "Maybes") == ["IMG_2.xmp"]


def test_a_set_that_fails_half_way_is_taken_back(home: Path, journal: Path) -> None:
    before = snapshot(home)
    moves = move(home, 1)
    with steps() as counted:
        do(journal, *moves)
    undo(journal)
    for number in range(1, counted.count + 1):
        try:
            with steps(failing_at(number, errno.EACCES, ("renameat2", "rename"))):
                done = do(journal, *moves)
        except StorageError:  # that was the journal's own
            continue
        if done.failures:
            assert snapshot(home) == before
            assert not (home.parent / "out").exists()
            assert not done.counts
        else:
            undo(journal)
    assert {job.state for job in jobs(journal)} <= {"done", "undone"}


def test_one_path_twice_in_a_set_is_refused(home: Path, journal: Path) -> None:
    before = snapshot(home)
    twice = WriteFile(home / "IMG_1.xmp", b"new", "rate", group="IMG_1")
    done = do(journal, twice, twice)
    assert "changed twice at once" in done.failures[0][1]
    assert snapshot(home) == before


def test_progress_is_told_after_each_set(home: Path, journal: Path) -> None:
    told: list[tuple[int, int]] = []
    plan = Plan("test", (*move(home, 1), rate(home, 2)))
    Journalled(journal, lambda done, of: told.append((done, of))).do(plan)
    assert told == [(3, 4), (4, 4)]


def test_ctrl_c_takes_the_current_set_back_and_says_what_was_done(home: Path, journal: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    plan = Plan("test", (*move(home, 1), *move(home, 2)))
    with pytest.raises(Stopped) as stopped:
        Journalled(journal, stop).do(plan)
    assert stopped.value.done.counts == {"moved": 3}
    assert names(home.parent / "out" / "Maybes") == ["IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp"]
    assert recover(journal) == []
    assert undo(journal).restored == 3


def test_ctrl_c_in_the_middle_of_a_set(home: Path, journal: Path) -> None:
    before = snapshot(home)

    def fault(count: int, name: str) -> None:
        if name == "renameat2" and (home.parent / "out" / "Maybes" / "IMG_1.JPG").exists():
            fault.done = True  # type: ignore[attr-defined]
            if not getattr(fault, "raised", False):
                fault.raised = True  # type: ignore[attr-defined]
                raise KeyboardInterrupt

    with steps(fault), pytest.raises(Stopped) as stopped:
        do(journal, *move(home, 1))
    assert not stopped.value.done.counts
    assert stopped.value.done.left_out == 3
    assert snapshot(home) == before
    assert jobs(journal)[0].state == "done"


# Undo


def test_undo_takes_the_latest_job_first_and_can_be_repeated(home: Path, journal: Path) -> None:
    before = snapshot(home)
    do(journal, rate(home, 1))
    rated = snapshot(home)
    do(journal, *move(home, 1))
    assert undo(journal).job == "0002"
    assert snapshot(home) == rated
    assert undo(journal).job == "0001"
    assert snapshot(home) == before
    with pytest.raises(NothingToDo, match="There is nothing to undo"):
        undo(journal)
    with pytest.raises(NothingToDo, match="Job 0001 is undone already"):
        undo(journal, "1")
    with pytest.raises(NotFound, match="There is no job 7"):
        undo(journal, "7")


def test_an_earlier_job_under_a_later_one_is_refused_and_says_what_to_do(home: Path, journal: Path) -> None:
    before = snapshot(home)
    do(journal, rate(home, 1))
    do(journal, *move(home, 1))
    ((path, sentence),) = undo(journal, "1").refused
    assert path == home / "IMG_1.xmp"
    assert "if a later job moved it, undo that one first" in sentence
    undo(journal, "2")
    assert undo(journal, "1").refused == ()
    assert snapshot(home) == before


def test_undo_never_overwrites_a_later_edit(home: Path, journal: Path) -> None:
    do(journal, rate(home, 1), rate(home, 2), WriteFile(home / "new.xmp", b"rated by keepers", "rate"))
    for name in ("IMG_1.xmp", "new.xmp"):
        (home / name).write_bytes(b"an hour of work")
    undone = undo(journal)
    assert (undone.restored, undone.complete) == (1, True)
    assert {path.name for path, _ in undone.refused} == {"IMG_1.xmp", "new.xmp"}
    sentences = {path.name: sentence for path, sentence in undone.refused}
    said, _, kept = sentences["IMG_1.xmp"].partition(" What it was before is kept as ")
    assert said == f"{home / 'IMG_1.xmp'} was changed after keepers wrote it and stays as it is now."
    assert Path(kept.rstrip(".")).read_bytes() == b"1.xmp" * 50
    assert (home / "IMG_1.xmp").read_bytes() == (home / "new.xmp").read_bytes() == b"an hour of work"
    (job,) = jobs(journal)
    assert (job.state, job.left, len(job.sentences)) == ("partly undone", 2, 2)
    (home / "IMG_1.xmp").write_bytes(b"rated by keepers")
    assert [path.name for path, _ in undo(journal).refused] == ["new.xmp"]
    assert (home / "IMG_1.xmp").read_bytes() == b"1.xmp" * 50


def test_what_was_refused_once_does_not_bar_the_way_to_earlier_jobs(home: Path, journal: Path) -> None:
    do(journal, rate(home, 1))
    do(journal, rate(home, 2))
    (home / "IMG_2.xmp").write_bytes(b"an hour of work")
    assert undo(journal).job == "0002"
    assert undo(journal).job == "0001"
    assert undo(journal).job == "0002"


def test_relative_paths_are_undone_from_anywhere(
    home: Path, journal: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = snapshot(home)
    monkeypatch.chdir(home)
    moved = MoveFile(Path("IMG_1.JPG"), Path("sub/IMG_1.JPG"))
    assert do(journal, moved, WriteFile(Path("IMG_1.xmp"), b"x", "rate")).failures == ()
    monkeypatch.chdir(tmp_path)
    assert undo(journal).restored == 2
    assert snapshot(home) == before


def test_a_set_with_one_edited_file_stays_together(home: Path, journal: Path) -> None:
    out = home.parent / "out" / "Maybes"
    do(journal, *move(home, 1), *move(home, 2))
    (out / "IMG_1.xmp").write_bytes(b"developed since")
    undone = undo(journal)
    assert [path for path, _ in undone.refused] == [out / "IMG_1.xmp"]
    assert names(out) == ["IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp"]
    assert "IMG_2.CR3" in names(home)


def test_a_moved_file_does_not_replace_what_came_in_its_place(home: Path, journal: Path) -> None:
    do(journal, *move(home, 1))
    (home / "IMG_1.JPG").write_bytes(b"the camera started at 1 again")
    undo(journal)
    assert (home / "IMG_1.JPG").read_bytes() == b"the camera started at 1 again"
    assert (home.parent / "out" / "Maybes" / "IMG_1.JPG").read_bytes() == b"1.JPG" * 50


def test_a_copy_stays_when_its_original_is_gone(home: Path, journal: Path) -> None:
    copy = home.parent / "out" / "a.JPG"
    do(journal, CopyFile(home / "IMG_1.JPG", copy))
    (home / "IMG_1.JPG").unlink()
    ((_, sentence),) = undo(journal).refused
    assert sentence == f"{home / 'IMG_1.JPG'} is gone or was changed, so its copy {copy} stays."
    assert copy.exists()


def test_files_come_back_into_a_folder_that_was_removed(home: Path, journal: Path) -> None:
    before = snapshot(home)
    do(journal, *move(home, 1), *move(home, 2), *move(home, 3))
    home.rmdir()
    undo(journal)
    assert snapshot(home) == before


def test_a_file_that_was_moved_on_is_said(home: Path, journal: Path) -> None:
    target = home.parent / "out" / "a.JPG"
    do(journal, MoveFile(home / "IMG_1.JPG", target))
    target.unlink()
    ((_, sentence),) = undo(journal).refused
    assert sentence == f"{target} is no longer where keepers moved it; bring it back there, then undo again."


def test_a_damaged_backup_is_refused(home: Path, journal: Path) -> None:
    do(journal, rate(home, 1))
    (backup,) = (journal / "0001" / "backup").iterdir()
    backup.write_bytes(b"rotten")
    ((_, sentence),) = undo(journal).refused
    assert "is damaged, so" in sentence
    assert (home / "IMG_1.xmp").read_bytes() == b"rated by keepers"
    assert ".keepers" not in "".join(names(home))


# Recovery


def interrupted(journal: Path, at: int, *operations: Operation) -> None:
    with suppress(Killed), steps(killed_at(at)):
        do(journal, *operations)


def half_done(home: Path, journal: Path) -> Tree:
    """Two photos moved and the job killed before its end; the tree before."""
    before = snapshot(home)
    with steps() as counted:
        do(journal, *move(home, 1), *move(home, 2))
    undo(journal)
    interrupted(journal, counted.count - 12, *move(home, 1), *move(home, 2))
    assert snapshot(home) != before
    assert jobs(journal)[0].state == "interrupted"
    return before


def test_the_next_start_takes_an_interrupted_job_back(home: Path, journal: Path) -> None:
    before = half_done(home, journal)
    (undone,) = recover(journal)
    assert undone.job == "0002"
    assert undone.restored > 0
    assert snapshot(home) == before
    assert jobs(journal)[0].state == "undone"
    assert recover(journal) == []


def test_the_next_job_takes_an_interrupted_one_back_first(home: Path, journal: Path) -> None:
    before = half_done(home, journal)
    done = do(journal, rate(home, 3))
    assert [one.job for one in done.recovered] == ["0002"]
    undo(journal)
    assert snapshot(home) == before


def on_another_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on everything below `root` says that it is on another disk."""
    real = Path.stat

    def stat(path: Path, **more: bool) -> os.stat_result:
        facts = real(path, **more)
        names = {name: getattr(facts, name) for name in dir(facts) if name.startswith("st_")}
        return SimpleNamespace(**names | {"st_dev": facts.st_dev + path.is_relative_to(root)})  # type: ignore[return-value]

    monkeypatch.setattr(Path, "stat", stat)


def test_recovery_waits_for_a_card_that_is_away(home: Path, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = half_done(home, journal)
    on_another_disk(home.parent / "out", monkeypatch)
    home.rename(home.parent / "elsewhere")
    (undone,) = recover(journal)
    assert not undone.complete
    assert all("connect its disk or card" in sentence for _, sentence in undone.refused)
    assert not home.exists(), "no folder is made where a disk belongs"
    assert jobs(journal)[0].state == "interrupted"
    (home.parent / "elsewhere").rename(home)
    assert recover(journal)[0].complete
    assert snapshot(home) == before


def test_recovery_keeps_a_later_edit_and_asks_no_second_time(home: Path, journal: Path) -> None:
    half_done(home, journal)
    out = home.parent / "out" / "Maybes"
    (out / "IMG_1.xmp").write_bytes(b"developed since the crash")
    (undone,) = recover(journal)
    assert [path for path, _ in undone.refused] == [out / "IMG_1.xmp"]
    assert recover(journal) == []
    assert (out / "IMG_1.xmp").read_bytes() == b"developed since the crash"


def hanging(home: Path, journal: Path) -> Done:
    """A job whose second set fails half way and cannot be taken back either; the first one is done."""

    def fault(count: int, name: str) -> None:
        if name == "renameat2" and (home.parent / "out" / "Maybes" / "IMG_2.CR3").exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with steps(fault):
        return do(journal, *move(home, 1), *move(home, 2))


def test_a_set_that_hangs_is_taken_back_later_and_the_others_stay_done(home: Path, journal: Path) -> None:
    before = snapshot(home)
    done = hanging(home, journal)
    assert (dict(done.counts), len(done.failures)) == ({"moved": 3}, 2)
    assert jobs(journal)[0].state == "interrupted"
    (mended,) = recover(journal)
    assert (mended.restored, mended.complete) == (1, True)
    assert names(home.parent / "out" / "Maybes") == ["IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp"]
    (job,) = jobs(journal)
    assert (job.state, job.left, dict(job.counts), job.sentences) == ("done", 3, {"moved": 3}, done.failures)
    undo(journal)
    assert snapshot(home) == before


def test_killed_while_mending_the_others_stay_done(home: Path, journal: Path) -> None:
    for number in range(1, 30):
        journal = journal.with_name(f"journal {number}")
        hanging(home, journal)
        with suppress(Killed), steps(killed_at(number)):
            recover(journal)
        recover(journal)
        assert names(home.parent / "out" / "Maybes") == ["IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp"]
        assert jobs(journal)[0].state == "done"
        undo(journal)


def test_where_there_is_no_journal_nothing_is_made(journal: Path) -> None:
    assert recover(journal) == []
    assert jobs(journal) == []
    assert not journal.exists()


def test_a_torn_last_line_is_as_if_it_had_never_been(home: Path, journal: Path) -> None:
    before = half_done(home, journal)
    with (journal / "0002" / "log.jsonl").open("ab") as file:
        file.write(b'{"step":{"number":99,"gro')
    recover(journal)
    assert snapshot(home) == before
    assert jobs(journal)[0].state == "undone"
    assert recover(journal) == []


def test_a_job_that_died_before_it_had_a_name_leaves_no_rest(home: Path, journal: Path) -> None:
    do(journal, rate(home, 1))
    (journal / ".new-0badcafe" / "backup").mkdir(parents=True)
    do(journal, rate(home, 2))
    assert names(journal) == ["0001", "0002", "lock"]


def test_a_journal_of_a_newer_keepers_is_refused(home: Path, journal: Path) -> None:
    do(journal, rate(home, 1))
    path = journal / "0001" / "log.jsonl"
    header, _, rest = path.read_text().partition("\n")
    path.write_text(json.dumps({**json.loads(header), "format": log.FORMAT + 1}) + "\n" + rest)
    for ask in (jobs, undo):
        with pytest.raises(Refused, match="written by a newer keepers; update keepers"):
            ask(journal)


# The list


def test_jobs_are_listed_with_date_counts_and_size_whatever_the_clock_says(
    home: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(journal, rate(home, 1), *move(home, 2))
    monkeypatch.setattr(log, "_now", lambda: "1999-12-31T23:59:59+00:00")
    do(journal, *move(home, 3))
    later, earlier = jobs(journal)
    assert (later.id, later.started.year, dict(later.counts)) == ("0002", 1999, {"moved": 3})
    assert (earlier.id, earlier.exporter, dict(earlier.counts)) == ("0001", "test", {"written": 1, "moved": 3})
    assert (earlier.state, earlier.left, earlier.backup_bytes) == ("done", 4, 250)
    assert undo(journal).job == "0002"


def test_a_plan_without_operations_makes_no_job(home: Path, journal: Path) -> None:
    done = Journalled(journal).do(Plan("test", (), ((home / "a", "a is left out."),)))
    assert done.job is None
    assert done.skipped == ((home / "a", "a is left out."),)
    assert jobs(journal) == []


def test_the_journal_is_private(home: Path, journal: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX permissions")
    do(journal, rate(home, 1))
    assert journal.stat().st_mode & 0o777 == 0o700


# Two programs at once


HOLD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from keepers.export.lock import locked
    with locked(Path(sys.argv[1])):
        print("locked", flush=True)
        time.sleep(60)
""")


@pytest.fixture
def other(journal: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the journal."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(journal)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_while_another_keepers_works_a_second_is_refused_and_a_start_does_not_wait(
    home: Path, journal: Path, other: subprocess.Popen[str]
) -> None:
    before = time.monotonic()
    assert recover(journal) == []
    assert time.monotonic() - before < 5
    with pytest.raises(lock.Busy, match="Another keepers is changing files"), lock.locked(journal, wait_s=0.2):
        pass


def test_the_lock_of_a_killed_process_locks_nobody_out(home: Path, journal: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    other.wait()
    assert (journal / "lock").exists()
    assert do(journal, rate(home, 1)).counts == {"written": 1}


def test_a_journal_that_cannot_be_made_is_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="allow writing or name another catalog"):
        do(tmp_path / "file" / "journal", rate(home, 1))


# Disks that fail


@pytest.mark.parametrize(
    ("code", "second"),
    [(errno.ENOSPC, True), (errno.EIO, True), (errno.EACCES, False)],
    ids=["full", "broken", "forbidden"],
)
def test_an_error_at_any_step_costs_no_file_and_tears_none(home: Path, journal: Path, code: int, second: bool) -> None:
    before = snapshot(home)
    operations = [rate(home, 1), *move(home, 2), CopyFile(home / "IMG_3.JPG", home.parent / "out" / "copy.JPG")]
    out = home.parent / "out"
    with other_file_system(out) if second else nullcontext():
        with steps() as counted:
            do(journal, *operations)
        after = snapshot(home, out)
        undo(journal)
        assert snapshot(home) == before
        contents = {data[0] for data in after.values() if data} | {data[0] for data in before.values() if data}
        for number in range(1, counted.count + 1):
            journal = journal.with_name(f"journal {number}")
            said = failed_once(journal, number, code, *operations)
            tree = snapshot(home, out)
            assert ".keepers" not in "".join(tree), "no half-written file is left"
            assert {data[0] for data in tree.values() if data} <= contents
            assert all(sentence.isprintable() for sentence in said)
            with steps():
                recover(journal)
                with suppress(NothingToDo):
                    assert undo(journal).refused == ()
            assert snapshot(home) == before
            assert names(out) == []


def failed_once(journal: Path, number: int, code: int, *operations: Operation) -> list[str]:
    """Do a plan while one step fails; the sentences."""
    with steps(failing_at(number, code)):
        try:
            return [sentence for _, sentence in do(journal, *operations).failures]
        except StorageError as error:
            return [str(error)]


def full_at(path: Path) -> Callable[[int, str], None]:
    """A disk that is full from the moment on when the temporary file of `path`'s folder is written."""

    def fault(count: int, name: str) -> None:
        if name == "write" and any(".keepers-" in file.name for file in path.iterdir()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fault


def test_a_full_disk_ends_the_job_with_one_sentence(home: Path, journal: Path) -> None:
    before = snapshot(home)
    with steps(full_at(home)):
        done = do(journal, rate(home, 1), rate(home, 2), rate(home, 3))
    assert [sentence for _, sentence in done.failures] == [
        f"The disk was full at {home / 'IMG_1.xmp'}; free some space and run again."
    ]
    assert (done.left_out, dict(done.counts)) == (3, {})
    assert snapshot(home) == before


def test_a_full_journal_stops_before_anything_is_changed(
    home: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(home)

    def full(source: Path, target: Path) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk, "copy_new", full)
    done = do(journal, rate(home, 1), rate(home, 2))
    ((_, sentence),) = done.failures
    assert (
        sentence == f"The disk of {journal / '0001' / 'backup'} is full, so no backup could be made; free some space."
    )
    assert done.left_out == 2
    assert snapshot(home) == before


def test_a_card_that_is_pulled_out_is_said_and_not_made_again(home: Path, journal: Path) -> None:
    def pull(done: int, of: int) -> None:
        if home.exists():
            home.rename(home.parent / "pocket")

    plan = Plan("test", (*move(home, 1), *move(home, 2), rate(home, 3)))
    done = Journalled(journal, pull).do(plan)
    assert done.counts == {"moved": 3}
    assert [path.name for path, _ in done.failures] == ["IMG_2.CR3", "IMG_3.xmp"]
    assert all("check that its disk or card is connected" in sentence for _, sentence in done.failures)
    assert not home.exists()
    (home.parent / "pocket").rename(home)
    undo(journal)
    assert len(names(home)) == 9


def test_an_out_folder_that_vanishes_is_not_made_again_on_another_disk(
    home: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mount point of a card stays behind as an empty folder of another disk."""
    out = home.parent / "out"
    out.mkdir()
    plan = Plan("test", (*move(home, 1), *move(home, 2)))
    done = Journalled(journal, lambda done, of: on_another_disk(out, monkeypatch)).do(plan)
    assert done.counts == {"moved": 3}
    assert "no longer there" in done.failures[0][1]


def test_a_read_only_folder_is_said(home: Path, journal: Path, tmp_path: Path) -> None:
    home.chmod(0o500)
    try:
        if os.access(home, os.W_OK):
            pytest.skip("this user may write everywhere")
        before = snapshot(home)
        done = do(journal, rate(home, 1), *move(home, 2))
        assert snapshot(home) == before
    finally:
        home.chmod(0o700)
    assert all("give yourself permission to write into its folder" in sentence for _, sentence in done.failures)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@root_only
def test_a_really_full_disk(home: Path, journal: Path, small_disk: Path) -> None:
    for path in home.glob("*.CR3"):
        path.write_bytes(os.urandom(100_000))
    before = snapshot(home)
    operations = [MoveFile(path, small_disk / path.name, group=path.stem) for path in sorted(home.iterdir())]
    done = do(journal, *operations)
    assert done.counts == {"moved": 6}
    ((_, sentence),) = done.failures
    assert sentence == f"The disk was full at {small_disk / 'IMG_3.CR3'}; free some space and run again."
    assert names(small_disk) == [f"IMG_{n}{suffix}" for n in (1, 2) for suffix in (".CR3", ".JPG", ".xmp")]
    undo(journal)
    assert snapshot(home) == before
    assert names(small_disk) == []


@root_only
def test_a_really_read_only_disk(home: Path, journal: Path, small_disk: Path) -> None:
    (small_disk / "a.xmp").write_bytes(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = do(
        journal,
        WriteFile(small_disk / "a.xmp", b"new", "rate"),
        MoveFile(small_disk / "a.xmp", home / "a.xmp"),
        CopyFile(home / "IMG_1.JPG", small_disk / "a.JPG"),
    )
    assert not done.counts
    assert [sentence.partition(" is on a disk")[0] for _, sentence in done.failures] == [
        str(small_disk / "a.xmp"),
        str(small_disk / "a.xmp"),
        str(small_disk / "a.JPG"),
    ]
    assert all("unlock the card" in sentence for _, sentence in done.failures)
    assert names(home) == [f"IMG_{n}{suffix}" for n in (1, 2, 3) for suffix in (".CR3", ".JPG", ".xmp")]


@root_only
def test_a_journal_on_a_full_disk(home: Path, small_disk: Path) -> None:
    journal = small_disk / "journal"
    (home / "IMG_2.xmp").write_bytes(os.urandom(300_000))
    before = snapshot(home)
    done = do(journal, rate(home, 1), rate(home, 2), rate(home, 3))
    assert done.counts == {"written": 1}
    assert "is full, so no backup could be made" in done.failures[0][1]
    assert done.left_out == 2
    undo(journal)
    assert snapshot(home) == before
