"""The model, its test and its file."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from keepers.pipeline import calibration
from keepers.pipeline.judge import judge_all
from keepers.pipeline.members import together
from keepers.pipeline.taste import LEAST_GAIN, LEVEL, Gate, Held, Scale, Taste, beyond, fit, from_json, scaled, to_json
from keepers.pipeline.taste_facts import QUALITY, Table, joined, known, say, table
from keepers.types import VERDICTS, Opinion, Signature
from photographers import opinions, reports


def held(*gains: float, default: float = 0.6) -> Gate:
    return Gate(tuple(Held(f"s{n}", 40, 20, default, default + gain) for n, gain in enumerate(gains)))


def a_table(rng: np.random.Generator, photos: int = 400) -> Table:
    return Table((QUALITY, "smile", "light"), rng.normal(size=(photos, 3)))


class TestTheModel:
    def test_finds_the_weights_that_made_the_choices(self) -> None:
        rng = np.random.default_rng(1)
        facts = a_table(rng, 4000)
        shoot = rng.integers(0, 4, 4000)
        # Shoots of which much and little is kept: that must not count as taste.
        odds = facts.values @ [0.5, 2.0, -1.0] + np.array([-2, 0, 1, 3])[shoot]
        kept = odds > rng.logistic(size=4000)
        (weights,) = fit(facts.values, kept, shoot, facts.columns, [0.01])
        assert weights == pytest.approx([0.5, 2.0, -1.0], abs=0.2)

    def test_a_stronger_ridge_holds_back_all_but_the_default_order(self) -> None:
        rng = np.random.default_rng(2)
        facts = a_table(rng)
        kept = facts.values @ [1.0, 1.0, 1.0] > rng.logistic(size=400)
        strong, weak = fit(facts.values, kept, np.zeros(400, np.int64), facts.columns, [1000.0, 1.0])
        assert np.abs(strong[1:]).max() < 0.3 * np.abs(weak[1:]).min()
        assert strong[0] > 2 * np.abs(strong[1:]).max()

    def test_choices_that_a_line_divides_do_not_run_away(self) -> None:
        facts = a_table(np.random.default_rng(3))
        kept = facts.values[:, 1] > 0
        (weights,) = fit(facts.values, kept, np.zeros(400, np.int64), facts.columns, [10.0])
        assert np.isfinite(weights).all() and weights[1] > 1

    def test_what_is_not_known_counts_as_the_middle_and_says_so(self) -> None:
        rng = np.random.default_rng(4)
        values = rng.normal(3, 2, (200, 3))
        values[:80, 1:] = np.nan  # missing together: one flag
        values[:, 2] += values[:, 1]
        scale = scaled(Table((QUALITY, "eyes", "smile"), values))
        assert scale.flags == ("eyes",) and scale.names[-1] == known("eyes")
        design = scale.design(Table((QUALITY, "eyes", "smile"), values))
        assert np.isfinite(design).all() and np.abs(design).max() <= 4
        assert (design[:80, 1:3] == 0).all() and (design[:80, 3] < 0).all() and (design[80:, 3] > 0).all()

    def test_facts_that_are_the_same_everywhere_or_nowhere_teach_nothing(self) -> None:
        values = np.random.default_rng(5).normal(size=(50, 3))
        values[:, 1], values[:, 2] = 7.0, np.nan
        assert scaled(Table((QUALITY, "same", "never"), values)).columns == (QUALITY,)


class TestTheGate:
    @pytest.mark.parametrize(("t", "freedom", "chance"), [(2.920, 2, 0.05), (1.860, 8, 0.05), (6.965, 2, 0.01)])
    def test_students_t(self, t: float, freedom: int, chance: float) -> None:
        """Against printed tables."""
        assert beyond(t, freedom) == pytest.approx(chance, abs=2e-4)
        assert beyond(-t, freedom) == pytest.approx(1 - chance, abs=2e-4)
        assert beyond(0.0, freedom) == pytest.approx(0.5, abs=1e-4)

    def test_a_clear_gain_everywhere_passes(self) -> None:
        assert held(0.1, 0.12, 0.09, 0.11).passed

    @pytest.mark.parametrize(
        "gains",
        [(), (0.3,), (0.3, 0.31), (0.3, -0.2, 0.1), (0.5, 0.0, 0.0), (-0.1, -0.1, -0.1), (0.0, 0.0, 0.0)],
    )
    def test_too_few_shoots_and_gains_by_chance_do_not(self, gains: tuple[float, ...]) -> None:
        assert not held(*gains).passed

    def test_a_sure_but_tiny_gain_does_not(self) -> None:
        tiny = held(0.011, 0.01, 0.009, 0.01, 0.01)
        assert tiny.p < LEVEL and tiny.gain < LEAST_GAIN and not tiny.passed

    def test_more_shoots_of_the_same_make_it_surer(self) -> None:
        gains = (0.02, 0.1, 0.04)
        assert held(*gains).p > held(*gains * 2).p > held(*gains * 4).p


class TestFacts:
    def test_every_photo_has_a_row_and_a_burst_teaches_by_comparison(self) -> None:
        some = opinions(reports(1, 60))
        facts = table(some)
        assert facts.values.shape == (60, len(facts.columns))
        beside = facts.of(["beside:smile"])[:, 0]
        for group in {id(o.group): o.group for o in some if o.group}.values():
            own = beside[[n for n, o in enumerate(some) if o.group is group]]
            assert np.nansum(own) == pytest.approx(0, abs=1e-9)
        alone = [n for n, o in enumerate(some) if o.group is None]
        assert (np.nan_to_num(beside[alone]) == 0).all()

    def test_nothing_of_a_choice_is_in_the_facts_that_shall_foretell_it(self) -> None:
        some = reports(3, 60)
        alone = [Opinion(r, v) for r, v in zip(some, judge_all(some, calibration.load()), strict=True)]
        rng = np.random.default_rng(0)
        chosen = {r.photo.id: VERDICTS[rng.integers(3)] for r in some if r.photo}
        blind, told = table(together(alone, {})), table(together(alone, chosen))
        assert blind.columns == told.columns and np.array_equal(blind.values, told.values, equal_nan=True)

    def test_a_photo_without_any_fact_has_a_row(self) -> None:
        bare = [replace(r, measurements=(), signature=None, faces=()) for r in reports(1, 3)]
        facts = table(opinions(bare))
        assert facts.values.shape[0] == 3 and np.isnan(facts.of(["light", "smile", "tile_sharpness"])).all()
        assert (facts.of(["people"]) == 0).all()

    def test_embeddings_count_where_there_are_some(self) -> None:
        def embedded(n: int, sign: Signature) -> Signature:
            vector = np.random.default_rng(n).normal(size=64).astype(np.float16)
            return replace(sign, embedding=vector.tobytes(), embedder="net")

        plain = reports(1, 6)
        some = [replace(r, signature=embedded(n, r.signature)) for n, r in enumerate(plain) if r.signature]
        with_, without = table(opinions(some)), table(opinions(plain))
        extra = [name for name in with_.columns if name not in without.columns]
        assert extra and np.isfinite(with_.of(extra)).all()
        both = joined([with_, without])
        assert np.isfinite(both.of(extra)[:6]).all() and np.isnan(both.of(extra)[6:]).all()
        twice = table(opinions([some[0], some[0]]))
        assert (twice.of(extra)[0] == twice.of(extra)[1]).all()

    def test_words_tell_high_from_low(self) -> None:
        more = (known("eyes"), known("noise"), "look:net:64:3", "a_new_check")
        for name in (*table(opinions(reports(1, 10))).columns, *more):
            assert say(name, True) != say(name, False)
            assert "_" not in say(name, True) + say(name, False)


def a_taste(**more: object) -> Taste:
    scale = Scale((QUALITY, "smile"), (0.0, 0.3), (1.0, 0.2), ("smile",))
    made = Taste(scale, (0.2, 1.5, 0.1), -1.0, held(0.1, 0.12, 0.09), 30.0, {"noise": "1"}, "2024-05-06", 100, 3)
    return replace(made, **more)  # type: ignore[arg-type]


class TestTheFile:
    @pytest.mark.parametrize("on", [True, False])
    def test_reads_what_it_wrote(self, on: bool) -> None:
        assert from_json(to_json(a_taste(), on)) == (a_taste(), on)

    @pytest.mark.parametrize(
        "damage",
        [
            {"schema": "other"},
            {"weights": [1.0]},
            {"weights": [1.0, "x", 1.0]},
            {"on": "yes"},
            {"ridge": 0},
            {"low": math.inf},
            {"scale": {"columns": ["a"], "centre": [0.0], "scale": [0.0], "flags": []}, "weights": [1.0]},
            {"gate": {"held": [{"shoot": "s", "choices": 1, "kept": 1, "default": 0.5, "learned": 3.0}]}},
            {"gate": None},
        ],
    )
    def test_refuses_what_makes_no_sense(self, damage: dict[str, object]) -> None:
        data = {**json.loads(to_json(a_taste())), **damage}
        with pytest.raises(ValueError):
            from_json(json.dumps(data))

    def test_that_it_passed_is_no_word_in_the_file_but_follows_from_its_numbers(self) -> None:
        poor = to_json(a_taste(gate=held(0.1, -0.1, 0.0)))
        assert not from_json(poor.replace('"on": true', '"on": true, "passed": true'))[0].gate.passed

    def test_facts_of_another_version_are_none_of_its_business(self) -> None:
        assert a_taste().fits({"noise": "1", "blur": "2"})
        assert not a_taste().fits({"noise": "2"}) and not a_taste().fits({})
