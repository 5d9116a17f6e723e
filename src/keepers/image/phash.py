"""A perceptual hash: 64 bits that survive re-encoding and scaling."""

import cv2
import numpy as np

from keepers.types import Rgb

SAME_PICTURE = 6
"""Two photos at most this many bits apart are the same picture, re-encoded or scaled."""


def phash(rgb: Rgb) -> int:
    """DCT hash of the picture: signs of the 8 x 8 lowest frequencies against their median, as a 64-bit integer.

    After Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    grey = cv2.cvtColor(cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    low = cv2.dct(np.asarray(grey, dtype=np.float32))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """Number of bits in which two hashes differ, 0..64."""
    return (one ^ other).bit_count()
