"""Finding the photos of a shoot: RAW, JPEG and sidecar of one stem are one photo."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keepers.errors import NotFound
from keepers.io.files import absolute
from keepers.io.files import content_id as content_id
from keepers.io.kinds import (
    HEIF_EXTENSIONS,
    JPEG_EXTENSIONS,
    PHOTO_EXTENSIONS,
    RAW_EXTENSIONS,
    SIDECAR_EXTENSION,
)
from keepers.types import PhotoFile, Role, Source

OnError = Callable[[Path, str], None]

_SKIPPED_FOLDERS = frozenset({"@eadir", "#recycle", "$recycle.bin", "__macosx", "system volume information"})
_SKIPPED_ENDINGS = (".lrdata", ".lrcat-data", ".cocatalogdb", ".photoslibrary", ".aplibrary")
_PAIRED = JPEG_EXTENSIONS | HEIF_EXTENSIONS


def scan(paths: Iterable[Path | str], on_error: OnError | None = None) -> list[Source]:
    """The photos under `paths`, sorted by path; paths in the answer are absolute.

    Folders are searched recursively, symlinks to folders once each. Hidden files and folders and the preview
    stores of other programs are skipped. A file that is named itself is taken whatever its extension is, with
    its RAW partner and sidecar where it has them.

    Args:
        paths: files and folders.
        on_error: called with a path and a sentence for each subfolder or file that cannot be looked at.

    Raises:
        NotFound: one of `paths` does not exist or may not be opened.
    """
    tell = on_error or (lambda path, sentence: None)
    wanted = [absolute(Path(path).expanduser()) for path in paths]
    found: dict[str, Source] = {}
    named: dict[Path, list[Path]] = {}
    for path in wanted:
        if _is_folder(path):
            found.update((os.fspath(s.path), s) for s in _walk(path, tell))
        else:
            named.setdefault(path.parent, []).append(path)
    for folder, files in named.items():
        found.update((os.fspath(s.path), s) for s in _named(folder, files))
    return [found[key] for key in sorted(found)]


def _is_folder(path: Path) -> bool:
    try:
        if not path.exists():
            raise NotFound(f"{path} does not exist; check the spelling and that its disk is connected.")
        if not path.is_dir():
            return False
        with os.scandir(path):
            return True
    except PermissionError as error:
        raise NotFound(f"{path} may not be opened; give yourself permission to read it.") from error
    except (OSError, ValueError) as error:
        raise NotFound(f"{path} cannot be opened ({error}); check the disk it is on.") from error


def _walk(root: Path, tell: OnError) -> Iterator[Source]:
    # Linked folders wait until all real ones are done: a folder seen twice is listed under its own name.
    pending, links = [os.fspath(root)], list[str]()
    seen: set[tuple[int, int]] = set()
    while pending or links:
        folder = pending.pop() if pending else links.pop()
        try:
            facts = os.stat(folder)  # noqa: PTH116 - plain strings: this runs 100,000 times
            if (facts.st_dev, facts.st_ino) in seen:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            listing = _list(folder, tell)
        except OSError as error:
            why = "may not be opened" if isinstance(error, PermissionError) else f"cannot be read ({error.strerror})"
            tell(Path(folder), f"The folder {folder} {why} and was left out.")
            continue
        pending += listing.folders
        links += listing.links
        yield from _sources(listing.files)


@dataclass
class _Listing:
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    files: list[PhotoFile] = field(default_factory=list)


def _list(folder: str, tell: OnError, stems: frozenset[str] | None = None) -> _Listing:
    """One folder's photos and sidecars (only those of `stems` where given), and its folders."""
    listing = _Listing()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            extension = os.path.splitext(name)[1].lower()  # noqa: PTH122 - see above
            photo = extension in PHOTO_EXTENSIONS or extension == SIDECAR_EXTENSION
            try:
                if stems is not None and not (photo and _stem(name) in stems):
                    continue
                if entry.is_dir():
                    if not _skipped(name):
                        (listing.links if entry.is_symlink() else listing.folders).append(entry.path)
                elif photo:
                    listing.files.append(_file(Path(entry.path), extension, entry.stat()))
            except OSError as error:
                tell(Path(entry.path), f"{entry.path} cannot be looked at ({error.strerror}) and was left out.")
    return listing


def _skipped(name: str) -> bool:
    return name.lower() in _SKIPPED_FOLDERS or name.lower().endswith(_SKIPPED_ENDINGS)


def _file(path: Path, extension: str, facts: os.stat_result) -> PhotoFile:
    role: Role = "raw" if extension in RAW_EXTENSIONS else "image"
    if extension == SIDECAR_EXTENSION:
        role = "sidecar"
    return PhotoFile(path, role, facts.st_size, facts.st_mtime_ns)


def _stem(name: str) -> str:
    """What files of one photo share: `img` of IMG.CR3, img.jpg, IMG.xmp and IMG.CR3.xmp."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122
    if extension.lower() == SIDECAR_EXTENSION:
        inner, photo = os.path.splitext(stem)  # noqa: PTH122
        stem = inner if photo.lower() in PHOTO_EXTENSIONS else stem
    return stem.casefold()


def _sources(files: list[PhotoFile]) -> Iterator[Source]:
    """The photos among the files of one folder."""
    groups: dict[str, list[PhotoFile]] = {}
    for file in files:
        groups.setdefault(_stem(file.path.name), []).append(file)
    for group in groups.values():
        if len(group) > 1:
            yield from _pair(sorted(group, key=lambda file: file.path.name))
        elif group[0].role != "sidecar":
            yield Source(group[0].path, (group[0],))


def _pair(group: list[PhotoFile]) -> Iterator[Source]:
    """The photos of one stem. A RAW takes its JPEG or HEIC only where it is the one RAW of that stem."""
    raws = [file for file in group if file.role == "raw"]
    images = [file for file in group if file.role == "image"]
    sidecars = [file for file in group if file.role == "sidecar"]
    partners = [file for file in images if file.path.suffix.lower() in _PAIRED]
    if len(raws) == 1 and partners:
        partner = min(partners, key=lambda file: _fit(raws[0].path, file.path))
        images.remove(partner)
        yield _with_sidecars((partner, raws[0]), sidecars)
    else:
        images += raws
    for file in images:
        yield _with_sidecars((file,), sidecars)


def _fit(raw: Path, image: Path) -> tuple[bool, bool, str]:
    return (raw.stem != image.stem, image.suffix.lower() not in JPEG_EXTENSIONS, image.name)


def _with_sidecars(files: tuple[PhotoFile, ...], sidecars: list[PhotoFile]) -> Source:
    """`IMG.CR3.xmp` belongs to IMG.CR3 alone, `IMG.xmp` to every photo of the stem (as raw developers see it)."""
    names = {file.path.name.casefold() for file in files}
    own = tuple(
        sidecar
        for sidecar in sidecars
        if Path(sidecar.path.stem).suffix.lower() not in PHOTO_EXTENSIONS or sidecar.path.stem.casefold() in names
    )
    return Source(files[0].path, files + own)


def _named(folder: Path, paths: list[Path]) -> Iterator[Source]:
    """Sources of files that were named one by one, in the company they keep in their folder."""
    stems = frozenset(_stem(path.name) for path in paths)
    try:
        neighbours = _list(os.fspath(folder), lambda path, sentence: None, stems).files
    except OSError:
        neighbours = []
    known = {source.path: source for source in _sources(neighbours)}
    for path in paths:
        if path in known:
            yield known[path]
            continue
        try:
            facts = path.stat()
        except OSError as error:
            raise NotFound(f"{path} may not be looked at ({error.strerror}); check its permissions.") from error
        role: Role = "raw" if path.suffix.lower() in RAW_EXTENSIONS else "image"
        file = PhotoFile(path, role, facts.st_size, facts.st_mtime_ns)
        others = [near for near in neighbours if near.role == "sidecar" and near.path != path]
        yield _with_sidecars((file,), [near for near in others if _stem(near.path.name) == _stem(path.name)])
