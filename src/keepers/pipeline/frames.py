"""The facts that grouping needs, as arrays: one row per readable photo, in the order given."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from keepers.image import signature as looks
from keepers.types import CameraFacts, Report

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

UNSPOKEN, SINGLE, CONTINUOUS, BRACKET = range(4)
"""How the shutter was driven."""

_DRIVES = {None: UNSPOKEN, "single": SINGLE, "continuous": CONTINUOUS, "bracket": BRACKET}
_EPOCH = datetime(1970, 1, 1)
_NO_STRUCTURE = bytes(looks.CELLS**2)
_NO_FOCUS = bytes(looks.FOCUS_CELLS**2)


@dataclass(frozen=True, slots=True)
class Frames:
    """N photos. What is not known is NaN, -1 or False.

    time: seconds, the camera's local clock. whole: the clock told no fractions of a second. utc_offset: minutes.
    body: which camera (make, model and serial number). folder: which folder. picture: the same for the same pixels.
    known: there is a signature; then phash (uint64), structure (int8 N x 16 x 16), focus (float32 N x 64, octaves)
    and light (EV) mean something. exposure: light let in by the settings, EV (log2 of time x ISO / 100 / f-number^2).
    bias: EV. shutter: seconds. focal: millimetres. drive: see above. burst: which of the bursts that cameras name.
    """

    time: Floats
    whole: Flags
    utc_offset: Floats
    body: Ints
    folder: Ints
    picture: Ints
    known: Flags
    phash: npt.NDArray[np.uint64]
    structure: Codes
    focus: npt.NDArray[np.float32]
    light: Floats
    exposure: Floats
    bias: Floats
    shutter: Floats
    focal: Floats
    drive: Ints
    burst: Ints

    def __len__(self) -> int:
        return len(self.time)


def frames(reports: Sequence[Report]) -> Frames:
    """The arrays of readable photos. Raises ValueError when one is unreadable."""
    photos = [_photo(report) for report in reports]
    cameras = [photo.camera for photo in photos]
    moments = [camera.captured_at for camera in cameras]
    # A signature of another version is as good as none: its numbers mean something else.
    signs = [r.signature if r.signature and r.signature.version == looks.VERSION else None for r in reports]
    return Frames(
        time=_floats((m - _EPOCH).total_seconds() if m else None for m in moments),
        whole=np.array([m is not None and m.microsecond == 0 for m in moments], bool),
        utc_offset=_floats(camera.utc_offset_min for camera in cameras),
        body=_numbers((c.make, c.model, c.serial) if c.make or c.model or c.serial else None for c in cameras),
        folder=_numbers(report.source.path.parent for report in reports),
        picture=_numbers(s.pixels if s else photo.id for s, photo in zip(signs, photos, strict=True)),
        known=np.array([s is not None for s in signs], bool),
        phash=np.array([s.phash if s else 0 for s in signs], np.uint64),
        structure=_blobs([s.structure if s else _NO_STRUCTURE for s in signs], _NO_STRUCTURE, np.int8),
        focus=_octaves([s.focus if s else _NO_FOCUS for s in signs]),
        light=_floats(s.light if s else None for s in signs),
        exposure=_floats(map(_exposure, cameras)),
        bias=_floats(camera.bias_ev for camera in cameras),
        shutter=_floats(camera.exposure_s for camera in cameras),
        focal=_floats(camera.focal_mm for camera in cameras),
        drive=np.array([_DRIVES[camera.drive] for camera in cameras], np.int64),
        burst=_numbers(camera.burst for camera in cameras),
    )


def _photo(report: Report) -> Any:
    if report.photo is None:
        raise ValueError(f"{report.source.path.name} could not be read and belongs to no group")
    return report.photo


def _exposure(camera: CameraFacts) -> float | None:
    if camera.exposure_s is None or camera.f_number is None:
        return None
    return math.log2(camera.exposure_s * (camera.iso or 100) / 100 / camera.f_number**2)


def _floats(values: Iterable[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], np.float64)


def _numbers(names: Iterable[Hashable | None]) -> Ints:
    """A number for every name, in the order in which they appear; -1 for None."""
    known: dict[Hashable, int] = {}
    return np.array([-1 if name is None else known.setdefault(name, len(known)) for name in names], np.int64)


def _blobs(rows: Sequence[bytes], empty: bytes, kind: type[np.generic]) -> npt.NDArray[Any]:
    edge = math.isqrt(len(empty))
    whole = b"".join(row if len(row) == len(empty) else empty for row in rows)
    return np.frombuffer(whole, kind).reshape(len(rows), edge, edge)


def _octaves(rows: Sequence[bytes]) -> npt.NDArray[np.float32]:
    codes = _blobs(rows, _NO_FOCUS, np.uint8).reshape(len(rows), looks.FOCUS_CELLS**2).astype(np.float32)
    octaves = looks.FOCUS_FLOOR + (codes - 1) * looks.FOCUS_STEP
    return np.where(codes == 0, np.float32(np.nan), octaves).astype(np.float32)
