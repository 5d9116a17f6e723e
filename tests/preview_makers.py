"""JPEG files with the small pictures that cameras embed: an EXIF thumbnail, an MPF preview."""

import io
import struct

import numpy as np
from PIL import Image


def jpeg(rgb: np.ndarray, quality: int = 90) -> bytes:
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=quality)
    return data.getvalue()


def with_exif(photo: bytes, thumbnail: bytes, orientation: int = 1) -> bytes:
    """`photo` with an EXIF segment whose second folder holds `thumbnail`."""
    first = struct.pack("<HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    at = 8 + len(first) + 4
    start = at + 2 + 2 * 12 + 4
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, start, 0x0202, 4, 1, len(thumbnail), 0)
    tiff = b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<I", at) + second + thumbnail
    return _inserted(photo, 0xE1, b"Exif\0\0" + tiff)


def with_mpf(photo: bytes, preview: bytes, kind: int = 0x010002) -> bytes:
    """`photo` followed by `preview`, and an MPF segment that says so."""
    head = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">HHHII", 1, 0xB002, 7, 32, 26) + struct.pack(">I", 0)

    def made(size: int, offset: int) -> bytes:
        index = struct.pack(">IIIHHIIIHH", 0x030000, size, 0, 0, 0, kind, len(preview), offset, 0, 0)
        return _inserted(photo, 0xE2, b"MPF\0" + head + index)

    size = len(made(0, 0))
    base = made(0, 0).index(b"MPF\0") + 4
    return made(size, size - base) + preview


def _inserted(photo: bytes, marker: int, content: bytes) -> bytes:
    return photo[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content + photo[2:]
