"""The XMP packet inside a photo, found by the structure of the file; nothing is decoded and little is read.

JPEG: APP1 (XMP part 3). HEIC, AVIF: an item of type mime (ISO 23008-12). TIFF, DNG and RAW files built like them:
tag 700. CR3: a uuid box. PNG: iTXt. WebP: a chunk. Other RAW files are rated by their sidecars.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from keepers.io.files import read_up_to
from keepers.io.jpeg_segments import EXIF, SOS, XMP, segments
from keepers.io.kinds import HEAD_BYTES, sniff
from keepers.io.xmp import MAX_BYTES

_TAG_XMP, _TAG_RATING = 700, 0x4746
_TIFF_BYTES = {1: 1, 3: 2, 4: 4, 7: 1}
_CR3_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_HEAD = 128 << 10
"""Bytes in which the metadata of most photos lie; only what needs more is read further."""
_MOST_PARTS = 4096
"""Boxes, chunks or items that are looked at in one file; real ones have some dozens."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a photo says of itself: its XMP packet, and the stars 0..5 of EXIF (tag 0x4746, by Microsoft)."""

    packet: bytes | None = None
    stars: int | None = None


def embedded(file: BinaryIO, extension: str) -> Embedded:
    """The XMP and the EXIF stars in an open photo. What is damaged counts as absent.

    Args:
        file: at its beginning; it must be seekable.
        extension: of its name; tells RAW files that are known by nothing else.
    """
    head = read_up_to(file, _HEAD)
    kind = sniff(head, extension)
    try:
        if kind == "jpeg":
            return _in_jpeg(file, head)
        if kind in ("tiff", "raw") and head[:2] in (b"II", b"MM"):
            return _in_tiff(file)
        if kind == "heif":
            return Embedded(_in_heif(file))
        if kind == "raw" and head[4:12] == b"ftypcrx ":
            return Embedded(_in_cr3(file))
        if kind == "png":
            return Embedded(_in_png(file))
        if kind == "webp":
            return Embedded(_in_webp(file))
    except (struct.error, ValueError, IndexError, OverflowError):
        return Embedded()  # a damaged container says nothing of the photo
    return Embedded()


def _at(file: BinaryIO, where: int, size: int) -> bytes:
    """`size` bytes from `where`, fewer at the end of the file."""
    if not 0 <= size <= MAX_BYTES:
        raise ValueError("no metadata is that large")
    file.seek(where)
    return read_up_to(file, size)


def _in_jpeg(file: BinaryIO, head: bytes) -> Embedded:
    packet, stars = None, None
    found = list(segments(head))
    if len(head) == _HEAD and (not found or found[-1].marker != SOS):
        head = _at(file, 0, HEAD_BYTES)
        found = list(segments(head))
    for segment in found:
        content = segment.content(head)
        if packet is None and content.startswith(XMP):
            packet = content[len(XMP) :]
        elif stars is None and content.startswith(EXIF):
            stars = _in_tiff(io.BytesIO(content[len(EXIF) :])).stars
    return Embedded(packet, stars)


def _in_tiff(file: BinaryIO) -> Embedded:
    order = "<" if _at(file, 0, 2) == b"II" else ">"
    (start,) = struct.unpack(order + "I", _at(file, 4, 4))
    (count,) = struct.unpack(order + "H", _at(file, start, 2))
    packet, stars = None, None
    table = _at(file, start + 2, 12 * count)
    for entry in range(0, len(table) - 11, 12):
        tag, kind, number, value = struct.unpack(order + "HHII", table[entry : entry + 12])
        size = number * _TIFF_BYTES.get(kind, 0)
        if tag == _TAG_XMP and size > 4:
            packet = _at(file, value, size)
        elif tag == _TAG_RATING and kind == 3 and number == 1:
            (rating,) = struct.unpack(order + "H", table[entry + 8 : entry + 10])
            stars = rating if rating <= 5 else None
    return Embedded(packet, stars)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box (ISO 14496-12) between two places."""
    for _ in range(_MOST_PARTS):
        head = _at(file, start, 16)
        if start >= end or len(head) < 8:
            return
        size, kind, used = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, used = int.from_bytes(head[8:16], "big"), 16
        stop = end if size == 0 else min(end, start + size)
        if stop < start + used:
            return
        yield kind, start + used, stop
        start = stop


def _end(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


def _in_cr3(file: BinaryIO) -> bytes | None:
    for kind, start, stop in _boxes(file, 0, _end(file)):
        if kind == b"uuid" and _at(file, start, 16) == _CR3_XMP:
            return _at(file, start + 16, stop - start - 16)
    return None


def _in_heif(file: BinaryIO) -> bytes | None:
    for kind, start, stop in _boxes(file, 0, _end(file)):
        if kind == b"meta":
            parts = {name: (at, to) for name, at, to in _boxes(file, start + 4, stop)}
            if not {b"iinf", b"iloc"} <= parts.keys():
                return None
            item = _xmp_item(file, *parts[b"iinf"])
            spans = _spans(_at(file, parts[b"iloc"][0], parts[b"iloc"][1] - parts[b"iloc"][0]), item)
            return b"".join(_at(file, where, size) for where, size in spans) or None
    return None


def _xmp_item(file: BinaryIO, start: int, stop: int) -> int:
    """The number of the item whose content type is XMP."""
    entries = start + (6 if _at(file, start, 1) == b"\0" else 8)
    for kind, at, to in _boxes(file, entries, stop):
        entry = _at(file, at, to - at)
        wide = entry[0] == 3
        number = int.from_bytes(entry[4:8] if wide else entry[4:6], "big")
        rest = entry[10 if wide else 8 :]  # behind the protection index
        if kind == b"infe" and entry[0] >= 2 and rest[:4] == b"mime" and b"\0application/rdf+xml\0" in rest[4:]:
            return number
    raise ValueError("no XMP among the items")


def _spans(iloc: bytes, item: int) -> list[tuple[int, int]]:
    """Where the pieces of an item lie in the file, from the content of its `iloc` box."""
    reader = io.BytesIO(iloc)

    def number(size: int) -> int:
        part = reader.read(size)
        if len(part) < size:
            raise ValueError("the table of places ends early")
        return int.from_bytes(part, "big")

    version = number(4) >> 24
    sizes = number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(min(number(2 if version < 2 else 4), _MOST_PARTS)):
        found = number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        spans = []
        for _ in range(number(2)):
            number(index_size)
            spans.append((base + number(offset_size), number(length_size)))
        if found == item:
            return spans if method == 0 else []
    return []


def _in_png(file: BinaryIO) -> bytes | None:
    at = 8
    for _ in range(_MOST_PARTS):
        head = _at(file, at, 8)
        if len(head) < 8 or head[4:] == b"IEND":
            return None
        size = int.from_bytes(head[:4], "big")
        if head[4:] == b"iTXt":
            keyword, _, rest = _at(file, at + 8, size).partition(b"\0")
            if keyword == b"XML:com.adobe.xmp" and rest[:1] == b"\0":  # not compressed
                return rest[2:].split(b"\0", 2)[2]
        at += 12 + size
    return None


def _in_webp(file: BinaryIO) -> bytes | None:
    at = 12
    for _ in range(_MOST_PARTS):
        head = _at(file, at, 8)
        if len(head) < 8:
            return None
        size = int.from_bytes(head[4:], "little")
        if head[:4] == b"XMP ":
            return _at(file, at + 8, size)
        at += 8 + size + size % 2
    return None
