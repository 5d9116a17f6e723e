"""What a check is, and the registry that a new one enters with a single decorator."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from keepers.registry import Registry
from keepers.types import FLAWS, Evidence, Reading

Measure = Callable[[Evidence], Reading | None]
"""Evidence to a finite raw value in the check's own unit; None where the check does not apply to the photo."""


Found = TypeVar("Found")

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


class _Last(threading.local):
    """What was found in the pixels that this thread looked at last."""

    def __init__(self) -> None:
        self.of: tuple[weakref.ref[object], weakref.ref[object]] | None = None
        self.found: dict[Callable[[Evidence], Any], Any] = {}


_last = _Last()


def once(find: Callable[[Evidence], Found]) -> Callable[[Evidence], Found]:
    """Let several checks share what one look at the pixels finds: it is kept until the thread looks at other pixels.

    `find` may go by the frame and what `observe` makes of it, and must not go by faces or networks.
    """

    def shared(evidence: Evidence) -> Found:
        frame, luma = evidence.frame.rgb, evidence.luma
        if _last.of is None or _last.of[0]() is not frame or _last.of[1]() is not luma:
            _last.of, _last.found = (weakref.ref(frame), weakref.ref(luma)), {}
        if find not in _last.found:
            _last.found[find] = find(evidence)
        found: Found = _last.found[find]
        return found

    return shared


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
