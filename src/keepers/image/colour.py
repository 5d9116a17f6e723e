"""sRGB and linear light (IEC 61966-2-1:1999), and luma (ITU-R BT.709-6)."""

import cv2
import numpy as np

from keepers.types import Plane, Rgb

_codes = np.arange(256, dtype=np.float64) / 255.0
_TO_LINEAR = np.where(_codes <= 0.04045, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(np.float32)
_STEPS = 4096
_grid = np.arange(_STEPS + 1, dtype=np.float64) / _STEPS
_squares = _grid**2
_TO_SRGB = np.where(_squares <= 0.0031308, _squares * 12.92, 1.055 * np.maximum(_squares, 1e-12) ** (1 / 2.4) - 0.055)
_FROM_LINEAR = np.rint(255.0 * _TO_SRGB).astype(np.uint8)


def to_linear(rgb: Rgb) -> Plane:
    """Linear light 0..1, float32 and of the same shape, of sRGB uint8 values."""
    return np.asarray(_TO_LINEAR[rgb], dtype=np.float32)


def from_linear(linear: Plane) -> Rgb:
    """SRGB uint8 of linear light; values outside 0..1 clip as a sensor does.

    The table is indexed by the square root of the value, which spreads the shadows evenly over it: the round
    trip of all 256 codes is exact.
    """
    index = np.sqrt(np.clip(linear, 0.0, 1.0))
    index *= _STEPS
    return np.asarray(_FROM_LINEAR[np.rint(index).astype(np.int16)])


_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32).reshape(1, 3) / np.float32(255.0)
_STRIP = 64


def luma(rgb: Rgb) -> Plane:
    """Luma 0..1, float32 H x W: BT.709 weights on the sRGB-encoded values."""
    out = np.empty(rgb.shape[:2], dtype=np.float32)
    # A strip's float copy stays in the processor's cache, which halves the time.
    for top in range(0, len(rgb), _STRIP):
        cv2.transform(rgb[top : top + _STRIP].astype(np.float32), _LUMA, dst=out[top : top + _STRIP])
    return out
