"""What is promised of a learned taste, whatever it learned and whatever a person chose."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from frame_makers import shot
from keepers.pipeline.fill import Target, fill
from keepers.pipeline.members import member_of, together
from keepers.pipeline.taste import Gate, Taste, scaled
from keepers.pipeline.taste_facts import table
from keepers.pipeline.taste_use import REASON, apply
from keepers.pipeline.triage import LIKELY, overrule
from keepers.types import VERDICTS, Opinion, Reason, Report, Verdict, VerdictName
from photographers import opinions, reports

PHOTOS = 24


@lru_cache
def facts_of(seed: int) -> tuple[Report, ...]:
    """A few bursts, lone frames, and a bracket."""
    bias = enumerate((0.0, -2.0, 2.0))
    bracket = [shot(f"b{n}.jpg", 90_000 + n / 3, 7, bias_ev=ev, light=-3 + ev / 2, facts={}) for n, ev in bias]
    return (*reports(seed, PHOTOS), *bracket)


@st.composite
def tastes(draw: st.DrawFn) -> Taste:
    """Any weights at all, and any threshold."""
    scale = scaled(table(opinions(reports(1, 60))))
    weights = draw(st.lists(st.floats(-5, 5), min_size=len(scale.names), max_size=len(scale.names)))
    return Taste(scale, tuple(weights), draw(st.floats(-3, 0)), Gate(), 1.0)


@st.composite
def shoots(draw: st.DrawFn) -> tuple[list[Opinion], dict[str, VerdictName]]:
    """A shoot with any verdicts, and any choices; flaws agree with verdicts as little as they like."""
    alone = [_opinion(draw, report) for report in facts_of(draw(st.integers(2, 5)))]
    ids = [one.report.photo.id for one in alone if one.report.photo]
    choices = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(VERDICTS), max_size=8))
    return together(alone, choices), choices


def _opinion(draw: st.DrawFn, report: Report) -> Opinion:
    blurred, score = draw(st.sampled_from([0.01, 0.2, 0.6, 0.99])), draw(st.floats(0, 1))
    name = draw(st.sampled_from(VERDICTS))
    reason = Reason("blurred", "It is soft", blurred)
    return Opinion(report, Verdict(name, score, "original", {}, {"blurred": blurred}, (reason,)))


@settings(max_examples=50, deadline=None)
@given(shoots(), tastes())
def test_a_taste_promises(made: tuple[list[Opinion], dict[str, VerdictName]], taste: Taste) -> None:
    before, choices = made
    after = apply(before, taste, choices)
    assert [o.report for o in after] == [o.report for o in before]
    for old, new in zip(before, after, strict=True):
        assert old.verdict and new.verdict and old.report.photo
        was, now = old.verdict.verdict, new.verdict.verdict
        # Nothing enters To be Deleted, and nothing there is changed.
        assert (was == "delete") == (now == "delete")
        if was == "delete":
            assert new.verdict == old.verdict
        if was != now:
            assert {was, now} == {"keep", "maybe"}
            assert old.report.photo.id not in choices
            assert all(p < LIKELY for p in old.verdict.flaws.values())
            assert not (old.group and old.group.protected)
            assert new.verdict.reasons[0].name == REASON and "keepers learn --off" in new.verdict.would_change
        elif new.verdict.reasons[0].name == REASON:
            raise AssertionError("a reason comes first only where it decided")
        assert 0 <= new.verdict.score <= 1
        assert new.verdict.flaws == old.verdict.flaws and new.verdict.probabilities == old.verdict.probabilities
    assert apply(before, taste, choices) == after


@settings(max_examples=25, deadline=None)
@given(shoots(), tastes())
def test_the_best_of_a_group_changes_only_between_equals(
    made: tuple[list[Opinion], dict[str, VerdictName]], taste: Taste
) -> None:
    before, choices = made
    after = apply(before, taste, choices)
    for old, new in zip(before, after, strict=True):
        assert (old.group is None) == (new.group is None)
        if old.group is None or new.group is None:
            continue
        assert new.group.members == old.group.members and new.group.kind == old.group.kind
        if new.group.best != old.group.best:
            assert new.group.best and old.group.tied
            assert member_of(new.group, new.group.best).place == 1
            best = next(one for one in before if one.path == new.group.best)
            assert best.report.photo and best.verdict and best.verdict.verdict != "delete"
            assert choices.get(best.report.photo.id, "keep") == "keep"
    groups = [id(one.group) for one in after if one.group]
    assert len(set(groups)) == len({id(one.group) for one in before if one.group})  # a group stays one object


@settings(max_examples=25, deadline=None)
@given(shoots(), tastes(), st.integers(0, PHOTOS))
def test_a_choice_wins_and_nothing_is_deleted_however_many_are_asked_for(
    made: tuple[list[Opinion], dict[str, VerdictName]], taste: Taste, count: int
) -> None:
    before, choices = made
    with_, without = (fill(some, Target(photos=count), choices) for some in (apply(before, taste, choices), before))
    for one, other in zip(with_, without, strict=True):
        assert one.verdict and other.verdict and one.report.photo
        assert (one.verdict.verdict == "delete") == (other.verdict.verdict == "delete")
        choice = choices.get(one.report.photo.id)
        if choice is not None:
            assert overrule(one.verdict, choice).verdict == choice


@settings(max_examples=8, deadline=None)
@given(shoots())
def test_a_taste_without_an_opinion_moves_nothing(made: tuple[list[Opinion], dict[str, VerdictName]]) -> None:
    before, choices = made
    scale = scaled(table(opinions(reports(1, 60))))
    after = apply(before, Taste(scale, (0.0,) * len(scale.names), 0.0, Gate(), 1.0), choices)
    for old, new in zip(before, after, strict=True):
        assert old.verdict and new.verdict
        assert dataclasses.replace(new.verdict, score=old.verdict.score) == old.verdict
    assert [o.group for o in after] == [o.group for o in before]
