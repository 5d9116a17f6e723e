"""JPEG: half scale straight from the DCT coefficients, and a sentence for every way of being broken."""

import io
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import simplejpeg
from PIL import Image

from keepers.errors import UnreadablePhoto
from keepers.io import bitmap
from keepers.io.exif import camera_facts, says_adobe_rgb
from keepers.io.picture import HALVE_FROM, Picture, refuse_pixels
from keepers.io.profile import adobe_rgb, to_srgb
from keepers.types import Rgb

_TRUNCATED = "Premature end of JPEG file"
_DAMAGED = ("premature end of data segment", "bad Huffman code", "bad arithmetic code", "instead of RST")
"""libjpeg's warnings that mean lost pixels; its other warnings are about harmless extra bytes."""
_MISSING_GREY = 128
"""What libjpeg paints where no data is left."""


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    exif: Image.Exif | None
    icc: bytes | None
    progressive: bool


def decode_jpeg(name: str, data: bytes, long: int | None = None) -> Picture:
    """A JPEG of at least 8 megapixels at half scale, a smaller one in full.

    Args:
        long: instead, the smallest scale (n/8) at which the long side has so many pixels, the full one where none has.

    Raises:
        UnreadablePhoto: truncated or damaged, even where part of the picture could be shown: what is measured on
            half a picture is not true of the photo.
        PhotoTooLarge: more than 300 megapixels.
    """
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return _by_pillow(name, data)
    refuse_pixels(name, width, height)
    if colours in ("CMYK", "YCCK"):
        return _by_pillow(name, data)
    header = _header(data, width, height)
    try:
        rgb = _pixels(data, header, long=long)
    except ValueError as error:
        recovered = _recover(name, data, header, str(error))
        if recovered is None:
            return _by_pillow(name, data)
        rgb = recovered
    icc = adobe_rgb() if not header.icc and says_adobe_rgb(header.exif) else header.icc
    camera = camera_facts(header.exif)
    return Picture(to_srgb(rgb, icc), width, height, camera, camera.orientation)


def _header(data: bytes, width: int, height: int) -> _Header:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            info = image.info
            return _Header(width, height, bitmap.exif_of(image), info.get("icc_profile"), "progressive" in info)
    except Exception:  # odd metadata that Pillow refuses: the pixels are fine without it
        return _Header(width, height, None, None, b"\xff\xc2" in data)


def _pixels(data: bytes, header: _Header, strict: bool = True, long: int | None = None) -> Rgb:
    # TurboJPEG takes the smallest of its scales (n/8) that reaches this size; 0 asks for full size.
    large = header.width * header.height >= HALVE_FROM
    least = ((header.height + 1) // 2, (header.width + 1) // 2) if large else (0, 0)
    if long is not None:
        share = long / max(header.height, header.width)
        least = (int(header.height * share), int(header.width * share)) if share < 1 else (0, 0)
    rgb = simplejpeg.decode_jpeg(data, min_height=least[0], min_width=least[1], strict=strict)
    return np.asarray(rgb, dtype=np.uint8)


def _recover(name: str, data: bytes, header: _Header, complaint: str) -> Rgb | None:
    """The pixels where nothing is lost, None where another decoder should try."""
    if _TRUNCATED not in complaint and not any(sign in complaint for sign in _DAMAGED):
        return None
    missing = _missing(data)
    zeros = len(data) - len(data.rstrip(b"\0"))
    if _TRUNCATED not in complaint:
        _refuse(name, "damaged", missing)
    if header.progressive or missing > 0 or zeros > 64:
        _refuse(name, "truncated", max(missing, zeros / len(data) if zeros > 64 else 0.0))
    # Only the end marker is absent; some cameras and phones forget it.
    return _pixels(data, header, strict=False)


def _missing(data: bytes) -> float:
    """The share of the picture, 0..1, that libjpeg had to paint grey, counted from the end in blocks of 8 x 8."""
    try:
        blocks = np.asarray(simplejpeg.decode_jpeg(data, min_height=1, min_width=1, strict=False))
    except ValueError:
        return 1.0
    painted = (blocks.reshape(-1, 3)[::-1] == _MISSING_GREY).all(axis=1)
    return 1.0 if painted.all() else float(np.argmin(painted)) / painted.size


def _refuse(name: str, state: str, missing: float) -> NoReturn:
    share = f"{max(1, round(100 * missing))} % of the picture is missing" if missing else "part of it is missing"
    raise UnreadablePhoto(f"{name} is {state}: {share}; copy it from the card again.")


def _by_pillow(name: str, data: bytes) -> Picture:
    """CMYK and the odd files that TurboJPEG refuses."""
    return bitmap.decode_bitmap(name, data, ("JPEG",))
