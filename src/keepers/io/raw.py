"""RAW files: the maker's preview where it is large enough, else a half-size demosaic."""

import io
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.errors import PhotoError, UnreadablePhoto
from keepers.io.exif import camera_facts, parse_cr3, parse_tiff
from keepers.io.jpeg import decode_jpeg
from keepers.io.picture import Picture, refuse_pixels
from keepers.io.quiet import no_stderr
from keepers.types import CameraFacts, Rgb

if TYPE_CHECKING:
    import rawpy

_ENOUGH = 1600
"""Long side in pixels from which a preview is good enough to judge by, whatever the sensor has."""
_FLIPS = {3: 3, 5: 8, 6: 6}
"""LibRaw's flip to EXIF orientation."""
_LIBRAW_KNOWS = ("captured_at", "iso", "exposure_s", "f_number", "focal_mm")
_SRGB_CURVE = (2.4, 12.92)


def decode_raw(name: str, content: Path | bytes, head: bytes, long: int | None = None) -> Picture:
    """The picture in a RAW file.

    Args:
        name: what to call the file in messages.
        content: its path (only the parts that are needed are read) or all of its bytes.
        head: its first MiB, for the camera's facts.
        long: scale of the preview, as for `decode_jpeg`.

    Raises:
        UnreadablePhoto: unknown to LibRaw, truncated, or without any usable picture.
        PhotoTooLarge: more than 300 megapixels.
        MemoryError: there is not enough for it.
    """
    import rawpy

    try:
        # LibRaw reports damage on stderr from deep inside and offers Python no way to hush it.
        with no_stderr(), rawpy.imread(_openable(content)) as raw:
            return _decode(name, raw, head, long)
    except (PhotoError, MemoryError):
        raise
    except rawpy.LibRawUnsufficientMemoryError as error:
        raise MemoryError from error
    except (rawpy.LibRawFileUnsupportedError, rawpy.NotSupportedError) as error:
        raise UnreadablePhoto(
            f"{name} is not a RAW file that LibRaw knows; convert it to DNG or shoot RAW+JPEG."
        ) from error
    except Exception as error:  # LibRaw's errors, and what odd sizes make of the arrays
        raise UnreadablePhoto(
            f"{name} is a truncated or damaged RAW file without a usable preview; copy it from the card again."
        ) from error


def _openable(content: Path | bytes) -> str | io.BytesIO:
    return str(content) if isinstance(content, Path) else io.BytesIO(content)


def _decode(name: str, raw: "rawpy.RawPy", head: bytes, long: int | None) -> Picture:
    sizes = raw.sizes
    width, height = int(sizes.width), int(sizes.height)
    refuse_pixels(name, width, height)
    flip = _FLIPS.get(int(sizes.flip), 1)
    preview = _preview(name, raw, long)
    camera = _facts(raw, head, preview)
    if preview is not None and _large_enough(preview, width, height):
        turn = _turn(preview, width, height, flip)
        return Picture(preview.rgb, width, height, replace(camera, orientation=flip), turn, "preview")
    rgb = raw.postprocess(
        half_size=True, use_camera_wb=True, no_auto_bright=True, output_bps=8, user_flip=0, gamma=_SRGB_CURVE
    )
    pixels = np.ascontiguousarray(rgb, dtype=np.uint8)
    return Picture(pixels, width, height, replace(camera, orientation=flip), flip, "demosaic")


def _preview(name: str, raw: "rawpy.RawPy", long: int | None = None) -> Picture | None:
    """The largest preview in the file, or None where there is none that can be decoded."""
    import rawpy

    try:
        thumb = raw.extract_thumb()
        if thumb.format == rawpy.ThumbFormat.JPEG:
            return decode_jpeg(name, bytes(thumb.data), long)
        pixels = np.asarray(thumb.data)
        if thumb.format == rawpy.ThumbFormat.BITMAP and pixels.dtype == np.uint8 and pixels.ndim == 3:
            rgb: Rgb = np.ascontiguousarray(pixels[:, :, :3])
            return Picture(rgb, rgb.shape[1], rgb.shape[0])
    except (rawpy.LibRawError, rawpy.NotSupportedError, PhotoError):
        return None
    return None


def _large_enough(preview: Picture, width: int, height: int) -> bool:
    longest = max(preview.width, preview.height)
    return longest >= _ENOUGH or 2 * longest >= max(width, height)


def _turn(preview: Picture, width: int, height: int, flip: int) -> int:
    """How to turn the preview: as its own EXIF says, unless that contradicts the shape of the upright RAW.

    LibRaw writes the RAW's flip into previews without EXIF; some makers leave 1 in previews that lie on their side.
    """
    tall = (height > width) != (flip >= 5)
    preview_tall = (preview.height > preview.width) != (preview.orientation >= 5)
    agree = tall == preview_tall or width == height or preview.width == preview.height
    return preview.orientation if agree else flip


def _facts(raw: "rawpy.RawPy", head: bytes, preview: Picture | None) -> CameraFacts:
    """Each fact from the first that knows it: the RAW itself, its preview, LibRaw.

    LibRaw is asked last, and only for what is missing: it unpacks the sensor's pixels before it answers, which takes as
    long as decoding the preview.
    """
    exif = parse_tiff(head)
    found = camera_facts(exif) if exif is not None else parse_cr3(head)
    shown = preview.camera if preview is not None else CameraFacts()
    merged = _filled(found, shown) if found is not None else shown
    if any(getattr(merged, name) is None for name in _LIBRAW_KNOWS):
        merged = _filled(merged, _libraw_facts(raw))
    return merged


def _filled(facts: CameraFacts, more: CameraFacts) -> CameraFacts:
    """`facts`, and from `more` what they leave open."""
    return replace(more, **{name: value for name, value in _stated(facts).items() if value is not None})


def _stated(facts: CameraFacts) -> dict[str, Any]:
    return {field.name: getattr(facts, field.name) for field in fields(facts)}


def _libraw_facts(raw: "rawpy.RawPy") -> CameraFacts:
    other = raw.other
    moment = other.timestamp.replace(tzinfo=None) if other.timestamp and other.timestamp.year > 1980 else None
    return CameraFacts(
        captured_at=moment,
        iso=round(other.iso_speed) or None,
        exposure_s=float(other.shutter_speed) or None,
        f_number=float(other.aperture) or None,
        focal_mm=float(other.focal_length) or None,
    )
