"""What is said of a finished run: calibration, accuracy, size."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from keepers.dataset.labels import Row
from keepers.train import evaluate
from keepers.train.data import Part
from keepers.types import LABELS

MANY = 20_000
SAMPLING = 0.5 * np.sqrt(evaluate.BINS / MANY)
"""No less than what a perfectly calibrated network's ECE is expected to be: a bin's accuracy strays by .5 / sqrt(n)."""


def answers(count: int, seed: int = 0, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn with the probabilities that they state: perfectly calibrated."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (count, len(LABELS)))
    drawn = (rng.uniform(size=(count, 1)) > evaluate.softmax(logits).cumsum(1)).sum(1)
    return logits, np.minimum(drawn, len(LABELS) - 1)


@pytest.mark.parametrize("spread", [0.5, 2.0, 6.0])
def test_who_means_what_he_says_has_no_calibration_error(spread: float) -> None:
    logits, labels = answers(MANY, spread=spread)
    assert evaluate.ece(evaluate.softmax(logits), labels) < SAMPLING


def test_the_more_confident_beyond_reason_the_larger_the_error() -> None:
    logits, labels = answers(MANY)
    found = [evaluate.ece(evaluate.softmax(factor * logits), labels) for factor in (1, 2, 4, 16)]
    assert found == sorted(found)
    assert found[1] > 5 * SAMPLING
    # Certain of everything, it errs as often as it is wrong.
    wrong = float((logits.argmax(1) != labels).mean())
    assert evaluate.ece(evaluate.softmax(1e4 * logits), labels) == pytest.approx(wrong, abs=1e-3)


def test_too_modest_is_an_error_as_well() -> None:
    logits, labels = answers(MANY)
    assert evaluate.ece(evaluate.softmax(logits / 3), labels) > 5 * SAMPLING


@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_one_temperature_puts_it_right(factor: float) -> None:
    logits, labels = answers(MANY)
    other_logits, other_labels = answers(MANY, seed=1)
    heat = evaluate.temperature(factor * logits, labels)
    assert heat == pytest.approx(factor, rel=0.05)
    before = evaluate.ece(evaluate.softmax(factor * other_logits), other_labels)
    after = evaluate.ece(evaluate.softmax(factor * other_logits / heat), other_labels)
    assert after < SAMPLING < before


def part(labels: np.ndarray, split: str = "test") -> Part:
    rows = tuple(
        Row(f"{LABELS[label]}/{n}.jpg", LABELS[label], "", str(n // 3), "", {}, 0.0, 0, split)
        for n, label in enumerate(labels)
    )
    return Part(rows, (), labels)


def test_the_temperature_of_the_calibration_part_is_taken_to_the_test_part() -> None:
    (logits, labels), (others, other_labels) = answers(MANY), answers(MANY, seed=1)
    found = evaluate.calibration(
        {"calibration": 3 * logits, "test": 3 * others},
        {"calibration": part(labels, "calibration"), "test": part(other_labels)},
    )
    assert found["temperature"] == evaluate.temperature(3 * logits, labels)
    assert found["ece_scaled"] < SAMPLING < found["ece"]
    assert sum(count for count, _, _ in found["reliability"]) == MANY


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 200), seed=st.integers(0, 2**31), spread=st.floats(0, 1000))
def test_bins_add_up_and_hold_what_belongs_to_them(count: int, seed: int, spread: float) -> None:
    logits, labels = answers(count, seed, spread)
    shares = evaluate.softmax(logits)
    assert shares.sum(1) == pytest.approx(np.ones(count))
    bins = evaluate.reliability(shares, labels)
    assert sum(n for n, _, _ in bins) == count
    assert all(n > 0 for n, _, _ in bins)
    confidences = [confidence for _, confidence, _ in bins]
    assert confidences == sorted(confidences)
    assert len({min(int(c * evaluate.BINS), evaluate.BINS - 1) for c in confidences}) == len(bins)
    right = sum(n * accuracy for n, _, accuracy in bins)
    assert right == pytest.approx((shares.argmax(1) == labels).sum())
    assert 0 <= evaluate.ece(shares, labels) <= 1


def test_softmax_does_not_mind_large_logits_or_a_shift() -> None:
    logits, _ = answers(50)
    assert evaluate.softmax(logits + 1e4) == pytest.approx(evaluate.softmax(logits))
    assert np.isfinite(evaluate.softmax(1e6 * logits)).all()


def test_a_summary_agrees_with_its_confusion_matrix() -> None:
    logits, labels = answers(600)
    found = evaluate.summary(logits, part(labels), 3)
    table = np.array(found["confusion"])
    assert table.sum() == found["photos"] == len(labels)
    assert found["accuracy"] == pytest.approx(np.trace(table) / table.sum())
    assert (table.sum(1) == np.bincount(labels)).all()
    shares = table.sum(1) / table.sum()
    assert np.dot(shares, list(found["recall"].values())) == pytest.approx(found["accuracy"])
    assert found["originals_called_flawed"] == pytest.approx(1 - found["recall"]["original"])
    assert found["sources"] == 200
    low, high = found["accuracy_95"]
    assert low < found["accuracy"] < high


def test_a_perfect_network_has_ones_everywhere() -> None:
    labels = np.arange(60) % len(LABELS)
    found = evaluate.summary(np.eye(len(LABELS))[labels], part(labels), 1)
    assert found["accuracy"] == 1
    assert set(found["recall"].values()) == set(found["precision"].values()) == {1.0}
    assert found["originals_called_flawed"] == 0


def test_size_counts_what_learns() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    whole = evaluate.size(net)
    for parameter in net[0].parameters():
        parameter.requires_grad_(False)
    frozen = evaluate.size(net)
    assert whole["parameters"] == whole["learned"] == frozen["parameters"] == 3 * 4 + 4 + 4 * 2 + 2
    assert frozen["learned"] == 4 * 2 + 2
    assert frozen["fp32_bytes"] == 4 * frozen["parameters"]


def epochs_csv(run: Path) -> None:
    with (run / "epochs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"])
        writer.writerows([[1, 1.0, 0.5, 0.9, 0.6, 2.0], [2, 0.7, 0.6, 0.8, 0.7, 2.5]])


def finish(run: Path) -> dict[str, object]:
    epochs_csv(run)
    (one, calibrating), (two, testing) = answers(60), answers(60, seed=1)
    parts = {"calibration": part(calibrating), "test": part(testing)}
    return evaluate.finish(run, nn.Linear(2, 2), {"calibration": one, "test": two}, parts, 2)


def test_a_finished_run_says_what_its_best_epoch_was(tmp_path: Path) -> None:
    found = finish(tmp_path)
    told = [found[key] for key in ("best_epoch", "val_accuracy", "val_loss", "train_accuracy")]
    assert told == [2, 0.7, 0.8, 0.6]
    assert (found["epochs"], found["seconds"]) == (2, 4.5)
    assert json.loads((tmp_path / "test.json").read_text()) == json.loads(json.dumps(found))
    with (tmp_path / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["photos"]
    right = np.mean([row["label"] == row["predicted"] for row in rows])
    assert right == pytest.approx(found["accuracy"])


@pytest.mark.parametrize("drawing", ["draw_curves", "draw_confusion", "draw_reliability"])
def test_a_run_is_not_finished_before_its_figures_are(
    drawing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate, drawing, die)
    with pytest.raises(KeyboardInterrupt):
        finish(tmp_path)
    assert not (tmp_path / "test.json").exists()
