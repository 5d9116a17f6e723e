"""Checks that read the six-class network: the log odds of a flaw against `original`, before calibration."""

from __future__ import annotations

import math

from keepers.checks.base import Measure, check
from keepers.types import Evidence, Reading


def _reads(label: str) -> Measure:
    def measure(evidence: Evidence) -> Reading | None:
        odds = evidence.network.get(label)
        return None if odds is None or not math.isfinite(odds) else Reading(odds)

    measure.__doc__ = (
        f"Logit of `{label}` minus that of `original`: natural log odds, about -20 .. 20, 0 where the network finds "
        "both alike. None when no network ran."
    )
    return measure


_SENTENCES = {
    "blurred": "The network sees blur",
    "camera_shake": "The network sees camera shake",
    "distorted": "The network sees a stretched picture",
    "overexposed": "The network sees overexposure",
    "underexposed": "The network sees underexposure",
}

for _label, _sentence in _SENTENCES.items():
    check(f"network_{_label}", flaws=(_label,), higher="worse", sentence=_sentence, network=True)(_reads(_label))
