"""On whose photos the promise rests, and that calibration makes one that holds for photos it has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from budget_makers import SEES, calibration, photo
from keepers.app.measuring import Run
from keepers.app.promising import good_sample_of
from keepers.catalog.db import Catalog
from keepers.pipeline.budget import Budget, GoodSample
from keepers.pipeline.calibrate import Facts, Provenance, fit_with_promise
from keepers.pipeline.calibration import completed
from keepers.pipeline.judge import judge_all
from keepers.pipeline.policy import Policy, Wishes
from keepers.settings import settings
from keepers.types import FLAWS, Measurement, Report

SHIPPED = GoodSample(500, 500)
RATE = 0.1


@pytest.fixture
def store(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog.db")


def run(monkeypatch: pytest.MonkeyPatch, good: GoodSample | None = SHIPPED, version: str = "1") -> Run:
    here = Run(settings(catalog="/nowhere.db", model="none", workers=1))
    here.__dict__["calibration"] = calibration(good)
    monkeypatch.setattr(Run, "versions", lambda self: {**dict.fromkeys(SEES, version), "signature": "x"})
    return here


def decided(store: Catalog, count: int, certain: int, folder: Path) -> None:
    """A shoot with `count` kept photos an hour apart, of which `certain` look blurred, and one put away."""
    store.note_shoot(folder, Wishes())
    reports = []
    for n in range(count + 1):
        odds = 6.0 if n < certain else -3.0
        facts = {**dict.fromkeys(SEES, -3.0), "network_blurred": odds, "tile_sharpness": odds}
        reports.append(photo(f"{n}.jpg", facts, 3600.0 * n, folder=folder))
    store.save(reports)
    ids = [one.photo.id for one in reports if one.photo]
    store.choose(ids[:-1], "keep")
    store.choose(ids[-1], "delete")


@pytest.mark.parametrize(("kept", "own"), [(8, False), (9, True), (20, True)])
def test_own_photos_count_as_soon_as_there_are_enough(
    store: Catalog, monkeypatch: pytest.MonkeyPatch, kept: int, own: bool
) -> None:
    decided(store, kept, 2, Path("/own"))
    good = good_sample_of(run(monkeypatch), RATE, store)
    assert good is not None and good.own is own
    assert good.sources == (kept if own else 500)
    if own:
        assert len(good.certain) == 2 and "your own" in Budget(RATE, good).promise
        policy = run(monkeypatch).policy(Wishes(max_false_rejects=RATE), store)
        assert policy.budget is not None and policy.budget.good == good


def test_facts_of_older_checks_are_no_evidence(store: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(store, 20, 0, Path("/own"))
    assert good_sample_of(run(monkeypatch, version="2"), RATE, store) == SHIPPED


def test_own_photos_make_a_promise_where_the_calibration_has_none(
    store: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert good_sample_of(run(monkeypatch, None), RATE, store) is None
    decided(store, 20, 0, Path("/own"))
    good = good_sample_of(run(monkeypatch, None), RATE, store)
    assert good is not None and good.own
    assert good_sample_of(run(monkeypatch, None), 0.0, store) is None


def _captures(rng: np.random.Generator, sources: int, name: str) -> tuple[list[Report], np.ndarray, list[str]]:
    """Three good captures of each source and one of each of two flaws; some sources look blurred as they are."""
    reports, labels, names = [], [], []
    blank = photo("a.jpg", {})
    for n in range(sources):
        odd = rng.exponential(2.5)
        for flaw in (None, None, None, "blurred", "overexposed"):
            log_odds = {check: rng.normal(-4.0 + odd + 7.0 * (of == flaw), 1.0) for check, (of, _) in SEES.items()}
            facts = tuple(Measurement(check, "1", SEES[check][1] * odds) for check, odds in log_odds.items())
            reports.append(replace(blank, measurements=facts))
            labels.append([one == flaw for one in FLAWS])
            names.append(f"{name}{n}")
    return reports, np.array(labels), names


def test_a_fitted_calibration_keeps_its_promise_on_sources_it_has_not_seen() -> None:
    rng = np.random.default_rng(4)
    budget_rate, lost, found, unbounded = 0.02, [], [], []
    for _ in range(4):
        reports, labels, names = _captures(rng, 60, "a")
        facts = Facts([one.measurements for one in reports], labels, np.ones(len(reports), bool), ~labels.any(1), names)
        fitted = fit_with_promise(facts, list(SEES), Provenance(), 0.1)
        assert fitted.good is not None and (fitted.good.sources, fitted.good.captures) == (60, 180)
        fresh, truth, _ = _captures(rng, 200, "b")
        policy = Policy(budget=Budget(budget_rate, fitted.good))
        gone = np.array([v.verdict == "delete" for v in judge_all(fresh, completed(fitted), policy)])
        free = np.array([v.verdict == "delete" for v in judge_all(fresh, completed(fitted), Policy())])
        clean = ~truth.any(axis=1)
        lost.append(gone[clean].mean())
        unbounded.append(free[clean].mean())
        found.append(gone[~clean].mean())
    error = float(np.std(lost) / np.sqrt(len(lost)))
    assert np.mean(lost) <= budget_rate + 3 * error
    # The rules alone would break it, and it is not kept by deleting nothing.
    assert np.mean(unbounded) > budget_rate
    assert np.mean(found) > 0.02


def test_the_sources_of_a_fold_are_scored_without_themselves() -> None:
    rng = np.random.default_rng(1)
    reports, labels, names = _captures(rng, 12, "a")
    facts = Facts([one.measurements for one in reports], labels, np.ones(len(reports), bool), ~labels.any(1), names)
    fitted = fit_with_promise(facts, list(SEES), Provenance(), 0.1)
    held_out = replace(facts, fitted=np.array([name != "a0" for name in names]))
    assert fitted.good is not None
    other = fit_with_promise(held_out, list(SEES), Provenance()).good
    assert other is not None and other.sources == fitted.good.sources == 12
