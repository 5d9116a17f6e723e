"""Small pictures on disk: where they lie, how they are encoded, and the thumbnails that culling leaves on its way."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import simplejpeg

from keepers.image.resize import fit
from keepers.types import Frame, Photo, Rgb

FORMAT = "pictures-1"
"""Folder of the pictures in the cache; its number changes with what they look like."""
SIDE = 320
"""Pixels of the long side of a thumbnail."""
_QUALITY = 82


def place(cache: Path, photo: str, what: str = "thumb", ending: str = "jpg") -> Path:
    """Where a picture of a photo (by its content id) lies in the cache."""
    return cache / FORMAT / photo[:2] / f"{photo}.{what}.{ending}"


def encode(rgb: Rgb, quality: int = _QUALITY, subsampling: str = "420") -> bytes:
    """A JPEG file of uint8 H x W x 3."""
    made: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(rgb), quality=quality, colorspace="RGB", colorsubsampling=subsampling
    )
    return made


def put(target: Path, data: bytes) -> None:
    """Write a file whole or not at all, also where two processes make the same one; raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def keep(cache: Path, photo: Photo, frame: Frame) -> None:
    """Put the thumbnail of a photo that is in memory into the cache, so that nobody need decode it again to show it.

    It is a convenience: where it cannot be written, whoever shows the photo makes one.
    """
    target = place(cache, photo.id)
    with suppress(OSError):
        if not target.is_file():
            put(target, encode(fit(frame.rgb, SIDE)))
