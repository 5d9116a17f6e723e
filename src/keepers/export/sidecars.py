"""Which sidecars a photo has and which it gets: `IMG.xmp` (short), `IMG.CR3.xmp` (long).

The short name belongs to the RAW of its stem, else to the only photo of the stem; darktable and digiKam also apply it
to `IMG.jpg`. Where several photos share a stem, those without a RAW get the long name, which is theirs alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from keepers.errors import Refused
from keepers.export.base import Names
from keepers.export.disk import LONGEST_NAME
from keepers.io.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS, SIDECAR_EXTENSION
from keepers.types import Source


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar to write. `seed` is the one of the other name, which programs stop reading once this one exists."""

    path: Path
    short: bool
    exists: bool
    seed: Path | None = None


@dataclass(slots=True)
class Folder:
    """One look at a folder: its photos by stem, its sidecars by name, both without regard to upper and lower case."""

    path: Path
    photos: dict[str, list[str]] = field(default_factory=dict)
    sidecars: dict[str, list[Path]] = field(default_factory=dict)

    @classmethod
    def look(cls, path: Path) -> Folder:
        """List `path`.

        Raises:
            Refused: it is gone or may not be read or written.
        """
        folder = cls(path)
        try:
            for name in sorted(os.listdir(path)):  # noqa: PTH208 - plain strings: this runs 100,000 times
                stem, extension = os.path.splitext(name)  # noqa: PTH122
                if extension.lower() in PHOTO_EXTENSIONS:
                    folder.photos.setdefault(stem.casefold(), []).append(name)
                elif extension.lower() == SIDECAR_EXTENSION:
                    folder.sidecars.setdefault(name.casefold(), []).append(path / name)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Refused(f"The folder {path} cannot be read ({why}); check the disk or card it is on.") from error
        if not os.access(path, os.W_OK):
            raise Refused(f"The folder {path} is read-only; allow writing there, or copy the photos first.")
        return folder

    def named(self, name: str) -> list[Path]:
        """The sidecars of that name."""
        return self.sidecars.get(name.casefold(), [])


def sidecars(source: Source, folder: Folder, names: Names, inside: frozenset[Path]) -> list[Sidecar]:
    """The sidecars to write for a photo: those that `names` wants, and all that exist, so that they agree.

    Args:
        source: the photo, as scanned.
        folder: the folder it is in, as it is now.
        names: "short", "long" or "both".
        inside: its files that carry the verdict in themselves and get no new sidecar.

    Raises:
        Refused: the photo is gone, two RAW files share its stem, or a sidecar may not be replaced.
    """
    files = [file.path for file in source.files if file.role != "sidecar"]
    raws = [path for path in files if _is_raw(path.name)]
    main = raws[0] if raws else source.path
    others = set(folder.photos.get(main.stem.casefold(), ())) - {path.name for path in files}
    _refuse_twins(main, raws, others)
    # The short name of IMG.CR3.jpg would be the long name of IMG.CR3.
    owns_short = (bool(raws) or not others) and Path(main.stem).suffix.lower() not in PHOTO_EXTENSIONS
    plain = [path for path in files if path not in inside]
    wants_short = names != "long" and owns_short and main in plain
    wants_long = names != "short" or not owns_short
    short = _existing_or_new(folder, main.with_suffix(SIDECAR_EXTENSION), True, wants_short) if owns_short else []
    found = list(short)
    for path in files:
        long = path.with_name(path.name + SIDECAR_EXTENSION)
        found += _existing_or_new(folder, long, False, wants_long and path in plain)
    return [_seeded(sidecar, found, main) for sidecar in found]


def _is_raw(name: str) -> bool:
    return Path(name).suffix.lower() in RAW_EXTENSIONS


def _refuse_twins(main: Path, raws: list[Path], others: set[str]) -> None:
    twins = sorted(name for name in others if _is_raw(name))
    if raws and (twins or len(raws) > 1):
        other = twins[0] if twins else raws[1].name
        raise Refused(
            f"{main.name} and {other} are two RAW files of one name, and {main.stem}.xmp would rate both; rename one."
        )


def _existing_or_new(folder: Folder, path: Path, short: bool, wanted: bool) -> list[Sidecar]:
    existing = folder.named(path.name)
    for found in existing:
        _refuse_unreplaceable(found)
    if existing:
        return [Sidecar(found, short, True) for found in existing]
    if wanted and len(os.fsencode(path.name)) > LONGEST_NAME:
        raise Refused(f"{path.stem} has a name too long to put .xmp behind it; rename it.")
    return [Sidecar(path, short, False)] if wanted else []


def _refuse_unreplaceable(path: Path) -> None:
    if not path.is_file():
        raise Refused(f"{path.name} is no file where a sidecar should be, so it was left; move it away.")
    if not os.access(path, os.W_OK):
        raise Refused(f"{path.name} is read-only, so it was left as it is; allow writing to it.")


def _seeded(sidecar: Sidecar, found: list[Sidecar], main: Path) -> Sidecar:
    """A new long sidecar starts as a copy of the short one, a new short one as a copy of the main file's long one."""
    if sidecar.exists:
        return sidecar
    long = (main.name + SIDECAR_EXTENSION).casefold()
    for other in found:
        if other.exists and (other.short if not sidecar.short else other.path.name.casefold() == long):
            return Sidecar(sidecar.path, sidecar.short, False, other.path)
    return sidecar
