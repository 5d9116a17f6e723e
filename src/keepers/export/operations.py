"""What an exporter wants done, as data: an exporter plans, a `Doer` does, and a person may look in between."""

from dataclasses import dataclass
from pathlib import Path

ABSENT = ""
"""The `expected` of a `WriteFile` whose planner found no file there."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tells a changed file from an unchanged one without reading it: `size` in bytes, `mtime_ns` since the epoch."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The stamp of the file at `path`, links followed; raises OSError."""
        facts = path.stat()
        return cls(facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Create `path`, or replace the whole of it, with `data`.

    Its folder must be there: a card that was pulled out must not come back to life as a folder on another disk.
    Of a symbolic link the file it leads to is replaced. A read-only file is refused.

    what: a sentence part for the dry run, such as "rate 3 of 5 and label Green".
    expected: `hash_bytes` of what the planner read there, `ABSENT` where it found nothing; the write is refused
        when that no longer holds. None: whatever is there is replaced (and kept for undo).
    group: operations of one group that follow one another are done together or not at all; "" stands alone. No
        two of them may touch the same path.
    """

    path: Path
    data: bytes
    what: str
    expected: str | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class CopyFile:
    """Copy `source` to `target`, bytes, times and permissions; an existing target is never overwritten.

    Missing folders above the target are made.

    expected: what the planner knew of the source; refused when it changed since. `group`: as of `WriteFile`.
    """

    source: Path
    target: Path
    expected: Stamp | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class MoveFile:
    """Move `source` to `target`, also across file systems; an existing target is never overwritten.

    A symbolic link is refused: elsewhere it may lead nowhere. `expected` and `group`: as of `CopyFile`.
    """

    source: Path
    target: Path
    expected: Stamp | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class TrashFile:
    """Move `source` to the desktop's trash. `expected` and `group`: as of `CopyFile`."""

    source: Path
    expected: Stamp | None = None
    group: str = ""


Operation = WriteFile | CopyFile | MoveFile | TrashFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What `exporter` would do, in order; `skipped` has a sentence for each file that it refuses to touch."""

    exporter: str
    operations: tuple[Operation, ...]
    skipped: tuple[tuple[Path, str], ...] = ()
