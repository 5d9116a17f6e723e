"""From arrays to groups with names and reasons, and what the comparison of their frames makes of verdicts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keepers.pipeline.best import CLEAR, TIE, People, Ranking, rank
from keepers.pipeline.frames import frames
from keepers.pipeline.group import Grouping, group
from keepers.pipeline.policy import Policy
from keepers.pipeline.triage import GroupRuling, Standing, may_delete, triage_group
from keepers.types import (
    PROTECTED,
    VERDICT_TITLES,
    Group,
    GroupKind,
    Member,
    Opinion,
    Reason,
    Report,
    Verdict,
    VerdictName,
)

KIND_WORDS: Mapping[GroupKind, str] = {
    "duplicates": "copies",
    "burst": "burst",
    "near_duplicates": "near duplicates",
    "bracket": "exposure bracket",
    "focus_stack": "focus stack",
    "panorama": "panorama",
    "time_lapse": "time-lapse",
}
_SPOILT = 100.0
"""Steps that a likely flaw costs: more than all criteria together."""
_USUAL = Policy()
_WEIGHT = 0.95
"""Weight of the reason that a group gives: it decided."""


def together(
    opinions: Sequence[Opinion],
    choices: Mapping[str, VerdictName] | None = None,
    people: Sequence[People | None] | None = None,
    policy: Policy = _USUAL,
) -> list[Opinion]:
    """The same opinions with their groups and scenes, and with what the comparison of frames makes of verdicts.

    Args:
        opinions: by the machine, on each photo alone; unreadable photos are left as they are.
        choices: photo id -> a person's verdict, which the comparison heeds and never changes.
        people: how good the people look, for each opinion; None where nothing is known.
        policy: what the opinions were judged by.
    """
    gathered = gather([opinion.report for opinion in opinions], people)
    result = in_scenes(opinions, gathered)
    for at, opinion in compared(result, gathered, choices or {}, None, policy).items():
        result[at] = opinion
    return result


@dataclass(frozen=True, slots=True)
class Gathered:
    """Which of N photos belong together, and how they compare: what neither a verdict nor a choice changes.

    at: positions of the readable photos among the N; the rest counts in these. reports: of the readable ones.
    groups: of each group its members in the order of time. loss: steps that each lies behind the best of its group.
    Plain numbers, not arrays: most groups have a handful of frames.
    """

    at: tuple[int, ...]
    reports: tuple[Report, ...]
    found: Grouping
    ranking: Ranking
    groups: tuple[tuple[int, ...], ...]
    loss: list[float]


def gather(reports: Sequence[Report], people: Sequence[People | None] | None = None) -> Gathered:
    """Group and compare photos; arguments as for `together`."""
    at = tuple(n for n, report in enumerate(reports) if report.photo is not None)
    readable = tuple(reports[n] for n in at)
    arrays = frames(readable)
    found = group(arrays)
    ranking = rank(readable, arrays, found.label, [people[n] for n in at] if people is not None else None)
    return Gathered(at, readable, found, ranking, tuple(_in_time(found)), ranking.loss.tolist())


def in_scenes(opinions: Sequence[Opinion], gathered: Gathered) -> list[Opinion]:
    """The same opinions with their scenes."""
    result = list(opinions)
    for n, scene in zip(gathered.at, (gathered.found.scene + 1).tolist(), strict=True):
        result[n] = Opinion(opinions[n].report, opinions[n].verdict, None, scene)
    return result


def compared(
    opinions: Sequence[Opinion],
    gathered: Gathered,
    choices: Mapping[str, VerdictName],
    numbers: Iterable[int] | None = None,
    policy: Policy = _USUAL,
) -> dict[int, Opinion]:
    """Position -> opinion with its group, under the policy for groups, for the members of some groups (all by default).

    A choice changes nothing outside the group of its photo, so that of thousands of photos a few need be asked.
    """
    at, result = gathered.at, {}
    for number in range(len(gathered.groups)) if numbers is None else numbers:
        members = gathered.groups[number]
        some = [opinions[at[one]] for one in members]
        made = _group(gathered, number, _spoilt(some, choices, policy))
        some = [Opinion(one.report, one.verdict, made, one.scene) for one in some]
        for one, opinion in zip(members, _ruled(some, members, gathered.ranking, choices, policy), strict=True):
            result[at[one]] = opinion
    return result


def member_of(group: Group, path: Path) -> Member:
    """The photo in the group whose judged file is `path`. Raises StopIteration where there is none."""
    return next(one for one in group.members if one.path == path)


def _spoilt(opinions: Sequence[Opinion], choices: Mapping[str, VerdictName], policy: Policy) -> list[int]:
    """0 for frames without a likely flaw and for those that a person keeps, 1 for others, 2 for those put away."""
    spoilt = [0] * len(opinions)
    for at, opinion in enumerate(opinions):
        choice = choices.get(opinion.report.photo.id) if opinion.report.photo else None
        verdict = opinion.verdict
        if choice == "delete":
            spoilt[at] = 2
        elif choice is None and verdict is not None and (verdict.verdict == "delete" or _flawed(verdict, policy)):
            spoilt[at] = 1
    return spoilt


def _flawed(verdict: Verdict, policy: Policy) -> bool:
    """`may_delete` under the shoot type."""
    kind = policy.shoot_type
    return may_delete(verdict, lambda flaw: math.inf if kind.ignores(flaw) else kind.tolerance(flaw))


def _in_time(found: Grouping) -> list[tuple[int, ...]]:
    """The frames of each group, in the order in which they were taken."""
    order = np.lexsort((np.arange(len(found.label)), found.time, found.label))
    order = order[found.label[order] >= 0]
    parts = np.split(order, np.flatnonzero(np.diff(found.label[order])) + 1) if len(order) else []
    return [tuple(part.tolist()) for part in parts]


def _group(known: Gathered, number: int, spoilt: Sequence[int]) -> Group:
    """The group of that number; `spoilt` of its members in their order."""
    kind, members = known.found.kinds[number], known.groups[number]
    scene = int(known.found.scene[members[0]]) + 1
    first = known.reports[members[0]].photo
    assert first is not None
    path = [known.reports[one].source.path for one in members]
    copies = [int(known.found.copy_of[one]) for one in members]
    of = [known.reports[one].source.path if one >= 0 else None for one in copies]
    name = first.id[:12]
    if kind in PROTECTED:
        why = f"All {len(members)} frames of this {KIND_WORDS[kind]} belong together"
        plain = tuple(Member(p, copy_of=c) for p, c in zip(path, of, strict=True))
        return Group(name, kind, plain, None, why, protected=True, scene=scene)
    originals = [at for at, copy in enumerate(copies) if copy < 0]
    # A frame with a likely flaw comes after all without one, however sharp: the comparison does not know every flaw.
    loss = [known.loss[one] + _SPOILT * worse for one, worse in zip(members, spoilt, strict=True)]
    order = sorted(originals, key=lambda at: (loss[at], at))
    best = order[0]
    places = _places(loss, order)
    made = []
    for at, one in enumerate(members):
        like = at if copies[at] < 0 else members.index(copies[at])
        reasons = known.ranking.reasons(one, members[best])
        if spoilt[like] > spoilt[best]:
            reasons = ("no likely flaw", *reasons)
        made.append(Member(path[at], places[like], loss[like] - loss[best], reasons, of[at]))
    tied = len(order) > 1 and loss[order[1]] - loss[best] < TIE
    why = _why(known, members, order, loss)
    return Group(name, kind, tuple(made), path[best], why, tied, scene=scene)


def _places(loss: Sequence[float], order: Sequence[int]) -> dict[int, int]:
    """Place of each original: frames less than `TIE` behind the first of their place share it."""
    places: dict[int, int] = {}
    leader = order[0]
    for number, at in enumerate(order, start=1):
        if loss[at] - loss[leader] < TIE:
            places[at] = places.get(leader, number)
        else:
            leader, places[at] = at, number
    return places


def _why(known: Gathered, members: Sequence[int], order: Sequence[int], loss: Sequence[float]) -> str:
    if len(order) == 1:
        return "The others are exact copies of it"
    best, second = members[order[0]], members[order[1]]
    level = sum(loss[at] - loss[order[0]] < TIE for at in order[1:])
    if level:
        return f"As good as {level} other{'' if level == 1 else 's'} that cannot be told apart from it"
    reasons = known.ranking.reasons(second, best)
    if loss[order[1]] - loss[order[0]] > _SPOILT / 2:
        reasons = ("no likely flaw", *reasons)
    than = known.reports[second].source.path.name
    return f"Beside the next one, {than}: {_listed(reasons) or 'a little better in several things'}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _ruled(
    opinions: Sequence[Opinion],
    members: Sequence[int],
    ranking: Ranking,
    choices: Mapping[str, VerdictName],
    policy: Policy,
) -> list[Opinion]:
    """The frames of one group under the policy for groups."""
    made = opinions[0].group
    assert made is not None
    copies = any(member.copy_of is not None for member in made.members)
    index = {member.path: at for at, member in enumerate(made.members)} if copies else {}
    standings = [
        _standing(
            opinion, member, index, choices.get(opinion.report.photo.id) if opinion.report.photo else None, policy
        )
        for opinion, member in zip(opinions, made.members, strict=True)
    ]

    def worse(at: int, than: int) -> bool:
        return ranking.clearly_worse(members[at], members[than])

    rulings = triage_group(standings, worse, made.protected, policy.can_delete)
    return [
        _changed(opinion, rulings[at], made, ranking.reasons(members[at], members[rulings[at].to]))
        if at in rulings
        else opinion
        for at, opinion in enumerate(opinions)
    ]


def _standing(
    opinion: Opinion, member: Member, index: Mapping[Path, int], choice: VerdictName | None, policy: Policy
) -> Standing:
    verdict = opinion.verdict
    assert verdict is not None
    return Standing(
        verdict=choice or verdict.verdict,
        chosen=choice is not None,
        flawed=_flawed(verdict, policy),
        place=member.place,
        copy_of=None if member.copy_of is None else index[member.copy_of],
        normal=choice or verdict.normal,
    )


def _changed(opinion: Opinion, ruling: GroupRuling, made: Group, better_in: Sequence[str]) -> Opinion:
    verdict = opinion.verdict
    assert verdict is not None
    other = made.members[ruling.to].path.name
    group_words = KIND_WORDS[made.kind]
    if ruling.rule == "copy":
        sentence, change = f"It is an exact copy of {other}", f"It would be judged by itself without {other}."
    elif ruling.rule == "last":
        sentence = f"All {len(made.members)} photos of this group would be deleted, and it is the best of them"
        change = "It would be To be Deleted if another one of its group were kept."
    else:
        how = _listed(tuple(better_in)) or "better in several small things"
        sentence = f"{other} of the same {group_words if made.kind != 'near_duplicates' else 'view'} is {_is(how)}"
        own = VERDICT_TITLES[verdict.verdict]
        change = f"It would be {_article(own)} if {other} were less than {CLEAR:.0f} noticeable steps better."
    reason = Reason("group", sentence, _WEIGHT)
    changed = dataclasses.replace(
        verdict, verdict=ruling.verdict, reasons=(reason, *verdict.reasons), would_change=change
    )
    return Opinion(opinion.report, changed, opinion.group, opinion.scene)


def _is(words: str) -> str:
    """`nobody blinks` and `sharper eyes` are said of a frame, `sharper` of what it is."""
    return f"better: {words}" if any(word in words for word in ("blinks", "eyes", "expression", "faces")) else words


def _article(title: str) -> str:
    return title if title.startswith("To be") else f"a {title.removesuffix('s')}"
