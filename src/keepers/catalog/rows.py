"""Between the dataclasses and the rows of the catalog, and the longer queries."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from keepers.types import CameraFacts, Face, Measurement, Photo, PhotoFile, Report, Signature, Source

Key = str | bytes

_CAMERA = (
    "captured_at, make, model, iso, exposure_s, f_number, focal_mm, bias_ev, orientation, serial, utc_offset_min,"
    " drive, burst"
)
_OF_PHOTO = f"width, height, {_CAMERA}, network"
SAVE_PHOTO = f"INSERT INTO photo (id, {_OF_PHOTO}) VALUES ({', '.join('?' * 17)})" + (
    f" ON CONFLICT (id) DO UPDATE SET ({_OF_PHOTO}) = (excluded.{_OF_PHOTO.replace(', ', ', excluded.')})"
)
SAVE_SIGNATURE = "INSERT OR REPLACE INTO signature VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
CREATE_WANTED = (
    "CREATE TEMP TABLE IF NOT EXISTS wanted (number INTEGER PRIMARY KEY, path, size INTEGER, mtime_ns INTEGER)"
)
UNCHANGED = (
    " FROM wanted JOIN source ON source.path = wanted.path"
    " JOIN file ON file.source = source.path AND file.path = source.path"
    " AND file.size = wanted.size AND file.mtime_ns = wanted.mtime_ns"
)
_FACTS = 'SELECT "check", version, raw FROM measurement WHERE photo = {}.id'
LOAD_SOURCES = (
    f"SELECT wanted.number, source.error, photo.id, {_OF_PHOTO}"
    + UNCHANGED
    + " LEFT JOIN photo ON photo.id = source.photo ORDER BY wanted.number"
)
LOAD_MEASUREMENTS = (
    'SELECT wanted.number, measurement."check", version, raw, note'
    + UNCHANGED
    + " JOIN measurement ON measurement.photo = source.photo"
    ' ORDER BY wanted.number, measurement."check"'
)
LOAD_SIGNATURES = (
    "SELECT wanted.number, signature.version, pixels, phash, structure, focus, light, embedding, embedder"
    + UNCHANGED
    + " JOIN signature ON signature.photo = source.photo"
)
STORED_FILES = (
    "SELECT wanted.number, file.path, file.size, file.mtime_ns FROM wanted JOIN file ON file.source = wanted.path"
    " WHERE file.role <> 'sidecar'"
)
UP_TO_DATE = (
    "SELECT wanted.number FROM wanted JOIN source ON source.path = wanted.path WHERE source.error IS NOT NULL"
    ' OR ? = (SELECT count(*) FROM measurement JOIN current ON current.name = measurement."check"'
    " AND current.version = measurement.version WHERE measurement.photo = source.photo)"
    " + (SELECT count(*) FROM signature JOIN current ON current.name = 'signature'"
    " AND current.version = signature.version WHERE signature.photo = source.photo)"
)
SEEN_SIZES = (
    "SELECT number FROM wanted WHERE path NOT IN (SELECT path FROM source)"
    " AND size IN (SELECT size FROM file WHERE path = source) ORDER BY number"
)
SAME_PICTURE = (
    "SELECT old.id FROM photo AS new, source JOIN photo AS old ON old.id = source.photo"
    " WHERE new.id = ? AND source.path = ? AND old.id <> new.id AND old.width = new.width AND old.height = new.height"
    " AND EXISTS (SELECT 1 FROM measurement WHERE photo = new.id AND raw IS NOT NULL)"
    f" AND NOT EXISTS ({_FACTS.format('old')} EXCEPT {_FACTS.format('new')})"
    f" AND NOT EXISTS ({_FACTS.format('new')} EXCEPT {_FACTS.format('old')})"
)
LOOKED_AT = (
    "SELECT photo.id FROM source JOIN photo ON photo.id = source.photo"
    " JOIN file ON file.source = source.path AND file.path = source.path"
    " WHERE source.path = ? AND file.size = ? AND file.mtime_ns = ? AND photo.network = ? AND photo.id <> ?"
)
"""The provisional photo of a file that was looked at quickly and has not changed since."""
STORED_SOURCES = (
    "SELECT source.path, file.path, role, size, mtime_ns FROM source JOIN file ON file.source = source.path"
    " WHERE photo IS NOT NULL ORDER BY source.path, file.path <> source.path, file.path"
)
PLACES_BELOW = (
    "SELECT count(*), count(chosen.photo) FROM source LEFT JOIN ({}) AS chosen ON chosen.photo = source.photo"
    " WHERE path > ? AND path < ?"
)
RENEW_FILE = "UPDATE file SET size = ?, mtime_ns = ? WHERE path = ?"


def key(path: Path) -> Key:
    """A path as it is stored: text, or bytes where a file name on a Unix disk is not valid Unicode."""
    name = os.fspath(path)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def path(key: Key) -> Path:
    """The path that `key` stored."""
    return Path(os.fsdecode(key))


def below(folder: Key) -> tuple[Key, Key]:
    """The stored paths in a folder and its subfolders lie between these two: behind "folder/", before "folder0"."""
    if isinstance(folder, bytes):
        start = folder.rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep)
        return start, start[:-1] + bytes([start[-1] + 1])
    start_text = folder.rstrip(os.sep) + os.sep
    return start_text, start_text[:-1] + chr(ord(os.sep) + 1)


def text(value: str | None) -> str | None:
    """`value` without the lone surrogates that SQLite refuses."""
    return None if value is None else value.encode("utf-8", "replace").decode("utf-8")


def judged(source: Source) -> PhotoFile:
    """The file of a source whose pixels are judged."""
    return next(file for file in source.files if file.path == source.path)


def fingerprint(source: Source) -> set[tuple[Key, int, int]]:
    """What changes when the pixels of a source may have changed."""
    return {(key(file.path), file.size, file.mtime_ns) for file in source.files if file.role != "sidecar"}


def of_wanted(sources: Sequence[Source]) -> Iterator[tuple[int, Key, int, int]]:
    """Rows of the temporary table `wanted`."""
    for number, source in enumerate(sources):
        file = judged(source)
        yield number, key(source.path), file.size, file.mtime_ns


def of_files(source: Source) -> list[tuple[Key, Key, str, int, int]]:
    """Rows of `file`."""
    owner = key(source.path)
    return [(owner, key(file.path), file.role, file.size, file.mtime_ns) for file in source.files]


def sources(found: Sequence[Sequence[Any]]) -> list[Source]:
    """The sources in the rows of `STORED_SOURCES`."""
    files: dict[Key, list[PhotoFile]] = {}
    for owner, name, role, size, mtime in found:
        files.setdefault(owner, []).append(PhotoFile(path(name), role, size, mtime))
    made = [Source(path(owner), tuple(some)) for owner, some in files.items()]
    return sorted(made, key=lambda source: source.path)


def of_photo(photo: Photo, network: str | None) -> tuple[Any, ...]:
    """The row of `photo`."""
    camera = photo.camera
    moment = camera.captured_at.isoformat() if camera.captured_at else None
    return (
        photo.id,
        photo.width,
        photo.height,
        moment,
        text(camera.make),
        text(camera.model),
        camera.iso,
        camera.exposure_s,
        camera.f_number,
        camera.focal_mm,
        camera.bias_ev,
        camera.orientation,
        text(camera.serial),
        camera.utc_offset_min,
        camera.drive,
        text(camera.burst),
        text(network),
    )


def of_measurements(report: Report) -> list[tuple[Any, ...]]:
    """Rows of `measurement`."""
    photo = report.photo.id if report.photo else None
    return [(photo, m.check, m.version, m.raw, text(m.note)) for m in report.measurements]


def of_signature(photo: str, signature: Signature) -> tuple[Any, ...]:
    """The row of `signature`; SQLite's integers have a sign and are too small for a hash."""
    return (
        photo,
        signature.version,
        signature.pixels,
        signature.phash.to_bytes(8, "big"),
        signature.structure,
        signature.focus,
        signature.light,
        signature.embedding,
        text(signature.embedder),
    )


def signature(row: Sequence[Any]) -> Signature:
    """The signature in a row of `LOAD_SIGNATURES`."""
    _, version, pixels, phash, *rest = row
    return Signature(version, pixels, int.from_bytes(phash, "big"), *rest)


def report(
    source: Source,
    row: Sequence[Any],
    measurements: tuple[Measurement, ...],
    signature: Signature | None = None,
    faces: tuple[Face, ...] = (),
) -> Report:
    """The report in a row of `LOAD_SOURCES`."""
    _, error, photo_id, width, height, moment, *facts, network = row
    if error is not None:
        return Report(source, error=error)
    captured_at = datetime.fromisoformat(moment) if moment else None
    photo = Photo(photo_id, source, width, height, CameraFacts(captured_at, *facts))
    return Report(source, photo, measurements, model=network, signature=signature, faces=faces)
