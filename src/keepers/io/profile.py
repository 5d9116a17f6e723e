"""ICC profiles to sRGB, at no cost for the photos that are sRGB already."""

import io
import struct
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from keepers.types import Rgb

_SAME = 2
"""Profiles that move no colour by more than this many codes count as sRGB."""


def to_srgb(rgb: Rgb, icc: bytes | None) -> Rgb:
    """`rgb` (uint8 H x W x 3) in sRGB, given the ICC profile it is encoded in; unusable profiles are ignored."""
    transform = _transform(icc) if icc else None
    if transform is None:
        return rgb
    return np.asarray(transform.apply(Image.fromarray(rgb)), dtype=np.uint8)


@lru_cache(maxsize=32)
def _transform(icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """The way from `icc` to sRGB, or None where there is nothing to do."""
    transform = convert_from(icc, "RGB")
    if transform is None:
        return None
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    moved = np.asarray(transform.apply(Image.fromarray(cube)), dtype=np.int16)
    return None if np.abs(moved - cube).max() <= _SAME else transform


def convert_from(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """A transform from `icc` to sRGB for pictures of Pillow `mode`; None where the profile is not for them."""
    spaces = {"RGB": b"RGB ", "CMYK": b"CMYK", "LAB": b"Lab "}
    if icc[16:20] != spaces[mode]:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=1)
def lab_to_srgb() -> ImageCms.ImageCmsTransform:
    """CIE L*a*b* as TIFF and Pillow hold it, to sRGB."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


@lru_cache(maxsize=1)
def adobe_rgb() -> bytes:
    """An ICC profile of Adobe RGB (1998), for photos that name it in EXIF and embed none (DCF 2.0, "R03").

    Primaries adapted to D50 and gamma 563/256 as Adobe's specification (2005-05, section 4.3.5) gives them.
    """
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 0x0233) + bytes(2)
    text = b"Adobe RGB compatible\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249),
        b"rXYZ": b"XYZ " + bytes(4) + _fixed(0.60974, 0.31111, 0.01947),
        b"gXYZ": b"XYZ " + bytes(4) + _fixed(0.20528, 0.62567, 0.06087),
        b"bXYZ": b"XYZ " + bytes(4) + _fixed(0.14919, 0.06322, 0.74457),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = start + len(body)
    header = struct.pack(">I", size) + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + _fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
