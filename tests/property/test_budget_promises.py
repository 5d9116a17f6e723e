"""What is promised of To be Deleted, whatever the numbers, the strictness, the shoot type and a person's choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from budget_makers import SEES, calibration, evidence, photo, policies, rates, samples, shoots
from keepers.app.measuring import Run
from keepers.pipeline.budget import Budget, GoodSample, good_sample, least_sources
from keepers.pipeline.calibration import LIMIT
from keepers.pipeline.judge import certainties, judge_all
from keepers.pipeline.members import member_of
from keepers.pipeline.policy import Policy
from keepers.pipeline.shoot_type import GENERAL, named, packaged
from keepers.pipeline.triage import AGREES, CERTAIN, certainty, log_odds, shifted, triage
from keepers.settings import settings
from keepers.types import VERDICTS, Opinion, Report, VerdictName
from property.test_triage_promises import findings

RANK = {"keep": 0, "maybe": 1, "delete": 2}


def run() -> Run:
    """A run whose calibration is made by hand."""
    here = Run(settings(catalog="/nowhere/catalog.db", model="none", workers=1))
    here.__dict__["calibration"] = calibration()
    return here


def judged(reports: list[Report], policy: Policy, choices: Mapping[str, VerdictName] | None = None) -> list[Opinion]:
    return run().opinions(reports, choices or {}, policy)


def names(opinions: list[Opinion]) -> list[VerdictName]:
    return [one.verdict.verdict for one in opinions if one.verdict]


def _draw(rng: np.random.Generator, kind: str) -> list[float]:
    """The certainties of the good captures of one source; below 0 the rules do not delete."""
    size = int(rng.integers(1, 6))
    middle = rng.normal()
    values = {
        "alike": np.full(size, rng.normal(-1, 2)),
        "of one source": middle + rng.normal(-1, 0.5, size),
        "ties": rng.integers(-2, 4, size).astype(float),
        "often": rng.exponential(2.0, size),
    }[kind]
    return [float(value) for value in values]


@pytest.mark.parametrize("kind", ["alike", "of one source", "ties", "often"])
@pytest.mark.parametrize(("sources", "rate"), [(20, 0.05), (60, 0.1), (99, 0.01)])
def test_of_exchangeable_sources_no_more_is_lost_than_promised(kind: str, sources: int, rate: float) -> None:
    rng = np.random.default_rng(sources)
    losses = []
    for _ in range(400):
        drawn = [_draw(rng, kind) for _ in range(sources + 1)]
        good = good_sample((str(n), c) for n, some in enumerate(drawn[:-1]) for c in some)
        budget = Budget(rate, good)
        losses.append(np.mean([c >= 0 and budget.allows(c) for c in drawn[-1]]))
    mean, error = float(np.mean(losses)), float(np.std(losses)) / np.sqrt(len(losses))
    assert mean <= rate + 3 * error + 1e-3
    # The promise is not kept by deleting nothing at all, where values without ties leave room for more.
    assert kind == "ties" or mean >= rate / 5 - 3 * error


@given(samples, st.floats(0, 9), st.floats(0, 9))
def test_more_certainty_needs_no_larger_budget(good: GoodSample, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert good.needed(high) <= good.needed(low)
    assert good.needed(high) >= 1 / (good.sources + 1)


@given(rates.filter(bool), st.integers(1, 500))
def test_too_few_sources_delete_nothing_and_enough_do(rate: float, sources: int) -> None:
    budget = Budget(rate, GoodSample(sources, sources))
    assert budget.can_delete == (sources >= least_sources(rate))
    assert budget.promise.startswith("Promised" if budget.can_delete else "Nothing is deleted")


@examples(max_examples=150)
@given(findings())
def test_certainty_is_the_shift_at_which_the_rules_let_go(some: list) -> None:
    # Without the operating points, which only ever hold photos back.
    some = [replace(one, certain_at=0.0) for one in some]
    margin = certainty(some)
    deletes = triage(some).verdict == "delete"
    assert deletes == (margin >= 0) or abs(margin) < 1e-9
    if not np.isfinite(margin) or any(not 1e-6 < p < 1 - 1e-6 for one in some for p in _all(one)):
        return
    for by, expected in ((margin - 1e-6, "delete"), (margin + 1e-6, None)):
        moved = [
            replace(
                one,
                probability=shifted(one.probability, -by),
                detectors={name: shifted(p, -by) for name, p in one.detectors.items()},
            )
            for one in some
        ]
        assert (triage(moved).verdict == "delete") == (expected == "delete")


def _all(finding) -> list[float]:
    return [finding.probability, *finding.detectors.values()]


def test_the_margins_are_those_of_the_rules() -> None:
    sure = photo("a.jpg", {"network_blurred": 4.0, "tile_sharpness": 1.5})
    one, other = (LIMIT * np.tanh(raw / LIMIT) for raw in (4.0, 1.5))
    (margin,) = certainties([sure.measurements], calibration())
    assert margin == pytest.approx(min(one + other - log_odds(CERTAIN), other - log_odds(AGREES)))


@examples(max_examples=40, deadline=None)
@given(shoots(), samples, rates, rates, st.floats(0, 1))
def test_a_larger_budget_never_deletes_fewer(
    shoot: list[Report], good: GoodSample, one: float, other: float, how: float
) -> None:
    low, high = sorted((one, other))
    few, many = (names(judged(shoot, Policy(None, Budget(rate, good), how))) for rate in (low, high))
    assert Counter(few)["delete"] <= Counter(many)["delete"]
    alone = [judge_all(shoot, calibration(), Policy(None, Budget(rate, good), how)) for rate in (low, high)]
    assert all(b.verdict == "delete" for a, b in zip(*alone, strict=True) if a.verdict == "delete")


@examples(max_examples=40, deadline=None)
@given(shoots(), policies, st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_strictness_never_promotes_and_never_deletes(
    shoot: list[Report], policy: Policy, one: float, other: float
) -> None:
    gentle, strict = (names(judged(shoot, replace(policy, strictness=how))) for how in sorted((one, other)))
    assert all(RANK[a] <= RANK[b] for a, b in zip(gentle, strict, strict=True))
    assert [a == "delete" for a in gentle] == [b == "delete" for b in strict]


@examples(max_examples=100, deadline=None)
@given(evidence, policies, st.sampled_from(packaged()))
def test_a_shoot_type_never_deletes_what_would_stay_without_it(facts: dict, policy: Policy, kind: str) -> None:
    shoot = [photo("a.jpg", facts)]
    (usual,) = judge_all(shoot, calibration(), replace(policy, shoot_type=GENERAL))
    (other,) = judge_all(shoot, calibration(), replace(policy, shoot_type=named(kind)))
    assert other.verdict != "delete" or usual.verdict == "delete"
    assert other.flaws == usual.flaws


@examples(max_examples=40, deadline=None)
@given(shoots(), policies, st.data())
def test_a_choice_wins_and_no_group_loses_all_its_frames(
    shoot: list[Report], policy: Policy, data: st.DataObject
) -> None:
    ids = sorted({one.photo.id for one in shoot if one.photo})
    choices = data.draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(VERDICTS), max_size=4))
    after = judged(shoot, policy, choices)
    for opinion in after:
        assert opinion.report.photo and opinion.verdict
        chosen = choices.get(opinion.report.photo.id)
        assert chosen is None or opinion.verdict.verdict == chosen
    for group in {id(o.group): o.group for o in after if o.group is not None}.values():
        members = [o for o in after if o.group is group]
        of_machine = [o for o in members if o.report.photo and o.report.photo.id not in choices]
        assert not of_machine or set(names(members)) != {"delete"}


@examples(max_examples=40, deadline=None)
@given(shoots(), policies)
def test_what_cannot_be_read_or_told_is_never_deleted(shoot: list[Report], policy: Policy) -> None:
    blind = photo("blind.jpg", {}, 1.0, scene=9)
    broken = Report(replace(blind.source, path=blind.source.path.with_name("broken.jpg")), error="It is damaged.")
    for opinion in judged([*shoot, blind, broken], policy):
        copy = opinion.group is not None and member_of(opinion.group, opinion.path).copy_of is not None
        if opinion.verdict is None:
            assert opinion.report is broken
        elif not opinion.report.measurements and not copy:
            assert opinion.verdict.verdict != "delete"


@examples(max_examples=40, deadline=None)
@given(shoots(), samples, st.floats(0, 1), st.sampled_from(packaged()))
def test_a_budget_of_nothing_deletes_copies_only(
    shoot: list[Report], good: GoodSample, how: float, kind: str
) -> None:
    for opinion in judged(shoot, Policy(None, Budget(0.0, good), how, named(kind))):
        if opinion.verdict and opinion.verdict.verdict == "delete":
            assert opinion.group is not None and member_of(opinion.group, opinion.path).copy_of is not None


def test_every_check_of_the_maker_is_one() -> None:
    from keepers.checks import CHECKS

    for check, (flaw, sign) in SEES.items():
        assert flaw in CHECKS[check].flaws and (CHECKS[check].higher == "worse") == (sign > 0)
