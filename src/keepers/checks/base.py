"""What a check is, and the registry that a new one enters with a single decorator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from keepers.registry import Registry
from keepers.types import FLAWS, Evidence, Reading

Measure = Callable[[Evidence], Reading | None]
"""Evidence to a finite raw value in the check's own unit; None where the check does not apply to the photo."""


Network = Literal["", "whole", "focus"]
"""The network for whole photos, the one for patches, or none."""


@dataclass(frozen=True, slots=True)
class Check:
    """A way to find flaws.

    name: unique, for example "tile_sharpness". flaws: those of `keepers.types.FLAWS` that it speaks of; none
    where it only ranks photos.
    higher: whether a higher raw value is "worse" or "better". version: changes whenever raw values do.
    sentence: what is wrong when it finds something, without a full stop. network: which network its raw comes from, so
    that its full version names the models and that checks of one network count as one detector; empty for none.
    faces: its raw comes from the faces, whose networks its full version names. log_odds: its raw is log odds as it
    stands, fitted where its doc says; no calibration of synthetic flaws knows it. score: of a check of composition, its
    raw value to 0 .. 1 (as the rule would have it), which ranks photos and nothing else.
    doc: unit, range and source of the raw value.
    """

    name: str
    flaws: tuple[str, ...]
    higher: Literal["worse", "better"]
    version: str
    sentence: str
    measure: Measure
    doc: str
    network: Network = ""
    faces: bool = False
    log_odds: bool = False
    score: Callable[[float], float] | None = None

    def __call__(self, evidence: Evidence) -> Reading | None:
        """Measure one photo."""
        return self.measure(evidence)


CHECKS: Registry[Check] = Registry("check")


def check(
    name: str,
    *,
    flaws: tuple[str, ...],
    higher: Literal["worse", "better"],
    sentence: str,
    version: str = "1",
    network: Network = "",
    faces: bool = False,
    log_odds: bool = False,
    score: Callable[[float], float] | None = None,
) -> Callable[[Measure], Measure]:
    """Register the decorated function as the check `name`.

    Raises:
        ValueError: for an unknown flaw, a name taken, or a function without a docstring.
    """
    if score is not None and flaws:
        raise ValueError(f"check {name!r} speaks of flaws, which are calibrated; it can have no score of its own")
    unknown = [flaw for flaw in flaws if flaw not in FLAWS]
    if unknown:
        raise ValueError(f"check {name!r} speaks of unknown flaws {unknown}; known: {', '.join(FLAWS)}")

    def register(measure: Measure) -> Measure:
        doc = (measure.__doc__ or "").strip()
        if not doc:
            raise ValueError(f"check {name!r} needs a docstring that gives the unit and range of its raw value")
        made = Check(name, flaws, higher, version, sentence, measure, doc, network, faces, log_odds, score)
        CHECKS.add(name, made)
        return measure

    return register
