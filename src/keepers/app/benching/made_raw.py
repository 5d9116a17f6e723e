"""The smallest DNG that LibRaw reads a preview from: a TIFF with the sensor's pixels, a JPEG and EXIF in sub-folders.

    Adobe, "Digital Negative (DNG) Specification", version 1.4, 2012; TIFF 6.0, 1992

The sensor's pixels are a hole in the file: whoever judges by the preview does not read them, and they take no space.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED = 1, 2, 3, 4, 5, 10
_CODES = {_BYTE: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "I", _SIGNED: "i"}

Entry = tuple[int, int, Sequence[int] | bytes]
"""Tag number, type, and values: numbers (a rational is two of them) or text."""


def write_dng(target: Path, preview: bytes, size: tuple[int, int], taken: datetime) -> None:
    """Write a DNG of `size` (width, height) with 16-bit pixels that are all 0 and the JPEG `preview` of the same size.

    Raises:
        OSError: it cannot be written.
    """
    pixels = 2 * size[0] * size[1]
    # Places depend on the lengths of the folders, which do not depend on the places.
    head = _folders(size, taken, len(preview), (0,) * 5)
    at, places = 8, []
    for folder in head:
        places.append(at)
        at += len(folder)
    jpeg_at = at
    sensor_at = jpeg_at + len(preview) + len(preview) % 2
    head = _folders(size, taken, len(preview), (*places[1:], sensor_at, jpeg_at), places)
    with target.open("wb") as file:
        file.write(b"II*\0" + struct.pack("<I", 8) + b"".join(head) + preview)
        file.truncate(sensor_at + pixels)


def _folders(
    size: tuple[int, int], taken: datetime, preview: int, at: Sequence[int], places: Sequence[int] = (8,) * 4
) -> list[bytes]:
    """The four folders; `at`: those but the first, the pixels, the preview; `places`: where each folder will lie."""
    width, height = size
    identity = (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)
    moment = f"{taken:%Y:%m:%d %H:%M:%S}\0".encode()
    main: list[Entry] = [
        (0x010F, _ASCII, b"keepers\0"), (0x0110, _ASCII, b"bench\0"), (0x0112, _SHORT, [1]),
        (0x0132, _ASCII, moment), (0x014A, _LONG, at[:2]), (0x8769, _LONG, [at[2]]), (0xC612, _BYTE, [1, 4, 0, 0]),
        (0xC614, _ASCII, b"keepers bench\0"), (0xC621, _SIGNED, identity), (0xC628, _RATIONAL, [1] * 6),
        (0xC65A, _SHORT, [21]),
    ]  # fmt: skip
    exif: list[Entry] = [
        (0x829A, _RATIONAL, [1, 250]), (0x829D, _RATIONAL, [28, 10]), (0x8827, _SHORT, [800]),
        (0x9003, _ASCII, moment), (0x9291, _ASCII, f"{taken.microsecond // 1000:03d}\0".encode()),
        (0x920A, _RATIONAL, [85, 1]),
    ]  # fmt: skip
    sensor: list[Entry] = [
        (0x00FE, _LONG, [0]), (0x0100, _LONG, [width]), (0x0101, _LONG, [height]), (0x0102, _SHORT, [16]),
        (0x0103, _SHORT, [1]), (0x0106, _SHORT, [32803]), (0x0111, _LONG, [at[3]]), (0x0115, _SHORT, [1]),
        (0x0116, _LONG, [height]), (0x0117, _LONG, [2 * width * height]), (0x828D, _SHORT, [2, 2]),
        (0x828E, _BYTE, [0, 1, 1, 2]), (0xC61D, _LONG, [4095]),
    ]  # fmt: skip
    shown: list[Entry] = [
        (0x00FE, _LONG, [1]), (0x0100, _LONG, [width]), (0x0101, _LONG, [height]), (0x0102, _SHORT, [8, 8, 8]),
        (0x0103, _SHORT, [7]), (0x0106, _SHORT, [6]), (0x0111, _LONG, [at[4]]), (0x0115, _SHORT, [3]),
        (0x0116, _LONG, [height]), (0x0117, _LONG, [preview]),
    ]  # fmt: skip
    return [_folder(entries, place) for entries, place in zip((main, sensor, shown, exif), places, strict=True)]


def _folder(entries: Sequence[Entry], place: int) -> bytes:
    """One folder that will lie at `place`: its table, and behind it the values that do not fit into the table."""
    table, extra = struct.pack("<H", len(entries)), b""
    behind = place + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        content = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
        count = len(values) // 2 if kind in (_RATIONAL, _SIGNED) else len(values)
        table += struct.pack("<HHI", tag, kind, count)
        if len(content) <= 4:
            table += content.ljust(4, b"\0")
        else:
            table += struct.pack("<I", behind + len(extra))
            extra += content + b"\0" * (len(content) % 2)
    return table + bytes(4) + extra
