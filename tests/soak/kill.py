"""kill -9 at random moments: no file missing or doubled, no half-written sidecar, no choice lost, originals untouched.

    python tests/soak/kill.py                    100 trials of each scenario
    python tests/soak/kill.py --trials 500 --only move --seed 7

Each trial makes a shoot, starts a process of its own that changes it, kills that at a random moment, looks at what is
there, starts again as keepers does (`recover`), looks again, undoes what is left, and looks again. It ends with 1 and
says which trial it was when anything is lost; the place of that trial is kept.

A new scenario is a subclass of `Scenario` in `SCENARIOS`; those of the verbs, which have a catalog, are in verbs.py.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from scenario import Lost, Scenario, insist
from verbs import VERBS

from keepers.errors import NothingToDo
from keepers.export.journal import Journalled, jobs, recover, undo
from keepers.export.operations import CopyFile, MoveFile, Operation, Plan, WriteFile

Tree = dict[str, tuple[str, int]]
"""Relative path -> digest and time of change in ns."""

RATED = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>rated by keepers</x:xmpmeta>" * 20
PHOTOS = 12
GO = "go\n"


class Exporting(Scenario):
    """A plan that is done in a journal."""

    def out(self, place: Path) -> Path:
        """The folder where moved files go."""
        return place / "out"

    def operations(self, place: Path) -> Sequence[Operation]:
        """What is done."""
        raise NotImplementedError

    def photos(self, place: Path) -> list[list[Path]]:
        """The files of each photo."""
        names = [[f"IMG_{n}{suffix}" for suffix in (".CR3", ".JPG", ".xmp")] for n in range(PHOTOS)]
        return [[place / "shoot" / name for name in some] for some in names]

    def prepare(self, place: Path) -> None:
        """A shoot."""
        self.make(place)

    def make(self, place: Path) -> None:
        """A shoot of photos with three files each, none like another."""
        rng = random.Random(0)
        for number, photo in enumerate(self.photos(place)):
            for path in photo:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(rng.randbytes(100_000 if path.suffix == ".CR3" else 3_000))
                os.utime(path, ns=(1, 1_600_000_000_000_000_000 + number))

    def act(self, place: Path) -> None:
        """Do the plan."""
        plan = Plan(self.name, tuple(self.operations(place)))
        done = Journalled(place / "journal").do(plan)
        insist(not done.failures, str(done.failures))

    def tree(self, place: Path) -> Tree:
        """The photographer's files; what was written by keepers has no time of its own."""
        found: Tree = {}
        for name, root in (("shoot", place / "shoot"), ("out", self.out(place))):
            for path in root.rglob("*") if root.is_dir() else ():
                if path.is_file():
                    with suppress(FileNotFoundError):
                        data = path.read_bytes()
                        time_ns = 0 if data == RATED else path.stat().st_mtime_ns
                        found[f"{name}/{path.relative_to(root)}"] = (hashlib.sha256(data).hexdigest(), time_ns)
        return found

    @functools.cached_property
    def before(self) -> Tree:
        """The tree as `make` makes it."""
        with tempfile.TemporaryDirectory() as fresh:
            self.make(Path(fresh))
            return self.tree(Path(fresh))

    def check_after_kill(self, place: Path) -> None:
        """Every original is somewhere, and whatever has its name is whole."""
        before, now = self.before, self.tree(place)
        backups = {hashlib.sha256(p.read_bytes()).hexdigest() for p in place.glob("journal/*/backup/*")}
        there = {digest for digest, _ in now.values()} | backups
        for path, (digest, _) in before.items():
            insist(digest in there, f"{path} is lost")
        whole = {digest for digest, _ in before.values()} | {hashlib.sha256(RATED).hexdigest()}
        for path, (digest, _) in now.items():
            insist(digest in whole or Path(path).name.startswith(".keepers-"), f"{path} is half-written")

    def start_again(self, place: Path) -> None:
        """Take back what was cut short."""
        for undone in recover(place / "journal"):
            insist(undone.complete and not undone.refused, str(undone.refused))

    def check(self, place: Path) -> None:
        """All or nothing was done, and undo brings the shoot back."""
        before = self.before
        state = jobs(place / "journal")[0].state if jobs(place / "journal") else "undone"
        insist(state in ("done", "undone"), f"the job is {state}")
        if state == "undone":
            insist(self.tree(place) == before, "recovery did not bring the shoot back")
        with suppress(NothingToDo):
            undo(place / "journal")
        insist(self.tree(place) == before, "undo did not bring the shoot back")

    def clean(self, place: Path) -> None:
        """Remove what was moved to another disk."""
        if not self.out(place).is_relative_to(place):
            shutil.rmtree(self.out(place), ignore_errors=True)


class Rating(Exporting):
    """Sidecars are replaced, and new ones written."""

    name = "rate"

    def operations(self, place: Path) -> Sequence[Operation]:
        """IMG_1.xmp, which is there, and IMG_1.CR3.xmp, which is not."""
        writes = []
        for raw, _, sidecar in self.photos(place):
            for path in (sidecar, raw.with_name(raw.name + ".xmp")):
                writes.append(WriteFile(path, RATED, "rate", group=raw.stem))
        return writes


class Moving(Exporting):
    """Photos are moved by renaming."""

    name = "move"

    def operations(self, place: Path) -> Sequence[Operation]:
        """Each photo with its files, into one of two folders."""
        folders = [self.out(place) / "Must Haves", self.out(place) / "Maybes" / "sub"]
        return [
            MoveFile(path, folders[number % 2] / path.name, group=str(number))
            for number, photo in enumerate(self.photos(place))
            for path in photo
        ]


class MovingAway(Moving):
    """Photos are moved to another disk."""

    name = "move-away"
    memory = Path("/dev/shm")

    def possible(self) -> bool:
        """Whether there is another disk."""
        here = Path(tempfile.gettempdir()).stat().st_dev
        return self.memory.is_dir() and os.access(self.memory, os.W_OK) and self.memory.stat().st_dev != here

    def out(self, place: Path) -> Path:
        """A folder on the other disk."""
        return self.memory / f"{place.name}-out"


class Copying(Exporting):
    """Photos are copied."""

    name = "copy"

    def operations(self, place: Path) -> Sequence[Operation]:
        """Each photo with its files."""
        files = [(number, path) for number, photo in enumerate(self.photos(place)) for path in photo]
        return [CopyFile(path, self.out(place) / path.name, group=str(number)) for number, path in files]


class Undoing(Rating):
    """Undo is killed, of sidecars and of photos moved."""

    name = "undo"

    def ready(self, place: Path) -> None:
        """Do a job."""
        moves = Moving().operations(place)
        Journalled(place / "journal").do(Plan("test", (*self.operations(place)[1::2], *moves)))

    def act(self, place: Path) -> None:
        """Undo it."""
        undo(place / "journal")


class UndoingAway(MovingAway):
    """Undo is killed while photos come back from another disk."""

    name = "undo-away"

    def ready(self, place: Path) -> None:
        """Do a job."""
        Journalled(place / "journal").do(Plan("test", tuple(self.operations(place))))

    def act(self, place: Path) -> None:
        """Undo it."""
        undo(place / "journal")


class Recovering(Moving):
    """The start that takes an interrupted job back is killed as well."""

    name = "recover"

    def act(self, place: Path) -> None:
        """Die in the middle of a job, unless this is the second life."""
        if (place / "journal").exists():
            recover(place / "journal")
            return
        plan = Plan("test", (*Rating().operations(place), *super().operations(place)))

        def die(done: int, of: int) -> None:
            if done > of // 2:
                os.kill(os.getpid(), signal.SIGKILL)

        Journalled(place / "journal", die).do(plan)

    def prepare(self, place: Path) -> None:
        """A shoot with half a job."""
        super().prepare(place)
        worker(self, place).communicate()


SCENARIOS: list[Scenario] = [
    *(Rating(), Moving(), MovingAway(), Copying(), Undoing(), UndoingAway(), Recovering()),
    *VERBS,
]


def act(scenario: Scenario, place: Path) -> None:
    """The life of a worker: says when it begins, and how long it took."""
    scenario.ready(place)
    print(GO, end="", flush=True)
    began = time.monotonic()
    scenario.act(place)
    print(time.monotonic() - began, flush=True)


def worker(scenario: Scenario, place: Path) -> subprocess.Popen[str]:
    """A process that acts."""
    command = [sys.executable, __file__, "--act", scenario.name, str(place)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def live(scenario: Scenario, place: Path, seconds: float | None) -> float | None:
    """Let a worker act, and kill it after `seconds` unless None; how long it took, None where it did not get there."""
    process = worker(scenario, place)
    assert process.stdout is not None and process.stderr is not None
    try:
        began = process.stdout.readline() == GO
        if seconds is not None:
            time.sleep(seconds)  # wait(seconds) looks only every 50 ms
            process.kill()
        code = process.wait()
        insist(began and code in (0, -signal.SIGKILL), f"the worker failed: {process.stderr.read()}")
        took = process.stdout.read()
        return float(took) if took.endswith("\n") else None
    finally:
        process.stdout.close()
        process.stderr.close()


def trial(scenario: Scenario, seconds: float | None) -> float | None:
    """One life and what follows; how long acting took. Its place stays when something is lost."""
    place = Path(tempfile.mkdtemp(prefix="keepers-kill-"))
    try:
        scenario.prepare(place)
        took = live(scenario, place, seconds)
        scenario.check_after_kill(place)
        scenario.start_again(place)
        scenario.check(place)
    except Lost as lost:
        raise Lost(f"{lost} (see {place})") from lost
    scenario.clean(place)
    shutil.rmtree(place)
    return took


def run(scenario: Scenario, trials: int, seed: int) -> int:
    """Trials of one scenario; how many were killed before they were done."""
    whole = trial(scenario, None) or 1.0
    rng = random.Random(seed)
    killed = 0
    for number in range(trials):
        moment = rng.uniform(0, whole)
        try:
            took = trial(scenario, moment)
        except Lost as lost:
            raise Lost(f"{scenario.name}, trial {number}, killed after {moment:.4f} s: {lost}") from lost
        killed += took is None
        whole = whole if took is None else (whole + took) / 2
    return killed


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100, help="of each scenario (100)")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; random unless given")
    parser.add_argument("--only", choices=[scenario.name for scenario in SCENARIOS], action="append")
    parser.add_argument("--act", nargs=2, metavar=("SCENARIO", "PLACE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if given.act:
        act(known[given.act[0]], Path(given.act[1]))
        return 0
    seed = random.randrange(1 << 32) if given.seed is None else given.seed
    for scenario in SCENARIOS:
        if given.only and scenario.name not in given.only:
            continue
        if not scenario.possible():
            print(f"{scenario.name}: not possible on this machine")
            continue
        try:
            killed = run(scenario, given.trials, seed)
        except Lost as lost:
            print(f"LOST (seed {seed}): {lost}")
            return 1
        print(f"{scenario.name}: {given.trials} trials, {killed} killed before the end, nothing lost", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
