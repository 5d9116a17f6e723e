"""Photos of a camera's size, to measure speed on where nobody has named a folder; the same on every computer.

A photo is one of the packaged sample pictures, enlarged. An enlarged picture is too smooth: its file would be small and
quick to decode. So grain and texture of three octaves are added, as much as makes a file of `BYTES_PER_PIXEL` at the
quality and subsampling that cameras use. Two photos of three show a person; three frames each are a burst.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from keepers.app.benching.made_raw import write_dng
from keepers.errors import StorageError, UserError
from keepers.image.resize import fit
from keepers.types import Rgb

SIZES: dict[int, tuple[int, int]] = {12: (4000, 3000), 24: (6000, 4000), 45: (8256, 5504)}
"""Megapixels -> width and height of a camera's photo."""
BYTES_PER_PIXEL = 0.35
"""Between a phone's file (about .15) and a camera's at its finest setting (about .45): 8.4 MB at 24 megapixels."""
PREVIEW = 1616
"""Long side of the preview that a photo holds, in pixels, as in many cameras' files."""
BURST = 3
_QUALITY, _COARSE, _SUBSAMPLING = 95, 75, 1  # Pillow's 1 is 4:2:2
_PICTURES = ("astronaut", "admiral", "coffee", "astronaut", "admiral", "raccoon")
_TILE, _STRIP, _SEED, _MOST_GRAIN = 1024, 512, 20261125, 40.0
_START = datetime(2026, 5, 16, 14, 0, 0)
# EXIF tag numbers (CIPA DC-008).
_MAKE, _MODEL, _EXIF, _TAKEN, _SUBSEC, _ISO = 0x010F, 0x0110, 0x8769, 0x9003, 0x9291, 0x8827
_EXPOSURE, _APERTURE, _FOCAL = 0x829A, 0x829D, 0x920A

Kind = Literal["JPEG", "RAW"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A folder of made photos: how large they are, how many, and whether as JPEG or as RAW with a JPEG inside."""

    megapixels: int
    count: int
    kind: Kind = "JPEG"

    @property
    def name(self) -> str:
        """What the lot is called, and its folder."""
        return f"{self.megapixels} MP {self.kind}"


def make(root: Path, wanted: Wanted, threads: int, tell: Callable[[int], None]) -> Path:
    """The folder of these photos under `root`; those that are there already are used as they are.

    Args:
        tell: called after every photo with how many are done.

    Raises:
        UserError: a size that is not one of `SIZES`.
        StorageError: they cannot be written.
    """
    if wanted.megapixels not in SIZES:
        known = ", ".join(map(str, SIZES))
        raise UserError(f"Photos of {wanted.megapixels} megapixels cannot be made; choose among {known}.")
    folder = root / wanted.name.replace(" ", "-")
    suffix = "JPG" if wanted.kind == "JPEG" else "DNG"
    targets = [folder / f"BENCH_{number:04d}.{suffix}" for number in range(wanted.count)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(threads) as pool:
            for done, _ in enumerate(pool.map(lambda n: _make(targets[n], wanted, n), range(wanted.count)), start=1):
                tell(done)
        for extra in set(folder.glob(f"BENCH_*.{suffix}")) - set(targets):
            extra.unlink()
    except OSError as error:
        raise StorageError(f"Photos could not be written to {folder}: {error.strerror or error}.") from error
    return folder


def _make(target: Path, wanted: Wanted, number: int) -> None:
    if target.is_file():
        return
    size = SIZES[wanted.megapixels]
    rgb = photo(number, size)
    data = with_preview(jpeg(rgb, number), jpeg(fit(rgb, PREVIEW), quality=_COARSE))
    partial = target.with_suffix(".partial")
    if wanted.kind == "JPEG":
        partial.write_bytes(data)
    else:
        write_dng(partial, data, size, taken(number))
    partial.replace(target)


def photo(number: int, size: tuple[int, int]) -> Rgb:
    """The pixels of one photo, width x height of `size`."""
    picture = _PICTURES[number // BURST % len(_PICTURES)]
    rgb = _enlarged(_sample(picture), size, number % BURST)
    return grained(rgb, _strength(picture, size), np.random.default_rng(_SEED + number))


def taken(number: int) -> datetime:
    """When a photo was taken: bursts of five frames a second, with pauses."""
    return _START + timedelta(seconds=20 * (number // BURST), milliseconds=200 * (number % BURST))


def jpeg(rgb: Rgb, number: int | None = None, quality: int = _QUALITY) -> bytes:
    """The file; with EXIF where it has a number."""
    target = io.BytesIO()
    tags = {} if number is None else {"exif": _exif(number)}
    Image.fromarray(rgb).save(target, "JPEG", quality=quality, subsampling=_SUBSAMPLING, **tags)
    return target.getvalue()


def with_preview(data: bytes, preview: bytes) -> bytes:
    """A JPEG followed by its preview, and a segment in front that says so.

    CIPA DC-007-2009, "Multi-Picture Format": an index of one tag, which holds 16 bytes a picture.
    """
    head = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0xB002, 7, 32, 26, 0)
    length = 2 + 4 + len(head) + 32
    # Places are counted from behind the segment's name, which follows the start of the file, marker and length.
    offset = len(data) + 2 + length - 10
    index = struct.pack(">IIIHHIIIHH", 0x030000, len(data) + 2 + length, 0, 0, 0, 0x010002, len(preview), offset, 0, 0)
    segment = b"\xff\xe2" + struct.pack(">H", length) + b"MPF\0" + head + index
    return data[:2] + segment + data[2:] + preview


def grained(rgb: Rgb, strength: float, rng: np.random.Generator) -> Rgb:
    """`rgb` with grain and texture of a standard deviation of `strength` (0..255) on luma, a third of it on colours."""
    result = np.empty_like(rgb)
    for top, strip in _strips(rgb):
        height, width = strip.shape[:2]
        luma = _grain_of(height, width, rng)
        values = strip.astype(np.float32) + strength * luma[..., None]
        for channel in range(3):
            values[..., channel] += strength / 3 * _grain_of(height, width, rng)
        result[top : top + height] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return result


def _strips(rgb: Rgb) -> Iterator[tuple[int, Rgb]]:
    return ((top, rgb[top : top + _STRIP]) for top in range(0, rgb.shape[0], _STRIP))


def _grain_of(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A part of the grain that starts at a random place, repeated to the size."""
    tile = np.roll(_grain(), tuple(int(v) for v in rng.integers(0, _TILE, 2)), axis=(0, 1))[:height]
    return np.tile(tile, (1, -(-width // _TILE)))[:, :width]


@lru_cache(maxsize=1)
def _grain() -> npt.NDArray[np.float32]:
    """Noise of three octaves, each as strong as the next: mean 0, standard deviation 1."""
    rng = np.random.default_rng(_SEED)
    grain = np.zeros((_TILE, _TILE), np.float32)
    for step in (1, 2, 4):
        noise = rng.standard_normal((_TILE // step, _TILE // step), dtype=np.float32)
        grain += np.asarray(cv2.resize(noise, (_TILE, _TILE), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray((grain - grain.mean()) / grain.std(), dtype=np.float32)


@lru_cache(maxsize=len(_PICTURES))
def _sample(name: str) -> Rgb:
    with Image.open(io.BytesIO((files("keepers.sample") / "data" / f"{name}.jpg").read_bytes())) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _enlarged(rgb: Rgb, size: tuple[int, int], frame: int) -> Rgb:
    """The upper part of the picture, which has the faces, in its shape; frames of a burst are 2 pixels apart."""
    height, width = rgb.shape[:2]
    ratio = size[0] / size[1]
    wide = min(width, round(height * ratio)) - 2 * BURST
    high = min(height, round(wide / ratio))
    top = (height - high) // 8
    cut = np.ascontiguousarray(rgb[top : top + high, 2 * frame : 2 * frame + wide])
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@lru_cache(maxsize=64)
def _strength(picture: str, size: tuple[int, int]) -> float:
    """How much grain gives a file of `BYTES_PER_PIXEL`, found by halving on a few squares of the photo."""
    whole = _enlarged(_sample(picture), size, 0)
    edge = 384
    across = np.linspace(0, size[0] - edge, 4).astype(int)
    down = np.linspace(0, size[1] - edge, 3).astype(int)
    squares = np.hstack([whole[y : y + edge, x : x + edge] for y in down for x in across])
    low, high = 0.0, _MOST_GRAIN
    for _ in range(9):
        middle = (low + high) / 2
        length = len(jpeg(grained(squares, middle, np.random.default_rng(_SEED))))
        low, high = (middle, high) if length < BYTES_PER_PIXEL * edge * edge * 12 else (low, middle)
    return high


def _exif(number: int) -> bytes:
    tags = Image.Exif()
    tags[_MAKE], tags[_MODEL] = "keepers", "bench"
    folder = tags.get_ifd(_EXIF)
    moment = taken(number)
    folder[_TAKEN] = f"{moment:%Y:%m:%d %H:%M:%S}"
    folder[_SUBSEC] = f"{moment.microsecond // 1000:03d}"
    folder[_EXPOSURE], folder[_APERTURE], folder[_ISO], folder[_FOCAL] = 1 / 250, 2.8, 800, 85.0
    return tags.tobytes()
