"""Flaws made on purpose: draw parameters from a passed generator, then apply them to a clean photo.

blurred        gaussian_blur, defocus
camera_shake   remap_shake, hand_shake
distorted      stretch
overexposed    overexposure
underexposed   underexposure
noisy          sensor_noise
tilted         tilt (no flaw of a photo: it spoils the composition, and no photo is labelled with it)
"""

from keepers.flaws import composition, exposure, focus, geometry, motion, sensor
from keepers.flaws.base import FAULTS, FLAWS, Flaw, Params, by_label, flaw

__all__ = [
    "FAULTS",
    "FLAWS",
    "Flaw",
    "Params",
    "by_label",
    "composition",
    "exposure",
    "flaw",
    "focus",
    "geometry",
    "motion",
    "sensor",
]
