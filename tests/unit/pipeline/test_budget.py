"""The budget of false rejects: how it is written, stored, and what it holds back."""

import json
from dataclasses import replace

import pytest

from budget_makers import calibration, photo
from keepers.errors import UserError
from keepers.pipeline.budget import MAX_FALSE_REJECTS, Budget, GoodSample, good_sample, least_sources, parse_rate
from keepers.pipeline.calibration import from_json, to_json
from keepers.pipeline.judge import judge
from keepers.pipeline.policy import Policy, parse_strictness

GOOD = GoodSample(199, 400, ((7.0, 1.0), (3.0, 0.5), (1.0, 1.0)))
SURE = {"network_blurred": 6.0, "tile_sharpness": 6.0}


@pytest.mark.parametrize(
    ("text", "rate"), [("1%", 0.01), (" 0.5 % ", 0.005), ("0.01", 0.01), (".02", 0.02), ("0", 0.0), ("100%", 1.0)]
)
def test_a_budget_is_a_share(text: str, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["1", "5", "-1%", "101%", "one", "", "1%%"])
def test_what_is_no_share_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="1%"):
        parse_rate(text)


@pytest.mark.parametrize(("text", "how"), [("gentle", 0.25), ("normal", 0.5), ("strict", 0.75), ("0", 0.0), ("1", 1.0)])
def test_strictness_has_names_and_numbers(text: str, how: float) -> None:
    assert parse_strictness(text) == how


@pytest.mark.parametrize("text", ["2", "-0.1", "harsh", "nan"])
def test_what_is_no_strictness_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="gentle"):
        parse_strictness(text)


def test_a_source_counts_once_however_many_captures_it_has() -> None:
    many = good_sample([("a", 2.0)] * 9 + [("a", -1.0), ("b", -1.0)])
    assert many is not None and (many.sources, many.captures) == (2, 11)
    assert many.needed(2.0) == pytest.approx((0.9 + 1) / 3)
    assert many.needed(2.1) == pytest.approx(1 / 3)
    assert good_sample([]) is None


@pytest.mark.parametrize(("rate", "least"), [(0.01, 99), (0.005, 199), (0.05, 19), (0.5, 1), (1.0, 0)])
def test_how_many_sources_a_promise_takes(rate: float, least: int) -> None:
    assert least_sources(rate) == least


def test_what_the_budget_does_not_allow_is_held_back_and_told() -> None:
    report = photo("a.jpg", SURE)
    wide, narrow = (judge(report, calibration(), Policy(budget=Budget(rate, GOOD))) for rate in (0.02, 0.006))
    assert wide.verdict == "delete" and narrow.verdict == "maybe"
    assert wide.budget == narrow.budget == pytest.approx((1.0 + 1) / 200)
    assert [reason.name for reason in narrow.reasons] == ["blurred", "budget"]
    assert "0.6 % false rejects" in narrow.reasons[-1].sentence
    assert narrow.would_change == "It would be To be Deleted with a budget of 1 % false rejects (--max-false-rejects)."


def test_without_good_photos_the_rules_decide_and_nothing_is_promised() -> None:
    report = photo("a.jpg", SURE)
    assert judge(report, calibration(), Policy(budget=Budget(0.0001, None))).verdict == "delete"
    assert judge(report, calibration()).verdict == "delete"
    assert Budget().promise.startswith("No promise")


def test_the_promise_names_its_numbers_and_its_assumption() -> None:
    kept = Budget(0.01, GOOD).promise
    assert "at most 1 %" in kept and "199" in kept and "like" in kept
    assert "your own" in Budget(0.01, replace(GOOD, own=True)).promise
    assert "999 independent good photos" in Budget(0.001, GOOD).promise
    assert "infinitely" in Budget(0.0, GOOD).promise
    assert MAX_FALSE_REJECTS == 0.01


def test_a_calibration_keeps_its_good_photos_and_older_ones_have_none() -> None:
    again = from_json(to_json(calibration(GOOD)))
    assert again.good == GOOD
    old = json.loads(to_json(calibration(GOOD)))
    del old["good"]
    assert from_json(json.dumps(old)).good is None


@pytest.mark.parametrize(
    "good",
    [
        {"sources": 0, "captures": 0, "certain": []},
        {"sources": 3, "captures": 2, "certain": []},
        {"sources": 1, "captures": 2, "certain": [[1.0, 1.0], [2.0, 1.0]]},
        {"sources": 1, "captures": 1, "certain": [[1.0, 2.0]]},
        {"sources": 1, "captures": 1},
    ],
)
def test_good_photos_that_make_no_sense_are_damage(good: dict) -> None:
    data = json.loads(to_json(calibration()))
    with pytest.raises(ValueError):
        from_json(json.dumps({**data, "good": good}))
