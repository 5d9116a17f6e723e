"""The record of jobs: one folder each with `log.jsonl`, appended to before every change, and `backup`.

    journal/lock
    journal/0001/log.jsonl        a header, then steps, finished copies, finished sets, the end, undoing
    journal/0001/backup/<digest>  files as they were before keepers replaced them

A line that cannot be read was being written when the power went: what it announces was never begun.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from keepers import __version__
from keepers.errors import Refused, StorageError
from keepers.export import disk
from keepers.export.disk import Facts, shown
from keepers.export.steps import Site, Step

FORMAT = 1
JobState = Literal["done", "undone", "partly undone", "interrupted"]
KINDS: Mapping[str, str] = {"write": "written", "copy": "copied", "move": "moved", "trash": "trashed"}
"""Kind of step -> the word under which it is counted."""

Sentences = Sequence[tuple[Path, str]]

_TAIL = 4096
_NEW = ".new-"
_LOG = "log.jsonl"
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Log:
    """The log of one job, open for appending. Use it in a `with` statement.

    Raises:
        StorageError: the journal's disk is full or fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _storage_errors(folder):
            torn = not (folder / _LOG).read_bytes().endswith(b"\n")
            self._file = os.open(folder / _LOG, _APPEND)
            self._size = os.fstat(self._file).st_size
        if torn:
            self._append(b"\n", sync=False)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def steps(self, steps: list[Step]) -> None:
        """Announce steps; they are on the disk when this returns, and only then may be done."""
        lines = [_line({"step": _of_step(step)}) for step in steps]
        self._append(b"".join(lines), sync=True)

    def ready(self, number: int, digest: str) -> None:
        """Announce that the copy of a step is whole and gets its name next."""
        self._append(_line({"ready": number, "digest": digest}), sync=True)

    def group(self, number: int, state: Literal["done", "back", "kept"]) -> None:
        """Say how a set ended: done, taken back, or kept because it may not be taken back.

        Not forced to the disk: without it the set is looked at again, which does no harm.
        """
        self._append(_line({"group": number, "state": state}), sync=False)

    def mark(self, what: Literal["end", "undo", "undone"], sentences: Sentences = (), hanging: int = 0) -> None:
        """Say that the job ended, that undoing began, or that it ended, with sentences for what was refused.

        hanging: sets that are half done. This is the last line, and short, so that `settled` need not read more.
        """
        said = [[os.fspath(path), sentence] for path, sentence in sentences]
        self._append(_line({"sentences": said}) + _line({what: _now(), "hanging": hanging}), sync=True)

    def _append(self, data: bytes, sync: bool) -> None:
        with _storage_errors(self.folder):
            try:
                disk.write_all(self._file, data)
            except OSError:
                os.ftruncate(self._file, self._size)  # no half a line in front of the next
                raise
            self._size += len(data)
            if sync:
                disk.sync_file(self._file)


class _storage_errors:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            why = "its disk is full" if error.errno in disk.FULL else str(error.strerror or error)
            raise StorageError(
                f"The journal {shown(self.folder)} could not be used ({why}); put that right and run again: "
                "the next start takes back what is unfinished."
            ) from error


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _of_step(step: Step) -> dict[str, Any]:
    record = {key: value for key, value in asdict(step).items() if value not in (None, ())}
    for key in ("path", "target"):
        if key in record:
            record[key] = os.fspath(record[key])
    if step.folders:
        record["folders"] = [os.fspath(folder) for folder in step.folders]
    return record


def _to_step(record: dict[str, Any]) -> Step:
    return Step(
        number=record["number"],
        group=record["group"],
        kind=record["kind"],
        path=Path(record["path"]),
        target=Path(record["target"]) if "target" in record else None,
        facts=Facts(**record["facts"]) if "facts" in record else None,
        before=record.get("before"),
        after=record.get("after"),
        folders=tuple(Path(folder) for folder in record.get("folders", ())),
    )


@dataclass
class Record:
    """What the log of a job says.

    groups: how each set ended, the latest word; one that is missing was being worked on. done: those that were done,
    whatever became of them later.
    """

    folder: Path
    exporter: str
    started: datetime
    mark: str
    steps: list[Step] = field(default_factory=list)
    ready: dict[int, str] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    sentences: list[tuple[Path, str]] = field(default_factory=list)
    ended: bool = False
    undoing: bool = False
    undone: bool = False

    @property
    def id(self) -> str:
        """The name of the job's folder: a number of four digits or more, rising."""
        return self.folder.name

    @property
    def site(self) -> Site:
        """Where its steps work."""
        return Site(self.folder / "backup", self.mark)

    def sets(self) -> list[list[Step]]:
        """Steps by group, in the order they were announced."""
        sets: dict[int, list[Step]] = {}
        for step in self.steps:
            sets.setdefault(step.group, []).append(step)
        return list(sets.values())

    def left(self) -> list[list[Step]]:
        """The sets that are done, half done or kept, and not taken back."""
        return [steps for steps in self.sets() if self.groups.get(steps[0].group) != "back"]

    def pending(self) -> list[list[Step]]:
        """What the next start takes back: all that is left of a job that was cut short, or the sets that hang."""
        if self.undoing or not self.ended:
            return [steps for steps in self.left() if self.groups.get(steps[0].group) != "kept"]
        return [steps for steps in self.left() if steps[0].group not in self.groups]

    @property
    def interrupted(self) -> bool:
        """Whether the job or its undoing was cut short, or a set hangs."""
        return self.undoing or not (self.ended or self.undone) or bool(self.pending())


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the journal, for a person.

    counts: files written, copied, moved and trashed, whatever became of them later. left: how many of them are not
    taken back. backup_bytes: how much its backups take. sentences: what it could not do, or not take back.
    """

    id: str
    exporter: str
    started: datetime
    state: JobState
    counts: Mapping[str, int]
    left: int
    backup_bytes: int
    sentences: tuple[tuple[Path, str], ...] = ()


def jobs(journal: Path) -> list[Job]:
    """The jobs of a journal, the latest first; none where there is no journal.

    A job that another keepers is working on at this moment looks interrupted.

    Raises:
        Refused: a newer keepers wrote the journal.
        StorageError: it cannot be read.
    """
    return [_job(record) for record in reversed(records(journal))]


def _job(record: Record) -> Job:
    counts = Counter(KINDS[step.kind] for step in record.steps if step.group in record.done)
    left = sum(len(steps) for steps in record.left())
    state: JobState = "interrupted" if record.interrupted else "done"
    if record.undone and not record.interrupted:
        state = "partly undone" if left else "undone"
    backups = record.site.backups
    size = sum(file.stat().st_size for file in backups.iterdir()) if backups.is_dir() else 0
    return Job(record.id, record.exporter, record.started, state, counts, left, size, tuple(record.sentences))


def records(journal: Path) -> list[Record]:
    """All that is written of the jobs of a journal, the first first."""
    with _storage_errors(journal):
        folders = [path for path in journal.iterdir() if path.name.isdecimal()] if journal.is_dir() else []
        found = [read(folder) for folder in sorted(folders, key=lambda path: int(path.name))]
    return [record for record in found if record is not None]


def unsettled(journal: Path) -> list[Record]:
    """The jobs that were cut short, the first first; reads only the ends of the logs of all others."""
    with _storage_errors(journal):
        folders = [path for path in journal.iterdir() if path.name.isdecimal()] if journal.is_dir() else []
        some = [folder for folder in sorted(folders, key=lambda path: int(path.name)) if not _settled(folder)]
        found = [read(folder) for folder in some]
    return [record for record in found if record is not None and record.interrupted]


def _settled(folder: Path) -> bool:
    with (folder / _LOG).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        last = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    try:
        entry = json.loads(last)
    except ValueError:
        return False
    return ("end" in entry or "undone" in entry) and not entry["hanging"]


def read(folder: Path) -> Record | None:
    """The record of one job; None where not even its header can be read, so that nothing was done."""
    record: Record | None = None
    for line in (folder / _LOG).read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if record is not None:
            _apply(entry, record)
        elif entry["format"] > FORMAT:
            raise Refused(f"The journal {shown(folder)} was written by a newer keepers; update keepers.")
        else:
            record = Record(folder, entry["exporter"], datetime.fromisoformat(entry["started"]), entry["mark"])
    return record


def _apply(entry: dict[str, Any], record: Record) -> None:
    if "step" in entry:
        record.steps.append(_to_step(entry["step"]))
    elif "ready" in entry:
        record.ready[entry["ready"]] = entry["digest"]
    elif "group" in entry:
        record.groups[entry["group"]] = entry["state"]
        if entry["state"] == "done":
            record.done.add(entry["group"])
    elif "end" in entry:
        record.ended = True
    elif "undo" in entry:
        record.undoing, record.undone = True, False
        record.groups = {group: "done" if state == "kept" else state for group, state in record.groups.items()}
    elif "undone" in entry:
        record.undoing, record.undone = False, True
    elif "sentences" in entry:
        record.sentences = [(Path(path), sentence) for path, sentence in entry["sentences"]]


def create(journal: Path, exporter: str) -> Record:
    """A new job, on the disk when this returns. Numbers rise whatever the clock says.

    Raises:
        StorageError: the journal cannot be written.
    """
    with _storage_errors(journal):
        _tidy(journal)
        numbers = [int(path.name) for path in journal.iterdir() if path.name.isdecimal()]
        folder = journal / f"{max(numbers, default=0) + 1:04d}"
        record = Record(folder, exporter, datetime.now(UTC), secrets.token_hex(4))
        header = {"format": FORMAT, "keepers": __version__, "exporter": exporter, "started": _now()}
        new = journal / f"{_NEW}{record.mark}"
        (new / "backup").mkdir(parents=True)
        disk.write_new(new / _LOG, _line({**header, "mark": record.mark}))
        disk.sync_folder(new)
        disk.rename_new(new, folder)
        disk.sync_folder(journal)
    return record


def _tidy(journal: Path) -> None:
    """Take away jobs that were killed before they had a name: their logs have a header at most."""
    for folder in journal.glob(f"{_NEW}*"):
        shutil.rmtree(folder, ignore_errors=True)
