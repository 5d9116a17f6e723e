"""Why, in words: one reason per flaw with its strongest evidence, ranked by how much it hurts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keepers.checks import CHECKS
from keepers.pipeline.budget import Budget, percent_of
from keepers.pipeline.triage import AGREES, Finding
from keepers.pipeline.words import FLAW_WORDS, percent
from keepers.types import UNSHARP, Measurement, Reason

IMPORTANCE: Mapping[str, float] = {
    "blurred": 0.9,
    "camera_shake": 0.9,
    "overexposed": 0.7,
    "underexposed": 0.6,
    "distorted": 0.4,
    "noisy": 0.3,
    "closed_eyes": 0.5,
}
"""How much of a photo's worth a flaw takes away when it is certain, 0..1."""
_GOOD = 0.05
"""Weight of the reason that a photo without flaws gets."""
_NEAR = 0.25
"""Probability of a flaw from which a photo is not praised but said to be close to it."""
_EXPOSED = {"overexposed", "underexposed"}

NETWORK = "network"
"""The one detector that all checks of the network for whole photos are."""
Said = Mapping[tuple[str, str], float]
"""(check, flaw) -> calibrated probability, of the checks that apply to one photo."""


def reasons(findings: Sequence[Finding], said: Said, facts: Sequence[Measurement]) -> tuple[Reason, ...]:
    """The reasons of one photo, the weightiest first; a photo without flaws gets one good reason."""
    notes = {one.check: one.note for one in facts}
    told: set[str] = set()
    found = [
        Reason(finding.flaw, _because(finding, said, notes, told), weight(finding))
        for finding in sorted(findings, key=weight, reverse=True)
        if finding.likely
    ]
    return tuple(found) or (_good_news(findings, said),)


def held_back(budget: Budget) -> Reason:
    """Why a photo that the rules would delete is not."""
    words = f"Held back from To be Deleted: the budget of {percent_of(budget.rate)} false rejects does not allow it"
    return Reason("budget", words, 0.0)


def weight(finding: Finding) -> float:
    """How much a flaw hurts: its importance times its probability, 0..1."""
    return IMPORTANCE[finding.flaw] * finding.probability


def detector(check: str) -> str:
    """The detector that a check belongs to: itself, or the one network for all checks that read it."""
    known = CHECKS.get(check)
    of = known.network if known is not None else ""
    return NETWORK if of == "whole" else of or check


def sentence(check: str, probability: float, note: str) -> str:
    """What a check saw and where, without a full stop."""
    where = percent(probability) if detector(check) == NETWORK else note
    return f"{CHECKS[check].sentence} ({where})" if where else CHECKS[check].sentence


def _because(finding: Finding, said: Said, notes: Mapping[str, str], told: set[str]) -> str:
    """The strongest check that can say where, and whether the network agrees; no check says the same twice."""
    agreeing = {check: p for (check, flaw), p in said.items() if flaw == finding.flaw and p >= AGREES}
    network = max((p for check, p in agreeing.items() if detector(check) == NETWORK), default=None)
    seen = {check: p for check, p in agreeing.items() if detector(check) != NETWORK}
    news = {check: p for check, p in seen.items() if check not in told}
    if news:
        strongest = max(news, key=news.__getitem__)
        told.add(strongest)
        words = sentence(strongest, news[strongest], notes.get(strongest, ""))
        return words if network is None else f"{words}; the network sees {_named(finding.flaw, network)} too"
    if network is not None:
        return f"The network sees {_named(finding.flaw, network)}"
    if seen:
        return f"That may also be {_named(finding.flaw, finding.probability)}"
    return f"Several signs together hint at {_named(finding.flaw, finding.probability)}"


def _named(flaw: str, probability: float) -> str:
    return f"{FLAW_WORDS[flaw]} ({percent(probability)})"


def _good_news(findings: Sequence[Finding], said: Said) -> Reason:
    """What is right with a photo in which nothing is wrong, claiming no more than was measured."""
    measured = {flaw for _, flaw in said}
    if measured.isdisjoint(UNSHARP):
        what = "to tell whether it is sharp" if measured else "to be judged"
        return Reason("unmeasured", f"It is too small or too plain {what}", _GOOD)
    nearest = max(findings, key=lambda finding: finding.probability)
    if nearest.probability >= _NEAR:
        name = _named(nearest.flaw, nearest.probability)
        return Reason("flawless", f"No flaw is likely; the nearest is {name}", _GOOD)
    if measured >= _EXPOSED:
        return Reason("sharp", "Its sharpest parts are crisp, and it is well exposed", _GOOD)
    return Reason("sharp", "Its sharpest parts are crisp", _GOOD)
