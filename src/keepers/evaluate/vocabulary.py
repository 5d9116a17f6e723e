"""The words in which people label photos, and what keepers says for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from keepers.types import FLAWS

GOOD = "good"
"""What a label is mapped to that says: nothing is wrong with this photo."""
IGNORED = "ignore"
"""What a label is mapped to whose photos are left out."""

WORDS: Mapping[str, str] = {
    **dict.fromkeys(("original", "sharp", "good", "ok", "keep", "clean", "none", "bracket_mid", "undistorted"), GOOD),
    **dict.fromkeys(("blur", "blurry", "soft", "unsharp", "defocus", "defocused", "out_of_focus"), "blurred"),
    **dict.fromkeys(("shake", "shaken", "motion", "motion_blur", "shaky"), "camera_shake"),
    **dict.fromkeys(("over", "overexposure", "too_bright", "blown_out"), "overexposed"),
    **dict.fromkeys(("under", "underexposure", "too_dark"), "underexposed"),
    **dict.fromkeys(("distortion", "stretched"), "distorted"),
    **dict.fromkeys(("noise", "grainy"), "noisy"),
    **dict.fromkeys(("closed", "eyes_closed", "blink", "blinking"), "closed_eyes"),
    **dict.fromkeys(("open", "eyes_open"), GOOD),
    **{flaw: flaw for flaw in FLAWS},
}
"""Label, in small letters with underscores -> a flaw or `GOOD`. A label that begins with "good_" is good, too."""

_APART = re.compile(r"[;+|]")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person says of a photo: `flaws` of `keepers.types.FLAWS`, or `good`; neither where it is not known."""

    label: str
    good: bool = False
    flaws: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether the label says anything that keepers can be right or wrong about."""
        return self.good or bool(self.flaws)


def understand(label: str, own: Mapping[str, str] | None = None) -> Truth | None:
    """The meaning of a label such as "blurred", "Motion blur" or "blurred;noisy"; None for one that is ignored.

    Args:
        label: as it stands in the manifest.
        own: the user's words -> a flaw, `GOOD` or `IGNORED`; they win over `WORDS`, whole labels over parts.
    """
    mine = {tidy(word): meaning for word, meaning in (own or {}).items()}
    parts = [tidy(label)] if tidy(label) in mine else [tidy(part) for part in _APART.split(label)]
    meanings = {_meaning(part, mine) for part in parts if part}
    if IGNORED in meanings:
        return None
    flaws = meanings - {GOOD, ""}
    if "" in meanings:
        return Truth(label.strip())
    return Truth(label.strip(), bool(meanings) and not flaws, frozenset(flaws))


def tidy(word: str) -> str:
    """Small letters, underscores between words."""
    return re.sub(r"[\s_-]+", "_", word.strip().casefold()).strip("_")


def _meaning(part: str, own: Mapping[str, str]) -> str:
    if part in own:
        return own[part]
    return GOOD if part.startswith("good_") else WORDS.get(part, "")
