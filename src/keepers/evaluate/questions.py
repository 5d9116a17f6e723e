"""The questions that a labelled photo answers: which photos count for it, and what keepers says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keepers.evaluate.vocabulary import Truth
from keepers.pipeline.words import FLAW_WORDS
from keepers.types import FLAWS, UNSHARP, Verdict

_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Question:
    """Is it this rather than that? Positives have one of `flaws`; negatives one of `against`, or are good where
    that is empty. A photo that is both, or neither, has no say."""

    name: str
    title: str
    flaws: tuple[str, ...]
    against: tuple[str, ...] = ()

    def truth(self, truth: Truth) -> bool | None:
        """Whether a photo is a positive; None where it does not count."""
        positive = bool(truth.flaws & set(self.flaws))
        negative = bool(truth.flaws & set(self.against)) if self.against else truth.good
        return positive if positive != negative else None

    def probability(self, verdict: Verdict) -> float:
        """0..1: the largest probability of `flaws`, and where there is an `against`, how it stands to that one's."""
        own = max(verdict.flaws.get(flaw, 0.0) for flaw in self.flaws)
        if not self.against:
            return own
        other = max(verdict.flaws.get(flaw, 0.0) for flaw in self.against)
        return 1.0 / (1.0 + math.exp(logit(other) - logit(own)))

    def told(self, verdict: Verdict) -> bool:
        """Whether keepers tells the user so: a flaw among its reasons; of two kinds, the likelier one."""
        if self.against:
            return self.probability(verdict) > 0.5
        return any(reason.name in self.flaws for reason in verdict.reasons)


@dataclass(frozen=True, slots=True)
class AnyFlaw(Question):
    """Is anything wrong with it? Answered by the overall score and the pile."""

    def truth(self, truth: Truth) -> bool | None:
        """Whether a photo has a flaw; None where its label says nothing."""
        return bool(truth.flaws) if truth.known else None

    def probability(self, verdict: Verdict) -> float:
        """1 less the score."""
        return 1.0 - verdict.score

    def told(self, verdict: Verdict) -> bool:
        """Whether it is not among the Must Haves."""
        return verdict.verdict != "keep"


ANY = AnyFlaw("any", "anything wrong", tuple(FLAWS))


def questions(truths: Iterable[Truth]) -> list[Question]:
    """Those that these labels can answer: each needs at least one positive and one negative.

    Where all unsharp photos are labelled `blurred`, the word is taken for blur of any kind.
    """
    known = list(truths)
    present = {flaw for truth in known for flaw in truth.flaws}
    both = set(UNSHARP) <= present
    asked: list[Question] = [ANY]
    if present & set(UNSHARP):
        asked.append(Question("unsharp", "blur of any kind", UNSHARP))
    single = [flaw for flaw in FLAWS if flaw in present and (both or flaw not in UNSHARP)]
    asked += [Question(flaw, FLAW_WORDS.get(flaw, flaw.replace("_", " ")), (flaw,)) for flaw in single]
    asked += [
        Question("shake_or_defocus", "camera shake, not defocus", ("camera_shake",), ("blurred",)),
        Question("over_or_under", "overexposed, not underexposed", ("overexposed",), ("underexposed",)),
    ]
    return [one for one in asked if {one.truth(truth) for truth in known} >= {True, False}]


def logit(probability: float) -> float:
    """Natural log odds, finite for 0 and 1."""
    p = min(max(probability, _LEAST), 1.0 - _LEAST)
    return math.log(p / (1.0 - p))


def exposure(flaws: Mapping[str, float]) -> float:
    """How bright keepers finds a photo: log odds of overexposure less those of underexposure."""
    return logit(flaws.get("overexposed", 0.0)) - logit(flaws.get("underexposed", 0.0))


def abstains(verdict: Verdict) -> bool:
    """Whether keepers says that it cannot tell: no check could say anything."""
    return not verdict.assessments or any(reason.name in ("unmeasured", "cannot_tell") for reason in verdict.reasons)
