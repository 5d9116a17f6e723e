"""From a file to a photo and the pixels that are measured."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from keepers.errors import PhotoError, PhotoTooLarge, UnreadablePhoto
from keepers.io.bitmap import decode_bitmap
from keepers.io.files import (
    hash_bytes,
    hash_windows,
    open_photo,
    read_head,
    read_whole,
    refuse_size,
)
from keepers.io.jpeg import decode_jpeg
from keepers.io.kinds import HEAD_BYTES, Kind, sniff
from keepers.io.picture import Picture, upright
from keepers.io.quiet import no_warnings
from keepers.io.raw import decode_raw
from keepers.types import Frame, Photo, PhotoFile, Source

_FORMATS: dict[Kind, tuple[str, ...]] = {
    "heif": ("AVIF", "HEIF"),
    "png": ("PNG",),
    "tiff": ("TIFF",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "bmp": ("BMP",),
}


def _untimed(stage: str) -> None:
    """Nobody asks what a stage costs."""


def read(
    source: Source, long: int | None = None, lap: Callable[[str], None] = _untimed
) -> tuple[Photo, Frame]:
    """Read a photo from disk: its facts and its pixels, upright and in sRGB, at half scale where it is large.

    What the file is shows in its content; its extension does not matter. Nothing is printed.

    Args:
        long: to look at, not to measure: of a JPEG, or the one in a RAW, the long side has at least so many pixels, or
            all that there are, and not many more; other formats come as always.
        lap: called with "read" and "hash" when the bytes are there and named; what is left is decoding.

    Raises:
        UnreadablePhoto: gone, forbidden, no photo, truncated or damaged.
        PhotoTooLarge: more than 300 megapixels or 2 GiB.
    """
    path = source.path
    with only_photo_errors(path.name), open_photo(path) as file:
        head = read_head(file)
        if sniff(head, path.suffix) == "raw":
            lap("read")
            identity = hash_windows(file, file.seek(0, os.SEEK_END))
            lap("hash")
            return _finish(identity, source, decode_raw(path.name, path, head, long))
        data = read_whole(file, head)
        lap("read")
        identity = hash_bytes(data)
        lap("hash")
        return _finish(identity, source, _decode(path.name, data, long))


def decode_bytes(name: str, data: bytes) -> tuple[Photo, Frame]:
    """As `read`, for a photo that is in memory only, such as an upload; nothing is written to disk.

    Args:
        name: the file name it came with; its extension matters only for RAW files that are known by nothing else.
        data: the whole file.
    """
    path = Path(PurePath(name).name or "photo")
    with only_photo_errors(path.name):
        refuse_size(path.name, len(data))
        head = data[:HEAD_BYTES]
        raw = sniff(head, path.suffix) == "raw"
        source = Source(path, (PhotoFile(path, "raw" if raw else "image", len(data), 0),))
        if raw:
            identity = hash_windows(io.BytesIO(data), len(data))
            return _finish(identity, source, decode_raw(path.name, data, head))
        return _finish(hash_bytes(data), source, _decode(path.name, data))


@contextmanager
def only_photo_errors(name: str) -> Iterator[None]:
    """Turn whatever happens to a file into a `PhotoError` that names it; nothing is printed."""
    try:
        with no_warnings():
            yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoTooLarge(f"{name} does not fit into memory; close other programs or make it smaller.") from error
    except Exception as error:  # the promise is kept even where a library surprises us
        kind = type(error).__name__
        raise UnreadablePhoto(f"{name} cannot be decoded ({kind}); copy it from the card again.") from error


def _decode(name: str, data: bytes, long: int | None = None) -> Picture:
    kind = sniff(data[:HEAD_BYTES], "")
    if kind == "jpeg":
        return decode_jpeg(name, data, long)
    if kind not in _FORMATS:
        raise UnreadablePhoto(
            f"{name} is not a photo in a format that keepers reads; it reads JPEG, HEIC, AVIF, PNG, TIFF, WebP and RAW."
        )
    return decode_bitmap(name, data, _FORMATS[kind])


def _finish(identity: str, source: Source, picture: Picture) -> tuple[Photo, Frame]:
    size = (picture.width, picture.height)
    width, height = size[::-1] if picture.orientation >= 5 else size
    photo = Photo(identity, source, width, height, picture.camera)
    rgb = upright(picture.rgb, picture.orientation)
    rgb.setflags(write=False)  # everybody shares it, and what is derived from it is kept
    return photo, Frame(rgb, picture.scale, picture.origin)
