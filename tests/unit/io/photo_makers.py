"""Small files for the tests of `io`: every kind, whole and broken, made on the spot."""

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from keepers.types import PhotoFile, Rgb, Source


def scene(height: int = 96, width: int = 128) -> Rgb:
    """A picture whose four corners can be told apart: red, green, blue and grey, with texture."""
    rgb = np.zeros((height, width, 3), dtype=np.uint8)
    rgb[: height // 2, : width // 2] = (220, 30, 30)
    rgb[: height // 2, width // 2 :] = (30, 200, 30)
    rgb[height // 2 :, : width // 2] = (40, 40, 220)
    rgb[height // 2 :, width // 2 :] = (190, 190, 180)
    noise = np.random.default_rng(7).integers(-8, 9, rgb.shape)
    return np.clip(rgb.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def encode(rgb: Rgb, kind: str = "JPEG", **options: Any) -> bytes:
    """`rgb` as the bytes of a file."""
    target = io.BytesIO()
    if kind == "JPEG":
        options = {"quality": 92, **options}
    Image.fromarray(rgb).save(target, kind, **options)
    return target.getvalue()


def source(path: Path) -> Source:
    """A source of one file."""
    facts = path.lstat()
    return Source(path, (PhotoFile(path, "image", facts.st_size, facts.st_mtime_ns),))


def exif(orientation: int = 1, **photo: Any) -> bytes:
    """EXIF bytes; `photo` are tags of the EXIF folder by hexadecimal name, as `x829A=0.01`."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F], tags[0x0110] = "Maker", "Model 1"
    folder = tags.get_ifd(0x8769)
    for name, value in photo.items():
        folder[int(name[1:], 16)] = value
    return tags.tobytes()


def corners(rgb: Rgb) -> list[str]:
    """What lies top left, top right, bottom left, bottom right, as letters r, g, b, w."""
    height, width = rgb.shape[:2]
    spots = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    found = []
    for y, x in spots:
        colour = cv2.mean(rgb[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5])[:3]
        found.append("w" if min(colour) > 120 else "rgb"[int(np.argmax(colour))])
    return found


def dng(width: int = 64, height: int = 48, preview: bytes = b"", orientation: int = 1) -> bytes:
    """A small linear-in-Bayer DNG of a flat grey, with a JPEG preview where given."""
    pixels = np.full((height, width), 2000, dtype="<u2").tobytes()
    sensor: list[tuple[int, int, Any]] = [
        (0x00FE, 4, [0]), (0x0100, 4, [width]), (0x0101, 4, [height]), (0x0102, 3, [16]), (0x0103, 3, [1]),
        (0x0106, 3, [32803]), (0x0111, 4, ["pixels"]), (0x0115, 3, [1]), (0x0116, 4, [height]),
        (0x0117, 4, [len(pixels)]), (0x828D, 3, [2, 2]), (0x828E, 1, [0, 1, 1, 2]), (0xC61D, 4, [4095]),
    ]  # fmt: skip
    main: list[tuple[int, int, Any]] = [
        (0x010F, 2, b"Maker\0"), (0x0110, 2, b"Model 1\0"), (0x0112, 3, [orientation]),
        (0xC612, 1, [1, 4, 0, 0]), (0xC614, 2, b"Maker Model 1\0"),
        (0xC621, 10, [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]),
        (0xC628, 5, [(1, 1), (1, 1), (1, 1)]), (0xC65A, 3, [21]),
    ]  # fmt: skip
    thumb: list[tuple[int, int, Any]] = []
    if preview:
        with Image.open(io.BytesIO(preview)) as image:
            size = image.size
        thumb = [
            (0x00FE, 4, [1]), (0x0100, 4, [size[0]]), (0x0101, 4, [size[1]]), (0x0102, 3, [8, 8, 8]),
            (0x0103, 3, [7]), (0x0106, 3, [6]), (0x0111, 4, ["preview"]), (0x0115, 3, [3]),
            (0x0116, 4, [size[1]]), (0x0117, 4, [len(preview)]),
        ]  # fmt: skip
    return _tiff(main, [folder for folder in (sensor, thumb) if folder], {"pixels": pixels, "preview": preview})


def _tiff(main: list[tuple[int, int, Any]], subs: list[list[tuple[int, int, Any]]], blobs: dict[str, bytes]) -> bytes:
    main = sorted([*main, (0x014A, 4, [f"sub{i}" for i in range(len(subs))])], key=lambda entry: entry[0])
    folders = [main, *subs]
    sizes = [2 + 12 * len(f) + 4 + sum(_extra(kind, value) for _, kind, value in f) for f in folders]
    at, where = 8, {}
    for i, size in enumerate(sizes):
        where["main" if i == 0 else f"sub{i - 1}"] = at
        at += size
    for name, blob in blobs.items():
        where[name] = at
        at += len(blob) + len(blob) % 2
    data = b"II*\0" + struct.pack("<I", 8)
    for folder in folders:
        data += _folder(folder, len(data), where)
    return data + b"".join(blob + b"\0" * (len(blob) % 2) for blob in blobs.values())


_CODES = {1: "B", 3: "H", 4: "I"}


def _bytes(kind: int, value: Any, where: dict[str, int]) -> tuple[int, bytes]:
    if kind == 2:
        return len(value), value
    if kind in (5, 10):
        return len(value), b"".join(struct.pack("<iI", *pair) for pair in value)
    numbers = [where[v] if isinstance(v, str) else v for v in value]
    return len(numbers), struct.pack(f"<{len(numbers)}{_CODES[kind]}", *numbers)


def _extra(kind: int, value: Any) -> int:
    size = len(value) * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}[kind]
    return size + size % 2 if size > 4 else 0


def _folder(entries: list[tuple[int, int, Any]], at: int, where: dict[str, int]) -> bytes:
    table, extra = struct.pack("<H", len(entries)), b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        count, content = _bytes(kind, value, where)
        table += struct.pack("<HHI", tag, kind, count)
        if len(content) <= 4:
            table += content.ljust(4, b"\0")
        else:
            table += struct.pack("<I", behind + len(extra))
            extra += content + b"\0" * (len(content) % 2)
    return table + bytes(4) + extra
