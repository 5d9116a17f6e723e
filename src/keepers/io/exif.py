"""What the camera recorded. Damaged EXIF gives None, never an error: it says nothing against the picture."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from keepers.io.maker import drive_of
from keepers.types import CameraFacts

_EXIF_IFD, _INTEROP_IFD = 0x8769, 0xA005
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112
_TIMES = ((0x9003, 0x9291), (0x9004, 0x9292), (0x0132, 0x9290))
"""(time, its fraction of a second): taken, digitised, changed."""
_STAMP = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})\D+(\d{1,2})\D(\d{1,2})\D(\d{1,2})")
_TIFF_KIN = {b"IIRO": b"II*\0", b"IIRS": b"II*\0", b"IIU\0": b"II*\0", b"MMOR": b"MM\0*"}
"""RAW kinds that are TIFF but for their first four bytes (Olympus, Panasonic)."""
_EPOCH = datetime(1970, 1, 1)
"""What LibRaw and some phones write where no time is known."""

Tags = Mapping[int, Any]


def camera_facts(exif: Image.Exif | None) -> CameraFacts:
    """The facts in `exif`; fields that are missing, damaged or impossible are None."""
    if exif is None:
        return CameraFacts()
    return facts_of(_tags(exif), _folder(exif, _EXIF_IFD))


def facts_of(main: Tags, photo: Tags) -> CameraFacts:
    """The facts in the tags of IFD0 (`main`) and of the EXIF folder (`photo`)."""
    both = {**main, **photo}
    exposure = _positive(both.get(0x829A))
    if exposure is None and (speed := _number(both.get(0x9201))) is not None and abs(speed) < 32:
        exposure = 2.0**-speed  # APEX, where older cameras give no exposure time
    aperture = _positive(both.get(0x829D))
    if aperture is None and (value := _positive(both.get(0x9202))) is not None and value < 32:
        aperture = 2.0 ** (value / 2)
    bias = _number(both.get(0x9204))
    drive, burst = drive_of(photo)
    return CameraFacts(
        captured_at=_captured_at(main, both),
        make=_text(main.get(_MAKE)),
        model=_text(main.get(_MODEL)),
        iso=_iso(both),
        exposure_s=exposure,
        f_number=aperture,
        focal_mm=_positive(both.get(0x920A)),
        bias_ev=bias if bias is not None and abs(bias) <= 20 else None,
        orientation=orientation_of(main),
        serial=_text(both.get(0xA431)) or _text(both.get(0xC62F)),
        utc_offset_min=_utc_offset(both),
        drive=drive,
        burst=burst,
    )


def orientation_of(tags: Tags) -> int:
    """EXIF orientation 1..8; 1 where it is missing or out of range."""
    value = _number(tags.get(_ORIENTATION))
    return int(value) if value is not None and value in range(1, 9) else 1


def says_adobe_rgb(exif: Image.Exif | None) -> bool:
    """Whether the camera marked the picture as Adobe RGB in the way of DCF: interoperability index R03."""
    if exif is None:
        return False
    interop: Tags = {}
    try:
        interop = dict(exif.get_ifd(_EXIF_IFD).get(_INTEROP_IFD) or {})
    except (TypeError, ValueError, AttributeError):
        interop = _folder(exif, _INTEROP_IFD)
    return _text(interop.get(1)) == "R03"


def parse_tiff(head: bytes) -> Image.Exif | None:
    """The tags of a TIFF-based RAW file from its first bytes, or None where they cannot be read."""
    data = _TIFF_KIN.get(head[:4], head[:4]) + head[4:]
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return None
    exif = Image.Exif()
    try:
        exif.load(data)
        return exif if len(exif) else None
    except Exception:  # any byte may be wrong, and Pillow's parser fails in many ways
        return None


def parse_cr3(head: bytes) -> CameraFacts | None:
    """The facts of a Canon CR3, whose boxes CMT1 and CMT2 hold IFD0 and the EXIF folder as small TIFF files."""
    folders = []
    for box in (b"CMT1", b"CMT2"):
        at = head.find(box)
        size = int.from_bytes(head[at - 4 : at], "big") if at >= 4 else 0
        exif = parse_tiff(head[at + 4 : at - 4 + size]) if size > 8 else None
        folders.append(_tags(exif) if exif is not None else {})
    return facts_of(folders[0], folders[1]) if any(folders) else None


def _tags(exif: Image.Exif) -> dict[int, Any]:
    tags = {}
    try:
        for tag in exif:
            try:
                tags[int(tag)] = exif[tag]
            except Exception:  # one damaged value does not spoil its neighbours
                continue
    except Exception:  # as above, for the list itself
        return tags
    return tags


def _folder(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except Exception:  # any byte may be wrong, and Pillow's parser fails in many ways
        return {}


def _number(value: Any) -> float | None:
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    if isinstance(value, (bytes, str)):
        value = _text(value)
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    text = "".join(c for c in value.split("\0")[0] if c.isprintable()).strip()
    return text or None


def _iso(tags: Tags) -> int | None:
    # 65535 is how the 16-bit tag says "more than I can hold"; the true figure is in the newer tags. 23 is Panasonic's.
    for tag in (0x8827, 0x8832, 0x8831, 0x8833, 0x0017):
        value = _positive(tags.get(tag))
        if value is not None and value not in (65535.0, 4294967295.0) and value >= 1:
            return int(value)
    return None


def _captured_at(main: Tags, both: Tags) -> datetime | None:
    for tag, fraction in _TIMES:
        moment = _moment(both.get(tag, main.get(tag)))
        if moment is not None:
            digits = re.match(r"\d+", _text(both.get(fraction)) or "")
            seconds = float("0." + digits.group()) if digits else 0.0
            return moment + timedelta(microseconds=min(999_999, round(seconds * 1e6)))
    return None


def _utc_offset(tags: Tags) -> int | None:
    """Minutes, from +13:45 and its kin."""
    for tag in (0x9011, 0x9012, 0x9010):
        match = re.fullmatch(r"([+-])(\d\d):?(\d\d)", _text(tags.get(tag)) or "")
        if match is not None and int(match[2]) <= 14 and int(match[3]) < 60:
            return (-1 if match[1] == "-" else 1) * (60 * int(match[2]) + int(match[3]))
    return None


def _moment(value: Any) -> datetime | None:
    match = _STAMP.match(_text(value) or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:  # 0000:00:00, the clock was never set
        return None
    return None if moment == _EPOCH else moment
