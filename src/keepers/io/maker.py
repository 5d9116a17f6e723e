"""How the shutter was driven, from the notes of the maker: what the standard tags do not say of bursts and brackets.

Only small numbers and short texts that lie in the notes themselves are read. The meanings are those that ExifTool
documents (https://exiftool.org/TagNames). Notes that are damaged, or of another maker, say nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keepers.types import Drive

_EXPOSURE_MODE, _NOTE = 0xA402, 0x927C
_AUTO_BRACKET = 2
_MOST_ENTRIES = 512
_NUMBERS = {1: "B", 3: "H", 4: "I"}

Entries = Mapping[int, int | bytes]
"""Tag -> a number, or the bytes of a text."""


def drive_of(photo: Mapping[int, Any]) -> tuple[Drive | None, str | None]:
    """The drive mode and the name of the burst, from the tags of the EXIF folder; None where they are not told."""
    drive, burst = _from_note(photo.get(_NOTE))
    return ("bracket" if photo.get(_EXPOSURE_MODE) == _AUTO_BRACKET else drive), burst


@dataclass(frozen=True, slots=True)
class _Maker:
    """How the notes of one maker begin, where their folder lies, and what it says."""

    prefix: bytes
    folder: Callable[[bytes], tuple[bytes, int, str]]
    says: Callable[[Entries], tuple[Drive | None, str | None]]


def _from_note(note: Any) -> tuple[Drive | None, str | None]:
    if not isinstance(note, bytes):
        return None, None
    for maker in _MAKERS:
        if note.startswith(maker.prefix):
            try:
                return maker.says(_entries(*maker.folder(note)))
            except (struct.error, IndexError, ValueError):
                return None, None
    return None, None


def _entries(data: bytes, at: int, order: str) -> Entries:
    """The entries of the TIFF folder at `at`: numbers that fit into four bytes, and texts."""
    (count,) = struct.unpack_from(order + "H", data, at)
    if count > _MOST_ENTRIES:
        raise ValueError("no folder")
    found: dict[int, int | bytes] = {}
    for number in range(count):
        tag, kind, length = struct.unpack_from(order + "HHI", data, at + 2 + 12 * number)
        value = at + 10 + 12 * number
        if kind == 2 and 4 < length < 256:
            (start,) = struct.unpack_from(order + "I", data, value)
            found[tag] = data[start : start + length]
        elif kind in _NUMBERS and 1 <= length <= 4 // struct.calcsize(_NUMBERS[kind]):
            (found[tag],) = struct.unpack_from(order + _NUMBERS[kind], data, value)
    return found


def _own_tiff(start: int) -> Callable[[bytes], tuple[bytes, int, str]]:
    """Notes that hold a TIFF file of their own."""

    def folder(note: bytes) -> tuple[bytes, int, str]:
        data = note[start:]
        order = {b"II": "<", b"MM": ">"}[data[:2]] if data[:2] in (b"II", b"MM") else "<"
        return data, int(struct.unpack_from(order + "I", data, 4)[0]), order

    return folder


def _at(start: int, order: str | None = None) -> Callable[[bytes], tuple[bytes, int, str]]:
    """Notes whose folder lies at `start`; where the byte order is that of the file, the smaller count is right."""

    def folder(note: bytes) -> tuple[bytes, int, str]:
        return note, start, order or ("<" if note[start] and not note[start + 1] else ">")

    return folder


def _fuji(note: bytes) -> tuple[bytes, int, str]:
    return note, int(struct.unpack_from("<I", note, 8)[0]), "<"


def _apple_says(tags: Entries) -> tuple[Drive | None, str | None]:
    name = tags.get(0x000B)
    burst = name.split(b"\0")[0].decode("ascii", "replace") if isinstance(name, bytes) else ""
    return ("continuous", burst) if burst else (None, None)


def _nikon_says(tags: Entries) -> tuple[Drive | None, str | None]:
    mode = tags.get(0x0089)
    if not isinstance(mode, int):
        return None, None
    if mode & 0x150:  # exposure, white balance or D-lighting
        return "bracket", None
    return ("continuous" if mode & 1 else "single"), None


def _table(tag: int, bracket: tuple[int, ...], continuous: tuple[int, ...]) -> Callable[[Entries], Any]:
    def says(tags: Entries) -> tuple[Drive | None, str | None]:
        mode = tags.get(tag)
        if not isinstance(mode, int):
            return None, None
        return ("bracket" if mode in bracket else "continuous" if mode in continuous else "single"), None

    return says


_MAKERS = (
    _Maker(b"Apple iOS\0", _at(14, ">"), _apple_says),
    _Maker(b"Nikon\0\2", _own_tiff(10), _nikon_says),
    _Maker(b"SONY", _at(12), _table(0xB049, (5, 6, 8), (2,))),
    _Maker(b"Panasonic\0", _at(12), _table(0x002A, (2,), (1, 4, 8))),
    _Maker(b"FUJIFILM", _fuji, _table(0x1100, (1, 2), ())),
)
