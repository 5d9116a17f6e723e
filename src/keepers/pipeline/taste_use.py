"""What a learned taste changes: the order of photos, ties within groups, and Must Haves and Maybes without a flaw.

| change | when |
|---|---|
| the score | of Must Haves and Maybes: how likely each is liked better than the median photo of the shoot |
| the best of a group | where several frames cannot be told apart by technique |
| Must Have to Maybe | it is liked less than 19 of 20 photos that the person kept in held-out shoots |
| Maybe to Must Have | only a better frame of its group made it a Maybe, and it is liked better than that group's best |

Never changed: To be Deleted, which nothing enters and nothing leaves; and no verdict on a photo with a likely flaw, on
one of which a person has decided, or in a series that was taken on purpose. What a taste changes can be seen: each
photo says so in its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keepers.pipeline.calibration import sigmoid
from keepers.pipeline.members import member_of
from keepers.pipeline.taste import Taste
from keepers.pipeline.taste_facts import table
from keepers.pipeline.triage import LIKELY
from keepers.types import Group, Opinion, Reason, VerdictName

REASON = "taste"
"""The name of the reasons that a taste gives."""
LEAST = 8
"""Photos of a shoot without which none is compared with the others: then nothing is changed."""
_MOVED, _TOLD = 0.3, 0.02
_NOTICED = 0.5
"""Log odds from which it is said that a photo is liked or not, and from which one of two frames is liked better."""
_OFF = "Without your taste (keepers learn --off)"

Told = tuple[tuple[str, ...], tuple[str, ...]]
"""What speaks for a photo and what against it."""


@dataclass(frozen=True, slots=True)
class Liking:
    """How a photo is liked beside the median one of its shoot, whatever a person chose.

    value: log odds; score: the same as a probability 0..1; why: in words.
    """

    value: float
    score: float
    why: Told


@dataclass(frozen=True, slots=True)
class Likings:
    """Those of a shoot, by path; none where there are too few photos. low: as of the taste."""

    photos: Mapping[Path, Liking]
    low: float

    def of(self, path: Path | None, unknown: float) -> float:
        """Log odds, or `unknown` of what is not known."""
        found = self.photos.get(path) if path is not None else None
        return unknown if found is None else found.value


def likings(opinions: Sequence[Opinion], taste: Taste) -> Likings:
    """How each photo of a shoot is liked; `opinions` by the machine, of photos that were judged together."""
    some = [opinion for opinion in opinions if opinion.verdict is not None]
    if len(some) < LEAST:
        return Likings({}, taste.low)
    facts = table(some)
    liking = taste.liking(facts)
    told = zip(some, liking.tolist(), sigmoid(liking).tolist(), taste.because(facts), strict=True)
    return Likings({opinion.path: Liking(value, score, why) for opinion, value, score, why in told}, taste.low)


def apply(opinions: Sequence[Opinion], taste: Taste, choices: Mapping[str, VerdictName]) -> list[Opinion]:
    """The same opinions as the person would like them; see the module's table.

    Args:
        opinions: by the machine, of photos that were judged together.
        choices: photo id -> a person's verdict; verdicts on these photos are left as they are.
    """
    return applied(opinions, likings(opinions, taste), choices)


def applied(opinions: Sequence[Opinion], known: Likings, choices: Mapping[str, VerdictName]) -> list[Opinion]:
    """As `apply`, of some photos of the shoot: whole groups, and photos on their own."""
    groups = _groups([one for one in opinions if one.path in known.photos], known, choices)
    result = []
    for opinion in opinions:
        liked, verdict = known.photos.get(opinion.path), opinion.verdict
        if liked is not None and verdict is not None:
            made = opinion.group
            if verdict.verdict != "delete":
                opinion = _noted(opinion, liked)
            if _id(opinion) not in choices:
                opinion = _moved(opinion, liked, known)
            opinion = opinion if made is None else replace(opinion, group=groups.get(id(made), made))
        result.append(opinion)
    return result


def _noted(opinion: Opinion, liked: Liking) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    reasons = verdict.reasons
    if abs(liked.value) >= _NOTICED:
        reasons = (*reasons, Reason(REASON, _sentence(liked.value > 0, liked.why), _TOLD))
    return replace(opinion, verdict=replace(verdict, score=liked.score, reasons=reasons))


def _moved(opinion: Opinion, liked: Liking, known: Likings) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    value, why = liked.value, liked.why
    if any(p >= LIKELY for p in verdict.flaws.values()) or (opinion.group is not None and opinion.group.protected):
        return opinion
    if verdict.verdict == "keep" and value < known.low:
        return _to(opinion, "maybe", why)
    best = opinion.group.best if opinion.group is not None else None
    if verdict.verdict != "maybe" or verdict.reasons[0].name != "group" or best is None or best == opinion.path:
        return opinion
    made = opinion.group
    copy = made is not None and member_of(made, opinion.path).copy_of is not None
    better = value >= max(0.0, known.of(best, np.inf) + _NOTICED)
    return _to(opinion, "keep", why) if better and not copy else opinion


def _to(opinion: Opinion, name: VerdictName, why: Told) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    up = name == "keep"
    others = tuple(reason for reason in verdict.reasons if reason.name != REASON)
    change = f"{_OFF} it would be a {'Maybe' if up else 'Must Have'}."
    reason = Reason(REASON, _sentence(up, why), _MOVED)
    return replace(
        opinion, verdict=replace(verdict, verdict=name, reasons=(reason, *others), would_change=change)
    )


def _sentence(liked: bool, why: Told) -> str:
    """Why a photo is liked, or not, in words: the strongest facts."""
    first = "Like the photos that you keep" if liked else "Unlike the photos that you keep"
    words = why[0] if liked else why[1]
    return f"{first}: {', '.join(words)}" if words else first


def _groups(
    opinions: Sequence[Opinion], known: Likings, choices: Mapping[str, VerdictName]
) -> dict[int, Group]:
    """The groups in which another frame is the best now, of those that technique cannot tell apart."""
    members: dict[int, list[Opinion]] = {}
    for opinion in opinions:
        if opinion.group is not None:
            members.setdefault(id(opinion.group), []).append(opinion)
    changed = {}
    for number, some in members.items():
        group = some[0].group
        assert group is not None
        if group.best is None or not group.tied:
            continue
        level = [one for one in some if _level(group, one, choices)]
        best = max(level, key=lambda one: known.of(one.path, -np.inf), default=None)
        if best is not None and known.of(best.path, -np.inf) >= known.of(group.best, np.inf) + _NOTICED:
            why = f"{group.why}; of those it is most like the photos that you keep"
            changed[number] = replace(group, best=best.path, why=why)
    return changed


def _level(group: Group, opinion: Opinion, choices: Mapping[str, VerdictName]) -> bool:
    """Whether a frame is one of those that cannot be told apart from the best."""
    member = member_of(group, opinion.path)
    verdict = opinion.verdict
    put_away = verdict is None or verdict.verdict == "delete" or choices.get(_id(opinion), "keep") != "keep"
    return member.place == 1 and member.copy_of is None and not put_away


def _id(opinion: Opinion) -> str:
    return opinion.report.photo.id if opinion.report.photo is not None else ""


def changed(opinions: Sequence[Opinion]) -> tuple[int, int]:
    """How many photos a taste made Must Haves, and how many Maybes."""
    leading = [o.verdict for o in opinions if o.verdict is not None and o.verdict.reasons]
    moved = [verdict.verdict for verdict in leading if verdict.reasons[0].name == REASON]
    return moved.count("keep"), moved.count("maybe")
