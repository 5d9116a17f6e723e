"""The one way keepers makes a picture smaller, so that training and culling see the same pixels."""

import threading
import weakref
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from keepers.types import Rgb

Picture = TypeVar("Picture", bound=npt.NDArray[Any])


class _Last(threading.local):
    """The halvings of the frame and of the plane that this thread looked at last, by the kind of their numbers."""

    def __init__(self) -> None:
        self.levels: dict[str, list[tuple[weakref.ref[Any], Any]]] = {}


_last = _Last()


def halved(picture: Picture) -> Picture:
    """Half the size, by means of 2 x 2 pixels; an odd last row or column is dropped.

    Networks, faces, patches and thumbnails all begin with it. So what nobody can write into, such as a decoded frame,
    is halved once: the levels of the last such picture of this thread are kept, a third of its size.
    """
    if picture.flags.writeable:
        return _halve(picture)
    levels = _last.levels.setdefault(picture.dtype.str, [])
    for seen, half in levels:
        if seen() is picture:
            known: Picture = half
            return known
    if not any(half is picture for _, half in levels):
        levels.clear()
    half = _halve(picture)
    half.setflags(write=False)
    levels.append((weakref.ref(picture), half))
    return half


def _halve(picture: Picture) -> Picture:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    half = cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return cast(Picture, np.asarray(half, dtype=picture.dtype))


def _scaled(rgb: Rgb, width: int, height: int, last: int = cv2.INTER_AREA) -> Rgb:
    # Exact halvings first: OpenCV's area filter is 12 times slower at ratios that are not whole numbers.
    while rgb.shape[1] >= 2 * width and rgb.shape[0] >= 2 * height:
        rgb = halved(rgb)
    if (rgb.shape[1], rgb.shape[0]) == (width, height):
        return rgb
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=last), dtype=np.uint8)


def shrink(rgb: Rgb, short: int) -> Rgb:
    """`rgb` with its short side at `short` pixels, keeping the aspect ratio; never enlarges.

    Args:
        rgb: uint8, H x W x 3.
        short: target of the short side in pixels, >= 1.
    """
    height, width = rgb.shape[:2]
    if min(height, width) <= short:
        return rgb
    factor = short / min(height, width)
    return _scaled(rgb, max(1, round(width * factor)), max(1, round(height * factor)))


def fit(rgb: Rgb, long: int, last: int = cv2.INTER_AREA) -> Rgb:
    """`rgb` with its long side at most `long` pixels, keeping the aspect ratio; never enlarges.

    last: how the step that is no halving is done. `cv2.INTER_LINEAR` takes a quarter of the time of the default; it
    shrinks by less than two there and skips no pixel, but its pixels are not those that networks were taught on.
    """
    height, width = rgb.shape[:2]
    if max(height, width) <= long:
        return rgb
    factor = long / max(height, width)
    return _scaled(rgb, max(1, round(width * factor)), max(1, round(height * factor)), last)
