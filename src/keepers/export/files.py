"""The exporter `files`: photos into a folder for each verdict, with everything that belongs to them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keepers.errors import Refused
from keepers.export.base import Item, Options, exporter
from keepers.export.disk import LONGEST_NAME, shown
from keepers.export.operations import CopyFile, MoveFile, Operation, Plan, Stamp, TrashFile
from keepers.io.kinds import PHOTO_EXTENSIONS
from keepers.types import VERDICT_TITLES, VerdictName

COMPANIONS = frozenset({".aae", ".acr", ".dop", ".mov", ".on1", ".pp3", ".thm", ".wav", ".xmp"})
"""What shares the stem of a photo and belongs to it: edits of raw developers, thumbnails, voice notes, live photos."""

_SAME_NS = 2_000_000_000
"""FAT keeps times to two seconds."""


@exporter("files", options=("out", "mode", "trash", "flat"))
def plan_files(items: Sequence[Item], options: Options) -> Plan:
    """Copy or move photos into the folders Must Haves, Maybes and To be Deleted below `out`.

    RAW, JPEG, sidecars and other companions go together or not at all. Subfolders are kept unless `flat`. Nothing is
    overwritten: where the folder has a photo of that name already, the whole set gets `-2`, `-3` ... What lies in the
    right folder already stays, and what was copied before is not copied again. With `trash`, To be Deleted goes to
    the desktop's trash instead.

    Raises:
        Refused: copies would land among the photos that they are copies of, or `out` is no folder.
    """
    planner = _Planner(options, _out(options))
    for family in _families(items):
        planner.add(family)
    return Plan("files", tuple(planner.operations), tuple(planner.skipped))


def _out(options: Options) -> Path:
    root = Path(os.path.realpath(options.root))
    if options.mode == "copy":
        if options.trash:
            raise Refused("Only moved photos go to the trash; ask for moving, or leave the trash out.")
        if options.out is None:
            raise Refused(f"Name the folder for the copies with --out; it must lie outside {shown(options.root)}.")
        if Path(os.path.realpath(options.out)).is_relative_to(root):
            raise Refused(
                f"{shown(options.out)} lies inside {shown(options.root)}, so the next cull would take the copies for "
                "new photos; name a folder outside with --out."
            )
    out = Path(os.path.abspath(options.out or options.root))  # noqa: PTH100 - links keep the names users know
    if out.exists() and not out.is_dir():
        raise Refused(f"{shown(out)} is no folder; name another one with --out.")
    return out


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a set. Its name is `stem` + `tail`: IMG_1 + .CR3.xmp. `stamp`: as it was judged, or as it is now."""

    path: Path
    stem: str
    tail: str
    stamp: Stamp
    photo: bool

    def name(self, suffix: str, length: int) -> str:
        return self.stem[:length] + suffix + self.tail


@dataclass(slots=True)
class _Set:
    """What goes to one place together. `about` is the photo in whose name it is skipped."""

    about: Path
    verdict: VerdictName
    files: list[_File]


@dataclass(slots=True)
class _Family:
    """The photos of one stem in one folder."""

    folder: Path
    key: str
    items: list[Item] = field(default_factory=list)


def _families(items: Sequence[Item]) -> list[_Family]:
    families: dict[tuple[Path, str], _Family] = {}
    for item in items:
        path = item.opinion.path
        place = (path.parent, _key(path.name))
        families.setdefault(place, _Family(*place)).items.append(item)
    return list(families.values())


def _key(name: str) -> str:
    """What names have in common that people and programs take for one photo, on any file system."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122
    while extension and os.path.splitext(stem)[1].lower() in PHOTO_EXTENSIONS:  # noqa: PTH122
        stem, extension = os.path.splitext(stem)  # noqa: PTH122
    return unicodedata.normalize("NFC", stem).casefold()


def _names(folder: Path) -> dict[str, list[str]]:
    """The names in a folder by key; none where it cannot be listed, which doing will say."""
    names: dict[str, list[str]] = {}
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - plain strings: this runs 100,000 times
            names.setdefault(_key(name), []).append(name)
    except OSError:
        return {}
    return names


def _shared(found: list[_Set], near: list[str]) -> dict[Path, bool]:
    """The sidecars that are of several photos; False for one that is also of a photo outside the sets."""
    owned = {file.path.name for one in found for file in one.files}
    others = {
        os.path.splitext(name)[0].casefold()  # noqa: PTH122
        for name in near
        if name not in owned and os.path.splitext(name)[1].lower() in PHOTO_EXTENSIONS  # noqa: PTH122
    }
    shared: dict[Path, bool] = {}
    files = [file for one in found for file in one.files]
    for file in files:
        alone = os.path.splitext(file.path.name)[0].casefold() not in others  # noqa: PTH122
        if not file.photo and (not alone or sum(other.path == file.path for other in files) > 1):
            shared[file.path] = alone
    return shared


class _Planner:
    def __init__(self, options: Options, out: Path) -> None:
        self.options = options
        self.out = out
        self._homes: dict[Path, Path] = {}
        self.operations: list[Operation] = []
        self.skipped: list[tuple[Path, str]] = []
        self._listed: dict[Path, dict[str, list[str]]] = {}
        self._claimed: dict[tuple[Path, str], _Family] = {}

    def add(self, family: _Family) -> None:
        """Plan the photos of one stem."""
        near = self._list(family.folder).get(family.key, [])
        found: list[_Set] = []
        for item in family.items:
            try:
                files = list(_files(item, near, self.options.mode == "move"))
                found.append(_Set(item.opinion.path, item.verdict, files))
            except Refused as refusal:
                self.skipped.append((item.opinion.path, str(refusal)))
        for one in self._settled(found, near):
            self._place(one, family)

    def _settled(self, found: list[_Set], near: list[str]) -> list[_Set]:
        """Sets that share a sidecar are one; where a photo of it goes elsewhere or stays, none may take it along."""
        shared = _shared(found, near)
        if not shared:
            return found
        verdicts = {one.verdict for one in found}
        if self.options.mode == "move" and (len(verdicts) > 1 or not all(shared.values())):
            for one in found:
                sentence = f"{shown(one.about)} shares {shown(min(shared).name)} with a photo that does not go along; "
                self.skipped.append((one.about, sentence + "give both the same verdict, or copy instead of moving."))
            return []
        if len(verdicts) > 1:
            return found
        files = {file.path: file for one in found for file in one.files}
        return [_Set(found[0].about, found[0].verdict, list(files.values()))]

    def _list(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._listed:
            self._listed[folder] = _names(folder)
        return self._listed[folder]

    def _place(self, one: _Set, family: _Family) -> None:
        group = str(one.about)
        if self.options.trash and one.verdict == "delete":
            self.operations += [TrashFile(file.path, file.stamp, group) for file in one.files]
            return
        target = self._target(one)
        if target == one.about.parent:
            return
        suffix, length, there = self._free(one, target, family)
        for file in one.files:
            path = target / file.name(suffix, length)
            if there and _same(file, path):
                continue
            if there and path.exists():
                sentence = f"{shown(path)} was copied before and differs from {shown(file.path)} now; "
                self.skipped.append((file.path, sentence + "remove the one that you do not want and run again."))
                continue
            kind = MoveFile if self.options.mode == "move" else CopyFile
            self.operations.append(kind(file.path, path, file.stamp, group))

    def _target(self, one: _Set) -> Path:
        """The folder for a set: its own where it is in that of its verdict already."""
        place = self._real(one.about.parent)
        wanted, base = VERDICT_TITLES[one.verdict], self._real(self.options.root)
        for title in VERDICT_TITLES.values():
            sorted_already = self._real(self.out) / title
            if place.is_relative_to(sorted_already):
                if title == wanted:
                    return one.about.parent
                base = sorted_already
        flat = self.options.flat or not place.is_relative_to(base)
        return self.out / wanted / ("." if flat else place.relative_to(base))

    def _real(self, folder: Path) -> Path:
        """A folder without links, so that one folder of two names is taken for one."""
        if folder not in self._homes:
            self._homes[folder] = Path(os.path.realpath(folder))
        return self._homes[folder]

    def _free(self, one: _Set, target: Path, family: _Family) -> tuple[str, int, bool]:
        """A suffix under which the set stays together and apart from others; its cut stem; is it there already?"""
        number = 1
        while True:
            suffix = f"-{number}" if number > 1 else ""
            length = _fitting(one, suffix)
            key = _key(one.files[0].name(suffix, length))
            owner = self._claimed.get((target, key))
            names = self._list(target).get(key, [])
            photos = [file for file in one.files if file.photo]
            there = bool(names) and all(_same(file, target / file.name(suffix, length)) for file in photos)
            if there and self.options.mode == "copy":
                return suffix, length, True
            if not names and owner in (None, family):
                self._claimed[(target, key)] = family
                return suffix, length, False
            number += 1


def _fitting(one: _Set, suffix: str) -> int:
    """How many characters of the stem fit into a file name; all of them unless a suffix makes it too long."""
    length = max(len(file.stem) for file in one.files)
    while suffix and length > 1 and any(len(os.fsencode(f.name(suffix, length))) > LONGEST_NAME for f in one.files):
        length -= 1
    return length


def _same(file: _File, path: Path) -> bool:
    """Whether `path` is a copy of a file, as far as size and time can tell."""
    try:
        facts = path.stat()
    except OSError:
        return False
    return facts.st_size == file.stamp.size and abs(facts.st_mtime_ns - file.stamp.mtime_ns) <= _SAME_NS


def _files(item: Item, near: list[str], moving: bool) -> Iterator[_File]:
    """A photo's files as they were judged, and its companions as they are now."""
    photos = [file for file in item.opinion.report.source.files if file.role != "sidecar"]
    names = {file.path.name.casefold() for file in photos}
    stems = {file.path.stem.casefold() for file in photos}
    for file in photos:
        path = _real(file.path, moving)
        yield _File(path, file.path.stem, file.path.suffix, Stamp(file.size, file.mtime_ns), True)
    for name in sorted(near):
        inner, extension = os.path.splitext(name)  # noqa: PTH122
        long = inner.casefold() in names
        if name.casefold() not in names and (long or (inner.casefold() in stems and extension.lower() in COMPANIONS)):
            path = _real(item.opinion.path.parent / name, moving)
            stem = os.path.splitext(inner)[0] if long else inner  # noqa: PTH122
            yield _File(path, stem, name[len(stem) :], Stamp.of(path), False)


def _real(path: Path, moving: bool) -> Path:
    """The file itself: copies are of what a link leads to, and links are not moved, for they may lead nowhere then."""
    if not path.exists():
        raise Refused(f"{shown(path)} is no longer there; cull its folder again.")
    if not path.is_symlink():
        return path
    if moving:
        raise Refused(f"{shown(path)} is a link and was not moved; move the file itself, or copy instead.")
    return Path(os.path.realpath(path))
