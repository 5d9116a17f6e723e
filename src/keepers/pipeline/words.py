"""The words in which flaws are spoken of."""

from collections.abc import Mapping

FLAW_WORDS: Mapping[str, str] = {
    "blurred": "blur",
    "camera_shake": "camera shake",
    "distorted": "distortion",
    "overexposed": "overexposure",
    "underexposed": "underexposure",
    "noisy": "noise",
    "closed_eyes": "closed eyes",
}


def percent(probability: float) -> str:
    """A probability 0..1 as whole percent, never claiming certainty: "1 %" .. "99 %"."""
    return f"{min(max(round(100 * probability), 1), 99)} %"
