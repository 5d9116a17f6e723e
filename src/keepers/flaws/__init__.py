"""Flaws made on purpose: draw parameters from a passed generator, then apply them to a clean photo.

blurred        gaussian_blur, defocus
camera_shake   remap_shake, hand_shake
distorted      stretch
overexposed    overexposure
underexposed   underexposure
noisy          sensor_noise
"""

from keepers.flaws import exposure, focus, geometry, motion, sensor
from keepers.flaws.base import FLAWS, Flaw, Params, by_label, flaw

__all__ = ["FLAWS", "Flaw", "Params", "by_label", "exposure", "flaw", "focus", "geometry", "motion", "sensor"]
