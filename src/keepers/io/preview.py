"""What can be shown of a photo at once: the small picture that its camera left in the file.

The whole file is not read, so what is known of it is provisional: it has an identity of its own.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import simplejpeg
from PIL import ExifTags, Image

from keepers.image.resize import fit
from keepers.io.decode import only_photo_errors, read
from keepers.io.exif import camera_facts, parse_tiff
from keepers.io.files import open_photo, read_up_to
from keepers.io.jpeg_segments import APP1, APP2, EXIF, MPF, Segment, segments
from keepers.io.kinds import sniff
from keepers.io.picture import refuse_pixels, upright
from keepers.types import CameraFacts, Frame, Photo, Rgb, Source

LONG, SHORT = 640, 160
"""Pixels: the long side of what is shown, at most, and the short side, at least."""
_HEAD = 1 << 17
_MIDDLE = 1 << 16
_MOST = 8 << 20
"""Bytes of the largest preview that is read."""
_PREVIEWS = (0x010001, 0x010002)
"""Types of MPF pictures that are previews: of 640 and of 1920 pixels (CIPA DC-007-2009, table 4)."""
_UNLIKE = 0.02
_EDGE = 2
"""Pixels that bars are taken for thicker than they are, because they shine through at their edges."""


def glimpse(source: Source) -> tuple[Photo, Frame]:
    """A photo as its embedded preview shows it, upright, in the sizes of `LONG` and `SHORT`.

    Of a JPEG the preview of its MPF segment, else the thumbnail of its EXIF; where there is neither, and of other
    files, what `decode.read` gives at that size. `Photo.id` is `quick_id`, not the content's.

    Raises:
        UnreadablePhoto, PhotoTooLarge: as `decode.read`; that the picture behind the preview is damaged stays unseen.
    """
    path = source.path
    with only_photo_errors(path.name), open_photo(path) as file:
        head = read_up_to(file, _HEAD)
        identity = _identity(file, head)
        found = _in_jpeg(path.name, file, head) if sniff(head, path.suffix) == "jpeg" else None
    if found is None:
        photo, frame = read(source, LONG)
        return Photo(identity, source, photo.width, photo.height, photo.camera), _sized(frame.rgb, photo.width)
    rgb, (width, height), camera = found
    rgb = upright(rgb, camera.orientation)
    if camera.orientation >= 5:
        width, height = height, width
    return Photo(identity, source, width, height, camera), _sized(_trimmed(rgb, width / height), width)


def quick_id(path: Path) -> str:
    """The provisional id of a file (32 hex digits): of its size and of two windows. Raises as `open_photo`."""
    with open_photo(path) as file:
        return _identity(file, read_up_to(file, _HEAD))


def _identity(file: BinaryIO, head: bytes) -> str:
    size = os.fstat(file.fileno()).st_size
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=16, person=b"keepers quick")
    digest.update(head)
    file.seek(size // 2)
    digest.update(read_up_to(file, _MIDDLE))
    return digest.hexdigest()


def _in_jpeg(name: str, file: BinaryIO, head: bytes) -> tuple[Rgb, tuple[int, int], CameraFacts] | None:
    """Pixels as stored, width and height of the photo as stored, the camera's facts; None where there is no preview."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(head)
    except ValueError:
        return None
    refuse_pixels(name, width, height)
    known = list(segments(head))
    exif = next((one.content(head) for one in known if _is(one, APP1, EXIF, head)), b"")[len(EXIF) :]
    tags = parse_tiff(exif)
    index = next((one for one in known if _is(one, APP2, MPF, head)), None)
    data = _of_mpf(file, head, index) if index is not None else None
    rgb = _pixels(data or b"")
    if rgb is None:
        rgb = _pixels(_thumbnail(exif, tags))
    return None if rgb is None else (rgb, (width, height), camera_facts(tags))


def _is(segment: Segment, marker: int, sign: bytes, head: bytes) -> bool:
    return segment.marker == marker and head.startswith(sign, segment.body)


def _thumbnail(exif: bytes, tags: Image.Exif | None) -> bytes:
    """The JPEG that the second folder of the EXIF points at; empty where there is none."""
    try:
        folder = tags.get_ifd(ExifTags.IFD.IFD1) if tags is not None else {}
        start, length = int(folder.get(0x0201, 0)), int(folder.get(0x0202, 0))
    except Exception:  # any byte may be wrong, and Pillow's parser fails in many ways
        return b""
    return exif[start : start + length] if start > 0 else b""


def _of_mpf(file: BinaryIO, head: bytes, index: Segment) -> bytes | None:
    """The largest preview that the index of a Multi-Picture Format names."""
    base = index.body + len(MPF)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[base : base + 4])
    try:
        entries = _entries(head[base : index.end], order) if order else []
    except struct.error:
        return None
    previews = [(size, at) for kind, size, at in entries if kind & 0xFFFFFF in _PREVIEWS and 0 < size <= _MOST]
    if not previews:
        return None
    size, at = max(previews)
    file.seek(base + at)
    return read_up_to(file, size)


def _entries(data: bytes, order: str) -> list[tuple[int, int, int]]:
    """Kind, size and place of each picture; raises struct.error where the index is cut short."""
    (folder,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, folder)
    for number in range(min(count, 64)):
        tag, _, length, at = struct.unpack_from(order + "HHII", data, folder + 2 + 12 * number)
        if tag == 0xB002:
            return [struct.unpack_from(order + "III", data, at + 16 * n) for n in range(min(length // 16, 64))]
    return []


def _pixels(data: bytes) -> Rgb | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, min_height=SHORT, min_width=SHORT), dtype=np.uint8)
    except ValueError:
        return None


def _trimmed(rgb: Rgb, shape: float) -> Rgb:
    """Without the bars that fill a thumbnail of another shape (width over height) than the photo's."""
    height, width = rgb.shape[:2]
    if width / height > shape * (1 + _UNLIKE):
        wide = max(1, round(height * shape) - _EDGE)
        rgb = rgb[:, (width - wide) // 2 : (width - wide) // 2 + wide]
    elif width / height < shape / (1 + _UNLIKE):
        high = max(1, round(width / shape) - _EDGE)
        rgb = rgb[(height - high) // 2 : (height - high) // 2 + high]
    return np.ascontiguousarray(rgb)


def _sized(rgb: Rgb, width: int) -> Frame:
    rgb = fit(rgb, LONG)
    shortest = min(rgb.shape[:2])
    if shortest < SHORT:
        factor = SHORT / shortest
        size = max(SHORT, round(rgb.shape[1] * factor)), max(SHORT, round(rgb.shape[0] * factor))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    rgb.setflags(write=False)
    return Frame(rgb, min(1.0, rgb.shape[1] / max(1, width)), "preview")
