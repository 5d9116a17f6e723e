"""A promised budget of false rejects, by conformal risk control.

Every photo has a certainty: the largest shift of all log odds at which the rules would still delete it
(`triage.certainty`). Of photos known to be good, the share that is at least as certain says how dearly deleting it
would be paid for. With n calibration sources, of which the i-th loses the share L_i of its good captures when
everything of a certainty c or more is deleted, the least budget that allows deleting at c is

    (L_1 + ... + L_n + 1) / (n + 1)

Deleting only where that is at most alpha is conformal risk control for a loss of at most 1 that falls with the
threshold (Angelopoulos, Bates, Fisch, Lei and Schuster, "Conformal Risk Control", ICLR 2024, arXiv:2208.02814, theorem
1): the expected share of good captures of a new source that is deleted is at most alpha. It assumes one thing: that the
new source is exchangeable with the calibration sources. Captures of one source are not independent, so that a source
counts once, however many captures it has. Below 1 / alpha - 1 sources no threshold can keep the promise, and nothing
is deleted.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from keepers.errors import UserError

MAX_FALSE_REJECTS = 0.01
"""Share of good photos that may be lost to To be Deleted, unless the user says otherwise."""


@dataclass(frozen=True)
class GoodSample:
    """What calibration knows of good photos.

    sources: how many independent ones, at least 1. captures: good photos of them. certain: (certainty, share of the
    good captures of its source) of each good capture that the rules could delete, the most certain first. own:
    whether they are the user's.
    """

    sources: int
    captures: int
    certain: tuple[tuple[float, float], ...] = ()
    own: bool = False

    @cached_property
    def _rising(self) -> tuple[list[float], list[float]]:
        """Certainties rising, and the sum of shares from each on, with a last 0."""
        rising = sorted(self.certain)
        sums = list(itertools.accumulate((share for _, share in reversed(rising)), initial=0.0))
        return [certainty for certainty, _ in rising], sums[::-1]

    def needed(self, certainty: float) -> float:
        """The least budget, 0..1, under which a photo of so much certainty may be deleted."""
        values, sums = self._rising
        return min(1.0, (sums[bisect.bisect_left(values, certainty)] + 1.0) / (self.sources + 1))


def good_sample(certainties: Iterable[tuple[str, float]], own: bool = False) -> GoodSample | None:
    """The sample of good captures, given (name of the source, certainty) of each; None where there is none."""
    by_source: dict[str, list[float]] = {}
    for source, certainty in certainties:
        by_source.setdefault(source, []).append(certainty)
    if not by_source:
        return None
    certain = [(c, 1.0 / len(some)) for some in by_source.values() for c in some if c >= 0.0]
    captures = sum(map(len, by_source.values()))
    return GoodSample(len(by_source), captures, tuple(sorted(certain, reverse=True)), own)


@dataclass(frozen=True)
class Budget:
    """How many good photos may be lost, and what is known of good photos; None in a calibration of old.

    rate: share 0..1.
    """

    rate: float = MAX_FALSE_REJECTS
    good: GoodSample | None = field(default=None, compare=False)

    def allows(self, certainty: float) -> bool:
        """Whether a photo that the rules delete with so much certainty may be deleted."""
        return self.needed(certainty) <= self.rate

    def needed(self, certainty: float) -> float:
        """The least budget that allows it, 0..1; 0 where nothing can be promised and the rules alone decide."""
        return 0.0 if self.good is None else self.good.needed(certainty)

    @property
    def can_delete(self) -> bool:
        """Whether any certainty is enough: there are sources enough for so small a budget."""
        return self.good is None or self.allows(math.inf)

    @property
    def promise(self) -> str:
        """What is promised of To be Deleted and under which assumption, in sentences."""
        rate = percent_of(self.rate)
        if self.good is None:
            return (
                "No promise: this calibration holds no good photos to make one with, and the rules alone decide; "
                "keepers calibrate makes one that does."
            )
        whose = "of your own confirmed choices" if self.good.own else "that it was calibrated with"
        like = f"the {self.good.sources} independent good ones {whose}"
        if not self.can_delete:
            return (
                f"Nothing is deleted for its flaws: to promise at most {rate} of good photos lost takes "
                f"{sources_needed(self.rate)}, and there are {self.good.sources}."
            )
        return (
            f"Promised: of good photos that are like {like}, at most {rate} are To be Deleted for their flaws, on "
            "average over shoots."
        )


def sources_needed(rate: float) -> str:
    """How many independent good photos a promise of `rate` takes, in words: n >= 1 / rate - 1."""
    return f"{least_sources(rate)} independent good photos" if rate > 0 else "infinitely many good photos"


def least_sources(rate: float) -> int:
    """The least n with 1 / (n + 1) <= rate, for a rate > 0."""
    return max(0, math.ceil(1.0 / rate - 1.0 - 1e-9))


def parse_rate(text: str) -> float:
    """`1%`, `0.5 %` or `0.01` as a share 0..1. Raises UserError for anything else, and for a bare `1`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*", text)
    value = float(match[1]) / (100.0 if match[2] else 1.0) if match else math.nan
    if not 0.0 <= value <= 1.0 or (match and not match[2] and value == 1.0):
        raise UserError(f"{text!r} is no share of good photos that may be lost; write it as 1% or as 0.01.")
    return value


def percent_of(rate: float) -> str:
    """A share in percent with two significant digits: "1 %", "0.5 %", "12 %"."""
    return f"{100 * rate:.2g} %" if rate < 0.995 else "100 %"


def to_json(good: GoodSample) -> Mapping[str, object]:
    """As it stands in a calibration file."""
    return {
        "sources": good.sources,
        "captures": good.captures,
        "certain": [[certainty, share] for certainty, share in good.certain],
    }


def from_json(data: Mapping[str, object]) -> GoodSample:
    """Read what `to_json` wrote. Raises ValueError, KeyError or TypeError where it makes no sense."""
    certain = tuple((float(c), float(share)) for c, share in data["certain"])  # type: ignore[attr-defined]
    good = GoodSample(int(data["sources"]), int(data["captures"]), certain)  # type: ignore[call-overload]
    sane = all(math.isfinite(c) and 0.0 < share <= 1.0 for c, share in certain)
    if not sane or not 0 < good.sources <= good.captures or sum(s for _, s in certain) > good.sources + 1e-6:
        raise ValueError("the certainties of good photos are out of range")
    return good
