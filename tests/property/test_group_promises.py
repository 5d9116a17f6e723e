"""What is promised of groups, whatever the numbers and whatever a person chose."""

from __future__ import annotations

import dataclasses
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from frame_makers import shot
from keepers.pipeline.fill import Target, fill
from keepers.pipeline.frames import frames
from keepers.pipeline.group import group
from keepers.pipeline.members import member_of, together
from keepers.pipeline.triage import Standing, triage_group
from keepers.types import VERDICTS, Opinion, Reason, Report, Verdict, VerdictName

RANK = {"keep": 0, "maybe": 1, "delete": 2}


def opinion(report: Report, verdict: VerdictName, blurred: float, score: float = 0.5) -> Opinion:
    reasons = (Reason("blurred", "It is soft", blurred),)
    return Opinion(report, Verdict(verdict, score, "original", {}, {"blurred": blurred}, reasons))


@st.composite
def shoots(draw: st.DrawFn) -> tuple[list[Opinion], dict[str, VerdictName]]:
    """Bursts, brackets, copies and lone frames with any verdicts, and any choices."""
    reports: list[Report] = []
    moment = 0.0
    for scene in range(draw(st.integers(1, 4))):
        moment += draw(st.sampled_from([5.0, 90.0, 4000.0]))
        kind = draw(st.sampled_from(["burst", "bracket", "lone", "untimed"]))
        for n in range(3 if kind == "bracket" else draw(st.integers(1, 4))):
            moment += 0.3
            reports.append(
                shot(
                    f"{scene}{n}.jpg",
                    None if kind == "untimed" else moment,
                    scene + (10 * n if kind == "lone" else 0),
                    bias_ev=float((0, -2, 2)[n]) if kind == "bracket" else 0.0,
                    light=-3.0 + (0, -1, 1)[n % 3] if kind == "bracket" else -3.0,
                    facts={"tile_sharpness": draw(st.floats(-5, 0)), "clipped_highlights": draw(st.floats(-9, 0))},
                )
            )
    for n in range(draw(st.integers(0, 2))):
        like = draw(st.sampled_from(reports))
        reports.append(dataclasses.replace(shot(f"copy{n}.jpg", None, pixels=str(like.source.path))))
    unit = st.floats(0, 1)
    verdicts = [opinion(r, draw(st.sampled_from(VERDICTS)), draw(unit), draw(unit)) for r in reports]
    ids = sorted({r.photo.id for r in reports if r.photo})
    return verdicts, draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(VERDICTS), max_size=4))


def final(opinion: Opinion, choices: dict[str, VerdictName]) -> VerdictName:
    assert opinion.report.photo and opinion.verdict
    return choices.get(opinion.report.photo.id, opinion.verdict.verdict)


def greedy(opinions: list[Opinion], among: set[int], count: int) -> tuple[set[int], float]:
    """Up to `count` photos, always the one that adds most, and what all of them add."""
    groups, scenes, taken, total = Counter[object](), Counter[int](), set[int](), 0.0

    def adds(n: int) -> float:
        found, verdict = opinions[n], opinions[n].verdict
        assert verdict is not None
        return verdict.score * 0.5 ** groups[id(found.group) if found.group else n] * 0.9 ** scenes[found.scene or 0]

    while among - taken and len(taken) < count:
        best = max(sorted(among - taken), key=adds)
        total += adds(best)
        taken.add(best)
        groups[id(opinions[best].group) if opinions[best].group else best] += 1
        scenes[opinions[best].scene or 0] += 1
    return taken, total


@settings(max_examples=60, deadline=None)
@given(shoots(), st.integers(0, 12))
def test_sorting_finds_what_a_greedy_search_would(
    made: tuple[list[Opinion], dict[str, VerdictName]], count: int
) -> None:
    before, choices = made
    opinions = together(before, choices)
    after = fill(opinions, Target(photos=count), choices)
    own = {n for n, one in enumerate(opinions) if one.report.photo and one.report.photo.id in choices}
    keeps = {n for n, one in enumerate(opinions) if one.verdict and one.verdict.verdict == "keep"} - own
    count = min(count, sum(one.verdict is not None for one in opinions))
    taken, best = greedy(opinions, keeps, count - sum(final(opinions[n], choices) == "keep" for n in own))
    staying = {n for n in keeps if (verdict := after[n].verdict) and verdict.verdict == "keep"}
    assert len(staying) == len(taken)
    assert abs(greedy(opinions, staying, len(staying))[1] - best) < 1e-9


@settings(max_examples=120, deadline=None)
@given(shoots())
def test_groups_promise(made: tuple[list[Opinion], dict[str, VerdictName]]) -> None:
    before, choices = made
    after = together(before, choices)
    assert [o.report for o in after] == [o.report for o in before]
    groups = {id(o.group): o.group for o in after if o.group is not None}
    for found in groups.values():
        members = [o for o in after if o.group is found]
        assert [m.path for m in found.members] and {m.path for m in found.members} == {o.path for o in members}
        machine = [o for o in members if o.report.photo and o.report.photo.id not in choices]
        ends = [final(o, choices) for o in members]
        # No group loses all its frames, unless a person put every one of them away.
        assert not machine or set(ends) != {"delete"}
        assert found.protected == (found.best is None)
    for old, new in zip(before, after, strict=True):
        assert old.verdict and new.verdict and old.report.photo
        if new.group is None:
            assert new.verdict == old.verdict
            continue
        changed = new.verdict != old.verdict
        assert not (changed and old.report.photo.id in choices)
        assert not changed or new.verdict.reasons[0].name == "group"
        worse = RANK[new.verdict.verdict] > RANK[old.verdict.verdict]
        assert not (worse and new.group.protected)
        if new.verdict.verdict == "delete" and worse:
            copy = member_of(new.group, new.path).copy_of
            stays = [final(o, choices) for o in after if o.group is new.group and o.path != new.path]
            assert any(end != "delete" for end in stays)
            assert copy is not None or old.verdict.flaws["blurred"] >= 0.5


@settings(max_examples=60, deadline=None)
@given(shoots(), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order(made, random) -> None:
    reports = [o.report for o in made[0]]
    shuffled = list(reports)
    random.shuffle(shuffled)

    def parts(some: list[Report]) -> set[tuple[frozenset[str], str]]:
        found = group(frames(some))
        return {
            (frozenset(r.source.path.name for r, n in zip(some, found.label, strict=True) if n == number), kind)
            for number, kind in enumerate(found.kinds)
        }

    if all(r.photo and r.photo.camera.captured_at for r in reports):
        assert parts(reports) == parts(shuffled)


standings = st.lists(
    st.builds(Standing, st.sampled_from(VERDICTS), st.booleans(), st.booleans(), st.integers(1, 5)),
    min_size=1,
    max_size=6,
)


@given(standings, st.booleans())
def test_the_policy_for_groups(some: list[Standing], protected: bool) -> None:
    rulings = triage_group(some, lambda at, than: some[at].place > some[than].place, protected)
    assert not any(some[at].chosen for at in rulings)
    ends = [rulings[at].verdict if at in rulings else one.verdict for at, one in enumerate(some)]
    assert set(ends) != {"delete"} or all(one.chosen for one in some)
    if protected:
        assert all(ruling.rule == "last" for ruling in rulings.values())
    for at, ruling in rulings.items():
        if ruling.verdict == "delete":
            assert some[at].flawed and ends[ruling.to] == "keep"
        assert not (some[at].verdict == "delete" and ruling.rule != "last")


@settings(max_examples=100, deadline=None)
@given(shoots(), st.integers(0, 20))
def test_a_target_is_met_where_it_can_be(made, number: int) -> None:
    opinions, choices = made
    before = together(opinions, choices)
    after = fill(before, Target(photos=number), choices)
    ends = Counter(final(o, choices) for o in after)
    starts = Counter(final(o, choices) for o in before)
    chosen = sum(final(o, choices) == "keep" for o in after if o.report.photo and o.report.photo.id in choices)
    assert ends["delete"] == starts["delete"]
    assert ends["keep"] <= max(number, chosen)
    possible = chosen + sum(
        final(o, choices) != "delete" for o in before if o.report.photo and o.report.photo.id not in choices
    )
    assert ends["keep"] == max(chosen, min(number, possible))
    for old, new in zip(before, after, strict=True):
        assert old.verdict and new.verdict and old.report.photo
        if new.verdict != old.verdict:
            assert old.report.photo.id not in choices and new.verdict.reasons[0].name == "target"
            assert {old.verdict.verdict, new.verdict.verdict} == {"keep", "maybe"}
