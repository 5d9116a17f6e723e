"""Calibration recovers what it should, never turns against a check's polarity, and keeps its promises."""

import json
import math

import numpy as np
import pytest

from keepers.checks import CHECKS
from keepers.checks.base import Check
from keepers.errors import ModelError
from keepers.pipeline import calibrate
from keepers.pipeline.calibration import LIMIT, Calibration, Curve, Fusion, Provenance, completed, sigmoid
from keepers.types import FLAWS, LABELS


def _check(name: str, flaws: tuple[str, ...], higher: str) -> Check:
    return Check(name, flaws, higher, "1", name, lambda evidence: None, name)  # type: ignore[arg-type]


NOISY = {"grain": _check("grain", ("noisy",), "worse"), "calm": _check("calm", ("noisy",), "better")}


def flags(**which: np.ndarray) -> np.ndarray:
    count = len(next(iter(which.values())))
    out = np.zeros((count, len(FLAWS)), bool)
    for flaw, values in which.items():
        out[:, FLAWS.index(flaw)] = values
    return out


def noisy_photos(count: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two checks of one flaw whose true logistic is known: logit = 2 x grain - 3."""
    rng = np.random.default_rng(seed)
    grain = rng.normal(1.5, 2.0, count)
    truth = rng.uniform(size=count) < sigmoid(2 * grain - 3)
    return np.stack([grain, rng.normal(0, 1, count) - truth], axis=1), flags(noisy=truth)


def test_a_known_logistic_is_recovered() -> None:
    raws, labels = noisy_photos()
    curve = calibrate.fit(raws[:, :1], labels, ["grain"], registry=NOISY).curves["grain", "noisy"]
    assert curve.slope == pytest.approx(2, rel=0.15)
    assert -curve.offset / curve.slope == pytest.approx(1.5, abs=0.15)


def test_probabilities_are_honest_on_other_photos() -> None:
    fitted = calibrate.fit(*noisy_photos(), ["grain", "calm"], registry=NOISY)
    raws, labels = noisy_photos(seed=1)
    truth = labels[:, FLAWS.index("noisy")]
    alone = calibrate.quality(fitted.probabilities(raws)["grain", "noisy"], truth)
    together = calibrate.quality(fitted.fused(raws)["noisy"], truth)
    assert alone.ece < 0.05 and together.brier <= alone.brier
    # Together they may understate a flaw that can hardly be told, so that few clean photos are held up.
    fused = fitted.fused(raws)["noisy"]
    assert together.ece < 0.1 and fused.mean() < truth.mean() + 0.01
    assert (fused[~labels.any(axis=1)] >= 0.5).mean() < calibrate.max_doubt("noisy") + 0.02


def test_polarity_wins_over_the_data() -> None:
    raws, labels = noisy_photos()
    fitted = calibrate.fit(-raws, labels, ["grain", "calm"], registry=NOISY)
    assert fitted.curves["grain", "noisy"].slope == 0
    assert fitted.curves["calm", "noisy"].slope == 0


def test_slopes_have_the_sign_of_the_polarity_and_weights_none() -> None:
    fitted = calibrate.fit(*noisy_photos(), ["grain", "calm"], registry=NOISY)
    assert fitted.curves["grain", "noisy"].slope > 0 > fitted.curves["calm", "noisy"].slope
    assert min(fitted.fusions["noisy"].weights.values()) >= 0


def test_worse_raw_values_never_lower_a_probability() -> None:
    fitted = calibrate.fit(*noisy_photos(), ["grain", "calm"], registry=NOISY)
    ladder = np.linspace(-50, 50, 101)
    for column, sign in ((0, 1), (1, -1)):
        raws = np.zeros((101, 2))
        raws[:, column] = sign * ladder
        fused = fitted.fused(raws)["noisy"]
        assert (np.diff(fused) >= 0).all() and fused[0] > 0 and fused[-1] < 1


def test_it_is_deterministic_and_order_does_not_matter() -> None:
    raws, labels = noisy_photos(800)
    first = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    assert first == calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    turned = calibrate.fit(raws[::-1], labels[::-1], ["grain", "calm"], registry=NOISY)
    assert turned.curves["grain", "noisy"].slope == pytest.approx(first.curves["grain", "noisy"].slope, rel=1e-5)


def test_classes_balance() -> None:
    raws, labels = noisy_photos(2000)
    clean = ~labels.any(axis=1)
    more = np.concatenate([raws, *[raws[clean]] * 9])
    labels_of_more = np.concatenate([labels, *[labels[clean]] * 9])
    few = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    many = calibrate.fit(more, labels_of_more, ["grain", "calm"], registry=NOISY)
    assert many.fused(raws[:50])["noisy"] == pytest.approx(few.fused(raws[:50])["noisy"], abs=0.02)


def test_what_does_not_apply_contributes_nothing() -> None:
    raws, labels = noisy_photos(800)
    raws[::3, 1] = np.nan
    fitted = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    probe = np.array([[1.0, np.nan], [np.nan, np.nan]])
    alone = fitted.fused(probe)["noisy"]
    grain = fitted.logits(probe)["grain", "noisy"][0]
    logit = fitted.fusions["noisy"].weights["grain"] * grain + fitted.fusions["noisy"].offset
    assert alone[0] == pytest.approx(sigmoid(np.array([logit]))[0])
    assert np.isnan(alone[1]) and np.isnan(fitted.probabilities(probe)["calm", "noisy"]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_check_that_never_applied_has_no_opinion(value) -> None:
    raws, labels = noisy_photos(200)
    raws[:, 1] = value
    fitted = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    assert fitted.curves["calm", "noisy"] == Curve(0.0, 0.0)
    assert np.isfinite(fitted.fused(raws)["noisy"]).all()


def test_without_any_flawed_photo_nothing_is_claimed() -> None:
    raws, _ = noisy_photos(100)
    fitted = calibrate.fit(raws, np.zeros((100, len(FLAWS)), bool), ["grain", "calm"], registry=NOISY)
    assert np.allclose(fitted.fused(raws)["noisy"], 0.5)


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        calibrate.fit(np.zeros((3, 2)), np.zeros((3, 5), bool), ["grain", "calm"], registry=NOISY)


def six_classes(count: int = 3000, temperature: float = 2.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Log odds of the registered network checks that are too sure by a factor of `temperature`."""
    rng = np.random.default_rng(3)
    true_odds = rng.normal(0, 2, (count, 5))
    powers = np.exp(np.concatenate([np.zeros((count, 1)), true_odds], axis=1))
    cumulated = np.cumsum(powers / powers.sum(1, keepdims=True), axis=1)
    drawn = (rng.uniform(size=(count, 1)) > cumulated).sum(1)
    labels = flags(**{label: drawn == i for i, label in enumerate(LABELS) if i})
    return true_odds * temperature, labels, [f"network_{label}" for label in LABELS[1:]]


def test_the_temperature_is_recovered_and_rows_sum_to_one() -> None:
    raws, labels, names = six_classes()
    fitted = calibrate.fit(raws, labels, names)
    assert fitted.temperature == pytest.approx(2.0, rel=0.15)
    six = fitted.six(raws)
    assert six.shape == (3000, 6)
    assert np.allclose(six.sum(axis=1), 1)
    assert (six.argmax(1) == np.concatenate([np.zeros((3000, 1)), raws], axis=1).argmax(1)).all()


def test_the_six_class_answer_without_a_network_follows_the_other_checks() -> None:
    raws, labels, names = six_classes(400)
    fitted = calibrate.fit(raws, labels, names)
    blind = fitted.six(np.full((2, 5), np.nan))
    assert np.allclose(blind.sum(axis=1), 1) and (blind.argmax(axis=1) == 0).all()
    raws, labels = noisy_photos(200)
    assert (calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY).six(raws).argmax(1) == 0).all()


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.2])
def test_the_promise_about_clean_photos_holds(rate) -> None:
    rng = np.random.default_rng(5)
    broken = [(rng.beta(1, 5, 400) >= calibrate.operating_point(rng.beta(1, 5, 400), rate)).mean() for _ in range(2000)]
    assert np.mean(broken) <= rate * 1.1


def test_too_few_photos_promise_nothing() -> None:
    assert calibrate.operating_point(np.linspace(0, 0.9, 100), 0.005) == 1.0
    assert calibrate.operating_point(np.array([]), 0.5) == 1.0
    assert 0.89 < calibrate.operating_point(np.linspace(0, 0.9, 400), 0.005) <= 0.901
    assert calibrate.operating_point(np.full(400, np.nan), 0.005) > 0


def test_operating_points_can_come_from_photos_that_were_held_out() -> None:
    raws, labels = noisy_photos(800)
    held_out = raws[~labels.any(axis=1)] + np.array([5.0, -5.0])
    strict = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY, held_out=held_out, max_false_rate=0.05)
    loose = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY, max_false_rate=0.05)
    assert strict.operating["noisy"] > loose.operating["noisy"]


def test_quality() -> None:
    perfect = calibrate.quality(np.array([0.0, 1.0, np.nan]), np.array([False, True, True]))
    assert (perfect.brier, perfect.ece) == (0, 0)
    unsure = calibrate.quality(np.full(10, 0.5), np.arange(10) < 5)
    assert (unsure.brier, unsure.ece) == (0.25, 0)
    wrong = calibrate.quality(np.ones(4), np.zeros(4, bool))
    assert (wrong.brier, wrong.ece) == (1, 1)
    assert math.isnan(calibrate.quality(np.array([np.nan]), np.array([True])).brier)


@pytest.fixture
def fitted() -> Calibration:
    source = Provenance("net 12345678", "flaws of 120 photos", "2025-01-31", 800, {"grain": "1"})
    return calibrate.fit(*noisy_photos(300), ["grain", "calm"], registry=NOISY, provenance=source)


def test_json_round_trip(fitted, tmp_path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(calibrate.to_json(fitted), encoding="utf-8")
    assert calibrate.from_json(path.read_text(encoding="utf-8")) == fitted
    assert calibrate.load(path) == completed(fitted)
    assert calibrate.load(path).provenance.dataset == "flaws of 120 photos"


def test_damage_is_one_sentence(fitted, tmp_path) -> None:
    path = tmp_path / "calibration.json"
    with pytest.raises(ModelError, match=r"calibration\.json is missing"):
        calibrate.load(path)
    good = json.loads(calibrate.to_json(fitted))
    bad = [
        "",
        "[]",
        "{}",
        json.dumps(good | {"schema": "other/1"}),
        json.dumps({key: value for key, value in good.items() if key != "curves"}),
        json.dumps(good | {"checks": ["grain"]}),
        json.dumps(good | {"temperature": 0}),
        json.dumps(good | {"temperature": float("nan")}),
        json.dumps(good | {"operating": ["noisy"]}),
        json.dumps(good | {"fusions": {"noisy": {"weights": {"grain": -1}, "offset": 0}}}),
        json.dumps(good | {"fusions": {"noisy": {"weights": {"dust": 1}, "offset": 0}}}),
        json.dumps(good | {"provenance": {"mood": "good"}}),
    ]
    for text in bad:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=r"calibration\.json is damaged") as caught:
            calibrate.load(path)
        assert "\n" not in str(caught.value)


def test_the_packaged_calibration_knows_the_checks_where_it_is_there() -> None:
    if not calibrate.packaged().is_file():
        pytest.skip("this checkout carries no calibration yet")
    shipped = calibrate.load()
    # A check that is newer than the calibration is silent until a curve is fitted to it.
    assert set(shipped.checks) <= set(CHECKS)
    assert set(shipped.curves) == {(n, f) for n in shipped.checks for f in CHECKS[n].flaws}
    assert all(isinstance(fusion, Fusion) for fusion in shipped.fusions.values()) and set(shipped.operating) == set(
        FLAWS
    )


def test_wilson_interval_holds_the_share_and_shrinks() -> None:
    low, high = calibrate.wilson(97, 100)
    assert low < 0.97 < high
    wide, narrow = calibrate.wilson(9, 10), calibrate.wilson(900, 1000)
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert calibrate.wilson(0, 0) == (0.0, 1.0)


def test_hopeless_photos_still_rank_and_no_check_is_surer_than_the_limit() -> None:
    raws, labels = noisy_photos(800)
    fitted = calibrate.fit(raws, labels, ["grain", "calm"], registry=NOISY)
    hopeless = np.array([[8.0, np.nan], [9.0, np.nan]])
    less, more = fitted.logits(hopeless)["grain", "noisy"]
    assert less < more < LIMIT
