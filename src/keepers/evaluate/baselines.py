"""Plain measures that stand beside keepers on the same photos, so that its figures can be judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from keepers.errors import PhotoError
from keepers.pipeline import score
from keepers.pipeline.score import Network, Scorer
from keepers.types import Measurement, Report, Rgb, Source


@dataclass(frozen=True, slots=True)
class Baseline:
    """A number that needs no training. `means`: flaw -> +1 where more of it hints at the flaw, -1 where less does."""

    title: str
    measure: Callable[[Rgb], float]
    means: Mapping[str, int]
    quality: int = 0
    exposure: int = 0


def laplacian_variance(rgb: Rgb) -> float:
    """Variance of the 3 x 3 Laplacian of the grey frame (codes 0..255), at the size at which keepers judges.

    Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548; grey by OpenCV's BT.601 weights.
    """
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def mean_grey(rgb: Rgb) -> float:
    """Mean of the grey frame, 0..255."""
    return float(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)).mean())


BASELINES: Mapping[str, Baseline] = {
    "laplacian": Baseline("Laplacian variance", laplacian_variance, {"blurred": -1, "camera_shake": -1}, quality=1),
    "brightness": Baseline("mean brightness", mean_grey, {"overexposed": 1, "underexposed": -1}, exposure=1),
}
PREFIX = "baseline_"
"""In front of a baseline's name where it travels among the measurements of a report."""


def build_scorer(network: Network) -> Scorer:
    """As `pipeline.score.build_scorer`, with every baseline of the same pixels among the measurements.

    The photo is decoded a second time for that, so that what culling does stays exactly as it is.
    """
    from keepers.io import decode

    inner = score.build_scorer(network)

    def scorer(source: Source) -> Report:
        report = inner(source)
        if report.photo is None:
            return report
        try:
            _, frame = decode.read(source)
        except PhotoError as error:  # it was readable a moment ago: somebody has taken it away
            return dataclasses.replace(report, photo=None, error=str(error), passing=True)
        more = (Measurement(PREFIX + name, "1", one.measure(frame.rgb)) for name, one in BASELINES.items())
        return dataclasses.replace(report, measurements=(*report.measurements, *more))

    return scorer
