"""Whatever is planned and whenever the power goes: doing and undoing leaves the very same tree."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disk_faults import Killed, Tree, killed_at, other_file_system, snapshot, steps
from keepers.export.journal import Journalled, jobs, recover, undo
from keepers.export.operations import CopyFile, MoveFile, Operation, Plan, WriteFile

BEFORE = 1_750_000_000_000_000_000
NAMES = ("IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp", "Grüße 🎞.jpg", "two\nlines.jpg", "x" * 251 + ".jpg")
HOMES = ("card/DCIM", "card/DCIM/100", "disk/Must Haves", "disk/Maybes/deep/er", "card/Maybes")

places = st.tuples(st.sampled_from(HOMES), st.sampled_from(NAMES)).map("/".join)
contents = st.sampled_from([b"", b"a", b"raw" * 700, b"<x/>"])


@dataclass(frozen=True)
class Wish:
    """An operation before it is known where the tree lies."""

    kind: str
    source: str
    target: str
    data: bytes
    group: str

    def at(self, root: Path) -> Operation:
        if self.kind == "write":
            return WriteFile(root / self.source, self.data, "test", group=self.group)
        kind = MoveFile if self.kind == "move" else CopyFile
        return kind(root / self.source, root / self.target, group=self.group)


kinds = st.sampled_from(["write", "copy", "move", "move"])
wishes = st.builds(Wish, kinds, places, places, contents, st.sampled_from(["", "one", "two"]))
trees = st.dictionaries(places, contents, min_size=1, max_size=6)
plans = st.lists(wishes, min_size=1, max_size=5)


@contextmanager
def workplace(files: dict[str, bytes]) -> Iterator[Path]:
    """A new folder with the files of a tree, each with a time of its own; `disk` is another file system."""
    root = Path(tempfile.mkdtemp(prefix="keepers-test-"))
    try:
        for number, (name, data) in enumerate(sorted(files.items())):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o640 if number % 2 else 0o600)
            os.utime(path, ns=(1, 1_700_000_000_123_456_789 + number))
        with other_file_system(root / "disk"):
            yield root
    finally:
        shutil.rmtree(root)


def of(root: Path) -> Tree:
    """The photographer's files below `root`, by relative path, without the journal; what was written today is of 0."""
    tree = {str(Path(path).relative_to(root)): what for path, what in snapshot(root).items() if "/journal" not in path}
    return {path: what and (what[0], what[1] if what[1] < BEFORE else 0, what[2]) for path, what in tree.items()}


def planned(wanted: list[Wish], root: Path) -> Plan:
    return Plan("test", tuple(wish.at(root) for wish in wanted))


fast = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
every_step = settings(fast, max_examples=int(os.environ.get("KEEPERS_TEST_PLANS", "12")))
"""Each plan is tried as often as it has steps on the disk, about a hundred times."""


@fast
@given(trees, plans)
def test_do_then_undo_gives_the_identical_tree(files: dict[str, bytes], wanted: list[Wish]) -> None:
    with workplace(files) as root, steps():
        before, journal = of(root), root / "journal"
        done = Journalled(journal).do(planned(wanted, root))
        after = of(root)
        assert sum(done.counts.values()) + sum(1 for _ in done.failures) <= len(wanted)
        lost = {what[0] for what in before.values() if what} - {what[0] for what in after.values() if what}
        replaced = {wish.source for wish in wanted if wish.kind == "write"}
        assert not lost or replaced, "without a write no content goes"
        if done.counts:
            assert undo(journal, done.job).refused == ()
        assert of(root) == before
        assert jobs(journal)[0].state == ("undone" if done.counts else "done")


@every_step
@given(trees, plans, st.integers(0, 60))
def test_killed_anywhere_the_next_start_finds_the_tree_before_or_after(
    files: dict[str, bytes], wanted: list[Wish], second: int
) -> None:
    with workplace(files) as root, steps() as counted:
        before, plan = of(root), planned(wanted, root)
        Journalled(root / "journal").do(plan)
        after = of(root)
    for number in range(1, counted.count + 1):
        with workplace(files) as root:
            journal = root / "journal"
            with suppress(Killed), steps(killed_at(number)):
                Journalled(journal).do(planned(wanted, root))
            if second % 2:
                with suppress(Killed), steps(killed_at(second)):
                    recover(journal)
            with steps():
                told = recover(journal)
            assert all(one.complete and not one.refused for one in told)
            assert of(root) == before or (of(root) == after and jobs(journal)[0].state == "done")
            assert not any(job.state == "interrupted" for job in jobs(journal))


@every_step
@given(trees, plans)
def test_killed_anywhere_while_undoing_the_next_start_finishes_it(files: dict[str, bytes], wanted: list[Wish]) -> None:
    with workplace(files) as root, steps():
        before = of(root)
        if not Journalled(root / "journal").do(planned(wanted, root)).counts:
            return
        after = of(root)
        with steps() as counted:
            undo(root / "journal")
    for number in range(1, counted.count + 1):
        with workplace(files) as root:
            journal = root / "journal"
            with steps():
                Journalled(journal).do(planned(wanted, root))
            with suppress(Killed), steps(killed_at(number)):
                undo(journal)
            with steps():
                recover(journal)
            assert of(root) == before or (of(root) == after and jobs(journal)[0].state == "done")
            with steps(), suppress(Exception):
                undo(journal)
            assert of(root) == before
