"""PNG, TIFF, WebP, HEIC, AVIF, GIF, BMP and unusual JPEG files, by Pillow."""

import io
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import AvifImagePlugin, Image

from keepers.errors import PhotoTooLarge, UnreadablePhoto
from keepers.io.exif import camera_facts
from keepers.io.picture import HALVE_FROM, MAX_PIXELS, Picture, halve, refuse_pixels
from keepers.io.profile import convert_from, lab_to_srgb, to_srgb
from keepers.io.quiet import no_stderr
from keepers.types import Rgb

# Pillow's own limit only warns, and at 89 megapixels, which cameras exceed; ours is checked in `refuse_pixels`.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_TRUNCATION = (
    "truncated",
    "unexpected end",
    "end of file",
    "premature",
    "cannot load this image",
    "outside of file",
)


@lru_cache(maxsize=1)
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


def decode_bitmap(name: str, data: bytes, formats: tuple[str, ...]) -> Picture:
    """The first frame of a file in one of Pillow's `formats`, at half scale from 8 megapixels on.

    Raises:
        UnreadablePhoto: damaged, truncated, or in none of `formats`.
        PhotoTooLarge: more than 300 megapixels.
    """
    if "HEIF" in formats:
        _register_heif()
    quiet = no_stderr() if "TIFF" in formats else nullcontext()  # libtiff writes there whatever Pillow asks of it
    try:
        with quiet, Image.open(io.BytesIO(data), formats=formats) as image:
            return _decode(name, image)
    except Image.DecompressionBombError as error:
        raise PhotoTooLarge(
            f"{name} claims more than the {MAX_PIXELS // 1_000_000} million pixels that keepers decodes; "
            "make it smaller first."
        ) from error
    except MemoryError as error:
        raise PhotoTooLarge(f"{name} does not fit into memory; close other programs or make it smaller.") from error
    except (UnreadablePhoto, PhotoTooLarge):
        raise
    except Exception as error:  # Pillow's plugins fail in many ways on damaged files
        raise UnreadablePhoto(_sentence(name, error)) from error


def _sentence(name: str, error: Exception) -> str:
    if any(sign in str(error).lower() for sign in _TRUNCATION):
        return f"{name} is truncated: the file ends before its picture does; copy it from the card again."
    return f"{name} is damaged and cannot be decoded; copy it from the card again."


def _decode(name: str, image: Image.Image) -> Picture:
    width, height = image.size
    refuse_pixels(name, width, height)
    large = width * height >= HALVE_FROM
    stored = camera_facts(exif_of(image)).orientation
    if image.format in ("JPEG", "MPO") and large:
        image.draft(None, ((width + 1) // 2, (height + 1) // 2))
    image.load()
    if image.format == "TIFF":  # Pillow turns these by itself, and these alone
        width, height = image.size
    rgb = _rgb(image)
    if large and rgb.shape[:2] == (height, width):
        rgb = halve(rgb)
    camera = camera_facts(exif_of(image))  # once more: PNG may carry it behind the pixels
    remaining = camera.orientation
    if image.format == "HEIF":  # turned already, too; pillow-heif keeps what the file said
        stored, remaining = image.info.get("original_orientation") or 1, 1
    return Picture(rgb, width, height, replace(camera, orientation=max(stored, remaining)), remaining)


def exif_of(image: Image.Image) -> Image.Exif | None:
    """The EXIF of an open picture, None where it is damaged beyond parsing."""
    try:
        return image.getexif()
    except Exception:  # any byte may be wrong, and Pillow's parser fails in many ways
        return None


def _rgb(image: Image.Image) -> Rgb:
    """uint8 H x W x 3 in sRGB of any Pillow mode; transparency shows black."""
    icc = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _from_numbers(image)
    if image.mode == "LAB":
        return np.asarray(lab_to_srgb().apply(image), dtype=np.uint8)
    if image.mode == "CMYK" and icc and (transform := convert_from(icc, "CMYK")):
        return np.asarray(transform.apply(image), dtype=np.uint8)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema() != (255, 255):
            rgba = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
        return to_srgb(np.asarray(rgba.convert("RGB"), dtype=np.uint8), icc)
    return to_srgb(np.asarray(image.convert("RGB"), dtype=np.uint8), icc)


def _from_numbers(image: Image.Image) -> Rgb:
    """Grey of more than 8 bits: scaled by its bit depth, or by its maximum where none is known."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:
        full = next((limit for limit in (1.0, 255.0, 65535.0) if top <= limit and image.mode == "F"), 0.0)
        full = full or (65535.0 if 255.0 < top <= 65535.0 else max(255.0, top))
    grey = np.clip(np.rint(values * (255.0 / full)), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
