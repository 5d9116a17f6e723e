"""What checks of composition say together: one number that ranks photos and breaks ties, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from keepers.checks import CHECKS
from keepers.types import Assessment, Measurement

Numbers = npt.NDArray[np.float64]

NAME = "composition"
"""What assessments of these checks speak of, in place of a flaw."""
_UNUSUAL, _GOOD = 0.5, 0.75
"""Scores below which a check says what is unusual, and from which it speaks for a photo."""
PLACES = ("thirds", "golden_ratio")
"""Two rules for the same thing, of which a photo can follow one only: the better one counts."""
_SCALES = {name: check.score for name, check in CHECKS.items() if check.score is not None}


def scores(facts: Sequence[Measurement]) -> dict[str, float]:
    """Check -> 0 (unusual) .. 1 (as the rule would have it), of the checks of composition that apply."""
    return {m.check: _SCALES[m.check](m.raw) for m in facts if m.raw is not None and m.check in _SCALES}


def overall(facts: Sequence[Measurement]) -> float | None:
    """The mean of the scores, all with the same weight, 0 .. 1; None where no check of composition applies.

    Weights are not learned: what makes people like a composition would have to be learned from what people like.
    """
    found = scores(facts)
    places = [found.pop(name) for name in PLACES if name in found]
    kept = [*found.values(), *([max(places)] if places else [])]
    return sum(kept) / len(kept) if kept else None


def all_of(facts: Sequence[Sequence[Measurement]]) -> Numbers:
    """`overall` of N photos, NaN for None."""
    return np.array([np.nan if value is None else value for value in map(overall, facts)], np.float64)


def assessments(facts: Sequence[Measurement]) -> Iterator[Assessment]:
    """What each check of composition says, in words."""
    found = scores(facts)
    for one in facts:
        if one.check in found and one.raw is not None:
            score = found[one.check]
            good = "Speaks for the composition" if score >= _GOOD else "Says little of the composition"
            words = CHECKS[one.check].sentence if score < _UNUSUAL else good
            sentence = f"{words} ({one.note})" if one.note else words
            yield Assessment(one.check, NAME, one.raw, found[one.check], sentence)
