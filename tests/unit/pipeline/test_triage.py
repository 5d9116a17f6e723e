import pytest

from keepers.pipeline.triage import NEVER_ALONE, RULES, Finding, overrule, triage
from keepers.pipeline.words import FLAW_WORDS, percent
from keepers.types import FLAWS, Verdict


def finding(flaw: str, probability: float, certain_at: float = 0.9, **detectors: float) -> Finding:
    return Finding(flaw, probability, detectors, certain_at)


CLEAN = finding("blurred", 0.1, tile_sharpness=0.1, network=0.1)


@pytest.mark.parametrize(
    ("findings", "verdict", "rule"),
    [
        ([CLEAN], "keep", "clean"),
        ([], "maybe", "blind"),
        ([finding("blurred", 0.2)], "maybe", "blind"),
        ([finding("blurred", 0.6, tile_sharpness=0.8, network=0.2)], "maybe", "doubt"),
        ([finding("blurred", 0.2, tile_sharpness=0.95, network=0.1)], "maybe", "doubt"),
        ([finding("blurred", 0.99, tile_sharpness=0.99, network=0.4)], "maybe", "doubt"),
        ([finding("blurred", 0.89, tile_sharpness=0.9, network=0.9)], "maybe", "doubt"),
        ([finding("blurred", 0.95, tile_sharpness=0.9, network=0.9)], "delete", "agreement"),
        ([finding("noisy", 0.99, noise=0.99, network=0.99)], "maybe", "doubt"),
        (
            [finding("blurred", 0.95, network=0.99), finding("overexposed", 0.95, clipped_highlights=0.99)],
            "delete",
            "two flaws",
        ),
        (
            [finding("blurred", 0.95, network=0.99), finding("camera_shake", 0.95, network=0.99)],
            "maybe",
            "doubt",
        ),
        ([finding("noisy", 0.99, noise=0.99), finding("distorted", 0.99, network=0.99)], "maybe", "doubt"),
        ([finding("noisy", 0.99, noise=0.99), finding("blurred", 0.99, network=0.99)], "delete", "two flaws"),
    ],
)
def test_policy(findings: list[Finding], verdict: str, rule: str) -> None:
    ruling = triage(findings)
    assert (ruling.verdict, ruling.rule) == (verdict, rule)
    assert ruling.would_change.endswith(".")


def test_every_line_of_the_policy_is_documented() -> None:
    import keepers.pipeline.triage as module

    for rule in RULES:
        assert f"| {rule.verdict} | {rule.name} |" in (module.__doc__ or "")


def test_would_change_names_the_flaws() -> None:
    sentence = triage([finding("camera_shake", 0.7, network=0.7)]).would_change
    assert "camera shake" in sentence and "To be Deleted" in sentence
    assert "alone never deletes" in triage([finding("noisy", 0.7, noise=0.7)]).would_change
    assert "alone never deletes" in triage([finding("blurred", 0.7, 1.0, network=0.7)]).would_change
    two = triage([finding("noisy", 0.7, noise=0.7), finding("distorted", 0.7, network=0.7)]).would_change
    assert "noise and distortion, which alone never delete a photo" in two
    assert "a second check" in triage([finding("blurred", 0.7, network=0.7)]).would_change
    both = triage([finding("blurred", 0.7, network=0.7, tile_sharpness=0.6)]).would_change
    assert "together were more certain" in both and "second" not in both
    assert "nearest: blur, 10 %" in triage([CLEAN]).would_change


def test_a_choice_keeps_the_facts_and_says_that_it_is_one() -> None:
    machine = Verdict("delete", 0.1, "blurred", {}, {"blurred": 0.99}, ())
    chosen = overrule(machine, "keep")
    assert chosen.verdict == "keep" and chosen.flaws == machine.flaws
    assert chosen.reasons[0].sentence == "You chose Must Haves"


def test_every_flaw_has_words() -> None:
    assert set(FLAW_WORDS) == set(FLAWS)
    assert set(FLAWS) >= NEVER_ALONE


def test_percent_never_claims_certainty() -> None:
    assert [percent(p) for p in (0.0, 0.126, 1.0)] == ["1 %", "13 %", "99 %"]


def test_an_operating_point_of_a_few_percent_makes_nothing_certain() -> None:
    doubtful = finding("blurred", 0.7, certain_at=0.05, sharpness=0.8, network=0.7)
    assert not doubtful.certain
    assert triage([doubtful]).verdict == "maybe"
    sure = finding("blurred", 0.95, certain_at=0.05, sharpness=0.8, network=0.7)
    assert triage([sure]).verdict == "delete"
