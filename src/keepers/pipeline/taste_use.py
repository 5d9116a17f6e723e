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
from dataclasses import replace
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


def apply(opinions: Sequence[Opinion], taste: Taste, choices: Mapping[str, VerdictName]) -> list[Opinion]:
    """The same opinions as the person would like them; see the module's table.

    Args:
        opinions: by the machine, of photos that were judged together.
        choices: photo id -> a person's verdict; verdicts on these photos are left as they are.
    """
    at = [n for n, opinion in enumerate(opinions) if opinion.verdict is not None]
    if len(at) < LEAST:
        return list(opinions)
    facts = table([opinions[n] for n in at])
    liking, told = taste.liking(facts), taste.because(facts)
    liked = {opinions[n].path: float(value) for n, value in zip(at, liking, strict=True)}
    result = list(opinions)
    groups = _groups([opinions[n] for n in at], liked, choices)
    score = sigmoid(liking)
    for n, why, worth in zip(at, told, score.tolist(), strict=True):
        opinion, verdict = opinions[n], opinions[n].verdict
        if verdict is not None and verdict.verdict != "delete":
            opinion = _noted(opinion, liked, why, worth)
        if _id(opinion) not in choices:
            opinion = _moved(opinion, liked, taste.low, why)
        made = opinion.group
        result[n] = opinion if made is None else replace(opinion, group=groups.get(id(made), made))
    return result


def _noted(opinion: Opinion, liked: Mapping[Path, float], why: Told, score: float) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    value = liked[opinion.path]
    reasons = verdict.reasons
    if abs(value) >= _NOTICED:
        reasons = (*reasons, Reason(REASON, _sentence(value > 0, why), _TOLD))
    return replace(opinion, verdict=replace(verdict, score=score, reasons=reasons))


def _moved(opinion: Opinion, liked: Mapping[Path, float], low: float, why: Told) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    value = liked[opinion.path]
    if any(p >= LIKELY for p in verdict.flaws.values()) or (opinion.group is not None and opinion.group.protected):
        return opinion
    if verdict.verdict == "keep" and value < low:
        return _to(opinion, "maybe", why)
    best = opinion.group.best if opinion.group is not None else None
    if verdict.verdict != "maybe" or verdict.reasons[0].name != "group" or best is None or best == opinion.path:
        return opinion
    made = opinion.group
    copy = made is not None and member_of(made, opinion.path).copy_of is not None
    better = value >= max(0.0, liked.get(best, np.inf) + _NOTICED)
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
    opinions: Sequence[Opinion], liked: Mapping[Path, float], choices: Mapping[str, VerdictName]
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
        best = max(level, key=lambda one: liked[one.path], default=None)
        if best is not None and liked[best.path] >= liked.get(group.best, np.inf) + _NOTICED:
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
