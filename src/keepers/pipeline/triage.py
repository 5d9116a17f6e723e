"""The policy: from what is known of a photo's flaws to keep, maybe or delete.

| verdict | rule | when |
|---|---|---|
| delete | agreement | two detectors agree on one flaw, and together they are certain of it |
| delete | two flaws | two flaws are certain, each seen by a detector of its own |
| maybe | held back | a rule above holds, and the promised budget of false rejects does not allow it (`budget`) |
| maybe | doubt | a flaw is likely, or one detector alone is certain of one |
| maybe | blind | nothing could be measured, or whether it is sharp cannot be told |
| keep | clean | none of the above |

Then frames of one group are compared (`triage_group`), unless the group is a series that was taken on purpose:

| verdict | rule | when |
|---|---|---|
| delete | copy | it is an exact copy of a frame of the group that stays |
| delete | beaten | a flaw that may delete is likely, and a frame without any is clearly better |
| maybe | worse | it would be a Must Have, and another Must Have is clearly better |
| maybe | last | all frames of the group would be deleted, and it is the best of them; also in a protected series |

Under a budget so small that nothing may be deleted, no frame is deleted for being beaten either. The first rule that
holds decides. The strictness moves what is likely, for Maybe alone: whether a photo is deleted, and what the comparison
of frames makes of it, does not depend on it. Noise, distortion and closed eyes never delete a photo by themselves: the
first is often accepted for the moment's sake, the others often intended. All checks that read the same network are one
detector, since they err together. A photo that cannot be read gets no verdict, and a person's choice overrules
everything.

Every rule is a threshold that a higher probability can only pass, so more of a flaw never improves a verdict.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from keepers.pipeline.budget import Budget, percent_of
from keepers.pipeline.words import FLAW_WORDS, percent
from keepers.types import UNSHARP, VERDICT_TITLES, Reason, Verdict, VerdictName

AGREES = 0.5
"""Calibrated probability from which a detector agrees that a flaw is there."""
LIKELY = 0.5
"""Probability, all detectors fused, from which a flaw is likely."""
CERTAIN = 0.9
"""Least fused probability that is ever called certain. Clean calibration photos can be so easy that none comes near a
flaw; an operating point read off them alone would call a real photo certain at a few percent."""
ALONE = 0.9
"""Least calibrated probability at which one detector alone demotes to Maybe, whatever the others say."""
NEVER_ALONE = frozenset({"noisy", "distorted", "closed_eyes"})
"""Flaws for which no photo is deleted unless another flaw is certain too."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one flaw in one photo; all numbers are probabilities 0..1.

    `probability` fuses all detectors, `detectors` are the calibrated probabilities of each that could say
    something, and `certain_at` is the calibrated operating point from which a fused probability is certain.
    `sooner` is by how many log odds the flaw becomes a Maybe sooner than usual.
    """

    flaw: str
    probability: float
    detectors: Mapping[str, float]
    certain_at: float
    sooner: float = 0.0

    @property
    def certain(self) -> bool:
        """Whether the fused probability has reached the operating point, and `CERTAIN`."""
        return self.probability >= max(CERTAIN, self.certain_at)

    @property
    def likely(self) -> bool:
        """Whether a person should look."""
        alone = max(ALONE, self.certain_at)
        return shifted(self.probability, self.sooner) >= LIKELY or any(
            shifted(p, self.sooner) >= alone for p in self.detectors.values()
        )

    @property
    def seen_by(self) -> frozenset[str]:
        """The detectors that agree that the flaw is there."""
        return frozenset(name for name, p in self.detectors.items() if p >= AGREES)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict, the name of the rule that decided, and in words what would change it.

    needed: where the rules delete, the least budget of false rejects, 0..1, under which that is allowed.
    """

    verdict: VerdictName
    rule: str
    would_change: str
    needed: float | None = None


Findings = Sequence[Finding]
HELD_BACK = "held back"


def log_odds(probability: float) -> float:
    """Natural log odds of a probability 0..1, kept finite: -21 .. 21."""
    p = min(max(probability, 1e-9), 1.0 - 1e-9)
    return math.log(p / (1.0 - p))


def shifted(probability: float, by: float) -> float:
    """A probability 0..1 after its log odds were moved; exactly the same where they are not."""
    if by == 0.0 or probability <= 0.0 or (probability >= 1.0 and by > 0.0):
        return probability
    return 1.0 / (1.0 + math.exp(-(log_odds(probability) + by)))


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy: `applies` names the findings that make it hold; None where it does not."""

    name: str
    verdict: VerdictName
    applies: Callable[[Findings], Findings | None]
    would_change: Callable[[Findings], str]


def triage(findings: Findings, budget: Budget | None = None) -> Ruling:
    """Decide by the first rule that holds; see the module's table. Without a budget nothing is held back."""
    for rule in RULES:
        grounds = rule.applies(findings)
        if grounds is not None and rule.verdict == "delete" and budget is not None:
            needed = budget.needed(certainty(findings))
            if needed > budget.rate:
                return Ruling("maybe", HELD_BACK, _leave_held_back(needed), needed)
            return Ruling(rule.verdict, rule.name, rule.would_change(grounds), needed)
        if grounds is not None:
            return Ruling(rule.verdict, rule.name, rule.would_change(grounds))
    raise AssertionError("the last rule always holds")


def certainty(findings: Findings) -> float:
    """By how many log odds all evidence could shrink before the rules stop deleting; negative where they do not delete.

    The largest over rules and flaws of the least margin among the conditions of a rule; -inf where no rule can hold.
    The calibrated operating points are left out: they are read off good photos themselves, and the promise that rests
    on this number must not depend on the same photos twice. They stay necessary, so that it errs on the safe side.
    """
    margins = [-math.inf]
    for one in findings:
        if one.flaw not in NEVER_ALONE:
            seen = sorted(map(log_odds, one.detectors.values()))
            margins += [min(_above_certain(one), seen[-2] - log_odds(AGREES))] if len(seen) >= 2 else []
    for one, other in permutations(findings, 2):
        if one.flaw not in NEVER_ALONE:
            both = min(_above_certain(one), _above_certain(other))
            margins += [
                min(both, log_odds(min(p, q)) - log_odds(AGREES))
                for (name, p), (different, q) in product(one.detectors.items(), other.detectors.items())
                if name != different
            ]
    return max(margins)


def _above_certain(finding: Finding) -> float:
    return log_odds(finding.probability) - log_odds(CERTAIN)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the policy may know of one frame in its group.

    verdict: by its own flaws, or a person's, where `chosen`. flawed: a flaw that may delete is likely (`may_delete`).
    place: 1 for the best of the group. copy_of: position in the group of the frame of which it is an exact copy.
    normal: the verdict at normal strictness, by which others are measured; None where it is the same.
    """

    verdict: VerdictName
    chosen: bool
    flawed: bool
    place: int
    copy_of: int | None = None
    normal: VerdictName | None = None

    @property
    def good(self) -> bool:
        """Whether another frame may yield to it."""
        return (self.normal or self.verdict) == "keep" and not self.flawed


ClearlyWorse = Callable[[int, int], bool]
"""Whether the frame at the first position in a group is clearly worse than that at the second."""


@dataclass(frozen=True, slots=True)
class GroupRuling:
    """What the comparison makes of one frame: its verdict, the rule, and the position of the frame it yields to."""

    verdict: VerdictName
    rule: str
    to: int


def may_delete(verdict: Verdict, tolerance: Callable[[str], float] = lambda flaw: 0.0) -> bool:
    """Whether a flaw is likely that may delete a photo; `tolerance` takes log odds off the evidence of a flaw."""
    return any(
        shifted(p, -tolerance(flaw)) >= LIKELY and flaw not in NEVER_ALONE for flaw, p in verdict.flaws.items()
    )


def triage_group(
    frames: Sequence[Standing], worse: ClearlyWorse, protected: bool, can_delete: bool = True
) -> dict[int, GroupRuling]:
    """Rulings by position in the group, of frames whose verdict the comparison changes; see the module's table.

    A person's choice is never changed, and a frame that a person put away is no reason to put another away. Frames
    of a group that a person put away as a whole stay away. Without `can_delete` no frame is deleted for being beaten.
    """
    rulings = {} if protected else _thinned(frames, worse, can_delete)
    after = {at: rulings[at].verdict if at in rulings else one.verdict for at, one in enumerate(frames)}
    machine = [at for at, one in enumerate(frames) if not one.chosen]
    if machine and all(verdict == "delete" for verdict in after.values()):
        last = min(machine, key=lambda at: (frames[at].copy_of is not None, frames[at].place, at))
        rulings[last] = GroupRuling("maybe", "last", last)
    return rulings


def _thinned(frames: Sequence[Standing], worse: ClearlyWorse, can_delete: bool) -> dict[int, GroupRuling]:
    order = sorted(range(len(frames)), key=lambda at: (frames[at].place, at))
    good = [at for at in order if frames[at].good]
    rulings: dict[int, GroupRuling] = {}
    for at, one in enumerate(frames):
        if one.chosen or one.copy_of is not None:
            continue
        better = next((other for other in good if other != at and worse(at, other)), None)
        if better is not None and one.flawed and one.verdict != "delete" and can_delete:
            rulings[at] = GroupRuling("delete", "beaten", better)
        elif better is not None and one.verdict == "keep":
            rulings[at] = GroupRuling("maybe", "worse", better)
    for at, one in enumerate(frames):
        if one.copy_of is None or one.chosen:
            continue
        original = rulings[one.copy_of].verdict if one.copy_of in rulings else frames[one.copy_of].verdict
        if original != "delete":
            rulings[at] = GroupRuling("delete", "copy", one.copy_of)
        elif one.copy_of in rulings:
            rulings[at] = rulings[one.copy_of]
    return rulings


def overrule(verdict: Verdict, chosen: VerdictName) -> Verdict:
    """The same facts under a person's choice, which always wins."""
    reason = Reason("choice", f"You chose {VERDICT_TITLES[chosen]}", 1.0)
    return dataclasses.replace(
        verdict,
        verdict=chosen,
        reasons=(reason, *verdict.reasons),
        would_change="Only another choice of yours changes this.",
    )


def _agreement(findings: Findings) -> Findings | None:
    grounds = [f for f in findings if f.certain and len(f.seen_by) >= 2 and f.flaw not in NEVER_ALONE]
    return grounds or None


def _two_flaws(findings: Findings) -> Findings | None:
    certain = [f for f in findings if f.certain and f.seen_by]
    for one, other in permutations(certain, 2):
        # Two different witnesses: not the one network, or the one sharpness, speaking twice.
        if one.flaw not in NEVER_ALONE and len(one.seen_by | other.seen_by) >= 2:
            return [one, other]
    return None


def _doubt(findings: Findings) -> Findings | None:
    return [f for f in findings if f.likely] or None


def _blind(findings: Findings) -> Findings | None:
    spoken = {f.flaw for f in findings if f.detectors}
    asked = {f.flaw for f in findings}
    # A photo must be known to be sharp before it is a Must Have.
    return None if spoken and (spoken.intersection(UNSHARP) or not asked.intersection(UNSHARP)) else ()


def _clean(findings: Findings) -> Findings | None:
    return sorted(findings, key=lambda f: f.probability, reverse=True)[:1]


def _names(findings: Findings) -> str:
    return " and ".join(FLAW_WORDS.get(f.flaw, f.flaw) for f in findings)


def _leave_delete(grounds: Findings) -> str:
    return f"It would be a Maybe if the checks did not agree on {_names(grounds)}."


def _leave_delete_of_two(grounds: Findings) -> str:
    return f"It would be a Maybe with only one of {_names(grounds)}."


def _leave_held_back(needed: float) -> str:
    return f"It would be To be Deleted with a budget of {percent_of(needed)} false rejects (--max-false-rejects)."


def _leave_maybe(grounds: Findings) -> str:
    keep = f"It would be a Must Have without {_names(grounds)}"
    might = [f for f in grounds if f.flaw not in NEVER_ALONE and f.certain_at < 1.0]
    if not might:
        one = len(grounds) == 1 and not _names(grounds).endswith("s")
        return f"{keep}, which alone never {'deletes' if one else 'delete'} a photo."
    if any(len(f.seen_by) >= 2 for f in might):
        return f"{keep}, and To be Deleted if its checks together were more certain."
    return f"{keep}, and To be Deleted if a second check clearly agreed."


def _leave_blind(grounds: Findings) -> str:
    return "It would need more pixels, or more to see in them."


def _leave_keep(grounds: Findings) -> str:
    nearest = "".join(f" (nearest: {_names([f])}, {percent(f.probability)})" for f in grounds)
    return f"It would be a Maybe if a flaw became likely{nearest}."


RULES: tuple[Rule, ...] = (
    Rule("agreement", "delete", _agreement, _leave_delete),
    Rule("two flaws", "delete", _two_flaws, _leave_delete_of_two),
    Rule("doubt", "maybe", _doubt, _leave_maybe),
    Rule("blind", "maybe", _blind, _leave_blind),
    Rule("clean", "keep", _clean, _leave_keep),
)
