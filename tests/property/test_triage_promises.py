"""What the policy promises, whatever the numbers."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.pipeline.triage import NEVER_ALONE, Finding, overrule, triage
from keepers.types import FLAWS, VERDICTS, Verdict

RANK = {"keep": 0, "maybe": 1, "delete": 2}
probability = st.floats(0, 1)
detectors = st.dictionaries(st.sampled_from(["network", "tile_sharpness", "noise"]), probability)


@st.composite
def findings(draw: st.DrawFn, kinds=detectors, flaws=FLAWS) -> list[Finding]:
    chosen = draw(st.lists(st.sampled_from(flaws), unique=True))
    return [Finding(f, draw(probability), draw(kinds), draw(st.floats(0.5, 1))) for f in chosen]


@given(findings())
def test_the_same_numbers_give_the_same_verdict(some: list[Finding]) -> None:
    assert triage(some) == triage(list(some))


@given(findings(kinds=st.dictionaries(st.just("network"), probability)))
def test_a_single_detector_never_deletes(some: list[Finding]) -> None:
    assert triage(some).verdict != "delete"


@given(findings(flaws=tuple(sorted(NEVER_ALONE))))
def test_noise_and_distortion_never_delete(some: list[Finding]) -> None:
    assert triage(some).verdict != "delete"


@settings(max_examples=300)
@given(findings(), st.data())
def test_more_of_a_flaw_never_improves_a_verdict(some: list[Finding], data: st.DataObject) -> None:
    if not some:
        return
    which = data.draw(st.integers(0, len(some) - 1))
    old = some[which]
    worse = replace(
        old,
        probability=data.draw(st.floats(old.probability, 1)),
        detectors={name: data.draw(st.floats(p, 1)) for name, p in old.detectors.items()},
    )
    after = [*some[:which], worse, *some[which + 1 :]]
    assert RANK[triage(after).verdict] >= RANK[triage(some).verdict]


@given(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS), probability)
def test_a_persons_choice_wins(machine, person, score: float) -> None:
    assert overrule(Verdict(machine, score, "original", {}, {}, ()), person).verdict == person
